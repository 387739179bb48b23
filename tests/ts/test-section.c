/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §2.1 */
#include "make-packets.h"

#include <string.h>

#define PID 0x123

/* Sections of programs and stations that exist, or were made by others. */
static const struct {
  const char *name, *hex;
  guint extension;
} golden[] = {
  /* libavformat's */
  { "PAT", "00 b0 0d 00 01 c1 00 00 00 01 f0 00 2a b1 04 b2", 1 },
  { "PMT", "02 b0 17 00 01 c1 00 00 e1 00 f0 00 1b e1 00 f0 00 0f e1 01 f0 00 2f 44 b9 9b", 1 },
  { "STT", "cd f0 11 00 00 c1 00 00 00 56 ce ec d2 12 60 00 10 a6 fe 12", 0 },
  { "TOT", "73 70 0b ee ac 12 00 00 f0 00 97 ce fd 64", 0 },
};

/* What came: the sections' digits, with an exclamation mark where the CRC is wrong. */
typedef struct {
  EcTsSectionAssembler assembler;
  GString *heard;
  guint counter;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  memset (&self->assembler, 0x77, sizeof self->assembler);
  ec_ts_section_assembler_init (&self->assembler);
  self->heard = g_string_new (NULL);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  g_string_free (self->heard, TRUE);
}

static void
on_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  Fixture *self = user_data;
  g_autofree char *digits = to_hex (section->data, section->size);

  g_assert_cmphex (pid, ==, PID);
  g_assert_cmphex (section->table_id, ==, section->data[0]);
  g_string_append_printf (self->heard, "%s%s%s", self->heard->len ? " " : "", digits,
                          section->crc_ok ? "" : "!");
}

/* A packet whose payload is `size` bytes. */
static void
push (Fixture *self, gboolean unit_start, const guint8 *payload, gsize size)
{
  guint8 packet[EC_TS_PACKET_SIZE];

  make_packet (packet, PID, unit_start, self->counter++, payload, size);
  ec_ts_section_assembler_push (&self->assembler, packet, on_section, self);
}

static void
push_hex (Fixture *self, gboolean unit_start, const char *hex)
{
  g_autoptr (GByteArray) payload = from_hex (hex);

  push (self, unit_start, payload->data, payload->len);
}

static void
check (Fixture *self, const char *hex)
{
  g_autoptr (GString) want = g_string_new (NULL);

  /* Digits as the tables write them: a comma between sections. */
  for (; *hex; hex++) {
    if (*hex == ',')
      g_string_append_c (want, ' ');
    else if (!g_ascii_isspace (*hex))
      g_string_append_c (want, *hex);
  }
  g_assert_cmpstr (self->heard->str, ==, want->str);
  g_string_truncate (self->heard, 0);
}

static void
test_crc (void)
{
  g_assert_cmphex (ec_ts_crc32 ((const guint8 *) "123456789", 9), ==, 0x0376e6e7);
  g_assert_cmphex (ec_ts_crc32 (NULL, 0), ==, 0xffffffff);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
    g_autoptr (GByteArray) section = from_hex (golden[i].hex);

    g_assert_cmphex (ec_ts_crc32 (section->data, section->len), ==, 0);
    g_assert_cmphex (ec_ts_crc32 (section->data, section->len - 4), ==,
                     plain_crc32 (section->data, section->len - 4));
  }
}

static void
test_golden (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
    g_autoptr (GByteArray) section = from_hex (golden[i].hex);
    g_autoptr (GByteArray) packets = g_byte_array_new ();

    append_section (packets, PID, &self->counter, section);
    g_assert_cmpuint (packets->len, ==, EC_TS_PACKET_SIZE);
    ec_ts_section_assembler_push (&self->assembler, packets->data, on_section, self);
    check (self, golden[i].hex);
  }
}

static void
on_fields (gpointer user_data, guint pid, const EcTsSection *section)
{
  *(EcTsSection *) user_data = *section;
}

static void
test_fields (Fixture *self, gconstpointer data)
{
  g_autoptr (GByteArray) section = from_hex (golden[1].hex);
  g_autoptr (GByteArray) packets = g_byte_array_new ();
  EcTsSection heard = { 0 };
  EcReader body;

  section->data[3] = 0xab;
  section->data[4] = 0xcd;
  section->data[5] = 0xc0 | 21 << 1;
  g_byte_array_set_size (section, section->len - 4);
  append_crc (section);
  append_section (packets, PID, &self->counter, section);
  ec_ts_section_assembler_push (&self->assembler, packets->data, on_fields, &heard);
  g_assert_true (heard.has_syntax);
  g_assert_true (heard.crc_ok);
  g_assert_cmphex (heard.table_id, ==, 2);
  g_assert_cmphex (heard.table_extension, ==, 0xabcd);
  g_assert_cmpuint (heard.version, ==, 21);
  g_assert_false (heard.current);
  g_assert_false (ec_ts_section_is_current (&heard));
  body = ec_ts_section_body (&heard);
  g_assert_cmpuint (ec_reader_left (&body), ==, 14);
  g_assert_cmphex (ec_reader_u16 (&body), ==, 0xe100);
}

static void
on_current (gpointer user_data, guint pid, const EcTsSection *section)
{
  *(guint *) user_data += ec_ts_section_is_current (section) ? 1 : 100;
}

/* Any byte changed and the CRC is wrong, or the section is another altogether. */
static void
test_changed_byte (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GByteArray) section = from_hex (golden[i].hex);

    for (guint at = 0; at < section->len; at++) {
      for (guint bit = 0; bit < 8; bit++) {
        g_autoptr (GByteArray) packets = g_byte_array_new ();
        guint n = 0;

        if (at == 1 || at == 2)
          continue; /* the length: below */
        section->data[at] ^= (guint8) (1 << bit);
        append_section (packets, PID, &self->counter, section);
        ec_ts_section_assembler_push (&self->assembler, packets->data, on_current, &n);
        g_assert_cmpuint (n, ==, 100);
        section->data[at] ^= (guint8) (1 << bit);
      }
    }
  }
}

static void
test_changed_length (Fixture *self, gconstpointer data)
{
  g_autoptr (GByteArray) section = from_hex (golden[1].hex);

  for (guint length = 0; length < 181; length++) {
    g_autoptr (GByteArray) packets = g_byte_array_new ();
    guint n = 0;

    section->data[2] = (guint8) length;
    append_section (packets, PID, &self->counter, section);
    ec_ts_section_assembler_push (&self->assembler, packets->data, on_current, &n);
    if (length == 0x17)
      g_assert_cmpuint (n, ==, 1);
    else
      g_assert_cmpuint (n % 100, ==, 0);
  }
}

/* Sections that need one packet and more, up to the longest; each in packets of every size. */
static void
test_sizes (Fixture *self, gconstpointer data)
{
  static const guint sizes[] = { 12, 13, 182, 183, 184, 367, 368, 1024, 4095, 4096 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GString) body = g_string_new (NULL);
    g_autoptr (GByteArray) section = NULL;
    g_autofree char *digits = NULL;

    for (guint at = 0; at < sizes[i] - 12; at++)
      g_string_append_printf (body, "%02x", (guint8) (at * 3));
    section = make_section (0x42, 7, body->str);
    g_assert_cmpuint (section->len, ==, sizes[i]);
    digits = to_hex (section->data, section->len);

    for (gsize room = 1; room <= 184; room += room < 8 ? 1 : 11) {
      g_autofree guint8 *first = g_malloc0 (room + 1);
      gsize done = MIN (room, section->len), n = MIN (done + 1, 184);

      done = n - 1;
      memcpy (first + 1, section->data, done);
      push (self, TRUE, first, n);
      while (done < section->len) {
        n = MIN (room, section->len - done);
        g_assert_cmpuint (self->heard->len, ==, 0);
        push (self, FALSE, section->data + done, n);
        done += n;
      }
      g_assert_cmpstr (self->heard->str, ==, digits);
      g_string_truncate (self->heard, 0);
    }
  }
}

/* 4,097 bytes and 4,098 are too many; what follows is found again at the next pointer_field. */
static void
test_too_long (Fixture *self, gconstpointer data)
{
  for (guint length = 4094; length <= 4095; length++) {
    guint8 payload[184] = { 0, 0x42, (guint8) (0xf0 | length >> 8), (guint8) length };

    push (self, TRUE, payload, sizeof payload);
    for (guint i = 0; i < 30; i++)
      push (self, FALSE, payload, sizeof payload);
    check (self, "");
    push_hex (self, TRUE, "00 70 70 01 11 ff");
    check (self, "70 70 01 11!");
  }
}

#define A "70 70 01 aa"
#define B "71 70 02 bb bb"
#define C "72 70 00"

/* Payloads, each behind a pointer_field (>) or without one (-), and what comes out. */
static const struct {
  const char *name;
  const char *payloads[4];
  const char *want;
} cases[] = {
  { "one", { "> 00" A }, A "!" },
  { "stuffing", { "> 00" A "ff ff ff" }, A "!" },
  { "stuffing-ends-packet", { "> 00" A "ff" B }, A "!" },
  { "stuffing-is-no-section", { "> 00" A "ff 70 01", "- 11" }, A "!" },
  { "packed", { "> 00" A B C }, A "!," B "!," C "!" },
  { "pointer-without-section-in-progress", { "> 03 de ad 99" A }, A "!" },
  { "pointer-ends-section", { "> 00 71 70 02", "> 02 bb bb" A }, B "!," A "!" },
  { "pointer-ends-header", { "> 00 71", "> 04 70 02 bb bb" A }, B "!," A "!" },
  { "pointer-to-the-end", { "> 00 71 70", "> 03 02 bb bb" }, B "!" },
  /* what the span holds behind the section is passed over */
  { "pointer-span-too-long", { "> 00 71 70 02 bb", "> 06 bb " A "00" B }, B "!," B "!" },
  { "pointer-span-too-short", { "> 00 71 70 02", "> 01 bb" A, "- bb" }, A "!" },
  { "pointer-zero-drops-progress", { "> 00 71 70 02 bb", "> 00" A, "- bb" }, A "!" },
  { "pointer-past-the-end", { "> 00 71 70 02 bb", "> 02 bb", "- bb" }, "" },
  { "pointer-alone", { "> 00", "- 70 70 01 aa" }, "" },
  { "across-packets", { "> 00" A "71", "- 70", "- 02 bb", "- bb" }, A "!," B "!" },
  /* without a pointer_field nothing begins */
  { "rest-without-pointer", { "> 00 71 70 02", "- bb bb" A }, B "!" },
  { "no-start", { "- " A }, "" },
  { "packed-across", { "> 00" A "71 70 02", "> 02 bb bb" C A }, A "!," B "!," C "!," A "!" },
  { "empty-section", { "> 00" C }, C "!" },
  { "truncated", { "> 00 71 70 02 bb" }, "" },
};

static void
test_cases (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].name);
    ec_ts_section_assembler_init (&self->assembler);
    for (guint j = 0; j < G_N_ELEMENTS (cases[i].payloads) && cases[i].payloads[j]; j++)
      push_hex (self, cases[i].payloads[j][0] == '>', cases[i].payloads[j] + 1);
    check (self, cases[i].want);
  }
}

static void
test_scrambled (Fixture *self, gconstpointer data)
{
  static const guint8 first[] = { 0, 0x71, 0x70, 0x02 }, rest[] = { 0xbb, 0xbb };
  guint8 packet[EC_TS_PACKET_SIZE];

  for (guint control = 1; control <= 3; control++) {
    push (self, TRUE, first, sizeof first);
    /* As if it were not there: it neither goes on nor drops anything. */
    make_packet (packet, PID, TRUE, 0, first, sizeof first);
    packet[3] |= (guint8) (control << 6);
    ec_ts_section_assembler_push (&self->assembler, packet, on_section, self);
    make_packet (packet, PID, FALSE, 0, rest, sizeof rest);
    packet[3] |= (guint8) (control << 6);
    ec_ts_section_assembler_push (&self->assembler, packet, on_section, self);
    check (self, "");
    push (self, FALSE, rest, sizeof rest);
    check (self, B "!");
  }
}

static void
test_without_payload (Fixture *self, gconstpointer data)
{
  guint8 packet[EC_TS_PACKET_SIZE];

  push_hex (self, TRUE, "00 71 70 02");
  /* No payload by adaptation_field_control, and by an adaptation field that passes the end. */
  make_packet (packet, PID, TRUE, 0, NULL, 0);
  ec_ts_section_assembler_push (&self->assembler, packet, on_section, self);
  packet[3] |= 0x10;
  for (guint length = 183; length <= 255; length++) {
    packet[4] = (guint8) length;
    ec_ts_section_assembler_push (&self->assembler, packet, on_section, self);
  }
  push_hex (self, FALSE, "bb bb");
  check (self, B "!");
}

static void
test_gap (Fixture *self, gconstpointer data)
{
  push_hex (self, TRUE, "00 71 70 02 bb");
  ec_ts_section_assembler_gap (&self->assembler);
  push_hex (self, FALSE, "bb");
  check (self, "");

  /* The span of the pointer_field belongs to what was lost. */
  push_hex (self, TRUE, "00 71 70 02 bb");
  ec_ts_section_assembler_gap (&self->assembler);
  push_hex (self, TRUE, "01 bb" A);
  check (self, A "!");
}

/* Too short for its own header: handed on, but never current, whatever its last bytes are. */
static void
test_short_with_syntax (Fixture *self, gconstpointer data)
{
  for (guint size = 3; size < 12; size++) {
    g_autoptr (GByteArray) section = from_hex ("02 b0 00 00 01 c1 00 00 00 00 00 00");
    g_autoptr (GByteArray) packets = g_byte_array_new ();
    guint n = 0;

    section->data[2] = (guint8) (size - 3);
    if (size >= 7) {
      g_byte_array_set_size (section, size - 4);
      append_crc (section);
    } else {
      g_byte_array_set_size (section, size);
    }
    append_section (packets, PID, &self->counter, section);
    ec_ts_section_assembler_push (&self->assembler, packets->data, on_current, &n);
    g_assert_cmpuint (n, ==, 100);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/section/crc", test_crc);
#define ADD(name, func)                                                                            \
  g_test_add ("/ts/section/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("golden", test_golden);
  ADD ("fields", test_fields);
  ADD ("changed-byte", test_changed_byte);
  ADD ("changed-length", test_changed_length);
  ADD ("sizes", test_sizes);
  ADD ("too-long", test_too_long);
  ADD ("cases", test_cases);
  ADD ("scrambled", test_scrambled);
  ADD ("without-payload", test_without_payload);
  ADD ("gap", test_gap);
  ADD ("short-with-syntax", test_short_with_syntax);
#undef ADD
  return g_test_run ();
}
