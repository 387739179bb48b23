/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Message parameters (§10.2) and setup options (§10.3.1). */
#include "moqt/ec-moqt-wire.h"

#include <string.h>

/* §10.2.2; `in` holds nothing else. */
static void
read_token (EcMoqtIn *in, EcMoqtToken *token)
{
  guint64 kind = ec_moqt_in_number (in);
  gsize size;

  if (kind > EC_MOQT_TOKEN_USE_VALUE) {
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR, "an unknown kind of token");
    return;
  }
  token->kind = (EcMoqtTokenKind) kind;
  if (kind != EC_MOQT_TOKEN_USE_VALUE)
    token->alias = ec_moqt_in_number (in);
  if (kind != EC_MOQT_TOKEN_REGISTER && kind != EC_MOQT_TOKEN_USE_VALUE)
    return;

  token->type = ec_moqt_in_number (in);
  size = ec_reader_left (&in->reader);
  if (!in->reader.failed)
    token->value = g_bytes_new (ec_reader_bytes (&in->reader, size), size);
}

void
ec_moqt_in_token (EcMoqtIn *self, EcMoqtParams *params)
{
  EcMoqtToken token = { 0 };
  guint64 size = ec_moqt_in_number (self);
  EcMoqtIn value;

  if (size > EC_MOQT_MAX_KVP_SIZE)
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a token longer than 65,535 bytes");
  if (!self->reader.failed && params->n_tokens == EC_MOQT_MAX_TOKENS)
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR,
                     "more than 8 tokens in a message");
  if (self->reader.failed)
    return;

  ec_moqt_in_sub (self, size, &value);
  read_token (&value, &token);
  if (ec_moqt_in_sub_done (self, &value, EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR,
                           "a token that cannot be understood"))
    params->tokens[params->n_tokens++] = token;
  else if (token.value)
    g_bytes_unref (token.value);
}

void
ec_moqt_out_token (const EcMoqtOut *self, const EcMoqtToken *token)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  EcMoqtOut value = { bytes, self->wire, self->from_server };
  gboolean has_value =
      token->kind == EC_MOQT_TOKEN_REGISTER || token->kind == EC_MOQT_TOKEN_USE_VALUE;

  ec_moqt_out_number (&value, token->kind);
  if (token->kind != EC_MOQT_TOKEN_USE_VALUE)
    ec_moqt_out_number (&value, token->alias);
  if (has_value)
    ec_moqt_out_number (&value, token->type);
  if (has_value && token->value) {
    gsize size;
    const guint8 *data = g_bytes_get_data (token->value, &size);

    g_byte_array_append (bytes, data, (guint) size);
  }
  ec_moqt_out_bytes (self, bytes->data, bytes->len);
}

/* §5.1.2 */
static void
read_filter (EcMoqtIn *in, EcMoqtFilter *filter)
{
  guint64 kind = ec_moqt_in_number (in);
  guint64 end;

  if (!in->reader.failed &&
      (kind < EC_MOQT_FILTER_NEXT_GROUP || kind > EC_MOQT_FILTER_ABSOLUTE_RANGE)) {
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an unknown kind of filter");
    return;
  }
  filter->kind = (EcMoqtFilterKind) kind;
  if (kind == EC_MOQT_FILTER_ABSOLUTE_START || kind == EC_MOQT_FILTER_ABSOLUTE_RANGE)
    filter->start = ec_moqt_in_location (in);
  if (kind != EC_MOQT_FILTER_ABSOLUTE_RANGE)
    return;

  end = ec_moqt_in_number (in);
  if (in->wire->filter_has_delta && end > G_MAXUINT64 - filter->start.group)
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a filter that ends beyond 2^64 - 1");
  else if (in->wire->filter_has_delta)
    end += filter->start.group;
  else if (end < filter->start.group)
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a filter that ends before it starts");
  filter->end_group = end;
}

static void
write_filter (const EcMoqtOut *self, const EcMoqtFilter *filter)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  EcMoqtOut value = { bytes, self->wire, self->from_server };

  /* §5.1.2: to start at { 0, 0 } is as good as no filter, and an update can say no other. */
  if (filter->kind == EC_MOQT_FILTER_NONE) {
    ec_moqt_out_number (&value, EC_MOQT_FILTER_ABSOLUTE_START);
    ec_moqt_out_location (&value, (EcMoqtLocation){ 0, 0 });
  } else {
    ec_moqt_out_number (&value, filter->kind);
  }
  if (filter->kind == EC_MOQT_FILTER_ABSOLUTE_START ||
      filter->kind == EC_MOQT_FILTER_ABSOLUTE_RANGE)
    ec_moqt_out_location (&value, filter->start);
  if (filter->kind == EC_MOQT_FILTER_ABSOLUTE_RANGE) {
    guint64 end = MAX (filter->end_group, filter->start.group);

    ec_moqt_out_number (&value, self->wire->filter_has_delta ? end - filter->start.group : end);
  }
  ec_moqt_out_bytes (self, bytes->data, bytes->len);
}

static guint64
read_limited (EcMoqtIn *in, const EcMoqtParamRule *rule)
{
  guint64 number =
      rule->form == EC_MOQT_FORM_BYTE ? ec_reader_u8 (&in->reader) : ec_moqt_in_number (in);

  if (!in->reader.failed && (number < rule->min || number > rule->max))
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a parameter out of its range");
  return number;
}

static void
set_number (EcMoqtParams *params, EcMoqtParamFlags flag, guint64 number)
{
  switch (flag) {
  case EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT:
    params->object_delivery_timeout_ms = number;
    break;
  case EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT:
    params->subgroup_delivery_timeout_ms = number;
    break;
  case EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT:
    params->rendezvous_timeout_ms = number;
    break;
  case EC_MOQT_PARAM_FILL_TIMEOUT:
    params->fill_timeout_ms = number;
    break;
  case EC_MOQT_PARAM_EXPIRES:
    params->expires_ms = number;
    break;
  case EC_MOQT_PARAM_FORWARD:
    params->forward = number != 0;
    break;
  case EC_MOQT_PARAM_SUBSCRIBER_PRIORITY:
    params->subscriber_priority = (guint8) number;
    break;
  case EC_MOQT_PARAM_GROUP_ORDER:
    params->group_order = (EcMoqtGroupOrder) number;
    break;
  case EC_MOQT_PARAM_NEW_GROUP_REQUEST:
    params->new_group_request = number;
    break;
  case EC_MOQT_PARAM_LARGEST_OBJECT:
  case EC_MOQT_PARAM_SUBSCRIPTION_FILTER:
  case EC_MOQT_PARAM_NAMESPACE_PREFIX:
  default:
    g_assert_not_reached ();
  }
}

static guint64
get_number (const EcMoqtParams *params, EcMoqtParamFlags flag)
{
  switch (flag) {
  case EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT:
    return params->object_delivery_timeout_ms;
  case EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT:
    return params->subgroup_delivery_timeout_ms;
  case EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT:
    return params->rendezvous_timeout_ms;
  case EC_MOQT_PARAM_FILL_TIMEOUT:
    return params->fill_timeout_ms;
  case EC_MOQT_PARAM_EXPIRES:
    return params->expires_ms;
  case EC_MOQT_PARAM_FORWARD:
    return params->forward != FALSE;
  case EC_MOQT_PARAM_SUBSCRIBER_PRIORITY:
    return params->subscriber_priority;
  case EC_MOQT_PARAM_GROUP_ORDER:
    return params->group_order;
  case EC_MOQT_PARAM_NEW_GROUP_REQUEST:
    return params->new_group_request;
  case EC_MOQT_PARAM_LARGEST_OBJECT:
  case EC_MOQT_PARAM_SUBSCRIPTION_FILTER:
  case EC_MOQT_PARAM_NAMESPACE_PREFIX:
  default:
    g_assert_not_reached ();
  }
}

static void
read_value (EcMoqtIn *in, const EcMoqtParamRule *rule, EcMoqtParams *params)
{
  EcMoqtIn value;

  switch (rule->form) {
  case EC_MOQT_FORM_NUMBER:
  case EC_MOQT_FORM_BYTE:
    set_number (params, rule->flag, read_limited (in, rule));
    break;
  case EC_MOQT_FORM_LOCATION:
    params->largest = ec_moqt_in_location (in);
    break;
  case EC_MOQT_FORM_SIZED_LOCATION:
    ec_moqt_in_sub (in, ec_moqt_in_number (in), &value);
    params->largest = ec_moqt_in_location (&value);
    ec_moqt_in_sub_done (in, &value, EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR,
                         "a location of the wrong size");
    break;
  case EC_MOQT_FORM_FILTER:
    ec_moqt_in_sub (in, ec_moqt_in_number (in), &value);
    read_filter (&value, &params->filter);
    ec_moqt_in_sub_done (in, &value, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                         "a filter of the wrong size");
    break;
  case EC_MOQT_FORM_NAMESPACE:
    params->namespace_prefix = ec_moqt_in_name (in, 0, FALSE);
    break;
  case EC_MOQT_FORM_TOKEN:
    ec_moqt_in_token (in, params);
    break;
  }
}

static const EcMoqtParamRule *
find_param (const EcMoqtWire *wire, guint64 type)
{
  for (const EcMoqtParamRule *rule = wire->params; rule->kinds != 0; rule++) {
    if (rule->type == type)
      return rule;
  }
  return NULL;
}

static void
read_param (EcMoqtIn *in, guint64 type, EcMoqtParams *params)
{
  const EcMoqtParamRule *rule = find_param (in->wire, type);

  if (in->reader.failed)
    return;
  if (!rule) {
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an unknown parameter");
  } else if (!(rule->kinds & EC_MOQT_IN (in->kind))) { /* §10.2.1 */
    if (!in->wire->stray_params_ignored)
      ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                       "a parameter that this message must not have");
    else if (type & 1)
      ec_moqt_in_value (in);
    else
      ec_moqt_in_number (in);
  } else if (rule->flag & params->has) {
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "the same parameter twice");
  } else {
    read_value (in, rule, params);
    if (!in->reader.failed)
      params->has |= rule->flag;
  }
}

void
ec_moqt_in_params (EcMoqtIn *self, EcMoqtParams *params)
{
  guint64 n = ec_moqt_in_number (self);
  guint64 type = 0;

  for (guint64 i = 0; i < n && !self->reader.failed; i++) {
    type = ec_moqt_in_type (self, type);
    read_param (self, type, params);
  }
}

static guint
count_values (const EcMoqtParamRule *rule, EcMoqtMessageKind kind, const EcMoqtParams *params)
{
  if (!(rule->kinds & EC_MOQT_IN (kind)))
    return 0;
  if (rule->form == EC_MOQT_FORM_TOKEN)
    return params->n_tokens;
  if (!(params->has & rule->flag))
    return 0;
  if (rule->form != EC_MOQT_FORM_NUMBER && rule->form != EC_MOQT_FORM_BYTE)
    return 1;
  /* What a draft has no number for is not said, as if the parameter did not exist. */
  return get_number (params, rule->flag) >= rule->min &&
         get_number (params, rule->flag) <= rule->max;
}

static void
write_value (const EcMoqtOut *self,
             const EcMoqtParamRule *rule,
             const EcMoqtParams *params,
             guint i)
{
  switch (rule->form) {
  case EC_MOQT_FORM_NUMBER:
    ec_moqt_out_number (self, get_number (params, rule->flag));
    break;
  case EC_MOQT_FORM_BYTE:
    ec_moqt_out_byte (self, (guint8) get_number (params, rule->flag));
    break;
  case EC_MOQT_FORM_LOCATION:
    ec_moqt_out_location (self, params->largest);
    break;
  case EC_MOQT_FORM_SIZED_LOCATION: {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    EcMoqtOut value = { bytes, self->wire, self->from_server };

    ec_moqt_out_location (&value, params->largest);
    ec_moqt_out_bytes (self, bytes->data, bytes->len);
    break;
  }
  case EC_MOQT_FORM_FILTER:
    write_filter (self, &params->filter);
    break;
  case EC_MOQT_FORM_NAMESPACE:
    ec_moqt_out_name (self, params->namespace_prefix, FALSE);
    break;
  case EC_MOQT_FORM_TOKEN:
    ec_moqt_out_token (self, &params->tokens[i]);
    break;
  }
}

void
ec_moqt_out_params (const EcMoqtOut *self, EcMoqtMessageKind kind, const EcMoqtParams *params)
{
  guint64 previous = 0;
  guint n = 0;

  for (const EcMoqtParamRule *rule = self->wire->params; rule->kinds != 0; rule++)
    n += count_values (rule, kind, params);
  ec_moqt_out_number (self, n);
  for (const EcMoqtParamRule *rule = self->wire->params; rule->kinds != 0; rule++) {
    n = count_values (rule, kind, params);
    for (guint i = 0; i < n; i++) {
      ec_moqt_out_number (self, rule->type - previous);
      write_value (self, rule, params, i);
      previous = rule->type;
    }
  }
}

/* §10.3.1; the same numbers in all drafts. */
enum {
  OPTION_PATH = 1,
  OPTION_MAX_REQUEST_ID = 2, /* up to 16 */
  OPTION_AUTHORIZATION_TOKEN = 3,
  OPTION_MAX_AUTH_TOKEN_CACHE_SIZE = 4,
  OPTION_AUTHORITY = 5,
  OPTION_IMPLEMENTATION = 7,
};

/* Of RFC 3986's characters those that may be in any of its parts, and `others`; “%” only with two digits. */
static gboolean
is_uri_part (EcMoqtField value, const char *others)
{
  for (gsize i = 0; i < value.size; i++) {
    char c = (char) value.data[i];

    if (c == '%') {
      if (value.size - i < 3 || !g_ascii_isxdigit (value.data[i + 1]) ||
          !g_ascii_isxdigit (value.data[i + 2]))
        return FALSE;
    } else if (!g_ascii_isalnum (c) && (c == 0 || !strchr ("-._~!$&'()*+,;=:@", c)) &&
               (c == 0 || !strchr (others, c))) {
      return FALSE;
    }
  }
  return TRUE;
}

/* “path-abempty” (RFC 3986 §3.3), and maybe “?” and a query */
static gboolean
is_path (EcMoqtField value)
{
  return is_uri_part (value, "/?") &&
         (value.size == 0 || value.data[0] == '/' || value.data[0] == '?');
}

/* RFC 3986 §3.2; what is a host is for who looks it up. */
static gboolean
is_authority (EcMoqtField value)
{
  return is_uri_part (value, "[]");
}

static char *
read_uri_part (EcMoqtIn *in,
               gboolean (*is_well_formed) (EcMoqtField value),
               EcMoqtCloseCode not_allowed,
               const char *why_not,
               EcMoqtCloseCode malformed,
               const char *why_malformed)
{
  EcMoqtField value = ec_moqt_in_value (in);

  if (in->from_server)
    ec_moqt_in_fail (in, not_allowed, why_not);
  if (!is_well_formed (value))
    ec_moqt_in_fail (in, malformed, why_malformed);
  if (in->reader.failed)
    return NULL;
  return g_strndup (value.size > 0 ? (const char *) value.data : "", value.size);
}

static void
read_setup_token (EcMoqtIn *in, EcMoqtMessage *message)
{
  EcMoqtTokenKind kind;

  ec_moqt_in_token (in, &message->params);
  if (in->reader.failed)
    return;
  kind = message->params.tokens[message->params.n_tokens - 1].kind;
  if (!in->from_server && (kind == EC_MOQT_TOKEN_DELETE || kind == EC_MOQT_TOKEN_USE_ALIAS))
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                     "a token's alias before any was registered");
}

/* Whether it is one that we know. */
static gboolean
read_option (EcMoqtIn *in, guint64 type, gboolean has_max_request_id, EcMoqtMessage *message)
{
  switch (type) {
  case OPTION_PATH:
    g_free (message->path);
    message->path = read_uri_part (in, is_path, EC_MOQT_CLOSE_INVALID_PATH, "a path from a server",
                                   EC_MOQT_CLOSE_MALFORMED_PATH, "a path that is no part of a URI");
    return TRUE;
  case OPTION_AUTHORITY:
    g_free (message->authority);
    message->authority = read_uri_part (
        in, is_authority, EC_MOQT_CLOSE_INVALID_AUTHORITY, "an authority from a server",
        EC_MOQT_CLOSE_MALFORMED_AUTHORITY, "an authority that is no part of a URI");
    return TRUE;
  case OPTION_AUTHORIZATION_TOKEN:
    read_setup_token (in, message);
    return FALSE; /* may come again */
  case OPTION_MAX_AUTH_TOKEN_CACHE_SIZE:
    message->max_auth_token_cache = ec_moqt_in_number (in);
    return TRUE;
  case OPTION_IMPLEMENTATION:
    g_free (message->implementation);
    message->implementation = ec_moqt_in_text (in, EC_MOQT_MAX_KVP_SIZE, "a name that is too long");
    return TRUE;
  case OPTION_MAX_REQUEST_ID:
    if (has_max_request_id) {
      message->max_request_id = ec_moqt_in_number (in);
      return TRUE;
    }
    break;
  default:
    break;
  }
  /* Not known, or grease (§14): passed over. */
  if (type & 1)
    ec_moqt_in_value (in);
  else
    ec_moqt_in_number (in);
  return FALSE;
}

void
ec_moqt_in_setup_options (EcMoqtIn *in,
                          guint64 n,
                          gboolean has_max_request_id,
                          EcMoqtMessage *message)
{
  gboolean known = FALSE;
  guint64 type = 0;

  for (guint64 i = 0; i < n && !in->reader.failed; i++) {
    guint64 next;

    if (n == G_MAXUINT64 && ec_reader_left (&in->reader) == 0)
      return;
    next = ec_moqt_in_type (in, type);
    if (known && next == type)
      ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "the same setup option twice");
    type = next;
    if (!in->reader.failed)
      known = read_option (in, type, has_max_request_id, message);
  }
}

typedef struct {
  const EcMoqtOut *out;
  guint64 previous;
  guint n;
} Options;

static void
write_type (Options *options, guint64 type)
{
  ec_moqt_out_number (options->out, type - options->previous);
  options->previous = type;
  options->n++;
}

static void
write_text (Options *options, guint64 type, const char *text)
{
  if (!text)
    return;
  write_type (options, type);
  ec_moqt_out_text (options->out, text, EC_MOQT_MAX_KVP_SIZE);
}

guint
ec_moqt_out_setup_options (const EcMoqtOut *out,
                           gboolean has_max_request_id,
                           const EcMoqtMessage *message)
{
  Options options = { out, 0, 0 };

  /* A server says neither of them. */
  write_text (&options, OPTION_PATH, out->from_server ? NULL : message->path);
  if (has_max_request_id && message->max_request_id > 0) {
    write_type (&options, OPTION_MAX_REQUEST_ID);
    ec_moqt_out_number (out, message->max_request_id);
  }
  for (guint i = 0; i < message->params.n_tokens; i++) {
    write_type (&options, OPTION_AUTHORIZATION_TOKEN);
    ec_moqt_out_token (out, &message->params.tokens[i]);
  }
  if (message->max_auth_token_cache > 0) {
    write_type (&options, OPTION_MAX_AUTH_TOKEN_CACHE_SIZE);
    ec_moqt_out_number (out, message->max_auth_token_cache);
  }
  write_text (&options, OPTION_AUTHORITY, out->from_server ? NULL : message->authority);
  write_text (&options, OPTION_IMPLEMENTATION, message->implementation);
  return options.n;
}
