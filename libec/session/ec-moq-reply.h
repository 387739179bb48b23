/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * EcMoqReply: what somebody waits for, once: a GTask in its own main context, or a thread. Any thread may give it; the
 * task, and what belongs to it, is only ever let go of in its context.
 */
typedef struct _EcMoqReply EcMoqReply;

/* Takes both. `result` (nullable: then TRUE) is what the task returns if all goes well. Its cancellable ends the wait. */
EcMoqReply *ec_moq_reply_new_for_task (GTask *task, GObject *result) G_GNUC_WARN_UNUSED_RESULT;
EcMoqReply *ec_moq_reply_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* Makes one that nobody waits for yet into a task's; takes both, as above. It may be finished already. */
void ec_moq_reply_set_task (EcMoqReply *self, GTask *task, GObject *result);
EcMoqReply *ec_moq_reply_ref (EcMoqReply *self);
void ec_moq_reply_unref (EcMoqReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqReply, ec_moq_reply_unref)

/* Takes `error`; NULL: it went well. Only the first counts. */
void ec_moq_reply_finish (EcMoqReply *self, GError *error);
/* For the thread that made it; FALSE with the error that was given, or G_IO_ERROR_CANCELLED. */
gboolean ec_moq_reply_wait (EcMoqReply *self, GCancellable *cancellable, GError **error);
