/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-device-list-private.h"

/*
 * How a device list searches. The scan's threads know a Post only: they attach a GSource to the list's
 * main context, where the sightings are taken in.
 */

typedef struct {
  gatomicrefcount ref_count;
  GMainContext *context;
  GWeakRef list; /* only ever taken in `context` */
  gint posted;   /* atomic: a GSource is on its way */
} Post;

/* Someone who waits for the end of the search. */
typedef struct {
  EcDeviceList *list; /* not owned: the task holds it */
  GTask *task;        /* owned */
  GSource *cancelled; /* or NULL */
} Waiter;

struct _EcDeviceSearch {
  EcHdhrScan *scan;
  GPtrArray *waiters; /* of Waiter */
};

static Post *
post_ref (Post *post)
{
  g_atomic_ref_count_inc (&post->ref_count);
  return post;
}

static void
post_unref (gpointer user_data)
{
  Post *post = user_data;

  if (!g_atomic_ref_count_dec (&post->ref_count))
    return;
  g_weak_ref_clear (&post->list);
  g_main_context_unref (post->context);
  g_free (post);
}

static Post *
post_new (EcDeviceList *list)
{
  Post *post = g_new0 (Post, 1);

  g_atomic_ref_count_init (&post->ref_count);
  post->context = g_main_context_ref_thread_default ();
  g_weak_ref_init (&post->list, list);
  return post;
}

static void
waiter_stop_watching (Waiter *waiter)
{
  if (!waiter->cancelled)
    return;
  g_source_destroy (waiter->cancelled);
  g_clear_pointer (&waiter->cancelled, g_source_unref);
}

static void
waiter_free (Waiter *waiter)
{
  waiter_stop_watching (waiter);
  g_object_unref (waiter->task);
  g_free (waiter);
}

void
ec_device_search_free (EcDeviceSearch *search)
{
  ec_hdhr_scan_cancel (search->scan);
  ec_hdhr_scan_unref (search->scan);
  g_ptr_array_unref (search->waiters);
  g_free (search);
}

/* The search is over, or nobody wants it any more. */
static void
end_search (EcDeviceList *self, gboolean complete)
{
  EcDeviceSearch *search = g_steal_pointer (ec_device_list_get_search (self));

  /* Who hears of the end may run the main loop: nobody can be cancelled any more. */
  for (guint i = 0; i < search->waiters->len; i++)
    waiter_stop_watching (search->waiters->pdata[i]);
  ec_device_list_end (self, complete);
  for (guint i = 0; i < search->waiters->len; i++) {
    Waiter *waiter = search->waiters->pdata[i];

    g_task_return_boolean (waiter->task, TRUE);
  }
  ec_device_search_free (search);
}

/* In the list's context. */
static gboolean
take_in (gpointer user_data)
{
  Post *post = user_data;
  g_autoptr (EcDeviceList) self = g_weak_ref_get (&post->list);
  EcHdhrSighting *sighting;
  EcDeviceSearch *search;

  g_atomic_int_set (&post->posted, FALSE);
  search = self ? *ec_device_list_get_search (self) : NULL;
  if (search == NULL)
    return G_SOURCE_REMOVE;

  while ((sighting = ec_hdhr_scan_pop (search->scan))) {
    ec_device_list_apply (self, sighting);
    /* Whoever heard of it may have ended the search. */
    if (*ec_device_list_get_search (self) != search)
      return G_SOURCE_REMOVE;
  }
  if (ec_hdhr_scan_is_done (search->scan))
    end_search (self, TRUE);
  return G_SOURCE_REMOVE;
}

/* In the scan's threads. */
static void
on_wake (gpointer user_data)
{
  Post *post = user_data;
  g_autoptr (GSource) source = NULL;

  if (!g_atomic_int_compare_and_exchange (&post->posted, FALSE, TRUE))
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "ec-device-list");
  g_source_set_callback (source, take_in, post_ref (post), post_unref);
  g_source_attach (source, post->context);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Waiter *waiter = user_data;
  EcDeviceList *self = waiter->list;
  EcDeviceSearch *search = *ec_device_list_get_search (self);
  g_autoptr (GTask) task = g_object_ref (waiter->task);

  g_ptr_array_remove (search->waiters, waiter);
  if (search->waiters->len == 0)
    end_search (self, FALSE);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
add_waiter (EcDeviceSearch *search, EcDeviceList *self, GTask *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->list = self;
  waiter->task = task;
  if (cancellable) {
    waiter->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_cancelled), waiter, NULL);
    g_source_attach (waiter->cancelled, g_task_get_context (task));
  }
  g_ptr_array_add (search->waiters, waiter);
}

/**
 * ec_device_list_refresh_async:
 * @self: a device list
 * @cancellable: (nullable): cancels
 * @callback: (scope async): called in the caller's thread-default main context when the search is over
 * @user_data: for @callback
 *
 * Searches for devices; what is found appears in the list meanwhile.
 *
 * To be called in the thread that the list belongs to. A search that is under way already is joined.
 * It is over when every device has told all, or had its time: a few seconds.
 */
void
ec_device_list_refresh_async (EcDeviceList *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  EcDeviceSearch **search;
  GTask *task;

  g_return_if_fail (EC_IS_DEVICE_LIST (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_device_list_refresh_async);

  search = ec_device_list_get_search (self);
  if (*search == NULL) {
    g_auto (GStrv) hosts = NULL;
    EcHdhrScanOptions options = ec_device_list_get_scan_options (self, &hosts);
    Post *post = post_new (self);

    *search = g_new0 (EcDeviceSearch, 1);
    (*search)->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
    add_waiter (*search, self, task);
    (*search)->scan = ec_hdhr_scan_new (&options, on_wake, post, post_unref);
    ec_device_list_begin (self);
    /* Where there was nothing to do, no thread will say so. */
    on_wake (post);
    return;
  }
  add_waiter (*search, self, task);
}

/**
 * ec_device_list_refresh_finish:
 * @self: a device list
 * @result: what the callback was given
 * @error: return location for an error
 *
 * The outcome of [method@DeviceList.refresh_async].
 *
 * That no device was found is no error; what went wrong with single ones is in
 * [property@DeviceList:problems] and [property@Device:error]. Errors: %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE when the search is over
 */
gboolean
ec_device_list_refresh_finish (EcDeviceList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ec_device_list_refresh:
 * @self: a device list
 * @cancellable: (nullable): cancels
 * @error: return location for an error
 *
 * Searches for devices, and waits until the search is over.
 *
 * To be called in the thread that the list belongs to; needs no main loop. Errors:
 * %G_IO_ERROR_CANCELLED; see [method@DeviceList.refresh_finish].
 *
 * Returns: %TRUE when the search is over
 */
gboolean
ec_device_list_refresh (EcDeviceList *self, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) hosts = NULL;
  g_autoptr (EcHdhrScan) scan = NULL;
  EcHdhrScanOptions options;
  EcHdhrSighting *sighting;
  gboolean cancelled;

  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), FALSE);

  options = ec_device_list_get_scan_options (self, &hosts);
  scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  ec_device_list_begin (self);
  while ((sighting = ec_hdhr_scan_wait (scan, cancellable)))
    ec_device_list_apply (self, sighting);
  cancelled = g_cancellable_set_error_if_cancelled (cancellable, error);
  ec_device_list_end (self, !cancelled);
  return !cancelled;
}
