/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "session/ec-moq-inbox.h"

/* What a reader is handed out, of what came in whatever order; and what it costs not to read. */

#define MAX_BYTES (4 * 1024 * 1024)

typedef struct {
  EcMoqInbox *inbox;
  gsize consumed;   /* of streams that are open */
  gsize given_back; /* of those that have ended … */
  gint64 kept;      /* … the last one's id */
  gboolean all;     /* … and all that was left of it */
  gboolean keeps;
  guint n_stopped;
} World;

static void
on_wake (gpointer user_data)
{
}

static void
consume (gpointer user_data, gpointer stream, gint64 kept, gsize size)
{
  World *self = user_data;

  if (stream) {
    self->consumed += size;
    return;
  }
  self->kept = kept;
  if (size == G_MAXSIZE)
    self->all = TRUE;
  else
    self->given_back += size;
}

static void
stop (gpointer user_data, gpointer stream)
{
  ((World *) user_data)->n_stopped++;
}

static void
world_init (World *self, gboolean may_drop)
{
  *self = (World){ .inbox = ec_moq_inbox_new (MAX_BYTES, may_drop, on_wake, NULL) };
}

static void
collect (World *self)
{
  ec_moq_inbox_collect (self->inbox, consume, stop, self);
}

static EcMoqInboxStream *
open_stream (World *self, guint64 group)
{
  return ec_moq_inbox_open (self->inbox, GSIZE_TO_POINTER (group + 1), FALSE, group);
}

/* The first `come` bytes of an object of `size`. */
static void
begin (EcMoqInboxStream *stream, guint64 group, guint64 object, gsize size, gsize come)
{
  EcMoqtObject head = { .location = { group, object }, .size = size };
  g_autofree guint8 *data = g_malloc0 (come + 1);

  ec_moq_inbox_object (stream, &head, 0);
  ec_moq_inbox_payload (stream, data, come);
}

static void
more (EcMoqInboxStream *stream, gsize size)
{
  g_autofree guint8 *data = g_malloc0 (size);

  ec_moq_inbox_payload (stream, data, size);
}

static void
put (EcMoqInboxStream *stream, guint64 group, guint64 object, gsize size)
{
  begin (stream, group, object, size, size);
  ec_moq_inbox_object_ended (stream);
}

static EcMoqInboxItem *
next (World *self)
{
  g_autoptr (GError) error = NULL;
  EcMoqInboxItem *item = NULL;

  (void) ec_moq_inbox_poll (self->inbox, &item, &error);
  g_assert_no_error (error);
  return item;
}

static void
expect (World *self, EcMoqObjectKind kind, guint64 group, guint64 object)
{
  g_autoptr (EcMoqInboxItem) item = next (self);

  g_assert_nonnull (item);
  g_assert_cmpint (item->kind, ==, kind);
  g_assert_cmpuint (item->location.group, ==, group);
  g_assert_cmpuint (item->location.object, ==, object);
}

static void
expect_end (World *self)
{
  g_autoptr (GError) error = NULL;
  EcMoqInboxItem *item = NULL;

  g_assert_true (ec_moq_inbox_poll (self->inbox, &item, &error));
  g_assert_null (item);
  g_assert_no_error (error);
}

/* Groups ascending, objects ascending, none twice; an open group holds back the next one. */
static void
test_order (void)
{
  EcMoqInboxStream *one, *other, *later;
  World world;

  world_init (&world, TRUE);
  later = open_stream (&world, 8);
  put (later, 8, 0, 10);
  one = open_stream (&world, 7);
  other = open_stream (&world, 7);
  put (other, 7, 3, 10);
  put (one, 7, 2, 10);
  put (one, 7, 3, 10);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 7, 2);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 7, 3);
  g_assert_null (next (&world));
  g_assert_true (ec_moq_inbox_is_holding (world.inbox));
  ec_moq_inbox_stream_ended (one, FALSE, TRUE, -1);
  g_assert_null (next (&world));
  ec_moq_inbox_stream_ended (other, FALSE, FALSE, -1);
  expect (&world, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 7, 0);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 8, 0);
  ec_moq_inbox_stream_ended (later, TRUE, FALSE, -1);
  expect (&world, EC_MOQ_OBJECT_KIND_GROUP_LOST, 8, 0);
  collect (&world);
  ec_moq_inbox_end (world.inbox, NULL);
  expect_end (&world);
  ec_moq_inbox_unref (world.inbox);
}

/* What joining fetches goes first, and what it brought is not told again. */
static void
test_fetch_first (void)
{
  EcMoqInboxStream *live, *fetch;
  World world;

  world_init (&world, TRUE);
  ec_moq_inbox_expect_fetch (world.inbox);
  live = open_stream (&world, 5);
  put (live, 5, 2, 10);
  put (live, 5, 3, 10);
  g_assert_null (next (&world));
  fetch = ec_moq_inbox_open (world.inbox, &world, TRUE, 0);
  put (fetch, 5, 0, 10);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 5, 0);
  g_assert_null (next (&world));
  put (fetch, 5, 1, 10);
  put (fetch, 5, 2, 10);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 5, 1);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 5, 2);
  g_assert_null (next (&world));
  ec_moq_inbox_stream_ended (fetch, FALSE, FALSE, -1);
  ec_moq_inbox_fetch_done (world.inbox);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 5, 3);
  ec_moq_inbox_stream_ended (live, FALSE, TRUE, -1);
  expect (&world, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 5, 0);
  ec_moq_inbox_end (world.inbox, NULL);
  expect_end (&world);
  ec_moq_inbox_unref (world.inbox);
}

/* Credit is for what was read, or was thrown away. */
static void
test_credit (void)
{
  EcMoqInboxStream *stream;
  g_autoptr (EcMoqInboxItem) item = NULL;
  World world;

  world_init (&world, TRUE);
  stream = open_stream (&world, 1);
  put (stream, 1, 0, 1000);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 0);
  item = next (&world);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 1000);
  put (stream, 1, 1, 500);
  put (stream, 1, 1, 700);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 1700);
  /* A large one must not wait for room that only its own reading makes; but for what is before it. */
  begin (stream, 1, 2, EC_MOQ_INBOX_LARGE_OBJECT + 1, 3000);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 1700);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 1, 1);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 5200);
  more (stream, 400);
  collect (&world);
  g_assert_cmpuint (world.consumed, ==, 5600);
  ec_moq_inbox_stream_ended (stream, TRUE, FALSE, -1);
  ec_moq_inbox_end (world.inbox, NULL);
  ec_moq_inbox_unref (world.inbox);
}

/* One group, of `n` objects of 100,000 bytes each, whose stream has ended well. */
static void
put_group (World *self, guint64 group, guint n)
{
  EcMoqInboxStream *stream = open_stream (self, group);

  for (guint64 object = 0; object < n; object++)
    put (stream, group, object, 100000);
  self->keeps = ec_moq_inbox_stream_keeps (stream);
  ec_moq_inbox_stream_ended (stream, FALSE, TRUE, self->keeps ? (gint64) group : -1);
  collect (self);
}

/* Credit of streams that have ended is kept as well, once there is much to be read; all of it goes back at last. */
static void
test_kept_credit (void)
{
  World world;

  world_init (&world, TRUE);
  put_group (&world, 0, 9);
  g_assert_false (world.keeps);
  put_group (&world, 1, 9);
  g_assert_true (world.keeps);
  for (guint64 object = 0; object < 9; object++)
    expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 0, object);
  expect (&world, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 0, 0);
  expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 1, 0);
  collect (&world);
  g_assert_cmpuint (world.given_back, ==, 100000);
  g_assert_cmpint (world.kept, ==, 1);
  for (guint64 object = 1; object < 9; object++)
    expect (&world, EC_MOQ_OBJECT_KIND_OBJECT, 1, object);
  collect (&world);
  g_assert_true (world.all);
  expect (&world, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 1, 0);
  /* What nobody can read is not the reader's fault. */
  ec_moq_inbox_expect_fetch (world.inbox);
  put_group (&world, 2, 20);
  g_assert_false (world.keeps);
  ec_moq_inbox_fetch_done (world.inbox);
  put_group (&world, 3, 9);
  g_assert_true (world.keeps);
  world.all = FALSE;
  ec_moq_inbox_end (world.inbox, NULL);
  collect (&world);
  g_assert_true (world.all);
  for (EcMoqInboxItem *item; (item = next (&world));)
    ec_moq_inbox_item_free (item);
  expect_end (&world);
  ec_moq_inbox_unref (world.inbox);
}

/* Groups of nothing are bounded, too, even behind one that stays open. */
static void
test_empty_groups (gconstpointer data)
{
  gboolean streams = GPOINTER_TO_INT (data);
  EcMoqInboxStream *first;
  guint n = 0;
  World world;

  world_init (&world, TRUE);
  first = open_stream (&world, 0);
  for (guint64 group = 1; group <= 50000; group++) {
    EcMoqtObject head = { .location = { group, 0 },
                          .datagram = TRUE,
                          .status = EC_MOQT_OBJECT_END_OF_GROUP };

    if (streams)
      ec_moq_inbox_stream_ended (open_stream (&world, group), TRUE, FALSE, -1);
    else
      ec_moq_inbox_datagram (world.inbox, &head, NULL, 0, 0);
  }
  ec_moq_inbox_stream_ended (first, FALSE, TRUE, -1);
  ec_moq_inbox_end (world.inbox, NULL);
  for (EcMoqInboxItem *item; (item = next (&world)); n++)
    ec_moq_inbox_item_free (item);
  g_assert_cmpuint (n, >, 1000);
  g_assert_cmpuint (n, <=, 4097);
  g_assert_cmpuint (ec_moq_inbox_get_n_dropped (world.inbox), >=, 50001 - n);
  expect_end (&world);
  ec_moq_inbox_unref (world.inbox);
}

/* A slow reader loses the oldest groups, also while a large object of theirs is coming: and that is all that it loses. */
static void
test_slow (void)
{
  World world;

  world_init (&world, TRUE);
  for (guint64 group = 0; group < 40; group += 2) {
    EcMoqInboxStream *large = open_stream (&world, group), *rest = open_stream (&world, group + 1);

    put (large, group, 0, 500000);
    begin (large, group, 1, 2 * EC_MOQ_INBOX_LARGE_OBJECT, 1500000);
    for (guint64 object = 0; object < 10; object++)
      put (rest, group + 1, object, 500000);
    ec_moq_inbox_stream_ended (rest, FALSE, TRUE, -1);
    g_assert_cmpuint (ec_moq_inbox_get_bytes (world.inbox), <=, MAX_BYTES + 1000);
    collect (&world);
    g_assert_cmpuint (world.n_stopped, ==, group / 2 + 1);
  }
  g_assert_cmpuint (ec_moq_inbox_get_n_dropped (world.inbox), >, 0);
  ec_moq_inbox_end (world.inbox, NULL);
  for (EcMoqInboxItem *item; (item = next (&world));)
    ec_moq_inbox_item_free (item);
  expect_end (&world);
  ec_moq_inbox_unref (world.inbox);
}

/* What is fetched is not dropped: it ends, with an error. */
static void
test_fetch_limit (void)
{
  g_autoptr (GError) error = NULL;
  EcMoqInboxStream *stream;
  EcMoqInboxItem *item = NULL;
  World world;

  world_init (&world, FALSE);
  stream = ec_moq_inbox_open (world.inbox, &world, TRUE, 0);
  for (guint64 object = 0; object < 10; object++)
    put (stream, 1, object, 500000);
  ec_moq_inbox_stream_ended (stream, FALSE, FALSE, -1);
  while (ec_moq_inbox_poll (world.inbox, &item, &error) && item)
    ec_moq_inbox_item_free (g_steal_pointer (&item));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT);
  collect (&world);
  ec_moq_inbox_unref (world.inbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inbox/order", test_order);
  g_test_add_func ("/inbox/fetch-first", test_fetch_first);
  g_test_add_func ("/inbox/credit", test_credit);
  g_test_add_func ("/inbox/kept-credit", test_kept_credit);
  g_test_add_data_func ("/inbox/empty-groups/datagrams", GINT_TO_POINTER (FALSE),
                        test_empty_groups);
  g_test_add_data_func ("/inbox/empty-groups/streams", GINT_TO_POINTER (TRUE), test_empty_groups);
  g_test_add_func ("/inbox/slow", test_slow);
  g_test_add_func ("/inbox/fetch-limit", test_fetch_limit);
  return g_test_run ();
}
