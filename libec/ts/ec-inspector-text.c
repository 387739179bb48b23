/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* The report for people: the stream as a whole, then ec-inspector-lines.c, then what is wrong. */

/* "48 ms", "4.8 s", "1:02:03" */
char *
ec_inspector_format_time (gint64 ticks)
{
  gint64 seconds = ticks / EC_INSPECTOR_PCR_RATE;

  if (seconds < 1)
    return g_strdup_printf ("%d ms", (int) (ticks / EC_INSPECTOR_PCR_MILLISECOND));
  if (seconds < 60)
    return g_strdup_printf ("%.1f s", (double) ticks / (double) EC_INSPECTOR_PCR_RATE);
  if (seconds < 3600)
    return g_strdup_printf ("%d:%02d min", (int) (seconds / 60), (int) (seconds % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02d:%02d h", seconds / 3600,
                          (int) (seconds / 60 % 60), (int) (seconds % 60));
}

void
ec_inspector_append_cell (GString *out, const char *text, int width)
{
  glong missing = ABS (width) - g_utf8_strlen (text, -1);

  for (glong i = 0; width < 0 && i < missing; i++)
    g_string_append_c (out, ' ');
  g_string_append (out, text);
  for (glong i = 0; width > 0 && i < missing; i++)
    g_string_append_c (out, ' ');
}

void
ec_inspector_append_label (GString *out, const char *label)
{
  g_string_append (out, "  ");
  ec_inspector_append_cell (out, label, 11);
}

static void
append_head (EcInspector *self, GString *out)
{
  const EcInspectorCanonical *canonical = &self->canonical;
  const char *before = canonical->first_pos > 0 ? ", behind other packets" : "";

  if (canonical->n == 1)
    g_string_append_printf (out, "A canonical chunk, index %" G_GUINT64_FORMAT "%s\n",
                            canonical->first, before);
  else if (canonical->n > 1)
    g_string_append_printf (out,
                            "%" G_GUINT64_FORMAT " canonical chunks, index %" G_GUINT64_FORMAT
                            " to %" G_GUINT64_FORMAT "%s%s\n",
                            canonical->n, canonical->first, canonical->last,
                            canonical->n_skipped > 0 ? ", not all of them" : "", before);
  else
    g_string_append_printf (out, "An MPEG transport stream%s\n",
                            self->stride == 192   ? ", with a time stamp before each packet"
                            : self->stride == 204 ? ", with parity behind each packet"
                                                  : "");
}

static void
append_size (EcInspector *self, GString *out)
{
  g_autofree char *size = g_format_size (self->n_bytes);
  gboolean by_pcr;
  gint64 length = ec_inspector_length (self, &by_pcr);

  ec_inspector_append_label (out, "Length");
  if (length > 0) {
    g_autofree char *time = ec_inspector_format_time (length);

    g_string_append_printf (out, "%s%s, ", time, by_pcr ? "" : " (by time stamps, without PCR)");
  }
  g_string_append_printf (out, "%s, %" G_GUINT64_FORMAT " packet%s of %u bytes\n", size,
                          self->framer.n_packets, self->framer.n_packets == 1 ? "" : "s",
                          (guint) self->stride);
}

static void
append_rate (EcInspector *self, GString *out)
{
  guint64 n_null = self->pids[EC_TS_PID_NULL]->n_packets;
  int constant = ec_inspector_is_constant (self);
  g_autofree char *rate = NULL;

  if (ec_inspector_bit_rate (self) == 0)
    return;
  rate = ec_inspector_format_rate (ec_inspector_bit_rate (self));
  ec_inspector_append_label (out, "Rate");
  g_string_append_printf (out, "%s%s", rate,
                          constant < 0 ? ""
                          : constant   ? ", constant"
                                       : ", variable");
  if (n_null > 0)
    g_string_append_printf (out, ", %.1f %% null packets",
                            (double) n_null * 100 / (double) self->framer.n_packets);
  g_string_append_c (out, '\n');
}

/* "2026-03-01 12:00:00 to 12:01:00 UTC", the date once if it is one. */
static void
append_period (GString *out, gint64 from, gint64 to)
{
  g_autoptr (GDateTime) first = g_date_time_new_from_unix_utc (from);
  g_autoptr (GDateTime) last = g_date_time_new_from_unix_utc (to);
  g_autofree char *begin = NULL;
  g_autofree char *end = NULL;

  if (!first || !last) {
    g_string_append (out, "impossible times");
    return;
  }
  begin = g_date_time_format (first, "%Y-%m-%d %H:%M:%S");
  end = g_date_time_format (last, from / 86400 == to / 86400 ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S");
  if (from == to)
    g_string_append (out, begin);
  else
    g_string_append_printf (out, "%s to %s", begin, end);
}

static void
append_clock (EcInspector *self, GString *out)
{
  const EcInspectorClock *clock = &self->clock;
  EcTsClockKind kind = clock->clock.kind;

  ec_inspector_append_label (out, "Clock");
  if (clock->n == 0) {
    g_string_append (out, "none: no STT, TDT or TOT in the stream\n");
    return;
  }
  append_period (out, clock->first_utc, clock->last_utc);
  g_string_append (out, kind == EC_TS_CLOCK_ATSC  ? " UTC, ATSC"
                        : kind == EC_TS_CLOCK_DVB ? " UTC, DVB"
                                                  : " local time, ISDB");
  if (kind == EC_TS_CLOCK_ATSC)
    g_string_append_printf (out, ", GPS−UTC %u s", clock->clock.gps_offset);
  if (clock->n_measured > 1)
    g_string_append_printf (out, "; against the PCR %+.2f to %+.2f s",
                            (double) clock->min_jitter / (double) EC_INSPECTOR_PCR_RATE,
                            (double) clock->max_jitter / (double) EC_INSPECTOR_PCR_RATE);
  g_string_append_c (out, '\n');
}

static void
append_network (EcInspector *self, GString *out)
{
  if (!self->has_pat)
    return;
  ec_inspector_append_label (out, "Multiplex");
  g_string_append_printf (out, "transport stream %u", self->tsid);
  if (self->network.has_sdt)
    g_string_append_printf (out, ", original network %u", self->network.sdt_onid);
  if (self->network_name)
    g_string_append_printf (out, " (%s)", self->network_name);
  if (self->n_ca_systems > 0) {
    g_string_append (out, ", conditional access");
    for (guint i = 0; i < self->n_ca_systems; i++)
      g_string_append_printf (out, "%s 0x%04x", i == 0 ? "" : ",", self->ca_systems[i]);
  }
  g_string_append_c (out, '\n');
}

static void
append_errors (EcInspector *self, GString *out)
{
  guint64 n = ec_inspector_get_n_errors (self);

  ec_inspector_append_label (out, "Errors");
  if (n == 0)
    g_string_append (out, "none\n");
  else
    g_string_append_printf (out, "%" G_GUINT64_FORMAT ", see below\n", n);
}

/**
 * ec_inspector_to_text:
 * @self: an inspector
 *
 * The report for people: some aligned lines of UTF-8, without colours, what matters first and what is wrong
 * last. Names that the stream carries are made printable. Its wording may change;
 * programs use [method@Inspector.to_json].
 *
 * Returns: (transfer full): the text, with a line break at its end
 */
char *
ec_inspector_to_text (EcInspector *self)
{
  g_autoptr (GPtrArray) warnings = NULL;
  GString *out;

  g_return_val_if_fail (EC_IS_INSPECTOR (self), NULL);

  out = g_string_new (NULL);
  append_head (self, out);
  append_size (self, out);
  append_rate (self, out);
  if (self->canonical.n == 0 || self->clock.n > 0)
    append_clock (self, out);
  append_network (self, out);
  append_errors (self, out);
  ec_inspector_append_programs (self, out);
  ec_inspector_append_pids (self, out);
  ec_inspector_append_tables (self, out);

  warnings = ec_inspector_warnings (self);
  if (warnings->len > 0)
    g_string_append (out, "\nWarnings\n");
  for (guint i = 0; i < warnings->len; i++)
    g_string_append_printf (out, "  %s\n", (const char *) g_ptr_array_index (warnings, i));
  return g_string_free (out, FALSE);
}
