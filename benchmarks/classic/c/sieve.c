/* sieve.c: counts the primes up to 5000; see ../rima/sieve.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>
#include <string.h>

static int count_primes(int limit) {
  bool *flags = get_memory((size_t)limit + 1);
  memset(flags, true, (size_t)limit + 1);
  int count = 0;
  for (int i = 2; i <= limit; i++) {
    if (!flags[i]) continue;
    count++;
    for (int multiple = i + i; multiple <= limit; multiple += i) flags[multiple] = false;
  }
  free(flags);
  return count;
}

static bool sieve(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (count_primes(5000) != 669) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 100, sieve); }
