/* graph.c: making and rewriting graphs. Read graph.h.
 *
 * Arrays that grow have room for the next power of two above their length, so that no capacity needs to be
 * kept. */
#include "graph.h"

static const struct {
  const char *name;
  uint32_t effects;
} nodes[TZ_NODE_COUNT] = {
#define PURE TZ_PURE
#define READS TZ_READS
#define WRITES TZ_WRITES
#define ALLOC TZ_ALLOC
#define CALLS TZ_CALLS
#define GUARD TZ_GUARD
#define END TZ_END
#define STATE TZ_STATE
#define TRACE TZ_TRACE
#define TZ_NODE(NAME, text, RESULT, inputs, EFFECTS, meaning) {text, EFFECTS},
#include "nodes.def"
#undef TZ_NODE
#undef PURE
#undef READS
#undef WRITES
#undef ALLOC
#undef CALLS
#undef GUARD
#undef END
#undef STATE
#undef TRACE
};

uint32_t tz_node_effects(tz_node_op op) { return nodes[op].effects; }
const char *tz_node_name(tz_node_op op) { return nodes[op].name; }

const char *tz_deopt_text(tz_deopt_reason reason) {
  static const char *const texts[TZ_DEOPT_COUNT] = {
#define TZ_DEOPT(NAME, text) text,
#include "reasons.def"
#undef TZ_DEOPT
  };
  return texts[reason];
}

/* ---- memory ---- */

tz_graph *tz_graph_new(tz_vm *vm, tz_function *f, uint32_t osr_pc) {
  tz_arena *arena = tz_arena_new();
  tz_graph *g = arena == NULL ? NULL : tz_arena_alloc(arena, sizeof *g);
  if (g == NULL) {
    tz_arena_free(arena);
    return NULL;
  }
  *g = (tz_graph){.arena = arena, .vm = vm, .function = f, .osr_pc = osr_pc};
  jmp_buf escape;
  if (setjmp(escape)) {
    tz_arena_free(arena);
    return NULL;
  }
  g->escape = &escape;
  g->entry = tz_block_new(g);
  g->escape = NULL;
  return g;
}

void tz_graph_free(tz_graph *g) {
  if (g != NULL) tz_arena_free(g->arena);
}

void *tz_graph_alloc(tz_graph *g, size_t bytes) {
  void *memory = NULL;
  if (g->max_bytes == 0 || tz_arena_bytes(g->arena) + bytes <= g->max_bytes)
    memory = tz_arena_alloc(g->arena, bytes);
  if (memory == NULL) longjmp(*g->escape, 1);
  return memory;
}

static uint32_t room_for(uint32_t n) {
  uint32_t room = 2;
  while (room < n) room *= 2;
  return room;
}

/* Appends to an array of *n pointers. */
static void append(tz_graph *g, void *array, uint32_t *n, void *item) {
  void ***items = array;
  if (*items == NULL || *n == room_for(*n)) {
    void **more = tz_graph_alloc(g, room_for(*n + 1) * sizeof *more);
    if (*n > 0) memcpy(more, *items, *n * sizeof *more);
    *items = more;
  }
  (*items)[(*n)++] = item;
}

static void remove_at(void *array, uint32_t n, uint32_t i) {
  void **items = array;
  memmove(&items[i], &items[i + 1], (n - i - 1) * sizeof *items);
}

/* ---- origins ---- */

void tz_graph_set_origin(tz_graph *g, const tz_function *f, uint32_t pc, uint32_t outer) {
  uint32_t n = g->n_origins;
  if (n == 0 || n == room_for(n)) {
    tz_origin *more = tz_graph_alloc(g, room_for(n + 1) * sizeof *more);
    if (n > 0) memcpy(more, g->origins, n * sizeof *more);
    g->origins = more;
  }
  g->origins[n] = (tz_origin){f, pc, outer};
  g->origin = ++g->n_origins;
}

/* ---- blocks and nodes ---- */

tz_block *tz_block_new(tz_graph *g) {
  tz_block *b = tz_graph_alloc(g, sizeof *b);
  b->id = g->n_block_ids++;
  b->order = g->n_blocks;
  append(g, &g->blocks, &g->n_blocks, b);
  return b;
}

tz_node *tz_node_new(tz_graph *g, tz_node_op op, tz_node_type type, uint32_t n_inputs) {
  tz_node *n = tz_graph_alloc(g, sizeof *n);
  n->op = op;
  n->type = type;
  n->id = g->n_nodes++;
  n->origin = g->origin;
  n->n_inputs = (uint16_t)n_inputs;
  if (n_inputs > 0) n->inputs = tz_graph_alloc(g, room_for(n_inputs) * sizeof *n->inputs);
  return n;
}

void tz_block_append(tz_block *b, tz_node *n) {
  n->block = b;
  n->previous = b->last;
  n->next = NULL;
  *(b->last != NULL ? &b->last->next : &b->first) = n;
  b->last = n;
}

void tz_node_insert_before(tz_node *at, tz_node *n) {
  if (n->origin == 0) n->origin = at->origin;
  n->block = at->block;
  n->previous = at->previous;
  n->next = at;
  *(at->previous != NULL ? &at->previous->next : &at->block->first) = n;
  at->previous = n;
}

void tz_node_remove(tz_node *n) {
  tz_block *b = n->block;
  *(n->previous != NULL ? &n->previous->next : &b->first) = n->next;
  *(n->next != NULL ? &n->next->previous : &b->last) = n->previous;
  n->block = NULL;
  n->previous = n->next = NULL;
}

void tz_block_link(tz_graph *g, tz_block *from, tz_block *to) {
  append(g, &from->successors, &from->n_successors, to);
  append(g, &to->predecessors, &to->n_predecessors, from);
}

void tz_phi_add_input(tz_graph *g, tz_node *phi, tz_node *value) {
  uint32_t n = phi->n_inputs;
  if (n == UINT16_MAX) longjmp(*g->escape, 1);
  append(g, &phi->inputs, &n, value);
  phi->n_inputs = (uint16_t)n;
}

/* The last place of item. It is in there. */
static uint32_t last_index(tz_block *const *items, uint32_t n, const tz_block *item) {
  while (items[--n] != item) {}
  return n;
}

void tz_block_unlink(tz_block *from, tz_block *to) {
  remove_at(from->successors, from->n_successors, last_index(from->successors, from->n_successors, to));
  from->n_successors--;
  uint32_t i = last_index(to->predecessors, to->n_predecessors, from);
  remove_at(to->predecessors, to->n_predecessors--, i);
  for (tz_node *phi = to->first; phi != NULL && phi->op == TZ_NODE_PHI; phi = phi->next)
    if (i < phi->n_inputs) remove_at(phi->inputs, phi->n_inputs--, i);
}

/* ---- replacing ---- */

void tz_node_replace(tz_node *n, tz_node *by) {
  n->replaced_by = by;
  if (by->origin == 0) by->origin = n->origin;
  if (n->block != NULL) tz_node_remove(n);
}

/* What has become of n, through all its replacements, which are shortened for the next to ask. */
static tz_node *replacement(tz_node *n) {
  if (n == NULL || n->replaced_by == NULL) return n;
  tz_node *last = n;
  while (last->replaced_by != NULL) last = last->replaced_by;
  while (n != last) {
    tz_node *next = n->replaced_by;
    n->replaced_by = last;
    n = next;
  }
  return last;
}

static void replace_in_state(tz_graph *g, tz_frame_state *state);

/* Virtual objects stand in no block: they are found through the states and through each other, possibly in a
 * circle. */
static void replace_all(tz_graph *g, tz_node **values, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    tz_node *value = values[i] = replacement(values[i]);
    if (value == NULL || value->op != TZ_NODE_VIRTUAL || value->visit == g->n_visits) continue;
    value->visit = g->n_visits;
    replace_all(g, value->inputs, value->n_inputs);
  }
}

static void replace_in_state(tz_graph *g, tz_frame_state *state) {
  for (; state != NULL && state->visit != g->n_visits; state = state->outer) {
    state->visit = g->n_visits;
    replace_all(g, state->values, state->n);
  }
}

void tz_graph_apply_replacements(tz_graph *g) {
  g->n_visits++;
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) {
      replace_all(g, n->inputs, n->n_inputs);
      replace_in_state(g, n->state);
    }
}

tz_frame_state *tz_frame_state_copy(tz_graph *g, const tz_frame_state *state, bool deep) {
  tz_frame_state *copy = tz_graph_alloc(g, sizeof *copy);
  *copy = *state;
  copy->visit = 0;
  if (state->n > 0) {
    copy->values = tz_graph_alloc(g, state->n * sizeof *copy->values);
    memcpy(copy->values, state->values, state->n * sizeof *copy->values);
  }
  if (deep && state->outer != NULL) copy->outer = tz_frame_state_copy(g, state->outer, true);
  return copy;
}
