/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt-random.h"

void
moqt_random_init (MoqtRandom *self, guint64 seed, const EcMoqtDraft *draft)
{
  self->state = seed;
  self->draft = draft;
}

/* splitmix64 */
guint64
moqt_random_u64 (MoqtRandom *self)
{
  guint64 z = self->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ z >> 31;
}

guint64
moqt_random_below (MoqtRandom *self, guint64 n)
{
  return moqt_random_u64 (self) % n;
}

gboolean
moqt_random_chance (MoqtRandom *self, guint in)
{
  return moqt_random_below (self, in) == 0;
}

/* RFC 9000 §16 has 62 bits. */
static guint64
random_max (const MoqtRandom *self)
{
  return G_MAXUINT64 >> (self->draft == &ec_moqt_draft_16 ? 2 : 0);
}

guint64
moqt_random_number (MoqtRandom *self)
{
  return (moqt_random_u64 (self) & random_max (self)) >> moqt_random_below (self, 62);
}

static GBytes *
random_bytes (MoqtRandom *self, guint max)
{
  guint size = (guint) moqt_random_below (self, max + 1);
  guint8 *data = g_malloc (size + 1);

  for (guint i = 0; i < size; i++)
    data[i] = (guint8) moqt_random_u64 (self);
  return g_bytes_new_take (data, size);
}

/* Some characters; now and then of more than one byte. */
static char *
random_text (MoqtRandom *self, guint max)
{
  GString *text = g_string_new (NULL);
  guint n = (guint) moqt_random_below (self, max + 1);

  for (guint i = 0; i < n; i++)
    g_string_append_unichar (text, moqt_random_chance (self, 8)
                                       ? 0xa0 + (gunichar) moqt_random_below (self, 0x1000)
                                       : 0x21 + (gunichar) moqt_random_below (self, 0x5d));
  return g_string_free (text, FALSE);
}

static char *
random_uri (MoqtRandom *self)
{
  return g_strdup_printf ("https://h%" G_GUINT64_FORMAT "/", moqt_random_below (self, 1000));
}

EcMoqtName *
moqt_random_name (MoqtRandom *self, guint min_fields, gboolean track)
{
  guint8 bytes[EC_MOQT_MAX_NAME_FIELDS + 1][8];
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS], last;
  guint n = min_fields +
            (guint) moqt_random_below (
                self, moqt_random_chance (self, 10) ? EC_MOQT_MAX_NAME_FIELDS + 1 - min_fields : 4);
  EcMoqtName *name;

  for (guint i = 0; i <= n; i++) {
    for (guint at = 0; at < 8; at++)
      bytes[i][at] = (guint8) (moqt_random_chance (self, 9) ? moqt_random_u64 (self)
                                                            : 'a' + moqt_random_below (self, 3));
    if (i < n)
      fields[i] = (EcMoqtField){ bytes[i], 1 + moqt_random_below (self, 8) };
  }
  last = (EcMoqtField){ bytes[n], moqt_random_below (self, 9) };
  name = ec_moqt_name_new (fields, n, track ? &last : NULL);
  g_assert_nonnull (name);
  return name;
}

/* In no range of which §12 says that it must be checked. */
EcMoqtProperties *
moqt_random_properties (MoqtRandom *self)
{
  EcMoqtProperty items[8] = { 0 };
  GBytes *values[8] = { NULL };
  guint n = (guint) moqt_random_below (self, G_N_ELEMENTS (items));
  EcMoqtProperties *properties;

  for (guint i = 0; i < n; i++) {
    gsize size;

    items[i].type = 0x40 + moqt_random_number (self) / 2;
    items[i].number = moqt_random_number (self);
    values[i] = random_bytes (self, 20);
    items[i].data = g_bytes_get_data (values[i], &size);
    items[i].size = size;
    if (i > 0 && moqt_random_chance (self, 6))
      items[i].type = items[i - 1].type;
  }
  properties = ec_moqt_properties_new (items, n);
  for (guint i = 0; i < n; i++)
    g_bytes_unref (values[i]);
  return properties;
}

static EcMoqtLocation
random_location (MoqtRandom *self)
{
  return (EcMoqtLocation){ moqt_random_number (self), moqt_random_number (self) };
}

static void
random_tokens (MoqtRandom *self, EcMoqtParams *params, gboolean setup)
{
  params->n_tokens = (guint) moqt_random_below (self, 4);
  for (guint i = 0; i < params->n_tokens; i++) {
    EcMoqtToken *token = &params->tokens[i];

    token->kind = (EcMoqtTokenKind) moqt_random_below (self, 4);
    if (setup)
      token->kind = token->kind & 1 ? token->kind : EC_MOQT_TOKEN_USE_VALUE;
    if (token->kind != EC_MOQT_TOKEN_USE_VALUE)
      token->alias = moqt_random_number (self);
    if (token->kind == EC_MOQT_TOKEN_REGISTER || token->kind == EC_MOQT_TOKEN_USE_VALUE) {
      token->type = moqt_random_number (self);
      token->value = random_bytes (self, 30);
    }
  }
}

/* All that there are; a codec leaves out what the message is not for. */
static void
random_params (MoqtRandom *self, EcMoqtParams *params)
{
  params->has = (guint) moqt_random_u64 (self) & ((EC_MOQT_PARAM_NAMESPACE_PREFIX << 1) - 1);
  params->object_delivery_timeout_ms = 1 + moqt_random_number (self) / 2;
  params->subgroup_delivery_timeout_ms = moqt_random_number (self);
  params->rendezvous_timeout_ms = moqt_random_number (self);
  params->fill_timeout_ms = moqt_random_number (self);
  params->expires_ms = moqt_random_number (self);
  params->largest = random_location (self);
  params->forward = moqt_random_chance (self, 2);
  params->subscriber_priority = (guint8) moqt_random_u64 (self);
  params->group_order =
      moqt_random_chance (self, 2) ? EC_MOQT_GROUP_ORDER_ASCENDING : EC_MOQT_GROUP_ORDER_DESCENDING;
  params->new_group_request = moqt_random_number (self);
  params->filter.kind = (EcMoqtFilterKind) (1 + moqt_random_below (self, 4));
  if (params->filter.kind >= EC_MOQT_FILTER_ABSOLUTE_START)
    params->filter.start = random_location (self);
  if (params->filter.kind == EC_MOQT_FILTER_ABSOLUTE_RANGE)
    params->filter.end_group =
        params->filter.start.group +
        (params->filter.start.group < random_max (self) / 2 ? moqt_random_number (self) / 2 : 0);
  if (params->has & EC_MOQT_PARAM_NAMESPACE_PREFIX)
    params->namespace_prefix = moqt_random_name (self, 0, FALSE);
  random_tokens (self, params, FALSE);
}

static EcMoqtErrorCode
random_error (MoqtRandom *self)
{
  /* Those without a code of their own come back as others. */
  guint n = self->draft == &ec_moqt_draft_16 ? 13 : 17;
  static const EcMoqtErrorCode codes[] = {
    EC_MOQT_ERROR_INTERNAL_ERROR,
    EC_MOQT_ERROR_UNAUTHORIZED,
    EC_MOQT_ERROR_TIMEOUT,
    EC_MOQT_ERROR_NOT_SUPPORTED,
    EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN,
    EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN,
    EC_MOQT_ERROR_DOES_NOT_EXIST,
    EC_MOQT_ERROR_INVALID_RANGE,
    EC_MOQT_ERROR_MALFORMED_TRACK,
    EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION,
    EC_MOQT_ERROR_UNINTERESTED,
    EC_MOQT_ERROR_PREFIX_OVERLAP,
    EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID,
    EC_MOQT_ERROR_GOING_AWAY,
    EC_MOQT_ERROR_EXCESSIVE_LOAD,
    EC_MOQT_ERROR_NAMESPACE_TOO_LARGE,
    EC_MOQT_ERROR_REDIRECT,
  };

  return codes[moqt_random_below (self, n)];
}

static void
random_setup (MoqtRandom *self, gboolean from_server, EcMoqtMessage *message)
{
  if (!from_server && moqt_random_chance (self, 2))
    message->path = g_strdup ("/path?query");
  if (!from_server && moqt_random_chance (self, 2))
    message->authority = g_strdup ("host.example:4443");
  if (moqt_random_chance (self, 2))
    message->implementation = random_text (self, 30);
  if (self->draft->request_credit)
    message->max_request_id = moqt_random_number (self);
  message->max_auth_token_cache = moqt_random_number (self);
  random_tokens (self, &message->params, TRUE);
}

static void
random_fetch (MoqtRandom *self, EcMoqtMessage *message)
{
  message->fetch = (EcMoqtFetchKind) (1 + moqt_random_below (self, 3));
  if (message->fetch == EC_MOQT_FETCH_STANDALONE) {
    message->name = moqt_random_name (self, 1, TRUE);
    message->start = random_location (self);
    message->end = random_location (self);
  } else {
    message->joining_request_id = moqt_random_number (self);
    message->joining_start = moqt_random_number (self);
  }
}

static EcMoqtMessageKind
random_kind (MoqtRandom *self)
{
  static const EcMoqtMessageKind credit[] = {
    EC_MOQT_SETUP,
    EC_MOQT_GOAWAY,
    EC_MOQT_REQUEST_OK,
    EC_MOQT_REQUEST_ERROR,
    EC_MOQT_SUBSCRIBE,
    EC_MOQT_SUBSCRIBE_OK,
    EC_MOQT_REQUEST_UPDATE,
    EC_MOQT_PUBLISH,
    EC_MOQT_PUBLISH_DONE,
    EC_MOQT_FETCH,
    EC_MOQT_FETCH_OK,
    EC_MOQT_TRACK_STATUS,
    EC_MOQT_PUBLISH_NAMESPACE,
    EC_MOQT_SUBSCRIBE_NAMESPACE,
    EC_MOQT_NAMESPACE,
    EC_MOQT_NAMESPACE_DONE,
    EC_MOQT_MAX_REQUEST_ID,
    EC_MOQT_REQUESTS_BLOCKED,
    EC_MOQT_UNSUBSCRIBE,
    EC_MOQT_PUBLISH_OK,
    EC_MOQT_FETCH_CANCEL,
    EC_MOQT_PUBLISH_NAMESPACE_DONE,
    EC_MOQT_PUBLISH_NAMESPACE_CANCEL,
  };
  static const EcMoqtMessageKind streams[] = { EC_MOQT_SUBSCRIBE_TRACKS, EC_MOQT_PUBLISH_BLOCKED };
  guint common = 16;

  if (self->draft->request_credit)
    return credit[moqt_random_below (self, G_N_ELEMENTS (credit))];
  common = (guint) moqt_random_below (self, common + G_N_ELEMENTS (streams));
  return common < 16 ? credit[common] : streams[common - 16];
}

static void
random_error_or_done (MoqtRandom *self, gboolean from_server, EcMoqtMessage *message)
{
  message->text = random_text (self, 40);
  switch (message->kind) {
  case EC_MOQT_PUBLISH_DONE:
    message->done = (EcMoqtDoneCode) moqt_random_below (self, EC_MOQT_DONE_UPDATE_FAILED + 1);
    message->stream_count =
        moqt_random_chance (self, 4) ? G_MAXUINT64 : moqt_random_number (self) >> 2;
    break;
  case EC_MOQT_REQUEST_ERROR:
    message->retry = moqt_random_chance (self, 2);
    message->retry_interval_ms = message->retry ? moqt_random_number (self) / 2 : 0;
    message->error = random_error (self);
    if (message->error == EC_MOQT_ERROR_REDIRECT && from_server && moqt_random_chance (self, 2))
      message->uri = random_uri (self);
    if (message->error == EC_MOQT_ERROR_REDIRECT && moqt_random_chance (self, 2))
      message->redirect = moqt_random_name (self, 1, FALSE);
    break;
  default:
    message->error = random_error (self);
    break;
  }
}

static gboolean
is_answer (EcMoqtMessageKind kind)
{
  return EC_MOQT_SUBSCRIBE_OK == kind || EC_MOQT_REQUEST_OK == kind || EC_MOQT_PUBLISH_OK == kind ||
         EC_MOQT_FETCH_OK == kind || EC_MOQT_REQUEST_ERROR == kind || EC_MOQT_PUBLISH_DONE == kind;
}

static void
random_ids (MoqtRandom *self, EcMoqtMessage *message)
{
  gboolean credit = self->draft->request_credit;

  switch (message->kind) {
  case EC_MOQT_SETUP:
  case EC_MOQT_GOAWAY:
  case EC_MOQT_NAMESPACE:
  case EC_MOQT_NAMESPACE_DONE:
  case EC_MOQT_PUBLISH_BLOCKED:
    return;
  case EC_MOQT_MAX_REQUEST_ID:
  case EC_MOQT_REQUESTS_BLOCKED:
    message->max_request_id = moqt_random_number (self);
    return;
  default:
    break;
  }
  if (credit || !is_answer (message->kind))
    message->request_id = moqt_random_number (self);
  if (credit && message->kind == EC_MOQT_REQUEST_UPDATE)
    message->existing_request_id = moqt_random_number (self);
}

/* A name if the kind has one, and which. */
static EcMoqtName *
random_message_name (MoqtRandom *self, EcMoqtMessageKind kind)
{
  switch (kind) {
  case EC_MOQT_SUBSCRIBE:
  case EC_MOQT_TRACK_STATUS:
  case EC_MOQT_PUBLISH:
    return moqt_random_name (self, 1, TRUE);
  case EC_MOQT_PUBLISH_NAMESPACE:
    return moqt_random_name (self, 1, FALSE);
  case EC_MOQT_SUBSCRIBE_NAMESPACE:
  case EC_MOQT_SUBSCRIBE_TRACKS:
  case EC_MOQT_NAMESPACE:
  case EC_MOQT_NAMESPACE_DONE:
    return moqt_random_name (self, 0, FALSE);
  case EC_MOQT_PUBLISH_BLOCKED:
    return moqt_random_name (self, 0, TRUE);
  default:
    return NULL;
  }
}

static void
random_goaway (MoqtRandom *self, gboolean from_server, EcMoqtMessage *message)
{
  if (from_server && moqt_random_chance (self, 2))
    message->uri = random_uri (self);
  if (self->draft->request_credit)
    return;
  message->timeout_ms = moqt_random_number (self);
  message->request_id = moqt_random_chance (self, 2)
                            ? G_MAXUINT64
                            : (moqt_random_number (self) / 4) * 2 + (from_server ? 0 : 1);
}

void
moqt_random_message (MoqtRandom *self, gboolean from_server, EcMoqtMessage *message)
{
  EcMoqtMessageKind kind = random_kind (self);

  *message = (EcMoqtMessage){ .kind = kind };
  random_ids (self, message);
  message->name = random_message_name (self, kind);
  switch (kind) {
  case EC_MOQT_SETUP:
    random_setup (self, from_server, message);
    return;
  case EC_MOQT_GOAWAY:
    random_goaway (self, from_server, message);
    return;
  case EC_MOQT_REQUEST_ERROR:
  case EC_MOQT_PUBLISH_DONE:
  case EC_MOQT_PUBLISH_NAMESPACE_CANCEL:
    random_error_or_done (self, from_server, message);
    return;
  case EC_MOQT_PUBLISH:
  case EC_MOQT_SUBSCRIBE_OK:
    message->track_alias = moqt_random_number (self);
    message->properties = moqt_random_properties (self);
    break;
  case EC_MOQT_FETCH:
    random_fetch (self, message);
    break;
  case EC_MOQT_FETCH_OK:
    message->end_of_track = moqt_random_chance (self, 2);
    message->end = random_location (self);
    message->properties = moqt_random_properties (self);
    break;
  case EC_MOQT_SUBSCRIBE_NAMESPACE:
    message->interest = EC_MOQT_INTEREST_NAMESPACES;
    if (self->draft->request_credit)
      message->interest = 1 + (guint) moqt_random_below (self, 3);
    break;
  case EC_MOQT_SUBSCRIBE:
  case EC_MOQT_TRACK_STATUS:
  case EC_MOQT_PUBLISH_NAMESPACE:
  case EC_MOQT_SUBSCRIBE_TRACKS:
  case EC_MOQT_REQUEST_OK:
  case EC_MOQT_REQUEST_UPDATE:
  case EC_MOQT_PUBLISH_OK:
    break;
  default:
    return;
  }
  random_params (self, &message->params);
}

void
moqt_random_head (MoqtRandom *self, EcMoqtStreamHead *head)
{
  *head = (EcMoqtStreamHead){ .kind = EC_MOQT_STREAM_FETCH };
  if (moqt_random_chance (self, 2)) {
    head->request_id = moqt_random_number (self);
    return;
  }
  head->kind = EC_MOQT_STREAM_SUBGROUP;
  head->track_alias = moqt_random_number (self);
  head->group = moqt_random_number (self);
  head->id_mode = (EcMoqtSubgroupIdMode) moqt_random_below (self, 3);
  if (head->id_mode == EC_MOQT_SUBGROUP_ID_GIVEN)
    head->subgroup = moqt_random_number (self);
  head->has_priority = moqt_random_chance (self, 2);
  if (head->has_priority)
    head->priority = (guint8) moqt_random_u64 (self);
  head->has_properties = moqt_random_chance (self, 2);
  head->end_of_group = moqt_random_chance (self, 2);
  head->first_object = !self->draft->request_credit && moqt_random_chance (self, 2);
}

static void
random_subgroup_item (MoqtRandom *self, const EcMoqtStreamContext *context, EcMoqtItem *item)
{
  const EcMoqtStreamHead *head = &context->head;

  item->location.group = head->group;
  item->location.object = (context->any ? context->last.object + 1 : 0) +
                          (moqt_random_chance (self, 2) ? 0 : moqt_random_below (self, 1000));
  if (head->id_mode == EC_MOQT_SUBGROUP_ID_FIRST_OBJECT)
    item->subgroup = context->any ? context->subgroup : item->location.object;
  else
    item->subgroup = head->subgroup;
  item->has_priority = head->has_priority;
  item->priority = head->priority;
  if (item->size == 0 && moqt_random_chance (self, 4))
    item->status =
        moqt_random_chance (self, 2) ? EC_MOQT_OBJECT_END_OF_GROUP : EC_MOQT_OBJECT_END_OF_TRACK;
  if (item->status == EC_MOQT_OBJECT_NORMAL && head->has_properties)
    item->properties = moqt_random_properties (self);
}

void
moqt_random_item (MoqtRandom *self, const EcMoqtStreamContext *context, EcMoqtItem *item)
{
  guint64 step = moqt_random_below (self, 3);

  *item = (EcMoqtItem){ .kind = EC_MOQT_ITEM_OBJECT };
  item->size = moqt_random_chance (self, 3) ? 0 : moqt_random_below (self, 100000);
  if (context->head.kind == EC_MOQT_STREAM_SUBGROUP) {
    random_subgroup_item (self, context, item);
    return;
  }

  item->location = context->last;
  if (!context->any)
    item->location.group = 1000000 + moqt_random_below (self, 1000000);
  else if (step == 0)
    item->location.group +=
        context->descending ? -(1 + moqt_random_below (self, 9)) : 1 + moqt_random_below (self, 9);
  item->location.object = context->any && step > 0
                              ? context->last.object + 1 + (step - 1) * moqt_random_below (self, 99)
                              : moqt_random_below (self, 1000);
  if (moqt_random_chance (self, 6)) {
    item->size = 0;
    item->kind = moqt_random_chance (self, 2) ? EC_MOQT_ITEM_END_OF_NON_EXISTENT_RANGE
                                              : EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE;
    return;
  }
  item->datagram = moqt_random_chance (self, 5);
  if (!item->datagram)
    item->subgroup = moqt_random_below (self, 3);
  item->has_priority = TRUE;
  item->priority = (guint8) moqt_random_below (self, 3);
  item->properties = moqt_random_properties (self);
}

void
moqt_random_datagram (MoqtRandom *self, EcMoqtItem *item)
{
  *item = (EcMoqtItem){ .kind = EC_MOQT_ITEM_OBJECT, .datagram = TRUE };
  item->location.group = moqt_random_number (self);
  item->location.object = moqt_random_chance (self, 3) ? 0 : moqt_random_number (self);
  item->has_priority = moqt_random_chance (self, 2);
  if (item->has_priority)
    item->priority = (guint8) moqt_random_u64 (self);
  if (moqt_random_chance (self, 4)) {
    item->status =
        moqt_random_chance (self, 2) ? EC_MOQT_OBJECT_END_OF_GROUP : EC_MOQT_OBJECT_END_OF_TRACK;
    return;
  }
  item->end_of_group = moqt_random_chance (self, 2);
  item->properties = moqt_random_properties (self);
}
