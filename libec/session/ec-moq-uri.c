/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-uri.h"

#include <string.h>

#include "base/ec-error.h"

#define DEFAULT_PORT 443
#define MAX_URI 8192 /* bytes; more is a mistake */

static gboolean
is_webtransport (const char *scheme, gboolean *webtransport)
{
  *webtransport = g_ascii_strcasecmp (scheme, "https") == 0;
  return *webtransport || g_ascii_strcasecmp (scheme, "moqt") == 0;
}

static EcMoqUri *
refuse (GError **error, const char *text, const char *why)
{
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
               "“%s” is no address of a MOQT server: %s. Write moqt://HOST:PORT for QUIC, or "
               "https://HOST:PORT/PATH for WebTransport.",
               text, why);
  return NULL;
}

EcMoqUri *
ec_moq_uri_parse (const char *text, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  g_autoptr (EcMoqUri) self = g_new0 (EcMoqUri, 1);
  const char *path;
  gboolean literal;

  if (strlen (text) > MAX_URI || !g_utf8_validate (text, -1, NULL))
    return refuse (error, "…", "it is too long, or no text");
  /* What is behind “#” is for us alone, never for the server (§3.1.2.1). */
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (!uri)
    return refuse (error, text, "it cannot be understood");
  if (!is_webtransport (g_uri_get_scheme (uri), &self->webtransport))
    return refuse (error, text, "its scheme is neither moqt nor https");
  if (!g_uri_get_host (uri) || !*g_uri_get_host (uri))
    return refuse (error, text, "it names no host");
  /* It is percent-decoded. */
  if (!g_utf8_validate (g_uri_get_host (uri), -1, NULL))
    return refuse (error, text, "its host is no text");
  if (g_uri_get_userinfo (uri))
    return refuse (error, text, "a user or password has no place in it");
  if (g_uri_get_port (uri) == 0)
    return refuse (error, text, "there is no port 0");

  self->host = g_strdup (g_uri_get_host (uri));
  self->port = g_uri_get_port (uri) < 0 ? DEFAULT_PORT : (guint16) g_uri_get_port (uri);
  literal = strchr (self->host, ':') != NULL;
  if (g_uri_get_port (uri) < 0)
    self->authority = g_strdup_printf (literal ? "[%s]" : "%s", self->host);
  else
    self->authority = g_strdup_printf (literal ? "[%s]:%u" : "%s:%u", self->host, self->port);
  path = g_uri_get_path (uri);
  /* MOQT's PATH is what the address says, and may be empty; HTTP's is not. */
  self->path = g_strconcat (*path || !self->webtransport ? path : "/",
                            g_uri_get_query (uri) ? "?" : NULL, g_uri_get_query (uri), NULL);
  return g_steal_pointer (&self);
}

void
ec_moq_uri_free (EcMoqUri *self)
{
  g_free (self->host);
  g_free (self->authority);
  g_free (self->path);
  g_free (self);
}
