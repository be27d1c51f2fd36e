/* native.c: see native.h: what a VM holds for optimized code. */
#include "native.h"
#include "baseline.h"
#include "class.h"
#include "outline.h"
#include "terza/lowmem.h"
#include <stdlib.h>

/* There are stubs for x86-64 alone; thread sanitizer does not follow stacks that are switched. */
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define TZ_CAN_RUN_NATIVE 1
#else
#define TZ_CAN_RUN_NATIVE 0
#endif

tz_native *tz_native_of(const tz_vm *vm) { return vm->jit != NULL ? vm->jit->native : NULL; }

static tz_function *native_frame_new(tz_vm *vm) {
  static const uint64_t no_references[1];
  tz_function *f = tz_lowmem_alloc(vm->lowmem, sizeof *f);
  if (f == NULL) return NULL;
  f->frame_bytes = (TZ_FRAME_HEADER + 1) * sizeof(tz_word);
  f->ref_map = no_references;
  f->name = "optimized code";
  f->flags = TZ_FUNCTION_HIDDEN;
  return f;
}

void tz_native_function_linked(tz_vm *vm, tz_function *f) {
  if (tz_native_of(vm) == NULL) return;
  f->compiled = f->flags & TZ_FUNCTION_LEAF ? tz_native_leaf_entry(f) : (void *)tz_vm_call_stub;
}

bool tz_native_attach(tz_vm *vm) {
  if (!TZ_CAN_RUN_NATIVE) return false;
  tz_native *n = calloc(1, sizeof *n);
  if (n == NULL) return false;
  n->outlines = tz_outlines_new();
  vm->native_frame = native_frame_new(vm);
  if (n->outlines == NULL || vm->native_frame == NULL) {
    tz_outlines_free(vm, n->outlines);
    free(n);
    return false;
  }
  const tz_options *o = &vm->options;
  n->vm = vm;
  n->random = 0x2545f4914f6cdd1du;
  n->is_restless = o->stress_safepoint > 0 || o->stress_budget > 0 || o->stress_tier;
  vm->thread->poll = n->is_restless;
  vm->jit->native = n;
  vm->hooks.native_visit = tz_native_visit;
  vm->hooks.native_next = tz_native_next;
  for (uint32_t i = 0; i < vm->functions->count; i++)
    if (vm->functions->by_id[i] != NULL) tz_native_function_linked(vm, vm->functions->by_id[i]);
  return true;
}

void tz_native_detach(tz_vm *vm) {
  tz_native *n = tz_native_of(vm);
  if (n == NULL) return;
  tz_ticker_stop(n);
  vm->jit->native = NULL;
  vm->hooks.native_visit = NULL;
  vm->hooks.native_next = NULL;
  tz_outlines_free(vm, n->outlines);
  free((void *)n->map);
  free((void *)n->old_map);
  free(n);
}
