/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-reader.h"

#include "base/ec-error.h"
#include "session/ec-moq-error-map.h"

#define MAX_BYTES (32 * 1024 * 1024) /* that wait to be read */

struct _EcMoqReader {
  gatomicrefcount refs;
  EcMoqCore *core;   /* owned */
  EcMoqtName *track; /* owned */
  char *what;        /* “The subscription to …”, for errors */
  EcMoqInbox *inbox; /* owned */
  EcMoqReply *reply; /* owned */
  gboolean fetches;  /* a fetch alone */
  EcMoqStart start;
  guint64 first_group, last_group;

  GMutex mutex;
  /* under the mutex */
  gboolean has_largest;
  EcMoqtLocation largest;
  EcMoqtProperties *properties; /* the track's; owned, nullable */

  /* the link's thread's */
  EcMoqtRequest *subscription; /* NULL: not there */
  EcMoqtRequest *fetch;        /* alone, or joining */
  gboolean closed;
  gboolean alone; /* the fetch that joins does so by its range, not by the subscription */
  gboolean ended; /* the subscription is, but what joins it is not */
  GError *error;  /* … with this */
};

EcMoqReader *
ec_moq_reader_ref (EcMoqReader *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_moq_reader_unref (EcMoqReader *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  ec_moq_inbox_unref (self->inbox);
  ec_moq_reply_unref (self->reply);
  ec_moqt_name_unref (self->track);
  ec_moq_core_unref (self->core);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  g_clear_error (&self->error);
  g_free (self->what);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

EcMoqInbox *
ec_moq_reader_get_inbox (EcMoqReader *self)
{
  return self->inbox;
}

gboolean
ec_moq_reader_get_largest (EcMoqReader *self, EcMoqtLocation *largest)
{
  gboolean has;

  g_mutex_lock (&self->mutex);
  has = self->has_largest;
  *largest = self->largest;
  g_mutex_unlock (&self->mutex);
  return has;
}

EcMoqtProperties *
ec_moq_reader_dup_properties (EcMoqReader *self)
{
  EcMoqtProperties *properties;

  g_mutex_lock (&self->mutex);
  properties = self->properties ? ec_moqt_properties_ref (self->properties) : NULL;
  g_mutex_unlock (&self->mutex);
  return properties;
}

/* -- What the peer says, on the link's thread */

/* … of the track, when it grants. */
static void
take_properties (EcMoqReader *self, EcMoqtRequest *request)
{
  EcMoqtProperties *properties = ec_moqt_request_get_properties (request);

  g_mutex_lock (&self->mutex);
  if (!self->properties && properties)
    self->properties = ec_moqt_properties_ref (properties);
  g_mutex_unlock (&self->mutex);
}

/* Nothing is to come any more, of either. Takes `error`. */
static void
end (EcMoqReader *self, GError *error)
{
  if (self->fetch && !self->fetches) {
    self->ended = TRUE;
    self->error = error;
    return;
  }
  ec_moq_inbox_end (self->inbox, error);
  ec_moq_core_collect (self->core, self->inbox);
}

static void
fetch_done (EcMoqReader *self)
{
  self->fetch = NULL;
  ec_moq_inbox_fetch_done (self->inbox);
  if (self->ended)
    end (self, g_steal_pointer (&self->error));
}

static const EcMoqCoreUser reader_user;

/* From the open group's first object on; what is older than the subscription's first object is fetched. */
static void
join (EcMoqReader *self, EcMoqtRequest *request, gboolean has_largest)
{
  if (has_largest)
    self->fetch = ec_moqt_session_joining_fetch (ec_moqt_request_get_session (request), request,
                                                 TRUE, 0, NULL);
  if (self->fetch)
    ec_moq_core_watch (self->core, self->fetch, &reader_user, self);
  else
    ec_moq_inbox_fetch_done (self->inbox);
}

/* What joining would bring, without the subscription. If that is refused too, it is as good as one from the next object. */
static void
fetch_open_group (EcMoqReader *self, EcMoqtSession *session)
{
  EcMoqtLocation first = { 0 }, end = { 0 };

  self->alone = TRUE;
  (void) ec_moq_reader_get_largest (self, &end);
  first.group = end.group;
  end.object++;
  self->fetch = ec_moqt_session_fetch (session, self->track, first, end, NULL);
  if (self->fetch)
    ec_moq_core_watch (self->core, self->fetch, &reader_user, self);
  else
    fetch_done (self);
}

static void
on_granted (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  EcMoqReader *self = data;
  EcMoqtLocation largest = { 0 };
  gboolean has;

  take_properties (self, request);
  if (request != self->subscription) {
    if (self->fetches)
      ec_moq_reply_finish (self->reply, NULL);
    return;
  }
  has = ec_moqt_request_get_largest (request, &largest);
  g_mutex_lock (&self->mutex);
  self->has_largest = has;
  self->largest = largest;
  g_mutex_unlock (&self->mutex);
  ec_moq_reply_finish (self->reply, NULL);
  if (self->start == EC_MOQ_START_CURRENT_GROUP)
    join (self, request, has);
}

static void
on_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  EcMoqReader *self = data;

  if (request == self->fetch && !self->fetches) {
    /* The subscription may have ended meanwhile, and then nothing can join it; or the peer cannot join at all. */
    if (!self->alone)
      fetch_open_group (self, ec_moqt_request_get_session (request));
    else
      fetch_done (self);
    return;
  }
  self->subscription = NULL;
  self->fetch = NULL;
  ec_moq_reply_finish (self->reply, ec_moq_error_new_for_refusal (refusal, self->what));
  ec_moq_inbox_end (self->inbox, ec_moq_error_new_for_refusal (refusal, self->what));
}

static void
on_finished (gpointer data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  EcMoqReader *self = data;
  GError *error = ec_moq_error_new_for_done (code, reason, self->what);

  if (request == self->fetch && !self->fetches) {
    g_clear_error (&error);
    fetch_done (self);
    return;
  }
  self->subscription = NULL;
  if (self->fetches)
    self->fetch = NULL;
  end (self, error);
}

static void
on_closed (gpointer data, const GError *error)
{
  EcMoqReader *self = data;

  self->subscription = NULL;
  self->fetch = NULL;
  ec_moq_reply_finish (self->reply, g_error_copy (error));
  ec_moq_inbox_end (self->inbox, g_error_copy (error));
}

static void
on_stream_opened (gpointer data, EcMoqtRequest *request, EcMoqtStream *stream)
{
  EcMoqReader *self = data;

  ec_moq_core_fill (self->core, stream, self->inbox);
}

static void
on_datagram (gpointer data, const EcMoqtObject *object, const guint8 *payload, gsize size)
{
  EcMoqReader *self = data;

  ec_moq_inbox_datagram (self->inbox, object, payload, size, g_get_real_time ());
}

static void
on_woken (gpointer data)
{
  EcMoqReader *self = data;

  ec_moq_core_collect (self->core, self->inbox);
}

static void
on_tick (gpointer data)
{
  EcMoqReader *self = data;

  ec_moq_inbox_tick (self->inbox);
  ec_moq_core_collect (self->core, self->inbox);
}

static gpointer
reader_ref (gpointer data)
{
  return ec_moq_reader_ref (data);
}

static void
reader_unref (gpointer data)
{
  ec_moq_reader_unref (data);
}

static const EcMoqCoreUser reader_user = {
  .granted = on_granted,
  .refused = on_refused,
  .finished = on_finished,
  .stream_opened = on_stream_opened,
  .datagram = on_datagram,
  .woken = on_woken,
  .tick = on_tick,
  .closed = on_closed,
  .ref = reader_ref,
  .unref = reader_unref,
};

/* -- Asking */

static void
no_session (EcMoqReader *self)
{
  g_autoptr (GError) error = ec_moq_core_dup_error (self->core);

  if (!error)
    error = g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_GOING_AWAY,
                         "%s was not asked for: the other side is going away.", self->what);
  ec_moq_reply_finish (self->reply, g_error_copy (error));
  ec_moq_inbox_end (self->inbox, g_steal_pointer (&error));
}

static void
do_ask (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  EcMoqReader *self = data;
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER };
  EcMoqtRequest *request = NULL;

  if (self->closed)
    return;
  if (session && self->fetches) {
    EcMoqtLocation first = { self->first_group, 0 }, last = { self->last_group, 0 };

    request = self->fetch = ec_moqt_session_fetch (session, self->track, first, last, NULL);
  } else if (session) {
    params.filter.kind = self->start == EC_MOQ_START_NEXT_GROUP ? EC_MOQT_FILTER_NEXT_GROUP
                                                                : EC_MOQT_FILTER_LARGEST_OBJECT;
    request = self->subscription = ec_moqt_session_subscribe (session, self->track, &params);
  }
  if (request)
    ec_moq_core_watch (core, request, &reader_user, self);
  else
    no_session (self);
}

static EcMoqReader *
reader_new (
    EcMoqCore *core, EcMoqtName *track, gboolean fetches, EcMoqStart start, EcMoqReply *reply)
{
  EcMoqReader *self = g_new0 (EcMoqReader, 1);
  g_autofree char *name = ec_moqt_name_to_text (track);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->core = ec_moq_core_ref (core);
  self->track = ec_moqt_name_ref (track);
  self->what = g_strdup_printf (fetches ? "The fetch of %s" : "The subscription to %s", name);
  self->inbox =
      ec_moq_inbox_new (MAX_BYTES, !fetches, (void (*) (gpointer)) ec_moq_core_wake, core);
  self->reply = ec_moq_reply_ref (reply);
  self->fetches = fetches;
  self->start = start;
  if (fetches || start == EC_MOQ_START_CURRENT_GROUP)
    ec_moq_inbox_expect_fetch (self->inbox);
  return self;
}

EcMoqReader *
ec_moq_reader_new_subscribe (EcMoqCore *core,
                             EcMoqtName *track,
                             EcMoqStart start,
                             EcMoqReply *reply)
{
  EcMoqReader *self = reader_new (core, track, FALSE, start, reply);

  ec_moq_core_run (core, do_ask, ec_moq_reader_ref (self), reader_unref);
  return self;
}

EcMoqReader *
ec_moq_reader_new_fetch (
    EcMoqCore *core, EcMoqtName *track, guint64 first_group, guint64 last_group, EcMoqReply *reply)
{
  EcMoqReader *self = reader_new (core, track, TRUE, EC_MOQ_START_CURRENT_GROUP, reply);

  self->first_group = first_group;
  self->last_group = last_group;
  ec_moq_core_run (core, do_ask, ec_moq_reader_ref (self), reader_unref);
  return self;
}

EcMoqReader *
ec_moq_reader_new_published (EcMoqCore *core, EcMoqtRequest *request)
{
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  EcMoqReader *self = reader_new (core, ec_moqt_request_get_name (request), FALSE,
                                  EC_MOQ_START_CURRENT_GROUP, reply);
  EcMoqtGrant grant = { .params = { .has = EC_MOQT_PARAM_FORWARD, .forward = TRUE } };

  self->subscription = request;
  self->has_largest = ec_moqt_request_get_largest (request, &self->largest);
  take_properties (self, request);
  ec_moq_core_watch (core, request, &reader_user, self);
  ec_moqt_request_grant (request, &grant);
  ec_moq_reply_finish (reply, NULL);
  join (self, request, self->has_largest);
  return self;
}

EcMoqtName *
ec_moq_reader_get_name (EcMoqReader *self)
{
  return self->track;
}

typedef struct {
  EcMoqReader *reader;
  EcMoqtParams changed;
} Update;

static void
update_free (gpointer data)
{
  Update *update = data;

  ec_moq_reader_unref (update->reader);
  g_free (update);
}

static void
do_update (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  Update *update = data;
  EcMoqReader *self = update->reader;

  if (!session)
    return;
  if (self->subscription)
    ec_moqt_request_update (self->subscription, &update->changed);
  if (self->fetch && (update->changed.has & EC_MOQT_PARAM_SUBSCRIBER_PRIORITY)) {
    update->changed.has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY;
    ec_moqt_request_update (self->fetch, &update->changed);
  }
}

void
ec_moq_reader_update (EcMoqReader *self, const EcMoqtParams *changed)
{
  Update *update = g_new0 (Update, 1);

  update->reader = ec_moq_reader_ref (self);
  update->changed = *changed;
  ec_moq_core_run (self->core, do_update, update, update_free);
}

static void
do_close (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  EcMoqReader *self = data;

  self->closed = TRUE;
  if (!session)
    return;
  if (self->fetch)
    ec_moq_core_cancel (core, g_steal_pointer (&self->fetch));
  if (self->subscription)
    ec_moq_core_cancel (core, g_steal_pointer (&self->subscription));
  ec_moq_core_collect (core, self->inbox);
}

void
ec_moq_reader_close (EcMoqReader *self)
{
  ec_moq_inbox_end (self->inbox, g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED,
                                              "%s was closed here.", self->what));
  ec_moq_core_run (self->core, do_close, ec_moq_reader_ref (self), reader_unref);
}
