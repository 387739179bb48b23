/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

#include <string.h>

/* Sections: which PIDs carry them, how often each comes, and what PAT and PMTs say. */

#define PID_CAT 0x0001
#define PID_NIT 0x0010
#define PID_EIT 0x0012

#define TABLE_PAT 0x00
#define TABLE_CAT 0x01
#define TABLE_PMT 0x02
#define TABLE_NIT_ACTUAL 0x40
#define TABLE_SDT_ACTUAL 0x42
#define TABLE_TDT 0x70
#define TABLE_ST 0x72
#define TABLE_MGT 0xc7
#define TABLE_TVCT 0xc8
#define TABLE_CVCT 0xc9

static const struct {
  guint16 pid;
  const char *name;
  gboolean has_sections; /* that are looked at */
} fixed[] = {
  { EC_TS_PID_PAT, "PAT", TRUE },   { PID_CAT, "CAT", TRUE },
  { 0x0002, "TSDT", FALSE },        { PID_NIT, "NIT", TRUE },
  { EC_TS_PID_SDT, "SDT", TRUE },   { PID_EIT, "EIT", TRUE },
  { 0x0013, "RST", FALSE },         { EC_TS_PID_TDT, "TDT, TOT", TRUE },
  { EC_TS_PID_PSIP, "PSIP", TRUE },
};

static const struct {
  guint8 table_id;
  gboolean is_atsc;
  const char *name;
} table_names[] = {
  { TABLE_PAT, FALSE, "PAT" },
  { TABLE_CAT, FALSE, "CAT" },
  { TABLE_PMT, FALSE, "PMT" },
  { TABLE_NIT_ACTUAL, FALSE, "NIT" },
  { 0x41, FALSE, "NIT (other network)" },
  { TABLE_SDT_ACTUAL, FALSE, "SDT" },
  { 0x46, FALSE, "SDT (other stream)" },
  { 0x4a, FALSE, "BAT" },
  { 0x4e, FALSE, "EIT (now and next)" },
  { 0x4f, FALSE, "EIT (now and next, other stream)" },
  { TABLE_TDT, FALSE, "TDT" },
  { 0x73, FALSE, "TOT" },
  { TABLE_MGT, TRUE, "MGT" },
  { TABLE_TVCT, TRUE, "TVCT" },
  { TABLE_CVCT, TRUE, "CVCT" },
  { 0xca, TRUE, "RRT" },
  { 0xcb, TRUE, "EIT" },
  { 0xcc, TRUE, "ETT" },
  { 0xcd, TRUE, "STT" },
};

const char *
ec_inspector_table_name (guint pid, guint table_id)
{
  gboolean is_dvb = pid > EC_TS_PID_PAT && pid <= EC_TS_PID_LAST_RESERVED;

  for (guint i = 0; i < G_N_ELEMENTS (table_names); i++) {
    if (table_names[i].table_id == table_id && !(table_names[i].is_atsc && is_dvb))
      return table_names[i].name;
  }
  if (is_dvb && table_id >= 0x50 && table_id <= 0x5f)
    return "EIT (schedule)";
  if (is_dvb && table_id >= 0x60 && table_id <= 0x6f)
    return "EIT (schedule, other stream)";
  return NULL;
}

void
ec_inspector_init_tables (EcInspector *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++) {
    if (fixed[i].has_sections) {
      ec_inspector_watch_sections (self, fixed[i].pid, EC_INSPECTOR_ROLE_TABLE, fixed[i].name);
    } else {
      EcInspectorPid *pid = ec_inspector_pid (self, fixed[i].pid);

      pid->role = EC_INSPECTOR_ROLE_TABLE;
      pid->name = fixed[i].name;
    }
  }
  ec_inspector_pid (self, EC_TS_PID_NULL)->role = EC_INSPECTOR_ROLE_NULL;
}

void
ec_inspector_watch_sections (EcInspector *self, guint pid, EcInspectorRole role, const char *name)
{
  EcInspectorPid *state = ec_inspector_pid (self, pid);

  if (state->role == EC_INSPECTOR_ROLE_NULL || state->sections ||
      self->n_assemblers == EC_INSPECTOR_MAX_ASSEMBLERS)
    return;
  state->role = role;
  state->name = name;
  state->sections = g_new (EcTsSectionAssembler, 1);
  ec_ts_section_assembler_init (state->sections);
  self->n_assemblers++;
}

static EcInspectorTable *
find_table (EcInspector *self, guint pid, guint table_id)
{
  EcInspectorTable made = { .pid = (guint16) pid, .table_id = (guint8) table_id };

  for (guint i = 0; i < self->tables->len; i++) {
    EcInspectorTable *table = &g_array_index (self->tables, EcInspectorTable, i);

    if (table->pid == pid && table->table_id == table_id)
      return table;
  }
  if (self->tables->len == EC_INSPECTOR_MAX_TABLES)
    return NULL;
  made.interval = g_new0 (EcTsSpread, 1);
  g_array_append_val (self->tables, made);
  return &g_array_index (self->tables, EcInspectorTable, self->tables->len - 1);
}

static void
count_section (EcInspector *self, guint pid, const EcTsSection *section)
{
  EcInspectorTable *table = find_table (self, pid, section->table_id);
  guint number = section->has_syntax ? section->data[6] : 0;
  gint64 key = (gint64) pid << 32 | (gint64) section->table_id << 24 |
               (gint64) section->table_extension << 8 | number;
  gint64 now, *last;

  if (!table)
    return;
  table->n_sections++;
  if (!ec_inspector_now (self, &now))
    return;

  last = g_hash_table_lookup (self->section_times, &key);
  if (last) {
    ec_ts_spread_add (table->interval, now - *last);
    *last = now;
  } else if (g_hash_table_size (self->section_times) < EC_INSPECTOR_MAX_SECTIONS) {
    g_hash_table_insert (self->section_times, g_memdup2 (&key, sizeof key),
                         g_memdup2 (&now, sizeof now));
  }
}

static gboolean
take_pat_entry (gpointer user_data, guint program_number, guint pmt_pid)
{
  EcInspector *self = user_data;
  EcInspectorProgram *program = ec_inspector_find_program (self, program_number);
  EcInspectorProgram made = { .number = (guint16) program_number, .pmt_pid = (guint16) pmt_pid };

  if (!program) {
    if (self->programs->len == EC_INSPECTOR_MAX_PROGRAMS)
      return FALSE;
    g_array_append_val (self->programs, made);
  } else if (program->pmt_pid != pmt_pid) {
    program->pmt_pid = (guint16) pmt_pid;
    program->n_changes++;
  }
  ec_inspector_watch_sections (self, pmt_pid, EC_INSPECTOR_ROLE_PMT, NULL);
  return TRUE;
}

static void
take_pat (EcInspector *self, const EcTsSection *section)
{
  EcReader reader = ec_ts_section_body (section);

  if (self->has_pat && self->tsid != section->table_extension)
    self->n_tsid_changes++;
  self->has_pat = TRUE;
  self->tsid = section->table_extension;

  while (ec_reader_left (&reader) >= 4) {
    guint number = ec_reader_u16 (&reader);
    guint pid = ec_reader_u16 (&reader) & 0x1fff;

    if (number == 0)
      ec_inspector_watch_sections (self, pid, EC_INSPECTOR_ROLE_TABLE, "NIT");
  }
  ec_ts_pat_foreach (section, take_pat_entry, self);
}

static void
take_pmt (EcInspector *self, guint pid, const EcTsSection *section)
{
  EcInspectorProgram *program = ec_inspector_find_program (self, section->table_extension);
  EcTsProgram *map;

  if (!program || program->pmt_pid != pid)
    return;
  map = program->map;
  if (map && map->pmt_pid == pid && map->section_size == section->size &&
      memcmp (map->section, section->data, section->size) == 0)
    return;
  map = ec_ts_program_new (pid, section);
  if (!map)
    return;
  if (program->map && program->map->pmt_pid == pid)
    program->n_changes++;
  g_clear_pointer (&program->map, ec_ts_program_unref);
  program->map = map;
  ec_inspector_take_map (self, program);
}

/* Tables with the syntax of ISO/IEC 13818-1, CRC and all. */
static void
take_table (EcInspector *self, guint pid, const EcTsSection *section)
{
  gboolean is_psip = pid == EC_TS_PID_PSIP;

  if (pid == EC_TS_PID_PAT && section->table_id == TABLE_PAT)
    take_pat (self, section);
  else if (pid == PID_CAT && section->table_id == TABLE_CAT)
    ec_inspector_take_cat (self, section);
  else if (section->table_id == TABLE_PMT)
    take_pmt (self, pid, section);
  else if (section->table_id == TABLE_NIT_ACTUAL)
    ec_inspector_take_nit (self, section);
  else if (pid == EC_TS_PID_SDT && section->table_id == TABLE_SDT_ACTUAL)
    ec_inspector_take_sdt (self, section);
  else if (is_psip && section->table_id == TABLE_MGT)
    ec_inspector_take_mgt (self, section);
  else if (is_psip && (section->table_id == TABLE_TVCT || section->table_id == TABLE_CVCT))
    ec_inspector_take_vct (self, section);
}

void
ec_inspector_take_section (EcInspector *self, guint pid, const EcTsSection *section)
{
  /* A TDT has no CRC; a TOT has one, though no syntax. */
  gboolean has_crc = section->has_syntax || section->table_id == 0x73;

  if (section->table_id == TABLE_ST && pid != EC_TS_PID_PSIP)
    return;
  if (has_crc && !section->crc_ok) {
    ec_inspector_pid (self, pid)->n_crc_errors++;
    return;
  }
  if (!has_crc && section->table_id != TABLE_TDT)
    return;

  count_section (self, pid, section);
  ec_inspector_take_clock (self, pid, section);
  ec_ts_network_section (&self->network, pid, section);
  if (ec_ts_section_is_current (section))
    take_table (self, pid, section);
}

static int
compare_tables (gconstpointer a, gconstpointer b)
{
  const EcInspectorTable *x = *(const EcInspectorTable *const *) a;
  const EcInspectorTable *y = *(const EcInspectorTable *const *) b;

  return x->pid != y->pid ? x->pid - y->pid : x->table_id - y->table_id;
}

GPtrArray *
ec_inspector_sorted_tables (EcInspector *self)
{
  GPtrArray *sorted = g_ptr_array_new ();
  guint16 number;

  for (guint i = 0; i < self->tables->len; i++) {
    EcInspectorTable *table = &g_array_index (self->tables, EcInspectorTable, i);

    if (self->program_number == 0 || self->pids[table->pid]->role != EC_INSPECTOR_ROLE_PMT ||
        ec_inspector_programs_of (self, table->pid, &number, 1) > 0)
      g_ptr_array_add (sorted, table);
  }
  g_ptr_array_sort (sorted, compare_tables);
  return sorted;
}
