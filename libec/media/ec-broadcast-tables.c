/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-tables.h"

#include <stdbool.h>
#include <stdint.h>
#include <dvbpsi/dvbpsi.h>
#include <dvbpsi/descriptor.h>
#include <dvbpsi/psi.h>
#include <dvbpsi/pat.h>
#include <dvbpsi/pmt.h>
#include <string.h>

#include "ts/ec-ts-section.h"

#define MODULATION_8VSB 0x04
#define SERVICE_DIGITAL_TV 0x02

static void
put_u8 (GByteArray *out, guint value)
{
  guint8 byte = (guint8) value;

  g_byte_array_append (out, &byte, 1);
}

static void
put_u16 (GByteArray *out, guint value)
{
  put_u8 (out, value >> 8);
  put_u8 (out, value);
}

static void
put_u32 (GByteArray *out, guint32 value)
{
  put_u16 (out, value >> 16);
  put_u16 (out, value);
}

/* The eight bytes that every PSIP section begins with, and its protocol_version. */
static GByteArray *
psip_begin (guint table_id, guint extension)
{
  GByteArray *out = g_byte_array_new ();

  put_u8 (out, table_id);
  put_u16 (out, 0xf000);
  put_u16 (out, extension);
  put_u8 (out, 0xc1); /* version 0, current */
  put_u16 (out, 0);   /* the first section and the last */
  put_u8 (out, 0);
  return out;
}

static GByteArray *
section_end (GByteArray *out)
{
  guint length = out->len - 3 + 4;

  out->data[1] = (guint8) ((out->data[1] & 0xf0) | length >> 8);
  out->data[2] = (guint8) length;
  put_u32 (out, ec_ts_crc32 (out->data, out->len));
  return out;
}

/* What dvbpsi built, as our own; these tables fit one section. */
static GByteArray *
take_section (dvbpsi_t *dvbpsi, dvbpsi_psi_section_t *section)
{
  GByteArray *out = g_byte_array_new ();

  g_assert (section && !section->p_next);
  g_byte_array_append (out, section->p_data, (guint) section->i_length + 3);
  dvbpsi_DeletePSISections (section);
  dvbpsi_delete (dvbpsi);
  return out;
}

static GByteArray *
make_pat (const EcStationProgram *programs, guint n, guint tsid, guint version)
{
  dvbpsi_t *dvbpsi = dvbpsi_new (NULL, DVBPSI_MSG_NONE);
  dvbpsi_pat_t *pat = dvbpsi_pat_new ((guint16) tsid, version % 32, true);
  dvbpsi_psi_section_t *section;

  for (guint i = 0; i < n; i++)
    dvbpsi_pat_program_add (pat, (guint16) programs[i].number, (guint16) programs[i].pmt_pid);
  section = dvbpsi_pat_sections_generate (dvbpsi, pat, (int) n);
  dvbpsi_pat_delete (pat);
  return take_section (dvbpsi, section);
}

GByteArray *
ec_broadcast_make_pat (const EcStation *station, guint tsid, guint version)
{
  return make_pat (station->programs, EC_STATION_N_PROGRAMS, tsid, version);
}

GByteArray *
ec_broadcast_make_program_pat (const EcStationProgram *program, guint tsid)
{
  return make_pat (program, 1, tsid, 0);
}

/* ISO_639_language_descriptor, audio_type undefined. */
static void
add_language (dvbpsi_pmt_es_t *es, const char *language)
{
  guint8 data[4] = { 0 };

  memcpy (data, language, 3);
  dvbpsi_pmt_es_descriptor_add (es, 0x0a, sizeof data, data);
}

/* A/52 annex A §4.3: 48 kHz, bsid 8, bit rate code exact, complete main, stereo, full service. */
static void
add_ac3 (dvbpsi_pmt_es_t *es, guint bit_rate)
{
  static const guint rates[] = { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192 };
  guint8 data[4] = { 0 << 5 | 8, 0, 0 << 5 | 2 << 1 | 1, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    if (rates[i] * 1000 == bit_rate)
      data[1] = (guint8) (i << 2);
  }
  dvbpsi_pmt_es_descriptor_add (es, 0x81, sizeof data, data);
}

GByteArray *
ec_broadcast_make_pmt (const EcStationProgram *program, guint version, EcPmtVariant variant)
{
  guint8 ga94[4] = { 'G', 'A', '9', '4' };
  guint8 note[4] = { 'E', 'C', 'T', 'V' };
  guint8 ca[4] = { 0x0b, 0x00, 0xe0, 0x70 };
  dvbpsi_t *dvbpsi = dvbpsi_new (NULL, DVBPSI_MSG_NONE);
  dvbpsi_pmt_t *pmt = dvbpsi_pmt_new ((guint16) program->number, version % 32, true,
                                      (guint16) program->streams[0].pid);
  dvbpsi_psi_section_t *section;

  dvbpsi_pmt_descriptor_add (pmt, 0x05, sizeof ga94, ga94);
  if (program->is_protected)
    dvbpsi_pmt_descriptor_add (pmt, 0x09, sizeof ca, ca);
  if (variant == EC_PMT_NOTED)
    dvbpsi_pmt_descriptor_add (pmt, 0x05, sizeof note, note);

  for (guint i = 0; i < program->n_streams; i++) {
    const EcStationStream *stream = &program->streams[i];
    dvbpsi_pmt_es_t *es;

    if (stream->optional && variant != EC_PMT_SECOND_AUDIO)
      continue;
    es = dvbpsi_pmt_es_add (pmt, stream->stream_type, (guint16) stream->pid);
    if (stream->codec == EC_STATION_AC3)
      add_ac3 (es, stream->bit_rate);
    if (stream->language[0])
      add_language (es, stream->language);
  }
  section = dvbpsi_pmt_sections_generate (dvbpsi, pmt);
  dvbpsi_pmt_delete (pmt);
  return take_section (dvbpsi, section);
}

/* service_location_descriptor (A/65 §6.9.5). */
static void
put_service_location (GByteArray *out, const EcStationProgram *program)
{
  guint n = 0;

  for (guint i = 0; i < program->n_streams; i++)
    n += !program->streams[i].optional;
  put_u16 (out, 0xfc00 | (2 + 3 + 6 * n)); /* descriptors_length */
  put_u8 (out, 0xa1);
  put_u8 (out, 3 + 6 * n);
  put_u16 (out, 0xe000 | program->streams[0].pid);
  put_u8 (out, n);
  for (guint i = 0; i < program->n_streams; i++) {
    const EcStationStream *stream = &program->streams[i];

    if (stream->optional)
      continue;
    put_u8 (out, stream->stream_type);
    put_u16 (out, 0xe000 | stream->pid);
    for (guint c = 0; c < 3; c++)
      put_u8 (out, (guchar) stream->language[c]);
  }
}

/* A/65 §6.3.1. */
GByteArray *
ec_broadcast_make_tvct (const EcStation *station, guint tsid)
{
  GByteArray *out = psip_begin (0xc8, tsid);

  put_u8 (out, EC_STATION_N_PROGRAMS);
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    const EcStationProgram *program = &station->programs[p];
    gsize length = strlen (program->short_name);

    for (guint i = 0; i < 7; i++)
      put_u16 (out, i < length ? (guchar) program->short_name[i] : 0);
    put_u32 (out,
             (guint32) (0xfu << 28 | program->major << 18 | program->minor << 8 | MODULATION_8VSB));
    put_u32 (out, 0); /* carrier_frequency, deprecated */
    put_u16 (out, tsid);
    put_u16 (out, program->number);
    /* ETM 0, access_controlled, hidden 0, reserved 11, hide_guide 0, reserved 111, type */
    put_u16 (out, (program->is_protected ? 0x2000u : 0) | 0x0dc0u | SERVICE_DIGITAL_TV);
    put_u16 (out, program->source_id);
    put_service_location (out, program);
  }
  put_u16 (out, 0xfc00);
  return section_end (out);
}

/* A/65 §6.2; there is no EIT and no ETT. */
GByteArray *
ec_broadcast_make_mgt (const EcStation *station, guint tsid)
{
  g_autoptr (GByteArray) tvct = ec_broadcast_make_tvct (station, tsid);
  GByteArray *out = psip_begin (0xc7, 0);

  put_u16 (out, 1); /* tables_defined */
  put_u16 (out, 0); /* the current TVCT */
  put_u16 (out, 0xe000 | EC_PID_PSIP);
  put_u8 (out, 0xe0); /* version 0 */
  put_u32 (out, tvct->len);
  put_u16 (out, 0xf000);
  put_u16 (out, 0xf000);
  return section_end (out);
}

/* A/65 §6.1. */
GByteArray *
ec_broadcast_make_stt (guint32 system_time)
{
  GByteArray *out = psip_begin (0xcd, 0);

  put_u32 (out, system_time);
  put_u8 (out, EC_GPS_UTC_OFFSET);
  put_u16 (out, 0x6000); /* standard time */
  return section_end (out);
}

guint
ec_broadcast_section_packets (gsize size)
{
  return (guint) ((size + 1 + 183) / 184);
}

void
ec_broadcast_write_section_packet (
    guint8 *packet, guint pid, guint counter, const GByteArray *section, guint n)
{
  gsize from = n == 0 ? 0 : (gsize) n * 184 - 1;
  guint8 *p = packet + 4;
  gsize room = 184, size;

  packet[0] = 0x47;
  packet[1] = (guint8) ((n == 0 ? 0x40 : 0) | pid >> 8);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) (0x10 | (counter & 15));
  if (n == 0) {
    *p++ = 0; /* pointer_field */
    room--;
  }
  g_assert (from < section->len);
  size = MIN (room, section->len - from);
  memcpy (p, section->data + from, size);
  memset (p + size, 0xff, room - size);
}
