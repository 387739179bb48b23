/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Header fields, and QPACK (RFC 9204) without a dynamic table. */

#define EC_WT_SECTION_MAX 16384 /* bytes of an encoded field section, and of what it says */
#define EC_WT_FIELDS_MAX 128

typedef struct {
  char *name; /* lower case; pseudo-fields begin with a colon */
  char *value;
} EcWtField;

typedef struct _EcWtQpack EcWtQpack;

EcWtQpack *ec_wt_qpack_new (void) G_GNUC_WARN_UNUSED_RESULT;
void ec_wt_qpack_free (EcWtQpack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcWtQpack, ec_wt_qpack_free)

/*
 * Appends the section of `n` fields to `array`. FALSE: there is no memory.
 */
gboolean ec_wt_qpack_encode (EcWtQpack *self, GByteArray *array, const EcWtField *fields, guint n);
/*
 * The fields of a whole section, a GArray of EcWtField in their order (transfer full). NULL: `error` is
 * EC_QPACK_DECOMPRESSION_FAILED, the connection's end; or EC_H3_MESSAGE_ERROR or EC_H3_EXCESSIVE_LOAD, the
 * stream's (RFC 9114 §4.1.2, §4.2.2).
 */
GArray *ec_wt_qpack_decode (EcWtQpack *self, const guint8 *data, gsize size, guint64 *error);
/* Bytes of the peer's encoder and decoder streams; FALSE: the connection is over. */
gboolean ec_wt_qpack_read_encoder (EcWtQpack *self, const guint8 *data, gsize size);
gboolean ec_wt_qpack_read_decoder (EcWtQpack *self, const guint8 *data, gsize size);

/* The value of the one field of that name; NULL: there is none. Several are joined by commas (RFC 9110 §5.3). */
char *ec_wt_fields_get (GArray *fields, const char *name) G_GNUC_WARN_UNUSED_RESULT;
