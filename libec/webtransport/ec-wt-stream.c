/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"

void
ec_wt_stream_free (gpointer data)
{
  EcWtStream *stream = data;

  g_clear_pointer (&stream->held, g_byte_array_unref);
  g_clear_pointer (&stream->value, g_byte_array_unref);
  g_clear_pointer (&stream->capsule, g_byte_array_unref);
  g_free (stream);
}

static gboolean
is_ours (EcWtConnection *self, EcStreamId id)
{
  return EC_STREAM_IS_SERVERS (id) == self->server;
}

static void
forget_held (EcWtConnection *self, EcWtStream *stream)
{
  if (stream->kind == EC_WT_KIND_EARLY) {
    self->n_early--;
    self->early_bytes -= stream->held->len;
    stream->unconsumed += stream->held->len;
  }
  g_clear_pointer (&stream->held, g_byte_array_unref);
}

void
ec_wt_stream_reject (EcWtConnection *self, EcWtStream *stream, guint64 code)
{
  gboolean uni = EC_STREAM_IS_UNI (stream->id);

  forget_held (self, stream);
  stream->kind = EC_WT_KIND_IGNORED;
  stream->session = NULL;
  if (self->closed || stream->closed_below)
    return;
  if (stream->unconsumed > 0)
    ec_transport_consume (self->h3, stream->id, stream->unconsumed);
  stream->unconsumed = 0;
  if (!uni || !is_ours (self, stream->id))
    ec_transport_stop (self->h3, stream->id, code);
  if (!uni || is_ours (self, stream->id))
    ec_transport_reset (self->h3, stream->id, code);
}

/* -- Streams of sessions */

/* To the session, which gives the credit back. */
static void
hand_out (EcWtStream *stream, const guint8 *data, gsize size, gboolean fin)
{
  EcTransport *session = &stream->session->transport;

  if (size == 0 && !fin)
    return;
  stream->unconsumed += size;
  session->events->stream_data (session->user_data, stream->id, data, size, fin);
}

static guint32
code_from_h3 (guint64 h3)
{
  guint32 code = 0;

  (void) ec_wt_error_from_h3 (h3, &code);
  return code;
}

/* A peer that closes the session ends its streams with WT_SESSION_GONE, and that may overtake the capsule that says why
 * (draft-ietf-webtrans-http3 §6): the session hears of its end by that alone, and of the stream no more. */
static gboolean
goes_with_session (EcWtStream *stream, guint64 code)
{
  if (code != EC_WT_SESSION_GONE)
    return FALSE;
  ec_wt_stream_reject (stream->session->connection, stream, EC_WT_SESSION_GONE);
  return TRUE;
}

static void
hand_out_reset (EcWtStream *stream, guint64 code)
{
  EcTransport *session = &stream->session->transport;

  if (goes_with_session (stream, code))
    return;
  session->events->stream_reset (session->user_data, stream->id, code_from_h3 (code));
}

static void
hand_out_stopped (EcWtStream *stream, guint64 code)
{
  EcTransport *session = &stream->session->transport;

  if (goes_with_session (stream, code))
    return;
  session->events->stream_stopped (session->user_data, stream->id, code_from_h3 (code));
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  EcStreamId one = *(const EcStreamId *) a, two = *(const EcStreamId *) b;

  return one < two ? -1 : one > two;
}

/* The stream, while it is the session's: one that ends takes its streams away, and frees those that h3 knows no more. */
static EcWtStream *
of_session (EcWtConnection *self, EcWtSession *session, EcStreamId id)
{
  EcWtStream *stream = ec_wt_connection_find (self, id);

  return stream && stream->kind == EC_WT_KIND_SESSION && stream->session == session ? stream : NULL;
}

/* One stream becomes the session's; it may end the session, or more, at every event. */
static void
adopt (EcWtConnection *self, EcWtSession *session, EcStreamId id)
{
  EcWtStream *stream = ec_wt_connection_find (self, id);
  g_autoptr (GByteArray) held = NULL;
  gboolean is_sessions;

  if (!stream || stream->kind != EC_WT_KIND_EARLY)
    return;
  self->n_early--;
  self->early_bytes -= stream->held->len;
  held = g_steal_pointer (&stream->held);
  stream->kind = EC_WT_KIND_SESSION;
  stream->session = session;
  hand_out (stream, held->data, held->len, stream->fin);
  stream = of_session (self, session, id);
  if (stream && stream->was_reset)
    hand_out_reset (stream, stream->reset_code);
  stream = of_session (self, session, id);
  if (stream && stream->was_stopped) {
    stream->was_stopped = FALSE;
    hand_out_stopped (stream, stream->stop_code);
  }
  is_sessions = of_session (self, session, id) != NULL;
  /* Also if it went with the session: h3 will not speak of it again. */
  stream = ec_wt_connection_find (self, id);
  if (!stream || !stream->closed_below)
    return;
  g_hash_table_remove (self->streams, &id);
  if (is_sessions)
    session->transport.events->stream_closed (session->transport.user_data, id);
}

void
ec_wt_stream_adopt_early (EcWtConnection *self, EcWtSession *session)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (EcStreamId));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    EcWtStream *stream = value;

    if (stream->kind == EC_WT_KIND_EARLY && stream->session_id == session->id)
      g_array_append_val (ids, stream->id);
  }
  g_array_sort (ids, compare_ids);
  for (guint i = 0; i < ids->len && session->state == EC_WT_SESSION_OPEN; i++)
    adopt (self, session, g_array_index (ids, EcStreamId, i));
}

static gboolean
is_gone (EcWtConnection *self, EcStreamId id)
{
  for (guint i = 0; i < EC_WT_GONE_KEPT; i++) {
    if (self->gone[i] == id)
      return TRUE;
  }
  return FALSE;
}

/* What came of a stream whose session is not there yet. */
static void
hold (EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size, gboolean fin)
{
  if (size > EC_WT_EARLY_BYTES - self->early_bytes) {
    stream->unconsumed += size;
    ec_wt_stream_reject (self, stream, EC_WT_BUFFERED_STREAM_REJECTED);
    return;
  }
  self->early_bytes += size;
  if (size > 0)
    g_byte_array_append (stream->held, data, (guint) size);
  stream->fin |= fin;
}

/* The stream is one of session `id`'s. */
static void
assign (EcWtConnection *self, EcWtStream *stream, guint64 id)
{
  EcWtSession *session;

  if (id % 4 != 0) {
    ec_wt_connection_fail (self, EC_H3_ID_ERROR, "a stream names a session that cannot be");
    return;
  }
  stream->session_id = (EcStreamId) id;
  session = ec_wt_connection_find_session (self, stream->session_id);
  if (session && session->state == EC_WT_SESSION_OPEN) {
    stream->kind = EC_WT_KIND_SESSION;
    stream->session = session;
  } else if (is_gone (self, stream->session_id) || (!self->server && !session)) {
    ec_wt_stream_reject (self, stream, EC_WT_SESSION_GONE);
  } else if (self->n_early == EC_WT_EARLY_STREAMS) {
    ec_wt_stream_reject (self, stream, EC_WT_BUFFERED_STREAM_REJECTED);
  } else {
    self->n_early++;
    stream->kind = EC_WT_KIND_EARLY;
    stream->held = g_byte_array_new ();
  }
}

/* -- Which stream is what */

/* Control and QPACK streams are there once (RFC 9114 §6.2.1, RFC 9204 §4.2). */
static void
set_critical (EcWtConnection *self, EcWtStream *stream, EcStreamId *which, EcWtKind kind)
{
  if (*which != EC_STREAM_NONE) {
    ec_wt_connection_fail (self, EC_H3_STREAM_CREATION_ERROR, "a second stream of its kind");
    return;
  }
  *which = stream->id;
  stream->kind = kind;
}

static void
classify_uni (EcWtConnection *self, EcWtStream *stream, guint64 type)
{
  switch (type) {
  case EC_WT_STREAM_CONTROL:
    set_critical (self, stream, &self->peer_control, EC_WT_KIND_CONTROL);
    break;
  case EC_WT_STREAM_QPACK_ENCODER:
    set_critical (self, stream, &self->peer_encoder, EC_WT_KIND_ENCODER);
    break;
  case EC_WT_STREAM_QPACK_DECODER:
    set_critical (self, stream, &self->peer_decoder, EC_WT_KIND_DECODER);
    break;
  case EC_WT_STREAM_PUSH:
    /* §6.2.2: a client pushes nothing, and a server may not: we name no MAX_PUSH_ID. */
    ec_wt_connection_fail (self, self->server ? EC_H3_STREAM_CREATION_ERROR : EC_H3_ID_ERROR,
                           "a push that nobody asked for");
    break;
  default:
    ec_wt_stream_reject (self, stream, EC_H3_STREAM_CREATION_ERROR);
    break;
  }
}

static guint
count_unanswered (EcWtConnection *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const EcWtStream *stream = value;

    n += stream->kind == EC_WT_KIND_REQUEST && !stream->got_headers;
  }
  return n;
}

/* Whether the first bytes tell what it is; if so, it is that. */
static gboolean
classify (EcWtConnection *self, EcWtStream *stream)
{
  gboolean uni = EC_STREAM_IS_UNI (stream->id);
  EcReader reader;
  guint64 type, id;

  ec_reader_init (&reader, stream->head, stream->head_size);
  type = ec_wt_varint_read (&reader);
  if (reader.failed)
    return FALSE;
  if (type == (uni ? EC_WT_STREAM_SESSION_UNI : EC_WT_STREAM_SESSION_BIDI)) {
    id = ec_wt_varint_read (&reader);
    if (reader.failed)
      return FALSE;
    assign (self, stream, id);
  } else if (uni) {
    classify_uni (self, stream, type);
  } else if (!self->server) {
    /* RFC 9114 §6.1 */
    ec_wt_connection_fail (self, EC_H3_STREAM_CREATION_ERROR, "the server opened a request");
  } else if (count_unanswered (self) >= EC_WT_REQUESTS_MAX) {
    ec_wt_connection_set_gone (self, stream->id);
    ec_wt_stream_reject (self, stream, EC_H3_REQUEST_REJECTED);
  } else {
    stream->kind = EC_WT_KIND_REQUEST;
    ec_wt_request_data (self, stream, stream->head, stream->head_size, FALSE);
  }
  return TRUE;
}

/* Takes the bytes that tell what a new stream is. */
static void
read_head (EcWtConnection *self, EcWtStream *stream, EcReader *input)
{
  while (ec_reader_left (input) > 0) {
    stream->head[stream->head_size++] = ec_reader_u8 (input);
    ec_transport_consume (self->h3, stream->id, 1);
    if (classify (self, stream))
      break;
  }
}

static void
qpack_data (EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size)
{
  if (stream->kind == EC_WT_KIND_ENCODER && !ec_wt_qpack_read_encoder (self->qpack, data, size))
    ec_wt_connection_fail (self, EC_QPACK_ENCODER_STREAM_ERROR, "there is no dynamic table");
  if (stream->kind == EC_WT_KIND_DECODER && !ec_wt_qpack_read_decoder (self->qpack, data, size))
    ec_wt_connection_fail (self, EC_QPACK_DECODER_STREAM_ERROR, "there is no dynamic table");
}

static gboolean
is_critical (const EcWtStream *stream)
{
  return stream->kind == EC_WT_KIND_CONTROL || stream->kind == EC_WT_KIND_ENCODER ||
         stream->kind == EC_WT_KIND_DECODER;
}

/* Data of a kind that is known. */
static void
dispatch (EcWtConnection *self, EcWtStream *stream, EcReader *input, gboolean fin)
{
  gsize size = ec_reader_left (input);
  const guint8 *data = input->data ? input->data + input->pos : NULL;

  if (stream->kind != EC_WT_KIND_SESSION && stream->kind != EC_WT_KIND_EARLY && size > 0)
    ec_transport_consume (self->h3, stream->id, size);
  switch (stream->kind) {
  case EC_WT_KIND_SESSION:
    hand_out (stream, data, size, fin);
    if (stream->session && stream->was_stopped)
      hand_out_stopped (stream, stream->stop_code);
    stream->was_stopped = FALSE;
    break;
  case EC_WT_KIND_EARLY:
    hold (self, stream, data, size, fin);
    break;
  case EC_WT_KIND_REQUEST:
    ec_wt_request_data (self, stream, data, size, fin);
    break;
  case EC_WT_KIND_CONTROL:
    ec_wt_control_data (self, stream, input);
    break;
  case EC_WT_KIND_ENCODER:
  case EC_WT_KIND_DECODER:
    qpack_data (self, stream, data, size);
    break;
  case EC_WT_KIND_NEW:
    /* It ended before it told what it is. */
    if (fin && !EC_STREAM_IS_UNI (stream->id))
      ec_wt_stream_reject (self, stream, EC_H3_REQUEST_INCOMPLETE);
    break;
  case EC_WT_KIND_IGNORED:
    break;
  }
}

void
ec_wt_stream_data (
    EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size, gboolean fin)
{
  EcReader input;

  ec_reader_init (&input, data, size);
  if (fin && is_critical (stream)) {
    ec_wt_connection_fail (self, EC_H3_CLOSED_CRITICAL_STREAM, "a critical stream ended");
    return;
  }
  if (stream->kind == EC_WT_KIND_NEW)
    read_head (self, stream, &input);
  if (self->over)
    return;
  if (fin && is_critical (stream))
    ec_wt_connection_fail (self, EC_H3_CLOSED_CRITICAL_STREAM, "a critical stream ended");
  else
    dispatch (self, stream, &input, fin);
}

void
ec_wt_stream_reset (EcWtConnection *self, EcWtStream *stream, guint64 code)
{
  switch (stream->kind) {
  case EC_WT_KIND_SESSION:
    hand_out_reset (stream, code);
    break;
  case EC_WT_KIND_EARLY:
    stream->was_reset = TRUE;
    stream->reset_code = code;
    break;
  case EC_WT_KIND_CONTROL:
  case EC_WT_KIND_ENCODER:
  case EC_WT_KIND_DECODER:
    ec_wt_connection_fail (self, EC_H3_CLOSED_CRITICAL_STREAM, "a critical stream was reset");
    break;
  case EC_WT_KIND_REQUEST:
  case EC_WT_KIND_NEW: {
    EcWtSession *session = stream->session;

    ec_wt_connection_set_gone (self, stream->id);
    ec_wt_stream_reject (self, stream, EC_H3_REQUEST_CANCELLED);
    if (session && session->state == EC_WT_SESSION_CONNECTING)
      ec_wt_session_end (session, EC_TRANSPORT_CLOSE_REFUSED, 0, "the server rejected CONNECT");
    else if (session)
      ec_wt_session_end (session, EC_TRANSPORT_CLOSE_PEER, 0, "the session's stream was reset");
    break;
  }
  case EC_WT_KIND_IGNORED:
    break;
  }
}

void
ec_wt_stream_stopped (EcWtConnection *self, EcWtStream *stream, guint64 code)
{
  switch (stream->kind) {
  case EC_WT_KIND_SESSION:
    hand_out_stopped (stream, code);
    break;
  case EC_WT_KIND_EARLY:
  case EC_WT_KIND_NEW:
    stream->was_stopped = TRUE;
    stream->stop_code = code;
    break;
  case EC_WT_KIND_REQUEST:
    /* A server may answer without having read all (RFC 9114 §4.1): the answer is on its way. */
    if (self->server || stream->got_headers)
      ec_wt_stream_reset (self, stream, code);
    break;
  default:
    break;
  }
}
