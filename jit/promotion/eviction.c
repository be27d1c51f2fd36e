/* eviction.c: see eviction.h. */
#include "eviction.h"
#include <malloc.h>

void tz_eviction_mark_used(tz_vm *vm) {
  tz_native_code *const *codes;
  uint32_t n = tz_native_codes(vm, &codes);
  for (uint32_t i = 0; i < n; i++) codes[i]->is_used = false;
  tz_native_mark_used(vm);
}

tz_native_code *tz_eviction_coldest(const tz_vm *vm, tz_code_state state, bool unused_only) {
  tz_native_code *const *codes, *coldest = NULL;
  uint32_t n = tz_native_codes(vm, &codes);
  for (uint32_t i = 0; i < n; i++) {
    tz_native_code *code = codes[i];
    if (code->state != state || (unused_only && code->is_used)) continue;
    if (coldest == NULL || code->seen < coldest->seen) coldest = code;
  }
  return coldest;
}

uint64_t tz_eviction_bytes(const tz_vm *vm, tz_code_state state) {
  tz_native_code *const *codes;
  uint32_t n = tz_native_codes(vm, &codes);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < n; i++)
    if (codes[i]->state == state) bytes += codes[i]->size;
  return bytes;
}

static int64_t block(const void *p) { return (int64_t)malloc_usable_size((void *)p); }

int64_t tz_eviction_footprint(const tz_native_code *code) {
  return code->size + block(code) + block(code->safepoints) + block(code->roots) + block(code->operands) +
         block(code->states) + block(code->dependencies);
}
