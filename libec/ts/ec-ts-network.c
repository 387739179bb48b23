/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-network.h"

#define TABLE_SDT_ACTUAL 0x42
#define TABLE_TVCT 0xc8
#define TABLE_CVCT 0xc9
#define VCT_MIN_SIZE 16

#define FORMAT "ts-canonical-1"
/* EN 300 468 and TS 101 162: values from here on are not allocated to one network. */
#define ONID_PRIVATE 0xff00

void
ec_ts_network_section (EcTsNetwork *self, guint pid, const EcTsSection *section)
{
  if (!ec_ts_section_is_current (section))
    return;

  if (pid == EC_TS_PID_PSIP &&
      (section->table_id == TABLE_TVCT || section->table_id == TABLE_CVCT) &&
      section->size >= VCT_MIN_SIZE) {
    self->has_vct = TRUE;
    self->vct_tsid = section->table_extension;
  } else if (pid == EC_TS_PID_SDT && section->table_id == TABLE_SDT_ACTUAL) {
    EcReader reader = ec_ts_section_body (section);
    guint16 onid = ec_reader_u16 (&reader);

    ec_reader_skip (&reader, 1); /* reserved_future_use */
    if (reader.failed)
      return;
    self->has_sdt = TRUE;
    self->sdt_tsid = section->table_extension;
    self->sdt_onid = onid;
  }
}

EcTsClaim
ec_ts_network_check (const EcTsNetwork *self, EcTsClockKind kind, guint tsid)
{
  switch (kind) {
  case EC_TS_CLOCK_ATSC:
    if (!self->has_vct)
      return EC_TS_CLAIM_NO_TABLE;
    if (self->vct_tsid != tsid)
      return EC_TS_CLAIM_TSID_DIFFERS;
    return tsid <= 1 ? EC_TS_CLAIM_TSID_RESERVED : EC_TS_CLAIM_OK;
  case EC_TS_CLOCK_DVB:
  case EC_TS_CLOCK_ISDB:
    if (!self->has_sdt)
      return EC_TS_CLAIM_NO_TABLE;
    if (self->sdt_tsid != tsid)
      return EC_TS_CLAIM_TSID_DIFFERS;
    if (self->sdt_onid == 0 || self->sdt_onid >= ONID_PRIVATE)
      return EC_TS_CLAIM_NETWORK_RESERVED;
    return EC_TS_CLAIM_OK;
  case EC_TS_CLOCK_UNDECIDED:
  default:
    return EC_TS_CLAIM_NO_CLOCK;
  }
}

char *
ec_ts_network_dup_stream_id (const EcTsNetwork *self,
                             EcTsClockKind kind,
                             guint tsid,
                             guint program_number)
{
  if (ec_ts_network_check (self, kind, tsid) != EC_TS_CLAIM_OK)
    return NULL;
  if (kind == EC_TS_CLOCK_ATSC)
    return g_strdup_printf ("ec/v1/atsc/%u/%u/" FORMAT, tsid, program_number);
  return g_strdup_printf ("ec/v1/%s/%u/%u/%u/" FORMAT, ec_ts_clock_kind_name (kind), self->sdt_onid,
                          tsid, program_number);
}
