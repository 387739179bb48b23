/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0003 */
#include "chunk/ec-stream-id-private.h"

#define NODE "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static void
test_source (void)
{
  static const struct {
    const char *device, *channel;
    gint64 epoch;
    const char *want; /* behind the node id; NULL: no name */
  } cases[] = {
    { "10A12347", "5.1", G_GINT64_CONSTANT (1772366400123), "10A12347/5.1/1772366400123" },
    { "file", "a.ts", 0, "file/a.ts/0" },
    { "file", "a b/c.ts", 1, "file/a%20b%2Fc.ts/1" },
    { "file", "%", 1, "file/%25/1" },
    { "file", "-._~azAZ09", 1, "file/-._~azAZ09/1" },
    { "file", "é", 1, "file/%C3%A9/1" },
    { "file", "\x01\x7f\xff", 1, "file/%01%7F%FF/1" },
    { "a+b", "c&d=e?f#g:h@i", 1, "a%2Bb/c%26d%3De%3Ff%23g%3Ah%40i/1" },
    { "", "5.1", 1, NULL },
    { "10A12347", "", 1, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name =
        ec_stream_id_for_source (NODE, cases[i].device, cases[i].channel, cases[i].epoch);
    g_autofree char *want =
        cases[i].want ? g_strconcat ("ec/v1/source/" NODE "/", cases[i].want, NULL) : NULL;

    g_assert_cmpstr (name, ==, want);
  }
  g_assert_null (ec_stream_id_for_source ("", "10A12347", "5.1", 1));
}

/* Every byte is written as itself or as %XX, so that the name has seven fields whatever they hold. */
static void
test_every_byte (void)
{
  for (guint byte = 1; byte < 256; byte++) {
    const char field[] = { 'x', (char) byte, 'y', '\0' };
    g_autofree char *name = ec_stream_id_for_source (NODE, field, field, 7);
    g_auto (GStrv) fields = g_strsplit (name, "/", -1);
    g_autofree char *back = NULL;

    g_assert_cmpuint (g_strv_length (fields), ==, 7);
    g_assert_cmpstr (fields[4], ==, fields[5]);
    g_assert_cmpstr (fields[6], ==, "7");
    back = g_uri_unescape_string (fields[4], NULL);
    if (byte < 0x80)
      g_assert_cmpstr (back, ==, field);
  }
}

static void
test_broadcast (void)
{
  static const struct {
    const char *name;
    EcTsClockKind kind;
    EcTsNetwork network;
    guint tsid, program_number;
    const char *want; /* NULL: may not be claimed */
  } cases[] = {
#define VCT(tsid) { .has_vct = TRUE, .vct_tsid = (tsid) }
#define SDT(tsid, onid)                                                                            \
  {                                                                                                \
    .has_sdt = TRUE, .sdt_tsid = (tsid), .sdt_onid = (onid)                                        \
  }
    { "atsc", EC_TS_CLOCK_ATSC, VCT (2069), 2069, 3, "ec/v1/atsc/2069/3/ts-canonical-1" },
    { "atsc-least", EC_TS_CLOCK_ATSC, VCT (2), 2, 1, "ec/v1/atsc/2/1/ts-canonical-1" },
    { "atsc-largest", EC_TS_CLOCK_ATSC, VCT (65535), 65535, 65535,
      "ec/v1/atsc/65535/65535/ts-canonical-1" },
    { "atsc-0", EC_TS_CLOCK_ATSC, VCT (0), 0, 3, NULL },
    { "atsc-1", EC_TS_CLOCK_ATSC, VCT (1), 1, 3, NULL },
    { "atsc-other-tsid", EC_TS_CLOCK_ATSC, VCT (2070), 2069, 3, NULL },
    { "atsc-no-vct", EC_TS_CLOCK_ATSC, { 0 }, 2069, 3, NULL },
    { "atsc-sdt-only", EC_TS_CLOCK_ATSC, SDT (2069, 5), 2069, 3, NULL },

    { "dvb", EC_TS_CLOCK_DVB, SDT (1051, 8468), 1051, 10, "ec/v1/dvb/8468/1051/10/ts-canonical-1" },
    { "dvb-tsid-0", EC_TS_CLOCK_DVB, SDT (0, 8468), 0, 10, "ec/v1/dvb/8468/0/10/ts-canonical-1" },
    { "dvb-onid-1", EC_TS_CLOCK_DVB, SDT (1, 1), 1, 10, "ec/v1/dvb/1/1/10/ts-canonical-1" },
    { "dvb-onid-feff", EC_TS_CLOCK_DVB, SDT (1, 0xfeff), 1, 10,
      "ec/v1/dvb/65279/1/10/ts-canonical-1" },
    { "dvb-onid-0", EC_TS_CLOCK_DVB, SDT (1051, 0), 1051, 10, NULL },
    { "dvb-onid-ff00", EC_TS_CLOCK_DVB, SDT (1051, 0xff00), 1051, 10, NULL },
    { "dvb-onid-ffff", EC_TS_CLOCK_DVB, SDT (1051, 0xffff), 1051, 10, NULL },
    { "dvb-other-tsid", EC_TS_CLOCK_DVB, SDT (1052, 8468), 1051, 10, NULL },
    { "dvb-no-sdt", EC_TS_CLOCK_DVB, { 0 }, 1051, 10, NULL },
    { "dvb-vct-only", EC_TS_CLOCK_DVB, VCT (1051), 1051, 10, NULL },

    { "isdb", EC_TS_CLOCK_ISDB, SDT (32736, 32736), 32736, 1024,
      "ec/v1/isdb/32736/32736/1024/ts-canonical-1" },
    { "isdb-onid-ff00", EC_TS_CLOCK_ISDB, SDT (32736, 0xff00), 32736, 1024, NULL },
    { "none", EC_TS_CLOCK_UNDECIDED, VCT (2069), 2069, 3, NULL },
#undef VCT
#undef SDT
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = ec_stream_id_for_broadcast (cases[i].kind, &cases[i].network,
                                                        cases[i].tsid, cases[i].program_number);

    g_test_message ("%s", cases[i].name);
    g_assert_cmpstr (name, ==, cases[i].want);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/stream-id/source", test_source);
  g_test_add_func ("/chunk/stream-id/every-byte", test_every_byte);
  g_test_add_func ("/chunk/stream-id/broadcast", test_broadcast);
  return g_test_run ();
}
