/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer-private.h"

/* The broadcast, the relay, and its time. */

const EcMoqtDraft *const drafts[2] = { &ec_moqt_draft_16, &ec_moqt_draft_18 };
const guint8 key_a[32] = { 0xaa, 1 };
const guint8 key_b[32] = { 0xbb, 2 };

gsize
broadcast_size (guint64 group, guint64 object)
{
  return object == 0 ? 9000 : 200 + (group * 7919 + object * 104729) % 3000;
}

guint8
broadcast_byte (guint64 group, guint64 object, gsize offset)
{
  return (guint8) (group * 31 + object * 17 + offset * 7 + (offset >> 8));
}

EcPayload *
broadcast_payload (guint64 group, guint64 object, guint8 twist)
{
  gsize size = broadcast_size (group, object);
  EcPayload *payload = ec_payload_new (size, NULL);
  g_autofree guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = broadcast_byte (group, object, i) ^ (i == size / 3 ? twist : 0);
  ec_payload_append (payload, bytes, size);
  return payload;
}

EcMoqtName *
make_name (const char *path, const char *track)
{
  g_autoptr (GError) error = NULL;
  EcMoqtName *name =
      *path ? ec_moqt_name_new_from_path (path, track, &error) : ec_moqt_name_new (NULL, 0, NULL);

  g_assert_no_error (error);
  return name;
}

EcRelayCoreConfig
any_may_publish (void)
{
  EcRelayCoreConfig config = { .policy = ec_relay_policy_new () };

  g_assert_true (ec_relay_policy_allow_publish (config.policy, "ec/v1=any", NULL));
  return config;
}

void
add_mixes (const char *path, guint n_mixes, GTestDataFunc func)
{
  for (guint mix = 0; mix < n_mixes; mix++) {
    g_autofree char *whole = g_strdup_printf ("%s/%u", path, mix);

    g_test_add_data_func (whole, GUINT_TO_POINTER (mix), func);
  }
}

/* -- The world */

World *
world_new (guint32 seed, const EcRelayCoreConfig *config)
{
  EcRelayCoreConfig none = { .policy = NULL };
  World *self = g_new0 (World, 1);

  self->network = ec_memory_network_new (seed);
  self->core = ec_relay_core_new (config ? config : &none);
  self->peers = g_ptr_array_new ();
  self->latency_us = 5000;
  return self;
}

guint64
world_now (World *self)
{
  return ec_memory_network_get_now (self->network);
}

guint64
broadcast_group (World *world)
{
  return world_now (world) / (GROUP_OBJECTS * OBJECT_US);
}

EcRelayStatsData
world_get_stats (World *self)
{
  EcRelayStatsData stats;

  ec_relay_core_get_stats (self->core, &stats);
  return stats;
}

void
world_free (World *self)
{
  for (guint i = 0; i < self->peers->len; i++)
    peer_close (self->peers->pdata[i]);
  ec_relay_core_close (self->core);
  ec_memory_network_run (self->network, world_now (self) + 60 * G_USEC_PER_SEC);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (self->core), ==, 0);
  for (guint i = 0; i < self->peers->len; i++)
    peer_free (self->peers->pdata[i]);
  g_ptr_array_unref (self->peers);
  ec_relay_core_unref (self->core);
  ec_memory_network_free (self->network);
  g_free (self);
}

void
world_run (World *self, guint64 us)
{
  guint64 until_us = world_now (self) + us;

  while (world_now (self) < until_us) {
    guint64 now_us = MIN (world_now (self) + 10000, until_us);

    ec_memory_network_run (self->network, now_us);
    for (guint i = 0; i < self->peers->len; i++) {
      Peer *peer = self->peers->pdata[i];

      for (guint k = 0; !peer->closed && k < peer->pubs->len; k++) {
        pub_step (peer->pubs->pdata[k], now_us);
        pub_expire (peer->pubs->pdata[k], now_us);
      }
    }
    ec_relay_core_tick (self->core, now_us);
  }
}
