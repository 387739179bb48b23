/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "base/ec-reader.h"

/* Numbers of HTTP/3 (RFC 9114), QPACK (RFC 9204), HTTP datagrams (RFC 9297), WebTransport (draft-ietf-webtrans-http3). */

/* Types of unidirectional streams. */
enum {
  EC_WT_STREAM_CONTROL = 0x00,
  EC_WT_STREAM_PUSH = 0x01,
  EC_WT_STREAM_QPACK_ENCODER = 0x02,
  EC_WT_STREAM_QPACK_DECODER = 0x03,
  EC_WT_STREAM_SESSION_UNI = 0x54,
  EC_WT_STREAM_SESSION_BIDI = 0x41, /* a signal at the beginning of a bidirectional one */
};

enum {
  EC_WT_FRAME_DATA = 0x00,
  EC_WT_FRAME_HEADERS = 0x01,
  EC_WT_FRAME_CANCEL_PUSH = 0x03,
  EC_WT_FRAME_SETTINGS = 0x04,
  EC_WT_FRAME_PUSH_PROMISE = 0x05,
  EC_WT_FRAME_GOAWAY = 0x07,
  EC_WT_FRAME_MAX_PUSH_ID = 0x0d,
};

enum {
  EC_WT_SETTING_QPACK_CAPACITY = 0x01,
  EC_WT_SETTING_MAX_FIELD_SECTION = 0x06,
  EC_WT_SETTING_QPACK_BLOCKED = 0x07,
  EC_WT_SETTING_CONNECT_PROTOCOL = 0x08,      /* RFC 9220 */
  EC_WT_SETTING_DATAGRAM = 0x33,              /* RFC 9297 */
  EC_WT_SETTING_DATAGRAM_04 = 0xffd277,       /* its draft 04 */
  EC_WT_SETTING_WEBTRANSPORT = 0x2b603742,    /* drafts 02 to 06 */
  EC_WT_SETTING_MAX_SESSIONS = 0xc671706a,    /* drafts 07 to 12 */
  EC_WT_SETTING_MAX_SESSIONS_13 = 0x14e9cd29, /* draft 13 */
};

enum {
  EC_WT_CAPSULE_CLOSE = 0x2843,
  EC_WT_CAPSULE_DRAIN = 0x78ae,
};
#define EC_WT_CLOSE_REASON_MAX 1024

typedef enum {
  EC_H3_NO_ERROR = 0x100,
  EC_H3_GENERAL_PROTOCOL_ERROR = 0x101,
  EC_H3_INTERNAL_ERROR = 0x102,
  EC_H3_STREAM_CREATION_ERROR = 0x103,
  EC_H3_CLOSED_CRITICAL_STREAM = 0x104,
  EC_H3_FRAME_UNEXPECTED = 0x105,
  EC_H3_FRAME_ERROR = 0x106,
  EC_H3_EXCESSIVE_LOAD = 0x107,
  EC_H3_ID_ERROR = 0x108,
  EC_H3_SETTINGS_ERROR = 0x109,
  EC_H3_MISSING_SETTINGS = 0x10a,
  EC_H3_REQUEST_REJECTED = 0x10b,
  EC_H3_REQUEST_CANCELLED = 0x10c,
  EC_H3_REQUEST_INCOMPLETE = 0x10d,
  EC_H3_MESSAGE_ERROR = 0x10e,
  EC_H3_DATAGRAM_ERROR = 0x33,
  EC_QPACK_DECOMPRESSION_FAILED = 0x200,
  EC_QPACK_ENCODER_STREAM_ERROR = 0x201,
  EC_QPACK_DECODER_STREAM_ERROR = 0x202,
  EC_WT_BUFFERED_STREAM_REJECTED = 0x3994bd84,
  EC_WT_SESSION_GONE = 0x170d7b68,
  EC_WT_ALPN_ERROR = 0x0817b3dd,
} EcH3Error;

/* Variable-length integers, RFC 9000 §16. */
#define EC_WT_VARINT_MAX ((G_GUINT64_CONSTANT (1) << 62) - 1)

static inline guint
ec_wt_varint_size (guint64 value)
{
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x40000000 ? 4 : 8;
}

static inline void
ec_wt_varint_append (GByteArray *array, guint64 value)
{
  guint size = ec_wt_varint_size (value);
  guint8 bytes[8];

  for (guint i = 0; i < size; i++)
    bytes[i] = (guint8) (value >> (8 * (size - 1 - i)));
  bytes[0] |= (guint8) ((size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3) << 6);
  g_byte_array_append (array, bytes, size);
}

static inline guint64
ec_wt_varint_read (EcReader *reader)
{
  guint64 value = ec_reader_u8 (reader);
  guint more = (1u << (value >> 6)) - 1;

  value &= 0x3f;
  for (guint i = 0; i < more; i++)
    value = value << 8 | ec_reader_u8 (reader);
  return value;
}

/*
 * Type, length, value: HTTP/3's frames (RFC 9114 §7.1) and capsules (RFC 9297 §3.2), as they come. Nothing is kept but
 * the two numbers.
 */
typedef struct {
  guint8 head[16];
  guint head_size;
  guint64 type, length;
  guint64 left; /* of the value */
  gboolean in_value;
} EcWtTlv;

typedef struct {
  guint64 type, length;
  const guint8 *data; /* the next bytes of the value, in place */
  gsize size;
  gboolean first, last;
} EcWtTlvPiece;

/* The next piece of `input`; FALSE when it is used up. The first piece of a value may have no bytes yet. */
gboolean ec_wt_tlv_next (EcWtTlv *self, EcReader *input, EcWtTlvPiece *piece);
/* Whether the input may end here. */
static inline gboolean
ec_wt_tlv_is_between (const EcWtTlv *self)
{
  return !self->in_value && self->head_size == 0;
}

/* Appends type, length and value. */
void ec_wt_tlv_append (GByteArray *array, guint64 type, const guint8 *data, gsize size);

/* An application's code as HTTP/3 carries it (draft-ietf-webtrans-http3 §4.3). */
guint64 ec_wt_error_to_h3 (guint64 code);
/* … and back; FALSE: it is no application's. */
gboolean ec_wt_error_from_h3 (guint64 h3, guint32 *code);

/* What matters of SETTINGS (RFC 9114 §7.2.4). */
typedef struct {
  gboolean connect_protocol;
  gboolean datagram;
  gboolean webtransport;
  guint64 max_field_section; /* bytes; G_MAXUINT64: no limit */
} EcWtSettings;

/* The whole payload of the frame; returns 0 or the error of the connection. */
guint64 ec_wt_settings_parse (EcWtSettings *self, const guint8 *data, gsize size);
/* The control stream's beginning: its type, and our SETTINGS. */
void ec_wt_settings_append (GByteArray *array, gboolean server, guint max_sessions);
