/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-error.h"

#include "base/ec-error.h"
#include "source/ec-hdhr-client.h"

typedef struct {
  guint number;
  EcSourceError code;
  const char *format; /* two %s: who, channel */
} Sentence;

static const Sentence sentences[] = {
  { 801, EC_SOURCE_ERROR_UNKNOWN_CHANNEL,
    "%s does not know the channel %s. “ec channels” lists what it knows; a new channel scan may "
    "find "
    "more." },
  { 802, EC_SOURCE_ERROR_FAILED,
    "%s cannot convert the channel %s as it was asked to: it does not know the transcode "
    "profile." },
  { 803, EC_SOURCE_ERROR_BUSY,
    "%s is scanning for channels and cannot tune to %s now. Try again when it is done." },
  { 806, EC_SOURCE_ERROR_NO_SIGNAL,
    "%s could not tune to the channel %s. Check the antenna and its cable, or scan for channels "
    "again." },
  { 807, EC_SOURCE_ERROR_NO_SIGNAL,
    "%s receives no picture on the channel %s: the signal is too weak, or the channel is off the "
    "air. "
    "Check the antenna and its cable." },
  { 808, EC_SOURCE_ERROR_FAILED, "%s failed to play the recording %s." },
  { 809, EC_SOURCE_ERROR_BUSY,
    "%s serves as many connections as it can and has none left for the channel %s. Close one of "
    "them, or try again later." },
  { 811, EC_SOURCE_ERROR_PROTECTED,
    "%s says that the channel %s is protected (DRM). Protected channels cannot be watched with "
    "this "
    "program." },
};

guint
ec_hdhr_get_error_number (SoupMessage *message)
{
  const char *header = soup_message_headers_get_one (soup_message_get_response_headers (message),
                                                     "X-HDHomeRun-Error");

  return header ? (guint) g_ascii_strtoull (header, NULL, 10) : 0;
}

/* " tuner0 is watching 5.1 KABC for 192.168.1.5; tuner1 …", or "". */
static char *
describe_holders (const EcHdhrDetails *details)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; details->tuners && i < details->tuners->len; i++) {
    const EcHdhrTuner *tuner = details->tuners->pdata[i];
    gboolean idle = tuner->channel_number == NULL && tuner->target == NULL && tuner->frequency == 0;

    if (idle)
      continue;
    g_string_append_printf (text, "%s %s is ", text->len ? ";" : ":", tuner->resource);
    if (tuner->channel_number)
      g_string_append_printf (text, "watching %s%s%s", tuner->channel_number,
                              tuner->channel_name ? " " : "",
                              tuner->channel_name ? tuner->channel_name : "");
    else if (tuner->frequency)
      g_string_append_printf (text, "tuned to %.1f MHz", (double) tuner->frequency / 1e6);
    else
      g_string_append (text, "in use");
    if (tuner->target)
      g_string_append_printf (text, " for %s", tuner->target);
  }
  return g_string_free (text, FALSE);
}

static void
set_busy (GError **error,
          guint number,
          const EcHdhrDetails *details,
          const char *who,
          const char *channel)
{
  g_autofree char *holders = describe_holders (details);

  g_set_error (
      error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BUSY,
      "%s has no free tuner for the channel %s: %s in use%s. Stop one of them, or try again "
      "later.",
      who, channel, number == EC_HDHR_ERROR_TUNER_IN_USE ? "the tuner is" : "all tuners are",
      holders);
}

void
ec_hdhr_set_error (GError **error,
                   SoupMessage *message,
                   const EcHdhrDetails *details,
                   const char *channel)
{
  g_autofree char *who = ec_hdhr_name (details->device_id, details->base_url);
  guint number = ec_hdhr_get_error_number (message);
  guint status = soup_message_get_status (message);

  if (number == EC_HDHR_ERROR_TUNER_IN_USE || number == EC_HDHR_ERROR_ALL_TUNERS_IN_USE) {
    set_busy (error, number, details, who, channel);
    return;
  }
  if (number == 0 && (status == SOUP_STATUS_NOT_FOUND || status == SOUP_STATUS_BAD_REQUEST))
    number = 801;

  for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++) {
    if (sentences[i].number == number) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_set_error (error, EC_SOURCE_ERROR, sentences[i].code, sentences[i].format, who, channel);
#pragma GCC diagnostic pop
      return;
    }
  }

  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
               "%s did not send the channel %s: it answered “%u %s”%s%s. Try again, or restart it.",
               who, channel, status, soup_message_get_reason_phrase (message),
               number ? ", error " : "",
               number ? soup_message_headers_get_one (soup_message_get_response_headers (message),
                                                      "X-HDHomeRun-Error")
                      : "");
}
