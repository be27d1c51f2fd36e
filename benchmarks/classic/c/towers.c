/* towers.c: the towers of Hanoi; see ../rima/towers.rima. */
#include "harness.h"
#include "som.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct disk disk;
struct disk {
  int size;
  disk *below;
};

typedef struct {
  int moves;
  disk *piles[3];
} towers;

static void fail(const char *message) {
  fprintf(stderr, "towers: %s\n", message);
  exit(EXIT_FAILURE);
}

static void push(towers *t, disk *d, int pile) {
  disk *top = t->piles[pile];
  if (top && d->size >= top->size) fail("a larger disk cannot lie on a smaller one");
  d->below = top;
  t->piles[pile] = d;
}

static disk *pop(towers *t, int pile) {
  disk *top = t->piles[pile];
  if (!top) fail("no disk lies here");
  t->piles[pile] = top->below;
  top->below = NULL;
  return top;
}

static void move_top(towers *t, int source, int target) {
  push(t, pop(t, source), target);
  t->moves++;
}

static void move(towers *t, int disks, int source, int target) {
  if (disks == 1) {
    move_top(t, source, target);
    return;
  }
  int spare = 3 - source - target;
  move(t, disks - 1, source, spare);
  move_top(t, source, target);
  move(t, disks - 1, spare, target);
}

static int count_moves(int disks) {
  towers t = {0};
  for (int size = disks; size > 0; size--) {
    disk *d = get_memory(sizeof *d);
    d->size = size;
    push(&t, d, 0);
  }
  move(&t, disks, 0, 1);
  for (int i = 0; i < disks; i++) free(pop(&t, 1));
  return t.moves;
}

static bool run(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (count_moves(13) != 8191) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 20, run); }
