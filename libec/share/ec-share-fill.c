/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-session.h"

#include <string.h>

/* Holes, and what is done about them (ECP-0007 §6). */

#define FILL_TIME (2 * G_USEC_PER_SEC)    /* for one fetch: what comes meanwhile waits */
#define FOLLOW_TIME (20 * G_USEC_PER_SEC) /* for the rest of a chunk that is still being cut */
#define MAX_GROUPS 16 /* that are fetched at once; older ones are gone from relays soon */
#define MAX_EMPTY 3   /* fetches of indices that skip, before nobody asks any more */

typedef struct {
  EcShareData *data;
  guint64 group, object; /* what is to be next */
  gboolean lost;         /* of the group that is being filled, the other side lacks something */
  gboolean any;          /* something came, be it of use or not */
  guint64 n_found;
} Fill;

/* Everything before the target is there. */
static gboolean
is_filled (Fill *fill)
{
  const EcShareFlow *flow = &fill->data->flow;

  if (fill->object == G_MAXUINT64)
    return flow->group > fill->group || (flow->group == fill->group && flow->ended);
  if (fill->object == 0)
    return flow->ended && flow->group + 1 >= fill->group;
  return flow->group == fill->group && flow->object >= fill->object;
}

/* The other side has gone past the end of the group that we are in. */
static void
end_before (Fill *fill, guint64 group)
{
  EcShareFlow *flow = &fill->data->flow;

  if (flow->any && !flow->ended && flow->group < group && !fill->lost)
    ec_share_end_group (fill->data, flow->group, TRUE);
}

/* FALSE: as of ec_share_release(). */
static gboolean
take (Fill *fill, EcMoqInboxItem *item)
{
  EcShareData *self = fill->data;
  EcShareFlowStep step;

  if (item->kind == EC_MOQ_OBJECT_KIND_GROUP_LOST) {
    fill->lost = fill->lost || item->location.group == self->flow.group;
    return TRUE;
  }
  if (item->kind != EC_MOQ_OBJECT_KIND_OBJECT)
    return TRUE;
  fill->any = TRUE;
  end_before (fill, item->location.group);
  step = ec_share_flow_look (&self->flow, item->location.group, item->location.object);
  if (step != EC_SHARE_FLOW_NEXT && step != EC_SHARE_FLOW_JUMP)
    return TRUE;
  if (item->location.group > fill->group ||
      (item->location.group == fill->group && item->location.object >= fill->object))
    return TRUE;
  fill->n_found++;
  EC_SHARE_COUNT (&self->stats, n_filled);
  return ec_share_release (self, item);
}

static EcMoqtName *
track_of (EcShareData *self, const char *name)
{
  return ec_moqt_name_new_from_path (name, self->uri->track ? self->uri->track : "chunks", NULL);
}

/* What is left of the chunk; whether that was all can only be told by one that comes behind it. FALSE: as of ec_share_release(), or
 * cancelled. */
static gboolean
fetch_from (Fill *fill, EcMoqCore *session, const char *name, GCancellable *cancellable)
{
  EcShareData *self = fill->data;
  g_autoptr (EcMoqtName) full = track_of (self, name);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  g_autoptr (EcMoqReader) reader = NULL;
  guint64 first = self->flow.ended ? self->flow.group + 1 : self->flow.group;
  guint64 last = fill->object == 0             ? fill->group - 1
                 : fill->object == G_MAXUINT64 ? fill->group + 1
                                               : fill->group;
  gint64 until = g_get_monotonic_time () + FILL_TIME;
  gboolean good = TRUE;

  if (!full || first > last)
    return TRUE;
  if (last - first >= MAX_GROUPS)
    first = last - MAX_GROUPS + 1;
  reader = ec_moq_reader_new_fetch (session, full, first, last, reply);
  while (good && !is_filled (fill)) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcMoqInboxItem) item =
        ec_moq_inbox_read_until (ec_moq_reader_get_inbox (reader), until, cancellable, &error);

    if (item) {
      good = take (fill, item);
      continue;
    }
    good = !g_cancellable_is_cancelled (cancellable);
    /* There is something of `group`, so what is before it is over. */
    if (!error && fill->any && fill->object == 0)
      end_before (fill, fill->group);
    break;
  }
  ec_moq_reader_close (reader);
  return good;
}

/* The rest of a chunk that may still be coming there. FALSE: as of ec_share_release(), or cancelled. */
static gboolean
follow (Fill *fill, EcMoqCore *session, const char *name, GCancellable *cancellable)
{
  EcShareData *self = fill->data;
  g_autoptr (EcMoqtName) full = track_of (self, name);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  g_autoptr (EcMoqReader) reader = NULL;
  gint64 end = g_get_monotonic_time () + FOLLOW_TIME;
  gboolean good = full != NULL, over = full == NULL;

  if (over)
    return TRUE;
  reader = ec_moq_reader_new_subscribe (session, full, EC_MOQ_START_CURRENT_GROUP, reply);
  while (good && !over && !is_filled (fill)) {
    gint64 until = MIN (end, g_get_monotonic_time () + FILL_TIME);
    g_autoptr (EcMoqInboxItem) item =
        ec_moq_inbox_read_until (ec_moq_reader_get_inbox (reader), until, cancellable, NULL);

    if (!item || item->location.group > fill->group) {
      over = TRUE;
      good = !g_cancellable_is_cancelled (cancellable);
    } else if (item->kind == EC_MOQ_OBJECT_KIND_GROUP_ENDED) {
      ec_share_end_group (self, item->location.group, TRUE);
    } else {
      good = take (fill, item);
    }
  }
  ec_moq_reader_close (reader);
  return good;
}

gboolean
ec_share_fill (
    EcShareData *self, EcMoqCore *session, guint64 group, guint64 object, GCancellable *cancellable)
{
  Fill fill = { .data = self, .group = group, .object = object };
  const char *other = self->uri->fallback;
  gboolean skip = self->flow.ended && object == 0;

  if (!self->flow.any || is_filled (&fill))
    return TRUE;
  if (!skip || self->n_empty_jumps < MAX_EMPTY)
    if (!fetch_from (&fill, session, self->uri->name, cancellable))
      return FALSE;
  fill.lost = fill.any = FALSE;
  if (other && object == G_MAXUINT64 && !is_filled (&fill))
    if (!follow (&fill, session, other, cancellable))
      return FALSE;
  fill.lost = fill.any = FALSE;
  if (other && !is_filled (&fill) && !fetch_from (&fill, session, other, cancellable))
    return FALSE;
  if (skip)
    self->n_empty_jumps = fill.n_found > 0 ? 0 : self->n_empty_jumps + 1;
  return TRUE;
}
