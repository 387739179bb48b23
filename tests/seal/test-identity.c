/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ec.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8032 §7.1 */
static const struct {
  const char *seed, *public_key;
} vectors[] = {
  { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" },
  { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" },
  { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025" },
  { "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
    "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e" },
  { "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf" },
};

#define SEED vectors[0].seed

typedef struct {
  char *folder;
  char *path; /* of the identity file, which is not there yet */
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("ec-identity-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "identity", NULL);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_all (child);
  }
  g_remove (path);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  remove_all (self->folder);
  g_free (self->folder);
  g_free (self->path);
}

static guint
mode_of (const char *path)
{
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  return info.st_mode & 07777;
}

static void
write_file (Fixture *self, const char *text, gssize size, guint mode)
{
  g_autoptr (GError) error = NULL;

  g_remove (self->path);
  g_file_set_contents_full (self->path, text, size, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (self->path, (int) mode), ==, 0);
}

static void
assert_fails (const char *path, gboolean create, GQuark domain, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcIdentity) identity = ec_identity_load (path, create, &error);

  g_assert_null (identity);
  g_assert_error (error, domain, code);
}

static EcIdentity *
load (const char *path, gboolean create)
{
  g_autoptr (GError) error = NULL;
  EcIdentity *identity = ec_identity_load (path, create, &error);

  g_assert_no_error (error);
  return identity;
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
test_ephemeral (void)
{
  g_autoptr (EcIdentity) a = ec_identity_new_ephemeral ();
  g_autoptr (EcIdentity) b = ec_identity_new_ephemeral ();
  const char *id = ec_identity_get_node_id (a);

  g_assert_cmpuint (strlen (id), ==, 64);
  g_assert_cmpuint (strspn (id, "0123456789abcdef"), ==, 64);
  g_assert_cmpstr (id, !=, ec_identity_get_node_id (b));
}

static void
read_seed (const char *hex, guint8 *seed)
{
  for (guint i = 0; i < 32; i++)
    seed[i] =
        (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
}

static void
test_seed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcIdentity) identity = NULL;
    guint8 seed[32];

    read_seed (vectors[i].seed, seed);
    identity = ec_identity_new_from_seed (seed, sizeof seed, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (ec_identity_get_node_id (identity), ==, vectors[i].public_key);
  }
}

static void
test_seed_of_other_size (void)
{
  static const gsize sizes[] = { 0, 1, 31, 33, 64 };
  const guint8 seed[64] = { 1 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcIdentity) identity = ec_identity_new_from_seed (seed, sizes[i], &error);

    g_assert_null (identity);
    g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY);
  }
}

static void
test_sign (void)
{
  g_autoptr (EcIdentity) a = ec_identity_new_ephemeral ();
  g_autoptr (EcIdentity) b = ec_identity_new_ephemeral ();
  g_autofree char *text = ec_identity_sign_text (a, "type", "a text");
  g_autoptr (GError) error = NULL;
  g_autofree char *verified =
      ec_identity_verify_text (ec_identity_get_node_id (a), "type", text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (verified, ==, "a text");
  g_assert_null (ec_identity_verify_text (ec_identity_get_node_id (b), "type", text, &error));
  g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_SIGNATURE);
}

static void
test_create (Fixture *self, gconstpointer data)
{
  g_autoptr (EcIdentity) made = NULL;
  g_autoptr (EcIdentity) loaded = NULL;
  mode_t before;

  assert_fails (self->path, FALSE, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));

  before = umask (0);
  made = load (self->path, TRUE);
  umask (before);
  g_assert_cmphex (mode_of (self->path), ==, 0600);
  g_assert_cmpuint (count_files (self->folder), ==, 1);

  loaded = load (self->path, FALSE);
  g_assert_cmpstr (ec_identity_get_node_id (made), ==, ec_identity_get_node_id (loaded));
  g_clear_object (&loaded);
  loaded = load (self->path, TRUE); /* makes no new one */
  g_assert_cmpstr (ec_identity_get_node_id (made), ==, ec_identity_get_node_id (loaded));
}

static void
test_folders_are_made (Fixture *self, gconstpointer data)
{
  g_autofree char *outer = g_build_filename (self->folder, "a", NULL);
  g_autofree char *inner = g_build_filename (outer, "b", NULL);
  g_autofree char *path = g_build_filename (inner, "identity", NULL);
  g_autoptr (EcIdentity) made = NULL;
  mode_t before;

  assert_fails (path, FALSE, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (outer, G_FILE_TEST_EXISTS));
  before = umask (0);
  made = load (path, TRUE);
  umask (before);
  g_assert_cmphex (mode_of (outer), ==, 0700);
  g_assert_cmphex (mode_of (inner), ==, 0700);
  g_assert_cmphex (mode_of (path), ==, 0600);
}

static void
test_known_file (Fixture *self, gconstpointer data)
{
  static const char *const endings[] = { "", "\n" };
  static const guint modes[] = { 0600, 0400, 0700 };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (modes); j++) {
      g_autofree char *text = g_strconcat (SEED, endings[i], NULL);
      g_autoptr (EcIdentity) identity = NULL;

      write_file (self, text, -1, modes[j]);
      identity = load (self->path, FALSE);
      g_assert_cmpstr (ec_identity_get_node_id (identity), ==, vectors[0].public_key);
    }
  }
}

/* A secret that others may have seen is none, even if they could only write or run it. */
static void
test_exposed (Fixture *self, gconstpointer data)
{
  static const guint modes[] = { 0640, 0604, 0644, 0660, 0620, 0602, 0610, 0601, 0777 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    for (gboolean create = FALSE; create <= TRUE; create++) {
      g_autofree char *text = NULL;

      write_file (self, SEED, -1, modes[i]);
      assert_fails (self->path, create, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_EXPOSED);
      g_file_get_contents (self->path, &text, NULL, NULL);
      g_assert_cmpstr (text, ==, SEED);
    }
  }
}

static void
test_not_a_key (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *text;
    gssize size;
  } files[] = {
    { "", 0 },
    { "\n", 1 },
    { "9d61b19d", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f6", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f6\n", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f600", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n\n", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60 ", -1 },
    { " 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", -1 },
    { "gd61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc4 449c5697b326919703bac031cae7f60", -1 },
    { "9d61b19deffd5a60ba844af492ec2cc4\000449c5697b326919703bac031cae7f60", 65 },
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\0", 65 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    for (gboolean create = FALSE; create <= TRUE; create++) {
      g_autofree char *text = NULL;
      gsize size = 0;

      write_file (self, files[i].text, files[i].size, 0600);
      assert_fails (self->path, create, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY);
      /* What is there is the user's, and stays. */
      g_file_get_contents (self->path, &text, &size, NULL);
      g_assert_cmpuint (size, ==,
                        files[i].size < 0 ? strlen (files[i].text) : (gsize) files[i].size);
    }
  }
}

/* A folder is none, and neither is a pipe, which nobody may wait for to be written. */
static void
test_not_a_file (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
  assert_fails (self->path, TRUE, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY);
  g_rmdir (self->path);

  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  alarm (30);
  assert_fails (self->path, TRUE, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY);
  alarm (0);
}

static void
test_folder_that_cannot_be (Fixture *self, gconstpointer data)
{
  g_autofree char *below = g_build_filename (self->path, "identity", NULL);

  write_file (self, SEED, -1, 0600);
  assert_fails (below, TRUE, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

#define N_CREATORS 8

typedef struct {
  const char *path;
  gint *ready; /* threads that are there */
} Race;

/* All at once, as far as that can be had: each waits until all have come. */
static gpointer
create_in_race (gpointer user_data)
{
  const Race *race = user_data;

  g_atomic_int_inc (race->ready);
  while (g_atomic_int_get (race->ready) < N_CREATORS + 1)
    g_thread_yield ();
  return load (race->path, TRUE);
}

/* Looks while they create: the file is not there, or it is whole. */
static gpointer
look_in_race (gpointer user_data)
{
  const Race *race = user_data;
  g_autoptr (EcIdentity) identity = NULL;

  g_atomic_int_inc (race->ready);
  while (!identity) {
    g_autoptr (GError) error = NULL;

    identity = ec_identity_load (race->path, FALSE, &error);
    if (!identity)
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  }
  return g_steal_pointer (&identity);
}

static void
test_race (Fixture *self, gconstpointer data)
{
  for (guint round = 0; round < 30; round++) {
    g_autofree char *folder = g_strdup_printf ("%s/%u", self->folder, round);
    g_autofree char *path = g_build_filename (folder, "identity", NULL);
    gint ready = 0;
    Race race = { path, &ready };
    GThread *threads[N_CREATORS + 1];
    g_autofree char *node_id = NULL;

    for (guint i = 0; i < N_CREATORS; i++)
      threads[i] = g_thread_new ("create", create_in_race, &race);
    threads[N_CREATORS] = g_thread_new ("look", look_in_race, &race);
    for (guint i = 0; i <= N_CREATORS; i++) {
      g_autoptr (EcIdentity) identity = g_thread_join (threads[i]);

      if (!node_id)
        node_id = g_strdup (ec_identity_get_node_id (identity));
      g_assert_cmpstr (ec_identity_get_node_id (identity), ==, node_id);
    }
    g_assert_cmpuint (count_files (folder), ==, 1);
    g_assert_cmphex (mode_of (path), ==, 0600);
  }
}

static void
test_default_path (void)
{
  g_autofree char *path = ec_identity_dup_default_path ();
  g_autofree char *want = g_build_filename (g_get_user_data_dir (), "ec", "identity", NULL);
  g_autoptr (EcIdentity) made = load (NULL, TRUE);
  g_autoptr (EcIdentity) loaded = load (path, FALSE);

  g_assert_cmpstr (path, ==, want);
  g_assert_cmpstr (ec_identity_get_node_id (made), ==, ec_identity_get_node_id (loaded));
}

int
main (int argc, char **argv)
{
  g_autofree char *data_folder = g_dir_make_tmp ("ec-identity-XXXXXX", NULL);
  int result;

  /* The user's own files are out of reach. (G_TEST_OPTION_ISOLATE_DIRS leaks.) */
  g_assert_nonnull (data_folder);
  g_setenv ("XDG_DATA_HOME", data_folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seal/identity/ephemeral", test_ephemeral);
  g_test_add_func ("/seal/identity/seed", test_seed);
  g_test_add_func ("/seal/identity/seed-of-other-size", test_seed_of_other_size);
  g_test_add_func ("/seal/identity/sign", test_sign);
  g_test_add_func ("/seal/identity/default-path", test_default_path);
#define ADD(name, func)                                                                            \
  g_test_add ("/seal/identity/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("create", test_create);
  ADD ("folders-are-made", test_folders_are_made);
  ADD ("known-file", test_known_file);
  ADD ("exposed", test_exposed);
  ADD ("not-a-key", test_not_a_key);
  ADD ("not-a-file", test_not_a_file);
  ADD ("folder-that-cannot-be", test_folder_that_cannot_be);
  ADD ("race", test_race);
#undef ADD
  result = g_test_run ();
  remove_all (data_folder);
  return result;
}
