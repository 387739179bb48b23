/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-catalog.h"

#include "moqt/ec-moqt-catalog.h"

char *
ec_publish_catalog_text (const EcPublishCatalog *self, const char *label)
{
  g_autoptr (EcMoqtCatalog) catalog = ec_moqt_catalog_new ();
  EcMoqtCatalogTrack *track = ec_moqt_catalog_track_new ("chunks", "m2ts");

  track->role = g_strdup (self->audio ? "audio" : "video");
  track->label = g_strdup (label);
  track->mime_type = g_strdup (self->audio ? "audio/mp2t" : "video/mp2t");
  track->m2ts_packet_size = 188;
  track->m2ts_program_number = self->program_number;
  track->m2ts_pmt_pid = self->pmt_pid;
  track->m2ts_pcr_pid = self->pcr_pid;
  track->m2ts_random_access = TRUE;
  g_ptr_array_add (catalog->tracks, track);
  return ec_moqt_catalog_to_text (catalog);
}
