/* test_refused.c: modules that reader or verifier refuse, each with the rule it breaks.
 *
 * A file of tests/negative is assembly that begins with
 *
 *   ; refused: RULE SECTION MESSAGE...     MESSAGE is a part of the message
 *   ; patch: SECTION OFFSET HEX            bytes of the written file to change first, any number of such
 * lines
 */
#include "support.h"
#include <criterion/criterion.h>
#include <dirent.h>

static const char *const section_names[] = {
    "module",  "texts",      "text-bytes", "types",     "signatures", "params",  "classes", "fields",
    "methods", "implements", "slots",      "functions", "registers",  "code",    "sites",   "handlers",
    "lines",   "locals",     "globals",    "constants", "data",       "sources", "hashes",
};
enum { N_SECTIONS = sizeof section_names / sizeof *section_names };

static size_t section_offset(const uint8_t *bytes, const char *name) {
  if (strcmp(name, "file") == 0) return 0;
  for (size_t i = 0; i < N_SECTIONS; i++) {
    uint64_t offset;
    memcpy(&offset, bytes + 24 + i * 16, 8);
    if (strcmp(section_names[i], name) == 0) return offset;
  }
  cr_assert_fail("no section %s", name);
  return 0;
}

static void apply_patches(const char *text, uint8_t *bytes, size_t length, const char *path) {
  for (const char *line = strstr(text, "; patch: "); line != NULL; line = strstr(line + 1, "; patch: ")) {
    char section[32];
    unsigned offset;
    int at;
    cr_assert_eq(sscanf(line, "; patch: %31s %u %n", section, &offset, &at), 2, "%s", path);
    size_t to = section_offset(bytes, section) + offset;
    unsigned byte;
    for (const char *hex = line + at; sscanf(hex, "%2x", &byte) == 1 && *hex != '\n'; hex += 2) {
      cr_assert_lt(to, length, "%s", path);
      bytes[to++] = (uint8_t)byte;
    }
  }
}

static void check_refused(const char *path) {
  size_t n, length = 0;
  char rule[40], section[40], wanted[200], found[400];
  char *text = read_file(path, &n);
  cr_assert_eq(sscanf(text, "; refused: %39s %39s %199[^\n]", rule, section, wanted), 3, "%s", path);
  tz_image *image = assemble_text(text);
  cr_assert_not_null(image, "%s", path);
  uint8_t *bytes = tz_image_write(image, &length);
  apply_patches(text, bytes, length, path);
  tz_image_error error = {.section = "", .rule = ""};
  tz_image *read = tz_image_read(bytes, length, &error);
  cr_assert_not(read != NULL && tz_image_verify(read, &error), "%s is accepted", path);
  tz_image_error_format(read, &error, found, sizeof found);
  const char *found_section = error.section[0] != 0 ? error.section : "file";
  cr_assert_str_eq(error.rule, rule, "%s: %s", path, found);
  cr_assert_str_eq(found_section, section, "%s: %s", path, found);
  cr_assert(strstr(found, wanted) != NULL, "%s: %s", path, found);
  tz_image_free(read);
  tz_image_free(image);
  free(bytes);
  free(text);
}

Test(refused, each_with_its_rule) {
  DIR *folder = opendir(TESTS_DIR "/negative");
  cr_assert_not_null(folder);
  for (struct dirent *e; (e = readdir(folder)) != NULL;) {
    char path[600];
    const char *dot = strrchr(e->d_name, '.');
    if (dot == NULL || strcmp(dot, ".tza") != 0) continue;
    snprintf(path, sizeof path, TESTS_DIR "/negative/%s", e->d_name);
    check_refused(path);
  }
  closedir(folder);
}
