/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Objects in datagrams (§11.3), both ways. */

void
ec_moqt_receive_datagram (EcMoqtSession *self, const guint8 *data, gsize size)
{
  EcMoqtProblem problem = { EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A malformed datagram" };
  EcMoqtItem item = { 0 };
  EcMoqtObject object = { 0 };
  EcReader reader;
  EcMoqtAlias *entry;
  guint64 alias = 0;
  gboolean padding = FALSE;
  const char *fault;

  ec_reader_init (&reader, data, size);
  if (self->draft->read_datagram (&reader, &alias, &item, &padding, &problem) !=
      EC_MOQT_READ_DONE) {
    ec_moqt_session_fail (self, problem.code, problem.text);
    return;
  }
  entry = padding ? NULL : ec_moqt_alias_find (self, alias);
  /* Of a track that is not known yet it may be dropped (§11.3). */
  if (entry && entry->request && ec_moqt_request_is_granted (entry->request)) {
    object.location = item.location;
    object.datagram = TRUE;
    object.priority =
        item.has_priority ? item.priority : ec_moqt_request_get_default_priority (entry->request);
    object.status = item.status;
    object.end_of_group = item.end_of_group;
    object.properties = item.properties;
    object.size = ec_reader_left (&reader);
    fault = ec_moqt_receive_find_bad_property (self, &item);
    if (!fault)
      fault = ec_moqt_ends_object (entry->request, item.location, item.status);
    if (!fault && item.end_of_group && item.location.object < G_MAXUINT64)
      fault = ec_moqt_ends_group (entry->request, item.location.group, item.location.object + 1);
    if (fault)
      ec_moqt_receive_malformed (entry->request, fault);
    else
      ec_moqt_emit (self, datagram, entry->request, &object, reader.data + reader.pos, object.size);
  }
  ec_moqt_item_clear (&item);
}

gboolean
ec_moqt_request_send_datagram (EcMoqtRequest *self, const EcMoqtObject *object, EcPayload *payload)
{
  EcMoqtSession *session = self->session;
  EcMoqtItem item = { 0 };
  gsize size = payload ? ec_payload_get_size (payload) : 0;

  if (ec_moqt_session_is_over (session) || !ec_moqt_request_can_send (self) ||
      MAX (object->location.group, object->location.object) > session->draft->max_number)
    return FALSE;
  item.location = object->location;
  item.datagram = TRUE;
  item.has_priority = TRUE;
  item.priority = object->priority;
  item.status = object->status;
  item.end_of_group = object->end_of_group;
  item.properties = object->properties;
  item.size = size;
  g_byte_array_set_size (session->scratch, 0);
  session->draft->write_datagram_head (session->scratch, self->alias, &item);
  if (session->scratch->len + size > session->io.get_max_datagram (session->io_data))
    return FALSE;
  /* §7.2: by priorities as streams are; beside those of the same ones “the order is implementation dependent”: it goes first, since
   * what waits ages (§8). What is to go by group and object are a few that wait at most; they go as they come. */
  session->io.send_datagram (session->io_data, ec_moqt_request_get_level (self, object->priority),
                             session->scratch->data, session->scratch->len, payload);
  return TRUE;
}
