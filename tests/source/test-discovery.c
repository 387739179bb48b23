/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fake-device.h"
#include "source/ec-hdhr-packet.h"
#include "source/ec-hdhr-scan.h"

/* CRC-32 as zlib computes it. */
static guint32
zlib_crc (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++) {
    crc ^= data[i];
    for (guint bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
  }
  return ~crc;
}

static void
append_tag (GByteArray *payload, guint8 tag, gconstpointer value, gsize size)
{
  guint8 head[3] = { tag, (guint8) size };
  guint n = 2;

  if (size > 127) {
    head[1] = (guint8) ((size & 0x7f) | 0x80);
    head[2] = (guint8) (size >> 7);
    n = 3;
  }
  g_byte_array_append (payload, head, n);
  g_byte_array_append (payload, value, (guint) size);
}

static GBytes *
seal (guint16 type, GByteArray *payload)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 head[4] = { type >> 8, (guint8) type, (guint8) (payload->len >> 8),
                     (guint8) payload->len };
  guint8 tail[4];
  guint32 crc;

  g_byte_array_append (frame, head, 4);
  g_byte_array_append (frame, payload->data, payload->len);
  crc = zlib_crc (frame->data, frame->len);
  for (guint i = 0; i < 4; i++)
    tail[i] = (guint8) (crc >> (8 * i));
  g_byte_array_append (frame, tail, 4);
  return g_byte_array_free_to_bytes (frame);
}

/* url NULL: as an old device answers. */
static GBytes *
make_reply (guint32 id, const char *url, gboolean multi_type)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  guint8 id_bytes[4] = { id >> 24, id >> 16, id >> 8, (guint8) id };
  const guint8 tuner[4] = { 0, 0, 0, 1 };
  const guint8 types[8] = { 0, 0, 0, 5, 0, 0, 0, 1 };
  const guint8 count = 4;
  char unknown[300];

  memset (unknown, 'x', sizeof unknown);
  append_tag (payload, 0x77, unknown, sizeof unknown);
  if (multi_type)
    append_tag (payload, 0x2d, types, 8);
  else
    append_tag (payload, 0x01, tuner, 4);
  append_tag (payload, 0x02, id_bytes, 4);
  append_tag (payload, 0x10, &count, 1);
  append_tag (payload, 0x2b, "sEcReT", 6);
  if (url)
    append_tag (payload, 0x2a, url, strlen (url));
  return seal (3, payload);
}

static gboolean
parse (GBytes *bytes, EcHdhrReply *reply)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return ec_hdhr_packet_parse_reply (data, size, reply);
}

static void
test_request (void)
{
  static const guint8 expected[] = { 0x00, 0x02, 0x00, 0x0c, 0x01, 0x04, 0x00, 0x00,
                                     0x00, 0x01, 0x02, 0x04, 0xff, 0xff, 0xff, 0xff };
  g_autoptr (GBytes) request = ec_hdhr_packet_make_request (EC_HDHR_ANY_ID);
  gsize size;
  const guint8 *data = g_bytes_get_data (request, &size);
  guint32 crc = zlib_crc (data, size - 4);

  g_assert_cmpmem (data, size - 4, expected, sizeof expected);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (data[size - 4 + i], ==, crc >> (8 * i) & 0xff);
}

static void
test_reply (void)
{
  g_autoptr (GBytes) reply_bytes = make_reply (0x10A12347, "http://10.0.0.5:80", FALSE);
  g_autoptr (GBytes) multi = make_reply (0x10A12347, NULL, TRUE);
  g_autoptr (GBytes) invalid = make_reply (0x10A12345, NULL, FALSE);
  g_autoptr (GBytes) bad_url = make_reply (0x10A12347, "file:///etc/passwd", FALSE);
  g_autoptr (GByteArray) empty = g_byte_array_new ();
  g_autoptr (GBytes) empty_bytes = seal (3, empty);
  g_autoptr (GBytes) request = ec_hdhr_packet_make_request (0x10A12347);
  EcHdhrReply reply;
  gsize size;
  const guint8 *data = g_bytes_get_data (reply_bytes, &size);

  g_assert_true (parse (reply_bytes, &reply));
  g_assert_cmphex (reply.id, ==, 0x10A12347);
  g_assert_cmpuint (reply.tuner_count, ==, 4);
  g_assert_cmpstr (reply.base_url, ==, "http://10.0.0.5:80");
  ec_hdhr_reply_clear (&reply);

  g_assert_true (parse (multi, &reply));
  g_assert_null (reply.base_url);
  ec_hdhr_reply_clear (&reply);
  g_assert_true (parse (bad_url, &reply));
  g_assert_null (reply.base_url);
  ec_hdhr_reply_clear (&reply);

  g_assert_false (parse (invalid, &reply));
  g_assert_false (parse (empty_bytes, &reply));
  g_assert_false (parse (request, &reply));

  /* Every truncated prefix, every flipped bit, and too much of it. */
  for (gsize n = 0; n < size; n++) {
    g_autofree guint8 *prefix = g_memdup2 (data, n);

    g_assert_false (ec_hdhr_packet_parse_reply (prefix, n, &reply));
  }
  for (gsize bit = 0; bit < size * 8; bit++) {
    g_autofree guint8 *copy = g_memdup2 (data, size);

    copy[bit / 8] ^= (guint8) (1 << bit % 8);
    if (ec_hdhr_packet_parse_reply (copy, size, &reply))
      ec_hdhr_reply_clear (&reply);
  }
  {
    g_autofree guint8 *huge = g_malloc0 (4000);

    g_assert_false (ec_hdhr_packet_parse_reply (huge, 4000, &reply));
  }
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  /* Well-sealed nonsense. */
  for (guint i = 0; i < 20000; i++) {
    g_autoptr (GByteArray) payload = g_byte_array_new ();
    g_autoptr (GBytes) bytes = NULL;
    guint n = (guint) g_rand_int_range (rand, 0, 60);
    EcHdhrReply reply;

    for (guint j = 0; j < n; j++) {
      guint8 byte = (guint8) (g_rand_boolean (rand) ? g_rand_int_range (rand, 0, 256)
                                                    : g_rand_int_range (rand, 0, 5));

      g_byte_array_append (payload, &byte, 1);
    }
    bytes = seal (3, payload);
    if (parse (bytes, &reply))
      ec_hdhr_reply_clear (&reply);
  }
}

/* --- On the wire ------------------------------------------------------------------------- */

/* Answers discovery requests on 127.0.0.1. */
typedef struct {
  GSocket *socket;
  GThread *thread;
  GCancellable *cancellable;
  GPtrArray *replies; /* of GBytes */
  guint port;
  guint n_requests;
} Responder;

static gpointer
respond (gpointer user_data)
{
  Responder *responder = user_data;

  for (;;) {
    g_autoptr (GSocketAddress) sender = NULL;
    char request[1500];
    gssize n = g_socket_receive_from (responder->socket, &sender, request, sizeof request,
                                      responder->cancellable, NULL);

    if (n < 0)
      return NULL;
    g_assert_cmpint (n, ==, 20);
    responder->n_requests++;
    for (guint i = 0; i < responder->replies->len; i++) {
      gsize size;
      const char *data = g_bytes_get_data (responder->replies->pdata[i], &size);

      g_socket_send_to (responder->socket, sender, data, size, NULL, NULL);
    }
  }
}

static Responder *
responder_new (void)
{
  Responder *responder = g_new0 (Responder, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  responder->cancellable = g_cancellable_new ();
  responder->replies = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  responder->socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_assert_true (g_socket_bind (responder->socket, any, FALSE, NULL));
  bound = g_socket_get_local_address (responder->socket, NULL);
  responder->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return responder;
}

static void
responder_start (Responder *responder)
{
  responder->thread = g_thread_new ("responder", respond, responder);
}

static void
responder_free (Responder *responder)
{
  g_cancellable_cancel (responder->cancellable);
  g_thread_join (responder->thread);
  g_object_unref (responder->socket);
  g_object_unref (responder->cancellable);
  g_ptr_array_unref (responder->replies);
  g_free (responder);
}

static void
test_scan (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autofree char *host = fake_device_host (fake);
  g_autofree char *url = g_strconcat ("http://", host, NULL);
  Responder *responder = responder_new ();
  const char *hosts[] = { "127.0.0.1", NULL };
  EcHdhrScanOptions options = { .hosts = hosts,
                                .details = TRUE,
                                .id = EC_HDHR_ANY_ID,
                                .port = (guint16) responder->port,
                                .timeout_ms = 1000 };
  g_autoptr (EcHdhrScan) scan = NULL;
  EcHdhrSighting *sighting;
  guint n = 0, n_details = 0;

  /* Rubbish, a wrong id, and then the device twice. */
  g_ptr_array_add (responder->replies, g_bytes_new_static ("hello", 5));
  g_ptr_array_add (responder->replies, make_reply (0x10A12345, url, FALSE));
  g_ptr_array_add (responder->replies, make_reply (0x10A12347, url, FALSE));
  g_ptr_array_add (responder->replies, make_reply (0x10A12347, url, FALSE));
  responder_start (responder);

  scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  while ((sighting = ec_hdhr_scan_wait (scan, NULL))) {
    g_assert_no_error (sighting->error);
    g_assert_cmpstr (sighting->device_id, ==, "10A12347");
    g_assert_cmpstr (sighting->base_url, ==, url);
    g_assert_cmpstr (sighting->host, ==, "127.0.0.1");
    n++;
    if (sighting->details) {
      n_details++;
      g_assert_cmpuint (sighting->details->channels->len, ==, 5);
    }
    ec_hdhr_sighting_free (sighting);
  }
  g_assert_true (ec_hdhr_scan_is_done (scan));
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (n_details, ==, 1);
  responder_free (responder);
  fake_device_free (fake);
}

static void
test_rounds (void)
{
  Responder *responder = responder_new ();
  const char *hosts[] = { "127.0.0.1", "127.0.0.1:1", NULL };
  EcHdhrScanOptions options = {
    .hosts = hosts, .id = 0x10A12347, .port = (guint16) responder->port, .timeout_ms = 700
  };
  g_autoptr (EcHdhrScan) scan = NULL;
  EcHdhrSighting *sighting;
  guint n_errors = 0;

  /* A silent network: two rounds, then HTTP, then sentences. An answer of another id is none. */
  g_ptr_array_add (responder->replies, make_reply (0x10000001, NULL, FALSE));
  responder_start (responder);
  scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  while ((sighting = ec_hdhr_scan_wait (scan, NULL))) {
    g_assert_nonnull (sighting->error);
    g_test_message ("%s", sighting->error->message);
    n_errors++;
    ec_hdhr_sighting_free (sighting);
  }
  g_assert_cmpuint (n_errors, ==, 2);
  responder_free (responder);
}

static void
test_old_device (void)
{
  Responder *responder = responder_new ();
  const char *hosts[] = { "127.0.0.1", NULL };
  EcHdhrScanOptions options = {
    .hosts = hosts, .id = EC_HDHR_ANY_ID, .port = (guint16) responder->port, .timeout_ms = 700
  };
  g_autoptr (EcHdhrScan) scan = NULL;
  g_autoptr (EcHdhrSighting) sighting = NULL;

  g_ptr_array_add (responder->replies, make_reply (0x10A12347, NULL, FALSE));
  responder_start (responder);
  scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  sighting = ec_hdhr_scan_wait (scan, NULL);
  g_assert_nonnull (sighting);
  g_assert_cmpstr (sighting->base_url, ==, "http://127.0.0.1");
  responder_free (responder);
}

static void
test_broadcast (void)
{
  EcHdhrScanOptions options = {
    .broadcast = TRUE, .id = EC_HDHR_ANY_ID, .port = 9, .timeout_ms = 450
  };
  g_autoptr (EcHdhrScan) scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  gint64 start = g_get_monotonic_time ();

  /* Nobody answers at the discard port: it ends in time, whatever interfaces there are. */
  g_assert_null (ec_hdhr_scan_wait (scan, NULL));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
}

/* “Everyone” are the devices on this computer, too. */
static void
test_loopback (void)
{
  Responder *responder = responder_new ();
  EcHdhrScanOptions options = {
    .broadcast = TRUE, .id = EC_HDHR_ANY_ID, .port = (guint16) responder->port, .timeout_ms = 1000
  };
  g_autoptr (EcHdhrScan) scan = NULL;
  EcHdhrSighting *sighting;

  g_ptr_array_add (responder->replies, make_reply (0x10A12347, NULL, FALSE));
  responder_start (responder);
  scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  sighting = ec_hdhr_scan_wait (scan, NULL);
  g_assert_nonnull (sighting);
  g_assert_cmpstr (sighting->device_id, ==, "10A12347");
  g_assert_null (sighting->host);
  ec_hdhr_sighting_free (sighting);
  g_assert_null (ec_hdhr_scan_wait (scan, NULL));
  responder_free (responder);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("EC_DEVICES");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/discovery/request", test_request);
  g_test_add_func ("/discovery/reply", test_reply);
  g_test_add_func ("/discovery/random", test_random);
  g_test_add_func ("/discovery/scan", test_scan);
  g_test_add_func ("/discovery/rounds", test_rounds);
  g_test_add_func ("/discovery/old-device", test_old_device);
  g_test_add_func ("/discovery/broadcast", test_broadcast);
  g_test_add_func ("/discovery/loopback", test_loopback);
  return g_test_run ();
}
