/* eviction.h: which optimized code is missed least, when there is no room for all of it. docs/optimizing.md,
 * "The code cache". On the worker. */
#pragma once
#include "native.h"

/* Marks the codes that some process has a frame of: before `is_used` of any is looked at. One walk over all
 * stacks. */
void tz_eviction_mark_used(tz_vm *vm);
/* Of the codes in this state the one that was last seen at work longest ago; if `unused_only`, without a
 * frame. NULL: none. */
tz_native_code *tz_eviction_coldest(const tz_vm *vm, tz_code_state state, bool unused_only);
/* Bytes of machine code in this state. */
uint64_t tz_eviction_bytes(const tz_vm *vm, tz_code_state state);
/* What the code takes with its tables: counted against the memory limit. */
int64_t tz_eviction_footprint(const tz_native_code *code);
