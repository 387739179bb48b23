/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/*
 * Namespaces as a tree of fields, for prefix matching (MOQT §8.5): a step down a field. What is known of one prefix hangs on its node; 32
 * fields are the deepest (§2.4.1).
 */

static EcRelayNode *
node_new (EcRelayNode *parent, GBytes *field)
{
  EcRelayNode *self = g_new0 (EcRelayNode, 1);

  self->parent = parent;
  self->field = field;
  return self;
}

static void
node_free (gpointer data)
{
  EcRelayNode *self = data;

  g_assert (!self->publications && !self->interests && !self->tracks);
  g_clear_pointer (&self->children, g_hash_table_unref);
  g_clear_pointer (&self->field, g_bytes_unref);
  g_free (self);
}

EcRelayNode *
ec_relay_node_new_root (void)
{
  return node_new (NULL, NULL);
}

void
ec_relay_node_free_root (EcRelayNode *root)
{
  node_free (root);
}

static EcRelayNode *
get_child (EcRelayNode *self, EcMoqtField field, gboolean create)
{
  g_autoptr (GBytes) key = g_bytes_new_static (field.data, field.size);
  EcRelayNode *child = self->children ? g_hash_table_lookup (self->children, key) : NULL;

  if (child || !create)
    return child;
  if (!self->children)
    self->children = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, NULL, node_free);
  child = node_new (self, g_bytes_new (field.data, field.size));
  g_hash_table_insert (self->children, child->field, child);
  return child;
}

EcRelayNode *
ec_relay_node_find (EcRelayNode *root, const EcMoqtName *space, gboolean create)
{
  EcRelayNode *node = root;

  for (guint i = 0; node && i < ec_moqt_name_get_n_fields (space); i++)
    node = get_child (node, ec_moqt_name_get_field (space, i), create);
  return node;
}

void
ec_relay_node_prune (EcRelayNode *self)
{
  while (self->parent && !self->children && !self->publications && !self->interests &&
         !self->tracks) {
    EcRelayNode *parent = self->parent;

    g_hash_table_remove (parent->children, self->field);
    if (g_hash_table_size (parent->children) == 0)
      g_clear_pointer (&parent->children, g_hash_table_unref);
    self = parent;
  }
}

void
ec_relay_node_add (GPtrArray **list, gpointer what)
{
  if (!*list)
    *list = g_ptr_array_new ();
  g_ptr_array_add (*list, what);
}

void
ec_relay_node_remove (GPtrArray **list, gpointer what)
{
  if (*list && g_ptr_array_remove_fast (*list, what) && (*list)->len == 0)
    g_clear_pointer (list, g_ptr_array_unref);
}

void
ec_relay_node_each_above (EcRelayNode *root,
                          const EcMoqtName *space,
                          EcRelayNodeFunc func,
                          gpointer user_data)
{
  EcRelayNode *node = root;

  func (node, user_data);
  for (guint i = 0; i < ec_moqt_name_get_n_fields (space); i++) {
    node = get_child (node, ec_moqt_name_get_field (space, i), FALSE);
    if (!node)
      return;
    func (node, user_data);
  }
}

void
ec_relay_node_each_below (EcRelayNode *self, EcRelayNodeFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer child;

  func (self, user_data);
  if (!self->children)
    return;
  g_hash_table_iter_init (&iter, self->children);
  while (g_hash_table_iter_next (&iter, NULL, &child))
    ec_relay_node_each_below (child, func, user_data);
}
