/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast-encode.h"

/*
 * One elementary stream on its way into the multiplex: cut into PES packets, each released some
 * time before it is decoded, paced, and cut into transport packets. It runs round the loop for
 * ever.
 */
typedef struct _EcFeed EcFeed;

typedef struct {
  gboolean with_pcr; /* in: carry a PCR */
  guint64 pcr;       /* in: 27 MHz */
  guint pts_at;      /* out: where a PTS begins, 0 for none */
  gboolean has_dts;  /* out: a DTS follows it */
  gboolean finished; /* out: a PES packet ended here */
  guint64 deadline;  /* out: the time it had to be there, 90 kHz over all passes */
} EcFeedPacket;

/* `es` must outlive the feed; NULL for a scrambled stream. */
EcFeed *
ec_feed_new (const EcStation *station, guint program, guint stream, const EcElementaryStream *es);
void ec_feed_free (EcFeed *self);

guint ec_feed_program (const EcFeed *self);
const EcStationStream *ec_feed_stream (const EcFeed *self);
/* Whether it carries its program's PCR. */
gboolean ec_feed_leads (const EcFeed *self);

/* `now` is in 90 kHz ticks, `slot` in packets, both over all passes. */
gboolean ec_feed_ready (const EcFeed *self, guint64 now, guint64 slot);
guint64 ec_feed_deadline (const EcFeed *self);

/* Completes `packet`, whose first four bytes hold sync, PID and counter. */
void ec_feed_write_packet (EcFeed *self, guint8 *packet, guint64 slot, EcFeedPacket *fields);

/* A digest of where it stands after `pass` loops, at `slot`. */
guint64 ec_feed_state (const EcFeed *self, guint pass, guint64 slot);
