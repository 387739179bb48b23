/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"
#include "session/ec-moq-announcements.h"
#include "session/ec-moq-connect-options.h"
#include "session/ec-moq-subscription.h"
#include "session/ec-moq-track.h"

G_BEGIN_DECLS

/**
 * EcMoqSessionState:
 * @EC_MOQ_SESSION_STATE_CONNECTING: not there yet
 * @EC_MOQ_SESSION_STATE_OPEN: all is well
 * @EC_MOQ_SESSION_STATE_GOING_AWAY: the peer asks us to leave, and to connect again
 * @EC_MOQ_SESSION_STATE_CLOSED: over; see [property@MoqSession:error]
 *
 * Where a session is in its life. It only ever goes down this list.
 */
typedef enum {
  EC_MOQ_SESSION_STATE_CONNECTING,
  EC_MOQ_SESSION_STATE_OPEN,
  EC_MOQ_SESSION_STATE_GOING_AWAY,
  EC_MOQ_SESSION_STATE_CLOSED,
} EcMoqSessionState;

#define EC_TYPE_MOQ_SESSION_STATE (ec_moq_session_state_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_moq_session_state_get_type (void) G_GNUC_CONST;

#define EC_TYPE_MOQ_SESSION (ec_moq_session_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqSession, ec_moq_session, EC, MOQ_SESSION, GObject)

EC_AVAILABLE_IN_1_0
EcMoqSession *ec_moq_session_new_for_uri (const char *uri,
                                          EcMoqConnectOptions *options,
                                          GCancellable *cancellable,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_session_new_for_uri_async (const char *uri,
                                       EcMoqConnectOptions *options,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
EC_AVAILABLE_IN_1_0
EcMoqSession *ec_moq_session_new_for_uri_finish (GAsyncResult *result,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_session_close (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
void ec_moq_session_close_with (EcMoqSession *self, guint64 code, const char *reason);

EC_AVAILABLE_IN_1_0
void ec_moq_session_go_away (EcMoqSession *self, const char *uri, guint timeout_ms);

EC_AVAILABLE_IN_1_0
const char *ec_moq_session_get_uri (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
EcMoqSessionState ec_moq_session_get_state (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
char *ec_moq_session_dup_protocol (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
char *ec_moq_session_dup_transport (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
char *ec_moq_session_dup_peer (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
char *ec_moq_session_dup_peer_implementation (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
char *ec_moq_session_dup_path (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
guint64 ec_moq_session_get_rtt (EcMoqSession *self);
EC_AVAILABLE_IN_1_0
GError *ec_moq_session_dup_error (EcMoqSession *self);

EC_AVAILABLE_IN_1_0
EcMoqSubscription *ec_moq_session_subscribe (EcMoqSession *self,
                                             const char *space,
                                             const char *track,
                                             EcMoqStart start,
                                             GCancellable *cancellable,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_session_subscribe_async (EcMoqSession *self,
                                     const char *space,
                                     const char *track,
                                     EcMoqStart start,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
EC_AVAILABLE_IN_1_0
EcMoqSubscription *ec_moq_session_subscribe_finish (EcMoqSession *self,
                                                    GAsyncResult *result,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
EcMoqSubscription *ec_moq_session_fetch (EcMoqSession *self,
                                         const char *space,
                                         const char *track,
                                         guint64 first_group,
                                         guint64 last_group,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_session_fetch_async (EcMoqSession *self,
                                 const char *space,
                                 const char *track,
                                 guint64 first_group,
                                 guint64 last_group,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
EC_AVAILABLE_IN_1_0
EcMoqSubscription *ec_moq_session_fetch_finish (EcMoqSession *self,
                                                GAsyncResult *result,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
EcMoqAnnouncements *ec_moq_session_list_announcements (EcMoqSession *self,
                                                       const char *prefix,
                                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
gboolean ec_moq_session_take_tracks (EcMoqSession *self, const char *prefix, GError **error);

EC_AVAILABLE_IN_1_0
gboolean ec_moq_session_add_track (EcMoqSession *self, EcMoqTrack *track, GError **error);
EC_AVAILABLE_IN_1_0
void ec_moq_session_remove_track (EcMoqSession *self, EcMoqTrack *track);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_session_announce (EcMoqSession *self,
                                  const char *space,
                                  GCancellable *cancellable,
                                  GError **error);
EC_AVAILABLE_IN_1_0
void ec_moq_session_announce_async (EcMoqSession *self,
                                    const char *space,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_session_announce_finish (EcMoqSession *self, GAsyncResult *result, GError **error);
EC_AVAILABLE_IN_1_0
void ec_moq_session_unannounce (EcMoqSession *self, const char *space);

G_END_DECLS
