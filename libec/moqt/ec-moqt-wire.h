/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-draft.h"
#include "moqt/ec-moqt-varint.h"

/*
 * What the drafts' files are made of: fields that look alike in all of them, given the traits of the draft, and messages
 * as lists of such fields. Sections are draft-ietf-moq-transport-18's.
 */

/* One row of a table of codes. The first row with the neutral code is written, the first with the wire's is read. */
typedef struct {
  guint64 wire;
  int code;
} EcMoqtCode;

/* How a message parameter's value looks. */
typedef enum {
  EC_MOQT_FORM_NUMBER,
  EC_MOQT_FORM_BYTE,
  EC_MOQT_FORM_LOCATION,
  EC_MOQT_FORM_SIZED_LOCATION,
  EC_MOQT_FORM_FILTER, /* always with its size */
  EC_MOQT_FORM_NAMESPACE,
  EC_MOQT_FORM_TOKEN, /* always with its size; may be repeated */
} EcMoqtParamForm;

/* A message parameter; tables of them are in ascending order of type and end with kinds 0. */
typedef struct {
  guint64 type;
  EcMoqtParamFlags flag; /* 0: the token */
  EcMoqtParamForm form;
  guint64 min, max; /* of numbers and bytes */
  guint32 kinds;    /* 1 << kind of each message that it may be in */
} EcMoqtParamRule;

#define EC_MOQT_IN(kind) (1u << (kind))

typedef struct {
  const EcMoqtVarint *varint;
  guint min_fields; /* of a namespace that is no prefix or suffix */
  const EcMoqtParamRule *params;
  /* A parameter in a message that it is not for is passed over as a Key-Value-Pair; else the session ends. */
  gboolean stray_params_ignored;
  gboolean filter_has_delta;      /* of the end group, not its number */
  gboolean zero_timeout_is_wrong; /* as a track's property */
  const EcMoqtCode *error_codes;  /* tables that end with code −1 */
  const EcMoqtCode *done_codes;
  const EcMoqtCode *reset_codes;
  /* streams and datagrams */
  gboolean has_first_object;
  gboolean fetch_has_deltas;
  gboolean has_padding;
  guint64 control_stream; /* type of; 0: there is none */
} EcMoqtWire;

/* Reads one thing. Once something is wrong all that is read is 0 or NULL. */
typedef struct {
  EcReader reader;
  const EcMoqtWire *wire;
  gboolean from_server;
  EcMoqtMessageKind kind;
  EcMoqtProblem problem;
  gboolean bad; /* `problem` is set */
} EcMoqtIn;

typedef struct {
  GByteArray *out;
  const EcMoqtWire *wire;
  gboolean from_server;
} EcMoqtOut;

#define EC_MOQT_MAX_REASON 1024       /* §1.4.4 */
#define EC_MOQT_MAX_URI 8192          /* §10.4 */
#define EC_MOQT_MAX_KVP_SIZE 65535    /* §1.4.3 */
#define EC_MOQT_MAX_N_PROPERTIES 1024 /* ours, in one list */

/* The first problem stays. */
void ec_moqt_in_fail (EcMoqtIn *self, EcMoqtCloseCode code, const char *text);
/* A reader of the next `size` bytes as one whole: what is not in there does not come later. */
void ec_moqt_in_sub (EcMoqtIn *self, guint64 size, EcMoqtIn *sub);
/* Takes over what went wrong in `sub`; `code` and `text` if it was too short or something is left in it. */
gboolean
ec_moqt_in_sub_done (EcMoqtIn *self, EcMoqtIn *sub, EcMoqtCloseCode code, const char *text);

guint64 ec_moqt_in_number (EcMoqtIn *self);
EcMoqtLocation ec_moqt_in_location (EcMoqtIn *self);
/* A namespace of at least `min_fields`; with `track` a track's name behind it. NULL if something is wrong. */
EcMoqtName *ec_moqt_in_name (EcMoqtIn *self, guint min_fields, gboolean track);
/* A size and as many bytes, at most `max`, that become valid UTF-8. */
char *ec_moqt_in_text (EcMoqtIn *self, gsize max, const char *too_long);
void ec_moqt_in_token (EcMoqtIn *self, EcMoqtParams *params);
void ec_moqt_in_params (EcMoqtIn *self, EcMoqtParams *params);
/* All that is left is Key-Value-Pairs. */
EcMoqtProperties *ec_moqt_in_properties (EcMoqtIn *self);
/* The type of the next Key-Value-Pair, by the one before it. */
guint64 ec_moqt_in_type (EcMoqtIn *self, guint64 previous);
/* The value of an odd one. */
EcMoqtField ec_moqt_in_value (EcMoqtIn *self);

void ec_moqt_out_number (const EcMoqtOut *self, guint64 number);
void ec_moqt_out_byte (const EcMoqtOut *self, guint8 byte);
void ec_moqt_out_location (const EcMoqtOut *self, EcMoqtLocation location);
void ec_moqt_out_bytes (const EcMoqtOut *self, const guint8 *data, gsize size); /* and their size */
void ec_moqt_out_text (const EcMoqtOut *self, const char *text, gsize max);     /* nullable */
void
ec_moqt_out_name (const EcMoqtOut *self, const EcMoqtName *name, gboolean track); /* nullable */
void ec_moqt_out_token (const EcMoqtOut *self, const EcMoqtToken *token);
void ec_moqt_out_params (const EcMoqtOut *self, EcMoqtMessageKind kind, const EcMoqtParams *params);
/* `track`: they are a track's; what it must not say in this draft is left out then. */
void
ec_moqt_out_properties (const EcMoqtOut *self, const EcMoqtProperties *properties, gboolean track);

int ec_moqt_code_read (const EcMoqtCode *codes, guint64 wire);
guint64 ec_moqt_code_write (const EcMoqtCode *codes, int code);

/* Something that messages are made of. */
typedef struct {
  void (*read) (EcMoqtIn *in, EcMoqtMessage *message);
  void (*write) (const EcMoqtOut *out, const EcMoqtMessage *message);
} EcMoqtPart;

#define EC_MOQT_MAX_PARTS 7

/* A message: its type on the wire and what it is made of. Tables end with kind 0. */
typedef struct {
  guint64 type;
  EcMoqtMessageKind kind;
  const EcMoqtPart *parts[EC_MOQT_MAX_PARTS + 1];
} EcMoqtMessageRule;

extern const EcMoqtPart ec_moqt_part_request_id;
extern const EcMoqtPart ec_moqt_part_existing_request_id;
extern const EcMoqtPart ec_moqt_part_max_request_id;
extern const EcMoqtPart ec_moqt_part_track_name;
extern const EcMoqtPart ec_moqt_part_namespace;
extern const EcMoqtPart ec_moqt_part_prefix;       /* or suffix: may be empty */
extern const EcMoqtPart ec_moqt_part_track_suffix; /* a suffix and a track's name */
extern const EcMoqtPart ec_moqt_part_track_alias;
extern const EcMoqtPart ec_moqt_part_params;
extern const EcMoqtPart ec_moqt_part_track_properties; /* all that is left */
extern const EcMoqtPart ec_moqt_part_error_code;
extern const EcMoqtPart ec_moqt_part_retry;
extern const EcMoqtPart ec_moqt_part_reason;
extern const EcMoqtPart ec_moqt_part_done_code;
extern const EcMoqtPart ec_moqt_part_stream_count;
extern const EcMoqtPart ec_moqt_part_goaway_uri;
extern const EcMoqtPart ec_moqt_part_timeout;
extern const EcMoqtPart ec_moqt_part_fetch;
extern const EcMoqtPart ec_moqt_part_end_of_track;
extern const EcMoqtPart ec_moqt_part_end_location;

/* The first rule with the type is read, the first with the kind is written. */
EcMoqtRead ec_moqt_wire_read_message (const EcMoqtWire *wire,
                                      const EcMoqtMessageRule *rules,
                                      EcReader *reader,
                                      gboolean from_server,
                                      EcMoqtMessage *message,
                                      EcMoqtProblem *problem);
void ec_moqt_wire_write_message (const EcMoqtWire *wire,
                                 const EcMoqtMessageRule *rules,
                                 GByteArray *out,
                                 gboolean from_server,
                                 const EcMoqtMessage *message);

/* The setup options that all drafts have: Key-Value-Pairs, `n` of them or all that is left (G_MAXUINT64). */
void ec_moqt_in_setup_options (EcMoqtIn *in,
                               guint64 n,
                               gboolean has_max_request_id,
                               EcMoqtMessage *message);
/* Returns how many they are. */
guint ec_moqt_out_setup_options (const EcMoqtOut *out,
                                 gboolean has_max_request_id,
                                 const EcMoqtMessage *message);

/* What EcMoqtDraft has of streams and datagrams. */
EcMoqtRead ec_moqt_wire_read_stream_head (const EcMoqtWire *wire,
                                          EcReader *reader,
                                          EcMoqtStreamHead *head,
                                          EcMoqtProblem *problem);
void ec_moqt_wire_write_stream_head (const EcMoqtWire *wire,
                                     GByteArray *out,
                                     const EcMoqtStreamHead *head);
EcMoqtRead ec_moqt_wire_read_item (const EcMoqtWire *wire,
                                   EcReader *reader,
                                   EcMoqtStreamContext *context,
                                   EcMoqtItem *item,
                                   EcMoqtProblem *problem);
void ec_moqt_wire_write_item (const EcMoqtWire *wire,
                              GByteArray *out,
                              EcMoqtStreamContext *context,
                              const EcMoqtItem *item);
EcMoqtRead ec_moqt_wire_read_datagram (const EcMoqtWire *wire,
                                       EcReader *reader,
                                       guint64 *track_alias,
                                       EcMoqtItem *item,
                                       gboolean *padding,
                                       EcMoqtProblem *problem);
void ec_moqt_wire_write_datagram_head (const EcMoqtWire *wire,
                                       GByteArray *out,
                                       guint64 track_alias,
                                       const EcMoqtItem *item);

/* Those of a draft's table that differ in traits alone. */
#define EC_MOQT_DEFINE_DATA_FUNCTIONS(wire)                                                        \
  static EcMoqtRead read_stream_head (EcReader *reader, EcMoqtStreamHead *head,                    \
                                      EcMoqtProblem *problem)                                      \
  {                                                                                                \
    return ec_moqt_wire_read_stream_head (&wire, reader, head, problem);                           \
  }                                                                                                \
  static void write_stream_head (GByteArray *out, const EcMoqtStreamHead *head)                    \
  {                                                                                                \
    ec_moqt_wire_write_stream_head (&wire, out, head);                                             \
  }                                                                                                \
  static EcMoqtRead read_item (EcReader *reader, EcMoqtStreamContext *context, EcMoqtItem *item,   \
                               EcMoqtProblem *problem)                                             \
  {                                                                                                \
    return ec_moqt_wire_read_item (&wire, reader, context, item, problem);                         \
  }                                                                                                \
  static void write_item (GByteArray *out, EcMoqtStreamContext *context, const EcMoqtItem *item)   \
  {                                                                                                \
    ec_moqt_wire_write_item (&wire, out, context, item);                                           \
  }                                                                                                \
  static EcMoqtRead read_datagram (EcReader *reader, guint64 *track_alias, EcMoqtItem *item,       \
                                   gboolean *padding, EcMoqtProblem *problem)                      \
  {                                                                                                \
    return ec_moqt_wire_read_datagram (&wire, reader, track_alias, item, padding, problem);        \
  }                                                                                                \
  static void write_datagram_head (GByteArray *out, guint64 track_alias, const EcMoqtItem *item)   \
  {                                                                                                \
    ec_moqt_wire_write_datagram_head (&wire, out, track_alias, item);                              \
  }                                                                                                \
  static guint64 reset_code (EcMoqtResetCode code)                                                 \
  {                                                                                                \
    return ec_moqt_code_write (wire.reset_codes, (int) code);                                      \
  }                                                                                                \
  static EcMoqtResetCode reset_code_read (guint64 code)                                            \
  {                                                                                                \
    return (EcMoqtResetCode) ec_moqt_code_read (wire.reset_codes, code);                           \
  }

#define EC_MOQT_DATA_FUNCTIONS                                                                     \
  .read_stream_head = read_stream_head, .write_stream_head = write_stream_head,                    \
  .read_item = read_item, .write_item = write_item, .read_datagram = read_datagram,                \
  .write_datagram_head = write_datagram_head, .reset_code = reset_code,                            \
  .reset_code_read = reset_code_read
