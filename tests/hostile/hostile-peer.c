/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* hostile-peer ATTACK ADDRESS SHA256 SECONDS: does to a relay what nobody should; then says how often. */

static const Attack *const attacks[] = { quic_attacks, request_attacks, object_attacks,
                                         web_attacks };

void
target_count (Target *self, guint64 n)
{
  __atomic_add_fetch (&self->n, n, __ATOMIC_RELAXED);
}

gboolean
target_is_over (const Target *self)
{
  return g_get_monotonic_time () >= self->end_us;
}

int
target_open_port (const Target *self)
{
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &any, sizeof any), ==, 0);
  if (self)
    g_assert_cmpint (connect (fd, (const struct sockaddr *) &self->native, sizeof self->native), ==,
                     0);
  return fd;
}

static EcQuicVerify *
make_verify (const char *hex)
{
  g_autoptr (GPtrArray) hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint8 hash[32];

  for (guint i = 0; i < sizeof hash; i++)
    hash[i] =
        (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  g_ptr_array_add (hashes, g_bytes_new (hash, sizeof hash));
  return ec_quic_verify_new_hashes (hashes);
}

static const Attack *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    for (const Attack *attack = attacks[i]; attack->name; attack++)
      if (g_str_equal (attack->name, name))
        return attack;
  return NULL;
}

int
main (int argc, char **argv)
{
  const Attack *attack = argc == 5 && strlen (argv[3]) == 64 ? find (argv[1]) : NULL;
  Target target = { 0 };
  g_autoptr (GSocketConnectable) address = NULL;

  if (!attack) {
    g_printerr ("Usage: hostile-peer ATTACK 127.0.0.1:PORT SHA256 SECONDS\n");
    return 2;
  }
  address = g_network_address_parse (argv[2], 0, NULL);
  g_assert_nonnull (address);
  target.address = G_INET_SOCKET_ADDRESS (g_inet_socket_address_new_from_string (
      g_network_address_get_hostname (G_NETWORK_ADDRESS (address)),
      g_network_address_get_port (G_NETWORK_ADDRESS (address))));
  g_assert_true (g_socket_address_to_native (G_SOCKET_ADDRESS (target.address), &target.native,
                                             sizeof target.native, NULL));
  target.verify = make_verify (argv[3]);
  target.end_us = g_get_monotonic_time () + (gint64) (atof (argv[4]) * 1e6);
  attack->run (&target);
  g_print ("%" G_GUINT64_FORMAT "\n", target.n);
  ec_quic_verify_unref (target.verify);
  g_object_unref (target.address);
  return 0;
}
