/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-stream.h"

#include <string.h>

/* What waits for a slow reader: about 0.8 s of a whole multiplex. */
#define MAX_PENDING (2 * 1024 * 1024)

typedef struct {
  EcTunerSink sink; /* first */
  EcTunerDevice *device;
  EcTuner *tuner; /* NULL once it let go */
  GIOStream *connection;
  GSocket *socket;
  GSource *watch;      /* of the connection's end */
  GSource *writable;   /* while bytes wait; NULL else */
  GByteArray *pending; /* bytes from `done` on wait */
  gsize done;
  gboolean ending; /* the tuner is gone; what waits is still written */
  guint64 dropped; /* packets */
} Stream;

static void
clear_source (GSource **source)
{
  if (!*source)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stream_free (gpointer data)
{
  Stream *self = data;

  ec_tuner_device_remove_guest (self->device, self);
  clear_source (&self->watch);
  clear_source (&self->writable);
  if (self->dropped)
    g_debug ("A stream's reader was too slow: %" G_GUINT64_FORMAT " packets dropped",
             self->dropped);
  g_io_stream_close (self->connection, NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->socket);
  g_byte_array_unref (self->pending);
  g_free (self);
}

/* The connection is of no more use: frees the tuner, and with it the stream. */
static void
stream_lost (Stream *self)
{
  EcTuner *tuner = g_steal_pointer (&self->tuner);

  g_byte_array_set_size (self->pending, 0);
  self->done = 0;
  if (tuner)
    ec_tuner_release (tuner); /* calls stream_closed() */
  else
    stream_free (self);
}

/* FALSE if the connection broke. */
static gboolean
flush (Stream *self)
{
  while (self->done < self->pending->len) {
    g_autoptr (GError) error = NULL;
    gssize n = g_socket_send (self->socket, (const char *) self->pending->data + self->done,
                              self->pending->len - self->done, NULL, &error);

    if (n < 0)
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    self->done += (gsize) n;
  }
  g_byte_array_set_size (self->pending, 0);
  self->done = 0;
  return TRUE;
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Stream *self = user_data;

  if (!flush (self)) {
    stream_lost (self);
    return G_SOURCE_REMOVE;
  }
  if (self->pending->len > 0)
    return G_SOURCE_CONTINUE;
  if (self->ending) {
    stream_free (self);
    return G_SOURCE_REMOVE;
  }
  clear_source (&self->writable);
  return G_SOURCE_REMOVE;
}

static void
want_writable (Stream *self)
{
  if (self->pending->len == 0 || self->writable)
    return;
  self->writable = g_socket_create_source (self->socket, G_IO_OUT, NULL);
  g_source_set_callback (self->writable, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->writable, g_main_context_get_thread_default ());
}

/* A reader sends nothing more: what can be read is its end. */
static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Stream *self = user_data;
  g_autoptr (GError) error = NULL;
  char ignored[256];
  gssize n = g_socket_receive (socket, ignored, sizeof ignored, NULL, &error);

  if (n > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  stream_lost (self);
  return G_SOURCE_REMOVE;
}

static void
stream_send (EcTunerSink *sink, const guint8 *data, gsize size)
{
  Stream *self = (Stream *) sink;
  gsize direct = 0;

  if (self->pending->len == 0) {
    gssize n = g_socket_send (self->socket, (const char *) data, size, NULL, NULL);

    direct = (gsize) MAX (n, 0); /* a broken connection is on_readable()'s to notice */
  }
  if (self->pending->len - self->done + size - direct > MAX_PENDING) {
    /* Whole packets only: one that has begun is finished. */
    gsize rest = (EC_TS_PACKET - direct % EC_TS_PACKET) % EC_TS_PACKET;

    g_byte_array_append (self->pending, data + direct, (guint) rest);
    self->dropped += (size - direct - rest) / EC_TS_PACKET;
  } else if (direct < size) {
    if (self->done > MAX_PENDING) {
      g_byte_array_remove_range (self->pending, 0, (guint) self->done);
      self->done = 0;
    }
    g_byte_array_append (self->pending, data + direct, (guint) (size - direct));
  }
  want_writable (self);
}

static void
stream_closed (EcTunerSink *sink)
{
  Stream *self = (Stream *) sink;
  EcTuner *tuner = g_steal_pointer (&self->tuner);

  if (tuner) /* the end of ?duration= */
    ec_tuner_release (tuner);
  if (self->pending->len == 0) {
    stream_free (self);
    return;
  }
  self->ending = TRUE;
  ec_tuner_device_add_guest (self->device, self, stream_free);
  want_writable (self);
}

void
ec_tuner_stream_begin (
    EcTuner *tuner, GIOStream *connection, GSocket *socket, const char *remote_ip, double seconds)
{
  Stream *self = g_new0 (Stream, 1);
  g_autofree char *head = g_strdup_printf ("HTTP/1.1 200 OK\r\n"
                                           "Server: HDHomeRun/1.0\r\n"
                                           "Content-Type: video/mpeg\r\n"
                                           "Cache-Control: no-cache\r\n"
                                           "Connection: close\r\n"
                                           "X-HDHomeRun-Resource: tuner%u\r\n"
                                           "\r\n",
                                           tuner->index);

  self->sink.send = stream_send;
  self->sink.closed = stream_closed;
  self->tuner = tuner;
  self->device = tuner->device;
  self->connection = g_object_ref (connection);
  self->socket = g_object_ref (socket);
  self->pending = g_byte_array_new ();
  g_socket_set_blocking (socket, FALSE);
  g_byte_array_append (self->pending, (const guint8 *) head, (guint) strlen (head));
  self->watch = g_socket_create_source (socket, G_IO_IN | G_IO_HUP | G_IO_ERR, NULL);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->watch, g_main_context_get_thread_default ());
  want_writable (self);
  ec_tuner_start (tuner, &self->sink, remote_ip, seconds);
}
