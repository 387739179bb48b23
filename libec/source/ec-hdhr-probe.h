/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "source/ec-hdhr-packet.h"

/*
 * Discovery by UDP, in a thread that may wait: two rounds of requests, 200 ms apart, to one address
 * or to everyone: 255.255.255.255 and ff02::176 on every interface, and this computer.
 */

/* base_url: as the device says, or made of its address. FALSE: that is enough. */
typedef gboolean (*EcHdhrProbeFunc) (gpointer user_data,
                                     const EcHdhrReply *reply,
                                     const char *base_url);

typedef struct {
  GInetAddress *address; /* one device, or NULL for everyone */
  guint32 id;            /* EC_HDHR_ANY_ID for all */
  guint16 port;          /* 0: EC_HDHR_DISCOVER_PORT */
  guint timeout_ms;
} EcHdhrProbe;

/* The same device may be reported more than once. */
void ec_hdhr_probe (const EcHdhrProbe *probe,
                    EcHdhrProbeFunc func,
                    gpointer user_data,
                    GCancellable *cancellable);
