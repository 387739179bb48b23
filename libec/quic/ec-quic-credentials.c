/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-credentials.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"
#include "quic/ec-quic-certificate.h"
#include "quic/ec-quic-credentials-private.h"

#define DAY G_GINT64_CONSTANT (86400)
/* W3C WebTransport: at most 14 days between the two dates of a certificate that is pinned by its hash. */
#define VALIDITY (13 * DAY)
/* Clocks that are wrong by less still take it. */
#define SLACK (DAY / 2)
/* Before a certificate's end, when the next one takes over, whose hash has then been known for long. */
#define LEAD (2 * DAY)
/* How often files are looked at. */
#define CHECK_FILES_US (2 * G_USEC_PER_SEC)

typedef struct {
  char *certificate_path;
  char *key_path;
  gint64 certificate_stamp[3];
  gint64 key_stamp[3];
} Files;

typedef struct {
  GStrv names;
  EcQuicCertificate *current;
  EcQuicCertificate *next;
} SelfSigned;

struct _EcQuicCredentials {
  gatomicrefcount refs;
  GMutex mutex;
  GPtrArray *files;       /* of Files */
  GPtrArray *self_signed; /* of SelfSigned */
  guint8 seed[32];
  gboolean has_seed;
  EcQuicCredentialsState *state; /* NULL: to be made */
  gint64 checked_us;
};

static void
files_free (Files *files)
{
  g_free (files->certificate_path);
  g_free (files->key_path);
  g_free (files);
}

static void
self_signed_free (SelfSigned *own)
{
  g_strfreev (own->names);
  g_clear_pointer (&own->current, ec_quic_certificate_free);
  g_clear_pointer (&own->next, ec_quic_certificate_free);
  g_free (own);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Files, files_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SelfSigned, self_signed_free)

EcQuicCredentials *
ec_quic_credentials_new (void)
{
  EcQuicCredentials *self = g_new0 (EcQuicCredentials, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) files_free);
  self->self_signed = g_ptr_array_new_with_free_func ((GDestroyNotify) self_signed_free);
  return self;
}

EcQuicCredentials *
ec_quic_credentials_ref (EcQuicCredentials *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_quic_credentials_unref (EcQuicCredentials *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->self_signed);
  g_clear_pointer (&self->state, ec_quic_credentials_state_unref);
  sodium_memzero (self->seed, sizeof self->seed);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

EcQuicCredentialsState *
ec_quic_credentials_state_ref (EcQuicCredentialsState *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_quic_credentials_state_unref (EcQuicCredentialsState *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  gnutls_certificate_free_credentials (self->gnutls);
  g_free (self);
}

EcQuicCredentialsState *
ec_quic_credentials_state_new_empty (void)
{
  EcQuicCredentialsState *self = g_new0 (EcQuicCredentialsState, 1);

  g_atomic_ref_count_init (&self->refs);
  if (gnutls_certificate_allocate_credentials (&self->gnutls) < 0)
    g_error ("out of memory");
  return self;
}

/* -- Files */

static void
stamp (const char *path, gint64 stamp[3])
{
  GStatBuf info;

  if (g_stat (path, &info) < 0) {
    stamp[0] = stamp[1] = stamp[2] = -1;
    return;
  }
  stamp[0] = (gint64) info.st_ino;
  stamp[1] = (gint64) info.st_size;
  stamp[2] = (gint64) info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
}

static gboolean
files_changed (Files *files)
{
  gint64 certificate[3];
  gint64 key[3];

  stamp (files->certificate_path, certificate);
  stamp (files->key_path, key);
  return memcmp (certificate, files->certificate_stamp, sizeof certificate) != 0 ||
         memcmp (key, files->key_stamp, sizeof key) != 0;
}

static gboolean
load_files (Files *files, gnutls_certificate_credentials_t gnutls, GError **error)
{
  const char *paths[] = { files->certificate_path, files->key_path };
  int rv;

  stamp (files->certificate_path, files->certificate_stamp);
  stamp (files->key_path, files->key_stamp);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *text = NULL;
    g_autoptr (GError) cause = NULL;

    if (!g_file_get_contents (paths[i], &text, NULL, &cause)) {
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE, "Cannot read “%s”: %s.", paths[i],
                   cause->message);
      return FALSE;
    }
  }
  rv = gnutls_certificate_set_x509_key_file (gnutls, files->certificate_path, files->key_path,
                                             GNUTLS_X509_FMT_PEM);
  if (rv < 0) {
    g_autofree char *why = ec_quic_describe_gnutls (rv);

    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE,
                 "“%s” and “%s” are not a PEM certificate and its key: %s.",
                 files->certificate_path, files->key_path, why);
    return FALSE;
  }
  return TRUE;
}

/* -- The state */

static EcQuicCredentialsState *
make_state (EcQuicCredentials *self, GError **error)
{
  g_autoptr (EcQuicCredentialsState) state = ec_quic_credentials_state_new_empty ();

  for (guint i = 0; i < self->files->len; i++) {
    if (!load_files (g_ptr_array_index (self->files, i), state->gnutls, error))
      return NULL;
    state->x509 = TRUE;
  }
  for (guint i = 0; i < self->self_signed->len; i++) {
    SelfSigned *own = g_ptr_array_index (self->self_signed, i);
    int rv = gnutls_certificate_set_x509_key (state->gnutls, &own->current->certificate, 1,
                                              own->current->key);

    if (rv < 0) {
      g_autofree char *why = ec_quic_describe_gnutls (rv);

      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE,
                   "Cannot use the self-signed certificate: %s.", why);
      return NULL;
    }
    state->x509 = TRUE;
  }
  if (self->has_seed) {
    int rv = ec_quic_set_raw_key (state->gnutls, self->seed);

    if (rv < 0) {
      g_autofree char *why = ec_quic_describe_gnutls (rv);

      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE, "Cannot use the Ed25519 key: %s.",
                   why);
      return NULL;
    }
    state->raw_key = TRUE;
  }
  return g_steal_pointer (&state);
}

/* The mutex is held. What is there stays if it cannot be replaced. */
static gboolean
remake (EcQuicCredentials *self, GError **error)
{
  EcQuicCredentialsState *state = make_state (self, error);

  if (state == NULL)
    return FALSE;
  g_clear_pointer (&self->state, ec_quic_credentials_state_unref);
  self->state = state;
  return TRUE;
}

gboolean
ec_quic_credentials_add_files (EcQuicCredentials *self,
                               const char *certificate_path,
                               const char *key_path,
                               GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Files *files = g_new0 (Files, 1);

  files->certificate_path = g_strdup (certificate_path);
  files->key_path = g_strdup (key_path);
  g_ptr_array_add (self->files, files);
  if (remake (self, error))
    return TRUE;
  g_ptr_array_set_size (self->files, (gint) self->files->len - 1);
  return FALSE;
}

gboolean
ec_quic_credentials_add_raw_key (EcQuicCredentials *self, const guint8 *seed, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  memcpy (self->seed, seed, sizeof self->seed);
  self->has_seed = TRUE;
  if (remake (self, error))
    return TRUE;
  self->has_seed = FALSE;
  return FALSE;
}

/* -- Self-signed */

/* The next one begins when it takes over, less the slack for clocks: its hash is told from now on. */
static EcQuicCertificate *
make_certificate (const SelfSigned *own, gint64 from_s, GError **error)
{
  return ec_quic_certificate_new ((const char *const *) own->names, from_s - SLACK,
                                  from_s - SLACK + VALIDITY, error);
}

static gint64
takes_over (const EcQuicCertificate *certificate)
{
  return certificate->until_s - LEAD;
}

/* The mutex is held. TRUE: another certificate is current. */
static gboolean
renew (SelfSigned *own, gint64 now_s, GError **error)
{
  gboolean changed = FALSE;

  if (now_s < takes_over (own->current))
    return FALSE;
  if (own->next && own->next->from_s <= now_s && now_s < takes_over (own->next)) {
    g_clear_pointer (&own->current, ec_quic_certificate_free);
    own->current = g_steal_pointer (&own->next);
    changed = TRUE;
  } else {
    /* Asleep for so long that the next one is old too. */
    EcQuicCertificate *fresh = make_certificate (own, now_s, error);

    if (fresh == NULL)
      return FALSE;
    g_clear_pointer (&own->current, ec_quic_certificate_free);
    g_clear_pointer (&own->next, ec_quic_certificate_free);
    own->current = fresh;
    changed = TRUE;
  }
  own->next = make_certificate (own, takes_over (own->current), NULL);
  return changed;
}

gboolean
ec_quic_credentials_add_self_signed (EcQuicCredentials *self,
                                     const char *const *names,
                                     gint64 now_s,
                                     GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autoptr (SelfSigned) own = g_new0 (SelfSigned, 1);

  own->names = g_strdupv ((GStrv) (gpointer) names);
  own->current = make_certificate (own, now_s, error);
  if (own->current == NULL)
    return FALSE;
  own->next = make_certificate (own, takes_over (own->current), error);
  if (own->next == NULL)
    return FALSE;
  g_ptr_array_add (self->self_signed, g_steal_pointer (&own));
  if (remake (self, error))
    return TRUE;
  g_ptr_array_set_size (self->self_signed, (gint) self->self_signed->len - 1);
  return FALSE;
}

/* -- Getting */

/* The mutex is held. */
static void
refresh (EcQuicCredentials *self, gint64 now_s)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean stale = FALSE;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < self->self_signed->len; i++) {
    g_autoptr (GError) failure = NULL;

    if (renew (g_ptr_array_index (self->self_signed, i), now_s, &failure))
      stale = TRUE;
    else if (failure)
      g_warning ("%s", failure->message);
  }
  if (self->checked_us == 0 || now_us - self->checked_us >= CHECK_FILES_US) {
    self->checked_us = now_us;
    for (guint i = 0; i < self->files->len; i++)
      stale |= files_changed (g_ptr_array_index (self->files, i));
  }
  if (stale && !remake (self, &error))
    g_warning ("The certificates stay as they were: %s", error->message);
}

EcQuicCredentialsState *
ec_quic_credentials_get (EcQuicCredentials *self, gint64 now_s)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  refresh (self, now_s);
  return self->state ? ec_quic_credentials_state_ref (self->state) : NULL;
}

void
ec_quic_credentials_renew (EcQuicCredentials *self, gint64 now_s)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  refresh (self, now_s);
}

GPtrArray *
ec_quic_credentials_get_hashes (EcQuicCredentials *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  GPtrArray *hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (guint i = 0; i < self->self_signed->len; i++)
    g_ptr_array_add (
        hashes,
        g_bytes_ref (((SelfSigned *) g_ptr_array_index (self->self_signed, i))->current->hash));
  for (guint i = 0; i < self->self_signed->len; i++) {
    SelfSigned *own = g_ptr_array_index (self->self_signed, i);

    if (own->next)
      g_ptr_array_add (hashes, g_bytes_ref (own->next->hash));
  }
  return hashes;
}
