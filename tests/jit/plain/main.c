/* main.c: runs the tests that have registered themselves, in this process. */
#include <criterion/criterion.h>

static struct {
  const char *name;
  void (*test)(void);
} tests[64];
static int n_tests;
int plain_failures;

void plain_test_add(const char *name, void (*test)(void)) {
  tests[n_tests].name = name;
  tests[n_tests++].test = test;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < n_tests; i++) {
    printf("%s\n", tests[i].name);
    tests[i].test();
  }
  printf("%d tests, %d failures\n", n_tests, plain_failures);
  return plain_failures != 0;
}
