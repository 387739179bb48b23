/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* draft-ietf-moq-transport-18 §2.4.1; of all drafts that we speak. */
#define EC_MOQT_MAX_NAME_FIELDS 32
#define EC_MOQT_MAX_NAME_SIZE 4096

/*
 * EcMoqtName: a track namespace (1 to 32 fields of bytes; 0 as a prefix), and a track's name if it is a full
 * track name. Immutable, counted by reference; any thread.
 */
typedef struct _EcMoqtName EcMoqtName;

typedef struct {
  const guint8 *data;
  gsize size;
} EcMoqtField;

/* NULL: too many fields, an empty one, or too long together. `track` NULL: a namespace only. */
EcMoqtName *ec_moqt_name_new (const EcMoqtField *fields,
                              guint n_fields,
                              const EcMoqtField *track) G_GNUC_WARN_UNUSED_RESULT;
/* The namespace of "ec/v1/atsc/2065/3/ts-canonical-1": fields by “/”, percent-decoded; with a track if not NULL. */
EcMoqtName *ec_moqt_name_new_from_path (const char *path,
                                        const char *track,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The full name of a track in this namespace. */
EcMoqtName *ec_moqt_name_new_track (const EcMoqtName *space,
                                    const EcMoqtField *track) G_GNUC_WARN_UNUSED_RESULT;
/* The namespace of a full track name. */
EcMoqtName *ec_moqt_name_new_namespace (const EcMoqtName *name) G_GNUC_WARN_UNUSED_RESULT;
/* `prefix` with `suffix`'s fields (and track) behind it; NULL as of ec_moqt_name_new(). */
EcMoqtName *ec_moqt_name_new_joined (const EcMoqtName *prefix,
                                     const EcMoqtName *suffix) G_GNUC_WARN_UNUSED_RESULT;
EcMoqtName *ec_moqt_name_ref (EcMoqtName *self);
void ec_moqt_name_unref (EcMoqtName *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqtName, ec_moqt_name_unref)

guint ec_moqt_name_get_n_fields (const EcMoqtName *self);
EcMoqtField ec_moqt_name_get_field (const EcMoqtName *self, guint i);
gboolean ec_moqt_name_is_track (const EcMoqtName *self);
EcMoqtField ec_moqt_name_get_track (const EcMoqtName *self); /* size 0 if a namespace */
/* Whether `self`'s fields begin with `prefix`'s. */
gboolean ec_moqt_name_has_prefix (const EcMoqtName *self, const EcMoqtName *prefix);
/* The fields behind the first `n`, and the track if there is one. */
EcMoqtName *ec_moqt_name_new_suffix (const EcMoqtName *self, guint n) G_GNUC_WARN_UNUSED_RESULT;

guint ec_moqt_name_hash (gconstpointer self);
gboolean ec_moqt_name_equal (gconstpointer a, gconstpointer b);
/* For people and logs: §1.5 “example.2enet-team2--report”. */
char *ec_moqt_name_to_string (const EcMoqtName *self) G_GNUC_WARN_UNUSED_RESULT;
/* Back from ec_moqt_name_new_from_path(): “ec/v1/atsc/2065/3/ts-canonical-1”, without the track. */
char *ec_moqt_name_to_path (const EcMoqtName *self) G_GNUC_WARN_UNUSED_RESULT;
/* For people who know that form: the same, and behind a blank the track. */
char *ec_moqt_name_to_text (const EcMoqtName *self) G_GNUC_WARN_UNUSED_RESULT;
