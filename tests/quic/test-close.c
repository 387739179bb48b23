/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <string.h>

#include "quic-peer.h"
#include "base/ec-error.h"
#include "quic/ec-quic-certificate.h"

/* Dials, and says how it ended or that it is there. */
static PeerConnection *
dial (Peer *client, Peer *server, const EcQuicDial *with)
{
  g_autoptr (GInetSocketAddress) address = peer_address (server, 0);
  g_autoptr (EcQuicVerify) verify = peer_verify (server);
  EcQuicDial full = *with;
  guint n = client->connections->len;

  if (full.verify == NULL)
    full.verify = verify;
  peer_dial (client, address, &full);
  return peer_wait (client, n);
}

static void
job_close (PeerConnection *connection, gpointer user_data)
{
  ec_transport_close (connection->transport, GPOINTER_TO_UINT (user_data), "enough of it");
}

static void
close_from (gboolean from_server)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;
  PeerConnection *theirs;
  PeerConnection *closer;
  PeerConnection *other;

  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ 0 });
  theirs = peer_wait (server, 0);
  closer = from_server ? theirs : ours;
  other = from_server ? ours : theirs;
  (void) peer_do (closer, job_close, GUINT_TO_POINTER (4242));
  peer_wait_until (closer->peer, closer->closed);
  peer_wait_until (other->peer, other->closed);
  g_assert_cmpint (closer->close.cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
  g_assert_cmpuint (closer->close.code, ==, 4242);
  g_assert_cmpint (other->close.cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (other->close.code, ==, 4242);
  g_assert_cmpstr (other->reason, ==, "enough of it");
}

static void
test_close_client (void)
{
  close_from (FALSE);
}

static void
test_close_server (void)
{
  close_from (TRUE);
}

static void
test_stop_endpoint (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;

  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ 0 });
  peer_wait (server, 0);
  ec_quic_endpoint_stop (server->endpoint, 9, "closing time");
  peer_wait_until (client, ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (ours->close.code, ==, 9);
  g_assert_cmpstr (ours->reason, ==, "closing time");
}

/* A port that answers nothing. */
static GSocket *
silent_port (GInetSocketAddress **address)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);

  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  *address = G_INET_SOCKET_ADDRESS (g_socket_get_local_address (socket, NULL));
  return socket;
}

static void
test_handshake_timeout (void)
{
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = silent_port (&address);
  g_autoptr (EcQuicVerify) verify = ec_quic_verify_new_system ();
  PeerConnection *ours;

  peer_dial (client, address,
             &(EcQuicDial){ .verify = verify, .tuning = { .handshake_timeout_ms = 300 } });
  ours = peer_wait (client, 0);
  g_assert_true (ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_UNREACHABLE);
}

/* The host says that nothing listens; that ends the attempt at once, and nothing else of the same socket. */
static void
test_nobody_listens (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = ec_quic_verify_new_system ();
  PeerConnection *ours, *other;

  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ 0 });
  peer_wait (server, 0);
  for (guint i = 1; i < 20; i++) {
    g_autoptr (GInetSocketAddress) address = NULL;
    gint64 began_us = g_get_monotonic_time ();

    g_object_unref (silent_port (&address));
    peer_dial (client, address,
               &(EcQuicDial){ .verify = verify, .tuning = { .handshake_timeout_ms = 60000 } });
    other = peer_wait (client, i);
    g_assert_true (other->closed);
    g_assert_cmpint (other->close.cause, ==, EC_TRANSPORT_CLOSE_UNREACHABLE);
    g_assert_cmpint (g_get_monotonic_time () - began_us, <, 10 * G_USEC_PER_SEC);
  }
  g_assert_false (ours->closed);
  ec_quic_endpoint_stop (server->endpoint, 9, "closing time");
  peer_wait_until (client, ours->closed);
  g_assert_cmpuint (ours->close.code, ==, 9);
}

/* The server is gone without a word; the client hears nothing for its idle time. */
static void
test_idle (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;
  PeerConnection *theirs;
  EcQuicTuning tuning = { .idle_timeout_ms = 300, .keep_alive_ms = G_MAXUINT };
  PeerServer with = { .tuning = tuning };

  peer_listen (server, &with);
  ours = dial (client, server, &(EcQuicDial){ .tuning = tuning });
  theirs = peer_wait (server, 0);
  g_assert_true (ours->established);
  peer_wait_until (client, ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_IDLE);
  peer_wait_until (server, theirs->closed);
  g_assert_cmpint (theirs->close.cause, ==, EC_TRANSPORT_CLOSE_IDLE);
}

/* With keep-alives it stays, far beyond the idle time. */
static void
test_keep_alive (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;
  EcQuicTuning tuning = { .idle_timeout_ms = 400, .keep_alive_ms = 100 };
  PeerServer with = { .tuning = { .idle_timeout_ms = 400, .keep_alive_ms = G_MAXUINT } };
  gint64 end;

  peer_listen (server, &with);
  ours = dial (client, server, &(EcQuicDial){ .tuning = tuning });
  end = g_get_monotonic_time () + 1500000;
  g_mutex_lock (&client->mutex);
  while (!ours->closed && g_cond_wait_until (&client->cond, &client->mutex, end))
    ;
  g_assert_false (ours->closed);
  g_mutex_unlock (&client->mutex);
}

static void
test_alpn (void)
{
  static const char *const other[] = { "something-else", NULL };
  static const char *const several[] = { "something-else", "test", NULL };
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;

  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ .alpns = other });
  g_assert_true (ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_TLS);
  g_assert_nonnull (strstr (ours->reason, "ALPN"));
  g_assert_cmpuint (server->connections->len, ==, 0);

  ours = dial (client, server, &(EcQuicDial){ .alpns = several });
  g_assert_true (ours->established);
  g_assert_cmpstr (ours->protocol, ==, "test");
}

static void
test_refused (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours;

  server->refuse = TRUE;
  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ 0 });
  peer_wait_until (client, ours->closed);
  g_assert_cmpint (ours->close.cause, !=, EC_TRANSPORT_CLOSE_LOCAL);
}

/* -- Certificates */

static GBytes *
some_hash (guint8 with)
{
  guint8 hash[32];

  memset (hash, with, sizeof hash);
  return g_bytes_new (hash, sizeof hash);
}

static void
test_wrong_hash (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (GPtrArray) hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (EcQuicVerify) verify = NULL;
  PeerConnection *ours;

  g_ptr_array_add (hashes, some_hash (1));
  verify = ec_quic_verify_new_hashes (hashes);
  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ .verify = verify });
  g_assert_true (ours->closed);
  g_assert_false (ours->established);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_TLS);
  g_assert_nonnull (strstr (ours->reason, "hash"));
  g_assert_cmpuint (server->connections->len, ==, 0);
}

static void
test_system_refuses (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = ec_quic_verify_new_system ();
  PeerConnection *ours;

  peer_listen (server, NULL);
  ours = dial (client, server, &(EcQuicDial){ .verify = verify, .server_name = "localhost" });
  g_assert_true (ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_TLS);
  g_assert_nonnull (strstr (ours->reason, "localhost"));
}

typedef struct {
  char *folder;
  char *certificate;
  char *key;
} Files;

static void
write_file (const char *path, gnutls_datum_t *text)
{
  g_assert_true (g_file_set_contents (path, (const char *) text->data, text->size, NULL));
  gnutls_free (text->data);
}

static void
files_write (Files *files, const char *name, gint64 from_s, gint64 until_s)
{
  const char *names[] = { name, NULL };
  g_autoptr (EcQuicCertificate) certificate =
      ec_quic_certificate_new (names, from_s, until_s, NULL);
  gnutls_datum_t text;

  g_assert_nonnull (certificate);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate->certificate, GNUTLS_X509_FMT_PEM, &text),
                   ==, 0);
  write_file (files->certificate, &text);
  g_assert_cmpint (gnutls_x509_privkey_export2 (certificate->key, GNUTLS_X509_FMT_PEM, &text), ==,
                   0);
  write_file (files->key, &text);
}

static void
files_init (Files *files)
{
  files->folder = g_dir_make_tmp ("ec-quic-XXXXXX", NULL);
  files->certificate = g_build_filename (files->folder, "certificate.pem", NULL);
  files->key = g_build_filename (files->folder, "key.pem", NULL);
}

static void
files_clear (Files *files)
{
  g_unlink (files->certificate);
  g_unlink (files->key);
  g_rmdir (files->folder);
  g_free (files->certificate);
  g_free (files->key);
  g_free (files->folder);
}

static void
test_ca_file (void)
{
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  GError *error = NULL;
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  PeerServer with = { .config = { .credentials = credentials } };
  PeerConnection *ours;
  Files files;

  files_init (&files);
  files_write (&files, "tv.example", now_s - 3600, now_s + 86400);
  g_assert_true (ec_quic_credentials_add_files (credentials, files.certificate, files.key, &error));
  g_assert_no_error (error);
  verify = ec_quic_verify_new_ca_file (files.certificate, &error);
  g_assert_no_error (error);
  peer_listen (server, &with);

  ours = dial (client, server, &(EcQuicDial){ .verify = verify, .server_name = "tv.example" });
  g_assert_true (ours->established);
  ours = dial (client, server, &(EcQuicDial){ .verify = verify, .server_name = "other.example" });
  g_assert_true (ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_TLS);
  g_assert_nonnull (strstr (ours->reason, "other.example"));
  /* Without a name it is the address that must be in the certificate. */
  ours = dial (client, server, &(EcQuicDial){ .verify = verify });
  g_assert_true (ours->closed);
  g_assert_nonnull (strstr (ours->reason, "127.0.0.1"));
  files_clear (&files);
}

static int n_kept; /* warnings that certificates stay as they were: atomic */

/* The one warning that a certificate without its key is worth is no failure here. */
static GLogWriterOutput
on_log (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user_data)
{
  for (gsize i = 0; i < n; i++) {
    if (g_str_equal (fields[i].key, "MESSAGE") &&
        g_str_has_prefix (fields[i].value, "The certificates stay as they were")) {
      g_atomic_int_inc (&n_kept);
      return G_LOG_WRITER_HANDLED;
    }
  }
  return g_log_writer_default (level, fields, n, user_data);
}

/* Whoever comes from now on is shown, in a bounded time, a certificate for `name`; until `*flag`, if it is given. */
static void
dial_until (Peer *server, EcQuicVerify *verify, const char *name, int *flag)
{
  gint64 end_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  gboolean over;

  do {
    g_autoptr (Peer) client = peer_new ();
    PeerConnection *ours =
        dial (client, server, &(EcQuicDial){ .verify = verify, .server_name = name });

    if (flag)
      g_assert_true (ours->established);
    over = flag ? g_atomic_int_get (flag) > 0 : ours->established;
    g_assert_cmpint (g_get_monotonic_time (), <, end_us);
  } while (!over);
}

/* Files that change are shown to who comes after that; a certificate without its key, as between two writes, changes nothing. */
static void
test_reload (void)
{
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (EcQuicVerify) old_one = NULL, new_one = NULL;
  GError *error = NULL;
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  PeerServer with = { .config = { .credentials = credentials } };
  Files files, other;

  files_init (&files);
  files_init (&other);
  files_write (&files, "old.example", now_s - 3600, now_s + 86400);
  files_write (&other, "new.example", now_s - 3600, now_s + 86400);
  g_assert_true (ec_quic_credentials_add_files (credentials, files.certificate, files.key, &error));
  old_one = ec_quic_verify_new_ca_file (files.certificate, &error);
  new_one = ec_quic_verify_new_ca_file (other.certificate, &error);
  g_assert_no_error (error);
  peer_listen (server, &with);

  g_assert_cmpint (g_rename (other.certificate, files.certificate), ==, 0);
  dial_until (server, old_one, "old.example", &n_kept);
  g_assert_cmpint (g_rename (other.key, files.key), ==, 0);
  dial_until (server, new_one, "new.example", NULL);
  /* Not again for what is known to be no good. */
  g_assert_cmpint (g_atomic_int_get (&n_kept), ==, 1);
  files_clear (&files);
  files_clear (&other);
}

static void
test_bad_files (void)
{
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (EcQuicVerify) verify = NULL;

  g_assert_false (
      ec_quic_credentials_add_files (credentials, "/nowhere/a.pem", "/nowhere/b.pem", &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE);
  g_assert_nonnull (strstr (error->message, "/nowhere/a.pem"));
  g_clear_error (&error);
  verify = ec_quic_verify_new_ca_file ("/dev/null", &error);
  g_assert_null (verify);
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE);
}

/* -- Raw public keys (RFC 7250) */

static void
key_of (const guint8 *seed, guint8 *key)
{
  guint8 secret[crypto_sign_SECRETKEYBYTES];

  crypto_sign_seed_keypair (key, secret, seed);
}

static void
test_raw_keys (void)
{
  static const guint8 server_seed[32] = { 1, 2, 3 };
  static const guint8 client_seed[32] = { 4, 5, 6 };
  g_autoptr (EcQuicCredentials) both = peer_credentials ();
  g_autoptr (EcQuicCredentials) own = ec_quic_credentials_new ();
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (EcQuicVerify) wrong = NULL;
  PeerServer with = { .config = { .credentials = both, .require_client_key = TRUE } };
  PeerConnection *ours;
  guint8 server_key[32];
  guint8 client_key[32];

  key_of (server_seed, server_key);
  key_of (client_seed, client_key);
  g_assert_true (ec_quic_credentials_add_raw_key (both, server_seed, NULL));
  g_assert_true (ec_quic_credentials_add_raw_key (own, client_seed, NULL));
  verify = ec_quic_verify_new_raw_key (server_key);
  wrong = ec_quic_verify_new_raw_key (client_key);
  peer_listen (server, &with);

  ours = dial (client, server, &(EcQuicDial){ .verify = verify, .credentials = own });
  g_assert_true (ours->established);
  g_assert_true (ours->has_key);
  g_assert_cmpmem (ours->peer_key, 32, server_key, 32);
  g_assert_true (peer_wait (server, 0)->has_key);
  g_assert_cmpmem (peer_wait (server, 0)->peer_key, 32, client_key, 32);

  /* On the same port, those who want a certificate and show nothing. */
  ours = dial (client, server, &(EcQuicDial){ 0 });
  g_assert_true (ours->established);
  g_assert_false (ours->has_key);
  g_assert_false (peer_wait (server, 1)->has_key);

  /* A key of the client with a certificate of the server, and the other way about. */
  ours = dial (client, server, &(EcQuicDial){ .credentials = own });
  g_assert_true (ours->established);
  g_assert_true (peer_wait (server, 2)->has_key);
  ours = dial (client, server, &(EcQuicDial){ .verify = verify });
  g_assert_true (ours->established);
  g_assert_false (peer_wait (server, 3)->has_key);

  ours = dial (client, server, &(EcQuicDial){ .verify = wrong, .credentials = own });
  g_assert_true (ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_TLS);
  g_assert_nonnull (strstr (ours->reason, "key"));
}

/* -- What is written down only when asked for */

static void
test_logs (void)
{
  g_autofree char *folder = g_dir_make_tmp ("ec-quic-XXXXXX", NULL);
  g_autofree char *secrets = g_build_filename (folder, "secrets", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;
  guint n = 0;

  {
    g_autoptr (Peer) server = peer_new ();
    g_autoptr (Peer) client = peer_new ();
    PeerServer with = { .config = { .key_log = secrets, .qlog_folder = folder } };

    peer_listen (server, &with);
    g_assert_true (dial (client, server, &(EcQuicDial){ 0 })->established);
    peer_wait (server, 0);
  }
  g_assert_true (g_file_get_contents (secrets, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "CLIENT_TRAFFIC_SECRET_0 "));
  g_assert_nonnull (strstr (text, "SERVER_TRAFFIC_SECRET_0 "));
  g_unlink (secrets);
  dir = g_dir_open (folder, 0, NULL);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *log = NULL;

    g_assert_true (g_str_has_suffix (name, "-server.sqlog"));
    g_assert_true (g_file_get_contents (path, &log, NULL, NULL));
    g_assert_nonnull (strstr (log, "packet_received"));
    g_unlink (path);
    n++;
  }
  g_assert_cmpuint (n, ==, 1);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (on_log, NULL, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/quic/close/client", test_close_client);
  g_test_add_func ("/quic/close/server", test_close_server);
  g_test_add_func ("/quic/close/endpoint", test_stop_endpoint);
  g_test_add_func ("/quic/close/handshake-timeout", test_handshake_timeout);
  g_test_add_func ("/quic/close/nobody-listens", test_nobody_listens);
  g_test_add_func ("/quic/close/idle", test_idle);
  g_test_add_func ("/quic/close/keep-alive", test_keep_alive);
  g_test_add_func ("/quic/close/alpn", test_alpn);
  g_test_add_func ("/quic/close/refused", test_refused);
  g_test_add_func ("/quic/tls/wrong-hash", test_wrong_hash);
  g_test_add_func ("/quic/tls/system-refuses", test_system_refuses);
  g_test_add_func ("/quic/tls/ca-file", test_ca_file);
  g_test_add_func ("/quic/tls/bad-files", test_bad_files);
  g_test_add_func ("/quic/tls/reload", test_reload);
  g_test_add_func ("/quic/tls/raw-keys", test_raw_keys);
  g_test_add_func ("/quic/tls/logs", test_logs);
  return g_test_run ();
}
