/* statistics.c: see statistics.h. */
#include "statistics.h"
#include "baseline.h"
#include "promotion.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t tz_jit_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void tz_jit_note(struct tz_jit *jit, const tz_compilation *compilation) {
  tz_compilations *all = &jit->compilations;
  if (!jit->vm->options.dump_stats_json) return;
  if (all->count == all->room) {
    size_t room = all->room > 0 ? 2 * all->room : 256;
    tz_compilation *larger = realloc(all->items, room * sizeof *larger);
    if (larger == NULL) return;
    all->items = larger;
    all->room = room;
  }
  all->items[all->count++] = *compilation;
}

static void print_text(const tz_jit_stats *s) {
  fprintf(stderr,
          "compiled: %" PRIu64 " functions, %" PRIu64 " instructions, %" PRIu64 " ns, %" PRIu64
          " code bytes, %" PRIu64 " table bytes, %" PRIu64 " freed\n",
          s->functions, s->instructions, s->nanoseconds, s->code_bytes, s->table_bytes, s->freed);
}

static void print_promotion_text(const tz_promotion_stats *s) {
  fprintf(stderr,
          "optimized: %" PRIu64 " codes, %" PRIu64 " refused, %" PRIu64 " requests dropped, %" PRIu64 " given up, %" PRIu64 " invalid, %" PRIu64 " evicted, %" PRIu64
          " deoptimizations, %" PRIu64 " code bytes, at most %" PRIu64 "; %.1f ms of compiler threads (%.1f graph, %.1f passes, %.1f LLVM, %.1f loading)\n",
          s->compiled, s->refused, s->dropped, s->given_up, s->invalidated, s->evicted, s->deopts, s->code_bytes, s->most_code_bytes, (double)s->thread_cpu_ns * 1e-6,
          (double)s->build_ns * 1e-6, (double)s->passes_ns * 1e-6, (double)s->llvm_ns * 1e-6, (double)s->load_ns * 1e-6);
  if (s->problem != NULL) fprintf(stderr, "no optimizing tier: %s\n", s->problem);
}

static void print_promotion_json(const tz_promotion_stats *s) {
  fprintf(stderr,
          "{\"stats\":\"optimizing\",\"functions\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"given_up\":%" PRIu64
          ",\"invalid\":%" PRIu64 ",\"evicted\":%" PRIu64 ",\"deopts\":%" PRIu64 ",\"code_bytes\":%" PRIu64 ",\"most_code_bytes\":%" PRIu64 ",\"thread_cpu_ns\":%" PRIu64 ",\"build_ns\":%" PRIu64
          ",\"passes_ns\":%" PRIu64 ",\"llvm_ns\":%" PRIu64 ",\"load_ns\":%" PRIu64 ",\"longest_stall_ns\":%" PRIu64 "}\n",
          s->compiled, s->refused, s->dropped, s->given_up, s->invalidated, s->evicted, s->deopts, s->code_bytes, s->most_code_bytes, s->thread_cpu_ns, s->build_ns, s->passes_ns, s->llvm_ns,
          s->load_ns, s->longest_stall_ns);
}

/* A name may hold anything. */
static void print_quoted(const char *text) {
  fputc('"', stderr);
  for (const char *c = text; *c != 0; c++) {
    if (*c == '"' || *c == '\\') fputc('\\', stderr);
    if ((unsigned char)*c < ' ') fprintf(stderr, "\\u%04x", *c);
    else fputc(*c, stderr);
  }
  fputc('"', stderr);
}

static void print_json(const struct tz_jit *jit) {
  const tz_jit_stats *s = &jit->stats;
  fprintf(stderr,
          "{\"stats\":\"baseline\",\"functions\":%" PRIu64 ",\"instructions\":%" PRIu64
          ",\"compile_ns\":%" PRIu64 ",\"code_bytes\":%" PRIu64 ",\"table_bytes\":%" PRIu64
          ",\"freed\":%" PRIu64 ",\"longest_stall_ns\":%" PRIu64 "}\n",
          s->functions, s->instructions, s->nanoseconds, s->code_bytes, s->table_bytes, s->freed, s->longest_stall_ns);
  for (size_t i = 0; i < jit->compilations.count; i++) {
    const tz_compilation *c = &jit->compilations.items[i];
    fprintf(stderr,
            "{\"stats\":\"compilation\",\"tier\":\"%s\",\"at_ns\":%" PRIu64 ",\"ns\":%" PRIu64
            ",\"code_bytes\":%" PRIu64 ",\"function\":",
            c->tier, c->start_ns, c->end_ns - c->start_ns, c->code_bytes);
    print_quoted(c->function->name);
    fputs("}\n", stderr);
  }
}

void tz_jit_report(const struct tz_jit *jit) {
  const tz_options *o = &jit->vm->options;
  tz_promotion_stats promotion = {0};
  if (jit->promotion != NULL) promotion = tz_promotion_statistics(jit->promotion);
  if (o->dump_stats) print_text(&jit->stats);
  if (o->dump_stats && jit->promotion != NULL) print_promotion_text(&promotion);
  if (o->dump_stats_json) print_json(jit);
  if (o->dump_stats_json && jit->promotion != NULL) print_promotion_json(&promotion);
}
