/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

#include <string.h>

/*
 * Request ids (§10.1): each side's go up by two. Where requests have streams of their own they come in any order; a window
 * over the latest is kept, so that what a peer can make us remember does not grow.
 */

/* How far ahead of all others an id may be on the one control stream: streams, on which some requests are up to 16, may come behind
 * it, as many as a peer may have open. */
#define MAX_JUMP 256

static guint8 *
byte_of (const EcMoqtIdSet *self, guint64 n)
{
  return (guint8 *) &self->seen[n % EC_MOQT_ID_WINDOW / 8];
}

gboolean
ec_moqt_id_set_has (const EcMoqtIdSet *self, guint64 n)
{
  if (n < self->base)
    return TRUE;
  if (n >= self->next)
    return FALSE;
  return (*byte_of (self, n) & (1u << (n % 8))) != 0;
}

gboolean
ec_moqt_id_set_add (EcMoqtIdSet *self, guint64 n)
{
  if (ec_moqt_id_set_has (self, n))
    return FALSE;
  if (n >= self->next)
    self->next = n + 1;
  if (self->next - self->base > EC_MOQT_ID_WINDOW) {
    guint64 base = self->next - EC_MOQT_ID_WINDOW;

    if (base - self->base >= EC_MOQT_ID_WINDOW)
      memset (self->seen, 0, sizeof self->seen);
    else
      for (guint64 i = self->base; i < base; i++)
        *byte_of (self, i) &= (guint8) ~(1u << (i % 8));
    self->base = base;
  }
  *byte_of (self, n) |= (guint8) (1u << (n % 8));
  while (self->base < self->next && ec_moqt_id_set_has (self, self->base)) {
    *byte_of (self, self->base) &= (guint8) ~(1u << (self->base % 8));
    self->base++;
  }
  return TRUE;
}

gboolean
ec_moqt_ids_take (EcMoqtSession *self, EcMoqtChannel *channel, guint64 id)
{
  guint64 n = id / 2;

  if (((id & 1) != 0) == self->config.server) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_REQUEST_ID, "A request id of the wrong side");
    return FALSE;
  }
  if (self->draft->request_credit && id >= self->credit_given) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_TOO_MANY_REQUESTS,
                          "A request id beyond MAX_REQUEST_ID");
    return FALSE;
  }
  if (channel->control && n > self->ids.next && n - self->ids.next > MAX_JUMP) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_REQUEST_ID, "Request ids were skipped");
    return FALSE;
  }
  if (!ec_moqt_id_set_add (&self->ids, n)) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_REQUEST_ID, "A request id was used twice");
    return FALSE;
  }
  return TRUE;
}

gboolean
ec_moqt_ids_was_used (EcMoqtSession *self, guint64 id)
{
  if (((id & 1) != 0) == self->config.server)
    return id < self->next_id;
  return ec_moqt_id_set_has (&self->ids, id / 2);
}

/* What may be open at once counts; whatever has ended makes room for as many new ids. */
void
ec_moqt_ids_give_credit (EcMoqtSession *self)
{
  guint open = self->n_peer_requests + self->n_peer_updates;
  guint max = self->limits.max_requests;
  guint64 limit;
  EcMoqtMessage message = { 0 };

  if (!self->draft->request_credit || self->state != EC_MOQT_STATE_READY || open >= max)
    return;
  limit = (self->ids.next + (max - open)) * 2;
  /* Not one message for each request. */
  if (limit <= self->credit_given || (limit - self->credit_given) / 2 < MAX (max / 4, 1))
    return;
  self->credit_given = limit;
  message.kind = EC_MOQT_MAX_REQUEST_ID;
  message.max_request_id = limit;
  ec_moqt_channel_send (self->control_out, &message, FALSE);
}

void
ec_moqt_ids_got_credit (EcMoqtSession *self, guint64 first_not_allowed, gboolean setup)
{
  if (!setup && first_not_allowed <= self->credit) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "MAX_REQUEST_ID did not grow");
    return;
  }
  self->credit = first_not_allowed;
}

gboolean
ec_moqt_ids_next (EcMoqtSession *self, guint64 *id)
{
  EcMoqtMessage message = { 0 };

  if (!self->draft->request_credit || self->next_id < self->credit) {
    *id = self->next_id;
    self->next_id += 2;
    return TRUE;
  }
  /* §9.6 of draft 16: once for each limit. */
  if (self->blocked != self->credit + 1) {
    self->blocked = self->credit + 1;
    message.kind = EC_MOQT_REQUESTS_BLOCKED;
    message.max_request_id = self->credit;
    ec_moqt_channel_send (self->control_out, &message, FALSE);
  }
  return FALSE;
}
