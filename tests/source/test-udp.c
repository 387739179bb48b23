/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "ec-source-uri.h"
#include "fake-server.h"

#define PER_DATAGRAM 7

typedef struct {
  GSocket *socket;
  GSocketAddress *to;
} Sender;

static void
sender_init (Sender *sender, const char *address, guint port)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  sender->to = g_inet_socket_address_new (inet, (guint16) port);
  sender->socket = g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_DATAGRAM,
                                 G_SOCKET_PROTOCOL_UDP, NULL);
}

static void
sender_clear (Sender *sender)
{
  g_clear_object (&sender->socket);
  g_clear_object (&sender->to);
}

/* Datagram `n` holds packets 7n to 7n + 6. */
static void
send_plain (Sender *sender, guint n)
{
  guint8 datagram[PER_DATAGRAM * 188];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < PER_DATAGRAM; i++)
    fake_ts_packet (datagram + 188 * i, 0x100, n * PER_DATAGRAM + i);
  g_socket_send_to (sender->socket, sender->to, (char *) datagram, sizeof datagram, NULL, &error);
  g_assert_no_error (error);
}

static void
send_rtp (Sender *sender, guint n)
{
  guint8 datagram[12 + PER_DATAGRAM * 188] = { 0x80, 33, n >> 8, (guint8) n };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < PER_DATAGRAM; i++)
    fake_ts_packet (datagram + 12 + 188 * i, 0x100, n * PER_DATAGRAM + i);
  g_socket_send_to (sender->socket, sender->to, (char *) datagram, sizeof datagram, NULL, &error);
  g_assert_no_error (error);
}

/* A port that was free a moment ago. */
static guint
free_port (GSocketFamily family)
{
  g_autoptr (GSocket) socket =
      g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GInetAddress) any = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert_true (g_socket_bind (socket, address, FALSE, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

static EcSource *
open_source (const char *format, guint port)
{
  g_autoptr (GString) uri = g_string_new (format);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autoptr (GError) error = NULL;
  EcSource *source;

  g_string_replace (uri, "PORT", number, 1);
  source = ec_source_new_for_uri (uri->str, &error);
  g_assert_no_error (error);
  ec_source_open (source, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ec_source_get_live (source));
  return source;
}

static guint32
packet_index (const guint8 *packet)
{
  return (guint32) packet[4] << 24 | (guint32) packet[5] << 16 | packet[6] << 8 | packet[7];
}

/* Reads `n` packets and notes their indices, and which of them followed a loss. */
static void
read_packets (EcSource *source, guint n, GArray *indices, GArray *lost)
{
  while (indices->len < n) {
    g_autoptr (GError) error = NULL;
    gboolean discontinuity;
    g_autoptr (GBytes) bytes = ec_source_read (source, &discontinuity, NULL, &error);
    gsize size;
    const guint8 *data;

    g_assert_no_error (error);
    data = g_bytes_get_data (bytes, &size);
    g_assert_cmpuint (size % 188, ==, 0);
    for (gsize at = 0; at < size; at += 188) {
      guint32 index = packet_index (data + at);

      g_assert_cmpuint (data[at], ==, 0x47);
      g_array_append_val (indices, index);
      if (at == 0 && discontinuity)
        g_array_append_val (lost, index);
    }
  }
}

static void
assert_stream (EcSource *source, guint n, guint n_lost, guint32 first_lost, guint missing)
{
  g_autoptr (GArray) indices = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GArray) lost = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 expected = 0;

  read_packets (source, n, indices, lost);
  g_assert_cmpuint (indices->len, ==, n);
  g_assert_cmpuint (lost->len, ==, n_lost);
  if (n_lost)
    g_assert_cmpuint (g_array_index (lost, guint32, 0), ==, first_lost);
  for (guint i = 0; i < n; i++, expected++) {
    if (n_lost && expected == first_lost - missing)
      expected = first_lost;
    g_assert_cmpuint (g_array_index (indices, guint32, i), ==, expected);
  }
}

static void
test_unicast (gconstpointer data)
{
  const char *const *spec = data; /* URI, address to send to */
  gboolean v6 = strchr (spec[1], ':') != NULL;
  guint port = free_port (v6 ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4);
  g_autoptr (EcSource) source = open_source (spec[0], port);
  Sender sender;

  sender_init (&sender, spec[1], port);
  for (guint n = 0; n < 60; n++)
    send_plain (&sender, n);
  assert_stream (source, 60 * PER_DATAGRAM, 0, 0, 0);
  sender_clear (&sender);
}

static void
test_multicast (void)
{
  guint port = free_port (G_SOCKET_FAMILY_IPV4);
  g_autofree char *uri = g_strdup_printf ("udp://@239.255.77.1:%u?iface=lo", port);
  g_autoptr (EcSource) source = ec_source_new_for_uri (uri, NULL);
  g_autoptr (EcSource) second = ec_source_new_for_uri (uri, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) from = g_inet_socket_address_new (loopback, 0);
  Sender sender;

  if (!ec_source_open (source, NULL, &error)) {
    g_test_skip (error->message);
    return;
  }
  /* A group has room for two readers. */
  g_assert_true (ec_source_open (second, NULL, NULL));

  sender_init (&sender, "239.255.77.1", port);
  g_assert_true (g_socket_bind (sender.socket, from, FALSE, NULL));
  g_socket_set_multicast_loopback (sender.socket, TRUE);
  for (guint n = 0; n < 20; n++) {
    guint8 datagram[PER_DATAGRAM * 188];

    for (guint i = 0; i < PER_DATAGRAM; i++)
      fake_ts_packet (datagram + 188 * i, 0x100, n * PER_DATAGRAM + i);
    if (g_socket_send_to (sender.socket, sender.to, (char *) datagram, sizeof datagram, NULL,
                          &error) < 0) {
      g_test_skip (error->message);
      sender_clear (&sender);
      return;
    }
  }
  assert_stream (source, 20 * PER_DATAGRAM, 0, 0, 0);
  assert_stream (second, 20 * PER_DATAGRAM, 0, 0, 0);
  sender_clear (&sender);
}

static void
test_rtp (gconstpointer uri)
{
  guint port = free_port (G_SOCKET_FAMILY_IPV4);
  g_autoptr (EcSource) source = open_source (uri, port);
  static const guint order[] = { 0, 1, 3, 2, 4, 4, 6, 7, 8 };
  Sender sender;

  /* 3 overtakes 2, 4 comes twice, 5 is lost: it is waited for, but not for long. */
  sender_init (&sender, "127.0.0.1", port);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    send_rtp (&sender, order[i]);
  assert_stream (source, 8 * PER_DATAGRAM, 1, 6 * PER_DATAGRAM, PER_DATAGRAM);
  sender_clear (&sender);
}

static void
test_in_use (void)
{
  guint port = free_port (G_SOCKET_FAMILY_IPV4);
  g_autoptr (EcSource) source = open_source ("udp://127.0.0.1:PORT", port);
  g_autofree char *uri = g_strdup_printf ("udp://127.0.0.1:%u", port);
  static const char *const bad[] = { "udp://192.0.2.200:5000", "udp://@:5000?iface=nope0",
                                     "udp://nobody@239.1.1.1:5000?iface=lo" };
  g_autoptr (EcSource) second = ec_source_new_for_uri (uri, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (ec_source_open (second, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED);
  g_test_message ("%s", error->message);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (EcSource) other = ec_source_new_for_uri (bad[i], NULL);
    g_autoptr (GError) bad_error = NULL;

    g_assert_false (ec_source_open (other, NULL, &bad_error));
    g_assert_cmpint (bad_error->domain, ==, EC_SOURCE_ERROR);
    g_test_message ("%s", bad_error->message);
  }
}

static void
test_foreign (void)
{
  guint port = free_port (G_SOCKET_FAMILY_IPV4);
  g_autoptr (EcSource) source = open_source ("udp://127.0.0.1:PORT", port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  Sender sender;

  sender_init (&sender, "127.0.0.1", port);
  for (guint n = 0; n < 200; n++)
    g_socket_send_to (sender.socket, sender.to, "not television", 14, NULL, NULL);
  bytes = ec_source_read (source, NULL, NULL, &error);
  g_assert_null (bytes);
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_FAILED);
  sender_clear (&sender);
}

static void
on_state (EcSource *source, GParamSpec *pspec, guint *seen)
{
  *seen |= 1u << ec_source_get_state (source);
}

static void
test_silence (void)
{
  guint port = free_port (G_SOCKET_FAMILY_IPV4);
  g_autoptr (EcSource) source = open_source ("udp://127.0.0.1:PORT", port);
  guint seen = 0;
  g_autoptr (GError) error = NULL;

  ec_source_set_stall_timeout (source, 200);
  ec_source_close (source);
  g_clear_object (&source);

  source = ec_source_new_for_uri ("udp://127.0.0.1:0", &error);
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI);
  g_clear_error (&error);

  port = free_port (G_SOCKET_FAMILY_IPV4);
  {
    g_autofree char *uri = g_strdup_printf ("udp://127.0.0.1:%u", port);
    Sender sender;

    source = ec_source_new_for_uri (uri, &error);
    ec_source_set_stall_timeout (source, 200);
    g_signal_connect (source, "notify::state", G_CALLBACK (on_state), &seen);
    g_assert_true (ec_source_open (source, NULL, &error));
    while (!(seen & 1u << EC_SOURCE_STATE_RECONNECTING))
      g_main_context_iteration (NULL, TRUE);
    g_assert_true (seen & 1u << EC_SOURCE_STATE_STALLED);
    error = ec_source_dup_error (source);
    g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_STALLED);

    /* It comes back by itself. */
    while (ec_source_get_state (source) != EC_SOURCE_STATE_STREAMING)
      g_main_context_iteration (NULL, TRUE);
    sender_init (&sender, "127.0.0.1", port);
    send_plain (&sender, 0);
    assert_stream (source, PER_DATAGRAM, 1, 0, 0);
    sender_clear (&sender);
  }
}

int
main (int argc, char **argv)
{
  static const char *const v4[] = { "udp://127.0.0.1:PORT", "127.0.0.1" };
  static const char *const any[] = { "udp://@:PORT", "127.0.0.1" };
  static const char *const zero[] = { "udp://0.0.0.0:PORT", "127.0.0.1" };
  static const char *const v6[] = { "udp://[::1]:PORT", "::1" };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/udp/unicast/v4", v4, test_unicast);
  g_test_add_data_func ("/udp/unicast/any", any, test_unicast);
  g_test_add_data_func ("/udp/unicast/zero", zero, test_unicast);
  g_test_add_data_func ("/udp/unicast/v6", v6, test_unicast);
  g_test_add_func ("/udp/multicast", test_multicast);
  g_test_add_data_func ("/udp/rtp/insisted", "rtp://127.0.0.1:PORT", test_rtp);
  g_test_add_data_func ("/udp/rtp/recognised", "udp://127.0.0.1:PORT", test_rtp);
  g_test_add_func ("/udp/in-use", test_in_use);
  g_test_add_func ("/udp/foreign", test_foreign);
  g_test_add_func ("/udp/silence", test_silence);
  return g_test_run ();
}
