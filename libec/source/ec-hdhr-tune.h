/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-hdhr-info.h"
#include "source/ec-http.h"
#include "source/ec-source-core.h"

/*
 * Tuning to a channel: the whole mux where it can be had, else the stream that the device filters.
 *
 * The lineup does not say on which frequency a channel is. So the channel is tuned to filtered once;
 * the status of the tuner that serves it tells the frequency, and its PAT, of one program, the
 * program number. Then the frequency is tuned to without a filter. Both are remembered.
 */
typedef struct {
  EcHttpStream *stream;
  GByteArray *head; /* what was read from it already */
  EcSourceExtent extent;
  guint program_number; /* or 0 */
} EcHdhrTuned;

void ec_hdhr_tuned_clear (EcHdhrTuned *tuned);

/*
 * http: for the stream alone, which drops its connections with it
 * details: with a lineup; its tuners are filled in when the device is busy
 * want_mux: whether the whole mux is preferred
 */
gboolean ec_hdhr_tune (EcHdhrTuned *tuned,
                       EcSourceCore *core,
                       EcHttp *http,
                       EcHdhrDetails *details,
                       const EcHdhrChannel *channel,
                       gboolean want_mux,
                       GCancellable *cancellable,
                       GError **error);
