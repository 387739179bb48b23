/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seal/ec-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ec-error.h"
#include "seal/ec-identity-private.h"
#include "seal/ec-jws.h"

/**
 * EcIdentity:
 *
 * Who a node is: an Ed25519 key pair (RFC 8032). The public key is the node id.
 *
 * An identity is immutable and may be used from any thread. The secret key is held in memory that is
 * locked, and wiped when the identity goes away.
 */
struct _EcIdentity {
  GObject parent_instance;

  guint8 *secret; /* crypto_sign_SECRETKEYBYTES, sodium_malloc() */
  char node_id[crypto_sign_PUBLICKEYBYTES * 2 + 1];
};

G_DEFINE_FINAL_TYPE (EcIdentity, ec_identity, G_TYPE_OBJECT)

#define SEED_HEX_SIZE (crypto_sign_SEEDBYTES * 2)

static void
ec_identity_finalize (GObject *object)
{
  EcIdentity *self = EC_IDENTITY (object);

  sodium_free (self->secret);
  G_OBJECT_CLASS (ec_identity_parent_class)->finalize (object);
}

static void
ec_identity_class_init (EcIdentityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ec_identity_finalize;

  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised: there is no source of random numbers");
}

static void
ec_identity_init (EcIdentity *self)
{
  self->secret = sodium_malloc (crypto_sign_SECRETKEYBYTES);
  if (!self->secret)
    g_error ("There is no memory for a secret key");
}

static EcIdentity *
new_from_seed (const guint8 *seed)
{
  EcIdentity *self = g_object_new (EC_TYPE_IDENTITY, NULL);
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];

  crypto_sign_seed_keypair (public_key, self->secret, seed);
  sodium_bin2hex (self->node_id, sizeof self->node_id, public_key, sizeof public_key);
  return self;
}

/**
 * ec_identity_new_ephemeral:
 *
 * Makes a new identity that is kept nowhere.
 *
 * Returns: (transfer full): a new identity
 */
EcIdentity *
ec_identity_new_ephemeral (void)
{
  guint8 seed[crypto_sign_SEEDBYTES];
  EcIdentity *self;

  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised: there is no source of random numbers");
  randombytes_buf (seed, sizeof seed);
  self = new_from_seed (seed);
  sodium_memzero (seed, sizeof seed);
  return self;
}

/**
 * ec_identity_new_from_seed:
 * @seed: (array length=size): the secret seed, 32 bytes (RFC 8032 §5.1.5)
 * @size: how many bytes
 * @error: return location for an error
 *
 * Makes the identity of a seed that the caller keeps.
 *
 * Fails with %EC_IDENTITY_ERROR_BAD_KEY if @seed has another size.
 *
 * Returns: (transfer full): a new identity
 */
EcIdentity *
ec_identity_new_from_seed (const guint8 *seed, gsize size, GError **error)
{
  if (size != crypto_sign_SEEDBYTES) {
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY,
                 "An Ed25519 seed has %u bytes, not %" G_GSIZE_FORMAT ".",
                 (guint) crypto_sign_SEEDBYTES, size);
    return NULL;
  }
  return new_from_seed (seed);
}

/**
 * ec_identity_dup_default_path:
 *
 * Where the user's stable identity is kept: `ec/identity` in the user's data directory.
 *
 * Returns: (transfer full) (type filename): a path
 */
char *
ec_identity_dup_default_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "ec", "identity", NULL);
}

static gboolean
set_io_error (GError **error, const char *what, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s “%s”: %s", what, path,
               g_strerror (saved));
  return FALSE;
}

/* What is no file must not make us wait, as a pipe would until somebody writes. */
static int
open_file (const char *path)
{
  return g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}

/* The file is for its owner only, or it is no secret any more. */
static gboolean
check_file (int fd, const char *path, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return set_io_error (error, "Cannot look at the identity file", path);
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY,
                 "The identity file “%s” is not a regular file.", path);
    return FALSE;
  }
  if (info.st_mode & 077) {
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_EXPOSED,
                 "Others can read the identity file “%s”. If nobody did, make it private with "
                 "“chmod 600”; if somebody may have, delete it to get a new identity.",
                 path);
    return FALSE;
  }
  return TRUE;
}

static EcIdentity *
parse_key (const char *text, gsize size, const char *path, GError **error)
{
  guint8 seed[crypto_sign_SEEDBYTES];
  EcIdentity *self = NULL;
  size_t n = 0;

  if ((size == SEED_HEX_SIZE || (size == SEED_HEX_SIZE + 1 && text[SEED_HEX_SIZE] == '\n')) &&
      sodium_hex2bin (seed, sizeof seed, text, SEED_HEX_SIZE, NULL, &n, NULL) == 0 &&
      n == sizeof seed)
    self = new_from_seed (seed);
  else
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY,
                 "The identity file “%s” does not hold a key.", path);
  sodium_memzero (seed, sizeof seed);
  return self;
}

static EcIdentity *
load_file (int fd, const char *path, GError **error)
{
  char text[SEED_HEX_SIZE + 2];
  gsize size = 0;
  EcIdentity *self;

  while (size < sizeof text) {
    gssize n = read (fd, text + size, sizeof text - size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      set_io_error (error, "Cannot read the identity file", path);
      return NULL;
    }
    if (n == 0)
      break;
    size += (gsize) n;
  }
  self = parse_key (text, size, path, error);
  sodium_memzero (text, sizeof text);
  return self;
}

static gboolean
write_all (int fd, const char *data, gsize size)
{
  while (size > 0) {
    gssize n = write (fd, data, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    data += n;
    size -= (gsize) n;
  }
  return TRUE;
}

static void
sync_directory (const char *directory)
{
  int fd = g_open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd >= 0) {
    (void) fsync (fd);
    g_close (fd, NULL);
  }
}

/*
 * Writes a new key next to `path` and links it there, so that a file that is there is whole, and of
 * two processes that do this at once one wins. FALSE without error: somebody else was first.
 */
static gboolean
create_file (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  guint8 seed[crypto_sign_SEEDBYTES];
  char text[SEED_HEX_SIZE + 1];
  gboolean linked = FALSE;
  int fd;

  if (g_mkdir_with_parents (directory, 0700) < 0)
    return set_io_error (error, "Cannot make the folder", directory);
  fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return set_io_error (error, "Cannot make an identity file in", directory);

  randombytes_buf (seed, sizeof seed);
  sodium_bin2hex (text, sizeof text, seed, sizeof seed);
  text[SEED_HEX_SIZE] = '\n';
  if (!write_all (fd, text, sizeof text) || fsync (fd) < 0)
    set_io_error (error, "Cannot write the identity file", temporary);
  else if (link (temporary, path) == 0)
    linked = TRUE;
  else if (errno != EEXIST)
    set_io_error (error, "Cannot write the identity file", path);

  sodium_memzero (seed, sizeof seed);
  sodium_memzero (text, sizeof text);
  g_close (fd, NULL);
  g_unlink (temporary);
  sync_directory (directory);
  return linked;
}

/**
 * ec_identity_load:
 * @path: (type filename) (nullable): the file, or %NULL for the default path
 * @create: whether to make a new identity where there is no file
 * @error: return location for an error
 *
 * Loads a stable identity from a file, which its owner alone may be able to read.
 *
 * Fails with %EC_IDENTITY_ERROR_EXPOSED if others can read the file, %EC_IDENTITY_ERROR_BAD_KEY if
 * it holds no key, or an error of #GIOErrorEnum if it cannot be read or made; %G_IO_ERROR_NOT_FOUND
 * if it is not there and @create is %FALSE. Blocks on the disk.
 *
 * Returns: (transfer full): the identity
 */
EcIdentity *
ec_identity_load (const char *path, gboolean create, GError **error)
{
  g_autofree char *default_path = path ? NULL : ec_identity_dup_default_path ();
  g_autoptr (GError) create_error = NULL;
  EcIdentity *self = NULL;
  int fd;

  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised: there is no source of random numbers");
  if (!path)
    path = default_path;

  fd = open_file (path);
  if (fd < 0 && errno == ENOENT && create) {
    if (!create_file (path, &create_error) && create_error) {
      g_propagate_error (error, g_steal_pointer (&create_error));
      return NULL;
    }
    fd = open_file (path);
  }
  if (fd < 0) {
    set_io_error (error, "Cannot open the identity file", path);
    return NULL;
  }

  if (check_file (fd, path, error))
    self = load_file (fd, path, error);
  g_close (fd, NULL);
  return self;
}

/**
 * ec_identity_get_node_id:
 * @self: an identity
 *
 * The node id: the public key.
 *
 * Returns: (transfer none): 64 lower-case hexadecimal digits
 */
const char *
ec_identity_get_node_id (EcIdentity *self)
{
  g_return_val_if_fail (EC_IS_IDENTITY (self), NULL);

  return self->node_id;
}

const guint8 *
ec_identity_get_seed (EcIdentity *self)
{
  /* libsodium's secret key is the seed, and the public key behind it. */
  return self->secret;
}

/**
 * ec_identity_sign_text:
 * @self: an identity
 * @type: what @text is, such as `ec-manifest+json`: the `typ` of RFC 7515 §4.1.9
 * @text: the text to sign
 *
 * Signs a text: a JSON Web Signature in compact form, with EdDSA (RFC 7515, RFC 8037).
 *
 * Returns: (transfer full): the signed text, which contains @text
 */
char *
ec_identity_sign_text (EcIdentity *self, const char *type, const char *text)
{
  g_return_val_if_fail (EC_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (type != NULL && text != NULL, NULL);

  return ec_jws_sign (self->secret, self->node_id, type, text);
}

/**
 * ec_identity_verify_text:
 * @node_id: whose signature it must be, 64 hexadecimal digits
 * @type: what the text must be
 * @signed_text: what [method@Identity.sign_text] returned
 * @error: return location for an error
 *
 * Checks a signed text.
 *
 * Fails with %EC_IDENTITY_ERROR_BAD_SIGNATURE if the signature is not that of @node_id over a text of
 * @type, or %EC_IDENTITY_ERROR_BAD_KEY if @node_id is not a node id.
 *
 * Returns: (transfer full): the text that was signed
 */
char *
ec_identity_verify_text (const char *node_id,
                         const char *type,
                         const char *signed_text,
                         GError **error)
{
  g_return_val_if_fail (node_id != NULL && type != NULL && signed_text != NULL, NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be initialised: there is no source of random numbers");
  return ec_jws_verify (node_id, type, signed_text, error);
}

void
ec_identity_sign (EcIdentity *self,
                  const guint8 *data,
                  gsize size,
                  guint8 signature[EC_IDENTITY_SIGNATURE_SIZE])
{
  g_assert (EC_IS_IDENTITY (self));

  crypto_sign_detached (signature, NULL, data, size, self->secret);
}

void
ec_identity_get_public_key (EcIdentity *self, guint8 key[EC_IDENTITY_KEY_SIZE])
{
  g_assert (EC_IS_IDENTITY (self));

  crypto_sign_ed25519_sk_to_pk (key, self->secret);
}
