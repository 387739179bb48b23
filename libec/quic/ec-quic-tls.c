/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/ec-error.h"
#include "quic/ec-quic-certificate.h"

/* AES-128-GCM first: ChaCha20 is 13 times slower where AES is in the processor. RFC 9001 §8.4: no compatibility mode. */
#define PRIORITY                                                                                   \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"         \
  ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE"
#define PRIORITY_SERVER PRIORITY ":%SERVER_PRECEDENCE"
#define MAX_ALPNS 16

struct _EcQuicKeyLog {
  int fd;
};

EcQuicKeyLog *
ec_quic_key_log_new (const char *path, GError **error)
{
  EcQuicKeyLog *self;
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

  if (fd < 0) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED, "Cannot write TLS secrets to “%s”: %s.",
                 path, g_strerror (errno));
    return NULL;
  }
  self = g_new0 (EcQuicKeyLog, 1);
  self->fd = fd;
  return self;
}

void
ec_quic_key_log_free (EcQuicKeyLog *self)
{
  close (self->fd);
  g_free (self);
}

static void
add_hex (GString *text, const gnutls_datum_t *datum)
{
  g_string_append_c (text, ' ');
  for (unsigned i = 0; i < datum->size; i++)
    g_string_append_printf (text, "%02x", datum->data[i]);
}

static int
on_secret (gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
  EcQuicTls *self = gnutls_session_get_ptr (session);
  g_autoptr (GString) line = g_string_new (label);
  gnutls_datum_t client = { 0 };
  gnutls_datum_t server = { 0 };

  gnutls_session_get_random (session, &client, &server);
  add_hex (line, &client);
  add_hex (line, secret);
  g_string_append_c (line, '\n');
  /* One write a line: the file is opened for appending. */
  if (write (self->key_log->fd, line->str, line->len) < 0)
    g_debug ("key log: %s", g_strerror (errno));
  return 0;
}

static ngtcp2_conn *
get_conn (ngtcp2_crypto_conn_ref *ref)
{
  EcQuicTls *self = (EcQuicTls *) ref;

  return *self->conn;
}

/* Client, and server where the client shows a key: in the handshake, when the peer's certificate has come. */
static int
on_verify (gnutls_session_t session)
{
  EcQuicTls *self = gnutls_session_get_ptr (session);

  g_clear_pointer (&self->reason, g_free);
  if (ec_quic_verify_check (self->verify, session, self->name, g_get_real_time () / G_USEC_PER_SEC,
                            &self->reason))
    return 0;
  return GNUTLS_E_CERTIFICATE_ERROR;
}

/* A certificate of the client is asked for if and only if it is to be a raw key (RFC 7250 §4.2). */
static int
on_client_hello (gnutls_session_t session,
                 unsigned type,
                 unsigned when,
                 unsigned incoming,
                 const gnutls_datum_t *message)
{
  EcQuicTls *self = gnutls_session_get_ptr (session);

  if (gnutls_certificate_type_get2 (session, GNUTLS_CTYPE_CLIENT) == GNUTLS_CRT_RAWPK)
    gnutls_certificate_server_set_request (session, self->require_client_key ? GNUTLS_CERT_REQUIRE
                                                                             : GNUTLS_CERT_REQUEST);
  return 0;
}

static int
set_priority (EcQuicTls *self, const EcQuicTlsConfig *config)
{
  g_autofree char *text = NULL;
  gboolean client_raw = config->credentials->raw_key;

  if (config->server) {
    text = g_strconcat (PRIORITY_SERVER, ":-CTYPE-SRV-ALL",
                        config->credentials->x509 ? ":+CTYPE-SRV-X509" : "",
                        config->credentials->raw_key ? ":+CTYPE-SRV-RAWPK" : "",
                        ":-CTYPE-CLI-ALL:+CTYPE-CLI-X509:+CTYPE-CLI-RAWPK", NULL);
  } else {
    text = g_strconcat (
        PRIORITY, ":-CTYPE-SRV-ALL",
        ec_quic_verify_wants_raw_key (config->verify) ? ":+CTYPE-SRV-RAWPK" : ":+CTYPE-SRV-X509",
        ":-CTYPE-CLI-ALL", client_raw ? ":+CTYPE-CLI-RAWPK" : ":+CTYPE-CLI-X509", NULL);
  }
  return gnutls_priority_set_direct (self->session, text, NULL);
}

static int
set_alpns (EcQuicTls *self, const EcQuicTlsConfig *config)
{
  gnutls_datum_t alpns[MAX_ALPNS];
  unsigned n = 0;
  unsigned flags = GNUTLS_ALPN_MANDATORY;

  for (; config->alpns && config->alpns[n] && n < MAX_ALPNS; n++) {
    alpns[n].data = (unsigned char *) (guintptr) config->alpns[n];
    alpns[n].size = (unsigned) strlen (config->alpns[n]);
  }
  if (config->server)
    flags |= GNUTLS_ALPN_SERVER_PRECEDENCE;
  return n == 0 ? GNUTLS_E_INVALID_REQUEST
                : gnutls_alpn_set_protocols (self->session, alpns, n, flags);
}

static int
set_up (EcQuicTls *self, const EcQuicTlsConfig *config)
{
  /* No tickets, so no resumption and no 0-RTT (RFC 9001 §4.6): nothing can be replayed. */
  unsigned flags = (config->server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_ENABLE_RAWPK |
                   GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA;
  int rv = gnutls_init (&self->session, flags);

  if (rv == 0)
    rv = set_priority (self, config);
  if (rv == 0)
    rv = set_alpns (self, config);
  if (rv == 0)
    rv = config->server ? ngtcp2_crypto_gnutls_configure_server_session (self->session)
                        : ngtcp2_crypto_gnutls_configure_client_session (self->session);
  if (rv == 0)
    rv = gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->credentials->gnutls);
  if (rv < 0)
    return rv;

  gnutls_session_set_ptr (self->session, self);
  /* QUIC has its own clock for that. */
  gnutls_handshake_set_timeout (self->session, 0);
  if (config->server) {
    gnutls_certificate_server_set_request (self->session, GNUTLS_CERT_IGNORE);
    /* Behind the message: its extensions are all read by then. */
    gnutls_handshake_set_hook_function (self->session, GNUTLS_HANDSHAKE_CLIENT_HELLO,
                                        GNUTLS_HOOK_POST, on_client_hello);
  } else {
    gnutls_session_set_verify_function (self->session, on_verify);
    if (config->server_name && !g_hostname_is_ip_address (config->server_name))
      rv = gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, config->server_name,
                                   strlen (config->server_name));
  }
  if (self->key_log)
    gnutls_session_set_keylog_function (self->session, on_secret);
  return rv;
}

EcQuicTls *
ec_quic_tls_new (const EcQuicTlsConfig *config, ngtcp2_conn **conn, int *code)
{
  EcQuicTls *self = g_new0 (EcQuicTls, 1);

  self->ref.get_conn = get_conn;
  self->conn = conn;
  self->credentials = ec_quic_credentials_state_ref (config->credentials);
  self->verify = config->verify ? ec_quic_verify_ref (config->verify) : NULL;
  self->name = g_strdup (config->name);
  self->require_client_key = config->require_client_key;
  self->key_log = config->key_log;
  *code = set_up (self, config);
  if (*code == 0)
    return self;
  ec_quic_tls_free (self);
  return NULL;
}

void
ec_quic_tls_free (EcQuicTls *self)
{
  if (self->session)
    gnutls_deinit (self->session);
  ec_quic_credentials_state_unref (self->credentials);
  g_clear_pointer (&self->verify, ec_quic_verify_unref);
  g_free (self->name);
  g_free (self->reason);
  g_free (self->alpn);
  g_free (self);
}

gboolean
ec_quic_tls_finish (EcQuicTls *self)
{
  gnutls_datum_t alpn = { 0 };
  unsigned n = 0;
  const gnutls_datum_t *shown = gnutls_certificate_get_peers (self->session, &n);
  gnutls_ctype_target_t theirs = self->verify ? GNUTLS_CTYPE_SERVER : GNUTLS_CTYPE_CLIENT;

  if (gnutls_alpn_get_selected_protocol (self->session, &alpn) < 0 || alpn.size == 0) {
    self->reason = g_strdup ("The peer chose no protocol of those offered (ALPN).");
    return FALSE;
  }
  self->alpn = g_strndup ((const char *) alpn.data, alpn.size);

  if (shown && n > 0 && gnutls_certificate_type_get2 (self->session, theirs) == GNUTLS_CRT_RAWPK) {
    const guint8 *key = ec_quic_spki_get_ed25519 (shown[0].data, shown[0].size);

    if (key == NULL) {
      self->reason = g_strdup ("The peer's raw public key is not of the kind Ed25519.");
      return FALSE;
    }
    memcpy (self->peer_key, key, sizeof self->peer_key);
    self->has_peer_key = TRUE;
  }
  return TRUE;
}
