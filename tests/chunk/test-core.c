/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams written down packet by packet, for what the parts of the chunker do together. */
#include <string.h>

#include "../ts/make-packets.h"
#include "chunk/ec-chunker-core.h"

#define PMT_PID 0x100
#define VIDEO 0x31
#define AUDIO 0x34
#define OTHER_AUDIO 0x35
#define SECOND EC_TS_CLOCK_RATE

#define SEQUENCE "000001b3 2d01e024 0a001234"
#define PICTURE_I "00000100 000f fff8 00000101"
#define PICTURE_P "00000100 0057 fff8 00000101"

/*
 * A stream in the making, and what a receiver hears of it: `[` and the index where a chunk opens, the
 * letters of its packets, `|` behind a part, `]` where it closes, and `d` where it is damaged.
 */
typedef struct {
  GByteArray *stream;
  guint counters[EC_TS_N_PIDS];
  GString *heard;
  GPtrArray *records;
} Fixture;

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  Fixture *self = user_data;

  g_ptr_array_add (self->records, ec_chunk_record_ref (record));
  g_string_append_printf (self->heard, "[%d:", (int) record->index);
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  Fixture *self = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize at = 0; at < size; at += EC_TS_PACKET_SIZE) {
    const guint8 *packet = data + at;
    guint pid = ec_ts_packet_pid (packet);

    /* A packet of ours ends with its letter; the head's end with stuffing. */
    if (pid == 0 || pid == PMT_PID)
      g_string_append_c (self->heard, '#');
    else
      g_string_append_c (self->heard, (char) packet[EC_TS_PACKET_SIZE - 1]);
  }
  g_string_append_c (self->heard, '|');
}

static void
on_closed (gpointer user_data, EcChunkRecord *record)
{
  Fixture *self = user_data;

  g_string_append_c (self->heard, ']');
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  Fixture *self = user_data;

  g_string_append_c (self->heard, 'd');
}

static void
on_ignored (gpointer user_data, EcChunkRecord *record)
{
}

static const EcChunkerEvents events = {
  on_opened, on_part, on_closed, { on_damaged, on_ignored, on_ignored }
};

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  self->stream = g_byte_array_new ();
  self->heard = g_string_new (NULL);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_chunk_record_unref);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  g_byte_array_unref (self->stream);
  g_string_free (self->heard, TRUE);
  g_ptr_array_unref (self->records);
}

static void
send_section (Fixture *self, guint pid, guint table_id, guint extension, const char *body)
{
  g_autoptr (GByteArray) section = make_section (table_id, extension, body);

  append_section (self->stream, pid, &self->counters[pid], section);
}

static void
send_pat (Fixture *self)
{
  send_section (self, EC_TS_PID_PAT, 0x00, 0x815, "0001 e100");
}

/* A packet with some bytes, and its letter at the end. */
static void
send_packet (Fixture *self, guint pid, gboolean unit_start, const char *hex, char letter)
{
  g_autoptr (GByteArray) payload = from_hex (hex);
  guint8 packet[EC_TS_PACKET_SIZE];

  g_byte_array_append (payload, (const guint8 *) &letter, 1);
  make_packet (packet, pid, unit_start, self->counters[pid]++, payload->data, payload->len);
  g_byte_array_append (self->stream, packet, sizeof packet);
}

static void
send_start (Fixture *self, guint pid, guint64 pts, const char *es, char letter)
{
  g_autofree char *hex =
      g_strdup_printf ("000001e0 0000 80 80 05 %02x %04x %04x %s", 0x21 | (guint) (pts >> 30) << 1,
                       1 | (guint) (pts >> 15 & 0x7fff) << 1, 1 | (guint) (pts & 0x7fff) << 1, es);

  send_packet (self, pid, TRUE, hex, letter);
}

static EcChunkerCore *
receive (Fixture *self)
{
  EcChunkerCore *core = ec_chunker_core_new (&events, self, 0, FALSE);

  ec_chunker_core_push (core, self->stream->data, self->stream->len);
  ec_chunker_core_finish (core);
  return core;
}

static void
assert_heard (Fixture *self, const char *want)
{
  EcChunkerCore *core = receive (self);

  ec_chunker_core_free (core);
  g_assert_cmpstr (self->heard->str, ==, want);
}

static EcChunkRecord *
nth (Fixture *self, guint n)
{
  g_assert_cmpuint (n, <, self->records->len);
  return g_ptr_array_index (self->records, n);
}

#define MAP "e031 f000 02 e031 f000 81 e034 f000"
#define OTHER_MAP "e031 f000 02 e031 f000 81 e035 f000"
#define THIRD_MAP "e031 f000 02 e031 f000 81 e034 f000 81 e036 f000"

/*
 * The PMT changes between a PES start and the packet that shows it to be a RAP: the chunk has the PMT
 * in force at the start, and its kept PIDs (§6.1).
 */
static void
test_map_changes_in_window (Fixture *self, gconstpointer data)
{
  send_pat (self);
  send_section (self, PMT_PID, 0x02, 1, MAP);
  send_packet (self, AUDIO, FALSE, "", 'x'); /* before all chunks */
  send_start (self, VIDEO, 10 * SECOND, SEQUENCE, 'a');
  send_packet (self, AUDIO, FALSE, "", 'b');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'y');
  send_section (self, PMT_PID, 0x02, 1, OTHER_MAP);
  send_packet (self, AUDIO, FALSE, "", 'c');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'z');
  send_packet (self, VIDEO, FALSE, PICTURE_I, 'd');
  send_packet (self, AUDIO, FALSE, "", 'e');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'Y');
  assert_heard (self, "[5:##abcde|]");
}

/* The same while another chunk is open, whose PMT is neither. */
static void
test_map_changes_in_second_window (Fixture *self, gconstpointer data)
{
  send_pat (self);
  send_section (self, PMT_PID, 0x02, 1, THIRD_MAP);
  send_start (self, VIDEO, 10 * SECOND, SEQUENCE PICTURE_I, 'a');
  send_packet (self, AUDIO, FALSE, "", 'b');
  send_section (self, PMT_PID, 0x02, 1, OTHER_MAP);
  send_start (self, VIDEO, 12 * SECOND, SEQUENCE, 'A');
  send_packet (self, AUDIO, FALSE, "", 'x'); /* of the open chunk, if this is no RAP */
  send_packet (self, OTHER_AUDIO, FALSE, "", 'B');
  send_section (self, PMT_PID, 0x02, 1, MAP);
  send_packet (self, AUDIO, FALSE, "", 'y');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'C');
  send_packet (self, VIDEO, FALSE, PICTURE_I, 'D');
  send_packet (self, AUDIO, FALSE, "", 'z');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'E');
  /* The first packet of an audio PID damages what is before it. */
  assert_heard (self, "[5:d##ab|][6:d##ABCDE|]");
}

/* It is no RAP: nothing of the window is lost to the open chunk, nothing is added to it. */
static void
test_map_changes_in_rejected_window (Fixture *self, gconstpointer data)
{
  send_pat (self);
  send_section (self, PMT_PID, 0x02, 1, THIRD_MAP);
  send_start (self, VIDEO, 10 * SECOND, SEQUENCE PICTURE_I, 'a');
  send_packet (self, AUDIO, FALSE, "", 'b');
  send_section (self, PMT_PID, 0x02, 1, OTHER_MAP);
  send_start (self, VIDEO, 12 * SECOND, SEQUENCE, 'c');
  send_packet (self, AUDIO, FALSE, "", 'd');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'x');
  send_section (self, PMT_PID, 0x02, 1, MAP);
  send_packet (self, AUDIO, FALSE, "", 'e');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'y');
  send_packet (self, VIDEO, FALSE, PICTURE_P, 'f');
  send_packet (self, AUDIO, FALSE, "", 'g');
  send_packet (self, OTHER_AUDIO, FALSE, "", 'z');
  assert_heard (self, "[5:d##ab|cdefg|]");
}

/* A gap on a PID that only the chunk in the making keeps is charged to it. */
static void
test_gap_in_window (Fixture *self, gconstpointer data)
{
  send_pat (self);
  send_section (self, PMT_PID, 0x02, 1, MAP);
  send_start (self, VIDEO, 10 * SECOND, SEQUENCE, 'a');
  send_packet (self, AUDIO, FALSE, "", 'b');
  send_section (self, PMT_PID, 0x02, 1, OTHER_MAP);
  self->counters[AUDIO]++;
  send_packet (self, AUDIO, FALSE, "", 'c');
  send_packet (self, VIDEO, FALSE, PICTURE_I, 'd');
  ec_chunker_core_free (receive (self));
  /* The audio PID's first packet is a gap too. */
  g_assert_cmpuint (nth (self, 0)->damaged, ==, 2);
}

/* E grows by `seconds`, in pictures that open nothing. */
static void
send_pictures (Fixture *self, guint64 *pts, guint seconds)
{
  for (guint i = 0; i < 2 * seconds; i++) {
    *pts += SECOND / 2;
    send_start (self, VIDEO, *pts, PICTURE_P, 'p');
  }
}

static void
send_stt (Fixture *self)
{
  send_section (self, EC_TS_PID_PSIP, 0xcd, 0, "00 56ceecd2 12 6000");
}

/*
 * A chunk's clock PIDs are those at its opening (§7.5), not at the packet that decides it: here the first
 * STT comes between the two, and a gap on the TDT's PID damages the chunk all the same.
 */
static void
test_clock_pids_of_opening (Fixture *self, gconstpointer data)
{
  for (guint late = 0; late < 2; late++) {
    guint64 pts = 10 * SECOND;

    g_byte_array_set_size (self->stream, 0);
    g_ptr_array_set_size (self->records, 0);
    memset (self->counters, 0, sizeof self->counters);
    send_packet (self, EC_TS_PID_TDT, FALSE, "", 't');
    send_pat (self);
    send_section (self, PMT_PID, 0x02, 1, MAP);
    send_start (self, VIDEO, pts, SEQUENCE PICTURE_I, 'a');
    send_pictures (self, &pts, 4); /* without a clock for so long: by time stamps */
    if (late == 0)
      send_stt (self);
    send_start (self, VIDEO, pts, SEQUENCE, 'b');
    if (late == 1)
      send_stt (self);
    send_packet (self, VIDEO, FALSE, PICTURE_I, 'c');
    self->counters[EC_TS_PID_TDT]++;
    send_packet (self, EC_TS_PID_TDT, FALSE, "", 't');
    ec_chunker_core_free (receive (self));
    g_assert_cmpuint (self->records->len, ==, 2);
    /* An STT before the opening opens by the clock; the PSIP PID's first packet damages what is before. */
    g_assert_cmpint (nth (self, 1)->synced, ==, late == 0);
    g_assert_cmpuint (nth (self, 1)->damaged, ==, late == 0 ? 0 : 2);
  }
}

/* Canonical input (§8): a tag, then sections on the PMT's PID, then some packets. */
static void
send_tag (Fixture *self)
{
  g_autoptr (EcTsProgram) program = make_program (PMT_PID, VIDEO, "02 e031 f000");
  guint8 head[EC_CHUNK_HEAD_MAX];

  ec_chunk_head_write (head, program, 0x815, 9);
  g_byte_array_append (self->stream, head, EC_TS_PACKET_SIZE);
}

/* Only a map of the program that the tag names is the chunk's map, and ends its head. */
static void
test_canonical_map (Fixture *self, gconstpointer data)
{
  g_autoptr (GByteArray) bad = make_section (0x02, 1, MAP);

  bad->data[bad->len - 1] ^= 1;
  send_tag (self);
  append_section (self->stream, PMT_PID, &self->counters[PMT_PID], bad);
  send_section (self, PMT_PID, 0x02, 2, MAP);  /* of another program */
  send_section (self, PMT_PID, 0x42, 1, "00"); /* of another table */
  send_section (self, PMT_PID, 0x02, 1, MAP);
  send_start (self, VIDEO, 10 * SECOND, PICTURE_I, 'a');
  send_packet (self, AUDIO, FALSE, "", 'b');
  send_start (self, VIDEO, 11 * SECOND, PICTURE_P, 'c');
  send_section (self, PMT_PID, 0x02, 1, OTHER_MAP); /* too late */
  assert_heard (self, "[9:#####ab|c#|]");
  g_assert_true (nth (self, 0)->has_pts);
  g_assert_cmpuint (nth (self, 0)->pts, ==, 10 * SECOND);
  g_assert_true (ec_ts_program_keeps (nth (self, 0)->program, AUDIO));
}

/* Two maps in one packet: the first one holds. */
static void
test_canonical_two_maps (Fixture *self, gconstpointer data)
{
  g_autoptr (GByteArray) sections = make_section (0x02, 1, MAP);
  g_autoptr (GByteArray) second = make_section (0x02, 1, OTHER_MAP);

  g_byte_array_append (sections, second->data, second->len);
  send_tag (self);
  append_section (self->stream, PMT_PID, &self->counters[PMT_PID], sections);
  send_start (self, VIDEO, 10 * SECOND, PICTURE_I, 'a');
  send_start (self, VIDEO, 11 * SECOND, PICTURE_P, 'b');
  assert_heard (self, "[9:##a|b|]");
  g_assert_true (ec_ts_program_keeps (nth (self, 0)->program, AUDIO));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/chunk/core/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("map-changes-in-window", test_map_changes_in_window);
  ADD ("map-changes-in-second-window", test_map_changes_in_second_window);
  ADD ("map-changes-in-rejected-window", test_map_changes_in_rejected_window);
  ADD ("gap-in-window", test_gap_in_window);
  ADD ("clock-pids-of-opening", test_clock_pids_of_opening);
  ADD ("canonical-map", test_canonical_map);
  ADD ("canonical-two-maps", test_canonical_two_maps);
#undef ADD
  return g_test_run ();
}
