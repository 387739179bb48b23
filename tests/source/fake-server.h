/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A small HTTP server on loopback that can misbehave: its handlers own the connection and may send
 * half an answer, fall silent or hang up. Each connection has a thread.
 */
typedef struct _FakeServer FakeServer;

typedef struct {
  FakeServer *server;
  GSocketConnection *connection;
  const char *method;
  const char *path; /* with the query */
  gpointer user_data;
} FakeRequest;

typedef void (*FakeHandler) (FakeRequest *request);

FakeServer *fake_server_new (FakeHandler handler, gpointer user_data);

/* Hangs up on everyone and waits for the handlers. */
void fake_server_free (FakeServer *server);

guint fake_server_get_port (FakeServer *server);

/* Requests whose path begins with `prefix`, so far. */
guint fake_server_count (FakeServer *server, const char *prefix);

/* Connections that are open now. */
guint fake_server_get_open (FakeServer *server);

/* Waits (5 s at most) until so many connections are open. */
gboolean fake_server_wait_open (FakeServer *server, guint n);

/* A whole answer; headers: lines that end in CR LF, or "". */
void fake_reply (FakeRequest *request, const char *status, const char *headers, const char *body);

/* The head of an answer without a length. */
void fake_reply_head (FakeRequest *request, const char *status, const char *headers);

/* FALSE when the client is gone. */
gboolean fake_send (FakeRequest *request, gconstpointer data, gsize size);

/* `n` packets at about `rate` packets a second (0: at once); 0 packets: until the client is gone. */
gboolean fake_send_ts (FakeRequest *request, guint16 pid, guint n, guint rate);

/* Waits until the client hangs up or the server ends. */
void fake_hold (FakeRequest *request);

/* A packet on `pid` whose payload starts with `index`. */
void fake_ts_packet (guint8 packet[188], guint16 pid, guint32 index);
