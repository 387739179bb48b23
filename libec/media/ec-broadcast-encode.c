/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-encode.h"

#include <math.h>
#include <string.h>

#include "media/ec-avcodec.h"
#include "media/ec-broadcast-picture.h"

/* Sound frames coded before the ones kept, so that the encoder's start is not in the loop. */
#define AUDIO_WARM_UP 8

typedef struct {
  const EcAvcodec *av;
  const EcStationStream *stream;
  AVCodecContext *context;
  AVFrame *frame;
  AVPacket *packet;
  guint skip; /* packets still to be dropped */
  guint want; /* access units of one loop */
  EcElementaryStream *out;
} Encoder;

EcElementaryStream *
ec_elementary_stream_new (void)
{
  EcElementaryStream *self = g_new0 (EcElementaryStream, 1);

  self->units = g_array_new (FALSE, FALSE, sizeof (EcAccessUnit));
  self->data = g_byte_array_new ();
  return self;
}

void
ec_elementary_stream_free (EcElementaryStream *self)
{
  g_array_unref (self->units);
  g_byte_array_unref (self->data);
  g_free (self);
}

guint
ec_broadcast_encode_version (void)
{
  const EcAvcodec *av = ec_avcodec_get (NULL);

  return av ? av->version () : 0;
}

static const char *
encoder_name (EcStationCodec codec)
{
  switch (codec) {
  case EC_STATION_MPEG2:
    return "mpeg2video";
  case EC_STATION_H264:
    return "libx264";
  case EC_STATION_AC3:
    return "ac3";
  case EC_STATION_AAC:
    return "aac";
  case EC_STATION_NOISE:
  default:
    g_assert_not_reached ();
  }
}

static gboolean
encoder_fail (Encoder *self, int code, const char *what, GError **error)
{
  char text[128];

  self->av->strerror (code, text, sizeof text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: the encoder “%s” failed: %s", what,
               encoder_name (self->stream->codec), text);
  return FALSE;
}

/* AV_CH_LAYOUT_STEREO in its old or its new clothes. */
static void
set_stereo (AVCodecContext *context, AVFrame *frame)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 24, 100)
  context->ch_layout = (AVChannelLayout) AV_CHANNEL_LAYOUT_STEREO;
  frame->ch_layout = context->ch_layout;
#else
  context->channels = 2;
  context->channel_layout = AV_CH_LAYOUT_STEREO;
  frame->channel_layout = AV_CH_LAYOUT_STEREO;
#endif
}

static void
configure_video (Encoder *self)
{
  AVCodecContext *context = self->context;
  const EcStationStream *stream = self->stream;

  context->width = self->frame->width = (int) stream->width;
  context->height = self->frame->height = (int) stream->height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  self->frame->format = AV_PIX_FMT_YUV420P;
  context->time_base = (AVRational){ 1, EC_BROADCAST_VIDEO_FPS };
  context->framerate = (AVRational){ EC_BROADCAST_VIDEO_FPS, 1 };
  context->sample_aspect_ratio =
      stream->height == 480 ? (AVRational){ 40, 33 } : (AVRational){ 1, 1 };
  context->max_b_frames = 2;
  context->rc_max_rate = context->rc_min_rate = stream->bit_rate;
  context->rc_buffer_size = (int) (stream->bit_rate / 2);
  context->color_range = AVCOL_RANGE_MPEG;
  context->color_primaries = AVCOL_PRI_BT709;
  context->color_trc = AVCOL_TRC_BT709;
  context->colorspace = AVCOL_SPC_BT709;

  if (stream->codec == EC_STATION_MPEG2) {
    context->gop_size = 15;
    context->qmin = 1; /* grain fills the channel's rate, as a real picture would */
    context->qmax = 31;
    /* Most of the picture stands still: searching for motion costs three times as much. */
    self->av->opt_set (context->priv_data, "motion_est", "zero", 0);
    if (stream->interlaced) {
      context->flags |= AV_CODEC_FLAG_INTERLACED_DCT;
      context->field_order = AV_FIELD_TT;
#ifdef AV_FRAME_FLAG_INTERLACED /* FFmpeg 6.1 */
      self->frame->flags |= AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
      self->frame->interlaced_frame = 1;
      self->frame->top_field_first = 1;
#endif
    }
  } else {
    context->gop_size = 30;
    self->av->opt_set (context->priv_data, "preset", "superfast", 0);
    self->av->opt_set (context->priv_data, "x264-params",
                       "threads=1:lookahead-threads=1:sliced-threads=0:scenecut=0:open-gop=0:"
                       "b-pyramid=none:aud=1:repeat-headers=1:nal-hrd=none:rc-lookahead=10:"
                       "sync-lookahead=0:force-cfr=1",
                       0);
  }
}

static gboolean
encoder_open (Encoder *self, GError **error)
{
  const EcStationStream *stream = self->stream;
  const AVCodec *codec = self->av->find_encoder_by_name (encoder_name (stream->codec));
  int code;

  if (!codec) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "The simulated broadcast needs the encoder “%s”, which this libavcodec lacks.",
                 encoder_name (stream->codec));
    return FALSE;
  }

  self->context = self->av->alloc_context (codec);
  self->frame = self->av->frame_alloc ();
  self->packet = self->av->packet_alloc ();
  self->context->bit_rate = stream->bit_rate;
  self->context->thread_count = 1;
  /* Keeps versions out of AAC; on MPEG-2 it would only forbid the fast paths, at 3 times the time. */
  if (stream->codec != EC_STATION_MPEG2)
    self->context->flags |= AV_CODEC_FLAG_BITEXACT;
  if (ec_station_codec_is_video (stream->codec)) {
    configure_video (self);
  } else {
    self->context->sample_rate = self->frame->sample_rate = EC_BROADCAST_AUDIO_RATE;
    self->context->sample_fmt = AV_SAMPLE_FMT_FLTP;
    self->frame->format = AV_SAMPLE_FMT_FLTP;
    self->context->time_base = (AVRational){ 1, EC_BROADCAST_AUDIO_RATE };
    set_stereo (self->context, self->frame);
  }

  code = self->av->open (self->context, codec, NULL);
  if (code < 0)
    return encoder_fail (self, code, "Opening", error);
  if (!ec_station_codec_is_video (stream->codec))
    self->frame->nb_samples = self->context->frame_size;
  code = self->av->frame_get_buffer (self->frame, 0);
  if (code < 0)
    return encoder_fail (self, code, "Memory", error);
  return TRUE;
}

static void
encoder_clear (Encoder *self)
{
  if (self->context)
    self->av->free_context (&self->context);
  if (self->frame)
    self->av->frame_free (&self->frame);
  if (self->packet)
    self->av->packet_free (&self->packet);
}

/* ISO/IEC 13818-7 §6.2: AAC-LC, 48 kHz, two channels, no CRC. */
static void
append_adts_header (GByteArray *data, guint payload)
{
  guint size = payload + 7;
  const guint8 header[7] = {
    0xff,
    0xf1,
    1 << 6 | 3 << 2,
    (guint8) (2 << 6 | size >> 11),
    (guint8) (size >> 3),
    (guint8) (size << 5 | 0x1f),
    0xfc,
  };

  g_byte_array_append (data, header, sizeof header);
}

static void
take_packet (Encoder *self)
{
  EcElementaryStream *out = self->out;
  EcAccessUnit unit = { 0 };
  gsize before = out->data->len;

  if (self->skip > 0) {
    self->skip--;
    return;
  }
  if (out->units->len == self->want)
    return;

  if (self->stream->codec == EC_STATION_AAC)
    append_adts_header (out->data, (guint) self->packet->size);
  g_byte_array_append (out->data, self->packet->data, (guint) self->packet->size);
  unit.size = out->data->len - (guint) before;
  unit.key = (self->packet->flags & AV_PKT_FLAG_KEY) != 0;
  unit.display = ec_station_codec_is_video (self->stream->codec) ? (guint32) self->packet->pts
                                                                 : out->units->len;
  g_array_append_val (out->units, unit);
}

static gboolean
encode_frame (Encoder *self, AVFrame *frame, GError **error)
{
  int code = self->av->send_frame (self->context, frame);

  if (code < 0)
    return encoder_fail (self, code, "Sending a frame", error);
  while ((code = self->av->receive_packet (self->context, self->packet)) >= 0) {
    take_packet (self);
    self->av->packet_unref (self->packet);
  }
  if (code != AVERROR (EAGAIN) && code != AVERROR_EOF)
    return encoder_fail (self, code, "Encoding", error);
  return TRUE;
}

static const char *
codec_label (const EcStationProgram *program)
{
  return program->streams[0].codec == EC_STATION_H264 ? "H.264 AAC" : "MPEG-2 AC-3";
}

static gboolean
encode_video (Encoder *self,
              const EcStationProgram *program,
              int *done,
              GCancellable *cancellable,
              GError **error)
{
  const EcStationStream *stream = self->stream;
  g_autofree char *number = g_strdup_printf ("%u.%u", program->major, program->minor);
  g_autofree char *format = g_strdup_printf ("%ux%u%s %s", stream->width, stream->height,
                                             stream->interlaced ? "i" : "p", codec_label (program));
  EcPictureSpec spec = {
    .number = number,
    .name = program->title,
    .format = format,
    .width = stream->width,
    .height = stream->height,
    .pixel_aspect = stream->height == 480 ? 40.0 / 33 : 1,
    .hue = program->hue,
    .grain = stream->height >= 480 ? 1.6 : 0,
    .interlaced = stream->interlaced,
    .loop_seconds = EC_BROADCAST_LOOP_SECONDS,
    .frames_per_second = EC_BROADCAST_VIDEO_FPS,
  };
  g_autoptr (EcBroadcastPicture) picture = ec_broadcast_picture_new (&spec);

  self->want = EC_BROADCAST_LOOP_SECONDS * EC_BROADCAST_VIDEO_FPS;
  for (guint n = 0; n < self->want; n++) {
    EcPictureFrame view;

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    self->av->frame_make_writable (self->frame);
    for (guint p = 0; p < 3; p++) {
      view.planes[p] = self->frame->data[p];
      view.strides[p] = (gsize) self->frame->linesize[p];
    }
    ec_broadcast_picture_paint (picture, n, &view);
    self->frame->pts = n;
    if (!encode_frame (self, self->frame, error))
      return FALSE;
    if (done)
      g_atomic_int_inc (done);
  }
  return encode_frame (self, NULL, error);
}

/* A soft tone, a beep at every full second, the same for ever: whole periods fit the loop. */
static float
tone_at (guint tone, guint64 sample)
{
  guint64 in_loop = sample % (EC_BROADCAST_LOOP_SECONDS * EC_BROADCAST_AUDIO_RATE);
  double t = (double) in_loop / EC_BROADCAST_AUDIO_RATE;
  double in_second = t - floor (t);
  double beep = in_second < 0.08 ? 0.12 * sin (G_PI * in_second / 0.08) : 0;

  return (float) (0.08 * (1 + 0.3 * sin (2 * G_PI * t / 4)) * sin (2 * G_PI * tone * t) +
                  beep * sin (2 * G_PI * tone * 2 * t));
}

static gboolean
encode_audio (Encoder *self, GCancellable *cancellable, GError **error)
{
  guint size = (guint) self->frame->nb_samples;
  guint64 loop = EC_BROADCAST_LOOP_SECONDS * EC_BROADCAST_AUDIO_RATE;
  guint64 sample = loop - AUDIO_WARM_UP * size;

  self->want = (guint) (loop / size);
  self->skip = AUDIO_WARM_UP;
  while (self->out->units->len < self->want) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    self->av->frame_make_writable (self->frame);
    for (guint i = 0; i < size; i++) {
      float value = tone_at (self->stream->tone, sample + i);

      ((float *) (void *) self->frame->data[0])[i] = value;
      ((float *) (void *) self->frame->data[1])[i] = value;
    }
    self->frame->pts = (gint64) sample;
    sample += size;
    if (!encode_frame (self, self->frame, error))
      return FALSE;
  }
  return TRUE;
}

EcElementaryStream *
ec_broadcast_encode (const EcStationProgram *program,
                     const EcStationStream *stream,
                     int *done,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (EcElementaryStream) out = ec_elementary_stream_new ();
  Encoder encoder = { .av = ec_avcodec_get (error), .stream = stream, .out = out };
  gboolean ok;

  if (!encoder.av)
    return NULL;

  ok = encoder_open (&encoder, error);
  if (ok && ec_station_codec_is_video (stream->codec))
    ok = encode_video (&encoder, program, done, cancellable, error);
  else if (ok)
    ok = encode_audio (&encoder, cancellable, error);
  encoder_clear (&encoder);
  if (!ok)
    return NULL;

  if (out->units->len != encoder.want) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "The encoder “%s” made %u access units where %u were expected.",
                 encoder_name (stream->codec), out->units->len, encoder.want);
    return NULL;
  }
  return g_steal_pointer (&out);
}
