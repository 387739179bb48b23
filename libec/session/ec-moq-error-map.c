/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-error-map.h"

#include <string.h>

#include "base/ec-error.h"

/* RFC 9000 §20.1: CRYPTO_ERROR is 0x100 + the alert of TLS (RFC 8446 §6). */
#define TLS_ALERT(code) ((code) &0xff)
#define TLS_ALERT_HANDSHAKE_FAILURE 40
#define TLS_ALERT_NO_APPLICATION_PROTOCOL 120

/* “: reason”, or nothing; without its full stop, as one follows. */
static char *
because (const char *reason)
{
  g_autofree char *text = g_strstrip (g_strdup (reason ? reason : ""));

  if (g_str_has_suffix (text, "."))
    text[strlen (text) - 1] = '\0';
  return *text ? g_strconcat (": ", text, NULL) : g_strdup ("");
}

static EcMoqError
refused_code (guint64 status)
{
  switch (status) {
  case 401:
  case 403:
    return EC_MOQ_ERROR_UNAUTHORIZED;
  case 404:
  case 410:
    return EC_MOQ_ERROR_NOT_FOUND;
  case 405:
  case 501:
    return EC_MOQ_ERROR_NOT_SUPPORTED;
  case 429:
  case 503:
    return EC_MOQ_ERROR_BUSY;
  default:
    return EC_MOQ_ERROR_REJECTED;
  }
}

GError *
ec_moq_error_new_for_transport (const EcTransportClose *close, const char *peer)
{
  g_autofree char *reason = because (close->reason);

  switch (close->cause) {
  case EC_TRANSPORT_CLOSE_UNREACHABLE:
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_UNREACHABLE,
                        "Nobody answers at %s%s. Check the address, that the server runs, and that "
                        "no firewall holds back UDP.",
                        peer, reason);
  case EC_TRANSPORT_CLOSE_TLS:
    if (TLS_ALERT (close->code) == TLS_ALERT_NO_APPLICATION_PROTOCOL)
      return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_VERSION,
                          "%s speaks none of the drafts of MOQT that were offered%s. Try "
                          "https:// in place of moqt://, or the other way round.",
                          peer, reason);
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE,
                        "%s did not prove who it is%s. Name its certificate's authority, or the "
                        "certificate's hash, if it is the right server.",
                        peer, reason);
  case EC_TRANSPORT_CLOSE_REFUSED:
    return g_error_new (EC_MOQ_ERROR, refused_code (close->code),
                        "%s does not take a WebTransport session at this path (HTTP status "
                        "%" G_GUINT64_FORMAT ")%s.",
                        peer, close->code, reason);
  case EC_TRANSPORT_CLOSE_PEER:
    return ec_moq_error_new_for_close (TRUE, close->code, close->reason);
  case EC_TRANSPORT_CLOSE_IDLE:
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_TIMEOUT,
                        "%s was not heard of for too long. Its network or ours is down, or it is "
                        "gone.",
                        peer);
  case EC_TRANSPORT_CLOSE_RESET:
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED,
                        "%s knows nothing of the connection any more. It has been restarted; "
                        "connect again.",
                        peer);
  case EC_TRANSPORT_CLOSE_PROTOCOL:
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL,
                        "The connection to %s broke a rule of QUIC or HTTP/3 (code "
                        "0x%" G_GINT64_MODIFIER "x)%s.",
                        peer, close->code, reason);
  case EC_TRANSPORT_CLOSE_LOCAL:
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED, "The connection to %s was closed%s.",
                        peer, reason);
  case EC_TRANSPORT_CLOSE_FAILED:
    break;
  }
  return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED, "The connection to %s failed%s.", peer,
                      reason);
}

static EcMoqError
close_code (guint64 code)
{
  switch (code) {
  case EC_MOQT_CLOSE_NO_ERROR:
    return EC_MOQ_ERROR_CLOSED;
  case EC_MOQT_CLOSE_UNAUTHORIZED:
  case EC_MOQT_CLOSE_EXPIRED_AUTH_TOKEN:
  case EC_MOQT_CLOSE_MALFORMED_AUTH_TOKEN:
    return EC_MOQ_ERROR_UNAUTHORIZED;
  case EC_MOQT_CLOSE_INVALID_PATH:
  case EC_MOQT_CLOSE_INVALID_AUTHORITY:
    return EC_MOQ_ERROR_NOT_FOUND;
  case EC_MOQT_CLOSE_TOO_MANY_REQUESTS:
  case EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW:
    return EC_MOQ_ERROR_LIMIT;
  case EC_MOQT_CLOSE_GOAWAY_TIMEOUT:
    return EC_MOQ_ERROR_GOING_AWAY;
  case EC_MOQT_CLOSE_CONTROL_MESSAGE_TIMEOUT:
  case EC_MOQT_CLOSE_DATA_STREAM_TIMEOUT:
    return EC_MOQ_ERROR_TIMEOUT;
  case EC_MOQT_CLOSE_VERSION_NEGOTIATION_FAILED:
    return EC_MOQ_ERROR_VERSION;
  case EC_MOQT_CLOSE_INTERNAL_ERROR:
    return EC_MOQ_ERROR_FAILED;
  default:
    return EC_MOQ_ERROR_PROTOCOL;
  }
}

GError *
ec_moq_error_new_for_close (gboolean remote, guint64 code, const char *reason)
{
  g_autofree char *why = because (reason);

  if (code == EC_MOQT_CLOSE_NO_ERROR)
    return g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED, "The session was closed%s%s.",
                        remote ? " by the other side" : "", why);
  return g_error_new (EC_MOQ_ERROR, close_code (code),
                      "%s closed the session with %s (0x%" G_GINT64_MODIFIER "x)%s.",
                      remote ? "The other side" : "This side", ec_moqt_close_code_to_string (code),
                      code, why);
}

static EcMoqError
refusal_code (EcMoqtErrorCode code)
{
  switch (code) {
  case EC_MOQT_ERROR_UNAUTHORIZED:
  case EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN:
  case EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN:
  case EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS:
    return EC_MOQ_ERROR_UNAUTHORIZED;
  case EC_MOQT_ERROR_TIMEOUT:
    return EC_MOQ_ERROR_TIMEOUT;
  case EC_MOQT_ERROR_NOT_SUPPORTED:
  case EC_MOQT_ERROR_UNSUPPORTED_EXTENSION:
    return EC_MOQ_ERROR_NOT_SUPPORTED;
  case EC_MOQT_ERROR_GOING_AWAY:
  case EC_MOQT_ERROR_REDIRECT:
    return EC_MOQ_ERROR_GOING_AWAY;
  case EC_MOQT_ERROR_EXCESSIVE_LOAD:
    return EC_MOQ_ERROR_BUSY;
  case EC_MOQT_ERROR_DOES_NOT_EXIST:
    return EC_MOQ_ERROR_NOT_FOUND;
  case EC_MOQT_ERROR_INVALID_RANGE:
    return EC_MOQ_ERROR_INVALID_RANGE;
  case EC_MOQT_ERROR_MALFORMED_TRACK:
    return EC_MOQ_ERROR_MALFORMED_TRACK;
  case EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION:
  case EC_MOQT_ERROR_PREFIX_OVERLAP:
    return EC_MOQ_ERROR_DUPLICATE;
  case EC_MOQT_ERROR_UNINTERESTED:
    return EC_MOQ_ERROR_REJECTED;
  case EC_MOQT_ERROR_NAMESPACE_TOO_LARGE:
    return EC_MOQ_ERROR_LIMIT;
  case EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID:
    return EC_MOQ_ERROR_PROTOCOL;
  case EC_MOQT_ERROR_INTERNAL_ERROR:
    break;
  }
  return EC_MOQ_ERROR_FAILED;
}

GError *
ec_moq_error_new_for_refusal (const EcMoqtRefusal *refusal, const char *what)
{
  g_autofree char *reason = because (refusal->reason);
  g_autofree char *advice = NULL;

  if (refusal->redirect_uri)
    advice = g_strdup_printf (" It says to ask %s.", refusal->redirect_uri);
  else if (refusal->retry && refusal->retry_interval_ms > 0)
    advice = g_strdup_printf (" Ask again in %" G_GUINT64_FORMAT " s.",
                              (refusal->retry_interval_ms + 999) / 1000);
  return g_error_new (EC_MOQ_ERROR, refusal_code (refusal->code), "%s was refused (%s)%s.%s", what,
                      ec_moqt_error_code_to_string (refusal->code), reason, advice ? advice : "");
}

GError *
ec_moq_error_new_for_done (EcMoqtDoneCode code, const char *reason, const char *what)
{
  g_autofree char *why = because (reason);
  EcMoqError error = EC_MOQ_ERROR_FAILED;

  switch (code) {
  case EC_MOQT_DONE_TRACK_ENDED:
  case EC_MOQT_DONE_SUBSCRIPTION_ENDED:
    return NULL;
  case EC_MOQT_DONE_UNAUTHORIZED:
    error = EC_MOQ_ERROR_UNAUTHORIZED;
    break;
  case EC_MOQT_DONE_GOING_AWAY:
    error = EC_MOQ_ERROR_GOING_AWAY;
    break;
  case EC_MOQT_DONE_TOO_FAR_BEHIND:
    error = EC_MOQ_ERROR_TOO_FAR_BEHIND;
    break;
  case EC_MOQT_DONE_EXPIRED:
    error = EC_MOQ_ERROR_TIMEOUT;
    break;
  case EC_MOQT_DONE_EXCESSIVE_LOAD:
    error = EC_MOQ_ERROR_BUSY;
    break;
  case EC_MOQT_DONE_MALFORMED_TRACK:
    error = EC_MOQ_ERROR_MALFORMED_TRACK;
    break;
  case EC_MOQT_DONE_INTERNAL_ERROR:
  case EC_MOQT_DONE_UPDATE_FAILED:
    break;
  }
  return g_error_new (EC_MOQ_ERROR, error, "%s ended (%s)%s.", what,
                      ec_moqt_done_code_to_string (code), why);
}
