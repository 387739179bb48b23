/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-wire.h"

#define SETTINGS_MAX 64 /* known and unknown */

#define WT_ERROR_FIRST G_GUINT64_CONSTANT (0x52e4a40fa8db)
#define WT_ERROR_LAST G_GUINT64_CONSTANT (0x52e5ac983162)

/* The two numbers, once they are whole. */
static gboolean
read_head (EcWtTlv *self)
{
  EcReader reader;

  ec_reader_init (&reader, self->head, self->head_size);
  self->type = ec_wt_varint_read (&reader);
  self->length = ec_wt_varint_read (&reader);
  return !reader.failed;
}

gboolean
ec_wt_tlv_next (EcWtTlv *self, EcReader *input, EcWtTlvPiece *piece)
{
  gboolean first = FALSE;

  while (!self->in_value) {
    if (ec_reader_left (input) == 0)
      return FALSE;
    self->head[self->head_size++] = ec_reader_u8 (input);
    if (!read_head (self))
      continue;
    self->head_size = 0;
    self->left = self->length;
    self->in_value = TRUE;
    first = TRUE;
  }
  if (!first && ec_reader_left (input) == 0)
    return FALSE;

  piece->type = self->type;
  piece->length = self->length;
  piece->first = first;
  piece->size = (gsize) MIN (self->left, ec_reader_left (input));
  piece->data = ec_reader_bytes (input, piece->size);
  self->left -= piece->size;
  piece->last = self->left == 0;
  self->in_value = !piece->last;
  return TRUE;
}

void
ec_wt_tlv_append (GByteArray *array, guint64 type, const guint8 *data, gsize size)
{
  ec_wt_varint_append (array, type);
  ec_wt_varint_append (array, size);
  if (size > 0)
    g_byte_array_append (array, data, (guint) size);
}

/* Every 31st code of the range is one that HTTP/3 reserves for greasing, and left out. */
guint64
ec_wt_error_to_h3 (guint64 code)
{
  code = MIN (code, G_MAXUINT32);
  return WT_ERROR_FIRST + code + code / 0x1e;
}

gboolean
ec_wt_error_from_h3 (guint64 h3, guint32 *code)
{
  guint64 shifted;

  if (h3 < WT_ERROR_FIRST || h3 > WT_ERROR_LAST || (h3 - 0x21) % 0x1f == 0)
    return FALSE;
  shifted = h3 - WT_ERROR_FIRST;
  *code = (guint32) (shifted - shifted / 0x1f);
  return TRUE;
}

/* RFC 9114 §7.2.4.1, §11.2.2: those of HTTP/2 that HTTP/3 has no use for must not be there. */
static gboolean
is_reserved (guint64 id)
{
  return id == 0 || (id >= 2 && id <= 5);
}

guint64
ec_wt_settings_parse (EcWtSettings *self, const guint8 *data, gsize size)
{
  guint64 ids[SETTINGS_MAX];
  guint n = 0;
  EcReader reader;

  *self = (EcWtSettings){ .max_field_section = G_MAXUINT64 };
  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) > 0) {
    guint64 id = ec_wt_varint_read (&reader);
    guint64 value = ec_wt_varint_read (&reader);

    if (reader.failed)
      return EC_H3_FRAME_ERROR;
    if (n == SETTINGS_MAX)
      return EC_H3_EXCESSIVE_LOAD;
    for (guint i = 0; i < n; i++) {
      if (ids[i] == id)
        return EC_H3_SETTINGS_ERROR;
    }
    ids[n++] = id;
    if (is_reserved (id))
      return EC_H3_SETTINGS_ERROR;
    switch (id) {
    case EC_WT_SETTING_CONNECT_PROTOCOL:
    case EC_WT_SETTING_DATAGRAM:
      if (value > 1)
        return EC_H3_SETTINGS_ERROR;
      *(id == EC_WT_SETTING_DATAGRAM ? &self->datagram : &self->connect_protocol) |= value == 1;
      break;
    case EC_WT_SETTING_DATAGRAM_04:
      self->datagram |= value == 1;
      break;
    case EC_WT_SETTING_WEBTRANSPORT:
    case EC_WT_SETTING_MAX_SESSIONS:
    case EC_WT_SETTING_MAX_SESSIONS_13:
      self->webtransport |= value > 0;
      break;
    case EC_WT_SETTING_MAX_FIELD_SECTION:
      self->max_field_section = value;
      break;
    default:
      break;
    }
  }
  return 0;
}

void
ec_wt_settings_append (GByteArray *array, gboolean server, guint max_sessions)
{
  const guint64 settings[][2] = {
    { EC_WT_SETTING_QPACK_CAPACITY, 0 },
    { EC_WT_SETTING_QPACK_BLOCKED, 0 },
    { EC_WT_SETTING_CONNECT_PROTOCOL, 1 },
    { EC_WT_SETTING_DATAGRAM, 1 },
    { EC_WT_SETTING_DATAGRAM_04, 1 },
    { EC_WT_SETTING_WEBTRANSPORT, 1 },
    { EC_WT_SETTING_MAX_SESSIONS, server ? max_sessions : 1 },
  };
  g_autoptr (GByteArray) payload = g_byte_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    ec_wt_varint_append (payload, settings[i][0]);
    ec_wt_varint_append (payload, settings[i][1]);
  }
  ec_wt_varint_append (array, EC_WT_STREAM_CONTROL);
  ec_wt_tlv_append (array, EC_WT_FRAME_SETTINGS, payload->data, payload->len);
}
