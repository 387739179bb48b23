/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-http.h"

#include "base/ec-error.h"
#include "source/ec-source-error.h"

struct _EcHttp {
  GMainContext *context;
  SoupSession *session;
};

struct _EcHttpStream {
  EcHttp *http; /* not owned */
  char *who;
  SoupMessage *message;
  GInputStream *body;
  GCancellable *cancellable; /* the request's own, cancelled to drop its connection */
};

/* One asynchronous call that a thread waits for. */
typedef struct {
  GAsyncResult *result;
  gboolean expired;
} Wait;

EcHttp *
ec_http_new (gboolean direct)
{
  EcHttp *http = g_new0 (EcHttp, 1);

  http->context = g_main_context_new ();
  g_main_context_push_thread_default (http->context);
  http->session = soup_session_new_with_options ("user-agent", "libec", "max-conns-per-host", 8,
                                                 "idle-timeout", 10, NULL);
  if (direct)
    soup_session_set_proxy_resolver (http->session, NULL);
  g_main_context_pop_thread_default (http->context);
  return http;
}

void
ec_http_free (EcHttp *http)
{
  g_main_context_push_thread_default (http->context);
  soup_session_abort (http->session);
  while (g_main_context_iteration (http->context, FALSE))
    ;
  g_object_unref (http->session);
  while (g_main_context_iteration (http->context, FALSE))
    ;
  g_main_context_pop_thread_default (http->context);
  g_main_context_unref (http->context);
  g_free (http);
}

static void
on_result (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = g_object_ref (result);
}

static gboolean
on_expired (gpointer user_data)
{
  Wait *wait = user_data;

  wait->expired = TRUE;
  return G_SOURCE_REMOVE;
}

/* In whichever thread cancels: the one that waits is to look. */
static void
on_outer_cancelled (GCancellable *outer, gpointer context)
{
  g_main_context_wakeup (context);
}

static gulong
watch_cancellable (EcHttp *http, GCancellable *outer)
{
  if (outer == NULL)
    return 0;
  return g_cancellable_connect (outer, G_CALLBACK (on_outer_cancelled),
                                g_main_context_ref (http->context),
                                (GDestroyNotify) g_main_context_unref);
}

/*
 * Runs the context until the result is there (TRUE), the time is over (0 ms: no limit) or the caller
 * cancels, which cancels `inner`: here and not in the thread that cancels, as GIO's sources leak
 * where they are destroyed while another thread is cancelling theirs.
 */
static gboolean
run (EcHttp *http, Wait *wait, guint timeout_ms, GCancellable *outer, GCancellable *inner)
{
  g_autoptr (GSource) timer = NULL;

  wait->expired = FALSE;
  if (timeout_ms > 0) {
    timer = g_timeout_source_new (timeout_ms);
    g_source_set_callback (timer, on_expired, wait, NULL);
    g_source_attach (timer, http->context);
  }
  while (wait->result == NULL && !wait->expired) {
    if (g_cancellable_is_cancelled (outer))
      g_cancellable_cancel (inner);
    g_main_context_iteration (http->context, TRUE);
  }
  if (timer)
    g_source_destroy (timer);
  return wait->result != NULL;
}

static SoupMessage *
new_message (const char *method, const char *url, GError **error)
{
  SoupMessage *message = soup_message_new (method, url);

  if (message == NULL)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "“%s” is not an address that can be fetched.", url);
  return message;
}

static void
set_timed_out (GError **error, const char *who)
{
  g_autoptr (GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "timed out");

  ec_source_error_from_io (error, cause, who);
}

/* A message that a thread of its own sends. */
typedef struct {
  EcHttpStream *stream;
  GMutex mutex;
  GCond cond;
  gboolean done; /* under the mutex; what follows is the thread's before */
  GError *error;
} Sending;

/* The context is this thread's as long as it runs. */
static gpointer
send_in_thread (gpointer data)
{
  Sending *self = data;
  EcHttpStream *stream = self->stream;

  g_main_context_push_thread_default (stream->http->context);
  stream->body =
      soup_session_send (stream->http->session, stream->message, stream->cancellable, &self->error);
  g_main_context_pop_thread_default (stream->http->context);
  g_mutex_lock (&self->mutex);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
on_sending_cancelled (GCancellable *outer, gpointer data)
{
  Sending *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* FALSE: it took too long, and was cancelled as if the caller had. */
static gboolean
wait_sent (Sending *self, guint timeout_ms, GCancellable *outer)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gboolean expired = FALSE;

  g_mutex_lock (&self->mutex);
  while (!self->done && !expired && !g_cancellable_is_cancelled (outer))
    expired = !g_cond_wait_until (&self->cond, &self->mutex, deadline);
  if (!self->done) {
    g_mutex_unlock (&self->mutex);
    g_cancellable_cancel (self->stream->cancellable);
    g_mutex_lock (&self->mutex);
    while (!self->done)
      g_cond_wait (&self->cond, &self->mutex);
  } else
    expired = FALSE;
  g_mutex_unlock (&self->mutex);
  return !expired;
}

/*
 * Sends and waits for the answer's head. On FALSE there may be a body all the same, where the answer
 * and the end of waiting for it met: it is ec_http_stream_close()'s to let go.
 *
 * Not soup_session_send_async(): up to libsoup 3.6.5 a message that fails before its head has come,
 * by being cancelled or by what the server does, is freed once too often.
 */
static gboolean
send_message (EcHttpStream *stream, guint timeout_ms, GCancellable *outer, GError **error)
{
  Sending sending = { .stream = stream };
  gboolean in_time;
  GThread *thread;
  gulong id = 0;

  if (g_cancellable_set_error_if_cancelled (outer, error))
    return FALSE;
  g_mutex_init (&sending.mutex);
  g_cond_init (&sending.cond);
  thread = g_thread_new ("ec-http", send_in_thread, &sending);
  if (outer)
    id = g_cancellable_connect (outer, G_CALLBACK (on_sending_cancelled), &sending, NULL);
  in_time = wait_sent (&sending, timeout_ms, outer);
  g_cancellable_disconnect (outer, id);
  g_thread_join (thread);
  g_cond_clear (&sending.cond);
  g_mutex_clear (&sending.mutex);

  if (!g_cancellable_set_error_if_cancelled (outer, error)) {
    if (!in_time)
      set_timed_out (error, stream->who);
    else if (stream->body == NULL)
      ec_source_error_from_io (error, sending.error, stream->who);
    else
      return TRUE;
  }
  g_clear_error (&sending.error);
  return FALSE;
}

static EcHttpStream *
open_message (EcHttp *http,
              const char *method,
              const char *url,
              const char *who,
              guint timeout_ms,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (SoupMessage) message = new_message (method, url, error);
  g_autoptr (EcHttpStream) stream = NULL;

  if (message == NULL)
    return NULL;

  stream = g_new0 (EcHttpStream, 1);
  stream->http = http;
  stream->who = g_strdup (who);
  stream->message = g_steal_pointer (&message);
  stream->cancellable = g_cancellable_new ();
  if (!send_message (stream, timeout_ms, cancellable, error))
    return NULL;
  return g_steal_pointer (&stream);
}

EcHttpStream *
ec_http_open (EcHttp *http,
              const char *url,
              const char *who,
              guint timeout_ms,
              GCancellable *cancellable,
              GError **error)
{
  return open_message (http, "GET", url, who, timeout_ms, cancellable, error);
}

SoupMessage *
ec_http_stream_get_message (EcHttpStream *stream)
{
  return stream->message;
}

gssize
ec_http_stream_read (EcHttpStream *stream,
                     guint8 *buffer,
                     gsize size,
                     guint first_ms,
                     EcHttpTick tick,
                     gpointer user_data,
                     GCancellable *cancellable,
                     GError **error)
{
  EcHttp *http = stream->http;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GCancellable) inner = g_cancellable_new ();
  gulong id = watch_cancellable (http, cancellable);
  GError *given_up = NULL;
  guint next_ms = first_ms;
  Wait wait = { 0 };
  gssize n;

  g_main_context_push_thread_default (http->context);
  g_input_stream_read_async (stream->body, buffer, size, G_PRIORITY_DEFAULT, inner, on_result,
                             &wait);
  while (!run (http, &wait, next_ms, cancellable, inner)) {
    if (tick (user_data, &next_ms, &given_up))
      continue;
    g_cancellable_cancel (inner);
    run (http, &wait, 0, cancellable, inner);
  }
  n = g_input_stream_read_finish (stream->body, wait.result, &cause);
  g_object_unref (wait.result);
  g_main_context_pop_thread_default (http->context);
  g_cancellable_disconnect (cancellable, id);

  if (given_up) {
    g_propagate_error (error, given_up);
    return -1;
  }
  if (n < 0)
    ec_source_error_from_io (error, cause, stream->who);
  return n;
}

void
ec_http_stream_close (EcHttpStream *stream)
{
  g_main_context_push_thread_default (stream->http->context);
  g_cancellable_cancel (stream->cancellable);
  if (stream->body) {
    /* Closing the stream would read the rest of the answer: the session drops the connection. */
    soup_session_abort (stream->http->session);
    g_object_unref (stream->body);
  }
  while (g_main_context_iteration (stream->http->context, FALSE))
    ;
  g_main_context_pop_thread_default (stream->http->context);
  g_object_unref (stream->message);
  g_object_unref (stream->cancellable);
  g_free (stream->who);
  g_free (stream);
}

/* --- Whole answers ----------------------------------------------------------------------- */

typedef struct {
  gint64 deadline; /* µs, monotonic */
  const char *who;
} Deadline;

static gboolean
on_deadline (gpointer user_data, guint *next_ms, GError **error)
{
  Deadline *deadline = user_data;
  gint64 left = (deadline->deadline - g_get_monotonic_time ()) / 1000;

  if (left <= 0) {
    set_timed_out (error, deadline->who);
    return FALSE;
  }
  *next_ms = (guint) left + 1;
  return TRUE;
}

GBytes *
ec_http_request (EcHttp *http,
                 const char *method,
                 const char *url,
                 const char *who,
                 gsize limit,
                 guint timeout_ms,
                 guint *status,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autofree guint8 *block = g_malloc (16 * 1024);
  g_autoptr (EcHttpStream) stream = NULL;
  Deadline deadline = { g_get_monotonic_time () + (gint64) timeout_ms * 1000, who };

  stream = open_message (http, method, url, who, timeout_ms, cancellable, error);
  if (stream == NULL)
    return NULL;
  *status = soup_message_get_status (stream->message);

  for (;;) {
    guint left = 1;
    gssize n;

    if (!on_deadline (&deadline, &left, error))
      return NULL;
    n = ec_http_stream_read (stream, block, 16 * 1024, left, on_deadline, &deadline, cancellable,
                             error);
    if (n < 0)
      return NULL;
    if (n == 0)
      break;
    if (body->len + (gsize) n > limit) {
      g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                   "%s sent more than %" G_GSIZE_FORMAT
                   " kB where a short answer was expected. It is "
                   "not used.",
                   who, limit / 1024);
      return NULL;
    }
    g_byte_array_append (body, block, (guint) n);
  }

  return g_byte_array_free_to_bytes (g_steal_pointer (&body));
}
