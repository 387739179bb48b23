/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-framer.h"

#include <string.h>

static const gsize strides[] = { 188, 192, 204 };

void
ec_ts_framer_init (EcTsFramer *self, const EcTsFramerEvents *events, gpointer user_data)
{
  memset (self, 0, sizeof *self);
  self->events = events;
  self->user_data = user_data;
}

static void
emit (EcTsFramer *self, const guint8 *packets, gsize n)
{
  self->n_packets += n;
  self->events->packets (self->user_data, packets, n, self->stride);
}

static void
lose_sync (EcTsFramer *self)
{
  self->stride = 0;
  self->skip = 0;
  self->n_sync_losses++;
  self->events->lost (self->user_data);
}

/* Whether packets of `stride` begin at `offset`, as far as `size` bytes tell, at least `wanted`. */
static gboolean
is_locked_at (const guint8 *data, gsize size, gsize offset, gsize stride, gsize wanted)
{
  for (gsize i = 0; i < wanted; i++) {
    gsize at = offset + i * stride;

    if (at >= size || data[at] != EC_TS_SYNC_BYTE)
      return FALSE;
  }
  return TRUE;
}

/* At the end of input: as many sync bytes as there is room for, and one packet at least. */
static gboolean
is_short_lock_at (const guint8 *data, gsize size, gsize offset, gsize stride)
{
  if (offset + EC_TS_PACKET_SIZE > size)
    return FALSE;
  return is_locked_at (data, size, offset, stride, (size - offset + stride - 1) / stride);
}

typedef enum {
  SEARCH_MORE_COMES, /* what may still lock with more bytes is waited for */
  SEARCH_ALL,        /* there are no more */
  SEARCH_SHORT,      /* … and not enough for a lock */
} SearchMode;

/*
 * Looks for a lock in `size` bytes. Returns how many of them are in front of it, or, without one,
 * how many can never be the beginning of one; sets self->stride.
 */
static gsize
search (EcTsFramer *self, const guint8 *data, gsize size, SearchMode mode)
{
  gsize offset = 0;

  for (;; offset++) {
    const guint8 *sync =
        offset < size ? memchr (data + offset, EC_TS_SYNC_BYTE, size - offset) : NULL;

    if (!sync)
      return size;
    offset = (gsize) (sync - data);

    for (guint i = 0; i < G_N_ELEMENTS (strides); i++) {
      if (mode == SEARCH_SHORT
              ? is_short_lock_at (data, size, offset, strides[i])
              : is_locked_at (data, size, offset, strides[i], EC_TS_FRAMER_SYNCS)) {
        self->stride = strides[i];
        return offset;
      }
    }

    /* A longer stride might still lock here once more bytes are known. */
    if (mode == SEARCH_MORE_COMES && offset + EC_TS_MAX_STRIDE * (EC_TS_FRAMER_SYNCS - 1) >= size)
      return offset;
  }
}

static const guint8 *
skip_rest_of_stride (EcTsFramer *self, const guint8 *data, const guint8 *end)
{
  gsize n = MIN (self->skip, (gsize) (end - data));

  self->skip -= n;
  return data + n;
}

/* Runs of whole packets straight from the input, while locked. */
static const guint8 *
take_runs (EcTsFramer *self, const guint8 *data, const guint8 *end)
{
  while (self->stride != 0 && data < end) {
    gsize stride = self->stride;
    gsize size = (gsize) (end - data);
    gsize n_max = size >= EC_TS_PACKET_SIZE ? (size - EC_TS_PACKET_SIZE) / stride + 1 : 0;
    gsize n = 0;
    gsize used;

    while (n < n_max && data[n * stride] == EC_TS_SYNC_BYTE)
      n++;
    if (n > 0)
      emit (self, data, n);
    used = MIN (n * stride, size);
    self->skip = n * stride - used;
    data += used;

    if (n < n_max || (data < end && *data != EC_TS_SYNC_BYTE)) {
      lose_sync (self);
      return data;
    }
    if (n == n_max)
      return data;
  }
  return data;
}

/* Unlocked: moves input into the buffer and searches there. */
static const guint8 *
seek (EcTsFramer *self, const guint8 *data, const guint8 *end)
{
  gsize n = MIN (sizeof self->buffer - self->buffered, (gsize) (end - data));
  gsize skipped;

  memcpy (self->buffer + self->buffered, data, n);
  self->buffered += n;
  skipped = search (self, self->buffer, self->buffered, SEARCH_MORE_COMES);
  self->n_skipped += skipped;
  self->buffered -= skipped;
  memmove (self->buffer, self->buffer + skipped, self->buffered);
  return data + n;
}

/* Locked again with bytes in the buffer: runs from there first; what is left stays a packet in progress. */
static void
drain_buffer (EcTsFramer *self)
{
  const guint8 *end = self->buffer + self->buffered;
  const guint8 *rest;

  if (self->stride == 0)
    return;
  rest = take_runs (self, self->buffer, end);
  self->buffered = (gsize) (end - rest);
  memmove (self->buffer, rest, self->buffered);
}

/* Completes the packet in progress. */
static const guint8 *
fill_packet (EcTsFramer *self, const guint8 *data, const guint8 *end)
{
  gsize n = MIN (EC_TS_PACKET_SIZE - self->buffered, (gsize) (end - data));

  memcpy (self->buffer + self->buffered, data, n);
  self->buffered += n;
  if (self->buffered == EC_TS_PACKET_SIZE) {
    self->buffered = 0;
    self->skip = self->stride - EC_TS_PACKET_SIZE;
    emit (self, self->buffer, 1);
  }
  return data + n;
}

/* The search may have left a lock at once followed by a loss within the buffer: settle that first. */
static void
settle_buffer (EcTsFramer *self)
{
  gsize before;

  do {
    before = self->buffered;
    if (self->stride == 0) {
      gsize skipped = search (self, self->buffer, self->buffered, SEARCH_MORE_COMES);

      self->n_skipped += skipped;
      self->buffered -= skipped;
      memmove (self->buffer, self->buffer + skipped, self->buffered);
    }
    drain_buffer (self);
  } while (self->buffered != before && self->buffered > 0 && self->stride == 0);
}

void
ec_ts_framer_push (EcTsFramer *self, const guint8 *data, gsize size)
{
  const guint8 *end = data + size;

  while (data < end) {
    if (self->stride == 0) {
      data = seek (self, data, end);
      settle_buffer (self);
    } else if (self->skip > 0) {
      data = skip_rest_of_stride (self, data, end);
    } else if (self->buffered > 0) {
      data = fill_packet (self, data, end);
    } else if (*data != EC_TS_SYNC_BYTE) {
      lose_sync (self);
    } else if ((gsize) (end - data) < EC_TS_PACKET_SIZE) {
      data = fill_packet (self, data, end);
    } else {
      data = take_runs (self, data, end);
    }
  }
}

void
ec_ts_framer_discontinuity (EcTsFramer *self)
{
  if (self->stride == 0)
    self->n_skipped += self->buffered;
  self->buffered = 0;
  self->skip = 0;
  self->events->lost (self->user_data);
}

void
ec_ts_framer_finish (EcTsFramer *self)
{
  while (self->stride == 0 && self->buffered > 0) {
    gsize skipped = search (self, self->buffer, self->buffered, SEARCH_ALL);

    if (self->stride == 0)
      skipped = search (self, self->buffer, self->buffered, SEARCH_SHORT);
    self->n_skipped += skipped;
    self->buffered -= skipped;
    memmove (self->buffer, self->buffer + skipped, self->buffered);
    drain_buffer (self);
  }
  self->n_skipped += self->buffered;
  self->buffered = 0;
  self->skip = 0;
}
