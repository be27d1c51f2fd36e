/* diagnostics.c: order, limits, drawing, the nearest name. */
#include "front.h"
#include <criterion/criterion.h>
#include <string.h>

static rima_span span(uint32_t start, uint32_t end) { return (rima_span){start, end}; }

Test(diagnostics, drawing) {
  front f;
  const char *text = "let a = 1\n\tlet é = brief\n";
  front_init(&f, text, strlen(text));
  rima_diagnostic *d = rima_error(&f.sink, span(20, 25), "unknown name `%s`", "brief");
  rima_hint(&f.sink, d, "did you mean `%s`?", "brie");
  rima_related(&f.sink, d, span(4, 5), "declared here");
  cr_expect_str_eq(rima_diagnostics_render(&f.sink, false), "test.rima:2:10: error: unknown name `brief`\n"
                                                            "   2 | \tlet é = brief\n"
                                                            "     | \t        ^^^^^\n"
                                                            "hint: did you mean `brie`?\n"
                                                            "test.rima:1:5: note: declared here\n"
                                                            "   1 | let a = 1\n"
                                                            "     |     ^\n");
  cr_expect(strstr(rima_diagnostics_render(&f.sink, true), "\x1b[1;31merror: "));
  front_fini(&f);
}

Test(diagnostics, sorted_without_echoes) {
  front f;
  front_init(&f, "abcdef", 6);
  rima_error(&f.sink, span(3, 4), "second");
  rima_error(&f.sink, span(1, 2), "first");
  rima_error(&f.sink, span(3, 5), "an echo");
  rima_warning(&f.sink, span(3, 4), "a warning");
  rima_diagnostics_sort(&f.sink);
  cr_assert_eq(f.sink.count, 3);
  cr_expect_str_eq(f.sink.items[0].message, "first");
  cr_expect_str_eq(f.sink.items[1].message, "second");
  cr_expect_eq(f.sink.error_count, 2);
  front_fini(&f);
}

Test(diagnostics, limited) {
  front f;
  front_init(&f, "0123456789012345678901234567890123456789", 40);
  for (uint32_t i = 0; i < 40; i++) rima_error(&f.sink, span(i, i + 1), "e");
  cr_expect_eq(f.sink.count, 20);
  cr_expect_eq(f.sink.error_count, 40);
  cr_expect(strstr(rima_diagnostics_render(&f.sink, false), "20 more errors are not shown\n"));
  front_fini(&f);
}

Test(diagnostics, any_span_can_be_drawn) {
  front f;
  front_init(&f, "\xff\xfe\x01\n\n", 5);
  for (uint32_t start = 0; start < 8; start++)
    for (uint32_t end = 0; end < 8; end++) {
      rima_diagnostic d = {.span = {start, end}, .message = "m"};
      cr_expect_not_null(rima_diagnostic_render(&f.session, &d, false));
    }
  front_fini(&f);
  rima_session empty;
  rima_session_init(&empty, 0);
  rima_diagnostic nowhere = {.span = {0, 1}, .message = "m"};
  cr_expect_str_eq(rima_diagnostic_render(&empty, &nowhere, false), "error: m\n");
  rima_session_fini(&empty);
}

static const char *nearest(const char *wanted, const char *const *names) {
  static char text[64];
  rima_nearest n;
  rima_nearest_init(&n, wanted, strlen(wanted));
  for (; *names; names++) rima_nearest_offer(&n, *names, strlen(*names));
  strcpy(text, "nothing");
  if (n.best) memcpy(text, n.best, n.best_length), text[n.best_length] = 0;
  return text;
}

Test(diagnostics, nearest_name) {
  static const char *const names[] = {"print", "length", "toString", "x", "total", NULL};
  cr_expect_str_eq(nearest("pritn", names), "print");
  cr_expect_str_eq(nearest("lenght", names), "length");
  cr_expect_str_eq(nearest("tostring", names), "toString");
  cr_expect_str_eq(nearest("totals", names), "total");
  cr_expect_str_eq(nearest("y", names), "nothing");
  cr_expect_str_eq(nearest("banana", names), "nothing");
}
