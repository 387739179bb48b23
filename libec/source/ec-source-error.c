/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-error.h"

#include <libsoup/soup.h>

#include "base/ec-error.h"

typedef struct {
  GIOErrorEnum io;
  EcSourceError code;
  const char *format; /* one %s: who */
} Sentence;

#define HOST_NOT_FOUND                                                                             \
  "%s was not found: there is no host of that name. Check the spelling, or use its address."

static const Sentence sentences[] = {
  { G_IO_ERROR_CONNECTION_REFUSED, EC_SOURCE_ERROR_GONE,
    "%s refused the connection. Is it running, and is the port right?" },
  { G_IO_ERROR_HOST_UNREACHABLE, EC_SOURCE_ERROR_GONE,
    "%s cannot be reached. Is it switched on and on this network?" },
  { G_IO_ERROR_NETWORK_UNREACHABLE, EC_SOURCE_ERROR_GONE,
    "There is no network route to %s. Is this computer connected?" },
  { G_IO_ERROR_TIMED_OUT, EC_SOURCE_ERROR_GONE,
    "%s does not answer. Is it switched on and on this network?" },
  { G_IO_ERROR_CONNECTION_CLOSED, EC_SOURCE_ERROR_GONE, "%s closed the connection." },
  { G_IO_ERROR_NOT_CONNECTED, EC_SOURCE_ERROR_GONE, "%s closed the connection." },
  { G_IO_ERROR_PARTIAL_INPUT, EC_SOURCE_ERROR_GONE, "%s closed the connection too early." },
  { G_IO_ERROR_HOST_NOT_FOUND, EC_SOURCE_ERROR_NOT_FOUND, HOST_NOT_FOUND },
  { G_IO_ERROR_NOT_FOUND, EC_SOURCE_ERROR_NOT_FOUND, "%s does not exist." },
  { G_IO_ERROR_PERMISSION_DENIED, EC_SOURCE_ERROR_FAILED,
    "Access to %s is not permitted. Check its permissions." },
  { G_IO_ERROR_ADDRESS_IN_USE, EC_SOURCE_ERROR_FAILED,
    "The port of %s is used by another program. Close it, or choose another port." },
};

void
ec_source_error_from_io (GError **error, const GError *cause, const char *who)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_propagate_error (error, g_error_copy (cause));
    return;
  }

  if (cause->domain == G_IO_ERROR) {
    for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++) {
      if (cause->code == (int) sentences[i].io) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        g_set_error (error, EC_SOURCE_ERROR, sentences[i].code, sentences[i].format, who);
#pragma GCC diagnostic pop
        return;
      }
    }
  }

  if (cause->domain == G_RESOLVER_ERROR)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND, HOST_NOT_FOUND, who);
  else if (cause->domain == G_TLS_ERROR)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                 "No secure connection to %s could be made: %s.", who, cause->message);
  else if (cause->domain == G_IO_ERROR)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE, "The connection to %s failed: %s.",
                 who, cause->message);
  else
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED, "%s failed: %s.", who,
                 cause->message);
}
