/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-stream.h"

#include <string.h>

struct _EcQuicSlice {
  EcQuicSlice *next;
  EcPayload *payload; /* NULL: the bytes are behind this */
  const guint8 *data;
  gsize size;
  guint8 own[];
};

EcQuicStream *
ec_quic_stream_new (EcStreamId id)
{
  EcQuicStream *self = g_new0 (EcQuicStream, 1);

  self->id = id;
  return self;
}

static void
slice_free (EcQuicSlice *slice)
{
  g_clear_pointer (&slice->payload, ec_payload_unref);
  g_free (slice);
}

void
ec_quic_stream_free (EcQuicStream *self)
{
  g_assert (self->flow == NULL);
  while (self->first) {
    EcQuicSlice *next = self->first->next;

    slice_free (self->first);
    self->first = next;
  }
  g_free (self);
}

static void
append (EcQuicStream *self, EcQuicSlice *slice)
{
  slice->next = NULL;
  if (self->last)
    self->last->next = slice;
  else
    self->first = slice;
  self->last = slice;
  if (self->unsent == NULL) {
    self->unsent = slice;
    self->unsent_skip = 0;
  }
  self->written += slice->size;
}

void
ec_quic_stream_write (EcQuicStream *self,
                      const guint8 *head,
                      gsize head_size,
                      EcPayload *payload,
                      gsize offset,
                      gsize size,
                      gboolean fin)
{
  if (self->shut || self->fin)
    return;

  if (head_size > 0) {
    EcQuicSlice *slice = g_malloc (sizeof (EcQuicSlice) + head_size);

    memcpy (slice->own, head, head_size);
    slice->payload = NULL;
    slice->data = slice->own;
    slice->size = head_size;
    append (self, slice);
  }
  if (size > 0) {
    EcQuicSlice *slice = g_new (EcQuicSlice, 1);

    slice->payload = ec_payload_ref (payload);
    slice->data = ec_payload_get_data (payload) + offset;
    slice->size = size;
    append (self, slice);
  }
  self->fin = fin;
  self->was_unsent = TRUE;
}

gsize
ec_quic_stream_peek (
    const EcQuicStream *self, ngtcp2_vec *vectors, gsize n_vectors, gsize limit, gboolean *complete)
{
  const EcQuicSlice *slice = self->unsent;
  gsize skip = self->unsent_skip;
  gsize total = 0;
  gsize n = 0;

  for (; slice && n < n_vectors && total < limit; slice = slice->next, skip = 0) {
    gsize size = MIN (slice->size - skip, limit - total);

    /* ngtcp2 only reads. */
    vectors[n].base = (uint8_t *) (uintptr_t) (slice->data + skip);
    vectors[n++].len = size;
    total += size;
  }
  *complete = total == ec_quic_stream_get_unsent (self);
  return n;
}

void
ec_quic_stream_advance (EcQuicStream *self, gsize size)
{
  g_assert (size <= ec_quic_stream_get_unsent (self));
  self->sent += size;
  while (size > 0) {
    gsize left = self->unsent->size - self->unsent_skip;

    if (size < left) {
      self->unsent_skip += size;
      return;
    }
    size -= left;
    self->unsent = self->unsent->next;
    self->unsent_skip = 0;
  }
}

void
ec_quic_stream_acknowledge (EcQuicStream *self, guint64 offset)
{
  while (self->first && self->first != self->unsent &&
         self->first_at + self->first->size <= offset) {
    EcQuicSlice *slice = self->first;

    self->first_at += slice->size;
    self->first = slice->next;
    if (self->first == NULL)
      self->last = NULL;
    slice_free (slice);
  }
}

void
ec_quic_stream_shut (EcQuicStream *self)
{
  EcQuicSlice *slice;

  self->shut = TRUE;
  self->written = self->sent;
  self->was_unsent = FALSE;
  if (self->unsent == NULL)
    return;

  /* A slice of which some was sent stays whole. */
  if (self->unsent_skip > 0) {
    slice = self->unsent->next;
    self->unsent->next = NULL;
    self->last = self->unsent;
  } else {
    slice = self->unsent;
    if (self->first == slice) {
      self->first = self->last = NULL;
    } else {
      EcQuicSlice *before = self->first;

      while (before->next != slice)
        before = before->next;
      before->next = NULL;
      self->last = before;
    }
  }
  self->unsent = NULL;
  while (slice) {
    EcQuicSlice *next = slice->next;

    slice_free (slice);
    slice = next;
  }
}
