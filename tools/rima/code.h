/* code.h: one function's code while it is emitted: registers, labels, tables. Private to the code generator.
 *
 * Registers are allocated in emission order, each of one type, and numbered anew at the end (parameters,
 * references, numbers). Temporaries and locals form one stack: rima_code_mark before, rima_code_release
 * after; a released register is given out again for its type. */
#pragma once
#include "program.h"

typedef struct rima_reg {
  uint32_t type; /* in the image */
  char rep;
  bool is_local; /* holds a variable: not to be written before its value is complete */
  bool is_free;
  uint32_t next_free;
} rima_reg;

typedef struct rima_fixup {
  uint32_t word; /* the instruction */
  uint32_t label;
  uint32_t at;  /* word to patch: the instruction or, for a switch, of its table */
  uint8_t kind; /* 0: c, 1: d, 2: low half, 3: high half */
} rima_fixup;

/* What a jump out of a block must do first. */
typedef enum rima_exit_kind { RIMA_EXIT_LOOP, RIMA_EXIT_FINALLY } rima_exit_kind;
typedef struct rima_exit {
  struct rima_exit *outer;
  uint8_t kind;
  const rima_stmt *loop;
  uint32_t on_break, on_continue; /* labels */
  rima_block *finally;
  uint32_t *gaps; /* FINALLY: code ranges where it does not guard: start, end, … */
  uint32_t gap_count, gap_capacity;
} rima_exit;

typedef struct rima_code {
  struct rima_code *outer;
  rima_fn *fn; /* NULL: an inner or made-up function */
  rima_type *result;
  rima_unit *unit;
  const char *name;
  uint64_t *words;
  uint32_t count, capacity;
  rima_reg *regs;
  uint32_t reg_count, reg_capacity, param_count;
  struct {
    uint32_t type, head;
  } free_heads[64];
  uint32_t free_kinds;
  uint32_t *stack; /* registers in use, beyond parameters */
  uint32_t stack_count, stack_capacity;
  int32_t *labels;
  uint32_t label_count, label_capacity;
  rima_fixup *fixups;
  uint32_t fixup_count, fixup_capacity;
  tz_line *lines;
  uint32_t line_count, line_capacity;
  tz_local *locals;
  uint32_t local_count, local_capacity;
  tz_handler *handlers;
  uint32_t handler_count, handler_capacity;
  tz_site_entry *sites;
  uint32_t site_count, site_capacity;
  rima_list slot_words; /* rima_slot_patch */
  rima_exit *exits;
  rima_local *this_local;
  rima_local *own_local; /* by which a local function calls itself */
  int32_t this_reg;
  int32_t defers; /* register of the list of deferred closures, or -1 */
  uint32_t end_label;
  int32_t result_reg;
  bool has_long_branches;
  uint32_t loop_depth;
  uint32_t constant_count; /* filled when the function starts */
  struct {
    uint64_t bits;
    uint32_t reg;
    uint8_t kind; /* of the type */
  } constants[48];
  bool is_dead;                       /* nothing reaches here */
  uint32_t *numbers, number_capacity; /* room for the new numbers of registers, then for their types */
} rima_code;

/* A call whose vtable slot or interface ordinal is known at the end. */
typedef struct rima_slot_patch {
  uint32_t word;
  rima_fn *root;
} rima_slot_patch;

rima_code *rima_code_open(rima_compiler *c, const char *name, rima_unit *unit);
/* Defines function `index` in the image and gives the code back to the pool. */
void rima_code_close(rima_compiler *c, rima_code *code, uint32_t index, uint32_t flags, uint32_t signature);

uint32_t rima_reg_new(rima_compiler *c, uint32_t type, char rep);     /* a temporary */
uint32_t rima_reg_private(rima_compiler *c, uint32_t type, char rep); /* never given out again */
uint32_t rima_reg_for(rima_compiler *c, rima_type *type);
uint32_t rima_reg_param(rima_compiler *c, uint32_t type, char rep);
static inline uint32_t rima_code_mark(rima_compiler *c) { return c->code->stack_count; }
void rima_code_release(rima_compiler *c, uint32_t mark);
/* Releases everything above mark but `keep`, which stays in use. */
void rima_code_release_but(rima_compiler *c, uint32_t mark, uint32_t keep);

void rima_op(rima_compiler *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t cc);
void rima_op_d(rima_compiler *c, tz_opcode op, uint32_t a, int64_t d);
void rima_op_list(rima_compiler *c, uint64_t word, const uint32_t *regs, uint32_t count);
uint32_t rima_site(rima_compiler *c, tz_site_kind kind, const char *name);

uint32_t rima_label(rima_compiler *c);
void rima_label_here(rima_compiler *c, uint32_t label);
/* Conditional branch whose operands are a, b (either as the instruction wants them). */
void rima_branch(rima_compiler *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t label);
void rima_branch_d(rima_compiler *c, tz_opcode op, uint32_t a,
                   uint32_t label); /* jmp, jt, jf, jnull, jnonnull */
void rima_switch(rima_compiler *c, uint32_t a, const uint32_t *labels, uint32_t count);
void rima_line(rima_compiler *c, rima_span span);
void rima_local_name(rima_compiler *c, const char *name, uint32_t reg, uint32_t start);
void rima_handler(rima_compiler *c, uint32_t start, uint32_t end, uint32_t target, uint32_t type,
                  uint32_t reg);

/* ---- emission of trees ---- */

#define RIMA_ANYWHERE (-1)
#define RIMA_NOWHERE (-2)  /* calls only: the result is not wanted */
#define RIMA_RETURNED (-3) /* match only: the function returns it */
#define RIMA_FLAG_DONE 4   /* with RIMA_FLAG_ONCE: evaluated, resolved.once has it */
/* Both give the register that holds the value; dst RIMA_ANYWHERE lets the emitter choose (perhaps a
 * variable's own). */
uint32_t rima_emit(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_as(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst);
void rima_emit_discard(rima_compiler *c, rima_expr *e);
uint32_t rima_convert(rima_compiler *c, uint32_t reg, rima_type *from, rima_type *to, int32_t dst);
void rima_emit_condition(rima_compiler *c, rima_expr *e, uint32_t label,
                         bool when); /* jumps to label if e is `when` */
uint32_t rima_emit_call(rima_compiler *c, rima_expr *e, rima_call *call, int32_t dst); /* e may be NULL */
bool rima_emit_call_condition(rima_compiler *c, rima_call *call, uint32_t label, bool when);
void rima_emit_block(rima_compiler *c, rima_block *block);
uint32_t rima_emit_block_value(rima_compiler *c, rima_block *block, rima_type *want, int32_t dst);
void rima_emit_stmt(rima_compiler *c, rima_stmt *s);
void rima_emit_bind(rima_compiler *c, rima_pattern *p, uint32_t reg); /* let patterns */
uint32_t rima_emit_match(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst);
uint32_t rima_emit_try(rima_compiler *c, rima_expr *e, rima_type *want, int32_t dst);
uint32_t rima_emit_lambda(rima_compiler *c, rima_function *ast, int32_t dst);
uint32_t rima_emit_bound(rima_compiler *c, rima_fn *fn, rima_expr *object, rima_type *type, int32_t dst);
/* A closure that is made up: start opens its function, whose first parameter is the closure itself, with the
 * value it holds in field 0 (held NULL: none); end closes it; make gives an instance, in the code outside. */
rima_class *rima_closure_start(rima_compiler *c, const char *name, rima_type *held, rima_type *type);
void rima_closure_end(rima_compiler *c, rima_class *cls);
uint32_t rima_closure_make(rima_compiler *c, rima_class *cls, uint32_t held);
uint32_t rima_emit_spawn(rima_compiler *c, rima_expr *e, int32_t dst);
void rima_emit_unwind(rima_compiler *c, rima_exit *down_to); /* finally blocks on the way out */
void rima_emit_return(rima_compiler *c, rima_expr *value);
void rima_emit_finish(rima_compiler *c);
uint32_t rima_emit_constant(rima_compiler *c, const rima_expr *literal, int32_t dst);
uint32_t rima_emit_global(rima_compiler *c, rima_global *g, rima_type *type, int32_t dst);
void rima_global_start(rima_compiler *c, rima_global *g, uint32_t value); /* its first value */
uint32_t rima_local_read(rima_compiler *c, rima_local *local, int32_t dst);
void rima_local_write(rima_compiler *c, rima_local *local, rima_expr *value);
void rima_local_declare(rima_compiler *c, rima_local *local); /* gives it a register (or a cell) */
void rima_local_declare_with(rima_compiler *c, rima_local *local, uint32_t reg);
bool rima_local_is_boxed(const rima_local *local);
uint32_t rima_local_storage(rima_compiler *c, rima_local *local); /* its own register, unboxed locals only */
rima_class *rima_cell_class(rima_compiler *c, rima_type *type);
uint32_t rima_to_text(rima_compiler *c, uint32_t reg, rima_type *type, int32_t dst);
void rima_emit_equals(rima_compiler *c, uint32_t dst, uint32_t a, rima_type *ta, uint32_t b, rima_type *tb);
uint32_t rima_emit_hash(rima_compiler *c, uint32_t reg, rima_type *type, int32_t dst);
uint32_t rima_call_core(rima_compiler *c, const rima_name *function, uint32_t reg, rima_type *result,
                        int32_t dst);
void rima_put_field(rima_compiler *c, uint32_t value, rima_type *type, uint32_t object, uint32_t slot);
uint32_t rima_dst(rima_compiler *c, rima_type *type, int32_t dst);      /* dst, or a new register */
uint32_t rima_safe_dst(rima_compiler *c, rima_type *type, int32_t dst); /* ... that is no variable */
uint32_t rima_emit_list_of(rima_compiler *c, rima_type *list, rima_expr **items, uint32_t count, int32_t dst);
void rima_move(rima_compiler *c, uint32_t to, uint32_t from);
void rima_emit_constant_int(rima_compiler *c, uint32_t dst, int64_t value);
void rima_emit_new(rima_compiler *c, rima_class *cls, uint32_t dst);
uint32_t rima_call_fn(rima_compiler *c, rima_fn *fn, const uint32_t *args, uint32_t count, int32_t dst);
bool rima_is_value_free(const rima_expr *e); /* no effects, cannot throw */
void rima_emit_text_chunks(rima_compiler *c, rima_expr *e, uint32_t result);
void rima_emit_constant_text(rima_compiler *c, uint32_t dst, const char *text, size_t length);
void rima_emit_is(rima_compiler *c, uint32_t dst, uint32_t reg, rima_type *from, rima_type *target);
tz_opcode rima_store_op(const rima_type *element);
tz_opcode rima_load_op(const rima_type *element);

/* ---- tail.c ---- */
/* Whether the call, standing for the function's result, reuses the frame. */
bool rima_is_tail_call(rima_compiler *c, const rima_expr *e);
/* Whether some way through e, which stands for the function's result, ends in such a call. */
bool rima_has_tail_call(rima_compiler *c, const rima_expr *e);
void rima_emit_tail_call(rima_compiler *c, rima_expr *e);
bool rima_may_inline(rima_compiler *c, rima_call *call);

bool rima_must_dispatch(rima_compiler *c, const rima_call *call);
void rima_emit_structural_call(rima_compiler *c, rima_structural which, rima_type *type, const uint32_t *args,
                               uint32_t dst);
/* Object's own method, whatever overrides it. */
void rima_emit_object_method(rima_compiler *c, rima_structural which, const uint32_t *args, uint32_t dst);
/* Library functions that are one instruction; RIMA_IN_NONE for all others. */
rima_intrinsic rima_intrinsic_function(rima_compiler *c, rima_fn *fn);
uint32_t rima_emit_math(rima_compiler *c, rima_intrinsic which, uint32_t reg, rima_type *result, int32_t dst);
void rima_emit_let(rima_compiler *c, rima_variable *v);
void rima_exit_gap(rima_compiler *c, rima_exit *x, uint32_t start, uint32_t end);
void rima_emit_leave(rima_compiler *c); /* what is deferred, before a ret */
void rima_emit_defer(rima_compiler *c, rima_function *ast);
void rima_label_back(rima_compiler *c, uint32_t label); /* the top of a loop: reached from below */
void rima_counted_branch(rima_compiler *c, uint32_t counter, uint32_t bound, uint32_t top);
uint32_t rima_emit_arguments(rima_compiler *c, rima_call *call, uint32_t *regs, uint32_t count);
uint32_t rima_call_method(rima_compiler *c, rima_call *call, uint32_t *regs, uint32_t count, int32_t dst);
/* Whether a new instance's field holds this literal already: zero bits. */
bool rima_starts_so(rima_compiler *c, rima_field *f, const rima_expr *value);
/* The value in `reg` is wanted in dst, if dst is given; types need no conversion. */
uint32_t rima_settle(rima_compiler *c, uint32_t reg, int32_t dst);
/* The left operand, safe from what the right one assigns. */
uint32_t rima_emit_left(rima_compiler *c, rima_expr *left, rima_expr *right, rima_type *want);
/* A reference already is of the wanted type as the verifier sees it. */
bool rima_is_upcast(rima_compiler *c, rima_type *from, rima_type *to);
uint32_t rima_emit_index_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_is_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_as_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_list_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_tuple_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_map_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_object_expr(rima_compiler *c, rima_expr *e, int32_t dst);
uint32_t rima_emit_range_expr(rima_compiler *c, rima_expr *e, int32_t dst);
