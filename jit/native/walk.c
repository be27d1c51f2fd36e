/* walk.c: optimized code by address, and the frames of such code.
 *
 * The map of all code is an immutable array, sorted by address. Only the worker replaces it, so a signal
 * handler that interrupts the worker finds a whole one; a handler on another thread has until the next change
 * but one. */
#include "baseline.h"
#include "native.h"
#include "scheduler.h"
#include <stdlib.h>

/* ---- The map ---- */

typedef struct tz_code_map {
  uint32_t n;
  tz_native_code *codes[];
} tz_code_map;

/* The first code that begins behind the address. */
static uint32_t map_find(const tz_code_map *map, const void *address) {
  uint32_t low = 0, high = map != NULL ? map->n : 0;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if ((const uint8_t *)address < map->codes[middle]->code) high = middle;
    else low = middle + 1;
  }
  return low;
}

static void map_publish(tz_native *n, tz_code_map *map) {
  free((void *)n->old_map);
  n->old_map = n->map;
  __atomic_store_n(&n->map, map, __ATOMIC_RELEASE);
}

bool tz_native_add(tz_vm *vm, tz_native_code *code) {
  tz_native *n = tz_native_of(vm);
  const tz_code_map *old = n->map;
  uint32_t count = old != NULL ? old->n : 0, at = map_find(old, code->code);
  tz_code_map *map = malloc(sizeof *map + (count + 1) * sizeof(tz_native_code *));
  if (map == NULL) return false;
  map->n = count + 1;
  if (at > 0) memcpy(map->codes, old->codes, at * sizeof(tz_native_code *));
  map->codes[at] = code;
  if (at < count) memcpy(map->codes + at + 1, old->codes + at, (count - at) * sizeof(tz_native_code *));
  map_publish(n, map);
  if (code->function != NULL)
    code->gdb_entry = tz_symbols_add(vm->jit, code->function->name, code->code, code->size);
  return true;
}

/* Without memory the old array is changed: a handler may then miss a neighbour of the code removed. */
void tz_native_remove(tz_vm *vm, tz_native_code *code) {
  tz_native *n = tz_native_of(vm);
  tz_symbols_remove(code->gdb_entry);
  code->gdb_entry = NULL;
  tz_code_map *old = (tz_code_map *)n->map;
  uint32_t at = map_find(old, code->code) - 1;
  if (old == NULL || at >= old->n || old->codes[at] != code) return;
  size_t behind = (old->n - at - 1) * sizeof(tz_native_code *);
  tz_code_map *map = malloc(sizeof *map + old->n * sizeof(tz_native_code *));
  if (map == NULL) {
    memmove(old->codes + at, old->codes + at + 1, behind);
    old->n--;
    return;
  }
  map->n = old->n - 1;
  memcpy(map->codes, old->codes, at * sizeof(tz_native_code *));
  memcpy(map->codes + at, old->codes + at + 1, behind);
  map_publish(n, map);
}

const tz_native_code *tz_native_code_at(const tz_vm *vm, const void *address) {
  const tz_native *n = tz_native_of(vm);
  const tz_code_map *map = n != NULL ? __atomic_load_n(&n->map, __ATOMIC_ACQUIRE) : NULL;
  uint32_t at = map_find(map, address);
  if (at == 0) return NULL;
  const tz_native_code *code = map->codes[at - 1];
  return (size_t)((const uint8_t *)address - code->code) < code->size ? code : NULL;
}

const tz_safepoint *tz_native_safepoint(const tz_native_code *code, const void *return_address) {
  uint32_t offset = (uint32_t)((const uint8_t *)return_address - code->code), low = 0,
           high = code->n_safepoints;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (code->safepoints[middle].return_offset < offset) low = middle + 1;
    else high = middle;
  }
  return low < code->n_safepoints && code->safepoints[low].return_offset == offset ? &code->safepoints[low]
                                                                                   : NULL;
}

/* ---- Roots ---- */

/* Derived pointers point into the object at their base: they become distances while bases are visited. The
 * loader has seen to it that none is listed twice. */
static void visit_frame(tz_visitor *v, const tz_native_code *code, const tz_safepoint *s, char *sp) {
  const tz_root *roots = code->roots + s->first_root;
  for (uint32_t i = 0; i < s->n_roots; i++)
    if (roots[i].derived != roots[i].base)
      *(uint64_t *)(sp + roots[i].derived) -= *(uint64_t *)(sp + roots[i].base);
  for (uint32_t i = 0; i < s->n_roots; i++) tz_gc_visit_words(v, (tz_word *)(sp + roots[i].base), 1);
  for (uint32_t i = 0; i < s->n_roots; i++)
    if (roots[i].derived != roots[i].base)
      *(uint64_t *)(sp + roots[i].derived) += *(uint64_t *)(sp + roots[i].base);
}

void tz_native_visit(tz_vm *vm, const void *record, tz_visitor *v) {
  const void *const *at = record;
  for (const tz_native_code *code; (code = tz_native_code_at(vm, at[1])) != NULL; at = at[0]) {
    const tz_safepoint *s = tz_native_safepoint(code, at[1]);
    if (s != NULL) visit_frame(v, code, s, (char *)(at + 2));
  }
}

/* ---- Places ---- */

static void look_up(const tz_vm *vm, tz_native_cursor *c, const void *address) {
  c->address = address;
  c->code = tz_native_code_at(vm, address);
  const tz_safepoint *s = c->code != NULL ? tz_native_safepoint(c->code, address) : NULL;
  c->state = s != NULL && s->state != TZ_NO_STATE ? &c->code->states->states[s->state] : NULL;
}

const tz_function *tz_native_next(tz_vm *vm, tz_native_cursor *cursor, uint32_t *pc) {
  const void *const *record = cursor->record;
  if (record[1] != cursor->address) look_up(vm, cursor, record[1]);
  const tz_native_code *code = cursor->code;
  const tz_state *state = cursor->state;
  if (code == NULL) return NULL;
  uint32_t depth = cursor->depth++;
  if (state == NULL || depth + 1 >= state->n_frames) {
    cursor->record = record[0];
    cursor->depth = 0;
  }
  *pc = 0;
  if (state == NULL || state->n_frames == 0) return code->function;
  const tz_state_frame *frame = &code->states->frames[state->first_frame + depth];
  *pc = frame->pc;
  return frame->function;
}

static void mark_section(const tz_vm *vm, const void *record) {
  const void *const *at = record;
  for (tz_native_code *c; at != NULL && (c = (tz_native_code *)tz_native_code_at(vm, at[1])) != NULL;
       at = at[0])
    c->is_used = true;
}

void tz_native_mark_used(tz_vm *vm) {
  tz_native_code *const *codes;
  uint32_t n = tz_native_codes(vm, &codes);
  for (uint32_t i = 0; i < n; i++) codes[i]->is_used |= codes[i]->n_left > 0; /* no walk finds their frames */
  for (tz_process *p = vm->scheduler->all; p != NULL; p = p->next) {
    tz_frame_walk w;
    for (tz_frame_walk_start(&w, vm->thread, p); w.fp != NULL; tz_frame_walk_next(&w))
      if (w.native != NULL) mark_section(vm, w.native);
  }
}

uint32_t tz_native_codes(const tz_vm *vm, tz_native_code *const **codes) {
  const tz_native *n = tz_native_of(vm);
  *codes = n != NULL && n->map != NULL ? n->map->codes : NULL;
  return *codes != NULL ? n->map->n : 0;
}

bool tz_native_is_in_use(tz_vm *vm, const tz_native_code *code) {
  ((tz_native_code *)code)->is_used = code->n_left > 0;
  tz_native_mark_used(vm);
  return code->is_used;
}
