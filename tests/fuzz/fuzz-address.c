/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts that name things: addresses of servers and of broadcasts, and names of namespaces. What was read is in its bounds, and a name that is
 * written is the one that was read. */
#include <string.h>

#include "fuzz.h"
#include "moqt/ec-moqt-name.h"
#include "session/ec-moq-uri.h"
#include "share/ec-share-uri.h"

static void
read_server (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqUri) uri = ec_moq_uri_parse (text, &error);

  g_assert_true (!uri == !!error);
  if (!uri)
    return;
  g_assert_true (*uri->host && *uri->path == '/' && uri->port > 0);
  g_assert_true (g_utf8_validate (uri->host, -1, NULL));
}

static void
read_broadcast (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcShareUri) uri = ec_share_uri_parse (text, &error);
  g_autoptr (EcMoqtName) name = NULL;

  ec_share_uri_is_broadcast (text);
  g_assert_true (!uri == !!error);
  if (!uri)
    return;
  /* What it says is good enough to dial and to subscribe. */
  read_server (uri->server);
  name = ec_moqt_name_new_from_path (uri->name, uri->track ? uri->track : "chunks", NULL);
  g_assert_nonnull (name);
}

static void
read_name (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path (text, NULL, &error);
  g_autoptr (EcMoqtName) again = NULL;
  g_autofree char *path = NULL;

  g_assert_true (!name == !!error);
  if (!name)
    return;
  path = ec_moqt_name_to_path (name);
  again = ec_moqt_name_new_from_path (path, NULL, NULL);
  g_assert_true (again && ec_moqt_name_equal (name, again));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_server (text);
  read_broadcast (text);
  read_name (text);
  return 0;
}
