/* storage.c: builds a tree of arrays to keep the allocator busy; see ../rima/storage.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>

enum { DEPTH = 7 };

typedef struct {
  int count;
  random_source random;
} builder;

static int *leaf_make(int length) {
  int *items = get_memory((size_t)length * sizeof *items);
  for (int i = 0; i < length; i++) items[i] = i;
  return items;
}

/* A tree is an array of four trees or, at depth 1, of numbers. */
static void *tree_make(builder *b, int depth) {
  b->count++;
  if (depth == 1) return leaf_make(random_next(&b->random) % 10 + 1);
  void **node = get_memory(4 * sizeof *node);
  for (int i = 0; i < 4; i++) node[i] = tree_make(b, depth - 1);
  return node;
}

static void tree_free(void *tree, int depth) {
  if (depth > 1) {
    void **node = tree;
    for (int i = 0; i < 4; i++) tree_free(node[i], depth - 1);
  }
  free(tree);
}

static bool storage(int repeats) {
  for (int i = 0; i < repeats; i++) {
    builder b = {0, RANDOM_START};
    tree_free(tree_make(&b, DEPTH), DEPTH);
    if (b.count != 5461) return false;
  }
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 30, storage); }
