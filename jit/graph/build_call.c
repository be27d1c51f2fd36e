/* build_call.c: calls: which function is meant, whether its body is built in place, and what else the
 * receiver might be. */
#include "builder.h"
#include "inlining.h"
#include "slow.h"

typedef struct call {
  tz_insn in;
  tz_node **args;     /* owned by the arena */
  uint32_t n, result; /* result: register */
} call;

/* ---- Inlining ---- */

enum { MOST_CALLERS = 32 };

static uint32_t recursion(const tz_builder *b, const tz_function *f) {
  uint32_t n = 0;
  for (const tz_scope *s = b->scope; s != NULL; s = s->outer) n += s->function == f;
  return n;
}

/* Why no policy may have it inlined. */
static const char *obstacle(const tz_builder *b, const tz_function *f) {
  if (f->code == NULL) return "native";
  if (b->options->no_inlining) return "inlining is off";
  if (b->scope->depth + 1 >= MOST_CALLERS) return "too deep for any policy";
  if (b->graph->n_nodes > b->options->max_nodes / 4 * 3) return "the caller is too large for any policy";
  return NULL;
}

static uint32_t callers(const tz_builder *b, tz_jit_caller list[MOST_CALLERS]) {
  uint32_t n = 0, pc = b->pc;
  for (const tz_scope *s = b->scope; s != NULL && n < MOST_CALLERS; pc = s->call_pc, s = s->outer)
    list[n++] = (tz_jit_caller){s->function->name, pc};
  return n;
}

static tz_jit_answer decide(tz_builder *b, tz_function *f) {
  const tz_build_options *o = b->options;
  tz_jit_caller list[MOST_CALLERS];
  tz_jit_call facts = {.callers = list,
                       .n_callers = callers(b, list),
                       .callee = f->name,
                       .words = f->n_words,
                       .recursion = recursion(b, f),
                       .n_receivers = b->n_receivers,
                       .n_nodes = b->graph->n_nodes,
                       .frequency = b->frequency,
                       .obstacle = obstacle(b, f)};
  tz_inline_budgets budgets = tz_inline_budgets_default();
  tz_jit_answer answer =
      o->inline_call != NULL ? o->inline_call(o->data, f, &facts) : tz_inlining_default(&facts, &budgets);
  if (!answer.yes) return answer;
  const char *why_not = facts.obstacle != NULL ? facts.obstacle : tz_flow_of(b, f)->problem;
  return why_not != NULL ? (tz_jit_answer){false, why_not} : answer;
}

static void record(tz_builder *b, const tz_function *callee, tz_jit_answer answer) {
  tz_inline_decision *d = tz_graph_alloc(b->graph, sizeof *d);
  *d = (tz_inline_decision){b->graph->decisions, b->scope->function, callee,       b->pc,
                            b->scope->depth,     answer.yes,         answer.reason};
  b->graph->decisions = d;
}

static tz_node *inline_call(tz_builder *b, tz_function *f, tz_node **args, uint32_t n, uint32_t result) {
  tz_node **env = tz_graph_alloc(b->graph, (f->n_registers + 1) * sizeof *env);
  for (uint32_t i = 0; i < n; i++) env[i] = args[i];
  b->n_receivers = 1;
  return tz_build_scope(b, tz_flow_of(b, f), env, tz_state_outer(b, result));
}

static tz_node *plain_call(tz_builder *b, tz_function *f, tz_node **args, uint32_t n) {
  const tz_type *type = f->signature->result;
  tz_node *node = tz_emit(b, TZ_NODE_CALL, tz_type_of(type), n, args);
  node->imm.p = f;
  node->state = tz_state_place(b);
  tz_stamp(node, type);
  tz_check_pending(b);
  return node->type == TZ_TYPE_VOID ? NULL : node;
}

tz_node *tz_build_call_of(tz_builder *b, tz_function *f, tz_node **args, uint32_t n, uint32_t result) {
  tz_node *value = tz_build_intrinsic(b, f, args, n);
  if (value != NULL) return value;
  tz_jit_answer answer = decide(b, f);
  record(b, f, answer);
  return answer.yes ? inline_call(b, f, args, n, result) : plain_call(b, f, args, n);
}

/* ---- The end of a call ---- */

static void finish(tz_builder *b, const call *c, tz_node *value) {
  if (b->block != NULL && value != NULL) tz_write(b, c->result, value);
}

/* ---- Calls by receiver ---- */

static tz_function *target_of(const tz_class *cls, const call *c, const tz_site_way *way) {
  switch (tz_insn_op(c->in)) {
  case TZ_OP_CALL_VIRTUAL: return tz_insn_b(c->in) < cls->n_methods ? cls->vtable[tz_insn_b(c->in)] : NULL;
  case TZ_OP_CALL_CLOSURE: return cls->vtable[0];
  default: return way != NULL ? way->target : NULL;
  }
}

/* The general form: the method is looked up. */
static tz_node *call_looked_up(tz_builder *b, const call *c, tz_node *cls, const tz_type *result) {
  uint8_t op = tz_insn_op(c->in);
  tz_node *pointer;
  if (op == TZ_OP_CALL_INTERFACE) {
    const tz_word *site = &b->scope->function->k[tz_insn_c(c->in)];
    pointer = tz_emit_i1(b, TZ_NODE_INTERFACE_METHOD, cls);
    pointer->imm.p = site[-1].p;
    pointer->aux = tz_insn_b(c->in);
  } else {
    pointer = tz_emit_i1(b, TZ_NODE_METHOD, cls);
    pointer->aux = op == TZ_OP_CALL_VIRTUAL ? tz_insn_b(c->in) : 0;
  }
  tz_node **inputs = tz_graph_alloc(b->graph, (c->n + 1) * sizeof *inputs);
  inputs[0] = pointer;
  for (uint32_t i = 0; i < c->n; i++) inputs[i + 1] = c->args[i];
  tz_node *node = tz_emit(b, TZ_NODE_CALL_POINTER, tz_type_of(result), c->n + 1, inputs);
  node->state = tz_state_place(b);
  tz_stamp(node, result);
  tz_check_pending(b);
  return node->type == TZ_TYPE_VOID ? NULL : node;
}

/* The type of what the call gives: of the register that takes it, or of a callee when nobody does. NULL: not
 * known. */
static const tz_type *result_type(const tz_builder *b, const call *c, const tz_site *site) {
  const tz_function *f = b->scope->function;
  if (c->result < f->n_registers) return f->registers[c->result];
  tz_function *seen = site->way[0].cls != 0
                          ? target_of((const tz_class *)(uintptr_t)site->way[0].cls, c, &site->way[0])
                          : NULL;
  if (seen != NULL) return seen->signature->result;
  const tz_type *receiver = f->registers[tz_insn_arg(&f->code[b->pc + 1], 0)];
  if (receiver->kind == TZ_KIND_FUNC) return receiver->signature->result;
  const tz_class *cls = receiver->class_;
  return cls != NULL && tz_insn_b(c->in) < cls->n_methods ? cls->methods[tz_insn_b(c->in)].signature->result
                                                          : NULL;
}

/* A call of f, one of what n receiver classes have. */
static tz_node *call_of_several(tz_builder *b, const call *c, tz_function *f, uint32_t n) {
  b->n_receivers = n;
  tz_node *value = tz_build_call_of(b, f, c->args, c->n, c->result);
  b->n_receivers = 1;
  return value;
}

/* One receiver class of n: test, call, and bring the result to the join; goes on where the class is another.
 */
static void call_way(tz_builder *b, const call *c, tz_join *join, tz_node *cls, const tz_site_way *way,
                     uint32_t probability, uint32_t n) {
  float frequency = b->frequency, share = (float)probability / 1024;
  const tz_class *seen = (const tz_class *)(uintptr_t)way->cls;
  tz_function *f = target_of(seen, c, way);
  if (f == NULL) return;
  tz_fork fork = tz_branch(b, tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, seen)), probability);
  b->block = fork.yes;
  b->frequency = frequency * share;
  tz_node *value = call_of_several(b, c, f, n);
  tz_join_add(b, join, value);
  b->block = fork.no;
  b->frequency = frequency * (1 - share);
}

static uint64_t total_count(const tz_site *site, uint32_t n) {
  uint64_t total = site->misses;
  for (uint32_t i = 0; i < n; i++) total += site->way[i].count;
  return total;
}

static uint32_t n_ways(const tz_site *site) {
  uint32_t n = 0;
  while (n < TZ_SITE_WAYS && site->way[n].cls != 0) n++;
  return n;
}

static void sort_ways(tz_site *site, uint32_t n) { /* a copy: most frequent first */
  for (uint32_t i = 1; i < n; i++)
    for (uint32_t j = i; j > 0 && site->way[j].count > site->way[j - 1].count; j--) {
      tz_site_way t = site->way[j];
      site->way[j] = site->way[j - 1];
      site->way[j - 1] = t;
    }
}

enum {
  MOSTLY = 10
}; /* a way of a megamorphic site with more than a tenth of the calls gets a test of its own */

/* By the classes loaded so far. NULL: not certain. */
static tz_function *only_target(tz_builder *b, const call *c) {
  const tz_function *f = b->scope->function;
  const tz_type *type = f->registers[tz_insn_arg(&f->code[b->pc + 1], 0)];
  uint8_t op = tz_insn_op(c->in);
  if (op == TZ_OP_CALL_CLOSURE) return NULL;
  const tz_class *interface = op == TZ_OP_CALL_INTERFACE ? f->k[tz_insn_c(c->in) - 1].p : NULL;
  return tz_build_only_target(b, c->args[0], type, interface, tz_insn_b(c->in));
}

static void call_by_profile(tz_builder *b, const call *c) {
  tz_site site = tz_seen_site(b, tz_insn_c(c->in));
  uint32_t n = n_ways(&site);
  bool is_mega = site.misses > 0, speculates = tz_may_speculate(b);
  const tz_type *result = result_type(b, c, &site);
  sort_ways(&site, n);
  uint64_t total = total_count(&site, n);
  if ((n == 0 || result == NULL) && speculates) {
    tz_deopt(b, TZ_DEOPT_UNREACHED);
    return;
  }
  tz_function *only = only_target(b, c);
  if (only != NULL) {
    finish(b, c, tz_build_call_of(b, only, c->args, c->n, c->result));
    return;
  }
  if (result == NULL) tz_give_up(b, "a call of unknown type");
  tz_node *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, c->args[0]);
  tz_join join = {0};
  float frequency = b->frequency;
  for (uint32_t i = 0; i < n; i++) {
    bool is_last = i + 1 == n && !is_mega && speculates;
    if (is_mega && site.way[i].count * MOSTLY < total) break;
    if (is_last) {
      const tz_class *seen = (const tz_class *)(uintptr_t)site.way[i].cls;
      tz_function *f = target_of(seen, c, &site.way[i]);
      if (f == NULL) break;
      tz_guard(b, tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, seen)), TZ_DEOPT_CLASS);
      tz_join_add(b, &join, call_of_several(b, c, f, n));
      break;
    }
    uint64_t share = ((uint64_t)site.way[i].count * 1024 + 512) / (total + 1);
    call_way(b, c, &join, cls, &site.way[i], share > 1000 ? 1000 : (uint32_t)share, n + is_mega);
    total -= site.way[i].count;
  }
  if (b->block != NULL) tz_join_add(b, &join, call_looked_up(b, c, cls, result));
  tz_node *value = tz_join_finish(b, &join, tz_type_of(result));
  b->frequency = frequency;
  finish(b, c, value);
}

static void build_receiver_call(tz_builder *b, call *c) {
  tz_node *receiver = c->args[0];
  tz_check_nonnull(b, receiver);
  if (b->block == NULL) return;
  uint8_t op = tz_insn_op(c->in);
  bool is_interface = op == TZ_OP_CALL_INTERFACE;
  const tz_word *site = &b->scope->function->k[tz_insn_c(c->in)];
  tz_function *f = NULL;
  if (receiver->is_exact && !is_interface) f = target_of(receiver->cls, c, NULL);
  if (receiver->is_exact && is_interface &&
      tz_class_implements(receiver->cls, site[-1].p)) /* it may not where none ever comes */
    f = tz_interface_method_nogc(receiver->cls, site[-1].p, tz_insn_b(c->in));
  if (f != NULL) finish(b, c, tz_build_call_of(b, f, c->args, c->n, c->result));
  else call_by_profile(b, c);
}

/* ---- By name of a dynamic value ---- */

/* Whether the code may be left where an int that the call at hand gives is not within 51 bits. */
static bool may_leave_behind(tz_builder *b) {
  uint32_t pc = b->pc;
  b->pc += tz_flow_insn_words(b->scope->flow, pc);
  bool may = tz_may_speculate(b);
  b->pc = pc;
  return may;
}

/* Whether arguments and result are dynamic or can be converted here. */
static bool is_convertible(tz_builder *b, const tz_function *f, uint32_t n_args) {
  const tz_type *result = f->signature->result;
  bool is_int = result->rep == 'I' && result->kind != TZ_KIND_BOOL;
  return f->n_params == n_args && (!is_int || may_leave_behind(b));
}

/* A way without a method: `len` of a string or array. Of another name it is not complete yet. */
static bool is_length(const tz_builder *b, const tz_class *cls) {
  const tz_function *f = b->scope->function;
  const tz_site *site = (const tz_site *)&f->k[tz_insn_c(f->code[b->pc])];
  bool has_length =
      cls == b->graph->vm->string_class || (cls->type != NULL && cls->type->kind == TZ_KIND_ARRAY);
  return has_length && site->name != NULL && strcmp(site->name, "len") == 0;
}

static bool is_known_way(tz_builder *b, const tz_site_way *way, uint32_t n_args) {
  const tz_class *cls = tz_way_class(way);
  if (cls != NULL && (way->cls & TZ_WAY_SHAPE || cls->shape != NULL)) return false;
  if (way->target == NULL) return cls != NULL && is_length(b, cls);
  bool is_word = tz_type_of(way->target->signature->params[0]) >= TZ_TYPE_REF;
  return is_word == (cls != NULL) && is_convertible(b, way->target, n_args);
}

static bool has_known_methods(tz_builder *b, const tz_site *site, uint32_t n, uint32_t n_args) {
  bool all = site->misses == 0;
  for (uint32_t i = 0; i < n; i++) all = all && is_known_way(b, &site->way[i], n_args);
  return all;
}

/* An int behind the call at hand: one beyond 51 bits leaves the code there, and is made an object. */
static tz_node *dynamic_int(tz_builder *b, tz_node *value, uint32_t result) {
  if (result >= b->scope->function->n_registers) return tz_emit(b, TZ_NODE_ANY, TZ_TYPE_ANY, 0, NULL);
  tz_fork fork = tz_branch(b, tz_emit_i1(b, TZ_NODE_INT_FITS, value), 1023);
  tz_node *box = tz_node_new(b->graph, TZ_NODE_VIRTUAL, TZ_TYPE_REF, 1), *before = b->env[result];
  uint32_t pc = b->pc;
  box->imm.p = b->graph->vm->int_box_class;
  box->inputs[0] = value;
  b->block = fork.no;
  b->pc += tz_flow_insn_words(b->scope->flow, pc);
  tz_write(b, result, box);
  tz_deopt(b, TZ_DEOPT_OVERFLOW);
  b->pc = pc;
  tz_write(b, result, before);
  b->block = fork.yes;
  return tz_emit1(b, TZ_NODE_BOX_INT, TZ_TYPE_ANY, value);
}

static tz_node *as_dynamic(tz_builder *b, tz_node *value, const tz_type *type, uint32_t result) {
  switch (type->rep) {
  case 'I':
    if (type->kind != TZ_KIND_BOOL) return dynamic_int(b, value, result);
    return tz_emit1(b, TZ_NODE_BOX_BOOL, TZ_TYPE_ANY, value);
  case 'F': return tz_emit1(b, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY, value);
  case 'N': return tz_emit(b, TZ_NODE_ANY, TZ_TYPE_ANY, 0, NULL);
  default: return value;
  }
}

/* The method of a way, NULL: the length of a string or array; the receiver is of its class or kind. */
static void call_method(tz_builder *b, const call *c, tz_join *join, const tz_site_way *way, uint32_t n) {
  tz_function *f = way->target;
  if (f == NULL) {
    tz_node *length = tz_emit_i1(b, TZ_NODE_LENGTH, c->args[0]);
    tz_join_add(b, join, tz_emit1(b, TZ_NODE_BOX_INT, TZ_TYPE_ANY, length));
    return;
  }
  tz_node **args = tz_graph_alloc(b->graph, (c->n + 1) * sizeof *args);
  for (uint32_t i = 0; i < c->n; i++)
    args[i] = i == 0 && !tz_way_is_immediate(way) ? c->args[0]
                                                  : tz_build_unboxed(b, c->args[i], f->signature->params[i]);
  call converted = *c;
  converted.args = args;
  tz_node *value = call_of_several(b, &converted, f, n);
  if (b->block != NULL) tz_join_add(b, join, as_dynamic(b, value, f->signature->result, c->result));
}

bool tz_build_operator(tz_builder *b, tz_node **args, uint32_t n, uint32_t result, tz_node **value) {
  tz_function *method;
  uint32_t cls_seen = tz_seen_method(b, &method);
  if (cls_seen == 0 || !tz_may_speculate(b) || method == NULL || !is_convertible(b, method, n)) return false;
  tz_guard(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, args[0]), TZ_DEOPT_KIND);
  tz_node *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, args[0]);
  tz_guard(b, tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, (const void *)(uintptr_t)cls_seen)),
           TZ_DEOPT_CLASS);
  for (uint32_t i = 1; i < n; i++) args[i] = tz_build_unboxed(b, args[i], method->signature->params[i]);
  tz_node *call = tz_build_call_of(b, method, args, n, result);
  *value = b->block != NULL ? as_dynamic(b, call, method->signature->result, result) : NULL;
  return true;
}

/* Ways that are no classes first. */
static void sort_immediates(tz_site *site, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    for (uint32_t j = i;
         j > 0 && tz_way_is_immediate(&site->way[j]) && !tz_way_is_immediate(&site->way[j - 1]); j--) {
      tz_site_way t = site->way[j];
      site->way[j] = site->way[j - 1];
      site->way[j - 1] = t;
    }
}

/* Whether the receiver is of the way's class or kind; *cls: its class, NULL: not known to have one yet. */
static tz_node *is_of_way(tz_builder *b, tz_node *receiver, const tz_site_way *way, tz_node **cls) {
  if (way->cls == tz_way_of_kind(1)) return tz_emit_i1(b, TZ_NODE_ANY_IS_INT, receiver);
  if (way->cls == tz_way_of_kind(2)) return tz_emit_i1(b, TZ_NODE_ANY_IS_FLOAT, receiver);
  if (tz_way_is_immediate(way)) return tz_emit_i1(b, TZ_NODE_ANY_IS_BOOL, receiver);
  if (*cls == NULL) {
    tz_guard(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, receiver), TZ_DEOPT_KIND);
    *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, receiver);
  }
  return tz_emit_i2(b, TZ_NODE_EQ, *cls, tz_emit_address(b, tz_way_class(way)));
}

/* A call whose method is looked up by the receiver's class. */
static tz_node *call_found(tz_builder *b, const call *c, tz_function *finder) {
  bool has_result = c->result < b->scope->function->n_registers;
  tz_node *found = tz_emit_i1(b, TZ_NODE_CALL, c->args[0]);
  found->imm.p = finder;
  found->state = tz_state_place(b);
  tz_check_pending(b);
  tz_join join = {0};
  tz_fork fork = tz_branch(b, tz_emit_i2(b, TZ_NODE_NE, found, tz_emit_int(b, 0)), 1000);
  b->block = fork.yes;
  tz_node **inputs = tz_graph_alloc(b->graph, (c->n + 1) * sizeof *inputs);
  inputs[0] = found;
  for (uint32_t i = 0; i < c->n; i++) inputs[i + 1] = c->args[i];
  tz_node *call = tz_emit(b, TZ_NODE_CALL_POINTER, has_result ? TZ_TYPE_ANY : TZ_TYPE_VOID, c->n + 1, inputs);
  call->state = tz_state_place(b);
  tz_check_pending(b);
  tz_join_add(b, &join, has_result ? call : NULL);
  b->block = fork.no;
  tz_join_add(b, &join, tz_build_outlined(b));
  return tz_join_finish(b, &join, has_result ? TZ_TYPE_ANY : TZ_TYPE_VOID);
}

/* Of a class without a way of its own. */
static tz_node *call_other(tz_builder *b, const call *c) {
  tz_function *f = b->scope->function;
  bool has_name = ((const tz_site *)&f->k[tz_insn_c(c->in)])->name != NULL;
  tz_function *finder =
      has_name && b->options->finder != NULL ? b->options->finder(b->graph->vm, f, b->pc) : NULL;
  tz_node *value = finder != NULL ? call_found(b, c, finder) : tz_build_outlined(b);
  return value != NULL ? value : tz_emit(b, TZ_NODE_ANY, TZ_TYPE_ANY, 0, NULL);
}

static void call_methods(tz_builder *b, const call *c, tz_site *site, uint32_t n) {
  float frequency = b->frequency;
  bool is_mega = site->misses > 0;
  sort_ways(site, n);
  sort_immediates(site, n);
  tz_node *cls = NULL;
  tz_join join = {0};
  uint64_t total = total_count(site, n), all = total;
  for (uint32_t i = 0; i < n; i++) {
    const tz_site_way *way = &site->way[i];
    if (is_mega && ((uint64_t)way->count * MOSTLY < all || !is_known_way(b, way, c->n))) continue;
    tz_node *is = is_of_way(b, c->args[0], way, &cls);
    uint64_t share = ((uint64_t)way->count * 1000 + 12) / (total + 1);
    tz_fork fork = {0};
    bool is_last = i + 1 == n && !is_mega;
    if (is_last) {
      tz_guard(b, is, tz_way_is_immediate(way) ? TZ_DEOPT_KIND : TZ_DEOPT_CLASS);
    } else {
      fork = tz_branch(b, is, (uint32_t)share);
      b->block = fork.yes;
    }
    float left = b->frequency;
    if (!is_last) b->frequency = left * (float)share / 1024;
    call_method(b, c, &join, way, n + is_mega);
    b->block = fork.no;
    b->frequency = left - b->frequency;
    total -= way->count;
  }
  if (b->block != NULL) tz_join_add(b, &join, call_other(b, c));
  tz_node *value = tz_join_finish(b, &join, TZ_TYPE_ANY);
  b->frequency = frequency;
  finish(b, c, value);
}

static void build_any_call(tz_builder *b, const call *c) {
  tz_site site = tz_seen_site(b, tz_insn_c(c->in));
  uint32_t n = n_ways(&site);
  bool speculates = tz_may_speculate(b);
  if (n == 0 && speculates) tz_deopt(b, TZ_DEOPT_UNREACHED);
  else if (speculates && (site.misses > 0 || has_known_methods(b, &site, n, c->n)))
    call_methods(b, c, &site, n);
  else finish(b, c, tz_build_outlined(b));
}

/* ---- One instruction ---- */

static call call_at(tz_builder *b) {
  tz_insn in = tz_builder_insn(b);
  call c = {.in = in, .n = tz_insn_x(in), .result = tz_insn_a(in)};
  c.args = tz_graph_alloc(b->graph, (c.n + 1) * sizeof *c.args);
  const tz_insn *list = &b->scope->function->code[b->pc + 1];
  for (uint32_t i = 0; i < c.n; i++) c.args[i] = tz_read(b, tz_insn_arg(list, i));
  return c;
}

bool tz_build_call(tz_builder *b) {
  uint8_t op = tz_insn_op(tz_builder_insn(b));
  if (op < TZ_OP_CALL || op > TZ_OP_CALL_ANY) return false;
  call c = call_at(b);
  switch (op) {
  case TZ_OP_CALL:
    finish(b, &c,
           tz_build_call_of(b, b->scope->function->k[(uint32_t)tz_insn_d(c.in)].p, c.args, c.n, c.result));
    break;
  case TZ_OP_CALL_ANY: build_any_call(b, &c); break;
  default: build_receiver_call(b, &c);
  }
  return true;
}
