/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-dial.h"

#include <string.h>

#include "base/ec-error.h"
#include "quic/ec-quic-endpoint.h"
#include "seal/ec-identity-private.h"
#include "session/ec-moq-deaf.h"
#include "webtransport/ec-wt.h"

struct _EcMoqListener {
  EcQuicEndpoint *endpoint;       /* owned */
  EcQuicCredentials *credentials; /* owned */
  char **protocols;               /* of MOQT */
  char **origins;                 /* nullable: all */
  char **addresses;
  EcMoqAcceptFunc accept;
  gpointer user_data;
};

/* -- Who comes, on a worker's thread */

/* The first of ours that the client offers as well; NULL: there is none. */
static const char *
choose_protocol (EcMoqListener *self, const char *const *offered)
{
  for (gsize i = 0; self->protocols[i]; i++)
    if (g_strv_contains (offered, self->protocols[i]))
      return self->protocols[i];
  return NULL;
}

static void
on_request (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer)
{
  EcMoqListener *self = user_data;

  /* Who sends no Origin is no browser, and no page can do harm in its user's name. */
  if (self->origins && request->origin &&
      !g_strv_contains ((const char *const *) self->origins, request->origin)) {
    answer->status = 403;
    return;
  }
  answer->protocol = choose_protocol (self, request->protocols);
  answer->status = answer->protocol ? 200 : 400;
}

static void
on_session (gpointer user_data, EcTransport *session)
{
  EcMoqListener *self = user_data;
  const EcMoqtDraft *draft;
  EcTransportInfo info;

  ec_transport_get_info (session, &info);
  draft = ec_moqt_draft_find (info.protocol);
  if (!draft || !self->accept (self->user_data, session, draft))
    ec_moq_deaf_close (session, EC_MOQT_CLOSE_INTERNAL_ERROR, "not taken");
}

static void
on_h3_closed (gpointer user_data, const EcTransportClose *close)
{
}

static const EcWtServerEvents h3_events = {
  .request = on_request,
  .session = on_session,
  .closed = on_h3_closed,
};

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  EcMoqListener *self = user_data;
  const EcMoqtDraft *draft;

  if (g_str_equal (alpn, EC_WT_ALPN)) {
    /* It looks after itself, and goes with the connection. */
    ec_wt_server_new (transport, &h3_events, self);
    return TRUE;
  }
  draft = ec_moqt_draft_find (alpn);
  return draft && self->accept (self->user_data, transport, draft);
}

/* -- What was asked for */

/* “[::]:4443”, “127.0.0.1:0”, “4443”. */
static gboolean
add_address (GPtrArray *addresses, const char *text, GError **error)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL;
  GSocketAddress *address = NULL;
  guint64 port;

  if (!g_ascii_string_to_unsigned (colon ? colon + 1 : text, 10, 0, 65535, &port, NULL)) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                 "“%s” is no address to listen at: it needs a port. Write “[::]:4443”, "
                 "“127.0.0.1:0”, or “4443” for all addresses.",
                 text);
    return FALSE;
  }
  if (!colon) {
    g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("::", (guint) port));
    g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("0.0.0.0", (guint) port));
    return TRUE;
  }
  if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
    host = g_strndup (text + 1, (gsize) (colon - text) - 2);
  else
    host = g_strndup (text, (gsize) (colon - text));
  address = g_inet_socket_address_new_from_string (host, (guint) port);
  if (!address) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                 "“%s” is no address to listen at: “%s” is no address of this machine in numbers. "
                 "Write “[::]:4443”, “127.0.0.1:0”, or “4443” for all addresses.",
                 text, host);
    return FALSE;
  }
  g_ptr_array_add (addresses, address);
  return TRUE;
}

static GPtrArray *
parse_addresses (const char *const *listen, GError **error)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; listen && listen[i]; i++)
    if (!add_address (addresses, listen[i], error))
      return NULL;
  if (addresses->len == 0) {
    g_set_error_literal (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                         "There is no address to listen at. Write “[::]:4443”, “127.0.0.1:0”, or "
                         "“4443” for all addresses.");
    return NULL;
  }
  return g_steal_pointer (&addresses);
}

/* localhost, and the addresses that were said. */
static char **
default_names (GPtrArray *addresses)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  g_strv_builder_add_many (names, "localhost", "127.0.0.1", "::1", NULL);
  for (guint i = 0; i < addresses->len; i++) {
    GInetAddress *address = g_inet_socket_address_get_address (addresses->pdata[i]);
    g_autofree char *text = NULL;

    if (g_inet_address_get_is_any (address) || g_inet_address_get_is_loopback (address))
      continue;
    text = g_inet_address_to_string (address);
    g_strv_builder_add (names, text);
  }
  return g_strv_builder_end (names);
}

static gboolean
make_credentials (EcMoqListener *self,
                  const EcMoqListenerConfig *config,
                  GPtrArray *addresses,
                  GError **error)
{
  g_auto (GStrv) names = NULL;

  self->credentials = ec_quic_credentials_new ();
  if (config->identity && !ec_quic_credentials_add_raw_key (
                              self->credentials, ec_identity_get_seed (config->identity), error))
    return FALSE;
  if (config->certificate_file)
    return ec_quic_credentials_add_files (
        self->credentials, config->certificate_file,
        config->key_file ? config->key_file : config->certificate_file, error);
  names = config->names ? g_strdupv ((char **) config->names) : default_names (addresses);
  return ec_quic_credentials_add_self_signed (self->credentials, (const char *const *) names,
                                              g_get_real_time () / G_USEC_PER_SEC, error);
}

static gboolean
take_protocols (EcMoqListener *self, const char *const *wanted, GError **error)
{
  if (!wanted)
    wanted = ec_moqt_draft_alpns ();
  for (gsize i = 0; wanted[i]; i++) {
    if (!ec_moqt_draft_find (wanted[i])) {
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                   "“%s” is no draft of MOQT that is spoken here.", wanted[i]);
      return FALSE;
    }
  }
  self->protocols = g_strdupv ((char **) wanted);
  return TRUE;
}

static void
tell_addresses (EcMoqListener *self)
{
  g_autoptr (GPtrArray) addresses = ec_quic_endpoint_get_addresses (self->endpoint);
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();

  for (guint i = 0; i < addresses->len; i++) {
    GInetSocketAddress *address = addresses->pdata[i];
    g_autofree char *host = g_inet_address_to_string (g_inet_socket_address_get_address (address));
    g_autofree char *text = g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host,
                                             g_inet_socket_address_get_port (address));

    g_strv_builder_add (texts, text);
  }
  self->addresses = g_strv_builder_end (texts);
}

EcMoqListener *
ec_moq_listener_new (const EcMoqListenerConfig *config, GError **error)
{
  g_autoptr (EcMoqListener) self = g_new0 (EcMoqListener, 1);
  g_autoptr (GPtrArray) addresses = parse_addresses (config->listen, error);
  g_autoptr (GStrvBuilder) alpns = g_strv_builder_new ();
  g_auto (GStrv) alpn_list = NULL;
  EcQuicTuning tuning = { .connection_window = config->connection_window,
                          .first_window = config->first_window };
  EcQuicEndpointConfig endpoint = {
    .listen = addresses,
    .n_workers = config->n_workers,
    .accept = on_accept,
    .user_data = self,
    .qlog_folder = g_getenv (EC_MOQ_QLOG_VARIABLE),
    .max_connections = config->max_connections,
    .memory_pool = config->memory_pool,
  };

  if (!addresses || !take_protocols (self, config->protocols, error) ||
      !make_credentials (self, config, addresses, error))
    return NULL;
  self->origins = g_strdupv ((char **) config->origins);
  self->accept = config->accept;
  self->user_data = config->user_data;

  g_strv_builder_addv (alpns, (const char **) self->protocols);
  g_strv_builder_add (alpns, EC_WT_ALPN);
  alpn_list = g_strv_builder_end (alpns);
  endpoint.alpns = (const char *const *) alpn_list;
  endpoint.credentials = self->credentials;
  self->endpoint = ec_quic_endpoint_new (&endpoint, &tuning, error);
  if (!self->endpoint)
    return NULL;
  tell_addresses (self);
  return g_steal_pointer (&self);
}

const char *const *
ec_moq_listener_get_addresses (EcMoqListener *self)
{
  return (const char *const *) self->addresses;
}

void
ec_moq_listener_renew_certificates (EcMoqListener *self, gint64 now_s)
{
  ec_quic_credentials_renew (self->credentials, now_s);
}

GPtrArray *
ec_moq_listener_get_certificate_hashes (EcMoqListener *self)
{
  ec_moq_listener_renew_certificates (self, g_get_real_time () / G_USEC_PER_SEC);
  return ec_quic_credentials_get_hashes (self->credentials);
}

void
ec_moq_listener_stop (EcMoqListener *self)
{
  ec_quic_endpoint_stop (self->endpoint, EC_MOQT_CLOSE_NO_ERROR, "the server is shutting down");
}

void
ec_moq_listener_free (EcMoqListener *self)
{
  if (self->endpoint) {
    ec_moq_listener_stop (self);
    ec_quic_endpoint_unref (self->endpoint);
  }
  g_clear_pointer (&self->credentials, ec_quic_credentials_unref);
  g_strfreev (self->protocols);
  g_strfreev (self->origins);
  g_strfreev (self->addresses);
  g_free (self);
}
