/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-scenario.h"

#include <math.h>
#include <string.h>

#include "media/ec-broadcast-packet.h"
#include "media/ec-media-random.h"

#define PURPOSE_BASE 0x62617365ULL
#define PURPOSE_JUMP 0x6a756d70ULL
#define PURPOSE_DRAMA 0x6472616d61ULL

/*
 * Each of the lasting kinds of drama happens at least once in so many minutes. Less than the 32
 * versions of a PMT, which are the minutes.
 */
#define DRAMA_CYCLE 16
#define DRAMA_SECONDS 4

typedef enum {
  EVENT_DISCONTINUITY,
  EVENT_PMT,
  EVENT_STT_STEP,
  EVENT_STT_FREEZE,
  EVENT_STT_GLITCH,
  EVENT_DUPLICATES,
  N_DRAMAS,
  EVENT_WRAP = N_DRAMAS,
  N_KINDS,
} EventKind;

static const char *const kind_names[N_KINDS] = {
  "discontinuity", "pmt", "stt-step", "stt-freeze", "stt-glitch", "duplicates", "wrap",
};

typedef struct {
  EventKind kind;
  guint64 slot;
  guint64 end;  /* of what ends again */
  double value; /* seconds; an EcPmtVariant for EVENT_PMT */
} Event;

struct _EcScenario {
  guint64 seed;
  guint64 base; /* 90 kHz */
  guint slots;  /* of a loop */
  gboolean drama;
  GArray *events; /* Event, by slot */
};

static guint64
slots_of_seconds (const EcScenario *self, double seconds)
{
  return (guint64) (seconds * self->slots / EC_BROADCAST_LOOP_SECONDS);
}

static guint64
stamp_at (const EcScenario *self, guint64 slot)
{
  guint64 loops = slot / self->slots, rest = slot % self->slots;

  return (loops * EC_BROADCAST_LOOP_SECONDS * 90000 +
          rest * EC_BROADCAST_LOOP_SECONDS * 90000 / self->slots);
}

static gboolean
parse_value (EventKind kind, const char *text, Event *event)
{
  static const char *const variants[] = { "plain", "noted", "audio" };
  char *end;

  if (kind == EVENT_PMT) {
    for (guint i = 0; i < G_N_ELEMENTS (variants); i++) {
      if (g_strcmp0 (text, variants[i]) == 0) {
        event->value = i;
        return TRUE;
      }
    }
    return FALSE;
  }
  event->value = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && fabs (event->value) <= 100000;
}

static void
set_default_value (const EcScenario *self, Event *event)
{
  static const double defaults[N_KINDS] = { 0, 0, 1, 4, 30, 4, 0 };
  guint before = 0;

  event->value = defaults[event->kind];
  if (event->kind == EVENT_DISCONTINUITY)
    event->value =
        1000 + floor (40000 * ec_media_hash_unit (PURPOSE_JUMP, self->seed, event->slot));
  if (event->kind == EVENT_PMT) {
    for (guint i = 0; i < self->events->len; i++)
      before += g_array_index (self->events, Event, i).kind == EVENT_PMT;
    event->value = (EC_PMT_SECOND_AUDIO + before) % 3;
  }
}

static gboolean
parse_event (EcScenario *self, const char *text, guint64 origin, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "@", 2);
  g_auto (GStrv) times = g_strsplit (parts[1] ? parts[1] : "", ":", 2);
  Event event = { .kind = N_KINDS };
  char *end = NULL;
  double seconds = times[0] ? g_ascii_strtod (times[0], &end) : -1;

  for (guint i = 0; i < N_KINDS; i++) {
    if (strcmp (parts[0], kind_names[i]) == 0)
      event.kind = i;
  }
  if (event.kind == N_KINDS || !end || end == times[0] || *end || seconds < 0 || seconds > 1e9)
    goto bad;
  event.slot = origin + slots_of_seconds (self, seconds);
  if (!times[1])
    set_default_value (self, &event);
  else if (!parse_value (event.kind, times[1], &event))
    goto bad;

  event.end = event.slot + slots_of_seconds (self, fabs (event.value));
  if (event.kind == EVENT_STT_GLITCH)
    event.end = event.slot + slots_of_seconds (self, 1.5);
  if (event.kind == EVENT_WRAP)
    self->base = (0 - stamp_at (self, event.slot)) & EC_STAMP_MASK;
  else
    g_array_append_val (self->events, event);
  return TRUE;

bad:
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is not an event of a scenario. Write for example wrap@60, discontinuity@120, "
               "pmt@180:audio, stt-step@200:+2, stt-freeze@210:5, stt-glitch@230:-30, "
               "duplicates@240:10 or drama.",
               text);
  return FALSE;
}

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const Event *x = a, *y = b;

  return x->slot < y->slot ? -1 : x->slot > y->slot;
}

EcScenario *
ec_scenario_new (
    const char *text, guint64 seed, guint64 origin, guint slots_per_loop, GError **error)
{
  g_autoptr (EcScenario) self = g_new0 (EcScenario, 1);
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);

  self->seed = seed;
  self->slots = slots_per_loop;
  self->events = g_array_new (FALSE, FALSE, sizeof (Event));
  self->base = ec_media_hash (PURPOSE_BASE, seed, 0) & EC_STAMP_MASK;
  for (guint i = 0; words[i]; i++) {
    g_strstrip (words[i]);
    if (words[i][0] == '\0' || strcmp (words[i], "none") == 0)
      continue;
    if (strcmp (words[i], "drama") == 0)
      self->drama = TRUE;
    else if (!parse_event (self, words[i], origin, error))
      return NULL;
  }
  g_array_sort (self->events, compare_events);
  return g_steal_pointer (&self);
}

void
ec_scenario_free (EcScenario *self)
{
  g_array_unref (self->events);
  g_free (self);
}

static void
apply (EcScenarioState *state, const Event *event, guint64 slot, guint64 *next)
{
  gboolean over = slot >= event->end;

  switch (event->kind) {
  case EVENT_DISCONTINUITY:
    state->old_offset = state->offset;
    state->offset = (state->offset + (guint64) (gint64) (event->value * 90000)) & EC_STAMP_MASK;
    state->jumped_at = event->slot;
    return;
  case EVENT_PMT:
    state->pmt_variant = (EcPmtVariant) event->value;
    state->pmt_version++;
    return;
  case EVENT_STT_STEP:
    state->stt_offset += (int) event->value;
    return;
  case EVENT_STT_FREEZE:
    if (!over)
      state->stt_frozen = event->slot;
    break;
  case EVENT_STT_GLITCH:
    if (!over)
      state->stt_offset += (int) event->value;
    break;
  case EVENT_DUPLICATES:
    if (!over)
      state->duplicates = TRUE;
    break;
  case EVENT_WRAP:
  default:
    g_assert_not_reached ();
  }
  if (!over)
    *next = MIN (*next, event->end);
}

/* What happens in minute `m` of UTC. */
static Event
drama_of_minute (const EcScenario *self, guint64 m)
{
  guint64 hash = ec_media_hash (PURPOSE_DRAMA, self->seed, m);
  double second = 5 + (double) (hash >> 32 & 0xffff) / 0x10000 * 45;
  Event event = { .kind = m % DRAMA_CYCLE < 3 ? m % DRAMA_CYCLE : hash % N_DRAMAS };

  event.slot = slots_of_seconds (self, (double) m * 60 + second);
  event.end = event.slot + slots_of_seconds (self, DRAMA_SECONDS);
  switch (event.kind) {
  case EVENT_DISCONTINUITY:
    event.value = 1 + (double) (hash >> 8 & 0xffff) / 2;
    break;
  case EVENT_PMT:
    event.value = hash >> 8 & 3 ? EC_PMT_SECOND_AUDIO - (hash >> 8 & 1) : EC_PMT_PLAIN;
    break;
  case EVENT_STT_STEP:
    event.value = (double) (hash >> 8 & 1 ? 1 : -1) * (double) (1 + (hash >> 9) % 3);
    break;
  case EVENT_STT_GLITCH:
    event.value = hash >> 8 & 1 ? 30 : -30;
    event.end = event.slot + slots_of_seconds (self, 1.5);
    break;
  default:
    event.value = DRAMA_SECONDS;
    break;
  }
  return event;
}

/*
 * What lasts is absolute here, not a sum over all time: it is what its last drama set, which is at
 * most DRAMA_CYCLE minutes ago.
 */
static void
apply_drama (const EcScenario *self, guint64 slot, EcScenarioState *state, guint64 *next)
{
  guint64 minute = slot / self->slots * EC_BROADCAST_LOOP_SECONDS;
  EcScenarioState plain = *state;
  guint64 before;
  Event event;

  minute = (minute + slot % self->slots * EC_BROADCAST_LOOP_SECONDS / self->slots) / 60;
  for (guint64 m = MAX (minute, 2 * DRAMA_CYCLE) - 2 * DRAMA_CYCLE; m <= minute + 1; m++) {
    event = drama_of_minute (self, m);
    if (event.slot > slot) {
      *next = MIN (*next, event.slot);
      continue;
    }
    before = state->offset;
    if (event.kind == EVENT_DISCONTINUITY)
      state->offset = plain.offset;
    if (event.kind == EVENT_STT_STEP)
      state->stt_offset = plain.stt_offset;
    apply (state, &event, slot, next);
    if (event.kind == EVENT_DISCONTINUITY)
      state->old_offset = before;
    if (event.kind == EVENT_PMT)
      state->pmt_version = plain.pmt_version + (guint) m;
  }
}

void
ec_scenario_get (const EcScenario *self, guint64 slot, EcScenarioState *state, guint64 *next_change)
{
  memset (state, 0, sizeof *state);
  state->offset = state->old_offset = self->base;
  *next_change = G_MAXUINT64;
  if (self->drama)
    apply_drama (self, slot, state, next_change);
  for (guint i = 0; i < self->events->len; i++) {
    const Event *event = &g_array_index (self->events, Event, i);

    if (event->slot > slot) {
      *next_change = MIN (*next_change, event->slot);
      break;
    }
    apply (state, event, slot, next_change);
  }
}
