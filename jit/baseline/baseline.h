/* baseline.h: compiled functions, shared by the files of this folder.
 *
 * Compiled code runs on the interpreter's frames. Any instruction can be left for the interpreter and entered
 * from it: what compiled code keeps in machine registers is listed here, by function (pins) and by
 * instruction (accumulators). */
#pragma once
#include "code_memory.h"
#include "interp.h"
#include "policies.h"
#include "statistics.h"
#include "stencil_table.h"
#include "terza/jit.h"

enum { TZ_PINS = 4, TZ_NO_CODE = UINT32_MAX };

/* Where an instruction's code begins, and how many words before it (0: nowhere near) the instructions stand
 * whose results the int and the float accumulator mirror. */
enum { TZ_PLACE_OFFSET_BITS = 20, TZ_PLACE_DISTANCE_MAX = 63 };
static inline uint32_t tz_place(uint32_t offset, uint32_t distance, uint32_t float_distance) {
  return offset | distance << TZ_PLACE_OFFSET_BITS | float_distance << (TZ_PLACE_OFFSET_BITS + 6);
}
static inline uint32_t tz_place_offset(uint32_t place) { return place & ((1u << TZ_PLACE_OFFSET_BITS) - 1); }
static inline uint32_t tz_place_distance(uint32_t place) { return place >> TZ_PLACE_OFFSET_BITS & 63; }
static inline uint32_t tz_place_float_distance(uint32_t place) { return place >> (TZ_PLACE_OFFSET_BITS + 6); }

/* One compiled form of a function. */
typedef struct tz_baseline {
  struct tz_baseline *next, *previous; /* of all, newest first */
  tz_function *function;
  uint8_t *code; /* where it runs */
  uint32_t size, hot_size;
  uint32_t *places;      /* by word: tz_place, TZ_NO_CODE inside lists and tables */
  uint32_t n_open_sites; /* calls compiled before a receiver was seen */
  bool is_superseded;
  void *gdb_entry;
} tz_baseline;

/* What tz_function.tier points to, once compilation was tried. */
typedef struct tz_tier {
  tz_baseline *baseline;  /* NULL: refused */
  uint16_t pins[TZ_PINS]; /* slots in int pin 1, 2, float pin 1, 2. Depends on the bytecode alone */
  uint8_t pinned;         /* bit i: pins[i] is in use */
  bool is_recompiled;
  bool is_cooled;     /* has no baseline form because optimized code has taken its place */
  uint32_t seen_heat; /* of the function, at the last look for cooled ones, */
  uint32_t compiled_heat; /* and when its baseline form was made */
  uint32_t n_late_loops;      /* slices that ended in its loops although it has optimized code, or will have none */
  struct request *promotions; /* promotion.c's: optimized code, by entry */
} tz_tier;

/* Roles of the operand fields a, b, c of an opcode. */
typedef enum tz_operand_role { TZ_OPERAND_NONE, TZ_OPERAND_READ, TZ_OPERAND_WRITE } tz_operand_role;
typedef struct tz_operands {
  uint8_t a, b, c;
  uint8_t branch; /* field of the offset: 'c', 'd', 0 */
  bool has_list;
  bool is_exit; /* its stencil does nothing but leave */
} tz_operands;

struct tz_jit {
  tz_vm *vm;
  tz_code_memory memory;
  tz_baseline *codes;
  tz_operands operands[TZ_OP_COUNT];
  int64_t symbols[TZ_SYMBOL_COUNT]; /* addresses of trampolines and constants, by symbol */
  void *shared;                     /* the block they lie in */
  uint32_t shared_bytes;
  struct tz_native *native;     /* of the optimizing tier (native/native.h); NULL: off */
  struct tz_compiler *compiler; /* its tables, kept between compilations */
  bool has_superseded;
  uint32_t sweep_wait; /* slices until superseded code is looked for in the stacks again */
  uint64_t n_slices;   /* seen so far */
  uint64_t random;
  struct tz_promotion *promotion; /* the optimizing tier; NULL: not in use */
  struct tz_jit_log *log;         /* promotion/log.h; NULL: none */
  tz_policy policy;
  char problem[256]; /* why the policy asked for is not in use; "": it is */
  int perf_map;
  tz_jit_stats stats;
  tz_compilations compilations;
};

/* Words of an instruction with its list or table. */
static inline uint32_t tz_insn_words(const struct tz_jit *jit, const tz_insn *pc) {
  uint8_t op = tz_insn_op(*pc);
  if (TZ_LIKELY(!jit->operands[op].has_list && op != TZ_OP_SWITCH)) return 1;
  if (op == TZ_OP_SWITCH) return 1 + ((uint32_t)tz_insn_d(*pc) + 1) / 2;
  return 1 + tz_insn_list_words(tz_insn_x(*pc));
}

/* policy.c: where f is entered while it has no optimized code. */
void *tz_jit_lower_entry(const tz_function *f);

/* compile.c: a new compiled form of f, whose tier's pins are chosen; not yet installed. NULL: no memory, or
 * too large. */
tz_baseline *tz_baseline_compile(struct tz_jit *jit, tz_function *f, const tz_tier *tier);
void tz_baseline_free(struct tz_jit *jit, tz_baseline *b);
void tz_compiler_free(struct tz_compiler *c);
/* operands.c */
void tz_operands_init(tz_operands operands[TZ_OP_COUNT]);
/* pins.c */
void tz_pins_choose(const struct tz_jit *jit, const tz_function *f, tz_tier *tier);

/* exits.c: where compiled code goes when it leaves; all but the last of stencil type, entered through
 * trampolines. */
extern void *const tz_baseline_exits[TZ_SYMBOL_COUNT]; /* by exit symbol */
void *tz_baseline_resume_address(void);                /* th->resume */
void *tz_baseline_first_entry_address(void); /* f->entry of functions to be compiled at their first call */

/* dump.c: f's instructions, a line each that begins with its pc; the same with the machine code of the tier's form between. False:
 * *problem says why. */
void tz_bytecode_dump(const struct tz_jit *jit, const tz_function *f, FILE *to);
bool tz_baseline_dump(const struct tz_jit *jit, const tz_tier *tier, FILE *to, const char **problem);

/* symbols.c: telling perf and debuggers. */
/* Code that begins to be; what to give to remove when it ceases (maybe NULL). On the worker. */
void *tz_symbols_add(struct tz_jit *jit, const char *name, const void *code, uint32_t size);
void tz_symbols_remove(void *entry);
