/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-core-private.h"

#include "session/ec-moq-reader.h"

/*
 * Tracks that the peer publishes by itself, or because we asked for all under a prefix (PUBLISH, draft-ietf-moq-transport-18 §5.1): each that is taken
 * is a reader, which waits here for the session to hand it out.
 */

#define MAX_WAITING 64 /* on either side of the session's context */

static gpointer
core_ref (gpointer data)
{
  return ec_moq_core_ref (data);
}

static void
core_unref (gpointer data)
{
  ec_moq_core_unref (data);
}

/* What there is of the answer comes as PUBLISH. */
static const EcMoqCoreUser asking_user = { .ref = core_ref, .unref = core_unref };

/* Strings of the application have no other characters. */
static gboolean
is_text (EcMoqtName *name)
{
  EcMoqtField track = ec_moqt_name_get_track (name);

  return g_utf8_validate_len ((const char *) track.data, track.size, NULL);
}

static void
take (EcMoqCore *self, EcMoqtRequest *request)
{
  gboolean takes, full;

  g_mutex_lock (&self->mutex);
  takes = self->takes;
  full = g_queue_get_length (&self->taken) >= MAX_WAITING;
  g_mutex_unlock (&self->mutex);

  if (!takes) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNINTERESTED,
                            "tracks are subscribed to here, not taken");
  } else if (full) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_EXCESSIVE_LOAD, "too many tracks at once");
  } else if (!is_text (ec_moqt_request_get_name (request))) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_NOT_SUPPORTED, "names of tracks are UTF-8 here");
  } else {
    EcMoqReader *reader = ec_moq_reader_new_published (self, request);

    g_mutex_lock (&self->mutex);
    if (self->takes)
      g_queue_push_tail (&self->taken, g_steal_pointer (&reader));
    g_mutex_unlock (&self->mutex);
    if (reader) {
      /* The session's owner has gone meanwhile. */
      ec_moq_reader_close (reader);
      ec_moq_reader_unref (reader);
      return;
    }
    ec_moq_core_tell (self, EC_MOQ_CORE_NEWS_TAKEN);
  }
}

void
ec_moq_core_published (EcMoqCore *self, EcMoqtRequest *request)
{
  if (!self->held)
    take (self, request);
  else if (self->offered->len >= MAX_WAITING)
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_EXCESSIVE_LOAD, "too many tracks at once");
  else
    g_ptr_array_add (self->offered, request);
}

gboolean
ec_moq_core_published_cancelled (EcMoqCore *self, EcMoqtRequest *request)
{
  return g_ptr_array_remove (self->offered, request);
}

void
ec_moq_core_release_published (EcMoqCore *self)
{
  self->held = FALSE;
  while (self->link && self->offered->len > 0)
    take (self, g_ptr_array_steal_index (self->offered, 0));
}

static void
do_ask (EcMoqCore *self, EcMoqtSession *session, gpointer data)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD };
  EcMoqtRequest *request =
      session ? ec_moqt_session_subscribe_tracks (session, data, &params) : NULL;

  if (request)
    ec_moq_core_watch (self, request, &asking_user, self);
}

static void
name_unref (gpointer data)
{
  ec_moqt_name_unref (data);
}

void
ec_moq_core_take (EcMoqCore *self, EcMoqtName *prefix)
{
  g_mutex_lock (&self->mutex);
  self->takes = TRUE;
  g_mutex_unlock (&self->mutex);
  if (prefix)
    ec_moq_core_run (self, do_ask, ec_moqt_name_ref (prefix), name_unref);
}

EcMoqReader *
ec_moq_core_pop_taken (EcMoqCore *self)
{
  EcMoqReader *reader;

  g_mutex_lock (&self->mutex);
  reader = g_queue_pop_head (&self->taken);
  g_mutex_unlock (&self->mutex);
  return reader;
}

void
ec_moq_core_take_no_more (EcMoqCore *self)
{
  EcMoqReader *reader;

  g_mutex_lock (&self->mutex);
  self->takes = FALSE;
  g_mutex_unlock (&self->mutex);
  while ((reader = ec_moq_core_pop_taken (self))) {
    ec_moq_reader_close (reader);
    ec_moq_reader_unref (reader);
  }
}
