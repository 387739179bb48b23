/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-session.h"

#include "base/ec-error.h"
#include "moqt/ec-moqt-catalog.h"

/* A source's session: from connecting to the end of the broadcast, with as many MOQT sessions as that takes. */

#define CATALOG_TIME (5 * G_USEC_PER_SEC) /* for the track in it that we want */
#define MAX_CATALOG_OBJECTS 64            /* likewise: a catalog and its delta updates */
#define LOOK_TIME (100 * 1000) /* µs, between looks at manifests while nothing else comes */
#define LAST_MANIFESTS (2 * G_USEC_PER_SEC) /* for those of the last chunks, at the end */
#define ASK_AGAIN (3 * G_USEC_PER_SEC)      /* for a node's manifests, which nobody had */
#define LOOK_AGAIN G_USEC_PER_SEC           /* for where to go from a server that goes away */
#define MIN_BACK_OFF 100                    /* ms */
#define MAX_BACK_OFF 4000
/* An end within this long of the one before is no good one, but a relay that lost its publisher. */
#define SHORT_TIME (2 * G_USEC_PER_SEC)

typedef struct {
  const char *node;    /* borrowed */
  EcMoqReader *reader; /* NULL: not asked */
  gint64 asked_us;
} Manifests;

typedef struct {
  EcShareData *data;
  EcMoqCore *core;
  EcMoqCore *next; /* where we go as `core` goes away; NULL: not yet */
  gint64 next_us;  /* when that is tried again */
  EcMoqReader *chunks;
  GArray *manifests; /* Manifests */
  GCancellable *cancellable;
} Session;

static void
reader_drop (EcMoqReader *reader)
{
  ec_moq_reader_close (reader);
  ec_moq_reader_unref (reader);
}

static void
core_drop (EcMoqCore *core)
{
  ec_moq_core_close (core, 0, "");
  ec_moq_core_unref (core);
}

static void
session_clear (Session *self)
{
  for (guint i = 0; self->manifests && i < self->manifests->len; i++)
    g_clear_pointer (&g_array_index (self->manifests, Manifests, i).reader, reader_drop);
  g_clear_pointer (&self->manifests, g_array_unref);
  g_clear_pointer (&self->chunks, reader_drop);
  g_clear_pointer (&self->core, core_drop);
  g_clear_pointer (&self->next, core_drop);
}

/* -- What went wrong, as a source says it */

static EcSourceError
source_code (const GError *error)
{
  if (error->domain == EC_MOQ_ERROR)
    switch ((EcMoqError) error->code) {
    case EC_MOQ_ERROR_BAD_URI:
      return EC_SOURCE_ERROR_BAD_URI;
    case EC_MOQ_ERROR_NOT_FOUND:
      return EC_SOURCE_ERROR_NOT_FOUND;
    case EC_MOQ_ERROR_BUSY:
      return EC_SOURCE_ERROR_BUSY;
    case EC_MOQ_ERROR_UNREACHABLE:
    case EC_MOQ_ERROR_TIMEOUT:
    case EC_MOQ_ERROR_GOING_AWAY:
    case EC_MOQ_ERROR_CLOSED:
      return EC_SOURCE_ERROR_GONE;
    case EC_MOQ_ERROR_MALFORMED_TRACK:
    case EC_MOQ_ERROR_PROTOCOL:
      return EC_SOURCE_ERROR_BAD_REPLY;
    default:
      break;
    }
  return EC_SOURCE_ERROR_FAILED;
}

/* Takes `from`, unless it is a source's already, or a cancellation. */
static gboolean
fail (GError **error, GError *from)
{
  if (from->domain == EC_SOURCE_ERROR || from->domain == G_IO_ERROR) {
    g_propagate_error (error, from);
    return FALSE;
  }
  g_set_error_literal (error, EC_SOURCE_ERROR, source_code (from), from->message);
  g_error_free (from);
  return FALSE;
}

/* -- Beginning */

static EcMoqCore *
dial (Session *self, const char *server, EcMoqReply *reply)
{
  EcShareUri *uri = self->data->uri;
  EcMoqDialConfig config = {
    .uri = server, .certificate_hashes = uri->hashes, .ca_file = uri->ca_file, .token = uri->token
  };
  EcMoqCore *core = ec_moq_core_new (server);

  ec_moq_core_connect (core, &config, reply);
  return core;
}

static gboolean
connect_to (Session *self, GError **error)
{
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();

  if (self->core) /* it came about while the one before went away */
    return TRUE;
  self->core = dial (self, self->data->uri->server, reply);
  return ec_moq_reply_wait (reply, self->cancellable, error);
}

static EcMoqReader *
subscribe (Session *self, const char *track, GError **error)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path (self->data->uri->name, track, error);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  EcMoqReader *reader;

  if (!name)
    return NULL;
  reader = ec_moq_reader_new_subscribe (self->core, name, EC_MOQ_START_CURRENT_GROUP, reply);
  if (ec_moq_reply_wait (reply, self->cancellable, error))
    return reader;
  reader_drop (reader);
  return NULL;
}

/* The first one that is our kind, or the one that was asked for. FALSE: it is not there. */
static gboolean
take_track (Session *self, const EcMoqtCatalog *catalog)
{
  EcShareData *data = self->data;

  for (guint i = 0; i < catalog->tracks->len; i++) {
    const EcMoqtCatalogTrack *track = catalog->tracks->pdata[i];

    if (track->space || !track->name || g_strcmp0 (track->packaging, "m2ts") != 0 ||
        (data->uri->track && g_strcmp0 (track->name, data->uri->track) != 0))
      continue;
    if (track->m2ts_program_number > 0 && track->m2ts_program_number <= 65535)
      ec_source_core_set_program_number (data->core, (guint) track->m2ts_program_number);
    if (track->label)
      ec_source_core_set_names (data->core, track->label, NULL, NULL);
    if (!data->uri->track)
      data->uri->track = g_strdup (track->name);
    return TRUE;
  }
  return FALSE;
}

typedef struct {
  EcMoqtCatalog *catalog; /* owned; NULL: none yet */
  guint64 group;          /* … which it is of */
  guint n_objects;
} Catalogs;

/* The first object of a group is independent, those behind it may say what has changed since (MSF, “Catalog”). TRUE: that is enough. */
static gboolean
take_catalog (Session *self, Catalogs *catalogs, const EcMoqInboxItem *item)
{
  const char *text = (const char *) item->data;

  /* Nothing more comes in this group. */
  if (item->kind != EC_MOQ_OBJECT_KIND_OBJECT)
    return catalogs->catalog && item->location.group == catalogs->group;
  if (catalogs->catalog && item->location.group != catalogs->group)
    g_clear_pointer (&catalogs->catalog, ec_moqt_catalog_free);
  catalogs->group = item->location.group;
  if (catalogs->catalog)
    ec_moqt_catalog_update (catalogs->catalog, text, item->size, NULL);
  else
    catalogs->catalog = ec_moqt_catalog_new_from_text (text, item->size, NULL);
  return !catalogs->catalog || take_track (self, catalogs->catalog) ||
         ++catalogs->n_objects >= MAX_CATALOG_OBJECTS;
}

/* A broadcast without one is taken to have “chunks”. FALSE: cancelled. */
static gboolean
read_catalog (Session *self)
{
  EcMoqReader *reader = subscribe (self, "catalog", NULL);
  gint64 until = g_get_monotonic_time () + CATALOG_TIME;
  g_autoptr (GError) error = NULL;
  Catalogs catalogs = { 0 };
  gboolean done = reader == NULL;

  while (!done) {
    g_autoptr (EcMoqInboxItem) item = ec_moq_inbox_read_until (ec_moq_reader_get_inbox (reader),
                                                               until, self->cancellable, &error);

    done = !item || take_catalog (self, &catalogs, item);
  }
  g_clear_pointer (&catalogs.catalog, ec_moqt_catalog_free);
  g_clear_pointer (&reader, reader_drop);
  return !g_cancellable_is_cancelled (self->cancellable);
}

static gboolean
begin (Session *self, GError **error)
{
  EcShareData *data = self->data;

  if (!connect_to (self, error))
    return FALSE;
  if (!data->ever && !read_catalog (self)) {
    g_cancellable_set_error_if_cancelled (self->cancellable, error);
    return FALSE;
  }
  self->chunks = subscribe (self, data->uri->track ? data->uri->track : "chunks", error);
  if (!self->chunks)
    return FALSE;
  if (data->ever)
    EC_SHARE_COUNT (&data->stats, n_reconnects);
  data->ever = TRUE;
  data->n_empty_jumps = 0;
  self->manifests = g_array_new (FALSE, TRUE, sizeof (Manifests));
  for (guint i = 0; i < data->uri->publishers->len; i++) {
    Manifests manifests = { .node = data->uri->publishers->pdata[i] };

    g_array_append_val (self->manifests, manifests);
  }
  return TRUE;
}

/* -- Reading */

/* Without waiting for anything. */
static void
ask_manifests (Session *self, Manifests *manifests)
{
  g_autofree char *track = g_strconcat ("manifest/", manifests->node, NULL);
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path (self->data->uri->name, track, NULL);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();

  manifests->asked_us = g_get_monotonic_time ();
  if (name)
    manifests->reader =
        ec_moq_reader_new_subscribe (self->core, name, EC_MOQ_START_CURRENT_GROUP, reply);
}

static void
poll_manifests (Session *self)
{
  for (guint i = 0; i < self->manifests->len; i++) {
    Manifests *manifests = &g_array_index (self->manifests, Manifests, i);

    if (!manifests->reader &&
        (manifests->asked_us == 0 || g_get_monotonic_time () - manifests->asked_us > ASK_AGAIN))
      ask_manifests (self, manifests);
    while (manifests->reader) {
      g_autoptr (EcMoqInboxItem) item = NULL;
      g_autoptr (GError) error = NULL;

      if (!ec_moq_inbox_poll (ec_moq_reader_get_inbox (manifests->reader), &item, &error))
        break;
      if (!item)
        g_clear_pointer (&manifests->reader, reader_drop);
      else if (item->kind == EC_MOQ_OBJECT_KIND_OBJECT)
        ec_share_take_manifest (self->data, manifests->node, item->location.group, item->data,
                                item->size);
    }
  }
  ec_share_tick (self->data, FALSE);
}

/* Skipped indices of a broadcast that carries clean chunks only are chunks that were not clean. */
static gboolean
carries_all (const EcShareUri *uri)
{
  return !g_str_has_prefix (uri->name, "ec/v1/") || g_str_has_prefix (uri->name, "ec/v1/source/");
}

static gboolean
take_object (Session *self, EcMoqInboxItem *item)
{
  EcShareData *data = self->data;
  guint64 group = item->location.group, object = item->location.object;
  EcShareFlowStep step = ec_share_flow_look (&data->flow, group, object);

  if (step == EC_SHARE_FLOW_JUMP || step == EC_SHARE_FLOW_HOLE) {
    if (!ec_share_fill (data, self->core, group, object, self->cancellable))
      return FALSE;
    step = ec_share_flow_look (&data->flow, group, object);
    if (step == EC_SHARE_FLOW_JUMP && !carries_all (data->uri))
      data->lost = TRUE;
  }
  if (step == EC_SHARE_FLOW_OLD) {
    if (data->flow.any)
      EC_SHARE_COUNT (&data->stats, n_late);
    return TRUE;
  }
  return ec_share_release (data, item);
}

/* FALSE: as of ec_share_release(), or cancelled. */
static gboolean
take (Session *self, EcMoqInboxItem *item)
{
  EcShareData *data = self->data;
  guint64 group = item->location.group;

  switch (item->kind) {
  case EC_MOQ_OBJECT_KIND_OBJECT:
    return take_object (self, item);
  case EC_MOQ_OBJECT_KIND_GROUP_ENDED:
    ec_share_end_group (data, group, TRUE);
    return TRUE;
  case EC_MOQ_OBJECT_KIND_GROUP_LOST:
  default:
    if (!data->flow.any || data->flow.group != group || data->flow.ended)
      return TRUE;
    if (!ec_share_fill (data, self->core, group, G_MAXUINT64, self->cancellable))
      return FALSE;
    ec_share_end_group (data, group, FALSE);
    return TRUE;
  }
}

/* A server that goes away still serves us for a while (§3.6); TRUE: there is another session. */
static gboolean
look_elsewhere (Session *self)
{
  g_autoptr (EcMoqReply) reply = NULL;
  g_autofree char *uri = NULL;

  if (self->next) {
    EcMoqSessionState state = ec_moq_core_get_state (self->next);

    if (state != EC_MOQ_SESSION_STATE_CLOSED)
      return state == EC_MOQ_SESSION_STATE_OPEN;
    g_clear_pointer (&self->next, core_drop);
  }
  if (g_get_monotonic_time () < self->next_us)
    return FALSE;
  self->next_us = g_get_monotonic_time () + LOOK_AGAIN;
  reply = ec_moq_reply_new ();
  uri = ec_moq_core_dup_string (self->core, EC_MOQ_CORE_NEW_URI);
  self->next = dial (self, uri && *uri ? uri : self->data->uri->server, reply);
  return FALSE;
}

/* Until the track, the MOQT session or the source ends; TRUE: the track did. */
static gboolean
read_chunks (Session *self, GError **error)
{
  EcShareData *data = self->data;

  for (;;) {
    g_autoptr (GError) local = NULL;
    g_autoptr (EcMoqInboxItem) item =
        ec_moq_inbox_read_until (ec_moq_reader_get_inbox (self->chunks),
                                 g_get_monotonic_time () + LOOK_TIME, self->cancellable, &local);

    if (!item && !local)
      return TRUE;
    if (local && !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
      return fail (error, g_steal_pointer (&local));
    if (item && !take (self, item)) {
      if (data->error)
        g_propagate_error (error, g_steal_pointer (&data->error));
      else
        g_cancellable_set_error_if_cancelled (self->cancellable, error);
      return FALSE;
    }
    if (!item && !ec_source_core_quiet (data->core, error))
      return FALSE;
    if (ec_moq_core_get_state (self->core) == EC_MOQ_SESSION_STATE_GOING_AWAY &&
        look_elsewhere (self)) {
      g_set_error_literal (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                           "The server is shutting down.");
      return FALSE;
    }
    poll_manifests (self);
  }
}

/* The manifests of the last chunks come behind them. */
static void
wait_for_manifests (Session *self)
{
  gint64 until = g_get_monotonic_time () + LAST_MANIFESTS;
  GPollFD fd;

  while (self->manifests->len > 0 && ec_share_check_get_n_waiting (self->data->check) > 0 &&
         g_get_monotonic_time () < until && !g_cancellable_is_cancelled (self->cancellable)) {
    poll_manifests (self);
    if (!g_cancellable_make_pollfd (self->cancellable, &fd))
      break;
    g_poll (&fd, 1, 20);
    g_cancellable_release_fd (self->cancellable);
  }
}

/* -- As a backend */

/* FALSE: cancelled, or nothing came for too long. */
static gboolean
back_off (EcShareData *data, guint *wait_ms, GCancellable *cancellable, GError **error)
{
  GPollFD fd;

  if (!ec_source_core_quiet (data->core, error))
    return FALSE;
  if (g_cancellable_make_pollfd (cancellable, &fd)) {
    g_poll (&fd, 1, (int) *wait_ms);
    g_cancellable_release_fd (cancellable);
  }
  *wait_ms = MIN (*wait_ms * 2, MAX_BACK_OFF);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/*
 * A lost MOQT session is replaced by another, and what was missed meanwhile is fetched, so that the reader need not notice. Once nothing has
 * come for the stall time-out, it is the source's own reconnecting that goes on.
 */
static gboolean
share_session (EcSourceCore *core, gpointer user_data, GCancellable *cancellable, GError **error)
{
  EcShareData *data = user_data;
  guint wait_ms = MIN_BACK_OFF;
  gboolean done = FALSE;
  EcMoqCore *next = NULL;

  data->core = core;
  ec_share_begin (data);
  while (!done) {
    Session session = { .data = data, .core = g_steal_pointer (&next), .cancellable = cancellable };
    GError *local = NULL;
    gint64 since = g_get_monotonic_time ();
    gboolean began = begin (&session, &local);

    if (began) {
      ec_source_core_opened (core);
      done = read_chunks (&session, &local);
    }
    if (done) {
      wait_for_manifests (&session);
      ec_share_tick (data, TRUE);
    }
    if (!done && session.next && ec_moq_core_get_state (session.next) == EC_MOQ_SESSION_STATE_OPEN)
      next = g_steal_pointer (&session.next);
    session_clear (&session);
    if (done)
      break;
    if (!data->ever || g_cancellable_is_cancelled (cancellable) ||
        g_error_matches (local, EC_SOURCE_ERROR, EC_SOURCE_ERROR_STALLED) ||
        g_error_matches (local, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS)) {
      g_clear_pointer (&next, core_drop);
      return fail (error, local);
    }
    g_debug ("%s: %s", data->uri->name, local->message);
    if (began && g_get_monotonic_time () - since > SHORT_TIME)
      wait_ms = MIN_BACK_OFF;
    g_clear_error (&local);
    if (next)
      continue;
    if (!back_off (data, &wait_ms, cancellable, error))
      return FALSE;
  }
  return data->error == NULL || fail (error, g_steal_pointer (&data->error));
}

const EcSourceBackend ec_share_backend = { share_session, ec_share_data_free };
