/* compare.c: what is called a change between two made-up runs. */
#include "terza/lab_compare.h"
#include "series.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROGRAMS = 20, ITERATIONS = 20 };

/* Times of one process: around a mean that differs by some per cent between processes. */
static void write_process(FILE *to, int program, const char *engine, int round, double mean, series *s) {
  s->n = 0;
  series_add(s, 1, mean, 0.03);
  double own = s->values[0];
  series_add(s, ITERATIONS, own, 0.02);
  fprintf(
      to,
      "{\"record\":\"process\",\"program\":\"made/p%02d\",\"engine\":\"%s\",\"round\":%d,\"status\":\"ok\",",
      program, engine, round);
  fprintf(to, "\"iterations_ns\":[");
  for (int i = 1; i <= ITERATIONS; i++) fprintf(to, "%s%.0f", i > 1 ? "," : "", s->values[i] * 1e6);
  fprintf(to, "],\"stats\":{}}\n");
}

/* A run on a machine that is up to twice as slow in some rounds. Program 7 takes `factor` as long under the
 * strategy. */
static void write_run(const char *path, uint64_t seed, int rounds, double factor) {
  FILE *to = fopen(path, "w");
  series s = series_new(seed);
  fputs("{\"record\":\"run\",\"format\":1,\"commit\":\"c\",\"engines\":[{\"name\":\"default\",\"is_peer\":"
        "false},"
        "{\"name\":\"c\",\"is_peer\":true}]}\n",
        to);
  for (int round = 0; round < rounds; round++)
    for (int p = 0; p < PROGRAMS; p++) {
      double slow = 1 + (double)stats_random(&s.random, 100) / 100;
      write_process(to, p, "default", round, (p == 7 ? factor : 1) * (10 + p) * slow, &s);
      write_process(to, p, "c", round, 5 * slow, &s);
    }
  fputs("{\"record\":\"end\",\"complete\":true}\n", to);
  fclose(to);
}

typedef struct outcome {
  size_t n_changed;
  change_kind of_seven;
  double mean; /* ratio */
  bool is_told;
} outcome;

static outcome compare(uint64_t seed, int rounds, double factor) {
  char a[] = "/tmp/lab-a-XXXXXX", b[] = "/tmp/lab-b-XXXXXX", error[LAB_ERROR];
  lab_data runs[2];
  lab_comparison c;
  outcome o = {0};
  close(mkstemp(a));
  close(mkstemp(b));
  write_run(a, seed, rounds, 1);
  write_run(b, seed + 1000, rounds, factor);
  cr_assert(data_load(&runs[0], a, error), "%s", error);
  cr_assert(data_load(&runs[1], b, error), "%s", error);
  cr_assert(compare_runs(&runs[0], &runs[1], NULL, &c, error), "%s", error);
  cr_assert_str_eq(c.peer, "c");
  cr_assert_eq(c.count, PROGRAMS + 1);
  o.n_changed = c.n_changed;
  o.of_seven = c.items[7].kind;
  o.mean = comparison_mean(&c, 0);
  o.is_told = c.items[7].kind != CHANGE_UNTOLD;
  comparison_free(&c);
  for (int i = 0; i < 2; i++) data_free(&runs[i]);
  unlink(a);
  unlink(b);
  return o;
}

/* One wrong call in twenty comparisons of runs is what the level allows. */
Test(compare, runs_of_the_same_are_called_the_same) {
  int n_wrong = 0;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    outcome o = compare(seed, 5, 1);
    n_wrong += o.n_changed > 0;
    cr_assert(fabs(o.mean - 1) < 0.03, "mean %g", o.mean);
  }
  cr_assert(n_wrong <= 6, "%d of 40", n_wrong);
}

Test(compare, one_slower_program_is_found) {
  for (uint64_t seed = 1; seed <= 10; seed++) {
    outcome o = compare(seed, 10, 1.3);
    cr_assert_eq(o.of_seven, CHANGE_SLOWER);
    o = compare(seed, 10, 0.7);
    cr_assert_eq(o.of_seven, CHANGE_FASTER);
  }
}

Test(compare, a_single_round_tells_nothing) {
  outcome o = compare(1, 1, 2);
  cr_assert(!o.is_told);
  cr_assert_eq(o.n_changed, 0);
}
