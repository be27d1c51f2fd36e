/* permute.c: makes all permutations of six elements; see ../rima/permute.rima. */
#include "harness.h"

enum { N_ELEMENTS = 6 };

typedef struct {
  int count;
  int elements[N_ELEMENTS];
} permuter;

static void swap(permuter *p, int i, int j) {
  int held = p->elements[i];
  p->elements[i] = p->elements[j];
  p->elements[j] = held;
}

static void make_permutations(permuter *p, int n) {
  p->count++;
  if (n == 0) return;
  int last = n - 1;
  make_permutations(p, last);
  for (int i = last; i >= 0; i--) {
    swap(p, last, i);
    make_permutations(p, last);
    swap(p, last, i);
  }
}

static bool permute(int repeats) {
  for (int i = 0; i < repeats; i++) {
    permuter p = {0, {0, 1, 2, 3, 4, 5}};
    make_permutations(&p, N_ELEMENTS);
    if (p.count != 8660) return false;
  }
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 30, permute); }
