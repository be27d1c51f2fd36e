/* harness.c: see harness.h. */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int harness_run(int argc, char **argv, int default_size, bool (*once)(int size)) {
  int iterations = argc > 1 ? atoi(argv[1]) : 1;
  int size = argc > 2 ? atoi(argv[2]) : default_size;
  bool all_right = true;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* whoever reads along sees each line when it is written */
  for (int i = 0; i < iterations; i++) {
    long long start = nanos();
    bool is_right = once(size);
    printf("iteration %lld\n", nanos() - start);
    if (!is_right) all_right = false;
  }
  puts(all_right ? "ok" : "failed");
  return all_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
