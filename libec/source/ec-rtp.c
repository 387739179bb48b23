/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-rtp.h"

#include "base/ec-reader.h"

#define TS_PACKET 188
#define TS_SYNC 0x47
#define PAYLOAD_TYPE_MP2T 33
#define PAYLOAD_TYPE_DYNAMIC 96

/* A step in sequence numbers beyond which the sender is taken to have started anew. */
#define MAX_STEP 1000

typedef struct {
  guint16 sequence;
  guint32 ssrc;
  guint8 payload_type;
  const guint8 *payload; /* in the datagram */
  gsize size;
} Header;

struct _EcRtp {
  EcRtpFunc func;
  gpointer user_data;
  gboolean started;
  gboolean lost; /* before what is delivered next */
  guint32 ssrc;
  guint16 next;                   /* the sequence number that is due */
  GBytes *waiting[EC_RTP_WINDOW]; /* payload of sequence s at s % EC_RTP_WINDOW, or NULL */
  guint n_waiting;
};

EcRtp *
ec_rtp_new (EcRtpFunc func, gpointer user_data)
{
  EcRtp *rtp = g_new0 (EcRtp, 1);

  rtp->func = func;
  rtp->user_data = user_data;
  return rtp;
}

static void
drop_waiting (EcRtp *rtp)
{
  for (guint i = 0; i < EC_RTP_WINDOW; i++)
    g_clear_pointer (&rtp->waiting[i], g_bytes_unref);
  rtp->n_waiting = 0;
}

void
ec_rtp_free (EcRtp *rtp)
{
  drop_waiting (rtp);
  g_free (rtp);
}

/* RFC 3550 §5.1, §5.3.1. */
static gboolean
parse (const guint8 *datagram, gsize size, Header *header)
{
  EcReader reader;
  guint8 first;

  ec_reader_init (&reader, datagram, size);
  first = ec_reader_u8 (&reader);
  header->payload_type = ec_reader_u8 (&reader) & 0x7f;
  header->sequence = ec_reader_u16 (&reader);
  ec_reader_skip (&reader, 4);
  header->ssrc = ec_reader_u32 (&reader);
  ec_reader_skip (&reader, 4 * (gsize) (first & 0x0f));
  if (first & 0x10) {
    ec_reader_skip (&reader, 2);
    ec_reader_skip (&reader, 4 * (gsize) ec_reader_u16 (&reader));
  }
  if (reader.failed || first >> 6 != 2)
    return FALSE;

  header->size = ec_reader_left (&reader);
  if (first & 0x20) {
    guint8 padding = datagram[size - 1];

    if (padding == 0 || padding > header->size)
      return FALSE;
    header->size -= padding;
  }
  header->payload = ec_reader_bytes (&reader, header->size);
  return TRUE;
}

gboolean
ec_rtp_recognise (const guint8 *datagram, gsize size)
{
  Header header;

  if (!parse (datagram, size, &header) || header.size < TS_PACKET)
    return FALSE;
  if (header.payload_type != PAYLOAD_TYPE_MP2T &&
      (header.payload_type < PAYLOAD_TYPE_DYNAMIC || header.size % TS_PACKET != 0))
    return FALSE;
  return header.payload[0] == TS_SYNC;
}

static void
deliver (EcRtp *rtp, const guint8 *payload, gsize size)
{
  if (size > 0) {
    rtp->func (rtp->user_data, payload, size, rtp->lost);
    rtp->lost = FALSE;
  }
  rtp->next++;
}

/* What waits and is due now. */
static void
deliver_due (EcRtp *rtp)
{
  GBytes **slot;

  while (rtp->n_waiting > 0 && *(slot = &rtp->waiting[rtp->next % EC_RTP_WINDOW])) {
    g_autoptr (GBytes) bytes = g_steal_pointer (slot);
    gsize size;
    const guint8 *payload = g_bytes_get_data (bytes, &size);

    rtp->n_waiting--;
    deliver (rtp, payload, size);
  }
}

/* Gives up on what is missing before the first that waits. */
static void
skip_gap (EcRtp *rtp)
{
  while (rtp->n_waiting > 0 && rtp->waiting[rtp->next % EC_RTP_WINDOW] == NULL) {
    rtp->next++;
    rtp->lost = TRUE;
  }
  deliver_due (rtp);
}

static void
restart (EcRtp *rtp, const Header *header)
{
  ec_rtp_flush (rtp);
  rtp->lost = rtp->started;
  rtp->started = TRUE;
  rtp->ssrc = header->ssrc;
  rtp->next = header->sequence;
}

gboolean
ec_rtp_push (EcRtp *rtp, const guint8 *datagram, gsize size)
{
  Header header;
  gint16 ahead;

  if (!parse (datagram, size, &header))
    return FALSE;

  if (!rtp->started || rtp->ssrc != header.ssrc)
    restart (rtp, &header);
  ahead = (gint16) (header.sequence - rtp->next);
  if (ahead > MAX_STEP || ahead < -MAX_STEP) {
    restart (rtp, &header);
    ahead = 0;
  }

  /* A duplicate, or too late: its place was given up. */
  if (ahead < 0)
    return TRUE;

  while (ahead >= EC_RTP_WINDOW) {
    if (rtp->n_waiting > 0) {
      skip_gap (rtp);
    } else {
      rtp->next = header.sequence;
      rtp->lost = TRUE;
    }
    ahead = (gint16) (header.sequence - rtp->next);
  }

  if (ahead == 0) {
    deliver (rtp, header.payload, header.size);
    deliver_due (rtp);
  } else if (rtp->waiting[header.sequence % EC_RTP_WINDOW] == NULL) {
    rtp->waiting[header.sequence % EC_RTP_WINDOW] = g_bytes_new (header.payload, header.size);
    rtp->n_waiting++;
  }
  return TRUE;
}

gboolean
ec_rtp_is_waiting (const EcRtp *rtp)
{
  return rtp->n_waiting > 0;
}

void
ec_rtp_flush (EcRtp *rtp)
{
  while (rtp->n_waiting > 0)
    skip_gap (rtp);
}
