/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-init.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "ec-version.h"
#include "session/ec-moq-core.h"

const char ec_moq_implementation[] = "libec/" EC_VERSION_S;

/*
 * A thread that is the first to use one of these types, and another that is initialising a class which uses it (libsoup's session
 * does), wait for each other for ever in GLib 2.74. Our threads begin with both, so they are made before there is any.
 */
__attribute__ ((constructor)) static void
ensure_types (void)
{
  g_type_ensure (G_TYPE_INET_SOCKET_ADDRESS);
  g_type_ensure (G_TYPE_INET_ADDRESS);
  g_type_ensure (G_TYPE_NETWORK_ADDRESS);
  g_type_ensure (G_TYPE_NETWORK_SERVICE);
  g_type_ensure (G_TYPE_PROXY_ADDRESS);
  g_type_ensure (G_TYPE_RESOLVER);
  g_type_ensure (G_TYPE_SOCKET);
  g_type_ensure (G_TYPE_SOCKET_CLIENT);
  g_type_ensure (G_TYPE_TCP_CONNECTION);
  g_type_ensure (G_TYPE_UNIX_SOCKET_ADDRESS);
  g_type_ensure (G_TYPE_TLS_CERTIFICATE);
  g_type_ensure (G_TYPE_TLS_DATABASE);
  g_type_ensure (G_TYPE_TLS_INTERACTION);
  g_type_ensure (G_TYPE_PROXY_RESOLVER);
  g_type_ensure (G_TYPE_CANCELLABLE);
  /* Not GTask: that starts a thread, which nobody expects of a library that was only loaded. */
}

/**
 * ec_get_version:
 *
 * The version of the library that is running.
 *
 * [const@VERSION_S] is the version that the caller was compiled against.
 *
 * Returns: (transfer none): the version, "MAJOR.MINOR.MICRO"
 */
const char *
ec_get_version (void)
{
  return EC_VERSION_S;
}
