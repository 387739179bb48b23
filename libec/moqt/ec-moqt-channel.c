/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Messages over streams: the control stream, or streams, and those that requests have for themselves (§3.3, §10). */

/* The longest message: type, length, 2^16-1 bytes. */
#define MAX_MESSAGE (65535 + 16)

EcMoqtChannel *
ec_moqt_channel_new (EcMoqtSession *session, gint64 id)
{
  EcMoqtChannel *self = ec_moqt_try_new0 (EcMoqtChannel);

  if (!self)
    return NULL;
  self->entry.id = id;
  self->entry.kind = EC_MOQT_ENTRY_CHANNEL;
  self->session = session;
  g_hash_table_insert (session->entries, &self->entry.id, self);
  if (!EC_MOQT_ID_IS_UNI (id))
    session->io.set_priority (session->io_data, id, EC_MOQT_LEVEL_REQUEST, 0, 0, 0);
  else
    self->out_done = !ec_moqt_session_is_ours (session, id);
  return self;
}

static void
set_buffered (EcMoqtChannel *self, gsize before)
{
  self->session->control_buffered += self->in.size;
  self->session->control_buffered -= before;
}

static void
channel_free (gpointer data)
{
  EcMoqtChannel *self = data;

  ec_moqt_buffer_clear (&self->in);
  g_free (self);
}

void
ec_moqt_channel_bury (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;

  if (self->dead)
    return;
  self->dead = TRUE;
  session->control_buffered -= self->in.size;
  self->in.size = 0;
  if (self->request && self->request->channel == self)
    self->request->channel = NULL;
  self->request = NULL;
  if (g_hash_table_lookup (session->entries, &self->entry.id) == self)
    g_hash_table_remove (session->entries, &self->entry.id);
  ec_moqt_session_bury (session, self, channel_free);
}

static void
bury_if_done (EcMoqtChannel *self)
{
  if (self->in_done && self->out_done && self->ended && !self->control)
    ec_moqt_channel_bury (self);
}

/* Whether what it says must wait until both SETUPs are through. */
static gboolean
must_wait (EcMoqtChannel *self)
{
  return self->session->state < EC_MOQT_STATE_READY && !self->control;
}

/* Up to 16 the client's first stream tells by its first message that it is the control stream. */
static gboolean
may_be_control (EcMoqtChannel *self)
{
  return self->session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM &&
         self->session->config.server && !self->session->control_in && !self->begun;
}

/* The next message, if it is there whole and its time has come. */
static EcMoqtRead
take_message (EcMoqtChannel *self, EcReader *reader)
{
  EcMoqtSession *session = self->session;
  g_auto (EcMoqtMessage) message = { 0 };
  EcMoqtProblem problem = { EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A malformed message" };
  EcMoqtRead result;

  result = session->draft->read_message (reader, !session->config.server, &message, &problem);
  if (result == EC_MOQT_READ_BAD)
    ec_moqt_session_fail (session, problem.code, problem.text);
  if (result != EC_MOQT_READ_DONE)
    return result;

  if (must_wait (self)) {
    if (message.kind != EC_MOQT_SETUP || !may_be_control (self)) {
      if (ec_moqt_answer_is_request (message.kind))
        return EC_MOQT_READ_MORE; /* again, when ready */
      ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                            "A stream begins with what is no request");
      return EC_MOQT_READ_BAD;
    }
    self->control = TRUE;
    session->control_in = self;
  }
  ec_moqt_route_message (self, &message);
  self->begun = TRUE;
  return EC_MOQT_READ_DONE;
}

static void
take_messages (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;
  EcReader reader;
  gsize before = self->in.size;

  if (must_wait (self) && !may_be_control (self))
    return;
  ec_reader_init (&reader, self->in.data, self->in.size);
  while (ec_reader_left (&reader) > 0 && !self->ended) {
    gsize pos = reader.pos;
    EcMoqtRead result = take_message (self, &reader);

    if (ec_moqt_session_is_over (session) || self->dead)
      return;
    if (result != EC_MOQT_READ_DONE) {
      reader.pos = pos;
      break;
    }
  }
  ec_moqt_buffer_skip (&self->in, self->ended ? self->in.size : reader.pos);
  set_buffered (self, before);
}

/* All that came was looked at, and it was the last. */
static void
take_end (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;

  if (self->in_done)
    return;
  if (must_wait (self) && self->in.size > 0) {
    self->fin = TRUE;
    return;
  }
  self->in_done = TRUE;
  if (self->control) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "The control stream was closed");
    return;
  }
  if (self->in.size > 0 && !self->ended) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A stream ended within a message");
    return;
  }
  if (!self->ended)
    ec_moqt_route_ended (self, FALSE);
  if (!ec_moqt_session_is_over (session) && !self->dead && !self->request) {
    /* Nothing, or nothing any more, is about it. */
    self->ended = TRUE;
    ec_moqt_channel_finish (self);
  }
}

void
ec_moqt_channel_receive (EcMoqtChannel *self, const guint8 *data, gsize size, gboolean fin)
{
  EcMoqtSession *session = self->session;

  /* Messages have a bound of their own: what is held is not the transport's business. */
  if (size > 0)
    session->io.consume (session->io_data, self->entry.id, size);

  while (size > 0 && !self->ended) {
    gsize n = MIN (size, MAX_MESSAGE);
    gsize before = self->in.size;

    if (n > session->limits.max_control_buffer -
                MIN (session->control_buffered, session->limits.max_control_buffer)) {
      /* Rather a small piece at a time than a wrong verdict on many whole messages. */
      n = session->limits.max_control_buffer -
          MIN (session->control_buffered, session->limits.max_control_buffer);
      if (n == 0) {
        ec_moqt_session_fail (session, EC_MOQT_CLOSE_INTERNAL_ERROR,
                              "Too much of unfinished messages");
        return;
      }
    }
    if (!ec_moqt_buffer_append (&self->in, data, n)) {
      ec_moqt_session_fail (session, EC_MOQT_CLOSE_INTERNAL_ERROR, "Out of memory");
      return;
    }
    set_buffered (self, before);
    data += n;
    size -= n;
    take_messages (self);
    if (ec_moqt_session_is_over (session) || self->dead)
      return;
  }
  if (fin)
    take_end (self);
}

void
ec_moqt_channel_resume (EcMoqtChannel *self)
{
  take_messages (self);
  if (!ec_moqt_session_is_over (self->session) && !self->dead && self->fin)
    take_end (self);
}

void
ec_moqt_channel_was_reset (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;

  if (self->in_done)
    return;
  self->in_done = TRUE;
  if (self->control) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "The control stream was reset");
    return;
  }
  if (!self->ended)
    ec_moqt_route_ended (self, TRUE);
  if (!ec_moqt_session_is_over (session) && !self->dead && !self->request)
    ec_moqt_channel_abort (self, EC_MOQT_RESET_CANCELLED);
}

void
ec_moqt_channel_was_stopped (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;

  if (self->out_done)
    return;
  self->out_done = TRUE;
  if (self->control) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "The control stream was stopped");
    return;
  }
  session->io.reset (session->io_data, self->entry.id,
                     session->draft->reset_code (EC_MOQT_RESET_CANCELLED));
  if (!self->ended)
    ec_moqt_route_stopped (self);
  if (!ec_moqt_session_is_over (session) && !self->dead)
    bury_if_done (self);
}

void
ec_moqt_channel_send (EcMoqtChannel *self, const EcMoqtMessage *message, gboolean fin)
{
  EcMoqtSession *session = self->session;

  if (self->out_done || self->dead)
    return;
  g_byte_array_set_size (session->scratch, 0);
  session->draft->write_message (session->scratch, session->config.server, message);
  if (fin)
    self->out_done = TRUE;
  session->io.write (session->io_data, self->entry.id, session->scratch->data,
                     session->scratch->len, NULL, 0, 0, fin);
}

void
ec_moqt_channel_finish (EcMoqtChannel *self)
{
  EcMoqtSession *session = self->session;

  if (self->dead)
    return;
  self->ended = TRUE;
  if (!self->out_done) {
    self->out_done = TRUE;
    session->io.write (session->io_data, self->entry.id, NULL, 0, NULL, 0, 0, TRUE);
  }
  bury_if_done (self);
}

void
ec_moqt_channel_dismiss (EcMoqtChannel *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  if (self->dead)
    return;
  if (!self->in_done)
    session->io.stop (session->io_data, self->entry.id, session->draft->reset_code (code));
  ec_moqt_channel_finish (self);
}

void
ec_moqt_channel_abort (EcMoqtChannel *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  if (self->dead)
    return;
  self->ended = TRUE;
  if (!self->out_done)
    session->io.reset (session->io_data, self->entry.id, session->draft->reset_code (code));
  if (!self->in_done)
    session->io.stop (session->io_data, self->entry.id, session->draft->reset_code (code));
  self->out_done = TRUE;
  self->in_done = TRUE;
  bury_if_done (self);
}
