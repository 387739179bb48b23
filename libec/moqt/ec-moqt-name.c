/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-name.h"

#include <string.h>

#include "base/ec-error.h"

/* One block of memory: all fields, then the track's name, one behind the other. */
struct _EcMoqtName {
  gatomicrefcount ref_count;
  guint n_fields;
  gboolean is_track;
  guint hash;
  guint16 ends[EC_MOQT_MAX_NAME_FIELDS + 1]; /* of each field and of the track in `data` */
  guint8 data[];
};

G_STATIC_ASSERT (EC_MOQT_MAX_NAME_SIZE <= G_MAXUINT16);

/* FNV-1a over all bytes and where each field ends. */
static guint
compute_hash (const EcMoqtName *self)
{
  guint hash = 2166136261u + self->is_track;
  guint start = 0;

  for (guint i = 0; i <= self->n_fields; i++) {
    for (guint at = start; at < self->ends[i]; at++)
      hash = (hash ^ self->data[at]) * 16777619u;
    hash = (hash ^ 0x100) * 16777619u;
    start = self->ends[i];
  }
  return hash;
}

EcMoqtName *
ec_moqt_name_new (const EcMoqtField *fields, guint n_fields, const EcMoqtField *track)
{
  gsize size = track ? track->size : 0;
  EcMoqtName *self;
  gsize at = 0;

  /* §2.4.1; each summand is checked first, so that nothing overflows. */
  if (n_fields > EC_MOQT_MAX_NAME_FIELDS || size > EC_MOQT_MAX_NAME_SIZE)
    return NULL;
  for (guint i = 0; i < n_fields; i++) {
    if (fields[i].size == 0 || fields[i].size > EC_MOQT_MAX_NAME_SIZE - size)
      return NULL;
    size += fields[i].size;
  }

  self = g_try_malloc (sizeof *self + size);
  if (!self)
    return NULL;
  g_atomic_ref_count_init (&self->ref_count);
  self->n_fields = n_fields;
  self->is_track = track != NULL;
  for (guint i = 0; i < n_fields; i++) {
    memcpy (self->data + at, fields[i].data, fields[i].size);
    at += fields[i].size;
    self->ends[i] = (guint16) at;
  }
  if (track && track->size > 0)
    memcpy (self->data + at, track->data, track->size);
  self->ends[n_fields] = (guint16) size;
  self->hash = compute_hash (self);
  return self;
}

/* Decodes `text`, `size` bytes, into `out`, which has room for as many; G_MAXSIZE: a “%” that is none. */
static gsize
percent_decode (const char *text, gsize size, guint8 *out)
{
  gsize n = 0;

  for (gsize i = 0; i < size; i++) {
    if (text[i] != '%') {
      out[n++] = (guint8) text[i];
      continue;
    }
    if (size - i < 3 || !g_ascii_isxdigit (text[i + 1]) || !g_ascii_isxdigit (text[i + 2]))
      return G_MAXSIZE;
    out[n++] =
        (guint8) (g_ascii_xdigit_value (text[i + 1]) << 4 | g_ascii_xdigit_value (text[i + 2]));
    i += 2;
  }
  return n;
}

static EcMoqtName *
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI, why);
  return NULL;
}

EcMoqtName *
ec_moqt_name_new_from_path (const char *path, const char *track, GError **error)
{
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];
  EcMoqtField track_field = { (const guint8 *) track, track ? strlen (track) : 0 };
  gsize size = strlen (path);
  g_autofree guint8 *bytes = g_malloc (size + 1);
  guint n_fields = 0;
  gsize used = 0;
  EcMoqtName *self;

  for (const char *at = path;; at++) {
    gsize length = strcspn (at, "/");
    gsize n = percent_decode (at, length, bytes + used);

    if (n == 0)
      return refuse (error, "A part of the name between two “/” is empty");
    if (n == G_MAXSIZE)
      return refuse (error, "The name has a “%” without two hexadecimal digits behind it");
    if (n_fields == EC_MOQT_MAX_NAME_FIELDS)
      return refuse (error, "The name has more than 32 parts");
    fields[n_fields++] = (EcMoqtField){ bytes + used, n };
    used += n;
    at += length;
    if (*at == '\0')
      break;
  }

  self = ec_moqt_name_new (fields, n_fields, track ? &track_field : NULL);
  return self ? self : refuse (error, "The name is longer than 4,096 bytes");
}

static guint
get_fields (const EcMoqtName *self, guint from, EcMoqtField *fields)
{
  guint n = 0;

  for (guint i = from; i < self->n_fields; i++)
    fields[n++] = ec_moqt_name_get_field (self, i);
  return n;
}

EcMoqtName *
ec_moqt_name_new_track (const EcMoqtName *space, const EcMoqtField *track)
{
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];

  return ec_moqt_name_new (fields, get_fields (space, 0, fields), track);
}

EcMoqtName *
ec_moqt_name_new_namespace (const EcMoqtName *name)
{
  return ec_moqt_name_new_track (name, NULL);
}

EcMoqtName *
ec_moqt_name_new_joined (const EcMoqtName *prefix, const EcMoqtName *suffix)
{
  EcMoqtField fields[2 * EC_MOQT_MAX_NAME_FIELDS];
  EcMoqtField track = ec_moqt_name_get_track (suffix);
  guint n = get_fields (prefix, 0, fields);

  n += get_fields (suffix, 0, fields + n);
  return ec_moqt_name_new (fields, n, suffix->is_track ? &track : NULL);
}

EcMoqtName *
ec_moqt_name_new_suffix (const EcMoqtName *self, guint n)
{
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];
  EcMoqtField track = ec_moqt_name_get_track (self);

  return ec_moqt_name_new (fields, get_fields (self, n, fields), self->is_track ? &track : NULL);
}

EcMoqtName *
ec_moqt_name_ref (EcMoqtName *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ec_moqt_name_unref (EcMoqtName *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

guint
ec_moqt_name_get_n_fields (const EcMoqtName *self)
{
  return self->n_fields;
}

EcMoqtField
ec_moqt_name_get_field (const EcMoqtName *self, guint i)
{
  guint start = i > 0 ? self->ends[i - 1] : 0;

  g_assert (i < self->n_fields);
  return (EcMoqtField){ self->data + start, self->ends[i] - start };
}

gboolean
ec_moqt_name_is_track (const EcMoqtName *self)
{
  return self->is_track;
}

EcMoqtField
ec_moqt_name_get_track (const EcMoqtName *self)
{
  guint start = self->n_fields > 0 ? self->ends[self->n_fields - 1] : 0;

  return (EcMoqtField){ self->data + start, self->ends[self->n_fields] - start };
}

gboolean
ec_moqt_name_has_prefix (const EcMoqtName *self, const EcMoqtName *prefix)
{
  guint n = prefix->n_fields;

  if (n == 0)
    return TRUE;
  return self->n_fields >= n && memcmp (self->ends, prefix->ends, n * sizeof *self->ends) == 0 &&
         memcmp (self->data, prefix->data, prefix->ends[n - 1]) == 0;
}

guint
ec_moqt_name_hash (gconstpointer self)
{
  return ((const EcMoqtName *) self)->hash;
}

gboolean
ec_moqt_name_equal (gconstpointer a, gconstpointer b)
{
  const EcMoqtName *one = a, *other = b;

  return one == other ||
         (one->hash == other->hash && one->is_track == other->is_track &&
          one->n_fields == other->n_fields && ec_moqt_name_has_prefix (one, other) &&
          one->ends[one->n_fields] == other->ends[one->n_fields] &&
          memcmp (one->data, other->data, one->ends[one->n_fields]) == 0);
}

static void
append_safe (GString *text, EcMoqtField field)
{
  for (gsize i = 0; i < field.size; i++) {
    guint8 byte = field.data[i];

    if (g_ascii_isalnum (byte) || byte == '_')
      g_string_append_c (text, (char) byte);
    else
      g_string_append_printf (text, ".%02x", byte);
  }
}

/* §1.5 (“Representing Namespace and Track Names”) */
char *
ec_moqt_name_to_string (const EcMoqtName *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->n_fields; i++) {
    if (i > 0)
      g_string_append_c (text, '-');
    append_safe (text, ec_moqt_name_get_field (self, i));
  }
  if (self->is_track) {
    g_string_append (text, "--");
    append_safe (text, ec_moqt_name_get_track (self));
  }
  return g_string_free (text, FALSE);
}

char *
ec_moqt_name_to_path (const EcMoqtName *self)
{
  GString *path = g_string_new (NULL);

  for (guint i = 0; i < self->n_fields; i++) {
    EcMoqtField field = ec_moqt_name_get_field (self, i);

    if (i > 0)
      g_string_append_c (path, '/');
    for (gsize at = 0; at < field.size; at++) {
      guint8 byte = field.data[at];

      /* RFC 3986 §2.3: what is never escaped */
      if (g_ascii_isalnum (byte) || (byte != 0 && strchr ("-._~", byte)))
        g_string_append_c (path, (char) byte);
      else
        g_string_append_printf (path, "%%%02X", byte);
    }
  }
  return g_string_free (path, FALSE);
}

char *
ec_moqt_name_to_text (const EcMoqtName *self)
{
  g_autofree char *path = ec_moqt_name_to_path (self);
  EcMoqtField field = ec_moqt_name_get_track (self);
  g_autofree char *track = NULL;

  if (!ec_moqt_name_is_track (self))
    return g_steal_pointer (&path);
  track = g_uri_escape_bytes (field.data, field.size, "/");
  return g_strconcat (path, " ", track, NULL);
}
