/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §2.2–2.5 */
#include "make-packets.h"

#include <string.h>

#define PMT_PID 0x1000

/* libavformat's: H.264 on 0x100 with the PCR, AAC on 0x101. */
#define GOLDEN_PMT "02 b0 17 00 01 c1 00 00 e1 00 f0 00 1b e1 00 f0 00 0f e1 01 f0 00 2f 44 b9 9b"

static EcTsProgram *
read_program (const GByteArray *section)
{
  EcTsSection read = read_section (section);

  return ec_ts_program_new (PMT_PID, &read);
}

static char *
list_kept (const EcTsProgram *program)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < program->n_kept; i++)
    g_string_append_printf (text, "%s%x", i ? " " : "", program->kept[i]);
  return g_string_free (text, FALSE);
}

static void
test_golden (void)
{
  g_autoptr (GByteArray) section = from_hex (GOLDEN_PMT);
  g_autoptr (EcTsProgram) program = read_program (section);
  g_autofree char *kept = list_kept (program);

  g_assert_cmpuint (program->program_number, ==, 1);
  g_assert_cmphex (program->pmt_pid, ==, PMT_PID);
  g_assert_cmphex (program->pcr_pid, ==, 0x100);
  g_assert_cmpuint (program->version, ==, 0);
  g_assert_cmpuint (program->n_streams, ==, 2);
  g_assert_cmphex (program->streams[0].pid, ==, 0x100);
  g_assert_cmphex (program->streams[0].stream_type, ==, 0x1b);
  g_assert_false (program->streams[0].is_audio);
  g_assert_cmphex (program->streams[1].pid, ==, 0x101);
  g_assert_true (program->streams[1].is_audio);
  g_assert_cmpstr (kept, ==, "100 101");
  g_assert_cmphex (program->lead_pid, ==, 0x100);
  g_assert_cmphex (program->lead_type, ==, 0x1b);
  g_assert_cmpint (program->lead_kind, ==, EC_TS_LEAD_H264);
  g_assert_cmpmem (program->section, program->section_size, section->data, section->len);
  g_assert_true (ec_ts_program_keeps (program, 0x101));
  g_assert_false (ec_ts_program_keeps (program, PMT_PID));
  g_assert_cmpstr (ec_ts_stream_type_name (program, &program->streams[0]), ==, "H.264");
  g_assert_cmpstr (ec_ts_stream_type_name (program, &program->streams[1]), ==, "AAC");
}

/* Streams as type, PID and descriptors; what is kept, what leads. */
static const struct {
  const char *name;
  guint pcr_pid;
  const char *streams;
  const char *kept;
  guint lead_pid;
  EcTsLeadKind lead_kind;
} programs[] = {
  { "mpeg-1", 0x31, "01 e031 f000", "31", 0x31, EC_TS_LEAD_MPEG2 },
  { "mpeg-2", 0x31, "02 e031 f000", "31", 0x31, EC_TS_LEAD_MPEG2 },
  { "h264", 0x31, "1b e031 f000", "31", 0x31, EC_TS_LEAD_H264 },
  { "hevc", 0x31, "24 e031 f000", "31", 0x31, EC_TS_LEAD_HEVC },
  { "video-behind-audio", 0x31, "81 e034 f000 02 e031 f000", "34 31", 0x31, EC_TS_LEAD_MPEG2 },
  { "first-video", 0x31, "1b e032 f000 02 e031 f000", "32 31", 0x32, EC_TS_LEAD_H264 },
  { "audio-03", 0x34, "03 e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-04", 0x34, "04 e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-0f", 0x34, "0f e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-11", 0x34, "11 e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-81", 0x34, "81 e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-87", 0x34, "87 e034 f000", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-06-6a", 0x34, "06 e034 f003 6a 01 00", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "audio-06-7a", 0x34, "06 e034 f006 0a 01 00 7a 01 00", "34", 0x34, EC_TS_LEAD_AUDIO },
  { "06-teletext", 0x34, "06 e034 f003 56 01 00", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  /* the tag is inside another descriptor */
  { "06-no-tag", 0x34, "06 e034 f004 05 02 6a 00", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  { "06-tag-alone", 0x34, "06 e034 f001 6a", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  { "06-behind-a-bad-one", 0x34, "06 e034 f004 05 09 6a 00", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  { "6a-elsewhere", 0x34, "05 e034 f003 6a 01 00", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  { "first-audio", 0x34, "06 e035 f000 0f e036 f000 81 e034 f000", "35 36 34", 0x36,
    EC_TS_LEAD_AUDIO },
  { "none", 0x34, "05 e034 f000 86 e035 f000 1f e036 f000", "34 35 36", EC_TS_N_PIDS,
    EC_TS_LEAD_NONE },
  { "empty", 0x34, "", "34", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
  { "pcr-alone", 0x44, "02 e031 f000", "31 44", 0x31, EC_TS_LEAD_MPEG2 },
  { "no-pcr", 0x1fff, "02 e031 f000", "31", 0x31, EC_TS_LEAD_MPEG2 },
  { "twice", 0x31, "02 e031 f000 81 e031 f000", "31", 0x31, EC_TS_LEAD_MPEG2 },
  /* PIDs that are never kept, so that they cannot lead either */
  { "pid-00", 0x31, "02 e000 f000 02 e031 f000", "31", 0x31, EC_TS_LEAD_MPEG2 },
  { "pid-1f", 0x20, "02 e01f f000 02 e020 f000", "20", 0x20, EC_TS_LEAD_MPEG2 },
  { "pid-psip", 0x31, "02 fffb f000 81 e031 f000", "31", 0x31, EC_TS_LEAD_AUDIO },
  { "pid-null", 0x1ffe, "02 ffff f000 1b fffe f000", "1ffe", 0x1ffe, EC_TS_LEAD_H264 },
  { "pid-pmt", PMT_PID, "02 f000 f000 81 e031 f000", "31", 0x31, EC_TS_LEAD_AUDIO },
  { "nothing-kept", 0x10, "02 e010 f000", "", EC_TS_N_PIDS, EC_TS_LEAD_NONE },
};

static void
test_programs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++) {
    g_autoptr (EcTsProgram) program =
        make_program (PMT_PID, programs[i].pcr_pid, programs[i].streams);
    g_autofree char *kept = list_kept (program);

    g_test_message ("%s", programs[i].name);
    g_assert_cmpstr (kept, ==, programs[i].kept);
    g_assert_cmphex (program->lead_pid, ==, programs[i].lead_pid);
    g_assert_cmpint (program->lead_kind, ==, programs[i].lead_kind);
  }
}

/* Bodies (behind last_section_number) that are no PMT. */
static void
test_malformed (void)
{
  static const char *const bodies[] = {
    "",                                /* no PCR_PID */
    "e0",                              /* half of it */
    "e031",                            /* no program_info_length */
    "e031 f0",                         /* half of it */
    "e031 f001",                       /* program_info passes the end */
    "e031 f001 02 e031 f000",          /* it takes the first byte of a stream */
    "e031 ffff 02 e031 f000",          /* … or more than there is */
    "e031 f000 02",                    /* a stream is cut short, everywhere */
    "e031 f000 02 e0",                 /**/
    "e031 f000 02 e031",               /**/
    "e031 f000 02 e031 f0",            /**/
    "e031 f000 02 e031 f001",          /* its descriptors pass the end */
    "e031 f000 02 e031 f000 81",       /* the second stream is cut short */
    "e031 f000 02 e031 f004 0a 01 00", /* one byte missing */
  };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GByteArray) section = make_section (0x02, 1, bodies[i]);

    g_assert_null (read_program (section));
  }
}

/* Cut short anywhere, with a length and a CRC that fit: only between two streams is it a PMT. */
static void
test_truncated (void)
{
  static const char *const body = "e100 f002 0e 00 1b e100 f003 28 01 00 0f e101 f000";
  g_autoptr (GByteArray) whole = from_hex (body);

  for (guint n = 0; n <= whole->len; n++) {
    g_autofree char *digits = to_hex (whole->data, n);
    g_autoptr (GByteArray) section = make_section (0x02, 1, digits);
    EcTsProgram *program = read_program (section);

    g_assert_cmpint (program != NULL, ==, n == 6 || n == 14 || n == 19);
    g_clear_pointer (&program, ec_ts_program_unref);
  }
}

static void
test_refused (void)
{
  g_autoptr (GByteArray) section = from_hex (GOLDEN_PMT);
  EcTsSection read = read_section (section);

  read.crc_ok = FALSE;
  g_assert_null (ec_ts_program_new (PMT_PID, &read));
  read = read_section (section);
  read.current = FALSE;
  g_assert_null (ec_ts_program_new (PMT_PID, &read));
  read = read_section (section);
  read.table_id = 0x03;
  g_assert_null (ec_ts_program_new (PMT_PID, &read));
  read = read_section (section);
  read.has_syntax = FALSE;
  g_assert_null (ec_ts_program_new (PMT_PID, &read));
}

/* section_length is at most 1,021, and then there are at most 201 streams. */
static void
test_longest (void)
{
  for (guint extra = 3; extra <= 4; extra++) {
    g_autoptr (GString) body = g_string_new (NULL);
    g_autoptr (GByteArray) section = NULL;
    g_autoptr (EcTsProgram) program = NULL;

    g_string_append_printf (body, "e031 f%03x", extra);
    for (guint i = 0; i < extra; i++)
      g_string_append (body, "00");
    for (guint i = 0; i < 201; i++)
      g_string_append_printf (body, "02 %04x f000", 0xe000 | (0x31 + i));
    section = make_section (0x02, 1, body->str);
    g_assert_cmpuint (section->len, ==, 3 + 1018 + extra);
    program = read_program (section);
    g_assert_cmpint (program != NULL, ==, extra == 3);
    if (program) {
      g_assert_cmpuint (program->n_streams, ==, 201);
      g_assert_cmpuint (program->n_kept, ==, 201);
    }
  }
}

static void
test_equal (void)
{
  g_autoptr (EcTsProgram) a = make_program (PMT_PID, 0x31, "02 e031 f000");
  g_autoptr (EcTsProgram) b = make_program (PMT_PID, 0x31, "02 e031 f000");
  g_autoptr (EcTsProgram) other_pid = make_program (PMT_PID + 1, 0x31, "02 e031 f000");
  g_autoptr (EcTsProgram) other_map = make_program (PMT_PID, 0x31, "02 e032 f000");
  g_autoptr (EcTsProgram) longer = make_program (PMT_PID, 0x31, "02 e031 f000 81 e032 f000");
  g_autoptr (EcTsProgram) same = ec_ts_program_ref (a);

  g_assert_true (ec_ts_program_equal (a, same));
  g_assert_true (ec_ts_program_equal (a, b));
  g_assert_false (ec_ts_program_equal (a, other_pid));
  g_assert_false (ec_ts_program_equal (a, other_map));
  g_assert_false (ec_ts_program_equal (a, longer));
}

typedef struct {
  GString *text;
  guint stop_at;
} PatHeard;

static gboolean
on_program (gpointer user_data, guint program_number, guint pmt_pid)
{
  PatHeard *heard = user_data;

  g_string_append_printf (heard->text, " %u:%x", program_number, pmt_pid);
  return program_number != heard->stop_at;
}

static void
test_pat (void)
{
  static const struct {
    const char *body;
    guint stop_at;
    const char *want;
  } pats[] = {
    { "0001 f000", 0, " 1:1000" },
    { "", 0, "" },
    { "0000 e010 0003 e100 0004 e300", 0, " 3:100 4:300" },
    { "0003 e100 0004 e300", 3, " 3:100" },
    { "0003 0100 ffff ffff", 0, " 3:100 65535:1fff" },
    /* what is left of an entry is none */
    { "0003 e100 0004 e3", 0, " 3:100" },
    { "0003", 0, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pats); i++) {
    g_autoptr (GByteArray) section = make_section (0x00, 0x815, pats[i].body);
    EcTsSection read = read_section (section);
    g_autoptr (GString) text = g_string_new (NULL);
    PatHeard heard = { text, pats[i].stop_at };

    ec_ts_pat_foreach (&read, on_program, &heard);
    g_assert_cmpstr (text->str, ==, pats[i].want);
  }
}

static void
test_names (void)
{
  static const struct {
    const char *stream, *name;
  } names[] = {
    { "01 e031 f000", "MPEG-1 video" },
    { "02 e031 f000", "MPEG-2 video" },
    { "24 e031 f000", "HEVC" },
    { "06 e031 f006 59 01 00 6a 01 00", "AC-3" },
    { "06 e031 f006 7a 01 00 6a 01 00", "E-AC-3" },
    { "06 e031 f003 59 01 00", "DVB subtitles" },
    { "06 e031 f003 56 01 00", "teletext" },
    { "06 e031 f000", "private data" },
    { "81 e031 f000", "AC-3" },
    { "ee e031 f000", "unknown" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (EcTsProgram) program = make_program (PMT_PID, 0x31, names[i].stream);

    g_assert_cmpstr (ec_ts_stream_type_name (program, &program->streams[0]), ==, names[i].name);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/program/golden", test_golden);
  g_test_add_func ("/ts/program/programs", test_programs);
  g_test_add_func ("/ts/program/malformed", test_malformed);
  g_test_add_func ("/ts/program/truncated", test_truncated);
  g_test_add_func ("/ts/program/refused", test_refused);
  g_test_add_func ("/ts/program/longest", test_longest);
  g_test_add_func ("/ts/program/equal", test_equal);
  g_test_add_func ("/ts/program/pat", test_pat);
  g_test_add_func ("/ts/program/names", test_names);
  return g_test_run ();
}
