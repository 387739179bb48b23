/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-policy.h"

#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"

/* Claims outlive their sessions: bounded, or names that come and go would fill the memory. */
#define MAX_CLAIMS 65536

typedef struct {
  gboolean any;
  gboolean none;
  GArray *keys; /* of guint8[EC_TOKEN_KEY_SIZE] */
} Rule;

typedef struct {
  EcRelayPrincipal owner;
  guint uses;
  guint64 free_at_us; /* with no uses */
} Claim;

struct _EcRelayPolicy {
  GHashTable *publish;   /* EcMoqtName -> Rule */
  GHashTable *subscribe; /* EcMoqtName -> Rule */
  GHashTable *claims;    /* EcMoqtName -> Claim */
  GBytes *token;
  GStrv authorities;
};

static void
rule_free (gpointer data)
{
  Rule *self = data;

  g_array_unref (self->keys);
  g_free (self);
}

static GHashTable *
name_table_new (GDestroyNotify free_value)
{
  return g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                (GDestroyNotify) ec_moqt_name_unref, free_value);
}

EcRelayPolicy *
ec_relay_policy_new (void)
{
  EcRelayPolicy *self = g_new0 (EcRelayPolicy, 1);

  self->publish = name_table_new (rule_free);
  self->subscribe = name_table_new (rule_free);
  self->claims = name_table_new (g_free);
  return self;
}

void
ec_relay_policy_free (EcRelayPolicy *self)
{
  g_hash_table_unref (self->publish);
  g_hash_table_unref (self->subscribe);
  g_hash_table_unref (self->claims);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_strfreev (self->authorities);
  g_free (self);
}

EcMoqtName *
ec_relay_name_truncate (const EcMoqtName *name, guint n)
{
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];

  for (guint i = 0; i < n; i++)
    fields[i] = ec_moqt_name_get_field (name, i);
  return ec_moqt_name_new (fields, n, NULL);
}

/* -- Rules */

static gboolean
parse_key (const char *text, guint8 key[EC_TOKEN_KEY_SIZE])
{
  size_t size = 0;

  return strlen (text) == EC_TOKEN_KEY_SIZE * 2 &&
         sodium_hex2bin (key, EC_TOKEN_KEY_SIZE, text, strlen (text), NULL, &size, NULL) == 0 &&
         size == EC_TOKEN_KEY_SIZE;
}

static gboolean
add_rule (GHashTable *rules, const char *text, GError **error)
{
  const char *equals = strrchr (text, '=');
  g_autofree char *path = equals ? g_strndup (text, (gsize) (equals - text)) : NULL;
  const char *who = equals ? equals + 1 : "";
  g_autoptr (EcMoqtName) prefix = NULL;
  guint8 key[EC_TOKEN_KEY_SIZE];
  gboolean any = g_str_equal (who, "any"), none = g_str_equal (who, "none");
  Rule *rule;

  if (!equals || (!any && !none && !parse_key (who, key))) {
    g_set_error (
        error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
        "“%s” is no rule. A rule is PREFIX=any, PREFIX=none, or PREFIX= and a node id of 64 "
        "hexadecimal digits.",
        text);
    return FALSE;
  }
  prefix =
      *path ? ec_moqt_name_new_from_path (path, NULL, error) : ec_moqt_name_new (NULL, 0, NULL);
  if (!prefix)
    return FALSE;

  rule = g_hash_table_lookup (rules, prefix);
  if (!rule) {
    rule = g_new0 (Rule, 1);
    rule->keys = g_array_new (FALSE, FALSE, EC_TOKEN_KEY_SIZE);
    g_hash_table_insert (rules, ec_moqt_name_ref (prefix), rule);
  }
  rule->any |= any;
  rule->none |= none;
  if (!any && !none)
    g_array_append_vals (rule->keys, key, 1);
  return TRUE;
}

gboolean
ec_relay_policy_allow_publish (EcRelayPolicy *self, const char *rule, GError **error)
{
  return add_rule (self->publish, rule, error);
}

gboolean
ec_relay_policy_allow_subscribe (EcRelayPolicy *self, const char *rule, GError **error)
{
  return add_rule (self->subscribe, rule, error);
}

void
ec_relay_policy_set_token (EcRelayPolicy *self, GBytes *token)
{
  g_clear_pointer (&self->token, g_bytes_unref);
  self->token = token ? g_bytes_ref (token) : NULL;
}

void
ec_relay_policy_set_authorities (EcRelayPolicy *self, const char *const *authorities)
{
  g_strfreev (self->authorities);
  self->authorities = g_strdupv ((char **) authorities);
}

void
ec_relay_policy_begin_check (EcRelayPolicy *self, EcRelayTokenCheck *check)
{
  check->master = self->token;
  check->authorities = (const char *const *) self->authorities;
}

/* The rule of the longest prefix of `space` that has one. */
static const Rule *
find_rule (GHashTable *rules, const EcMoqtName *space)
{
  if (g_hash_table_size (rules) == 0)
    return NULL;
  for (gint n = (gint) ec_moqt_name_get_n_fields (space); n >= 0; n--) {
    g_autoptr (EcMoqtName) prefix = ec_relay_name_truncate (space, (guint) n);
    const Rule *rule = prefix ? g_hash_table_lookup (rules, prefix) : NULL;

    if (rule)
      return rule;
  }
  return NULL;
}

static gboolean
rule_lets (const Rule *rule, const EcRelayPrincipal *who)
{
  if (rule->none)
    return FALSE;
  if (rule->any || who->kind == EC_RELAY_PRINCIPAL_MASTER)
    return TRUE;
  if (who->kind != EC_RELAY_PRINCIPAL_KEY)
    return FALSE;
  for (guint i = 0; i < rule->keys->len; i++) {
    if (memcmp (rule->keys->data + i * EC_TOKEN_KEY_SIZE, who->key, EC_TOKEN_KEY_SIZE) == 0)
      return TRUE;
  }
  return FALSE;
}

/* -- Claims */

static Claim *
find_claim (EcRelayPolicy *self, const EcMoqtName *space, guint64 now_us)
{
  Claim *claim = g_hash_table_lookup (self->claims, space);

  return claim && (claim->uses > 0 || now_us < claim->free_at_us) ? claim : NULL;
}

static gboolean
make_claim (EcRelayPolicy *self,
            EcMoqtName *space,
            const EcRelayPrincipal *owner,
            guint64 now_us,
            const char **reason)
{
  Claim *claim;

  if (g_hash_table_size (self->claims) >= MAX_CLAIMS)
    ec_relay_policy_expire (self, now_us);
  if (g_hash_table_size (self->claims) >= MAX_CLAIMS) {
    *reason = "too many names are claimed; try again later";
    return FALSE;
  }
  claim = g_new0 (Claim, 1);
  claim->owner = *owner;
  claim->uses = 1;
  g_hash_table_replace (self->claims, ec_moqt_name_ref (space), claim);
  return TRUE;
}

gboolean
ec_relay_policy_claim (EcRelayPolicy *self,
                       EcMoqtName *space,
                       const EcRelayPrincipals *who,
                       guint64 now_us,
                       EcRelayPrincipal *as,
                       const char **reason)
{
  const Rule *rule = find_rule (self->publish, space);
  Claim *claim = rule ? NULL : find_claim (self, space, now_us);

  for (guint i = 0; i < who->n; i++) {
    const EcRelayPrincipal *each = &who->who[i];

    *as = *each;
    if (rule ? rule_lets (rule, each) : each->kind == EC_RELAY_PRINCIPAL_MASTER)
      return TRUE;
    if (claim && ec_relay_principal_equal (&claim->owner, each)) {
      claim->uses++;
      return TRUE;
    }
    if (!rule && !claim)
      return make_claim (self, space, each, now_us, reason);
  }
  if (rule)
    *reason = "the relay's configuration lets others publish this";
  else if (claim && claim->owner.kind == EC_RELAY_PRINCIPAL_KEY)
    *reason = "another key publishes this already; ask it for a delegation";
  else
    *reason = "somebody else, who has shown no key, publishes this already";
  return FALSE;
}

void
ec_relay_policy_release (EcRelayPolicy *self,
                         EcMoqtName *space,
                         const EcRelayPrincipal *as,
                         guint64 now_us,
                         guint64 hold_us)
{
  Claim *claim = g_hash_table_lookup (self->claims, space);

  if (!claim || claim->uses == 0 || !ec_relay_principal_equal (&claim->owner, as))
    return;
  if (--claim->uses > 0)
    return;
  if (as->kind == EC_RELAY_PRINCIPAL_KEY)
    claim->free_at_us = now_us + hold_us;
  else
    g_hash_table_remove (self->claims, space);
}

guint64
ec_relay_policy_get_session (EcRelayPolicy *self, EcMoqtName *space)
{
  const Claim *claim = g_hash_table_lookup (self->claims, space);

  return claim && claim->uses > 0 && claim->owner.kind == EC_RELAY_PRINCIPAL_SESSION
             ? claim->owner.session
             : 0;
}

void
ec_relay_policy_disown (EcRelayPolicy *self, EcMoqtName *space)
{
  g_hash_table_remove (self->claims, space);
}

gboolean
ec_relay_policy_may_serve (EcRelayPolicy *self,
                           EcMoqtName *space,
                           const EcRelayPrincipal *as,
                           guint64 now_us)
{
  const Rule *rule = find_rule (self->publish, space);

  if (rule)
    return rule_lets (rule, as);
  if (as->kind == EC_RELAY_PRINCIPAL_MASTER)
    return TRUE;
  for (gint n = (gint) ec_moqt_name_get_n_fields (space); n >= 0; n--) {
    g_autoptr (EcMoqtName) prefix = ec_relay_name_truncate (space, (guint) n);
    const Claim *claim = prefix ? find_claim (self, prefix, now_us) : NULL;

    if (claim)
      return ec_relay_principal_equal (&claim->owner, as);
  }
  return TRUE;
}

gboolean
ec_relay_policy_may_subscribe (EcRelayPolicy *self, EcMoqtName *space, const EcRelayPrincipals *who)
{
  const Rule *rule = find_rule (self->subscribe, space);

  if (!rule)
    return TRUE;
  for (guint i = 0; i < who->n; i++) {
    if (rule_lets (rule, &who->who[i]))
      return TRUE;
  }
  return FALSE;
}

void
ec_relay_policy_expire (EcRelayPolicy *self, guint64 now_us)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->claims);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Claim *claim = value;

    if (claim->uses == 0 && now_us >= claim->free_at_us)
      g_hash_table_iter_remove (&iter);
  }
}

guint
ec_relay_policy_get_n_claims (EcRelayPolicy *self)
{
  return g_hash_table_size (self->claims);
}
