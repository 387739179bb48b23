/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-check.h"

#include "share/ec-share-hold.h"
#include "share/ec-share-stats.h"

static const char text[] =
    "{\"format\":\"ts-canonical-1\",\"program\":3,\"index\":%u,\"sync\":\"clock\",\"clock\":1000,"
    "\"utc\":\"2026-03-01T12:00:00.000Z\",\"gps_utc_offset\":18,\"pts\":5,\"duration\":180000,"
    "\"parts\":[188,376],\"bytes\":564,\"damaged\":0,\"clean\":true,\"hash\":\"%s\"}";

static EcManifest *
manifest_of (guint index, guint8 first)
{
  g_autofree char *hash = g_strnfill (64, '0');
  g_autofree char *whole = NULL;
  g_autoptr (GError) error = NULL;
  EcManifest *manifest;

  hash[0] = "0123456789abcdef"[first >> 4];
  hash[1] = "0123456789abcdef"[first & 15];
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  whole = g_strdup_printf (text, index, hash);
  G_GNUC_END_IGNORE_DEPRECATIONS
  manifest = ec_manifest_new_from_text (whole, -1, &error);
  g_assert_no_error (error);
  return manifest;
}

typedef struct {
  guint n[3];
  guint64 last;
  gint64 arrived;
} Verdicts;

static void
on_verdict (
    gpointer user_data, guint64 index, EcShareVerdict verdict, EcManifest *manifest, gint64 arrived)
{
  Verdicts *verdicts = user_data;

  g_assert_true ((verdict == EC_SHARE_UNVERIFIED) == (manifest == NULL));
  verdicts->n[verdict]++;
  verdicts->last = index;
  verdicts->arrived = arrived;
}

static void
push_chunk (EcShareCheck *check, guint index, guint8 first, guint64 size)
{
  guint8 hash[BLAKE3_OUT_LEN] = { first };

  ec_share_check_chunk (check, index, hash, size, 77);
}

static void
test_verdicts (void)
{
  Verdicts verdicts = { 0 };
  g_autoptr (EcShareCheck) check = ec_share_check_new (on_verdict, &verdicts);
  g_autoptr (EcManifest) one = manifest_of (1, 0xab), two = manifest_of (2, 0xcd);
  g_autoptr (EcManifest) three = manifest_of (3, 0xef), other = manifest_of (3, 0x11);

  push_chunk (check, 1, 0xab, 564); /* the manifest comes behind it … */
  g_assert_cmpuint (ec_share_check_get_n_waiting (check), ==, 1);
  ec_share_check_manifest (check, one);
  g_assert_cmpuint (verdicts.n[EC_SHARE_VERIFIED], ==, 1);
  g_assert_cmpint (verdicts.arrived, ==, 77);
  ec_share_check_manifest (check, two); /* … or before */
  push_chunk (check, 2, 0xcc, 564);
  g_assert_cmpuint (verdicts.n[EC_SHARE_FORGED], ==, 1);
  push_chunk (check, 2, 0xcd, 563); /* not that long */
  g_assert_cmpuint (verdicts.n[EC_SHARE_FORGED], ==, 2);
  /* Two that are trusted, and one of them says so. */
  ec_share_check_manifest (check, other);
  ec_share_check_manifest (check, three);
  push_chunk (check, 3, 0xef, 564);
  g_assert_cmpuint (verdicts.n[EC_SHARE_VERIFIED], ==, 2);
  push_chunk (check, 4, 0, 1);
  push_chunk (check, 9, 0, 1);
  ec_share_check_give_up (check, 4);
  g_assert_cmpuint (verdicts.n[EC_SHARE_UNVERIFIED], ==, 1);
  g_assert_cmpuint (verdicts.last, ==, 4);
  g_assert_cmpuint (ec_share_check_get_n_waiting (check), ==, 1);
}

/* However many come, no more than so many wait, and each is told of once. */
static void
test_bounded (void)
{
  Verdicts verdicts = { 0 };
  EcShareCheck *check = ec_share_check_new (on_verdict, &verdicts);

  for (guint i = 0; i < 1000; i++) {
    push_chunk (check, i, 0, 1);
    g_assert_cmpuint (ec_share_check_get_n_waiting (check), <=, EC_SHARE_CHECK_REMEMBERED);
  }
  ec_share_check_free (check);
  g_assert_cmpuint (verdicts.n[EC_SHARE_UNVERIFIED], ==, 1000);
}

typedef struct {
  GString *text;
  guint n_lost;
} Out;

static void
on_let_go (gpointer user_data, GBytes *bytes, gboolean lost)
{
  Out *out = user_data;

  g_string_append_len (out->text, g_bytes_get_data (bytes, NULL),
                       (gssize) g_bytes_get_size (bytes));
  out->n_lost += lost;
}

static void
hold (EcShareHold *self, guint64 index, const char *what, gboolean lost)
{
  ec_share_hold_push (self, index, g_bytes_new (what, strlen (what)), lost);
}

static void
test_hold (void)
{
  Out out = { .text = g_string_new (NULL) };
  g_autoptr (EcShareHold) self = ec_share_hold_new (on_let_go, &out);

  hold (self, 1, "a", FALSE);
  hold (self, 1, "b", FALSE);
  ec_share_hold_end (self, 1, 1000);
  hold (self, 2, "c", FALSE);
  ec_share_hold_release (self, 2);
  g_assert_cmpstr (out.text->str, ==, ""); /* in order */
  ec_share_hold_release (self, 1);
  g_assert_cmpstr (out.text->str, ==, "abc");
  hold (self, 3, "d", TRUE);
  ec_share_hold_end (self, 3, 5000);
  ec_share_hold_tick (self, 4999);
  g_assert_cmpstr (out.text->str, ==, "abc");
  ec_share_hold_tick (self, 5000);
  g_assert_cmpstr (out.text->str, ==, "abcd");
  g_assert_cmpuint (out.n_lost, ==, 1);
  hold (self, 4, "e", FALSE); /* no end is told of: the next one is */
  hold (self, 5, "f", FALSE);
  g_assert_cmpstr (out.text->str, ==, "abcde");
  ec_share_hold_flush (self);
  g_assert_cmpstr (out.text->str, ==, "abcdef");
  g_string_free (out.text, TRUE);
}

static void
test_delays (void)
{
  EcShareStats stats = { 0 };
  EcShareCounts counts;

  ec_share_stats_init (&stats);
  ec_share_stats_get (&stats, &counts);
  g_assert_cmpint (counts.delay_p50_us, ==, G_MININT64);
  for (gint64 i = 100; i > 0; i--)
    ec_share_stats_delay (&stats, i);
  EC_SHARE_COUNT (&stats, n_lost);
  ec_share_stats_get (&stats, &counts);
  g_assert_cmpint (counts.delay_p50_us, ==, 50);
  g_assert_cmpint (counts.delay_p99_us, ==, 99);
  g_assert_cmpuint (counts.n_lost, ==, 1);
  ec_share_stats_clear (&stats);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/check/verdicts", test_verdicts);
  g_test_add_func ("/share/check/bounded", test_bounded);
  g_test_add_func ("/share/hold", test_hold);
  g_test_add_func ("/share/stats/delays", test_delays);
  return g_test_run ();
}
