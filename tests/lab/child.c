/* child.c: processes that end well, badly, late or not at all. */
#include "terza/lab_child.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct heard {
  char lines[4][32];
  bool is_error[4];
  int n;
} heard;

static void hear(void *context, const char *text, bool is_error) {
  heard *h = context;
  if (h->n == 4) return;
  snprintf(h->lines[h->n], sizeof h->lines[0], "%s", text);
  h->is_error[h->n++] = is_error;
}

static child_result run_shell(const char *script, const child_watch *watch) {
  const char *arguments[] = {"sh", "-c", script, NULL};
  return child_run_watched(arguments, watch);
}

Test(child, lines_of_both_outputs) {
  heard h = {.n = 0};
  child_watch watch = {.line = hear, .context = &h, .stop_fd = -1};
  child_result result =
      run_shell("printf 'one\\n\\n'; sleep 0.1; echo two >&2; sleep 0.1; printf three", &watch);
  cr_assert(child_is_well(&result));
  cr_assert_eq(h.n, 4);
  cr_assert_str_eq(h.lines[0], "one");
  cr_assert_str_eq(h.lines[1], "");
  cr_assert_str_eq(h.lines[2], "two");
  cr_assert(h.is_error[2]);
  cr_assert_str_eq(h.lines[3], "three");
  cr_assert_str_eq(result.output, "one\n\nthree");
  cr_assert_gt(result.peak_bytes, 0);
  cr_assert_geq(result.wall_ns, 200000000);
}

Test(child, the_end_of_long_output_is_kept) {
  const char *arguments[] = {"sh", "-c", "seq 100000", NULL};
  child_result result = child_run(arguments);
  size_t n = strlen(result.output);
  cr_assert(n >= CHILD_OUTPUT / 2 && n < CHILD_OUTPUT);
  cr_assert_str_eq(result.output + n - 14, "\n99999\n100000\n");
}

Test(child, how_it_ended) {
  const char *missing[] = {"/nowhere/nothing", NULL}, *three[] = {"sh", "-c", "exit 3", NULL};
  const char *killed[] = {"sh", "-c", "kill -9 $$", NULL}, *reads[] = {"cat", NULL};
  child_result result = child_run(missing);
  cr_assert(!result.has_run && !child_is_well(&result));
  result = child_run(three);
  cr_assert(result.has_run && result.status == 3);
  result = child_run(killed);
  cr_assert(!result.has_run && result.status == 128 + 9);
  result = child_run(reads); /* its input is empty */
  cr_assert(child_is_well(&result));
}

Test(child, time_that_is_up_ends_all_that_it_started) {
  child_watch watch = {.stop_fd = -1, .limit_ns = 100000000};
  child_result result = run_shell("sleep 20 & sleep 20", &watch);
  cr_assert(result.was_cut && !result.has_run);
  cr_assert_lt(result.wall_ns, 10000000000);
}

Test(child, it_can_be_stopped) {
  int ends[2];
  cr_assert_eq(pipe(ends), 0);
  cr_assert_eq(write(ends[1], "x", 1), 1);
  child_watch watch = {.stop_fd = ends[0]};
  child_result result = run_shell("sleep 20", &watch);
  cr_assert(result.was_stopped && !result.was_cut);
}
