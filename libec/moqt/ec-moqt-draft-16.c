/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* draft-ietf-moq-transport-16; its own sections. */
#include "moqt/ec-moqt-wire.h"

#define CLIENT_SETUP 0x20
#define SERVER_SETUP 0x21
#define MIN_FIELDS 1 /* §2.4.1 */

/* §9.2.2: where each parameter's section says that it may be. */
#define SUBSCRIPTION                                                                               \
  (EC_MOQT_IN (EC_MOQT_SUBSCRIBE) | EC_MOQT_IN (EC_MOQT_REQUEST_UPDATE) |                          \
   EC_MOQT_IN (EC_MOQT_PUBLISH_OK))

static const EcMoqtParamRule params[] = {
  { 0x02, EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT, EC_MOQT_FORM_NUMBER, 1, G_MAXUINT64,
    SUBSCRIPTION }, /* §9.2.2.2 */
  { 0x03, 0, EC_MOQT_FORM_TOKEN, 0, 0,
    EC_MOQT_IN (EC_MOQT_PUBLISH) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE) |
        EC_MOQT_IN (EC_MOQT_REQUEST_UPDATE) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE_NAMESPACE) |
        EC_MOQT_IN (EC_MOQT_SUBSCRIBE_TRACKS) | EC_MOQT_IN (EC_MOQT_PUBLISH_NAMESPACE) |
        EC_MOQT_IN (EC_MOQT_TRACK_STATUS) | EC_MOQT_IN (EC_MOQT_FETCH) }, /* §9.2.2.1 */
  /* “or REQUEST_OK” is a note to the authors in §9.2.2.6, but an update is what extends a subscription. */
  { 0x08, EC_MOQT_PARAM_EXPIRES, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE_OK) | EC_MOQT_IN (EC_MOQT_PUBLISH) |
        EC_MOQT_IN (EC_MOQT_PUBLISH_OK) | EC_MOQT_IN (EC_MOQT_REQUEST_OK) }, /* §9.2.2.6 */
  { 0x09, EC_MOQT_PARAM_LARGEST_OBJECT, EC_MOQT_FORM_SIZED_LOCATION, 0, 0,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE_OK) | EC_MOQT_IN (EC_MOQT_PUBLISH) |
        EC_MOQT_IN (EC_MOQT_REQUEST_OK) }, /* §9.2.2.7 */
  { 0x10, EC_MOQT_PARAM_FORWARD, EC_MOQT_FORM_NUMBER, 0, 1,
    SUBSCRIPTION | EC_MOQT_IN (EC_MOQT_PUBLISH) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE_NAMESPACE) |
        EC_MOQT_IN (EC_MOQT_SUBSCRIBE_TRACKS) }, /* §9.2.2.8 */
  { 0x20, EC_MOQT_PARAM_SUBSCRIBER_PRIORITY, EC_MOQT_FORM_NUMBER, 0, 255,
    SUBSCRIPTION | EC_MOQT_IN (EC_MOQT_FETCH) }, /* §9.2.2.3 */
  { 0x21, EC_MOQT_PARAM_SUBSCRIPTION_FILTER, EC_MOQT_FORM_FILTER, 0, 0,
    SUBSCRIPTION }, /* §9.2.2.5 */
  { 0x22, EC_MOQT_PARAM_GROUP_ORDER, EC_MOQT_FORM_NUMBER, EC_MOQT_GROUP_ORDER_ASCENDING,
    EC_MOQT_GROUP_ORDER_DESCENDING,
    EC_MOQT_IN (EC_MOQT_SUBSCRIBE) | EC_MOQT_IN (EC_MOQT_PUBLISH_OK) |
        EC_MOQT_IN (EC_MOQT_FETCH) }, /* §9.2.2.4 */
  { 0x32, EC_MOQT_PARAM_NEW_GROUP_REQUEST, EC_MOQT_FORM_NUMBER, 0, G_MAXUINT64,
    SUBSCRIPTION }, /* §9.2.2.9 */
  { 0 },
};

/* §13.4.2; then what it has no code for. */
static const EcMoqtCode error_codes[] = {
  { 0x0, EC_MOQT_ERROR_INTERNAL_ERROR },
  { 0x1, EC_MOQT_ERROR_UNAUTHORIZED },
  { 0x2, EC_MOQT_ERROR_TIMEOUT },
  { 0x3, EC_MOQT_ERROR_NOT_SUPPORTED },
  { 0x4, EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN },
  { 0x5, EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN },
  { 0x10, EC_MOQT_ERROR_DOES_NOT_EXIST },
  { 0x11, EC_MOQT_ERROR_INVALID_RANGE },
  { 0x12, EC_MOQT_ERROR_MALFORMED_TRACK },
  { 0x19, EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION },
  { 0x20, EC_MOQT_ERROR_UNINTERESTED },
  { 0x30, EC_MOQT_ERROR_PREFIX_OVERLAP },
  { 0x32, EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID },
  { 0x0, EC_MOQT_ERROR_GOING_AWAY },
  { 0x0, EC_MOQT_ERROR_EXCESSIVE_LOAD },
  { 0x3, EC_MOQT_ERROR_NAMESPACE_TOO_LARGE },
  { 0x3, EC_MOQT_ERROR_UNSUPPORTED_EXTENSION },
  { 0x10, EC_MOQT_ERROR_REDIRECT }, /* not here */
  { 0x4, EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS },
  { 0, -1 },
};

/* §13.4.3; 5 and 6 are the other way round than since 17. */
static const EcMoqtCode done_codes[] = {
  { 0x0, EC_MOQT_DONE_INTERNAL_ERROR },
  { 0x1, EC_MOQT_DONE_UNAUTHORIZED },
  { 0x2, EC_MOQT_DONE_TRACK_ENDED },
  { 0x3, EC_MOQT_DONE_SUBSCRIPTION_ENDED },
  { 0x4, EC_MOQT_DONE_GOING_AWAY },
  { 0x5, EC_MOQT_DONE_EXPIRED },
  { 0x6, EC_MOQT_DONE_TOO_FAR_BEHIND },
  { 0x8, EC_MOQT_DONE_UPDATE_FAILED },
  { 0x12, EC_MOQT_DONE_MALFORMED_TRACK },
  { 0x0, EC_MOQT_DONE_EXCESSIVE_LOAD },
  { 0, -1 },
};

/* §13.4.4; then what it has no code for. */
static const EcMoqtCode reset_codes[] = {
  { 0x0, EC_MOQT_RESET_INTERNAL_ERROR },
  { 0x1, EC_MOQT_RESET_CANCELLED },
  { 0x2, EC_MOQT_RESET_DELIVERY_TIMEOUT },
  { 0x3, EC_MOQT_RESET_SESSION_CLOSED },
  { 0x4, EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS },
  { 0x12, EC_MOQT_RESET_MALFORMED_TRACK },
  { 0x1, EC_MOQT_RESET_GOING_AWAY },
  { 0x2, EC_MOQT_RESET_TOO_FAR_BEHIND },
  { 0x1, EC_MOQT_RESET_EXPIRED_AUTH_TOKEN },
  { 0x0, EC_MOQT_RESET_EXCESSIVE_LOAD },
  { 0, -1 },
};

static const EcMoqtWire wire = {
  .varint = &ec_moqt_varint_quic,
  .min_fields = MIN_FIELDS,
  .params = params,
  .stray_params_ignored = TRUE,
  .zero_timeout_is_wrong = TRUE,
  .error_codes = error_codes,
  .done_codes = done_codes,
  .reset_codes = reset_codes,
};

/* §9.3: parameters with their number */
static void
read_setup (EcMoqtIn *in, EcMoqtMessage *message)
{
  guint64 n = ec_moqt_in_number (in);

  ec_moqt_in_setup_options (in, n, TRUE, message);
}

static void
write_setup (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  EcMoqtOut options = { bytes, out->wire, out->from_server };

  ec_moqt_out_number (out, ec_moqt_out_setup_options (&options, TRUE, message));
  g_byte_array_append (out->out, bytes->data, bytes->len);
}

static const EcMoqtPart part_setup = { read_setup, write_setup };

/* §9.25: PUBLISH, NAMESPACE, or both */
static void
read_interest (EcMoqtIn *in, EcMoqtMessage *message)
{
  static const guint interests[] = {
    EC_MOQT_INTEREST_TRACKS,
    EC_MOQT_INTEREST_NAMESPACES,
    EC_MOQT_INTEREST_TRACKS | EC_MOQT_INTEREST_NAMESPACES,
  };
  guint64 option = ec_moqt_in_number (in);

  if (option < G_N_ELEMENTS (interests))
    message->interest = interests[option];
  else
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an unknown option of a subscription");
}

static void
write_interest (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  guint interest =
      message->kind == EC_MOQT_SUBSCRIBE_TRACKS ? EC_MOQT_INTEREST_TRACKS : message->interest;

  if (!(interest & EC_MOQT_INTEREST_TRACKS))
    ec_moqt_out_number (out, 1);
  else
    ec_moqt_out_number (out, interest & EC_MOQT_INTEREST_NAMESPACES ? 2 : 0);
}

static const EcMoqtPart part_interest = { read_interest, write_interest };

static const EcMoqtMessageRule rules[] = {
  /* §9.4 */
  { 0x10, EC_MOQT_GOAWAY, { &ec_moqt_part_goaway_uri } },
  /* §9.5 */
  { 0x15, EC_MOQT_MAX_REQUEST_ID, { &ec_moqt_part_max_request_id } },
  /* §9.6 */
  { 0x1a, EC_MOQT_REQUESTS_BLOCKED, { &ec_moqt_part_max_request_id } },
  /* §9.7 */
  { 0x07, EC_MOQT_REQUEST_OK, { &ec_moqt_part_request_id, &ec_moqt_part_params } },
  /* §9.8 */
  { 0x05,
    EC_MOQT_REQUEST_ERROR,
    { &ec_moqt_part_request_id, &ec_moqt_part_error_code, &ec_moqt_part_retry,
      &ec_moqt_part_reason } },
  /* §9.9 */
  { 0x03,
    EC_MOQT_SUBSCRIBE,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_params } },
  /* §9.10 */
  { 0x04,
    EC_MOQT_SUBSCRIBE_OK,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_alias, &ec_moqt_part_params,
      &ec_moqt_part_track_properties } },
  /* §9.11 */
  { 0x02,
    EC_MOQT_REQUEST_UPDATE,
    { &ec_moqt_part_request_id, &ec_moqt_part_existing_request_id, &ec_moqt_part_params } },
  /* §9.12 */
  { 0x0a, EC_MOQT_UNSUBSCRIBE, { &ec_moqt_part_request_id } },
  /* §9.13 */
  { 0x1d,
    EC_MOQT_PUBLISH,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_track_alias,
      &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* §9.14 */
  { 0x1e, EC_MOQT_PUBLISH_OK, { &ec_moqt_part_request_id, &ec_moqt_part_params } },
  /* §9.15 */
  { 0x0b,
    EC_MOQT_PUBLISH_DONE,
    { &ec_moqt_part_request_id, &ec_moqt_part_done_code, &ec_moqt_part_stream_count,
      &ec_moqt_part_reason } },
  /* §9.16 */
  { 0x16, EC_MOQT_FETCH, { &ec_moqt_part_request_id, &ec_moqt_part_fetch, &ec_moqt_part_params } },
  /* §9.17 */
  { 0x18,
    EC_MOQT_FETCH_OK,
    { &ec_moqt_part_request_id, &ec_moqt_part_end_of_track, &ec_moqt_part_end_location,
      &ec_moqt_part_params, &ec_moqt_part_track_properties } },
  /* §9.18 */
  { 0x17, EC_MOQT_FETCH_CANCEL, { &ec_moqt_part_request_id } },
  /* §9.19 */
  { 0x0d,
    EC_MOQT_TRACK_STATUS,
    { &ec_moqt_part_request_id, &ec_moqt_part_track_name, &ec_moqt_part_params } },
  /* §9.20 */
  { 0x06,
    EC_MOQT_PUBLISH_NAMESPACE,
    { &ec_moqt_part_request_id, &ec_moqt_part_namespace, &ec_moqt_part_params } },
  /* §9.21 */
  { 0x08, EC_MOQT_NAMESPACE, { &ec_moqt_part_prefix } },
  /* §9.22 */
  { 0x09, EC_MOQT_PUBLISH_NAMESPACE_DONE, { &ec_moqt_part_request_id } },
  /* §9.23 */
  { 0x0e, EC_MOQT_NAMESPACE_DONE, { &ec_moqt_part_prefix } },
  /* §9.24 */
  { 0x0c,
    EC_MOQT_PUBLISH_NAMESPACE_CANCEL,
    { &ec_moqt_part_request_id, &ec_moqt_part_error_code, &ec_moqt_part_reason } },
  /* §9.25 */
  { 0x11,
    EC_MOQT_SUBSCRIBE_NAMESPACE,
    { &ec_moqt_part_request_id, &ec_moqt_part_prefix, &part_interest, &ec_moqt_part_params } },
  { 0x11,
    EC_MOQT_SUBSCRIBE_TRACKS,
    { &ec_moqt_part_request_id, &ec_moqt_part_prefix, &part_interest, &ec_moqt_part_params } },
  { 0 },
};

/* §9.3: each side's first message has its own type. */
static const EcMoqtMessageRule client_setup[] = { { CLIENT_SETUP, EC_MOQT_SETUP, { &part_setup } },
                                                  { 0 } };
static const EcMoqtMessageRule server_setup[] = { { SERVER_SETUP, EC_MOQT_SETUP, { &part_setup } },
                                                  { 0 } };

static EcMoqtRead
read_message (EcReader *reader,
              gboolean from_server,
              EcMoqtMessage *message,
              EcMoqtProblem *problem)
{
  EcReader ahead = *reader;
  guint64 type = ec_moqt_varint_quic.read (&ahead);
  const EcMoqtMessageRule *table = rules;

  if (!ahead.failed && type == (from_server ? SERVER_SETUP : CLIENT_SETUP))
    table = from_server ? server_setup : client_setup;
  return ec_moqt_wire_read_message (&wire, table, reader, from_server, message, problem);
}

static void
write_message (GByteArray *out, gboolean from_server, const EcMoqtMessage *message)
{
  const EcMoqtMessageRule *table = rules;

  if (message->kind == EC_MOQT_SETUP)
    table = from_server ? server_setup : client_setup;
  ec_moqt_wire_write_message (&wire, table, out, from_server, message);
}

EC_MOQT_DEFINE_DATA_FUNCTIONS (wire)

const EcMoqtDraft ec_moqt_draft_16 = {
  .number = 16,
  .alpn = "moqt-16",
  .max_number = EC_MOQT_VARINT_QUIC_MAX,
  .shape = EC_MOQT_SHAPE_ONE_CONTROL_STREAM,
  .own_stream = EC_MOQT_IN (EC_MOQT_SUBSCRIBE_NAMESPACE) | EC_MOQT_IN (EC_MOQT_SUBSCRIBE_TRACKS),
  .request_credit = TRUE,
  .min_fields = MIN_FIELDS,
  .one_prefix_space = TRUE, /* §9.25 */
  .joins_by_filter = TRUE,  /* §9.16.2 */
  .read_message = read_message,
  .write_message = write_message,
  EC_MOQT_DATA_FUNCTIONS,
};
