/* verify_bench: megabytes of module code verified a second; [FILE.tzm] or a large module made of the kitchen
 * sink. */
#include "support.h"
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Many copies of one function. */
static char *many_functions(int n) {
  static const char body[] =
      "(i64, f64, [i64], any)i64 {\n  refs [i64], any\n  numbers i64, i64, f64\n"
      "    const.i r6, 0\n    const.i r7, 0\n    const r8, 1.5\n  loop:\n    load.64 r6, r2, r7\n"
      "    add.i r7, r7, r6\n    mul.f r8, r8, r1\n    add.ii r7, r7, 3\n    jlt.i r7, r0, loop\n"
      "    mov r4, r2\n    store.64 r7, r4, r6\n    any.i r5, r7\n    add.any r5, r5, r3\n"
      "    call r6, f0(r7, r8, r4, r5)\n    i.any r6, r5\n    xor.i r6, r6, r7\n"
      "    for.i r6, r0, loop\n    ret r6\n}\n";
  char *text = malloc((size_t)n * (sizeof body + 40) + 100), *at = text;
  at += sprintf(at, "module big\n");
  for (int i = 0; i < n; i++) at += sprintf(at, "function f%d %s", i, body);
  return text;
}

int main(int argc, char **argv) {
  size_t length = 0;
  uint8_t *bytes;
  if (argc > 1) {
    bytes = (uint8_t *)read_file(argv[1], &length);
  } else {
    char *text = many_functions(20000);
    double start = now();
    tz_image *image = assemble_text(text);
    if (image == NULL) return 1;
    printf("assembled %.1f MB of text in %.3f s\n", (double)strlen(text) / 1e6, now() - start);
    bytes = tz_image_write(image, &length);
    tz_image_free(image);
    free(text);
  }
  if (bytes == NULL) return 1;
  for (int i = 0; i < 5; i++) {
    tz_image_error error;
    double start = now();
    tz_image *image = tz_image_read(bytes, length, &error);
    double middle = now();
    if (image == NULL || !tz_image_verify(image, &error)) {
      printf("refused: %s\n", error.message);
      return 1;
    }
    double end = now();
    uint64_t words = 0;
    for (uint32_t f = 0; f < image->n_functions; f++) words += image->functions[f].n_words;
    printf("%.1f MB file, %.1f MB code: read %.4f s, verified %.4f s: %.0f MB/s of file, %.0f MB/s of code\n",
           (double)length / 1e6, (double)words * 8e-6, middle - start, end - middle,
           (double)length / 1e6 / (end - start), (double)words * 8e-6 / (end - start));
    tz_image_free(image);
  }
  free(bytes);
  return 0;
}
