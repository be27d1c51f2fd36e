/* tools.c: what the random programs' test rests on: grammars, reducing, judging how a program ended. */
#include "grammar.h"
#include "reduce.h"
#include "run.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sums[] = "callable f 5\n"
                           "# a program of a few lines\n"
                           "program 1\n"
                           "  | @(int x)@[=f @line*\n"
                           "  | y = @int@]\n"
                           "line 2 @=int = @int\n"
                           "line 1 var @*int = @int\n"
                           "line 1\n"
                           "  | for @+int in @K {\n"
                           "  | @[@line*@]\n"
                           "  | }\n"
                           "line 1 !never nothing @int\n"
                           "int 1 @#\n"
                           "int 3 (@int + @int)\n";

Test(random_grammar, same_seed_same_text) {
  grammar *g = grammar_new(sums);
  bool differs = false;
  for (uint64_t seed = 0; seed < 50; seed++) {
    char *a = grammar_expand(g, seed, 10), *b = grammar_expand(g, seed, 10),
         *c = grammar_expand(g, seed + 1, 10);
    cr_assert_str_eq(a, b);
    differs |= strcmp(a, c) != 0;
    cr_assert_not_null(strstr(a, "y = "));
    cr_assert_null(strstr(a, "nothing"), "a need that no scope grants: %s", a);
    free(a);
    free(b);
    free(c);
  }
  cr_assert(differs);
  grammar_free(g);
}

/* No line may assign where nothing has been declared that may be assigned, and none sees a loop's variable
 * outside. */
Test(random_grammar, scopes) {
  grammar *g = grammar_new("program 1\n"
                           "  | @(int a)@+int @[@use@] @use\n"
                           "use 1 @int\n"
                           "use 9 @=int = @int\n"
                           "use 1 none\n");
  for (uint64_t seed = 0; seed < 50; seed++) {
    char *text = grammar_expand(g, seed, 1);
    cr_assert_null(strchr(text, '='), "%s", text);
    const char *last = strrchr(text, ' ') + 1;
    cr_assert(strcmp(last, "a") == 0 || strcmp(last, "none") == 0, "%s", text);
    free(text);
  }
  grammar_free(g);
}

static int count(const char *text, const char *of) {
  int n = 0;
  for (; *text != 0; text++) n += strchr(of, *text) != NULL;
  return n;
}

static bool has_needle(void *tries, const char *text) {
  ++*(int *)tries;
  return strstr(text, "needle(") != NULL && count(text, "({") == count(text, ")}");
}

Test(random_reduce, leaves_what_shows_the_fault) {
  int tries = 0;
  char *small = reduce("first(1)\n"
                       "if (a + b) {\n"
                       "  other(2)\n"
                       "  while (x < f(3)) {\n"
                       "    y = (z + (needle(g(4000), 5) * 7))\n"
                       "  }\n"
                       "} else {\n"
                       "  third()\n"
                       "}\n"
                       "last\n",
                       has_needle, &tries, 60);
  cr_assert_leq(strlen(small + strspn(small, " ")), strlen("y = needle(0)\n"), "%s", small);
  cr_assert(has_needle(&tries, small));
  cr_assert_lt(tries, 500);
  free(small);
}

static outcome ended(int status, const char *text) {
  return (outcome){status, (char *)text, (char *)"", strlen(text), 0};
}

Test(random_run, verdicts) {
  outcome wanted = ended(0, "1\n2\n"), same = ended(0, "1\n2\n"), other = ended(0, "1\n3\n"),
          failed = ended(1 << 8, "1\n2\n"), shorter = ended(0, "1\n"), crashed = ended(SIGSEGV, "1\n2\n"),
          late = ended(SIGXCPU, "1\n2\n");
  cr_assert_eq(outcome_compare(&wanted, &same), SAME);
  cr_assert_eq(outcome_compare(&wanted, &other), DIFFERENT);
  cr_assert_eq(outcome_compare(&wanted, &shorter), DIFFERENT);
  cr_assert_eq(outcome_compare(&wanted, &failed), DIFFERENT);
  cr_assert_eq(outcome_compare(&wanted, &crashed), CRASHED);
  cr_assert_eq(outcome_compare(&wanted, &late), TIMED_OUT);
}

Test(random_run, a_program_that_does_not_end_is_ended) {
  char path[] = "/tmp/random-run-XXXXXX";
  int fd = mkstemp(path);
  cr_assert_geq(fd, 0);
  dprintf(fd, "#!/bin/sh\necho begun\nwhile :; do :; done\n");
  fchmod(fd, 0700);
  close(fd);
  outcome o = outcome_of(path, "", "file", "1", 1), wanted = ended(0, "begun\n");
  cr_assert_eq(outcome_compare(&wanted, &o), TIMED_OUT);
  cr_assert_str_eq(o.out, "begun\n");
  outcome_fini(&o);
  unlink(path);
}
