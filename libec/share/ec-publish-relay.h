/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-connect-options.h"
#include "session/ec-moq-news.h"
#include "share/ec-publish-broadcast.h"

/*
 * EcPublishRelay: one relay that we publish through. Its thread dials, announces, dials again when the session was lost, and finds
 * out whether the broadcast-scoped name may be used there (ECP-0003 §4). Counted by reference, any thread.
 */
typedef struct _EcPublishRelay EcPublishRelay;

typedef enum {
  EC_PUBLISH_RELAY_IDLE,
  EC_PUBLISH_RELAY_CONNECTING,
  EC_PUBLISH_RELAY_CONNECTED,
  EC_PUBLISH_RELAY_WAITING, /* to connect again */
  EC_PUBLISH_RELAY_STOPPED,
} EcPublishRelayState;

/* What the broadcast-scoped name is at this relay. */
typedef enum {
  EC_PUBLISH_CLAIM_NONE, /* there is no such name, or it was not looked at, or the relay has not answered yet */
  EC_PUBLISH_CLAIM_COMPARING,
  EC_PUBLISH_CLAIM_GRANTED,
  EC_PUBLISH_CLAIM_CONTESTED,
  EC_PUBLISH_CLAIM_REFUSED, /* by the relay */
} EcPublishClaim;

/* `options` nullable; copied as far as needed. */
EcPublishRelay *ec_publish_relay_new (const char *uri,
                                      EcMoqConnectOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
EcPublishRelay *ec_publish_relay_ref (EcPublishRelay *self);
void ec_publish_relay_unref (EcPublishRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPublishRelay, ec_publish_relay_unref)

/* Told by any change of what follows. Before it is started. */
void ec_publish_relay_set_news (EcPublishRelay *self, EcMoqNews *news);
const char *ec_publish_relay_get_uri (EcPublishRelay *self);
EcPublishRelayState ec_publish_relay_get_state (EcPublishRelay *self);
EcPublishClaim ec_publish_relay_get_claim (EcPublishRelay *self);
/* Why it is not connected, or what the relay refused; nullable. */
GError *ec_publish_relay_dup_error (EcPublishRelay *self);
/* “moqt-18”; nullable. */
char *ec_publish_relay_dup_protocol (EcPublishRelay *self);
guint64 ec_publish_relay_get_rtt_us (EcPublishRelay *self);

/* -- For the core */

void ec_publish_relay_start (EcPublishRelay *self);
/* The thread ends soon; sessions are closed, with what is still to be sent lost: end the broadcasts before. */
void ec_publish_relay_stop (EcPublishRelay *self);
void ec_publish_relay_join (EcPublishRelay *self);
/* The broadcast is offered there at once; NULL: none. */
void ec_publish_relay_set_source (EcPublishRelay *self, EcPublishBroadcast *broadcast);
/* … as soon as the name may be used there. */
void ec_publish_relay_set_broadcast (EcPublishRelay *self, EcPublishBroadcast *broadcast);
/* A clean chunk of ours. */
void
ec_publish_relay_add_hash (EcPublishRelay *self, gint64 index, const guint8 *hash, gboolean clean);
