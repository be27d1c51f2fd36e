/* throughput.c: prints how fast the collector allocates and copies under loads of known shape. Seconds are
 * CPU time of the process, pauses are by the clock. */
#include "terza/gc.h"
#include "terza/lowmem.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct tree {
  tz_header header;
  tz_word left, right;
  int64_t depth;
} tree;

#define STACK 4096
typedef struct bench {
  tz_heap *heap;
  tz_mutator mutator;
  tz_layout *tree, *words;
  tz_word stack[STACK];
  size_t top;
} bench;

static void visit_roots(void *data, tz_visitor *v, tz_gc_scope scope) {
  (void)scope;
  bench *b = data;
  tz_gc_visit_words(v, b->stack, b->top);
}

static tree *make(bench *b, int depth) {
  if (depth > 0) {
    b->stack[b->top++].p = make(b, depth - 1);
    b->stack[b->top++].p = make(b, depth - 1);
  }
  tree *t = (tree *)tz_gc_alloc(&b->mutator, b->tree);
  if (!t) exit(1);
  t->depth = depth;
  if (depth > 0) {
    t->right = b->stack[--b->top];
    t->left = b->stack[--b->top];
  }
  return t;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void report(bench *b, const char *name, double seconds) {
  static tz_gc_stats before;
  tz_gc_stats s;
  tz_gc_get_stats(b->heap, &s);
  uint64_t young_ns = s.young_pause_ns - before.young_pause_ns,
           full_ns = s.full_pause_ns - before.full_pause_ns;
  double copied = (double)(s.bytes_copied - before.bytes_copied), pause = (double)(young_ns + full_ns) * 1e-9;
  printf("%-24s %7.3f s  allocated %8.1f MB (%6.0f MB/s)  copied %8.1f MB (%6.0f MB/s in pauses of %.3f s)\n"
         "%-24s young %llu (max %.2f ms), full %llu (max %.2f ms)\n",
         name, seconds, (double)(s.bytes_allocated - before.bytes_allocated) / 1e6,
         (double)(s.bytes_allocated - before.bytes_allocated) / 1e6 / seconds, copied / 1e6,
         pause > 0 ? copied / 1e6 / pause : 0, pause, "",
         (unsigned long long)(s.young_collections - before.young_collections),
         (double)s.young_pause_max_ns * 1e-6,
         (unsigned long long)(s.full_collections - before.full_collections),
         (double)s.full_pause_max_ns * 1e-6);
  before = s;
}

static void time_arrays(bench *b, int kb) {
  double t = now();
  for (int i = 0; i < 4000; i++) {
    tz_object *a = tz_gc_alloc_array(&b->mutator, b->words, kb * 128);
    if (!a) exit(1);
    memset(a + 2, 1, (size_t)kb << 10);
  }
  char name[32];
  snprintf(name, sizeof name, "arrays of %d KB, filled", kb);
  report(b, name, now() - t);
}

int main(int argc, char **argv) {
  int depth = argc > 1 ? atoi(argv[1]) : 18;
  tz_lowmem *low = tz_lowmem_new();
  bench b = {.tree = tz_lowmem_alloc(low, sizeof(tz_layout)),
             .words = tz_lowmem_alloc(low, sizeof(tz_layout))};
  *b.tree = (tz_layout){.kind = TZ_LAYOUT_FIXED, .size = sizeof(tree), .map = 3};
  *b.words = (tz_layout){.kind = TZ_LAYOUT_WORDS, .elem_shift = 3, .size = 16};
  tz_gc_options o = tz_gc_options_default();
  if (argc > 2 && atoi(argv[2])) o.collector = TZ_GC_SEMISPACE;
  tz_gc_embedder e = {.data = &b, .visit_roots = visit_roots};
  b.heap = tz_gc_heap_new(&o, &e);
  tz_gc_mutator_attach(b.heap, &b.mutator);

  double t = now();
  for (int i = 0; i < 4000; i++) make(&b, 12);
  report(&b, "short-lived trees", now() - t);
  t = now();
  b.stack[b.top++].p = make(&b, depth);
  report(&b, "one long-lived tree", now() - t);
  t = now();
  for (int i = 0; i < 40; i++) make(&b, depth - 2);
  report(&b, "middle-lived trees", now() - t);
  t = now();
  for (int i = 0; i < 5; i++) tz_gc_collect(&b.mutator, TZ_GC_FULL);
  report(&b, "five full collections", now() - t);
  for (int kb = 40; kb <= 1000; kb += 480) time_arrays(&b, kb);
  tz_gc_mutator_detach(&b.mutator);
  tz_gc_heap_free(b.heap);
  tz_lowmem_free(low);
  return 0;
}
