/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §6.3, §6.4 */
#include "../ts/make-packets.h"
#include "chunk/ec-chunk-builder.h"

/*
 * What is done to a builder is written as
 *
 *   a … z, A … Z   a packet        |   a boundary
 *   [   a hold     {   a hold where a part ends in any case     ]   it is released
 *   $   the end    >   the end, and what came since the hold is kept
 *   .   nothing
 *
 * and what comes of it as parts: H for the head, the packets, and ! behind the last part; what is
 * kept in parentheses; "." where there was one, so that it shows when parts come.
 */
typedef struct {
  EcChunkBuilder builder;
  EcTsProgram *program;
  EcChunkRecord *record;
  GString *text;
  GByteArray *bytes; /* of all parts */
  gsize head_size;
} Fixture;

static void
append_packets (GString *text, const guint8 *data, gsize size)
{
  g_assert_cmpuint (size % EC_TS_PACKET_SIZE, ==, 0);
  for (gsize at = 0; at < size; at += EC_TS_PACKET_SIZE)
    g_string_append_c (text, (char) data[at + 4]);
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  Fixture *self = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_assert_true (record == self->record);
  g_assert_cmpuint (size, >, 0);
  if (self->text->len > 0)
    g_string_append_c (self->text, ' ');
  if (self->bytes->len == 0) {
    g_autofree guint8 *head = g_malloc (self->head_size);

    ec_chunk_head_write (head, self->program, 0x815, 77);
    g_assert_cmpuint (size, >=, self->head_size);
    g_assert_cmpmem (data, self->head_size, head, self->head_size);
    g_string_append_c (self->text, 'H');
    append_packets (self->text, data + self->head_size, size - self->head_size);
  } else {
    append_packets (self->text, data, size);
  }
  if (last)
    g_string_append_c (self->text, '!');
  g_byte_array_append (self->bytes, data, (guint) size);
}

static void
set_up (Fixture *self, const char *streams)
{
  self->program = make_program (0x100, 0x31, streams);
  self->head_size = ec_chunk_head_size (self->program);
  self->text = g_string_new (NULL);
  self->bytes = g_byte_array_new ();
  ec_chunk_builder_init (&self->builder, on_part, self);
}

static void
fixture_set_up_video (Fixture *self, gconstpointer data)
{
  set_up (self, "02 e031 f000");
}

static void
fixture_set_up_audio (Fixture *self, gconstpointer data)
{
  set_up (self, "81 e031 f000");
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  ec_chunk_builder_clear (&self->builder);
  g_clear_pointer (&self->record, ec_chunk_record_unref);
  ec_ts_program_unref (self->program);
  g_string_free (self->text, TRUE);
  g_byte_array_unref (self->bytes);
}

static void
make_letter (guint8 *packet, char letter)
{
  memset (packet, 0, EC_TS_PACKET_SIZE);
  packet[0] = EC_TS_SYNC_BYTE;
  packet[4] = (guint8) letter;
}

static gboolean
append (Fixture *self, char letter)
{
  guint8 packet[EC_TS_PACKET_SIZE];

  make_letter (packet, letter);
  return ec_chunk_builder_append (&self->builder, packet);
}

/* A chunk whose first part has these packets already. */
static void
open_chunk (Fixture *self, const char *first)
{
  EcChunkPart part = { 0 };

  g_clear_pointer (&self->record, ec_chunk_record_unref);
  g_string_truncate (self->text, 0);
  g_byte_array_set_size (self->bytes, 0);
  self->record = ec_chunk_record_new (self->program, TRUE);
  self->record->tsid = 0x815;
  self->record->index = 77;
  for (; *first; first++) {
    guint8 packet[EC_TS_PACKET_SIZE];

    make_letter (packet, *first);
    g_assert_true (ec_chunk_part_append_packet (&part, packet, 0));
  }
  part.n_kept = 0; /* as in what ec_chunk_builder_end() keeps */
  g_assert_true (ec_chunk_builder_open (&self->builder, self->record, &part));
  g_assert_null (part.base);
}

static void
end_and_keep (Fixture *self)
{
  EcChunkPart rest = { 0 };

  ec_chunk_builder_end (&self->builder, &rest);
  g_assert_cmpuint (rest.n_kept, ==, 0);
  g_string_append (self->text, " (");
  append_packets (self->text, rest.base + rest.begin, ec_chunk_part_size (&rest));
  g_string_append_c (self->text, ')');
  ec_chunk_part_clear (&rest);
}

static void
run (Fixture *self, const char *input)
{
  for (; *input; input++) {
    switch (*input) {
    case '|':
      ec_chunk_builder_boundary (&self->builder);
      break;
    case '[':
    case '{':
      ec_chunk_builder_hold (&self->builder, *input == '{');
      break;
    case ']':
      g_assert_true (ec_chunk_builder_release (&self->builder));
      break;
    case '$':
      ec_chunk_builder_end (&self->builder, NULL);
      break;
    case '>':
      end_and_keep (self);
      break;
    case '.':
      g_string_append (self->text, self->text->len > 0 ? " ." : ".");
      break;
    default:
      g_assert_true (append (self, *input));
    }
  }
}

/* The record has the sizes of the parts and the hash of all bytes. */
static void
check_record (Fixture *self)
{
  guint8 hash[BLAKE3_OUT_LEN];
  blake3_hasher hasher;
  guint64 total = 0;

  for (guint i = 0; i < self->record->part_sizes->len; i++)
    total += g_array_index (self->record->part_sizes, guint32, i);
  g_assert_cmpuint (total, ==, self->bytes->len);
  g_assert_cmpuint (self->record->n_bytes, ==, self->bytes->len);
  blake3_hasher_init (&hasher);
  blake3_hasher_update (&hasher, self->bytes->data, self->bytes->len);
  blake3_hasher_finalize (&hasher, hash, sizeof hash);
  ec_chunk_record_close (self->record, 1, 0, FALSE);
  g_assert_cmpmem (self->record->hash, sizeof self->record->hash, hash, sizeof hash);
}

typedef struct {
  const char *first, *input, *want;
} Case;

static const Case video_cases[] = {
  { "", "abc$", "Habc!" },
  { "", "abc|.de|f$", "Habc . de f!" },
  { "xy", "abc|d$", "Hxyabc d!" },
  { "", "$", "H!" },
  { "", "a|$", "Ha" }, /* no part is empty, not even the last */
  /* a hold that is released: nothing comes before */
  { "", "abc{.de.].f$", ". . Habc . def!" },
  { "", "abc{de]f|g$", "Habc def g!" },
  { "", "abc{]d$", "Habc d!" },
  { "", "ab|cd{ef]g$", "Hab cd efg!" },
  /* the chunk ends where the hold began */
  { "", "abc{de$", "Habc!" },
  { "", "abc{de>", "Habc! (de)" },
  { "", "abc{>", "Habc! ()" },
  { "", "ab|cd{ef>", "Hab cd! (ef)" },
  { "", "abc>", "Habc! ()" },
  /* where no part ends unless the chunk does */
  { "", "abc[de]f|g$", "Habcdef g!" },
  { "", "abc[]d|e$", "Habcd e!" },
  { "", "abc[de$", "Habc!" },
  { "", "abc[de>", "Habc! (de)" },
  { "", "a|bc[de]f$", "Ha bcdef!" },
  { "", "a|[bc]d$", "Ha bcd!" },
  /* boundaries of the chunk's own lead while another's PES start is held */
  { "", "ab[c|.d].e$", ". Habc . de!" },
  { "", "ab{c|d]e$", "Hab c de!" },
  { "", "ab[c|d|e]f$", "Habc d ef!" },
  { "", "ab{c|d|e]f|g$", "Hab c d ef g!" },
  { "", "ab[c|d$", "Hab!" },
  /* twice */
  { "", "a{b]c{d]e$", "Ha bc de!" },
  { "", "a[b]c[d]e|f$", "Habcde f!" },
};

static const Case audio_cases[] = {
  { "", "abc$", "Habc!" },
  { "", "abcdefghijklmnop.$", ". Habcdefghijklmnop!" },
  { "", "abcdefghijklmnop.q.$", ". Habcdefghijklmnop . q!" },
  { "", "abcdefghijklmnopqrstuvwxyzABCDEFGHI$", "Habcdefghijklmnop qrstuvwxyzABCDEF GHI!" },
  /* a hold, of a lead that is not the chunk's, does not cut */
  { "", "abc[de]fghijklmnopq$", "Habcdefghijklmnop q!" },
  { "", "abc[]defghijklmnopq$", "Habcdefghijklmnop q!" },
  { "", "abc[de>", "Habc! (de)" },
  { "", "abcdefghijklmn[opqr]s$", "Habcdefghijklmnop qrs!" },
  { "", "abcdefghijklmn[op]q$", "Habcdefghijklmnop q!" },
  { "", "abcdefghijklmnop[q]r$", "Habcdefghijklmnop qr!" },
  { "", "abcdefghijklmnop[]q$", "Habcdefghijklmnop q!" },
  { "", "abcdefghijklmnop[q>", "Habcdefghijklmnop! (q)" },
  { "", "abcdefghijklmnop[>", "Habcdefghijklmnop! ()" },
  { "", "a[bcdefghijklmnopqrstuvwxyzABCDEFGH]I$", "Habcdefghijklmnop qrstuvwxyzABCDEF GHI!" },
};

static void
check (Fixture *self, const Case *cases, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_test_message ("%s %s", cases[i].first, cases[i].input);
    open_chunk (self, cases[i].first);
    run (self, cases[i].input);
    g_assert_cmpstr (self->text->str, ==, cases[i].want);
    g_assert_null (self->builder.record);
    check_record (self);
  }
}

static void
test_video (Fixture *self, gconstpointer data)
{
  check (self, video_cases, G_N_ELEMENTS (video_cases));
}

static void
test_audio (Fixture *self, gconstpointer data)
{
  check (self, audio_cases, G_N_ELEMENTS (audio_cases));
}

/* Cleared in any state: nothing comes, nothing leaks. */
static void
test_clear (Fixture *self, gconstpointer data)
{
  static const char *const inputs[] = { "", "ab", "ab|", "ab{c", "ab[c|d", "ab{" };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    open_chunk (self, "");
    run (self, inputs[i]);
    ec_chunk_builder_clear (&self->builder);
    g_assert_null (strchr (self->text->str, '!'));
    ec_chunk_builder_init (&self->builder, on_part, self);
  }
}

/* A part grows to 33,554,432 bytes at most, its head included. */
static void
test_part_limit (Fixture *self, gconstpointer data)
{
  guint n = 0;

  open_chunk (self, "");
  while (append (self, 'a'))
    n++;
  g_assert_cmpuint (n, ==, (EC_CHUNK_PART_MAX - self->head_size) / EC_TS_PACKET_SIZE);
}

/* A chunk grows to 536,870,912 bytes at most, whatever its parts are. */
static void
check_chunk_limit (Fixture *self, gboolean boundaries)
{
  const guint room = 40;
  guint n = 0;

  open_chunk (self, "");
  self->record->n_bytes = EC_CHUNK_MAX_BYTES - self->head_size - room * EC_TS_PACKET_SIZE;
  while (append (self, 'a')) {
    n++;
    if (boundaries && n % 7 == 0)
      ec_chunk_builder_boundary (&self->builder);
  }
  g_assert_cmpuint (n, ==, room);
}

static void
test_chunk_limit_video (Fixture *self, gconstpointer data)
{
  check_chunk_limit (self, FALSE);
  ec_chunk_builder_end (&self->builder, NULL);
  check_chunk_limit (self, TRUE);
}

static void
test_chunk_limit_audio (Fixture *self, gconstpointer data)
{
  check_chunk_limit (self, FALSE);
}

/* While it holds nobody knows whose the packets are: it shows when it is released. */
static void
test_chunk_limit_held (Fixture *self, gconstpointer data)
{
  for (guint more = 0; more < 2; more++) {
    for (guint boundary = 0; boundary < 2; boundary++) {
      open_chunk (self, "");
      self->record->n_bytes = EC_CHUNK_MAX_BYTES - self->head_size - 10 * EC_TS_PACKET_SIZE;
      run (self, "abcdefgh");
      ec_chunk_builder_hold (&self->builder, boundary == 1);
      run (self, more ? "ijk" : "ij");
      g_assert_cmpint (ec_chunk_builder_release (&self->builder), ==, more == 0);
      g_assert_false (append (self, 'z'));
      ec_chunk_builder_end (&self->builder, NULL);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, set_up, func)                                                                    \
  g_test_add ("/chunk/builder/" name, Fixture, NULL, set_up, func, fixture_tear_down)
  ADD ("video", fixture_set_up_video, test_video);
  ADD ("audio", fixture_set_up_audio, test_audio);
  ADD ("clear", fixture_set_up_video, test_clear);
  ADD ("part-limit", fixture_set_up_video, test_part_limit);
  ADD ("chunk-limit-video", fixture_set_up_video, test_chunk_limit_video);
  ADD ("chunk-limit-audio", fixture_set_up_audio, test_chunk_limit_audio);
  ADD ("chunk-limit-held", fixture_set_up_video, test_chunk_limit_held);
#undef ADD
  return g_test_run ();
}
