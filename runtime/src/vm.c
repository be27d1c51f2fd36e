/* vm.c: one virtual machine: its parts, its roots, its runs.
 *
 * Invariant: every word outside the heap that may hold a reference is visited from here: module globals, the
 * thread's exception and roots, frames of processes. th->result is none of them: it is read at once. */
#include "terza/vm.h"
#include "class.h"
#include "error.h"
#include "internals.h"
#include "interp.h"
#include "native_stack.h"
#include "report.h"
#include "scheduler.h"
#include "terza/arena.h"
#include "terza/lowmem.h"
#include "terza/options.h"
#include "type.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- what the collector asks ---- */

static void visit_roots(void *data, tz_visitor *v, tz_gc_scope scope) {
  tz_vm *vm = data;
  for (tz_module *m = vm->modules; m != NULL; m = m->next)
    if (m->n_storage > 0) tz_gc_visit_mapped(v, m->storage, m->storage_map, m->n_storage);
  tz_gc_visit_words(v, (tz_word *)&vm->thread->exception, 1);
  tz_roots_visit(vm->thread, v);
  tz_processes_visit(vm, v, scope);
}

static void after_collection(void *data, tz_gc_scope scope, uint64_t pause_ns) {
  tz_vm *vm = data;
  if (vm->scheduler != NULL) {
    atomic_fetch_or(&vm->scheduler->events, TZ_EVENT_COLLECTED);
    if (scope == TZ_GC_FULL) tz_native_stacks_trim(vm);
  }
  if (vm->options.trace_gc) tz_report_collection(vm, scope, pause_ns);
}

static tz_gc_options gc_options(const tz_options *o) {
  tz_gc_options g = tz_gc_options_default();
  g.collector = o->collector == 1 ? TZ_GC_SEMISPACE : TZ_GC_GENERATIONAL;
  g.heap_limit = (size_t)o->heap_limit;
  if (o->nursery_size) g.nursery_size = g.nursery_max = (size_t)o->nursery_size;
  g.stress_every_n_allocs = (unsigned)o->stress_alloc;
  g.stress_every_n_safepoints = (unsigned)o->stress_safepoint;
  g.poison_from_space = o->stress_poison ? TZ_GC_POISON_FILL : TZ_GC_POISON_NONE;
  g.verify_heap = o->verify_heap ? TZ_GC_VERIFY_BEFORE | TZ_GC_VERIFY_AFTER : 0;
  g.fail_alloc_n = (uint64_t)o->stress_fail_alloc;
  return g;
}

static bool release_memory(void *data) {
  tz_vm *vm = data;
  return vm->hooks.release_memory != NULL && vm->hooks.release_memory(vm);
}

/* ---- making and freeing ---- */

static bool parts_init(tz_vm *vm) {
  vm->internals = calloc(1, sizeof *vm->internals);
  vm->classes = calloc(1, sizeof *vm->classes);
  vm->functions = calloc(1, sizeof *vm->functions);
  vm->thread = calloc(1, sizeof *vm->thread);
  vm->lowmem = tz_lowmem_new();
  vm->arena = tz_arena_new();
  vm->symbols = tz_symbols_new();
  vm->natives = tz_native_table_new();
  return vm->internals && vm->classes && vm->functions && vm->thread && vm->lowmem && vm->arena &&
         vm->symbols && vm->natives;
}

static bool heap_init(tz_vm *vm) {
  if (vm->options.heap_limit == 0) vm->options.heap_limit = tz_memory_available() / 4 * 3;
  tz_gc_options options = gc_options(&vm->options);
  tz_gc_embedder embedder = {.data = vm, .visit_roots = visit_roots, .after_collection = after_collection,
                             .release_memory = release_memory};
  vm->heap = tz_gc_heap_new(&options, &embedder);
  if (vm->heap == NULL) return false;
  vm->thread->vm = vm;
  tz_gc_mutator_attach(vm->heap, &vm->thread->mutator);
  return true;
}

tz_vm *tz_vm_new(const tz_options *options) {
  tz_vm *vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->options = *(options != NULL ? options : tz_options_default());
  if (parts_init(vm) && heap_init(vm)) {
    tz_interp_init(vm->thread);
    vm->scheduler = tz_scheduler_new(vm);
    vm->types = tz_types_new(vm);
    if (vm->scheduler != NULL && vm->types != NULL && tz_machine_init(vm)) return vm;
  }
  tz_vm_free(vm);
  return NULL;
}

static void functions_free(tz_vm *vm) {
  if (vm->functions != NULL) free(vm->functions->by_id);
  free(vm->functions);
}

static void internals_free(tz_vm *vm) {
  if (vm->internals == NULL) return;
  tz_shapes_free(vm);
  tz_ptr_map_fini(&vm->internals->strings);
  tz_ptr_map_fini(&vm->internals->dynamics);
  tz_ptr_map_fini(&vm->internals->native_classes);
  free(vm->internals->out);
  free(vm->internals);
}

void tz_vm_free(tz_vm *vm) {
  if (vm == NULL) return;
  if (vm->internals != NULL) tz_vm_flush(vm);
  if (vm->options.dump_stats && vm->scheduler != NULL) tz_report_stats(vm);
  if (vm->options.dump_stats_json && vm->scheduler != NULL) tz_report_stats_json(vm);
  if (vm->options.dump_profile && vm->functions != NULL) tz_report_profile(vm);
  tz_scheduler_free(vm->scheduler);
  vm->scheduler = NULL;
  if (vm->hooks.vm_free != NULL) vm->hooks.vm_free(vm);
  if (vm->heap != NULL) {
    tz_gc_finalize_all(vm->heap);
    tz_vm_run_finalizers(vm);
    tz_roots_free(vm->thread);
    tz_gc_mutator_detach(&vm->thread->mutator);
    tz_gc_heap_free(vm->heap);
  }
  for (tz_module *m = vm->modules, *next; m != NULL; m = next) {
    next = m->next;
    if (m->dispose != NULL) m->dispose(m);
  }
  tz_types_free(vm->types);
  if (vm->classes != NULL) tz_ptr_map_fini(&vm->classes->by_name);
  free(vm->classes);
  functions_free(vm);
  internals_free(vm);
  tz_native_table_free(vm->natives);
  tz_symbols_free(vm->symbols);
  tz_arena_free(vm->arena);
  tz_lowmem_free(vm->lowmem);
  free(vm->thread);
  free(vm);
}

void tz_vm_abandon(tz_vm *vm) {
  tz_vm_flush(vm);
  if (vm->hooks.process_end != NULL) vm->hooks.process_end(vm);
  tz_gc_finalize_all(vm->heap);
  tz_vm_run_finalizers(vm);
}

/* ---- running ---- */

void tz_vm_set_step_limit(tz_vm *vm, int64_t steps) { tz_interp_set_step_limit(vm->thread, steps); }
void tz_vm_interrupt(tz_vm *vm) { tz_scheduler_interrupt(vm->scheduler); }

static bool run_nested(tz_vm *vm, tz_function *f, const tz_word *args, int n, tz_word *result,
                       tz_ref *exception) {
  tz_thread *th = vm->thread;
  if (tz_interp_enter(th, f, args, n, result)) return true;
  exception->word = th->exception;
  th->exception = 0;
  return false;
}

bool tz_vm_run(tz_vm *vm, tz_function *f, const tz_word *args, int n, tz_word *result, tz_ref *exception) {
  tz_thread *th = vm->thread;
  if (th->process != NULL) return run_nested(vm, f, args, n, result, exception);
  th->exception = 0;
  atomic_fetch_and(&vm->scheduler->events, ~(unsigned)TZ_EVENT_INTERRUPT);
  tz_process *p = tz_process_new(th, f, args, (uint32_t)n);
  bool ok = p != NULL;
  if (ok) {
    p->is_main = true;
    vm->scheduler->main = p;
    tz_process_start(vm, p);
    th->pc = tz_scheduler_next(th);
    ok = tz_interp_run(th);
  }
  exception->word = th->exception;
  th->exception = 0;
  if (ok && result != NULL) result->u = th->result;
  tz_failures_report(vm, true);
  tz_vm_flush(vm);
  return ok;
}

/* ---- the guest's output ---- */

enum { OUT_BYTES = 32 << 10 };

static void write_all(tz_vm *vm, int fd, const char *bytes, size_t n) {
  if (vm->hooks.write != NULL) {
    vm->hooks.write(vm, fd, bytes, n);
    return;
  }
  while (n > 0) {
    ssize_t done = write(fd, bytes, n);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      if (fd == 1 && vm->internals->out_error == 0) vm->internals->out_error = errno;
      return;
    }
    bytes += done;
    n -= (size_t)done;
  }
}

bool tz_vm_flush(tz_vm *vm) {
  struct tz_internals *in = vm->internals;
  if (in->out_length > 0) write_all(vm, 1, in->out, in->out_length);
  in->out_length = 0;
  return in->out_error == 0;
}

int tz_vm_output_error(const tz_vm *vm) { return vm->internals->out_error; }

static void out_add(tz_vm *vm, const char *bytes, size_t n) {
  struct tz_internals *in = vm->internals;
  if (in->out == NULL) {
    in->out = malloc(OUT_BYTES);
    in->out_by_lines = vm->hooks.write != NULL || isatty(1);
  }
  if (in->out_length + n > OUT_BYTES) tz_vm_flush(vm);
  if (in->out == NULL || n > OUT_BYTES) {
    write_all(vm, 1, bytes, n);
    return;
  }
  memcpy(in->out + in->out_length, bytes, n);
  in->out_length += n;
  if (in->out_by_lines && memchr(bytes, '\n', n) != NULL) tz_vm_flush(vm);
}

void tz_vm_write(tz_vm *vm, int fd, const char *bytes, size_t n) {
  if (fd == 1) {
    out_add(vm, bytes, n);
  } else {
    tz_vm_flush(vm);
    write_all(vm, fd, bytes, n);
  }
}
