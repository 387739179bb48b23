/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells ThreadSanitizer what GLib's locks, reference counts, tasks and idle sources order. GLib is not built with it, and its mutexes are
 * futexes of its own: without this, all that a GMutex protects looks like a race. It is no test itself, but loaded before one:
 *
 *   meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Dintrospection=false -Dman=false && ninja -C build-tsan
 *   gcc -shared -fPIC -O1 -g -Wl,--no-as-needed -o build-tsan/tsan-glib.so tests/tsan/glib.c $(pkg-config --cflags --libs gio-2.0)
 *   G_SLICE=always-malloc \
 *   TSAN_OPTIONS="ignore_noninstrumented_modules=1 suppressions=tests/tsan/suppressions" \
 *   setarch -R env LD_PRELOAD=$(gcc -print-file-name=libtsan.so):build-tsan/tsan-glib.so build-tsan/tests/test-relay-sockets
 */
#define _GNU_SOURCE
#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name) ((__typeof__ (&name)) real (#name, (gpointer *) &real_##name))
#define DECLARE(name) static gpointer real_##name

static gpointer
real (const char *name, gpointer *cache)
{
  gpointer function = __atomic_load_n (cache, __ATOMIC_ACQUIRE);

  if (!function) {
    function = dlsym (RTLD_NEXT, name);
    __atomic_store_n (cache, function, __ATOMIC_RELEASE);
  }
  return function;
}

DECLARE (g_mutex_lock);
DECLARE (g_mutex_unlock);
DECLARE (g_mutex_trylock);
DECLARE (g_cond_wait);
DECLARE (g_cond_wait_until);

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  REAL (g_mutex_lock) (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  REAL (g_mutex_unlock) (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean got;

  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  got = REAL (g_mutex_trylock) (mutex);
  __tsan_mutex_post_lock (mutex, __tsan_mutex_try_lock | (got ? 0 : __tsan_mutex_try_lock_failed),
                          0);
  return got;
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  gboolean woken;

  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  woken = REAL (g_cond_wait_until) (cond, mutex, end);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
  return woken;
}

/* A lock that is cleared may be where another is made. */
void
g_mutex_clear (GMutex *mutex)
{
  __tsan_mutex_destroy (mutex, 0);
}

void (g_atomic_ref_count_inc) (gatomicrefcount *count)
{
  __atomic_fetch_add (count, 1, __ATOMIC_RELAXED);
}

/* Whoever sees the count fall to nothing has seen all that was done under it. */
gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  __tsan_release (count);
  last = __atomic_fetch_sub (count, 1, __ATOMIC_ACQ_REL) == 1;
  if (last)
    __tsan_acquire (count);
  return last;
}

/* -- What a task is given to, and what it returns */

DECLARE (g_task_run_in_thread);
DECLARE (g_task_propagate_boolean);
DECLARE (g_task_propagate_pointer);

static void
run (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  __tsan_acquire (task);
  ((GTaskThreadFunc) g_object_get_data (G_OBJECT (task), "tsan-func")) (task, source, data,
                                                                        cancellable);
  __tsan_release (task);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  g_object_set_data (G_OBJECT (task), "tsan-func", (gpointer) func);
  __tsan_release (task);
  REAL (g_task_run_in_thread) (task, run);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return REAL (g_task_propagate_boolean) (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return REAL (g_task_propagate_pointer) (task, error);
}

/* Whoever lets the last reference of an object go has seen what the others did with it. */
DECLARE (g_object_unref);

void
g_object_unref (gpointer object)
{
  __tsan_release (object);
  __tsan_acquire (object);
  REAL (g_object_unref) (object);
}

/* -- What an idle source is given */

DECLARE (g_source_set_callback);
DECLARE (g_source_attach);

typedef struct {
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
  GSource *source; /* borrowed */
} Callback;

static gboolean
dispatch (gpointer data)
{
  Callback *self = data;

  __tsan_acquire (self->source);
  return self->func (self->data);
}

static void
callback_free (gpointer data)
{
  Callback *self = data;

  __tsan_acquire (self->source);
  if (self->notify)
    self->notify (self->data);
  g_free (self);
}

void
g_source_set_callback (GSource *source, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  Callback *self;

  if (source->source_funcs != &g_idle_funcs && source->source_funcs != &g_timeout_funcs) {
    REAL (g_source_set_callback) (source, func, data, notify);
    return;
  }
  self = g_new (Callback, 1);
  *self = (Callback){ func, data, notify, source };
  REAL (g_source_set_callback) (source, dispatch, self, callback_free);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  __tsan_release (source);
  return REAL (g_source_attach) (source, context);
}
