/* optimize.c: the graph of every function of a program, built with the profile of a run and without one,
 * rewritten by all passes and verified after each.
 *
 *   test_optimize [-d FUNCTION] MODULE.tzm ARG...    runs the program with the arguments first; -d prints the
 * graphs
 *
 * Prints, a line for all: functions, nodes before and after, the longest time that the passes took for a
 * graph. */
#include "build.h"
#include "outline.h"
#include "passes.h"
#include "terza/classlib.h"
#include "terza/jit.h"
#include "terza/linking.h"
#include "terza/loader.h"
#include "terza/native.h"
#include <stdlib.h>
#include <time.h>

typedef struct totals {
  const char *dumped; /* function whose graphs are printed */
  uint64_t functions, not_built, before, after, longest_ns, longest_nodes;
} totals;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *read_file(const char *path, size_t *length) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) return fprintf(stderr, "%s cannot be read\n", path), exit(2), NULL;
  fseek(f, 0, SEEK_END);
  *length = (size_t)ftell(f);
  rewind(f);
  void *bytes = malloc(*length);
  if (bytes == NULL || fread(bytes, 1, *length, f) != *length) exit(2);
  fclose(f);
  return bytes;
}

static tz_module *load(tz_vm *vm, const char *path) {
  size_t length;
  tz_load_error error;
  void *bytes = read_file(path, &length);
  tz_module *m = tz_module_load(vm, bytes, length, &error);
  free(bytes);
  if (m == NULL) return fprintf(stderr, "%s: %s\n", path, error.message), exit(2), NULL;
  return m;
}

/* Silently: what a program prints is no concern of this test. */
static void take_output(tz_vm *vm, int fd, const char *bytes, size_t n) {
  (void)vm, (void)fd, (void)bytes, (void)n;
}

/* The program's arguments as [string]: permanent strings, so that nothing moves meanwhile. */
static tz_array *arguments(tz_vm *vm, int n, char **texts) {
  tz_array *array = tz_array_new_of(vm->thread, tz_type_array(vm, tz_type_simple(vm, TZ_KIND_STRING)), n);
  for (int i = 0; array != NULL && i < n; i++)
    tz_array_store_ref(vm->thread, array, i, tz_string_permanent(vm, texts[i], strlen(texts[i])));
  return array;
}

static void run(tz_vm *vm, tz_module *m, int n, char **texts) {
  tz_word result, args[1] = {{0}};
  tz_ref exception;
  if (m->init != NULL && !tz_vm_run(vm, m->init, NULL, 0, &result, &exception)) exit(2);
  m->initialised = true;
  if (m->main == NULL) return;
  if (m->main->n_params == 1) args[0].p = arguments(vm, n, texts);
  if (tz_vm_run(vm, m->main, args, (int)m->main->n_params, &result, &exception) && result.i == 0) return;
  fprintf(stderr, "the program failed\n");
  exit(2);
}

static uint64_t count_nodes(const tz_graph *g) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) count++;
  return count;
}

static bool optimize(tz_graph *g, const tz_pass_options *options) {
  jmp_buf escape;
  if (setjmp(escape)) return false;
  g->escape = &escape;
  tz_graph_optimize(g, options);
  g->escape = NULL;
  return true;
}

static void test_function(totals *t, tz_vm *vm, tz_function *f, uint32_t osr_pc, bool no_speculation) {
  tz_build_options build = tz_build_options_default();
  const char *problem = NULL;
  build.no_speculation = no_speculation;
  build.outline = tz_outline;
  tz_graph *g = tz_graph_build(vm, f, osr_pc, &build, &problem);
  if (g == NULL) {
    t->not_built++;
    return;
  }
  bool is_dumped = t->dumped != NULL && strcmp(t->dumped, f->name) == 0;
  tz_pass_options options = {.verify = true, .dump = is_dumped ? stdout : NULL};
  uint64_t nodes = count_nodes(g);
  t->functions++;
  t->before += nodes;
  if (!optimize(g, &options)) {
    fprintf(stderr, "%s cannot be optimized\n", f->name);
    exit(1);
  }
  t->after += count_nodes(g);
  tz_graph_free(g);
  g = tz_graph_build(vm, f, osr_pc, &build, &problem); /* once more, for the time alone */
  if (g == NULL) return;
  uint64_t start = now();
  optimize(g, &(tz_pass_options){0});
  uint64_t took = now() - start;
  if (took > t->longest_ns) {
    t->longest_ns = took;
    t->longest_nodes = nodes;
  }
  tz_graph_free(g);
}

static void test_all(totals *t, tz_vm *vm) {
  for (const tz_module *m = vm->modules; m != NULL; m = m->next)
    for (uint32_t i = 0; i < m->n_functions; i++) {
      tz_function *f = m->functions[i];
      if (f == NULL || f->code == NULL || f->module != m) continue;
      test_function(t, vm, f, TZ_NO_OSR, false);
      test_function(t, vm, f, TZ_NO_OSR, true);
    }
}

int main(int argc, char **argv) {
  totals t = {0};
  int first = 1;
  if (argc > 3 && strcmp(argv[1], "-d") == 0) {
    t.dumped = argv[2];
    first = 3;
  }
  if (argc <= first) return fprintf(stderr, "usage: test_optimize [-d FUNCTION] MODULE.tzm ARG...\n"), 2;
  tz_vm *vm = tz_vm_new(NULL);
  if (vm == NULL || !tz_jit_attach(vm) || !tz_classlib_register(vm)) return 2;
  vm->hooks.write = take_output;
  run(vm, load(vm, argv[first]), argc - first - 1, argv + first + 1);
  test_all(&t, vm);
  printf("%lu graphs (%lu not built), nodes %lu -> %lu, longest %.2f ms for %lu nodes\n", t.functions,
         t.not_built, t.before, t.after, (double)t.longest_ns / 1e6, t.longest_nodes);
  tz_vm_free(vm);
  return 0;
}
