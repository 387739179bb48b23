/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* How often all feeds are looked through for room at most: a flood must not make us walk them for every object. */
#define TRIM_EVERY_US (50 * 1000)
/* What is freed at once, as a share of the budget, so that it is not done for every object. */
#define TRIM_SHARE 16

EcRelayCore *
ec_relay_core_new (const EcRelayCoreConfig *config)
{
  EcRelayCore *self = g_new0 (EcRelayCore, 1);

  g_atomic_ref_count_init (&self->refs);
  self->config = *config;
  ec_relay_limits_fill (&self->config.limits);
  if (!self->config.policy)
    self->config.policy = ec_relay_policy_new ();
  self->budget = ec_budget_new (self->config.limits.memory);
  self->overheads = ec_budget_new (self->config.limits.memory / 2);
  g_mutex_init (&self->lock);
  self->sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_relay_session_unref);
  self->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tracks = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal, NULL,
                                        (GDestroyNotify) ec_relay_track_unref);
  self->root = ec_relay_node_new_root ();
  return self;
}

EcRelayCore *
ec_relay_core_ref (EcRelayCore *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* Sessions hold references: none is left here. */
static void
clear_tracks (EcRelayCore *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    EcRelayTrack *track = value;
    EcRelayNode *node = g_steal_pointer (&track->node);

    ec_relay_node_remove (&node->tracks, track);
    ec_relay_node_prune (node);
    g_hash_table_iter_remove (&iter);
  }
}

void
ec_relay_core_unref (EcRelayCore *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  clear_tracks (self);
  g_hash_table_unref (self->tracks);
  ec_relay_node_free_root (self->root);
  g_hash_table_unref (self->addresses);
  g_ptr_array_unref (self->sessions);
  ec_relay_policy_free (self->config.policy);
  ec_budget_unref (self->budget);
  ec_budget_unref (self->overheads);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ec_relay_core_lock (EcRelayCore *self, guint64 now_us)
{
  g_mutex_lock (&self->lock);
  self->now_us = MAX (self->now_us, now_us);
}

void
ec_relay_core_unlock (EcRelayCore *self)
{
  g_mutex_unlock (&self->lock);
}

gint64
ec_relay_core_now_s (EcRelayCore *self)
{
  return self->config.now_s ? self->config.now_s () : g_get_real_time () / G_USEC_PER_SEC;
}

const EcRelayLimits *
ec_relay_core_get_limits (EcRelayCore *self)
{
  return &self->config.limits;
}

EcBudget *
ec_relay_core_get_budget (EcRelayCore *self)
{
  return self->budget;
}

void
ec_relay_core_event (EcRelayCore *self,
                     EcRelaySession *session,
                     EcRelayEvent kind,
                     EcMoqtName *name,
                     const char *detail)
{
  if (self->config.event)
    self->config.event (self->config.user_data, kind, session->peer, name, detail ? detail : "");
}

/* -- Memory */

static GPtrArray *
list_tracks (EcRelayCore *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_relay_track_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (list, ec_relay_track_ref (value));
  return list;
}

/* One track's part in what is held, and whose it is. */
typedef struct {
  EcRelayTrack *track;
  gsize bytes;
  gsize owner_bytes; /* of all tracks of the same publisher */
} Holding;

static void
holding_clear (gpointer data)
{
  ec_relay_track_unref (((Holding *) data)->track);
}

/* Nobody's go first; then those of the publisher that holds the most, the largest first. */
static gint
compare_holdings (gconstpointer a, gconstpointer b)
{
  const Holding *left = a, *right = b;

  if (left->owner_bytes != right->owner_bytes)
    return left->owner_bytes > right->owner_bytes ? -1 : 1;
  return left->bytes == right->bytes ? 0 : left->bytes > right->bytes ? -1 : 1;
}

/* Locked. Who filled the track; NULL: nobody who is still here. */
static EcRelaySession *
get_owner (EcRelayTrack *track)
{
  for (guint i = 0; i < track->upstreams->len; i++) {
    const EcRelayUpstream *up = track->upstreams->pdata[i];

    if (up->state == EC_RELAY_UPSTREAM_GRANTED)
      return up->item.session;
  }
  return NULL;
}

/* Locked. */
static GArray *
list_holdings (EcRelayCore *self)
{
  g_autoptr (GPtrArray) tracks = list_tracks (self);
  g_autoptr (GHashTable) owners = g_hash_table_new (NULL, NULL);
  GArray *list = g_array_sized_new (FALSE, FALSE, sizeof (Holding), tracks->len);

  g_array_set_clear_func (list, holding_clear);
  for (guint i = 0; i < tracks->len; i++) {
    EcRelayTrack *track = tracks->pdata[i];
    EcRelaySession *owner = get_owner (track);
    EcMoqFeedStats stats = { 0 };
    Holding holding = { .track = ec_relay_track_ref (track) };

    ec_moq_feed_get_stats (track->feed, &stats);
    holding.bytes = stats.bytes;
    g_array_append_val (list, holding);
    g_hash_table_insert (
        owners, owner,
        GSIZE_TO_POINTER (GPOINTER_TO_SIZE (g_hash_table_lookup (owners, owner)) + stats.bytes));
  }
  for (guint i = 0; i < list->len; i++) {
    Holding *holding = &g_array_index (list, Holding, i);
    EcRelaySession *owner = get_owner (holding->track);

    holding->owner_bytes =
        owner ? GPOINTER_TO_SIZE (g_hash_table_lookup (owners, owner)) : G_MAXSIZE;
  }
  self->n_owners = g_hash_table_size (owners);
  g_array_sort (list, compare_holdings);
  return list;
}

/* What each publisher may hold where memory is scarce. */
static gsize
equal_part (EcRelayCore *self, guint n_owners)
{
  gsize high = self->config.limits.memory / 4 * 3;
  gsize overheads = ec_budget_get_used (self->overheads);

  return (high - MIN (overheads, high)) / MAX (n_owners, 1);
}

/*
 * The publisher that holds the most gives up the most: first what is older than the newest groups, then, where that is not enough, those
 * too. So who fills up tracks, many or large ones, to push the others out pays for it itself: who holds no more than an equal part keeps
 * what is being read.
 */
static void
make_room (EcRelayCore *self, guint64 now_us, gsize bytes, gboolean newest)
{
  g_autoptr (GArray) holdings = NULL;
  gsize want = MAX (bytes, self->config.limits.memory / TRIM_SHARE), freed = 0, part = 0;

  /* It is some other limit that is in the way. */
  if (ec_budget_get_used (self->budget) + bytes <= self->config.limits.memory / 4 * 3)
    return;
  ec_relay_core_lock (self, now_us);
  if (self->trimmed_us == 0 || now_us >= self->trimmed_us + TRIM_EVERY_US) {
    self->trimmed_us = now_us;
    holdings = list_holdings (self);
    part = equal_part (self, self->n_owners);
  }
  ec_relay_core_unlock (self);
  if (!holdings)
    return;

  for (guint i = 0; i < holdings->len && freed < want; i++) {
    const Holding *each = &g_array_index (holdings, Holding, i);

    freed += ec_moq_feed_trim (each->track->feed, now_us, MIN (want - freed, each->bytes / 2 + 1));
  }
  for (guint i = 0; newest && i < holdings->len && freed < bytes; i++) {
    const Holding *each = &g_array_index (holdings, Holding, i);

    if (each->owner_bytes <= part)
      break;
    freed += ec_moq_feed_drop (each->track->feed, bytes - freed);
  }
}

void
ec_relay_core_make_room (EcRelayCore *self, guint64 now_us, gsize bytes)
{
  make_room (self, now_us, bytes, TRUE);
}

gboolean
ec_relay_core_try_reckon (EcRelayCore *self, gsize bytes)
{
  if (!ec_budget_take (self->overheads, bytes))
    return FALSE;
  if (ec_budget_take (self->budget, bytes))
    return TRUE;
  ec_budget_give_back (self->overheads, bytes);
  return FALSE;
}

gboolean
ec_relay_core_reckon (EcRelayCore *self, guint64 now_us, gsize bytes)
{
  if (ec_relay_core_try_reckon (self, bytes))
    return TRUE;
  /* Those who come must not cost those who are there what they are reading. */
  if (ec_budget_get_used (self->overheads) + bytes <= ec_budget_get_limit (self->overheads))
    make_room (self, now_us, bytes, FALSE);
  return ec_relay_core_try_reckon (self, bytes);
}

void
ec_relay_core_unreckon (EcRelayCore *self, gsize bytes)
{
  ec_budget_give_back (self->budget, bytes);
  ec_budget_give_back (self->overheads, bytes);
}

gsize
ec_relay_core_get_share (EcRelayCore *self, guint64 now_us, gsize bytes)
{
  gsize high = self->config.limits.memory / 4 * 3, part;

  if (ec_budget_get_used (self->budget) + bytes <= high)
    return G_MAXSIZE;
  make_room (self, now_us, bytes, FALSE);
  if (ec_budget_get_used (self->budget) + bytes <= high)
    return G_MAXSIZE;
  ec_relay_core_lock (self, now_us);
  part = equal_part (self, self->n_owners);
  ec_relay_core_unlock (self);
  return part;
}

/* -- Sessions */

static GInetAddress *
get_inet_address (const char *peer)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_parse (peer, 0, NULL);

  return connectable ? g_inet_address_new_from_string (
                           g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable)))
                     : NULL;
}

/* "203.0.113.7", or the /64 of an IPv6 address, of which a peer has as many as it likes. NULL: not counted. */
static char *
get_counted_address (GInetAddress *address)
{
  const guint8 *bytes;

  if (!address || g_inet_address_get_is_loopback (address))
    return NULL;
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return g_inet_address_to_string (address);
  bytes = g_inet_address_to_bytes (address);
  return g_strdup_printf ("%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", bytes[0], bytes[1], bytes[2],
                          bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

/* Locked. */
static gboolean
list_session (EcRelayCore *self, EcRelaySession *session)
{
  guint n = 0;

  if (self->stopping || self->sessions->len >= self->config.limits.max_sessions)
    return FALSE;
  if (session->address) {
    n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, session->address));
    if (n >= self->config.limits.max_sessions_per_address)
      return FALSE;
    g_hash_table_replace (self->addresses, g_strdup (session->address), GUINT_TO_POINTER (n + 1));
  }
  session->number = ++self->next_number;
  session->listed = TRUE;
  g_ptr_array_add (self->sessions, ec_relay_session_ref (session));
  self->stats.n_sessions_total++;
  return TRUE;
}

gboolean
ec_relay_core_accept (EcRelayCore *self, EcTransport *transport, const EcMoqtDraft *draft)
{
  guint64 now_us = ec_transport_now (transport);
  g_autoptr (GInetAddress) address = NULL;
  EcRelaySession *session;
  EcTransportInfo info;
  gboolean listed;

  if (!ec_relay_core_reckon (self, now_us, EC_RELAY_SESSION_RECKONED))
    return FALSE;
  ec_transport_get_info (transport, &info);
  session = g_new0 (EcRelaySession, 1);
  g_atomic_ref_count_init (&session->refs);
  session->core = ec_relay_core_ref (self);
  session->reckoned = EC_RELAY_SESSION_RECKONED;
  session->peer = g_strdup (info.peer ? info.peer : "");
  address = get_inet_address (session->peer);
  session->address = get_counted_address (address);
  session->host = address ? g_inet_address_to_string (address) : NULL;

  ec_relay_core_lock (self, now_us);
  listed = list_session (self, session);
  ec_relay_core_unlock (self);
  if (listed) {
    ec_relay_credentials_init (&session->credentials, session->number, info.peer_key);
    ec_relay_session_start (session, transport, draft);
    ec_relay_core_event (self, session, EC_RELAY_EVENT_SESSION_OPENED, NULL, info.kind);
  }
  ec_relay_session_unref (session);
  return listed;
}

void
ec_relay_core_session_closed (EcRelayCore *self, EcRelaySession *session)
{
  guint n;

  g_mutex_lock (&self->lock);
  if (session->listed) {
    session->listed = FALSE;
    if (session->address) {
      n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, session->address));
      if (n > 1)
        g_hash_table_replace (self->addresses, g_strdup (session->address),
                              GUINT_TO_POINTER (n - 1));
      else
        g_hash_table_remove (self->addresses, session->address);
    }
    g_ptr_array_remove_fast (self->sessions, session);
  }
  g_mutex_unlock (&self->lock);
}

/* -- Names of sessions without a key */

/* From whom nothing came for so long is taken for dead: longer than our keep-alive, which an idle peer answers. */
#define SILENT_US (8 * G_USEC_PER_SEC)
#define WATCH_EVERY_US G_USEC_PER_SEC

/* Locked. */
static EcRelaySession *
find_session (EcRelayCore *self, guint64 number)
{
  for (guint i = 0; i < self->sessions->len; i++) {
    EcRelaySession *session = self->sessions->pdata[i];

    if (session->number == number)
      return session;
  }
  return NULL;
}

/* Locked. Whether the name's owner is gone, to the best of our knowledge, and this may be the same publisher again. */
static gboolean
takes_over (const EcRelaySession *session, const EcRelaySession *owner)
{
  return owner && owner != session && owner->watched && session->host && owner->host &&
         g_str_equal (session->host, owner->host) &&
         owner->watched_us >= owner->heard_us + SILENT_US;
}

gboolean
ec_relay_core_claim (EcRelayCore *self,
                     EcRelaySession *session,
                     EcMoqtName *space,
                     const EcRelayPrincipals *who,
                     EcRelayPrincipal *as,
                     const char **reason)
{
  gboolean keyless = who->n == 1 && who->who[0].kind == EC_RELAY_PRINCIPAL_SESSION;
  guint64 number = keyless ? ec_relay_policy_get_session (self->config.policy, space) : 0;
  EcRelaySession *owner = number ? find_session (self, number) : NULL;
  gboolean claimed;

  if (takes_over (session, owner)) {
    ec_relay_policy_disown (self->config.policy, space);
    owner->close = TRUE;
    owner->close_why = "it was silent, and another session from its address has taken its name";
    if (owner->transport)
      ec_transport_wake (owner->transport);
  }
  claimed = ec_relay_policy_claim (self->config.policy, space, who, self->now_us, as, reason);
  if (!claimed)
    self->stats.n_unauthorized++;
  else if (as->kind == EC_RELAY_PRINCIPAL_SESSION && !session->watched) {
    session->watched = TRUE;
    session->heard_us = session->watched_us = self->now_us;
  }
  return claimed;
}

/* Locked. They look on their own threads. */
static void
watch_sessions (EcRelayCore *self)
{
  if (self->now_us < self->watched_us + WATCH_EVERY_US)
    return;
  self->watched_us = self->now_us;
  for (guint i = 0; i < self->sessions->len; i++) {
    EcRelaySession *session = self->sessions->pdata[i];

    if (session->watched && session->transport)
      ec_transport_wake (session->transport);
  }
}

guint
ec_relay_core_get_n_sessions (EcRelayCore *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->sessions->len;
  g_mutex_unlock (&self->lock);
  return n;
}

void
ec_relay_core_tick (EcRelayCore *self, guint64 now_us)
{
  g_autoptr (GPtrArray) tracks = NULL;

  ec_relay_core_lock (self, now_us);
  tracks = list_tracks (self);
  for (guint i = 0; i < tracks->len; i++) {
    EcRelayTrack *track = tracks->pdata[i];

    if (track->node)
      ec_relay_track_tick (self, track);
  }
  watch_sessions (self);
  ec_relay_policy_expire (self->config.policy, self->now_us);
  self->stats.memory_peak = MAX (self->stats.memory_peak, ec_budget_get_used (self->budget));
  ec_relay_core_unlock (self);
}

void
ec_relay_core_goaway (EcRelayCore *self, guint64 timeout_ms)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  for (guint i = 0; i < self->sessions->len; i++) {
    EcRelaySession *session = self->sessions->pdata[i];

    session->goaway = TRUE;
    session->goaway_ms = timeout_ms;
    if (session->transport)
      ec_transport_wake (session->transport);
  }
  g_mutex_unlock (&self->lock);
}

void
ec_relay_core_close (EcRelayCore *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  for (guint i = 0; i < self->sessions->len; i++) {
    EcRelaySession *session = self->sessions->pdata[i];

    session->close = TRUE;
    if (session->transport)
      ec_transport_wake (session->transport);
  }
  g_mutex_unlock (&self->lock);
}

void
ec_relay_core_get_stats (EcRelayCore *self, EcRelayStatsData *stats)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&self->lock);
  *stats = self->stats;
  stats->n_sessions = self->sessions->len;
  stats->n_tracks = g_hash_table_size (self->tracks);
  stats->n_namespaces = self->n_namespaces;
  stats->memory = ec_budget_get_used (self->budget);
  stats->memory_peak = MAX (stats->memory_peak, stats->memory);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ec_relay_track_add_stats (value, stats);
  g_mutex_unlock (&self->lock);
}
