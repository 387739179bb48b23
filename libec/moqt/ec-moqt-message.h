/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-name.h"
#include "moqt/ec-moqt-properties.h"

/*
 * What MOQT's messages say, whatever the draft: the codecs read and write these, and nobody else knows how they look
 * on the wire. Sections are draft-ietf-moq-transport-18's.
 */

/* §1.4.2. Beyond the last object of group g is { g + 1, 0 } or { g, last + 1 }. */
typedef struct {
  guint64 group;
  guint64 object;
} EcMoqtLocation;

static inline int
ec_moqt_location_compare (EcMoqtLocation a, EcMoqtLocation b)
{
  if (a.group != b.group)
    return a.group < b.group ? -1 : 1;
  return a.object == b.object ? 0 : a.object < b.object ? -1 : 1;
}

typedef enum {
  EC_MOQT_GROUP_ORDER_DEFAULT = 0, /* not said */
  EC_MOQT_GROUP_ORDER_ASCENDING = 1,
  EC_MOQT_GROUP_ORDER_DESCENDING = 2,
} EcMoqtGroupOrder;

typedef enum {
  EC_MOQT_FILTER_NONE = 0, /* all that is published from now on */
  EC_MOQT_FILTER_NEXT_GROUP = 1,
  EC_MOQT_FILTER_LARGEST_OBJECT = 2,
  EC_MOQT_FILTER_ABSOLUTE_START = 3,
  EC_MOQT_FILTER_ABSOLUTE_RANGE = 4,
} EcMoqtFilterKind;

/* §5.1.2 */
typedef struct {
  EcMoqtFilterKind kind;
  EcMoqtLocation start; /* of the absolute ones */
  guint64 end_group;    /* of a range: the last one, included */
} EcMoqtFilter;

/* Session termination, §3.5: what a session is closed with. */
typedef enum {
  EC_MOQT_CLOSE_NO_ERROR = 0x0,
  EC_MOQT_CLOSE_INTERNAL_ERROR = 0x1,
  EC_MOQT_CLOSE_UNAUTHORIZED = 0x2,
  EC_MOQT_CLOSE_PROTOCOL_VIOLATION = 0x3,
  EC_MOQT_CLOSE_INVALID_REQUEST_ID = 0x4,
  EC_MOQT_CLOSE_DUPLICATE_TRACK_ALIAS = 0x5,
  EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR = 0x6,
  EC_MOQT_CLOSE_TOO_MANY_REQUESTS = 0x7, /* up to 16 */
  EC_MOQT_CLOSE_INVALID_PATH = 0x8,
  EC_MOQT_CLOSE_MALFORMED_PATH = 0x9,
  EC_MOQT_CLOSE_GOAWAY_TIMEOUT = 0x10,
  EC_MOQT_CLOSE_CONTROL_MESSAGE_TIMEOUT = 0x11,
  EC_MOQT_CLOSE_DATA_STREAM_TIMEOUT = 0x12,
  EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW = 0x13,
  EC_MOQT_CLOSE_DUPLICATE_AUTH_TOKEN_ALIAS = 0x14,
  EC_MOQT_CLOSE_VERSION_NEGOTIATION_FAILED = 0x15,
  EC_MOQT_CLOSE_MALFORMED_AUTH_TOKEN = 0x16,
  EC_MOQT_CLOSE_UNKNOWN_AUTH_TOKEN_ALIAS = 0x17,
  EC_MOQT_CLOSE_EXPIRED_AUTH_TOKEN = 0x18,
  EC_MOQT_CLOSE_INVALID_AUTHORITY = 0x19,
  EC_MOQT_CLOSE_MALFORMED_AUTHORITY = 0x1a,
} EcMoqtCloseCode;

/* REQUEST_ERROR, §10.6. Draft-neutral: a codec maps what its draft has no code for to the nearest that it has, and unknown
 * codes that it reads to INTERNAL_ERROR (§14). */
typedef enum {
  EC_MOQT_ERROR_INTERNAL_ERROR,
  EC_MOQT_ERROR_UNAUTHORIZED,
  EC_MOQT_ERROR_TIMEOUT,
  EC_MOQT_ERROR_NOT_SUPPORTED,
  EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN,
  EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN,
  EC_MOQT_ERROR_GOING_AWAY,
  EC_MOQT_ERROR_EXCESSIVE_LOAD,
  EC_MOQT_ERROR_DOES_NOT_EXIST,
  EC_MOQT_ERROR_INVALID_RANGE,
  EC_MOQT_ERROR_MALFORMED_TRACK,
  EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION,
  EC_MOQT_ERROR_UNINTERESTED,
  EC_MOQT_ERROR_PREFIX_OVERLAP,
  EC_MOQT_ERROR_NAMESPACE_TOO_LARGE,
  EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID,
  EC_MOQT_ERROR_UNSUPPORTED_EXTENSION,
  EC_MOQT_ERROR_REDIRECT,
  EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS,
} EcMoqtErrorCode;

/* PUBLISH_DONE, §10.11. */
typedef enum {
  EC_MOQT_DONE_INTERNAL_ERROR,
  EC_MOQT_DONE_UNAUTHORIZED,
  EC_MOQT_DONE_TRACK_ENDED,
  EC_MOQT_DONE_SUBSCRIPTION_ENDED,
  EC_MOQT_DONE_GOING_AWAY,
  EC_MOQT_DONE_TOO_FAR_BEHIND,
  EC_MOQT_DONE_EXPIRED,
  EC_MOQT_DONE_UPDATE_FAILED,
  EC_MOQT_DONE_EXCESSIVE_LOAD,
  EC_MOQT_DONE_MALFORMED_TRACK,
} EcMoqtDoneCode;

/* Resets and STOP_SENDING, §3.3.3. */
typedef enum {
  EC_MOQT_RESET_INTERNAL_ERROR,
  EC_MOQT_RESET_CANCELLED,
  EC_MOQT_RESET_DELIVERY_TIMEOUT,
  EC_MOQT_RESET_SESSION_CLOSED,
  EC_MOQT_RESET_GOING_AWAY,
  EC_MOQT_RESET_TOO_FAR_BEHIND,
  EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS,
  EC_MOQT_RESET_EXPIRED_AUTH_TOKEN,
  EC_MOQT_RESET_EXCESSIVE_LOAD,
  EC_MOQT_RESET_MALFORMED_TRACK,
} EcMoqtResetCode;

typedef enum {
  EC_MOQT_TOKEN_DELETE = 0,
  EC_MOQT_TOKEN_REGISTER = 1,
  EC_MOQT_TOKEN_USE_ALIAS = 2,
  EC_MOQT_TOKEN_USE_VALUE = 3,
} EcMoqtTokenKind;

/* AUTHORIZATION TOKEN, §10.2.2. */
typedef struct {
  EcMoqtTokenKind kind;
  guint64 alias;
  guint64 type;
  GBytes *value; /* owned; NULL for DELETE and USE_ALIAS */
} EcMoqtToken;

#define EC_MOQT_MAX_TOKENS 8 /* in one message; more is refused as a malformed parameter */

typedef enum {
  EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT = 1 << 0,
  EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT = 1 << 1,
  EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT = 1 << 2,
  EC_MOQT_PARAM_FILL_TIMEOUT = 1 << 3,
  EC_MOQT_PARAM_EXPIRES = 1 << 4,
  EC_MOQT_PARAM_LARGEST_OBJECT = 1 << 5,
  EC_MOQT_PARAM_FORWARD = 1 << 6,
  EC_MOQT_PARAM_SUBSCRIBER_PRIORITY = 1 << 7,
  EC_MOQT_PARAM_SUBSCRIPTION_FILTER = 1 << 8,
  EC_MOQT_PARAM_GROUP_ORDER = 1 << 9,
  EC_MOQT_PARAM_NEW_GROUP_REQUEST = 1 << 10,
  EC_MOQT_PARAM_NAMESPACE_PREFIX = 1 << 11,
} EcMoqtParamFlags;

/* Message Parameters, §10.2: those in `has` were said. What a draft has not is left out when writing. */
typedef struct {
  guint has; /* EcMoqtParamFlags */
  guint64 object_delivery_timeout_ms;
  guint64 subgroup_delivery_timeout_ms;
  guint64 rendezvous_timeout_ms;
  guint64 fill_timeout_ms;
  guint64 expires_ms;
  EcMoqtLocation largest;
  gboolean forward;
  guint8 subscriber_priority;
  EcMoqtFilter filter;
  EcMoqtGroupOrder group_order;
  guint64 new_group_request;
  EcMoqtName *namespace_prefix; /* owned */
  EcMoqtToken tokens[EC_MOQT_MAX_TOKENS];
  guint n_tokens;
} EcMoqtParams;

typedef enum {
  EC_MOQT_SETUP = 1,
  EC_MOQT_GOAWAY,
  EC_MOQT_MAX_REQUEST_ID,   /* 14, 16 */
  EC_MOQT_REQUESTS_BLOCKED, /* 14, 16 */
  EC_MOQT_REQUEST_OK, /* to PUBLISH_NAMESPACE, SUBSCRIBE_NAMESPACE, SUBSCRIBE_TRACKS, TRACK_STATUS, REQUEST_UPDATE */
  EC_MOQT_REQUEST_ERROR,
  EC_MOQT_SUBSCRIBE,
  EC_MOQT_SUBSCRIBE_OK,
  EC_MOQT_REQUEST_UPDATE,
  EC_MOQT_UNSUBSCRIBE, /* 14, 16: later drafts stop the request's stream */
  EC_MOQT_PUBLISH,
  EC_MOQT_PUBLISH_OK, /* since 17 REQUEST_OK on the wire: which it is, the request tells */
  EC_MOQT_PUBLISH_DONE,
  EC_MOQT_FETCH,
  EC_MOQT_FETCH_OK,
  EC_MOQT_FETCH_CANCEL, /* 14, 16 */
  EC_MOQT_TRACK_STATUS,
  EC_MOQT_PUBLISH_NAMESPACE,
  EC_MOQT_PUBLISH_NAMESPACE_DONE,   /* 14, 16 */
  EC_MOQT_PUBLISH_NAMESPACE_CANCEL, /* 14, 16 */
  EC_MOQT_SUBSCRIBE_NAMESPACE,
  EC_MOQT_UNSUBSCRIBE_NAMESPACE, /* 14 */
  EC_MOQT_NAMESPACE,
  EC_MOQT_NAMESPACE_DONE,
  EC_MOQT_SUBSCRIBE_TRACKS, /* since 18; in 16 an option of SUBSCRIBE_NAMESPACE */
  EC_MOQT_PUBLISH_BLOCKED,  /* since 18 */
} EcMoqtMessageKind;

typedef enum {
  EC_MOQT_FETCH_STANDALONE = 1,
  EC_MOQT_FETCH_RELATIVE_JOINING = 2,
  EC_MOQT_FETCH_ABSOLUTE_JOINING = 3,
} EcMoqtFetchKind;

/* What SUBSCRIBE_NAMESPACE wants in draft 16, by one message; since 18 two messages want one each. */
typedef enum {
  EC_MOQT_INTEREST_NAMESPACES = 1 << 0,
  EC_MOQT_INTEREST_TRACKS = 1 << 1,
} EcMoqtInterest;

/*
 * One message; only what its kind has is set. All pointers are owned; ec_moqt_message_clear() lets go.
 * `text` is UTF-8 that was made valid, never NULL in those that have a reason.
 */
typedef struct {
  EcMoqtMessageKind kind;
  /* Of requests; up to 16 also of answers. GOAWAY in 18: on the control stream the first that was not handled, on a
   * request's stream G_MAXUINT64. */
  guint64 request_id;
  guint64 existing_request_id; /* REQUEST_UPDATE up to 16 */
  EcMoqtName *name;            /* full track name, namespace, prefix or suffix */
  guint64 track_alias;         /* SUBSCRIBE_OK, PUBLISH */
  EcMoqtParams params;
  EcMoqtProperties *properties; /* the track's; nullable */

  /* REQUEST_ERROR, PUBLISH_DONE, PUBLISH_NAMESPACE_CANCEL, GOAWAY */
  EcMoqtErrorCode error;
  EcMoqtDoneCode done;
  gboolean retry;            /* whether it may be asked again … */
  guint64 retry_interval_ms; /* … after so long */
  guint64 stream_count;      /* PUBLISH_DONE; G_MAXUINT64: not known */
  char *text;
  char *uri;            /* GOAWAY, or of a redirect; nullable */
  EcMoqtName *redirect; /* nullable */
  guint64 timeout_ms;   /* GOAWAY */

  /* FETCH, FETCH_OK. `end` is exclusive of objects as on the wire: object 0 means the whole group. */
  EcMoqtFetchKind fetch;
  EcMoqtLocation start;
  EcMoqtLocation end;
  guint64 joining_request_id;
  guint64 joining_start;
  gboolean end_of_track;

  guint interest; /* EcMoqtInterest: SUBSCRIBE_NAMESPACE */

  guint64
      max_request_id; /* MAX_REQUEST_ID, REQUESTS_BLOCKED, SETUP up to 16: the first id not allowed */

  /* SETUP */
  char *path;                   /* nullable; bytes as sent, checked to be text without NUL */
  char *authority;              /* nullable */
  char *implementation;         /* nullable */
  guint64 max_auth_token_cache; /* bytes */
} EcMoqtMessage;

void ec_moqt_message_clear (EcMoqtMessage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EcMoqtMessage, ec_moqt_message_clear)
void ec_moqt_params_clear (EcMoqtParams *self);
/* Takes over what `from` says (§10.9: what it does not say stays), copies. */
void ec_moqt_params_update (EcMoqtParams *self, const EcMoqtParams *from);
const char *ec_moqt_message_kind_to_string (EcMoqtMessageKind kind);
const char *ec_moqt_error_code_to_string (EcMoqtErrorCode code);
const char *ec_moqt_done_code_to_string (EcMoqtDoneCode code);
const char *ec_moqt_reset_code_to_string (EcMoqtResetCode code);
const char *ec_moqt_close_code_to_string (guint64 code);
