/* criterion.h: the part of Criterion's interface that these tests use, for machines that have no Criterion.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plain_test_add(const char *name, void (*test)(void));
extern int plain_failures;

#define Test(suite, name)                                                                                    \
  static void suite##_##name(void);                                                                          \
  __attribute__((constructor)) static void add_##suite##_##name(void) {                                      \
    plain_test_add(#suite "/" #name, suite##_##name);                                                        \
  }                                                                                                          \
  static void suite##_##name(void)
#define plain_check(ok, text, ...)                                                                           \
  ((ok) ? (void)0                                                                                            \
        : (plain_failures++, printf("%s:%d: %s ", __FILE__, __LINE__, text), printf("" __VA_ARGS__),         \
           (void)puts("")))
#define cr_expect(ok, ...) plain_check(ok, #ok, __VA_ARGS__)
#define cr_assert(ok, ...)                                                                                   \
  do {                                                                                                       \
    if (ok) break;                                                                                           \
    plain_check(0, #ok, __VA_ARGS__);                                                                        \
    exit(1);                                                                                                 \
  } while (0)
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b), __VA_ARGS__)
#define cr_expect_eq(a, b, ...) cr_expect((a) == (b), __VA_ARGS__)
#define cr_assert_not_null(a, ...) cr_assert((a) != NULL, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) cr_expect(strcmp(a, b) == 0, __VA_ARGS__)
