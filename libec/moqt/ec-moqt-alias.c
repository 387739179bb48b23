/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Track aliases (§11.1), and streams that came before what their alias means is known. */

void
ec_moqt_alias_free (gpointer alias)
{
  EcMoqtAlias *self = alias;

  g_clear_pointer (&self->track, ec_moqt_name_unref);
  g_free (self);
}

EcMoqtAlias *
ec_moqt_alias_find (EcMoqtSession *self, guint64 alias)
{
  return g_hash_table_lookup (self->aliases, &alias);
}

/* The oldest is forgotten; what still comes for it waits in vain, for a while. */
static void
retire (EcMoqtSession *self, EcMoqtAlias *entry)
{
  entry->request = NULL;
  g_queue_push_tail (&self->retired, entry);
  if (self->retired.length > EC_MOQT_MAX_RETIRED_ALIASES) {
    EcMoqtAlias *oldest = g_queue_pop_head (&self->retired);

    g_hash_table_remove (self->aliases, &oldest->alias);
  }
}

gboolean
ec_moqt_alias_add (EcMoqtSession *self, guint64 alias, EcMoqtName *track, EcMoqtRequest *request)
{
  EcMoqtAlias *entry = ec_moqt_alias_find (self, alias);

  /* §11.1: one that is done may be used again. What still comes for it is then the new one's. */
  if (entry && entry->request && entry->request->state == EC_MOQT_REQUEST_DRAINING && track &&
      !ec_moqt_name_equal (entry->track, track)) {
    if (!request)
      return TRUE;
    entry->request->has_alias = FALSE;
    entry->request = NULL;
  }
  if (entry && entry->request) {
    if (!track)
      return TRUE;
    if (!ec_moqt_name_equal (entry->track, track)) {
      ec_moqt_session_fail (self, EC_MOQT_CLOSE_DUPLICATE_TRACK_ALIAS,
                            "A track alias is in use for another track");
      return FALSE;
    }
    if (!request)
      return TRUE;
    entry->request->has_alias = FALSE;
    entry->request = request;
    request->has_alias = TRUE;
    return TRUE;
  }
  if (entry) {
    g_queue_remove (&self->retired, entry);
  } else {
    entry = ec_moqt_try_new0 (EcMoqtAlias);
    if (!entry) {
      ec_moqt_session_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "Out of memory");
      return FALSE;
    }
    entry->alias = alias;
    g_hash_table_insert (self->aliases, &entry->alias, entry);
  }
  g_clear_pointer (&entry->track, ec_moqt_name_unref);
  entry->track = track ? ec_moqt_name_ref (track) : NULL;
  if (request) {
    entry->request = request;
    request->has_alias = TRUE;
  } else {
    retire (self, entry);
  }
  return TRUE;
}

void
ec_moqt_alias_retire (EcMoqtRequest *request)
{
  EcMoqtAlias *entry;

  if (!request->has_alias)
    return;
  request->has_alias = FALSE;
  entry = ec_moqt_alias_find (request->session, request->alias);
  if (entry && entry->request == request)
    retire (request->session, entry);
}

/* -- Streams that wait */
gboolean
ec_moqt_alias_park_stream (EcMoqtStream *stream)
{
  EcMoqtSession *session = stream->session;

  if (stream->waiting)
    return TRUE;
  if (session->n_waiting >= session->limits.max_streams)
    return FALSE;
  stream->waiting = TRUE;
  stream->waiting_prev = NULL;
  stream->waiting_next = session->waiting_streams;
  if (stream->waiting_next)
    stream->waiting_next->waiting_prev = stream;
  session->waiting_streams = stream;
  session->n_waiting++;
  return TRUE;
}

void
ec_moqt_alias_unpark_stream (EcMoqtStream *stream)
{
  EcMoqtSession *session = stream->session;

  if (!stream->waiting)
    return;
  stream->waiting = FALSE;
  session->n_waiting--;
  session->waiting_bytes -= stream->in.size;
  if (stream->waiting_next)
    stream->waiting_next->waiting_prev = stream->waiting_prev;
  if (stream->waiting_prev)
    stream->waiting_prev->waiting_next = stream->waiting_next;
  else
    session->waiting_streams = stream->waiting_next;
}

static gboolean
can_go_on (const EcMoqtStream *stream)
{
  EcMoqtAlias *entry;

  if (stream->context.head.kind != EC_MOQT_STREAM_SUBGROUP)
    return TRUE;
  entry = ec_moqt_alias_find (stream->session, stream->context.head.track_alias);
  return entry && (!entry->request || entry->request->state > EC_MOQT_REQUEST_PENDING);
}

/* The one that came first of those that can go on; what an event does may change the list. */
static EcMoqtStream *
find_next (EcMoqtSession *self)
{
  EcMoqtStream *found = NULL;

  for (EcMoqtStream *stream = self->waiting_streams; stream; stream = stream->waiting_next)
    if (can_go_on (stream))
      found = stream;
  return found;
}

static void
wake (EcMoqtSession *self, gpointer owner, guint code)
{
  EcMoqtStream *stream;

  self->wake_deferred = FALSE;
  while (self->state == EC_MOQT_STATE_READY && (stream = find_next (self)))
    ec_moqt_receive_resume (stream);
}

void
ec_moqt_alias_wake_streams (EcMoqtSession *self)
{
  if (!self->waiting_streams || self->wake_deferred || ec_moqt_session_is_over (self))
    return;
  self->wake_deferred = TRUE;
  ec_moqt_session_defer (self, wake, &self->waiting_streams, 0);
}
