/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

#include <string.h>

/* The lists of the report for people. */

#define LISTED_PROGRAMS 4

typedef struct {
  char pid[8];
  char *what;
  char *detail;
  char *rate;
} StreamLine;

static void
clear_line (gpointer data)
{
  StreamLine *line = data;

  g_free (line->what);
  g_free (line->detail);
  g_free (line->rate);
}

static StreamLine
make_line (EcInspector *self, const EcTsProgram *map, const EcTsStream *stream)
{
  const EcInspectorPid *pid = self->pids[stream->pid];
  g_autofree char *format = pid ? ec_inspector_format_stream (pid->stream) : NULL;
  const char *codec = ec_ts_stream_type_name (map, stream);
  StreamLine line = { 0 };
  char language[4];

  g_snprintf (line.pid, sizeof line.pid, "0x%04x", stream->pid);
  if (g_str_equal (codec, "unknown"))
    line.what = g_strdup_printf ("type 0x%02x", stream->stream_type);
  else
    line.what = g_strdup (codec);
  if (ec_inspector_language (map, stream, language))
    line.detail = g_strdup_printf ("%s%s%s", language, format ? ", " : "", format ? format : "");
  else
    line.detail = g_steal_pointer (&format);
  if (!line.detail)
    line.detail = g_strdup ("");

  if (!pid || pid->n_packets == 0)
    line.rate = g_strdup ("nothing sent");
  else if (ec_inspector_bit_rate (self) > 0)
    line.rate = ec_inspector_format_rate (ec_inspector_share_rate (self, pid->n_packets));
  else
    line.rate = g_strdup ("");
  return line;
}

static void
append_streams (EcInspector *self, const EcTsProgram *map, GString *out)
{
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (StreamLine));
  int what_width = 0, detail_width = 0;

  g_array_set_clear_func (lines, clear_line);
  for (guint i = 0; i < map->n_streams; i++) {
    StreamLine line = make_line (self, map, &map->streams[i]);

    what_width = MAX (what_width, (int) g_utf8_strlen (line.what, -1));
    detail_width = MAX (detail_width, (int) g_utf8_strlen (line.detail, -1));
    g_array_append_val (lines, line);
  }

  for (guint i = 0; i < lines->len; i++) {
    const StreamLine *line = &g_array_index (lines, StreamLine, i);
    const EcInspectorPid *pid = self->pids[map->streams[i].pid];
    const char *label = pid && pid->role == EC_INSPECTOR_ROLE_VIDEO   ? "Video"
                        : pid && pid->role == EC_INSPECTOR_ROLE_AUDIO ? "Audio"
                                                                      : "Data";

    ec_inspector_append_label (out, label);
    g_string_append_printf (out, "%s  ", line->pid);
    ec_inspector_append_cell (out, line->what, what_width + 2);
    ec_inspector_append_cell (out, line->detail, detail_width + 2);
    ec_inspector_append_cell (out, line->rate, -10);
    g_string_append (out, pid && pid->n_scrambled > 0 ? "  scrambled\n" : "\n");
  }
}

static void
append_raps (const EcInspectorStream *lead, GString *out)
{
  const EcTsSpread *spread = &lead->rap_interval;
  const double rate = EC_TS_CLOCK_RATE;

  if (lead->kind == EC_TS_LEAD_AUDIO || lead->n_pes == 0)
    return;
  ec_inspector_append_label (out, "Starts");
  if (lead->n_raps == 0)
    g_string_append (out, "nowhere: no random access point was found\n");
  else if (spread->n == 0)
    g_string_append (out, "at one random access point\n");
  else
    g_string_append_printf (
        out, "at a random access point every %.2f s (%.2f to %.2f), %" G_GUINT64_FORMAT " in all\n",
        (double) ec_ts_spread_median (spread) / rate, (double) spread->min / rate,
        (double) spread->max / rate, lead->n_raps);
}

static void
append_share (EcInspector *self, const EcInspectorProgram *program, GString *out)
{
  g_autofree char *reason = ec_inspector_why_no_stream_id (self, program);
  g_autofree char *id = NULL;

  if (self->canonical.n > 0 || !program->map)
    return;
  ec_inspector_append_label (out, "Share as");
  if (reason) {
    g_string_append_printf (out, "this source's own only: %s\n", reason);
    return;
  }
  id = ec_ts_network_dup_stream_id (&self->network, self->clock.clock.kind, self->tsid,
                                    program->number);
  g_string_append_printf (out, "%s\n", id);
}

static void
append_program (EcInspector *self, const EcInspectorProgram *program, GString *out)
{
  const EcInspectorName *name =
      g_hash_table_lookup (self->names, GUINT_TO_POINTER ((guint) program->number));
  const EcInspectorStream *lead = ec_inspector_lead (self, program);

  g_string_append_printf (out, "\nProgram %u", program->number);
  if (name && name->minor)
    g_string_append_printf (out, ": %u.%u", name->major, name->minor);
  else if (name && name->major)
    g_string_append_printf (out, ": %u", name->major);
  if (name && name->name)
    g_string_append_printf (out, "%s%s", name->major ? " " : ": ", name->name);
  if (name && name->provider)
    g_string_append_printf (out, " (%s)", name->provider);
  g_string_append_c (out, '\n');
  if (!program->map) {
    g_string_append (out, "  No PMT was found for it.\n");
    return;
  }

  append_streams (self, program->map, out);
  if (lead)
    append_raps (lead, out);
  ec_inspector_append_label (out, "Map");
  g_string_append_printf (out, "PMT on 0x%04x, version %u", program->pmt_pid,
                          program->map->version);
  if (program->n_changes > 0) {
    g_autofree char *times = ec_inspector_format_times (program->n_changes);

    g_string_append_printf (out, " (changed %s)", times);
  }
  if (program->map->pcr_pid != EC_TS_PID_NULL)
    g_string_append_printf (out, "; PCR on 0x%04x", program->map->pcr_pid);
  g_string_append_c (out, '\n');
  append_share (self, program, out);
}

void
ec_inspector_append_programs (EcInspector *self, GString *out)
{
  for (guint i = 0; i < self->programs->len; i++) {
    const EcInspectorProgram *program = &g_array_index (self->programs, EcInspectorProgram, i);

    if (ec_inspector_wants (self, program))
      append_program (self, program, out);
  }
}

/* "AC-3, program 3" */
static char *
describe_pid (EcInspector *self, guint number)
{
  const EcInspectorPid *pid = self->pids[number];
  GString *out = g_string_new (pid->name ? pid->name : ec_inspector_role_name (pid->role));
  guint16 programs[LISTED_PROGRAMS + 1];
  guint n = ec_inspector_programs_of (self, number, programs, G_N_ELEMENTS (programs));

  if (pid->name && g_str_equal (pid->name, "unknown"))
    g_string_assign (out, ec_inspector_role_name (pid->role));
  for (guint i = 0; i < MIN (n, LISTED_PROGRAMS); i++)
    g_string_append_printf (out, "%s%u",
                            i > 0   ? ", "
                            : n > 1 ? " of programs "
                                    : " of program ",
                            programs[i]);
  if (n > LISTED_PROGRAMS)
    g_string_append (out, ", …");
  return g_string_free (out, FALSE);
}

static void
append_note (GString *out, guint64 n, const char *what)
{
  if (n > 0)
    g_string_append_printf (out, "; %" G_GUINT64_FORMAT " %s", n, what);
}

static void
append_pid (EcInspector *self, guint number, GString *out)
{
  const EcInspectorPid *pid = self->pids[number];
  g_autofree char *rate = NULL;
  g_autofree char *what = describe_pid (self, number);
  g_autofree char *packets = g_strdup_printf ("%" G_GUINT64_FORMAT, pid->n_packets);
  guint64 bits = ec_inspector_share_rate (self, pid->n_packets);

  rate = bits > 0 ? ec_inspector_format_rate (bits) : g_strdup ("");
  g_string_append_printf (out, "  0x%04x", number);
  ec_inspector_append_cell (out, packets, -11);
  g_string_append_printf (out, "%7.2f %%",
                          (double) pid->n_packets * 100 / (double) self->framer.n_packets);
  ec_inspector_append_cell (out, rate, -12);
  g_string_append_printf (out, "  %s", what);
  if (pid->pcr && pid->pcr->n > 1)
    g_string_append_printf (out, "; PCR every %" G_GINT64_FORMAT " ms at most",
                            pid->pcr->max_interval / EC_INSPECTOR_PCR_MILLISECOND);
  append_note (out, pid->n_gaps, pid->n_gaps == 1 ? "gap" : "gaps");
  append_note (out, pid->n_duplicates, "sent twice");
  append_note (out, pid->n_errors, "damaged");
  append_note (out, pid->n_scrambled, "scrambled");
  g_string_append_c (out, '\n');
}

void
ec_inspector_append_pids (EcInspector *self, GString *out)
{
  guint16 first;

  g_string_append (out, "\nPID         packets     share        rate  what\n");
  for (guint number = 0; number < EC_TS_N_PIDS; number++) {
    if (!self->pids[number] || self->pids[number]->n_packets == 0)
      continue;
    if (self->program_number == 0 || ec_inspector_programs_of (self, number, &first, 1) > 0)
      append_pid (self, number, out);
  }
}

void
ec_inspector_append_tables (EcInspector *self, GString *out)
{
  g_autoptr (GPtrArray) tables = ec_inspector_sorted_tables (self);

  if (tables->len == 0)
    return;
  g_string_append (out, "\nPID        sections  repeated after (least to most)  table\n");
  for (guint i = 0; i < tables->len; i++) {
    const EcInspectorTable *table = g_ptr_array_index (tables, i);
    const char *name = ec_inspector_table_name (table->pid, table->table_id);
    g_autofree char *sections = g_strdup_printf ("%" G_GUINT64_FORMAT, table->n_sections);
    g_autofree char *interval = NULL;

    if (table->interval->n > 0) {
      g_autofree char *median = ec_inspector_format_time (ec_ts_spread_median (table->interval));
      g_autofree char *min = ec_inspector_format_time (table->interval->min);
      g_autofree char *max = ec_inspector_format_time (table->interval->max);

      interval = g_strdup_printf ("%s (%s to %s)", median, min, max);
    }
    g_string_append_printf (out, "  0x%04x", table->pid);
    ec_inspector_append_cell (out, sections, -11);
    g_string_append (out, "  ");
    ec_inspector_append_cell (out, interval ? interval : "", 31);
    if (name)
      g_string_append_printf (out, "  %s\n", name);
    else
      g_string_append_printf (out, "  table 0x%02x\n", table->table_id);
  }
}
