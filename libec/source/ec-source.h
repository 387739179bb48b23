/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcSourceState:
 * @EC_SOURCE_STATE_IDLE: not opened yet
 * @EC_SOURCE_STATE_OPENING: connecting, tuning
 * @EC_SOURCE_STATE_STREAMING: bytes arrive
 * @EC_SOURCE_STATE_STALLED: connected, but nothing has arrived for a while
 * @EC_SOURCE_STATE_RECONNECTING: lost, waiting to try again or trying
 * @EC_SOURCE_STATE_ENDED: the end of a finite source was reached
 * @EC_SOURCE_STATE_FAILED: given up; see [property@Source:error]
 * @EC_SOURCE_STATE_CLOSED: closed by its owner
 *
 * Where a source is in its life.
 */
typedef enum {
  EC_SOURCE_STATE_IDLE,
  EC_SOURCE_STATE_OPENING,
  EC_SOURCE_STATE_STREAMING,
  EC_SOURCE_STATE_STALLED,
  EC_SOURCE_STATE_RECONNECTING,
  EC_SOURCE_STATE_ENDED,
  EC_SOURCE_STATE_FAILED,
  EC_SOURCE_STATE_CLOSED,
} EcSourceState;

/**
 * EcSourceExtent:
 * @EC_SOURCE_EXTENT_UNKNOWN: nobody said
 * @EC_SOURCE_EXTENT_MUX: the whole transport stream as broadcast, all tables included
 * @EC_SOURCE_EXTENT_PROGRAM: one program, filtered by the device; broadcast time is usually missing
 *
 * How much of the broadcast a source carries.
 */
typedef enum {
  EC_SOURCE_EXTENT_UNKNOWN,
  EC_SOURCE_EXTENT_MUX,
  EC_SOURCE_EXTENT_PROGRAM,
} EcSourceExtent;

#define EC_TYPE_SOURCE_STATE (ec_source_state_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_source_state_get_type (void) G_GNUC_CONST;

#define EC_TYPE_SOURCE_EXTENT (ec_source_extent_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_source_extent_get_type (void) G_GNUC_CONST;

#define EC_TYPE_SOURCE (ec_source_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (EcSource, ec_source, EC, SOURCE, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_source_get_uri (EcSource *self);
EC_AVAILABLE_IN_1_0
EcSourceState ec_source_get_state (EcSource *self);
EC_AVAILABLE_IN_1_0
EcSourceExtent ec_source_get_extent (EcSource *self);
EC_AVAILABLE_IN_1_0
gboolean ec_source_get_live (EcSource *self);
EC_AVAILABLE_IN_1_0
guint ec_source_get_program_number (EcSource *self);
EC_AVAILABLE_IN_1_0
char *ec_source_dup_title (EcSource *self);
EC_AVAILABLE_IN_1_0
char *ec_source_dup_device_name (EcSource *self);
EC_AVAILABLE_IN_1_0
char *ec_source_dup_channel_name (EcSource *self);
EC_AVAILABLE_IN_1_0
GError *ec_source_dup_error (EcSource *self);
EC_AVAILABLE_IN_1_0
guint ec_source_get_stall_timeout (EcSource *self);
EC_AVAILABLE_IN_1_0
void ec_source_set_stall_timeout (EcSource *self, guint milliseconds);

EC_AVAILABLE_IN_1_0
gboolean ec_source_open (EcSource *self, GCancellable *cancellable, GError **error);
EC_AVAILABLE_IN_1_0
void ec_source_open_async (EcSource *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_source_open_finish (EcSource *self, GAsyncResult *result, GError **error);

EC_AVAILABLE_IN_1_0
GBytes *ec_source_read (EcSource *self,
                        gboolean *discontinuity,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_source_read_async (EcSource *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
EC_AVAILABLE_IN_1_0
GBytes *ec_source_read_finish (EcSource *self,
                               GAsyncResult *result,
                               gboolean *discontinuity,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
void ec_source_close (EcSource *self);

G_END_DECLS
