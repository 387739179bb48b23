/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Streams of objects and datagrams. Byte 0: which draft, in which order, and whether it is a datagram. What is read is
 * written, read again, and must then be the same bytes.
 */
#include "fuzz.h"
#include "moqt/ec-moqt-draft.h"

static void
check_datagram (const EcMoqtDraft *draft, const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GByteArray) second = g_byte_array_new ();
  EcMoqtItem item, again;
  EcMoqtProblem problem;
  gboolean padding;
  EcReader reader;
  guint64 alias;

  ec_reader_init (&reader, data, size);
  if (draft->read_datagram (&reader, &alias, &item, &padding, &problem) != EC_MOQT_READ_DONE ||
      padding)
    return;
  g_assert_cmpuint (ec_reader_left (&reader), ==, item.size);
  draft->write_datagram_head (first, alias, &item);
  ec_reader_init (&reader, first->data, first->len);
  g_assert_cmpint (draft->read_datagram (&reader, &alias, &again, &padding, &problem), ==,
                   EC_MOQT_READ_DONE);
  g_assert_true (ec_moqt_properties_equal (item.properties, again.properties));
  draft->write_datagram_head (second, alias, &again);
  g_assert_cmpmem (first->data, first->len, second->data, second->len);
  ec_moqt_item_clear (&item);
  ec_moqt_item_clear (&again);
}

static void
check_item (const EcMoqtDraft *draft,
            EcMoqtStreamContext *writing,
            EcMoqtStreamContext *rereading,
            EcMoqtItem *item)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  EcMoqtProblem problem;
  EcMoqtItem again;
  EcReader reader;

  draft->write_item (bytes, writing, item);
  ec_reader_init (&reader, bytes->data, bytes->len);
  g_assert_cmpint (draft->read_item (&reader, rereading, &again, &problem), ==, EC_MOQT_READ_DONE);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 0);
  g_assert_cmpint (again.kind, ==, item->kind);
  g_assert_cmpint (ec_moqt_location_compare (again.location, item->location), ==, 0);
  g_assert_cmpuint (again.subgroup, ==, item->subgroup);
  g_assert_cmpuint (again.size, ==, item->size);
  g_assert_cmpint (again.status, ==, item->status);
  g_assert_cmpint (again.datagram, ==, item->datagram);
  g_assert_cmpuint (again.priority, ==, item->priority);
  g_assert_true (ec_moqt_properties_equal (item->properties, again.properties));
  ec_moqt_item_clear (&again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  EcMoqtStreamContext context = { 0 }, writing, rereading;
  const EcMoqtDraft *draft;
  EcMoqtProblem problem;
  EcReader reader;

  if (size < 1)
    return 0;
  draft = ec_moqt_drafts ()[data[0] & 1];
  if (data[0] & 4) {
    check_datagram (draft, data + 1, size - 1);
    return 0;
  }
  context.descending = (data[0] & 2) != 0;
  ec_reader_init (&reader, data + 1, size - 1);
  if (draft->read_stream_head (&reader, &context.head, &problem) != EC_MOQT_READ_DONE ||
      (context.head.kind != EC_MOQT_STREAM_SUBGROUP && context.head.kind != EC_MOQT_STREAM_FETCH))
    return 0;
  writing = rereading = context;
  for (;;) {
    EcMoqtItem item;

    if (draft->read_item (&reader, &context, &item, &problem) != EC_MOQT_READ_DONE)
      return 0;
    check_item (draft, &writing, &rereading, &item);
    /* Payloads are no bytes here, or all would be payload. */
    ec_moqt_item_clear (&item);
  }
}
