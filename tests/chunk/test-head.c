/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §6.2 */
#include <string.h>

#include "../ts/make-packets.h"
#include "chunk/ec-chunk-head.h"
#include "ts/ec-ts-tag.h"

/*
 * Written out by hand: index 0x0102030405060708, tsid 0x0815, program 3, PMT on 0x100, so that
 * V = (0x100 ^ 0x8 ^ 0) & 31 = 8 and the byte with it is 0xC1 | 8 << 1 = 0xD1.
 */
static const char *const golden_pat = "47 4000 30 0d 82 0b 454331 0102030405060708 00"
                                      "00 b00d 0815 d1 00 00 0003 e100";
static const char *const golden_pmt = "47 4100 30 01 80 00";

static EcTsProgram *
make_map (guint pmt_pid, guint program_number, gsize section_size)
{
  gsize left = section_size - 16; /* one stream needs 5, program_info takes the rest */
  gsize info = left >= 5 ? left - 5 : left;
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (GByteArray) section = NULL;
  EcTsSection read;
  EcTsProgram *program;

  g_string_append_printf (body, "e031 f%03x", (guint) info);
  for (gsize i = 0; i < info; i++)
    g_string_append_printf (body, "%02x", (guint) (i & 0x7f));
  if (left >= 5)
    g_string_append (body, "02 e031 f000");
  section = make_section (0x02, program_number, body->str);
  g_assert_cmpuint (section->len, ==, section_size);
  read = read_section (section);
  program = ec_ts_program_new (pmt_pid, &read);
  g_assert_nonnull (program);
  return program;
}

static guint8 *
write_head (const EcTsProgram *program, guint tsid, guint64 index, gsize *size)
{
  guint8 *head;

  *size = ec_chunk_head_size (program);
  g_assert_cmpuint (*size, <=, EC_CHUNK_HEAD_MAX);
  head = g_malloc (*size);
  memset (head, 0x77, *size);
  ec_chunk_head_write (head, program, tsid, index);
  return head;
}

/* A packet: these bytes, and FF up to its end. */
static void
append_stuffed (GByteArray *packets, const GByteArray *bytes)
{
  guint begin = packets->len;

  g_byte_array_append (packets, bytes->data, bytes->len);
  g_byte_array_set_size (packets, begin + EC_TS_PACKET_SIZE);
  memset (packets->data + begin + bytes->len, 0xff, EC_TS_PACKET_SIZE - bytes->len);
}

static void
test_golden (void)
{
  g_autoptr (EcTsProgram) program = make_map (0x100, 3, 21);
  g_autoptr (GByteArray) want = g_byte_array_new ();
  g_autoptr (GByteArray) pat = from_hex (golden_pat);
  g_autoptr (GByteArray) pmt = from_hex (golden_pmt);
  guint32 crc = GUINT32_TO_BE (plain_crc32 (pat->data + 19, pat->len - 19));
  gsize size;
  g_autofree guint8 *head =
      write_head (program, 0x0815, G_GUINT64_CONSTANT (0x0102030405060708), &size);

  g_byte_array_append (pat, (const guint8 *) &crc, sizeof crc);
  append_stuffed (want, pat);
  g_byte_array_append (pmt, program->section, (guint) program->section_size);
  append_stuffed (want, pmt);
  g_assert_cmpmem (head, size, want->data, want->len);
}

/* Fields at their ends, and the version that a PMT PID gives. */
static void
test_fields (void)
{
  static const struct {
    guint pmt_pid, program_number, tsid;
    guint64 index;
    const char *index_digits, *section;
  } cases[] = {
    { 0x0020, 1, 0, 0, "0000000000000000", "00b00d 0000 c3 0000 0001 e020" },
    { 0x1ffe, 65535, 65535, G_MAXINT64, "7fffffffffffffff", "00b00d ffff cd 0000 ffff fffe" },
    { 0x1000, 1, 1, 984648000, "000000003ab08940", "00b00d 0001 c9 0000 0001 f000" },
    { 0x03ff, 1, 1, 1, "0000000000000001", "00b00d 0001 c1 0000 0001 e3ff" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (EcTsProgram) program = make_map (cases[i].pmt_pid, cases[i].program_number, 21);
    gsize size;
    g_autofree guint8 *head = write_head (program, cases[i].tsid, cases[i].index, &size);
    g_autofree char *index_digits = to_hex (head + 10, 8);
    g_autoptr (GByteArray) section = from_hex (cases[i].section);

    g_assert_cmpstr (index_digits, ==, cases[i].index_digits);
    g_assert_cmpmem (head + 19, section->len, section->data, section->len);
    g_assert_cmphex (plain_crc32 (head + 19, 16), ==, 0);
    g_assert_cmphex (ec_ts_packet_pid (head + EC_TS_PACKET_SIZE), ==, cases[i].pmt_pid);
  }
}

/* PMTs of one to six packets: 181 bytes in the first, 184 in the others. */
static void
test_long_pmt (void)
{
  static const struct {
    gsize section_size;
    guint n_packets;
  } cases[] = {
    { 16, 1 },  { 180, 1 }, { 181, 1 }, { 182, 2 }, { 365, 2 }, { 366, 3 },  { 549, 3 },
    { 550, 4 }, { 733, 4 }, { 734, 5 }, { 917, 5 }, { 918, 6 }, { 1024, 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (EcTsProgram) program = make_map (0x1abc, 7, cases[i].section_size);
    g_autoptr (GByteArray) want = g_byte_array_new ();
    gsize size, done = 0;
    g_autofree guint8 *head = write_head (program, 1, 2, &size);

    g_assert_cmpuint (size, ==, (1 + cases[i].n_packets) * EC_TS_PACKET_SIZE);
    for (guint n = 0; n < cases[i].n_packets; n++) {
      g_autofree char *hex =
          n == 0 ? g_strdup ("47 5abc 30 01 80 00") : g_strdup_printf ("47 1abc 1%x", n);
      g_autoptr (GByteArray) packet = from_hex (hex);
      gsize piece = MIN (EC_TS_PACKET_SIZE - packet->len, program->section_size - done);

      g_byte_array_append (packet, program->section + done, (guint) piece);
      append_stuffed (want, packet);
      done += piece;
    }
    g_assert_cmpuint (done, ==, program->section_size);
    g_assert_cmpmem (head + EC_TS_PACKET_SIZE, size - EC_TS_PACKET_SIZE, want->data, want->len);
  }
}

static void
on_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  GString *text = user_data;

  g_assert_true (ec_ts_section_is_current (section));
  g_string_append_printf (text, " %x:%x:%" G_GSIZE_FORMAT, pid, section->table_id, section->size);
}

/* A decoder reads both tables in it, and no gap. */
static void
test_readable (void)
{
  static const gsize sizes[] = { 21, 181, 182, 1024 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (EcTsProgram) program = make_map (0x100, 3, sizes[i]);
    gsize size;
    g_autofree guint8 *head = write_head (program, 0x0815, 5, &size);
    g_autoptr (GString) text = g_string_new (NULL);
    g_autofree char *want = g_strdup_printf (" 0:0:16 100:2:%" G_GSIZE_FORMAT, sizes[i]);
    EcTsSectionAssembler pat, pmt;

    ec_ts_section_assembler_init (&pat);
    ec_ts_section_assembler_init (&pmt);
    for (gsize at = 0; at < size; at += EC_TS_PACKET_SIZE) {
      ec_ts_section_assembler_push (at == 0 ? &pat : &pmt, head + at, on_section, text);
      g_assert_cmpuint (ec_ts_packet_counter (head + at), ==,
                        at == 0 ? 0 : at / EC_TS_PACKET_SIZE - 1);
    }
    g_assert_cmpstr (text->str, ==, want);
  }
}

static void
test_tag (void)
{
  g_autoptr (EcTsProgram) program = make_map (0x100, 3, 21);
  gsize size;
  g_autofree guint8 *head =
      write_head (program, 0x0815, G_GUINT64_CONSTANT (0xf102030405060708), &size);
  guint64 index = 0;

  g_assert_true (ec_ts_tag_parse (head, &index));
  g_assert_cmphex (index, ==, G_GUINT64_CONSTANT (0xf102030405060708));

  /* The tag is ten bytes, and nothing behind them is looked at. */
  for (guint at = 0; at < EC_TS_PACKET_SIZE; at++) {
    for (guint bit = 0; bit < 8; bit++) {
      head[at] ^= (guint8) (1 << bit);
      g_assert_cmpint (ec_ts_tag_parse (head, &index), ==, at >= 10);
      head[at] ^= (guint8) (1 << bit);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/head/golden", test_golden);
  g_test_add_func ("/chunk/head/fields", test_fields);
  g_test_add_func ("/chunk/head/long-pmt", test_long_pmt);
  g_test_add_func ("/chunk/head/readable", test_readable);
  g_test_add_func ("/chunk/head/tag", test_tag);
  return g_test_run ();
}
