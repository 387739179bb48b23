/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "moqt-random.h"

/* §1.5 the other way; NULL if it is not what to_string() writes. */
static EcMoqtName *
from_string (const char *text)
{
  g_autofree guint8 *bytes = g_malloc (strlen (text) + 1);
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS + 1];
  const char *track = strstr (text, "--");
  const char *end = track ? track : text + strlen (text);
  guint n = 0;
  gsize at = 0, start = 0;

  for (const char *c = text; *text && c <= end; c++) {
    if (c == end || *c == '-') {
      fields[n++] = (EcMoqtField){ bytes + start, at - start };
      start = at;
    } else if (*c == '.') {
      bytes[at++] = (guint8) (g_ascii_xdigit_value (c[1]) << 4 | g_ascii_xdigit_value (c[2]));
      c += 2;
    } else {
      bytes[at++] = (guint8) *c;
    }
  }
  if (track == text)
    n = 0;
  for (const char *c = track ? track + 2 : ""; *c; c++) {
    if (*c == '.') {
      bytes[at++] = (guint8) (g_ascii_xdigit_value (c[1]) << 4 | g_ascii_xdigit_value (c[2]));
      c += 2;
    } else {
      bytes[at++] = (guint8) *c;
    }
  }
  fields[n] = (EcMoqtField){ bytes + start, at - start };
  return ec_moqt_name_new (fields, n, track ? &fields[n] : NULL);
}

static void
test_text (void)
{
  static const EcMoqtField fields[] = { { (const guint8 *) "example.net", 11 },
                                        { (const guint8 *) "team2", 5 },
                                        { (const guint8 *) "project_x", 9 } };
  static const EcMoqtField track = { (const guint8 *) "report", 6 };
  g_autoptr (EcMoqtName) name = ec_moqt_name_new (fields, 3, &track);
  g_autofree char *text = ec_moqt_name_to_string (name);
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) ec_moqt_name_unref);
  MoqtRandom random;

  g_assert_cmpstr (text, ==, "example.2enet-team2-project_x--report"); /* the draft's own example */

  /* One text a name, one name a text. */
  moqt_random_init (&random, 1, &ec_moqt_draft_18);
  for (guint i = 0; i < 20000; i++) {
    EcMoqtName *one = moqt_random_name (&random, 0, i & 1);
    char *string = ec_moqt_name_to_string (one);
    g_autoptr (EcMoqtName) back = from_string (string);
    const EcMoqtName *same = g_hash_table_lookup (seen, string);

    for (const char *c = string; *c; c++)
      g_assert_true (g_ascii_isalnum (*c) || strchr ("_.-", *c));
    g_assert_true (ec_moqt_name_equal (one, back));
    g_assert_cmpuint (ec_moqt_name_hash (one), ==, ec_moqt_name_hash (back));
    g_assert_true (!same || ec_moqt_name_equal (same, one));
    g_hash_table_replace (seen, string, one);
  }
}

static void
test_path (void)
{
  g_autoptr (EcMoqtName) name =
      ec_moqt_name_new_from_path ("ec/v1/atsc/2065/3/ts-canonical-1", "manifest/a%20", NULL);
  g_autofree char *path = ec_moqt_name_to_path (name);
  MoqtRandom random;

  g_assert_cmpstr (path, ==, "ec/v1/atsc/2065/3/ts-canonical-1");
  g_assert_cmpuint (ec_moqt_name_get_n_fields (name), ==, 6);
  g_assert_true (ec_moqt_name_is_track (name));
  g_assert_cmpmem (ec_moqt_name_get_track (name).data, ec_moqt_name_get_track (name).size,
                   "manifest/a%20", 13);

  moqt_random_init (&random, 2, &ec_moqt_draft_18);
  for (guint i = 0; i < 5000; i++) {
    g_autoptr (EcMoqtName) one = moqt_random_name (&random, 1, FALSE);
    g_autofree char *there = ec_moqt_name_to_path (one);
    g_autoptr (EcMoqtName) back = ec_moqt_name_new_from_path (there, NULL, NULL);

    g_assert_true (ec_moqt_name_equal (one, back));
    for (const char *c = there; *c; c++)
      g_assert_true (g_ascii_isalnum (*c) || strchr ("-._~%/", *c));
  }
}

static void
test_bad_paths (void)
{
  static const char *const bad[] = {
    "",   "/",   "a//b", "/a", "a/",
    "a%", "a%4", "a%4g", "%",  "1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3"
  };
  g_autofree char *longest = g_strnfill (EC_MOQT_MAX_NAME_SIZE, 'a');
  g_autofree char *longer = g_strnfill (EC_MOQT_MAX_NAME_SIZE + 1, 'a');
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path (longest, NULL, NULL);

  g_assert_nonnull (name);
  for (guint i = 0; i <= G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (
        ec_moqt_name_new_from_path (i < G_N_ELEMENTS (bad) ? bad[i] : longer, NULL, &error));
    g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  }
  g_assert_null (ec_moqt_name_new_from_path (longest, "t", NULL));
}

static void
test_limits (void)
{
  static const guint8 bytes[EC_MOQT_MAX_NAME_SIZE + 1];
  EcMoqtField fields[33], huge = { bytes, G_MAXSIZE }, none = { NULL, 0 };
  g_autoptr (EcMoqtName) prefix = NULL, most = NULL, empty = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fields[i] = (EcMoqtField){ bytes, 128 };
  most = ec_moqt_name_new (fields, 32, NULL);
  g_assert_nonnull (most);
  g_assert_null (ec_moqt_name_new (fields, 33, NULL));
  g_assert_null (ec_moqt_name_new (fields, 32, &fields[0]));
  g_assert_null (ec_moqt_name_new (&huge, 1, NULL));
  g_assert_null (ec_moqt_name_new (fields, 1, &huge));
  g_assert_null (ec_moqt_name_new (&none, 1, NULL));
  prefix = ec_moqt_name_new (NULL, 0, NULL);
  g_assert_nonnull (prefix);
  empty = ec_moqt_name_new (fields, 1, &none);
  g_assert_true (ec_moqt_name_is_track (empty));
  g_assert_null (ec_moqt_name_new_joined (most, most));
}

static void
test_parts (void)
{
  MoqtRandom random;

  moqt_random_init (&random, 3, &ec_moqt_draft_18);
  for (guint i = 0; i < 5000; i++) {
    g_autoptr (EcMoqtName) name = moqt_random_name (&random, 0, i & 1);
    g_autoptr (EcMoqtName) space = ec_moqt_name_new_namespace (name);
    EcMoqtField track = ec_moqt_name_get_track (name);
    guint n = ec_moqt_name_get_n_fields (name);
    guint cut = (guint) moqt_random_below (&random, n + 1);
    g_autoptr (EcMoqtName) suffix = ec_moqt_name_new_suffix (name, cut);
    g_autoptr (EcMoqtName) prefix = NULL, joined = NULL,
                           tracked = ec_moqt_name_new_track (space, &track);
    EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];

    for (guint at = 0; at < cut; at++)
      fields[at] = ec_moqt_name_get_field (name, at);
    prefix = ec_moqt_name_new (fields, cut, NULL);
    joined = ec_moqt_name_new_joined (prefix, suffix);
    g_assert_true (ec_moqt_name_equal (joined, name));
    g_assert_true (ec_moqt_name_has_prefix (name, prefix));
    g_assert_true (ec_moqt_name_has_prefix (name, space));
    g_assert_true (cut == n || !ec_moqt_name_has_prefix (prefix, name));
    g_assert_cmpint (ec_moqt_name_equal (space, name), ==, !(i & 1));
    g_assert_cmpint (ec_moqt_name_equal (tracked, name), ==, i & 1);
  }
}

/* Where a field ends matters, not only the bytes. */
static void
test_prefix (void)
{
  g_autoptr (EcMoqtName) a = ec_moqt_name_new_from_path ("ab/c", NULL, NULL);
  g_autoptr (EcMoqtName) b = ec_moqt_name_new_from_path ("a/bc", NULL, NULL);
  g_autoptr (EcMoqtName) c = ec_moqt_name_new_from_path ("ab/c/d", NULL, NULL);
  g_autoptr (EcMoqtName) d = ec_moqt_name_new_from_path ("ab/cd", NULL, NULL);

  g_assert_false (ec_moqt_name_equal (a, b));
  g_assert_true (ec_moqt_name_has_prefix (c, a));
  g_assert_false (ec_moqt_name_has_prefix (c, b));
  g_assert_false (ec_moqt_name_has_prefix (d, a));
  g_assert_false (ec_moqt_name_has_prefix (a, c));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/moqt/name/text", test_text);
  g_test_add_func ("/moqt/name/path", test_path);
  g_test_add_func ("/moqt/name/bad-paths", test_bad_paths);
  g_test_add_func ("/moqt/name/limits", test_limits);
  g_test_add_func ("/moqt/name/parts", test_parts);
  g_test_add_func ("/moqt/name/prefix", test_prefix);
  return g_test_run ();
}
