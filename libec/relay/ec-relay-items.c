/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

gpointer
ec_relay_item_new (EcRelaySession *session, EcRelayItemKind kind, gsize size, gsize reckoned)
{
  EcRelayItem *self = g_malloc0 (size);

  g_atomic_ref_count_init (&self->refs);
  self->kind = kind;
  self->session = ec_relay_session_ref (session);
  self->reckoned = reckoned;
  return self;
}

gpointer
ec_relay_item_ref (gpointer item)
{
  EcRelayItem *self = item;

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
clear_publication (EcRelayPublication *self)
{
  ec_moqt_name_unref (self->name);
}

static void
clear_upstream (EcRelayUpstream *self)
{
  g_assert (!self->writer);
  g_clear_pointer (&self->inflows, g_ptr_array_unref);
  ec_relay_track_unref (self->track);
}

static void
clear_fill (EcRelayFill *self)
{
  g_assert (!self->writer);
  g_clear_pointer (&self->payload, ec_payload_unref);
  g_clear_pointer (&self->object.properties, ec_moqt_properties_unref);
  g_ptr_array_unref (self->waiting);
  ec_relay_item_unref (self->upstream);
  ec_relay_track_unref (self->track);
}

static void
clear_downstream (EcRelayDownstream *self)
{
  g_assert (!self->reader);
  ec_relay_track_unref (self->track);
}

static void
clear_interest (EcRelayInterest *self)
{
  g_clear_pointer (&self->changed, g_hash_table_unref);
  ec_moqt_name_unref (self->prefix);
}

void
ec_relay_item_unref (gpointer item)
{
  EcRelayItem *self = item;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  switch (self->kind) {
  case EC_RELAY_ITEM_PUBLICATION:
    clear_publication (item);
    break;
  case EC_RELAY_ITEM_UPSTREAM:
    clear_upstream (item);
    break;
  case EC_RELAY_ITEM_FILL:
    clear_fill (item);
    break;
  case EC_RELAY_ITEM_DOWNSTREAM:
    clear_downstream (item);
    break;
  case EC_RELAY_ITEM_INTEREST:
    clear_interest (item);
    break;
  case EC_RELAY_N_ITEM_KINDS:
  default:
    g_assert_not_reached ();
  }
  ec_relay_core_unreckon (self->session->core, self->reckoned);
  ec_relay_session_unref (self->session);
  g_free (self);
}

gboolean
ec_relay_session_listens (EcRelaySession *self)
{
  return self->transport != NULL;
}

void
ec_relay_item_queue (gpointer item)
{
  EcRelayItem *self = item;

  if (self->queued || !ec_relay_session_listens (self->session))
    return;
  self->queued = TRUE;
  g_queue_push_tail (&self->session->queue, ec_relay_item_ref (self));
  ec_transport_wake (self->session->transport);
}
