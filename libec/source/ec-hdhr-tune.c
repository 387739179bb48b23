/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-tune.h"

#include <string.h>

#include "base/ec-error.h"
#include "source/ec-hdhr-cache.h"
#include "source/ec-hdhr-client.h"
#include "source/ec-hdhr-error.h"
#include "source/ec-psi-peek.h"
#include "source/ec-source-http-flow.h"

#define OPEN_TIMEOUT 15000  /* ms: tuning and finding the signal take seconds */
#define STATUS_TIMEOUT 2000 /* ms */

/* How much is looked at for the tables; PAT and VCT come at least every 0.1 and 0.4 s. */
#define PEEK_TIME (1500 * 1000) /* µs */
#define PEEK_BYTES (4 * 1024 * 1024)
#define BLOCK_SIZE (64 * 1024)

/* That the whole mux could not be had may pass: it is believed for so long. */
#define NO_MUX_TIME (G_GINT64_CONSTANT (300) * G_USEC_PER_SEC)

/* A tuner that was let go a moment ago may not be free yet. */
#define BUSY_RETRIES 4
#define BUSY_WAIT 250 /* ms */

typedef struct {
  EcSourceCore *core;
  EcHttp *http;
  EcHdhrDetails *details;
  const EcHdhrChannel *channel;
  GCancellable *cancellable;
  char *who;
  char *title; /* "5.1 KABC" */
} Tune;

void
ec_hdhr_tuned_clear (EcHdhrTuned *tuned)
{
  g_clear_pointer (&tuned->stream, ec_http_stream_close);
  g_clear_pointer (&tuned->head, g_byte_array_unref);
}

static gboolean
is_busy (SoupMessage *message)
{
  guint number = ec_hdhr_get_error_number (message);

  return number == EC_HDHR_ERROR_TUNER_IN_USE || number == EC_HDHR_ERROR_ALL_TUNERS_IN_USE;
}

/* FALSE when cancelled. */
static gboolean
pause_busy (Tune *tune)
{
  GPollFD fd;

  if (!g_cancellable_make_pollfd (tune->cancellable, &fd))
    return TRUE;
  g_poll (&fd, 1, BUSY_WAIT);
  g_cancellable_release_fd (tune->cancellable);
  return !g_cancellable_is_cancelled (tune->cancellable);
}

static void
refuse (Tune *tune, SoupMessage *message, GError **error)
{
  if (is_busy (message)) {
    g_autoptr (EcHttp) side = ec_http_new (TRUE);

    ec_hdhr_fetch_status (side, tune->details, STATUS_TIMEOUT, tune->cancellable, NULL);
  }
  ec_hdhr_set_error (error, message, tune->details, tune->title);
}

/* Asks for a stream; the answer is a good one. */
static EcHttpStream *
open_stream (Tune *tune, const char *url, GError **error)
{
  for (guint attempt = 0;; attempt++) {
    g_autoptr (EcHttpStream) stream =
        ec_http_open (tune->http, url, tune->who, OPEN_TIMEOUT, tune->cancellable, error);
    SoupMessage *message;

    if (stream == NULL)
      return NULL;
    message = ec_http_stream_get_message (stream);
    if (soup_message_get_status (message) == SOUP_STATUS_OK)
      return g_steal_pointer (&stream);

    if (!is_busy (message) || attempt >= BUSY_RETRIES || !pause_busy (tune)) {
      if (!g_cancellable_set_error_if_cancelled (tune->cancellable, error))
        refuse (tune, message, error);
      return NULL;
    }
  }
}

/*
 * Reads until the tables are known, or for a while. `expected`: the program that must be in the PAT,
 * if known. FALSE: nothing came, or it was another stream.
 */
static gboolean
peek (Tune *tune, EcHdhrTuned *tuned, gboolean whole, guint expected, GError **error)
{
  g_autoptr (EcPsiPeek) psi = ec_psi_peek_new (tune->channel->number);
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);
  gint64 first = 0;

  ec_source_core_quiet_reset (tune->core);
  tuned->head = g_byte_array_new ();
  for (;;) {
    gssize n = ec_source_http_read (tune->core, tuned->stream, block, BLOCK_SIZE, tune->cancellable,
                                    error);
    int n_programs;

    if (n <= 0) {
      if (n == 0)
        g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE, "%s ended the stream at once.",
                     tune->who);
      return FALSE;
    }
    if (first == 0)
      first = g_get_monotonic_time ();
    ec_source_core_quiet_reset (tune->core);
    g_byte_array_append (tuned->head, block, (guint) n);
    ec_psi_peek_push (psi, block, (gsize) n);

    n_programs = ec_psi_peek_get_n_programs (psi);
    tuned->program_number = expected ? expected : ec_psi_peek_get_program_number (psi);
    if (n_programs >= 0 && expected && !ec_psi_peek_has_program (psi, expected)) {
      g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                   "%s sent another multiplex than that of %s.", tune->who, tune->title);
      return FALSE;
    }
    if (n_programs >= 0 && (tuned->program_number || !whole))
      return TRUE;
    if (g_get_monotonic_time () - first > PEEK_TIME || tuned->head->len > PEEK_BYTES)
      return TRUE;
  }
}

/* "http://host:5004/auto/ch473000000", beside the channel's own URL. */
static char *
mux_url (const EcHdhrChannel *channel, guint64 frequency)
{
  g_autoptr (GUri) uri = g_uri_parse (channel->url, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GUri) mux = NULL;
  g_autofree char *path = g_strdup_printf ("/auto/ch%" G_GUINT64_FORMAT, frequency);

  g_assert (uri != NULL);
  mux = g_uri_build (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri),
                     g_uri_get_port (uri), path, NULL, NULL);
  return g_uri_to_string (mux);
}

static gboolean
tune_mux (Tune *tune, EcHdhrTuned *tuned, const EcHdhrTuning *tuning, GError **error)
{
  g_autofree char *url = mux_url (tune->channel, tuning->frequency);

  tuned->stream = open_stream (tune, url, error);
  if (tuned->stream && peek (tune, tuned, TRUE, tuning->program_number, error)) {
    tuned->extent = EC_SOURCE_EXTENT_MUX;
    return TRUE;
  }
  ec_hdhr_tuned_clear (tuned);
  return FALSE;
}

static gboolean
tune_filtered (Tune *tune, EcHdhrTuned *tuned, GError **error)
{
  tuned->stream = open_stream (tune, tune->channel->url, error);
  if (tuned->stream && peek (tune, tuned, FALSE, 0, error)) {
    tuned->extent = EC_SOURCE_EXTENT_PROGRAM;
    return TRUE;
  }
  ec_hdhr_tuned_clear (tuned);
  return FALSE;
}

/* The frequency of the tuner that serves the filtered stream; 0 where the device does not tell. */
static guint64
ask_frequency (Tune *tune, EcHdhrTuned *tuned)
{
  SoupMessage *message = ec_http_stream_get_message (tuned->stream);
  const char *resource = soup_message_headers_get_one (soup_message_get_response_headers (message),
                                                       "X-HDHomeRun-Resource");
  g_autoptr (EcHttp) side = NULL;
  const EcHdhrTuner *tuner;

  if (tune->channel->frequency)
    return tune->channel->frequency;
  if (resource == NULL)
    return 0;
  side = ec_http_new (TRUE);
  if (!ec_hdhr_fetch_status (side, tune->details, STATUS_TIMEOUT, tune->cancellable, NULL))
    return 0;
  tuner = ec_hdhr_details_find_tuner (tune->details, resource);
  return tuner ? tuner->frequency : 0;
}

/* Errors that the filtered stream would meet as well. */
static gboolean
is_final (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
         g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BUSY) ||
         g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_PROTECTED);
}

/* Learns where the channel is, and changes over to the mux. */
static gboolean
learn (Tune *tune, EcHdhrTuned *tuned, const char *device, GError **error)
{
  EcHdhrTuning tuning = { 0 };
  g_autoptr (GError) cause = NULL;

  if (!tune_filtered (tune, tuned, error))
    return FALSE;

  tuning.frequency = ask_frequency (tune, tuned);
  tuning.program_number = tuned->program_number;
  if (tuning.frequency == 0)
    return TRUE;

  ec_hdhr_tuned_clear (tuned);
  if (tune_mux (tune, tuned, &tuning, &cause)) {
    ec_hdhr_cache_set_tuning (device, tune->channel->number, &tuning);
    return TRUE;
  }

  g_debug ("%s: no whole mux: %s", tune->title, cause->message);
  if (is_final (cause)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  tuning.frequency = 0;
  tuning.until = g_get_monotonic_time () + NO_MUX_TIME;
  ec_hdhr_cache_set_tuning (device, tune->channel->number, &tuning);
  return tune_filtered (tune, tuned, error);
}

static gboolean
tune_known_or_learn (Tune *tune, EcHdhrTuned *tuned, GError **error)
{
  const char *device =
      tune->details->device_id ? tune->details->device_id : tune->details->base_url;
  g_autoptr (GError) cause = NULL;
  EcHdhrTuning tuning;

  if (!ec_hdhr_cache_get_tuning (device, tune->channel->number, &tuning))
    return learn (tune, tuned, device, error);
  if (tuning.frequency == 0 && g_get_monotonic_time () >= tuning.until)
    return learn (tune, tuned, device, error);
  if (tuning.frequency == 0)
    return tune_filtered (tune, tuned, error);
  if (tune_mux (tune, tuned, &tuning, &cause))
    return TRUE;

  /* What was known may be old: channels move. */
  ec_hdhr_cache_set_tuning (device, tune->channel->number, NULL);
  if (is_final (cause)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  return learn (tune, tuned, device, error);
}

gboolean
ec_hdhr_tune (EcHdhrTuned *tuned,
              EcSourceCore *core,
              EcHttp *http,
              EcHdhrDetails *details,
              const EcHdhrChannel *channel,
              gboolean want_mux,
              GCancellable *cancellable,
              GError **error)
{
  Tune tune = { core, http, details, channel, cancellable, NULL, NULL };
  gboolean ok;

  memset (tuned, 0, sizeof *tuned);
  tune.who = ec_hdhr_name (details->device_id, details->base_url);
  tune.title = channel->name ? g_strdup_printf ("%s %s", channel->number, channel->name)
                             : g_strdup (channel->number);
  ok = want_mux ? tune_known_or_learn (&tune, tuned, error) : tune_filtered (&tune, tuned, error);
  g_free (tune.who);
  g_free (tune.title);
  return ok;
}
