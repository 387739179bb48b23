/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcPsiPeek: a look at the tables at the start of a stream, to know which programs it carries and
 * which of them a channel number names. Without I/O.
 */
typedef struct _EcPsiPeek EcPsiPeek;

/* number: "5.1", or anything else, which then names none */
EcPsiPeek *ec_psi_peek_new (const char *number);
void ec_psi_peek_free (EcPsiPeek *peek);

void ec_psi_peek_push (EcPsiPeek *peek, const guint8 *data, gsize size);

/* -1 until the PAT has been seen. */
int ec_psi_peek_get_n_programs (const EcPsiPeek *peek);
gboolean ec_psi_peek_has_program (const EcPsiPeek *peek, guint program_number);

/* The only program of the PAT, or the one that the VCT gives the channel number; 0 if unknown. */
guint ec_psi_peek_get_program_number (const EcPsiPeek *peek);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPsiPeek, ec_psi_peek_free)
