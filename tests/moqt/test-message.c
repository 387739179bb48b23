/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Control messages of all drafts, four tests each: their bytes, there and back, every truncated prefix, one byte at a
 * time. Then random ones, and what must be refused.
 */
#include <string.h>

#include "moqt-random.h"
#include "moqt-text.h"

#define NAME "01046c697665 05766964656f" /* live--video */
#define D16 &ec_moqt_draft_16
#define D18 &ec_moqt_draft_18

typedef struct {
  const EcMoqtDraft *draft;
  gboolean from_server;
  const char *hex;
  const char *text;
  const char *canonical; /* what is written, where that is not `hex` */
} Golden;

/* The bytes are put together by hand from the drafts' figures. */
static const Golden golden[] = {
  { D16, FALSE, "20001b06 01022f61 014064 0105 0301746f6b 015000 0103683a31 02026563",
    "SETUP token:3/0/1/746f6b max=100 path=“/a” authority=“h:1” implementation=“ec” cache=4096" },
  { D16, TRUE, "21000401024064", "SETUP max=100" },
  { D16, TRUE, "10000201 75", "GOAWAY uri=“u”" },
  { D16, FALSE, "15 0002 4064", "MAX_REQUEST_ID max=100" },
  { D16, FALSE, "1a 0002 4064", "REQUESTS_BLOCKED max=100" },
  { D16, FALSE, "07 0009 01 02 086710 01020a03", "REQUEST_OK id=1 expires:10000 largest:10/3" },
  { D16, FALSE, "05 0007 01 10 43e9 026e6f",
    "REQUEST_ERROR id=1 DOES_NOT_EXIST retry=1000 text=“no”" },
  { D16, FALSE, "03 0027 01" NAME "07 025388 0105 0301746f6b 0d00 1040c8 0104040a0314 0102 1007",
    "SUBSCRIBE id=1 name=“live--video” object-timeout:5000 forward:0 priority:200 order:2 "
    "new-group:7 filter:4"
    " from=10/3 to=20 token:3/0/1/746f6b" },
  { D16, FALSE, "04 000d 01 05 01 09020a03 025388 090178",
    "SUBSCRIBE_OK id=1 alias=5 largest:10/3 #2=5000 #b=“78”" },
  { D16, FALSE, "02 0005 03 01 01 1001", "REQUEST_UPDATE id=3 existing=1 forward:1" },
  { D16, FALSE, "0a 0001 01", "UNSUBSCRIBE id=1" },
  { D16, FALSE, "1d 0019 01" NAME "4040 02 09020a03 0701 0e4080",
    "PUBLISH id=1 name=“live--video” alias=64 forward:1 largest:10/3 #e=128" },
  { D16, FALSE, "1e 0005 01 01 204040", "PUBLISH_OK id=1 priority:64" },
  { D16, FALSE, "0b 0006 01 06 05 026e6f", "PUBLISH_DONE id=1 TOO_FAR_BEHIND streams=5 text=“no”" },
  { D16, FALSE, "0b 000b 01 05 ffffffffffffffff 00",
    "PUBLISH_DONE id=1 EXPIRED streams=max text=“”" },
  { D16, FALSE, "16 0016 02 01" NAME "05031400 01 204080",
    "FETCH id=2 name=“live--video” priority:128 fetch=1 start=5/3 end=20/0" },
  { D16, FALSE, "16 0005 04 02 0203 00", "FETCH id=4 fetch=2 joining=2 joining-start=3" },
  { D16, FALSE, "16 0005 06 03 0205 00", "FETCH id=6 fetch=3 joining=2 joining-start=5" },
  { D16, FALSE, "18 0008 02 01 0a03 00 046710", "FETCH_OK id=2 #4=10000 end=10/3 end-of-track=1" },
  { D16, FALSE, "17 0001 02", "FETCH_CANCEL id=2" },
  { D16, FALSE, "0d 000e 01" NAME "00", "TRACK_STATUS id=1 name=“live--video”" },
  { D16, FALSE, "06 0008 01 01046c697665 00", "PUBLISH_NAMESPACE id=1 name=“live”" },
  { D16, FALSE, "08 0006 01046c697665", "NAMESPACE name=“live”" },
  { D16, FALSE, "0e 0001 00", "NAMESPACE_DONE name=“”" },
  { D16, FALSE, "09 0001 01", "PUBLISH_NAMESPACE_DONE id=1" },
  { D16, FALSE, "0c 0005 01 01 026e6f", "PUBLISH_NAMESPACE_CANCEL id=1 UNAUTHORIZED text=“no”" },
  { D16, FALSE, "11 0009 01 01046c697665 02 00",
    "SUBSCRIBE_NAMESPACE id=1 name=“live” interest=3" },
  { D16, FALSE, "11 0009 01 01046c697665 00 00",
    "SUBSCRIBE_NAMESPACE id=1 name=“live” interest=2" },
  { D16, FALSE, "11 0004 01 00 01 00", "SUBSCRIBE_NAMESPACE id=1 name=“” interest=1" },
  /* §9.2.2: FORWARD is not for PUBLISH_NAMESPACE and is passed over; numbers in longer forms */
  { D16, FALSE, "06 000a 01 01046c697665 01 1007", "PUBLISH_NAMESPACE id=1 name=“live”",
    "06 0008 01 01046c697665 00" },
  { D16, FALSE, "400a 0004 80000001", "UNSUBSCRIBE id=1", "0a 0001 01" },
  { D16, FALSE, "05 0005 01 7fff 00 00", "REQUEST_ERROR id=1 INTERNAL_ERROR text=“”",
    "05 0004 01 00 00 00" },
  { D16, FALSE, "05 0007 01 00 00 03 6eff6f",
    "REQUEST_ERROR id=1 INTERNAL_ERROR text=“n\357\277\275o”", "05 0009 01 00 00 05 6eefbfbd6f" },

  { D18, FALSE, "af00 0017 01022f61 0205 0301746f6b 019000 0103683a31 02026563",
    "SETUP token:3/0/1/746f6b path=“/a” authority=“h:1” implementation=“ec” cache=4096" },
  { D18, TRUE, "af00 0000", "SETUP" },
  /* §14: grease, and options that nobody knows, twice */
  { D18, TRUE, "af00 000c 02 05 809b02abcd 000101 0105", "SETUP", "af00 0000" },
  { D18, TRUE, "10 0005 0175 83e8 04", "GOAWAY id=4 uri=“u” timeout=1000" },
  { D18, TRUE, "10 0004 0175 83e8", "GOAWAY id=max uri=“u” timeout=1000" },
  { D18, FALSE, "10 0003 00 05 03", "GOAWAY id=3 timeout=5" },
  { D18, FALSE, "07 000a 02 08a710 010a03 04a710",
    "REQUEST_OK expires:10000 largest:10/3 #4=10000" },
  { D18, FALSE, "1e 0003 01 2040", "PUBLISH_OK priority:64", "07 0003 01 2040" },
  { D18, FALSE, "05 0006 10 83e9 026e6f", "REQUEST_ERROR DOES_NOT_EXIST retry=1000 text=“no”" },
  { D18, TRUE, "05 0011 34 00 00 0175" NAME,
    "REQUEST_ERROR REDIRECT text=“” uri=“u” redirect=“live--video”" },
  { D18, TRUE, "05 0006 34 00 00 00 00 00", "REQUEST_ERROR REDIRECT text=“”" },
  { D18, TRUE, "05 000b 34 00 00 00 01046c697665 00",
    "REQUEST_ERROR REDIRECT text=“” redirect=“live”" },
  { D18, FALSE,
    "03 002a 01" NAME "09 029388 0105 0301746f6b 0100 0205 0a00 10c8 0104040a030a 0102 1007",
    "SUBSCRIBE id=1 name=“live--video” object-timeout:5000 subgroup-timeout:5 rendezvous:0 "
    "forward:0 priority:200"
    " order:2 new-group:7 filter:4 from=10/3 to=20 token:3/0/1/746f6b" },
  { D18, FALSE, "04 000b 05 01 090a03 029388 090178",
    "SUBSCRIBE_OK alias=5 largest:10/3 #2=5000 #b=“78”" },
  { D18, FALSE, "02 000b 03 02 1001 2401046c697665",
    "REQUEST_UPDATE id=3 forward:1 prefix=“live”" },
  { D18, FALSE, "1d 0018 01" NAME "8080 02 090a03 0701 0e8080",
    "PUBLISH id=1 name=“live--video” alias=128 forward:1 largest:10/3 #e=128" },
  { D18, FALSE, "0b 0005 05 05 026e6f", "PUBLISH_DONE TOO_FAR_BEHIND streams=5 text=“no”" },
  { D18, FALSE, "0b 000b 06 ff3fffffffffffffff 00", "PUBLISH_DONE EXPIRED streams=max text=“”" },
  { D18, FALSE, "16 0017 02 01" NAME "05031400 02 0a05 1680",
    "FETCH id=2 name=“live--video” fill:5 priority:128 fetch=1 start=5/3 end=20/0" },
  { D18, FALSE, "16 0005 04 02 0203 00", "FETCH id=4 fetch=2 joining=2 joining-start=3" },
  { D18, FALSE, "16 0005 06 03 0205 00", "FETCH id=6 fetch=3 joining=2 joining-start=5" },
  { D18, FALSE, "18 0007 01 0a03 00 04a710", "FETCH_OK #4=10000 end=10/3 end-of-track=1" },
  { D18, FALSE, "0d 000e 01" NAME "00", "TRACK_STATUS id=1 name=“live--video”" },
  { D18, FALSE, "06 0008 01 01046c697665 00", "PUBLISH_NAMESPACE id=1 name=“live”" },
  { D18, FALSE, "06 0003 01 00 00", "PUBLISH_NAMESPACE id=1 name=“”" },
  { D18, FALSE, "08 0006 01046c697665", "NAMESPACE name=“live”" },
  { D18, FALSE, "0e 0001 00", "NAMESPACE_DONE name=“”" },
  { D18, FALSE, "50 0008 01 01046c697665 00", "SUBSCRIBE_NAMESPACE id=1 name=“live” interest=1" },
  { D18, FALSE, "51 000a 01 01046c697665 01 1000", "SUBSCRIBE_TRACKS id=1 name=“live” forward:0" },
  { D18, FALSE, "0f 000c" NAME, "PUBLISH_BLOCKED name=“live--video”" },
};

static EcMoqtRead
decode (const EcMoqtDraft *draft,
        gboolean from_server,
        const guint8 *data,
        gsize size,
        gsize *used,
        EcMoqtMessage *message,
        EcMoqtProblem *problem)
{
  /* Just so many bytes, so that AddressSanitizer sees what is read beyond. */
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EcReader reader;
  EcMoqtRead read;

  ec_reader_init (&reader, copy, size);
  read = draft->read_message (&reader, from_server, message, problem);
  g_assert_false (reader.failed);
  if (read != EC_MOQT_READ_DONE)
    g_assert_cmpuint (reader.pos, ==, 0);
  if (read == EC_MOQT_READ_BAD)
    g_assert_nonnull (problem->text);
  *used = reader.pos;
  return read;
}

static void
test_golden (gconstpointer data)
{
  const Golden *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex);
  g_autoptr (GByteArray) wanted = moqt_bytes (one->canonical ? one->canonical : one->hex);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_auto (EcMoqtMessage) message = { 0 };
  g_autofree char *text = NULL;
  EcMoqtProblem problem = { 0 };
  gsize used;

  /* A byte behind it is the next message's. */
  g_byte_array_append (bytes, (const guint8 *) "\xff", 1);
  g_assert_cmpint (
      decode (one->draft, one->from_server, bytes->data, bytes->len, &used, &message, &problem), ==,
      EC_MOQT_READ_DONE);
  g_assert_cmpuint (used, ==, bytes->len - 1);
  text = moqt_message_to_text (&message);
  g_assert_cmpstr (text, ==, one->text);

  one->draft->write_message (out, one->from_server, &message);
  g_assert_cmpmem (out->data, out->len, wanted->data, wanted->len);
}

static void
test_golden_prefixes (gconstpointer data)
{
  const Golden *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex);

  for (gsize size = 0; size < bytes->len; size++) {
    g_auto (EcMoqtMessage) message = { 0 };
    EcMoqtProblem problem = { 0 };
    gsize used;

    g_assert_cmpint (
        decode (one->draft, one->from_server, bytes->data, size, &used, &message, &problem), ==,
        EC_MOQT_READ_MORE);
  }
}

/* The whole length, with less in it than is needed: that never becomes right. */
static void
test_golden_shortened (gconstpointer data)
{
  const Golden *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex);
  gsize head = (bytes->data[0] & (one->draft == D16 ? 0x40 : 0x80) ? 2 : 1) + 2;

  for (gsize size = bytes->len; size-- > head;) {
    g_auto (EcMoqtMessage) message = { 0 };
    g_autofree char *text = NULL;
    EcMoqtProblem problem = { 0 };
    EcMoqtRead read;
    gsize used;

    bytes->data[head - 2] = (guint8) ((size - head) >> 8);
    bytes->data[head - 1] = (guint8) (size - head);
    read = decode (one->draft, one->from_server, bytes->data, size, &used, &message, &problem);
    g_assert_cmpint (read, !=, EC_MOQT_READ_MORE);
    /* Options, properties and GOAWAY's id at the end may be fewer. */
    if (read == EC_MOQT_READ_DONE) {
      text = moqt_message_to_text (&message);
      if (!one->canonical)
        g_assert_cmpstr (text, !=, one->text);
      g_assert_true (message.kind == EC_MOQT_SETUP || message.kind == EC_MOQT_GOAWAY ||
                     message.kind == EC_MOQT_SUBSCRIBE_OK || message.kind == EC_MOQT_PUBLISH ||
                     message.kind == EC_MOQT_FETCH_OK || message.kind == EC_MOQT_REQUEST_OK);
    }
  }
  /* And with more. */
  {
    g_auto (EcMoqtMessage) message = { 0 };
    EcMoqtProblem problem = { 0 };
    gsize size, used;

    g_byte_array_unref (g_steal_pointer (&bytes));
    bytes = moqt_bytes (one->hex);
    g_byte_array_append (bytes, (const guint8 *) "\xff\xff", 2);
    size = bytes->len - head;
    bytes->data[head - 2] = (guint8) (size >> 8);
    bytes->data[head - 1] = (guint8) size;
    g_assert_cmpint (
        decode (one->draft, one->from_server, bytes->data, bytes->len, &used, &message, &problem),
        ==, EC_MOQT_READ_BAD);
  }
}

/* All of a draft's messages in a row, as they come from a stream. */
static void
test_one_byte_at_a_time (gconstpointer data)
{
  const EcMoqtDraft *draft = data;
  guint n = 0;

  for (guint server = 0; server < 2; server++) {
    g_autoptr (GByteArray) all = g_byte_array_new ();
    g_autoptr (GPtrArray) texts = g_ptr_array_new ();
    gsize start = 0;
    guint next = 0;

    for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
      g_autoptr (GByteArray) bytes = moqt_bytes (golden[i].hex);

      if (golden[i].draft != draft || golden[i].from_server != (gboolean) server)
        continue;
      g_byte_array_append (all, bytes->data, bytes->len);
      g_ptr_array_add (texts, (gpointer) golden[i].text);
    }
    for (gsize end = 0; end <= all->len; end++) {
      g_auto (EcMoqtMessage) message = { 0 };
      EcMoqtProblem problem = { 0 };
      gsize used;

      if (decode (draft, (gboolean) server, all->data + start, end - start, &used, &message,
                  &problem) == EC_MOQT_READ_DONE) {
        g_autofree char *text = moqt_message_to_text (&message);

        g_assert_cmpstr (text, ==, g_ptr_array_index (texts, next));
        g_assert_cmpuint (used, ==, end - start);
        start = end;
        next++;
      }
    }
    g_assert_cmpuint (next, ==, texts->len);
    n += next;
  }
  g_assert_cmpuint (n, >, 20);
}

static void
check_random (MoqtRandom *random, gboolean from_server)
{
  g_auto (EcMoqtMessage) message = { 0 }, again = { 0 };
  g_autoptr (GByteArray) bytes = g_byte_array_new (), out = g_byte_array_new ();
  g_autofree char *text = NULL, *text_again = NULL;
  EcMoqtProblem problem = { 0 };
  gsize used;

  moqt_random_message (random, from_server, &message);
  random->draft->write_message (bytes, from_server, &message);
  g_assert_cmpint (
      decode (random->draft, from_server, bytes->data, bytes->len, &used, &again, &problem), ==,
      EC_MOQT_READ_DONE);
  g_assert_cmpuint (used, ==, bytes->len);

  /* What the message is not for is left out; all else is there. */
  g_assert_cmpuint (again.params.has & ~message.params.has, ==, 0);
  message.params.has &= again.params.has | ~((EC_MOQT_PARAM_NAMESPACE_PREFIX << 1) - 1);
  if (again.params.n_tokens == 0) {
    EcMoqtParams none = { .has = message.params.has };

    for (guint i = 0; i < message.params.n_tokens; i++)
      g_clear_pointer (&message.params.tokens[i].value, g_bytes_unref);
    message.params.n_tokens = none.n_tokens;
  }
  text = moqt_message_to_text (&message);
  text_again = moqt_message_to_text (&again);
  g_assert_cmpstr (text, ==, text_again);

  random->draft->write_message (out, from_server, &again);
  g_assert_cmpmem (out->data, out->len, bytes->data, bytes->len);

  if (moqt_random_chance (random, 8)) {
    for (gsize size = 0; size < bytes->len; size++) {
      g_auto (EcMoqtMessage) part = { 0 };

      g_assert_cmpint (
          decode (random->draft, from_server, bytes->data, size, &used, &part, &problem), ==,
          EC_MOQT_READ_MORE);
    }
  }
}

static void
test_random (gconstpointer data)
{
  MoqtRandom random;

  for (guint seed = 0; seed < 5000; seed++) {
    moqt_random_init (&random, seed, data);
    check_random (&random, seed & 1);
  }
}

/* What one draft has read another can always write, and then read: a relay's way. */
static void
test_between_drafts (void)
{
  static const EcMoqtDraft *const ways[][2] = { { D16, D18 }, { D18, D16 } };
  MoqtRandom random;

  for (guint seed = 0; seed < 4000; seed++) {
    const EcMoqtDraft *to = ways[seed & 1][1];
    g_auto (EcMoqtMessage) message = { 0 }, there = { 0 };
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    EcMoqtProblem problem = { 0 };
    gsize used;

    moqt_random_init (&random, seed, ways[seed & 1][0]);
    moqt_random_message (&random, TRUE, &message);
    switch (message.kind) {
    case EC_MOQT_SUBSCRIBE:
    case EC_MOQT_SUBSCRIBE_OK:
    case EC_MOQT_PUBLISH:
    case EC_MOQT_PUBLISH_OK:
    case EC_MOQT_PUBLISH_DONE:
    case EC_MOQT_REQUEST_OK:
    case EC_MOQT_REQUEST_ERROR:
    case EC_MOQT_FETCH:
    case EC_MOQT_FETCH_OK:
    case EC_MOQT_SUBSCRIBE_TRACKS:
    case EC_MOQT_SUBSCRIBE_NAMESPACE:
      break;
    default:
      continue;
    }
    if (message.kind == EC_MOQT_SUBSCRIBE_TRACKS || message.kind == EC_MOQT_SUBSCRIBE_NAMESPACE) {
      g_assert_true (to == D18 || (D16)->own_stream & 1u << message.kind);
    }
    to->write_message (bytes, TRUE, &message);
    g_assert_cmpint (decode (to, TRUE, bytes->data, bytes->len, &used, &there, &problem), ==,
                     EC_MOQT_READ_DONE);
    if (message.name)
      g_assert_true (ec_moqt_name_equal (message.name, there.name));
  }
}

/* A timeout of 0, which 18 has: a peer of 16 that is told of it must close the session (its §11). */
static void
test_no_timeout (void)
{
  const EcMoqtProperty said[] = { { .type = 0x02 }, { .type = 0x04, .number = 7 } };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (said, 2);
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("a/b", "t", NULL);
  EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH, .name = name, .properties = properties };
  const EcMoqtDraft *const drafts[] = { D16, D18 };

  for (guint i = 0; i < 2; i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_auto (EcMoqtMessage) there = { 0 };
    EcMoqtProblem problem = { 0 };
    gsize used;

    drafts[i]->write_message (bytes, TRUE, &message);
    g_assert_cmpint (decode (drafts[i], TRUE, bytes->data, bytes->len, &used, &there, &problem), ==,
                     EC_MOQT_READ_DONE);
    g_assert_cmpuint (ec_moqt_properties_get_n (there.properties), ==, i + 1);
  }
}

typedef struct {
  const EcMoqtDraft *draft;
  gboolean from_server;
  const char *what;
  const char *hex;
  EcMoqtCloseCode code;
} Wrong;

#define BAD EC_MOQT_CLOSE_PROTOCOL_VIOLATION
#define FORMATTING EC_MOQT_CLOSE_KEY_VALUE_FORMATTING_ERROR

static const Wrong wrong[] = {
  { D16, FALSE, "unknown-type", "3f", BAD },
  { D16, FALSE, "server-setup-from-client", "21", BAD },
  { D16, TRUE, "client-setup-from-server", "20", BAD },
  { D16, FALSE, "subscribe-tracks", "4051", BAD },
  { D16, FALSE, "uri-from-client", "10 0002 0175", BAD },
  { D16, TRUE, "uri-too-long", "10 0002 6001", BAD },
  { D16, TRUE, "path-from-server", "21 0005 01 01022f61", EC_MOQT_CLOSE_INVALID_PATH },
  { D16, TRUE, "authority-from-server", "21 0004 01 050168", EC_MOQT_CLOSE_INVALID_AUTHORITY },
  { D16, FALSE, "path-no-uri", "20 0005 01 01022f20", EC_MOQT_CLOSE_MALFORMED_PATH },
  { D16, FALSE, "path-nul", "20 0005 01 01022f00", EC_MOQT_CLOSE_MALFORMED_PATH },
  { D16, FALSE, "authority-no-uri", "20 0004 01 0501ff", EC_MOQT_CLOSE_MALFORMED_AUTHORITY },
  { D16, FALSE, "max-request-id-twice", "20 0005 02 0201 0001", BAD },
  { D16, FALSE, "setup-too-few", "20 0003 02 0201", BAD },
  { D16, FALSE, "setup-uses-alias", "20 0005 01 0302 0201", BAD },
  { D16, FALSE, "setup-deletes-alias", "20 0005 01 0302 0001", BAD },
  { D16, FALSE, "no-namespace", "06 0003 01 00 00", BAD },
  { D16, FALSE, "33-fields", "08 0001 21", BAD },
  { D16, FALSE, "empty-field", "08 0003 02 0161 00", BAD },
  { D16, FALSE, "field-too-long", "08 0003 01 5001", BAD },
  { D16, FALSE, "unknown-parameter", "07 0004 01 01 3401", BAD },
  { D16, FALSE, "parameter-twice", "07 0006 01 02 0801 0001", BAD },
  { D16, FALSE, "timeout-0", "1e 0004 01 01 0200", BAD },
  { D16, FALSE, "priority-256", "1e 0005 01 01 204100", BAD },
  { D16, FALSE, "order-0", "1e 0004 01 01 2200", BAD },
  { D16, FALSE, "order-3", "1e 0004 01 01 2203", BAD },
  { D16, FALSE, "forward-2", "1e 0004 01 01 1002", BAD },
  { D16, FALSE, "filter-0", "1e 0005 01 01 210100", BAD },
  { D16, FALSE, "filter-5", "1e 0005 01 01 210105", BAD },
  { D16, FALSE, "filter-too-long", "1e 0006 01 01 21020200", BAD },
  { D16, FALSE, "filter-too-short", "1e 0006 01 01 21020305", BAD },
  { D16, FALSE, "filter-backward", "1e 0008 01 01 210404050004", BAD },
  { D16, FALSE, "location-too-long", "07 0007 01 01 0903010203", FORMATTING },
  { D16, FALSE, "token-kind", "06 000a 01 010161 01 03 03 040161", FORMATTING },
  { D16, FALSE, "token-empty", "06 0007 01 010161 01 03 00", FORMATTING },
  { D16, FALSE, "nine-tokens",
    "06 0029 01 010161 09 03020200 00020200 00020200 00020200 00020200 00020200 00020200 00020200 "
    "00020200",
    FORMATTING },
  { D16, FALSE, "kvp-too-long", "20 0006 01 09 80010000", BAD },
  { D16, FALSE, "property-order", "04 0005 01 05 00 2203", BAD },
  { D16, FALSE, "property-dynamic", "04 0005 01 05 00 3002", BAD },
  { D16, FALSE, "property-priority", "04 0006 01 05 00 0e4100", BAD },
  { D16, FALSE, "property-timeout-0", "04 0005 01 05 00 0200", BAD },
  { D16, FALSE, "property-cut", "04 0006 01 05 00 0b0500", BAD },
  { D16, FALSE, "reason-too-long", "05 0005 01 00 00 4401", BAD },
  { D16, FALSE, "fetch-kind", "16 0005 04 04 0203 00", BAD },
  { D16, FALSE, "end-of-track-2", "18 0005 02 02 0a03 00", BAD },
  { D16, FALSE, "interest-3", "11 0006 01 010161 03 00", BAD },
  { D16, FALSE, "type-overflow",
    "20 0037 06 ffffffffffffffff 00 fffffffffffffffe 00 fffffffffffffffe 00 fffffffffffffffe 00"
    " fffffffffffffffe 00 fffffffffffffffe 00",
    BAD },

  { D18, FALSE, "unknown-type", "3f", BAD },
  { D18, FALSE, "old-setup", "20", BAD },
  { D18, FALSE, "unsubscribe", "0a", BAD },
  { D18, FALSE, "uri-from-client", "10 0003 0175 00", BAD },
  { D18, TRUE, "uri-too-long", "10 0002 a001", BAD },
  { D18, TRUE, "goaway-parity", "10 0003 00 05 03", EC_MOQT_CLOSE_INVALID_REQUEST_ID },
  { D18, FALSE, "goaway-parity-client", "10 0003 00 05 04", EC_MOQT_CLOSE_INVALID_REQUEST_ID },
  { D18, TRUE, "path-from-server", "af00 0004 01022f61", EC_MOQT_CLOSE_INVALID_PATH },
  { D18, FALSE, "setup-uses-alias", "af00 0004 0302 0201", BAD },
  { D18, FALSE, "33-fields", "08 0001 21", BAD },
  { D18, FALSE, "empty-field", "08 0003 02 0161 00", BAD },
  { D18, FALSE, "unknown-parameter", "07 0003 01 3601", BAD },
  { D18, FALSE, "stray-parameter", "06 0007 01 010161 01 1001", BAD },
  { D18, FALSE, "stray-fill", "03 0009 01 010161 0162 01 0a05", BAD },
  { D18, FALSE, "parameter-twice", "07 0005 02 0801 0001", BAD },
  { D18, FALSE, "order-0", "07 0003 01 2200", BAD },
  { D18, FALSE, "forward-2", "07 0003 01 1002", BAD },
  { D18, FALSE, "filter-0", "07 0004 01 210100", BAD },
  { D18, FALSE, "filter-beyond", "07 000f 01 210c 04 ffffffffffffffffff 00 01", BAD },
  { D18, FALSE, "parameter-overflow", "07 000e 02 0801 fffffffffffffffff8 01 00", BAD },
  { D18, FALSE, "redirect-uri-from-client", "05 0007 34 00 00 0175 00 00", BAD },
  { D18, FALSE, "redirect-missing", "05 0003 34 00 00", BAD },
  { D18, FALSE, "redirect-uncalled", "05 0006 33 00 00 00 00 00", BAD },
  { D18, FALSE, "property-order", "04 0004 05 00 2203", BAD },
  { D18, FALSE, "property-overflow", "04 000e 05 00 01 00 ffffffffffffffffff 00", BAD },
  { D18, FALSE, "kvp-too-long", "04 0006 05 00 0b c10000", BAD },
};

static void
test_wrong (gconstpointer data)
{
  const Wrong *one = data;
  g_autoptr (GByteArray) bytes = moqt_bytes (one->hex);
  g_auto (EcMoqtMessage) message = { 0 };
  EcMoqtProblem problem = { 0 };
  gsize used;

  g_assert_cmpint (
      decode (one->draft, one->from_server, bytes->data, bytes->len, &used, &message, &problem), ==,
      EC_MOQT_READ_BAD);
  g_assert_cmphex (problem.code, ==, one->code);
  g_assert_cmpint (message.kind, ==, 0);
}

/* Names up to the limit, not beyond it. */
static void
test_longest_name (gconstpointer data)
{
  const EcMoqtDraft *draft = data;
  g_autofree guint8 *bytes = g_malloc0 (EC_MOQT_MAX_NAME_SIZE);
  EcMoqtField field = { bytes, EC_MOQT_MAX_NAME_SIZE - 1 }, track = { bytes, 1 };
  g_autoptr (EcMoqtName) name = ec_moqt_name_new (&field, 1, &track);
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE, .name = name };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_auto (EcMoqtMessage) again = { 0 };
  EcMoqtProblem problem = { 0 };
  gsize used;

  draft->write_message (out, FALSE, &message);
  g_assert_cmpint (decode (draft, FALSE, out->data, out->len, &used, &again, &problem), ==,
                   EC_MOQT_READ_DONE);
  g_assert_true (ec_moqt_name_equal (name, again.name));
  ec_moqt_message_clear (&again);

  /* One byte more of track: its length, and the message's. */
  out->data[out->len - 3] = 2;
  g_byte_array_append (out, (const guint8 *) "", 1);
  out->data[2]++;
  g_assert_cmpint (decode (draft, FALSE, out->data, out->len, &used, &again, &problem), ==,
                   EC_MOQT_READ_BAD);
  g_assert_cmphex (problem.code, ==, BAD);
}

static void
test_params_update (void)
{
  MoqtRandom random;

  for (guint seed = 0; seed < 200; seed++) {
    g_auto (EcMoqtMessage) held = { 0 }, update = { 0 };
    g_autofree char *wanted = NULL, *text = NULL;
    guint has;

    moqt_random_init (&random, seed, D18);
    while (held.kind != EC_MOQT_SUBSCRIBE) {
      ec_moqt_message_clear (&held);
      moqt_random_message (&random, FALSE, &held);
    }
    while (update.kind != EC_MOQT_SUBSCRIBE) {
      ec_moqt_message_clear (&update);
      moqt_random_message (&random, FALSE, &update);
    }
    has = held.params.has | update.params.has;
    ec_moqt_params_update (&held.params, &update.params);
    g_assert_cmphex (held.params.has, ==, has);
    /* Only what was said both times, or in the update alone, is equal now. */
    held.params.has &= update.params.has;
    if (update.params.n_tokens == 0)
      continue;
    {
      EcMoqtMessage a = { .kind = EC_MOQT_SUBSCRIBE, .params = held.params };
      EcMoqtMessage b = { .kind = EC_MOQT_SUBSCRIBE, .params = update.params };

      text = moqt_message_to_text (&a);
      wanted = moqt_message_to_text (&b);
      g_assert_cmpstr (text, ==, wanted);
    }
  }
}

static void
test_codes (void)
{
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++) {
    g_assert_true (ec_moqt_draft_find ((*draft)->alpn) == *draft);
    g_assert_cmpint ((*draft)->reset_code_read (0x9d), ==, EC_MOQT_RESET_INTERNAL_ERROR);
    g_assert_cmpint (
        (*draft)->reset_code_read ((*draft)->reset_code (EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS)), ==,
        EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS);
    g_assert_cmphex ((*draft)->reset_code (EC_MOQT_RESET_MALFORMED_TRACK), ==, 0x12);
  }
  g_assert_cmphex ((D16)->reset_code (EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS), ==, 4);
  g_assert_cmphex ((D18)->reset_code (EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS), ==, 6);
  g_assert_null (ec_moqt_draft_find ("moqt-99"));
  g_assert_cmpstr (ec_moqt_draft_alpns ()[0], ==, "moqt-18");
  g_assert_cmpuint (g_strv_length ((char **) ec_moqt_draft_alpns ()), ==, 2);
  g_assert_cmpstr (ec_moqt_close_code_to_string (0x1a), ==, "MALFORMED_AUTHORITY");
  g_assert_cmpstr (ec_moqt_close_code_to_string (0xa), ==, "unknown code");
  g_assert_cmpstr (ec_moqt_close_code_to_string (G_MAXUINT64), ==, "unknown code");
}

static void
add (const char *kind,
     const EcMoqtDraft *draft,
     guint i,
     const char *what,
     GTestDataFunc func,
     gconstpointer data)
{
  g_autofree char *path =
      g_strdup_printf ("/moqt/message/%u/%s/%02u-%s", draft->number, kind, i, what);

  for (char *c = path; *c; c++)
    *c = *c == ' ' ? '-' : *c;
  g_test_add_data_func (path, data, func);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
    g_autofree char *kind = g_strndup (golden[i].text, strcspn (golden[i].text, " "));

    add ("bytes", golden[i].draft, i, kind, test_golden, &golden[i]);
    add ("prefixes", golden[i].draft, i, kind, test_golden_prefixes, &golden[i]);
    add ("lengths", golden[i].draft, i, kind, test_golden_shortened, &golden[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    add ("refused", wrong[i].draft, i, wrong[i].what, test_wrong, &wrong[i]);
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++) {
    add ("all", *draft, 0, "one-byte-at-a-time", test_one_byte_at_a_time, *draft);
    add ("all", *draft, 0, "random", test_random, *draft);
    add ("all", *draft, 0, "longest-name", test_longest_name, *draft);
  }
  g_test_add_func ("/moqt/message/between-drafts", test_between_drafts);
  g_test_add_func ("/moqt/message/no-timeout", test_no_timeout);
  g_test_add_func ("/moqt/message/params-update", test_params_update);
  g_test_add_func ("/moqt/message/codes", test_codes);
  return g_test_run ();
}
