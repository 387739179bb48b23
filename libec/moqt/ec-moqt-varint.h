/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-reader.h"

/* How a draft writes numbers. Longer forms than needed are read, the shortest is written. */
typedef struct {
  guint64 (*read) (EcReader *reader); /* not all there: 0, and the reader has failed */
  void (*write) (GByteArray *out, guint64 value);
  guint64 max; /* of what can be written; more is written as this */
} EcMoqtVarint;

#define EC_MOQT_VARINT_QUIC_MAX ((G_GUINT64_CONSTANT (1) << 62) - 1)

/* RFC 9000 §16: up to draft 16. */
extern const EcMoqtVarint ec_moqt_varint_quic;
/* draft-ietf-moq-transport-17 §1.4.1: as many bytes follow as the first has leading ones. */
extern const EcMoqtVarint ec_moqt_varint_ones;
