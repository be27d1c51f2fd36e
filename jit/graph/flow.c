/* flow.c: see flow.h. A block lies within the range of a handler or outside, never across its ends. */
#include "flow.h"
#include <string.h>

enum { NOWHERE = UINT32_MAX };

/* ---- Facts of opcodes ---- */

static const char *const operand_text[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = operands,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};
enum { PURE = 0, THROWS = 0, GC = 0, BRANCH = 0, END = 1 };
static const uint8_t ends[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) [TZ_OP_##NAME] = (FLAGS) & END,
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

static void read_operand(tz_operand_facts *facts, char field, char role) {
  if (role == '@') facts->branch = field;
  if (role == '.' && field == 'a') facts->reads_a = true;
  if (role == '.' && field == 'b') facts->reads_b = true;
  if (role == '.' && field == 'c') facts->reads_c = true;
  if (role == '=' && field == 'a') facts->writes_a = true;
  if (role == '=' && field == 'c') facts->writes_c = true;
}

static tz_operand_facts *make_facts(tz_arena *arena) {
  tz_operand_facts *facts = tz_arena_alloc(arena, TZ_OP_COUNT * sizeof *facts);
  if (facts == NULL) return NULL;
  for (int op = 0; op < TZ_OP_COUNT; op++) {
    facts[op].ends = ends[op];
    for (const char *s = operand_text[op]; *s != 0; s++) {
      if (*s == '*') facts[op].has_list = true;
      else if (*s != ',') {
        read_operand(&facts[op], s[0], s[1]);
        while (s[1] != ',' && s[1] != 0) s++;
      }
    }
  }
  facts[TZ_OP_FOR_I].reads_a = true;
  facts[TZ_OP_CHAN_NEXT].reads_a = true; /* and leaves it alone when the channel is closed */
  return facts;
}

uint32_t tz_flow_insn_words(const tz_flow *flow, uint32_t pc) {
  tz_insn in = flow->function->code[pc];
  uint8_t op = tz_insn_op(in);
  if (op == TZ_OP_SWITCH) return 1 + ((uint32_t)tz_insn_d(in) + 1) / 2;
  return flow->facts[op].has_list ? 1 + tz_insn_list_words(tz_insn_x(in)) : 1;
}

/* ---- Blocks ---- */

static uint32_t branch_target(const tz_flow *flow, uint32_t pc) {
  tz_insn in = flow->function->code[pc];
  char field = flow->facts[tz_insn_op(in)].branch;
  int32_t offset = field == 'c' ? (int16_t)tz_insn_c(in) : tz_insn_d(in);
  return (uint32_t)((int64_t)pc + offset);
}

static uint32_t switch_target(const tz_function *f, uint32_t pc, uint32_t entry) {
  return (uint32_t)((int64_t)pc + ((const int32_t *)&f->code[pc + 1])[entry]);
}

bool tz_flow_is_loop_call(const tz_flow *flow, uint32_t pc) {
  const tz_function *f = flow->function;
  return tz_insn_op(f->code[pc]) == TZ_OP_TAIL_CALL && f->k[(uint32_t)tz_insn_d(f->code[pc])].p == f;
}

static void mark_leaders(const tz_flow *flow, uint8_t *leader) {
  const tz_function *f = flow->function;
  leader[0] = 1;
  for (uint32_t pc = 0; pc < f->n_words; pc += tz_flow_insn_words(flow, pc)) {
    uint8_t op = tz_insn_op(f->code[pc]);
    uint32_t next = pc + tz_flow_insn_words(flow, pc);
    if (flow->facts[op].branch) leader[branch_target(flow, pc)] = leader[next] = 1;
    if (flow->facts[op].ends) leader[next] = 1;
    if (op != TZ_OP_SWITCH) continue;
    leader[next] = 1;
    for (int32_t i = 0; i < tz_insn_d(f->code[pc]); i++) leader[switch_target(f, pc, (uint32_t)i)] = 1;
  }
  for (uint32_t i = 0; i < f->n_handlers; i++) {
    leader[f->handlers[i].target] = 1;
    leader[f->handlers[i].start] = leader[f->handlers[i].end] = 1;
  }
}

static bool make_blocks(tz_flow *flow, tz_arena *arena) {
  const tz_function *f = flow->function;
  uint8_t *leader = tz_arena_alloc(arena, f->n_words + 1);
  flow->block_at = tz_arena_alloc(arena, (f->n_words + 1) * sizeof *flow->block_at);
  if (leader == NULL || flow->block_at == NULL) return false;
  mark_leaders(flow, leader);
  memset(flow->block_at, 0xff, (f->n_words + 1) * sizeof *flow->block_at);
  for (uint32_t pc = 0; pc < f->n_words; pc++) flow->n_blocks += leader[pc];
  flow->blocks = tz_arena_alloc(arena, (flow->n_blocks + 1) * sizeof *flow->blocks);
  if (flow->blocks == NULL) return false;
  uint32_t n = 0;
  for (uint32_t pc = 0; pc < f->n_words; pc++) {
    if (!leader[pc]) continue;
    if (n > 0) flow->blocks[n - 1].end = pc;
    flow->block_at[pc] = n;
    flow->blocks[n++].start = pc;
  }
  flow->blocks[n - 1].end = f->n_words;
  return true;
}

static uint32_t last_insn(const tz_flow *flow, const tz_flow_block *b) {
  uint32_t pc = b->start;
  for (uint32_t next; (next = pc + tz_flow_insn_words(flow, pc)) < b->end;) pc = next;
  return pc;
}

static bool link_blocks(tz_flow *flow, tz_arena *arena) {
  const tz_function *f = flow->function;
  for (uint32_t i = 0; i < flow->n_blocks; i++) {
    tz_flow_block *b = &flow->blocks[i];
    uint32_t pc = last_insn(flow, b), n = 0;
    tz_insn in = f->code[pc];
    uint8_t op = tz_insn_op(in);
    uint32_t most = op == TZ_OP_SWITCH ? (uint32_t)tz_insn_d(in) + 1 : 2;
    b->successors = tz_arena_alloc(arena, (most + f->n_handlers) * sizeof *b->successors);
    if (b->successors == NULL) return false;
    if (op == TZ_OP_SWITCH)
      for (int32_t j = 0; j < tz_insn_d(in); j++)
        b->successors[n++] = flow->block_at[switch_target(f, pc, (uint32_t)j)];
    if (flow->facts[op].branch) b->successors[n++] = flow->block_at[branch_target(flow, pc)];
    if (!flow->facts[op].ends) b->successors[n++] = flow->block_at[b->end];
    if (tz_flow_is_loop_call(flow, pc)) b->successors[n++] = flow->block_at[0];
    b->n_successors = n;
    for (uint32_t j = 0; j < f->n_handlers; j++)
      if (f->handlers[j].start <= b->start && b->start < f->handlers[j].end)
        b->successors[n++] = flow->block_at[f->handlers[j].target];
    b->n_ways = n;
    for (uint32_t j = 0; j < n; j++) flow->blocks[b->successors[j]].n_predecessors++;
  }
  for (uint32_t i = 0; i < flow->n_blocks; i++) {
    tz_flow_block *b = &flow->blocks[i];
    b->predecessors = tz_arena_alloc(arena, (b->n_predecessors + 1) * sizeof *b->predecessors);
    if (b->predecessors == NULL) return false;
    b->n_predecessors = 0;
    b->order = NOWHERE;
  }
  for (uint32_t i = 0; i < flow->n_blocks; i++)
    for (uint32_t j = 0; j < flow->blocks[i].n_ways; j++) {
      tz_flow_block *to = &flow->blocks[flow->blocks[i].successors[j]];
      to->predecessors[to->n_predecessors++] = i;
    }
  return true;
}

/* ---- Order and loops ---- */

static bool add_loop(tz_flow *flow, tz_arena *arena, uint32_t header) {
  tz_flow_block *h = &flow->blocks[header];
  if (h->assigned == NULL) h->assigned = tz_arena_alloc(arena, flow->set_words * sizeof(uint64_t));
  return h->assigned != NULL;
}

/* Depth-first without recursion; an edge to a block on the path is a back-edge. */
static bool make_order(tz_flow *flow, tz_arena *arena, uint32_t start) {
  uint32_t n = flow->n_blocks, depth = 0, left = n;
  uint8_t *state = tz_arena_alloc(arena, n); /* 1: on the path, 2: done */
  uint32_t *path = tz_arena_alloc(arena, n * sizeof *path), *next = tz_arena_alloc(arena, n * sizeof *next);
  flow->order = tz_arena_alloc(arena, n * sizeof *flow->order);
  if (state == NULL || path == NULL || next == NULL || flow->order == NULL) return false;
  path[depth++] = start;
  state[start] = 1;
  while (depth > 0) {
    uint32_t at = path[depth - 1];
    tz_flow_block *b = &flow->blocks[at];
    if (next[at] == b->n_ways) {
      state[at] = 2;
      flow->order[--left] = at;
      depth--;
      continue;
    }
    uint32_t to = b->successors[next[at]++];
    if (state[to] == 1 && !add_loop(flow, arena, to)) return false;
    if (state[to] != 0) continue;
    state[to] = 1;
    path[depth++] = to;
  }
  flow->n_order = n - left;
  memmove(flow->order, flow->order + left, flow->n_order * sizeof *flow->order);
  for (uint32_t i = 0; i < flow->n_order; i++) flow->blocks[flow->order[i]].order = i;
  return true;
}

/* ---- Loops with two entries ---- */

/* Places in `order` of immediate dominators, by place (Cooper, Harvey, Kennedy, 2001). */
static uint32_t common_dominator(const uint32_t *dominators, uint32_t a, uint32_t b) {
  while (a != b) {
    while (a > b) a = dominators[a];
    while (b > a) b = dominators[b];
  }
  return a;
}

static bool update_dominator(const tz_flow *flow, uint32_t *dominators, uint32_t at) {
  const tz_flow_block *b = &flow->blocks[flow->order[at]];
  uint32_t found = NOWHERE;
  for (uint32_t i = 0; i < b->n_predecessors; i++) {
    uint32_t p = flow->blocks[b->predecessors[i]].order;
    if (p == NOWHERE || dominators[p] == NOWHERE) continue;
    found = found == NOWHERE ? p : common_dominator(dominators, p, found);
  }
  bool changed = dominators[at] != found;
  dominators[at] = found;
  return changed;
}

static bool dominates(const uint32_t *dominators, uint32_t a, uint32_t b) {
  while (b > a) b = dominators[b];
  return a == b;
}

/* Whether every edge that goes back leads to a block that dominates its source. */
static bool is_reducible(const tz_flow *flow, const uint32_t *dominators) {
  for (uint32_t i = 0; i < flow->n_order; i++) {
    const tz_flow_block *b = &flow->blocks[flow->order[i]];
    for (uint32_t j = 0; j < b->n_ways; j++) {
      uint32_t to = flow->blocks[b->successors[j]].order;
      if (to <= i && !dominates(dominators, to, i)) return false;
    }
  }
  return true;
}

static bool find_second_entries(tz_flow *flow, tz_arena *arena) {
  uint32_t *dominators = tz_arena_alloc(arena, flow->n_order * sizeof *dominators);
  if (dominators == NULL) return false;
  memset(dominators, 0xff, flow->n_order * sizeof *dominators);
  dominators[0] = 0;
  for (bool again = true; again;) {
    again = false;
    for (uint32_t i = 1; i < flow->n_order; i++) again |= update_dominator(flow, dominators, i);
  }
  if (flow->problem == NULL && !is_reducible(flow, dominators)) flow->problem = "a loop has two entries";
  return true;
}

static void add_writes(const tz_flow *flow, const tz_flow_block *b, uint64_t *set) {
  const tz_function *f = flow->function;
  for (uint32_t i = 0; i < f->n_handlers; i++)
    if (f->handlers[i].target == b->start) tz_set_add(set, f->handlers[i].reg);
  for (uint32_t pc = b->start; pc < b->end; pc += tz_flow_insn_words(flow, pc)) {
    const tz_operand_facts *facts = &flow->facts[tz_insn_op(f->code[pc])];
    if (tz_flow_is_loop_call(flow, pc)) memset(set, 0xff, flow->set_words * sizeof *set);
    if (facts->writes_a && tz_insn_a(f->code[pc]) < f->n_registers) tz_set_add(set, tz_insn_a(f->code[pc]));
    if (facts->writes_c) tz_set_add(set, tz_insn_c(f->code[pc]));
  }
}

/* The natural loop of each back-edge: what reaches it without passing the header. */
static bool find_assigned(tz_flow *flow, tz_arena *arena) {
  uint32_t *work = tz_arena_alloc(arena, (flow->n_blocks + 1) * sizeof *work);
  uint32_t *seen = tz_arena_alloc(arena, flow->n_blocks * sizeof *seen);
  if (work == NULL || seen == NULL) return false;
  for (uint32_t h = 0; h < flow->n_blocks; h++) {
    tz_flow_block *header = &flow->blocks[h];
    if (header->assigned == NULL) continue;
    uint32_t n = 0;
    seen[h] = h + 1;
    add_writes(flow, header, header->assigned);
    for (uint32_t i = 0; i < header->n_predecessors; i++) {
      uint32_t p = header->predecessors[i];
      bool is_back_edge = flow->blocks[p].order != NOWHERE && flow->blocks[p].order >= header->order;
      if (is_back_edge && seen[p] != h + 1) seen[p] = h + 1, work[n++] = p;
    }
    while (n > 0) {
      const tz_flow_block *b = &flow->blocks[work[--n]];
      add_writes(flow, b, header->assigned);
      for (uint32_t i = 0; i < b->n_predecessors; i++) {
        uint32_t p = b->predecessors[i];
        if (flow->blocks[p].order != NOWHERE && seen[p] != h + 1) seen[p] = h + 1, work[n++] = p;
      }
    }
  }
  return true;
}

/* ---- Liveness ---- */

/* From the set after the instruction to the set before it. */
static void step_back(const tz_flow *flow, uint32_t pc, uint64_t *live) {
  const tz_function *f = flow->function;
  tz_insn in = f->code[pc];
  const tz_operand_facts *facts = &flow->facts[tz_insn_op(in)];
  if (tz_flow_is_loop_call(flow, pc)) memset(live, 0, flow->set_words * sizeof *live);
  if (facts->writes_a && tz_insn_a(in) < f->n_registers) tz_set_drop(live, tz_insn_a(in));
  if (facts->writes_c) tz_set_drop(live, tz_insn_c(in));
  if (facts->reads_a) tz_set_add(live, tz_insn_a(in));
  if (facts->reads_b) tz_set_add(live, tz_insn_b(in));
  if (facts->reads_c) tz_set_add(live, tz_insn_c(in));
  if (facts->has_list)
    for (uint32_t i = 0; i < tz_insn_x(in); i++) tz_set_add(live, tz_insn_arg(&f->code[pc + 1], i));
}

void tz_flow_add_handlers(const tz_flow *flow, uint32_t pc, uint64_t *live) {
  const tz_function *f = flow->function;
  for (uint32_t i = 0; i < f->n_handlers; i++) {
    if (pc < f->handlers[i].start || pc >= f->handlers[i].end) continue;
    const uint64_t *in = flow->blocks[flow->block_at[f->handlers[i].target]].live_in;
    bool had = tz_set_has(live, f->handlers[i].reg);
    for (uint32_t w = 0; w < flow->set_words; w++) live[w] |= in[w];
    if (!had) tz_set_drop(live, f->handlers[i].reg);
  }
}

/* Walks a block backwards; records the sets in flow->live. True: live_in grew. */
static bool walk_block(tz_flow *flow, tz_flow_block *b, uint64_t *live, uint32_t *starts) {
  uint32_t n = 0, words = flow->set_words;
  for (uint32_t pc = b->start; pc < b->end; pc += tz_flow_insn_words(flow, pc)) starts[n++] = pc;
  memset(live, 0, words * sizeof *live);
  for (uint32_t i = 0; i < b->n_successors; i++)
    for (uint32_t w = 0; w < words; w++) live[w] |= flow->blocks[b->successors[i]].live_in[w];
  while (n > 0) {
    uint32_t pc = starts[--n];
    step_back(flow, pc, live);
    tz_flow_add_handlers(flow, pc, live);
    memcpy(&flow->live[(size_t)pc * words], live, words * sizeof *live);
  }
  bool grew = memcmp(b->live_in, live, words * sizeof *live) != 0;
  memcpy(b->live_in, live, words * sizeof *live);
  return grew;
}

static bool find_live(tz_flow *flow, tz_arena *arena) {
  const tz_function *f = flow->function;
  size_t set_bytes = flow->set_words * sizeof(uint64_t);
  uint64_t *live = tz_arena_alloc(arena, set_bytes);
  uint32_t *starts = tz_arena_alloc(arena, f->n_words * sizeof *starts);
  flow->live = tz_arena_alloc(arena, f->n_words * set_bytes);
  if (live == NULL || starts == NULL || flow->live == NULL) return false;
  for (uint32_t i = 0; i < flow->n_blocks; i++)
    if ((flow->blocks[i].live_in = tz_arena_alloc(arena, set_bytes)) == NULL) return false;
  for (bool again = true; again;) {
    again = false;
    for (uint32_t i = flow->n_blocks; i-- > 0;) again |= walk_block(flow, &flow->blocks[i], live, starts);
  }
  return true;
}

static const char *find_problem(const tz_flow *flow) {
  const tz_function *f = flow->function;
  for (uint32_t pc = 0; pc < f->n_words; pc += tz_flow_insn_words(flow, pc)) {
    uint8_t op = tz_insn_op(f->code[pc]);
    if (op == TZ_OP_SELECT) return "waits in select";
    if (op == TZ_OP_CHAN_NEXT && tz_insn_a(f->code[pc]) >= f->n_registers)
      return "drops what a channel gives";
    /* LLVM has no tail calls beside statepoints, so an endless chain of them must stay on the tiers that have
     * them. */
    if (op >= TZ_OP_TAIL_CALL && op <= TZ_OP_TAIL_ANY && !tz_flow_is_loop_call(flow, pc))
      return "makes tail calls";
  }
  return NULL;
}

tz_flow *tz_flow_new(tz_arena *arena, tz_function *f, uint32_t start) {
  tz_flow *flow = tz_arena_alloc(arena, sizeof *flow);
  if (flow == NULL) return NULL;
  flow->function = f;
  flow->set_words = (f->n_registers + 63) / 64 + 1;
  flow->facts = make_facts(arena);
  if (flow->facts == NULL || !make_blocks(flow, arena) || !link_blocks(flow, arena)) return NULL;
  flow->problem = find_problem(flow);
  if (!make_order(flow, arena, flow->block_at[start]) || !find_second_entries(flow, arena) ||
      !find_assigned(flow, arena) || !find_live(flow, arena))
    return NULL;
  return flow;
}
