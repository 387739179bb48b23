/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-core.h"
#include "session/ec-moq-subscription.h"

/*
 * EcMoqReader: a subscription, or a fetch, of a core, into an inbox. Counted by reference, any thread; what an
 * EcMoqSubscription stands for.
 */
typedef struct _EcMoqReader EcMoqReader;

/* `reply` comes when the peer has granted it, or not. */
EcMoqReader *ec_moq_reader_new_subscribe (EcMoqCore *core,
                                          EcMoqtName *track,
                                          EcMoqStart start,
                                          EcMoqReply *reply) G_GNUC_WARN_UNUSED_RESULT;
/* Both groups are included, whole. */
EcMoqReader *ec_moq_reader_new_fetch (EcMoqCore *core,
                                      EcMoqtName *track,
                                      guint64 first_group,
                                      guint64 last_group,
                                      EcMoqReply *reply) G_GNUC_WARN_UNUSED_RESULT;
/* Of a track that the peer publishes; grants `request`, a PUBLISH that is pending. On the link's thread. */
EcMoqReader *ec_moq_reader_new_published (EcMoqCore *core,
                                          EcMoqtRequest *request) G_GNUC_WARN_UNUSED_RESULT;
EcMoqtName *ec_moq_reader_get_name (EcMoqReader *self);
EcMoqReader *ec_moq_reader_ref (EcMoqReader *self);
void ec_moq_reader_unref (EcMoqReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqReader, ec_moq_reader_unref)

EcMoqInbox *ec_moq_reader_get_inbox (EcMoqReader *self);
/* As the peer told when it granted; FALSE: nothing was published before, or not told yet. */
gboolean ec_moq_reader_get_largest (EcMoqReader *self, EcMoqtLocation *largest);
/* The track's, as the peer told when it granted: (transfer full), nullable. */
EcMoqtProperties *ec_moq_reader_dup_properties (EcMoqReader *self);
/* Asks the peer for a change of what `changed` says, a subscription's priority, forward state and delivery timeouts, a fetch's
 * priority (REQUEST_UPDATE, §10.9). What it answers is told only if it ends the subscription. */
void ec_moq_reader_update (EcMoqReader *self, const EcMoqtParams *changed);
/* Nothing more is wanted: the peer is told, and reading comes to its end. */
void ec_moq_reader_close (EcMoqReader *self);

/* What EcMoqSession hands to its subscriptions. */
EcMoqSubscription *ec_moq_subscription_new (EcMoqReader *reader,
                                            const char *space,
                                            const char *track) G_GNUC_WARN_UNUSED_RESULT;
