/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-flow.h"

void
ec_share_flow_clear (EcShareFlow *self)
{
  g_clear_pointer (&self->hasher, ec_hasher_free);
  *self = (EcShareFlow){ 0 };
}

EcShareFlowStep
ec_share_flow_look (const EcShareFlow *self, guint64 group, guint64 object)
{
  if (!self->any)
    return object == 0 ? EC_SHARE_FLOW_NEXT : EC_SHARE_FLOW_OLD;
  if (group < self->group || (group == self->group && (self->ended || object < self->object)))
    return EC_SHARE_FLOW_OLD;
  if (group == self->group)
    return object == self->object ? EC_SHARE_FLOW_NEXT : EC_SHARE_FLOW_HOLE;
  if (!self->ended || object > 0)
    return EC_SHARE_FLOW_HOLE;
  return group == self->group + 1 ? EC_SHARE_FLOW_NEXT : EC_SHARE_FLOW_JUMP;
}

gboolean
ec_share_flow_take (
    EcShareFlow *self, guint64 group, guint64 object, const guint8 *data, gsize size)
{
  EcShareFlowStep step = ec_share_flow_look (self, group, object);

  g_return_val_if_fail (step != EC_SHARE_FLOW_OLD, TRUE);

  if (!self->any || group != self->group) {
    g_clear_pointer (&self->hasher, ec_hasher_free);
    self->any = TRUE;
    self->group = group;
    self->ended = FALSE;
    self->broken = object != 0;
    self->n_bytes = 0;
    self->hasher = ec_hasher_new ();
  } else if (step == EC_SHARE_FLOW_HOLE) {
    self->broken = TRUE;
  }
  self->object = object + 1;
  self->n_bytes += size;
  if (!self->broken)
    ec_hasher_update (self->hasher, data, size);
  return step == EC_SHARE_FLOW_NEXT;
}

gboolean
ec_share_flow_end (EcShareFlow *self, guint64 group, gboolean whole, guint8 *hash)
{
  if (!self->any || group != self->group || self->ended)
    return FALSE;
  self->ended = TRUE;
  self->broken = self->broken || !whole;
  if (self->broken)
    return FALSE;
  ec_hasher_finish (self->hasher, hash);
  g_clear_pointer (&self->hasher, ec_hasher_free);
  return TRUE;
}
