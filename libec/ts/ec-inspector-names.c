/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"
#include "ts/ec-ts-text.h"

/* Names: of channels and services, of the network, of conditional access systems. */

/* ATSC A/65 §6.3.1: 7 characters of UTF-16. */
#define SHORT_NAME_SIZE 14
/* §6.3.2: six high bits set mean a number of one part, in the other 14. */
#define ONE_PART_MAJOR 0x3f0

void
ec_inspector_name_free (gpointer name)
{
  EcInspectorName *self = name;

  g_free (self->name);
  g_free (self->provider);
  g_free (self);
}

static EcInspectorName *
find_name (EcInspector *self, guint program_number)
{
  EcInspectorName *name = g_hash_table_lookup (self->names, GUINT_TO_POINTER (program_number));

  if (name || g_hash_table_size (self->names) == EC_INSPECTOR_MAX_NAMES)
    return name;
  name = g_new0 (EcInspectorName, 1);
  g_hash_table_insert (self->names, GUINT_TO_POINTER (program_number), name);
  return name;
}

/* A/65 §6.3 */
void
ec_inspector_take_vct (EcInspector *self, const EcTsSection *section)
{
  EcReader reader = ec_ts_section_body (section);
  guint n;

  if (ec_reader_u8 (&reader) != 0) /* protocol_version */
    return;
  n = ec_reader_u8 (&reader);
  for (guint i = 0; i < n; i++) {
    const guint8 *short_name = ec_reader_bytes (&reader, SHORT_NAME_SIZE);
    guint32 numbers = ec_reader_u32 (&reader);
    guint tsid, program_number;
    EcInspectorName *name;

    ec_reader_skip (&reader, 4); /* carrier_frequency */
    tsid = ec_reader_u16 (&reader);
    program_number = ec_reader_u16 (&reader);
    ec_reader_skip (&reader, 2 + 2); /* flags, source_id */
    ec_reader_skip (&reader, ec_reader_u16 (&reader) & 0x03ff);
    if (reader.failed)
      return;
    if (tsid != section->table_extension || program_number == 0 || program_number == 0xffff)
      continue;

    name = find_name (self, program_number);
    if (!name)
      return;
    g_free (name->name);
    name->name = ec_ts_text_from_utf16 (short_name, SHORT_NAME_SIZE);
    name->major = numbers >> 18 & 0x3ff;
    name->minor = numbers >> 8 & 0x3ff;
    if (name->major >= ONE_PART_MAJOR) {
      name->major = (name->major & 0x0f) << 10 | name->minor;
      name->minor = 0;
    }
  }
}

/* EN 300 468 §6.2.33 */
static void
take_service (EcInspectorName *name, EcReader *body)
{
  EcReader provider, service;

  ec_reader_skip (body, 1); /* service_type */
  provider = ec_reader_sub (body, ec_reader_u8 (body));
  service = ec_reader_sub (body, ec_reader_u8 (body));
  if (body->failed)
    return;
  g_free (name->provider);
  g_free (name->name);
  name->provider = ec_ts_text_from_dvb (provider.data, provider.size);
  name->name = ec_ts_text_from_dvb (service.data, service.size);
}

/* EN 300 468 §5.2.3 */
void
ec_inspector_take_sdt (EcInspector *self, const EcTsSection *section)
{
  EcReader reader = ec_ts_section_body (section);

  ec_reader_skip (&reader, 3); /* original_network_id */
  while (ec_reader_left (&reader) >= 5) {
    guint program_number = ec_reader_u16 (&reader);
    EcReader loop, body;

    ec_reader_skip (&reader, 1);
    loop = ec_reader_sub (&reader, ec_reader_u16 (&reader) & 0x0fff);
    if (reader.failed)
      return;
    if (ec_ts_descriptor_find (loop, EC_TS_DESCRIPTOR_SERVICE, &body)) {
      EcInspectorName *name = find_name (self, program_number);

      if (!name)
        return;
      take_service (name, &body);
    }
  }
}

/* EN 300 468 §5.2.1 */
void
ec_inspector_take_nit (EcInspector *self, const EcTsSection *section)
{
  EcReader reader = ec_ts_section_body (section);
  EcReader loop = ec_reader_sub (&reader, ec_reader_u16 (&reader) & 0x0fff);
  EcReader body;

  if (loop.failed)
    return;
  self->has_network = TRUE;
  self->network_id = section->table_extension;
  if (ec_ts_descriptor_find (loop, EC_TS_DESCRIPTOR_NETWORK_NAME, &body)) {
    g_free (self->network_name);
    self->network_name = ec_ts_text_from_dvb (body.data, body.size);
  }
}

static void
add_ca_system (EcInspector *self, guint16 system)
{
  for (guint i = 0; i < self->n_ca_systems; i++) {
    if (self->ca_systems[i] == system)
      return;
  }
  if (self->n_ca_systems < EC_INSPECTOR_MAX_CA)
    self->ca_systems[self->n_ca_systems++] = system;
}

/* ISO/IEC 13818-1 §2.4.4.6 */
void
ec_inspector_take_cat (EcInspector *self, const EcTsSection *section)
{
  EcReader loop = ec_ts_section_body (section);
  EcReader body;
  guint8 tag;

  while (ec_ts_descriptor_next (&loop, &tag, &body)) {
    guint16 system = ec_reader_u16 (&body);
    guint pid = ec_reader_u16 (&body) & 0x1fff;
    EcInspectorPid *state;

    if (tag != EC_TS_DESCRIPTOR_CA || body.failed)
      continue;
    add_ca_system (self, system);
    state = ec_inspector_pid (self, pid);
    if (state->role == EC_INSPECTOR_ROLE_NONE) {
      state->role = EC_INSPECTOR_ROLE_TABLE;
      state->name = "EMM";
    }
  }
}

/* A/65 table 6.3 */
static const char *
mgt_type_name (guint type)
{
  if (type >= 0x0100 && type <= 0x017f)
    return "EIT";
  if (type == 0x0004 || (type >= 0x0200 && type <= 0x027f))
    return "ETT";
  if (type >= 0x0301 && type <= 0x03ff)
    return "RRT";
  return "PSIP";
}

/* A/65 §6.2 */
void
ec_inspector_take_mgt (EcInspector *self, const EcTsSection *section)
{
  EcReader reader = ec_ts_section_body (section);
  guint n;

  if (ec_reader_u8 (&reader) != 0) /* protocol_version */
    return;
  n = ec_reader_u16 (&reader);
  for (guint i = 0; i < n; i++) {
    guint type = ec_reader_u16 (&reader);
    guint pid = ec_reader_u16 (&reader) & 0x1fff;

    ec_reader_skip (&reader, 1 + 4); /* version, number_bytes */
    ec_reader_skip (&reader, ec_reader_u16 (&reader) & 0x0fff);
    if (reader.failed)
      return;
    if (ec_inspector_pid (self, pid)->role == EC_INSPECTOR_ROLE_NONE)
      ec_inspector_watch_sections (self, pid, EC_INSPECTOR_ROLE_TABLE, mgt_type_name (type));
  }
}
