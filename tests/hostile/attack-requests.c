/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <string.h>

/* What is done with requests: too many, too large, too slow, never answered. */

static EcMoqtName *
make_name (const char *path, const char *track)
{
  g_autoptr (GError) error = NULL;
  EcMoqtName *name = ec_moqt_name_new_from_path (path, track, &error);

  g_assert_no_error (error);
  return name;
}

/* As large as names may be (§2.4.1), each another. */
static EcMoqtName *
make_giant_name (Raw *self)
{
  guint8 bytes[EC_MOQT_MAX_NAME_SIZE];
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) g_random_int ();
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fields[i] = (EcMoqtField){ bytes + 128 * i, 128 };
  return ec_moqt_name_new (fields, G_N_ELEMENTS (fields), NULL);
}

/* -- Subscriptions that come and go at once, of what is there and what is not */

static void
churn_tick (Raw *self)
{
  for (guint i = 0; i < 20; i++) {
    EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };
    g_autofree char *other = g_strdup_printf ("nowhere/%u", g_random_int ());

    message.name = make_name (i % 2 ? HONEST_SPACE : other, HONEST_TRACK);
    if (i % 4 == 0) {
      message.params.has = EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT;
      message.params.rendezvous_timeout_ms = G_MAXUINT32;
    }
    raw_request (self, &message);
  }
  raw_drop_oldest (self, self->ticks % 8 ? 10 : 0);
}

static void
subscribe_churn (Target *target)
{
  RawPlan plan = { .n_connections = 10, .again = TRUE, .tick = churn_tick };

  raw_run (target, &plan);
}

/* -- Namespaces */

static void
giant_tick (Raw *self)
{
  for (guint i = 0; i < 10; i++) {
    static const EcMoqtMessageKind kinds[] = { EC_MOQT_PUBLISH_NAMESPACE,
                                               EC_MOQT_SUBSCRIBE_NAMESPACE,
                                               EC_MOQT_SUBSCRIBE_TRACKS };
    EcMoqtMessage message = { .kind = kinds[i % G_N_ELEMENTS (kinds)] };

    message.name = make_giant_name (self);
    raw_request (self, &message);
  }
  raw_drop_oldest (self, 200);
}

static void
giant_namespaces (Target *target)
{
  RawPlan plan = { .n_connections = 8, .again = TRUE, .tick = giant_tick };

  raw_run (target, &plan);
}

/* Many small ones, and many who want to hear of all of them. */
static void
flood_tick (Raw *self)
{
  for (guint i = 0; i < 30; i++) {
    EcMoqtMessage message = { .kind = self->number % 2 ? EC_MOQT_SUBSCRIBE_NAMESPACE
                                                       : EC_MOQT_PUBLISH_NAMESPACE };
    g_autofree char *path =
        g_strdup_printf ("flood/%u/%u", g_random_int_range (0, 8), g_random_int ());

    message.name = make_name (self->number % 2 && i % 2 ? "flood" : path, NULL);
    raw_request (self, &message);
  }
  raw_drop_oldest (self, 240);
}

static void
namespace_flood (Target *target)
{
  RawPlan plan = { .n_connections = 10, .again = TRUE, .tick = flood_tick };

  raw_run (target, &plan);
}

/* … of whom none reads what it is told. */
static void
deaf_namespaces (Target *target)
{
  RawPlan plan = {
    .n_connections = 10,
    .again = TRUE,
    .deaf = TRUE,
    .tick = flood_tick,
    .tuning = { .connection_window = 4096, .stream_window = 512 },
  };

  raw_run (target, &plan);
}

/* -- Messages that never end: a byte now and then, on as many streams as there may be */

static void
slow_begin (Raw *self)
{
  EcStreamId id;

  for (guint i = 0; i < 2; i++)
    while ((id = raw_open (self, i)) != EC_STREAM_NONE) {
      guint8 type = i ? 0x14 : 0x03; /* a subgroup, SUBSCRIBE */

      g_array_append_val (self->streams, id);
      raw_write (self, id, &type, 1, FALSE);
    }
}

static void
slow_tick (Raw *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    EcStreamId id = g_array_index (self->streams, EcStreamId, i);
    /* A number of nine bytes; a length of 16 bits. */
    guint8 byte = (guint8) g_random_int ();

    if (self->ticks == 1)
      byte = EC_STREAM_IS_UNI (id) ? 0xff : 0x0f;
    raw_write (self, id, &byte, 1, FALSE);
    target_count (self->target, 1);
  }
}

static void
slowloris (Target *target)
{
  RawPlan plan = {
    .n_connections = 10, .again = TRUE, .begin = slow_begin, .tick = slow_tick, .tick_ms = 50
  };

  raw_run (target, &plan);
}

/* A setup that does not come. */
static void
silent_begin (Raw *self)
{
  static const guint8 begun[] = { 0xaf };

  self->control = raw_open (self, TRUE);
  raw_write (self, self->control, begun, sizeof begun, FALSE);
  target_count (self->target, 1);
}

static void
silence (Target *target)
{
  RawPlan plan = { .n_connections = 200, .again = TRUE, .no_setup = TRUE, .begin = silent_begin };

  raw_run (target, &plan);
}

/* -- REQUEST_UPDATE without end */

static void
update_begin (Raw *self)
{
  for (guint i = 0; i < 4; i++) {
    EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };

    message.name = make_name (HONEST_SPACE, i ? "missing" : HONEST_TRACK);
    raw_request (self, &message);
  }
}

static void
update_tick (Raw *self)
{
  if (self->streams->len < 2)
    update_begin (self);
  for (guint i = 0; i < 100 && self->streams->len > 0; i++) {
    EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_UPDATE };

    message.request_id = self->next_request;
    self->next_request += 2;
    message.params.has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY | EC_MOQT_PARAM_FORWARD;
    message.params.subscriber_priority = (guint8) i;
    message.params.forward = i & 1;
    raw_message (self, g_array_index (self->streams, EcStreamId, 0), &message, FALSE);
    target_count (self->target, 1);
  }
}

static void
update_flood (Target *target)
{
  RawPlan plan = { .n_connections = 8, .again = TRUE, .begin = update_begin, .tick = update_tick };

  raw_run (target, &plan);
}

/* … with answers that nobody reads. */
static void
deaf_updates (Target *target)
{
  RawPlan plan = {
    .n_connections = 8,
    .again = TRUE,
    .deaf = TRUE,
    .begin = update_begin,
    .tick = update_tick,
    .tuning = { .connection_window = 4096, .stream_window = 512 },
  };

  raw_run (target, &plan);
}

/* -- Tokens: a cache that is filled, emptied, filled beyond its end */

static void
token_tick (Raw *self)
{
  for (guint i = 0; i < 10; i++) {
    EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };
    guint8 bytes[900];

    for (guint j = 0; j < sizeof bytes; j++)
      bytes[j] = (guint8) g_random_int ();
    message.name = make_name (HONEST_SPACE, "missing");
    message.params.n_tokens = 2;
    for (guint j = 0; j < 2; j++) {
      EcMoqtToken *token = &message.params.tokens[j];

      token->kind = j == 1 && i % 2 ? EC_MOQT_TOKEN_DELETE : EC_MOQT_TOKEN_REGISTER;
      token->alias = j == 1 && i % 2 ? self->next_request : self->next_request + j;
      token->type = 0;
      if (token->kind == EC_MOQT_TOKEN_REGISTER)
        token->value = g_bytes_new (bytes, sizeof bytes);
    }
    raw_request (self, &message);
  }
  raw_drop_oldest (self, 10);
}

static void
token_flood (Target *target)
{
  RawPlan plan = { .n_connections = 8, .again = TRUE, .tick = token_tick };

  raw_run (target, &plan);
}

const Attack request_attacks[] = {
  { "subscribe-churn", subscribe_churn },
  { "giant-namespaces", giant_namespaces },
  { "namespace-flood", namespace_flood },
  { "deaf-namespaces", deaf_namespaces },
  { "slowloris", slowloris },
  { "silence", silence },
  { "update-flood", update_flood },
  { "deaf-updates", deaf_updates },
  { "token-flood", token_flood },
  { NULL, NULL },
};
