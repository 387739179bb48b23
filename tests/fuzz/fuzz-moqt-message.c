/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Control messages. Byte 0: which draft, and who sends them; messages one behind the other follow. What is read is
 * written, read again, and must then be written as the same bytes.
 */
#include "fuzz.h"
#include "moqt/ec-moqt-draft.h"

static void
check_again (const EcMoqtDraft *draft, gboolean from_server, const EcMoqtMessage *message)
{
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GByteArray) second = g_byte_array_new ();
  g_auto (EcMoqtMessage) again = { 0 };
  EcMoqtProblem problem;
  EcReader reader;

  draft->write_message (first, from_server, message);
  ec_reader_init (&reader, first->data, first->len);
  g_assert_cmpint (draft->read_message (&reader, from_server, &again, &problem), ==,
                   EC_MOQT_READ_DONE);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 0);
  /* PUBLISH_OK has the type of REQUEST_OK where both are one. */
  g_assert_true (again.kind == message->kind ||
                 (message->kind == EC_MOQT_PUBLISH_OK && again.kind == EC_MOQT_REQUEST_OK));
  draft->write_message (second, from_server, &again);
  g_assert_cmpmem (first->data, first->len, second->data, second->len);
}

/* To another draft, as a relay does; where it has such a message. */
static void
check_other (const EcMoqtDraft *draft, const EcMoqtMessage *message)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (EcMoqtMessage) again = { 0 };
  EcMoqtProblem problem;
  EcReader reader;

  switch (message->kind) {
  case EC_MOQT_SUBSCRIBE_OK:
  case EC_MOQT_PUBLISH:
  case EC_MOQT_FETCH_OK:
  case EC_MOQT_REQUEST_ERROR:
  case EC_MOQT_PUBLISH_DONE:
    break;
  default:
    return;
  }
  if (message->name && ec_moqt_name_get_n_fields (message->name) == 0)
    return;
  draft->write_message (bytes, TRUE, message);
  ec_reader_init (&reader, bytes->data, bytes->len);
  if (draft->read_message (&reader, TRUE, &again, &problem) == EC_MOQT_READ_BAD)
    g_assert_nonnull (
        problem.text); /* a timeout of 0 as a property is wrong in one of them alone */
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const EcMoqtDraft *const *drafts = ec_moqt_drafts ();
  const EcMoqtDraft *draft;
  gboolean from_server;
  EcReader reader;

  if (size < 1)
    return 0;
  draft = drafts[data[0] & 1];
  from_server = (data[0] & 2) != 0;
  ec_reader_init (&reader, data + 1, size - 1);
  for (;;) {
    g_auto (EcMoqtMessage) message = { 0 };
    EcMoqtProblem problem = { 0 };
    gsize before = reader.pos;
    EcMoqtRead read = draft->read_message (&reader, from_server, &message, &problem);

    g_assert_false (reader.failed);
    if (read != EC_MOQT_READ_DONE) {
      g_assert_cmpuint (reader.pos, ==, before);
      g_assert_cmpint (message.kind, ==, 0);
      return 0;
    }
    check_again (draft, from_server, &message);
    check_other (drafts[(data[0] & 1) ^ 1], &message);
  }
}
