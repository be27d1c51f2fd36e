/* gen_instructions: writes docs/instructions.md to a file, or, with --check, compares it. */
#include "terza/assembler.h"
#include <stdio.h>
#include <stdlib.h>

static bool file_equals(const char *path, const char *text, size_t length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  size_t i = 0;
  int c;
  while ((c = fgetc(file)) != EOF && i < length && c == (unsigned char)text[i]) i++;
  fclose(file);
  return c == EOF && i == length;
}

static bool write_file(const char *path, const char *text, size_t length) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return false;
  bool is_written = fwrite(text, 1, length, file) == length;
  return fclose(file) == 0 && is_written;
}

int main(int argc, char **argv) {
  bool is_check = argc == 3 && strcmp(argv[1], "--check") == 0;
  if (argc != 2 && !is_check) {
    fprintf(stderr, "usage: gen_instructions [--check] FILE\n");
    return 2;
  }
  size_t length;
  const char *path = argv[argc - 1];
  char *text = tz_asm_instructions_markdown(&length);
  bool is_fine =
      text != NULL && (is_check ? file_equals(path, text, length) : write_file(path, text, length));
  if (!is_fine)
    fprintf(stderr, "%s %s\n", path,
            is_check ? "is not what gen_instructions makes: run it" : "was not written");
  free(text);
  return is_fine ? 0 : 1;
}
