/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* RTP, and the guess at what a stream is: datagrams, each behind its length in two bytes. */
#include "fuzz.h"
#include "source/ec-rtp.h"
#include "source/ec-source-sniff.h"

static void
on_payload (gpointer user_data, const guint8 *payload, gsize size, gboolean lost)
{
  gsize *left = user_data;

  g_assert_cmpuint (size, <=, *left);
  *left -= size;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (EcRtp) rtp = NULL;
  g_autoptr (GError) error = NULL;
  gsize left = size; /* no more comes out than went in */
  EcReader reader;

  if (ec_sniff_ts (data, size) == EC_SNIFF_NOT_TS)
    ec_sniff_set_error (data, size, "The stream", &error);

  rtp = ec_rtp_new (on_payload, &left);
  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) > 2) {
    gsize wanted = ec_reader_u16 (&reader);
    gsize n = MIN (wanted, ec_reader_left (&reader));
    g_autofree guint8 *datagram = g_memdup2 (ec_reader_bytes (&reader, n), n);

    (void) ec_rtp_recognise (datagram, n);
    (void) ec_rtp_push (rtp, datagram, n);
  }
  ec_rtp_flush (rtp);
  g_assert_false (ec_rtp_is_waiting (rtp));
  return 0;
}
