/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "moqt/ec-moqt-draft.h"
#include "seal/ec-identity.h"
#include "transport/ec-transport.h"

/*
 * How a session's transport comes about: by dialling a URI, or by listening. Implemented in ec-session-dial.c and
 * ec-session-listen.c, the only ones that know what transports there are.
 *
 *   moqt://HOST[:PORT][/PATH]    QUIC, ALPN moqt-NN. The port is 443 if it is not said (MOQT §3.1.2)
 *   https://HOST[:PORT][/PATH]   WebTransport over HTTP/3
 */

/* The environment names a folder for qlog, by the name that QUIC tools agree on. Of TLS secrets GnuTLS keeps a log itself, where
 * SSLKEYLOGFILE is. */
#define EC_MOQ_QLOG_VARIABLE "QLOGDIR"

typedef struct {
  const char *uri;
  /* What the server must show: one of these hashes (GBytes of 32, SHA-256 of the certificate), if any; else a certificate
   * for its name from this PEM file's authorities, if given; else from the system's. */
  GPtrArray *certificate_hashes;
  const char *ca_file;
  GBytes *token;        /* an authorization token, shown to the server in SETUP; nullable */
  GBytes *proof;        /* another one, which says who we are (ECP-0006 §3); nullable */
  EcIdentity *identity; /* shown as a raw public key where the server takes one; nullable */
  const char *const
      *protocols;     /* drafts offered ("moqt-18", …), NULL-terminated; NULL: all of ours */
  const char *origin; /* WebTransport: the page that it is for, told as a browser does; nullable */
  guint timeout_ms;   /* for all of it; 0: 10,000 */
  guint idle_timeout_ms;     /* 0: 30,000 */
  guint64 connection_window; /* bytes; 0: 16 MiB */
} EcMoqDialConfig;

/*
 * A transport that is about to be established, with the draft that will be spoken; on the transport's thread, before its first event:
 * make an EcMoqLink at once. Or `error`, in a thread of libec's; its text says what failed and what can be done.
 */
typedef void (*EcMoqDialledFunc) (gpointer user_data,
                                  EcTransport *transport,
                                  const EcMoqtDraft *draft,
                                  GError *error);

/* From any thread. All of a host name's addresses are tried, an IPv4 and an IPv6 one in turns, each 250 ms after the last began (RFC 8305). */
void ec_moq_dial (const EcMoqDialConfig *config,
                  GCancellable *cancellable,
                  EcMoqDialledFunc dialled,
                  gpointer user_data);

/* Closes all that was dialled, and waits, for a bounded time, until the peers were told. Nothing can be dialled afterwards. */
void ec_moq_dial_end (void);

typedef struct _EcMoqListener EcMoqListener;

/* A peer has connected; on the transport's thread: FALSE refuses, TRUE takes the reference over. WebTransport's path and origin are in
 * its info. */
typedef gboolean (*EcMoqAcceptFunc) (gpointer user_data,
                                     EcTransport *transport,
                                     const EcMoqtDraft *draft);

typedef struct {
  const char *const
      *listen; /* "[::]:4443", "127.0.0.1:0", "4443" for all addresses; NULL-terminated */
  const char *
      certificate_file; /* PEM, with key_file; NULL: self-signed, made now and renewed while running */
  const char *key_file;
  const char *const
      *names; /* what a self-signed certificate is for; NULL: localhost and the addresses */
  EcIdentity *identity;         /* shown to those who ask for a raw public key; nullable */
  const char *const *protocols; /* NULL: all of ours */
  const char *const *origins;   /* of browsers' pages that may connect; NULL: all */
  guint n_workers;              /* 0: one a core */
  guint max_connections;        /* 0: 4,096 */
  guint64 connection_window;    /* 0: 16 MiB */
  guint64 first_window;         /* of a connection, before anything was consumed; 0: all of it */
  guint64 memory_pool;          /* see EcQuicEndpointConfig; 0: no limit */
  EcMoqAcceptFunc accept;
  gpointer user_data;
} EcMoqListenerConfig;

EcMoqListener *ec_moq_listener_new (const EcMoqListenerConfig *config,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "127.0.0.1:41023", "[::1]:41023"; NULL-terminated, owned by the listener. */
const char *const *ec_moq_listener_get_addresses (EcMoqListener *self);
/* Renews what is due as of now, in seconds since 1970: so what follows is right, had nobody dialled for days. */
void ec_moq_listener_renew_certificates (EcMoqListener *self, gint64 now_s);
/* SHA-256 of the self-signed certificates as of now, the current one first; GBytes (transfer full). */
GPtrArray *ec_moq_listener_get_certificate_hashes (EcMoqListener *self);
/* No more are accepted; the rest are closed after what they still send, within a bounded time. */
void ec_moq_listener_stop (EcMoqListener *self);
void ec_moq_listener_free (EcMoqListener *self); /* stops, waits for the threads */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqListener, ec_moq_listener_free)
