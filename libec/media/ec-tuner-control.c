/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-control.h"

#include "media/ec-tuner-packet.h"
#include "media/ec-tuner-variables.h"

#define MAX_CLIENTS 32
#define FRAME_OVERHEAD 8 /* type, length, CRC */

struct _EcTunerControl {
  EcTunerDevice *device;
  GSocketService *service;
  GPtrArray *clients; /* of Client, owned */
  struct hdhomerun_pkt_t *packet;
};

typedef struct {
  EcTunerControl *control;
  GSocketConnection *connection;
  GSource *source;
  char *address; /* the client's, numeric */
  gsize filled;
  guint8 buffer[HDHOMERUN_MAX_PACKET_SIZE];
} Client;

typedef struct {
  char *name, *value; /* NULL where not sent */
  guint32 key;
} Request;

static void
client_free (gpointer data)
{
  Client *self = data;

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_free (self->address);
  g_free (self);
}

static void
parse_request (struct hdhomerun_pkt_t *packet, Request *request)
{
  uint8_t tag, *next;
  size_t length;

  memset (request, 0, sizeof *request);
  while ((next = ec_tuner_packet_read_tag (packet, &tag, &length)) != NULL) {
    if (tag == HDHOMERUN_TAG_GETSET_NAME && !request->name)
      request->name = g_strndup ((const char *) packet->pos, length);
    else if (tag == HDHOMERUN_TAG_GETSET_VALUE && !request->value)
      request->value = g_strndup ((const char *) packet->pos, length);
    else if (tag == HDHOMERUN_TAG_GETSET_LOCKKEY && length == 4)
      request->key = hdhomerun_pkt_read_u32 (packet);
    packet->pos = next;
  }
}

/* Answers the request in the control's packet; the answer replaces it. */
static void
answer (Client *self)
{
  struct hdhomerun_pkt_t *packet = self->control->packet;
  EcTunerDevice *device = self->control->device;
  g_autofree char *result = NULL;
  const char *error = NULL;
  Request request;

  parse_request (packet, &request);
  if (!request.name)
    error = "ERROR: invalid request";
  else if (!request.value || ec_tuner_variable_set (device, request.name, request.value,
                                                    request.key, self->address, &error))
    result = ec_tuner_variable_get (device, request.name, &error);

  hdhomerun_pkt_reset (packet);
  if (request.name)
    ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_GETSET_NAME, request.name,
                                strlen (request.name) + 1);
  if (result)
    ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_GETSET_VALUE, result, strlen (result) + 1);
  else
    ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_ERROR_MESSAGE, error, strlen (error) + 1);
  hdhomerun_pkt_seal_frame (packet, HDHOMERUN_TYPE_GETSET_RPY);
  g_free (request.name);
  g_free (request.value);
}

/* Handles the frames that are complete; FALSE if the client is not to be heard any longer. */
static gboolean
handle_frames (Client *self)
{
  struct hdhomerun_pkt_t *packet = self->control->packet;
  GSocket *socket = g_socket_connection_get_socket (self->connection);

  while (self->filled >= FRAME_OVERHEAD) {
    gsize size = ((gsize) self->buffer[2] << 8 | self->buffer[3]) + FRAME_OVERHEAD;
    gssize length;
    uint16_t type;

    if (size > sizeof self->buffer)
      return FALSE;
    if (size > self->filled)
      return TRUE;
    hdhomerun_pkt_reset (packet);
    memcpy (packet->start, self->buffer, size);
    packet->end = packet->start + size;
    self->filled -= size;
    memmove (self->buffer, self->buffer + size, self->filled);
    if (hdhomerun_pkt_open_frame (packet, &type) <= 0 || type != HDHOMERUN_TYPE_GETSET_REQ)
      return FALSE;
    answer (self);
    /* Answers fit the socket's buffer; a client that lets it fill up is dropped. */
    length = packet->end - packet->start;
    if (g_socket_send (socket, (const char *) packet->start, (gsize) length, NULL, NULL) != length)
      return FALSE;
  }
  return TRUE;
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive (socket, (char *) self->buffer + self->filled,
                               sizeof self->buffer - self->filled, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (n > 0) {
    self->filled += (gsize) n;
    if (handle_frames (self))
      return G_SOURCE_CONTINUE;
  }
  g_ptr_array_remove_fast (self->control->clients, self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source_object,
             gpointer user_data)
{
  EcTunerControl *self = user_data;
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  GSocket *socket = g_socket_connection_get_socket (connection);
  Client *client;

  if (!remote || self->clients->len >= MAX_CLIENTS)
    return TRUE;
  client = g_new0 (Client, 1);
  client->control = self;
  client->connection = g_object_ref (connection);
  client->address =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
  g_socket_set_blocking (socket, FALSE);
  client->source = g_socket_create_source (socket, G_IO_IN | G_IO_HUP | G_IO_ERR, NULL);
  g_source_set_callback (client->source, G_SOURCE_FUNC (on_readable), client, NULL);
  g_source_attach (client->source, g_main_context_get_thread_default ());
  g_ptr_array_add (self->clients, client);
  return TRUE;
}

EcTunerControl *
ec_tuner_control_new (EcTunerDevice *device, guint port, GError **error)
{
  const char *text = ec_tuner_device_get_config (device)->address;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, port);
  EcTunerControl *self = g_new0 (EcTunerControl, 1);

  self->device = device;
  self->clients = g_ptr_array_new_with_free_func (client_free);
  self->packet = hdhomerun_pkt_create ();
  self->service = g_socket_service_new ();
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address,
                                      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, NULL,
                                      error)) {
    g_prefix_error (error, "The simulated tuner cannot listen for control on %s port %u: ", text,
                    port);
    ec_tuner_control_free (self);
    return NULL;
  }
  g_socket_service_start (self->service);
  return self;
}

void
ec_tuner_control_free (EcTunerControl *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_ptr_array_unref (self->clients);
  hdhomerun_pkt_destroy (self->packet);
  g_free (self);
}
