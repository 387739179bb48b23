/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-announcements-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-error-map.h"

/**
 * EcMoqAnnouncement:
 *
 * A namespace that a peer says it has tracks in (draft-ietf-moq-transport-18 §6). Immutable; an item of [class@MoqAnnouncements].
 */
struct _EcMoqAnnouncement {
  GObject parent_instance;
  char *path;
};

enum { ANNOUNCEMENT_PROP_0, ANNOUNCEMENT_PROP_NAMESPACE };

G_DEFINE_FINAL_TYPE (EcMoqAnnouncement, ec_moq_announcement, G_TYPE_OBJECT)

static void
ec_moq_announcement_finalize (GObject *object)
{
  g_free (EC_MOQ_ANNOUNCEMENT (object)->path);
  G_OBJECT_CLASS (ec_moq_announcement_parent_class)->finalize (object);
}

static void
ec_moq_announcement_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == ANNOUNCEMENT_PROP_NAMESPACE)
    g_value_set_string (value, EC_MOQ_ANNOUNCEMENT (object)->path);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ec_moq_announcement_class_init (EcMoqAnnouncementClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_moq_announcement_finalize;
  object_class->get_property = ec_moq_announcement_get_property;
  /**
   * EcMoqAnnouncement:namespace: (getter get_namespace)
   *
   * The namespace: its fields, percent-encoded, with “/” between them.
   */
  g_object_class_install_property (object_class, ANNOUNCEMENT_PROP_NAMESPACE,
                                   g_param_spec_string ("namespace", NULL, NULL, NULL,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
ec_moq_announcement_init (EcMoqAnnouncement *self)
{
}

/**
 * ec_moq_announcement_get_namespace:
 * @self: an announcement
 *
 * The namespace.
 *
 * Returns: (transfer none): fields, percent-encoded, with “/” between them
 */
const char *
ec_moq_announcement_get_namespace (EcMoqAnnouncement *self)
{
  g_return_val_if_fail (EC_IS_MOQ_ANNOUNCEMENT (self), NULL);
  return self->path;
}

/* -- What is watched, on the link's thread */

#define MAX_NAMESPACES 65536 /* more are not listed */

enum { NEWS_NAMES = 1 << 0, NEWS_STATUS = 1 << 1 };

typedef struct {
  gatomicrefcount refs;
  EcMoqCore *core;    /* owned */
  EcMoqtName *prefix; /* owned, nullable */
  EcMoqNews *news;    /* owned */
  GMutex mutex;
  /* under the mutex */
  GHashTable *names; /* EcMoqtName -> how often it is announced */
  gboolean granted;
  GError *error;
  /* the link's thread's */
  EcMoqtRequest *request;
  gboolean closed;
} Watch;

static gpointer
watch_ref (gpointer data)
{
  Watch *watch = data;

  g_atomic_ref_count_inc (&watch->refs);
  return watch;
}

static void
watch_unref (gpointer data)
{
  Watch *watch = data;

  if (!g_atomic_ref_count_dec (&watch->refs))
    return;
  ec_moq_core_unref (watch->core);
  g_clear_pointer (&watch->prefix, ec_moqt_name_unref);
  ec_moq_news_unref (watch->news);
  g_hash_table_unref (watch->names);
  g_clear_error (&watch->error);
  g_mutex_clear (&watch->mutex);
  g_free (watch);
}

static void
count (Watch *watch, EcMoqtName *name, int change)
{
  int n;

  if (watch->prefix && !ec_moqt_name_has_prefix (name, watch->prefix))
    return;
  g_mutex_lock (&watch->mutex);
  n = GPOINTER_TO_INT (g_hash_table_lookup (watch->names, name)) + change;
  if (n <= 0)
    g_hash_table_remove (watch->names, name);
  else if (n > 1 || g_hash_table_size (watch->names) < MAX_NAMESPACES)
    g_hash_table_insert (watch->names, ec_moqt_name_ref (name), GINT_TO_POINTER (n));
  g_mutex_unlock (&watch->mutex);
  ec_moq_news_tell (watch->news, NEWS_NAMES);
}

static void
on_found (gpointer data, EcMoqtName *name)
{
  count (data, name, 1);
}

static void
on_lost (gpointer data, EcMoqtName *name)
{
  count (data, name, -1);
}

static void
set_status (Watch *watch, gboolean granted, GError *error)
{
  g_mutex_lock (&watch->mutex);
  watch->granted = granted;
  if (error) {
    g_clear_error (&watch->error);
    watch->error = error;
  }
  g_mutex_unlock (&watch->mutex);
  ec_moq_news_tell (watch->news, NEWS_STATUS);
}

static void
on_granted (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  set_status (data, TRUE, NULL);
}

static void
on_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  Watch *watch = data;

  watch->request = NULL;
  set_status (watch, FALSE, ec_moq_error_new_for_refusal (refusal, "The list of namespaces"));
}

static void
on_finished (gpointer data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  Watch *watch = data;

  watch->request = NULL;
  set_status (watch, FALSE, ec_moq_error_new_for_done (code, reason, "The list of namespaces"));
}

static void
on_closed (gpointer data, const GError *error)
{
  Watch *watch = data;

  watch->request = NULL;
  g_mutex_lock (&watch->mutex);
  g_hash_table_remove_all (watch->names);
  g_mutex_unlock (&watch->mutex);
  ec_moq_news_tell (watch->news, NEWS_NAMES);
  set_status (watch, FALSE, g_error_copy (error));
}

static const EcMoqCoreUser watch_user = {
  .granted = on_granted,
  .refused = on_refused,
  .finished = on_finished,
  .namespace_found = on_found,
  .namespace_lost = on_lost,
  .closed = on_closed,
  .ref = watch_ref,
  .unref = watch_unref,
};

static void
do_begin (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  Watch *watch = data;

  if (watch->closed)
    return;
  if (!session) {
    g_autoptr (GError) error = ec_moq_core_dup_error (core);

    set_status (watch, FALSE, g_steal_pointer (&error));
    return;
  }
  ec_moq_core_add_listener (core, &watch_user, watch);
  if (!watch->prefix) {
    set_status (watch, TRUE, NULL);
    return;
  }
  watch->request = ec_moqt_session_subscribe_namespace (session, watch->prefix, NULL);
  if (watch->request)
    ec_moq_core_watch (core, watch->request, &watch_user, watch);
}

static void
do_end (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  Watch *watch = data;

  watch->closed = TRUE;
  if (!session)
    return;
  if (watch->request)
    ec_moq_core_cancel (core, g_steal_pointer (&watch->request));
  ec_moq_core_remove_listener (core, watch);
}

/* -- The list */

/**
 * EcMoqAnnouncements:
 *
 * The namespaces that a peer has, under a prefix: a #GListModel of [class@MoqAnnouncement], in no order, that follows what
 * the peer says until it is let go of.
 *
 * [method@MoqSession.list_announcements] makes it. What the peer announces unasked, under the prefix, is listed too.
 */
struct _EcMoqAnnouncements {
  GObject parent_instance;
  Watch *watch; /* owned */
  char *prefix;
  GPtrArray *items; /* EcMoqAnnouncement */
};

enum { PROP_0, PROP_PREFIX, PROP_GRANTED, PROP_ERROR, N_PROPS };

static GParamSpec *properties[N_PROPS];

static void ec_moq_announcements_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EcMoqAnnouncements,
                               ec_moq_announcements,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ec_moq_announcements_list_model_init))

static GType
get_item_type (GListModel *list)
{
  return EC_TYPE_MOQ_ANNOUNCEMENT;
}

static guint
get_n_items (GListModel *list)
{
  return EC_MOQ_ANNOUNCEMENTS (list)->items->len;
}

static gpointer
get_item (GListModel *list, guint position)
{
  EcMoqAnnouncements *self = EC_MOQ_ANNOUNCEMENTS (list);

  return position < self->items->len ? g_object_ref (self->items->pdata[position]) : NULL;
}

static void
ec_moq_announcements_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* In the list's context: what is gone goes, what is new comes last. */
static void
update (EcMoqAnnouncements *self)
{
  g_autoptr (GHashTable) now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer name;
  guint n_before, n_added = 0;

  g_mutex_lock (&self->watch->mutex);
  g_hash_table_iter_init (&iter, self->watch->names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (now, ec_moqt_name_to_path (name));
  g_mutex_unlock (&self->watch->mutex);

  for (guint i = self->items->len; i-- > 0;) {
    EcMoqAnnouncement *item = self->items->pdata[i];

    if (g_hash_table_remove (now, item->path))
      continue;
    g_ptr_array_remove_index (self->items, i);
    g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
  }
  n_before = self->items->len;
  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    EcMoqAnnouncement *item = g_object_new (EC_TYPE_MOQ_ANNOUNCEMENT, NULL);

    item->path = g_strdup (name);
    g_ptr_array_add (self->items, item);
    n_added++;
  }
  if (n_added > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), n_before, 0, n_added);
}

static void
on_news (GObject *object, guint what)
{
  if (what & NEWS_NAMES)
    update (EC_MOQ_ANNOUNCEMENTS (object));
  if (what & NEWS_STATUS) {
    g_object_notify_by_pspec (object, properties[PROP_ERROR]);
    g_object_notify_by_pspec (object, properties[PROP_GRANTED]);
  }
}

EcMoqAnnouncements *
ec_moq_announcements_new (EcMoqCore *core, EcMoqtName *prefix, const char *text)
{
  EcMoqAnnouncements *self = g_object_new (EC_TYPE_MOQ_ANNOUNCEMENTS, NULL);
  Watch *watch = g_new0 (Watch, 1);

  g_atomic_ref_count_init (&watch->refs);
  g_mutex_init (&watch->mutex);
  watch->core = ec_moq_core_ref (core);
  watch->prefix = prefix ? ec_moqt_name_ref (prefix) : NULL;
  watch->news = ec_moq_news_new (G_OBJECT (self), on_news);
  watch->names = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                        (GDestroyNotify) ec_moqt_name_unref, NULL);
  self->watch = watch;
  self->prefix = g_strdup (text);
  ec_moq_core_run (core, do_begin, watch_ref (watch), watch_unref);
  return self;
}

static void
ec_moq_announcements_dispose (GObject *object)
{
  EcMoqAnnouncements *self = EC_MOQ_ANNOUNCEMENTS (object);

  if (self->watch) {
    ec_moq_core_run (self->watch->core, do_end, watch_ref (self->watch), watch_unref);
    g_clear_pointer (&self->watch, watch_unref);
  }
  G_OBJECT_CLASS (ec_moq_announcements_parent_class)->dispose (object);
}

static void
ec_moq_announcements_finalize (GObject *object)
{
  EcMoqAnnouncements *self = EC_MOQ_ANNOUNCEMENTS (object);

  g_ptr_array_unref (self->items);
  g_free (self->prefix);
  G_OBJECT_CLASS (ec_moq_announcements_parent_class)->finalize (object);
}

static void
ec_moq_announcements_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqAnnouncements *self = EC_MOQ_ANNOUNCEMENTS (object);

  switch (id) {
  case PROP_PREFIX:
    g_value_set_string (value, self->prefix);
    break;
  case PROP_GRANTED:
    g_value_set_boolean (value, ec_moq_announcements_get_granted (self));
    break;
  case PROP_ERROR:
    g_value_take_boxed (value, ec_moq_announcements_dup_error (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_moq_announcements_class_init (EcMoqAnnouncementsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_moq_announcements_dispose;
  object_class->finalize = ec_moq_announcements_finalize;
  object_class->get_property = ec_moq_announcements_get_property;
  /**
   * EcMoqAnnouncements:prefix: (getter get_prefix)
   *
   * What the namespaces begin with; %NULL: only what is announced unasked is listed.
   */
  properties[PROP_PREFIX] = g_param_spec_string ("prefix", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqAnnouncements:granted: (getter get_granted)
   *
   * Whether the peer tells of its namespaces. What it has follows; it does not say when that is all.
   */
  properties[PROP_GRANTED] = g_param_spec_boolean ("granted", NULL, NULL, FALSE, READABLE);
  /**
   * EcMoqAnnouncements:error:
   *
   * Why it does not, or not any more, an error of #EcMoqError; %NULL while all is well.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_announcements_init (EcMoqAnnouncements *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * ec_moq_announcements_get_prefix:
 * @self: a list
 *
 * What the namespaces begin with.
 *
 * Returns: (transfer none) (nullable): the prefix
 */
const char *
ec_moq_announcements_get_prefix (EcMoqAnnouncements *self)
{
  g_return_val_if_fail (EC_IS_MOQ_ANNOUNCEMENTS (self), NULL);
  return self->prefix;
}

/**
 * ec_moq_announcements_get_granted:
 * @self: a list
 *
 * Whether the peer tells of its namespaces.
 *
 * Returns: %TRUE if it does
 */
gboolean
ec_moq_announcements_get_granted (EcMoqAnnouncements *self)
{
  gboolean granted = FALSE;

  g_return_val_if_fail (EC_IS_MOQ_ANNOUNCEMENTS (self), FALSE);

  if (!self->watch)
    return FALSE;
  g_mutex_lock (&self->watch->mutex);
  granted = self->watch->granted;
  g_mutex_unlock (&self->watch->mutex);
  return granted;
}

/**
 * ec_moq_announcements_dup_error:
 * @self: a list
 *
 * Why the peer does not tell, or not any more.
 *
 * Returns: (transfer full) (nullable): an error of #EcMoqError, or %NULL
 */
GError *
ec_moq_announcements_dup_error (EcMoqAnnouncements *self)
{
  GError *error = NULL;

  g_return_val_if_fail (EC_IS_MOQ_ANNOUNCEMENTS (self), NULL);

  if (!self->watch)
    return NULL;
  g_mutex_lock (&self->watch->mutex);
  if (self->watch->error)
    error = g_error_copy (self->watch->error);
  g_mutex_unlock (&self->watch->mutex);
  return error;
}
