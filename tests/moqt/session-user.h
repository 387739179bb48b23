/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"

/*
 * Who uses a session in tests: writes down what it is told, and checks that all of it is about something that lives, that
 * objects are what their place says (user_make_payload()), in order, and that nothing comes behind `closed`.
 */
typedef struct _User User;

struct _User {
  EcMoqtSession *session;
  GString *log;         /* "ready requested:SUBSCRIBE …" since user_take_log() */
  GHashTable *requests; /* those that live; the user adds its own by user_track() */
  GHashTable *streams;
  EcMoqtRequest *last; /* the latest that an event named */
  EcMoqtStream *stream;
  guint n_requested, n_begun, n_ended;
  guint n_objects, n_cut, n_datagrams;
  gboolean closed;
  gboolean keeps_credit; /* does not consume */
  GArray *kept;          /* (element-type gint64) if set: streams' ids that ended so */
  guint64 close_code;
  EcMoqtErrorCode error;
  EcMoqtDoneCode done;
  /* What to do with requests; NULL: nothing */
  void (*on_requested) (User *self, EcMoqtRequest *request);
  void (*on_event) (User *self); /* behind each */
  gpointer data;
};

extern const EcMoqtEvents user_events;

void user_init (User *self);
void user_clear (User *self);
/* What was written down, to be compared; valid until the next call. */
const char *user_take_log (User *self);
EcMoqtRequest *user_track (User *self, EcMoqtRequest *request);
void user_untrack (User *self, EcMoqtRequest *request);
EcMoqtStream *user_track_stream (User *self, EcMoqtStream *stream);
void user_untrack_stream (User *self, EcMoqtStream *stream);

EcMoqtName *user_name (const char *path, const char *track);
gsize user_payload_size (const EcMoqtName *track, EcMoqtLocation location);
EcPayload *user_make_payload (const EcMoqtName *track, EcMoqtLocation location);
/* The whole object, made from its place. */
void user_write_object (EcMoqtStream *stream, EcMoqtLocation location);

/* Adds /moqt/session/DRAFT/GROUP… for each of the drafts, which is the test's data; `group` is empty or ends in “/”. */
typedef struct {
  const char *name;
  GTestDataFunc func;
} UserTest;

void user_add_tests (const char *group, const UserTest *tests, gsize n_tests);
