/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-broadcast.h"

#include "base/ec-error.h"
#include "share/ec-publish-catalog.h"

static void
test_catalog (void)
{
  EcPublishCatalog catalog = { .program_number = 3, .pmt_pid = 48, .pcr_pid = 49 };
  g_autofree char *plain = NULL;
  g_autofree char *labelled = NULL;

  plain = ec_publish_catalog_text (&catalog, NULL);
  /* ECP-0007 §4, byte for byte */
  g_assert_cmpstr (
      plain, ==,
      "{\"version\":\"draft-01\",\"tracks\":[{\"name\":\"chunks\",\"packaging\":\"m2ts\","
      "\"isLive\":true,\"role\":\"video\",\"mimeType\":\"video/mp2t\","
      "\"m2tsPacketSize\":188,\"m2tsProgramNumber\":3,\"m2tsPmtPid\":48,"
      "\"m2tsPcrPid\":49,\"m2tsRandomAccess\":true}]}");
  catalog.audio = TRUE;
  labelled = ec_publish_catalog_text (&catalog, "a \"b\" \\ \x01\xff");
  g_assert_nonnull (strstr (labelled, "\"role\":\"audio\","
                                      "\"label\":\"a \\\"b\\\" \\\\ \\u0001\xef\xbf\xbd\","
                                      "\"mimeType\":\"audio/mp2t\""));
}

static void
test_order (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcPublishBroadcast) self = ec_publish_broadcast_new ("home/5.1", "ab", &error);
  g_autoptr (EcPublishBroadcast) bad = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("0123456789", 10);

  g_assert_no_error (error);
  g_assert_true (ec_publish_broadcast_is_above (self, 0));
  g_assert_false (ec_publish_broadcast_part (self, 7, bytes));
  ec_publish_broadcast_open (self, 7, "{}");
  g_assert_false (ec_publish_broadcast_is_above (self, 7));
  g_assert_true (ec_publish_broadcast_part (self, 7, bytes));
  g_assert_false (ec_publish_broadcast_part (self, 8, bytes));
  g_assert_false (ec_publish_broadcast_close (self, 8));
  g_assert_true (ec_publish_broadcast_close (self, 7));
  g_assert_false (ec_publish_broadcast_reset (self, 7));
  ec_publish_broadcast_open (self, 9, "{}");
  g_assert_true (ec_publish_broadcast_reset (self, 9));
  g_assert_false (ec_publish_broadcast_part (self, 9, bytes));
  ec_publish_broadcast_manifest (self, 7, "x", FALSE);
  ec_publish_broadcast_manifest (self, 7, "y", TRUE);
  ec_publish_broadcast_end (self);
  g_assert_true (ec_publish_broadcast_is_above (self, 10));
  ec_publish_broadcast_open (self, 10, "{}"); /* too late for anything */
  g_assert_false (ec_publish_broadcast_part (self, 10, bytes));

  bad = ec_publish_broadcast_new ("a//b", "ab", &error);
  g_assert_null (bad);
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/catalog", test_catalog);
  g_test_add_func ("/share/broadcast/order", test_order);
  return g_test_run ();
}
