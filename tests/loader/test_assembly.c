/* test_assembly.c: text to modules and back, and what the assembler says of faulty text. */
#include "support.h"
#include <criterion/criterion.h>
#include <dirent.h>

static void check_round_trip(const char *path) {
  size_t n, first_length, second_length, text_length;
  char *text = read_file(path, &n);
  tz_image_error error;
  tz_asm_error asm_error;
  cr_assert_not_null(text, "%s", path);
  uint8_t *first = module_bytes(text, &first_length);
  cr_assert_not_null(first, "%s", path);
  tz_image *image = tz_image_read(first, first_length, &error);
  cr_assert(image != NULL && tz_image_verify(image, &error), "%s: %s", path, error.message);
  char *again = tz_asm_disassemble(image, &text_length);
  tz_image *second_image = tz_asm_assemble(again, text_length, &asm_error);
  cr_assert_not_null(second_image, "%s: disassembled, %u: %s", path, asm_error.line, asm_error.message);
  uint8_t *second = tz_image_write(second_image, &second_length);
  cr_assert_eq(first_length, second_length, "%s", path);
  cr_assert_arr_eq(first, second, first_length, "%s", path);
  tz_image_free(image);
  tz_image_free(second_image);
  free(first);
  free(second);
  free(again);
  free(text);
}

Test(assembly, round_trip_of_everything) { check_round_trip(TESTS_DIR "/loader/kitchen.tza"); }

Test(assembly, round_trip_of_guest_programs) {
  DIR *folder = opendir(TESTS_DIR "/assembly");
  uint32_t n = 0;
  cr_assert_not_null(folder);
  for (struct dirent *e; (e = readdir(folder)) != NULL;) {
    char path[600];
    const char *dot = strrchr(e->d_name, '.');
    if (dot == NULL || strcmp(dot, ".tza") != 0) continue;
    snprintf(path, sizeof path, TESTS_DIR "/assembly/%s", e->d_name);
    check_round_trip(path);
    n++;
  }
  closedir(folder);
  cr_assert_gt(n, 0);
}

static void check_fails(const char *text, uint32_t line, uint32_t column, const char *message,
                        const char *hint) {
  tz_asm_error error;
  tz_image *image = tz_asm_assemble(text, strlen(text), &error);
  cr_assert_null(image, "%s", text);
  cr_assert(strstr(error.message, message) != NULL, "found: %s", error.message);
  cr_assert(strstr(error.hint, hint) != NULL, "hint: %s", error.hint);
  cr_assert(error.line == line && error.column == column, "at %u:%u: %s", error.line, error.column,
            error.message);
}

Test(assembly, errors) {
  check_fails("module m\nfunction f ()void {\n  ret.viod\n}", 3, 3, "an instruction expected", "ret.void");
  check_fails("module m\nfunction f ()void {\n  jmp there\n}", 3, 7, "no label there", "");
  check_fails("module m\nfunction f ()void {\n  call _, foo()\n}\nfunction fooo ()void { ret.void }", 3, 11,
              "there is no foo", "fooo");
  check_fails("module m\nfunction f (Thing)void { ret.void }\nclass Thing {}", 2, 13, "a type expected",
              "%Thing");
  check_fails("module m\nfunction f ()void {\n  const.i r0, 1 2\n}", 3, 17, "the end of the line", "");
  check_fails("module m\nfunction f ()void {\n  add.ii r0, r0, 40000\n}", 3, 18, "does not fit", "");
  check_fails("module m\nfunction f ()void {\n  const r0, \"open\n}", 3, 13, "not closed", "");
  check_fails("module m\nfunction f ()void {\nl:\nl:\n ret.void }", 4, 1, "stands twice", "");
  check_fails("module m\nfunction f ()void { ret.void\n", 3, 1, "} expected", "");
  check_fails("modul m\n", 1, 1, "expected", "");
  check_fails("module m\nmachine Thing\n", 2, 9, "the machine has no class Thing", "");
  check_fails("module m\nglobal g i63\n", 2, 10, "a type expected", "");
  check_fails("module m ~\n", 1, 10, "no meaning", "");
  check_fails("module m\nfunction f ()void {\n const r0, 99999999999999999999\n}", 3, 12, "64 bits", "");
}

/* Whatever the text, the assembler ends with an image or an error. */
Test(assembly, survives_damage) {
  size_t n;
  char *text = read_file(TESTS_DIR "/loader/kitchen.tza", &n);
  tz_asm_error error;
  uint32_t seed = 1;
  for (int i = 0; i < 3000; i++) {
    seed = seed * 1664525 + 1013904223;
    size_t at = seed % n;
    char saved = text[at];
    text[at] = "(){}[]%:,;#\"_ r0x"[seed >> 24 & 15];
    tz_image_free(tz_asm_assemble(text, n, &error));
    text[at] = saved;
  }
  free(text);
}
