/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "media/ec-broadcast.h"

#define ROUNDS 20

/* Reading the broadcast, against a plain copy of as many bytes in the same run. */
int
main (void)
{
  EcBroadcastConfig config = { .profile = EC_BROADCAST_LITE, .seed = 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcBroadcast) broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);
  g_autofree guint8 *from = NULL, *to = NULL;
  gint64 start, copying, reading;
  gsize size;
  guint n;

  if (!broadcast) {
    g_printerr ("%s\n", error->message);
    return 77;
  }
  n = 10 * ec_broadcast_get_station (broadcast)->slots_per_loop;
  size = (gsize) n * EC_TS_PACKET;
  from = g_malloc (size);
  to = g_malloc (size);
  memset (from, 1, size);
  memset (to, 2, size);

  start = g_get_monotonic_time ();
  for (guint i = 0; i < ROUNDS; i++)
    memcpy (i % 2 ? from : to, i % 2 ? to : from, size);
  copying = g_get_monotonic_time () - start;

  start = g_get_monotonic_time ();
  for (guint i = 0; i < ROUNDS; i++)
    ec_broadcast_read (broadcast, (guint64) i * 100000007, n, to);
  reading = g_get_monotonic_time () - start;

  g_print ("reading the broadcast takes %.1f times as long as memcpy; a tuner needs 1/%.0f of it\n",
           (double) reading / (double) copying,
           (double) size * ROUNDS / (double) reading / (19392670 / 8e6));
  return 0;
}
