/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-loop.h"

#include "media/ec-broadcast-cache.h"

#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 20)

typedef struct {
  const EcStation *station;
  EcBroadcastLoop *loop;
  GCancellable *cancellable;
  GMutex lock;
  GCond changed;
  GError *error; /* under lock: the first */
  guint left;    /* under lock: streams not finished */
  int done;      /* atomic: video frames painted and encoded */
  double total;  /* video frames of all streams, HD ones counting for more */
} Work;

void
ec_broadcast_loop_free (EcBroadcastLoop *self)
{
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    for (guint s = 0; s < EC_STATION_MAX_STREAMS; s++)
      g_clear_pointer (&self->streams[p][s], ec_elementary_stream_free);
  }
  g_free (self);
}

/* `item` is 1 + program · EC_STATION_MAX_STREAMS + stream. */
static void
encode_one (gpointer item, gpointer user_data)
{
  Work *work = user_data;
  guint p = (GPOINTER_TO_UINT (item) - 1) / EC_STATION_MAX_STREAMS;
  guint s = (GPOINTER_TO_UINT (item) - 1) % EC_STATION_MAX_STREAMS;
  const EcStationProgram *program = &work->station->programs[p];
  GError *error = NULL;
  EcElementaryStream *stream =
      ec_broadcast_encode (program, &program->streams[s], &work->done, work->cancellable, &error);

  g_mutex_lock (&work->lock);
  work->loop->streams[p][s] = stream;
  if (error && !work->error)
    work->error = g_steal_pointer (&error);
  g_clear_error (&error);
  work->left--;
  g_cond_signal (&work->changed);
  g_mutex_unlock (&work->lock);
}

static void
wait_for_work (Work *work, EcBroadcastProgress progress, gpointer user_data)
{
  g_mutex_lock (&work->lock);
  while (work->left > 0) {
    g_cond_wait_until (&work->changed, &work->lock, g_get_monotonic_time () + PROGRESS_INTERVAL);
    if (progress) {
      g_mutex_unlock (&work->lock);
      progress (MIN (g_atomic_int_get (&work->done) / work->total, 1.0), user_data);
      g_mutex_lock (&work->lock);
    }
  }
  g_mutex_unlock (&work->lock);
}

static EcBroadcastLoop *
encode_all (const EcStation *station,
            EcBroadcastProgress progress,
            gpointer user_data,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (EcBroadcastLoop) loop = g_new0 (EcBroadcastLoop, 1);
  Work work = { .station = station, .loop = loop, .cancellable = cancellable, .total = 1 };
  GThreadPool *pool;

  g_mutex_init (&work.lock);
  g_cond_init (&work.changed);
  pool = g_thread_pool_new (encode_one, &work, (int) g_get_num_processors (), FALSE, NULL);
  /* The table's order puts the longest job, HD video, first. */
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    const EcStationProgram *program = &station->programs[p];

    for (guint s = 0; s < program->n_streams && !program->is_protected; s++) {
      if (ec_station_codec_is_video (program->streams[s].codec))
        work.total += EC_BROADCAST_LOOP_SECONDS * EC_BROADCAST_VIDEO_FPS;
      g_mutex_lock (&work.lock);
      work.left++;
      g_mutex_unlock (&work.lock);
      g_thread_pool_push (pool, GUINT_TO_POINTER (1 + p * EC_STATION_MAX_STREAMS + s), NULL);
    }
  }
  wait_for_work (&work, progress, user_data);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&work.lock);
  g_cond_clear (&work.changed);

  if (work.error) {
    g_propagate_error (error, work.error);
    return NULL;
  }
  return g_steal_pointer (&loop);
}

EcBroadcastLoop *
ec_broadcast_loop_new (EcBroadcastProfile profile,
                       EcBroadcastProgress progress,
                       gpointer user_data,
                       GCancellable *cancellable,
                       GError **error)
{
  EcBroadcastLoop *loop = ec_broadcast_cache_load (profile);

  if (loop)
    return loop;
  loop = encode_all (ec_station_get (profile), progress, user_data, cancellable, error);
  if (loop)
    ec_broadcast_cache_save (profile, loop);
  return loop;
}
