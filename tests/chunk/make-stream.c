/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * make-stream --out FILE …: what an antenna received of the simulated transmitter, for tests that
 * need it as a file.
 */
#include <stdio.h>

#include "media/ec-broadcast.h"
#include "media/ec-impairment.h"
#include "ts/ec-ts-packet.h"

#define BLOCK 512

static char *opt_out, *opt_scenario;
static double opt_seconds = 20, opt_join, opt_loss, opt_bursts, opt_bits;
static gint64 opt_begin = G_GINT64_CONSTANT (1772366400);
static int opt_seed = 1, opt_receiver = 1;
static gboolean opt_full;

static const GOptionEntry entries[] = {
  { "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Where to write", "FILE" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &opt_seconds, "How long", "S" },
  { "begin", 0, 0, G_OPTION_ARG_INT64, &opt_begin, "Unix time, also the scenario's origin", "S" },
  { "join", 0, 0, G_OPTION_ARG_DOUBLE, &opt_join, "Begin that much later", "S" },
  { "seed", 0, 0, G_OPTION_ARG_INT, &opt_seed, "The station", "N" },
  { "scenario", 0, 0, G_OPTION_ARG_STRING, &opt_scenario, "What goes wrong at the station",
    "EVENTS" },
  { "full", 0, 0, G_OPTION_ARG_NONE, &opt_full, "19.39 Mb/s instead of 1.5", NULL },
  { "receiver", 0, 0, G_OPTION_ARG_INT, &opt_receiver, "Seed of the reception", "N" },
  { "loss", 0, 0, G_OPTION_ARG_DOUBLE, &opt_loss, "Share of packets lost", "P" },
  { "burst-loss", 0, 0, G_OPTION_ARG_DOUBLE, &opt_bursts, "Share of packets lost in bursts", "P" },
  { "bit-errors", 0, 0, G_OPTION_ARG_DOUBLE, &opt_bits, "Share of bits received wrongly", "P" },
  { NULL },
};

static gboolean
write_stream (const EcBroadcast *broadcast, FILE *file)
{
  const EcImpairment impairment = {
    .seed = (guint64) opt_receiver,
    .loss = opt_loss,
    .burst_loss = opt_bursts,
    .burst_length = 10,
    .bit_errors = opt_bits,
  };
  guint64 slot = ec_broadcast_slot_at (broadcast, opt_begin * G_USEC_PER_SEC +
                                                      (gint64) (opt_join * G_USEC_PER_SEC));
  guint64 end = ec_broadcast_slot_at (broadcast, opt_begin * G_USEC_PER_SEC +
                                                     (gint64) (opt_seconds * G_USEC_PER_SEC));
  guint8 packets[BLOCK * EC_TS_PACKET_SIZE], lost[BLOCK];

  while (slot < end) {
    guint n = (guint) MIN (BLOCK, end - slot);

    ec_broadcast_read (broadcast, slot, n, packets);
    ec_impairment_apply (&impairment, slot, n, packets, lost);
    for (guint i = 0; i < n; i++) {
      if (!lost[i] && fwrite (packets + i * EC_TS_PACKET_SIZE, EC_TS_PACKET_SIZE, 1, file) != 1)
        return FALSE;
    }
    slot += n;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EcBroadcast) broadcast = NULL;
  EcBroadcastConfig config = { 0 };
  FILE *file;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || !opt_out) {
    fprintf (stderr, "make-stream: %s\n", error ? error->message : "--out is missing");
    return 2;
  }

  config.profile = opt_full ? EC_BROADCAST_FULL : EC_BROADCAST_LITE;
  config.seed = (guint64) opt_seed;
  config.scenario = opt_scenario;
  config.origin = opt_begin * G_USEC_PER_SEC;
  broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);
  if (!broadcast) {
    fprintf (stderr, "make-stream: %s\n", error->message);
    return 1;
  }
  file = fopen (opt_out, "wb");
  if (!file || !write_stream (broadcast, file) || fclose (file) != 0) {
    perror (opt_out);
    return 1;
  }
  return 0;
}
