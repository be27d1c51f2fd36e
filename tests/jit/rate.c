/* rate.c: how fast the baseline compiles and how large its code is: jit_rate MODULE.tzm...
 *
 * Every function of each module is compiled again and again; the best round counts, so that the figure is the
 * compiler's and not that of the first touch of its memory. Prints "instructions NANOSECONDS-PER-ROUND
 * CODE-BYTES TABLE-BYTES". */
#include "baseline.h"
#include "terza/classlib.h"
#include "terza/loader.h"
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 40 };

static void *read_file(const char *path, size_t *length) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) return NULL;
  fseek(f, 0, SEEK_END);
  *length = (size_t)ftell(f);
  rewind(f);
  void *bytes = malloc(*length + 1);
  if (bytes == NULL || fread(bytes, 1, *length, f) != *length) *length = 0;
  fclose(f);
  return bytes;
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static tz_jit_stats compile_all(tz_vm *vm, tz_module *m) {
  tz_jit_stats before = vm->jit->stats;
  tz_baseline **made = calloc(m->n_functions, sizeof *made);
  uint64_t start = now();
  for (uint32_t i = 0; i < m->n_functions; i++) {
    tz_tier tier = {0};
    if (m->functions[i]->code == NULL) continue;
    tz_pins_choose(vm->jit, m->functions[i], &tier);
    made[i] = tz_baseline_compile(vm->jit, m->functions[i], &tier);
  }
  uint64_t end = now();
  tz_jit_stats after = vm->jit->stats;
  for (uint32_t i = 0; i < m->n_functions; i++)
    if (made[i] != NULL) tz_baseline_free(vm->jit, made[i]);
  free(made);
  after.instructions -= before.instructions;
  after.nanoseconds = end - start;
  after.code_bytes -= before.code_bytes;
  after.table_bytes -= before.table_bytes;
  return after;
}

int main(int argc, char **argv) {
  tz_jit_stats sum = {0};
  for (int i = 1; i < argc; i++) {
    size_t length = 0;
    void *bytes = read_file(argv[i], &length);
    tz_options options = *tz_options_default();
    options.jit_threshold = 1000000;
    tz_vm *vm = tz_vm_new(&options);
    tz_load_error error;
    tz_module *m = NULL;
    if (bytes != NULL && vm != NULL && tz_jit_attach(vm) && vm->jit != NULL && tz_classlib_register(vm))
      m = tz_module_load(vm, bytes, length, &error);
    if (m == NULL) return fprintf(stderr, "%s cannot be loaded\n", argv[i]), 1;
    for (uint32_t f = 0; f < m->n_functions; f++)
      tz_jit_compile(vm, m->functions[f]); /* touches all memory */
    tz_jit_stats best = compile_all(vm, m);
    for (int round = 1; round < ROUNDS; round++) {
      tz_jit_stats s = compile_all(vm, m);
      if (s.nanoseconds < best.nanoseconds) best.nanoseconds = s.nanoseconds;
    }
    sum.instructions += best.instructions;
    sum.nanoseconds += best.nanoseconds;
    sum.code_bytes += best.code_bytes;
    sum.table_bytes += best.table_bytes;
    tz_vm_free(vm);
    free(bytes);
  }
  printf("%llu %llu %llu %llu\n", (unsigned long long)sum.instructions, (unsigned long long)sum.nanoseconds,
         (unsigned long long)sum.code_bytes, (unsigned long long)sum.table_bytes);
  return 0;
}
