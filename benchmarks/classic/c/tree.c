/* tree.c: see tree.h. */
#include "tree.h"
#include <stddef.h>

tree_node *tree_find(const tree *t, const void *key, tree_order order) {
  tree_node *node = t->root;
  while (node) {
    int way = order(key, node);
    if (way == 0) break;
    node = way < 0 ? node->left : node->right;
  }
  return node;
}

tree_place tree_seek(tree *t, const void *key, tree_order order) {
  tree_place place = {&t->root, NULL};
  while (*place.link) {
    tree_node *node = *place.link;
    int way = order(key, node);
    if (way == 0) break;
    place.parent = node;
    place.link = way < 0 ? &node->left : &node->right;
  }
  return place;
}

static void replace(tree *t, tree_node *node, tree_node *child) {
  tree_node *parent = node->parent;
  child->parent = parent;
  if (!parent) t->root = child;
  else if (parent->left == node) parent->left = child;
  else parent->right = child;
}

static void rotate_left(tree *t, tree_node *node) {
  tree_node *child = node->right;
  node->right = child->left;
  if (child->left) child->left->parent = node;
  replace(t, node, child);
  child->left = node;
  node->parent = child;
}

static void rotate_right(tree *t, tree_node *node) {
  tree_node *child = node->left;
  node->left = child->right;
  if (child->right) child->right->parent = node;
  replace(t, node, child);
  child->right = node;
  node->parent = child;
}

/* Mends a red node under a red node, moving the fault upwards until it is gone. */
static void rebalance(tree *t, tree_node *node) {
  while (node->parent && node->parent->is_red) {
    tree_node *parent = node->parent, *grandparent = parent->parent;
    bool is_left = parent == grandparent->left;
    tree_node *uncle = is_left ? grandparent->right : grandparent->left;
    if (uncle && uncle->is_red) {
      parent->is_red = false;
      uncle->is_red = false;
      grandparent->is_red = true;
      node = grandparent;
      continue;
    }
    if (is_left && node == parent->right) {
      node = parent;
      rotate_left(t, node);
    } else if (!is_left && node == parent->left) {
      node = parent;
      rotate_right(t, node);
    }
    node->parent->is_red = false;
    grandparent->is_red = true;
    if (is_left) rotate_right(t, grandparent);
    else rotate_left(t, grandparent);
  }
  t->root->is_red = false;
}

void tree_insert(tree *t, tree_place place, tree_node *node) {
  *node = (tree_node){.parent = place.parent, .is_red = true};
  *place.link = node;
  rebalance(t, node);
}

static tree_node *leftmost(tree_node *node) {
  while (node->left) node = node->left;
  return node;
}

tree_node *tree_first(const tree *t) { return t->root ? leftmost(t->root) : NULL; }

tree_node *tree_next(const tree_node *node) {
  if (node->right) return leftmost(node->right);
  tree_node *up = node->parent;
  while (up && node == up->right) {
    node = up;
    up = up->parent;
  }
  return up;
}
