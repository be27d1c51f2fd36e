/* programs.c: the list of programs. */
#include "terza/lab_programs.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(programs, listed_ones_are_no_files_whatever_memory_held_before) {
  char error[LAB_ERROR] = "";
  lab_programs *all = malloc(sizeof *all);
  cr_assert_not_null(all);
  memset(all, 0xff, sizeof *all);
  cr_assert(programs_load(all, TERZA_SUITE, error), "%s", error);
  cr_assert_gt(all->count, 0);
  for (size_t i = 0; i < all->count; i++) cr_assert_str_empty(all->items[i].file);
  free(all);
}
