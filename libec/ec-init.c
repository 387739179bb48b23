/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-init.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "ec-version.h"
#include "session/ec-moq-core.h"
#include "session/ec-moq-dial.h"

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

/**
 * ec_deinit:
 *
 * To be called before the process ends, if it has connected to anything: closes all connections that it dialled, and waits
 * until that was sent.
 *
 * A session that is closed says so on a thread of the library's. A process that ends at once may end before, and its peers then wait
 * for it until their idle timeout, half a minute. This call returns when the last packets have left, which takes
 * less than a millisecond as a rule, and 200 at most.
 *
 * Nothing can be connected to afterwards; servers, publishers that listen and relays have ends of their own. It is an error neither
 * to call it twice nor not to call it.
 */
void
ec_deinit (void)
{
  ec_moq_dial_end ();
}
