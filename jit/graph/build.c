/* build.c: scopes, blocks, registers and states of the graph builder. builder.h says how it works.
 *
 * A loop header is built before its back-edges are known: it gets a PHI for each live register that the loop
 * writes. When all blocks of a scope are built, the back-edges of each header meet in one latch, which polls.
 */
#include "builder.h"
#include "passes.h"
#include <string.h>

tz_build_options tz_build_options_default(void) {
  return (tz_build_options){.max_nodes = 8000, .max_bytes = 64 << 20};
}

void tz_give_up(tz_builder *b, const char *problem) {
  b->problem = problem;
  longjmp(*b->graph->escape, 1);
}

static void *alloc(tz_builder *b, size_t bytes) { return tz_graph_alloc(b->graph, bytes); }

/* Nodes made from now on come from the instruction at hand. */
static void set_origin(tz_builder *b) {
  if (b->options->keeps_origins)
    tz_graph_set_origin(b->graph, b->scope->function, b->pc, b->scope->outer_origin);
}

/* ---- Nodes ---- */

tz_node *tz_emit(tz_builder *b, tz_node_op op, tz_node_type type, uint32_t n, tz_node *const *inputs) {
  tz_node *node = tz_node_new(b->graph, op, type, n);
  if (n > 0) memcpy(node->inputs, inputs, n * sizeof *inputs);
  tz_block_append(b->block, node);
  return node;
}

tz_node *tz_emit_int(tz_builder *b, int64_t i) {
  tz_node *node = tz_emit(b, TZ_NODE_INT, TZ_TYPE_INT, 0, NULL);
  node->imm.i = i;
  return node;
}

tz_node *tz_emit_address(tz_builder *b, const void *p) { return tz_emit_int(b, (int64_t)(uintptr_t)p); }

tz_node *tz_emit_not(tz_builder *b, tz_node *x) { return tz_emit_i2(b, TZ_NODE_EQ, x, tz_emit_int(b, 0)); }

tz_node_type tz_type_of(const tz_type *type) {
  switch (type->rep) {
  case 'I': return TZ_TYPE_INT;
  case 'F': return TZ_TYPE_FLOAT;
  case 'R': return TZ_TYPE_REF;
  case 'Y': return TZ_TYPE_ANY;
  default: return TZ_TYPE_VOID;
  }
}

void tz_stamp(tz_node *node, const tz_type *type) {
  if (type->rep != 'R' || node->cls != NULL) return;
  if (type->class_ != NULL && !(type->class_->flags & TZ_CLASS_INTERFACE)) node->cls = type->class_;
}

/* ---- Registers ---- */

static tz_node *zero(tz_builder *b, const tz_type *type) {
  tz_node_type t = tz_type_of(type);
  static const uint8_t ops[] = {TZ_NODE_INT, TZ_NODE_INT, TZ_NODE_FLOAT, TZ_NODE_REF, TZ_NODE_ANY};
  return tz_emit(b, ops[t], t, 0, NULL);
}

tz_node *tz_read(tz_builder *b, uint32_t reg) {
  if (b->env[reg] == NULL) b->env[reg] = zero(b, b->scope->function->registers[reg]);
  return b->env[reg];
}

/* Registers that may be read before they are written: references are null then, for numbers zero is as good
 * as any. */
static void begin_registers(tz_builder *b, const tz_flow_block *start) {
  for (uint32_t r = 0; r < b->scope->function->n_registers; r++)
    if (tz_set_has(start->live_in, r)) tz_read(b, r);
}

void tz_write(tz_builder *b, uint32_t reg, tz_node *value) {
  if (reg >= b->scope->function->n_registers) return; /* discarded */
  b->env[reg] = value;
  b->state = NULL;
}

tz_node **tz_env_copy(tz_builder *b, tz_node *const *env, uint32_t n) {
  tz_node **copy = alloc(b, (n + 1) * sizeof *copy);
  if (n > 0) memcpy(copy, env, n * sizeof *copy);
  return copy;
}

/* ---- States ---- */

static tz_frame_state *state_new(tz_builder *b, uint32_t pc) {
  tz_frame_state *s = alloc(b, sizeof *s);
  s->outer = b->scope->outer_state;
  s->function = b->scope->function;
  s->pc = pc;
  return s;
}

static tz_frame_state *state_of(tz_builder *b, uint32_t pc, const uint64_t *live) {
  uint32_t n = b->scope->function->n_registers;
  tz_frame_state *s = state_new(b, pc);
  tz_node **values = alloc(b, (n + 1) * sizeof *values);
  for (uint32_t r = 0; r < n; r++)
    if (tz_set_has(live, r)) values[r] = b->env[r];
  s->n = n;
  s->values = values;
  return s;
}

static const uint64_t *live_at(const tz_flow *flow, uint32_t pc) {
  return &flow->live[(size_t)pc * flow->set_words];
}

tz_frame_state *tz_state_before(tz_builder *b) {
  if (b->state == NULL) b->state = state_of(b, b->pc, live_at(b->scope->flow, b->pc));
  return b->state;
}

tz_frame_state *tz_state_outer(tz_builder *b, uint32_t result) {
  const tz_flow *flow = b->scope->flow;
  uint64_t *live = alloc(b, flow->set_words * sizeof *live);
  memcpy(live, live_at(flow, b->pc + tz_flow_insn_words(flow, b->pc)), flow->set_words * sizeof *live);
  if (result < flow->function->n_registers) tz_set_drop(live, result);
  tz_flow_add_handlers(flow, b->pc, live); /* a call that throws leaves its result's register as it was */
  return state_of(b, b->pc, live);
}

tz_frame_state *tz_state_place(tz_builder *b) { return state_new(b, b->pc); }

/* ---- Edges ---- */

static tz_arrival *arrival_new(tz_builder *b, tz_node **env) {
  tz_arrival *a = alloc(b, sizeof *a);
  a->from = b->block;
  a->env = env;
  a->frequency = b->frequency;
  b->block = NULL;
  return a;
}

void tz_arrive(tz_builder *b, uint32_t pc) {
  tz_scope *scope = b->scope;
  const tz_flow *flow = scope->flow;
  uint32_t target = flow->block_at[pc];
  tz_place *place = &scope->places[target];
  tz_arrival *a = arrival_new(b, tz_env_copy(b, b->env, scope->function->n_registers));
  bool is_back = place->header != NULL;
  a->next = is_back ? place->back_edges : place->arrivals;
  *(is_back ? &place->back_edges : &place->arrivals) = a;
  *(is_back ? &place->n_back_edges : &place->n_arrivals) += 1;
}

static void jump_from(tz_builder *b, tz_block *from, tz_block *to) {
  tz_node *jump = tz_node_new(b->graph, TZ_NODE_JUMP, TZ_TYPE_VOID, 0);
  tz_block_append(from, jump);
  tz_block_link(b->graph, from, to);
}

/* The arrivals' value of register r in a new block that all of them jump to: one node, or a PHI. */
static tz_node *merge_register(tz_builder *b, tz_block *block, tz_arrival *list, uint32_t r,
                               const tz_type *type) {
  tz_node *first = list->env[r];
  bool differs = false;
  for (tz_arrival *a = list; a != NULL; a = a->next) differs |= a->env[r] != first;
  if (!differs) return first;
  for (tz_arrival *a = list; a != NULL; a = a->next)
    if (a->env[r] == NULL) return NULL; /* not written on one way: dead here */
  tz_node *phi = tz_node_new(b->graph, TZ_NODE_PHI, tz_type_of(type), 0);
  tz_stamp(phi, type);
  tz_block_append(block, phi);
  for (tz_arrival *a = list; a != NULL; a = a->next) tz_phi_add_input(b->graph, phi, a->env[r]);
  return phi;
}

/* All arrivals jump to a new block, which becomes b->block with b->env merged. */
static void merge(tz_builder *b, tz_arrival *list, const uint64_t *live) {
  const tz_function *f = b->scope->function;
  tz_block *block = tz_block_new(b->graph);
  b->frequency = 0;
  for (tz_arrival *a = list; a != NULL; a = a->next) {
    jump_from(b, a->from, block);
    b->frequency += a->frequency;
  }
  tz_node **env = alloc(b, (f->n_registers + 1) * sizeof *env);
  for (uint32_t r = 0; r < f->n_registers; r++)
    if (tz_set_has(live, r)) env[r] = merge_register(b, block, list, r, f->registers[r]);
  b->block = block;
  b->env = env;
  b->state = NULL;
}

/* ---- Loops ---- */

/* For strip_mine: where to go on in the interpreter if the loop turns out to be long. One that is entered on
 * the way is. */
static void expect_short(tz_builder *b) {
  bool is_entry = b->scope->outer == NULL && b->pc == b->graph->osr_pc;
  if (!is_entry && !b->options->no_polls && tz_may_speculate(b))
    tz_guard(b, tz_emit(b, TZ_NODE_SHORT, TZ_TYPE_INT, 0, NULL), TZ_DEOPT_LONG);
}

static void begin_loop(tz_builder *b, const tz_flow_block *fb, tz_place *place) {
  const tz_function *f = b->scope->function;
  tz_block *header = tz_block_new(b->graph);
  expect_short(b);
  jump_from(b, b->block, header);
  place->header = header;
  place->phis = alloc(b, (f->n_registers + 1) * sizeof *place->phis);
  for (uint32_t r = 0; r < f->n_registers; r++) {
    if (!tz_set_has(fb->live_in, r) || !tz_set_has(fb->assigned, r) || b->env[r] == NULL) continue;
    tz_node *phi = tz_node_new(b->graph, TZ_NODE_PHI, tz_type_of(f->registers[r]), 0);
    tz_stamp(phi, f->registers[r]);
    tz_block_append(header, phi);
    tz_phi_add_input(b->graph, phi, b->env[r]);
    place->phis[r] = b->env[r] = phi;
  }
  b->block = header;
  b->state = NULL;
  b->frequency *= TZ_LOOP_ROUNDS;
}

static void poll(tz_builder *b) {
  tz_node *poll = tz_emit(b, TZ_NODE_POLL, TZ_TYPE_INT, 0, NULL);
  poll->state = tz_state_place(b);
  tz_fork fork = tz_branch(b, poll, 0);
  b->block = fork.yes;
  tz_deopt(b, TZ_DEOPT_INVALID);
  b->block = fork.no;
}

/* The back-edges meet, poll, and go to the header. */
static void end_loop(tz_builder *b, uint32_t index) {
  const tz_flow_block *fb = &b->scope->flow->blocks[index];
  tz_place *place = &b->scope->places[index];
  if (place->n_back_edges == 0)
    return; /* it never goes round: its PHIs have one input, which simplification removes */
  merge(b, place->back_edges, fb->live_in);
  b->pc = fb->start;
  set_origin(b);
  if (!b->options->no_polls) poll(b);
  for (uint32_t r = 0; r < b->scope->function->n_registers; r++)
    if (place->phis[r] != NULL) tz_phi_add_input(b->graph, place->phis[r], tz_read(b, r));
  jump_from(b, b->block, place->header);
  b->block = NULL;
}

/* ---- Branches within an instruction ---- */

tz_fork tz_branch(tz_builder *b, tz_node *cond, uint32_t probability) {
  tz_node *branch = tz_emit1(b, TZ_NODE_BRANCH, TZ_TYPE_VOID, cond);
  branch->aux = probability;
  tz_fork fork = {tz_block_new(b->graph), tz_block_new(b->graph)};
  tz_block_link(b->graph, b->block, fork.yes);
  tz_block_link(b->graph, b->block, fork.no);
  b->block = NULL;
  return fork;
}

void tz_join_add(tz_builder *b, tz_join *join, tz_node *value) {
  if (b->block == NULL) return;
  tz_node **env = alloc(b, sizeof *env);
  tz_arrival *a = arrival_new(b, env);
  env[0] = value;
  a->next = join->arrivals;
  join->arrivals = a;
  join->n++;
}

tz_node *tz_join_finish(tz_builder *b, tz_join *join, tz_node_type type) {
  if (join->n == 0) return NULL;
  if (join->n == 1) {
    b->block = join->arrivals->from;
    return join->arrivals->env[0];
  }
  b->block = tz_block_new(b->graph);
  for (tz_arrival *a = join->arrivals; a != NULL; a = a->next) jump_from(b, a->from, b->block);
  if (type == TZ_TYPE_VOID) return NULL;
  tz_node *first = join->arrivals->env[0];
  bool differs = false;
  for (tz_arrival *a = join->arrivals; a != NULL; a = a->next) differs |= a->env[0] != first;
  if (!differs) return first;
  tz_node *phi = tz_node_new(b->graph, TZ_NODE_PHI, type, 0);
  tz_block_append(b->block, phi);
  for (tz_arrival *a = join->arrivals; a != NULL; a = a->next) tz_phi_add_input(b->graph, phi, a->env[0]);
  return phi;
}

/* Leaves when the countdown ends; whoever handles it starts another. */
static void stress(tz_builder *b) {
  tz_node *left = tz_emit(b, TZ_NODE_LOAD_GLOBAL, TZ_TYPE_INT, 0, NULL);
  left = tz_emit_i2(b, TZ_NODE_SUB, left, tz_emit_int(b, 1));
  tz_node *store = tz_emit1(b, TZ_NODE_STORE_GLOBAL, TZ_TYPE_VOID, left);
  left->inputs[0]->imm.p = store->imm.p = b->options->stress;
  tz_guard(b, tz_emit_i2(b, TZ_NODE_LT, tz_emit_int(b, 0), left), TZ_DEOPT_STRESS);
}

/* ---- Scopes ---- */

void tz_return(tz_builder *b, tz_node *value) {
  tz_scope *scope = b->scope;
  if (scope->outer == NULL) {
    tz_emit(b, TZ_NODE_RETURN, TZ_TYPE_VOID, value != NULL, &value);
    b->block = NULL;
    return;
  }
  tz_node **env = alloc(b, sizeof *env);
  tz_arrival *a = arrival_new(b, env);
  env[0] = value;
  a->next = scope->returns;
  scope->returns = a;
  scope->n_returns++;
}

/* The block at pc is the head of a loop further on, or comes right before one. */
static bool leads_into_loop(const tz_builder *b, uint32_t pc) {
  const tz_flow *flow = b->scope->flow;
  const tz_flow_block *block = &flow->blocks[flow->block_at[pc]];
  if (block->assigned == NULL && block->n_successors == 1) block = &flow->blocks[block->successors[0]];
  return block->assigned != NULL && block->start > b->pc;
}

/* Of the branch at hand, in 1/1024, before anything has been seen of it: loops go round, and are not skipped.
 */
static uint64_t guess_taken(const tz_builder *b, uint32_t target, uint32_t next) {
  if (target <= b->pc) return 1024 - TZ_LOOP_LEFT;
  bool skips = leads_into_loop(b, next), enters = leads_into_loop(b, target);
  if (skips == enters) return 512;
  return skips ? TZ_LOOP_LEFT : 1024 - TZ_LOOP_LEFT;
}

/* A way back to a loop that has one already, and that was never taken: at the end of a range up to the
 * largest int, say. One that leaves the code lets the loop be one that counts. */
static bool is_second_way_back(const tz_builder *b, uint32_t target) {
  const tz_place *place = &b->scope->places[b->scope->flow->block_at[target]];
  return place->header != NULL && place->n_back_edges > 0;
}

static void branch_to(tz_builder *b, tz_node *cond, uint32_t target, uint32_t next) {
  tz_branch_profile seen = tz_seen_branch(b);
  uint64_t taken = seen.taken, not_taken = seen.not_taken;
  if (taken == 0 && is_second_way_back(b, target) && tz_may_speculate(b)) {
    tz_guard(b, tz_emit_not(b, cond), TZ_DEOPT_UNREACHED);
    tz_arrive(b, next);
    return;
  }
  uint64_t guess = guess_taken(b, target, next); /* what the samples are weighed against */
  uint64_t probability = (taken * 1024 + guess) / (taken + not_taken + 1);
  if (probability < 1) probability = 1;
  if (probability > 1023) probability = 1023;
  float frequency = b->frequency, share = (float)probability / 1024;
  tz_fork fork = tz_branch(b, cond, (uint32_t)probability);
  b->block = fork.yes;
  b->frequency = frequency * share;
  tz_arrive(b, target);
  b->block = fork.no;
  b->frequency = frequency * (1 - share);
  tz_arrive(b, next);
}

typedef enum compare_kind { NONE, INTS, INT_IMM, FLOATS, REFS } compare_kind;
typedef struct condition { /* of a conditional branch */
  uint8_t kind, op;
  bool swapped, negated;
} condition;

static condition condition_of(uint8_t op) {
  switch (op) {
  case TZ_OP_JEQ_I: return (condition){INTS, TZ_NODE_EQ, false, false};
  case TZ_OP_JNE_I: return (condition){INTS, TZ_NODE_NE, false, false};
  case TZ_OP_JLT_I: return (condition){INTS, TZ_NODE_LT, false, false};
  case TZ_OP_JLE_I: return (condition){INTS, TZ_NODE_LE, false, false};
  case TZ_OP_JLT_U: return (condition){INTS, TZ_NODE_ULT, false, false};
  case TZ_OP_JEQ_II: return (condition){INT_IMM, TZ_NODE_EQ, false, false};
  case TZ_OP_JNE_II: return (condition){INT_IMM, TZ_NODE_NE, false, false};
  case TZ_OP_JLT_II: return (condition){INT_IMM, TZ_NODE_LT, false, false};
  case TZ_OP_JLE_II: return (condition){INT_IMM, TZ_NODE_LE, false, false};
  case TZ_OP_JGT_II: return (condition){INT_IMM, TZ_NODE_LT, true, false};
  case TZ_OP_JGE_II: return (condition){INT_IMM, TZ_NODE_LE, true, false};
  case TZ_OP_JEQ_F: return (condition){FLOATS, TZ_NODE_FEQ, false, false};
  case TZ_OP_JNE_F: return (condition){FLOATS, TZ_NODE_FNE, false, false};
  case TZ_OP_JLT_F: return (condition){FLOATS, TZ_NODE_FLT, false, false};
  case TZ_OP_JLE_F: return (condition){FLOATS, TZ_NODE_FLE, false, false};
  case TZ_OP_JNLT_F: return (condition){FLOATS, TZ_NODE_FLT, false, true};
  case TZ_OP_JNLE_F: return (condition){FLOATS, TZ_NODE_FLE, false, true};
  case TZ_OP_JEQ_R: return (condition){REFS, TZ_NODE_SAME, false, false};
  case TZ_OP_JNE_R: return (condition){REFS, TZ_NODE_SAME, false, true};
  default: return (condition){NONE, 0, false, false};
  }
}

static tz_node *compare(tz_builder *b, condition c, tz_insn in) {
  tz_node *x = tz_read(b, tz_insn_a(in));
  tz_node *y = c.kind == INT_IMM ? tz_emit_int(b, (int16_t)tz_insn_b(in)) : tz_read(b, tz_insn_b(in));
  tz_node *result = c.swapped ? tz_emit_i2(b, c.op, y, x) : tz_emit_i2(b, c.op, x, y);
  return c.negated ? tz_emit_not(b, result) : result;
}

static void build_switch(tz_builder *b, tz_insn in, uint32_t next) {
  const tz_function *f = b->scope->function;
  uint32_t n = (uint32_t)tz_insn_d(in), pc = b->pc;
  tz_block *from = b->block;
  tz_node *value = tz_read(b, tz_insn_a(in));
  tz_emit1(b, TZ_NODE_SWITCH, TZ_TYPE_VOID, value);
  b->frequency /= (float)(n + 1);
  for (uint32_t i = 0; i <= n; i++) {
    b->block = tz_block_new(b->graph);
    tz_block_link(b->graph, from, b->block);
    tz_arrive(b, i == n ? next : (uint32_t)((int64_t)pc + ((const int32_t *)&f->code[pc + 1])[i]));
  }
}

/* The function calls itself in tail position: its frame begins anew. */
static void build_loop_call(tz_builder *b) {
  const tz_function *f = b->scope->function;
  const tz_flow *flow = b->scope->flow;
  tz_node **env = alloc(b, (f->n_registers + 1) * sizeof *env);
  for (uint32_t i = 0; i < f->n_params; i++) env[i] = tz_read(b, tz_insn_arg(&f->code[b->pc + 1], i));
  b->env = env;
  begin_registers(b, &flow->blocks[flow->block_at[0]]);
  tz_arrive(b, 0);
}

/* The end of a block. False: the instruction is no branch. */
static bool build_branch(tz_builder *b, uint32_t next) {
  tz_insn in = tz_builder_insn(b);
  uint8_t op = tz_insn_op(in);
  uint32_t target_c = (uint32_t)((int64_t)b->pc + (int16_t)tz_insn_c(in));
  uint32_t target_d = (uint32_t)((int64_t)b->pc + tz_insn_d(in));
  condition c = condition_of(op);
  if (c.kind != NONE) {
    branch_to(b, compare(b, c, in), target_c, next);
    return true;
  }
  switch (op) {
  case TZ_OP_JMP: tz_arrive(b, target_d); return true;
  case TZ_OP_JT:
    branch_to(b, tz_emit_i2(b, TZ_NODE_NE, tz_read(b, tz_insn_a(in)), tz_emit_int(b, 0)), target_d, next);
    return true;
  case TZ_OP_JF: branch_to(b, tz_emit_not(b, tz_read(b, tz_insn_a(in))), target_d, next); return true;
  case TZ_OP_JNULL:
    branch_to(b, tz_emit_i1(b, TZ_NODE_IS_NULL, tz_read(b, tz_insn_a(in))), target_d, next);
    return true;
  case TZ_OP_JNONNULL:
    branch_to(b, tz_emit_not(b, tz_emit_i1(b, TZ_NODE_IS_NULL, tz_read(b, tz_insn_a(in)))), target_d, next);
    return true;
  case TZ_OP_FOR_I: {
    tz_frame_state *before = tz_state_before(b); /* branch_to may leave: it is to count again then */
    tz_write(b, tz_insn_a(in), tz_emit_i2(b, TZ_NODE_ADD, tz_read(b, tz_insn_a(in)), tz_emit_int(b, 1)));
    b->state = before;
    tz_node *again = tz_emit_i2(b, TZ_NODE_LT, tz_read(b, tz_insn_a(in)), tz_read(b, tz_insn_b(in)));
    branch_to(b, again, target_c, next);
    return true;
  }
  case TZ_OP_SWITCH: build_switch(b, in, next); return true;
  case TZ_OP_RET: tz_return(b, tz_read(b, tz_insn_a(in))); return true;
  case TZ_OP_RET_VOID: tz_return(b, NULL); return true;
  case TZ_OP_TAIL_CALL: build_loop_call(b); return true;
  default: return false;
  }
}

static bool is_stress_point(const tz_builder *b) {
  const tz_operand_facts *facts = &b->scope->flow->facts[tz_insn_op(tz_builder_insn(b))];
  return b->options->stress != NULL && (facts->branch != 0 || facts->has_list);
}

static void build_instructions(tz_builder *b, const tz_flow_block *fb) {
  const tz_flow *flow = b->scope->flow;
  for (uint32_t pc = fb->start, next; pc < fb->end && b->block != NULL; pc = next) {
    next = pc + tz_flow_insn_words(flow, pc);
    b->pc = pc;
    b->state = NULL;
    set_origin(b);
    if (is_stress_point(b)) stress(b);
    if (build_branch(b, next)) return;
    if (!tz_build_call(b) && !tz_build_any(b)) tz_build_op(b);
    if (next == fb->end && b->block != NULL) tz_arrive(b, next);
    if (b->graph->n_nodes > b->options->max_nodes) tz_give_up(b, "too large");
  }
}

static void build_block(tz_builder *b, uint32_t index) {
  const tz_flow_block *fb = &b->scope->flow->blocks[index];
  tz_place *place = &b->scope->places[index];
  if (place->arrivals == NULL) return;
  b->pc = fb->start;
  set_origin(b);
  merge(b, place->arrivals, fb->live_in);
  if (fb->assigned != NULL) begin_loop(b, fb, place);
  build_instructions(b, fb);
}

static tz_node *join_returns(tz_builder *b, tz_scope *scope) {
  tz_join join = {scope->returns, scope->n_returns};
  tz_node *value = tz_join_finish(b, &join, tz_type_of(scope->function->signature->result));
  if (value != NULL) tz_stamp(value, scope->function->signature->result);
  return value;
}

tz_node *tz_build_scope(tz_builder *b, tz_flow *flow, tz_node **env, tz_frame_state *outer_state) {
  tz_scope scope = {.outer = b->scope,
                    .flow = flow,
                    .function = flow->function,
                    .outer_state = outer_state,
                    .outer_origin = b->graph->origin,
                    .depth = b->scope != NULL ? b->scope->depth + 1 : 0,
                    .call_pc = b->pc,
                    .outer_env = b->env};
  float saved_frequency = b->frequency;
  scope.places = alloc(b, (flow->n_blocks + 1) * sizeof *scope.places);
  b->scope = &scope;
  b->env = env;
  begin_registers(b, &flow->blocks[flow->order[0]]);
  tz_arrive(b, flow->blocks[flow->order[0]].start);
  for (uint32_t i = 0; i < flow->n_order; i++) build_block(b, flow->order[i]);
  for (uint32_t i = 0; i < flow->n_order; i++)
    if (scope.places[flow->order[i]].header != NULL) end_loop(b, flow->order[i]);
  b->block = NULL;
  tz_node *value = scope.outer != NULL ? join_returns(b, &scope) : NULL;
  b->graph->origin = scope.outer_origin;
  b->scope = scope.outer;
  b->env = scope.outer_env;
  b->pc = scope.call_pc;
  b->frequency = saved_frequency;
  b->state = NULL;
  return value;
}

tz_flow *tz_flow_of(tz_builder *b, tz_function *f) {
  uint32_t at = (uint32_t)((uintptr_t)f >> 4) % 64;
  tz_flow *flow = b->flows[at];
  if (flow == NULL || flow->function != f) flow = b->flows[at] = tz_flow_new(b->graph->arena, f, 0);
  if (flow == NULL) tz_give_up(b, "no memory");
  return flow;
}

/* ---- The whole ---- */

static tz_node *param(tz_builder *b, uint32_t reg) {
  const tz_function *f = b->scope != NULL ? b->scope->function : b->graph->function;
  const tz_type *type = f->registers[reg];
  tz_node *node = tz_emit(b, TZ_NODE_PARAM, tz_type_of(type), 0, NULL);
  node->imm.i = reg;
  tz_stamp(node, type);
  b->graph->params[reg] = node;
  return node;
}

static void build_function(tz_builder *b, tz_flow *flow) {
  tz_graph *g = b->graph;
  const tz_function *f = g->function;
  bool is_osr = g->osr_pc != TZ_NO_OSR;
  g->n_params = is_osr ? f->n_registers : f->n_params;
  g->params = alloc(b, (g->n_params + 1) * sizeof *g->params);
  tz_node **env = alloc(b, (f->n_registers + 1) * sizeof *env);
  b->block = g->entry;
  for (uint32_t r = 0; r < g->n_params; r++)
    if (!is_osr || tz_set_has(live_at(flow, g->osr_pc), r)) env[r] = param(b, r);
  tz_build_scope(b, flow, env, NULL);
}

/* False: b->problem. */
static bool try_build(tz_builder *b) {
  tz_graph *g = b->graph;
  jmp_buf escape;
  b->problem = "no memory for its graph, or it would take too much";
  if (setjmp(escape)) return false;
  g->escape = &escape;
  tz_flow *flow = tz_flow_new(g->arena, g->function, g->osr_pc == TZ_NO_OSR ? 0 : g->osr_pc);
  if (flow == NULL) return false;
  if (flow->problem != NULL) tz_give_up(b, flow->problem);
  build_function(b, flow);
  g->origin = 0;
  if (!tz_graph_order(g)) tz_give_up(b, "a loop has two entries");
  g->escape = NULL;
  return true;
}

tz_graph *tz_graph_build(tz_vm *vm, tz_function *f, uint32_t osr_pc, const tz_build_options *options,
                         const char **problem) {
  tz_graph *g = tz_graph_new(vm, f, osr_pc);
  *problem = "no memory";
  if (g == NULL) return NULL;
  tz_builder *b = tz_arena_alloc(g->arena, sizeof *b);
  if (b != NULL) {
    *b = (tz_builder){.graph = g, .options = options, .n_receivers = 1, .frequency = 1};
    g->max_bytes = options->max_bytes;
    g->result = tz_type_of(f->signature->result);
    if (try_build(b)) return g;
    *problem = b->problem;
  }
  tz_graph_free(g);
  return NULL;
}
