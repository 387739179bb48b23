/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"

guint8
feed_peer_byte (guint64 group, guint64 object, gsize offset)
{
  guint64 x = group * 0x9e3779b97f4a7c15u + object * 0xc2b2ae3d27d4eb4fu + offset * 0x165667b1u;

  return (guint8) ((x ^ (x >> 29)) >> 13);
}

guint8 *
feed_peer_bytes (guint64 group, guint64 object, gsize size)
{
  guint8 *bytes = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    bytes[i] = feed_peer_byte (group, object, i);
  return bytes;
}
