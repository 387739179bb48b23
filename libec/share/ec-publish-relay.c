/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-relay.h"

#include <string.h>

#include "base/ec-error.h"
#include "chunk/ec-stream-claim.h"
#include "moqt/ec-moqt-draft.h"
#include "seal/ec-token.h"
#include "session/ec-moq-connect-options-private.h"
#include "session/ec-moq-core.h"
#include "session/ec-moq-uri.h"
#include "share/ec-publish-compare.h"

#define LOOK_TIME (100 * 1000)          /* µs, between looks at what has changed */
#define GOOD_TIME (10 * G_USEC_PER_SEC) /* a session that lived so long: the back-off starts anew */
#define IDLE_TIME 12000 /* ms, at most: viewers wait for us at a relay that was started anew */
#define SILENT_TIME (5 * G_USEC_PER_SEC) /* a name under which nothing comes is not served */
#define PROOF_SECONDS 600 /* that a proof of who we are holds; one is made for each session */
#define ASK_AGAIN                                                                                  \
  (30 * G_USEC_PER_SEC) /* for a name that was refused: whoever had it may be gone */
#define LEAVE_TIME (60 * G_USEC_PER_SEC)   /* at most, that a relay is served that goes away */
#define COMPARE_EVERY 16                   /* clean chunks; while we publish the name too */
#define COMPARE_TIME (10 * G_USEC_PER_SEC) /* for one of them */

/* Waits before each further attempt, ms; the last one repeats. */
static const guint back_off[] = { 250, 500, 1000, 2000, 4000, 8000, 10000 };

struct _EcPublishRelay {
  gatomicrefcount refs;
  char *uri;
  EcMoqDialConfig dial; /* its pointers are owned, as below */
  char *ca_file;
  char **protocols;
  EcMoqOrigin *origin; /* owned: what is offered at this relay */
  EcMoqNews *news;     /* owned, nullable */
  GCancellable *stopped;
  GThread *thread;
  EcMoqCore
      *leaving; /* the thread's; owned: of a relay that goes away, while somebody reads there */
  gint64 leaving_until;

  GMutex mutex;
  GCond cond;
  /* under the mutex */
  EcPublishRelayState state;
  GError *error;
  GError *refused;               /* what the relay does not take, in this session; nullable */
  EcMoqCore *core;               /* owned; the session, while there is one */
  EcPublishBroadcast *source;    /* owned, nullable */
  EcPublishBroadcast *broadcast; /* owned, nullable */
  EcStreamClaim claim;           /* of the latter's name */
  gboolean looked;               /* … at whether it is served, in this session */
  gboolean offered;              /* the broadcast-scoped one is, at the origin */
  EcMoqAnswer answer;            /* … what the relay said to that, in this session */
  gboolean due;                  /* a comparison is, of … */
  gint64 due_index;
  guint n_since; /* clean chunks since the last one */
};

/* What is not spoken here will not be the next time, either. */
static gboolean
check_protocols (const char *const *protocols, GError **error)
{
  for (gsize i = 0; protocols && protocols[i]; i++) {
    g_autofree char *ours = NULL;

    if (ec_moqt_draft_find (protocols[i]))
      continue;
    ours = g_strjoinv (", ", (char **) ec_moqt_draft_alpns ());
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                 "“%s” is no draft of MOQT that is spoken here; choose from %s.", protocols[i],
                 ours);
    return FALSE;
  }
  return TRUE;
}

EcPublishRelay *
ec_publish_relay_new (const char *uri, EcMoqConnectOptions *options, GError **error)
{
  g_autoptr (EcPublishRelay) self = g_new0 (EcPublishRelay, 1);
  g_autoptr (EcMoqUri) parsed = NULL;

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->stopped = g_cancellable_new ();
  self->origin = ec_moq_origin_new ();
  self->uri = g_strdup (uri);
  ec_stream_claim_init (&self->claim);
  parsed = ec_moq_uri_parse (uri, error);
  if (!parsed || !ec_moq_connect_options_fill (options, &self->dial, error) ||
      !check_protocols (self->dial.protocols, error))
    return NULL;
  self->dial.idle_timeout_ms =
      self->dial.idle_timeout_ms ? MIN (self->dial.idle_timeout_ms, IDLE_TIME) : IDLE_TIME;
  self->ca_file = g_strdup (self->dial.ca_file);
  self->protocols = g_strdupv ((char **) self->dial.protocols);
  self->dial.uri = self->uri;
  self->dial.ca_file = self->ca_file;
  self->dial.protocols = (const char *const *) self->protocols;
  if (self->dial.identity)
    g_object_ref (self->dial.identity);
  if (self->dial.token)
    g_bytes_ref (self->dial.token);
  return g_steal_pointer (&self);
}

EcPublishRelay *
ec_publish_relay_ref (EcPublishRelay *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_publish_relay_unref (EcPublishRelay *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (!self->thread && !self->core && !self->leaving);
  g_clear_pointer (&self->news, ec_moq_news_unref);
  g_clear_pointer (&self->source, ec_publish_broadcast_unref);
  g_clear_pointer (&self->broadcast, ec_publish_broadcast_unref);
  g_clear_pointer (&self->dial.certificate_hashes, g_ptr_array_unref);
  g_clear_object (&self->dial.identity);
  g_clear_pointer (&self->dial.token, g_bytes_unref);
  g_clear_error (&self->refused);
  ec_moq_origin_unref (self->origin);
  g_clear_error (&self->error);
  g_object_unref (self->stopped);
  g_strfreev (self->protocols);
  g_free (self->ca_file);
  g_free (self->uri);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* -- What is known of it */

void
ec_publish_relay_set_news (EcPublishRelay *self, EcMoqNews *news)
{
  self->news = ec_moq_news_ref (news);
}

static void
tell (EcPublishRelay *self)
{
  if (self->news)
    ec_moq_news_tell (self->news, 1);
}

/* Takes `error`. */
static void
set_state (EcPublishRelay *self, EcPublishRelayState state, GError *error)
{
  g_mutex_lock (&self->mutex);
  g_debug ("relay %s: %d -> %d%s%s", self->uri, self->state, state, error ? ": " : "",
           error ? error->message : "");
  self->state = state;
  g_clear_error (&self->error);
  self->error = error;
  g_mutex_unlock (&self->mutex);
  tell (self);
}

const char *
ec_publish_relay_get_uri (EcPublishRelay *self)
{
  return self->uri;
}

EcPublishRelayState
ec_publish_relay_get_state (EcPublishRelay *self)
{
  EcPublishRelayState state;

  g_mutex_lock (&self->mutex);
  state = self->state;
  g_mutex_unlock (&self->mutex);
  return state;
}

/* As far as those who serve the name decide; the relay may still not let us. */
static gboolean
may_use_locked (EcPublishRelay *self)
{
  return self->broadcast && self->looked && ec_stream_claim_is_granted (&self->claim);
}

static EcPublishClaim
get_claim_locked (EcPublishRelay *self)
{
  if (self->claim.state == EC_STREAM_CLAIM_CONTESTED)
    return EC_PUBLISH_CLAIM_CONTESTED;
  if (!self->broadcast || !self->looked)
    return EC_PUBLISH_CLAIM_NONE;
  if (!may_use_locked (self))
    return EC_PUBLISH_CLAIM_COMPARING;
  switch (self->answer) {
  case EC_MOQ_ANSWER_TAKEN:
    return EC_PUBLISH_CLAIM_GRANTED;
  case EC_MOQ_ANSWER_REFUSED:
    return EC_PUBLISH_CLAIM_REFUSED;
  case EC_MOQ_ANSWER_NONE:
    break;
  }
  return EC_PUBLISH_CLAIM_NONE;
}

EcPublishClaim
ec_publish_relay_get_claim (EcPublishRelay *self)
{
  EcPublishClaim claim;

  g_mutex_lock (&self->mutex);
  claim = get_claim_locked (self);
  g_mutex_unlock (&self->mutex);
  return claim;
}

GError *
ec_publish_relay_dup_error (EcPublishRelay *self)
{
  const GError *what;
  GError *error;

  g_mutex_lock (&self->mutex);
  what = self->error ? self->error : self->refused;
  error = what ? g_error_copy (what) : NULL;
  g_mutex_unlock (&self->mutex);
  return error;
}

static EcMoqCore *
get_core (EcPublishRelay *self)
{
  EcMoqCore *core;

  g_mutex_lock (&self->mutex);
  core = self->core ? ec_moq_core_ref (self->core) : NULL;
  g_mutex_unlock (&self->mutex);
  return core;
}

char *
ec_publish_relay_dup_protocol (EcPublishRelay *self)
{
  g_autoptr (EcMoqCore) core = get_core (self);

  return core ? ec_moq_core_dup_string (core, EC_MOQ_CORE_PROTOCOL) : NULL;
}

guint64
ec_publish_relay_get_rtt_us (EcPublishRelay *self)
{
  g_autoptr (EcMoqCore) core = get_core (self);

  return core ? ec_moq_core_get_rtt_us (core) : 0;
}

/* -- What is published */

/* Under the mutex: the broadcast-scoped one is there while it may be. */
static void
offer_locked (EcPublishRelay *self)
{
  gboolean may = may_use_locked (self);

  if (may == self->offered)
    return;
  self->offered = may;
  self->answer = EC_MOQ_ANSWER_NONE;
  if (may)
    ec_publish_broadcast_offer (self->broadcast, self->origin);
  else
    ec_publish_broadcast_withdraw (self->broadcast, self->origin);
}

void
ec_publish_relay_set_source (EcPublishRelay *self, EcPublishBroadcast *broadcast)
{
  g_mutex_lock (&self->mutex);
  if (self->source)
    ec_publish_broadcast_withdraw (self->source, self->origin);
  g_clear_pointer (&self->source, ec_publish_broadcast_unref);
  if (broadcast) {
    self->source = ec_publish_broadcast_ref (broadcast);
    ec_publish_broadcast_offer (broadcast, self->origin);
  }
  g_mutex_unlock (&self->mutex);
}

void
ec_publish_relay_set_broadcast (EcPublishRelay *self, EcPublishBroadcast *broadcast)
{
  g_mutex_lock (&self->mutex);
  if (self->offered)
    ec_publish_broadcast_withdraw (self->broadcast, self->origin);
  self->offered = FALSE;
  self->answer = EC_MOQ_ANSWER_NONE;
  self->looked = FALSE;
  self->due = FALSE;
  /* A difference counts for the rest of the run, under whatever name (ECP-0003 §4). */
  if (self->claim.state != EC_STREAM_CLAIM_CONTESTED)
    ec_stream_claim_init (&self->claim);
  g_clear_pointer (&self->broadcast, ec_publish_broadcast_unref);
  if (broadcast)
    self->broadcast = ec_publish_broadcast_ref (broadcast);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
ec_publish_relay_add_hash (EcPublishRelay *self, gint64 index, const guint8 *hash, gboolean clean)
{
  g_mutex_lock (&self->mutex);
  if (clean)
    ec_stream_claim_take (&self->claim, TRUE, index, hash);
  else
    ec_stream_claim_take_unsure (&self->claim, index, hash);
  if (clean && self->offered && ++self->n_since >= COMPARE_EVERY) {
    self->n_since = 0;
    self->due = TRUE;
    self->due_index = index;
  }
  offer_locked (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* -- The thread: comparing */

typedef struct {
  EcMoqCore *core;
  EcPublishCompare *live;  /* while it is not known whether the name may be used */
  EcPublishCompare *chunk; /* one, now and then, when it is */
  EcMoqtName *space;       /* owned; of the name that they are about */
  gint64 chunk_since;
  gint64 refused_us;    /* when names were, that are still refused */
  EcMoqtName *again[2]; /* owned, nullable: those that are announced again at the next look */
} Session;

static void
stop_comparing (Session *session)
{
  g_clear_pointer (&session->live, ec_publish_compare_free);
  g_clear_pointer (&session->chunk, ec_publish_compare_free);
  g_clear_pointer (&session->space, ec_moqt_name_unref);
}

/* Whoever has the mutex knows whether what was found still concerns anybody. */
static gboolean
concerns_locked (EcPublishRelay *self, Session *session)
{
  return self->broadcast && session->space &&
         ec_moqt_name_equal (ec_publish_broadcast_get_space (self->broadcast), session->space);
}

static void
set_served (EcPublishRelay *self, Session *session, gboolean served)
{
  g_mutex_lock (&self->mutex);
  if (concerns_locked (self, session)) {
    self->looked = TRUE;
    ec_stream_claim_set_served (&self->claim, served);
    offer_locked (self);
  }
  g_mutex_unlock (&self->mutex);
  tell (self);
}

static void
take_theirs (EcPublishRelay *self, Session *session, gint64 index, const guint8 *hash)
{
  g_mutex_lock (&self->mutex);
  if (concerns_locked (self, session)) {
    ec_stream_claim_take (&self->claim, FALSE, index, hash);
    offer_locked (self);
  }
  g_mutex_unlock (&self->mutex);
  tell (self);
}

/* A name that was not looked at yet: does anybody serve it? */
static void
look_at_name (EcPublishRelay *self, Session *session)
{
  g_autoptr (EcMoqtName) space = NULL;
  gboolean looked;

  g_mutex_lock (&self->mutex);
  if (self->broadcast)
    space = ec_moqt_name_ref (ec_publish_broadcast_get_space (self->broadcast));
  looked = self->looked;
  g_mutex_unlock (&self->mutex);

  if (session->space && (!space || !ec_moqt_name_equal (space, session->space)))
    stop_comparing (session);
  if (!space || looked || session->live)
    return;
  g_clear_pointer (&session->space, ec_moqt_name_unref);
  session->space = g_steal_pointer (&space);
  session->live = ec_publish_compare_new_live (session->core, session->space, self->stopped);
  if (!session->live && ec_moq_core_get_state (session->core) == EC_MOQ_SESSION_STATE_OPEN)
    set_served (self, session, FALSE);
}

static void
compare_live (EcPublishRelay *self, Session *session)
{
  guint8 hash[BLAKE3_OUT_LEN];
  EcPublishCompareStep step;
  gboolean may_use, contested;
  gint64 index;

  if (!session->live)
    return;
  while ((step = ec_publish_compare_step (session->live, &index, hash)) == EC_PUBLISH_COMPARE_CHUNK)
    take_theirs (self, session, index, hash);
  /* Whoever says nothing for so long is gone, whether the relay knows it yet or not. */
  if (step == EC_PUBLISH_COMPARE_WAIT &&
      g_get_monotonic_time () - ec_publish_compare_get_last (session->live) > SILENT_TIME)
    step = EC_PUBLISH_COMPARE_END;
  if (ec_publish_compare_is_served (session->live)) {
    gboolean looked;

    g_mutex_lock (&self->mutex);
    looked = self->looked;
    g_mutex_unlock (&self->mutex);
    if (!looked)
      set_served (self, session, TRUE);
  } else if (step == EC_PUBLISH_COMPARE_WAIT) {
    return;
  }
  g_mutex_lock (&self->mutex);
  may_use = may_use_locked (self);
  contested = self->claim.state == EC_STREAM_CLAIM_CONTESTED;
  g_mutex_unlock (&self->mutex);
  /* They are gone; what they said is remembered. */
  if (step == EC_PUBLISH_COMPARE_END && !may_use &&
      ec_moq_core_get_state (session->core) == EC_MOQ_SESSION_STATE_OPEN)
    set_served (self, session, FALSE);
  if (step == EC_PUBLISH_COMPARE_END || may_use || contested)
    g_clear_pointer (&session->live, ec_publish_compare_free);
}

/* “Goes on comparing while both publish”: what the relay serves as one of our newest. */
static void
compare_chunk (EcPublishRelay *self, Session *session)
{
  guint8 hash[BLAKE3_OUT_LEN];
  EcPublishCompareStep step;
  gint64 index;

  g_mutex_lock (&self->mutex);
  if (self->due && !session->chunk && concerns_locked (self, session)) {
    session->chunk = ec_publish_compare_new_chunk (session->core, session->space, self->due_index);
    session->chunk_since = g_get_monotonic_time ();
  }
  self->due = FALSE;
  g_mutex_unlock (&self->mutex);
  if (!session->chunk)
    return;
  step = ec_publish_compare_step (session->chunk, &index, hash);
  if (step == EC_PUBLISH_COMPARE_CHUNK)
    take_theirs (self, session, index, hash);
  if (step != EC_PUBLISH_COMPARE_WAIT ||
      g_get_monotonic_time () - session->chunk_since > COMPARE_TIME)
    g_clear_pointer (&session->chunk, ec_publish_compare_free);
}

/* -- The thread: what the relay does not take */

/* What the relay said to our names: the second is the broadcast's own. The error is the first refusal's, or NULL. */
static GError *
look_at_answers_locked (EcPublishRelay *self, Session *session, EcMoqAnswer answers[2])
{
  EcPublishBroadcast *both[] = { self->source, self->offered ? self->broadcast : NULL };
  GError *refused = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (both); i++)
    answers[i] =
        both[i] ? ec_moq_core_get_answer (session->core, ec_publish_broadcast_get_space (both[i]),
                                          refused ? NULL : &refused)
                : EC_MOQ_ANSWER_NONE;
  return refused;
}

static gboolean
is_offered_locked (EcPublishRelay *self, EcMoqtName *space)
{
  return (self->source &&
          ec_moqt_name_equal (ec_publish_broadcast_get_space (self->source), space)) ||
         (self->offered &&
          ec_moqt_name_equal (ec_publish_broadcast_get_space (self->broadcast), space));
}

static void
announce_again_locked (EcPublishRelay *self, Session *session)
{
  for (gsize i = 0; i < G_N_ELEMENTS (session->again); i++) {
    if (session->again[i] && is_offered_locked (self, session->again[i]))
      ec_moq_origin_add_namespace (self->origin, session->again[i]);
    g_clear_pointer (&session->again[i], ec_moqt_name_unref);
  }
}

/* A peer that was told of a name's end and beginning is asked anew. */
static void
ask_again_locked (EcPublishRelay *self, Session *session, const EcMoqAnswer answers[2])
{
  EcPublishBroadcast *both[] = { self->source, self->broadcast };
  gint64 now = g_get_monotonic_time ();

  if (session->again[0] || session->again[1]) {
    announce_again_locked (self, session);
    return;
  }
  if (now - session->refused_us <= ASK_AGAIN)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (both); i++) {
    if (answers[i] != EC_MOQ_ANSWER_REFUSED)
      continue;
    session->refused_us = now;
    session->again[i] = ec_moqt_name_ref (ec_publish_broadcast_get_space (both[i]));
    ec_moq_origin_remove_namespace (self->origin, session->again[i]);
  }
}

static void
look_at_refusals (EcPublishRelay *self, Session *session)
{
  EcMoqAnswer answers[2];
  GError *refused;
  gboolean changed;

  g_mutex_lock (&self->mutex);
  refused = look_at_answers_locked (self, session, answers);
  changed = g_strcmp0 (refused ? refused->message : NULL,
                       self->refused ? self->refused->message : NULL) != 0;
  changed = changed || answers[1] != self->answer;
  if (changed)
    session->refused_us = g_get_monotonic_time ();
  g_clear_error (&self->refused);
  self->refused = refused;
  self->answer = answers[1];
  ask_again_locked (self, session, answers);
  g_mutex_unlock (&self->mutex);
  if (changed)
    tell (self);
}

static void
stop_refusals (EcPublishRelay *self, Session *session)
{
  g_mutex_lock (&self->mutex);
  announce_again_locked (self, session);
  g_clear_error (&self->refused);
  self->answer = EC_MOQ_ANSWER_NONE;
  g_mutex_unlock (&self->mutex);
}

/* -- The thread: a relay that goes away */

static void
drop_leaving (EcPublishRelay *self)
{
  if (!self->leaving)
    return;
  ec_moq_core_close (self->leaving, 0, "");
  g_clear_pointer (&self->leaving, ec_moq_core_unref);
}

/* Takes `core`. Who reads there is served until the relay closes it, or all of them have left for where we go too (§3.6). */
static void
leave (EcPublishRelay *self, EcMoqCore *core)
{
  drop_leaving (self);
  self->leaving = core;
  self->leaving_until = g_get_monotonic_time () + LEAVE_TIME;
}

/* While there is another session. */
static void
look_at_leaving (EcPublishRelay *self)
{
  if (self->leaving && (ec_moq_core_get_state (self->leaving) == EC_MOQ_SESSION_STATE_CLOSED ||
                        ec_moq_core_poll_readers (self->leaving) == 0 ||
                        g_get_monotonic_time () > self->leaving_until))
    drop_leaving (self);
}

/* -- The thread: sessions */

static gboolean
is_stopped (EcPublishRelay *self)
{
  return g_cancellable_is_cancelled (self->stopped);
}

/* FALSE: stopped. */
static gboolean
sleep_us (EcPublishRelay *self, gint64 us)
{
  gint64 until = g_get_monotonic_time () + us;

  g_mutex_lock (&self->mutex);
  while (!is_stopped (self) && g_cond_wait_until (&self->cond, &self->mutex, until))
    if (us <= LOOK_TIME)
      break;
  g_mutex_unlock (&self->mutex);
  return !is_stopped (self);
}

/* That we are who we say, for this relay alone (ECP-0006 §3); NULL: there is nobody to be. */
static GBytes *
prove (EcPublishRelay *self, const char *uri)
{
  g_autoptr (EcMoqUri) parsed = ec_moq_uri_parse (uri, NULL);
  EcToken token = { .kind = EC_TOKEN_PROOF,
                    .expiry_s = g_get_real_time () / G_USEC_PER_SEC + PROOF_SECONDS };

  if (!self->dial.identity || !parsed)
    return NULL;
  token.authority.data = (const guint8 *) parsed->authority;
  token.authority.size = strlen (parsed->authority);
  return ec_token_write (self->dial.identity, &token);
}

static EcMoqCore *
connect_to (EcPublishRelay *self, const char *uri, GError **error)
{
  g_autoptr (EcMoqCore) core = ec_moq_core_new_for_origin (uri, self->origin);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  EcMoqDialConfig dial = self->dial;
  g_autoptr (GBytes) token = prove (self, uri);

  dial.uri = uri;
  dial.proof = token;
  ec_moq_core_connect (core, &dial, reply);
  if (ec_moq_reply_wait (reply, self->stopped, error))
    return g_steal_pointer (&core);
  ec_moq_core_close (core, 0, "");
  return NULL;
}

static const char going_away[] =
    "The relay is shutting down. Who reads there is served until it has.";

/* Until the session is over; the error says why. `*next`: where its GOAWAY leads, or NULL. */
static void
run_session (EcPublishRelay *self, EcMoqCore *core, char **next, GError **error)
{
  Session session = { .core = core };
  EcMoqSessionState state;

  g_mutex_lock (&self->mutex);
  self->core = ec_moq_core_ref (core);
  g_mutex_unlock (&self->mutex);
  set_state (self, EC_PUBLISH_RELAY_CONNECTED, NULL);

  while ((state = ec_moq_core_get_state (core)) == EC_MOQ_SESSION_STATE_OPEN) {
    look_at_name (self, &session);
    compare_live (self, &session);
    compare_chunk (self, &session);
    look_at_refusals (self, &session);
    look_at_leaving (self);
    if (!sleep_us (self, LOOK_TIME))
      break;
  }
  stop_comparing (&session);
  stop_refusals (self, &session);

  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->core, ec_moq_core_unref);
  self->due = FALSE;
  /* In the next session the name is looked at anew, but for what was granted: we serve it there ourselves. */
  if (!ec_stream_claim_is_granted (&self->claim))
    self->looked = FALSE;
  g_mutex_unlock (&self->mutex);
  if (state == EC_MOQ_SESSION_STATE_GOING_AWAY) {
    *next = ec_moq_core_dup_string (core, EC_MOQ_CORE_NEW_URI);
    g_set_error_literal (error, EC_MOQ_ERROR, EC_MOQ_ERROR_GOING_AWAY, going_away);
  } else if (state == EC_MOQ_SESSION_STATE_CLOSED) {
    GError *closed = ec_moq_core_dup_error (core);

    if (closed)
      g_propagate_error (error, closed);
  }
}

static gpointer
work (gpointer data)
{
  EcPublishRelay *self = data;
  g_autofree char *uri = g_strdup (self->uri);
  guint attempt = 0;

  while (!is_stopped (self)) {
    g_autoptr (EcMoqCore) core = NULL;
    g_autofree char *next = NULL;
    GError *error = NULL;
    gint64 since = g_get_monotonic_time ();
    gboolean away = FALSE;

    set_state (self, EC_PUBLISH_RELAY_CONNECTING, ec_publish_relay_dup_error (self));
    core = connect_to (self, uri, &error);
    if (!core && self->leaving &&
        ec_moq_core_get_state (self->leaving) != EC_MOQ_SESSION_STATE_CLOSED) {
      g_clear_error (&error);
      error = g_error_new_literal (EC_MOQ_ERROR, EC_MOQ_ERROR_GOING_AWAY, going_away);
    }
    if (core) {
      run_session (self, core, &next, &error);
      away = ec_moq_core_get_state (core) == EC_MOQ_SESSION_STATE_GOING_AWAY;
      if (g_get_monotonic_time () - since > GOOD_TIME)
        attempt = 0;
    }
    if (is_stopped (self)) {
      g_clear_error (&error);
      if (core)
        ec_moq_core_close (core, 0, "");
      break;
    }
    if (core && away)
      leave (self, g_steal_pointer (&core));
    g_free (uri);
    uri = g_strdup (next && *next ? next : self->uri);
    set_state (self, EC_PUBLISH_RELAY_WAITING, error);
    sleep_us (self, (gint64) back_off[MIN (attempt, G_N_ELEMENTS (back_off) - 1)] * 1000);
    attempt++;
  }
  drop_leaving (self);
  set_state (self, EC_PUBLISH_RELAY_STOPPED, NULL);
  return NULL;
}

void
ec_publish_relay_start (EcPublishRelay *self)
{
  self->thread = g_thread_new ("ec-relay-link", work, self);
}

void
ec_publish_relay_stop (EcPublishRelay *self)
{
  g_cancellable_cancel (self->stopped);
  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
ec_publish_relay_join (EcPublishRelay *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  ec_publish_relay_set_source (self, NULL);
  ec_publish_relay_set_broadcast (self, NULL);
}
