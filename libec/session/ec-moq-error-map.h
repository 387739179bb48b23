/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"
#include "transport/ec-transport.h"

/* What goes wrong below, in the words and codes of EC_MOQ_ERROR. */

/* Of a transport that never came about, or broke; `peer` is what people call the other end. */
GError *ec_moq_error_new_for_transport (const EcTransportClose *close, const char *peer);
/* Of a session that the peer, or we, closed with a code of MOQT §3.5. */
GError *ec_moq_error_new_for_close (gboolean remote, guint64 code, const char *reason);
/* Of a request that was refused; `what` was asked: “The subscription to ec/v1 catalog”. */
GError *ec_moq_error_new_for_refusal (const EcMoqtRefusal *refusal, const char *what);
/* Of a track that ended by PUBLISH_DONE otherwise than well; NULL: it ended as it should. */
GError *ec_moq_error_new_for_done (EcMoqtDoneCode code, const char *reason, const char *what);
