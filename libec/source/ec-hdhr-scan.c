/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-scan.h"

#include <string.h>

#include "source/ec-hdhr-client.h"
#include "source/ec-hdhr-probe.h"

/* A network that answers with more devices than this is playing with us. */
#define MAX_DEVICES 256

struct _EcHdhrScan {
  gatomicrefcount ref_count;
  EcHdhrScanOptions options;
  GCancellable *cancellable;
  void (*wake) (gpointer user_data);
  gpointer user_data;
  GDestroyNotify destroy;

  GMutex mutex;
  GCond cond;
  GQueue sightings; /* of EcHdhrSighting; all under the mutex */
  GHashTable *seen; /* device ids and, without one, base URLs */
  guint running;    /* threads */
};

typedef struct {
  EcHdhrScan *scan;         /* owned */
  EcHdhrSighting *sighting; /* what is known so far, owned; NULL: the broadcast */
  gboolean (*run) (EcHdhrScan *scan, EcHdhrSighting *sighting);
} Job;

void
ec_hdhr_sighting_free (EcHdhrSighting *sighting)
{
  g_free (sighting->device_id);
  g_free (sighting->base_url);
  g_free (sighting->host);
  g_clear_pointer (&sighting->details, ec_hdhr_details_free);
  g_clear_error (&sighting->error);
  g_free (sighting);
}

static EcHdhrSighting *
new_sighting (const char *device_id, const char *base_url, const char *host)
{
  EcHdhrSighting *sighting = g_new0 (EcHdhrSighting, 1);

  sighting->device_id = g_strdup (device_id);
  sighting->base_url = g_strdup (base_url);
  sighting->host = g_strdup (host);
  return sighting;
}

EcHdhrScan *
ec_hdhr_scan_ref (EcHdhrScan *scan)
{
  g_atomic_ref_count_inc (&scan->ref_count);
  return scan;
}

void
ec_hdhr_scan_unref (EcHdhrScan *scan)
{
  if (!g_atomic_ref_count_dec (&scan->ref_count))
    return;

  g_queue_clear_full (&scan->sightings, (GDestroyNotify) ec_hdhr_sighting_free);
  g_hash_table_unref (scan->seen);
  g_object_unref (scan->cancellable);
  g_mutex_clear (&scan->mutex);
  g_cond_clear (&scan->cond);
  if (scan->destroy)
    scan->destroy (scan->user_data);
  g_free (scan);
}

/* Queues `sighting` (taken). */
static void
report (EcHdhrScan *scan, EcHdhrSighting *sighting)
{
  g_mutex_lock (&scan->mutex);
  g_queue_push_tail (&scan->sightings, sighting);
  g_cond_broadcast (&scan->cond);
  g_mutex_unlock (&scan->mutex);
  if (scan->wake)
    scan->wake (scan->user_data);
}

/* Whether this is the first time that `key` is seen. */
static gboolean
is_new (EcHdhrScan *scan, const char *key)
{
  gboolean added = FALSE;

  g_mutex_lock (&scan->mutex);
  if (g_hash_table_size (scan->seen) < MAX_DEVICES)
    added = g_hash_table_add (scan->seen, g_strdup (key));
  g_mutex_unlock (&scan->mutex);
  return added;
}

static gpointer
run_job (gpointer user_data)
{
  Job *job = user_data;
  EcHdhrScan *scan = job->scan;

  if (job->run (scan, job->sighting) && job->sighting)
    report (scan, g_steal_pointer (&job->sighting));
  g_clear_pointer (&job->sighting, ec_hdhr_sighting_free);
  g_free (job);

  g_mutex_lock (&scan->mutex);
  scan->running--;
  g_cond_broadcast (&scan->cond);
  g_mutex_unlock (&scan->mutex);
  if (scan->wake)
    scan->wake (scan->user_data);
  ec_hdhr_scan_unref (scan);
  return NULL;
}

/* Starts a thread; `run` returns TRUE to report the sighting (taken). */
static void
start_job (EcHdhrScan *scan,
           gboolean (*run) (EcHdhrScan *scan, EcHdhrSighting *sighting),
           EcHdhrSighting *sighting)
{
  Job *job = g_new0 (Job, 1);
  GThread *thread;

  job->scan = ec_hdhr_scan_ref (scan);
  job->sighting = sighting;
  job->run = run;

  g_mutex_lock (&scan->mutex);
  scan->running++;
  g_mutex_unlock (&scan->mutex);
  thread = g_thread_try_new ("ec-scan", run_job, job, NULL);
  if (thread)
    g_thread_unref (thread);
  else
    run_job (job);
}

/* --- Jobs -------------------------------------------------------------------------------- */

/* Asks over HTTP; fills the sighting with details or an error. */
static void
fetch (EcHdhrScan *scan, EcHdhrSighting *sighting, EcHdhrFetch what)
{
  g_autoptr (EcHttp) http = ec_http_new (TRUE);

  sighting->details = ec_hdhr_fetch (http, sighting->base_url, what, scan->options.timeout_ms,
                                     scan->cancellable, &sighting->error);
}

static gboolean
run_details (EcHdhrScan *scan, EcHdhrSighting *sighting)
{
  fetch (scan, sighting, EC_HDHR_FETCH_LINEUP | EC_HDHR_FETCH_STATUS);
  return TRUE;
}

typedef struct {
  EcHdhrScan *scan;
  const char *host; /* or NULL */
  gboolean found;
} Search;

static gboolean
on_answer (gpointer user_data, const EcHdhrReply *reply, const char *base_url)
{
  Search *search = user_data;
  EcHdhrScan *scan = search->scan;
  g_autofree char *id = g_strdup_printf ("%08X", reply->id);
  EcHdhrSighting *sighting;

  search->found = TRUE;
  if (is_new (scan, id)) {
    sighting = new_sighting (id, base_url, search->host);
    sighting->tuner_count = reply->tuner_count;
    report (scan, sighting);
    if (scan->options.details)
      start_job (scan, run_details, new_sighting (id, base_url, search->host));
  }
  /* One address is one device. */
  return search->host == NULL;
}

static gboolean
run_broadcast (EcHdhrScan *scan, EcHdhrSighting *sighting)
{
  EcHdhrProbe probe = { .id = scan->options.id,
                        .port = scan->options.port,
                        .timeout_ms = scan->options.timeout_ms };
  Search search = { .scan = scan };

  ec_hdhr_probe (&probe, on_answer, &search, scan->cancellable);
  return FALSE;
}

/* Asks one address by UDP. */
static gboolean
probe_host (EcHdhrScan *scan, const EcHdhrSighting *sighting)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GUri) uri = g_uri_parse (sighting->base_url, G_URI_FLAGS_NONE, NULL);
  Search search = { .scan = scan, .host = sighting->host };
  GList *addresses = NULL;

  if (uri)
    addresses = g_resolver_lookup_by_name (resolver, g_uri_get_host (uri), scan->cancellable, NULL);
  for (GList *l = addresses; l && !search.found; l = l->next) {
    EcHdhrProbe probe = { .address = l->data,
                          .id = scan->options.id,
                          .port = scan->options.port,
                          .timeout_ms = MIN (600, scan->options.timeout_ms) };

    ec_hdhr_probe (&probe, on_answer, &search, scan->cancellable);
  }
  g_resolver_free_addresses (addresses);
  return search.found;
}

static gboolean
run_host (EcHdhrScan *scan, EcHdhrSighting *sighting)
{
  gboolean has_port = FALSE;
  const char *key;

  sighting->base_url = ec_hdhr_base_url_for_host (sighting->host, &has_port, &sighting->error);
  if (sighting->base_url == NULL)
    return TRUE;
  if (!has_port && probe_host (scan, sighting))
    return FALSE;

  fetch (scan, sighting, scan->options.details ? EC_HDHR_FETCH_LINEUP | EC_HDHR_FETCH_STATUS : 0);
  if (sighting->details == NULL)
    return TRUE;
  sighting->device_id = g_strdup (sighting->details->device_id);
  sighting->tuner_count = sighting->details->tuner_count;
  key = sighting->device_id ? sighting->device_id : sighting->base_url;
  return is_new (scan, key);
}

/* --- The scan ---------------------------------------------------------------------------- */

EcHdhrScan *
ec_hdhr_scan_new (const EcHdhrScanOptions *options,
                  void (*wake) (gpointer user_data),
                  gpointer user_data,
                  GDestroyNotify destroy)
{
  EcHdhrScan *scan = g_new0 (EcHdhrScan, 1);

  g_atomic_ref_count_init (&scan->ref_count);
  scan->options = *options;
  scan->options.hosts = NULL;
  scan->cancellable = g_cancellable_new ();
  scan->wake = wake;
  scan->user_data = user_data;
  scan->destroy = destroy;
  scan->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&scan->mutex);
  g_cond_init (&scan->cond);
  g_queue_init (&scan->sightings);

  for (guint i = 0; options->hosts && options->hosts[i] && i < MAX_DEVICES; i++)
    start_job (scan, run_host, new_sighting (NULL, NULL, options->hosts[i]));
  if (options->broadcast)
    start_job (scan, run_broadcast, NULL);
  return scan;
}

void
ec_hdhr_scan_cancel (EcHdhrScan *scan)
{
  g_cancellable_cancel (scan->cancellable);
}

EcHdhrSighting *
ec_hdhr_scan_pop (EcHdhrScan *scan)
{
  EcHdhrSighting *sighting;

  g_mutex_lock (&scan->mutex);
  sighting = g_queue_pop_head (&scan->sightings);
  g_mutex_unlock (&scan->mutex);
  return sighting;
}

gboolean
ec_hdhr_scan_is_done (EcHdhrScan *scan)
{
  gboolean done;

  g_mutex_lock (&scan->mutex);
  done = scan->running == 0 && scan->sightings.length == 0;
  g_mutex_unlock (&scan->mutex);
  return done;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  EcHdhrScan *scan = user_data;

  ec_hdhr_scan_cancel (scan);
  g_mutex_lock (&scan->mutex);
  g_cond_broadcast (&scan->cond);
  g_mutex_unlock (&scan->mutex);
}

EcHdhrSighting *
ec_hdhr_scan_wait (EcHdhrScan *scan, GCancellable *cancellable)
{
  EcHdhrSighting *sighting = NULL;
  gulong id = 0;

  if (cancellable)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), scan, NULL);
  g_mutex_lock (&scan->mutex);
  while (!g_cancellable_is_cancelled (cancellable) && scan->running > 0 &&
         scan->sightings.length == 0)
    g_cond_wait (&scan->cond, &scan->mutex);
  if (!g_cancellable_is_cancelled (cancellable))
    sighting = g_queue_pop_head (&scan->sightings);
  g_mutex_unlock (&scan->mutex);
  g_cancellable_disconnect (cancellable, id);
  return sighting;
}

GStrv
ec_hdhr_scan_env_hosts (void)
{
  const char *text = g_getenv ("EC_DEVICES");
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", MAX_DEVICES);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (char **word = words; *word; word++) {
    if (*g_strstrip (*word))
      g_strv_builder_add (builder, *word);
  }
  return g_strv_builder_end (builder);
}
