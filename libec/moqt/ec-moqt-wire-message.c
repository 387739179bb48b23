/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole control messages, and the parts that they are made of (§10). */
#include "moqt/ec-moqt-wire.h"

#include <string.h>

#define MAX_MESSAGE 65535

/* §10.11: what a publisher says that does not know how many streams there were. */
#define STREAM_COUNT_UNKNOWN ((G_GUINT64_CONSTANT (1) << 62) - 1)

#define PART(name) const EcMoqtPart ec_moqt_part_##name = { read_##name, write_##name }

static void
read_request_id (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->request_id = ec_moqt_in_number (in);
}

static void
write_request_id (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->request_id);
}

PART (request_id);

static void
read_existing_request_id (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->existing_request_id = ec_moqt_in_number (in);
}

static void
write_existing_request_id (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->existing_request_id);
}

PART (existing_request_id);

static void
read_max_request_id (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->max_request_id = ec_moqt_in_number (in);
}

static void
write_max_request_id (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->max_request_id);
}

PART (max_request_id);

static void
read_track_name (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->name = ec_moqt_in_name (in, in->wire->min_fields, TRUE);
}

static void
write_track_name (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_name (out, message->name, TRUE);
}

PART (track_name);

static void
read_namespace (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->name = ec_moqt_in_name (in, in->wire->min_fields, FALSE);
}

static void
write_namespace (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_name (out, message->name, FALSE);
}

PART (namespace);

static void
read_prefix (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->name = ec_moqt_in_name (in, 0, FALSE);
}

const EcMoqtPart ec_moqt_part_prefix = { read_prefix, write_namespace };

static void
read_track_suffix (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->name = ec_moqt_in_name (in, 0, TRUE);
}

const EcMoqtPart ec_moqt_part_track_suffix = { read_track_suffix, write_track_name };

static void
read_track_alias (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->track_alias = ec_moqt_in_number (in);
}

static void
write_track_alias (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->track_alias);
}

PART (track_alias);

static void
read_params (EcMoqtIn *in, EcMoqtMessage *message)
{
  ec_moqt_in_params (in, &message->params);
}

static void
write_params (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_params (out, message->kind, &message->params);
}

PART (params);

/* §12: values with which a session must end, of properties that a track has. */
static void
check_track_properties (EcMoqtIn *in, const EcMoqtProperties *properties)
{
  for (guint i = 0; i < ec_moqt_properties_get_n (properties); i++) {
    const EcMoqtProperty *item = ec_moqt_properties_get (properties, i);
    gboolean bad = FALSE;

    switch (item->type) {
    case EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT:
      bad = in->wire->zero_timeout_is_wrong && item->number == 0;
      break;
    case EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY:
      bad = item->number > 255;
      break;
    case EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_GROUP_ORDER:
      bad = item->number != EC_MOQT_GROUP_ORDER_ASCENDING &&
            item->number != EC_MOQT_GROUP_ORDER_DESCENDING;
      break;
    case EC_MOQT_PROPERTY_DYNAMIC_GROUPS:
      bad = item->number > 1;
      break;
    default:
      break;
    }
    if (bad)
      ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a property out of its range");
  }
}

static void
read_track_properties (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->properties = ec_moqt_in_properties (in);
  check_track_properties (in, message->properties);
}

static void
write_track_properties (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_properties (out, message->properties, TRUE);
}

PART (track_properties);

static void
read_error_code (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->error =
      (EcMoqtErrorCode) ec_moqt_code_read (in->wire->error_codes, ec_moqt_in_number (in));
}

static void
write_error_code (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, ec_moqt_code_write (out->wire->error_codes, (int) message->error));
}

PART (error_code);

/* §10.6.2: in milliseconds, plus one; 0: never. */
static void
read_retry (EcMoqtIn *in, EcMoqtMessage *message)
{
  guint64 interval = ec_moqt_in_number (in);

  message->retry = interval > 0;
  message->retry_interval_ms = interval > 0 ? interval - 1 : 0;
}

static void
write_retry (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out,
                      message->retry ? MIN (message->retry_interval_ms, G_MAXUINT64 - 1) + 1 : 0);
}

PART (retry);

static void
read_reason (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->text = ec_moqt_in_text (in, EC_MOQT_MAX_REASON, "a reason longer than 1,024 bytes");
}

static void
write_reason (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_text (out, message->text, EC_MOQT_MAX_REASON);
}

PART (reason);

static void
read_done_code (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->done = (EcMoqtDoneCode) ec_moqt_code_read (in->wire->done_codes, ec_moqt_in_number (in));
}

static void
write_done_code (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, ec_moqt_code_write (out->wire->done_codes, (int) message->done));
}

PART (done_code);

static void
read_stream_count (EcMoqtIn *in, EcMoqtMessage *message)
{
  guint64 count = ec_moqt_in_number (in);

  message->stream_count = count < STREAM_COUNT_UNKNOWN ? count : G_MAXUINT64;
}

static void
write_stream_count (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, MIN (message->stream_count, STREAM_COUNT_UNKNOWN));
}

PART (stream_count);

static void
read_goaway_uri (EcMoqtIn *in, EcMoqtMessage *message)
{
  g_autofree char *uri = ec_moqt_in_text (in, EC_MOQT_MAX_URI, "a URI longer than 8,192 bytes");

  if (*uri == '\0')
    return;
  if (!in->from_server)
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a client that says where to go");
  message->uri = g_steal_pointer (&uri);
}

static void
write_goaway_uri (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_text (out, out->from_server ? message->uri : NULL, EC_MOQT_MAX_URI);
}

PART (goaway_uri);

static void
read_timeout (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->timeout_ms = ec_moqt_in_number (in);
}

static void
write_timeout (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->timeout_ms);
}

PART (timeout);

/* §10.12.3: from the kind of fetch up to the parameters */
static void
read_fetch (EcMoqtIn *in, EcMoqtMessage *message)
{
  guint64 kind = ec_moqt_in_number (in);

  switch (kind) {
  case EC_MOQT_FETCH_STANDALONE:
    message->name = ec_moqt_in_name (in, in->wire->min_fields, TRUE);
    message->start = ec_moqt_in_location (in);
    message->end = ec_moqt_in_location (in);
    break;
  case EC_MOQT_FETCH_RELATIVE_JOINING:
  case EC_MOQT_FETCH_ABSOLUTE_JOINING:
    message->joining_request_id = ec_moqt_in_number (in);
    message->joining_start = ec_moqt_in_number (in);
    break;
  default:
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an unknown kind of fetch");
    return;
  }
  message->fetch = (EcMoqtFetchKind) kind;
}

static void
write_fetch (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_number (out, message->fetch);
  if (message->fetch == EC_MOQT_FETCH_STANDALONE) {
    ec_moqt_out_name (out, message->name, TRUE);
    ec_moqt_out_location (out, message->start);
    ec_moqt_out_location (out, message->end);
  } else {
    ec_moqt_out_number (out, message->joining_request_id);
    ec_moqt_out_number (out, message->joining_start);
  }
}

PART (fetch);

static void
read_end_of_track (EcMoqtIn *in, EcMoqtMessage *message)
{
  guint8 end = ec_reader_u8 (&in->reader);

  if (end > 1)
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "neither the track's end nor not");
  message->end_of_track = end == 1;
}

static void
write_end_of_track (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_byte (out, message->end_of_track ? 1 : 0);
}

PART (end_of_track);

static void
read_end_location (EcMoqtIn *in, EcMoqtMessage *message)
{
  message->end = ec_moqt_in_location (in);
}

static void
write_end_location (const EcMoqtOut *out, const EcMoqtMessage *message)
{
  ec_moqt_out_location (out, message->end);
}

PART (end_location);

static const EcMoqtMessageRule *
find_type (const EcMoqtMessageRule *rules, guint64 type)
{
  for (; rules->kind != 0; rules++) {
    if (rules->type == type)
      return rules;
  }
  return NULL;
}

static const EcMoqtMessageRule *
find_kind (const EcMoqtMessageRule *rules, EcMoqtMessageKind kind)
{
  for (; rules->kind != 0; rules++) {
    if (rules->kind == kind)
      return rules;
  }
  return NULL;
}

static EcMoqtRead
refuse (EcMoqtProblem *problem, EcMoqtCloseCode code, const char *text)
{
  *problem = (EcMoqtProblem){ code, text };
  return EC_MOQT_READ_BAD;
}

/* `in` holds the whole message and nothing else. */
static EcMoqtRead
read_parts (EcMoqtIn *in,
            const EcMoqtMessageRule *rule,
            EcMoqtMessage *message,
            EcMoqtProblem *problem)
{
  message->kind = rule->kind;
  for (guint i = 0; rule->parts[i] && !in->reader.failed; i++)
    rule->parts[i]->read (in, message);

  if (!in->reader.failed && ec_reader_left (&in->reader) == 0)
    return EC_MOQT_READ_DONE;
  ec_moqt_message_clear (message);
  if (in->bad)
    return refuse (problem, in->problem.code, in->problem.text);
  return refuse (problem, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                 "a message whose length is not that of what is in it");
}

EcMoqtRead
ec_moqt_wire_read_message (const EcMoqtWire *wire,
                           const EcMoqtMessageRule *rules,
                           EcReader *reader,
                           gboolean from_server,
                           EcMoqtMessage *message,
                           EcMoqtProblem *problem)
{
  EcReader ahead = *reader;
  guint64 type = wire->varint->read (&ahead);
  const EcMoqtMessageRule *rule;
  EcMoqtIn in = { .wire = wire, .from_server = from_server };
  EcMoqtRead read;
  guint16 size;

  memset (message, 0, sizeof *message);
  if (ahead.failed)
    return EC_MOQT_READ_MORE;
  rule = find_type (rules, type);
  if (!rule)
    return refuse (problem, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an unknown message");
  size = ec_reader_u16 (&ahead);
  in.reader = ec_reader_sub (&ahead, size);
  if (ahead.failed)
    return EC_MOQT_READ_MORE;

  in.kind = rule->kind;
  read = read_parts (&in, rule, message, problem);
  if (read == EC_MOQT_READ_DONE)
    *reader = ahead;
  return read;
}

void
ec_moqt_wire_write_message (const EcMoqtWire *wire,
                            const EcMoqtMessageRule *rules,
                            GByteArray *out,
                            gboolean from_server,
                            const EcMoqtMessage *message)
{
  const EcMoqtMessageRule *rule = find_kind (rules, message->kind);
  EcMoqtOut to = { out, wire, from_server };
  gboolean has_properties = TRUE;
  guint start, size;

  g_return_if_fail (rule != NULL);
  ec_moqt_out_number (&to, rule->type);
  start = out->len;
again:
  ec_moqt_out_byte (&to, 0);
  ec_moqt_out_byte (&to, 0);
  for (guint i = 0; rule->parts[i]; i++) {
    if (has_properties || rule->parts[i] != &ec_moqt_part_track_properties)
      rule->parts[i]->write (&to, message);
  }
  size = out->len - start - 2;
  /* The same properties may need more room in one draft than in another. */
  if (size > MAX_MESSAGE && has_properties) {
    has_properties = FALSE;
    g_byte_array_set_size (out, start);
    goto again;
  }
  g_return_if_fail (size <= MAX_MESSAGE);
  out->data[start] = (guint8) (size >> 8);
  out->data[start + 1] = (guint8) size;
}
