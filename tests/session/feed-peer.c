/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"

/* The edge of the feed: a session that only notes what it is told to send. */
struct _EcMoqtRequest {
  FeedPeer *peer;
};

struct _EcMoqtStream {
  FeedPeer *peer;
  FeedPeerStream *record;
  gsize unsent;
};

struct _FeedPeer {
  EcTransport transport;
  GMutex mutex;
  GCond cond;
  guint wakes;    /* atomic */
  gboolean woken; /* atomic */
  EcMoqtRequest request;
  EcMoqtParams params;
  EcMoqtLocation start, end; /* of a fetch */
  gboolean descending;
  gsize allowed;
  guint streams_allowed;
  EcMoqFeedReader *reader;
  gboolean granted, refused, done, has_largest;
  EcMoqtLocation largest, fetch_end;
  EcMoqtErrorCode error;
  EcMoqtDoneCode done_code;
  GPtrArray *streams; /* of FeedPeerStream */
  GPtrArray *open;    /* of EcMoqtStream */
  GArray *ranges;
  guint n_datagrams;
};

/* -- The transport that is woken */

static void
fake_wake (EcTransport *transport)
{
  FeedPeer *self = (FeedPeer *) transport;

  __atomic_fetch_add (&self->wakes, 1, __ATOMIC_RELAXED);
  g_mutex_lock (&self->mutex);
  __atomic_store_n (&self->woken, TRUE, __ATOMIC_RELEASE);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
fake_free (EcTransport *transport)
{
}

static const EcTransportClass fake_class = {
  .struct_size = sizeof (EcTransportClass),
  .wake = fake_wake,
  .free = fake_free,
};

/* -- The session */

const EcMoqtParams *
ec_moqt_request_get_params (EcMoqtRequest *self)
{
  return &self->peer->params;
}

gboolean
ec_moqt_request_is_ours (EcMoqtRequest *self)
{
  return FALSE;
}

guint64
ec_moqt_request_get_delivery_timeout (EcMoqtRequest *self, gboolean subgroup)
{
  return 0;
}

gboolean
ec_moqt_request_is_descending (EcMoqtRequest *self)
{
  return self->peer->descending;
}

gboolean
ec_moqt_request_get_range (EcMoqtRequest *self, EcMoqtLocation *start, EcMoqtLocation *end)
{
  *start = self->peer->start;
  *end = self->peer->end;
  return TRUE;
}

void
ec_moqt_request_grant (EcMoqtRequest *self, const EcMoqtGrant *grant)
{
  FeedPeer *peer = self->peer;

  g_assert_false (peer->granted);
  peer->granted = TRUE;
  peer->has_largest = (grant->params.has & EC_MOQT_PARAM_LARGEST_OBJECT) != 0;
  peer->largest = grant->params.largest;
  peer->fetch_end = grant->end;
}

void
ec_moqt_request_refuse (EcMoqtRequest *self, EcMoqtErrorCode code, const char *reason)
{
  g_assert_nonnull (reason);
  self->peer->refused = TRUE;
  self->peer->error = code;
}

void
ec_moqt_request_finish (EcMoqtRequest *self, EcMoqtDoneCode code, const char *reason)
{
  g_assert_nonnull (reason);
  g_assert_cmpuint (self->peer->open->len, ==, 0);
  self->peer->done = TRUE;
  self->peer->done_code = code;
}

static EcMoqtStream *
open_stream (FeedPeer *peer)
{
  EcMoqtStream *self;

  if (peer->streams_allowed == 0)
    return NULL;
  if (peer->streams_allowed != G_MAXUINT)
    peer->streams_allowed--;
  self = g_new0 (EcMoqtStream, 1);
  self->peer = peer;
  self->record = g_new0 (FeedPeerStream, 1);
  self->record->objects = g_array_new (FALSE, TRUE, sizeof (FeedPeerObject));
  g_ptr_array_add (peer->streams, self->record);
  g_ptr_array_add (peer->open, self);
  return self;
}

EcMoqtStream *
ec_moqt_request_open_subgroup (EcMoqtRequest *request,
                               guint64 group,
                               guint64 subgroup,
                               guint8 priority,
                               gboolean has_properties,
                               gboolean end_of_group,
                               gboolean first)
{
  EcMoqtStream *self = open_stream (request->peer);

  if (!self)
    return NULL;
  for (guint i = 0; i + 1 < request->peer->open->len; i++) {
    EcMoqtStream *other = request->peer->open->pdata[i];

    g_assert_true (other->record->group != group || other->record->subgroup != subgroup);
  }
  self->record->group = group;
  self->record->subgroup = subgroup;
  self->record->priority = priority;
  self->record->has_properties = has_properties;
  self->record->end_of_group = end_of_group;
  self->record->first = first;
  return self;
}

EcMoqtStream *
ec_moqt_request_open_fetch (EcMoqtRequest *request)
{
  return open_stream (request->peer);
}

static FeedPeerObject *
get_last (EcMoqtStream *self)
{
  GArray *objects = self->record->objects;

  return objects->len > 0 ? &g_array_index (objects, FeedPeerObject, objects->len - 1) : NULL;
}

static void
count (EcMoqtStream *self, gsize size)
{
  FeedPeer *peer = self->peer;
  gsize sent = MIN (size, peer->allowed);

  if (peer->allowed != G_MAXSIZE)
    peer->allowed -= sent;
  self->unsent += size - sent;
}

void
ec_moqt_stream_begin_object (EcMoqtStream *self, const EcMoqtObject *head)
{
  FeedPeerObject object = { .location = head->location,
                            .subgroup = head->subgroup,
                            .size = head->size };
  FeedPeerObject *last = get_last (self);

  if (last) {
    g_assert_cmpuint (last->received, ==, last->size);
    if (last->location.group == head->location.group)
      g_assert_cmpuint (last->location.object, <, head->location.object);
  }
  if (head->properties && self->record->group)
    g_assert_true (self->record->has_properties);
  g_array_append_val (self->record->objects, object);
  count (self, 4);
}

void
ec_moqt_stream_write (EcMoqtStream *self, EcPayload *payload, gsize offset, gsize size)
{
  FeedPeerObject *last = get_last (self);
  const guint8 *data = ec_payload_get_data (payload);

  g_assert_cmpuint (offset + size, <=, ec_payload_get_filled (payload));
  g_assert_cmpuint (offset, ==, last->received);
  for (gsize i = offset; i < offset + size; i++)
    g_assert_cmpuint (data[i], ==, feed_peer_byte (last->location.group, last->location.object, i));
  last->received += size;
  g_assert_cmpuint (last->received, <=, last->size);
  count (self, size);
}

void
ec_moqt_stream_write_object (EcMoqtStream *self, const EcMoqtObject *object, EcPayload *payload)
{
  ec_moqt_stream_begin_object (self, object);
  if (object->size > 0)
    ec_moqt_stream_write (self, payload, 0, object->size);
}

void
ec_moqt_stream_write_range (EcMoqtStream *self, EcMoqtLocation to, gboolean unknown)
{
  FeedPeerRange range = { self->record->objects->len, to, unknown };

  g_array_append_val (self->peer->ranges, range);
}

static void
end_stream (EcMoqtStream *self)
{
  g_ptr_array_remove (self->peer->open, self);
  g_free (self);
}

void
ec_moqt_stream_finish (EcMoqtStream *self)
{
  FeedPeerObject *last = get_last (self);

  if (last)
    g_assert_cmpuint (last->received, ==, last->size);
  self->record->ended = TRUE;
  end_stream (self);
}

void
ec_moqt_stream_reset (EcMoqtStream *self, EcMoqtResetCode code)
{
  self->record->reset = TRUE;
  self->record->code = code;
  end_stream (self);
}

gsize
ec_moqt_stream_get_unsent (EcMoqtStream *self)
{
  return self->unsent;
}

gboolean
ec_moqt_request_send_datagram (EcMoqtRequest *self, const EcMoqtObject *object, EcPayload *payload)
{
  self->peer->n_datagrams++;
  return TRUE;
}

/* -- The peer */

static void
free_record (gpointer data)
{
  FeedPeerStream *record = data;

  g_array_unref (record->objects);
  g_free (record);
}

static FeedPeer *
peer_new (void)
{
  FeedPeer *self = g_new0 (FeedPeer, 1);

  ec_transport_init (&self->transport, &fake_class, FALSE);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->request.peer = self;
  self->allowed = G_MAXSIZE;
  self->streams_allowed = G_MAXUINT;
  self->streams = g_ptr_array_new_with_free_func (free_record);
  self->open = g_ptr_array_new ();
  self->ranges = g_array_new (FALSE, FALSE, sizeof (FeedPeerRange));
  return self;
}

static FeedPeer *
subscriber_new (const EcMoqtParams *params)
{
  FeedPeer *self = peer_new ();

  if (params)
    self->params = *params;
  self->descending = self->params.group_order == EC_MOQT_GROUP_ORDER_DESCENDING;
  return self;
}

FeedPeer *
feed_peer_subscribe (EcMoqFeed *feed, const EcMoqtParams *params)
{
  FeedPeer *self = subscriber_new (params);

  self->reader = ec_moq_feed_read (feed, &self->request, &self->transport);
  return self;
}

FeedPeer *
feed_peer_subscribe_since (EcMoqFeed *feed,
                           const EcMoqtParams *params,
                           const EcMoqtLocation *largest)
{
  FeedPeer *self = subscriber_new (params);

  self->reader = ec_moq_feed_read_since (feed, &self->request, &self->transport, largest);
  return self;
}

FeedPeer *
feed_peer_fetch (EcMoqFeed *feed,
                 EcMoqtLocation start,
                 EcMoqtLocation end,
                 gboolean descending,
                 EcMoqFeedMissingFunc missing,
                 gpointer user_data)
{
  FeedPeer *self = peer_new ();

  self->start = start;
  self->end = end;
  self->descending = descending;
  self->reader = ec_moq_feed_fetch (feed, &self->request, &self->transport, missing, user_data);
  return self;
}

void
feed_peer_free (FeedPeer *self)
{
  if (self->reader)
    ec_moq_feed_reader_remove (self->reader);
  g_ptr_array_set_free_func (self->open, g_free);
  g_ptr_array_unref (self->open);
  g_ptr_array_unref (self->streams);
  g_array_unref (self->ranges);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

void
feed_peer_allow (FeedPeer *self, gsize bytes)
{
  for (guint i = 0; i < self->open->len; i++) {
    EcMoqtStream *stream = self->open->pdata[i];
    gsize sent = MIN (stream->unsent, bytes);

    stream->unsent -= sent;
    if (bytes != G_MAXSIZE)
      bytes -= sent;
  }
  self->allowed = bytes;
}

void
feed_peer_allow_streams (FeedPeer *self, guint n)
{
  self->streams_allowed = n;
}

gboolean
feed_peer_pump (FeedPeer *self)
{
  __atomic_store_n (&self->woken, FALSE, __ATOMIC_RELAXED);
  if (self->reader && !ec_moq_feed_reader_pump (self->reader))
    self->reader = NULL;
  return self->reader != NULL;
}

gboolean
feed_peer_run (FeedPeer *self)
{
  if (!__atomic_load_n (&self->woken, __ATOMIC_ACQUIRE))
    return self->reader != NULL;
  return feed_peer_pump (self);
}

void
feed_peer_wait (FeedPeer *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->woken)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

guint
feed_peer_get_n_wakes (FeedPeer *self)
{
  return __atomic_load_n (&self->wakes, __ATOMIC_RELAXED);
}

void
feed_peer_update (FeedPeer *self, const EcMoqtParams *params)
{
  self->params = *params;
  ec_moq_feed_reader_update (self->reader);
}

void
feed_peer_stop (FeedPeer *self, guint stream)
{
  for (guint i = 0; i < self->open->len; i++) {
    EcMoqtStream *open = self->open->pdata[i];

    if (open->record == self->streams->pdata[stream]) {
      open->record->reset = TRUE;
      ec_moq_feed_reader_stream_stopped (self->reader, open);
      end_stream (open);
      return;
    }
  }
  g_assert_not_reached ();
}

EcMoqFeedReader *
feed_peer_get_reader (FeedPeer *self)
{
  return self->reader;
}

gboolean
feed_peer_is_granted (FeedPeer *self, EcMoqtLocation *largest)
{
  if (largest && self->has_largest)
    *largest = self->largest;
  return self->granted;
}

gboolean
feed_peer_is_refused (FeedPeer *self, EcMoqtErrorCode *code)
{
  *code = self->error;
  return self->refused;
}

gboolean
feed_peer_is_done (FeedPeer *self, EcMoqtDoneCode *code)
{
  if (code)
    *code = self->done_code;
  return self->done;
}

gboolean
feed_peer_get_fetch_end (FeedPeer *self, EcMoqtLocation *end)
{
  *end = self->fetch_end;
  return self->granted;
}

guint
feed_peer_get_n_streams (FeedPeer *self)
{
  return self->streams->len;
}

FeedPeerStream *
feed_peer_get_stream (FeedPeer *self, guint i)
{
  g_assert_cmpuint (i, <, self->streams->len);
  return self->streams->pdata[i];
}

guint
feed_peer_get_n_ranges (FeedPeer *self)
{
  return self->ranges->len;
}

FeedPeerRange *
feed_peer_get_range (FeedPeer *self, guint i)
{
  g_assert_cmpuint (i, <, self->ranges->len);
  return &g_array_index (self->ranges, FeedPeerRange, i);
}

guint
feed_peer_get_n_datagrams (FeedPeer *self)
{
  return self->n_datagrams;
}
