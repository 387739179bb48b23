/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-psi-peek.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <dvbpsi/dvbpsi.h>
#include <dvbpsi/descriptor.h>
#include <dvbpsi/demux.h>
#include <dvbpsi/pat.h>
#include <dvbpsi/psi.h>
#include <dvbpsi/atsc_vct.h>

#define PACKET 188
#define SYNC 0x47
#define PID_PAT 0x0000
#define PID_PSIP 0x1ffb
#define TABLE_TVCT 0xc8
#define TABLE_CVCT 0xc9

struct _EcPsiPeek {
  dvbpsi_t *pat;
  dvbpsi_t *psip;
  guint major; /* 0: the channel number is none of ATSC's */
  guint minor;
  gboolean pat_seen;
  GArray *programs; /* of guint16, of the last PAT */
  guint vct_program;
  guint8 partial[PACKET]; /* the first bytes of a packet whose rest has not come */
  gsize n_partial;
};

static void
on_pat (void *user_data, dvbpsi_pat_t *pat)
{
  EcPsiPeek *peek = user_data;

  peek->pat_seen = TRUE;
  g_array_set_size (peek->programs, 0);
  for (dvbpsi_pat_program_t *p = pat->p_first_program; p; p = p->p_next) {
    /* Number 0 is the network's. */
    if (p->i_number != 0)
      g_array_append_val (peek->programs, p->i_number);
  }
  dvbpsi_pat_delete (pat);
}

static void
on_vct (void *user_data, dvbpsi_atsc_vct_t *vct)
{
  EcPsiPeek *peek = user_data;

  for (dvbpsi_atsc_vct_channel_t *c = vct->p_first_channel; c; c = c->p_next) {
    if (peek->major && c->i_major_number == peek->major && c->i_minor_number == peek->minor)
      peek->vct_program = c->i_program_number;
  }
  dvbpsi_atsc_DeleteVCT (vct);
}

static void
on_subtable (dvbpsi_t *psip, uint8_t table_id, uint16_t extension, void *user_data)
{
  if (table_id == TABLE_TVCT || table_id == TABLE_CVCT)
    dvbpsi_atsc_AttachVCT (psip, table_id, extension, on_vct, user_data);
}

EcPsiPeek *
ec_psi_peek_new (const char *number)
{
  EcPsiPeek *peek = g_new0 (EcPsiPeek, 1);
  char *end;

  peek->major = (guint) g_ascii_strtoull (number, &end, 10);
  if (*end == '.')
    peek->minor = (guint) g_ascii_strtoull (end + 1, &end, 10);
  if (*end != '\0')
    peek->major = 0;

  peek->programs = g_array_new (FALSE, FALSE, sizeof (guint16));
  peek->pat = dvbpsi_new (NULL, DVBPSI_MSG_NONE);
  peek->psip = dvbpsi_new (NULL, DVBPSI_MSG_NONE);
  g_assert (peek->pat && peek->psip);
  dvbpsi_pat_attach (peek->pat, on_pat, peek);
  dvbpsi_AttachDemux (peek->psip, on_subtable, peek);
  return peek;
}

void
ec_psi_peek_free (EcPsiPeek *peek)
{
  dvbpsi_pat_detach (peek->pat);
  dvbpsi_DetachDemux (peek->psip);
  dvbpsi_delete (peek->pat);
  dvbpsi_delete (peek->psip);
  g_array_unref (peek->programs);
  g_free (peek);
}

static void
push_packet (EcPsiPeek *peek, const guint8 *packet)
{
  guint pid = (guint) (packet[1] & 0x1f) << 8 | packet[2];
  guint8 copy[PACKET];

  if ((pid != PID_PAT && pid != PID_PSIP) || packet[1] & 0x80)
    return;
  memcpy (copy, packet, PACKET);
  dvbpsi_packet_push (pid == PID_PAT ? peek->pat : peek->psip, copy);
}

void
ec_psi_peek_push (EcPsiPeek *peek, const guint8 *data, gsize size)
{
  while (size > 0) {
    gsize n;

    if (peek->n_partial == 0) {
      const guint8 *sync = memchr (data, SYNC, size);

      if (sync == NULL)
        return;
      size -= (gsize) (sync - data);
      data = sync;
    }

    n = MIN (size, PACKET - peek->n_partial);
    memcpy (peek->partial + peek->n_partial, data, n);
    peek->n_partial += n;
    data += n;
    size -= n;
    if (peek->n_partial < PACKET)
      return;

    peek->n_partial = 0;
    /* Where the next one does not follow, this was none: the CRC sorts out what slips through. */
    if (size == 0 || *data == SYNC)
      push_packet (peek, peek->partial);
  }
}

int
ec_psi_peek_get_n_programs (const EcPsiPeek *peek)
{
  return peek->pat_seen ? (int) peek->programs->len : -1;
}

gboolean
ec_psi_peek_has_program (const EcPsiPeek *peek, guint program_number)
{
  for (guint i = 0; i < peek->programs->len; i++) {
    if (g_array_index (peek->programs, guint16, i) == program_number)
      return TRUE;
  }
  return FALSE;
}

guint
ec_psi_peek_get_program_number (const EcPsiPeek *peek)
{
  if (peek->vct_program)
    return peek->vct_program;
  return peek->programs->len == 1 ? g_array_index (peek->programs, guint16, 0) : 0;
}
