/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-uri.h"

#include <string.h>

#include "base/ec-error.h"
#include "moqt/ec-moqt-name.h"
#include "seal/ec-token.h"
#include "session/ec-moq-uri.h"

#define HASH_SIZE 32
#define NODE_ID_SIZE 64
#define PREFIX "/ec/v1/"
#define SOURCE_PREFIX "ec/v1/source/"

gboolean
ec_share_uri_is_broadcast (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  const char *query;

  if (!uri)
    return FALSE;
  query = g_uri_get_query (uri);
  return g_str_has_prefix (g_uri_get_path (uri), PREFIX) ||
         (query && (g_str_has_prefix (query, "track=") || strstr (query, "&track=")));
}

void
ec_share_uri_free (EcShareUri *self)
{
  g_clear_pointer (&self->hashes, g_ptr_array_unref);
  g_clear_pointer (&self->publishers, g_ptr_array_unref);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_free (self->server);
  g_free (self->who);
  g_free (self->name);
  g_free (self->track);
  g_free (self->ca_file);
  g_free (self->fallback);
  g_free (self);
}

static gboolean
bad (GError **error, const char *text, const char *why)
{
  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
               "“%s” is no address of a broadcast: %s.", text, why);
  return FALSE;
}

static gboolean
is_hex (const char *text, gsize n)
{
  if (strlen (text) != n)
    return FALSE;
  for (; *text; text++)
    if (!g_ascii_isxdigit (*text))
      return FALSE;
  return TRUE;
}

static GBytes *
parse_hash (const char *text)
{
  guint8 hash[HASH_SIZE];

  if (!is_hex (text, 2 * sizeof hash))
    return NULL;
  for (gsize i = 0; i < sizeof hash; i++)
    hash[i] =
        (guint8) (g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]));
  return g_bytes_new (hash, sizeof hash);
}

static gboolean
add_hash (EcShareUri *self, const char *value)
{
  GBytes *hash = parse_hash (value);

  if (!hash)
    return FALSE;
  if (!self->hashes)
    self->hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (self->hashes, hash);
  return TRUE;
}

static gboolean
add_publisher (EcShareUri *self, const char *value)
{
  if (!is_hex (value, NODE_ID_SIZE))
    return FALSE;
  g_ptr_array_add (self->publishers, g_ascii_strdown (value, -1));
  return TRUE;
}

/* FALSE: not a value for it. Unknown options are an error, as a mistyped `publisher` would trust nobody. */
static gboolean
take_option (EcShareUri *self, const char *name, const char *value, char **path)
{
  if (strcmp (name, "path") == 0) {
    g_free (*path);
    *path = g_strconcat (*value == '/' ? "" : "/", value, NULL);
    return TRUE;
  }
  if (strcmp (name, "hash") == 0)
    return add_hash (self, value);
  if (strcmp (name, "publisher") == 0)
    return add_publisher (self, value);
  if (strcmp (name, "token") == 0) {
    g_clear_pointer (&self->token, g_bytes_unref);
    self->token = ec_token_from_text (value);
  } else if (strcmp (name, "track") == 0) {
    g_free (self->track);
    self->track = g_strdup (value);
  } else if (strcmp (name, "ca") == 0) {
    g_free (self->ca_file);
    self->ca_file = g_strdup (value);
  } else if (strcmp (name, "source") == 0) {
    g_free (self->fallback);
    self->fallback = g_strdup (*value == '/' ? value + 1 : value);
  } else
    return FALSE;
  return *value != '\0';
}

static char *
why_not (const char *name, const char *value)
{
  static const char *const known[] = { "ca", "source", "token", "track" };

  if (strcmp (name, "hash") == 0 || strcmp (name, "publisher") == 0)
    return g_strdup_printf ("“%s” in it takes 64 hexadecimal digits, and “%s” is none of that",
                            name, value);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (name, known[i]) == 0)
      return g_strdup_printf ("“%s” in it says nothing", name);
  return g_strdup_printf ("it has an option “%s” that is not known. There are track, path, hash, "
                          "ca, publisher, source and token",
                          name);
}

static gboolean
take_query (EcShareUri *self, const char *text, const char *query, char **path, GError **error)
{
  g_autoptr (GError) local = NULL;
  GUriParamsIter iter;
  char *name, *value;
  gboolean good = TRUE;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  while (good && g_uri_params_iter_next (&iter, &name, &value, &local)) {
    good = take_option (self, name, value, path);
    if (!good) {
      g_autofree char *why = why_not (name, value);

      bad (error, text, why);
    }
    g_free (name);
    g_free (value);
  }
  if (local)
    good = bad (error, text, "an option is not NAME=VALUE");
  return good;
}

static gboolean
check_name (const char *name)
{
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_from_path (name, NULL, NULL);

  return space != NULL && ec_moqt_name_get_n_fields (space) > 0;
}

/* A source-scoped name says whose it is (ECP-0003 §3): whoever names it means that node. */
static void
trust_by_name (EcShareUri *self, const char *name)
{
  g_autofree char *node = NULL;

  if (!name || !g_str_has_prefix (name, SOURCE_PREFIX))
    return;
  node = g_strndup (name + strlen (SOURCE_PREFIX), NODE_ID_SIZE);
  if (!g_ptr_array_find_with_equal_func (self->publishers, node, g_str_equal, NULL))
    add_publisher (self, node);
}

EcShareUri *
ec_share_uri_parse (const char *text, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  g_autoptr (EcMoqUri) server = NULL;
  g_autoptr (EcShareUri) self = g_new0 (EcShareUri, 1);
  g_autofree char *path = g_strdup ("/");
  const char *scheme, *host;
  int port;

  if (!g_utf8_validate (text, -1, NULL)) {
    bad (error, "…", "it is no text");
    return NULL;
  }
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  if (!uri || !g_uri_get_host (uri) || *g_uri_get_host (uri) == '\0') {
    bad (error, text, "it ought to look like moqt://HOST:PORT/NAME");
    return NULL;
  }
  self->publishers = g_ptr_array_new_with_free_func (g_free);
  scheme = g_uri_get_scheme (uri);
  host = g_uri_get_host (uri);
  port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 443;
  self->name = g_strdup (g_uri_get_path (uri));
  if (*self->name == '/')
    memmove (self->name, self->name + 1, strlen (self->name));
  if (!check_name (self->name)) {
    bad (error, text, "it does not say which; its path is the broadcast's name");
    return NULL;
  }
  if (g_uri_get_query (uri) && !take_query (self, text, g_uri_get_query (uri), &path, error))
    return NULL;
  if (self->fallback && !check_name (self->fallback)) {
    bad (error, text, "what “source” says is no name");
    return NULL;
  }
  trust_by_name (self, self->name);
  trust_by_name (self, self->fallback);
  self->who = g_strdup_printf (strchr (host, ':') ? "[%s]:%d" : "%s:%d", host, port);
  self->server = g_strdup_printf ("%s://%s%s", scheme, self->who, path);
  server = ec_moq_uri_parse (self->server, NULL);
  if (!server) {
    bad (error, text, "its server, or what “path” says, is not understood");
    return NULL;
  }
  return g_steal_pointer (&self);
}
