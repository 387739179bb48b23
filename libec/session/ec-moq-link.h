/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"
#include "transport/ec-transport.h"

/*
 * EcMoqLink: a MOQT session on a transport; what drives the one by the other. It lives on the transport's thread, and all its
 * events come there.
 *
 * Once `closed` of `events` has come, the link must not be used any more: it goes by itself, with the session and its
 * reference to the transport, when the transport has closed.
 */
typedef struct _EcMoqLink EcMoqLink;

typedef struct {
  EcMoqtEvents session;               /* see there */
  void (*woken) (gpointer user_data); /* ec_transport_wake(); nullable */
  void (*timer) (gpointer user_data); /* ec_moq_link_set_timer(); nullable */
  void (*control_sent) (
      gpointer user_data); /* ec_moq_link_get_unsent_control() is less; nullable */
} EcMoqLinkEvents;

/* Takes over `transport`, whose first event must not have come yet. `config` is copied; `server` and `webtransport` are
 * set as the transport is. `events` must outlive the link. */
EcMoqLink *ec_moq_link_new (EcTransport *transport,
                            const EcMoqtDraft *draft,
                            const EcMoqtConfig *config,
                            const EcMoqLinkEvents *events,
                            gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
EcMoqtSession *ec_moq_link_get_session (EcMoqLink *self);
EcTransport *ec_moq_link_get_transport (EcMoqLink *self);
/* In `closed` of `events`, and no longer: how the transport ended; NULL: it has not, either side closed the session. */
const EcTransportClose *ec_moq_link_get_close (EcMoqLink *self);
guint64 ec_moq_link_now (EcMoqLink *self); /* µs, the transport's clock */
/* Bytes of control messages that were written and not sent: what a peer that does not read makes us hold. */
gsize ec_moq_link_get_unsent_control (EcMoqLink *self);
/* The user's own timer, apart from the session's; G_MAXUINT64: none. */
void ec_moq_link_set_timer (EcMoqLink *self, guint64 at_us);
