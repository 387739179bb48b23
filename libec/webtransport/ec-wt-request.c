/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"

/* -- Writing */

void
ec_wt_request_write_headers (EcWtConnection *self,
                             EcStreamId id,
                             const EcWtField *fields,
                             guint n,
                             const char *body,
                             gboolean fin)
{
  g_autoptr (GByteArray) section = g_byte_array_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  if (!ec_wt_qpack_encode (self->qpack, section, fields, n)) {
    ec_wt_connection_fail (self, EC_H3_INTERNAL_ERROR, "there is no memory");
    return;
  }
  ec_wt_tlv_append (bytes, EC_WT_FRAME_HEADERS, section->data, section->len);
  if (body)
    ec_wt_tlv_append (bytes, EC_WT_FRAME_DATA, (const guint8 *) body, strlen (body));
  ec_transport_write (self->h3, id, bytes->data, bytes->len, NULL, 0, 0, fin);
}

void
ec_wt_request_write_capsule (
    EcWtConnection *self, EcStreamId id, guint64 type, const guint8 *data, gsize size, gboolean fin)
{
  g_autoptr (GByteArray) capsule = g_byte_array_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ec_wt_tlv_append (capsule, type, data, size);
  ec_wt_tlv_append (bytes, EC_WT_FRAME_DATA, capsule->data, capsule->len);
  ec_transport_write (self->h3, id, bytes->data, bytes->len, NULL, 0, 0, fin);
}

/* -- Capsules of a session (RFC 9297 §3.2) */

/* The peer ended the session; so do we. */
static void
end_by_peer (EcWtConnection *self, EcWtStream *stream, guint32 code, const char *reason)
{
  EcWtSession *session = stream->session;

  ec_transport_write (self->h3, stream->id, NULL, 0, NULL, 0, 0, TRUE);
  if (session->state == EC_WT_SESSION_CONNECTING)
    ec_wt_session_end (session, EC_TRANSPORT_CLOSE_REFUSED, 0, "the server ended the request");
  else
    ec_wt_session_end (session, EC_TRANSPORT_CLOSE_PEER, code, reason);
}

static void
on_close_capsule (EcWtConnection *self, EcWtStream *stream)
{
  g_autofree char *reason = NULL;
  EcReader reader;
  guint32 code;

  ec_reader_init (&reader, stream->capsule->data, stream->capsule->len);
  code = ec_reader_u32 (&reader);
  reason = g_utf8_make_valid ((const char *) reader.data + reader.pos,
                              (gssize) ec_reader_left (&reader));
  end_by_peer (self, stream, code, reason);
}

/* Malformed: the stream's error, and the session's end (RFC 9297 §3.3). */
static void
fail_session (EcWtConnection *self, EcWtStream *stream, guint64 code, const char *reason)
{
  EcWtSession *session = stream->session;

  ec_wt_stream_reject (self, stream, code);
  if (session)
    ec_wt_session_end (session, EC_TRANSPORT_CLOSE_PROTOCOL, code, reason);
}

static void
on_capsules (EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size)
{
  EcWtTlvPiece piece;
  EcReader input;

  ec_reader_init (&input, data, size);
  while (stream->session && ec_wt_tlv_next (&stream->capsules, &input, &piece)) {
    /* DRAIN wants nothing of us; others are not known (§3.2: skipped). */
    if (piece.type != EC_WT_CAPSULE_CLOSE)
      continue;
    if (piece.length < 4 || piece.length > 4 + EC_WT_CLOSE_REASON_MAX) {
      fail_session (self, stream, EC_H3_MESSAGE_ERROR, "CLOSE_WEBTRANSPORT_SESSION is malformed");
      return;
    }
    if (!stream->capsule)
      stream->capsule = g_byte_array_new ();
    if (piece.size > 0)
      g_byte_array_append (stream->capsule, piece.data, (guint) piece.size);
    if (piece.last)
      on_close_capsule (self, stream);
  }
}

/* -- Frames (RFC 9114 §4.1, §7.2) */

/* Whether the frame may be here. */
static gboolean
check_frame (EcWtConnection *self, EcWtStream *stream, const EcWtTlvPiece *piece)
{
  gboolean ok = TRUE;

  switch (piece->type) {
  case EC_WT_FRAME_DATA:
    ok = stream->got_headers;
    break;
  case EC_WT_FRAME_HEADERS:
    /* After the final ones only trailers, and a session has none (RFC 9114 §4.4). */
    ok = !stream->got_headers || !stream->session;
    break;
  case EC_WT_FRAME_CANCEL_PUSH:
  case EC_WT_FRAME_SETTINGS:
  case EC_WT_FRAME_PUSH_PROMISE:
  case EC_WT_FRAME_GOAWAY:
  case EC_WT_FRAME_MAX_PUSH_ID:
  case 0x02: /* HTTP/2's */
  case 0x06:
  case 0x08:
  case 0x09:
    ok = FALSE;
    break;
  case EC_WT_STREAM_SESSION_BIDI:
    ec_wt_connection_fail (self, EC_H3_FRAME_ERROR, "WT_STREAM within a request");
    return FALSE;
  default:
    break;
  }
  if (!ok)
    ec_wt_connection_fail (self, EC_H3_FRAME_UNEXPECTED, "no frame for this place of a request");
  return ok;
}

static void
handle_section (EcWtConnection *self, EcWtStream *stream)
{
  g_autoptr (GByteArray) section = g_steal_pointer (&stream->value);
  g_autoptr (GArray) fields = NULL;
  guint64 error = 0;

  /* Trailers of what is no session. */
  if (stream->got_headers)
    return;
  fields = ec_wt_qpack_decode (self->qpack, section->data, section->len, &error);
  if (!fields && error == EC_QPACK_DECOMPRESSION_FAILED)
    ec_wt_connection_fail (self, error, "a field section cannot be decoded");
  else if (!fields)
    fail_session (self, stream, error, "a field section is malformed");
  else if (self->server)
    ec_wt_server_handle (self, stream, fields);
  else
    ec_wt_client_handle (self, stream, fields);
}

static void
on_headers (EcWtConnection *self, EcWtStream *stream, const EcWtTlvPiece *piece)
{
  if (piece->length > EC_WT_SECTION_MAX) {
    fail_session (self, stream, EC_H3_EXCESSIVE_LOAD, "a field section is too long");
    return;
  }
  if (!stream->value)
    stream->value = g_byte_array_new ();
  if (piece->size > 0)
    g_byte_array_append (stream->value, piece->data, (guint) piece->size);
  if (!piece->last)
    return;
  /* Drafts of WebTransport have the server wait for the client's SETTINGS. */
  if (self->server && !self->settings_received && !stream->got_headers)
    stream->waiting = TRUE;
  else
    handle_section (self, stream);
}

static void
on_piece (EcWtConnection *self, EcWtStream *stream, const EcWtTlvPiece *piece)
{
  if (piece->first && !check_frame (self, stream, piece))
    return;
  if (piece->type == EC_WT_FRAME_HEADERS)
    on_headers (self, stream, piece);
  else if (piece->type == EC_WT_FRAME_DATA && stream->session)
    on_capsules (self, stream, piece->data, piece->size);
}

static void
on_fin (EcWtConnection *self, EcWtStream *stream)
{
  if (!ec_wt_tlv_is_between (&stream->frames)) {
    ec_wt_connection_fail (self, EC_H3_FRAME_ERROR, "a request ended within a frame");
  } else if (stream->session) {
    /* Without a capsule it is code 0 and no reason. */
    if (ec_wt_tlv_is_between (&stream->capsules))
      end_by_peer (self, stream, 0, "");
    else
      fail_session (self, stream, EC_H3_MESSAGE_ERROR, "a session ended within a capsule");
  } else if (!stream->got_headers) {
    ec_wt_stream_reject (self, stream, EC_H3_REQUEST_INCOMPLETE);
  }
}

static void
wait_for_settings (EcWtConnection *self, EcWtStream *stream, EcReader *input, gboolean fin)
{
  gsize left = ec_reader_left (input);

  if (!stream->held)
    stream->held = g_byte_array_new ();
  stream->fin |= fin;
  if (left > EC_WT_HELD_MAX - stream->held->len)
    ec_wt_stream_reject (self, stream, EC_H3_EXCESSIVE_LOAD);
  else if (left > 0)
    g_byte_array_append (stream->held, input->data + input->pos, (guint) left);
}

void
ec_wt_request_data (
    EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size, gboolean fin)
{
  EcWtTlvPiece piece;
  EcReader input;

  ec_reader_init (&input, data, size);
  while (!self->over && stream->kind == EC_WT_KIND_REQUEST && !stream->waiting &&
         ec_wt_tlv_next (&stream->frames, &input, &piece))
    on_piece (self, stream, &piece);
  if (self->over || stream->kind != EC_WT_KIND_REQUEST)
    return;
  if (stream->waiting)
    wait_for_settings (self, stream, &input, fin);
  else if (fin)
    on_fin (self, stream);
}

static int
compare_streams (gconstpointer a, gconstpointer b)
{
  EcStreamId one = (*(EcWtStream *const *) a)->id, two = (*(EcWtStream *const *) b)->id;

  return one < two ? -1 : one > two;
}

void
ec_wt_request_resume_all (EcWtConnection *self)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    if (((EcWtStream *) value)->waiting)
      g_ptr_array_add (streams, value);
  }
  g_ptr_array_sort (streams, compare_streams);
  for (guint i = 0; i < streams->len && !self->over; i++) {
    EcWtStream *stream = streams->pdata[i];
    g_autoptr (GByteArray) held = g_steal_pointer (&stream->held);

    if (stream->kind != EC_WT_KIND_REQUEST)
      continue;
    stream->waiting = FALSE;
    handle_section (self, stream);
    if (held && !self->over)
      ec_wt_request_data (self, stream, held->data, held->len, stream->fin);
  }
}
