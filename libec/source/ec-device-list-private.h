/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-device-list.h"
#include "source/ec-hdhr-scan.h"

/* For the half of EcDeviceList that searches (ec-device-list-refresh.c). */

typedef struct _EcDeviceSearch EcDeviceSearch;

/* The search under way, or NULL; owned by the list. */
EcDeviceSearch **ec_device_list_get_search (EcDeviceList *self);
void ec_device_search_free (EcDeviceSearch *search);

/* Its options for a new scan; *hosts is to be freed after the scan was started. */
EcHdhrScanOptions ec_device_list_get_scan_options (EcDeviceList *self, GStrv *hosts);

/* A search begins, one sighting of it (taken), and its end. */
void ec_device_list_begin (EcDeviceList *self);
void ec_device_list_apply (EcDeviceList *self, EcHdhrSighting *sighting);
void ec_device_list_end (EcDeviceList *self, gboolean complete);
