/* tree.h: a balanced search tree whose nodes are the first member of what it holds.

   Invariant: no red node has a red child, every way down meets as many black nodes. The tree owns nothing. */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdbool.h>

typedef struct tree_node tree_node;
struct tree_node {
  tree_node *parent, *left, *right;
  bool is_red;
};

/* Below 0, 0 or above 0 as the key comes before, is or comes after that of the node. */
typedef int (*tree_order)(const void *key, const tree_node *node);

/* Begins as {NULL}. */
typedef struct {
  tree_node *root;
} tree;

/* Where a key is or would be: the node's place, and the parent of that place. */
typedef struct {
  tree_node **link, *parent;
} tree_place;

/* The node with that key, or NULL. */
tree_node *tree_find(const tree *t, const void *key, tree_order order);

/* The place of a key: *place.link is its node, or NULL, and tree_insert may then put a node with that key
 * there. */
tree_place tree_seek(tree *t, const void *key, tree_order order);
void tree_insert(tree *t, tree_place place, tree_node *node);

tree_node *tree_first(const tree *t);        /* with the smallest key, or NULL */
tree_node *tree_next(const tree_node *node); /* with the next larger key, or NULL */

#endif
