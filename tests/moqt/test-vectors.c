/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * moqtap's public test vectors: each is decoded, and written again where it is canonical. Where one contradicts the
 * draft, or we write another form of the same, `differences` says which, and why; that too is checked.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "moqt-text.h"
#include "moqt/ec-moqt-varint.h"

typedef enum {
  DECODES,   /* and is written as it was */
  REWRITTEN, /* decodes, but is written otherwise */
  REFUSED,
} Outcome;

typedef struct {
  const char *file;
  const char *id;
  Outcome outcome;
  const char *why;
} Difference;

static const Difference differences_16[] = {
  /* §9.2: “An endpoint that receives an unknown Message Parameter MUST close the session” */
  { "subscribe", "unknown-extension-param", REFUSED,
    "an unknown Message Parameter ends the session" },
  /* §9.2.2: “If it appears in some other type of message, it MUST be ignored” */
  { "publish-namespace", "with-forward", REWRITTEN,
    "FORWARD is not for PUBLISH_NAMESPACE (§9.2.2.8)" },
  { "subscribe-ok", "with-delivery-timeout", REWRITTEN,
    "DELIVERY_TIMEOUT is not for SUBSCRIBE_OK (§9.2.2.2)" },
  /* §1.4.2: types are deltas, also here; the vectors' second parameter, 22 behind 20, is of type 42. */
  { "fetch", "with-params", REFUSED, "the second type is not a delta" },
  { "publish-ok", "with-params", REFUSED, "the second type is not a delta" },
  /* §10.2.1.2: “If an endpoint receives extension headers on Objects with status that is not Normal, it MUST close” */
  { "subgroup", "subgroup-extensions-status-object", REFUSED, "extension headers of a status" },
  /* §10.4.4.2 names the fields that are there, and implementations have no payload length (moq-wg/moq-transport #1861):
   * the vectors' last byte, 00, begins an object that refers to a prior one, of which there is none. */
  { "fetch-header", "fetch-end-of-non-existent-range", REFUSED,
    "no payload length behind a range" },
  { "fetch-header", "fetch-end-of-unknown-range", REFUSED, "no payload length behind a range" },
  /* §10.4.4.1: “If the first Object in the FETCH response uses a flag that references fields in the prior Object, the
   * Subscriber MUST close the session”: both lack the priority. */
  { "fetch-header", "fetch-with-explicit-subgroup", REFUSED, "a first object without priority" },
  { "fetch-header", "fetch-datagram-forwarding", REFUSED, "a first object without priority" },
  /* No contradictions, but other bytes for the same: what is said by default is not said. */
  { "client-setup", "max-request-id-param", REWRITTEN, "a limit of 0 is the default (§9.3.1.3)" },
  { "datagram", "datagram-default-priority", REWRITTEN, "an object id of 0 has a bit (§10.3.1)" },
  { "datagram", "datagram-with-extensions", REWRITTEN, "an object id of 0 has a bit (§10.3.1)" },
  { "datagram", "datagram-end-of-track-status", REWRITTEN,
    "an object id of 0 has a bit (§10.3.1)" },
  { "datagram", "datagram-4byte-payload", REWRITTEN, "an object id of 0 has a bit (§10.3.1)" },
};

/* Of the newest vectors; the first ones for this draft had QUIC's variable-length integers, which it no longer has. Their varint.json still has
 * them (“RFC 9000 §16”), and is not run. */
static const Difference differences_18[] = {
  /* §10.2.2: “If a server receives Alias Type DELETE (0x0) or USE_ALIAS (0x2) in a SETUP message, it MUST close the session”: the vectors do not
   * say whose SETUP it is, and others of them are a client's. */
  { "setup", "with-auth-token-delete", REFUSED, "a client's SETUP deletes no alias" },
  /* §11.4.4.2, as in draft 16 */
  { "fetch-header", "fetch-end-of-non-existent-range", REFUSED,
    "no payload length behind a range" },
  { "fetch-header", "fetch-end-of-unknown-range", REFUSED, "no payload length behind a range" },
  /* No contradictions, but other bytes for the same */
  { "fetch-header", "fetch-stream-new-group-object-id-continues", REWRITTEN,
    "in a new group the object id is written (§11.4.4.1)" },
  { "datagram", "datagram-4byte-payload", REWRITTEN, "an object id of 0 has a bit (§11.3.1)" },
  { "datagram", "datagram-default-priority", REWRITTEN, "an object id of 0 has a bit (§11.3.1)" },
  { "datagram", "datagram-with-empty-properties", REWRITTEN,
    "an object id of 0 has a bit (§11.3.1)" },
  { "datagram", "datagram-with-properties-content", REWRITTEN,
    "an object id of 0 has a bit (§11.3.1)" },
};

/* The vectors of a draft. */
typedef struct {
  const EcMoqtDraft *draft;
  const char *folder;
  const Difference *differences;
  guint n_differences;
} Set;

static const Set set_16 = { &ec_moqt_draft_16, "draft16", differences_16,
                            G_N_ELEMENTS (differences_16) };
static const Set set_18 = { &ec_moqt_draft_18, "draft18", differences_18,
                            G_N_ELEMENTS (differences_18) };

static const Difference *
find_difference (const Set *set, const char *file, const char *id)
{
  for (guint i = 0; i < set->n_differences; i++) {
    if (strcmp (set->differences[i].file, file) == 0 && strcmp (set->differences[i].id, id) == 0)
      return &set->differences[i];
  }
  return NULL;
}

/* What is in the bytes, written again to `out`. */
static EcMoqtRead
read_stream (const EcMoqtDraft *draft, EcReader *reader, GByteArray *out, EcMoqtProblem *problem)
{
  EcMoqtStreamContext reading = { 0 }, writing;
  EcMoqtRead read = draft->read_stream_head (reader, &reading.head, problem);

  if (read != EC_MOQT_READ_DONE)
    return read;
  writing = reading;
  draft->write_stream_head (out, &reading.head);
  while (ec_reader_left (reader) > 0) {
    const guint8 *payload;
    EcMoqtItem item;

    read = draft->read_item (reader, &reading, &item, problem);
    if (read != EC_MOQT_READ_DONE)
      return read;
    draft->write_item (out, &writing, &item);
    payload = ec_reader_bytes (reader, (gsize) item.size);
    g_assert_nonnull (payload);
    g_byte_array_append (out, payload, (guint) item.size);
    ec_moqt_item_clear (&item);
  }
  return EC_MOQT_READ_DONE;
}

static EcMoqtRead
read_datagram (const EcMoqtDraft *draft, EcReader *reader, GByteArray *out, EcMoqtProblem *problem)
{
  gboolean padding;
  EcMoqtItem item;
  guint64 alias;
  EcMoqtRead read = draft->read_datagram (reader, &alias, &item, &padding, problem);

  if (read == EC_MOQT_READ_DONE) {
    draft->write_datagram_head (out, alias, &item);
    g_byte_array_append (out, ec_reader_bytes (reader, (gsize) item.size), (guint) item.size);
  }
  ec_moqt_item_clear (&item);
  return read;
}

static EcMoqtRead
read_message (const EcMoqtDraft *draft,
              gboolean from_server,
              EcReader *reader,
              GByteArray *out,
              EcMoqtProblem *problem)
{
  g_auto (EcMoqtMessage) message = { 0 };
  EcMoqtRead read = draft->read_message (reader, from_server, &message, problem);

  if (read == EC_MOQT_READ_DONE)
    draft->write_message (out, from_server, &message);
  return read;
}

/* What only a server says: a GOAWAY with a URI, a REQUEST_ERROR that redirects. */
static gboolean
is_from_server (const char *file)
{
  return strcmp (file, "server-setup") == 0 || strcmp (file, "goaway") == 0 ||
         strcmp (file, "request-error") == 0;
}

static void
check_error (const char *file, const char *error, EcMoqtRead read)
{
  /* A datagram is whole or wrong. */
  if (strcmp (error, "incomplete") == 0 && strcmp (file, "datagram") != 0)
    g_assert_cmpint (read, ==, EC_MOQT_READ_MORE);
  else
    g_assert_cmpint (read, ==, EC_MOQT_READ_BAD);
}

static void
check_vector (const Set *set, const char *file, JsonObject *vector, guint *n_differences)
{
  const EcMoqtDraft *draft = set->draft;
  const char *id = json_object_get_string_member (vector, "id");
  g_autoptr (GByteArray) bytes = moqt_bytes (json_object_get_string_member (vector, "hex"));
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const Difference *difference = find_difference (set, file, id);
  gboolean canonical = !json_object_has_member (vector, "canonical") ||
                       json_object_get_boolean_member (vector, "canonical");
  EcMoqtProblem problem = { 0 };
  EcReader reader;
  EcMoqtRead read;
  gboolean same;

  ec_reader_init (&reader, bytes->data, bytes->len);
  if (strcmp (file, "subgroup") == 0 || strcmp (file, "fetch-header") == 0)
    read = read_stream (draft, &reader, out, &problem);
  else if (strcmp (file, "datagram") == 0)
    read = read_datagram (draft, &reader, out, &problem);
  else
    read = read_message (draft, is_from_server (file), &reader, out, &problem);

  if (json_object_has_member (vector, "error")) {
    check_error (file, json_object_get_string_member (vector, "error"), read);
    return;
  }
  same = out->len == bytes->len && memcmp (out->data, bytes->data, out->len) == 0;
  g_test_message ("%s/%s: %s%s%s", file, id,
                  read == EC_MOQT_READ_DONE ? same ? "the same" : "rewritten" : "refused",
                  difference ? ", for " : "", difference ? difference->why : "");
  if (difference)
    (*n_differences)++;
  if (difference && difference->outcome == REFUSED) {
    g_assert_cmpint (read, !=, EC_MOQT_READ_DONE);
    return;
  }
  g_assert_cmpint (read, ==, EC_MOQT_READ_DONE);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 0);
  if (difference && difference->outcome == REWRITTEN)
    g_assert_false (same);
  else if (canonical)
    g_assert_cmpmem (out->data, out->len, bytes->data, bytes->len);
}

static JsonArray *
load (JsonParser *parser, const char *path)
{
  g_autoptr (GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)),
                                       "vectors");
}

static guint
check_folder (const Set *set, const char *top, const char *name, guint *n_differences)
{
  g_autofree char *folder = g_build_filename (top, name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((entry = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, entry, NULL);
    g_autofree char *file = g_strndup (entry, strcspn (entry, "."));
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonArray *vectors = load (parser, path);

    for (guint i = 0; i < json_array_get_length (vectors); i++, n++)
      check_vector (set, file, json_array_get_object_element (vectors, i), n_differences);
  }
  return n;
}

static char *
find_vectors (const char *draft)
{
  const char *top = g_getenv ("EC_TEST_VECTORS");
  g_autofree char *folder =
      top && *top ? g_build_filename (top, "moqt", draft, "codec", NULL) : NULL;

  if (folder && g_file_test (folder, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&folder);
  g_test_skip_printf (
      "the public test vectors of %s are not here: -Dvectors=FOLDER says where they are", draft);
  return NULL;
}

static void
test_draft (gconstpointer data)
{
  const Set *set = data;
  g_autofree char *folder = find_vectors (set->folder);
  guint n_differences = 0;
  guint n = 0;

  if (!folder)
    return;
  n += check_folder (set, folder, "messages", &n_differences);
  n += check_folder (set, folder, "data-streams", &n_differences);
  g_test_message ("%u vectors, %u differences", n, n_differences);
  g_assert_cmpuint (n, >, 100);
  g_assert_cmpuint (n_differences, ==, set->n_differences); /* none is out of date */
}

static void
test_varint (void)
{
  g_autofree char *folder = find_vectors ("draft16");
  g_autofree char *path = folder ? g_build_filename (folder, "varint.json", NULL) : NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *vectors;

  if (!folder)
    return;
  vectors = load (parser, path);
  for (guint i = 0; i < json_array_get_length (vectors); i++) {
    JsonObject *vector = json_array_get_object_element (vectors, i);
    g_autoptr (GByteArray) bytes = moqt_bytes (json_object_get_string_member (vector, "hex")),
                           out = g_byte_array_new ();
    gboolean canonical = !json_object_has_member (vector, "canonical") ||
                         json_object_get_boolean_member (vector, "canonical");
    EcReader reader;
    guint64 value;

    ec_reader_init (&reader, bytes->data, bytes->len);
    value = ec_moqt_varint_quic.read (&reader);
    if (json_object_has_member (vector, "error")) {
      g_assert_true (reader.failed);
      continue;
    }
    g_assert_cmpuint (
        value, ==,
        g_ascii_strtoull (json_object_get_string_member (
                              json_object_get_object_member (vector, "decoded"), "value"),
                          NULL, 10));
    ec_moqt_varint_quic.write (out, value);
    if (canonical)
      g_assert_cmpmem (out->data, out->len, bytes->data, bytes->len);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/moqt/vectors/draft-16", &set_16, test_draft);
  g_test_add_data_func ("/moqt/vectors/draft-18", &set_18, test_draft);
  g_test_add_func ("/moqt/vectors/varint", test_varint);
  return g_test_run ();
}
