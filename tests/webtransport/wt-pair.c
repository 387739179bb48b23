/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wt-pair.h"

#include <string.h>

static void
on_request (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer)
{
  WtPair *self = user_data;

  self->n_requests++;
  g_free (self->authority);
  g_free (self->path);
  g_free (self->origin);
  g_free (self->offered);
  self->authority = g_strdup (request->authority);
  self->path = g_strdup (request->path);
  self->origin = g_strdup (request->origin);
  self->offered = g_strjoinv ("|", (char **) request->protocols);
  g_assert_nonnull (request->h3);
  answer->status = self->status;
  if (g_strv_contains (request->protocols, "moqt-18"))
    answer->protocol = "moqt-18";
}

static void
on_session (gpointer user_data, EcTransport *session)
{
  WtPair *self = user_data;
  Recorder *recorder = recorder_new (session);

  g_assert_true (session->server);
  recorder->echoes = self->echoes;
  recorder->closes = self->closes;
  g_ptr_array_add (self->sessions, recorder);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  WtPair *self = user_data;

  g_assert_nonnull (self->server);
  self->server = NULL;
  self->cause = close->cause;
  self->code = close->code;
}

static const EcWtServerEvents server_events = {
  .request = on_request,
  .session = on_session,
  .closed = on_closed,
};

static EcTransport *
init (WtPair *self, guint32 seed, const EcMemoryLink *link)
{
  EcTransport *client, *server;

  memset (self, 0, sizeof *self);
  self->network = ec_memory_network_new (seed);
  self->sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) recorder_free);
  self->status = 200;
  self->qpack = ec_wt_qpack_new ();
  ec_memory_network_pair (self->network, link, &client, &server);
  self->server = ec_wt_server_new (server, &server_events, self);
  return client;
}

void
wt_pair_init (WtPair *self, guint32 seed, const EcMemoryLink *link)
{
  const char *const protocols[] = { "moqt-18", "moqt-16", NULL };
  EcTransport *client = init (self, seed, link);

  self->client = recorder_new (
      ec_wt_client_new (client, "example.org:443", "/live", protocols, "https://page.example"));
}

void
wt_pair_init_raw (WtPair *self, guint32 seed, const EcMemoryLink *link)
{
  self->client = recorder_new (init (self, seed, link));
  wt_pair_run (self, 3 * (link->latency_us + link->jitter_us));
}

void
wt_pair_run (WtPair *self, guint64 us)
{
  ec_memory_network_run (self->network, ec_memory_network_get_now (self->network) + us);
}

void
wt_pair_establish (WtPair *self)
{
  for (guint i = 0; i < 100 && (!self->client->established || self->sessions->len == 0); i++)
    wt_pair_run (self, 10000);
  g_assert_true (self->client->established);
  g_assert_cmpuint (self->sessions->len, ==, 1);
}

Recorder *
wt_pair_session (WtPair *self, guint i)
{
  g_assert_cmpuint (i, <, self->sessions->len);
  return self->sessions->pdata[i];
}

void
wt_pair_clear (WtPair *self)
{
  recorder_close (self->client, 0, "");
  if (self->server)
    ec_wt_server_close (self->server, 0, "");
  while (ec_memory_network_step (self->network))
    ;
  g_assert_null (self->server);
  g_ptr_array_unref (self->sessions);
  recorder_free (self->client);
  ec_memory_network_free (self->network);
  ec_wt_qpack_free (self->qpack);
  g_free (self->authority);
  g_free (self->path);
  g_free (self->origin);
  g_free (self->offered);
}

GByteArray *
wt_from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex++) {
    guint8 byte;

    if (*hex == ' ')
      continue;
    byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
    g_byte_array_append (bytes, &byte, 1);
    hex++;
  }
  return bytes;
}

EcStreamId
wt_pair_send (WtPair *self, gboolean uni, const GByteArray *bytes, gboolean fin)
{
  EcStreamId id = recorder_open (self->client, uni);

  g_assert_cmpint (id, !=, EC_STREAM_NONE);
  ec_transport_write (self->client->transport, id, bytes->data, bytes->len, NULL, 0, 0, fin);
  return id;
}

EcStreamId
wt_pair_send_hex (WtPair *self, gboolean uni, const char *hex, gboolean fin)
{
  g_autoptr (GByteArray) bytes = wt_from_hex (hex);

  return wt_pair_send (self, uni, bytes, fin);
}

EcStreamId
wt_pair_send_settings (WtPair *self)
{
  return wt_pair_send_hex (self, TRUE, "00 04 07 3301 ab60374201", FALSE);
}

GByteArray *
wt_pair_headers (WtPair *self, const EcWtField *fields, guint n)
{
  g_autoptr (GByteArray) section = g_byte_array_new ();
  GByteArray *bytes = g_byte_array_new ();

  g_assert_true (ec_wt_qpack_encode (self->qpack, section, fields, n));
  ec_wt_tlv_append (bytes, EC_WT_FRAME_HEADERS, section->data, section->len);
  return bytes;
}

EcStreamId
wt_pair_send_connect (WtPair *self)
{
  const EcWtField fields[] = {
    { (char *) ":method", (char *) "CONNECT" },
    { (char *) ":scheme", (char *) "https" },
    { (char *) ":authority", (char *) "raw.example" },
    { (char *) ":path", (char *) "/raw" },
    { (char *) ":protocol", (char *) "webtransport" },
    { (char *) "sec-webtransport-http3-draft02", (char *) "1" },
  };
  g_autoptr (GByteArray) bytes = wt_pair_headers (self, fields, G_N_ELEMENTS (fields));

  return wt_pair_send (self, FALSE, bytes, FALSE);
}
