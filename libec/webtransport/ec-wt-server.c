/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"
#include "webtransport/ec-wt-structured.h"

#define STATUS_OK 200

static const char no_page[] =
    "There is no page here: this address speaks Media over QUIC, over WebTransport.\n";

/* The answer to what is no session; the request's rest is of no interest. */
static void
answer_and_end (
    EcWtConnection *self, EcWtStream *stream, guint status, gboolean with_body, gboolean stop)
{
  char number[16];
  EcWtField fields[2] = {
    { (char *) ":status", number },
    { (char *) "content-type", (char *) "text/plain; charset=utf-8" },
  };

  g_snprintf (number, sizeof number, "%u", status);
  ec_wt_request_write_headers (self, stream->id, fields, with_body ? 2 : 1,
                               with_body ? no_page : NULL, TRUE);
  if (self->over)
    return;
  ec_wt_connection_set_gone (self, stream->id);
  stream->kind = EC_WT_KIND_IGNORED;
  if (stop)
    ec_transport_stop (self->h3, stream->id, EC_H3_NO_ERROR);
  if (self->sessions->len == 0)
    ec_wt_connection_set_deadline (self, ec_transport_now (self->h3) + EC_WT_LINGER_US);
}

/* RFC 9114 §4.3.1, RFC 8441 §4 */
typedef struct {
  char *method, *scheme, *authority, *path, *protocol, *origin;
  char *offered; /* wt-available-protocols, as it came */
  char *draft02;
} Request;

static void
request_read (Request *self, GArray *fields)
{
  self->method = ec_wt_fields_get (fields, ":method");
  self->scheme = ec_wt_fields_get (fields, ":scheme");
  self->authority = ec_wt_fields_get (fields, ":authority");
  self->path = ec_wt_fields_get (fields, ":path");
  self->protocol = ec_wt_fields_get (fields, ":protocol");
  self->origin = ec_wt_fields_get (fields, "origin");
  self->offered = ec_wt_fields_get (fields, "wt-available-protocols");
  self->draft02 = ec_wt_fields_get (fields, "sec-webtransport-http3-draft02");
}

static void
request_clear (Request *self)
{
  g_free (self->method);
  g_free (self->scheme);
  g_free (self->authority);
  g_free (self->path);
  g_free (self->protocol);
  g_free (self->origin);
  g_free (self->offered);
  g_free (self->draft02);
}

/* Pseudo-fields that a request may have. */
static gboolean
has_only_known (GArray *fields)
{
  static const char *const known[] = { ":method", ":scheme", ":authority", ":path", ":protocol" };

  for (guint i = 0; i < fields->len; i++) {
    const char *name = g_array_index (fields, EcWtField, i).name;
    gboolean ok = name[0] != ':';

    for (guint j = 0; j < G_N_ELEMENTS (known); j++)
      ok |= strcmp (name, known[j]) == 0;
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_well_formed (const Request *request, GArray *fields)
{
  gboolean connect;

  if (!request->method || !has_only_known (fields))
    return FALSE;
  connect = strcmp (request->method, "CONNECT") == 0;
  if (connect && !request->protocol)
    return request->authority && !request->scheme && !request->path;
  return request->scheme && request->path && request->path[0] != '\0' &&
         (connect || !request->protocol) && (!connect || request->authority);
}

/* 0: it asks for a session; else what to answer. */
static guint
status_of (EcWtConnection *self, const Request *request)
{
  if (strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0)
    return 404;
  if (strcmp (request->method, "CONNECT") != 0 || !request->protocol)
    return 405;
  if (strcmp (request->protocol, "webtransport") != 0 &&
      strcmp (request->protocol, "webtransport-h3") != 0)
    return 501;
  if (strcmp (request->scheme, "https") != 0)
    return 400;
  /* What WebTransport needs of the client (draft-ietf-webtrans-http3 §3.1). */
  if (!self->settings.datagram)
    return 400;
  return 0;
}

/* The 2xx; the session is told to the owner, then what waited for it is. */
static void
accept_session (EcWtConnection *self,
                EcWtStream *stream,
                const Request *request,
                const char *protocol)
{
  const char *const one[] = { protocol, NULL };
  g_autofree char *chosen = protocol ? ec_wt_structured_write_list (one) : NULL;
  EcWtField fields[3] = { { (char *) ":status", (char *) "200" } };
  EcWtSession *session;
  guint n = 1;

  if (request->draft02)
    fields[n++] = (EcWtField){ (char *) "sec-webtransport-http3-draft", (char *) "draft02" };
  if (chosen)
    fields[n++] = (EcWtField){ (char *) "wt-protocol", chosen };
  ec_wt_request_write_headers (self, stream->id, fields, n, NULL, FALSE);
  if (self->over)
    return;

  session = ec_wt_session_new (self, EC_WT_SESSION_OPEN);
  session->id = stream->id;
  session->protocol = g_strdup (protocol ? protocol : "");
  session->path = g_strdup (request->path);
  session->authority = g_strdup (request->authority);
  session->origin = g_strdup (request->origin);
  stream->session = session;
  ec_wt_connection_set_deadline (self, G_MAXUINT64);
  ec_transport_ref (&session->transport);
  self->events->session (self->user_data, &session->transport);
  ec_wt_session_open (session);
  ec_transport_unref (&session->transport);
}

void
ec_wt_server_handle (EcWtConnection *self, EcWtStream *stream, GArray *fields)
{
  Request request = { 0 };
  g_auto (GStrv) offered = NULL;
  char *none[] = { NULL };
  EcWtAnswer answer = { .status = 404 };

  stream->got_headers = TRUE;
  request_read (&request, fields);
  if (!is_well_formed (&request, fields)) {
    ec_wt_connection_set_gone (self, stream->id);
    ec_wt_stream_reject (self, stream, EC_H3_MESSAGE_ERROR);
    goto out;
  }
  if (status_of (self, &request) != 0) {
    answer_and_end (self, stream, status_of (self, &request), strcmp (request.method, "HEAD") != 0,
                    TRUE);
    goto out;
  }
  if (self->sessions->len == EC_WT_SESSIONS_MAX || self->draining) {
    ec_wt_connection_set_gone (self, stream->id);
    ec_wt_stream_reject (self, stream, EC_H3_REQUEST_REJECTED);
    goto out;
  }
  if (request.offered)
    offered = ec_wt_structured_parse_list (request.offered);
  self->events->request (self->user_data,
                         &(EcWtRequest){
                             .authority = request.authority,
                             .path = request.path,
                             .origin = request.origin,
                             .protocols = (const char *const *) (offered ? offered : none),
                             .h3 = self->h3,
                         },
                         &answer);
  if (self->over)
    goto out;
  if (answer.status == STATUS_OK)
    accept_session (self, stream, &request, answer.protocol);
  else
    /* Not stopped: STOP_SENDING may overtake the answer, and clients take it for one. */
    answer_and_end (self, stream, answer.status >= 300 ? answer.status : 500, FALSE, FALSE);
out:
  request_clear (&request);
}

EcWtServer *
ec_wt_server_new (EcTransport *h3, const EcWtServerEvents *events, gpointer user_data)
{
  EcWtConnection *self = ec_wt_connection_new (h3, TRUE);

  self->events = events;
  self->user_data = user_data;
  ec_wt_connection_start (self);
  return self;
}

void
ec_wt_server_drain (EcWtServer *self)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) id = g_byte_array_new ();

  if (self->over || self->draining)
    return;
  self->draining = TRUE;
  /* RFC 9114 §5.2: 2^62 - 4 is every request that may be on its way. */
  ec_wt_varint_append (id, EC_WT_VARINT_MAX - 3);
  ec_wt_tlv_append (bytes, EC_WT_FRAME_GOAWAY, id->data, id->len);
  if (self->control != EC_STREAM_NONE)
    ec_transport_write (self->h3, self->control, bytes->data, bytes->len, NULL, 0, 0, FALSE);
  for (guint i = 0; i < self->sessions->len; i++)
    ec_wt_request_write_capsule (self, ((EcWtSession *) self->sessions->pdata[i])->id,
                                 EC_WT_CAPSULE_DRAIN, NULL, 0, FALSE);
}

void
ec_wt_server_close (EcWtServer *self, guint64 code, const char *reason)
{
  if (self->over)
    return;
  ec_wt_connection_ref (self);
  self->draining = TRUE;
  while (self->sessions->len > 0)
    ec_transport_close (self->sessions->pdata[0], code, reason);
  if (!self->over)
    ec_wt_connection_set_deadline (self, ec_transport_now (self->h3) + EC_WT_CLOSE_US);
  ec_wt_connection_unref (self);
}
