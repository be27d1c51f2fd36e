/* syntax_errors.c: tests/compile-errors/syntax: each file's `// error: LINE:COL: message` lines, no more and
 * no fewer. */
#include "front.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The message that line `at` of the file wants, consumed from *at; false at the last. */
static bool next_expectation(const char **at, char *wanted, size_t size) {
  const char *found = strstr(*at, "// error: ");
  if (!found) return false;
  found += strlen("// error: ");
  const char *end = strchrnul(found, '\n');
  snprintf(wanted, size, "%.*s", (int)(end - found), found);
  *at = end;
  return true;
}

static bool is_reported(front *f, const char *wanted) {
  for (uint32_t i = 0; i < f->sink.count; i++) {
    char text[512];
    rima_place at = rima_source_place(&f->session, f->source, f->sink.items[i].span.start);
    snprintf(text, sizeof text, "%u:%u: %s", at.line, at.column, f->sink.items[i].message);
    if (strcmp(text, wanted) == 0) return true;
  }
  return false;
}

static void check_file(const char *path) {
  front f;
  size_t length;
  char *text = front_read_file(path, &length), wanted[512];
  front_init(&f, text, length);
  rima_parse(&f.session, f.source, &f.sink);
  uint32_t count = 0;
  for (const char *at = text; next_expectation(&at, wanted, sizeof wanted); count++)
    cr_expect(is_reported(&f, wanted), "%s: not reported: %s\n%s", path, wanted,
              rima_diagnostics_render(&f.sink, false));
  cr_expect_eq(f.sink.error_count, count, "%s: %u errors\n%s", path, f.sink.error_count,
               rima_diagnostics_render(&f.sink, false));
  front_fini(&f);
  free(text);
}

Test(syntax_errors, files) {
  DIR *directory = opendir(RIMA_SYNTAX_ERRORS);
  cr_assert(directory);
  uint32_t files = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", RIMA_SYNTAX_ERRORS, entry->d_name);
    if (entry->d_name[0] == '.') continue;
    check_file(path);
    files++;
  }
  closedir(directory);
  cr_expect_geq(files, 30);
}
