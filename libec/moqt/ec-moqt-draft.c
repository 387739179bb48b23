/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-draft.h"

/* The newest first: it says the most, and what a peer also has is chosen by ours (RFC 7301 §3.2). */
static const EcMoqtDraft *const drafts[] = { &ec_moqt_draft_18, &ec_moqt_draft_16, NULL };

static const char *alpns[G_N_ELEMENTS (drafts)];

const EcMoqtDraft *const *
ec_moqt_drafts (void)
{
  return drafts;
}

const EcMoqtDraft *
ec_moqt_draft_find (const char *alpn)
{
  for (guint i = 0; drafts[i]; i++) {
    if (g_strcmp0 (drafts[i]->alpn, alpn) == 0)
      return drafts[i];
  }
  return NULL;
}

const char *const *
ec_moqt_draft_alpns (void)
{
  static gsize made;

  if (g_once_init_enter (&made)) {
    for (guint i = 0; drafts[i]; i++)
      alpns[i] = drafts[i]->alpn;
    g_once_init_leave (&made, 1);
  }
  return alpns;
}
