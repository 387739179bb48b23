/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams of objects and datagrams of all drafts: bytes, there and back, truncated, one byte at a time. */
#include "moqt-random.h"
#include "moqt-text.h"

#define D16 &ec_moqt_draft_16
#define D18 &ec_moqt_draft_18

typedef struct {
  const EcMoqtDraft *draft;
  const char *name;
  gboolean descending;
  const char *hex; /* head and items; payloads are a byte of 0xee each */
  const char *text[6];
  gboolean other; /* we write it otherwise */
} Golden;

static const Golden golden[] = {
  { D16,
    "subgroup-zero",
    FALSE,
    "10 01 05 80 00 01 ee 02 00 03",
    { "subgroup alias=1 group=5 priority=128", "object 5/0 priority=128 size=1",
      "object 5/3 priority=128 status=3" } },
  { D16,
    "subgroup-given",
    FALSE,
    "3d 05 4064 03 07 03 3c4101 01 ee 00 00 00 00",
    { "subgroup alias=5 group=100 mode=2 subgroup=3 properties=1 end-of-group=1",
      "object 100/7 subgroup=3 #3c=257 size=1", "object 100/8 subgroup=3" },
    TRUE },
  { D16,
    "subgroup-first",
    FALSE,
    "12 01 03 80 05 01 ee 00 00 04",
    { "subgroup alias=1 group=3 mode=1 priority=128", "object 3/5 subgroup=5 priority=128 size=1",
      "object 3/6 subgroup=5 priority=128 status=4" } },
  { D16,
    "fetch",
    FALSE,
    "05 04 1c 05 00 80 01 ee 00 01 ee 3f 06 09 02 07 02 0401 00 404c 07 00 00",
    { "fetch request=4", "object 5/0 priority=128 size=1", "object 5/1 priority=128 size=1",
      "object 6/2 subgroup=9 priority=7 #4=1", "object 7/0 priority=7 datagram=1" } },
  { D16,
    "fetch-ranges",
    FALSE,
    "05 04 408c 05 0a 410c 06 00 1c 07 01 80 00",
    { "fetch request=4", "non-existent up to 5/10", "unknown up to 6/0",
      "object 7/1 priority=128" } },
  /* §10.4.4 does not say what is prior to an object behind a range: it says all of itself. */
  { D16,
    "fetch-behind-range",
    FALSE,
    "05 04 1c 05 00 80 00 408c 05 03 0c 05 04 00 00 00",
    { "fetch request=4", "object 5/0 priority=128", "non-existent up to 5/3",
      "object 5/4 priority=128", "object 5/5 priority=128" } },
  { D16,
    "fetch-prior",
    FALSE,
    "05 00 1f 01 02 03 04 00 01 00 02 00 14 09 05 00",
    { "fetch", "object 1/3 subgroup=2 priority=4", "object 1/4 subgroup=2 priority=4",
      "object 1/5 subgroup=3 priority=4", "object 1/9 priority=5" },
    TRUE },

  { D18,
    "subgroup-zero",
    FALSE,
    "50 01 05 80 00 01 ee 02 00 03",
    { "subgroup alias=1 group=5 priority=128 first=1", "object 5/0 priority=128 size=1",
      "object 5/3 priority=128 status=3" } },
  { D18,
    "subgroup-given",
    FALSE,
    "7d 05 64 03 07 03 3c8101 01 ee 00 00 00 00",
    { "subgroup alias=5 group=100 mode=2 subgroup=3 properties=1 end-of-group=1 first=1",
      "object 100/7 subgroup=3 #3c=257 size=1", "object 100/8 subgroup=3" } },
  /* §11.4.4.1: group 5, then 5 + 0 + 1; object ids in the same group by their distance */
  { D18,
    "fetch",
    FALSE,
    "05 04 1c 05 00 80 01 ee 00 01 ee 3f 00 09 02 07 02 0401 00 44 03 00",
    { "fetch request=4", "object 5/0 priority=128 size=1", "object 5/1 priority=128 size=1",
      "object 6/2 subgroup=9 priority=7 #4=1", "object 6/5 priority=7 datagram=1" } },
  { D18,
    "fetch-descending",
    TRUE,
    "05 04 1c 05 00 80 00 0c 01 00 00",
    { "fetch request=4", "object 5/0 priority=128", "object 3/0 priority=128" } },
  { D18,
    "fetch-next-group",
    FALSE,
    "05 04 1c 05 04 80 00 08 00 00",
    { "fetch request=4", "object 5/4 priority=128", "object 6/5 priority=128" },
    TRUE },
  { D18,
    "fetch-ranges",
    FALSE,
    "05 04 808c 05 0a 810c 06 00 1c 00 01 80 00",
    { "fetch request=4", "non-existent up to 5/10", "unknown up to 6/0",
      "object 7/1 priority=128" },
    TRUE },
  { D18, "padding", FALSE, "f0132b3e28", { "padding" } },
};

static EcMoqtRead
read_head (const EcMoqtDraft *draft,
           const guint8 *data,
           gsize size,
           gsize *used,
           EcMoqtStreamHead *head,
           EcMoqtProblem *problem)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EcReader reader;
  EcMoqtRead read;

  ec_reader_init (&reader, copy, size);
  read = draft->read_stream_head (&reader, head, problem);
  g_assert_false (reader.failed);
  g_assert_true (read == EC_MOQT_READ_DONE || reader.pos == 0);
  *used = reader.pos;
  return read;
}

static EcMoqtRead
read_item (const EcMoqtDraft *draft,
           const guint8 *data,
           gsize size,
           gsize *used,
           EcMoqtStreamContext *context,
           EcMoqtItem *item,
           EcMoqtProblem *problem)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EcReader reader;
  EcMoqtRead read;

  ec_reader_init (&reader, copy, size);
  read = draft->read_item (&reader, context, item, problem);
  g_assert_false (reader.failed);
  g_assert_true (read == EC_MOQT_READ_DONE || reader.pos == 0);
  *used = reader.pos;
  return read;
}

/* Byte by byte, so that each prefix of head and items is tried; then what is written. */
static void
test_golden (gconstpointer data)
{
  const Golden *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex), out = g_byte_array_new ();
  EcMoqtStreamContext reading = { .descending = one->descending }, writing;
  gboolean has_head = FALSE;
  EcMoqtProblem problem;
  gsize start = 0, used;
  guint next = 0;

  for (gsize end = 0; end <= bytes->len && one->text[next]; end++) {
    g_autofree char *text = NULL;

    if (!has_head) {
      EcMoqtRead read = read_head (one->draft, bytes->data, end, &used, &reading.head, &problem);

      if (read == EC_MOQT_READ_MORE)
        continue;
      g_assert_cmpint (read, ==, EC_MOQT_READ_DONE);
      has_head = TRUE;
      text = moqt_head_to_text (&reading.head);
      writing = reading;
      one->draft->write_stream_head (out, &reading.head);
    } else {
      EcMoqtItem item;
      EcMoqtRead read = read_item (one->draft, bytes->data + start, end - start, &used, &reading,
                                   &item, &problem);

      if (read == EC_MOQT_READ_MORE)
        continue;
      g_assert_cmpint (read, ==, EC_MOQT_READ_DONE);
      text = moqt_item_to_text (&item);
      one->draft->write_item (out, &writing, &item);
      for (guint64 i = 0; i < item.size; i++)
        g_byte_array_append (out, (const guint8 *) "\xee", 1);
      used += item.size;
      ec_moqt_item_clear (&item);
    }
    g_assert_cmpstr (text, ==, one->text[next]);
    start += used;
    end = MAX (end, start);
    next++;
  }
  g_assert_null (one->text[next]);
  if (!one->other)
    g_assert_cmpmem (out->data, out->len, bytes->data, bytes->len);
}

static void
test_random_stream (gconstpointer data)
{
  const EcMoqtDraft *draft = data;
  MoqtRandom random;

  for (guint seed = 0; seed < 2000; seed++) {
    EcMoqtStreamContext writing = { 0 }, reading = { 0 };
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autofree char *head = NULL, *head_again = NULL;
    EcMoqtProblem problem;
    gsize used;

    moqt_random_init (&random, seed, draft);
    moqt_random_head (&random, &writing.head);
    writing.descending = reading.descending = moqt_random_chance (&random, 2);
    draft->write_stream_head (bytes, &writing.head);
    g_assert_cmpuint (bytes->len, <=, EC_MOQT_MAX_STREAM_HEAD);
    for (gsize size = 0; size < bytes->len; size++)
      g_assert_cmpint (read_head (draft, bytes->data, size, &used, &reading.head, &problem), ==,
                       EC_MOQT_READ_MORE);
    g_assert_cmpint (read_head (draft, bytes->data, bytes->len, &used, &reading.head, &problem), ==,
                     EC_MOQT_READ_DONE);
    g_assert_cmpuint (used, ==, bytes->len);
    head = moqt_head_to_text (&writing.head);
    head_again = moqt_head_to_text (&reading.head);
    g_assert_cmpstr (head, ==, head_again);

    for (guint i = 0; i < 20; i++) {
      g_autofree char *text = NULL, *text_again = NULL;
      EcMoqtItem item, again;

      moqt_random_item (&random, &writing, &item);
      g_byte_array_set_size (bytes, 0);
      draft->write_item (bytes, &writing, &item);
      for (gsize size = 0; size < bytes->len; size++)
        g_assert_cmpint (read_item (draft, bytes->data, size, &used, &reading, &again, &problem),
                         ==, EC_MOQT_READ_MORE);
      g_assert_cmpint (
          read_item (draft, bytes->data, bytes->len, &used, &reading, &again, &problem), ==,
          EC_MOQT_READ_DONE);
      g_assert_cmpuint (used, ==, bytes->len);
      text = moqt_item_to_text (&item);
      text_again = moqt_item_to_text (&again);
      g_assert_cmpstr (text, ==, text_again);
      ec_moqt_item_clear (&item);
      ec_moqt_item_clear (&again);
    }
  }
}

static EcMoqtRead
read_datagram (const EcMoqtDraft *draft,
               const guint8 *data,
               gsize size,
               guint64 *alias,
               EcMoqtItem *item,
               gboolean *padding,
               EcMoqtProblem *problem)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EcReader reader;
  EcMoqtRead read;

  ec_reader_init (&reader, copy, size);
  read = draft->read_datagram (&reader, alias, item, padding, problem);
  if (read == EC_MOQT_READ_DONE)
    g_assert_cmpuint (ec_reader_left (&reader), ==, item->size);
  return read;
}

typedef struct {
  const EcMoqtDraft *draft;
  const char *hex;
  const char *text;
} Datagram;

static const Datagram datagrams[] = {
  { D16, "00 01 02 03 80 eeee", "1 object 2/3 priority=128 datagram=1 size=2" },
  { D16, "0f 4040 02 02 0405 ee", "64 object 2/0 datagram=1 end-of-group=1 #4=5 size=1" },
  { D16, "20 01 02 05 80 03", "1 object 2/5 priority=128 status=3 datagram=1" },
  { D16, "2c 01 02 04", "1 object 2/0 status=4 datagram=1" },
  { D18, "00 01 02 03 80 eeee", "1 object 2/3 priority=128 datagram=1 size=2" },
  { D18, "0f 8080 02 02 0405 ee", "128 object 2/0 datagram=1 end-of-group=1 #4=5 size=1" },
  { D18, "20 01 02 05 80 03", "1 object 2/5 priority=128 status=3 datagram=1" },
};

static void
test_datagrams (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (datagrams); i++) {
    const EcMoqtDraft *draft = datagrams[i].draft;
    g_autoptr (GByteArray) bytes = moqt_bytes (datagrams[i].hex), out = g_byte_array_new ();
    g_autofree char *text = NULL, *line = NULL;
    EcMoqtProblem problem;
    gboolean padding;
    EcMoqtItem item;
    guint64 alias;
    gsize head;

    g_assert_cmpint (
        read_datagram (draft, bytes->data, bytes->len, &alias, &item, &padding, &problem), ==,
        EC_MOQT_READ_DONE);
    g_assert_false (padding);
    text = moqt_item_to_text (&item);
    line = g_strdup_printf ("%" G_GUINT64_FORMAT " %s", alias, text);
    g_assert_cmpstr (line, ==, datagrams[i].text);
    draft->write_datagram_head (out, alias, &item);
    head = bytes->len - item.size;
    g_assert_cmpmem (out->data, out->len, bytes->data, head);
    ec_moqt_item_clear (&item);

    for (gsize size = 0; size < head; size++)
      g_assert_cmpint (read_datagram (draft, bytes->data, size, &alias, &item, &padding, &problem),
                       ==, EC_MOQT_READ_BAD);
  }
}

static void
test_random_datagrams (gconstpointer data)
{
  const EcMoqtDraft *draft = data;
  MoqtRandom random;

  for (guint seed = 0; seed < 5000; seed++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autofree char *text = NULL, *text_again = NULL;
    EcMoqtItem item, again;
    EcMoqtProblem problem;
    gboolean padding;
    guint64 alias;

    moqt_random_init (&random, seed, draft);
    moqt_random_datagram (&random, &item);
    draft->write_datagram_head (bytes, seed, &item);
    g_assert_cmpint (
        read_datagram (draft, bytes->data, bytes->len, &alias, &again, &padding, &problem), ==,
        EC_MOQT_READ_DONE);
    g_assert_cmpuint (alias, ==, seed);
    text = moqt_item_to_text (&item);
    text_again = moqt_item_to_text (&again);
    g_assert_cmpstr (text, ==, text_again);
    ec_moqt_item_clear (&item);
    ec_moqt_item_clear (&again);
  }
}

static void
test_special (void)
{
  static const guint8 setup[] = { 0xaf, 0, 0, 0 },
                      padding_datagram[] = { 0xf0, 0x13, 0x2b, 0x3e, 0x29, 0, 0 };
  EcMoqtStreamHead head;
  EcMoqtProblem problem;
  gboolean padding;
  EcMoqtItem item;
  guint64 alias;
  gsize used;

  /* A control stream's type is the first message's: it stays. */
  g_assert_cmpint (read_head (D18, setup, 1, &used, &head, &problem), ==, EC_MOQT_READ_MORE);
  g_assert_cmpint (read_head (D18, setup, sizeof setup, &used, &head, &problem), ==,
                   EC_MOQT_READ_DONE);
  g_assert_cmpint (head.kind, ==, EC_MOQT_STREAM_CONTROL);
  g_assert_cmpuint (used, ==, 0);
  g_assert_cmpint (read_datagram (D18, padding_datagram, sizeof padding_datagram, &alias, &item,
                                  &padding, &problem),
                   ==, EC_MOQT_READ_DONE);
  g_assert_true (padding);
}

typedef struct {
  const EcMoqtDraft *draft;
  enum { HEAD, ITEM, DATAGRAM } where; /* what of it is wrong; ITEM: the last one */
  const char *what;
  const char *hex;
} Wrong;

static const Wrong wrong[] = {
  { D16, HEAD, "first-object-bit", "4050" },
  { D16, HEAD, "reserved-mode", "16" },
  { D16, HEAD, "unknown", "04" },
  { D16, HEAD, "padding", "932b3e28" },
  { D16, HEAD, "setup", "6f00" },
  { D16, ITEM, "status-1", "10 01 05 80 00 00 01" },
  { D16, ITEM, "properties-of-none", "11 01 00 80 00 02 3c01 00 03" },
  { D16, ITEM, "too-many-properties", "11 01 00 80 00 8000 4001" },
  { D16, ITEM, "properties-cut", "11 01 00 80 00 02 0b05 00" },
  { D16, ITEM, "first-without-group", "05 00 14 00 80 00" },
  { D16, ITEM, "first-without-object", "05 00 18 00 80 00" },
  { D16, ITEM, "first-without-priority", "05 00 0c 00 00 00" },
  { D16, ITEM, "first-by-subgroup", "05 00 1d 00 00 80 00" },
  { D16, ITEM, "first-by-next-subgroup", "05 00 1e 00 00 80 00" },
  { D16, ITEM, "unknown-flags", "05 00 4080" },
  { D16, ITEM, "priority-behind-range", "05 00 408c 05 0a 0c 06 00 00" },
  { D16, ITEM, "group-behind-range", "05 00 408c 05 0a 14 0b 80 00" },
  { D16, ITEM, "object-behind-range", "05 00 408c 05 0a 18 05 80 00" },
  { D16, DATAGRAM, "no-properties", "01 01 02 03 80 00" },
  { D16, DATAGRAM, "status-and-end", "22 01 02 03 80 03" },
  { D16, DATAGRAM, "unknown", "10 01 02 03 80" },
  { D16, DATAGRAM, "status-1", "20 01 02 03 80 01" },
  { D16, DATAGRAM, "status-and-payload", "20 01 02 03 80 03 ee" },
  { D16, DATAGRAM, "padding", "932b3e29" },
  { D16, DATAGRAM, "empty", "" },
  { D18, HEAD, "reserved-mode", "56" },
  { D18, HEAD, "unknown", "80d0" },
  { D18, ITEM, "object-overflow", "30 01 05 ffffffffffffffffff 00 00 00 00" },
  { D18, ITEM, "group-overflow", "05 00 1c ffffffffffffffffff 00 80 00 0c 00 00 00" },
  { D18, ITEM, "fetch-object-overflow", "05 00 1c 00 ffffffffffffffffff 80 00 00 00" },
  { D18, ITEM, "fetch-object-delta-overflow", "05 00 1c 00 ffffffffffffffffff 80 00 04 01 00" },
  { D18, ITEM, "subgroup-overflow", "05 00 1f 00 ffffffffffffffffff 00 80 00 02 00" },
  { D18, ITEM, "unknown-flags", "05 00 820c" },
  { D18, DATAGRAM, "properties-of-none", "21 01 02 03 80 02 0405 03" },
  { D18, DATAGRAM, "no-properties", "01 01 02 03 80 00" },
};

static void
test_wrong (gconstpointer data)
{
  const Wrong *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex);
  EcMoqtStreamContext context = { 0 };
  EcMoqtProblem problem = { 0 };
  EcMoqtRead read;
  gsize at, used;

  if (one->where == DATAGRAM) {
    gboolean padding;
    EcMoqtItem item;
    guint64 alias;

    read = read_datagram (one->draft, bytes->data, bytes->len, &alias, &item, &padding, &problem);
  } else {
    read = read_head (one->draft, bytes->data, bytes->len, &at, &context.head, &problem);
  }
  if (one->where == ITEM) {
    do {
      EcMoqtItem item;

      g_assert_cmpint (read, ==, EC_MOQT_READ_DONE);
      read = read_item (one->draft, bytes->data + at, bytes->len - at, &used, &context, &item,
                        &problem);
      at += used;
      ec_moqt_item_clear (&item);
    } while (read == EC_MOQT_READ_DONE && at < bytes->len);
  }
  g_assert_cmpint (read, ==, EC_MOQT_READ_BAD);
  g_assert_nonnull (problem.text);
}

static void
test_descending_underflow (void)
{
  g_autoptr (GByteArray) bytes = moqt_bytes ("1c 05 00 80 00 0c 05 00 00");
  EcMoqtStreamContext context = { .head.kind = EC_MOQT_STREAM_FETCH, .descending = TRUE };
  EcMoqtProblem problem;
  EcMoqtItem item;
  gsize used, more;

  g_assert_cmpint (read_item (D18, bytes->data, bytes->len, &used, &context, &item, &problem), ==,
                   EC_MOQT_READ_DONE);
  g_assert_cmpint (
      read_item (D18, bytes->data + used, bytes->len - used, &more, &context, &item, &problem), ==,
      EC_MOQT_READ_BAD);
  bytes->data[6] = 4;
  g_assert_cmpint (
      read_item (D18, bytes->data + used, bytes->len - used, &more, &context, &item, &problem), ==,
      EC_MOQT_READ_DONE);
  g_assert_cmpuint (item.location.group, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
    g_autofree char *path =
        g_strdup_printf ("/moqt/object/%u/bytes/%s", golden[i].draft->number, golden[i].name);

    g_test_add_data_func (path, &golden[i], test_golden);
  }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *path = g_strdup_printf ("/moqt/object/%u/refused/%u-%s",
                                             wrong[i].draft->number, wrong[i].where, wrong[i].what);

    g_test_add_data_func (path, &wrong[i], test_wrong);
  }
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++) {
    g_autofree char *stream = g_strdup_printf ("/moqt/object/%u/random-stream", (*draft)->number);
    g_autofree char *datagram =
        g_strdup_printf ("/moqt/object/%u/random-datagram", (*draft)->number);

    g_test_add_data_func (stream, *draft, test_random_stream);
    g_test_add_data_func (datagram, *draft, test_random_datagrams);
  }
  g_test_add_func ("/moqt/object/datagrams", test_datagrams);
  g_test_add_func ("/moqt/object/special", test_special);
  g_test_add_func ("/moqt/object/descending-underflow", test_descending_underflow);
  return g_test_run ();
}
