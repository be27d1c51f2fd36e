/* harness.c: see harness.h. */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* "-" stands for an argument that is left out. */
static int argument(int argc, char **argv, int index, int otherwise) {
  return index < argc && strcmp(argv[index], "-") != 0 ? atoi(argv[index]) : otherwise;
}

int harness_run(int argc, char **argv, int default_size, bool (*once)(int size)) {
  int iterations = argument(argc, argv, 1, 1);
  int size = argument(argc, argv, 2, default_size);
  long long budget = argument(argc, argv, 3, 0) * 1000000LL, begin = nanos();
  bool all_right = true;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* whoever reads along sees each line when it is written */
  for (int i = 0; i < iterations; i++) {
    if (i > 0 && budget > 0 && nanos() - begin >= budget) break;
    long long start = nanos();
    bool is_right = once(size);
    printf("iteration %lld\n", nanos() - start);
    if (!is_right) all_right = false;
  }
  puts(all_right ? "ok" : "failed");
  return all_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
