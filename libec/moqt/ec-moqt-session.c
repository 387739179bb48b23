/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What comes in, and where it goes; how a session begins and ends. */

typedef struct {
  gpointer memory;
  GDestroyNotify let_go;
} Buried;

static void
set_default (guint *value, guint fallback)
{
  if (*value == 0)
    *value = fallback;
}

static void
init_limits (EcMoqtLimits *limits)
{
  set_default (&limits->max_requests, 1024);
  set_default (&limits->max_streams, 64);
  if (limits->max_object_size == 0)
    limits->max_object_size = 16 * 1024 * 1024;
  if (limits->max_auth_token_cache == 0)
    limits->max_auth_token_cache = 16384;
  set_default (&limits->max_control_buffer, 256 * 1024);
  set_default (&limits->setup_timeout_ms, 10000);
  set_default (&limits->answer_timeout_ms, 10000);
  set_default (&limits->goaway_timeout_ms, 10000);
  set_default (&limits->head_timeout_ms, 10000);
}

EcMoqtSession *
ec_moqt_session_new (const EcMoqtDraft *draft,
                     const EcMoqtConfig *config,
                     const EcMoqtIo *io,
                     gpointer io_data,
                     const EcMoqtEvents *events,
                     gpointer user_data,
                     guint64 now_us)
{
  EcMoqtSession *self = g_new0 (EcMoqtSession, 1);

  self->draft = draft;
  self->config = *config;
  self->config.path = g_strdup (config->path);
  self->config.authority = g_strdup (config->authority);
  self->config.implementation = g_strdup (config->implementation);
  self->config.token = config->token ? g_bytes_ref (config->token) : NULL;
  self->config.proof = config->proof ? g_bytes_ref (config->proof) : NULL;
  self->limits = config->limits;
  init_limits (&self->limits);
  self->io = *io;
  self->io_data = io_data;
  self->events = *events;
  self->user_data = user_data;
  self->now_us = now_us;
  self->timer_set_us = G_MAXUINT64;
  self->graveyard = g_ptr_array_new ();
  self->timers = g_ptr_array_new ();
  self->entries = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->kept = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  self->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->updates = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->publishing = g_hash_table_new (ec_moqt_name_hash, ec_moqt_name_equal);
  self->subscribing = g_hash_table_new (ec_moqt_name_hash, ec_moqt_name_equal);
  self->aliases = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, ec_moqt_alias_free);
  self->scratch = g_byte_array_new ();
  self->next_id = config->server ? 1 : 0;
  ec_moqt_tokens_init (self);
  return self;
}

/* -- Memory of what has ended */
static void
dig_out (EcMoqtSession *self)
{
  for (guint i = 0; i < self->graveyard->len; i++) {
    Buried *buried = g_ptr_array_index (self->graveyard, i);

    buried->let_go (buried->memory);
    g_free (buried);
  }
  g_ptr_array_set_size (self->graveyard, 0);
}

void
ec_moqt_session_bury (EcMoqtSession *self, gpointer memory, GDestroyNotify let_go)
{
  Buried *buried = g_new (Buried, 1);

  g_assert (self->depth > 0);
  buried->memory = memory;
  buried->let_go = let_go;
  g_ptr_array_add (self->graveyard, buried);
}

void
ec_moqt_session_defer (EcMoqtSession *self,
                       void (*run) (EcMoqtSession *session, gpointer owner, guint code),
                       gpointer owner,
                       guint code)
{
  EcMoqtDeferred *deferred;

  if (ec_moqt_session_is_over (self))
    return;
  deferred = g_new (EcMoqtDeferred, 1);
  deferred->run = run;
  deferred->owner = owner;
  deferred->code = code;
  g_queue_push_tail (&self->deferred, deferred);
}

void
ec_moqt_session_undefer (EcMoqtSession *self, gpointer owner)
{
  for (GList *l = self->deferred.head; l;) {
    GList *next = l->next;
    EcMoqtDeferred *deferred = l->data;

    if (deferred->owner == owner) {
      g_free (deferred);
      g_queue_delete_link (&self->deferred, l);
    }
    l = next;
  }
}

static void
run_deferred (EcMoqtSession *self)
{
  EcMoqtDeferred *deferred;

  while (!ec_moqt_session_is_over (self) && (deferred = g_queue_pop_head (&self->deferred))) {
    deferred->run (self, deferred->owner, deferred->code);
    g_free (deferred);
  }
}

void
ec_moqt_session_enter (EcMoqtSession *self)
{
  if (self->depth == 0 && self->io.now)
    self->now_us = MAX (self->now_us, self->io.now (self->io_data));
  self->depth++;
}

void
ec_moqt_session_leave (EcMoqtSession *self, gboolean events)
{
  guint64 at_us;

  if (events && self->depth == 1)
    run_deferred (self);
  if (--self->depth > 0)
    return;

  dig_out (self);
  if (ec_moqt_session_is_over (self))
    return;
  at_us = self->deferred.length > 0 ? self->now_us : ec_moqt_timers_next (self);
  if (at_us != self->timer_set_us) {
    self->timer_set_us = at_us;
    self->io.set_timer (self->io_data, at_us);
  }
}

/* -- The end */
static void
forget_everything (EcMoqtSession *self)
{
  GHashTableIter iter;
  gpointer value;

  while (self->requests)
    ec_moqt_request_end (self->requests, EC_MOQT_RESET_SESSION_CLOSED);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    g_hash_table_iter_steal (&iter);
    if (((EcMoqtEntry *) value)->kind == EC_MOQT_ENTRY_CHANNEL)
      ec_moqt_channel_bury (value);
    else
      ec_moqt_stream_bury (value);
  }
  g_hash_table_remove_all (self->kept);
  self->control_in = NULL;
  self->control_out = NULL;
  ec_moqt_timer_unset (self, &self->timer);
  g_hash_table_remove_all (self->updates);
  while (self->deferred.length > 0)
    g_free (g_queue_pop_head (&self->deferred));
}

static void
close_with (EcMoqtSession *self, gboolean tell, gboolean remote, guint64 code, const char *reason)
{
  if (ec_moqt_session_is_over (self))
    return;
  ec_moqt_session_enter (self);
  self->state = EC_MOQT_STATE_CLOSED;
  if (tell)
    self->io.close (self->io_data, code, reason);
  ec_moqt_emit (self, closed, remote, code, reason);
  forget_everything (self);
  ec_moqt_session_leave (self, FALSE);
}

void
ec_moqt_session_fail (EcMoqtSession *self, EcMoqtCloseCode code, const char *text)
{
  close_with (self, TRUE, FALSE, code, text ? text : "");
}

void
ec_moqt_session_close (EcMoqtSession *self, EcMoqtCloseCode code, const char *reason)
{
  close_with (self, TRUE, FALSE, code, reason ? reason : "");
}

void
ec_moqt_session_transport_closed (
    EcMoqtSession *self, guint64 now_us, gboolean remote, guint64 code, const char *reason)
{
  self->now_us = now_us;
  close_with (self, FALSE, remote, code, reason ? reason : "");
}

void
ec_moqt_session_free (EcMoqtSession *self)
{
  g_return_if_fail (self->depth == 0);

  self->depth++;
  self->state = EC_MOQT_STATE_CLOSED;
  forget_everything (self);
  dig_out (self);
  g_queue_clear (&self->retired);
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->kept);
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->updates);
  g_hash_table_unref (self->publishing);
  g_hash_table_unref (self->subscribing);
  g_hash_table_unref (self->aliases);
  g_hash_table_unref (self->tokens);
  g_ptr_array_unref (self->graveyard);
  g_ptr_array_unref (self->timers);
  g_byte_array_unref (self->scratch);
  ec_moqt_params_clear (&self->peer_setup);
  g_free (self->peer_implementation);
  g_free (self->peer_path);
  g_free (self->peer_authority);
  g_free ((char *) self->config.path);
  g_free ((char *) self->config.authority);
  g_free ((char *) self->config.implementation);
  g_clear_pointer (&self->config.token, g_bytes_unref);
  g_clear_pointer (&self->config.proof, g_bytes_unref);
  g_free (self);
}

/* -- Input */
static gboolean
begin (EcMoqtSession *self, guint64 now_us)
{
  if (ec_moqt_session_is_over (self))
    return FALSE;
  self->now_us = MAX (self->now_us, now_us);
  ec_moqt_session_enter (self);
  return TRUE;
}

void
ec_moqt_session_start (EcMoqtSession *self, guint64 now_us)
{
  g_return_if_fail (self->state == EC_MOQT_STATE_NEW || ec_moqt_session_is_over (self));

  if (!begin (self, now_us))
    return;
  self->state = EC_MOQT_STATE_SETUP;
  ec_moqt_setup_begin (self);
  ec_moqt_session_leave (self, TRUE);
}

/* The first of a stream of the peer's. NULL: it is none, or there is no memory for it. */
static EcMoqtEntry *
accept_stream (EcMoqtSession *self, gint64 id)
{
  EcMoqtEntry *entry;

  if (ec_moqt_session_is_ours (self, id))
    return NULL;
  if (EC_MOQT_ID_IS_UNI (id))
    entry = (EcMoqtEntry *) ec_moqt_receive_new (self, id);
  else
    entry = (EcMoqtEntry *) ec_moqt_channel_new (self, id);
  if (!entry) {
    self->io.stop (self->io_data, id, self->draft->reset_code (EC_MOQT_RESET_EXCESSIVE_LOAD));
    if (!EC_MOQT_ID_IS_UNI (id))
      self->io.reset (self->io_data, id, self->draft->reset_code (EC_MOQT_RESET_EXCESSIVE_LOAD));
  }
  return entry;
}

void
ec_moqt_session_stream_data (
    EcMoqtSession *self, guint64 now_us, gint64 id, const guint8 *data, gsize size, gboolean fin)
{
  EcMoqtEntry *entry;

  if (!begin (self, now_us))
    return;
  entry = g_hash_table_lookup (self->entries, &id);
  if (!entry)
    entry = accept_stream (self, id);
  if (!entry)
    self->io.consume (self->io_data, id, size);
  else if (entry->kind == EC_MOQT_ENTRY_CHANNEL)
    ec_moqt_channel_receive ((EcMoqtChannel *) entry, data, size, fin);
  else if (((EcMoqtStream *) entry)->incoming)
    ec_moqt_receive_data ((EcMoqtStream *) entry, data, size, fin);
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_stream_reset (EcMoqtSession *self, guint64 now_us, gint64 id, guint64 code)
{
  EcMoqtEntry *entry;

  if (!begin (self, now_us))
    return;
  entry = g_hash_table_lookup (self->entries, &id);
  if (entry && entry->kind == EC_MOQT_ENTRY_CHANNEL)
    ec_moqt_channel_was_reset ((EcMoqtChannel *) entry);
  else if (entry && ((EcMoqtStream *) entry)->incoming)
    ec_moqt_receive_reset ((EcMoqtStream *) entry, code);
  else if (!entry && !EC_MOQT_ID_IS_UNI (id) && !ec_moqt_session_is_ours (self, id))
    /* A request that nothing was heard of: our half would stay open for ever. */
    self->io.reset (self->io_data, id, self->draft->reset_code (EC_MOQT_RESET_CANCELLED));
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_stream_stopped (EcMoqtSession *self, guint64 now_us, gint64 id, guint64 code)
{
  EcMoqtEntry *entry;

  if (!begin (self, now_us))
    return;
  entry = g_hash_table_lookup (self->entries, &id);
  if (entry && entry->kind == EC_MOQT_ENTRY_CHANNEL)
    ec_moqt_channel_was_stopped ((EcMoqtChannel *) entry);
  else if (entry && !((EcMoqtStream *) entry)->incoming)
    ec_moqt_send_was_stopped ((EcMoqtStream *) entry, code);
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_stream_sent (EcMoqtSession *self, guint64 now_us, gint64 id)
{
  EcMoqtEntry *entry;

  if (!begin (self, now_us))
    return;
  entry = g_hash_table_lookup (self->entries, &id);
  if (entry && entry->kind == EC_MOQT_ENTRY_STREAM && !((EcMoqtStream *) entry)->incoming)
    ec_moqt_send_sent ((EcMoqtStream *) entry);
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_stream_closed (EcMoqtSession *self, guint64 now_us, gint64 id)
{
  EcMoqtEntry *entry;

  if (!begin (self, now_us))
    return;
  g_hash_table_remove (self->kept, &id);
  entry = g_hash_table_lookup (self->entries, &id);
  if (entry && entry->kind == EC_MOQT_ENTRY_CHANNEL) {
    EcMoqtChannel *channel = (EcMoqtChannel *) entry;

    if (!channel->in_done)
      ec_moqt_channel_was_reset (channel);
    if (!ec_moqt_session_is_over (self) && !channel->dead && !channel->out_done)
      ec_moqt_channel_was_stopped (channel);
    if (!ec_moqt_session_is_over (self) && !channel->dead && !channel->fin)
      ec_moqt_channel_bury (channel);
  } else if (entry && !((EcMoqtStream *) entry)->incoming) {
    ec_moqt_send_closed ((EcMoqtStream *) entry);
  } else if (entry) {
    ((EcMoqtStream *) entry)->closed = TRUE;
    if (!((EcMoqtStream *) entry)->fin)
      ec_moqt_receive_reset ((EcMoqtStream *) entry, 0);
  }
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_streams_available (EcMoqtSession *self, guint64 now_us, gboolean uni)
{
  if (!begin (self, now_us))
    return;
  if (!self->control_out)
    ec_moqt_setup_begin (self);
  if (!ec_moqt_session_is_over (self))
    ec_moqt_ask_flush (self);
  if (!ec_moqt_session_is_over (self) && uni && self->wants_stream) {
    self->wants_stream = FALSE;
    ec_moqt_emit (self, streams_available);
  }
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_datagram (EcMoqtSession *self, guint64 now_us, const guint8 *data, gsize size)
{
  if (!begin (self, now_us))
    return;
  if (self->state == EC_MOQT_STATE_READY)
    ec_moqt_receive_datagram (self, data, size);
  ec_moqt_session_leave (self, TRUE);
}

void
ec_moqt_session_timer (EcMoqtSession *self, guint64 now_us)
{
  if (!begin (self, now_us))
    return;
  self->timer_set_us = G_MAXUINT64; /* it is gone */
  run_deferred (self);
  ec_moqt_timers_run (self);
  ec_moqt_session_leave (self, TRUE);
}

/* -- What is known */
const EcMoqtDraft *
ec_moqt_session_get_draft (EcMoqtSession *self)
{
  return self->draft;
}

gboolean
ec_moqt_session_is_ready (EcMoqtSession *self)
{
  return self->state == EC_MOQT_STATE_READY;
}

gboolean
ec_moqt_session_is_closed (EcMoqtSession *self)
{
  return ec_moqt_session_is_over (self);
}

const char *
ec_moqt_session_get_peer_implementation (EcMoqtSession *self)
{
  return self->peer_implementation;
}

const char *
ec_moqt_session_get_peer_path (EcMoqtSession *self)
{
  return self->peer_path;
}

const char *
ec_moqt_session_get_peer_authority (EcMoqtSession *self)
{
  return self->peer_authority;
}

const EcMoqtToken *
ec_moqt_session_get_peer_tokens (EcMoqtSession *self, guint *n)
{
  *n = self->peer_setup.n_tokens;
  return self->peer_setup.tokens;
}
