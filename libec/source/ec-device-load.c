/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-error.h"
#include "source/ec-channel-private.h"
#include "source/ec-device-private.h"
#include "source/ec-hdhr-client.h"
#include "source/ec-hdhr-locate.h"
#include "source/ec-work.h"

/* The calls of EcDevice that wait for the device: load, set a favourite. */

#define REQUEST_TIMEOUT 4000 /* ms */
#define QUESTIONS (EC_HDHR_FETCH_LINEUP | EC_HDHR_FETCH_STATUS)

/* --- Loading ----------------------------------------------------------------------------- */

typedef struct {
  char *base_url;
  char *host; /* to ask where its web server is, if it is not at base_url; or NULL */
  EcHdhrDetails *details;
} Load;

static void
load_free (gpointer data)
{
  Load *load = data;

  g_free (load->base_url);
  g_free (load->host);
  g_clear_pointer (&load->details, ec_hdhr_details_free);
  g_free (load);
}

/* Where else than at base_url the device says that its web server is, tried until one answers. */
static void
load_elsewhere (Load *load, EcHttp *http, GCancellable *cancellable, GError **cause)
{
  gboolean fresh = FALSE;
  guint n_tries = 0;

  while (!load->details && !fresh) {
    g_autofree char *located =
        ec_hdhr_locate (load->host, n_tries++ == 0, &fresh, cancellable, NULL);

    if (!located || g_str_equal (located, load->base_url))
      continue;
    g_clear_error (cause);
    load->details = ec_hdhr_fetch (http, located, QUESTIONS, REQUEST_TIMEOUT, cancellable, cause);
  }
}

static void
load_run (gpointer data, GCancellable *cancellable, GError **error)
{
  Load *load = data;
  g_autoptr (EcHttp) http = ec_http_new (TRUE);
  g_autoptr (GError) cause = NULL;

  load->details =
      ec_hdhr_fetch (http, load->base_url, QUESTIONS, REQUEST_TIMEOUT, cancellable, &cause);
  if (load->host && g_error_matches (cause, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE))
    load_elsewhere (load, http, cancellable, &cause);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
}

static Load *
load_new (EcDevice *self)
{
  Load *load = g_new0 (Load, 1);
  const char *host = ec_device_get_host (self);
  g_autofree char *host_url = NULL;
  gboolean has_port = TRUE;

  load->base_url = g_strdup (ec_device_get_base_url (self));
  if (host && (host_url = ec_hdhr_base_url_for_host (host, &has_port, NULL)) && !has_port)
    load->host = g_strdup (host);
  return load;
}

static void
load_apply (EcDevice *self, Load *load, const GError *error)
{
  if (load->details)
    ec_device_apply (self, load->details);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ec_device_take_error (self, g_error_copy (error));
}

static void
load_done (GTask *task, gpointer data, GError *error)
{
  Load *load = data;
  gboolean ok = load->details != NULL;

  load_apply (g_task_get_source_object (task), load, error);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * ec_device_load:
 * @self: a device
 * @cancellable: (nullable): cancels
 * @error: return location for an error
 *
 * Asks the device what it is, which channels it has and what its tuners do, and waits for the answer.
 *
 * To be called in the thread that the device belongs to. Each of the questions takes 4 s at most.
 *
 * Errors, in [error@SourceError]: %EC_SOURCE_ERROR_NOT_FOUND when there is no such host;
 * %EC_SOURCE_ERROR_GONE when it does not answer or refuses the connection;
 * %EC_SOURCE_ERROR_BAD_REPLY when what it answers makes no sense; and %G_IO_ERROR_CANCELLED. What was
 * known of the device before stays.
 *
 * Returns: %TRUE when the device answered
 */
gboolean
ec_device_load (EcDevice *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok;
  Load *load;

  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);

  load = load_new (self);
  load_run (load, cancellable, &local);
  ok = load->details != NULL;
  load_apply (self, load, local);
  load_free (load);
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&local));
  return ok;
}

/**
 * ec_device_load_async:
 * @self: a device
 * @cancellable: (nullable): cancels
 * @callback: (scope async): called in the caller's thread-default main context
 * @user_data: for @callback
 *
 * Asks the device what it is and which channels it has; see [method@Device.load].
 */
void
ec_device_load_async (EcDevice *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  GTask *task;

  g_return_if_fail (EC_IS_DEVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_device_load_async);
  ec_work_start (task, load_run, load_done, load_new (self), load_free);
}

/**
 * ec_device_load_finish:
 * @self: a device
 * @result: what the callback was given
 * @error: return location for an error, as of [method@Device.load]
 *
 * The outcome of [method@Device.load_async].
 *
 * Returns: %TRUE when the device answered
 */
gboolean
ec_device_load_finish (EcDevice *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Favourites -------------------------------------------------------------------------- */

typedef struct {
  char *base_url;
  char *number;
  EcChannel *channel; /* owned; not for the thread */
  gboolean favorite;
} Favorite;

static void
favorite_free (gpointer data)
{
  Favorite *favorite = data;

  g_free (favorite->base_url);
  g_free (favorite->number);
  g_object_unref (favorite->channel);
  g_free (favorite);
}

static Favorite *
favorite_new (EcDevice *self, EcChannel *channel, gboolean favorite)
{
  Favorite *data = g_new0 (Favorite, 1);

  data->base_url = g_strdup (ec_device_get_base_url (self));
  data->number = g_strdup (ec_channel_get_number (channel));
  data->channel = g_object_ref (channel);
  data->favorite = favorite;
  return data;
}

static void
favorite_run (gpointer data, GCancellable *cancellable, GError **error)
{
  Favorite *favorite = data;
  g_autoptr (EcHttp) http = ec_http_new (TRUE);

  ec_hdhr_post_favorite (http, favorite->base_url, favorite->number, favorite->favorite,
                         REQUEST_TIMEOUT, cancellable, error);
}

static void
favorite_done (GTask *task, gpointer data, GError *error)
{
  Favorite *favorite = data;

  if (error) {
    g_task_return_error (task, error);
    return;
  }
  ec_channel_set_favorite (favorite->channel, favorite->favorite);
  g_task_return_boolean (task, TRUE);
}

/**
 * ec_device_set_favorite:
 * @self: a device
 * @channel: one of its channels
 * @favorite: whether it is to be a favourite
 * @cancellable: (nullable): cancels
 * @error: return location for an error
 *
 * Marks or unmarks a favourite, on the device itself, for everyone who uses it, and waits.
 *
 * To be called in the thread that the device belongs to. Errors: as of [method@Device.load].
 *
 * Returns: %TRUE when the device agreed
 */
gboolean
ec_device_set_favorite (EcDevice *self,
                        EcChannel *channel,
                        gboolean favorite,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GError) local = NULL;
  Favorite *data;

  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);
  g_return_val_if_fail (EC_IS_CHANNEL (channel), FALSE);

  data = favorite_new (self, channel, favorite);
  favorite_run (data, cancellable, &local);
  favorite_free (data);
  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  ec_channel_set_favorite (channel, favorite);
  return TRUE;
}

/**
 * ec_device_set_favorite_async:
 * @self: a device
 * @channel: one of its channels
 * @favorite: whether it is to be a favourite
 * @cancellable: (nullable): cancels
 * @callback: (scope async): called in the caller's thread-default main context
 * @user_data: for @callback
 *
 * Marks or unmarks a favourite; see [method@Device.set_favorite].
 */
void
ec_device_set_favorite_async (EcDevice *self,
                              EcChannel *channel,
                              gboolean favorite,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task;

  g_return_if_fail (EC_IS_DEVICE (self));
  g_return_if_fail (EC_IS_CHANNEL (channel));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_device_set_favorite_async);
  ec_work_start (task, favorite_run, favorite_done, favorite_new (self, channel, favorite),
                 favorite_free);
}

/**
 * ec_device_set_favorite_finish:
 * @self: a device
 * @result: what the callback was given
 * @error: return location for an error, as of [method@Device.set_favorite]
 *
 * The outcome of [method@Device.set_favorite_async].
 *
 * Returns: %TRUE when the device agreed
 */
gboolean
ec_device_set_favorite_finish (EcDevice *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
