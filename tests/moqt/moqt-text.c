/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt-text.h"

#define U G_GUINT64_FORMAT

GByteArray *
moqt_bytes (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex++) {
    guint8 byte;

    if (*hex == ' ')
      continue;
    g_assert_true (g_ascii_isxdigit (hex[0]) && g_ascii_isxdigit (hex[1]));
    byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
    g_byte_array_append (bytes, &byte, 1);
    hex++;
  }
  return bytes;
}

char *
moqt_hex (const guint8 *data, gsize size)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  return g_string_free (text, FALSE);
}

static void
add_number (GString *text, const char *name, guint64 number)
{
  if (number == G_MAXUINT64)
    g_string_append_printf (text, " %s=max", name);
  else if (number != 0)
    g_string_append_printf (text, " %s=%" U, name, number);
}

static void
add_location (GString *text, const char *name, EcMoqtLocation location)
{
  if (location.group != 0 || location.object != 0)
    g_string_append_printf (text, " %s=%" U "/%" U, name, location.group, location.object);
}

static void
add_text (GString *text, const char *name, const char *value)
{
  if (value)
    g_string_append_printf (text, " %s=“%s”", name, value);
}

static void
add_name (GString *text, const char *what, const EcMoqtName *name)
{
  g_autofree char *string = name ? ec_moqt_name_to_string (name) : NULL;

  add_text (text, what, string);
}

static void
add_properties (GString *text, const EcMoqtProperties *properties)
{
  for (guint i = 0; i < ec_moqt_properties_get_n (properties); i++) {
    const EcMoqtProperty *item = ec_moqt_properties_get (properties, i);
    g_autofree char *hex = moqt_hex (item->data, item->size);

    if (item->type & 1)
      g_string_append_printf (text, " #%" G_GINT64_MODIFIER "x=“%s”", item->type, hex);
    else
      g_string_append_printf (text, " #%" G_GINT64_MODIFIER "x=%" U, item->type, item->number);
  }
}

static void
add_params (GString *text, const EcMoqtParams *params)
{
  const struct {
    guint flag;
    const char *name;
    guint64 number;
  } numbers[] = {
    { EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT, "object-timeout", params->object_delivery_timeout_ms },
    { EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT, "subgroup-timeout",
      params->subgroup_delivery_timeout_ms },
    { EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT, "rendezvous", params->rendezvous_timeout_ms },
    { EC_MOQT_PARAM_FILL_TIMEOUT, "fill", params->fill_timeout_ms },
    { EC_MOQT_PARAM_EXPIRES, "expires", params->expires_ms },
    { EC_MOQT_PARAM_FORWARD, "forward", (guint64) params->forward },
    { EC_MOQT_PARAM_SUBSCRIBER_PRIORITY, "priority", params->subscriber_priority },
    { EC_MOQT_PARAM_GROUP_ORDER, "order", params->group_order },
    { EC_MOQT_PARAM_NEW_GROUP_REQUEST, "new-group", params->new_group_request },
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (params->has & numbers[i].flag)
      g_string_append_printf (text, " %s:%" U, numbers[i].name, numbers[i].number);
  }
  if (params->has & EC_MOQT_PARAM_LARGEST_OBJECT)
    g_string_append_printf (text, " largest:%" U "/%" U, params->largest.group,
                            params->largest.object);
  if (params->has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER) {
    g_string_append_printf (text, " filter:%d", params->filter.kind);
    add_location (text, "from", params->filter.start);
    add_number (text, "to", params->filter.end_group);
  }
  if (params->has & EC_MOQT_PARAM_NAMESPACE_PREFIX)
    add_name (text, "prefix", params->namespace_prefix);
  for (guint i = 0; i < params->n_tokens; i++) {
    const EcMoqtToken *token = &params->tokens[i];
    gsize size = 0;
    const guint8 *data = token->value ? g_bytes_get_data (token->value, &size) : NULL;
    g_autofree char *hex = moqt_hex (data, size);

    g_string_append_printf (text, " token:%d/%" U "/%" U "/%s", token->kind, token->alias,
                            token->type, token->value ? hex : "-");
  }
}

char *
moqt_message_to_text (const EcMoqtMessage *message)
{
  GString *text = g_string_new (ec_moqt_message_kind_to_string (message->kind));

  add_number (text, "id", message->request_id);
  add_number (text, "existing", message->existing_request_id);
  add_name (text, "name", message->name);
  add_number (text, "alias", message->track_alias);
  add_params (text, &message->params);
  add_properties (text, message->properties);
  if (message->kind == EC_MOQT_REQUEST_ERROR || message->kind == EC_MOQT_PUBLISH_NAMESPACE_CANCEL)
    g_string_append_printf (text, " %s", ec_moqt_error_code_to_string (message->error));
  if (message->kind == EC_MOQT_PUBLISH_DONE)
    g_string_append_printf (text, " %s", ec_moqt_done_code_to_string (message->done));
  if (message->retry)
    g_string_append_printf (text, " retry=%" U, message->retry_interval_ms);
  add_number (text, "streams", message->stream_count);
  add_text (text, "text", message->text);
  add_text (text, "uri", message->uri);
  add_name (text, "redirect", message->redirect);
  add_number (text, "timeout", message->timeout_ms);
  add_number (text, "fetch", message->fetch);
  add_location (text, "start", message->start);
  add_location (text, "end", message->end);
  add_number (text, "joining", message->joining_request_id);
  add_number (text, "joining-start", message->joining_start);
  add_number (text, "end-of-track", (guint64) message->end_of_track);
  add_number (text, "interest", message->interest);
  add_number (text, "max", message->max_request_id);
  add_text (text, "path", message->path);
  add_text (text, "authority", message->authority);
  add_text (text, "implementation", message->implementation);
  add_number (text, "cache", message->max_auth_token_cache);
  return g_string_free (text, FALSE);
}

char *
moqt_item_to_text (const EcMoqtItem *item)
{
  static const char *const kinds[] = { "object", "non-existent up to", "unknown up to" };
  GString *text = g_string_new (kinds[item->kind]);

  g_string_append_printf (text, " %" U "/%" U, item->location.group, item->location.object);
  add_number (text, "subgroup", item->subgroup);
  if (item->has_priority)
    g_string_append_printf (text, " priority=%u", item->priority);
  add_number (text, "status", item->status);
  add_number (text, "datagram", (guint64) item->datagram);
  add_number (text, "end-of-group", (guint64) item->end_of_group);
  add_properties (text, item->properties);
  add_number (text, "size", item->size);
  return g_string_free (text, FALSE);
}

char *
moqt_head_to_text (const EcMoqtStreamHead *head)
{
  static const char *const kinds[] = { "control", "subgroup", "fetch", "padding" };
  GString *text = g_string_new (kinds[head->kind]);

  add_number (text, "alias", head->track_alias);
  add_number (text, "group", head->group);
  add_number (text, "mode", head->id_mode);
  add_number (text, "subgroup", head->subgroup);
  if (head->has_priority)
    g_string_append_printf (text, " priority=%u", head->priority);
  add_number (text, "properties", (guint64) head->has_properties);
  add_number (text, "end-of-group", (guint64) head->end_of_group);
  add_number (text, "first", (guint64) head->first_object);
  add_number (text, "request", head->request_id);
  return g_string_free (text, FALSE);
}
