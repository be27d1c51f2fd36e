/* outline.c: see outline.h. What is made here is made on compiler threads: from lowmem and malloc, never from
 * the VM's arena. */
#include "outline.h"
#include "any.h"
#include "internals.h"
#include "native.h"
#include "symbols.h"
#include "terza/lowmem.h"
#include "terza/opcode.h"
#include <pthread.h>
#include <stdlib.h>

enum { MOST_REGISTERS = 3 + UINT8_MAX + 1 };

/* One outlined function with all that belongs to it. */
typedef struct outline {
  tz_function *function; /* in lowmem */
  struct outline *next;
  tz_sig *signature;
  tz_word k[1];          /* of chan.next: where its second result goes */
  uint64_t ref_map[5];   /* of 3 + 255 parameters and a result */
  struct finder *finder; /* of tz_outline_finder, which owns it */
  tz_type *registers[];  /* parameters, then the result; behind them the code */
} outline;

struct tz_outlines {
  pthread_mutex_t lock;
  tz_function *join;   /* tz_outline_join */
  tz_ptr_map by_place; /* address of the instruction -> tz_function */
  outline *all;
};

struct tz_outlines *tz_outlines_new(void) {
  struct tz_outlines *o = calloc(1, sizeof *o);
  if (o != NULL) pthread_mutex_init(&o->lock, NULL);
  return o;
}

static void outline_free(tz_vm *vm, outline *o) {
  tz_lowmem_release(vm->lowmem, o->function, sizeof *o->function);
  free(o->signature);
  free(o->finder);
  free(o);
}

void tz_outlines_free(tz_vm *vm, struct tz_outlines *outlines) {
  if (outlines == NULL) return;
  for (outline *o = outlines->all, *next; o != NULL; o = next) {
    next = o->next;
    outline_free(vm, o);
  }
  tz_ptr_map_fini(&outlines->by_place);
  pthread_mutex_destroy(&outlines->lock);
  free(outlines);
}

/* ---- The instruction ---- */

static const char *const operand_text[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) operands,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};
enum { PURE = 0, THROWS = 0, GC = 0, BRANCH = 1, END = 1 };
static const bool goes_elsewhere[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) (FLAGS) & 1,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

typedef struct operands {
  bool reads[3], writes_a, has_list; /* a, b, c */
} operands;

static operands operands_of(uint8_t op) {
  operands o = {0};
  for (const char *s = operand_text[op]; *s != 0;) {
    if (*s == '*') o.has_list = true;
    else if (s[0] >= 'a' && s[0] <= 'c') {
      if (s[1] == '.') o.reads[s[0] - 'a'] = true;
      if (s[1] == '=' && s[0] == 'a') o.writes_a = true;
    }
    while (*s != 0 && *s != ',') s++;
    while (*s == ',') s++;
  }
  if (op == TZ_OP_CHAN_NEXT) o.reads[0] = true;
  return o;
}

/* A select may write to the registers of its cases. */
static bool select_receives(tz_insn in) { return tz_insn_c(in) != (1u << tz_insn_x(in) / 2) - 1; }

static bool can_outline(const tz_function *f, tz_insn in) {
  switch (tz_insn_op(in)) {
  case TZ_OP_THROW: return true;
  case TZ_OP_SELECT: return !select_receives(in);
  case TZ_OP_CHAN_NEXT: return tz_insn_a(in) < f->n_registers;
  default: return !goes_elsewhere[tz_insn_op(in)];
  }
}

static uint16_t field(tz_insn in, int i) {
  return i == 0 ? tz_insn_a(in) : i == 1 ? tz_insn_b(in) : tz_insn_c(in);
}

static tz_insn set_field(tz_insn in, int i, uint32_t reg) {
  int shift = 16 + 16 * i;
  return (in & ~((uint64_t)0xffff << shift)) | (uint64_t)reg << shift;
}

/* ---- The function ---- */

typedef struct form {
  uint32_t n_params, n_registers, n_words;
  bool has_result;
  uint32_t result; /* its register */
} form;

static form form_of(const tz_function *f, tz_insn in, const operands *o, uint32_t n_params) {
  if (tz_insn_op(in) == TZ_OP_CHAN_NEXT) return (form){n_params, n_params + 1, 3, true, 0};
  bool has_result = o->writes_a && tz_insn_a(in) < f->n_registers;
  uint32_t list = o->has_list ? tz_insn_list_words(tz_insn_x(in)) : 0;
  return (form){n_params, n_params + has_result, 2 + list, has_result, n_params};
}

/* Types of the source registers in order; their number. */
static uint32_t list_sources(const tz_function *f, uint32_t pc, const operands *o, tz_type **types) {
  tz_insn in = f->code[pc];
  uint32_t n = 0;
  for (int i = 0; i < 3; i++)
    if (o->reads[i]) types[n++] = f->registers[field(in, i)];
  if (o->has_list)
    for (uint32_t i = 0; i < tz_insn_x(in); i++) types[n++] = f->registers[tz_insn_arg(&f->code[pc + 1], i)];
  return n;
}

/* chan.next value, channel, more; putg more; ret value */
static void write_chan_next(tz_insn *code) {
  enum { VALUE, CHANNEL, MORE };
  code[0] = tz_encode_abc(TZ_OP_CHAN_NEXT, VALUE, CHANNEL, MORE);
  code[1] = tz_encode_ad(TZ_OP_PUTG, MORE, 0);
  code[2] = tz_encode_abc(TZ_OP_RET, VALUE, 0, 0);
}

static void write_code(tz_insn *code, const tz_function *f, uint32_t pc, const operands *o, const form *g) {
  tz_insn in = f->code[pc], plain = (in & ~(uint64_t)0xff) | tz_insn_op(in);
  uint32_t n = 0;
  for (int i = 0; i < 3; i++)
    if (o->reads[i]) plain = set_field(plain, i, n++);
  /* Without a result its register is the scratch slot behind the others. */
  if (o->writes_a) plain = set_field(plain, 0, g->result);
  code[0] = plain;
  if (o->has_list) {
    code[1] = g->n_registers + TZ_FRAME_HEADER;
    for (uint32_t i = 0; i < tz_insn_x(in); i++) tz_encode_list_lane(&code[1], i, n++);
  }
  code[g->n_words - 1] =
      g->has_result ? tz_encode_abc(TZ_OP_RET, g->result, 0, 0) : tz_encode_abc(TZ_OP_RET_VOID, 0, 0, 0);
}

static bool is_reference(const tz_type *type) { return type->rep == 'R' || type->rep == 'Y'; }

static void describe(outline *o, const tz_function *f, tz_insn *code, const form *g, bool is_chan_next) {
  tz_type **registers = o->registers;
  bool local_is_reference = g->n_registers > g->n_params && is_reference(registers[g->n_params]);
  *o->function =
      (tz_function){.entry = (void *)tz_interp_entry,
                    .compiled = (void *)tz_vm_call_stub,
                    .code = code,
                    .k = is_chan_next ? o->k : f->k,
                    .n_registers = g->n_registers,
                    .n_params = g->n_params,
                    .n_ref_locals = local_is_reference,
                    .n_words = g->n_words,
                    .frame_bytes = (g->n_registers + TZ_FRAME_HEADER + 1) * (uint32_t)sizeof(tz_word),
                    .signature = o->signature,
                    .registers = registers,
                    .ref_map = o->ref_map,
                    .module = f->module,
                    .name = f->name,
                    .source = f->source,
                    .flags = TZ_FUNCTION_HIDDEN,
                    .id = f->id};
  for (uint32_t i = 0; i < g->n_registers; i++)
    if (is_reference(registers[i])) o->ref_map[i / 64] |= (uint64_t)1 << i % 64;
}

/* Some instructions are leaf natives to optimized code; other tiers run the same code as of any. */
static void make_leaf(tz_function *f) {
  f->native = tz_native_leaf_of(tz_insn_op(f->code[0]), f->n_params);
  if (f->native == NULL) return;
  f->flags |= TZ_FUNCTION_LEAF;
  f->compiled = tz_native_leaf_entry(f);
}

static outline *outline_alloc(tz_vm *vm, uint32_t n_params, uint32_t n_words) {
  outline *o = calloc(1, sizeof *o + MOST_REGISTERS * sizeof(tz_type *) + n_words * sizeof(tz_insn));
  if (o == NULL) return NULL;
  o->signature = calloc(1, sizeof *o->signature + n_params * sizeof(tz_type *));
  o->function = tz_lowmem_alloc(vm->lowmem, sizeof *o->function);
  if (o->signature != NULL && o->function != NULL) return o;
  outline_free(vm, o);
  return NULL;
}

static outline *make(tz_vm *vm, tz_function *f, uint32_t pc, const operands *p) {
  tz_insn in = f->code[pc];
  bool is_chan_next = tz_insn_op(in) == TZ_OP_CHAN_NEXT;
  tz_type *types[MOST_REGISTERS];
  uint32_t n = list_sources(f, pc, p, types);
  form g = form_of(f, in, p, n);
  outline *o = outline_alloc(vm, n, g.n_words);
  if (o == NULL) return NULL;
  if (g.n_registers > n)
    types[n] = is_chan_next ? tz_type_simple(vm, TZ_KIND_I64) : f->registers[tz_insn_a(in)];
  memcpy(o->registers, types, g.n_registers * sizeof *types);
  o->signature->result = g.has_result ? types[g.result] : tz_type_simple(vm, TZ_KIND_VOID);
  o->signature->n_params = o->signature->n_slots = n;
  memcpy(o->signature->params, types, n * sizeof *types);
  tz_insn *code = (tz_insn *)(o->registers + MOST_REGISTERS);
  o->k[0].p = &vm->thread->second;
  if (is_chan_next) write_chan_next(code);
  else write_code(code, f, pc, p, &g);
  describe(o, f, code, &g, is_chan_next);
  make_leaf(o->function);
  return o;
}

/* With the lock. */
static tz_function *find_or_make(tz_vm *vm, struct tz_outlines *all, tz_function *f, uint32_t pc,
                                 const operands *p) {
  tz_function *g = tz_ptr_map_get(&all->by_place, &f->code[pc]);
  if (g != NULL) return g;
  outline *o = make(vm, f, pc, p);
  if (o == NULL) return NULL;
  if (!tz_ptr_map_put(&all->by_place, &f->code[pc], o->function)) {
    outline_free(vm, o);
    return NULL;
  }
  o->next = all->all;
  all->all = o;
  return o->function;
}

tz_function *tz_outline(tz_vm *vm, tz_function *f, uint32_t pc) {
  struct tz_outlines *all = tz_native_of(vm)->outlines;
  operands p = operands_of(tz_insn_op(f->code[pc]));
  if (!can_outline(f, f->code[pc])) return NULL;
  pthread_mutex_lock(&all->lock);
  tz_function *g = find_or_make(vm, all, f, pc, &p);
  pthread_mutex_unlock(&all->lock);
  return g;
}

/* With the lock. concat of registers 0 and 1 to 2, with the module and name of nothing of the guest's. */
static tz_function *make_join(tz_vm *vm, struct tz_outlines *all) {
  enum { PARAMS = 2, LIST_WORDS = (PARAMS + 4) / 4 };
  form g = {PARAMS, PARAMS + 1, 2 + LIST_WORDS, true, PARAMS};
  outline *o = outline_alloc(vm, PARAMS, g.n_words);
  if (o == NULL) return NULL;
  tz_type *string = tz_type_simple(vm, TZ_KIND_STRING);
  for (uint32_t i = 0; i < g.n_registers; i++) o->registers[i] = string;
  o->signature->result = string;
  o->signature->n_params = o->signature->n_slots = PARAMS;
  memcpy(o->signature->params, o->registers, PARAMS * sizeof(tz_type *));
  tz_insn *code = (tz_insn *)(o->registers + MOST_REGISTERS);
  code[0] = tz_encode_abc(TZ_OP_CONCAT, PARAMS, 0, 0) | (tz_insn)PARAMS << 8;
  code[1] = g.n_registers + TZ_FRAME_HEADER;
  for (uint32_t i = 0; i < PARAMS; i++) tz_encode_list_lane(&code[1], i, i);
  code[1 + LIST_WORDS] = tz_encode_abc(TZ_OP_RET, PARAMS, 0, 0);
  tz_function nobody = {.name = "join"};
  describe(o, &nobody, code, &g, false);
  make_leaf(o->function);
  o->next = all->all;
  all->all = o;
  return o->function;
}

tz_function *tz_outline_join(tz_vm *vm) {
  struct tz_outlines *all = tz_native_of(vm)->outlines;
  pthread_mutex_lock(&all->lock);
  if (all->join == NULL) all->join = make_join(vm, all);
  tz_function *f = all->join;
  pthread_mutex_unlock(&all->lock);
  return f;
}

/* ---- Finding methods ---- */

enum { FOUND = 32 };

/* What a finder has found, by the receiver's class; forgotten when there are more dynamic functions. */
typedef struct finder {
  const char *name;
  uint32_t n_args, n_dynamics;
  bool keeps_result;
  struct found {
    const tz_class *cls;
    tz_function *f;
  } found[FOUND];
} finder;

static tz_function *find(tz_thread *th, finder *x, uint64_t receiver) {
  tz_function *f = tz_any_find_plain_method(th, receiver, x->name, x->n_args);
  return f != NULL && (f->signature->result->rep != 'N' || !x->keeps_result) ? f : NULL;
}

static bool run_finder(tz_thread *th, tz_word *args) {
  finder *x = th->leaf->k[0].p;
  const tz_class *cls = tz_word_is_ref(args[0].u) ? tz_object_class(args[0].p) : NULL;
  struct found *found = &x->found[((uintptr_t)cls >> 4) % FOUND];
  if (x->n_dynamics != th->vm->internals->n_dynamics) {
    memset(x->found, 0, sizeof x->found);
    x->n_dynamics = th->vm->internals->n_dynamics;
  }
  if (cls == NULL || found->cls != cls) *found = (struct found){cls, find(th, x, args[0].u)};
  args[0].u = (uint64_t)(uintptr_t)found->f;
  return true;
}

/* With the lock. */
static tz_function *make_finder(tz_vm *vm, struct tz_outlines *all, const tz_function *f, uint32_t pc) {
  tz_insn in = f->code[pc];
  outline *o = outline_alloc(vm, 1, 0);
  if (o == NULL) return NULL;
  finder *x = o->finder = calloc(1, sizeof *x);
  bool ok = x != NULL && tz_ptr_map_put(&all->by_place, (const char *)&f->code[pc] + 1, o->function);
  if (!ok) {
    outline_free(vm, o);
    return NULL;
  }
  x->name = ((const tz_site *)&f->k[tz_insn_c(in)])->name;
  x->n_args = tz_insn_x(in);
  x->keeps_result = tz_insn_a(in) < f->n_registers;
  o->k[0].p = x;
  o->registers[0] = tz_type_simple(vm, TZ_KIND_ANY);
  o->signature->result = tz_type_simple(vm, TZ_KIND_I64);
  o->signature->n_params = o->signature->n_slots = 1;
  o->signature->params[0] = o->registers[0];
  form g = {1, 1, 0, true, 0};
  tz_function nobody = {.name = "find", .k = o->k};
  describe(o, &nobody, NULL, &g, false);
  o->function->native = run_finder;
  o->function->flags |= TZ_FUNCTION_LEAF;
  o->function->compiled = tz_native_leaf_entry(o->function);
  o->next = all->all;
  all->all = o;
  return o->function;
}

tz_function *tz_outline_finder(tz_vm *vm, const tz_function *f, uint32_t pc) {
  struct tz_outlines *all = tz_native_of(vm)->outlines;
  pthread_mutex_lock(&all->lock);
  tz_function *found = tz_ptr_map_get(&all->by_place, (const char *)&f->code[pc] + 1);
  if (found == NULL) found = make_finder(vm, all, f, pc);
  pthread_mutex_unlock(&all->lock);
  return found;
}
