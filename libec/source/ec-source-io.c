/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-private.h"

#include "base/ec-error.h"

/* The calls of EcSource that wait: open, read, close. */

/**
 * ec_source_open:
 * @self: a source
 * @cancellable: (nullable): cancels the opening, and with it closes the source
 * @error: return location for an error
 *
 * Connects, tunes, and waits until that worked or failed.
 *
 * A source opens once. The first attempt is the only one here: reconnecting is for sources that
 * were open. What can go wrong, all in [error@SourceError]:
 *
 * - %EC_SOURCE_ERROR_BAD_URI: the URI makes no sense;
 * - %EC_SOURCE_ERROR_NOT_FOUND: there is no such device, host, file or page;
 * - %EC_SOURCE_ERROR_UNKNOWN_CHANNEL: the device does not know the channel;
 * - %EC_SOURCE_ERROR_BUSY: every tuner is in use; the message says by whom;
 * - %EC_SOURCE_ERROR_NO_SIGNAL: the tuner found no signal;
 * - %EC_SOURCE_ERROR_PROTECTED: the channel is protected, and was not tuned to;
 * - %EC_SOURCE_ERROR_STALLED: connected, but no data came within the stall time-out;
 * - %EC_SOURCE_ERROR_GONE: the device or peer refused the connection or dropped it;
 * - %EC_SOURCE_ERROR_NOT_TS: what came is not an MPEG transport stream;
 * - %EC_SOURCE_ERROR_BAD_REPLY: the device's answer could not be understood;
 * - %EC_SOURCE_ERROR_CLOSED: the source was closed before or meanwhile;
 * - %EC_SOURCE_ERROR_FAILED: the source was opened before, or something else;
 *
 * and %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE when the source is open
 */
gboolean
ec_source_open (EcSource *self, GCancellable *cancellable, GError **error)
{
  EcSourceCore *core;
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (EC_IS_SOURCE (self), FALSE);

  core = ec_source_get_core (self);
  if (!ec_source_core_start (core, error))
    return FALSE;

  ec_source_core_wait_open (core, cancellable, &local);
  if (local == NULL)
    return TRUE;

  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ec_source_core_close (core);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * ec_source_open_async:
 * @self: a source
 * @cancellable: (nullable): cancels the opening, and with it closes the source
 * @callback: (scope async): called in the caller's thread-default main context
 * @user_data: for @callback
 *
 * Connects and tunes; see [method@Source.open].
 */
void
ec_source_open_async (EcSource *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (EC_IS_SOURCE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_source_open_async);
  if (!ec_source_core_start (ec_source_get_core (self), &error)) {
    g_task_return_error (task, g_steal_pointer (&error));
    g_object_unref (task);
    return;
  }
  ec_source_core_complete_open (ec_source_get_core (self), task);
}

/**
 * ec_source_open_finish:
 * @self: a source
 * @result: what the callback was given
 * @error: return location for an error, as of [method@Source.open]
 *
 * The outcome of [method@Source.open_async].
 *
 * Returns: %TRUE when the source is open
 */
gboolean
ec_source_open_finish (EcSource *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (EC_IS_SOURCE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (g_task_propagate_boolean (G_TASK (result), &local))
    return TRUE;

  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ec_source_core_close (ec_source_get_core (self));
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * ec_source_read:
 * @self: an open source
 * @discontinuity: (out) (optional): whether bytes were lost just before these
 * @cancellable: (nullable): cancels this read only
 * @error: return location for an error
 *
 * Waits for the next block of the stream.
 *
 * Blocks are raw bytes in the order of their arrival, 1 byte to about 1 MiB each, and need not
 * begin or end at packets. Each goes to one reader. A live source that has stalled or reconnects
 * is waited for.
 *
 * Errors: those of [method@Source.open] when the source failed for good, after the blocks that
 * came before; %EC_SOURCE_ERROR_CLOSED when it was closed; %EC_SOURCE_ERROR_FAILED when it was never
 * opened; %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): the block; %NULL without an error is the end of a finite
 *   source
 */
GBytes *
ec_source_read (EcSource *self, gboolean *discontinuity, GCancellable *cancellable, GError **error)
{
  gboolean lost = FALSE;
  GBytes *bytes;

  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);

  bytes = ec_source_core_wait_read (ec_source_get_core (self), &lost, cancellable, error);
  if (discontinuity)
    *discontinuity = lost;
  return bytes;
}

/**
 * ec_source_read_async:
 * @self: an open source
 * @cancellable: (nullable): cancels this read only
 * @callback: (scope async): called in the caller's thread-default main context
 * @user_data: for @callback
 *
 * Asks for the next block of the stream; see [method@Source.read].
 *
 * Several reads may be under way; they are served in order.
 */
void
ec_source_read_async (EcSource *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task;

  g_return_if_fail (EC_IS_SOURCE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_source_read_async);
  /* A block that was taken from the queue is delivered, whatever happens meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  ec_source_core_complete_read (ec_source_get_core (self), task);
}

/**
 * ec_source_read_finish:
 * @self: a source
 * @result: what the callback was given
 * @discontinuity: (out) (optional): whether bytes were lost just before these
 * @error: return location for an error, as of [method@Source.read]
 *
 * The outcome of [method@Source.read_async].
 *
 * Returns: (transfer full) (nullable): the block; %NULL without an error is the end of a finite
 *   source
 */
GBytes *
ec_source_read_finish (EcSource *self,
                       GAsyncResult *result,
                       gboolean *discontinuity,
                       GError **error)
{
  EcSourceBlock *block;
  GBytes *bytes;

  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (discontinuity)
    *discontinuity = FALSE;
  block = g_task_propagate_pointer (G_TASK (result), error);
  if (block == NULL)
    return NULL;

  if (discontinuity)
    *discontinuity = block->discontinuity;
  bytes = g_steal_pointer (&block->bytes);
  ec_source_block_free (block);
  return bytes;
}

/**
 * ec_source_close:
 * @self: a source
 *
 * Ends the source for good; what was not read is dropped.
 *
 * Does not wait: the connection is closed within moments, in the source's own thread. Reads and an
 * opening under way end with %EC_SOURCE_ERROR_CLOSED. May be called in any thread, and again.
 */
void
ec_source_close (EcSource *self)
{
  g_return_if_fail (EC_IS_SOURCE (self));
  ec_source_core_close (ec_source_get_core (self));
}
