/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What streams of both directions have in common. */

EcMoqtStream *
ec_moqt_stream_new (EcMoqtSession *session, gint64 id, gboolean incoming)
{
  EcMoqtStream *self = ec_moqt_try_new0 (EcMoqtStream);

  if (!self)
    return NULL;
  self->entry.id = id;
  self->entry.kind = EC_MOQT_ENTRY_STREAM;
  self->session = session;
  self->incoming = incoming;
  self->phase = incoming ? EC_MOQT_PHASE_HEAD : EC_MOQT_PHASE_ITEM;
  g_hash_table_insert (session->entries, &self->entry.id, self);
  session->n_streams++;
  return self;
}

void
ec_moqt_stream_attach (EcMoqtStream *self, EcMoqtRequest *request)
{
  self->request = request;
  self->request_prev = NULL;
  self->request_next = request->streams;
  if (self->request_next)
    self->request_next->request_prev = self;
  request->streams = self;
}

void
ec_moqt_stream_detach (EcMoqtStream *self)
{
  EcMoqtRequest *request = self->request;

  if (!request)
    return;
  if (self->request_next)
    self->request_next->request_prev = self->request_prev;
  if (self->request_prev)
    self->request_prev->request_next = self->request_next;
  else
    request->streams = self->request_next;
  self->request = NULL;
}

static void
stream_free (gpointer data)
{
  EcMoqtStream *self = data;

  ec_moqt_buffer_clear (&self->in);
  g_free (self);
}

void
ec_moqt_stream_bury (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;

  if (self->buried)
    return;
  self->buried = TRUE;
  self->dead = TRUE;
  ec_moqt_alias_unpark_stream (self);
  ec_moqt_stream_detach (self);
  ec_moqt_timer_unset (session, &self->timer);
  ec_moqt_session_undefer (session, self);
  if (g_hash_table_lookup (session->entries, &self->entry.id) == self)
    g_hash_table_remove (session->entries, &self->entry.id);
  session->n_streams--;
  ec_moqt_session_bury (session, self, stream_free);
}

/* -- For the user */
EcMoqtRequest *
ec_moqt_stream_get_request (EcMoqtStream *self)
{
  return self->request;
}

gboolean
ec_moqt_stream_is_fetch (EcMoqtStream *self)
{
  return self->context.head.kind == EC_MOQT_STREAM_FETCH;
}

guint64
ec_moqt_stream_get_group (EcMoqtStream *self)
{
  return self->context.head.group;
}

guint64
ec_moqt_stream_get_subgroup (EcMoqtStream *self)
{
  switch (self->context.head.id_mode) {
  case EC_MOQT_SUBGROUP_ID_GIVEN:
    return self->context.head.subgroup;
  case EC_MOQT_SUBGROUP_ID_FIRST_OBJECT:
    return self->context.subgroup;
  default:
    return 0;
  }
}

guint8
ec_moqt_stream_get_priority (EcMoqtStream *self)
{
  return self->priority;
}

gboolean
ec_moqt_stream_get_end_of_group (EcMoqtStream *self)
{
  return self->context.head.end_of_group;
}

gboolean
ec_moqt_stream_get_first (EcMoqtStream *self)
{
  return self->context.head.first_object;
}

gboolean
ec_moqt_stream_get_has_properties (EcMoqtStream *self)
{
  return self->context.head.has_properties;
}

gpointer
ec_moqt_stream_get_data (EcMoqtStream *self)
{
  return self->data;
}

void
ec_moqt_stream_set_data (EcMoqtStream *self, gpointer data)
{
  self->data = data;
}
