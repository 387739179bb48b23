/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §3.1, §3.2 */
#include "make-packets.h"
#include "ts/ec-ts-pes.h"

#define PID 0x31

static gboolean
parse (EcTsPesStart *start, const guint8 *payload, gsize size)
{
  guint8 packet[EC_TS_PACKET_SIZE];

  make_packet (packet, PID, TRUE, 0, payload, size);
  return ec_ts_pes_start_parse (start, packet);
}

static void
test_golden (void)
{
  static const struct {
    const char *name, *hex;
    gboolean is_start, has_ts;
    guint64 pts, ts;
  } cases[] = {
    { "zero", "000001 e0 0000 80 80 05 21 00 01 00 01", TRUE, TRUE, 0, 0 },
    { "one", "000001 e0 0000 80 80 05 21 00 01 00 03", TRUE, TRUE, 1, 1 },
    { "bits-29-15", "000001 e0 0000 80 80 05 21 00 03 00 01", TRUE, TRUE, 1 << 15, 1 << 15 },
    { "bits-32-30", "000001 e0 0000 80 80 05 23 00 01 00 01", TRUE, TRUE, 1 << 30, 1 << 30 },
    { "largest", "000001 e0 0000 80 80 05 2f ff ff ff ff", TRUE, TRUE, EC_TS_TIMESTAMP_MASK,
      EC_TS_TIMESTAMP_MASK },
    /* 0x123456789: 100 100011010001010 110011110001001 */
    { "mixed", "000001 e0 0000 80 80 05 29 8d 15 cf 13", TRUE, TRUE,
      G_GUINT64_CONSTANT (0x123456789), G_GUINT64_CONSTANT (0x123456789) },
    { "pts-dts", "000001 e0 0000 84 c0 0a 31 00 03 00 01 11 00 01 00 03", TRUE, TRUE, 1 << 15, 1 },
    { "marker-bits-ignored", "000001 e0 0000 80 80 05 08 8d 14 cf 12", TRUE, TRUE,
      G_GUINT64_CONSTANT (0x123456789), G_GUINT64_CONSTANT (0x123456789) },
    { "more-header", "000001 e0 0000 80 80 07 21 00 01 00 03 ff ff", TRUE, TRUE, 1, 1 },
    { "other-flags", "000001 e0 ffff bf bf 05 21 00 01 00 03", TRUE, TRUE, 1, 1 },
    { "no-flags", "000001 e0 0000 80 00 05 21 00 01 00 03", TRUE, FALSE, 0, 0 },
    { "forbidden-flags", "000001 e0 0000 80 40 0a 21 00 01 00 03 11 00 01 00 03", TRUE, FALSE, 0,
      0 },
    { "header-too-short-for-pts", "000001 e0 0000 80 80 04 21 00 01 00 03", TRUE, FALSE, 0, 0 },
    { "header-too-short-for-dts", "000001 e0 0000 80 c0 09 31 00 01 00 03 11 00 01 00 03", TRUE,
      FALSE, 0, 0 },
    { "mpeg-1", "000001 e0 0000 21 80 05 21 00 01 00 03", TRUE, FALSE, 0, 0 },
    { "marker-11", "000001 e0 0000 c0 80 05 21 00 01 00 03", TRUE, FALSE, 0, 0 },
    { "prefix-alone", "000001", TRUE, FALSE, 0, 0 },
    { "no-prefix", "000002 e0 0000 80 80 05 21 00 01 00 01", FALSE, FALSE, 0, 0 },
    { "no-prefix-0", "010001 e0 0000 80 80 05 21 00 01 00 01", FALSE, FALSE, 0, 0 },
    { "no-prefix-1", "000101 e0 0000 80 80 05 21 00 01 00 01", FALSE, FALSE, 0, 0 },
    { "two-bytes", "0000", FALSE, FALSE, 0, 0 },
    { "one-byte", "00", FALSE, FALSE, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) payload = from_hex (cases[i].hex);
    EcTsPesStart start;

    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (parse (&start, payload->data, payload->len), ==, cases[i].is_start);
    if (!cases[i].is_start)
      continue;
    g_assert_cmpint (start.has_ts, ==, cases[i].has_ts);
    if (cases[i].has_ts) {
      g_assert_cmphex (start.pts, ==, cases[i].pts);
      g_assert_cmphex (start.ts, ==, cases[i].ts);
      g_assert_cmphex (start.stream_id, ==, 0xe0);
    }
  }
}

/* Every truncation: a time stamp that is not wholly there is none. */
static void
test_truncated (void)
{
  static const struct {
    const char *hex;
    guint whole;
  } cases[] = {
    { "000001 e0 0000 80 80 05 21 00 01 00 03 aa bb", 14 },
    { "000001 e0 0000 80 c0 0a 31 00 01 00 07 11 00 01 00 03 aa", 19 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) payload = from_hex (cases[i].hex);

    for (guint n = 1; n <= payload->len; n++) {
      EcTsPesStart start = { 0 };

      g_assert_cmpint (parse (&start, payload->data, n), ==, n >= 3);
      if (n >= 3)
        g_assert_cmpint (start.has_ts, ==, n >= cases[i].whole);
    }
  }
}

/* Where the elementary stream begins, also where that is in none of this packet's bytes. */
static void
test_header_size (void)
{
  for (guint size = 5; size <= 255; size++) {
    g_autoptr (GByteArray) payload = from_hex ("000001 e0 0000 80 80 05 21 00 01 00 03");
    EcTsPesStart start;

    payload->data[8] = (guint8) size;
    g_byte_array_set_size (payload, 184);
    g_assert_true (parse (&start, payload->data, payload->len));
    g_assert_true (start.has_ts);
    g_assert_cmpuint (start.es_offset, ==, 4 + 9 + size);
  }
}

static void
test_packet (void)
{
  static const guint8 payload[] = { 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1 };
  guint8 packet[EC_TS_PACKET_SIZE];
  EcTsPesStart start;

  make_packet (packet, PID, FALSE, 0, payload, sizeof payload);
  g_assert_false (ec_ts_pes_start_parse (&start, packet));
  for (guint control = 1; control <= 3; control++) {
    make_packet (packet, PID, TRUE, 0, payload, sizeof payload);
    packet[3] |= (guint8) (control << 6);
    g_assert_false (ec_ts_pes_start_parse (&start, packet));
  }
  make_packet (packet, PID, TRUE, 0, payload, sizeof payload);
  packet[3] &= (guint8) ~0x10; /* no payload */
  g_assert_false (ec_ts_pes_start_parse (&start, packet));
  make_packet (packet, PID, TRUE, 0, payload, sizeof payload);
  packet[4] = 255; /* an adaptation field that passes the end */
  g_assert_false (ec_ts_pes_start_parse (&start, packet));
  make_packet (packet, PID, TRUE, 0, payload, sizeof payload);
  g_assert_true (ec_ts_pes_start_parse (&start, packet));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/pes/golden", test_golden);
  g_test_add_func ("/ts/pes/truncated", test_truncated);
  g_test_add_func ("/ts/pes/header-size", test_header_size);
  g_test_add_func ("/ts/pes/packet", test_packet);
  return g_test_run ();
}
