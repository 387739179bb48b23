/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-certificate.h"

#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"

void
ec_quic_certificate_free (EcQuicCertificate *self)
{
  if (self->certificate)
    gnutls_x509_crt_deinit (self->certificate);
  if (self->key)
    gnutls_x509_privkey_deinit (self->key);
  g_clear_pointer (&self->hash, g_bytes_unref);
  g_free (self);
}

static int
add_name (gnutls_x509_crt_t certificate, const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  if (address == NULL)
    return gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name,
                                                 (unsigned) strlen (name), GNUTLS_FSAN_APPEND);
  return gnutls_x509_crt_set_subject_alt_name (
      certificate, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes (address),
      (unsigned) g_inet_address_get_native_size (address), GNUTLS_FSAN_APPEND);
}

static int
describe (gnutls_x509_crt_t certificate, const char *const *names, gint64 from_s, gint64 until_s)
{
  static const char common_name[] = "libec";
  guint8 serial[16];
  int rv;

  rv = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);
  serial[0] = (serial[0] & 0x7f) | 0x40; /* positive and of one length (RFC 5280 §4.1.2.2) */
  if (rv == 0)
    rv = gnutls_x509_crt_set_version (certificate, 3);
  if (rv == 0)
    rv = gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
  if (rv == 0)
    rv = gnutls_x509_crt_set_activation_time (certificate, (time_t) from_s);
  if (rv == 0)
    rv = gnutls_x509_crt_set_expiration_time (certificate, (time_t) until_s);
  if (rv == 0)
    rv = gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                        sizeof common_name - 1);
  for (gsize i = 0; rv == 0 && names && names[i]; i++)
    rv = add_name (certificate, names[i]);
  if (rv == 0)
    rv = gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
  if (rv == 0)
    rv = gnutls_x509_crt_set_key_purpose_oid (certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
  return rv;
}

EcQuicCertificate *
ec_quic_certificate_new (const char *const *names, gint64 from_s, gint64 until_s, GError **error)
{
  g_autoptr (EcQuicCertificate) self = g_new0 (EcQuicCertificate, 1);
  guint8 hash[32];
  size_t size = sizeof hash;
  int rv;

  self->from_s = from_s;
  self->until_s = until_s;
  rv = gnutls_x509_crt_init (&self->certificate);
  if (rv == 0)
    rv = gnutls_x509_privkey_init (&self->key);
  if (rv == 0)
    rv = gnutls_x509_privkey_generate (self->key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (rv == 0)
    rv = describe (self->certificate, names, from_s, until_s);
  if (rv == 0)
    rv = gnutls_x509_crt_set_key (self->certificate, self->key);
  if (rv == 0)
    rv = gnutls_x509_crt_sign2 (self->certificate, self->certificate, self->key, GNUTLS_DIG_SHA256,
                                0);
  if (rv == 0)
    rv = gnutls_x509_crt_get_fingerprint (self->certificate, GNUTLS_DIG_SHA256, hash, &size);
  if (rv < 0) {
    g_autofree char *why = ec_quic_describe_gnutls (rv);

    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE,
                 "Cannot make a self-signed certificate: %s.", why);
    return NULL;
  }
  self->hash = g_bytes_new (hash, sizeof hash);
  return g_steal_pointer (&self);
}

char *
ec_quic_describe_gnutls (int code)
{
  char *text = g_strdup (gnutls_strerror (code));

  if (g_str_has_suffix (text, "."))
    text[strlen (text) - 1] = '\0';
  return text;
}

const guint8 *
ec_quic_spki_get_ed25519 (const guint8 *data, gsize size)
{
  static const guint8 prefix[] = EC_QUIC_ED25519_SPKI_PREFIX;

  if (size != EC_QUIC_ED25519_SPKI_SIZE || memcmp (data, prefix, sizeof prefix) != 0)
    return NULL;
  return data + sizeof prefix;
}

int
ec_quic_set_raw_key (gnutls_certificate_credentials_t credentials, const guint8 *seed)
{
  static const guint8 prefix[] = EC_QUIC_ED25519_SPKI_PREFIX;
  /* RFC 8410 §7: PKCS#8 of an Ed25519 key, up to the seed. */
  static const guint8 key_prefix[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
  guint8 spki[sizeof prefix + 32];
  guint8 key[sizeof key_prefix + 32];
  guint8 secret[crypto_sign_SECRETKEYBYTES];
  gnutls_datum_t spki_datum = { spki, sizeof spki };
  gnutls_datum_t key_datum = { key, sizeof key };
  int rv;

  memcpy (spki, prefix, sizeof prefix);
  crypto_sign_seed_keypair (spki + sizeof prefix, secret, seed);
  memcpy (key, key_prefix, sizeof key_prefix);
  memcpy (key + sizeof key_prefix, seed, 32);
  rv = gnutls_certificate_set_rawpk_key_mem (credentials, &spki_datum, &key_datum,
                                             GNUTLS_X509_FMT_DER, NULL, 0, NULL, 0, 0);
  sodium_memzero (secret, sizeof secret);
  sodium_memzero (key, sizeof key);
  return rv < 0 ? rv : 0;
}
