/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <string.h>

#include "quic-peer.h"
#include "quic/ec-quic-connection.h"

/* Clients that offer other ciphers than ours do: what is set for one is changed on the way to GnuTLS. */
static const char *offered; /* of GnuTLS' priority strings; NULL: as it is; atomic */

int
gnutls_priority_set_direct (gnutls_session_t session, const char *priorities, const char **at)
{
  int (*real) (gnutls_session_t, const char *, const char **);
  const char *ciphers = g_atomic_pointer_get (&offered);
  g_autofree char *text = NULL;

  *(gpointer *) &real = dlsym (RTLD_NEXT, "gnutls_priority_set_direct");
  if (ciphers && !strstr (priorities, "%SERVER_PRECEDENCE"))
    text = g_strconcat (priorities, ":-CIPHER-ALL:", ciphers, NULL);
  return real (session, text ? text : priorities, at);
}

static gboolean
has_text (PeerConnection *connection, EcStreamId id, const char *text)
{
  PeerStream *stream = peer_stream (connection, id);

  return stream->bytes->len == strlen (text) &&
         memcmp (stream->bytes->data, text, strlen (text)) == 0;
}

static void
exchange (guint address_index)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  PeerConnection *ours;
  PeerConnection *theirs;
  PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };
  PeerWrite back = { .id = EC_STREAM_NONE, .uni = TRUE, .text = "world", .fin = TRUE };

  server->echo = TRUE;
  peer_listen (server, NULL);
  verify = peer_verify (server);
  address = peer_address (server, address_index);
  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  ours = peer_wait (client, 0);
  g_assert_true (ours->established);
  g_assert_cmpstr (ours->protocol, ==, "test");
  theirs = peer_wait (server, 0);
  g_assert_cmpstr (theirs->protocol, ==, "test");
  g_assert_true (g_str_has_prefix (theirs->remote, address_index ? "[::1]:" : "127.0.0.1:"));

  g_assert_true (peer_do (ours, peer_job_write, &write));
  g_assert_cmpint (write.id, ==, 0);
  peer_wait_until (client, peer_stream (ours, 0)->closed);
  g_assert_true (has_text (ours, 0, "hello"));
  g_assert_true (peer_stream (ours, 0)->fin);
  g_assert_true (peer_stream (ours, 0)->sent);
  peer_wait_until (server, peer_stream (theirs, 0)->closed);

  g_assert_true (peer_do (theirs, peer_job_write, &back));
  g_assert_cmpint (back.id, ==, 3);
  peer_wait_until (client, peer_stream (ours, 3)->closed);
  g_assert_true (has_text (ours, 3, "world"));
  peer_wait_until (server, peer_stream (theirs, 3)->closed);
}

static void
test_exchange_v4 (void)
{
  exchange (0);
}

static void
test_exchange_v6 (void)
{
  exchange (1);
}

/* -- Ciphers */

static void
job_get_cipher (PeerConnection *connection, gpointer user_data)
{
  *(gnutls_cipher_algorithm_t *) user_data =
      gnutls_cipher_get (((EcQuicConnection *) connection->transport)->tls->session);
}

/* AES-128-GCM whenever the client has it, in whichever order it offers; and else what it has. */
static void
test_ciphers (void)
{
  static const struct {
    const char *offered;
    gnutls_cipher_algorithm_t expected;
  } clients[] = {
    { NULL, GNUTLS_CIPHER_AES_128_GCM },
    { "+CHACHA20-POLY1305:+AES-256-GCM:+AES-128-GCM", GNUTLS_CIPHER_AES_128_GCM },
    { "+CHACHA20-POLY1305", GNUTLS_CIPHER_CHACHA20_POLY1305 },
    { "+AES-256-GCM", GNUTLS_CIPHER_AES_256_GCM },
  };
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;

  server->echo = TRUE;
  peer_listen (server, NULL);
  verify = peer_verify (server);
  address = peer_address (server, 0);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };
    gnutls_cipher_algorithm_t of_ours = GNUTLS_CIPHER_UNKNOWN, of_theirs = GNUTLS_CIPHER_UNKNOWN;
    PeerConnection *ours;

    g_atomic_pointer_set (&offered, clients[i].offered);
    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    ours = peer_wait (client, i);
    g_assert_true (ours->established);
    g_assert_true (peer_do (ours, job_get_cipher, &of_ours));
    g_assert_true (peer_do (peer_wait (server, i), job_get_cipher, &of_theirs));
    g_assert_cmpstr (gnutls_cipher_get_name (of_ours), ==,
                     gnutls_cipher_get_name (clients[i].expected));
    g_assert_cmpint (of_theirs, ==, clients[i].expected);
    g_assert_true (peer_do (ours, peer_job_write, &write));
    peer_wait_until (client, peer_stream (ours, write.id)->closed);
    g_assert_true (has_text (ours, write.id, "hello"));
  }
  g_atomic_pointer_set (&offered, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/basic/exchange-v4", test_exchange_v4);
  g_test_add_func ("/quic/basic/exchange-v6", test_exchange_v6);
  g_test_add_func ("/quic/basic/ciphers", test_ciphers);
  return g_test_run ();
}
