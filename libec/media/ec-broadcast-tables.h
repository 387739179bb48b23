/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "media/ec-broadcast-station.h"

#define EC_TS_PACKET 188
#define EC_PID_PAT 0x0000
#define EC_PID_PSIP 0x1ffb
#define EC_PID_NULL 0x1fff

/* system_time counts from 6 January 1980; GPS_UTC_offset since 2017 (A/65:2013 §6.1). */
#define EC_GPS_EPOCH 315964800
#define EC_GPS_UTC_OFFSET 18

/*
 * EC_PMT_PLAIN: what the station normally sends
 * EC_PMT_NOTED: with one more descriptor in its program loop
 * EC_PMT_SECOND_AUDIO: with the optional streams
 */
typedef enum { EC_PMT_PLAIN, EC_PMT_NOTED, EC_PMT_SECOND_AUDIO } EcPmtVariant;

/* Complete sections, CRC included. `version` is taken modulo 32. */
GByteArray *ec_broadcast_make_pat (const EcStation *station, guint tsid, guint version);
/* The same for one program alone, as a device that filters rewrites it. */
GByteArray *ec_broadcast_make_program_pat (const EcStationProgram *program, guint tsid);
GByteArray *
ec_broadcast_make_pmt (const EcStationProgram *program, guint version, EcPmtVariant variant);
GByteArray *ec_broadcast_make_tvct (const EcStation *station, guint tsid);
GByteArray *ec_broadcast_make_mgt (const EcStation *station, guint tsid);
GByteArray *ec_broadcast_make_stt (guint32 system_time);

/* How many packets a section of `size` bytes takes. */
guint ec_broadcast_section_packets (gsize size);

/* Writes packet `n` of a section; the counter is `counter` modulo 16. */
void ec_broadcast_write_section_packet (
    guint8 *packet, guint pid, guint counter, const GByteArray *section, guint n);
