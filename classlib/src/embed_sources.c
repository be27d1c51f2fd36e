/* embed_sources.c: a tool of the build. Prints C source with the class library's texts as one table.
 *
 *   embed_sources core.rima collections.rima … > sources.c
 *
 * Texts are arrays of byte values: a string literal has a length that compilers need not accept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name of a path without folder and ending. */
static void print_name(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  printf("%.*s", (int)strcspn(name, "."), name);
}

static long print_bytes(const char *path, int number) {
  FILE *in = fopen(path, "rb");
  long count = 0;
  if (in == NULL) {
    perror(path);
    exit(1);
  }
  printf("static const char text_%d[] = {", number);
  for (int c; (c = getc(in)) != EOF; count++) printf("%s%d,", count % 32 == 0 ? "\n" : "", (signed char)c);
  printf("0};\n");
  fclose(in);
  return count;
}

int main(int argc, char **argv) {
  long *counts = calloc((size_t)argc, sizeof *counts);
  if (counts == NULL) return 1;
  printf("/* Made by embed_sources from classlib/rima. */\n#include \"terza/classlib.h\"\n\n");
  for (int i = 1; i < argc; i++) counts[i] = print_bytes(argv[i], i);
  printf("\nstatic const tz_library_source table[] = {\n");
  for (int i = 1; i < argc; i++) {
    printf("  {\"");
    print_name(argv[i]);
    printf("\", text_%d, %ld},\n", i, counts[i]);
  }
  printf("  {NULL, NULL, 0}};\n\nconst tz_library_source *tz_classlib_sources(size_t *count) {\n"
         "  if (count != NULL) *count = sizeof table / sizeof *table - 1;\n  return table;\n}\n");
  free(counts);
  return 0;
}
