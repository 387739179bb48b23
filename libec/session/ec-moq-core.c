/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-core-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-error-map.h"

typedef struct {
  EcMoqCoreFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Command;

EcMoqCore *
ec_moq_core_new (const char *uri)
{
  g_autoptr (EcMoqOrigin) origin = ec_moq_origin_new ();

  return ec_moq_core_new_for_origin (uri, origin);
}

EcMoqCore *
ec_moq_core_new_for_origin (const char *uri, EcMoqOrigin *origin)
{
  EcMoqCore *self = g_new0 (EcMoqCore, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->origin = ec_moq_origin_ref (origin);
  self->dialling = g_cancellable_new ();
  self->strings[EC_MOQ_CORE_URI] = g_strdup (uri);
  self->announcing = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                            (GDestroyNotify) ec_moqt_name_unref,
                                            (GDestroyNotify) g_ptr_array_unref);
  self->accepted = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                          (GDestroyNotify) ec_moqt_name_unref, NULL);
  self->refusals =
      g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                             (GDestroyNotify) ec_moqt_name_unref, (GDestroyNotify) g_error_free);
  self->n_readers = 1;
  self->watches = g_hash_table_new (NULL, NULL);
  self->streams = g_hash_table_new (NULL, NULL);
  self->listeners = g_ptr_array_new ();
  self->offered = g_ptr_array_new ();
  self->heard = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) ec_moqt_name_unref);
  return self;
}

EcMoqCore *
ec_moq_core_ref (EcMoqCore *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_moq_core_unref (EcMoqCore *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (!self->link && g_queue_is_empty (&self->commands));
  ec_moq_origin_unref (self->origin);
  g_clear_pointer (&self->uri, ec_moq_uri_free);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_clear_pointer (&self->proof, g_bytes_unref);
  g_clear_pointer (&self->news, ec_moq_news_unref);
  g_clear_pointer (&self->connecting, ec_moq_reply_unref);
  g_clear_error (&self->error);
  for (guint i = 0; i < EC_MOQ_CORE_N_STRINGS; i++)
    g_free (self->strings[i]);
  g_hash_table_unref (self->announcing);
  g_hash_table_unref (self->refusals);
  g_hash_table_unref (self->accepted);
  g_hash_table_unref (self->watches);
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->listeners);
  g_ptr_array_unref (self->offered);
  g_hash_table_unref (self->heard);
  g_object_unref (self->dialling);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* -- News */

void
ec_moq_core_tell (EcMoqCore *self, guint news)
{
  g_mutex_lock (&self->mutex);
  if (self->news)
    ec_moq_news_tell (self->news, news);
  else
    self->untold |= news;
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_core_set_news (EcMoqCore *self, EcMoqNews *news)
{
  g_mutex_lock (&self->mutex);
  g_assert (!self->news);
  self->news = ec_moq_news_ref (news);
  if (self->untold)
    ec_moq_news_tell (news, self->untold);
  self->untold = 0;
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_core_set_state (EcMoqCore *self, EcMoqSessionState state, GError *error)
{
  guint news = EC_MOQ_CORE_NEWS_STATE;

  g_mutex_lock (&self->mutex);
  if (self->state == state || self->state == EC_MOQ_SESSION_STATE_CLOSED) {
    g_mutex_unlock (&self->mutex);
    g_clear_error (&error);
    return;
  }
  g_debug ("session %p: %d -> %d", self, self->state, state);
  self->state = state;
  if (error)
    self->error = error;
  g_mutex_unlock (&self->mutex);

  if (state == EC_MOQ_SESSION_STATE_GOING_AWAY)
    news |= EC_MOQ_CORE_NEWS_GOING_AWAY;
  else if (state == EC_MOQ_SESSION_STATE_CLOSED)
    news |= EC_MOQ_CORE_NEWS_CLOSED;
  ec_moq_core_tell (self, news);
}

EcMoqSessionState
ec_moq_core_get_state (EcMoqCore *self)
{
  EcMoqSessionState state;

  g_mutex_lock (&self->mutex);
  state = self->state;
  g_mutex_unlock (&self->mutex);
  return state;
}

GError *
ec_moq_core_dup_error (EcMoqCore *self)
{
  GError *error;

  g_mutex_lock (&self->mutex);
  error = self->error ? g_error_copy (self->error) : NULL;
  g_mutex_unlock (&self->mutex);
  return error;
}

char *
ec_moq_core_dup_string (EcMoqCore *self, EcMoqCoreString which)
{
  char *text;

  g_mutex_lock (&self->mutex);
  text = g_strdup (self->strings[which]);
  g_mutex_unlock (&self->mutex);
  return text;
}

void
ec_moq_core_set_string (EcMoqCore *self, EcMoqCoreString which, const char *text)
{
  g_mutex_lock (&self->mutex);
  g_free (self->strings[which]);
  self->strings[which] = g_strdup (text);
  g_mutex_unlock (&self->mutex);
}

guint64
ec_moq_core_get_rtt_us (EcMoqCore *self)
{
  guint64 rtt_us;

  g_mutex_lock (&self->mutex);
  rtt_us = self->rtt_us;
  g_mutex_unlock (&self->mutex);
  return rtt_us;
}

EcMoqOrigin *
ec_moq_core_get_origin (EcMoqCore *self)
{
  return self->origin;
}

/* -- To the link's thread */

void
ec_moq_core_wake (EcMoqCore *self)
{
  g_mutex_lock (&self->mutex);
  if (self->transport)
    ec_transport_wake (self->transport);
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_core_run (EcMoqCore *self, EcMoqCoreFunc func, gpointer data, GDestroyNotify destroy)
{
  gboolean over;

  g_mutex_lock (&self->mutex);
  over = self->over;
  if (!over) {
    Command *command = g_new0 (Command, 1);

    command->func = func;
    command->data = data;
    command->destroy = destroy;
    g_queue_push_tail (&self->commands, command);
    if (self->transport)
      ec_transport_wake (self->transport);
  }
  g_mutex_unlock (&self->mutex);

  if (over) {
    func (self, NULL, data);
    if (destroy)
      destroy (data);
  }
}

void
ec_moq_core_run_commands (EcMoqCore *self, EcMoqtSession *session)
{
  for (;;) {
    Command *command;

    g_mutex_lock (&self->mutex);
    command = g_queue_pop_head (&self->commands);
    g_mutex_unlock (&self->mutex);
    if (!command)
      return;
    command->func (self, session && !ec_moqt_session_is_closed (session) ? session : NULL,
                   command->data);
    if (command->destroy)
      command->destroy (command->data);
    g_free (command);
    /* The command may have closed it, and then the rest was run from there. */
    if (session && !self->link)
      return;
  }
}

/* -- Connecting */

static void
on_dialled (gpointer user_data, EcTransport *transport, const EcMoqtDraft *draft, GError *error)
{
  EcMoqCore *self = user_data;

  if (error)
    ec_moq_core_finish (self, g_error_copy (error));
  else
    ec_moq_core_start (self, transport, draft, FALSE);
  ec_moq_core_unref (self);
}

void
ec_moq_core_connect (EcMoqCore *self, const EcMoqDialConfig *config, EcMoqReply *reply)
{
  g_autoptr (GError) error = NULL;

  self->connecting = ec_moq_reply_ref (reply);
  self->token = config->token ? g_bytes_ref (config->token) : NULL;
  self->proof = config->proof ? g_bytes_ref (config->proof) : NULL;
  self->uri = ec_moq_uri_parse (config->uri, &error);
  if (!self->uri) {
    ec_moq_core_finish (self, g_steal_pointer (&error));
    return;
  }
  ec_moq_dial (config, self->dialling, on_dialled, ec_moq_core_ref (self));
}

void
ec_moq_core_fail (EcMoqCore *self, EcMoqReply *reply, GError *error)
{
  self->connecting = ec_moq_reply_ref (reply);
  ec_moq_core_finish (self, error);
}

void
ec_moq_core_accept (EcMoqCore *self,
                    EcTransport *transport,
                    const EcMoqtDraft *draft,
                    void (*ready) (EcMoqCore *self, gpointer user_data),
                    GDestroyNotify destroy,
                    gpointer user_data)
{
  self->ready = ready;
  self->ready_destroy = destroy;
  self->ready_data = user_data;
  ec_moq_core_start (self, transport, draft, TRUE);
}

static void
do_release (EcMoqCore *self, EcMoqtSession *session, gpointer data)
{
  if (!session)
    return;
  ec_moq_origin_link_release (self->origin_link);
  if (self->link)
    ec_moq_core_release_published (self);
}

void
ec_moq_core_release (EcMoqCore *self)
{
  ec_moq_core_run (self, do_release, NULL, NULL);
}

/* -- Closing */

typedef struct {
  guint64 code;
  char *reason;
} Closing;

static void
closing_free (gpointer data)
{
  Closing *closing = data;

  g_free (closing->reason);
  g_free (closing);
}

static void
do_close (EcMoqCore *self, EcMoqtSession *session, gpointer data)
{
  Closing *closing = data;

  if (session)
    ec_moqt_session_close (session, (EcMoqtCloseCode) closing->code, closing->reason);
}

void
ec_moq_core_close (EcMoqCore *self, guint64 code, const char *reason)
{
  Closing *closing = g_new0 (Closing, 1);

  closing->code = code;
  closing->reason = g_strdup (reason ? reason : "");
  ec_moq_core_run (self, do_close, closing, closing_free);
  g_cancellable_cancel (self->dialling);
}

typedef struct {
  char *uri;
  guint timeout_ms;
} GoingAway;

static void
going_away_free (gpointer data)
{
  GoingAway *going = data;

  g_free (going->uri);
  g_free (going);
}

static void
do_go_away (EcMoqCore *self, EcMoqtSession *session, gpointer data)
{
  GoingAway *going = data;

  if (session)
    ec_moqt_session_goaway (session, going->uri, going->timeout_ms);
}

void
ec_moq_core_go_away (EcMoqCore *self, const char *uri, guint timeout_ms)
{
  GoingAway *going = g_new0 (GoingAway, 1);

  going->uri = g_strdup (uri);
  going->timeout_ms = timeout_ms;
  ec_moq_core_run (self, do_go_away, going, going_away_free);
}

void
ec_moq_core_finish (EcMoqCore *self, GError *error)
{
  g_autoptr (EcMoqReply) connecting = NULL;
  g_autoptr (GHashTable) announcing = NULL;
  GHashTableIter iter;
  gpointer replies;

  g_mutex_lock (&self->mutex);
  self->over = TRUE;
  connecting = g_steal_pointer (&self->connecting);
  announcing = self->announcing;
  self->announcing = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                            (GDestroyNotify) ec_moqt_name_unref,
                                            (GDestroyNotify) g_ptr_array_unref);
  g_mutex_unlock (&self->mutex);

  ec_moq_core_set_state (self, EC_MOQ_SESSION_STATE_CLOSED, g_error_copy (error));
  ec_moq_core_run_commands (self, NULL);
  g_hash_table_iter_init (&iter, announcing);
  while (g_hash_table_iter_next (&iter, NULL, &replies))
    for (guint i = 0; i < ((GPtrArray *) replies)->len; i++)
      ec_moq_reply_finish (((GPtrArray *) replies)->pdata[i], g_error_copy (error));
  if (connecting)
    ec_moq_reply_finish (connecting, g_error_copy (error));
  g_error_free (error);
}

/* -- Announcing */

void
ec_moq_core_announced (EcMoqCore *self, EcMoqtName *space, gboolean lost, GError *error)
{
  g_autoptr (GPtrArray) replies = NULL;

  g_mutex_lock (&self->mutex);
  if (error) {
    g_hash_table_insert (self->refusals, ec_moqt_name_ref (space), g_error_copy (error));
    g_hash_table_remove (self->accepted, space);
  } else {
    g_hash_table_remove (self->refusals, space);
    g_hash_table_add (self->accepted, ec_moqt_name_ref (space));
  }
  if (lost)
    g_clear_error (&error);
  replies = g_hash_table_lookup (self->announcing, space);
  if (replies)
    g_ptr_array_ref (replies);
  g_hash_table_remove (self->announcing, space);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; replies && i < replies->len; i++)
    ec_moq_reply_finish (replies->pdata[i], error ? g_error_copy (error) : NULL);
  g_clear_error (&error);
}

void
ec_moq_core_announce (EcMoqCore *self, EcMoqtName *space, EcMoqReply *reply)
{
  GPtrArray *replies;
  gboolean over;

  g_mutex_lock (&self->mutex);
  over = self->over;
  if (!over) {
    replies = g_hash_table_lookup (self->announcing, space);
    if (!replies) {
      replies = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_moq_reply_unref);
      g_hash_table_insert (self->announcing, ec_moqt_name_ref (space), replies);
    }
    g_ptr_array_add (replies, ec_moq_reply_ref (reply));
  }
  g_mutex_unlock (&self->mutex);
  if (over) {
    g_autoptr (GError) error = ec_moq_core_dup_error (self);

    ec_moq_reply_finish (reply, error ? g_steal_pointer (&error)
                                      : g_error_new_literal (EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED,
                                                             "The session is closed."));
    return;
  }
  ec_moq_origin_add_namespace (self->origin, space);
}

EcMoqAnswer
ec_moq_core_get_answer (EcMoqCore *self, EcMoqtName *space, GError **refusal)
{
  EcMoqAnswer answer = EC_MOQ_ANSWER_NONE;
  const GError *error;

  g_mutex_lock (&self->mutex);
  error = g_hash_table_lookup (self->refusals, space);
  if (error) {
    answer = EC_MOQ_ANSWER_REFUSED;
    if (refusal)
      *refusal = g_error_copy (error);
  } else if (g_hash_table_contains (self->accepted, space)) {
    answer = EC_MOQ_ANSWER_TAKEN;
  }
  g_mutex_unlock (&self->mutex);
  return answer;
}

static void
do_count (EcMoqCore *self, EcMoqtSession *session, gpointer data)
{
  g_atomic_int_set (&self->n_readers,
                    session ? (gint) ec_moq_origin_link_get_n_readers (self->origin_link) : 0);
}

guint
ec_moq_core_poll_readers (EcMoqCore *self)
{
  ec_moq_core_run (self, do_count, NULL, NULL);
  return (guint) g_atomic_int_get (&self->n_readers);
}
