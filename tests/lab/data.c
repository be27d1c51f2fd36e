/* data.c: what is said of processes without a steady state. */
#include "terza/lab_data.h"
#include "series.h"
#include <criterion/criterion.h>
#include <string.h>

/* Of a cell of one process. */
static bool reason_of(const series *s, char *text, size_t room) {
  lab_process process = {.n = s->n, .busy_elsewhere = 0.25, .steady = steady_analyse(s->values, s->n)};
  const lab_process *processes[] = {&process};
  lab_cell cell = {.processes = processes, .n = 1};
  return data_reason(&cell, text, room);
}

Test(data, a_steady_process_needs_no_reason) {
  char text[256];
  series s = SERIES(1, {100, 10, 0.02});
  cr_assert(!reason_of(&s, text, sizeof text));
}

Test(data, too_few_iterations) {
  char text[256];
  series s = SERIES(1, {5, 10, 0.02});
  cr_assert(reason_of(&s, text, sizeof text));
  cr_assert_str_eq(
      text, "1 of 1 processes; number 1 had 5 iterations in its time, 12 are needed; 25 % of the machine "
            "went to others meanwhile");
}

Test(data, the_last_change_is_no_interruption) {
  char text[256];
  series s = SERIES(1, {100, 30, 0.01}, {300, 20, 0.01}, {40, 10, 0.01}, {10, 15, 0.01}, {30, 10, 0.01});
  cr_assert(reason_of(&s, text, sizeof text));
  cr_assert_not_null(strstr(text, "changed its pace 3 times, last at iteration 400: 50 % faster;"), "%s",
                     text);
}
