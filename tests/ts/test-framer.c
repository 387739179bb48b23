/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §1.1: every case whole, byte by byte, and cut in two at every place. */
#include "ts/ec-ts-framer.h"

#include <string.h>

/* What the framer told: the numbers that packets carry, and L where bytes were lost. */
typedef struct {
  GString *text;
  guint64 n_packets;
} Heard;

static void
on_packets (gpointer user_data, const guint8 *packets, gsize n, gsize stride)
{
  Heard *heard = user_data;

  g_assert_cmpuint (n, >, 0);
  for (gsize i = 0; i < n; i++) {
    const guint8 *packet = packets + i * stride;

    g_assert_cmphex (packet[0], ==, EC_TS_SYNC_BYTE);
    /* Both ends, so that a sanitizer sees a packet that is not all there. */
    g_string_append_printf (heard->text, " %u", packet[1] ^ packet[EC_TS_PACKET_SIZE - 1]);
    heard->n_packets++;
  }
}

static void
on_lost (gpointer user_data)
{
  Heard *heard = user_data;

  g_string_append (heard->text, " L");
}

static const EcTsFramerEvents events = { on_packets, on_lost };

/* Packets first … last, each with `before` bytes in front and filled up to `stride`. */
static void
append_packets (GByteArray *stream, guint first, guint last, gsize stride, gsize before)
{
  for (guint i = first; i <= last; i++) {
    guint8 bytes[EC_TS_MAX_STRIDE] = { 0 };

    bytes[before] = EC_TS_SYNC_BYTE;
    bytes[before + 1] = (guint8) i;
    g_byte_array_append (stream, bytes, (guint) stride);
  }
}

static void
append_bytes (GByteArray *stream, guint8 byte, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_byte_array_append (stream, &byte, 1);
}

static void
push (EcTsFramer *framer, const guint8 *data, gsize size)
{
  g_autofree guint8 *block = g_memdup2 (data, size);

  ec_ts_framer_push (framer, block, size);
}

/* Pieces of these sizes, the last one again and again. */
static void
check_pieces (const GByteArray *stream,
              const gsize *sizes,
              guint n_sizes,
              const char *want,
              guint64 n_skipped)
{
  g_autoptr (GString) text = g_string_new (NULL);
  Heard heard = { .text = text };
  EcTsFramer framer;
  guint piece = 0;

  ec_ts_framer_init (&framer, &events, &heard);
  for (gsize done = 0; done < stream->len;) {
    gsize n = MIN (sizes[MIN (piece, n_sizes - 1)], stream->len - done);

    push (&framer, stream->data + done, n);
    done += n;
    piece++;
  }
  ec_ts_framer_finish (&framer);
  g_assert_cmpstr (text->str, ==, want);
  g_assert_cmpuint (framer.n_packets, ==, heard.n_packets);
  if (n_skipped != G_MAXUINT64)
    g_assert_cmpuint (framer.n_skipped, ==, n_skipped);
}

static void
check (const GByteArray *stream, const char *want, guint64 n_skipped)
{
  const gsize one = 1, whole = G_MAXSIZE;

  check_pieces (stream, &whole, 1, want, n_skipped);
  check_pieces (stream, &one, 1, want, n_skipped);
  for (gsize cut = 1; cut < stream->len; cut++) {
    const gsize two[] = { cut, G_MAXSIZE };

    check_pieces (stream, two, G_N_ELEMENTS (two), want, n_skipped);
  }
}

static void
test_strides (void)
{
  static const struct {
    gsize stride, before;
  } cases[] = { { 188, 0 }, { 192, 4 }, { 204, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) stream = g_byte_array_new ();

    append_packets (stream, 1, 8, cases[i].stride, cases[i].before);
    check (stream, " 1 2 3 4 5 6 7 8", cases[i].before);
  }
}

/* At one offset the strides are tried in their order; a smaller offset goes before a smaller stride. */
static void
test_order_of_strides (void)
{
  static const gsize strides[] = { 188, 192, 204 };
  g_autoptr (GByteArray) all = g_byte_array_new ();
  EcTsFramer framer;
  g_autoptr (GString) text = g_string_new (NULL);
  Heard heard = { .text = text };

  append_bytes (all, 0, 4 * 204 + 1 + 188);
  for (guint i = 0; i < 5; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (strides); j++)
      all->data[i * strides[j]] = EC_TS_SYNC_BYTE;
  }
  for (guint j = 0; j < G_N_ELEMENTS (strides); j++) {
    ec_ts_framer_init (&framer, &events, &heard);
    ec_ts_framer_push (&framer, all->data, 4 * 204 + 1);
    g_assert_cmpuint (framer.stride, ==, strides[j]);
    all->data[2 * strides[j]] = 0;
  }

  /* 204 from offset 2 on, 188 from offset 5 on. */
  memset (all->data, 0, all->len);
  for (guint i = 0; i < 5; i++) {
    all->data[2 + i * 204] = EC_TS_SYNC_BYTE;
    all->data[5 + i * 188] = EC_TS_SYNC_BYTE;
  }
  ec_ts_framer_init (&framer, &events, &heard);
  ec_ts_framer_push (&framer, all->data, all->len);
  g_assert_cmpuint (framer.stride, ==, 204);
  g_assert_cmpuint (framer.n_skipped, ==, 2);
}

/* What is in front of the first packet is no loss. */
static void
test_garbage_in_front (void)
{
  static const gsize sizes[] = { 1, 4, 187, 188, 500, 2100 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GByteArray) stream = g_byte_array_new ();

    append_bytes (stream, 0x12, sizes[i]);
    append_packets (stream, 1, 6, 188, 0);
    check (stream, " 1 2 3 4 5 6", sizes[i]);
  }
}

/* Four sync bytes a stride apart are not five. */
static void
test_false_lock (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_packets (stream, 60, 63, 188, 0);
  append_bytes (stream, 0, 100);
  append_packets (stream, 1, 6, 188, 0);
  check (stream, " 1 2 3 4 5 6", 4 * 188 + 100);
}

static void
test_garbage_between (void)
{
  static const gsize sizes[] = { 1, 17, 187, 188, 189, 900, 3000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GByteArray) stream = g_byte_array_new ();

    append_packets (stream, 1, 6, 188, 0);
    append_bytes (stream, 0x48, sizes[i]);
    append_packets (stream, 7, 12, 188, 0);
    check (stream, " 1 2 3 4 5 6 L 7 8 9 10 11 12", sizes[i]);
  }
}

/* Bytes cut out of a packet: it is handed on with what follows it inside, and then sync is lost. */
static void
test_bytes_cut_out (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_packets (stream, 1, 12, 188, 0);
  g_byte_array_remove_range (stream, 5 * 188 + 100, 20);
  check (stream, " 1 2 3 4 5 6 L 8 9 10 11 12", 168);
}

static void
test_bad_sync_byte (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_packets (stream, 1, 12, 188, 0);
  stream->data[5 * 188] = 0x46;
  check (stream, " 1 2 3 4 5 L 7 8 9 10 11 12", 188);
}

/* The stride may be another behind a loss. */
static void
test_other_stride_behind_a_loss (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_packets (stream, 1, 6, 188, 0);
  append_packets (stream, 7, 12, 192, 4);
  append_packets (stream, 13, 18, 204, 0);
  /* The first of the last six began 4 bytes before the place where it is looked for. */
  check (stream, " 1 2 3 4 5 6 L 7 8 9 10 11 12 L 14 15 16 17 18", G_MAXUINT64);
}

/* Every number of packets below a lock, each with an incomplete one behind or not. */
static void
test_short_input (void)
{
  static const struct {
    gsize stride, before;
  } cases[] = { { 188, 0 }, { 192, 4 }, { 204, 0 } };
  static const char *const want[] = { "", " 1", " 1 2", " 1 2 3", " 1 2 3 4" };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    for (guint n = 0; n <= 4; n++) {
      for (gsize more = 0; more < 188; more += 17) {
        g_autoptr (GByteArray) stream = g_byte_array_new ();

        append_packets (stream, 1, n + 1, cases[i].stride, cases[i].before);
        g_byte_array_set_size (stream, (guint) (n * cases[i].stride + cases[i].before + more));
        check (stream, want[n], G_MAXUINT64);
      }
    }
  }
}

/* All of the bytes a stride apart that are inside the input must be sync bytes. */
static void
test_short_input_with_garbage_behind (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  /* 188 and 192 lead to a byte inside that is none, 204 leads past the end from the third only. */
  append_packets (stream, 1, 3, 188, 0);
  append_bytes (stream, 0, 5);
  check (stream, " 3", 2 * 188);

  append_bytes (stream, 0, 11);
  check (stream, " 3", 2 * 188);
  append_bytes (stream, 0, 1);
  check (stream, "", 3 * 188 + 17);
}

/* A lock with all that it needs goes before one with less, though that is in front of it. */
static void
test_lock_behind_a_short_one (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_bytes (stream, 0, 820);
  for (guint i = 0; i < 4; i++)
    stream->data[10 + i * 204] = EC_TS_SYNC_BYTE;
  for (guint i = 0; i < 5; i++)
    stream->data[50 + i * 192] = EC_TS_SYNC_BYTE;
  for (guint i = 0; i < 4; i++) {
    stream->data[10 + i * 204 + 1] = (guint8) (1 + i);
    stream->data[50 + i * 192 + 1] = (guint8) (11 + i);
  }
  check (stream, " 11 12 13 14", G_MAXUINT64);

  stream->data[50 + 4 * 192] = 0;
  check (stream, " 1 2 3 4", G_MAXUINT64);
}

static void
test_short_rest_behind_a_loss (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_packets (stream, 1, 6, 188, 0);
  append_bytes (stream, 0, 10);
  append_packets (stream, 7, 8, 188, 0);
  check (stream, " 1 2 3 4 5 6 L 7 8", 10);
}

static void
test_nothing_but_garbage (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  append_bytes (stream, 0x11, 5000);
  check (stream, "", 5000);
  append_bytes (stream, EC_TS_SYNC_BYTE, 187);
  check (stream, "", 5187);
}

/* The source reports a loss: the packet in progress goes, the lock stays. */
static void
test_discontinuity (void)
{
  for (gsize more = 0; more < 204; more++) {
    g_autoptr (GByteArray) before = g_byte_array_new ();
    g_autoptr (GByteArray) behind = g_byte_array_new ();
    g_autoptr (GString) text = g_string_new (NULL);
    Heard heard = { .text = text };
    EcTsFramer framer;

    append_packets (before, 1, 7, 204, 0);
    append_packets (behind, 8, 8, 204, 0);
    ec_ts_framer_init (&framer, &events, &heard);
    push (&framer, before->data, 6 * 204 + more);
    ec_ts_framer_discontinuity (&framer);
    push (&framer, behind->data, behind->len);
    g_assert_cmpstr (text->str, ==, more < 188 ? " 1 2 3 4 5 6 L 8" : " 1 2 3 4 5 6 7 L 8");
    g_assert_cmpuint (framer.n_sync_losses, ==, 0);
  }
}

static void
test_discontinuity_out_of_step (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  Heard heard = { .text = text };
  EcTsFramer framer;

  append_packets (stream, 1, 12, 188, 0);
  ec_ts_framer_init (&framer, &events, &heard);
  push (&framer, stream->data, 6 * 188);
  ec_ts_framer_discontinuity (&framer);
  push (&framer, stream->data + 6 * 188 + 50, 6 * 188 - 50);
  g_assert_cmpstr (text->str, ==, " 1 2 3 4 5 6 L L 8 9 10 11 12");
  g_assert_cmpuint (framer.n_sync_losses, ==, 1);
}

/* Unlocked, what came before does not count for a lock. */
static void
test_discontinuity_unlocked (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  Heard heard = { .text = text };
  EcTsFramer framer;

  append_packets (stream, 1, 8, 188, 0);
  ec_ts_framer_init (&framer, &events, &heard);
  push (&framer, stream->data, 3 * 188);
  ec_ts_framer_discontinuity (&framer);
  push (&framer, stream->data + 3 * 188, 4 * 188);
  g_assert_cmpstr (text->str, ==, " L");
  push (&framer, stream->data + 7 * 188, 188);
  g_assert_cmpstr (text->str, ==, " L 4 5 6 7 8");
  g_assert_cmpuint (framer.n_skipped, ==, 3 * 188);
}

/* §1.1 over a whole input, as its text has it. */
static gboolean
all_syncs (const guint8 *data, gsize size, gsize o, gsize stride, guint n)
{
  for (guint i = 0; i < n; i++) {
    if (o + i * stride >= size || data[o + i * stride] != EC_TS_SYNC_BYTE)
      return FALSE;
  }
  return TRUE;
}

static gsize
find_lock (const guint8 *data, gsize size, gsize from, gboolean at_end, gsize *stride)
{
  static const gsize strides[] = { 188, 192, 204 };

  for (gsize o = from; o < size; o++) {
    for (guint i = 0; i < G_N_ELEMENTS (strides); i++) {
      guint n = at_end ? (guint) ((size - o - 1) / strides[i] + 1) : EC_TS_FRAMER_SYNCS;

      *stride = strides[i];
      if ((!at_end || o + 188 <= size) && all_syncs (data, size, o, *stride, n))
        return o;
    }
  }
  return size;
}

static char *
frame_plainly (const guint8 *data, gsize size)
{
  GString *text = g_string_new (NULL);
  gsize at = 0, stride;

  for (;;) {
    gsize o = find_lock (data, size, at, FALSE, &stride);

    if (o == size)
      o = find_lock (data, size, at, TRUE, &stride);
    if (o == size)
      break;
    for (at = o; at < size && data[at] == EC_TS_SYNC_BYTE; at += stride) {
      if (at + 188 <= size)
        g_string_append_printf (text, " %u", data[at + 1] ^ data[at + 187]);
    }
    if (at >= size)
      break;
    g_string_append (text, " L");
  }
  return g_string_free (text, FALSE);
}

static void
test_random (void)
{
  for (guint round = 0; round < 3000; round++) {
    g_autoptr (GByteArray) stream = g_byte_array_new ();
    g_autofree char *want = NULL;
    guint n_runs = (guint) g_test_rand_int_range (1, 5);
    gsize sizes[40];

    for (guint run = 0; run < n_runs; run++) {
      static const gsize strides[] = { 188, 192, 204 };
      gsize stride = strides[g_test_rand_int_range (0, 3)];
      guint n = (guint) g_test_rand_int_range (1, 9);

      append_packets (stream, run * 10 + 1, run * 10 + n, stride, stride == 192 ? 4 : 0);
      g_byte_array_set_size (stream, stream->len - (guint) g_test_rand_int_range (0, 20));
      if (g_test_rand_bit ())
        append_bytes (stream, g_test_rand_bit () ? EC_TS_SYNC_BYTE : 0x10,
                      (gsize) g_test_rand_int_range (0, 400));
    }
    for (gint flips = g_test_rand_int_range (0, 4); flips > 0; flips--)
      stream->data[g_test_rand_int_range (0, (gint32) stream->len)] ^= 1;
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      sizes[i] = (gsize) g_test_rand_int_range (1, 2 << g_test_rand_int_range (0, 11));

    want = frame_plainly (stream->data, stream->len);
    check_pieces (stream, sizes, G_N_ELEMENTS (sizes), want, G_MAXUINT64);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/framer/strides", test_strides);
  g_test_add_func ("/ts/framer/order-of-strides", test_order_of_strides);
  g_test_add_func ("/ts/framer/garbage-in-front", test_garbage_in_front);
  g_test_add_func ("/ts/framer/false-lock", test_false_lock);
  g_test_add_func ("/ts/framer/garbage-between", test_garbage_between);
  g_test_add_func ("/ts/framer/bytes-cut-out", test_bytes_cut_out);
  g_test_add_func ("/ts/framer/bad-sync-byte", test_bad_sync_byte);
  g_test_add_func ("/ts/framer/other-stride-behind-a-loss", test_other_stride_behind_a_loss);
  g_test_add_func ("/ts/framer/short-input", test_short_input);
  g_test_add_func ("/ts/framer/short-input-with-garbage-behind",
                   test_short_input_with_garbage_behind);
  g_test_add_func ("/ts/framer/lock-behind-a-short-one", test_lock_behind_a_short_one);
  g_test_add_func ("/ts/framer/short-rest-behind-a-loss", test_short_rest_behind_a_loss);
  g_test_add_func ("/ts/framer/nothing-but-garbage", test_nothing_but_garbage);
  g_test_add_func ("/ts/framer/discontinuity", test_discontinuity);
  g_test_add_func ("/ts/framer/discontinuity-out-of-step", test_discontinuity_out_of_step);
  g_test_add_func ("/ts/framer/discontinuity-unlocked", test_discontinuity_unlocked);
  g_test_add_func ("/ts/framer/random", test_random);
  return g_test_run ();
}
