/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server and a peer that writes its bytes by hand; and a client with such a server. */
#include <string.h>

#include "webtransport/ec-wt-private.h"
#include "wt-pair.h"

#define LATENCY 10000

static const EcMemoryLink plain = { .latency_us = LATENCY };

/* What a peer sends on streams of its own, before and after good SETTINGS, and how the connection ends. */
static const struct {
  const char *name;
  const char *uni[3];
  const char *bidi;
  gboolean fin;
  guint64 code; /* 0: it goes on */
} attacks[] = {
  { "no-settings-first", { "00 0700" }, NULL, FALSE, EC_H3_MISSING_SETTINGS },
  { "grease-before-settings", { "00 2100" }, NULL, FALSE, EC_H3_MISSING_SETTINGS },
  { "two-settings", { "00 0400 0400" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "http2-setting", { "00 0402 0200" }, NULL, FALSE, EC_H3_SETTINGS_ERROR },
  { "settings-cut", { "00 0401 08" }, NULL, FALSE, EC_H3_FRAME_ERROR },
  { "settings-huge", { "00 04 80100000" }, NULL, FALSE, EC_H3_EXCESSIVE_LOAD },
  { "data-on-control", { "00 0400 0001 00" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "headers-on-control", { "00 0400 0100" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "push-promise-on-control", { "00 0400 0500" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "http2-ping", { "00 0400 0600" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "http2-priority", { "00 0400 0200" }, NULL, FALSE, EC_H3_FRAME_UNEXPECTED },
  { "cancel-push", { "00 0400 0301 00" }, NULL, FALSE, EC_H3_ID_ERROR },
  { "max-push-falls", { "00 0400 0d01 05 0d01 04" }, NULL, FALSE, EC_H3_ID_ERROR },
  { "max-push-rises", { "00 0400 0d01 05 0d01 06" }, NULL, FALSE, 0 },
  { "goaway-rises", { "00 0400 0701 04 0701 05" }, NULL, FALSE, EC_H3_ID_ERROR },
  { "goaway", { "00 0400 0701 04 0701 00" }, NULL, FALSE, 0 },
  { "goaway-empty", { "00 0400 0700" }, NULL, FALSE, EC_H3_FRAME_ERROR },
  { "goaway-long", { "00 0400 0702 0101" }, NULL, FALSE, EC_H3_FRAME_ERROR },
  { "grease-frames", { "00 0400 2103 aabbcc 40400100" }, NULL, FALSE, 0 },
  { "priority-update", { "00 0400 800f0700 03 00 753d" }, NULL, FALSE, 0 },
  { "two-controls", { "00 0400", "00 0400" }, NULL, FALSE, EC_H3_STREAM_CREATION_ERROR },
  { "control-ends", { "00 0400" }, NULL, TRUE, EC_H3_CLOSED_CRITICAL_STREAM },
  { "encoder-ends", { "00 0400", "02" }, NULL, TRUE, EC_H3_CLOSED_CRITICAL_STREAM },
  { "two-encoders", { "02", "02" }, NULL, FALSE, EC_H3_STREAM_CREATION_ERROR },
  { "two-decoders", { "03", "03" }, NULL, FALSE, EC_H3_STREAM_CREATION_ERROR },
  { "qpack-streams", { "02", "03" }, NULL, FALSE, 0 },
  { "qpack-capacity-0", { "02 20" }, NULL, FALSE, 0 },
  { "qpack-capacity", { "02 3f e1 1f" }, NULL, FALSE, EC_QPACK_ENCODER_STREAM_ERROR },
  { "qpack-insert", { "02 c0 01 78" }, NULL, FALSE, EC_QPACK_ENCODER_STREAM_ERROR },
  { "qpack-ack", { "03 80" }, NULL, FALSE, EC_QPACK_DECODER_STREAM_ERROR },
  { "qpack-increment", { "03 01" }, NULL, FALSE, EC_QPACK_DECODER_STREAM_ERROR },
  { "push-stream", { "01 00" }, NULL, FALSE, EC_H3_STREAM_CREATION_ERROR },
  { "session-id-of-uni", { "4054 02" }, NULL, FALSE, EC_H3_ID_ERROR },
  { "session-id-of-server", { NULL }, "4041 01", FALSE, EC_H3_ID_ERROR },
  { "data-first", { "00 0400" }, "0001 00", FALSE, EC_H3_FRAME_UNEXPECTED },
  { "settings-on-request", { "00 0400" }, "0400", FALSE, EC_H3_FRAME_UNEXPECTED },
  { "goaway-on-request", { "00 0400" }, "0701 00", FALSE, EC_H3_FRAME_UNEXPECTED },
  { "http2-window-update", { "00 0400" }, "0800", FALSE, EC_H3_FRAME_UNEXPECTED },
  { "http2-continuation", { "00 0400" }, "0900", FALSE, EC_H3_FRAME_UNEXPECTED },
  { "signal-later", { "00 0400" }, "2100 4041 00", FALSE, EC_H3_FRAME_ERROR },
  { "bad-qpack", { "00 0400" }, "0103 038110", FALSE, EC_QPACK_DECOMPRESSION_FAILED },
  { "empty-qpack", { "00 0400" }, "0100", FALSE, EC_QPACK_DECOMPRESSION_FAILED },
};

static void
test_attack (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);

  for (guint32 seed = 0; seed < 10; seed++) {
    EcMemoryLink link = { .latency_us = LATENCY, .max_piece = seed };
    WtPair pair;

    wt_pair_init_raw (&pair, seed, &link);
    for (guint j = 0; attacks[i].uni[j]; j++)
      wt_pair_send_hex (&pair, TRUE, attacks[i].uni[j], attacks[i].fin);
    if (attacks[i].bidi)
      wt_pair_send_hex (&pair, FALSE, attacks[i].bidi, attacks[i].fin);
    wt_pair_run (&pair, G_USEC_PER_SEC);
    g_assert_cmpint (pair.client->closed, ==, attacks[i].code != 0);
    if (pair.client->closed) {
      g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_PEER);
      g_assert_cmphex (pair.client->code, ==, attacks[i].code);
      g_assert_cmpint (pair.cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
    }
    wt_pair_clear (&pair);
  }
}

/* Not the connection's end, but of one stream. */
static void
test_bad_requests (void)
{
  static const struct {
    EcWtField fields[6];
    guint64 code;
  } requests[] = {
    { { { (char *) ":method", (char *) "CONNECT" },
        { (char *) ":protocol", (char *) "webtransport" } },
      EC_H3_MESSAGE_ERROR },
    { { { (char *) ":scheme", (char *) "https" } }, EC_H3_MESSAGE_ERROR },
    { { { (char *) ":method", (char *) "GET" }, { (char *) ":path", (char *) "/" } },
      EC_H3_MESSAGE_ERROR },
    { { { (char *) ":method", (char *) "GET" },
        { (char *) ":path", (char *) "/" },
        { (char *) ":scheme", (char *) "https" },
        { (char *) ":status", (char *) "200" } },
      EC_H3_MESSAGE_ERROR },
    { { { (char *) ":method", (char *) "GET" },
        { (char *) ":path", (char *) "/" },
        { (char *) ":scheme", (char *) "https" },
        { (char *) ":protocol", (char *) "webtransport" } },
      EC_H3_MESSAGE_ERROR },
    { { { (char *) ":Method", (char *) "GET" } }, EC_H3_MESSAGE_ERROR },
  };
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autoptr (GByteArray) bytes = NULL;
    EcStreamId id;
    guint n = 0;

    while (n < 6 && requests[i].fields[n].name)
      n++;
    bytes = wt_pair_headers (&pair, requests[i].fields, n);
    id = wt_pair_send (&pair, FALSE, bytes, FALSE);
    wt_pair_run (&pair, G_USEC_PER_SEC / 4);
    g_assert_true (recorder_stream (pair.client, id)->reset);
    g_assert_cmphex (recorder_stream (pair.client, id)->reset_code, ==, requests[i].code);
    g_assert_true (recorder_stream (pair.client, id)->stopped);
  }
  /* Too long, and never ending. */
  {
    EcStreamId id = wt_pair_send_hex (&pair, FALSE, "01 80010000", FALSE);
    EcStreamId short_one = wt_pair_send_hex (&pair, FALSE, "", TRUE);

    wt_pair_run (&pair, G_USEC_PER_SEC / 4);
    g_assert_cmphex (recorder_stream (pair.client, id)->reset_code, ==, EC_H3_EXCESSIVE_LOAD);
    g_assert_cmphex (recorder_stream (pair.client, short_one)->reset_code, ==,
                     EC_H3_REQUEST_INCOMPLETE);
  }
  g_assert_false (pair.client->closed);
  g_assert_cmpuint (pair.n_requests, ==, 0);
  wt_pair_clear (&pair);
}

static guint
status_of (WtPair *pair, EcStreamId id)
{
  const GByteArray *bytes = recorder_stream (pair->client, id)->data;
  g_autoptr (GArray) fields = NULL;
  g_autofree char *status = NULL;
  EcWtTlvPiece piece;
  EcWtTlv tlv = { 0 };
  EcReader input;
  guint64 error;

  ec_reader_init (&input, bytes->data, bytes->len);
  g_assert_true (ec_wt_tlv_next (&tlv, &input, &piece));
  g_assert_cmpuint (piece.type, ==, EC_WT_FRAME_HEADERS);
  fields = ec_wt_qpack_decode (pair->qpack, piece.data, piece.size, &error);
  g_assert_nonnull (fields);
  status = ec_wt_fields_get (fields, ":status");
  return (guint) g_ascii_strtoull (status, NULL, 10);
}

/* A browser that opens the address; other methods; other protocols. */
static void
test_other_requests (void)
{
  static const struct {
    const char *method, *protocol;
    guint status;
  } requests[] = {
    { "GET", NULL, 404 },
    { "HEAD", NULL, 404 },
    { "POST", NULL, 405 },
    { "CONNECT", "websocket", 501 },
  };
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    const EcWtField fields[] = {
      { (char *) ":method", (char *) requests[i].method },
      { (char *) ":scheme", (char *) "https" },
      { (char *) ":authority", (char *) "a" },
      { (char *) ":path", (char *) "/" },
      { (char *) ":protocol", (char *) requests[i].protocol },
    };
    g_autoptr (GByteArray) bytes = wt_pair_headers (&pair, fields, requests[i].protocol ? 5 : 4);
    EcStreamId id = wt_pair_send (&pair, FALSE, bytes, strcmp (requests[i].method, "POST") != 0);

    wt_pair_run (&pair, G_USEC_PER_SEC / 4);
    g_assert_cmpuint (status_of (&pair, id), ==, requests[i].status);
    g_assert_true (recorder_stream (pair.client, id)->fin);
  }
  g_assert_cmpuint (pair.n_requests, ==, 0);
  /* It does not stay for long. */
  wt_pair_run (&pair, 6 * G_USEC_PER_SEC);
  g_assert_true (pair.client->closed);
  g_assert_cmphex (pair.client->code, ==, EC_H3_NO_ERROR);
  wt_pair_clear (&pair);
}

/* A connection on which nothing happens is closed. */
static void
test_idle (void)
{
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  wt_pair_run (&pair, 15 * G_USEC_PER_SEC);
  g_assert_false (pair.client->closed);
  wt_pair_run (&pair, 10 * G_USEC_PER_SEC);
  g_assert_true (pair.client->closed);
  g_assert_cmphex (pair.client->code, ==, EC_H3_NO_ERROR);
  wt_pair_clear (&pair);
}

static EcStreamId
send_wt_stream (WtPair *pair, gboolean uni, EcStreamId session, const char *text, gboolean fin)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ec_wt_varint_append (bytes, uni ? EC_WT_STREAM_SESSION_UNI : EC_WT_STREAM_SESSION_BIDI);
  ec_wt_varint_append (bytes, (guint64) session);
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
  return wt_pair_send (pair, uni, bytes, fin);
}

static void
send_close (WtPair *pair, EcStreamId id, const char *hex, gboolean fin)
{
  g_autoptr (GByteArray) value = wt_from_hex (hex);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ec_wt_tlv_append (bytes, EC_WT_FRAME_DATA, value->data, value->len);
  ec_transport_write (pair->client->transport, id, bytes->data, bytes->len, NULL, 0, 0, fin);
}

/* Three sessions on one connection; each its own streams and datagrams, and an end of its own. */
static void
test_several_sessions (void)
{
  EcStreamId ids[3], one, two;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  for (guint i = 0; i < 3; i++)
    ids[i] = wt_pair_send_connect (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (status_of (&pair, ids[i]), ==, 200);
  one = send_wt_stream (&pair, FALSE, ids[0], "one", FALSE);
  two = send_wt_stream (&pair, TRUE, ids[1], "two", TRUE);
  ec_transport_send_datagram (pair.client->transport, 0, (const guint8 *) "\2hi", 3, NULL);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  recorder_check (wt_pair_session (&pair, 0), one, "one", FALSE);
  recorder_check (wt_pair_session (&pair, 1), two, "two", TRUE);
  g_assert_null (recorder_stream (wt_pair_session (&pair, 1), one));
  g_assert_cmpuint (wt_pair_session (&pair, 2)->datagrams->len, ==, 1);
  g_assert_cmpuint (wt_pair_session (&pair, 0)->datagrams->len, ==, 0);

  /* By capsule. */
  send_close (&pair, ids[0], "6843 07 00000102 627965", TRUE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpint (wt_pair_session (&pair, 0)->cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (wt_pair_session (&pair, 0)->code, ==, 0x102);
  g_assert_cmpstr (wt_pair_session (&pair, 0)->reason, ==, "bye");
  g_assert_true (recorder_stream (pair.client, ids[0])->fin);
  g_assert_cmphex (recorder_stream (pair.client, one)->reset_code, ==, EC_WT_SESSION_GONE);
  g_assert_cmphex (recorder_stream (pair.client, one)->stop_code, ==, EC_WT_SESSION_GONE);
  one = send_wt_stream (&pair, TRUE, ids[0], "late", FALSE);
  /* By FIN alone: code 0. By reset. */
  ec_transport_write (pair.client->transport, ids[1], NULL, 0, NULL, 0, 0, TRUE);
  ec_transport_reset (pair.client->transport, ids[2], EC_H3_REQUEST_CANCELLED);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmphex (recorder_stream (pair.client, one)->stop_code, ==, EC_WT_SESSION_GONE);
  for (guint i = 1; i < 3; i++) {
    g_assert_cmpint (wt_pair_session (&pair, i)->cause, ==, EC_TRANSPORT_CLOSE_PEER);
    g_assert_cmpuint (wt_pair_session (&pair, i)->code, ==, 0);
  }
  g_assert_false (pair.client->closed);
  /* Another one, soon enough. */
  wt_pair_send_connect (&pair);
  wt_pair_run (&pair, 30 * G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 4);
  g_assert_false (pair.client->closed);
  recorder_close (wt_pair_session (&pair, 3), 0, "");
  wt_pair_run (&pair, 6 * G_USEC_PER_SEC);
  g_assert_cmphex (pair.client->code, ==, EC_H3_NO_ERROR);
  wt_pair_clear (&pair);
}

static void
test_too_many_sessions (void)
{
  EcStreamId id = EC_STREAM_NONE;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  for (guint i = 0; i <= EC_WT_SESSIONS_MAX; i++)
    id = wt_pair_send_connect (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, EC_WT_SESSIONS_MAX);
  g_assert_cmphex (recorder_stream (pair.client, id)->reset_code, ==, EC_H3_REQUEST_REJECTED);
  wt_pair_clear (&pair);
}

/* Streams before their CONNECT, and that before SETTINGS; then all of it in the right order. */
static void
test_early_streams (void)
{
  EcStreamId uni, bidi, gone;
  Recorder *session;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  uni = send_wt_stream (&pair, TRUE, 4, "early", TRUE);
  bidi = send_wt_stream (&pair, FALSE, 4, "both ", FALSE); /* 0 */
  gone = send_wt_stream (&pair, TRUE, 4, "gone", FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  ec_transport_reset (pair.client->transport, gone, ec_wt_error_to_h3 (5));
  g_assert_cmpint (wt_pair_send_connect (&pair), ==, 4);
  send_close (&pair, 4, "2100", FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 0);
  wt_pair_send_settings (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 1);
  g_assert_cmpstr (pair.path, ==, "/raw");
  g_assert_null (pair.origin);
  session = wt_pair_session (&pair, 0);
  recorder_check (session, uni, "early", TRUE);
  g_assert_true (recorder_stream (session, uni)->closed);
  recorder_check (session, bidi, "both ", FALSE);
  recorder_check (session, gone, "gone", FALSE);
  g_assert_cmpuint (recorder_stream (session, gone)->reset_code, ==, 5);
  recorder_write (session, bidi, "ways", TRUE);
  recorder_write (pair.client, bidi, "more", TRUE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  recorder_check (session, bidi, "both more", TRUE);
  recorder_check (pair.client, bidi, "ways", TRUE);
  wt_pair_clear (&pair);
}

/* Those of a CONNECT that is refused wait in vain. */
static void
test_early_and_refused (void)
{
  EcStreamId uni;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  pair.status = 403;
  wt_pair_send_settings (&pair);
  uni = send_wt_stream (&pair, TRUE, 0, "early", FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_false (recorder_stream (pair.client, uni)->stopped);
  wt_pair_send_connect (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmphex (recorder_stream (pair.client, uni)->stop_code, ==, EC_WT_SESSION_GONE);
  wt_pair_clear (&pair);
}

static void
test_early_limits (void)
{
  g_autofree char *big = g_strnfill (EC_WT_EARLY_BYTES / 2 + 1, 'x');
  EcStreamId ids[EC_WT_EARLY_STREAMS + 2];
  EcStreamId one, two;
  WtPair pair;

  /* Too many. */
  wt_pair_init_raw (&pair, 1, &plain);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = send_wt_stream (&pair, TRUE, 400, "x", FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    RecordedStream *stream = recorder_stream (pair.client, ids[i]);

    g_assert_cmpint (stream->stopped, ==, i >= EC_WT_EARLY_STREAMS);
    if (stream->stopped)
      g_assert_cmphex (stream->stop_code, ==, EC_WT_BUFFERED_STREAM_REJECTED);
  }
  wt_pair_clear (&pair);

  /* Too much. */
  wt_pair_init_raw (&pair, 1, &plain);
  one = send_wt_stream (&pair, TRUE, 4, big, FALSE);
  two = send_wt_stream (&pair, FALSE, 4, big, FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_false (recorder_stream (pair.client, one)->stopped);
  g_assert_cmphex (recorder_stream (pair.client, two)->stop_code, ==,
                   EC_WT_BUFFERED_STREAM_REJECTED);
  g_assert_cmphex (recorder_stream (pair.client, two)->reset_code, ==,
                   EC_WT_BUFFERED_STREAM_REJECTED);
  g_assert_cmpint (wt_pair_send_connect (&pair), ==, 4);
  wt_pair_send_settings (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  recorder_check (wt_pair_session (&pair, 0), one, big, FALSE);
  wt_pair_clear (&pair);
}

/* Behind a CONNECT that waits for SETTINGS no more than a little is kept. */
static void
test_waiting_limit (void)
{
  g_autoptr (GByteArray) filler = g_byte_array_new ();
  EcStreamId id;
  WtPair pair;

  g_byte_array_set_size (filler, EC_WT_HELD_MAX + 1);
  memset (filler->data, 0, filler->len);
  wt_pair_init_raw (&pair, 1, &plain);
  id = wt_pair_send_connect (&pair);
  ec_transport_write (pair.client->transport, id, filler->data, filler->len, NULL, 0, 0, FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmphex (recorder_stream (pair.client, id)->reset_code, ==, EC_H3_EXCESSIVE_LOAD);
  wt_pair_clear (&pair);
}

/* Requests that never get anywhere are not collected without end. */
static void
test_too_many_requests (void)
{
  EcStreamId ids[EC_WT_REQUESTS_MAX + 3];
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  wt_pair_send_settings (&pair);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = wt_pair_send_hex (&pair, FALSE, "01 7fff 00", FALSE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    RecordedStream *stream = recorder_stream (pair.client, ids[i]);

    g_assert_cmpint (stream->reset, ==, i >= EC_WT_REQUESTS_MAX);
    if (stream->reset)
      g_assert_cmphex (stream->reset_code, ==, EC_H3_REQUEST_REJECTED);
  }
  wt_pair_clear (&pair);
}

/* Streams that are over before their session: without a byte, nothing keeps them open below. */
static void
test_early_and_over (void)
{
  EcStreamId uni;
  WtPair pair;

  for (guint refused = 0; refused < 2; refused++) {
    wt_pair_init_raw (&pair, 1, &plain);
    pair.status = refused ? 403 : 200;
    uni = send_wt_stream (&pair, TRUE, 0, "", TRUE);
    wt_pair_run (&pair, G_USEC_PER_SEC);
    g_assert_true (recorder_stream (pair.client, uni)->closed);
    wt_pair_send_connect (&pair);
    wt_pair_send_settings (&pair);
    wt_pair_run (&pair, G_USEC_PER_SEC);
    g_assert_cmpuint (pair.sessions->len, ==, refused ? 0 : 1);
    if (!refused) {
      recorder_check (wt_pair_session (&pair, 0), uni, "", TRUE);
      g_assert_true (recorder_stream (wt_pair_session (&pair, 0), uni)->closed);
    }
    wt_pair_clear (&pair);
  }
}

/* Streams that are over before their session, which closes at the first of them: none is touched after that. */
static void
test_early_and_closing (void)
{
  EcStreamId uni[3];
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  pair.closes = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (uni); i++)
    uni[i] = send_wt_stream (&pair, TRUE, 0, "", TRUE);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (uni); i++)
    g_assert_true (recorder_stream (pair.client, uni[i])->closed);
  wt_pair_send_connect (&pair);
  wt_pair_send_settings (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 1);
  g_assert_true (wt_pair_session (&pair, 0)->closed);
  g_assert_cmpint (wt_pair_session (&pair, 0)->cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
  /* The session heard of no other stream, and not of that one's end. */
  recorder_check (wt_pair_session (&pair, 0), uni[0], "", TRUE);
  g_assert_false (recorder_stream (wt_pair_session (&pair, 0), uni[0])->closed);
  for (guint i = 1; i < G_N_ELEMENTS (uni); i++)
    g_assert_null (recorder_stream (wt_pair_session (&pair, 0), uni[i]));
  wt_pair_clear (&pair);
}

static void
test_capsules (void)
{
  static const struct {
    const char *hex;
    gboolean fin;
    EcTransportCloseCause cause;
    guint64 code;
    const char *reason; /* NULL: goes on */
  } capsules[] = {
    { "6843 04 00000000", FALSE, EC_TRANSPORT_CLOSE_PEER, 0, "" },
    { "6843 06 ffffffff c3a4", TRUE, EC_TRANSPORT_CLOSE_PEER, G_MAXUINT32, "ä" },
    { "6843 05 00000001 ff", TRUE, EC_TRANSPORT_CLOSE_PEER, 1, "\xef\xbf\xbd" },
    { "800078ae 00", FALSE, 0, 0, NULL },
    { "2103 000000 990b4d3d 01 00", FALSE, 0, 0, NULL },
    { "6843 03 000000", FALSE, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR, "" },
    { "6843 4405", FALSE, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR, "" },
    { "6843 ffffffffffffffff", FALSE, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR, "" },
    { "6843 04 00", TRUE, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (capsules); i++) {
    EcMemoryLink link = { .latency_us = LATENCY, .max_piece = i % 3 };
    Recorder *session;
    EcStreamId id;
    WtPair pair;

    wt_pair_init_raw (&pair, i, &link);
    wt_pair_send_settings (&pair);
    id = wt_pair_send_connect (&pair);
    send_close (&pair, id, capsules[i].hex, capsules[i].fin);
    wt_pair_run (&pair, G_USEC_PER_SEC);
    session = wt_pair_session (&pair, 0);
    g_assert_cmpint (session->closed, ==, capsules[i].reason != NULL);
    if (session->closed) {
      g_assert_cmpint (session->cause, ==, capsules[i].cause);
      g_assert_cmpuint (session->code, ==, capsules[i].code);
      if (capsules[i].cause == EC_TRANSPORT_CLOSE_PEER)
        g_assert_cmpstr (session->reason, ==, capsules[i].reason);
      else
        g_assert_cmphex (recorder_stream (pair.client, id)->reset_code, ==, EC_H3_MESSAGE_ERROR);
    }
    wt_pair_clear (&pair);
  }
}

/* The connection's error is the sessions' end. */
static void
test_connection_error (void)
{
  EcStreamId control;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  control = wt_pair_send_settings (&pair);
  wt_pair_send_connect (&pair);
  wt_pair_send_connect (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  ec_transport_reset (pair.client->transport, control, 0);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmphex (pair.client->code, ==, EC_H3_CLOSED_CRITICAL_STREAM);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (wt_pair_session (&pair, i)->cause, ==, EC_TRANSPORT_CLOSE_PROTOCOL);
    g_assert_cmphex (wt_pair_session (&pair, i)->code, ==, EC_H3_CLOSED_CRITICAL_STREAM);
  }
  wt_pair_clear (&pair);
}

static void
test_bad_datagrams (void)
{
  static const char *const datagrams[] = { "", "40", "d000000000000000" };

  for (guint i = 0; i < G_N_ELEMENTS (datagrams); i++) {
    g_autoptr (GByteArray) bytes = wt_from_hex (datagrams[i]);
    WtPair pair;

    wt_pair_init_raw (&pair, 1, &plain);
    ec_transport_send_datagram (pair.client->transport, 0, bytes->data, bytes->len, NULL);
    wt_pair_run (&pair, G_USEC_PER_SEC);
    g_assert_cmphex (pair.client->code, ==, EC_H3_DATAGRAM_ERROR);
    wt_pair_clear (&pair);
  }
}

static void
test_unknown_streams (void)
{
  EcStreamId uni;
  WtPair pair;

  wt_pair_init_raw (&pair, 1, &plain);
  uni = wt_pair_send_hex (&pair, TRUE, "21 aabb", FALSE);
  wt_pair_send_hex (&pair, TRUE, "40", TRUE);
  wt_pair_send_settings (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmphex (recorder_stream (pair.client, uni)->stop_code, ==, EC_H3_STREAM_CREATION_ERROR);
  g_assert_false (pair.client->closed);
  wt_pair_send_connect (&pair);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.sessions->len, ==, 1);
  wt_pair_clear (&pair);
}

/* A client, and a server that writes by hand: its SETTINGS, then its answer on the stream of CONNECT. */
static void
run_bad_server (const char *settings,
                const EcWtField *fields,
                guint n,
                EcTransportCloseCause cause,
                guint64 code)
{
  const char *const protocols[] = { "moqt-18", NULL };
  g_autoptr (EcMemoryNetwork) network = ec_memory_network_new (1);
  g_autoptr (EcWtQpack) qpack = ec_wt_qpack_new ();
  g_autoptr (GByteArray) bytes = wt_from_hex (settings);
  g_autoptr (GByteArray) section = g_byte_array_new ();
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_autoptr (Recorder) client = NULL;
  g_autoptr (Recorder) server = NULL;
  EcTransport *one, *two;

  ec_memory_network_pair (network, &plain, &one, &two);
  client = recorder_new (ec_wt_client_new (one, "a", "/", protocols, NULL));
  server = recorder_new (two);
  ec_memory_network_run (network, 3 * LATENCY);
  ec_transport_write (server->transport, recorder_open (server, TRUE), bytes->data, bytes->len,
                      NULL, 0, 0, FALSE);
  ec_memory_network_run (network, 6 * LATENCY);
  if (n > 0) {
    g_assert_nonnull (recorder_stream (server, 0));
    g_assert_true (ec_wt_qpack_encode (qpack, section, fields, n));
    ec_wt_tlv_append (answer, EC_WT_FRAME_HEADERS, section->data, section->len);
    /* One that has read enough says so first; its answer counts all the same. */
    if (cause == EC_TRANSPORT_CLOSE_REFUSED)
      ec_transport_stop (server->transport, 0, EC_H3_NO_ERROR);
    ec_memory_network_run (network, 9 * LATENCY);
    ec_transport_write (server->transport, 0, answer->data, answer->len, NULL, 0, 0, FALSE);
  } else {
    g_assert_null (recorder_stream (server, 0));
  }
  ec_memory_network_run (network, 15 * G_USEC_PER_SEC);
  g_assert_cmpint (client->established, ==, cause == EC_TRANSPORT_CLOSE_LOCAL);
  recorder_close (client, 0, "");
  while (ec_memory_network_step (network))
    ;
  g_assert_cmpint (client->cause, ==, cause);
  g_assert_cmphex (client->code, ==, code);
  g_assert_true (server->closed);
}

static void
test_bad_servers (void)
{
  static const char good[] = "00 04 09 0801 3301 ab60374201";
  const EcWtField ok[] = { { (char *) ":status", (char *) "200" },
                           { (char *) "wt-protocol", (char *) "\"moqt-18\"" } };
  const EcWtField other[] = { { (char *) ":status", (char *) "200" },
                              { (char *) "wt-protocol", (char *) "\"moqt-99\"" } };
  const EcWtField early[] = { { (char *) ":status", (char *) "103" } };
  const EcWtField refused[] = { { (char *) ":status", (char *) "403" } };
  const EcWtField wrong[] = { { (char *) ":status", (char *) "20" } };

  run_bad_server (good, ok, 2, EC_TRANSPORT_CLOSE_LOCAL, 0);
  run_bad_server (good, other, 2, EC_TRANSPORT_CLOSE_PROTOCOL, EC_WT_ALPN_ERROR);
  run_bad_server (good, wrong, 1, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_MESSAGE_ERROR);
  run_bad_server (good, refused, 1, EC_TRANSPORT_CLOSE_REFUSED, 403);
  /* Never a final answer. */
  run_bad_server (good, early, 1, EC_TRANSPORT_CLOSE_UNREACHABLE, 0);
  /* No WebTransport, no CONNECT; no SETTINGS, none either. */
  run_bad_server ("00 04 04 0801 3301", NULL, 0, EC_TRANSPORT_CLOSE_PROTOCOL, EC_H3_SETTINGS_ERROR);
  run_bad_server ("00 04 07 3301 ab60374201", NULL, 0, EC_TRANSPORT_CLOSE_PROTOCOL,
                  EC_H3_SETTINGS_ERROR);
  run_bad_server ("00", NULL, 0, EC_TRANSPORT_CLOSE_UNREACHABLE, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++) {
    g_autofree char *path = g_strdup_printf ("/webtransport/attack/%s", attacks[i].name);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_attack);
  }
  g_test_add_func ("/webtransport/raw/bad-requests", test_bad_requests);
  g_test_add_func ("/webtransport/raw/other-requests", test_other_requests);
  g_test_add_func ("/webtransport/raw/idle", test_idle);
  g_test_add_func ("/webtransport/raw/several-sessions", test_several_sessions);
  g_test_add_func ("/webtransport/raw/too-many-sessions", test_too_many_sessions);
  g_test_add_func ("/webtransport/raw/early-streams", test_early_streams);
  g_test_add_func ("/webtransport/raw/early-and-refused", test_early_and_refused);
  g_test_add_func ("/webtransport/raw/early-limits", test_early_limits);
  g_test_add_func ("/webtransport/raw/waiting-limit", test_waiting_limit);
  g_test_add_func ("/webtransport/raw/too-many-requests", test_too_many_requests);
  g_test_add_func ("/webtransport/raw/early-and-over", test_early_and_over);
  g_test_add_func ("/webtransport/raw/early-and-closing", test_early_and_closing);
  g_test_add_func ("/webtransport/raw/capsules", test_capsules);
  g_test_add_func ("/webtransport/raw/connection-error", test_connection_error);
  g_test_add_func ("/webtransport/raw/bad-datagrams", test_bad_datagrams);
  g_test_add_func ("/webtransport/raw/unknown-streams", test_unknown_streams);
  g_test_add_func ("/webtransport/raw/bad-servers", test_bad_servers);
  return g_test_run ();
}
