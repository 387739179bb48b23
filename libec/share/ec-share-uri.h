/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcShareUri: the address of a broadcast as a source:
 *
 *   moqt://HOST[:PORT]/NAME[?OPTION&…]    over QUIC
 *   https://HOST[:PORT]/NAME[?OPTION&…]   over WebTransport, where NAME begins with “ec/v1/”, or there is an option `track`: any other
 *                                         is a page of the web
 *
 * Options: path=PATH (of the server; “/”), track=NAME, ca=FILE, hash=HEX, publisher=NODE-ID, source=NAME, token=TEXT; hash and publisher may be
 * repeated.
 */
typedef struct {
  char *server; /* “moqt://HOST:PORT/PATH” */
  char *who;    /* “HOST:PORT”, for people */
  char *name;   /* of the broadcast, percent-encoded as ECP-0003 §1 */
  char *track;  /* NULL: as the catalog says */
  char *ca_file;
  char *fallback;        /* the source-scoped broadcast for holes; nullable */
  GBytes *token;         /* for the server; nullable */
  GPtrArray *hashes;     /* GBytes of 32, or NULL */
  GPtrArray *publishers; /* node ids that are trusted */
} EcShareUri;

/* Whether an https:// URI is one of a broadcast. */
gboolean ec_share_uri_is_broadcast (const char *text);
/* Errors: EC_SOURCE_ERROR_BAD_URI. */
EcShareUri *ec_share_uri_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ec_share_uri_free (EcShareUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcShareUri, ec_share_uri_free)
