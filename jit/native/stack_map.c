/* stack_map.c: see stack_map.h. The format, little-endian:
 *
 *   header      version u8 (3), u8, u16; u32 functions, u32 constants, u32 records
 *   functions   each u64 address, u64 stack size, u64 records
 *   constants   each u64
 *   records     each u64 id, u32 offset in the function, u16, u16 locations; the locations; filled up to 8;
 *               u16, u16 live-outs; the live-outs, each u32; filled up to 8
 *   location    u8 kind, u8, u16 size, u16 register, u16, i32 offset or constant
 *
 * Locations of a statepoint: convention, flags, number of deopt values; these values; pairs of base and
 * derived pointer. */
#include "stack_map.h"
#include <stdlib.h>

enum { IN_REGISTER = 1, DIRECT, INDIRECT, CONSTANT, CONSTANT_INDEX };
enum {
  RSP = 7,
  HEADER_BYTES = 16,
  FUNCTION_BYTES = 24,
  RECORD_BYTES = 16,
  LOCATION_BYTES = 12,
  FIRST_DEOPT = 3
};

typedef struct location {
  uint8_t kind, unused;
  uint16_t size, reg, unused2;
  int32_t value;
} location;
_Static_assert(sizeof(location) == LOCATION_BYTES, "as in the section");

typedef struct reader {
  const uint8_t *at, *end;
  tz_native_code *code;
  const uint8_t *constants;
  uint32_t n_constants, n_operands, n_roots, operands_room, roots_room;
  const char *problem;
} reader;

static uint32_t u32_at(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, sizeof value);
  return value;
}
static uint64_t u64_at(const uint8_t *p) {
  uint64_t value;
  memcpy(&value, p, sizeof value);
  return value;
}
static uint16_t u16_at(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static bool fail(reader *r, const char *problem) {
  if (r->problem == NULL) r->problem = problem;
  return false;
}

/* The next bytes. NULL: the section ends before. */
static const uint8_t *take(reader *r, size_t bytes) {
  if ((size_t)(r->end - r->at) < bytes) {
    fail(r, "stack map: cut short");
    return NULL;
  }
  const uint8_t *p = r->at;
  r->at += bytes;
  return p;
}

static void align(reader *r, const uint8_t *section) {
  size_t bytes = (size_t)(-(r->at - section)) & 7;
  r->at += bytes < (size_t)(r->end - r->at) ? bytes : (size_t)(r->end - r->at);
}

/* Room for one more in an array that grows by doubling. NULL: no memory. */
static void *add(reader *r, void *array, uint32_t *n, uint32_t *room, size_t size) {
  void **items = array;
  if (*n == *room) {
    uint32_t more = *room ? *room * 2 : 16;
    void *bigger = realloc(*items, more * size);
    if (bigger == NULL) {
      fail(r, "no memory");
      return NULL;
    }
    *items = bigger;
    *room = more;
  }
  return (char *)*items + (*n)++ * size;
}

/* ---- Locations ---- */

static bool add_operand(reader *r, const location *l) {
  tz_native_operand *o = add(r, &r->code->operands, &r->n_operands, &r->operands_room, sizeof *o);
  if (o == NULL) return false;
  *o =
      (tz_native_operand){.size = (uint8_t)(l->size > 255 ? 255 : l->size), .reg = l->reg, .value = l->value};
  switch (l->kind) {
  case IN_REGISTER:
    o->place = TZ_PLACE_REGISTER;
    return l->reg <= 32 || fail(r, "stack map: a deopt value in a register of no use");
  case CONSTANT: o->place = TZ_PLACE_CONSTANT; return true;
  case CONSTANT_INDEX:
    o->place = TZ_PLACE_CONSTANT;
    if ((uint32_t)l->value >= r->n_constants) return fail(r, "stack map: no such constant");
    o->value = (int64_t)u64_at(r->constants + 8 * (size_t)(uint32_t)l->value);
    return true;
  default:
    o->place = l->kind == DIRECT ? TZ_PLACE_ADDRESS : TZ_PLACE_SLOT;
    return l->reg == RSP || fail(r, "stack map: a deopt value not at the stack pointer");
  }
}

static bool is_listed(const reader *r, const tz_safepoint *s, tz_root root) {
  for (uint32_t i = s->first_root; i < r->n_roots; i++)
    if (r->code->roots[i].base == root.base && r->code->roots[i].derived == root.derived) return true;
  return false;
}

/* Constants need no updating. A vector of references is as many roots. */
static bool add_root(reader *r, const tz_safepoint *s, const location *base, const location *derived) {
  if (base->kind == CONSTANT || base->kind == CONSTANT_INDEX || derived->kind == CONSTANT ||
      derived->kind == CONSTANT_INDEX)
    return true;
  bool is_plain = base->kind == INDIRECT && derived->kind == INDIRECT && base->reg == RSP &&
                  derived->reg == RSP && base->size == derived->size && base->size % 8 == 0;
  if (!is_plain) return fail(r, "stack map: references that are no words at the stack pointer");
  for (int32_t at = 0; at < base->size; at += 8) {
    tz_root root = {base->value + at, derived->value + at};
    if (is_listed(r, s, root)) continue;
    tz_root *place = add(r, &r->code->roots, &r->n_roots, &r->roots_room, sizeof *place);
    if (place == NULL) return false;
    *place = root;
  }
  return true;
}

/* ---- Records ---- */

static bool read_locations(reader *r, tz_safepoint *s, const location *l, uint32_t n) {
  if (n < FIRST_DEOPT || l[2].kind != CONSTANT) return fail(r, "stack map: not of a statepoint");
  uint32_t n_deopt = (uint32_t)l[2].value, first_pair = FIRST_DEOPT + n_deopt;
  if (n_deopt > n - FIRST_DEOPT || (n - first_pair) % 2 != 0)
    return fail(r, "stack map: not of a statepoint");
  s->first_operand = r->n_operands;
  for (uint32_t i = FIRST_DEOPT + 1; i < first_pair; i++)
    if (!add_operand(r, &l[i])) return false;
  s->n_operands = r->n_operands - s->first_operand;
  s->state = TZ_NO_STATE;
  if (n_deopt > 0) {
    const location *state = &l[FIRST_DEOPT];
    if (state->kind != CONSTANT || (uint32_t)state->value >= r->code->states->n_states)
      return fail(r, "stack map: a place without a state");
    s->state = (uint32_t)state->value;
  }
  s->first_root = r->n_roots;
  for (uint32_t i = first_pair; i < n; i += 2)
    if (!add_root(r, s, &l[i], &l[i + 1])) return false;
  s->n_roots = r->n_roots - s->first_root;
  return true;
}

static bool read_record(reader *r, const uint8_t *section, uint64_t function, tz_safepoint *s) {
  const uint8_t *head = take(r, RECORD_BYTES);
  if (head == NULL) return false;
  *s = (tz_safepoint){.return_offset =
                          (uint32_t)(function + u32_at(head + 8) - (uint64_t)(uintptr_t)r->code->code)};
  uint32_t n = u16_at(head + 14);
  const uint8_t *locations = take(r, (size_t)n * LOCATION_BYTES);
  if (locations == NULL || !read_locations(r, s, (const location *)locations, n)) return false;
  align(r, section);
  const uint8_t *live_outs = take(r, 4);
  if (live_outs == NULL || take(r, 4 * (size_t)u16_at(live_outs + 2)) == NULL) return false;
  align(r, section);
  return true;
}

static int by_offset(const void *a, const void *b) {
  uint32_t x = ((const tz_safepoint *)a)->return_offset, y = ((const tz_safepoint *)b)->return_offset;
  return x < y ? -1 : x > y;
}

const char *tz_stack_map_read(tz_native_code *code, const uint8_t *section, size_t bytes) {
  reader r = {.at = section, .end = section + bytes, .code = code};
  const uint8_t *head = take(&r, HEADER_BYTES);
  if (head == NULL || head[0] != 3) return "stack map: not version 3";
  uint32_t n_functions = u32_at(head + 4), n_records = u32_at(head + 12);
  r.n_constants = u32_at(head + 8);
  const uint8_t *functions = take(&r, (size_t)n_functions * FUNCTION_BYTES);
  r.constants = take(&r, (size_t)r.n_constants * 8);
  if (functions == NULL || r.constants == NULL) return r.problem;
  code->safepoints = calloc(n_records + 1, sizeof *code->safepoints);
  if (code->safepoints == NULL) return "no memory";
  for (uint32_t i = 0; i < n_functions; i++, functions += FUNCTION_BYTES)
    for (uint64_t left = u64_at(functions + 16); left > 0 && code->n_safepoints < n_records; left--)
      if (!read_record(&r, section, u64_at(functions), &code->safepoints[code->n_safepoints++]))
        return r.problem;
  qsort(code->safepoints, code->n_safepoints, sizeof *code->safepoints, by_offset);
  return NULL;
}
