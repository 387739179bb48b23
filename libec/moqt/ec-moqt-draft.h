/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-reader.h"
#include "moqt/ec-moqt-message.h"

/*
 * EcMoqtDraft: one draft of MOQT as a table. Which one a session speaks is chosen once, by ALPN or WebTransport's
 * protocol; nobody else asks. A further draft is one more file with one more table.
 *
 * Readers take what there is so far, and say: done, more is needed, or what is wrong. Nothing is taken from the reader
 * unless it is done. Writers append to `out` and cannot fail on what a reader of ours would accept.
 */

typedef enum {
  EC_MOQT_READ_DONE,
  EC_MOQT_READ_MORE, /* not all there; with the end of the stream that is an error of the peer */
  EC_MOQT_READ_BAD,  /* close the session with problem.code */
} EcMoqtRead;

/* What to close the session with, and why in words. */
typedef struct {
  EcMoqtCloseCode code;
  const char *text; /* static */
} EcMoqtProblem;

/* How requests travel. */
typedef enum {
  EC_MOQT_SHAPE_ONE_CONTROL_STREAM, /* 14, 16: all on the client's first bidi stream, but for what `own_stream` names */
  EC_MOQT_SHAPE_REQUEST_STREAMS, /* since 17: a control stream each way (uni), each request on a bidi stream */
} EcMoqtShape;

typedef enum {
  EC_MOQT_STREAM_CONTROL, /* since 17: the first message, SETUP, follows (its type is the stream's type) */
  EC_MOQT_STREAM_SUBGROUP,
  EC_MOQT_STREAM_FETCH,
  EC_MOQT_STREAM_PADDING,
} EcMoqtStreamKind;

/* §11.4.2 */
typedef enum {
  EC_MOQT_SUBGROUP_ID_ZERO,
  EC_MOQT_SUBGROUP_ID_FIRST_OBJECT,
  EC_MOQT_SUBGROUP_ID_GIVEN,
} EcMoqtSubgroupIdMode;

/* How a unidirectional stream begins. */
typedef struct {
  EcMoqtStreamKind kind;
  /* subgroup */
  guint64 track_alias;
  guint64 group;
  EcMoqtSubgroupIdMode id_mode;
  guint64 subgroup; /* of GIVEN */
  gboolean has_priority;
  guint8 priority;
  gboolean has_properties; /* each object has a properties field */
  gboolean end_of_group;   /* its last object is the group's last, if the stream ends with FIN */
  gboolean first_object;   /* begins with the subgroup's first object; never set up to 16 */
  /* fetch */
  guint64 request_id;
} EcMoqtStreamHead;

/* §11.2.1.1 */
typedef enum {
  EC_MOQT_OBJECT_NORMAL = 0,
  EC_MOQT_OBJECT_END_OF_GROUP = 3,
  EC_MOQT_OBJECT_END_OF_TRACK = 4,
} EcMoqtObjectStatus;

typedef enum {
  EC_MOQT_ITEM_OBJECT,
  EC_MOQT_ITEM_END_OF_NON_EXISTENT_RANGE, /* fetch: nothing from the last item to here, included, exists */
  EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE, /* … is known */
} EcMoqtItemKind;

/* An object's head, or a range, in a subgroup or fetch stream, or a datagram. `size` bytes of payload follow. */
typedef struct {
  EcMoqtItemKind kind;
  EcMoqtLocation location;
  gboolean datagram; /* its forwarding preference; then without subgroup */
  guint64 subgroup;
  gboolean has_priority; /* else the track's default */
  guint8 priority;
  EcMoqtObjectStatus status;
  gboolean end_of_group;        /* datagrams: nothing follows in the group */
  EcMoqtProperties *properties; /* owned by the item; nullable */
  guint64 size;
} EcMoqtItem;

void ec_moqt_item_clear (EcMoqtItem *self);

/* What one item of a stream says by reference to those before it; zeroed at first. One for each stream and direction. */
typedef struct {
  EcMoqtStreamHead head;
  gboolean descending;   /* fetch: the order asked for */
  gboolean any;          /* an item went before */
  gboolean any_object;   /* fetch: and one of them was an object */
  gboolean behind_range; /* fetch: the last of them was none */
  EcMoqtLocation last;
  guint64 subgroup;
  guint8 priority;
} EcMoqtStreamContext;

#define EC_MOQT_MAX_STREAM_HEAD 64
/* The largest properties field of an object that is read; more is EXCESSIVE: the peer's mistake or malice. */
#define EC_MOQT_MAX_OBJECT_PROPERTIES 16384

typedef struct {
  guint number;     /* 16 */
  const char *alpn; /* "moqt-16"; also WebTransport's protocol */
  guint64
      max_number; /* that it can say; larger ids exist in others, and objects that have them not in this one */
  EcMoqtShape shape;
  guint32
      own_stream; /* ONE_CONTROL_STREAM: kinds of message (1 << kind) that go on a bidi stream of their own */
  /* A parameter or property in an answer that it is not for ends the session; else it is passed over. */
  gboolean strict_params;
  gboolean mandatory_properties; /* types that must be understood (§2.6.1) */
  gboolean publish_blocked;      /* the message exists */
  gboolean request_credit;       /* requests are limited by MAX_REQUEST_ID */
  guint min_fields;              /* of a namespace that is no prefix or suffix */
  gboolean reserved_namespaces; /* “.” and “.session” are not the application's (§3.2.1) */
  gboolean moves_prefixes;      /* an update may change a prefix (§10.9.2) */
  /* Prefixes may not overlap whatever is asked for below them; else those that ask for namespaces do not meet those that
   * ask for tracks. */
  gboolean one_prefix_space;
  /* What may be joined by a FETCH is a subscription that begins at the largest object, by what was the largest when it
   * began; else one that forwards, by what was when it last began to (§5.1). */
  gboolean joins_by_filter;

  /* A whole control message with its type and length. `server`: who sends it, for SETUP and rules that differ. */
  EcMoqtRead (*read_message) (EcReader *reader,
                              gboolean from_server,
                              EcMoqtMessage *message,
                              EcMoqtProblem *problem);
  void (*write_message) (GByteArray *out, gboolean from_server, const EcMoqtMessage *message);

  /* The type of a unidirectional stream and its head. Of CONTROL nothing is taken from the reader. */
  EcMoqtRead (*read_stream_head) (EcReader *reader, EcMoqtStreamHead *head, EcMoqtProblem *problem);
  void (*write_stream_head) (GByteArray *out, const EcMoqtStreamHead *head);

  /* The next item's head; context->head must be what the stream began with. */
  EcMoqtRead (*read_item) (EcReader *reader,
                           EcMoqtStreamContext *context,
                           EcMoqtItem *item,
                           EcMoqtProblem *problem);
  void (*write_item) (GByteArray *out, EcMoqtStreamContext *context, const EcMoqtItem *item);

  /* A whole datagram; its payload is what is left in the reader. `*padding`: there is nothing in it. */
  EcMoqtRead (*read_datagram) (EcReader *reader,
                               guint64 *track_alias,
                               EcMoqtItem *item,
                               gboolean *padding,
                               EcMoqtProblem *problem);
  void (*write_datagram_head) (GByteArray *out, guint64 track_alias, const EcMoqtItem *item);

  guint64 (*reset_code) (EcMoqtResetCode code);      /* to the wire … */
  EcMoqtResetCode (*reset_code_read) (guint64 code); /* … and from it */
} EcMoqtDraft;

extern const EcMoqtDraft ec_moqt_draft_16;
extern const EcMoqtDraft ec_moqt_draft_18;

/* All of them, the one we like best first; NULL-terminated. */
const EcMoqtDraft *const *ec_moqt_drafts (void);
/* By ALPN or WebTransport protocol; NULL: not ours. */
const EcMoqtDraft *ec_moqt_draft_find (const char *alpn);
/* Their names for ALPN, NULL-terminated, static. */
const char *const *ec_moqt_draft_alpns (void);
