/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-session-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-announcements-private.h"
#include "session/ec-moq-reader.h"
#include "session/ec-moq-track-private.h"

/* What an EcMoqSession does with tracks, those of the peer and its own. */

typedef struct {
  gboolean fetches;
  EcMoqStart start;
  guint64 first_group, last_group;
} Reading;

/* NULL with `error`: the names are none. `task` nullable, taken. */
static EcMoqSubscription *
begin_reading (EcMoqSession *self,
               const char *space,
               const char *track,
               const Reading *reading,
               GTask *task,
               EcMoqReply **reply)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path (space, track, &error);
  g_autoptr (EcMoqReader) reader = NULL;
  EcMoqCore *core = ec_moq_session_get_core (self);
  EcMoqSubscription *subscription;

  if (!name) {
    *reply = task ? ec_moq_reply_new_for_task (task, NULL) : ec_moq_reply_new ();
    ec_moq_reply_finish (*reply, g_steal_pointer (&error));
    return NULL;
  }
  /* The task's result is the subscription that the reader, which needs the reply, is for. */
  *reply = ec_moq_reply_new ();
  if (reading->fetches)
    reader =
        ec_moq_reader_new_fetch (core, name, reading->first_group, reading->last_group, *reply);
  else
    reader = ec_moq_reader_new_subscribe (core, name, reading->start, *reply);
  subscription = ec_moq_subscription_new (reader, space, track);
  if (task)
    ec_moq_reply_set_task (*reply, task, G_OBJECT (g_object_ref (subscription)));
  return subscription;
}

static EcMoqSubscription *
read_sync (EcMoqSession *self,
           const char *space,
           const char *track,
           const Reading *reading,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (EcMoqReply) reply = NULL;
  g_autoptr (EcMoqSubscription) subscription =
      begin_reading (self, space, track, reading, NULL, &reply);

  if (!ec_moq_reply_wait (reply, cancellable, error))
    return NULL;
  return g_steal_pointer (&subscription);
}

static void
read_async (
    EcMoqSession *self, const char *space, const char *track, const Reading *reading, GTask *task)
{
  g_autoptr (EcMoqReply) reply = NULL;
  EcMoqSubscription *subscription = begin_reading (self, space, track, reading, task, &reply);

  g_clear_object (&subscription);
}

/**
 * ec_moq_session_subscribe:
 * @self: a session
 * @space: the track's namespace: its fields, percent-encoded, with “/” between them
 * @track: the track's name
 * @start: where to begin
 * @cancellable: (nullable): gives it up
 * @error: return location for an error
 *
 * Subscribes to a track (draft-ietf-moq-transport-18 §5.1), and waits for the peer's answer; blocks. More can be said once it is granted:
 * [property@MoqSubscription:priority], [property@MoqSubscription:forward], [property@MoqSubscription:delivery-timeout].
 *
 * Fails with %EC_MOQ_ERROR_NOT_FOUND if the peer has no such track, %EC_MOQ_ERROR_UNAUTHORIZED, %EC_MOQ_ERROR_BUSY,
 * %EC_MOQ_ERROR_TIMEOUT if it does not answer within 10 seconds, %EC_MOQ_ERROR_DUPLICATE if the session has a subscription to the track
 * already, %EC_MOQ_ERROR_GOING_AWAY, or another code as it was refused; %EC_MOQ_ERROR_BAD_URI if @space or @track cannot be a
 * name; what the session was closed with, %EC_MOQ_ERROR_CLOSED among it; or %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the subscription, to read from
 */
EcMoqSubscription *
ec_moq_session_subscribe (EcMoqSession *self,
                          const char *space,
                          const char *track,
                          EcMoqStart start,
                          GCancellable *cancellable,
                          GError **error)
{
  Reading reading = { .start = start };

  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  g_return_val_if_fail (space != NULL && track != NULL, NULL);

  return read_sync (self, space, track, &reading, cancellable, error);
}

/**
 * ec_moq_session_subscribe_async:
 * @self: a session
 * @space: the track's namespace: its fields, percent-encoded, with “/” between them
 * @track: the track's name
 * @start: where to begin
 * @cancellable: (nullable): gives it up
 * @callback: (scope async): called with the peer's answer
 * @user_data: for @callback
 *
 * Subscribes to a track, as [method@MoqSession.subscribe] does, without waiting.
 */
void
ec_moq_session_subscribe_async (EcMoqSession *self,
                                const char *space,
                                const char *track,
                                EcMoqStart start,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  Reading reading = { .start = start };
  GTask *task;

  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (space != NULL && track != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_moq_session_subscribe_async);
  read_async (self, space, track, &reading, task);
}

/**
 * ec_moq_session_subscribe_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MoqSession.subscribe_async], and fails as [method@MoqSession.subscribe] does.
 *
 * Returns: (transfer full): the subscription, to read from
 */
EcMoqSubscription *
ec_moq_session_subscribe_finish (EcMoqSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ec_moq_session_fetch:
 * @self: a session
 * @space: the track's namespace: its fields, percent-encoded, with “/” between them
 * @track: the track's name
 * @first_group: the first group
 * @last_group: the last one, which is fetched whole
 * @cancellable: (nullable): gives it up
 * @error: return location for an error
 *
 * Fetches groups of a track that were published already (draft-ietf-moq-transport-18 §5.2, §10.12), and waits for the peer's answer; blocks.
 *
 * What comes is read as from a subscription, and ends with the last object. The peer may have less than was asked for: groups that it does not
 * know of are left out, or told as %EC_MOQ_OBJECT_KIND_GROUP_LOST.
 *
 * Fails as [method@MoqSession.subscribe] does, and with %EC_MOQ_ERROR_INVALID_RANGE if there are no such groups.
 *
 * Returns: (transfer full): what is fetched, to read from
 */
EcMoqSubscription *
ec_moq_session_fetch (EcMoqSession *self,
                      const char *space,
                      const char *track,
                      guint64 first_group,
                      guint64 last_group,
                      GCancellable *cancellable,
                      GError **error)
{
  Reading reading = { .fetches = TRUE, .first_group = first_group, .last_group = last_group };

  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  g_return_val_if_fail (space != NULL && track != NULL, NULL);
  g_return_val_if_fail (first_group <= last_group, NULL);

  return read_sync (self, space, track, &reading, cancellable, error);
}

/**
 * ec_moq_session_fetch_async:
 * @self: a session
 * @space: the track's namespace: its fields, percent-encoded, with “/” between them
 * @track: the track's name
 * @first_group: the first group
 * @last_group: the last one, which is fetched whole
 * @cancellable: (nullable): gives it up
 * @callback: (scope async): called with the peer's answer
 * @user_data: for @callback
 *
 * Fetches groups of a track that were published already, as [method@MoqSession.fetch] does, without waiting.
 */
void
ec_moq_session_fetch_async (EcMoqSession *self,
                            const char *space,
                            const char *track,
                            guint64 first_group,
                            guint64 last_group,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  Reading reading = { .fetches = TRUE, .first_group = first_group, .last_group = last_group };
  GTask *task;

  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (space != NULL && track != NULL);
  g_return_if_fail (first_group <= last_group);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_moq_session_fetch_async);
  read_async (self, space, track, &reading, task);
}

/**
 * ec_moq_session_fetch_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MoqSession.fetch_async], and fails as [method@MoqSession.fetch] does.
 *
 * Returns: (transfer full): what is fetched, to read from
 */
EcMoqSubscription *
ec_moq_session_fetch_finish (EcMoqSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ec_moq_session_list_announcements:
 * @self: a session
 * @prefix: (nullable): what the namespaces begin with: whole fields, percent-encoded, with “/” between them; %NULL: the peer is not
 *   asked, and only what it announces by itself is listed
 * @error: return location for an error
 *
 * Follows which namespaces the peer has (SUBSCRIBE_NAMESPACE, draft-ietf-moq-transport-18 §6.1), for as long as the list is kept.
 *
 * Does not wait: the list is empty at first, changes as the peer tells, and has [property@MoqAnnouncements:error] if it does not. Fails with
 * %EC_MOQ_ERROR_BAD_URI if @prefix cannot be one.
 *
 * Returns: (transfer full): a list
 */
EcMoqAnnouncements *
ec_moq_session_list_announcements (EcMoqSession *self, const char *prefix, GError **error)
{
  g_autoptr (EcMoqtName) name = NULL;

  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);

  if (prefix) {
    name = ec_moqt_name_new_from_path (prefix, NULL, error);
    if (!name)
      return NULL;
  }
  return ec_moq_announcements_new (ec_moq_session_get_core (self), name, prefix);
}

/**
 * ec_moq_session_take_tracks:
 * @self: a session
 * @prefix: (nullable): what the namespaces begin with; %NULL: the peer is not asked
 * @error: return location for an error
 *
 * Takes the tracks that the peer publishes (PUBLISH, draft-ietf-moq-transport-18 §5.1, §10.10), instead of waiting to be subscribed to:
 * [signal@MoqSession::published] comes for each. With @prefix the peer is asked to publish all that it has under it, now and later
 * (SUBSCRIBE_TRACKS, §10.19).
 *
 * Without this, what the peer publishes is refused. To refuse nothing of what a client publishes, call it in a handler of
 * [signal@MoqServer::incoming]. If the peer does not publish on request it is not told here: [method@MoqSession.subscribe] is what always works.
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI if @prefix cannot be a namespace.
 *
 * Returns: whether tracks will be taken
 */
gboolean
ec_moq_session_take_tracks (EcMoqSession *self, const char *prefix, GError **error)
{
  g_autoptr (EcMoqtName) name = NULL;

  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), FALSE);

  if (prefix) {
    name = ec_moqt_name_new_from_path (prefix, NULL, error);
    if (!name)
      return FALSE;
  }
  ec_moq_core_take (ec_moq_session_get_core (self), name);
  return TRUE;
}

/* -- Publishing */

/**
 * ec_moq_session_add_track:
 * @self: a session
 * @track: a track
 * @error: return location for an error
 *
 * Offers a track to the peer: it may subscribe, fetch and ask for its state. The session keeps what it needs of @track, which ends by
 * [method@MoqTrack.end] or with its own last reference all the same. On a session that is over it does nothing.
 *
 * Fails with %EC_MOQ_ERROR_DUPLICATE if the session has one of that name.
 *
 * Returns: whether it was added
 */
gboolean
ec_moq_session_add_track (EcMoqSession *self, EcMoqTrack *track, GError **error)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), FALSE);
  g_return_val_if_fail (EC_IS_MOQ_TRACK (track), FALSE);

  if (ec_moq_origin_add_track (ec_moq_core_get_origin (ec_moq_session_get_core (self)),
                               ec_moq_track_get_feed (track)))
    return TRUE;
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_DUPLICATE,
               "The session has a track %s in %s already.", ec_moq_track_get_name (track),
               ec_moq_track_get_namespace (track));
  return FALSE;
}

/**
 * ec_moq_session_remove_track:
 * @self: a session
 * @track: a track that was added
 *
 * Offers the track no longer; who reads it in this session is told that it has ended. One that was not added is passed over.
 */
void
ec_moq_session_remove_track (EcMoqSession *self, EcMoqTrack *track)
{
  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (EC_IS_MOQ_TRACK (track));

  ec_moq_origin_remove_track (ec_moq_core_get_origin (ec_moq_session_get_core (self)),
                              ec_moq_track_get_feed (track));
}

/**
 * ec_moq_session_announce:
 * @self: a session
 * @space: a namespace: its fields, percent-encoded, with “/” between them
 * @cancellable: (nullable): ends the wait, and not the announcement
 * @error: return location for an error
 *
 * Tells the peer that we have tracks in a namespace (PUBLISH_NAMESPACE, draft-ietf-moq-transport-18 §6.2), and waits for its answer; blocks. It is
 * told to those who ask later, too.
 *
 * Fails with %EC_MOQ_ERROR_UNAUTHORIZED, %EC_MOQ_ERROR_REJECTED, %EC_MOQ_ERROR_DUPLICATE, %EC_MOQ_ERROR_TIMEOUT or another code as it was refused;
 * %EC_MOQ_ERROR_BAD_URI if @space cannot be a name; what the session was closed with; or %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the peer took it
 */
gboolean
ec_moq_session_announce (EcMoqSession *self,
                         const char *space,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (EcMoqReply) reply = NULL;
  g_autoptr (EcMoqtName) name = NULL;

  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), FALSE);
  g_return_val_if_fail (space != NULL, FALSE);

  name = ec_moqt_name_new_from_path (space, NULL, error);
  if (!name)
    return FALSE;
  reply = ec_moq_reply_new ();
  ec_moq_core_announce (ec_moq_session_get_core (self), name, reply);
  return ec_moq_reply_wait (reply, cancellable, error);
}

/**
 * ec_moq_session_announce_async:
 * @self: a session
 * @space: a namespace: its fields, percent-encoded, with “/” between them
 * @cancellable: (nullable): ends the wait, and not the announcement
 * @callback: (scope async): called with the peer's answer
 * @user_data: for @callback
 *
 * Tells the peer that we have tracks in a namespace, as [method@MoqSession.announce] does, without waiting.
 */
void
ec_moq_session_announce_async (EcMoqSession *self,
                               const char *space,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (EcMoqReply) reply = NULL;
  g_autoptr (EcMoqtName) name = NULL;
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (space != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_moq_session_announce_async);
  reply = ec_moq_reply_new_for_task (task, NULL);
  name = ec_moqt_name_new_from_path (space, NULL, &error);
  if (name)
    ec_moq_core_announce (ec_moq_session_get_core (self), name, reply);
  else
    ec_moq_reply_finish (reply, error);
}

/**
 * ec_moq_session_announce_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MoqSession.announce_async], and fails as [method@MoqSession.announce] does.
 *
 * Returns: whether the peer took it
 */
gboolean
ec_moq_session_announce_finish (EcMoqSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ec_moq_session_unannounce:
 * @self: a session
 * @space: a namespace that was announced
 *
 * Tells the peer that there is nothing in the namespace any more. One that was not announced is passed over.
 */
void
ec_moq_session_unannounce (EcMoqSession *self, const char *space)
{
  g_autoptr (EcMoqtName) name = NULL;

  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (space != NULL);

  name = ec_moqt_name_new_from_path (space, NULL, NULL);
  if (name)
    ec_moq_origin_remove_namespace (ec_moq_core_get_origin (ec_moq_session_get_core (self)), name);
}
