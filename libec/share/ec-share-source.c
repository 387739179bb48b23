/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-source-private.h"

#include "share/ec-share-session.h"
#include "source/ec-source-private.h"

/**
 * EcShareSource:
 *
 * A broadcast over Media over QUIC, as a source.
 *
 * Made by [ctor@Source.new_for_uri] from `moqt://HOST:PORT/NAME` or `https://HOST:PORT/NAME`. It begins with the first part of the chunk that
 * is open, and hands on parts as they come, in order: what is read is the chunks' bytes, one behind the other. What does not come is
 * fetched, from the same broadcast or from another that carries the same chunks; what cannot be had is a discontinuity, and counted.
 * When the session is lost, another is established, and goes on where the first stopped.
 *
 * Chunks are compared with the manifests of publishers that are trusted: those that the URI names (`publisher=`), and the one whose node id is in
 * a source-scoped name. The manifest comes behind the chunk, so what is wrong is told, not withheld, unless
 * [property@ShareSource:verify-first] is set: then a chunk waits for its manifest.
 */
struct _EcShareSource {
  EcSource parent_instance;
  EcShareData *data;  /* the backend's, which lives as long as the source's core */
  EcSourceCore *core; /* owned, for that */
};

typedef struct {
  EcSourceClass parent_class;
} EcShareSourceClass;

enum {
  PROP_0,
  PROP_NAME,
  PROP_VERIFY_FIRST,
  PROP_N_CHUNKS,
  PROP_N_PARTS,
  PROP_N_VERIFIED,
  PROP_N_UNVERIFIED,
  PROP_N_FORGED,
  PROP_N_LOST,
  PROP_N_FILLED,
  PROP_N_LATE,
  PROP_N_RECONNECTS,
  PROP_DELAY_P50,
  PROP_DELAY_P99,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcShareSource, ec_share_source, EC_TYPE_SOURCE)

static void
ec_share_source_finalize (GObject *object)
{
  EcShareSource *self = EC_SHARE_SOURCE (object);
  EcSourceCore *core = self->core;

  G_OBJECT_CLASS (ec_share_source_parent_class)->finalize (object);
  g_clear_pointer (&core, ec_source_core_unref);
}

static guint64
get_count (const EcShareCounts *counts, guint id)
{
  switch (id) {
  case PROP_N_CHUNKS:
    return counts->n_chunks;
  case PROP_N_PARTS:
    return counts->n_parts;
  case PROP_N_VERIFIED:
    return counts->n_verified;
  case PROP_N_UNVERIFIED:
    return counts->n_unverified;
  case PROP_N_FORGED:
    return counts->n_forged;
  case PROP_N_LOST:
    return counts->n_lost;
  case PROP_N_FILLED:
    return counts->n_filled;
  case PROP_N_LATE:
    return counts->n_late;
  default:
    return counts->n_reconnects;
  }
}

static void
ec_share_source_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcShareSource *self = EC_SHARE_SOURCE (object);
  EcShareCounts counts;

  ec_share_stats_get (&self->data->stats, &counts);
  switch (id) {
  case PROP_NAME:
    g_value_set_string (value, ec_share_source_get_name (self));
    break;
  case PROP_VERIFY_FIRST:
    g_value_set_boolean (value, ec_share_source_get_verify_first (self));
    break;
  case PROP_DELAY_P50:
    g_value_set_int64 (value, counts.delay_p50_us);
    break;
  case PROP_DELAY_P99:
    g_value_set_int64 (value, counts.delay_p99_us);
    break;
  default:
    if (id >= N_PROPS)
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    else
      g_value_set_uint64 (value, get_count (&counts, id));
  }
}

static void
ec_share_source_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcShareSource *self = EC_SHARE_SOURCE (object);

  switch (id) {
  case PROP_VERIFY_FIRST:
    ec_share_source_set_verify_first (self, g_value_get_boolean (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static GParamSpec *
count (const char *name)
{
  return g_param_spec_uint64 (name, NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
}

static void
install_counts (void)
{
  /**
   * EcShareSource:n-chunks:
   *
   * Chunks that came whole. Counts are of the whole life of the source, and are not notified.
   */
  properties[PROP_N_CHUNKS] = count ("n-chunks");
  /**
   * EcShareSource:n-parts:
   *
   * Parts that were handed on.
   */
  properties[PROP_N_PARTS] = count ("n-parts");
  /**
   * EcShareSource:n-verified:
   *
   * Chunks that are what a trusted publisher's manifest says.
   */
  properties[PROP_N_VERIFIED] = count ("n-verified");
  /**
   * EcShareSource:n-unverified:
   *
   * Chunks of which no trusted publisher has said anything.
   */
  properties[PROP_N_UNVERIFIED] = count ("n-unverified");
  /**
   * EcShareSource:n-forged:
   *
   * Chunks that are not what a trusted publisher's manifest says.
   */
  properties[PROP_N_FORGED] = count ("n-forged");
  /**
   * EcShareSource:n-lost:
   *
   * Chunks of which something is missing.
   */
  properties[PROP_N_LOST] = count ("n-lost");
  /**
   * EcShareSource:n-filled:
   *
   * Parts that were fetched to fill holes.
   */
  properties[PROP_N_FILLED] = count ("n-filled");
  /**
   * EcShareSource:n-late:
   *
   * Parts that came when they were of no use any more.
   */
  properties[PROP_N_LATE] = count ("n-late");
  /**
   * EcShareSource:n-reconnects:
   *
   * How often a lost session was replaced.
   */
  properties[PROP_N_RECONNECTS] = count ("n-reconnects");
}

static void
ec_share_source_class_init (EcShareSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_share_source_finalize;
  object_class->get_property = ec_share_source_get_property;
  object_class->set_property = ec_share_source_set_property;
  /**
   * EcShareSource:name: (getter get_name)
   *
   * The broadcast's name.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, READABLE);
  /**
   * EcShareSource:verify-first: (getter get_verify_first) (setter set_verify_first)
   *
   * Whether a chunk waits for its manifest, for some seconds at most.
   */
  properties[PROP_VERIFY_FIRST] = g_param_spec_boolean ("verify-first", NULL, NULL, FALSE,
                                                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  install_counts ();
  /**
   * EcShareSource:delay-p50:
   *
   * The median delay in µs between a chunk's time, as its manifest says it, and the arrival of its first part, by the clock of this computer; the
   * least value there is if it is not known. Broadcasts tell the time in seconds.
   */
  properties[PROP_DELAY_P50] =
      g_param_spec_int64 ("delay-p50", NULL, NULL, G_MININT64, G_MAXINT64, G_MININT64, READABLE);
  /**
   * EcShareSource:delay-p99:
   *
   * What 99 of 100 such delays do not exceed.
   */
  properties[PROP_DELAY_P99] =
      g_param_spec_int64 ("delay-p99", NULL, NULL, G_MININT64, G_MAXINT64, G_MININT64, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_share_source_init (EcShareSource *self)
{
}

EcSource *
ec_share_source_new (const char *uri, GError **error)
{
  g_autoptr (EcShareUri) parsed = ec_share_uri_parse (uri, error);
  g_autofree char *device = NULL;
  EcShareSource *self;

  if (!parsed)
    return NULL;
  device = g_strdup_printf ("moqt:%s", parsed->who);
  self = g_object_new (EC_TYPE_SHARE_SOURCE, "uri", uri, NULL);
  self->core = ec_source_core_ref (ec_source_get_core (EC_SOURCE (self)));
  ec_source_core_set_names (self->core, parsed->name, device, parsed->name);
  ec_source_core_set_extent (self->core, EC_SOURCE_EXTENT_PROGRAM);
  ec_source_core_set_live (self->core, TRUE);
  self->data = ec_share_data_new (g_steal_pointer (&parsed));
  ec_source_set_backend (EC_SOURCE (self), &ec_share_backend, self->data);
  return EC_SOURCE (self);
}

/**
 * ec_share_source_get_name: (get-property name)
 * @self: a share
 *
 * The broadcast's name.
 *
 * Returns: its fields with “/” between them
 */
const char *
ec_share_source_get_name (EcShareSource *self)
{
  g_return_val_if_fail (EC_IS_SHARE_SOURCE (self), NULL);
  return self->data->uri->name;
}

/**
 * ec_share_source_get_verify_first: (get-property verify-first)
 * @self: a share
 *
 * Whether a chunk waits for its manifest.
 *
 * Returns: %TRUE if it does
 */
gboolean
ec_share_source_get_verify_first (EcShareSource *self)
{
  gboolean verify_first;

  g_return_val_if_fail (EC_IS_SHARE_SOURCE (self), FALSE);
  g_mutex_lock (&self->data->mutex);
  verify_first = self->data->verify_first;
  g_mutex_unlock (&self->data->mutex);
  return verify_first;
}

/**
 * ec_share_source_set_verify_first: (set-property verify-first)
 * @self: a share that was not opened yet
 * @verify_first: whether a chunk waits for its manifest
 *
 * Sets whether a chunk waits for its manifest, for some seconds at most.
 */
void
ec_share_source_set_verify_first (EcShareSource *self, gboolean verify_first)
{
  g_return_if_fail (EC_IS_SHARE_SOURCE (self));
  g_mutex_lock (&self->data->mutex);
  self->data->verify_first = verify_first;
  g_mutex_unlock (&self->data->mutex);
}

/**
 * ec_share_source_pop_manifest:
 * @self: a share
 *
 * Takes the manifest of a chunk that came and was verified; the oldest of some hundred that nobody took. With
 * [property@ShareSource:verify-first] it is there before the chunk's last bytes are read.
 *
 * Returns: (transfer full) (nullable): a manifest, for [method@Chunker.add_manifest]; %NULL: there is none
 */
EcManifest *
ec_share_source_pop_manifest (EcShareSource *self)
{
  g_return_val_if_fail (EC_IS_SHARE_SOURCE (self), NULL);
  return ec_share_data_pop_manifest (self->data);
}
