/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §6.3, §6.4: the bytes of one part. */
#include "chunk/ec-chunk-part.h"

#define MAX_PACKETS (EC_CHUNK_PART_MAX / EC_TS_PACKET_SIZE)

static void
append (EcChunkPart *part, guint8 filler, gsize hint)
{
  guint8 packet[EC_TS_PACKET_SIZE];

  memset (packet, filler, sizeof packet);
  g_assert_true (ec_chunk_part_append_packet (part, packet, hint));
}

static void
fill (EcChunkPart *part, guint n)
{
  for (guint i = 0; i < n; i++)
    append (part, (guint8) i, 0);
}

/* Packets filled with 0, 1, 2, …, behind `head` bytes of 0x77. */
static void
assert_filled (const guint8 *data, gsize size, gsize head, guint n)
{
  guint8 want[EC_CHUNK_HEAD_MAX];

  g_assert_cmpuint (size, ==, head + n * EC_TS_PACKET_SIZE);
  memset (want, 0x77, head);
  g_assert_cmpmem (data, head, want, head);
  for (guint i = 0; i < n; i++) {
    memset (want, (int) (i & 0xff), EC_TS_PACKET_SIZE);
    g_assert_cmpmem (data + head + i * EC_TS_PACKET_SIZE, EC_TS_PACKET_SIZE, want,
                     EC_TS_PACKET_SIZE);
  }
}

/* Any number of packets, any guess at their number, with a head or without one. */
static void
test_append (void)
{
  static const gsize hints[] = { 0, 1, EC_TS_PACKET_SIZE, 100000, 10 * EC_CHUNK_PART_MAX };

  for (guint i = 0; i < G_N_ELEMENTS (hints); i++) {
    for (guint n = 0; n < 200; n += 1 + n / 4) {
      for (gsize head = 0; head <= EC_CHUNK_HEAD_MAX; head += EC_CHUNK_HEAD_MAX / 7) {
        EcChunkPart part = { 0 };
        g_autoptr (GBytes) bytes = NULL;
        gsize size;
        const guint8 *data;

        for (guint packet = 0; packet < n; packet++)
          append (&part, (guint8) packet, hints[i]);
        g_assert_cmpuint (part.n_kept, ==, n);
        if (head > 0)
          memset (ec_chunk_part_prepend (&part, head), 0x77, head);
        g_assert_cmpuint (ec_chunk_part_size (&part), ==, head + n * EC_TS_PACKET_SIZE);
        bytes = ec_chunk_part_steal (&part);
        g_assert_cmpuint (ec_chunk_part_size (&part), ==, 0);
        g_assert_null (part.base);
        data = g_bytes_get_data (bytes, &size);
        assert_filled (data, size, head, n);
      }
    }
  }
}

static void
test_append_part (void)
{
  for (guint n = 0; n < 150; n += 1 + n / 3) {
    for (guint m = 0; m < 150; m += 1 + m / 3) {
      EcChunkPart a = { 0 }, b = { 0 };
      g_autoptr (GBytes) bytes = NULL;
      gsize size;
      const guint8 *data;

      fill (&a, n);
      for (guint i = 0; i < m; i++)
        append (&b, (guint8) (n + i), 0);
      g_assert_true (ec_chunk_part_append_part (&a, &b));
      g_assert_cmpuint (ec_chunk_part_size (&b), ==, m * EC_TS_PACKET_SIZE);
      append (&a, (guint8) (n + m), 0);
      bytes = ec_chunk_part_steal (&a);
      data = g_bytes_get_data (bytes, &size);
      assert_filled (data, size, 0, n + m + 1);
      ec_chunk_part_clear (&b);
    }
  }
}

/* As many packets as fit into 33,554,432 bytes, head included, and no more. */
static void
test_limit (void)
{
  for (guint head = 0; head <= 7; head++) {
    EcChunkPart part = { 0 };
    guint8 packet[EC_TS_PACKET_SIZE] = { 0 };
    guint n = 0;

    if (head > 0)
      g_assert_nonnull (ec_chunk_part_prepend (&part, head * EC_TS_PACKET_SIZE));
    while (n <= MAX_PACKETS && ec_chunk_part_append_packet (&part, packet, 0))
      n++;
    g_assert_cmpuint (n, ==, MAX_PACKETS - head);
    g_assert_false (ec_chunk_part_append_packet (&part, packet, 0));
    ec_chunk_part_clear (&part);
  }
}

/* A head that comes when there is no room for it any more, or just as much. */
static void
test_limit_of_head (void)
{
  for (guint room = 0; room < 4; room++) {
    EcChunkPart part = { 0 };
    guint8 packet[EC_TS_PACKET_SIZE] = { 0 };

    for (guint n = 0; n < MAX_PACKETS - room; n++)
      g_assert_true (ec_chunk_part_append_packet (&part, packet, EC_CHUNK_PART_MAX));
    g_assert_cmpint (ec_chunk_part_prepend (&part, 2 * EC_TS_PACKET_SIZE) != NULL, ==, room >= 2);
    g_assert_cmpint (ec_chunk_part_append_packet (&part, packet, 0), ==, room != 0 && room != 2);
    ec_chunk_part_clear (&part);
  }
}

static void
test_limit_of_two (void)
{
  for (guint more = 0; more < 2; more++) {
    EcChunkPart a = { 0 }, b = { 0 };
    guint8 packet[EC_TS_PACKET_SIZE] = { 0 };

    for (guint n = 0; n < MAX_PACKETS - 10; n++)
      g_assert_true (ec_chunk_part_append_packet (&a, packet, 0));
    fill (&b, 10 + more);
    g_assert_cmpint (ec_chunk_part_append_part (&a, &b), ==, more == 0);
    g_assert_cmpint (ec_chunk_part_append_packet (&a, packet, 0), ==, more == 1);
    ec_chunk_part_clear (&a);
    ec_chunk_part_clear (&b);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/part/append", test_append);
  g_test_add_func ("/chunk/part/append-part", test_append_part);
  g_test_add_func ("/chunk/part/limit", test_limit);
  g_test_add_func ("/chunk/part/limit-of-head", test_limit_of_head);
  g_test_add_func ("/chunk/part/limit-of-two", test_limit_of_two);
  return g_test_run ();
}
