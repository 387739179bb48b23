/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-session-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-connect-options-private.h"
#include "session/ec-moq-reader.h"

/**
 * EcMoqSession:
 *
 * A session of Media over QUIC with a peer (draft-ietf-moq-transport-18 §3).
 *
 * [ctor@MoqSession.new_for_uri] makes one to a server; [class@MoqServer] hands out those that clients began. Either side
 * may subscribe ([method@MoqSession.subscribe]), fetch, publish ([method@MoqSession.add_track]) and announce.
 *
 * All the work is done in threads of the library's own. Signals and notifications come in the main context that was the thread
 * default when the session was made; callbacks come in that of who called; the values of properties, and all methods, may be used
 * from any thread. What is made of a session, its subscriptions and lists, has its news in the context that was the default where it
 * was made. A call with a #GCancellable that is cancelled returns at once with %G_IO_ERROR_CANCELLED, and what it asked for is
 * withdrawn unless it says otherwise.
 *
 * Errors are of #EcMoqError, and tell the peer's own reason where it gave one. The session is closed when its last reference goes: keep it for as
 * long as what was made of it is used. What was made of it can outlive it, and then fails with %EC_MOQ_ERROR_CLOSED.
 */
struct _EcMoqSession {
  GObject parent_instance;
  EcMoqCore *core; /* owned */
  EcMoqNews *news; /* owned */
  char *uri;
};

enum {
  PROP_0,
  PROP_URI,
  PROP_STATE,
  PROP_PROTOCOL,
  PROP_TRANSPORT,
  PROP_PEER,
  PROP_PEER_IMPLEMENTATION,
  PROP_PATH,
  PROP_RTT,
  PROP_ERROR,
  N_PROPS
};

enum { SIGNAL_GOING_AWAY, SIGNAL_PUBLISHED, SIGNAL_CLOSED, N_SIGNALS };

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_ENUM_TYPE (EcMoqSessionState,
                    ec_moq_session_state,
                    G_DEFINE_ENUM_VALUE (EC_MOQ_SESSION_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_SESSION_STATE_OPEN, "open"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_SESSION_STATE_GOING_AWAY, "going-away"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_SESSION_STATE_CLOSED, "closed"))

G_DEFINE_FINAL_TYPE (EcMoqSession, ec_moq_session, G_TYPE_OBJECT)

EcMoqCore *
ec_moq_session_get_core (EcMoqSession *self)
{
  return self->core;
}

static void
tell_published (EcMoqSession *self)
{
  EcMoqReader *reader;

  while ((reader = ec_moq_core_pop_taken (self->core))) {
    EcMoqtName *name = ec_moq_reader_get_name (reader);
    EcMoqtField field = ec_moqt_name_get_track (name);
    g_autofree char *space = ec_moqt_name_to_path (name);
    g_autofree char *track = g_strndup ((const char *) field.data, field.size);
    g_autoptr (EcMoqSubscription) subscription = ec_moq_subscription_new (reader, space, track);

    ec_moq_reader_unref (reader);
    g_signal_emit (self, signals[SIGNAL_PUBLISHED], 0, subscription);
  }
}

/* In the session's context. */
static void
on_news (GObject *object, guint what)
{
  EcMoqSession *self = EC_MOQ_SESSION (object);

  g_object_freeze_notify (object);
  for (guint i = PROP_STATE; i < N_PROPS; i++)
    g_object_notify_by_pspec (object, properties[i]);
  g_object_thaw_notify (object);
  if (what & EC_MOQ_CORE_NEWS_GOING_AWAY) {
    g_autofree char *uri = ec_moq_core_dup_string (self->core, EC_MOQ_CORE_NEW_URI);

    g_signal_emit (self, signals[SIGNAL_GOING_AWAY], 0, uri);
  }
  if (what & EC_MOQ_CORE_NEWS_TAKEN)
    tell_published (self);
  if (what & EC_MOQ_CORE_NEWS_CLOSED)
    g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

EcMoqSession *
ec_moq_session_new_for_core (EcMoqCore *core)
{
  EcMoqSession *self = g_object_new (EC_TYPE_MOQ_SESSION, NULL);

  self->core = ec_moq_core_ref (core);
  self->uri = ec_moq_core_dup_string (core, EC_MOQ_CORE_URI);
  self->news = ec_moq_news_new (G_OBJECT (self), on_news);
  ec_moq_core_set_news (core, self->news);
  return self;
}

static void
ec_moq_session_dispose (GObject *object)
{
  EcMoqSession *self = EC_MOQ_SESSION (object);

  ec_moq_core_take_no_more (self->core);
  ec_moq_core_close (self->core, EC_MOQT_CLOSE_NO_ERROR, "");
  G_OBJECT_CLASS (ec_moq_session_parent_class)->dispose (object);
}

static void
ec_moq_session_finalize (GObject *object)
{
  EcMoqSession *self = EC_MOQ_SESSION (object);

  ec_moq_news_unref (self->news);
  ec_moq_core_unref (self->core);
  g_free (self->uri);
  G_OBJECT_CLASS (ec_moq_session_parent_class)->finalize (object);
}

static void
ec_moq_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqSession *self = EC_MOQ_SESSION (object);

  switch (id) {
  case PROP_URI:
    g_value_set_string (value, self->uri);
    break;
  case PROP_STATE:
    g_value_set_enum (value, ec_moq_session_get_state (self));
    break;
  case PROP_PROTOCOL:
    g_value_take_string (value, ec_moq_session_dup_protocol (self));
    break;
  case PROP_TRANSPORT:
    g_value_take_string (value, ec_moq_session_dup_transport (self));
    break;
  case PROP_PEER:
    g_value_take_string (value, ec_moq_session_dup_peer (self));
    break;
  case PROP_PEER_IMPLEMENTATION:
    g_value_take_string (value, ec_moq_session_dup_peer_implementation (self));
    break;
  case PROP_PATH:
    g_value_take_string (value, ec_moq_session_dup_path (self));
    break;
  case PROP_RTT:
    g_value_set_uint64 (value, ec_moq_session_get_rtt (self));
    break;
  case PROP_ERROR:
    g_value_take_boxed (value, ec_moq_session_dup_error (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_properties (GObjectClass *object_class)
{
  /**
   * EcMoqSession:uri: (getter get_uri)
   *
   * What was connected to; empty where the peer connected to us.
   */
  properties[PROP_URI] = g_param_spec_string ("uri", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:state: (getter get_state)
   *
   * Where the session is in its life.
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, EC_TYPE_MOQ_SESSION_STATE,
                                              EC_MOQ_SESSION_STATE_CONNECTING, READABLE);
  /**
   * EcMoqSession:protocol:
   *
   * The draft that is spoken, such as “moqt-18”; %NULL before there is a session.
   */
  properties[PROP_PROTOCOL] = g_param_spec_string ("protocol", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:transport:
   *
   * “quic” or “webtransport”; %NULL before there is a session.
   */
  properties[PROP_TRANSPORT] = g_param_spec_string ("transport", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:peer:
   *
   * The peer's address and port, such as “192.0.2.1:4443” or “[2001:db8::1]:4443”; %NULL before there is a session.
   */
  properties[PROP_PEER] = g_param_spec_string ("peer", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:peer-implementation:
   *
   * What the peer says that it runs (MOQT_IMPLEMENTATION, §10.3.1); %NULL: it does not. Its word alone: nothing should depend on it.
   */
  properties[PROP_PEER_IMPLEMENTATION] =
      g_param_spec_string ("peer-implementation", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:path:
   *
   * Path and query that a client asked for; %NULL: none.
   */
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSession:rtt: (getter get_rtt)
   *
   * The time to the peer and back, in microseconds, as measured last; 0: not yet. It is not notified.
   */
  properties[PROP_RTT] = g_param_spec_uint64 ("rtt", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcMoqSession:error:
   *
   * Why it was closed, an error of #EcMoqError; %NULL while it is open. %EC_MOQ_ERROR_CLOSED where either side closed it without an
   * error, %EC_MOQ_ERROR_TIMEOUT where the peer was not heard of for too long.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_session_class_init (EcMoqSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_moq_session_dispose;
  object_class->finalize = ec_moq_session_finalize;
  object_class->get_property = ec_moq_session_get_property;
  install_properties (object_class);
  /**
   * EcMoqSession::going-away:
   * @self: the session
   * @uri: (nullable): where to connect to; %NULL: the same place
   *
   * The peer is about to close, and asks to connect again (GOAWAY, draft-ietf-moq-transport-18 §3.6, §10.4). What is read goes on for now; nothing
   * new can be asked for: it fails with %EC_MOQ_ERROR_GOING_AWAY.
   */
  signals[SIGNAL_GOING_AWAY] = g_signal_new ("going-away", EC_TYPE_MOQ_SESSION, G_SIGNAL_RUN_LAST,
                                             0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * EcMoqSession::published:
   * @self: the session
   * @subscription: the track, to read from
   *
   * The peer publishes a track, and it was taken: see [method@MoqSession.take_tracks]. It is read from the open group on. Who keeps no
   * reference to @subscription does not want it, and the peer is told so.
   */
  signals[SIGNAL_PUBLISHED] =
      g_signal_new ("published", EC_TYPE_MOQ_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, EC_TYPE_MOQ_SUBSCRIPTION);
  /**
   * EcMoqSession::closed:
   * @self: the session
   *
   * It is over; [property@MoqSession:error] says why. Comes once, and is the last signal.
   */
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", EC_TYPE_MOQ_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
}

static void
ec_moq_session_init (EcMoqSession *self)
{
}

/* -- Connecting */

/* Begins; `reply` tells. */
static EcMoqSession *
begin (const char *uri, EcMoqConnectOptions *options, EcMoqReply **reply, GTask *task)
{
  g_autoptr (EcMoqCore) core = ec_moq_core_new (uri);
  EcMoqSession *self = ec_moq_session_new_for_core (core);
  EcMoqDialConfig config = { .uri = uri };
  g_autoptr (GError) error = NULL;

  *reply = task ? ec_moq_reply_new_for_task (task, G_OBJECT (self)) : ec_moq_reply_new ();
  if (ec_moq_connect_options_fill (options, &config, &error))
    ec_moq_core_connect (core, &config, *reply);
  else
    ec_moq_core_fail (core, *reply, g_steal_pointer (&error));
  g_clear_pointer (&config.certificate_hashes, g_ptr_array_unref);
  return self;
}

/**
 * ec_moq_session_new_for_uri:
 * @uri: `moqt://HOST[:PORT][/PATH]` for QUIC, or `https://…` for WebTransport; the port is 443 if it is not said
 * @options: (nullable): whom to trust and so on; %NULL: the defaults
 * @cancellable: (nullable): gives it up
 * @error: return location for an error
 *
 * Connects to a server, and waits until there is a session: both sides' SETUP went through (draft-ietf-moq-transport-18 §3.1, §3.3). Blocks;
 * it may take as long as [property@MoqConnectOptions:timeout] says.
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI if @uri is none, or a hash or draft of @options, %EC_MOQ_ERROR_UNREACHABLE if nobody answers,
 * %EC_MOQ_ERROR_CERTIFICATE if the server is not the right one, or the file of @options has no certificates, %EC_MOQ_ERROR_VERSION if it speaks no draft of ours, %EC_MOQ_ERROR_UNAUTHORIZED, %EC_MOQ_ERROR_NOT_FOUND or
 * %EC_MOQ_ERROR_REJECTED if it does not want us, %EC_MOQ_ERROR_TIMEOUT, or %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): an open session
 */
EcMoqSession *
ec_moq_session_new_for_uri (const char *uri,
                            EcMoqConnectOptions *options,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (EcMoqSession) self = NULL;
  g_autoptr (EcMoqReply) reply = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  self = begin (uri, options, &reply, NULL);
  return ec_moq_reply_wait (reply, cancellable, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * ec_moq_session_new_for_uri_async:
 * @uri: as [ctor@MoqSession.new_for_uri] takes it
 * @options: (nullable): whom to trust and so on; %NULL: the defaults
 * @cancellable: (nullable): gives it up
 * @callback: (scope async): called when there is a session, or none
 * @user_data: for @callback
 *
 * Connects to a server, as [ctor@MoqSession.new_for_uri] does, without waiting.
 */
void
ec_moq_session_new_for_uri_async (const char *uri,
                                  EcMoqConnectOptions *options,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (EcMoqReply) reply = NULL;
  GTask *task;

  g_return_if_fail (uri != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_moq_session_new_for_uri_async);
  begin (uri, options, &reply, task);
}

/**
 * ec_moq_session_new_for_uri_finish:
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [func@MoqSession.new_for_uri_async], and fails as [ctor@MoqSession.new_for_uri] does.
 *
 * Returns: (transfer full): an open session
 */
EcMoqSession *
ec_moq_session_new_for_uri_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ec_moq_session_close:
 * @self: a session
 *
 * Closes the session without an error (NO_ERROR, draft-ietf-moq-transport-18 §3.5). Does not wait: [signal@MoqSession::closed] follows. What
 * is still asked for, or read, fails with %EC_MOQ_ERROR_CLOSED; what had come can still be read. On a closed session it does nothing.
 */
void
ec_moq_session_close (EcMoqSession *self)
{
  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  ec_moq_core_close (self->core, EC_MOQT_CLOSE_NO_ERROR, "");
}

/**
 * ec_moq_session_close_with:
 * @self: a session
 * @code: a code of draft-ietf-moq-transport-18 §3.5, such as 0x2, UNAUTHORIZED
 * @reason: what the peer is told, in words
 *
 * Closes the session as [method@MoqSession.close] does, and tells the peer why.
 */
void
ec_moq_session_close_with (EcMoqSession *self, guint64 code, const char *reason)
{
  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  g_return_if_fail (reason != NULL);
  ec_moq_core_close (self->core, code, reason);
}

/**
 * ec_moq_session_go_away:
 * @self: a session
 * @uri: (nullable): where a client should connect to instead; %NULL: the same place. A client cannot send a server elsewhere: it is left out
 * @timeout_ms: for how long the peer may stay, in milliseconds; 0: 10 seconds
 *
 * Asks the peer to leave (draft-ietf-moq-transport-18 §3.6): its [signal@MoqSession::going-away]. What it reads goes on until
 * it has left; if it has not in time, the session is closed with GOAWAY_TIMEOUT. Only the first call counts.
 */
void
ec_moq_session_go_away (EcMoqSession *self, const char *uri, guint timeout_ms)
{
  g_return_if_fail (EC_IS_MOQ_SESSION (self));
  ec_moq_core_go_away (self->core, uri, timeout_ms);
}

/* -- What is known of it */

/**
 * ec_moq_session_get_uri:
 * @self: a session
 *
 * What was connected to.
 *
 * Returns: (transfer none): the URI; empty where the peer connected to us
 */
const char *
ec_moq_session_get_uri (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return self->uri;
}

/**
 * ec_moq_session_get_state:
 * @self: a session
 *
 * Where the session is in its life.
 *
 * Returns: the state at this moment
 */
EcMoqSessionState
ec_moq_session_get_state (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), EC_MOQ_SESSION_STATE_CLOSED);
  return ec_moq_core_get_state (self->core);
}

/**
 * ec_moq_session_dup_protocol:
 * @self: a session
 *
 * The draft that is spoken.
 *
 * Returns: (transfer full) (nullable): such as “moqt-18”
 */
char *
ec_moq_session_dup_protocol (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_string (self->core, EC_MOQ_CORE_PROTOCOL);
}

/**
 * ec_moq_session_dup_transport:
 * @self: a session
 *
 * What carries it.
 *
 * Returns: (transfer full) (nullable): “quic” or “webtransport”
 */
char *
ec_moq_session_dup_transport (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_string (self->core, EC_MOQ_CORE_TRANSPORT);
}

/**
 * ec_moq_session_dup_peer:
 * @self: a session
 *
 * Where the peer is.
 *
 * Returns: (transfer full) (nullable): address and port
 */
char *
ec_moq_session_dup_peer (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_string (self->core, EC_MOQ_CORE_PEER);
}

/**
 * ec_moq_session_dup_peer_implementation:
 * @self: a session
 *
 * What the peer says that it runs.
 *
 * Returns: (transfer full) (nullable): a name and version
 */
char *
ec_moq_session_dup_peer_implementation (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_string (self->core, EC_MOQ_CORE_IMPLEMENTATION);
}

/**
 * ec_moq_session_dup_path:
 * @self: a session
 *
 * Path and query that the client asked for.
 *
 * Returns: (transfer full) (nullable): such as “/moq?room=1”
 */
char *
ec_moq_session_dup_path (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_string (self->core, EC_MOQ_CORE_PATH);
}

/**
 * ec_moq_session_get_rtt:
 * @self: a session
 *
 * The time to the peer and back, as measured last.
 *
 * Returns: microseconds; 0: not known
 */
guint64
ec_moq_session_get_rtt (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), 0);
  return ec_moq_core_get_rtt_us (self->core);
}

/**
 * ec_moq_session_dup_error:
 * @self: a session
 *
 * Why the session was closed.
 *
 * Returns: (transfer full) (nullable): an error of #EcMoqError, or %NULL while it is open
 */
GError *
ec_moq_session_dup_error (EcMoqSession *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SESSION (self), NULL);
  return ec_moq_core_dup_error (self->core);
}
