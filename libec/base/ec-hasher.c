/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-hasher.h"

#include <string.h>

struct _EcHasher {
  blake3_hasher blake3;
  gsize waiting;
  guint8 run[EC_HASHER_RUN];
};

EcHasher *
ec_hasher_new (void)
{
  EcHasher *self = g_new (EcHasher, 1);

  blake3_hasher_init (&self->blake3);
  self->waiting = 0;
  return self;
}

void
ec_hasher_free (EcHasher *self)
{
  g_free (self);
}

void
ec_hasher_update (EcHasher *self, const guint8 *data, gsize size)
{
  gsize direct;

  if (size == 0)
    return;
  if (self->waiting > 0) {
    gsize n = MIN (size, EC_HASHER_RUN - self->waiting);

    memcpy (self->run + self->waiting, data, n);
    self->waiting += n;
    data += n;
    size -= n;
    if (self->waiting < EC_HASHER_RUN)
      return;
    blake3_hasher_update (&self->blake3, self->run, EC_HASHER_RUN);
  }

  direct = size - size % EC_HASHER_RUN;
  if (direct > 0)
    blake3_hasher_update (&self->blake3, data, direct);
  self->waiting = size - direct;
  memcpy (self->run, data + direct, self->waiting);
}

void
ec_hasher_finish (EcHasher *self, guint8 *out)
{
  blake3_hasher_update (&self->blake3, self->run, self->waiting);
  self->waiting = 0;
  blake3_hasher_finalize (&self->blake3, out, BLAKE3_OUT_LEN);
}
