/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/ec-error.h"
#include "quic/ec-quic-certificate.h"
#include "quic/ec-quic-credentials-private.h"

typedef enum {
  VERIFY_SYSTEM,
  VERIFY_CA_FILE,
  VERIFY_HASHES,
  VERIFY_RAW_KEY,
} VerifyKind;

#define MAX_CHAIN 16

struct _EcQuicVerify {
  gatomicrefcount refs;
  VerifyKind kind;
  GMutex mutex;                     /* GnuTLS' lists are read by one thread at a time */
  gnutls_x509_trust_list_t trusted; /* system, CA file */
  GPtrArray *hashes;
  guint8 key[32];
};

static EcQuicVerify *
verify_new (VerifyKind kind)
{
  EcQuicVerify *self = g_new0 (EcQuicVerify, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->kind = kind;
  if ((kind == VERIFY_SYSTEM || kind == VERIFY_CA_FILE) &&
      gnutls_x509_trust_list_init (&self->trusted, 0) < 0)
    g_error ("out of memory");
  return self;
}

EcQuicVerify *
ec_quic_verify_ref (EcQuicVerify *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_quic_verify_unref (EcQuicVerify *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->trusted)
    gnutls_x509_trust_list_deinit (self->trusted, 1);
  g_clear_pointer (&self->hashes, g_ptr_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

EcQuicVerify *
ec_quic_verify_new_system (void)
{
  EcQuicVerify *self = verify_new (VERIFY_SYSTEM);

  /* Nothing is trusted if there is none: each certificate then fails, with that reason. */
  (void) gnutls_x509_trust_list_add_system_trust (self->trusted, 0, 0);
  return self;
}

EcQuicVerify *
ec_quic_verify_new_ca_file (const char *path, GError **error)
{
  g_autoptr (EcQuicVerify) self = verify_new (VERIFY_CA_FILE);
  int n =
      gnutls_x509_trust_list_add_trust_file (self->trusted, path, NULL, GNUTLS_X509_FMT_PEM, 0, 0);

  if (n <= 0) {
    g_autofree char *why =
        n < 0 ? ec_quic_describe_gnutls (n) : g_strdup ("it holds none in PEM form");

    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE,
                 "There are no certificates to trust in “%s”: %s.", path, why);
    return NULL;
  }
  return g_steal_pointer (&self);
}

EcQuicVerify *
ec_quic_verify_new_hashes (GPtrArray *hashes)
{
  EcQuicVerify *self = verify_new (VERIFY_HASHES);

  self->hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < hashes->len; i++)
    g_ptr_array_add (self->hashes, g_bytes_ref (g_ptr_array_index (hashes, i)));
  return self;
}

EcQuicVerify *
ec_quic_verify_new_raw_key (const guint8 *key)
{
  EcQuicVerify *self = verify_new (VERIFY_RAW_KEY);

  memcpy (self->key, key, sizeof self->key);
  return self;
}

gboolean
ec_quic_verify_wants_raw_key (const EcQuicVerify *self)
{
  return self->kind == VERIFY_RAW_KEY;
}

static char *
hex (const guint8 *data, gsize size)
{
  GString *text = g_string_sized_new (2 * size);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  return g_string_free (text, FALSE);
}

static gboolean
check_raw_key (EcQuicVerify *self, const gnutls_datum_t *shown, char **reason)
{
  const guint8 *key = ec_quic_spki_get_ed25519 (shown->data, shown->size);
  g_autofree char *wanted = NULL;
  g_autofree char *got = NULL;

  if (key && memcmp (key, self->key, sizeof self->key) == 0)
    return TRUE;
  wanted = hex (self->key, sizeof self->key);
  got = key ? hex (key, 32) : g_strdup ("not an Ed25519 key");
  *reason = g_strdup_printf ("The peer's key is %s, but must be %s.", got, wanted);
  return FALSE;
}

static gboolean
import (gnutls_x509_crt_t *certificate, const gnutls_datum_t *der)
{
  if (gnutls_x509_crt_init (certificate) < 0)
    return FALSE;
  if (gnutls_x509_crt_import (*certificate, der, GNUTLS_X509_FMT_DER) == 0)
    return TRUE;
  gnutls_x509_crt_deinit (*certificate);
  return FALSE;
}

static gboolean
check_hashes (EcQuicVerify *self, const gnutls_datum_t *shown, gint64 now_s, char **reason)
{
  g_autofree char *text = NULL;
  guint8 hash[32];
  gboolean known = FALSE;
  gnutls_x509_crt_t certificate;
  gint64 from_s;
  gint64 until_s;

  if (gnutls_hash_fast (GNUTLS_DIG_SHA256, shown->data, shown->size, hash) < 0 ||
      !import (&certificate, shown)) {
    *reason = g_strdup ("The server's certificate cannot be read.");
    return FALSE;
  }
  from_s = gnutls_x509_crt_get_activation_time (certificate);
  until_s = gnutls_x509_crt_get_expiration_time (certificate);
  gnutls_x509_crt_deinit (certificate);

  for (guint i = 0; i < self->hashes->len && !known; i++) {
    gsize size;
    gconstpointer wanted = g_bytes_get_data (g_ptr_array_index (self->hashes, i), &size);

    known = size == sizeof hash && memcmp (wanted, hash, sizeof hash) == 0;
  }
  text = hex (hash, sizeof hash);
  if (!known) {
    *reason = g_strdup_printf (
        "The server's certificate has the SHA-256 hash %s, which is none of those expected.", text);
    return FALSE;
  }
  if (now_s < from_s || now_s > until_s) {
    *reason = g_strdup_printf ("The server's certificate %s, as this computer's clock has it.",
                               now_s < from_s ? "is not valid yet" : "has expired");
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_chain (
    EcQuicVerify *self, const gnutls_datum_t *shown, guint n, const char *name, char **reason)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autoptr (GInetAddress) address = name ? g_inet_address_new_from_string (name) : NULL;
  gnutls_x509_crt_t chain[MAX_CHAIN];
  gnutls_typed_vdata_st data[2] = { 0 };
  unsigned status = GNUTLS_CERT_INVALID;
  guint imported = 0;
  int rv = GNUTLS_E_CERTIFICATE_ERROR;

  if (name == NULL) {
    *reason = g_strdup ("There is no name that the server's certificate could be held against.");
    return FALSE;
  }
  n = MIN (n, MAX_CHAIN);
  while (imported < n && import (&chain[imported], &shown[imported]))
    imported++;

  data[0].type = address ? GNUTLS_DT_IP_ADDRESS : GNUTLS_DT_DNS_HOSTNAME;
  data[0].data = address ? (unsigned char *) (guintptr) g_inet_address_to_bytes (address)
                         : (unsigned char *) (guintptr) name;
  data[0].size = address ? (unsigned) g_inet_address_get_native_size (address) : 0;
  data[1].type = GNUTLS_DT_KEY_PURPOSE_OID;
  data[1].data = (unsigned char *) (guintptr) GNUTLS_KP_TLS_WWW_SERVER;
  if (imported == n)
    rv = gnutls_x509_trust_list_verify_crt2 (self->trusted, chain, n, data, G_N_ELEMENTS (data), 0,
                                             &status, NULL);
  for (guint i = 0; i < imported; i++)
    gnutls_x509_crt_deinit (chain[i]);

  if (rv == 0 && status == 0)
    return TRUE;
  if (rv < 0) {
    g_autofree char *why = ec_quic_describe_gnutls (rv);

    *reason = g_strdup_printf ("The server's certificate cannot be checked: %s.", why);
  } else {
    gnutls_datum_t text = { 0 };

    (void) gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0);
    *reason = g_strdup_printf ("“%s” is not who it claims to be: %s", name,
                               text.data ? g_strchomp ((char *) text.data) : "unknown reason");
    gnutls_free (text.data);
  }
  return FALSE;
}

gboolean
ec_quic_verify_check (
    EcQuicVerify *self, gnutls_session_t session, const char *name, gint64 now_s, char **reason)
{
  gnutls_certificate_type_t type = gnutls_certificate_type_get2 (session, GNUTLS_CTYPE_SERVER);
  unsigned n = 0;
  const gnutls_datum_t *shown = gnutls_certificate_get_peers (session, &n);

  if (shown == NULL || n == 0) {
    *reason = g_strdup ("The peer showed neither a certificate nor a key.");
    return FALSE;
  }
  if ((type == GNUTLS_CRT_RAWPK) != ec_quic_verify_wants_raw_key (self)) {
    *reason =
        g_strdup (type == GNUTLS_CRT_RAWPK
                      ? "The server showed a raw public key where a certificate was asked for."
                      : "The server showed a certificate where a raw public key was asked for.");
    return FALSE;
  }
  switch (self->kind) {
  case VERIFY_RAW_KEY:
    return check_raw_key (self, &shown[0], reason);
  case VERIFY_HASHES:
    return check_hashes (self, &shown[0], now_s, reason);
  case VERIFY_SYSTEM:
  case VERIFY_CA_FILE:
  default:
    return check_chain (self, shown, n, name, reason);
  }
}
