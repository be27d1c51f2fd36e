/* fannkuch.c: flips pancakes in every order; see ../rima/fannkuch.rima. */
#include "harness.h"
#include <string.h>

enum { MOST = 12 };

typedef struct {
  int checksum, most_flips;
} flips;

/* Turns over the first k + 1, where k is the first, until the first is 0; returns how often. */
static int flip(const int *order, int n) {
  int perm[MOST];
  memcpy(perm, order, (size_t)n * sizeof *perm);
  int count = 0;
  for (int k = perm[0]; k != 0; k = perm[0]) {
    for (int i = 0, j = k; i < j; i++, j--) {
      int held = perm[i];
      perm[i] = perm[j];
      perm[j] = held;
    }
    count++;
  }
  return count;
}

/* Sets the next order: turns the first two, three, … round by one until one of these has not come full
   circle. False after the last. */
static bool next_order(int *order, int *turns, int n) {
  for (int r = 1; r < n; r++) {
    int first = order[0];
    for (int i = 0; i < r; i++) order[i] = order[i + 1];
    order[r] = first;
    if (++turns[r] <= r) return true;
    turns[r] = 0;
  }
  return false;
}

static flips fannkuch(int n) {
  int order[MOST], turns[MOST] = {0};
  for (int i = 0; i < n; i++) order[i] = i;
  flips result = {0, 0};
  bool is_even = true;
  do {
    int count = flip(order, n);
    if (count > result.most_flips) result.most_flips = count;
    result.checksum += is_even ? count : -count;
    is_even = !is_even;
  } while (next_order(order, turns, n));
  return result;
}

static bool is_right(int n) {
  static const flips expected[MOST + 1] = {
      [6] = {49, 10},     [7] = {228, 16},     [8] = {1616, 22},     [9] = {8629, 30},
      [10] = {73196, 38}, [11] = {556355, 51}, [12] = {3968050, 65},
  };
  if (n < 6 || n > MOST) return false;
  flips result = fannkuch(n);
  return result.checksum == expected[n].checksum && result.most_flips == expected[n].most_flips;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 9, is_right); }
