/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0003 §2: the tables that broadcast-scoped names are made of. */
#include "make-packets.h"
#include "ts/ec-ts-network.h"

/* A TVCT without channels and an SDT with one service, CRCs by another implementation. */
#define TVCT "c8 f0 0d 08 15 c1 00 00 00 00 fc 00 1e b8 57 6b"
#define SDT "42 f0 11 08 15 c1 00 00 21 14 ff 00 03 fc 80 00 a4 12 02 af"

static EcTsNetwork
read_hex (guint pid, const char *hex)
{
  g_autoptr (GByteArray) bytes = from_hex (hex);
  EcTsSection section = read_section (bytes);
  EcTsNetwork network = { 0 };

  ec_ts_network_section (&network, pid, &section);
  return network;
}

static EcTsNetwork
read_table (guint pid, guint table_id, const char *body)
{
  g_autoptr (GByteArray) bytes = make_section (table_id, 0x0815, body);
  EcTsSection section = read_section (bytes);
  EcTsNetwork network = { 0 };

  ec_ts_network_section (&network, pid, &section);
  return network;
}

static void
test_golden (void)
{
  EcTsNetwork network = read_hex (EC_TS_PID_PSIP, TVCT);

  g_assert_true (network.has_vct);
  g_assert_false (network.has_sdt);
  g_assert_cmphex (network.vct_tsid, ==, 0x0815);

  network = read_hex (EC_TS_PID_SDT, SDT);
  g_assert_true (network.has_sdt);
  g_assert_false (network.has_vct);
  g_assert_cmphex (network.sdt_tsid, ==, 0x0815);
  g_assert_cmphex (network.sdt_onid, ==, 0x2114);
}

static void
test_tables (void)
{
  static const struct {
    guint pid, table_id;
    const char *body;
    gboolean has_vct, has_sdt;
  } cases[] = {
    { EC_TS_PID_PSIP, 0xc8, "00 00 fc 00", TRUE, FALSE },
    { EC_TS_PID_PSIP, 0xc9, "00 00 fc 00", TRUE, FALSE }, /* CVCT */
    { EC_TS_PID_PSIP, 0xc8, "00 00 fc", FALSE, FALSE },   /* too short */
    { EC_TS_PID_PSIP, 0xc7, "00 00 fc 00", FALSE, FALSE },
    { EC_TS_PID_PSIP, 0x42, "21 14 ff", FALSE, FALSE },
    { EC_TS_PID_SDT, 0x42, "21 14 ff", FALSE, TRUE },
    { EC_TS_PID_SDT, 0x42, "21 14", FALSE, FALSE },    /* too short */
    { EC_TS_PID_SDT, 0x46, "21 14 ff", FALSE, FALSE }, /* of another stream */
    { EC_TS_PID_SDT, 0xc8, "00 00 fc 00", FALSE, FALSE },
    { EC_TS_PID_TDT, 0x42, "21 14 ff", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcTsNetwork network = read_table (cases[i].pid, cases[i].table_id, cases[i].body);

    g_test_message ("table %x on %x: %s", cases[i].table_id, cases[i].pid, cases[i].body);
    g_assert_cmpint (network.has_vct, ==, cases[i].has_vct);
    g_assert_cmpint (network.has_sdt, ==, cases[i].has_sdt);
  }
}

/* The last valid and current one holds. */
static void
test_last (void)
{
  g_autoptr (GByteArray) first = make_section (0xc8, 1, "00 00 fc 00");
  g_autoptr (GByteArray) second = make_section (0xc9, 2, "00 00 fc 00");
  EcTsSection a = read_section (first), b = read_section (second);
  EcTsNetwork network = { 0 };

  ec_ts_network_section (&network, EC_TS_PID_PSIP, &a);
  b.current = FALSE;
  ec_ts_network_section (&network, EC_TS_PID_PSIP, &b);
  b.current = TRUE;
  b.crc_ok = FALSE;
  ec_ts_network_section (&network, EC_TS_PID_PSIP, &b);
  g_assert_cmpuint (network.vct_tsid, ==, 1);
  b.crc_ok = TRUE;
  ec_ts_network_section (&network, EC_TS_PID_PSIP, &b);
  g_assert_cmpuint (network.vct_tsid, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/network/golden", test_golden);
  g_test_add_func ("/ts/network/tables", test_tables);
  g_test_add_func ("/ts/network/last", test_last);
  return g_test_run ();
}
