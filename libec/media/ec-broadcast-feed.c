/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-feed.h"

#include <string.h>

#include "media/ec-broadcast-packet.h"
#include "media/ec-broadcast-tables.h"
#include "media/ec-media-random.h"

#define LOOP_90K (EC_BROADCAST_LOOP_SECONDS * 90000)
#define FRAME_90K (90000 / EC_BROADCAST_VIDEO_FPS)

/*
 * How long before its decoding a PES packet may be sent, 90 kHz. Video: the buffer of the encoder,
 * 0.5 s, and some. Sound: what the decoder's model buffer holds (AC-3: 2,592 bytes, A/53 part 3).
 */
#define VIDEO_DELAY (90 * 550)
#define AC3_LEAD (90 * 50)
#define AAC_LEAD (90 * 110)

/* The leak rate of a sound decoder's transport buffer, 2 Mb/s (ISO/IEC 13818-1 §2.4.2.3), less some. */
#define AUDIO_BURST 1800000

/*
 * Video is released a little faster than it is decoded, and so pauses this long at the loop's end:
 * what waited drains, and every round begins alike.
 */
#define VIDEO_PAUSE (90 * 200)

#define NOISE_PER_SECOND 30
#define PURPOSE_NOISE 0x6e6f697365ULL

typedef struct {
  gsize offset;
  guint size;      /* payload bytes */
  guint64 release; /* 90 kHz from the loop's start */
  guint64 pts, dts;
  gboolean key;
} Pes;

struct _EcFeed {
  const EcStationStream *stream;
  const guint8 *data; /* NULL: noise */
  guint program;
  gboolean leads;
  guint slots;      /* of a loop */
  GArray *pes;      /* Pes, of one loop */
  guint64 interval; /* least slots between packets, 16.16 fixed point */

  guint64 sent;    /* PES packets, over all passes */
  guint pos;       /* bytes of the current one, header included */
  guint64 allowed; /* slot of the next packet, 48.16 fixed point */
  guint8 header[19];
  guint header_size;
};

static guint64
video_release (guint i, guint count)
{
  return (guint64) i * (LOOP_90K - VIDEO_PAUSE) / count;
}

static void
cut_video (EcFeed *self, const EcElementaryStream *es)
{
  gsize offset = 0;
  guint delay = 0;

  for (guint i = 0; i < es->units->len; i++) {
    const EcAccessUnit *unit = &g_array_index (es->units, EcAccessUnit, i);

    delay = MAX (delay, i - MIN (i, unit->display));
  }
  for (guint i = 0; i < es->units->len; i++) {
    const EcAccessUnit *unit = &g_array_index (es->units, EcAccessUnit, i);
    Pes pes = { .offset = offset, .size = unit->size, .key = unit->key };

    pes.release = video_release (i, es->units->len);
    pes.dts = (guint64) i * FRAME_90K + VIDEO_DELAY;
    pes.pts = (guint64) (unit->display + delay) * FRAME_90K + VIDEO_DELAY;
    g_array_append_val (self->pes, pes);
    offset += unit->size;
  }
}

static void
cut_audio (EcFeed *self, const EcElementaryStream *es)
{
  guint together = self->stream->frames_per_pes;
  guint64 lead = self->stream->codec == EC_STATION_AC3 ? AC3_LEAD : AAC_LEAD;
  gsize offset = 0;

  g_assert (es->units->len % together == 0);
  for (guint i = 0; i < es->units->len; i += together) {
    Pes pes = { .offset = offset };

    for (guint j = 0; j < together; j++)
      pes.size += g_array_index (es->units, EcAccessUnit, i + j).size;
    /* Sound that belongs to the first picture is heard with it. */
    pes.pts = (guint64) i * LOOP_90K / es->units->len + VIDEO_DELAY + FRAME_90K;
    pes.dts = pes.pts;
    pes.release = pes.pts - lead;
    g_array_append_val (self->pes, pes);
    offset += pes.size;
  }
}

static void
cut_noise (EcFeed *self)
{
  guint count = EC_BROADCAST_LOOP_SECONDS * NOISE_PER_SECOND;
  guint packets = MAX (1, self->stream->bit_rate / 8 / NOISE_PER_SECOND / 184);

  for (guint i = 0; i < count; i++) {
    Pes pes = { .size = packets * 184 };

    pes.release = video_release (i, count);
    pes.dts = pes.pts = (guint64) i * LOOP_90K / count + VIDEO_DELAY;
    g_array_append_val (self->pes, pes);
  }
}

static guint64
audio_interval (const EcStation *station)
{
  return ((guint64) station->slots_per_loop << 16) * EC_TS_PACKET * 8 /
         ((guint64) AUDIO_BURST * EC_BROADCAST_LOOP_SECONDS);
}

EcFeed *
ec_feed_new (const EcStation *station, guint program, guint stream, const EcElementaryStream *es)
{
  EcFeed *self = g_new0 (EcFeed, 1);
  guint64 packets = 0;

  self->stream = &station->programs[program].streams[stream];
  self->program = program;
  self->leads = stream == 0;
  self->slots = station->slots_per_loop;
  self->pes = g_array_new (FALSE, FALSE, sizeof (Pes));
  if (!es) {
    cut_noise (self);
  } else {
    self->data = es->data->data;
    if (ec_station_codec_is_video (self->stream->codec))
      cut_video (self, es);
    else
      cut_audio (self, es);
  }

  /* With all stuffing: a PES packet's last transport packet, and those with a PCR, are not full. */
  for (guint i = 0; i < self->pes->len; i++)
    packets += (g_array_index (self->pes, Pes, i).size + 19 + 8 + 183) / 184;
  /* Faster than it comes in, so that what waits drains; not in bursts at the channel's rate. */
  self->interval = ((guint64) station->slots_per_loop << 16) * 100 / (packets * 160);
  if (!ec_station_codec_is_video (self->stream->codec))
    self->interval = MIN (self->interval, audio_interval (station));
  return self;
}

void
ec_feed_free (EcFeed *self)
{
  g_array_unref (self->pes);
  g_free (self);
}

guint
ec_feed_program (const EcFeed *self)
{
  return self->program;
}

const EcStationStream *
ec_feed_stream (const EcFeed *self)
{
  return self->stream;
}

gboolean
ec_feed_leads (const EcFeed *self)
{
  return self->leads;
}

static const Pes *
current (const EcFeed *self)
{
  return &g_array_index (self->pes, Pes, self->sent % self->pes->len);
}

static guint64
loop_start (const EcFeed *self)
{
  return self->sent / self->pes->len * LOOP_90K;
}

gboolean
ec_feed_ready (const EcFeed *self, guint64 now, guint64 slot)
{
  return self->allowed <= slot << 16 && loop_start (self) + current (self)->release <= now;
}

guint64
ec_feed_deadline (const EcFeed *self)
{
  return loop_start (self) + current (self)->dts;
}

/*
 * ISO/IEC 13818-1 §2.4.3.7. Stamps are relative to the loop that the packet is *sent* in, which
 * may be one later than the one it was released in; modulo 2^33 that is no difference.
 */
static void
make_header (EcFeed *self, guint64 shift)
{
  const Pes *pes = current (self);
  guint8 *h = self->header;
  gboolean both = pes->pts != pes->dts;
  guint extra = both ? 10 : 5;
  guint length = 3 + extra + pes->size;

  self->header_size = 9 + extra;
  h[0] = h[1] = 0;
  h[2] = 1;
  h[3] = self->stream->codec == EC_STATION_AC3   ? 0xbd
         : self->stream->codec == EC_STATION_AAC ? 0xc0
                                                 : 0xe0;
  if (ec_station_codec_is_video (self->stream->codec))
    length = 0; /* unbounded */
  g_assert (length <= 0xffff);
  h[4] = (guint8) (length >> 8);
  h[5] = (guint8) length;
  h[6] = 0x84; /* data_alignment_indicator */
  h[7] = both ? 0xc0 : 0x80;
  h[8] = (guint8) extra;
  ec_packet_write_stamp (h + 9, both ? 3 : 2, (pes->pts + shift) & EC_STAMP_MASK);
  if (both)
    ec_packet_write_stamp (h + 14, 1, (pes->dts + shift) & EC_STAMP_MASK);
}

/* The adaptation field, `size` bytes with its length byte; 0 for none. */
static void
write_adaptation (guint8 *p, guint size, gboolean key, const EcFeedPacket *fields)
{
  if (size == 0)
    return;
  p[0] = (guint8) (size - 1);
  if (size == 1)
    return;
  memset (p + 1, 0xff, size - 1);
  p[1] = (guint8) ((key ? 0x40 : 0) | (fields->with_pcr ? 0x10 : 0));
  if (fields->with_pcr)
    ec_packet_write_pcr (p + 2, fields->pcr);
}

static void
write_payload (EcFeed *self, guint8 *p, guint size)
{
  guint done = 0;

  if (!self->data) {
    for (; done < size; done++)
      p[done] = (guint8) ec_media_hash (PURPOSE_NOISE, self->stream->pid,
                                        (self->sent % self->pes->len) << 16 | (self->pos + done));
    return;
  }
  if (self->pos < self->header_size) {
    done = MIN (size, self->header_size - self->pos);
    memcpy (p, self->header + self->pos, done);
  }
  memcpy (p + done, self->data + current (self)->offset + (self->pos + done - self->header_size),
          size - done);
}

static void
finish_packet (EcFeed *self, guint size, guint64 slot, EcFeedPacket *fields)
{
  self->pos += size;
  self->allowed = MAX (self->allowed, slot << 16) + self->interval;
  if (self->pos < self->header_size + current (self)->size)
    return;
  fields->finished = TRUE;
  fields->deadline = ec_feed_deadline (self);
  self->pos = 0;
  self->sent++;
}

void
ec_feed_write_packet (EcFeed *self, guint8 *packet, guint64 slot, EcFeedPacket *fields)
{
  gboolean first = self->pos == 0, key = first && current (self)->key;
  guint adaptation = fields->with_pcr ? 8 : key ? 2 : 0;
  guint left, size;

  if (first && self->data)
    make_header (self, loop_start (self) - slot / self->slots * LOOP_90K);
  left = self->header_size + current (self)->size - self->pos;
  adaptation = MAX (adaptation, left < 184 ? 184 - left : 0);
  size = 184 - adaptation;

  packet[1] |= first ? 0x40 : 0;
  packet[3] |= (guint8) (0x10 | (adaptation ? 0x20 : 0) | (self->data ? 0 : 0x80));
  write_adaptation (packet + 4, adaptation, key, fields);
  write_payload (self, packet + 4 + adaptation, size);
  if (first && self->data) {
    fields->pts_at = 4 + adaptation + 9;
    fields->has_dts = self->header_size == 19;
  }
  finish_packet (self, size, slot, fields);
}

guint64
ec_feed_state (const EcFeed *self, guint pass, guint64 slot)
{
  guint64 waits = self->allowed > slot << 16 ? self->allowed - (slot << 16) : 0;

  return ec_media_mix (self->sent - (guint64) pass * self->pes->len) ^
         ec_media_mix ((guint64) self->pos << 40 ^ waits);
}
