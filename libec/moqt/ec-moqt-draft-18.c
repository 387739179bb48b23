/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* draft-ietf-moq-transport-18 */
#include "moqt/ec-moqt-wire.h"

#define SETUP 0x2f00

/* §10.2: where each parameter's section says that it may be. REQUEST_OK answers six kinds of request and is checked
 * for all of them together; who asked knows which it is. */
#define SUBSCRIPTION                                                                               \
  (EC_MOQT_IN (EC_MOQT_SUBSCRIBE) | EC_MOQT_IN (EC_MOQT_REQUEST_UPDATE) |                          \
   EC_MOQT_IN (EC_MOQT_PUBLISH_OK) | EC_MOQT_IN (EC_MOQT_REQUEST_OK))
#define ANSWERS                                                                                    \
  (EC_MOQT_IN (EC_MOQT_SUBSCRIBE_OK) | EC_MOQT_IN (EC_MOQT_PUBLISH) |                              \
   EC_MOQT_IN (EC_MOQT_PUBLISH_OK) | EC_MOQT_IN (EC_MOQT_REQUEST_OK))

static const EcMoqtParamRule params[] = {
  { 0x02, EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    SUBSCRIPTION }, /* §10.2.4 */
  { 0x03, 0, EC_MOQT_FORM_TOKEN, 0, 0,
    EC_MOQT_IN (EC_MOQT_PUBLISH) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE) |
        EC_MOQT_IN (EC_MOQT_REQUEST_UPDATE) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE_NAMESPACE) |
        EC_MOQT_IN (EC_MOQT_SUBSCRIBE_TRACKS) | EC_MOQT_IN (EC_MOQT_PUBLISH_NAMESPACE) |
        EC_MOQT_IN (EC_MOQT_TRACK_STATUS) | EC_MOQT_IN (EC_MOQT_FETCH) }, /* §10.2.2 */
  { 0x04, EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE) }, /* §10.2.6 */
  { 0x06, EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    SUBSCRIPTION },                                                              /* §10.2.3 */
  { 0x08, EC_MOQT_PARAM_EXPIRES, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64, ANSWERS }, /* §10.2.10 */
  { 0x09, EC_MOQT_PARAM_LARGEST_OBJECT, EC_MOQT_FORM_LOCATION, 0, 0,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE_OK) | EC_MOQT_IN (EC_MOQT_PUBLISH) |
        EC_MOQT_IN (EC_MOQT_REQUEST_OK) }, /* §10.2.11 */
  { 0x0a, EC_MOQT_PARAM_FILL_TIMEOUT, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    EC_MOQT_IN (EC_MOQT_FETCH) }, /* §10.2.5 */
  { 0x10, EC_MOQT_PARAM_FORWARD, EC_MOQT_FORM_BYTE, 0, 1,
    SUBSCRIPTION | EC_MOQT_IN (EC_MOQT_PUBLISH) |
        EC_MOQT_IN (EC_MOQT_SUBSCRIBE_TRACKS) }, /* §10.2.12 */
  { 0x20, EC_MOQT_PARAM_SUBSCRIBER_PRIORITY, EC_MOQT_FORM_BYTE, 0, 255,
    SUBSCRIPTION | EC_MOQT_IN (EC_MOQT_FETCH) }, /* §10.2.7 */
  { 0x21, EC_MOQT_PARAM_SUBSCRIPTION_FILTER, EC_MOQT_FORM_FILTER, 0, 0,
    SUBSCRIPTION }, /* §10.2.9 */
  { 0x22, EC_MOQT_PARAM_GROUP_ORDER, EC_MOQT_FORM_BYTE, EC_MOQT_GROUP_ORDER_ASCENDING,
    EC_MOQT_GROUP_ORDER_DESCENDING,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE) | EC_MOQT_IN (EC_MOQT_PUBLISH_OK) |
        EC_MOQT_IN (EC_MOQT_REQUEST_OK) | EC_MOQT_IN (EC_MOQT_FETCH) }, /* §10.2.8 */
  { 0x32, EC_MOQT_PARAM_NEW_GROUP_REQUEST, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    SUBSCRIPTION }, /* §10.2.13 */
  { 0x34, EC_MOQT_PARAM_NAMESPACE_PREFIX, EC_MOQT_FORM_NAMESPACE, 0, 0,
    EC_MOQT_IN (EC_MOQT_REQUEST_UPDATE) }, /* §10.2.14 */
  { 0 },
};

/* §15.10.2. It has no code for an alias that is not known: the token cannot be made out. */
static const EcMoqtCode error_codes[] = {
  { 0x0, EC_MOQT_ERROR_INTERNAL_ERROR },
  { 0x1, EC_MOQT_ERROR_UNAUTHORIZED },
  { 0x2, EC_MOQT_ERROR_TIMEOUT },
  { 0x3, EC_MOQT_ERROR_NOT_SUPPORTED },
  { 0x4, EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN },
  { 0x5, EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN },
  { 0x6, EC_MOQT_ERROR_GOING_AWAY },
  { 0x9, EC_MOQT_ERROR_EXCESSIVE_LOAD },
  { 0x10, EC_MOQT_ERROR_DOES_NOT_EXIST },
  { 0x11, EC_MOQT_ERROR_INVALID_RANGE },
  { 0x12, EC_MOQT_ERROR_MALFORMED_TRACK },
  { 0x19, EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION },
  { 0x20, EC_MOQT_ERROR_UNINTERESTED },
  { 0x30, EC_MOQT_ERROR_PREFIX_OVERLAP },
  { 0x31, EC_MOQT_ERROR_NAMESPACE_TOO_LARGE },
  { 0x32, EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID },
  { 0x33, EC_MOQT_ERROR_UNSUPPORTED_EXTENSION },
  { 0x34, EC_MOQT_ERROR_REDIRECT },
  { 0x4, EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS },
  { 0, -1 },
};

/* §15.10.3 */
static const EcMoqtCode done_codes[] = {
  { 0x0, EC_MOQT_DONE_INTERNAL_ERROR },
  { 0x1, EC_MOQT_DONE_UNAUTHORIZED },
  { 0x2, EC_MOQT_DONE_TRACK_ENDED },
  { 0x3, EC_MOQT_DONE_SUBSCRIPTION_ENDED },
  { 0x4, EC_MOQT_DONE_GOING_AWAY },
  { 0x5, EC_MOQT_DONE_TOO_FAR_BEHIND },
  { 0x6, EC_MOQT_DONE_EXPIRED },
  { 0x8, EC_MOQT_DONE_UPDATE_FAILED },
  { 0x9, EC_MOQT_DONE_EXCESSIVE_LOAD },
  { 0x12, EC_MOQT_DONE_MALFORMED_TRACK },
  { 0, -1 },
};

/* §3.3.3 */
static const EcMoqtCode reset_codes[] = {
  { 0x0, EC_MOQT_RESET_INTERNAL_ERROR },
  { 0x1, EC_MOQT_RESET_CANCELLED },
  { 0x2, EC_MOQT_RESET_DELIVERY_TIMEOUT },
  { 0x3, EC_MOQT_RESET_SESSION_CLOSED },
  { 0x4, EC_MOQT_RESET_GOING_AWAY },
  { 0x5, EC_MOQT_RESET_TOO_FAR_BEHIND },
  { 0x6, EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS },
  { 0x7, EC_MOQT_RESET_EXPIRED_AUTH_TOKEN },
  { 0x9, EC_MOQT_RESET_EXCESSIVE_LOAD },
  { 0x12, EC_MOQT_RESET_MALFORMED_TRACK },
  { 0, -1 },
};

static const EcMoqtWire wire = {
  .varint = &ec_moqt_varint_ones,
  .min_fields = 0,
  .params = params,
  .filter_has_delta = TRUE,
  .error_codes = error_codes,
  .done_codes = done_codes,
  .reset_codes = reset_codes,
  .has_first_object = TRUE,
  .fetch_has_deltas = TRUE,
  .has_padding = TRUE,
  .control_stream = SETUP,
};

/* §10.3: Key-Value-Pairs up to the end */
static void
read_options (EcMoqtIn *in, EcMoqtMessage *message)
{
  ec_moqt_in_setup_options (in, G_MAXUINT64, FALSE, message);
}

static void
write_options (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_setup_options (out, FALSE, message);
}

static const EcMoqtPart part_options = { read_options, write_options };

/* §10.4: there on the control stream only, and one of the peer's own ids */
static void
read_goaway_id (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->request_id = G_MAXUINT64;
  if (in->reader.failed || ec_reader_left (&in->reader) == 0)
    return;
  message->request_id = ec_moqt_in_number (in);
  if ((message->request_id & 1) == (in->from_server ? 1 : 0))
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_INVALID_REQUEST_ID, "a GOAWAY with a request of its sender");
}

static void
write_goaway_id (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  if (message->request_id != G_MAXUINT64)
    ec_moqt_out_number (out, message->request_id);
}

static const EcMoqtPart part_goaway_id = { read_goaway_id, write_goaway_id };

/* §10.6.1: only with REDIRECT. Without any name the request's own is meant. */
static void
read_redirect (EcMoqtIn *in, EcMoqtMessage *message)
{
  g_autofree char *uri = NULL;
  EcMoqtName *name;

  if (message->error != EC_MOQT_ERROR_REDIRECT)
    return;
  uri = ec_moqt_in_text (in, EC_MOQT_MAX_URI, "a URI longer than 8,192 bytes");
  if (*uri != '\0' && !in->from_server)
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a client that says where to go");
  name = ec_moqt_in_name (in, 0, TRUE);
  if (*uri != '\0')
    message->uri = g_steal_pointer (&uri);
  if (!name)
    return;

  if (ec_moqt_name_get_track (name).size > 0)
    message->redirect = ec_moqt_name_ref (name);
  else if (ec_moqt_name_get_n_fields (name) > 0)
    message->redirect = ec_moqt_name_new_namespace (name);
  ec_moqt_name_unref (name);
}

static void
write_redirect (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  if (message->error != EC_MOQT_ERROR_REDIRECT)
    return;
  ec_moqt_out_text (out, out->from_server ? message->uri : NULL, EC_MOQT_MAX_URI);
  ec_moqt_out_name (out, message->redirect, TRUE);
}

static const EcMoqtPart part_redirect = { read_redirect, write_redirect };

/* What the message's own name says in other drafts. */
static void
read_interest (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->interest = EC_MOQT_INTEREST_NAMESPACES;
}

static void
write_interest (const EcMoqtOut *out, const EcMoqtMessage *message)
{
}

static const EcMoqtPart part_interest = { read_interest, write_interest };

static const EcMoqtMessageRule rules[] = {
  /* §10.3 */
  { SETUP, EC_MOQT_SETUP, { &part_options } },
  /* §10.4 */
  { 0x10, EC_MOQT_GOAWAY, { &ec_moqt_part_goaway_uri, &ec_moqt_part_timeout, &part_goaway_id } },
  /* §10.5 */
  { 0x07, EC_MOQT_REQUEST_OK, { &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* PUBLISH_OK is another name for REQUEST_OK (§10.5), and that is what is written. The table of messages (§10) has its
   * old type still, which draft 19 then reserved; who sends it means the same. */
  { 0x07, EC_MOQT_PUBLISH_OK, { &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  { 0x1e, EC_MOQT_PUBLISH_OK, { &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* §10.6 */
  { 0x05,
    EC_MOQT_REQUEST_ERROR,
    { &ec_moqt_part_error_code, &ec_moqt_part_retry, &ec_moqt_part_reason, &part_redirect } },
  /* §10.7 */
  { 0x03,
    EC_MOQT_SUBSCRIBE,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_params } },
  /* §10.8 */
  { 0x04,
    EC_MOQT_SUBSCRIBE_OK,
    { &ec_moqt_part_track_alias, &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* §10.9 */
  { 0x02, EC_MOQT_REQUEST_UPDATE, { &ec_moqt_part_request_id, &ec_moqt_part_params } },
  /* §10.10 */
  { 0x1d,
    EC_MOQT_PUBLISH,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_track_alias,
      &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* §10.11 */
  { 0x0b,
    EC_MOQT_PUBLISH_DONE,
    { &ec_moqt_part_done_code, &ec_moqt_part_stream_count, &ec_moqt_part_reason } },
  /* §10.12 */
  { 0x16, EC_MOQT_FETCH, { &ec_moqt_part_request_id, &ec_moqt_part_fetch, &ec_moqt_part_params } },
  /* §10.13 */
  { 0x18,
    EC_MOQT_FETCH_OK,
    { &ec_moqt_part_end_of_track, &ec_moqt_part_end_location, &ec_moqt_part_params,
      &ec_moqt_part_track_properties } },
  /* §10.14 */
  { 0x0d,
    EC_MOQT_TRACK_STATUS,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_params } },
  /* §10.15 */
  { 0x06,
    EC_MOQT_PUBLISH_NAMESPACE,
    { &ec_moqt_part_request_id, &ec_moqt_part_namespace, &ec_moqt_part_params } },
  /* §10.16 */
  { 0x08, EC_MOQT_NAMESPACE, { &ec_moqt_part_prefix } },
  /* §10.17 */
  { 0x0e, EC_MOQT_NAMESPACE_DONE, { &ec_moqt_part_prefix } },
  /* §10.18 */
  { 0x50,
    EC_MOQT_SUBSCRIBE_NAMESPACE,
    { &ec_moqt_part_request_id, &ec_moqt_part_prefix, &ec_moqt_part_params, &part_interest } },
  /* §10.19 */
  { 0x51,
    EC_MOQT_SUBSCRIBE_TRACKS,
    { &ec_moqt_part_request_id, &ec_moqt_part_prefix, &ec_moqt_part_params } },
  /* §10.20 */
  { 0x0f, EC_MOQT_PUBLISH_BLOCKED, { &ec_moqt_part_track_suffix } },
  { 0 },
};

static EcMoqtRead
read_message (EcReader *reader,
              gboolean from_server,
              EcMoqtMessage *message,
              EcMoqtProblem *problem)
{
  return ec_moqt_wire_read_message (&wire, rules, reader, from_server, message, problem);
}

static void
write_message (GByteArray *out, gboolean from_server, const EcMoqtMessage *message)
{
  ec_moqt_wire_write_message (&wire, rules, out, from_server, message);
}

EC_MOQT_DEFINE_DATA_FUNCTIONS (wire)

const EcMoqtDraft ec_moqt_draft_18 = {
  .number = 18,
  .alpn = "moqt-18",
  .max_number = G_MAXUINT64,
  .shape = EC_MOQT_SHAPE_REQUEST_STREAMS,
  .strict_params = TRUE,
  .mandatory_properties = TRUE,
  .publish_blocked = TRUE,
  .reserved_namespaces = TRUE, /* §3.2.1 */
  .moves_prefixes = TRUE,      /* §10.9.2 */
  .read_message = read_message,
  .write_message = write_message,
  EC_MOQT_DATA_FUNCTIONS,
};
