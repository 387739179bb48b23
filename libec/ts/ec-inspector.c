/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

#include "base/ec-error.h"
#include "ts/ec-ts-tag.h"

/* Fewer packets among more other bytes than they have are there by chance. */
#define CHANCE_PACKETS 5
/* Programs that an error message lists. */
#define LISTED_PROGRAMS 8

/**
 * EcInspector:
 *
 * Explains an MPEG transport stream: what programs it has, what they are made of, how often its tables
 * come, what its clocks say, and what is wrong with it.
 *
 * Bytes go in with [method@Inspector.push], in any split, and the report comes out as JSON
 * ([method@Inspector.to_json]) or for people ([method@Inspector.to_text]); it is a function of the bytes
 * alone. An inspector does no I/O, needs no main context and holds a few megabytes, however long the
 * stream is and whatever is in it. It may be used by one thread at a time.
 */
G_DEFINE_FINAL_TYPE (EcInspector, ec_inspector, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_PROGRAM_NUMBER,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

EcInspectorPid *
ec_inspector_pid (EcInspector *self, guint pid)
{
  if (G_UNLIKELY (!self->pids[pid]))
    self->pids[pid] = g_new0 (EcInspectorPid, 1);
  return self->pids[pid];
}

EcInspectorProgram *
ec_inspector_find_program (EcInspector *self, guint number)
{
  for (guint i = 0; i < self->programs->len; i++) {
    EcInspectorProgram *program = &g_array_index (self->programs, EcInspectorProgram, i);

    if (program->number == number)
      return program;
  }
  return NULL;
}

gboolean
ec_inspector_wants (EcInspector *self, const EcInspectorProgram *program)
{
  return self->program_number == 0 || self->program_number == program->number;
}

EcInspectorStream *
ec_inspector_lead (EcInspector *self, const EcInspectorProgram *program)
{
  if (!program->map || program->map->lead_kind == EC_TS_LEAD_NONE ||
      !self->pids[program->map->lead_pid])
    return NULL;
  return self->pids[program->map->lead_pid]->stream;
}

static void
on_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  ec_inspector_take_section (user_data, pid, section);
}

static gboolean
is_flagged (const guint8 *packet)
{
  return ec_ts_packet_has_adaptation (packet) && packet[4] >= 1 && (packet[5] & 0x80) != 0;
}

static void
take_gap (EcInspector *self, EcInspectorPid *pid, const guint8 *packet)
{
  if (is_flagged (packet)) {
    pid->n_flagged++;
  } else {
    pid->n_gaps++;
    ec_inspector_lose_time (self);
  }
  if (pid->sections)
    ec_ts_section_assembler_gap (pid->sections);
  if (pid->stream)
    ec_inspector_stream_gap (pid->stream);
}

/* Whether the packet is a duplicate, which tells nothing new. */
static gboolean
take_irregular (EcInspector *self, guint number, EcInspectorPid *pid, const guint8 *packet)
{
  EcTsGap gap;
  EcTsContinuityResult result =
      ec_ts_continuity_irregular (self->continuity, number, packet, self->pos, 0, &gap);

  if (result & EC_TS_CONTINUITY_DROP) {
    /* The PMT in the head of a chunk is often the same as in the one before. */
    if (self->canonical.n > 0 && is_flagged (packet))
      return FALSE;
    pid->n_duplicates++;
    return TRUE;
  }
  if ((result & EC_TS_CONTINUITY_GAP) && !(result & EC_TS_CONTINUITY_FIRST))
    take_gap (self, pid, packet);
  return FALSE;
}

static void
take_tag (EcInspector *self, guint64 index)
{
  EcInspectorCanonical *canonical = &self->canonical;

  if (canonical->n++ == 0) {
    canonical->first = index;
    canonical->first_pos = self->pos;
  } else if (index > canonical->last) {
    canonical->n_skipped += index - canonical->last - 1;
  }
  canonical->last = index;
}

static void
take_packet (EcInspector *self, const guint8 *packet)
{
  guint number = ec_ts_packet_pid (packet);
  EcInspectorPid *pid = ec_inspector_pid (self, number);
  EcTsPidState *state = &self->continuity->pids[number];
  guint64 index;

  if (G_UNLIKELY (ec_ts_packet_error (packet))) {
    pid->n_errors++;
    self->n_transport_errors++;
    ec_inspector_lose_time (self);
    return;
  }
  pid->n_packets++;
  if (number == EC_TS_PID_NULL)
    return;

  if (G_UNLIKELY (!ec_ts_pid_state_is_regular (state, packet)) &&
      take_irregular (self, number, pid, packet))
    return;
  ec_ts_continuity_take (self->continuity, state, packet, self->pos);

  if (G_UNLIKELY (ec_ts_packet_scrambled (packet)))
    pid->n_scrambled++;
  if (ec_ts_packet_has_pcr (packet))
    ec_inspector_take_pcr (self, number, packet);
  if (G_UNLIKELY (number == EC_TS_PID_PAT) && ec_ts_tag_parse (packet, &index))
    take_tag (self, index);
  if (G_UNLIKELY (pid->sections != NULL))
    ec_ts_section_assembler_push (pid->sections, packet, on_section, self);
  if (pid->stream)
    ec_inspector_take_es (self, pid, packet);
}

static void
on_packets (gpointer user_data, const guint8 *packets, gsize n, gsize stride)
{
  EcInspector *self = user_data;

  self->stride = stride;
  for (gsize i = 0; i < n; i++, self->pos++)
    take_packet (self, packets + i * stride);
  ec_ts_continuity_end_block (self->continuity);
}

static void
on_lost (gpointer user_data)
{
  ec_inspector_lose_time (user_data);
}

static const EcTsFramerEvents framer_events = { on_packets, on_lost };

static void
free_pid (EcInspectorPid *pid)
{
  g_free (pid->pcr);
  g_free (pid->sections);
  g_clear_pointer (&pid->stream, ec_inspector_stream_free);
  g_free (pid);
}

static void
clear_program (gpointer data)
{
  EcInspectorProgram *program = data;

  g_clear_pointer (&program->map, ec_ts_program_unref);
}

static void
clear_table (gpointer data)
{
  EcInspectorTable *table = data;

  g_free (table->interval);
}

static void
ec_inspector_finalize (GObject *object)
{
  EcInspector *self = EC_INSPECTOR (object);

  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++)
    g_clear_pointer (&self->pids[pid], free_pid);
  g_free (self->pids);
  ec_ts_continuity_free (self->continuity);
  g_free (self->network_name);
  g_array_unref (self->programs);
  g_array_unref (self->tables);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->section_times);
  G_OBJECT_CLASS (ec_inspector_parent_class)->finalize (object);
}

static void
ec_inspector_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_PROGRAM_NUMBER:
    g_value_set_uint (value, EC_INSPECTOR (object)->program_number);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_inspector_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_PROGRAM_NUMBER:
    EC_INSPECTOR (object)->program_number = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_inspector_class_init (EcInspectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_inspector_finalize;
  object_class->get_property = ec_inspector_get_property;
  object_class->set_property = ec_inspector_set_property;

  /**
   * EcInspector:program-number: (getter get_program_number)
   *
   * The program that the report is about; 0 for all.
   */
  properties[PROP_PROGRAM_NUMBER] =
      g_param_spec_uint ("program-number", NULL, NULL, 0, 65535, 0,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_inspector_init (EcInspector *self)
{
  ec_ts_framer_init (&self->framer, &framer_events, self);
  ec_ts_clock_init (&self->clock.clock, FALSE);
  self->pids = g_new0 (EcInspectorPid *, EC_TS_N_PIDS);
  self->continuity = ec_ts_continuity_new ();
  self->time.pid = EC_TS_N_PIDS;
  self->programs = g_array_new (FALSE, FALSE, sizeof (EcInspectorProgram));
  g_array_set_clear_func (self->programs, clear_program);
  self->tables = g_array_new (FALSE, FALSE, sizeof (EcInspectorTable));
  g_array_set_clear_func (self->tables, clear_table);
  self->names = g_hash_table_new_full (NULL, NULL, NULL, ec_inspector_name_free);
  self->section_times = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  ec_inspector_init_tables (self);
}

/**
 * ec_inspector_new:
 * @program_number: the program that the report is about, or 0 for all
 *
 * Makes an inspector.
 *
 * Returns: (transfer full): a new inspector
 */
EcInspector *
ec_inspector_new (guint program_number)
{
  g_return_val_if_fail (program_number <= 65535, NULL);

  return g_object_new (EC_TYPE_INSPECTOR, "program-number", program_number, NULL);
}

/**
 * ec_inspector_get_program_number: (get-property program-number)
 * @self: an inspector
 *
 * The program that the report is about.
 *
 * Returns: its program_number, or 0 for all
 */
guint
ec_inspector_get_program_number (EcInspector *self)
{
  g_return_val_if_fail (EC_IS_INSPECTOR (self), 0);

  return self->program_number;
}

/**
 * ec_inspector_push:
 * @self: an inspector
 * @bytes: what comes next of the transport stream; any number of bytes
 *
 * Takes more of the stream.
 */
void
ec_inspector_push (EcInspector *self, GBytes *bytes)
{
  gsize size;
  gconstpointer data;

  g_return_if_fail (bytes != NULL);

  data = g_bytes_get_data (bytes, &size);
  ec_inspector_push_data (self, data, size);
}

/**
 * ec_inspector_push_data: (skip)
 * @self: an inspector
 * @data: what comes next of the transport stream
 * @size: how many bytes
 *
 * Like [method@Inspector.push], for bytes that are not in a #GBytes. They are not kept.
 */
void
ec_inspector_push_data (EcInspector *self, const guint8 *data, gsize size)
{
  g_return_if_fail (EC_IS_INSPECTOR (self));
  g_return_if_fail (data != NULL || size == 0);
  g_return_if_fail (!self->finished);

  self->n_bytes += size;
  if (size > 0)
    ec_ts_framer_push (&self->framer, data, size);
}

/**
 * ec_inspector_push_discontinuity:
 * @self: an inspector
 *
 * Tells that bytes were lost before what is pushed next.
 */
void
ec_inspector_push_discontinuity (EcInspector *self)
{
  g_return_if_fail (EC_IS_INSPECTOR (self));
  g_return_if_fail (!self->finished);

  self->n_reported_losses++;
  ec_ts_framer_discontinuity (&self->framer);
}

/**
 * ec_inspector_finish:
 * @self: an inspector
 *
 * Ends the stream. Nothing can be pushed afterwards.
 */
void
ec_inspector_finish (EcInspector *self)
{
  g_return_if_fail (EC_IS_INSPECTOR (self));

  if (self->finished)
    return;
  self->finished = TRUE;
  ec_ts_framer_finish (&self->framer);
}

static gboolean
looks_like_ts (EcInspector *self)
{
  guint64 n = self->framer.n_packets;

  return n >= CHANCE_PACKETS || (n > 0 && self->framer.n_skipped <= n * EC_TS_PACKET_SIZE);
}

static void
set_no_program (EcInspector *self, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  guint n = self->programs->len;

  if (n == 0) {
    g_set_error_literal (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM,
                         "The stream lists no program (no PAT was found).");
    return;
  }
  for (guint i = 0; i < MIN (n, LISTED_PROGRAMS); i++)
    g_string_append_printf (list, "%s%u", i == 0 ? "" : ", ",
                            g_array_index (self->programs, EcInspectorProgram, i).number);
  if (n > LISTED_PROGRAMS)
    g_string_append (list, ", …");
  g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM,
               "The stream has no program %u. It has %s.", self->program_number, list->str);
}

/**
 * ec_inspector_check:
 * @self: an inspector
 * @error: return location for an error
 *
 * Whether there is something to report on: whether the bytes so far are a transport stream, and have the
 * program that was asked for. Meant for the end of the stream.
 *
 * Fails with %EC_CHUNK_ERROR_NOT_TS or %EC_CHUNK_ERROR_NO_PROGRAM.
 *
 * Returns: %TRUE if there is
 */
gboolean
ec_inspector_check (EcInspector *self, GError **error)
{
  g_return_val_if_fail (EC_IS_INSPECTOR (self), FALSE);

  if (!looks_like_ts (self)) {
    g_set_error_literal (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NOT_TS,
                         self->n_bytes == 0 ? "The stream is empty."
                                            : "This is not an MPEG transport stream.");
    return FALSE;
  }
  if (self->program_number != 0 && !ec_inspector_find_program (self, self->program_number)) {
    set_no_program (self, error);
    return FALSE;
  }
  return TRUE;
}

/**
 * ec_inspector_get_n_packets:
 * @self: an inspector
 *
 * How many transport packets there were.
 *
 * Returns: their number
 */
guint64
ec_inspector_get_n_packets (EcInspector *self)
{
  g_return_val_if_fail (EC_IS_INSPECTOR (self), 0);

  return self->framer.n_packets;
}

/**
 * ec_inspector_get_n_programs:
 * @self: an inspector
 *
 * How many programs the stream lists, or has listed.
 *
 * Returns: their number
 */
guint
ec_inspector_get_n_programs (EcInspector *self)
{
  g_return_val_if_fail (EC_IS_INSPECTOR (self), 0);

  return self->programs->len;
}

/**
 * ec_inspector_get_n_errors:
 * @self: an inspector
 *
 * How often something was lost or damaged: gaps in the continuity counters of all PIDs, packets with
 * transport_error_indicator, and losses of sync.
 *
 * Returns: their number
 */
guint64
ec_inspector_get_n_errors (EcInspector *self)
{
  guint64 n;

  g_return_val_if_fail (EC_IS_INSPECTOR (self), 0);

  n = self->n_transport_errors + self->framer.n_sync_losses;
  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++)
    n += self->pids[pid] ? self->pids[pid]->n_gaps : 0;
  return n;
}

/**
 * ec_inspector_get_duration:
 * @self: an inspector
 *
 * How long the stream is, from its first PCR to its last or, without any, by time stamps.
 *
 * Returns: microseconds; 0 as long as it is not known
 */
gint64
ec_inspector_get_duration (EcInspector *self)
{
  gboolean by_pcr;

  g_return_val_if_fail (EC_IS_INSPECTOR (self), 0);

  return ec_inspector_length (self, &by_pcr) / (EC_INSPECTOR_PCR_RATE / G_USEC_PER_SEC);
}
