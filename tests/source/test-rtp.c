/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "fake-server.h"
#include "source/ec-rtp.h"

typedef struct {
  GArray *indices; /* of guint32, in the order of delivery */
  GArray *lost;    /* of guint32: those that followed a loss */
} Sink;

static void
on_payload (gpointer user_data, const guint8 *payload, gsize size, gboolean lost)
{
  Sink *sink = user_data;
  guint32 index;

  g_assert_cmpuint (size, ==, 188);
  index = (guint32) payload[4] << 24 | (guint32) payload[5] << 16 | payload[6] << 8 | payload[7];
  g_array_append_val (sink->indices, index);
  if (lost)
    g_array_append_val (sink->lost, index);
}

static void
sink_init (Sink *sink)
{
  sink->indices = g_array_new (FALSE, FALSE, sizeof (guint32));
  sink->lost = g_array_new (FALSE, FALSE, sizeof (guint32));
}

static void
sink_clear (Sink *sink)
{
  g_array_unref (sink->indices);
  g_array_unref (sink->lost);
}

static gsize
make (guint8 *out, guint16 sequence, guint32 ssrc, guint32 index)
{
  guint8 head[12] = { 0x80, 33, sequence >> 8, (guint8) sequence, 0,         0,
                      0,    0,  ssrc >> 24,    ssrc >> 16,        ssrc >> 8, (guint8) ssrc };

  memcpy (out, head, 12);
  fake_ts_packet (out + 12, 0x100, index);
  return 200;
}

static void
push (EcRtp *rtp, guint16 sequence, guint32 ssrc, guint32 index)
{
  guint8 datagram[200];

  g_assert_true (ec_rtp_push (rtp, datagram, make (datagram, sequence, ssrc, index)));
}

static void
assert_sink (Sink *sink, const guint32 *indices, guint n, const guint32 *lost, guint n_lost)
{
  g_assert_cmpmem (sink->indices->data, sink->indices->len * 4, indices, n * 4);
  g_assert_cmpmem (sink->lost->data, sink->lost->len * 4, lost, n_lost * 4);
}

#define ASSERT_SINK(sink, indices, lost)                                                           \
  assert_sink (sink, indices, G_N_ELEMENTS (indices), lost, G_N_ELEMENTS (lost))

static void
test_order (void)
{
  g_autoptr (EcRtp) rtp = NULL;
  const guint32 expected[] = { 0, 1, 2, 3, 4 };
  Sink sink;

  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  /* Across the wrap of the sequence number; 2 is overtaken by 3; 1 comes twice. */
  push (rtp, 65534, 7, 0);
  push (rtp, 65535, 7, 1);
  push (rtp, 65535, 7, 1);
  push (rtp, 1, 7, 3);
  g_assert_true (ec_rtp_is_waiting (rtp));
  push (rtp, 0, 7, 2);
  g_assert_false (ec_rtp_is_waiting (rtp));
  push (rtp, 2, 7, 4);
  assert_sink (&sink, expected, 5, NULL, 0);
  sink_clear (&sink);
}

static void
test_loss (void)
{
  g_autoptr (EcRtp) rtp = NULL;
  const guint32 expected[] = { 0, 2, 3 };
  const guint32 lost[] = { 2 };
  Sink sink;

  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  push (rtp, 10, 7, 0);
  push (rtp, 12, 7, 2);
  push (rtp, 13, 7, 3);
  g_assert_cmpuint (sink.indices->len, ==, 1);
  ec_rtp_flush (rtp);
  ASSERT_SINK (&sink, expected, lost);
  /* What was given up is not delivered late. */
  push (rtp, 11, 7, 1);
  ASSERT_SINK (&sink, expected, lost);
  sink_clear (&sink);
}

static void
test_window (void)
{
  g_autoptr (EcRtp) rtp = NULL;
  Sink sink;

  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  push (rtp, 0, 7, 0);
  for (guint i = 2; i < 2 + EC_RTP_WINDOW; i++)
    push (rtp, (guint16) i, 7, i);
  /* One more than may wait: the missing one was given up. */
  g_assert_cmpuint (sink.indices->len, ==, 1 + EC_RTP_WINDOW);
  g_assert_cmpuint (sink.lost->len, ==, 1);
  g_assert_cmpuint (g_array_index (sink.lost, guint32, 0), ==, 2);
  sink_clear (&sink);
}

static void
test_restart (void)
{
  g_autoptr (EcRtp) rtp = NULL;
  const guint32 expected[] = { 0, 1, 2, 3 };
  const guint32 lost[] = { 1, 2, 3 };
  Sink sink;

  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  push (rtp, 10, 7, 0);
  push (rtp, 5000, 7, 1); /* a long way */
  push (rtp, 5001, 8, 2); /* another sender */
  push (rtp, 5101, 8, 3); /* beyond the window with nothing waiting */
  ASSERT_SINK (&sink, expected, lost);
  sink_clear (&sink);
}

static void
test_header (void)
{
  guint8 datagram[300] = { 0 };
  g_autoptr (EcRtp) rtp = NULL;
  const guint32 expected[] = { 42 };
  Sink sink;

  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  /* Two CSRCs, an extension of one word, three bytes of padding. */
  datagram[0] = 0x80 | 0x20 | 0x10 | 2;
  datagram[1] = 0x80 | 33;
  datagram[12 + 8 + 3] = 1;
  fake_ts_packet (datagram + 28, 0x100, 42);
  datagram[28 + 188 + 2] = 3;
  g_assert_true (ec_rtp_recognise (datagram, 28 + 188 + 3));
  g_assert_true (ec_rtp_push (rtp, datagram, 28 + 188 + 3));
  assert_sink (&sink, expected, 1, NULL, 0);

  /* Every truncated prefix is refused or holds less, and never crashes. */
  for (gsize size = 0; size < 28 + 188; size++) {
    g_autofree guint8 *copy = g_memdup2 (datagram, size);

    g_assert_false (ec_rtp_recognise (copy, size) && size < 28);
  }
  datagram[28 + 188 + 2] = 250;
  g_assert_false (ec_rtp_push (rtp, datagram, 28 + 188 + 3));
  datagram[0] = 0x47;
  g_assert_false (ec_rtp_push (rtp, datagram, 28 + 188 + 3));
  sink_clear (&sink);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Sink sink;
  EcRtp *rtp;
  guint16 sequence = 0;

  /* Whatever comes, indices never go back. */
  sink_init (&sink);
  rtp = ec_rtp_new (on_payload, &sink);
  for (guint i = 0; i < 20000; i++) {
    guint16 step = (guint16) g_rand_int_range (rand, 0, 12);

    push (rtp, (guint16) (sequence + step), 7, i);
    if (step < 3)
      sequence++;
  }
  ec_rtp_free (rtp);
  g_assert_cmpuint (sink.indices->len, >, 1000);
  sink_clear (&sink);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/source/rtp/order", test_order);
  g_test_add_func ("/source/rtp/loss", test_loss);
  g_test_add_func ("/source/rtp/window", test_window);
  g_test_add_func ("/source/rtp/restart", test_restart);
  g_test_add_func ("/source/rtp/header", test_header);
  g_test_add_func ("/source/rtp/random", test_random);
  return g_test_run ();
}
