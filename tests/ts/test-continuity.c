/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §1.6, §7.1–7.4, and the fields of §1.3 that they rest on. */
#include "make-packets.h"
#include "ts/ec-ts-continuity.h"

#include <string.h>

/*
 * Packets are written as a PID, a counter and what is special about them:
 *
 *   A … Z   a counted PID         a … z   one that is not counted
 *   0 … f   continuity_counter    '       another payload
 *   p, q    with one PCR, or with another     -   without payload
 *
 * and "." is a packet that is not looked at but has a position. What becomes of each is written as
 *
 *   .       taken                 D       dropped
 *   G2-5    a gap from 2 to 5     F2-5    the same, of a PID's first packet
 *   +3-5    it overlaps another one, so there is a gap on all from 3 to 5
 */
typedef struct {
  EcTsContinuity *continuity;
  guint64 pos;
  guint64 counted_pos;
  guint block_size; /* packets a block; 0: all in one */
  GPtrArray *packets;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  self->continuity = ec_ts_continuity_new ();
  self->packets = g_ptr_array_new_with_free_func (g_free);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  ec_ts_continuity_free (self->continuity);
  g_ptr_array_unref (self->packets);
}

static guint
pid_of (char letter)
{
  return 0x100 + (guint) letter;
}

/* The block goes away, and its memory with it. */
static void
end_block (Fixture *self)
{
  ec_ts_continuity_end_block (self->continuity);
  g_ptr_array_set_size (self->packets, 0);
}

static guint8 *
write_packet (Fixture *self, const char *token)
{
  guint8 *packet = g_malloc (EC_TS_PACKET_SIZE);
  guint8 payload[176] = { 0x11 };
  gboolean is_bare = strchr (token, '-') != NULL;
  const char *pcr = strpbrk (token, "pq");

  if (strchr (token, '\''))
    payload[100] = 0x22;
  make_packet (packet, pid_of (token[0]), FALSE, (guint) g_ascii_xdigit_value (token[1]), payload,
               is_bare ? 0 : sizeof payload);
  if (pcr) {
    packet[5] = 0x10;
    memset (packet + 6, *pcr == 'p' ? 0x01 : 0x02, 6);
  }
  g_ptr_array_add (self->packets, packet);
  return packet;
}

static void
report_gap (Fixture *self, GString *text, const EcTsGap *gap, gboolean is_first, gboolean joins)
{
  guint64 first;

  g_string_append_printf (text, "%c%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, is_first ? 'F' : 'G',
                          gap->first, gap->last);
  if (!is_first && joins && ec_ts_continuity_note_gap (self->continuity, gap, &first))
    g_string_append_printf (text, "+%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, first, gap->last);
}

/* What a receiver does with a packet, as far as counters are concerned. */
static void
feed (Fixture *self, const char *token, GString *text)
{
  const guint8 *packet = write_packet (self, token);
  gboolean counted = g_ascii_isupper (token[0]);
  EcTsPidState *state = &self->continuity->pids[pid_of (token[0])];

  if (ec_ts_pid_state_is_regular (state, packet)) {
    ec_ts_pid_state_count (state);
    g_string_append_c (text, '.');
  } else {
    gboolean joins = counted || state->in_sequence >= EC_TS_SEQUENCE;
    EcTsGap gap;
    EcTsContinuityResult result = ec_ts_continuity_irregular (
        self->continuity, pid_of (token[0]), packet, self->pos, self->counted_pos, &gap);

    if (result & EC_TS_CONTINUITY_DROP)
      g_string_append_c (text, 'D');
    if (result & EC_TS_CONTINUITY_GAP)
      report_gap (self, text, &gap, (result & EC_TS_CONTINUITY_FIRST) != 0, joins);
    if (result == EC_TS_CONTINUITY_OK)
      g_string_append_c (text, '.');
    if (result & EC_TS_CONTINUITY_DROP)
      return;
    state->in_sequence =
        result & EC_TS_CONTINUITY_GAP && !(result & EC_TS_CONTINUITY_FIRST) ? 0 : 1;
  }
  ec_ts_continuity_take (self->continuity, state, packet, self->pos);
  if (counted)
    self->counted_pos = self->pos;
}

static char *
feed_all (Fixture *self, const char *input)
{
  GString *text = g_string_new (NULL);
  g_auto (GStrv) tokens = g_strsplit (input, " ", -1);

  for (guint i = 0; tokens[i]; i++) {
    if (i > 0)
      g_string_append_c (text, ' ');
    if (strcmp (tokens[i], ".") == 0)
      g_string_append_c (text, '.');
    else
      feed (self, tokens[i], text);
    self->pos++;
    if (self->block_size > 0 && self->pos % self->block_size == 0)
      end_block (self);
  }
  return g_string_free (text, FALSE);
}

static const struct {
  const char *name, *input, *want;
} cases[] = {
  /* §7.2 */
  { "regular", "A0 A1 A2 A3", ". . . ." },
  { "wraps", "Ae Af A0 A1", ". . . ." },
  { "one-lost", "A0 A2 A3", ". G0-0 ." },
  { "one-lost-later", "A0 . . A2", ". . . G0-2" },
  { "fifteen-lost", "A0 Af A0", ". G0-0 ." },
  { "backward", "A5 A4 A5", ". G0-0 ." },
  { "first-at-0", "A7 A8", ". ." },
  { "first-later", ". . A7 A8", ". . F0-1 ." },
  { "two-pids", "A0 B5 A1 B6", ". F0-0 . ." },
  { "bare-keeps-counter", "A0 A0- A0- A1", ". . . ." },
  { "bare-with-next-counter", "A0 A1-", ". G0-0" },
  { "payload-behind-bare", "A0 A0- A1 A1- A2", ". . . . ." },
  { "payload-with-counter-of-bare", "A0- A0", ". G0-0" },
  { "bare-first", "A3- A3- A4", ". . ." },

  /* §1.6 */
  { "duplicate", "A0 A0 A1", ". D ." },
  { "duplicate-later", "A0 . . A0 A1", ". . . D ." },
  { "duplicate-of-second", "A0 A1 A1 A2 A2 A3", ". . D . D ." },
  { "third", "A0 A0 A0 A1", ". D G0-1 ." },
  /* the third was taken, so the next equal one is its duplicate */
  { "fourth", "A0 A0 A0 A0 A1", ". D G0-1 D ." },
  { "other-payload", "A0 A0' A1", ". G0-0 ." },
  { "other-pcr", "A0p A0q A1", ". DG0-0 ." },
  { "same-pcr", "A0p A0p A1", ". D ." },
  { "other-pcr-and-payload", "A0p A0q' A1", ". G0-0 ." },
  { "pcr-and-none", "A0p A0 A1", ". G0-0 ." },
  { "none-and-pcr", "A0 A0p A1", ". G0-0 ." },
  { "bare-twice-is-no-duplicate", "A0 A0- A0- A0- A1", ". . . . ." },
  { "bare-between", "A0 A0- A0", ". . G1-1" },
  { "counted-between", "A0 B0 A0 A1", ". F0-0 DG0-1 ." },
  { "not-counted-between", "A0 b0 A0 A1", ". F0-0 D ." },
  /* a dropped packet was not received between the two */
  { "dropped-between", "A0 B0 A1 B0 A1", ". F0-0 . DG1-2 D" },
  { "not-counted-with-counted-between", "a0 B0 a0 a1", ". F0-0 DG0-1 ." },
  { "duplicate-then-loss", "A0 A0 A2", ". D G0-1" },

  /* §7.4 */
  { "overlap", "A0 B0 . A2 B2", ". F0-0 . G0-2 G1-3+1-3" },
  { "overlap-three", "A0 B0 C0 A2 B2 C2", ". F0-0 F0-1 G0-2 G1-3+1-3 G2-4+2-4" },
  { "overlap-inside", "A0 B0 B2 . A2", ". F0-0 G1-1 . G0-3+1-3" },
  { "side-by-side", "A0 B0 A2 B1 A3 B3", ". F0-0 G0-1 . . G3-4" },
  { "touch", "A0 B0 A2 B2", ". F0-0 G0-1 G1-2+1-2" },
  { "same-pid", "A0 A2 A4", ". G0-0 G1-1" },
  /* a PID's first packet takes no part */
  { "first-takes-no-part", "A0 . A2 B0", ". . G0-1 F0-2" },
  { "not-in-sequence", "A0 a0 a1 a3 A2", ". F0-0 . G2-2 G0-3" },
  { "seven-in-sequence", "A0 a0 a1 a2 a3 a4 a5 a6 a8 A2", ". F0-0 . . . . . . G7-7 G0-8" },
  { "eight-in-sequence", "A0 a0 a1 a2 a3 a4 a5 a6 a7 a9 A2", ". F0-0 . . . . . . . G8-8 G0-9+8-9" },
  /* behind a gap eight more are needed, and the one that showed it is none of them */
  { "eight-again", "A0 a0 a2 a3 a4 a5 a6 a7 a8 a9 ab A2", ". F0-0 G1-1 . . . . . . . G9-9 G0-10" },
  { "nine-again", "A0 a0 a2 a3 a4 a5 a6 a7 a8 a9 aa ac A2",
    ". F0-0 G1-1 . . . . . . . . G10-10 G0-11+10-11" },
  { "least-of-all-not-the-last", "A0 C0 . B0 B2 C2 A2", ". F0-0 . F0-2 G3-3 G1-4+3-4 G0-5+1-5" },
  { "least-of-all", "A0 B0 B2 C0 C2 . A2", ". F0-0 G1-1 F0-2 G3-3 . G0-5+1-5" },
};

static void
check (Fixture *self, guint block_size)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = NULL;

    g_test_message ("%s", cases[i].name);
    ec_ts_continuity_reset (self->continuity);
    g_ptr_array_set_size (self->packets, 0);
    self->pos = self->counted_pos = 0;
    self->block_size = block_size;
    text = feed_all (self, cases[i].input);
    g_assert_cmpstr (text, ==, cases[i].want);
  }
}

static void
test_cases (Fixture *self, gconstpointer data)
{
  check (self, 0);
}

/* However the packets lie in blocks, which are gone when they are done with. */
static void
test_blocks (Fixture *self, gconstpointer data)
{
  for (guint size = 1; size <= 7; size++)
    check (self, size);
}

static void
test_reset (Fixture *self, gconstpointer data)
{
  g_autofree char *before = feed_all (self, "A0 A2 B0 B2");
  g_autofree char *behind = NULL;

  g_assert_cmpstr (before, ==, ". G0-0 F0-1 G2-2");
  self->continuity->pids[pid_of ('A')].roles = 5;
  ec_ts_continuity_reset (self->continuity);
  g_assert_cmpuint (self->continuity->pids[pid_of ('A')].roles, ==, 5);
  self->pos = self->counted_pos = 0;
  behind = feed_all (self, "B9 A9 Aa");
  g_assert_cmpstr (behind, ==, ". F0-0 .");
}

/* As many gaps as are remembered: the oldest of them is found, the one before it is not. */
static void
test_ring (Fixture *self, gconstpointer data)
{
  for (guint more = 0; more < 2; more++) {
    EcTsGap gap = { .pid = 1, .first = 100, .last = 109 };
    guint64 first = 0;

    ec_ts_continuity_reset (self->continuity);
    g_assert_false (ec_ts_continuity_note_gap (self->continuity, &gap, &first));
    for (guint i = 0; i < EC_TS_MAX_GAPS - 1 + more; i++) {
      /* Of the PID that asks below, so that none of them counts. */
      gap = (EcTsGap){ .pid = 2, .first = 200 + i, .last = 200 + i };
      g_assert_false (ec_ts_continuity_note_gap (self->continuity, &gap, &first));
    }
    gap = (EcTsGap){ .pid = 2, .first = 105, .last = 5000 };
    g_assert_cmpint (ec_ts_continuity_note_gap (self->continuity, &gap, &first), ==, more == 0);
    if (more == 0)
      g_assert_cmpuint (first, ==, 105);
  }
}

/* Many times around, only what lies in the extent counts. */
static void
test_ring_around (Fixture *self, gconstpointer data)
{
  guint64 first = 0;

  for (guint i = 0; i < 5 * EC_TS_MAX_GAPS; i++) {
    const EcTsGap gap = { .pid = (guint16) (i % 7), .first = 10 * i, .last = 10 * i + 9 };

    g_assert_false (ec_ts_continuity_note_gap (self->continuity, &gap, &first));
  }
  for (guint back = 1; back < 100; back++) {
    guint64 end = 50 * EC_TS_MAX_GAPS;
    const EcTsGap gap = { .pid = 100, .first = end - 10 * back, .last = end };
    gboolean found = ec_ts_continuity_note_gap (self->continuity, &gap, &first);

    g_assert_true (found);
    g_assert_cmpuint (first, ==, gap.first);
    self->continuity->next_gap--; /* forgets it again */
  }
}

/* §1.3 */
static void
test_fields (void)
{
  static const struct {
    const char *hex;
    guint pid, counter, payload_offset;
    gboolean error, unit_start, scrambled, has_pcr;
  } packets[] = {
    { "47 1f ff 10", 0x1fff, 0, 4, FALSE, FALSE, FALSE, FALSE },
    { "47 c1 23 1f", 0x123, 15, 4, TRUE, TRUE, FALSE, FALSE },
    { "47 21 23 51", 0x123, 1, 4, FALSE, FALSE, TRUE, FALSE },
    { "47 01 23 91", 0x123, 1, 4, FALSE, FALSE, TRUE, FALSE },
    { "47 01 23 01", 0x123, 1, 188, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 21 b7 10", 0x123, 1, 188, FALSE, FALSE, FALSE, TRUE },
    { "47 01 23 31 00", 0x123, 1, 5, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 31 07 10", 0x123, 1, 12, FALSE, FALSE, FALSE, TRUE },
    { "47 01 23 31 06 10", 0x123, 1, 11, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 31 07 ef", 0x123, 1, 12, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 11 07 10", 0x123, 1, 4, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 31 b6", 0x123, 1, 187, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 31 b7", 0x123, 1, 188, FALSE, FALSE, FALSE, FALSE },
    { "47 01 23 31 ff", 0x123, 1, 188, FALSE, FALSE, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++) {
    g_autoptr (GByteArray) bytes = from_hex (packets[i].hex);
    gsize size = bytes->len;

    g_test_message ("%s", packets[i].hex);
    g_byte_array_set_size (bytes, EC_TS_PACKET_SIZE);
    memset (bytes->data + size, 0, EC_TS_PACKET_SIZE - size);
    g_assert_cmphex (ec_ts_packet_pid (bytes->data), ==, packets[i].pid);
    g_assert_cmpuint (ec_ts_packet_counter (bytes->data), ==, packets[i].counter);
    g_assert_cmpuint (ec_ts_packet_payload_offset (bytes->data), ==, packets[i].payload_offset);
    g_assert_cmpint (ec_ts_packet_error (bytes->data), ==, packets[i].error);
    g_assert_cmpint (ec_ts_packet_unit_start (bytes->data), ==, packets[i].unit_start);
    g_assert_cmpint (ec_ts_packet_scrambled (bytes->data), ==, packets[i].scrambled);
    g_assert_cmpint (ec_ts_packet_has_pcr (bytes->data), ==, packets[i].has_pcr);
  }
}

static void
test_pcr (void)
{
  static const struct {
    const char *hex;
    guint64 pcr;
  } pcrs[] = {
    { "47 01 23 20 b7 10 0000 0000 7e00", 0 },
    { "47 01 23 20 b7 10 0000 0000 7e01", 1 },
    { "47 01 23 20 b7 10 0000 0000 fe00", 300 },
    { "47 01 23 20 b7 10 0000 0001 7f2b", 2 * 300 + 299 },
    { "47 01 23 20 b7 10 ffff ffff ff2b", EC_TS_TIMESTAMP_MASK * 300 + 299 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pcrs); i++) {
    g_autoptr (GByteArray) bytes = from_hex (pcrs[i].hex);

    g_assert_true (ec_ts_packet_has_pcr (bytes->data));
    g_assert_cmpuint (ec_ts_packet_pcr (bytes->data), ==, pcrs[i].pcr);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/packet/fields", test_fields);
  g_test_add_func ("/ts/packet/pcr", test_pcr);
#define ADD(name, func)                                                                            \
  g_test_add ("/ts/continuity/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("cases", test_cases);
  ADD ("blocks", test_blocks);
  ADD ("reset", test_reset);
  ADD ("ring", test_ring);
  ADD ("ring-around", test_ring_around);
#undef ADD
  return g_test_run ();
}
