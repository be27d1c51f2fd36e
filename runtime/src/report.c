/* report.c: text for --trace-gc, --dump-stats, --dump-profile. Reads only. */
#include "report.h"
#include "profile.h"
#include "class.h"
#include "error.h"
#include "scheduler.h"
#include "slow.h"
#include "terza/lowmem.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void print(tz_vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print(tz_vm *vm, const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (n > 0) tz_vm_write(vm, 2, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static double mb(uint64_t bytes) { return (double)bytes / 1048576; }

void tz_report_collection(tz_vm *vm, tz_gc_scope scope, uint64_t pause_ns) {
  tz_gc_stats s;
  tz_gc_get_stats(vm->heap, &s);
  print(vm, "gc %s #%" PRIu64 ": %.3f ms, young %.1f MB, old %.1f MB, large %.1f MB\n",
        scope == TZ_GC_YOUNG ? "young" : "full", s.young_collections + s.full_collections,
        (double)pause_ns / 1e6, mb(s.young_bytes), mb(s.old_bytes), mb(s.large_bytes));
}

void tz_report_stats(tz_vm *vm) {
  tz_gc_stats s;
  tz_gc_get_stats(vm->heap, &s);
  const struct tz_scheduler *sched = vm->scheduler;
  print(vm,
        "collections   %" PRIu64 " young (%.3f ms, longest %.3f), %" PRIu64 " full (%.3f ms, longest %.3f)\n",
        s.young_collections, (double)s.young_pause_ns / 1e6, (double)s.young_pause_max_ns / 1e6,
        s.full_collections, (double)s.full_pause_ns / 1e6, (double)s.full_pause_max_ns / 1e6);
  print(vm, "allocated     %.1f MB, copied %.1f MB, promoted %.1f MB\n", mb(s.bytes_allocated),
        mb(s.bytes_copied), mb(s.bytes_promoted));
  print(vm,
        "in use        young %.1f MB, old %.1f MB, large %.1f MB, permanent %.1f MB, native %.1f MB; limit "
        "%.1f MB\n",
        mb(s.young_bytes), mb(s.old_bytes), mb(s.large_bytes), mb(s.permanent_bytes), mb(s.external_bytes),
        mb(s.limit));
  print(vm, "processes     %u started, at most %u at once, %" PRIu64 " switches\n", sched->next_id,
        sched->most_processes, sched->switches);
  print(vm, "metadata      %u functions, %.1f MB below 4 GB\n", vm->n_function_ids,
        mb(tz_lowmem_used(vm->lowmem)));
}

void tz_report_stats_json(tz_vm *vm) {
  tz_gc_stats s;
  tz_gc_get_stats(vm->heap, &s);
  print(vm,
        "{\"stats\":\"heap\",\"young_collections\":%" PRIu64 ",\"full_collections\":%" PRIu64
        ",\"young_pause_ns\":%" PRIu64 ",\"full_pause_ns\":%" PRIu64 ",\"longest_pause_ns\":%" PRIu64
        ",\"allocated_bytes\":%" PRIu64 ",\"copied_bytes\":%" PRIu64 ",\"pauses_by_log2_us\":[",
        s.young_collections, s.full_collections, s.young_pause_ns, s.full_pause_ns,
        s.young_pause_max_ns > s.full_pause_max_ns ? s.young_pause_max_ns : s.full_pause_max_ns,
        s.bytes_allocated, s.bytes_copied);
  size_t n = sizeof s.pause_histogram / sizeof *s.pause_histogram;
  while (n > 0 && s.pause_histogram[n - 1] == 0) n--;
  for (size_t i = 0; i < n; i++) print(vm, "%s%" PRIu64, i > 0 ? "," : "", s.pause_histogram[i]);
  print(vm, "]}\n");
}

static int hotter(const void *a, const void *b) {
  const tz_function *f = *(tz_function *const *)a, *g = *(tz_function *const *)b;
  return (f->heat < g->heat) - (f->heat > g->heat);
}

static void report_branches(tz_vm *vm, const tz_function *f) {
  for (uint32_t pc = 0; f->branches != NULL && pc < f->n_words; pc++) {
    tz_branch_profile b = f->branches[pc];
    if (b.taken + b.not_taken == 0 || !tz_profile_is_count(f->code[pc])) continue;
    print(vm, "    pc %u line %u: taken %u, not taken %u\n", pc, tz_function_line(f, pc), b.taken,
          b.not_taken);
  }
}

static void report_sites(tz_vm *vm, const tz_function *f) {
  const tz_site *sites = (const tz_site *)f->k;
  for (uint32_t i = 0; i < f->n_sites; i++) {
    if (sites[i].way[0].cls == 0) continue;
    print(vm, "    site %u%s%s:", i, sites[i].name ? " " : "", sites[i].name ? sites[i].name : "");
    for (int w = 0; w < TZ_SITE_WAYS && sites[i].way[w].cls != 0; w++) {
      const tz_site_way *way = &sites[i].way[w];
      const tz_class *cls = tz_way_class(way);
      print(vm, " %s %u", cls != NULL ? cls->name : tz_way_kind_name(way), way->count);
    }
    if (sites[i].misses > 0) print(vm, ", %u others", sites[i].misses);
    print(vm, "\n");
  }
}

void tz_report_profile(tz_vm *vm) {
  enum { SHOWN = 40 };
  uint32_t n = 0, count = vm->functions->count;
  tz_function **hot = malloc((count + 1) * sizeof *hot);
  if (hot == NULL) return;
  for (uint32_t i = 0; i < count; i++)
    if (vm->functions->by_id[i] != NULL && vm->functions->by_id[i]->heat > 0)
      hot[n++] = vm->functions->by_id[i];
  qsort(hot, n, sizeof *hot, hotter);
  for (uint32_t i = 0; i < n && i < SHOWN; i++) {
    print(vm, "%8u %s\n", hot[i]->heat, hot[i]->name);
    report_sites(vm, hot[i]);
    report_branches(vm, hot[i]);
  }
  free(hot);
}
