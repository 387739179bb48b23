/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-control.h"

struct _EcTunerControl {
  EcTunerDevice *device;
};

EcTunerControl *
ec_tuner_control_new (EcTunerDevice *device, guint port, GError **error)
{
  EcTunerControl *self = g_new0 (EcTunerControl, 1);

  self->device = device;
  return self;
}

void
ec_tuner_control_free (EcTunerControl *self)
{
  g_free (self);
}
