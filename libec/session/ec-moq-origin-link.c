/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-origin-private.h"

/* What we do with a request, the peer's or ours. */
typedef enum {
  PART_READER,     /* a track is read: the peer's SUBSCRIBE or FETCH, or our PUBLISH */
  PART_OFFER,      /* our PUBLISH, not granted yet */
  PART_NAMESPACES, /* the peer's SUBSCRIBE_NAMESPACE */
  PART_TRACKS,     /* the peer's SUBSCRIBE_TRACKS */
  PART_ANNOUNCE,   /* our PUBLISH_NAMESPACE */
} PartKind;

typedef struct {
  PartKind kind;
  EcMoqtRequest *request;
  EcMoqFeed *feed;         /* owned; READER, OFFER */
  EcMoqFeedReader *reader; /* READER; removed with the part, unless it is gone */
  EcMoqtName *name;        /* owned; of what is announced, or the prefix */
  GHashTable *told; /* NAMESPACES: EcMoqtName that the peer knows. TRACKS: that were offered */
} Part;

static void
part_free (gpointer data)
{
  Part *part = data;

  if (part->reader)
    ec_moq_feed_reader_remove (part->reader);
  g_clear_pointer (&part->feed, ec_moq_feed_unref);
  g_clear_pointer (&part->name, ec_moqt_name_unref);
  g_clear_pointer (&part->told, g_hash_table_unref);
  g_free (part);
}

static Part *
add_part (EcMoqOriginLink *self, PartKind kind, EcMoqtRequest *request)
{
  Part *part = g_new0 (Part, 1);

  part->kind = kind;
  part->request = request;
  g_hash_table_insert (self->parts, request, part);
  return part;
}

static GHashTable *
name_set (void)
{
  return g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                (GDestroyNotify) ec_moqt_name_unref, NULL);
}

EcMoqOriginLink *
ec_moq_origin_attach (EcMoqOrigin *origin,
                      EcMoqLink *link,
                      gboolean hold,
                      const EcMoqOriginEvents *events,
                      gpointer user_data)
{
  EcMoqOriginLink *self = g_new0 (EcMoqOriginLink, 1);

  self->origin = ec_moq_origin_ref (origin);
  self->transport = ec_moq_link_get_transport (link);
  self->session = ec_moq_link_get_session (link);
  self->events = events;
  self->user_data = user_data;
  self->held = hold;
  self->waiting = g_ptr_array_new ();
  self->parts = g_hash_table_new_full (NULL, NULL, NULL, part_free);
  self->announced = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                           (GDestroyNotify) ec_moqt_name_unref, g_free);
  ec_moq_origin_enter (origin, self);
  /* Whatever is there already. */
  ec_transport_wake (self->transport);
  return self;
}

void
ec_moq_origin_link_free (EcMoqOriginLink *self)
{
  ec_moq_origin_leave (self->origin, self);
  g_ptr_array_unref (self->waiting);
  g_hash_table_unref (self->parts);
  g_hash_table_unref (self->announced);
  ec_moq_origin_unref (self->origin);
  g_free (self);
}

guint
ec_moq_origin_link_get_n_readers (EcMoqOriginLink *self)
{
  GHashTableIter iter;
  gpointer part;
  guint n = self->waiting->len;

  g_hash_table_iter_init (&iter, self->parts);
  while (g_hash_table_iter_next (&iter, NULL, &part))
    n += ((Part *) part)->kind == PART_READER;
  return n;
}

/* -- Keeping the peer up to date */

static void
tell_namespaces (EcMoqOriginLink *self, Part *part)
{
  g_autoptr (GHashTable) now = ec_moq_origin_list_namespaces (self->origin, part->name);
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, part->told);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    if (g_hash_table_contains (now, name))
      continue;
    ec_moqt_request_send_namespace_done (part->request, name);
    g_hash_table_iter_remove (&iter);
  }
  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (g_hash_table_add (part->told, ec_moqt_name_ref (name)))
      ec_moqt_request_send_namespace (part->request, name);
}

/* Not `iter`-safe: it adds parts. */
static void
offer_tracks (EcMoqOriginLink *self, EcMoqtName *prefix, GHashTable *told)
{
  g_autoptr (GPtrArray) feeds = ec_moq_origin_list_tracks (self->origin, prefix);

  for (guint i = 0; i < feeds->len; i++) {
    EcMoqFeed *feed = g_ptr_array_index (feeds, i);
    EcMoqtName *name = ec_moq_feed_get_name (feed);
    EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD };
    EcMoqtRequest *request;

    if (!g_hash_table_add (told, ec_moqt_name_ref (name)))
      continue;
    /* Nothing is sent before the peer has said that it wants it. */
    if (ec_moq_feed_get_largest (feed, &params.largest))
      params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
    request = ec_moqt_session_publish (self->session, name, &params, NULL);
    if (request)
      add_part (self, PART_OFFER, request)->feed = ec_moq_feed_ref (feed);
  }
}

static void
ask_announcement (EcMoqOriginLink *self, EcMoqtName *name, guint serial)
{
  EcMoqtRequest *request = ec_moqt_session_publish_namespace (self->session, name, NULL);
  EcMoqAnnounced *announced;

  if (!request)
    return;
  add_part (self, PART_ANNOUNCE, request)->name = ec_moqt_name_ref (name);
  announced = g_new0 (EcMoqAnnounced, 1);
  announced->request = request;
  announced->serial = serial;
  g_hash_table_replace (self->announced, ec_moqt_name_ref (name), announced);
}

/* It was announced anew since: what the peer has said to it holds, but for a refusal. */
static void
announce_again (EcMoqOriginLink *self, EcMoqtName *name, EcMoqAnnounced *announced, guint serial)
{
  announced->serial = serial;
  if (!announced->request)
    ask_announcement (self, name, serial);
  else if (announced->granted && self->events)
    self->events->announced (self->user_data, name, NULL, FALSE);
}

static void
announce (EcMoqOriginLink *self)
{
  g_autoptr (GHashTable) now = ec_moq_origin_list_namespaces (self->origin, NULL);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, self->announced);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    EcMoqAnnounced *announced = value;

    if (g_hash_table_contains (now, name))
      continue;
    if (announced->request) {
      ec_moqt_request_cancel (announced->request);
      g_hash_table_remove (self->parts, announced->request);
    }
    g_hash_table_iter_remove (&iter);
  }
  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    EcMoqAnnounced *announced = g_hash_table_lookup (self->announced, name);
    guint serial = GPOINTER_TO_UINT (value);

    if (!announced)
      ask_announcement (self, name, serial);
    else if (announced->serial != serial)
      announce_again (self, name, announced, serial);
  }
}

/* Of tracks that are no more: who reads them is told. */
static gboolean
is_removed (EcMoqOriginLink *self, Part *part)
{
  g_autoptr (EcMoqFeed) feed = NULL;

  if (!part->feed)
    return FALSE;
  feed = ec_moq_origin_find (self->origin, ec_moq_feed_get_name (part->feed));
  return feed != part->feed;
}

static void
end_part (EcMoqOriginLink *self, Part *part)
{
  EcMoqtRequest *request = part->request;
  gboolean fetch = ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_FETCH;
  gboolean offer = part->kind == PART_OFFER;

  g_hash_table_remove (self->parts, request);
  if (fetch) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "the track has ended");
  } else if (offer) {
    ec_moqt_request_cancel (request);
  } else {
    ec_moqt_request_finish (request, EC_MOQT_DONE_TRACK_ENDED, "");
  }
}

static void
look (EcMoqOriginLink *self)
{
  guint64 version = ec_moq_origin_get_version (self->origin);
  GList *parts = NULL;

  if (version == self->version)
    return;
  self->version = version;
  announce (self);
  parts = g_hash_table_get_values (self->parts);
  for (GList *l = parts; l; l = l->next) {
    Part *part = l->data;

    if (part->kind == PART_NAMESPACES)
      tell_namespaces (self, part);
    else if (part->kind == PART_TRACKS)
      offer_tracks (self, part->name, part->told);
    else if (is_removed (self, part))
      end_part (self, part);
  }
  g_list_free (parts);
}

/* -- Serving */

static void
pump (EcMoqOriginLink *self, Part *part)
{
  if (!part->reader || ec_moq_feed_reader_pump (part->reader))
    return;
  part->reader = NULL;
  g_hash_table_remove (self->parts, part->request);
}

static void
pump_all (EcMoqOriginLink *self)
{
  GList *parts = g_hash_table_get_values (self->parts);

  for (GList *l = parts; l; l = l->next)
    pump (self, l->data);
  g_list_free (parts);
}

void
ec_moq_origin_link_woken (EcMoqOriginLink *self)
{
  look (self);
  pump_all (self);
}

void
ec_moq_origin_link_streams_available (EcMoqOriginLink *self)
{
  pump_all (self);
}

static Part *
find_stream (EcMoqOriginLink *self, EcMoqtStream *stream)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);

  return request ? g_hash_table_lookup (self->parts, request) : NULL;
}

void
ec_moq_origin_link_stream_sent (EcMoqOriginLink *self, EcMoqtStream *stream)
{
  Part *part = find_stream (self, stream);

  if (part)
    pump (self, part);
}

void
ec_moq_origin_link_stream_stopped (EcMoqOriginLink *self, EcMoqtStream *stream)
{
  Part *part = find_stream (self, stream);

  if (part && part->reader)
    ec_moq_feed_reader_stream_stopped (part->reader, stream);
}

/* -- Requests */

static void
serve_track (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  EcMoqtName *name = ec_moqt_request_get_name (request);
  g_autoptr (EcMoqFeed) feed = ec_moq_origin_find (self->origin, name);
  EcMoqtRequestKind kind = ec_moqt_request_get_kind (request);
  Part *part;

  if (!feed) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "there is no such track here");
    return;
  }
  if (kind == EC_MOQT_REQUEST_TRACK_STATUS) {
    EcMoqtGrant grant = { 0 };

    if (ec_moq_feed_get_largest (feed, &grant.params.largest))
      grant.params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
    ec_moqt_request_grant (request, &grant);
    return;
  }

  part = add_part (self, PART_READER, request);
  part->feed = ec_moq_feed_ref (feed);
  part->reader = kind == EC_MOQT_REQUEST_FETCH
                     ? ec_moq_feed_fetch (feed, request, self->transport, NULL, NULL)
                     : ec_moq_feed_read (feed, request, self->transport);
  if (part->reader)
    pump (self, part);
  else
    g_hash_table_remove (self->parts, request);
}

static void
serve_prefix (EcMoqOriginLink *self, EcMoqtRequest *request, PartKind kind)
{
  Part *part = add_part (self, kind, request);

  part->name = ec_moqt_name_ref (ec_moqt_request_get_name (request));
  part->told = name_set ();
  ec_moqt_request_grant (request, NULL);
  if (kind == PART_NAMESPACES)
    tell_namespaces (self, part);
  else
    offer_tracks (self, part->name, part->told);
}

static void
serve (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  switch (ec_moqt_request_get_kind (request)) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_FETCH:
  case EC_MOQT_REQUEST_TRACK_STATUS:
    serve_track (self, request);
    break;
  case EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE:
    serve_prefix (self, request, PART_NAMESPACES);
    break;
  case EC_MOQT_REQUEST_SUBSCRIBE_TRACKS:
    serve_prefix (self, request, PART_TRACKS);
    break;
  case EC_MOQT_REQUEST_PUBLISH:
  case EC_MOQT_REQUEST_PUBLISH_NAMESPACE:
    g_assert_not_reached ();
  }
}

gboolean
ec_moq_origin_link_requested (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  EcMoqtRequestKind kind = ec_moqt_request_get_kind (request);

  if (kind == EC_MOQT_REQUEST_PUBLISH || kind == EC_MOQT_REQUEST_PUBLISH_NAMESPACE)
    return FALSE;
  if (self->held)
    g_ptr_array_add (self->waiting, request);
  else
    serve (self, request);
  return TRUE;
}

void
ec_moq_origin_link_release (EcMoqOriginLink *self)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new ();
  self->held = FALSE;
  for (guint i = 0; i < waiting->len; i++)
    serve (self, g_ptr_array_index (waiting, i));
}

gboolean
ec_moq_origin_link_update_requested (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  Part *part = g_hash_table_lookup (self->parts, request);

  if (g_ptr_array_find (self->waiting, request, NULL)) {
    ec_moqt_request_grant_update (request, NULL);
    return TRUE;
  }
  if (!part)
    return FALSE;
  ec_moqt_request_grant_update (request, NULL);
  if (part->reader) {
    ec_moq_feed_reader_update (part->reader);
    pump (self, part);
  }
  return TRUE;
}

gboolean
ec_moq_origin_link_cancelled (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  Part *part = g_hash_table_lookup (self->parts, request);

  if (part && part->kind == PART_ANNOUNCE)
    return ec_moq_origin_link_finished (self, request);
  return g_ptr_array_remove_fast (self->waiting, request) ||
         g_hash_table_remove (self->parts, request);
}

gboolean
ec_moq_origin_link_granted (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  Part *part = g_hash_table_lookup (self->parts, request);

  if (!part)
    return FALSE;
  if (part->kind == PART_OFFER) {
    part->kind = PART_READER;
    part->reader = ec_moq_feed_read (part->feed, request, self->transport);
    if (part->reader)
      pump (self, part);
    else
      g_hash_table_remove (self->parts, request);
  } else if (part->kind == PART_ANNOUNCE) {
    EcMoqAnnounced *announced = g_hash_table_lookup (self->announced, part->name);

    if (announced)
      announced->granted = TRUE;
    if (self->events)
      self->events->announced (self->user_data, part->name, NULL, FALSE);
  }
  return TRUE;
}

/* It stays in the table, so that it is not asked for again and again. */
static void
end_announcement (EcMoqOriginLink *self, EcMoqtName *name)
{
  EcMoqAnnounced *announced = g_hash_table_lookup (self->announced, name);

  if (!announced)
    return;
  announced->request = NULL;
  announced->granted = FALSE;
}

gboolean
ec_moq_origin_link_refused (EcMoqOriginLink *self,
                            EcMoqtRequest *request,
                            const EcMoqtRefusal *refusal)
{
  Part *part = g_hash_table_lookup (self->parts, request);

  if (!part)
    return FALSE;
  if (part->kind == PART_ANNOUNCE) {
    end_announcement (self, part->name);
    if (self->events)
      self->events->announced (self->user_data, part->name, refusal, FALSE);
  }
  g_hash_table_remove (self->parts, request);
  return TRUE;
}

gboolean
ec_moq_origin_link_finished (EcMoqOriginLink *self, EcMoqtRequest *request)
{
  Part *part = g_hash_table_lookup (self->parts, request);

  if (!part)
    return FALSE;
  if (part->kind == PART_ANNOUNCE) {
    end_announcement (self, part->name);
    if (self->events)
      self->events->announced (self->user_data, part->name, NULL, TRUE);
  }
  g_hash_table_remove (self->parts, request);
  return TRUE;
}
