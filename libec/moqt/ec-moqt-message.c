/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-message.h"

#include <string.h>

static void
clear_tokens (EcMoqtParams *self)
{
  for (guint i = 0; i < self->n_tokens; i++)
    g_clear_pointer (&self->tokens[i].value, g_bytes_unref);
  self->n_tokens = 0;
}

void
ec_moqt_params_clear (EcMoqtParams *self)
{
  clear_tokens (self);
  g_clear_pointer (&self->namespace_prefix, ec_moqt_name_unref);
  memset (self, 0, sizeof *self);
}

void
ec_moqt_message_clear (EcMoqtMessage *self)
{
  ec_moqt_params_clear (&self->params);
  g_clear_pointer (&self->name, ec_moqt_name_unref);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  g_clear_pointer (&self->redirect, ec_moqt_name_unref);
  g_free (self->text);
  g_free (self->uri);
  g_free (self->path);
  g_free (self->authority);
  g_free (self->implementation);
  memset (self, 0, sizeof *self);
}

static void
update_tokens (EcMoqtParams *self, const EcMoqtParams *from)
{
  if (from->n_tokens == 0)
    return;
  clear_tokens (self);
  for (guint i = 0; i < from->n_tokens; i++) {
    self->tokens[i] = from->tokens[i];
    if (self->tokens[i].value)
      g_bytes_ref (self->tokens[i].value);
  }
  self->n_tokens = from->n_tokens;
}

void
ec_moqt_params_update (EcMoqtParams *self, const EcMoqtParams *from)
{
  if (self == from)
    return;
  if (from->has & EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT)
    self->object_delivery_timeout_ms = from->object_delivery_timeout_ms;
  if (from->has & EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT)
    self->subgroup_delivery_timeout_ms = from->subgroup_delivery_timeout_ms;
  if (from->has & EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT)
    self->rendezvous_timeout_ms = from->rendezvous_timeout_ms;
  if (from->has & EC_MOQT_PARAM_FILL_TIMEOUT)
    self->fill_timeout_ms = from->fill_timeout_ms;
  if (from->has & EC_MOQT_PARAM_EXPIRES)
    self->expires_ms = from->expires_ms;
  if (from->has & EC_MOQT_PARAM_LARGEST_OBJECT)
    self->largest = from->largest;
  if (from->has & EC_MOQT_PARAM_FORWARD)
    self->forward = from->forward;
  if (from->has & EC_MOQT_PARAM_SUBSCRIBER_PRIORITY)
    self->subscriber_priority = from->subscriber_priority;
  if (from->has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER)
    self->filter = from->filter;
  if (from->has & EC_MOQT_PARAM_GROUP_ORDER)
    self->group_order = from->group_order;
  if (from->has & EC_MOQT_PARAM_NEW_GROUP_REQUEST)
    self->new_group_request = from->new_group_request;
  if (from->has & EC_MOQT_PARAM_NAMESPACE_PREFIX) {
    g_clear_pointer (&self->namespace_prefix, ec_moqt_name_unref);
    self->namespace_prefix = ec_moqt_name_ref (from->namespace_prefix);
  }
  update_tokens (self, from);
  self->has |= from->has;
}

const char *
ec_moqt_message_kind_to_string (EcMoqtMessageKind kind)
{
  static const char *const names[] = {
    [EC_MOQT_SETUP] = "SETUP",
    [EC_MOQT_GOAWAY] = "GOAWAY",
    [EC_MOQT_MAX_REQUEST_ID] = "MAX_REQUEST_ID",
    [EC_MOQT_REQUESTS_BLOCKED] = "REQUESTS_BLOCKED",
    [EC_MOQT_REQUEST_OK] = "REQUEST_OK",
    [EC_MOQT_REQUEST_ERROR] = "REQUEST_ERROR",
    [EC_MOQT_SUBSCRIBE] = "SUBSCRIBE",
    [EC_MOQT_SUBSCRIBE_OK] = "SUBSCRIBE_OK",
    [EC_MOQT_REQUEST_UPDATE] = "REQUEST_UPDATE",
    [EC_MOQT_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [EC_MOQT_PUBLISH] = "PUBLISH",
    [EC_MOQT_PUBLISH_OK] = "PUBLISH_OK",
    [EC_MOQT_PUBLISH_DONE] = "PUBLISH_DONE",
    [EC_MOQT_FETCH] = "FETCH",
    [EC_MOQT_FETCH_OK] = "FETCH_OK",
    [EC_MOQT_FETCH_CANCEL] = "FETCH_CANCEL",
    [EC_MOQT_TRACK_STATUS] = "TRACK_STATUS",
    [EC_MOQT_PUBLISH_NAMESPACE] = "PUBLISH_NAMESPACE",
    [EC_MOQT_PUBLISH_NAMESPACE_DONE] = "PUBLISH_NAMESPACE_DONE",
    [EC_MOQT_PUBLISH_NAMESPACE_CANCEL] = "PUBLISH_NAMESPACE_CANCEL",
    [EC_MOQT_SUBSCRIBE_NAMESPACE] = "SUBSCRIBE_NAMESPACE",
    [EC_MOQT_UNSUBSCRIBE_NAMESPACE] = "UNSUBSCRIBE_NAMESPACE",
    [EC_MOQT_NAMESPACE] = "NAMESPACE",
    [EC_MOQT_NAMESPACE_DONE] = "NAMESPACE_DONE",
    [EC_MOQT_SUBSCRIBE_TRACKS] = "SUBSCRIBE_TRACKS",
    [EC_MOQT_PUBLISH_BLOCKED] = "PUBLISH_BLOCKED",
  };

  return (guint) kind < G_N_ELEMENTS (names) && names[kind] ? names[kind] : "unknown message";
}

const char *
ec_moqt_error_code_to_string (EcMoqtErrorCode code)
{
  static const char *const names[] = {
    [EC_MOQT_ERROR_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [EC_MOQT_ERROR_UNAUTHORIZED] = "UNAUTHORIZED",
    [EC_MOQT_ERROR_TIMEOUT] = "TIMEOUT",
    [EC_MOQT_ERROR_NOT_SUPPORTED] = "NOT_SUPPORTED",
    [EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN] = "MALFORMED_AUTH_TOKEN",
    [EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN] = "EXPIRED_AUTH_TOKEN",
    [EC_MOQT_ERROR_GOING_AWAY] = "GOING_AWAY",
    [EC_MOQT_ERROR_EXCESSIVE_LOAD] = "EXCESSIVE_LOAD",
    [EC_MOQT_ERROR_DOES_NOT_EXIST] = "DOES_NOT_EXIST",
    [EC_MOQT_ERROR_INVALID_RANGE] = "INVALID_RANGE",
    [EC_MOQT_ERROR_MALFORMED_TRACK] = "MALFORMED_TRACK",
    [EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION] = "DUPLICATE_SUBSCRIPTION",
    [EC_MOQT_ERROR_UNINTERESTED] = "UNINTERESTED",
    [EC_MOQT_ERROR_PREFIX_OVERLAP] = "PREFIX_OVERLAP",
    [EC_MOQT_ERROR_NAMESPACE_TOO_LARGE] = "NAMESPACE_TOO_LARGE",
    [EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID] = "INVALID_JOINING_REQUEST_ID",
    [EC_MOQT_ERROR_UNSUPPORTED_EXTENSION] = "UNSUPPORTED_EXTENSION",
    [EC_MOQT_ERROR_REDIRECT] = "REDIRECT",
    [EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS] = "UNKNOWN_AUTH_TOKEN_ALIAS",
  };

  return (guint) code < G_N_ELEMENTS (names) ? names[code] : "unknown error";
}

const char *
ec_moqt_done_code_to_string (EcMoqtDoneCode code)
{
  static const char *const names[] = {
    [EC_MOQT_DONE_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [EC_MOQT_DONE_UNAUTHORIZED] = "UNAUTHORIZED",
    [EC_MOQT_DONE_TRACK_ENDED] = "TRACK_ENDED",
    [EC_MOQT_DONE_SUBSCRIPTION_ENDED] = "SUBSCRIPTION_ENDED",
    [EC_MOQT_DONE_GOING_AWAY] = "GOING_AWAY",
    [EC_MOQT_DONE_TOO_FAR_BEHIND] = "TOO_FAR_BEHIND",
    [EC_MOQT_DONE_EXPIRED] = "EXPIRED",
    [EC_MOQT_DONE_UPDATE_FAILED] = "UPDATE_FAILED",
    [EC_MOQT_DONE_EXCESSIVE_LOAD] = "EXCESSIVE_LOAD",
    [EC_MOQT_DONE_MALFORMED_TRACK] = "MALFORMED_TRACK",
  };

  return (guint) code < G_N_ELEMENTS (names) ? names[code] : "unknown status";
}

const char *
ec_moqt_reset_code_to_string (EcMoqtResetCode code)
{
  static const char *const names[] = {
    [EC_MOQT_RESET_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [EC_MOQT_RESET_CANCELLED] = "CANCELLED",
    [EC_MOQT_RESET_DELIVERY_TIMEOUT] = "DELIVERY_TIMEOUT",
    [EC_MOQT_RESET_SESSION_CLOSED] = "SESSION_CLOSED",
    [EC_MOQT_RESET_GOING_AWAY] = "GOING_AWAY",
    [EC_MOQT_RESET_TOO_FAR_BEHIND] = "TOO_FAR_BEHIND",
    [EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS] = "UNKNOWN_OBJECT_STATUS",
    [EC_MOQT_RESET_EXPIRED_AUTH_TOKEN] = "EXPIRED_AUTH_TOKEN",
    [EC_MOQT_RESET_EXCESSIVE_LOAD] = "EXCESSIVE_LOAD",
    [EC_MOQT_RESET_MALFORMED_TRACK] = "MALFORMED_TRACK",
  };

  return (guint) code < G_N_ELEMENTS (names) ? names[code] : "unknown reset";
}

const char *
ec_moqt_close_code_to_string (guint64 code)
{
  static const char *const names[] = {
    [EC_MOQT_CLOSE_NO_ERROR] = "NO_ERROR",
    [EC_MOQT_CLOSE_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [EC_MOQT_CLOSE_UNAUTHORIZED] = "UNAUTHORIZED",
    [EC_MOQT_CLOSE_PROTOCOL_VIOLATION] = "PROTOCOL_VIOLATION",
    [EC_MOQT_CLOSE_INVALID_REQUEST_ID] = "INVALID_REQUEST_ID",
    [EC_MOQT_CLOSE_DUPLICATE_TRACK_ALIAS] = "DUPLICATE_TRACK_ALIAS",
    [EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR] = "KEY_VALUE_FORMATTING_ERROR",
    [EC_MOQT_CLOSE_TOO_MANY_REQUESTS] = "TOO_MANY_REQUESTS",
    [EC_MOQT_CLOSE_INVALID_PATH] = "INVALID_PATH",
    [EC_MOQT_CLOSE_MALFORMED_PATH] = "MALFORMED_PATH",
    [EC_MOQT_CLOSE_GOAWAY_TIMEOUT] = "GOAWAY_TIMEOUT",
    [EC_MOQT_CLOSE_CONTROL_MESSAGE_TIMEOUT] = "CONTROL_MESSAGE_TIMEOUT",
    [EC_MOQT_CLOSE_DATA_STREAM_TIMEOUT] = "DATA_STREAM_TIMEOUT",
    [EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW] = "AUTH_TOKEN_CACHE_OVERFLOW",
    [EC_MOQT_CLOSE_DUPLICATE_AUTH_TOKEN_ALIAS] = "DUPLICATE_AUTH_TOKEN_ALIAS",
    [EC_MOQT_CLOSE_VERSION_NEGOTIATION_FAILED] = "VERSION_NEGOTIATION_FAILED",
    [EC_MOQT_CLOSE_MALFORMED_AUTH_TOKEN] = "MALFORMED_AUTH_TOKEN",
    [EC_MOQT_CLOSE_UNKNOWN_AUTH_TOKEN_ALIAS] = "UNKNOWN_AUTH_TOKEN_ALIAS",
    [EC_MOQT_CLOSE_EXPIRED_AUTH_TOKEN] = "EXPIRED_AUTH_TOKEN",
    [EC_MOQT_CLOSE_INVALID_AUTHORITY] = "INVALID_AUTHORITY",
    [EC_MOQT_CLOSE_MALFORMED_AUTHORITY] = "MALFORMED_AUTHORITY",
  };

  return code < G_N_ELEMENTS (names) && names[code] ? names[code] : "unknown code";
}
