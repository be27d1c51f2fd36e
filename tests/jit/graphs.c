/* graphs.c: graphs as text, and what passes make of them.
 *
 *   test_graphs DIR            every DIR/SUBJECT/SITUATION.txt, with the classes and functions of
 * DIR/world.tza test_graphs --accept DIR   writes what came out into the files: look at it before committing
 *
 * A file is `; what this shows`, a graph, a line `---`, and what is expected. By subject:
 *   text      the graph as printed after it was read; without `---`: the same as it was
 *   refused   why the reader or the verifier refuses it
 *   PASS      the graph after that pass. Values and blocks are numbered anew in the order of the text, on
 * both sides. */
#include "graph.h"
#include "passes.h"
#include "terza/assembler.h"
#include "terza/linking.h"
#include "terza/loader.h"
#include <ctype.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_IDS = 4096 };

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t room = 0;
  ssize_t n = file != NULL ? getdelim(&text, &room, 0, file) : -1;
  if (file != NULL) fclose(file);
  if (n >= 0) return text;
  fprintf(stderr, "%s: cannot be read\n", path);
  exit(2);
}

/* t.measure plays a leaf native. */
static void make_leaf(tz_vm *vm, const tz_module *module) {
  for (uint32_t i = 0; i < module->n_functions; i++)
    if (strcmp(module->functions[i]->name, "t.measure") == 0) tz_function_make_leaf(vm, module->functions[i]);
}

static tz_vm *make_world(const char *dir) {
  char path[4096];
  snprintf(path, sizeof path, "%s/world.tza", dir);
  char *text = read_file(path);
  tz_asm_error wrong;
  tz_image_error refused;
  tz_load_error unlinked;
  tz_vm *vm = tz_vm_new(NULL);
  tz_module *module;
  tz_image *image = tz_asm_assemble(text, strlen(text), &wrong);
  free(text);
  if (image == NULL) fprintf(stderr, "%s:%u:%u: %s\n", path, wrong.line, wrong.column, wrong.message);
  else if (!tz_image_verify(image, &refused)) fprintf(stderr, "%s: refused: %s\n", path, refused.message);
  else if ((module = tz_module_link(vm, image, &unlinked)) == NULL)
    fprintf(stderr, "%s: %s\n", path, unlinked.message);
  else {
    make_leaf(vm, module);
    return vm;
  }
  exit(2);
}

/* ---- Texts ---- */

static char *dump(const tz_graph *g) {
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  tz_graph_dump(g, to);
  fclose(to);
  return text;
}

/* v7, b3 ... are renamed in the order in which they appear. */
static char *renumber(const char *text) {
  static uint32_t names[2][MAX_IDS];
  uint32_t n_names[2] = {0, 0};
  memset(names, 0, sizeof names);
  char *out = NULL;
  size_t n;
  FILE *to = open_memstream(&out, &n);
  char before = '\n';
  while (*text != 0) {
    bool is_name = (*text == 'v' || *text == 'b') && isdigit(text[1]) && strchr(" \n(=", before) != NULL;
    before = *text;
    fputc(*text++, to);
    if (!is_name) continue;
    char *end;
    uint32_t *name = &names[before == 'b'][strtoul(text, &end, 10) % MAX_IDS];
    if (*name == 0) *name = ++n_names[before == 'b'];
    fprintf(to, "%u", *name - 1);
    text = end;
  }
  fclose(to);
  return out;
}

static void print_difference(const char *expected, const char *actual) {
  char names[2][32] = {"/tmp/expected-XXXXXX", "/tmp/actual-XXXXXX"}, command[128];
  const char *texts[2] = {expected, actual};
  for (int i = 0; i < 2; i++) {
    int fd = mkstemp(names[i]);
    if (fd < 0 || dprintf(fd, "%s", texts[i]) < 0) perror(names[i]);
    close(fd);
  }
  fflush(stdout);
  snprintf(command, sizeof command, "diff -U100 --label expected --label actual %s %s", names[0], names[1]);
  if (system(command) < 0) perror("diff");
  for (int i = 0; i < 2; i++) unlink(names[i]);
}

/* ---- Tests ---- */

static bool run_pass(tz_graph *g, const tz_pass *pass) {
  jmp_buf escape;
  if (setjmp(escape)) return false;
  g->escape = &escape;
  bool is_ordered = tz_graph_order(g);
  if (is_ordered) pass->run(g);
  g->escape = NULL;
  return is_ordered;
}

static char *text_of(const char *format, const char *problem) {
  char *text;
  return asprintf(&text, format, problem) < 0 ? NULL : text;
}

/* What comes out of the graph; malloc'd. */
static char *outcome(tz_vm *vm, const char *input, const char *subject) {
  char *problem = NULL;
  tz_graph *g = tz_graph_parse(vm, input, &problem);
  if (g == NULL) {
    char *refusal = text_of("cannot be read: %s\n", problem);
    free(problem);
    return refusal;
  }
  bool is_text = strcmp(subject, "text") == 0, is_refused = strcmp(subject, "refused") == 0;
  char *text = is_text ? dump(g) : NULL;
  const tz_pass *pass = tz_pass_find(subject);
  if ((problem = tz_graph_verify(g)) != NULL) text = text_of("is refused: %s\n", problem);
  else if (is_refused) text = text_of("%s", "is accepted\n");
  else if (!is_text && pass == NULL) text = text_of("there is no pass %s\n", subject);
  else if (!is_text && !run_pass(g, pass)) text = text_of("%s", "no memory, or a loop with two entries\n");
  else if (!is_text) {
    char *after = dump(g);
    if ((problem = tz_graph_verify(g)) != NULL) {
      if (asprintf(&text, "%sis broken by the pass: %s\n", after, problem) < 0) text = NULL;
    } else text = renumber(after);
    free(after);
  }
  free(problem);
  tz_graph_free(g);
  return text;
}

/* Brings an expected graph into the form that graphs are printed in. */
static char *normal_form(tz_vm *vm, const char *expected) {
  char *problem = NULL;
  tz_graph *g = tz_graph_parse(vm, expected, &problem);
  if (g == NULL) return free(problem), strdup(expected);
  char *text = dump(g), *normal = renumber(text);
  free(text);
  tz_graph_free(g);
  return normal;
}

static bool write_file(const char *path, const char *input, const char *outcome) {
  FILE *to = fopen(path, "wb");
  if (to == NULL) return false;
  fprintf(to, "%s---\n%s", input, outcome);
  return fclose(to) == 0;
}

static bool test_file(tz_vm *vm, const char *path, bool accept) {
  char *copy = strdup(path), *subject = basename(dirname(copy));
  char *input = read_file(path), *rule = strstr(input, "\n---\n");
  const char *expected = input;
  if (rule != NULL) {
    rule[1] = 0;
    expected = rule + 5;
  }
  bool is_text = strcmp(subject, "text") == 0;
  if (is_text && rule == NULL)
    while (*expected == ';') expected = strchr(expected, '\n') + 1;
  char *actual = outcome(vm, input, subject),
       *normal = is_text ? strdup(expected) : normal_form(vm, expected);
  bool is_right = strcmp(normal, actual) == 0;
  if (!is_right && accept) is_right = write_file(path, input, actual);
  if (!is_right) {
    printf("%s\n", path);
    print_difference(normal, actual);
  }
  free(copy);
  free(input);
  free(actual);
  free(normal);
  return is_right;
}

int main(int argc, char **argv) {
  bool accept = argc == 3 && strcmp(argv[1], "--accept") == 0;
  if (argc != 2 && !accept) return fprintf(stderr, "usage: test_graphs [--accept] DIR\n"), 2;
  char pattern[4096];
  snprintf(pattern, sizeof pattern, "%s/*/*.txt", argv[argc - 1]);
  glob_t files;
  if (glob(pattern, 0, NULL, &files) != 0) return fprintf(stderr, "no tests in %s\n", argv[argc - 1]), 2;
  tz_vm *vm = make_world(argv[argc - 1]);
  size_t wrong = 0;
  for (size_t i = 0; i < files.gl_pathc; i++) wrong += !test_file(vm, files.gl_pathv[i], accept);
  printf("%zu graphs, %zu wrong\n", files.gl_pathc, wrong);
  globfree(&files);
  tz_vm_free(vm);
  return wrong > 0;
}
