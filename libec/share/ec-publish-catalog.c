/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-catalog.h"

/* RFC 8259 §7: what must be escaped is, and nothing else. What is not UTF-8 becomes U+FFFD. */
static void
append_string (GString *text, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  g_string_append_c (text, '"');
  for (const char *p = valid; *p; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_printf (text, "\\%c", *p);
    else if ((guchar) *p < 0x20)
      g_string_append_printf (text, "\\u%04x", (guint) *p);
    else
      g_string_append_c (text, *p);
  }
  g_string_append_c (text, '"');
}

char *
ec_publish_catalog_text (const EcPublishCatalog *catalog, const char *label)
{
  GString *text = g_string_new (NULL);
  const char *kind = catalog->audio ? "audio" : "video";

  g_string_append_printf (
      text,
      "{\"version\":1,\"tracks\":[{\"name\":\"chunks\",\"packaging\":\"m2ts\",\"isLive\":true,"
      "\"role\":\"%s\",\"mimeType\":\"%s/mp2t\",\"m2tsPacketSize\":188,"
      "\"m2tsProgramNumber\":%u,\"m2tsPmtPid\":%u,\"m2tsPcrPid\":%u,\"m2tsRandomAccess\":true",
      kind, kind, catalog->program_number, catalog->pmt_pid, catalog->pcr_pid);
  if (label) {
    g_string_append (text, ",\"label\":");
    append_string (text, label);
  }
  g_string_append (text, "}]}");
  return g_string_free (text, FALSE);
}
