/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What comes in at a server's port: datagrams, each behind its length in two bytes. Short ones with a long
 * header are filled up to the size of an Initial packet, and Initial packets are as if they were ours to read. */
#include <string.h>

#include "fuzz-quic-server.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzServer *server = fuzz_server_get ();
  EcReader reader;

  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) > 2) {
    gsize wanted = ec_reader_u16 (&reader);
    gsize n = MIN (wanted & 0x7ff, ec_reader_left (&reader));
    guint8 datagram[2048] = { 0 };

    memcpy (datagram, ec_reader_bytes (&reader, n), n);
    if ((wanted & 0x8000) && n < NGTCP2_MAX_UDP_PAYLOAD_SIZE)
      n = NGTCP2_MAX_UDP_PAYLOAD_SIZE;
    if (wanted & 0x4000) /* version 1 */
      memcpy (datagram + 1, (const guint8[]){ 0, 0, 0, 1 }, 4);
    server->endpoint->always_retry = (wanted & 0x2000) != 0;
    fuzz_server_receive (server, datagram, n);
    fuzz_server_settle (server);
  }
  fuzz_server_forget (server);
  return 0;
}
