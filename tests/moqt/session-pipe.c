/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-pipe.h"

#define IS_UNI(id) (((id) &2) != 0)
#define OPENER(id) ((guint) ((id) &1))

static PipeStream *
stream_of (PipeEnd *end, gint64 id)
{
  PipeStream *stream = pipe_find (end->pipe, id);

  g_assert_nonnull (stream);
  g_assert_true (stream->known[end->me]); /* not heard of again, must not be used */
  return stream;
}

PipeStream *
pipe_find (Pipe *self, gint64 id)
{
  return g_hash_table_lookup (self->by_id, &id);
}

static gint64
open_stream (gpointer user_data, gboolean uni)
{
  PipeEnd *end = user_data;
  PipeStream *stream;

  g_assert_false (end->closing && !end->remote);
  if (end->closing || end->open_streams[uni] >= end->pipe->max_streams) {
    end->refused[uni] = TRUE;
    return -1;
  }
  end->open_streams[uni]++;
  stream = g_new0 (PipeStream, 1);
  stream->id = end->next_stream[uni]++ * 4 + (uni ? 2 : 0) + end->me;
  stream->known[0] = stream->known[1] = TRUE;
  for (guint i = 0; i < 2; i++) {
    stream->way[i].bytes = g_byte_array_new ();
    stream->way[i].drained = TRUE;
  }
  if (uni)
    stream->way[!end->me].done = TRUE;
  g_ptr_array_add (end->pipe->streams, stream);
  g_hash_table_insert (end->pipe->by_id, &stream->id, stream);
  return stream->id;
}

static void
set_priority (
    gpointer user_data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
{
  PipeEnd *end = user_data;

  stream_of (end, id)->way[end->me].level = level;
}

static void
write_stream (gpointer user_data,
              gint64 id,
              const guint8 *head,
              gsize head_size,
              EcPayload *payload,
              gsize offset,
              gsize size,
              gboolean fin)
{
  PipeEnd *end = user_data;
  PipeStream *stream = stream_of (end, id);

  g_assert_false (end->closing && !end->remote);
  g_assert_true (!IS_UNI (id) || OPENER (id) == end->me);
  end->writes++;
  if (stream->way[end->me].reset)
    return;
  g_assert_false (stream->way[end->me].fin);
  stream->opened = TRUE;
  g_byte_array_append (stream->way[end->me].bytes, head, (guint) head_size);
  if (size > 0) {
    g_assert_cmpuint (offset + size, <=, ec_payload_get_filled (payload));
    g_byte_array_append (stream->way[end->me].bytes, ec_payload_get_data (payload) + offset,
                         (guint) size);
  }
  stream->way[end->me].drained = FALSE;
  stream->way[end->me].fin = fin;
}

static void
reset_stream (gpointer user_data, gint64 id, guint64 code)
{
  PipeEnd *end = user_data;
  PipeStream *stream = stream_of (end, id);

  g_assert_true (!IS_UNI (id) || OPENER (id) == end->me);
  if (stream->way[end->me].done || stream->way[end->me].reset)
    return;
  stream->opened = TRUE;
  stream->way[end->me].reset = TRUE;
  stream->way[end->me].code = code;
  g_byte_array_set_size (stream->way[end->me].bytes, 0);
}

static void
stop_stream (gpointer user_data, gint64 id, guint64 code)
{
  PipeEnd *end = user_data;
  PipeStream *stream = stream_of (end, id);

  g_assert_true (!IS_UNI (id) || OPENER (id) != end->me);
  stream->way[!end->me].stop = TRUE;
  stream->way[!end->me].stop_code = code;
}

static void
consume (gpointer user_data, gint64 id, gsize size)
{
  PipeEnd *end = user_data;
  PipeStream *stream = stream_of (end, id);

  stream->way[!end->me].consumed += size;
  g_assert_cmpuint (stream->way[!end->me].consumed, <=, stream->way[!end->me].delivered);
}

static gsize
get_unsent (gpointer user_data, gint64 id)
{
  PipeEnd *end = user_data;

  return stream_of (end, id)->way[end->me].bytes->len;
}

static gsize
get_max_datagram (gpointer user_data)
{
  return 1200;
}

static void
send_datagram (
    gpointer user_data, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  PipeEnd *end = user_data;
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, head, (guint) head_size);
  if (payload)
    g_byte_array_append (bytes, ec_payload_get_data (payload),
                         (guint) ec_payload_get_size (payload));
  g_assert_cmpuint (bytes->len, <=, 1200);
  g_queue_push_tail (&end->pipe->ends[!end->me].datagrams, bytes);
}

static void
set_timer (gpointer user_data, guint64 at_us)
{
  ((PipeEnd *) user_data)->timer_us = at_us;
}

static void
close_pipe (gpointer user_data, guint64 code, const char *reason)
{
  PipeEnd *end = user_data;
  PipeEnd *other = &end->pipe->ends[!end->me];

  if (!end->closing) {
    end->closing = TRUE;
    end->remote = FALSE;
    end->code = code;
    end->reason = g_strdup (reason);
  }
  if (!other->closing) {
    other->closing = TRUE;
    other->remote = TRUE;
    other->code = code;
    other->reason = g_strdup (reason);
  }
}

static guint64
get_now (gpointer user_data)
{
  return ((PipeEnd *) user_data)->pipe->now_us;
}

static const EcMoqtIo pipe_io = {
  .open_stream = open_stream,
  .set_priority = set_priority,
  .write = write_stream,
  .reset = reset_stream,
  .stop = stop_stream,
  .consume = consume,
  .get_unsent = get_unsent,
  .get_max_datagram = get_max_datagram,
  .send_datagram = send_datagram,
  .set_timer = set_timer,
  .close = close_pipe,
  .now = get_now,
};

static void
stream_free (gpointer data)
{
  PipeStream *stream = data;

  g_byte_array_unref (stream->way[0].bytes);
  g_byte_array_unref (stream->way[1].bytes);
  g_free (stream);
}

Pipe *
pipe_new (const EcMoqtDraft *draft,
          const EcMoqtConfig *client,
          const EcMoqtConfig *server,
          const EcMoqtEvents *events,
          gpointer client_data,
          gpointer server_data,
          guint32 seed)
{
  Pipe *self = g_new0 (Pipe, 1);

  self->random = g_rand_new_with_seed (seed);
  self->now_us = 1000000;
  self->streams = g_ptr_array_new_with_free_func (stream_free);
  self->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->max_streams = 100;
  self->max_piece = 4096;
  self->window = 65536;
  for (guint i = 0; i < 2; i++) {
    EcMoqtConfig config = i == 0 ? *client : *server;

    config.server = i == 1;
    self->ends[i].pipe = self;
    self->ends[i].me = i;
    self->ends[i].timer_us = G_MAXUINT64;
    self->ends[i].session = ec_moqt_session_new (draft, &config, &pipe_io, &self->ends[i], events,
                                                 i == 0 ? client_data : server_data, self->now_us);
  }
  return self;
}

void
pipe_free (Pipe *self)
{
  for (guint i = 0; i < 2; i++) {
    ec_moqt_session_free (self->ends[i].session);
    g_free (self->ends[i].reason);
    g_clear_pointer (&self->ends[i].record, g_byte_array_unref);
    g_queue_clear_full (&self->ends[i].datagrams, (GDestroyNotify) g_byte_array_unref);
  }
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->streams);
  g_rand_free (self->random);
  g_free (self);
}

static gboolean
way_has_news (Pipe *self, PipeStream *stream, guint from)
{
  if (!stream->opened || (stream->way[from].done && stream->way[from].drained))
    return FALSE;
  if (stream->way[from].done)
    return !stream->way[from].drained && stream->known[from];
  if (stream->way[from].reset)
    return TRUE;
  if (stream->way[from].stop && !stream->way[from].stop_told)
    return TRUE;
  if (stream->way[from].bytes->len > 0)
    return stream->way[from].stop ||
           stream->way[from].delivered - stream->way[from].consumed < self->window;
  return stream->way[from].fin || !stream->way[from].drained;
}

/* As tests/fuzz/fuzz-moqt-session.c reads it. */
static void
record (PipeEnd *end, gint64 id, const guint8 *bytes, gsize size, gboolean fin)
{
  if (!end->record || id >= 64)
    return;
  do {
    gsize n = MIN (size, 255);
    guint8 head[3] = { fin && n == size ? 3 : 0, (guint8) id, (guint8) n };

    g_byte_array_append (end->record, head, sizeof head);
    g_byte_array_append (end->record, bytes, (guint) n);
    bytes += n;
    size -= n;
  } while (size > 0);
}

static void
deliver (Pipe *self, PipeStream *stream, guint from)
{
  PipeEnd *reader = &self->ends[!from], *writer = &self->ends[from];
  GByteArray *bytes = stream->way[from].bytes;

  if (stream->way[from].reset && !stream->way[from].done) {
    stream->way[from].done = TRUE;
    stream->way[from].drained = TRUE;
    ec_moqt_session_stream_reset (reader->session, self->now_us, stream->id,
                                  stream->way[from].code);
  } else if (stream->way[from].stop && !stream->way[from].stop_told) {
    stream->way[from].stop_told = TRUE;
    ec_moqt_session_stream_stopped (writer->session, self->now_us, stream->id,
                                    stream->way[from].stop_code);
  } else if (bytes->len > 0 || (stream->way[from].fin && !stream->way[from].done)) {
    gsize room = self->window - (stream->way[from].delivered - stream->way[from].consumed);
    gsize most = 1 + g_rand_int (self->random) % self->max_piece;
    gsize n = MIN (bytes->len, most);
    g_autofree guint8 *piece = NULL;
    gboolean fin;

    if (stream->way[from].stop)
      n = bytes->len;
    else
      n = MIN (n, room);
    fin = stream->way[from].fin && n == bytes->len && (n == 0 || g_rand_boolean (self->random));
    piece = g_memdup2 (bytes->data, n);
    if (n > 0)
      g_byte_array_remove_range (bytes, 0, (guint) n);
    stream->way[from].done = fin;
    if (!stream->way[from].stop) {
      stream->way[from].delivered += n;
      record (reader, stream->id, piece, n, fin);
      ec_moqt_session_stream_data (reader->session, self->now_us, stream->id, piece, n, fin);
    }
  } else if (!stream->way[from].drained) {
    stream->way[from].drained = TRUE;
    ec_moqt_session_stream_sent (writer->session, self->now_us, stream->id);
  }
}

static gboolean
is_held (Pipe *self, PipeStream *stream)
{
  for (guint from = 0; from < 2 && self->holds; from++)
    if (stream->way[from].fin && !stream->way[from].reset && !stream->way[from].stop &&
        stream->way[from].consumed < stream->way[from].delivered)
      return TRUE;
  return FALSE;
}

/* Both halves are over: neither end hears of it again. */
static gboolean
close_streams (Pipe *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    PipeStream *stream = g_ptr_array_index (self->streams, i);

    if (is_held (self, stream))
      continue;
    for (guint end = 0; end < 2; end++) {
      if (!stream->known[end] || !stream->way[0].done || !stream->way[1].done ||
          (!stream->way[end].drained && stream->way[end].bytes->len == 0 && stream->opened &&
           !stream->way[end].reset && !(IS_UNI (stream->id) && OPENER (stream->id) != end)))
        continue;
      stream->known[end] = FALSE;
      /* What waited for its alias, all of it here: a transport takes back what is left with the stream. */
      if (stream->way[!end].fin && !stream->way[!end].reset)
        stream->way[!end].consumed = stream->way[!end].delivered;
      ec_moqt_session_stream_closed (self->ends[end].session, self->now_us, stream->id);
      if (OPENER (stream->id) == end) {
        gboolean uni = IS_UNI (stream->id);

        self->ends[end].open_streams[uni]--;
        if (self->ends[end].refused[uni]) {
          self->ends[end].refused[uni] = FALSE;
          ec_moqt_session_streams_available (self->ends[end].session, self->now_us, uni);
        }
      }
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
tell_closed (Pipe *self)
{
  for (guint i = 0; i < 2; i++) {
    PipeEnd *end = &self->ends[i];

    if (!end->closing || end->told)
      continue;
    end->told = TRUE;
    ec_moqt_session_transport_closed (end->session, self->now_us, end->remote, end->code,
                                      end->reason);
    return TRUE;
  }
  return FALSE;
}

static gboolean
deliver_datagram (Pipe *self)
{
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GByteArray) bytes = g_queue_pop_head (&self->ends[i].datagrams);

    if (!bytes)
      continue;
    if (g_rand_int (self->random) % 100 >= self->loss_percent)
      ec_moqt_session_datagram (self->ends[i].session, self->now_us, bytes->data, bytes->len);
    return TRUE;
  }
  return FALSE;
}

gboolean
pipe_step (Pipe *self)
{
  guint n = self->streams->len * 2, first;

  if (tell_closed (self))
    return TRUE;
  if (self->ends[0].closing || self->ends[1].closing)
    return FALSE;
  if (g_rand_int (self->random) % 4 == 0 && close_streams (self))
    return TRUE;
  if (g_rand_int (self->random) % 4 == 0 && deliver_datagram (self))
    return TRUE;
  first = n == 0 || self->in_order ? 0 : g_rand_int (self->random) % n;
  for (guint i = 0; i < n; i++) {
    PipeStream *stream = g_ptr_array_index (self->streams, (first + i) % n / 2);
    guint from = (first + i) % 2;

    if (way_has_news (self, stream, from)) {
      deliver (self, stream, from);
      return TRUE;
    }
  }
  return close_streams (self) || deliver_datagram (self);
}

void
pipe_settle (Pipe *self)
{
  guint64 steps = 0;

  for (;;) {
    gboolean any = FALSE;

    while (pipe_step (self)) {
      any = TRUE;
      g_assert_cmpuint (++steps, <, 10000000);
    }
    for (guint i = 0; i < 2; i++)
      if (self->ends[i].timer_us <= self->now_us && !self->ends[i].closing) {
        self->ends[i].timer_us = G_MAXUINT64;
        ec_moqt_session_timer (self->ends[i].session, self->now_us);
        any = TRUE;
      }
    if (!any)
      return;
  }
}

void
pipe_wait (Pipe *self, guint64 us)
{
  guint64 until = self->now_us + us;

  for (;;) {
    guint64 next;

    pipe_settle (self);
    next = MIN (self->ends[0].timer_us, self->ends[1].timer_us);
    if (next > until || self->ends[0].closing || self->ends[1].closing)
      break;
    self->now_us = MAX (next, self->now_us);
  }
  self->now_us = until;
  pipe_settle (self);
}

void
pipe_cut (Pipe *self)
{
  for (guint i = 0; i < 2; i++)
    close_pipe (&self->ends[i], 0, "cut");
  pipe_settle (self);
}

guint
pipe_count_open (Pipe *self)
{
  guint n = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    PipeStream *stream = g_ptr_array_index (self->streams, i);

    n += stream->known[0] || stream->known[1];
  }
  return n;
}
