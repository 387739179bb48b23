/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-draft.h"

/* What a message or an item says, as one line that is different for what is different. */
char *moqt_message_to_text (const EcMoqtMessage *message) G_GNUC_WARN_UNUSED_RESULT;
char *moqt_item_to_text (const EcMoqtItem *item) G_GNUC_WARN_UNUSED_RESULT;
char *moqt_head_to_text (const EcMoqtStreamHead *head) G_GNUC_WARN_UNUSED_RESULT;

/* Hexadecimal digits; blanks are skipped. */
GByteArray *moqt_bytes (const char *hex) G_GNUC_WARN_UNUSED_RESULT;
char *moqt_hex (const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;
