/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-discovery.h"

#include "media/ec-media-random.h"
#include "media/ec-tuner-packet.h"
#include "media/ec-tuner-pages.h"

struct _EcTunerDiscovery {
  EcTunerDevice *device;
  GSocket *socket;
  GSource *source;
  struct hdhomerun_pkt_t *packet;
};

guint32
ec_tuner_make_device_id (guint64 entropy)
{
  guint32 id = 0x10000000 | (guint32) (ec_media_mix (entropy) & 0x00fffff0);

  /* The last digit is the checksum: one of the sixteen is right. */
  for (guint i = 0; i < 16; i++) {
    if (hdhomerun_discover_validate_device_id (id | i))
      return id | i;
  }
  g_assert_not_reached ();
}

/* Whether a request means this device. */
static gboolean
is_for_us (EcTunerDiscovery *self)
{
  guint32 id = ec_tuner_device_get_config (self->device)->device_id;
  gboolean type_ok = FALSE, id_ok = TRUE;
  uint8_t tag;
  size_t length;
  uint8_t *next;

  while ((next = ec_tuner_packet_read_tag (self->packet, &tag, &length)) != NULL) {
    if (tag == HDHOMERUN_TAG_DEVICE_TYPE || tag == EC_TUNER_TAG_MULTI_TYPE) {
      for (gsize i = 0; i + 4 <= length; i += 4) {
        guint32 type = hdhomerun_pkt_read_u32 (self->packet);

        type_ok |= type == HDHOMERUN_DEVICE_TYPE_TUNER || type == HDHOMERUN_DEVICE_TYPE_WILDCARD;
      }
    } else if (tag == HDHOMERUN_TAG_DEVICE_ID && length == 4) {
      guint32 wanted = hdhomerun_pkt_read_u32 (self->packet);

      id_ok = wanted == HDHOMERUN_DEVICE_ID_WILDCARD || wanted == id;
    }
    self->packet->pos = next;
  }
  return type_ok && id_ok;
}

/* The address at which a client at `remote` reaches us: our own, or, on any, the route's. */
static char *
dup_local_address (EcTunerDiscovery *self, GSocketAddress *remote)
{
  const char *bound = ec_tuner_device_get_config (self->device)->address;
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (bound);
  g_autoptr (GSocket) probe = NULL;
  g_autoptr (GSocketAddress) local = NULL;

  if (address && !g_inet_address_get_is_any (address))
    return g_strdup (bound);
  probe = g_socket_new (g_socket_address_get_family (remote), G_SOCKET_TYPE_DATAGRAM,
                        G_SOCKET_PROTOCOL_UDP, NULL);
  if (probe && g_socket_connect (probe, remote, NULL, NULL))
    local = g_socket_get_local_address (probe, NULL);
  if (!local)
    return g_strdup ("127.0.0.1");
  return g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local)));
}

static void
reply (EcTunerDiscovery *self, GSocketAddress *remote)
{
  const EcTunerConfig *config = ec_tuner_device_get_config (self->device);
  g_autofree char *address = dup_local_address (self, remote);
  g_autofree char *base = ec_tuner_device_dup_base_url (self->device, address);
  g_autofree char *lineup = g_strconcat (base, "/lineup.json", NULL);
  g_autofree char *auth = ec_tuner_dup_device_auth (self->device);
  struct hdhomerun_pkt_t *packet = self->packet;

  hdhomerun_pkt_reset (packet);
  ec_tuner_packet_write_u32 (packet, HDHOMERUN_TAG_DEVICE_TYPE, HDHOMERUN_DEVICE_TYPE_TUNER);
  ec_tuner_packet_write_u32 (packet, HDHOMERUN_TAG_DEVICE_ID, config->device_id);
  hdhomerun_pkt_write_u8 (packet, HDHOMERUN_TAG_TUNER_COUNT);
  hdhomerun_pkt_write_var_length (packet, 1);
  hdhomerun_pkt_write_u8 (packet, (uint8_t) config->tuner_count);
  ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_DEVICE_AUTH_STR, auth, strlen (auth));
  ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_BASE_URL, base, strlen (base));
  ec_tuner_packet_write_text (packet, HDHOMERUN_TAG_LINEUP_URL, lineup, strlen (lineup));
  hdhomerun_pkt_seal_frame (packet, HDHOMERUN_TYPE_DISCOVER_RPY);
  g_socket_send_to (self->socket, remote, (const char *) packet->start,
                    (gsize) (packet->end - packet->start), NULL, NULL);
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  EcTunerDiscovery *self = user_data;
  g_autoptr (GSocketAddress) remote = NULL;
  uint16_t type;
  gssize n;

  hdhomerun_pkt_reset (self->packet);
  n = g_socket_receive_from (socket, &remote, (char *) self->packet->start,
                             HDHOMERUN_MAX_PACKET_SIZE, NULL, NULL);
  if (n <= 0)
    return G_SOURCE_CONTINUE;
  self->packet->end += n;
  if (hdhomerun_pkt_open_frame (self->packet, &type) > 0 && type == HDHOMERUN_TYPE_DISCOVER_REQ &&
      is_for_us (self))
    reply (self, remote);
  return G_SOURCE_CONTINUE;
}

EcTunerDiscovery *
ec_tuner_discovery_new (EcTunerDevice *device, guint *port, GError **error)
{
  const char *address = ec_tuner_device_get_config (device)->address;
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (address, *port);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) got = NULL;
  EcTunerDiscovery *self;

  g_assert (wanted); /* the HTTP server listens there already */
  socket = g_socket_new (g_socket_address_get_family (wanted), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_UDP, error);
  if (!socket || !g_socket_bind (socket, wanted, FALSE, error)) {
    g_prefix_error (
        error, "The simulated tuner cannot listen for discovery on %s port %u: ", address, *port);
    return NULL;
  }
  got = g_socket_get_local_address (socket, error);
  if (!got)
    return NULL;
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  g_socket_set_blocking (socket, FALSE);

  self = g_new0 (EcTunerDiscovery, 1);
  self->device = device;
  self->socket = g_steal_pointer (&socket);
  self->packet = hdhomerun_pkt_create ();
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
ec_tuner_discovery_free (EcTunerDiscovery *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_object_unref (self->socket);
  hdhomerun_pkt_destroy (self->packet);
  g_free (self);
}
