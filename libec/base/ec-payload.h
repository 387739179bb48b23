/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcBudget: how many bytes a set of payloads may hold together. Any thread.
 *
 * A payload counts with its whole size from the moment it is made until its last reference is gone,
 * wherever that reference is: in a cache, or in a send queue of a reader that is slow.
 */
typedef struct _EcBudget EcBudget;

EcBudget *ec_budget_new (gsize limit) G_GNUC_WARN_UNUSED_RESULT;
EcBudget *ec_budget_ref (EcBudget *self);
void ec_budget_unref (EcBudget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBudget, ec_budget_unref)

gsize ec_budget_get_limit (const EcBudget *self);
gsize ec_budget_get_used (EcBudget *self);
/* Whether `size` bytes more fit; takes them if they do. For what is not a payload: queues, tables. */
gboolean ec_budget_take (EcBudget *self, gsize size) G_GNUC_WARN_UNUSED_RESULT;
void ec_budget_give_back (EcBudget *self, gsize size);

/*
 * EcPayload: the bytes of one object, counted by reference and shared by all who send them.
 *
 * Its size is known when it is made and never changes; the bytes may come later, in order, from one
 * writer. A reader sees `filled` bytes, which only grow; what it has seen stays as it is. Any thread
 * may read; one thread at a time writes.
 */
typedef struct _EcPayload EcPayload;

/* An empty payload to be filled; NULL when there is no memory for it or no room in `budget` (nullable). */
EcPayload *ec_payload_new (gsize size, EcBudget *budget) G_GNUC_WARN_UNUSED_RESULT;
/* A full one that shows `bytes` without a copy; always succeeds and counts in no budget. */
EcPayload *ec_payload_new_for_bytes (GBytes *bytes) G_GNUC_WARN_UNUSED_RESULT;
EcPayload *ec_payload_ref (EcPayload *self);
void ec_payload_unref (EcPayload *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPayload, ec_payload_unref)

gsize ec_payload_get_size (const EcPayload *self);
gsize ec_payload_get_filled (const EcPayload *self);
const guint8 *ec_payload_get_data (const EcPayload *self);
/* Adds `size` bytes behind those that are there; asserts that they fit. */
void ec_payload_append (EcPayload *self, const guint8 *data, gsize size);
/* The bytes of a payload that is full, without a copy; the payload stays alive as long as they do. */
GBytes *ec_payload_to_bytes (EcPayload *self) G_GNUC_WARN_UNUSED_RESULT;
