/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-source-uri.h"

#include <string.h>

#include "base/ec-error.h"
#include "share/ec-share-source-private.h"
#include "share/ec-share-uri.h"
#include "source/ec-source-scheme.h"

/* A broadcast over WebTransport, or a page of the web. */
static EcSource *
make_https (const char *uri, GError **error)
{
  return ec_share_uri_is_broadcast (uri) ? ec_share_source_new (uri, error)
                                         : ec_http_source_new (uri, error);
}

static void
fill_registry (void)
{
  static gsize filled;

  if (!g_once_init_enter (&filled))
    return;
  ec_source_scheme_register ("file", ec_file_source_new);
  ec_source_scheme_register ("hdhomerun", ec_hdhr_source_new);
  ec_source_scheme_register ("http", ec_http_source_new);
  ec_source_scheme_register ("https", make_https);
  ec_source_scheme_register ("moqt", ec_share_source_new);
  ec_source_scheme_register ("rtp", ec_udp_source_new);
  ec_source_scheme_register ("udp", ec_udp_source_new);
  g_once_init_leave (&filled, 1);
}

/* "scheme:" with "//" behind it, or "file:": a file name may well hold a colon. */
static char *
parse_scheme (const char *uri)
{
  g_autofree char *scheme = g_uri_parse_scheme (uri);

  if (scheme == NULL)
    return NULL;
  if (g_ascii_strcasecmp (scheme, "file") != 0 && !g_str_has_prefix (uri + strlen (scheme), "://"))
    return NULL;
  return g_steal_pointer (&scheme);
}

/**
 * ec_source_new_for_uri:
 * @uri: where the stream comes from
 * @error: return location for an error
 *
 * Makes a source from a URI; nothing is opened yet.
 *
 * - `hdhomerun://DEVICE/5.1`: a channel of a tuner. DEVICE is the eight hexadecimal digits of its id,
 *   or its address or host name, with `:port` where its web server is not at port 80. `?mux=no`
 *   asks for the one program instead of the whole multiplex;
 * - a file name or `file:///path`; `-` is standard input;
 * - `http://…` and `https://…`;
 * - `moqt://HOST:PORT/NAME`: a broadcast over Media over QUIC, see [class@ShareSource]; `https://HOST:PORT/NAME` over WebTransport, where NAME
 *   begins with `ec/v1/`, or the query has a `track`. Options in the query: `track=`, `path=` (of the server), `hash=` (SHA-256 of its
 *   certificate), `ca=` (a PEM file), `publisher=` (a node id whose manifests are trusted), `source=` (another broadcast of the same
 *   chunks, for what is missing);
 * - `udp://@239.1.1.1:1234` (a group; a source-specific one as `udp://SENDER@GROUP:PORT`),
 *   `udp://@:5000` (any of our addresses), `udp://127.0.0.1:5000`, each with `?iface=eth0` where the
 *   interface matters; RTP is recognised, and `rtp://` insists on it.
 *
 * Errors: %EC_SOURCE_ERROR_BAD_URI when the URI cannot be understood or nobody handles its scheme.
 *
 * Returns: (transfer full): the source, in the state idle
 */
EcSource *
ec_source_new_for_uri (const char *uri, GError **error)
{
  g_autofree char *scheme = NULL;
  g_autofree char *known = NULL;
  EcSourceMake make;

  g_return_val_if_fail (uri != NULL, NULL);

  fill_registry ();

  if (*uri == '\0') {
    g_set_error_literal (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                         "The address of the source is empty. Give a URI or a file name.");
    return NULL;
  }

  scheme = parse_scheme (uri);
  make = ec_source_scheme_lookup (scheme ? scheme : "file");
  if (make)
    return make (uri, error);

  known = ec_source_scheme_list ();
  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
               "Addresses that begin with “%s://” are not understood. Known are %s.", scheme,
               known);
  return NULL;
}
