/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"
#include "webtransport/ec-wt-structured.h"

/* The client's own part of a session's end: the connection has no other use. */
static void
give_up (EcWtConnection *self, EcTransportCloseCause cause, guint64 code, const char *reason)
{
  EcWtSession *session = self->client;

  self->client = NULL;
  ec_wt_session_end (session, cause, code, reason);
  ec_wt_connection_close (self, EC_H3_NO_ERROR, reason);
}

static void
send_connect (EcWtConnection *self, EcStreamId id)
{
  EcWtSession *session = self->client;
  g_autofree char *offered = ec_wt_structured_write_list ((const char *const *) session->offered);
  EcWtField fields[8] = {
    { (char *) ":method", (char *) "CONNECT" },
    { (char *) ":scheme", (char *) "https" },
    { (char *) ":authority", session->authority },
    { (char *) ":path", session->path },
    { (char *) ":protocol", (char *) "webtransport" },
    { (char *) "sec-webtransport-http3-draft02", (char *) "1" },
  };
  EcWtStream *stream = ec_wt_connection_add (self, id, EC_WT_KIND_REQUEST);
  guint n = 6;

  if (session->origin)
    fields[n++] = (EcWtField){ (char *) "origin", session->origin };
  if (offered && offered[0])
    fields[n++] = (EcWtField){ (char *) "wt-available-protocols", offered };
  stream->session = session;
  session->id = id;
  self->client = NULL;
  ec_wt_request_write_headers (self, id, fields, n, NULL, FALSE);
}

/* RFC 9220 §3: not before the server's SETTINGS allow it. */
void
ec_wt_client_proceed (EcWtConnection *self)
{
  EcStreamId id;

  if (!self->client || !self->settings_received || self->over)
    return;
  ec_wt_connection_ref (self);
  if (!self->settings.connect_protocol || !self->settings.webtransport ||
      !self->settings.datagram) {
    give_up (self, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_SETTINGS_ERROR,
             "the server does not speak WebTransport");
  } else if (self->goaway == 0) {
    give_up (self, EC_TRANSPORT_CLOSE_UNREACHABLE, 0, "the server takes no more sessions");
  } else {
    id = ec_transport_open_stream (self->h3, FALSE);
    if (id != EC_STREAM_NONE)
      send_connect (self, id);
  }
  ec_wt_connection_unref (self);
}

/* RFC 9110 §15: three digits. */
static guint
parse_status (const char *text)
{
  if (!text || strlen (text) != 3 || strspn (text, "0123456789") != 3 || text[0] == '0')
    return 0;
  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static gboolean
was_offered (EcWtSession *session, const char *protocol)
{
  return session->offered && g_strv_contains ((const char *const *) session->offered, protocol);
}

static void
refuse (EcWtConnection *self,
        EcWtStream *stream,
        guint64 h3_code,
        EcTransportCloseCause cause,
        guint64 code,
        const char *reason)
{
  EcWtSession *session = stream->session;

  ec_wt_stream_reject (self, stream, h3_code);
  ec_wt_session_end (session, cause, code, reason);
  ec_wt_connection_close (self, EC_H3_NO_ERROR, "");
}

void
ec_wt_client_handle (EcWtConnection *self, EcWtStream *stream, GArray *fields)
{
  EcWtSession *session = stream->session;
  g_autofree char *text = ec_wt_fields_get (fields, ":status");
  g_autofree char *field = ec_wt_fields_get (fields, "wt-protocol");
  g_autofree char *protocol = field ? ec_wt_structured_parse_string (field) : NULL;
  guint status = parse_status (text);

  if (!session)
    return;
  if (status >= 100 && status < 200 && status != 101)
    return; /* the final one is still to come */
  stream->got_headers = TRUE;
  if (status < 200) {
    refuse (self, stream, EC_H3_MESSAGE_ERROR, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR,
            "the answer has no status");
  } else if (status >= 300) {
    g_autofree char *reason = g_strdup_printf ("the server answered %u to CONNECT", status);

    refuse (self, stream, EC_H3_REQUEST_CANCELLED, EC_TRANSPORT_CLOSE_REFUSED, status, reason);
  } else if (protocol && !was_offered (session, protocol)) {
    refuse (self, stream, EC_WT_ALPN_ERROR, EC_TRANSPORT_CLOSE_PROTOCOL, EC_WT_ALPN_ERROR,
            "the server chose a protocol that was not offered");
  } else {
    session->protocol = g_strdup (protocol ? protocol : "");
    session->state = EC_WT_SESSION_OPEN;
    ec_wt_connection_set_deadline (self, G_MAXUINT64);
    ec_wt_session_open (session);
  }
}

EcTransport *
ec_wt_client_new (EcTransport *h3,
                  const char *authority,
                  const char *path,
                  const char *const *protocols,
                  const char *origin)
{
  EcWtConnection *self = ec_wt_connection_new (h3, FALSE);
  EcWtSession *session = ec_wt_session_new (self, EC_WT_SESSION_CONNECTING);

  session->authority = g_strdup (authority);
  session->path = g_strdup (path && path[0] ? path : "/");
  session->origin = g_strdup (origin);
  session->offered = g_strdupv ((char **) protocols);
  self->client = session;
  ec_wt_connection_start (self);
  return &session->transport;
}
