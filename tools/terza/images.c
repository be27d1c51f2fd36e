/* images.c: the commands that deal in modules without running them: build, asm, dis, verify. */
#include "command.h"
#include "compile.h"
#include "terza/assembler.h"
#include <stdlib.h>
#include <time.h>

int64_t command_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void report_image_error(const char *path, const tz_image *image, const tz_image_error *error) {
  char text[512];
  tz_image_error_format(image, error, text, sizeof text);
  fprintf(stderr, "%s: error: %s\n", path, text);
}

static tz_image *assemble(command_line *line, const char *path) {
  size_t length;
  char *text = command_read_file(line, path, &length);
  if (!text) return NULL;
  tz_asm_error error;
  tz_image *image = tz_asm_assemble(text, length, &error);
  if (!image) {
    fprintf(stderr, "%s:%u:%u: error: %s\n", path, error.line, error.column, error.message);
    if (error.hint[0]) fprintf(stderr, "hint: %s\n", error.hint);
  }
  free(text);
  return image;
}

tz_image *command_read_image(command_line *line, const char *path, char **bytes) {
  tz_image_error error;
  tz_image *image = NULL;
  *bytes = NULL;
  if (command_ends_with(path, ".tza")) image = assemble(line, path);
  else if (command_ends_with(path, ".rima")) {
    rima_compiler *compiler = command_compiler(line, false, false);
    if (!compiler) return NULL;
    image = command_compile(compiler, path, NULL);
    rima_compiler_free(compiler);
  } else {
    size_t length;
    *bytes = command_read_file(line, path, &length);
    if (*bytes && !(image = tz_image_read((const uint8_t *)*bytes, length, &error)))
      report_image_error(path, NULL, &error);
  }
  if (image) return image;
  free(*bytes);
  *bytes = NULL;
  return NULL;
}

/* The same, verified. */
static tz_image *load_image(command_line *line, const char *path, char **bytes) {
  tz_image_error error;
  tz_image *image = command_read_image(line, path, bytes);
  if (!image || tz_image_verify(image, &error)) return image;
  report_image_error(path, image, &error);
  tz_image_free(image);
  free(*bytes);
  *bytes = NULL;
  return NULL;
}

static bool write_image(command_line *line, const tz_image *image, const char *path, const char *out) {
  size_t length;
  uint8_t *bytes = tz_image_write(image, &length);
  char *made = out ? NULL : command_replace_ending(path, ".tzm");
  bool done = bytes && (out || made) ? command_write_file(line, out ? out : made, bytes, length)
                                     : (command_fail(line, "out of memory"), false);
  free(bytes);
  free(made);
  return done;
}

/* Takes -o; with it there must be just one file. */
static bool take_output(command_line *line, const char **out) {
  *out = NULL;
  if (command_take_flag(line, "-o", out) && !*out) return command_fail(line, "-o wants a file name"), false;
  if (!command_no_flags_left(line)) return false;
  if (line->n_args == 0) return command_fail(line, "name a file"), false;
  if (*out && line->n_args != 1) return command_fail(line, "-o goes with one file"), false;
  return true;
}

int command_build(command_line *line) {
  bool timed = command_take_flag(line, "--time", NULL);
  const char *out;
  if (!take_output(line, &out)) return EXIT_NOT_STARTED;
  for (int i = 0; i < line->n_args; i++) {
    rima_compiler *compiler = command_compiler(line, false, false);
    if (!compiler) return EXIT_NOT_STARTED;
    uint64_t lines = 0;
    int64_t start = command_nanoseconds();
    tz_image *image = command_compile(compiler, line->args[i], &lines);
    if (image && timed)
      printf("compiled %llu lines in %lld ns\n", (unsigned long long)lines,
             (long long)(command_nanoseconds() - start));
    rima_compiler_free(compiler); /* its memory serves the writer */
    bool done = image && write_image(line, image, line->args[i], out);
    tz_image_free(image);
    if (!done) return EXIT_NOT_STARTED;
  }
  return EXIT_DONE;
}

int command_asm(command_line *line) {
  const char *out;
  if (!take_output(line, &out)) return EXIT_NOT_STARTED;
  for (int i = 0; i < line->n_args; i++) {
    tz_image *image = assemble(line, line->args[i]);
    bool done = image && write_image(line, image, line->args[i], out);
    tz_image_free(image);
    if (!done) return EXIT_NOT_STARTED;
  }
  return EXIT_DONE;
}

int command_dis(command_line *line) {
  if (!command_no_flags_left(line)) return EXIT_NOT_STARTED;
  if (line->n_args == 0) return command_fail(line, "name a file");
  for (int i = 0; i < line->n_args; i++) {
    char *bytes, *text;
    tz_image *image = load_image(line, line->args[i], &bytes);
    if (!image) return EXIT_NOT_STARTED;
    if ((text = tz_asm_disassemble(image, NULL))) fputs(text, stdout);
    else command_fail(line, "out of memory");
    bool done = text != NULL;
    free(text);
    tz_image_free(image);
    free(bytes);
    if (!done) return EXIT_NOT_STARTED;
  }
  return EXIT_DONE;
}

/* Best time of several, in memory, to read and verify a module. */
static void time_verification(const tz_image *image) {
  size_t length;
  uint8_t *bytes = tz_image_write(image, &length);
  int64_t best = INT64_MAX;
  for (int i = 0; bytes && i < 20; i++) {
    tz_image_error error;
    int64_t start = command_nanoseconds();
    tz_image *again = tz_image_read(bytes, length, &error);
    bool valid = again && tz_image_verify(again, &error);
    int64_t took = command_nanoseconds() - start;
    tz_image_free(again);
    if (valid && took < best) best = took;
  }
  free(bytes);
  printf("verified %zu bytes in %lld ns\n", length, (long long)best);
}

int command_verify(command_line *line) {
  bool timed = command_take_flag(line, "--bench", NULL);
  if (!command_no_flags_left(line)) return EXIT_NOT_STARTED;
  if (line->n_args == 0) return command_fail(line, "name a file");
  int status = EXIT_DONE;
  for (int i = 0; i < line->n_args; i++) {
    char *bytes;
    tz_image *image = load_image(line, line->args[i], &bytes);
    if (!image) status = EXIT_NOT_STARTED;
    else if (timed) time_verification(image);
    tz_image_free(image);
    free(bytes);
  }
  return status;
}
