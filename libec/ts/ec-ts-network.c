/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-network.h"

#define TABLE_SDT_ACTUAL 0x42
#define TABLE_TVCT 0xc8
#define TABLE_CVCT 0xc9
#define VCT_MIN_SIZE 16

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
