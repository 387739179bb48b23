/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Framing: what comes out must not depend on how the bytes come in. Byte 0 is the seed of the pieces,
 * byte 1 says how often the source reports a loss.
 */
#include "fuzz.h"
#include "ts/ec-ts-framer.h"

typedef struct {
  GByteArray *packets;
  GArray *losses; /* guint64, packets so far */
} Framed;

static void
on_packets (gpointer user_data, const guint8 *packets, gsize n, gsize stride)
{
  Framed *framed = user_data;

  g_assert_cmpuint (n, >, 0);
  for (gsize i = 0; i < n; i++) {
    g_assert_cmpuint (packets[i * stride], ==, EC_TS_SYNC_BYTE);
    g_byte_array_append (framed->packets, packets + i * stride, EC_TS_PACKET_SIZE);
  }
}

static void
on_lost (gpointer user_data)
{
  Framed *framed = user_data;
  guint64 n = framed->packets->len / EC_TS_PACKET_SIZE;

  g_array_append_val (framed->losses, n);
}

static const EcTsFramerEvents events = { .packets = on_packets, .lost = on_lost };

static void
frame (Framed *framed, const guint8 *data, gsize size, guint seed, guint losses)
{
  g_autofree EcTsFramer *framer = g_new0 (EcTsFramer, 1);
  FuzzRandom random;

  framed->packets = g_byte_array_new ();
  framed->losses = g_array_new (FALSE, FALSE, sizeof (guint64));
  fuzz_random_init (&random, seed);
  ec_ts_framer_init (framer, &events, framed);
  while (size > 0) {
    gsize piece = seed ? fuzz_random_piece (&random, 700, size) : size;
    g_autofree guint8 *copy = g_memdup2 (data, piece);

    if (losses && fuzz_random_below (&random, 256) < losses)
      ec_ts_framer_discontinuity (framer);
    ec_ts_framer_push (framer, copy, piece);
    data += piece;
    size -= piece;
  }
  ec_ts_framer_finish (framer);
  g_assert_cmpuint (framer->n_packets, ==, framed->packets->len / EC_TS_PACKET_SIZE);
}

static void
clear (Framed *framed)
{
  g_byte_array_unref (framed->packets);
  g_array_unref (framed->losses);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Framed whole, pieces;

  if (size < 2)
    return 0;
  frame (&pieces, data + 2, size - 2, 1 + data[0], data[1]);
  if (data[1] == 0) {
    frame (&whole, data + 2, size - 2, 0, 0);
    g_assert_cmpmem (whole.packets->data, whole.packets->len, pieces.packets->data,
                     pieces.packets->len);
    g_assert_cmpmem (whole.losses->data, whole.losses->len * sizeof (guint64), pieces.losses->data,
                     pieces.losses->len * sizeof (guint64));
    clear (&whole);
  }
  clear (&pieces);
  return 0;
}
