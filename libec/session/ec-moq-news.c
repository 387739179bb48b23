/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-news.h"

struct _EcMoqNews {
  gatomicrefcount refs;
  GMainContext *context; /* owned */
  GWeakRef object;       /* only ever taken in `context` */
  EcMoqNewsFunc func;
  GMutex mutex;
  guint what; /* under the mutex; not 0: a source is attached */
};

EcMoqNews *
ec_moq_news_new (GObject *object, EcMoqNewsFunc func)
{
  EcMoqNews *self = g_new0 (EcMoqNews, 1);

  g_atomic_ref_count_init (&self->refs);
  self->context = g_main_context_ref_thread_default ();
  g_weak_ref_init (&self->object, object);
  self->func = func;
  g_mutex_init (&self->mutex);
  return self;
}

EcMoqNews *
ec_moq_news_ref (EcMoqNews *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_moq_news_unref (EcMoqNews *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_weak_ref_clear (&self->object);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

GMainContext *
ec_moq_news_get_context (EcMoqNews *self)
{
  return self->context;
}

static gboolean
tell (gpointer data)
{
  EcMoqNews *self = data;
  g_autoptr (GObject) object = g_weak_ref_get (&self->object);
  guint what;

  g_mutex_lock (&self->mutex);
  what = self->what;
  self->what = 0;
  g_mutex_unlock (&self->mutex);
  if (object)
    self->func (object, what);
  return G_SOURCE_REMOVE;
}

void
ec_moq_news_tell (EcMoqNews *self, guint what)
{
  g_autoptr (GSource) source = NULL;

  g_mutex_lock (&self->mutex);
  if (self->what == 0 && what != 0) {
    source = g_idle_source_new ();
    g_source_set_priority (source, G_PRIORITY_DEFAULT);
    g_source_set_static_name (source, "ec-moq-news");
    g_source_set_callback (source, tell, ec_moq_news_ref (self),
                           (GDestroyNotify) ec_moq_news_unref);
    g_source_attach (source, self->context);
  }
  self->what |= what;
  g_mutex_unlock (&self->mutex);
}
