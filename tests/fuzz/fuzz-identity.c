/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Identity files: a file in memory with any contents, under a mode that is accepted. */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "seal/ec-identity.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (EcIdentity) identity = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = memfd_create ("identity", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fchmod (fd, 0600), ==, 0);
  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  identity = ec_identity_load (path, FALSE, &error);
  g_assert_true ((identity == NULL) == (error != NULL));
  if (identity) {
    g_autofree char *signed_text = ec_identity_sign_text (identity, "t", "{}");
    g_autofree char *text =
        ec_identity_verify_text (ec_identity_get_node_id (identity), "t", signed_text, NULL);

    g_assert_cmpstr (text, ==, "{}");
  }
  close (fd);
  return 0;
}
