/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "media/ec-broadcast-tables.h"

/*
 * What goes wrong, or only changes, at a station and when: a function of the seed and the slot.
 *
 * As text, events separated by commas, times in seconds after the scenario's origin:
 *
 *   wrap@S              the 33-bit time base wraps then
 *   discontinuity@S:D   PCR and time stamps jump by D seconds (default: by the seed)
 *   pmt@S:KIND          a new PMT version; KIND is audio, noted or plain (default: the next)
 *   stt-step@S:D        the broadcast clock steps by D seconds, and stays so
 *   stt-freeze@S:D      it stands still for D seconds
 *   stt-glitch@S:D      one STT is off by D seconds (default 30)
 *   duplicates@S:D      for D seconds some packets are sent twice, as is legal
 *   drama               something of all this at a seeded moment of every minute of UTC
 */
typedef struct _EcScenario EcScenario;

typedef struct {
  guint64 offset;     /* 90 kHz, added to every time stamp */
  guint64 old_offset; /* the one before `jumped_at` */
  guint64 jumped_at;  /* slot of the last discontinuity, 0 for none */
  guint pmt_version;
  EcPmtVariant pmt_variant;
  int stt_offset;     /* seconds */
  guint64 stt_frozen; /* the slot whose time it shows, 0 while it runs */
  gboolean duplicates;
} EcScenarioState;

/*
 * origin: slot that the times count from
 * slots_per_loop: of the multiplex
 * Errors: G_IO_ERROR_INVALID_ARGUMENT, which names the event.
 */
EcScenario *ec_scenario_new (
    const char *text, guint64 seed, guint64 origin, guint slots_per_loop, GError **error);
void ec_scenario_free (EcScenario *self);

/* The state at `slot`, and the next slot at which it may be another. */
void ec_scenario_get (const EcScenario *self,
                      guint64 slot,
                      EcScenarioState *state,
                      guint64 *next_change);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcScenario, ec_scenario_free)
