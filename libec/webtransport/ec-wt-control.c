/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"

/* RFC 9114 §7.2, table 1: what has no place on a control stream, and HTTP/2's (§7.2.8). */
static gboolean
is_unexpected (EcWtConnection *self, guint64 type)
{
  switch (type) {
  case EC_WT_FRAME_DATA:
  case EC_WT_FRAME_HEADERS:
  case EC_WT_FRAME_PUSH_PROMISE:
  case 0x02:
  case 0x06:
  case 0x08:
  case 0x09:
    return TRUE;
  case EC_WT_FRAME_SETTINGS:
    return self->settings_received;
  case EC_WT_FRAME_MAX_PUSH_ID:
    return !self->server;
  default:
    return FALSE;
  }
}

/* Frames that are read; all others are skipped, greasing ones and PRIORITY_UPDATE among them. */
static gboolean
is_known (guint64 type)
{
  return type == EC_WT_FRAME_SETTINGS || type == EC_WT_FRAME_GOAWAY ||
         type == EC_WT_FRAME_MAX_PUSH_ID || type == EC_WT_FRAME_CANCEL_PUSH;
}

static void
on_settings (EcWtConnection *self, const GByteArray *value)
{
  guint64 error = ec_wt_settings_parse (&self->settings, value->data, value->len);

  if (error != 0) {
    ec_wt_connection_fail (self, error, "SETTINGS are malformed");
    return;
  }
  self->settings_received = TRUE;
  if (self->server)
    ec_wt_request_resume_all (self);
  else
    ec_wt_client_proceed (self);
}

/* The frames of one number. */
static void
on_number (EcWtConnection *self, guint64 type, const GByteArray *value)
{
  EcReader reader;
  guint64 number;

  ec_reader_init (&reader, value->data, value->len);
  number = ec_wt_varint_read (&reader);
  if (reader.failed || ec_reader_left (&reader) > 0) {
    ec_wt_connection_fail (self, EC_H3_FRAME_ERROR, "a frame of the control stream is malformed");
  } else if (type == EC_WT_FRAME_GOAWAY) {
    /* §5.2: ids only fall; a server names the client's bidirectional streams. */
    if (number > self->goaway || (!self->server && number % 4 != 0))
      ec_wt_connection_fail (self, EC_H3_ID_ERROR, "GOAWAY with a wrong id");
    self->goaway = number;
    ec_wt_client_proceed (self);
  } else if (type == EC_WT_FRAME_MAX_PUSH_ID) {
    if (number + 1 < self->max_push_id)
      ec_wt_connection_fail (self, EC_H3_ID_ERROR, "MAX_PUSH_ID fell");
    self->max_push_id = number + 1;
  } else {
    /* CANCEL_PUSH, and nothing was ever pushed (§7.2.3). */
    ec_wt_connection_fail (self, EC_H3_ID_ERROR, "CANCEL_PUSH without a push");
  }
}

static void
on_piece (EcWtConnection *self, EcWtStream *stream, const EcWtTlvPiece *piece)
{
  if (piece->first) {
    if (!self->settings_received && piece->type != EC_WT_FRAME_SETTINGS) {
      ec_wt_connection_fail (self, EC_H3_MISSING_SETTINGS, "SETTINGS do not come first");
      return;
    }
    if (is_unexpected (self, piece->type)) {
      ec_wt_connection_fail (self, EC_H3_FRAME_UNEXPECTED, "no frame for a control stream");
      return;
    }
    if (is_known (piece->type) && piece->length > EC_WT_SETTINGS_MAX) {
      ec_wt_connection_fail (self, EC_H3_EXCESSIVE_LOAD, "a frame is too long");
      return;
    }
    if (!stream->value)
      stream->value = g_byte_array_new ();
    g_byte_array_set_size (stream->value, 0);
  }
  if (!is_known (piece->type))
    return;
  if (piece->size > 0)
    g_byte_array_append (stream->value, piece->data, (guint) piece->size);
  if (!piece->last)
    return;
  if (piece->type == EC_WT_FRAME_SETTINGS)
    on_settings (self, stream->value);
  else
    on_number (self, piece->type, stream->value);
}

void
ec_wt_control_data (EcWtConnection *self, EcWtStream *stream, EcReader *input)
{
  EcWtTlvPiece piece;

  while (!self->over && ec_wt_tlv_next (&stream->frames, input, &piece))
    on_piece (self, stream, &piece);
}
