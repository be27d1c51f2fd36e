/* slow.h: what handlers do when the fast path does not apply. Each tz_slow function either completes the
 * instruction and returns the pc to go on at, or removes the obstacle and returns pc itself, so that the
 * instruction runs again. */
#pragma once
#include "interp.h"
#include "terza/opcode.h"

tz_slow tz_slow_budget;   /* the slice is used up: heat, profile, steps, safepoint, scheduler */
tz_slow tz_slow_null;     /* NullError */
tz_slow tz_slow_bounds;   /* BoundsError with index and length */
tz_slow tz_slow_division; /* DivisionError */
tz_slow tz_slow_throw;

tz_slow tz_slow_new, tz_slow_new_array, tz_slow_putf_r, tz_slow_store_r, tz_slow_list_store_r, tz_slow_is,
    tz_slow_cast, tz_slow_eq_s, tz_slow_concat;

/* Dynamic values (any_*.c). */
tz_slow tz_slow_any_i, tz_slow_i_any, tz_slow_f_any, tz_slow_b_any;
tz_slow tz_slow_arith_any; /* add.any .. rem.any */
tz_slow tz_slow_neg_any, tz_slow_bit_any, tz_slow_eq_any;
tz_slow tz_slow_compare_any; /* lt.any, le.any */
tz_slow tz_slow_get_any, tz_slow_set_any, tz_slow_index_any, tz_slow_set_index_any, tz_slow_new_dyn;
tz_slow tz_slow_call_any; /* call.any and tail.any */

/* The stack is too small for a frame of f at the call instruction pc: grows it. */
tz_insn *tz_slow_stack(tz_thread *th, tz_insn *pc, tz_function *f);
static inline bool tz_interp_is_tail_call(tz_insn in) {
  return tz_insn_op(in) >= TZ_OP_TAIL_CALL && tz_insn_op(in) <= TZ_OP_TAIL_ANY;
}
/* "null", "a bool", "an int", "a float" or the class's name: for messages. */
const char *tz_value_kind_name(tz_thread *th, uint64_t any);
/* As new.array. May collect. NULL: exception pending. */
tz_array *tz_array_new_checked(tz_thread *th, const tz_type *type, int64_t length);
/* As concat, of strings in n roots: null is "null". May collect. NULL: exception pending. */
tz_string *tz_string_join(tz_thread *th, tz_word *const *parts, uint32_t n);
/* The first argument's class does not implement the interface of the site, which the verifier excludes for
 * everything but null; returns the method otherwise. Pure. */
tz_function *tz_interface_method_nogc(const tz_class *cls, const tz_class *interface, uint32_t method);

/* The x byte of index.any and set.index.any: what has been indexed. */
enum {
  TZ_INDEX_ARRAY = 1, /* an array of dynamic values, by an int */
  TZ_INDEX_OTHER = 2, /* what has get and set, see tz_profile_method; a dynamic object */
  TZ_INDEX_STRING = 4,
  TZ_INDEX_TYPED = 8, /* another array, by an int: its class as if it had a method NULL */
};

/* tz_site_way.member.rep of get.any and set.any. */
enum {
  TZ_MEMBER_WORD = 1,    /* field `slot`, a reference or any */
  TZ_MEMBER_DYNAMIC = 2, /* element `slot` of a dynamic object's members */
  TZ_MEMBER_TYPED = 3,   /* field `slot`, an int, float or bool to be boxed by its type */
};

/* tz_site_way.cls of call.any and tail.any: a class, with these bits (classes are aligned). */
enum {
  TZ_WAY_SHAPE = 1, /* a dynamic object's shape: member.slot holds what is called */
  TZ_WAY_CONVERTS =
      2, /* a function whose arguments or result need conversion; NULL: `len` of a string or array */
  TZ_WAY_IMMEDIATE = 3, /* no class, but what kind of value that is no object: see tz_way_of_kind */
  TZ_WAY_BITS = 3
};
/* The kind: tz_any_kind in any.h, TZ_SAW_OTHER for bools. */
static inline uint32_t tz_way_of_kind(unsigned kind) { return kind << 2 | TZ_WAY_IMMEDIATE; }
static inline bool tz_way_is_immediate(const tz_site_way *way) {
  return (way->cls & TZ_WAY_BITS) == TZ_WAY_IMMEDIATE;
}
static inline const tz_class *tz_way_class(const tz_site_way *way) { /* NULL: none, an immediate */
  return tz_way_is_immediate(way) ? NULL : (const tz_class *)(uintptr_t)(way->cls & ~(uint32_t)TZ_WAY_BITS);
}
/* "int", "float" or "bool" for an immediate. */
static inline const char *tz_way_kind_name(const tz_site_way *way) {
  return way->cls >> 2 == 1 ? "int" : way->cls >> 2 == 2 ? "float" : "bool";
}

static inline void tz_site_count(tz_site_way *way) { way->count += way->count != UINT32_MAX; }

/* Enters a receiver in a site's feedback: in a free way, else as a miss. */
static inline void tz_site_note(tz_site *site, uint32_t cls, tz_function *target) {
  for (int i = 0; i < TZ_SITE_WAYS; i++) {
    tz_site_way *way = &site->way[i];
    if (way->cls == cls) {
      tz_site_count(way);
      return;
    }
    if (way->cls == 0) {
      way->target = target;
      way->count = 1;
      __atomic_store_n(&way->cls, cls, __ATOMIC_RELEASE); /* compilers read it meanwhile */
      return;
    }
  }
  site->misses += site->misses != UINT32_MAX;
}
