/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Where a session is dialled: “moqt://HOST[:PORT][/PATH][?QUERY]” for QUIC (MOQT §3.1.2), “https://…” for WebTransport.
 */
typedef struct {
  gboolean webtransport;
  char *host; /* a name, or an address without brackets; may have a scope: “fe80::1%eth0” */
  guint16 port;
  char *authority; /* “HOST[:PORT]” as it was said, for the server to see */
  char *path;      /* path and query, percent-encoded as they were said; of HTTP it begins with “/” */
} EcMoqUri;

/* Errors: EC_MOQ_ERROR_BAD_URI. */
EcMoqUri *ec_moq_uri_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ec_moq_uri_free (EcMoqUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqUri, ec_moq_uri_free)
