/* lower_state.c: from frame states to the tables of jit/native/state.h. Read lower.h. */
#include "lower.h"
#include <stdlib.h>

static uint32_t room_for(uint32_t n) {
  uint32_t room = 16;
  while (room < n) room *= 2;
  return room;
}

/* Makes room for one more; the place of the new element, zeroed. NULL: no memory, noted. */
static void *grow(tz_lower *l, void *array, uint32_t *n, size_t size) {
  void **items = array;
  if (*n == 0 || *n == room_for(*n)) {
    void *more = realloc(*items, room_for(*n + 1) * size);
    if (more == NULL) {
      tz_lower_problem(l, "out of memory");
      return NULL;
    }
    *items = more;
  }
  return memset((char *)*items + size * (*n)++, 0, size);
}

/* Marks the node as seen in the state at hand; true: it is new there and has got the next index of *n. */
static bool is_new(tz_lower *l, const tz_node *node, uint32_t n) {
  tz_lowered *v = &l->values[node->id];
  if (v->seen_in == l->states.serial) return false;
  *v = (tz_lowered){.word = v->word, .bit = v->bit, .seen_in = l->states.serial, .index = n};
  return true;
}

static bool is_zero(const tz_node *n) {
  return (n->op == TZ_NODE_INT || n->op == TZ_NODE_REF || n->op == TZ_NODE_ANY || n->op == TZ_NODE_FLOAT) &&
         n->imm.i == 0;
}

/* A box is made when the state is needed: the operand is what is in it. */
static tz_state_source source_of(const tz_node **node) {
  tz_state_source source;
  switch ((*node)->op) {
  case TZ_NODE_VIRTUAL: return TZ_FROM_VIRTUAL;
  case TZ_NODE_BOX_INT: source = TZ_FROM_INT; break;
  case TZ_NODE_BOX_FLOAT: source = TZ_FROM_FLOAT; break;
  case TZ_NODE_BOX_BOOL: source = TZ_FROM_BOOL; break;
  default: return TZ_FROM_OPERAND;
  }
  *node = (*node)->inputs[0];
  return source;
}

/* Adds the values that are not zero; returns how many. */
static uint32_t add_values(tz_lower *l, tz_node *const *nodes, uint32_t n) {
  tz_state_maker *s = &l->states;
  uint32_t before = s->all.n_values;
  for (uint32_t i = 0; i < n; i++) {
    const tz_node *node = nodes[i];
    if (node == NULL || is_zero(node)) continue;
    tz_state_source source = source_of(&node);
    bool is_virtual = source == TZ_FROM_VIRTUAL;
    if (is_new(l, node, is_virtual ? s->n_virtuals : s->n_operands)) {
      const tz_node **place = is_virtual ? grow(l, &s->virtuals, &s->n_virtuals, sizeof node)
                                         : grow(l, &s->operands, &s->n_operands, sizeof node);
      if (place == NULL) break;
      *place = node;
    }
    tz_state_value *value = grow(l, &s->all.values, &s->all.n_values, sizeof *value);
    if (value == NULL) break;
    *value =
        (tz_state_value){.slot = (uint16_t)i, .source = (uint8_t)source, .index = l->values[node->id].index};
  }
  return s->all.n_values - before;
}

static void add_frames(tz_lower *l, const tz_frame_state *state, bool is_place_only) {
  tz_state_maker *s = &l->states;
  for (; state != NULL; state = state->outer) {
    uint32_t first = s->all.n_values, n = is_place_only ? 0 : add_values(l, state->values, state->n);
    tz_state_frame *frame = grow(l, &s->all.frames, &s->all.n_frames, sizeof *frame);
    if (frame == NULL) return;
    *frame =
        (tz_state_frame){.function = state->function, .pc = state->pc, .first_value = first, .n_values = n};
  }
}

/* Virtual objects may name others, which then are added behind them. */
static void add_virtuals(tz_lower *l) {
  tz_state_maker *s = &l->states;
  for (uint32_t i = 0; i < s->n_virtuals; i++) {
    const tz_node *node = s->virtuals[i];
    uint32_t first = s->all.n_values, n = add_values(l, node->inputs, node->n_inputs);
    tz_state_virtual *object = grow(l, &s->all.virtuals, &s->all.n_virtuals, sizeof *object);
    if (object == NULL) return;
    *object =
        (tz_state_virtual){.cls = node->imm.p, .length = node->n_inputs, .first_value = first, .n_values = n};
  }
}

static void make_state(tz_lower *l, const tz_frame_state *state, bool is_place_only) {
  tz_state_maker *s = &l->states;
  s->serial++;
  s->n_operands = s->n_virtuals = 0;
  s->last = state;
  s->last_made = (tz_state){
      .first_frame = s->all.n_frames, .first_virtual = s->all.n_virtuals, .is_place_only = is_place_only};
  add_frames(l, state, is_place_only);
  add_virtuals(l);
  s->last_made.n_frames = s->all.n_frames - s->last_made.first_frame;
  s->last_made.n_virtuals = s->all.n_virtuals - s->last_made.first_virtual;
}

/* Checks that follow each other share their frames and, for the same reason, their number. */
uint32_t tz_lower_state(tz_lower *l, const tz_node *n) {
  tz_state_maker *s = &l->states;
  bool is_place_only = n->op != TZ_NODE_GUARD && n->op != TZ_NODE_DEOPT;
  uint8_t reason = is_place_only ? 0 : (uint8_t)n->aux;
  bool is_last = s->last == n->state && s->last_made.is_place_only == is_place_only && s->all.n_states > 0;
  if (is_last && s->last_made.reason == reason) return s->all.n_states - 1;
  if (!is_last) make_state(l, n->state, is_place_only);
  s->last_made.reason = reason;
  tz_state *made = grow(l, &s->all.states, &s->all.n_states, sizeof *made);
  if (made == NULL) return UINT32_MAX;
  *made = s->last_made;
  return s->all.n_states - 1;
}

/* Appends an array to the block; where it lies there. */
static void *place(char **to, const void *from, uint32_t n, size_t size) {
  char *at = *to;
  if (n > 0) memcpy(at, from, n * size);
  *to += (n * size + 7) & ~(size_t)7;
  return at;
}

tz_states *tz_lower_states_finish(tz_lower *l) {
  const tz_states *all = &l->states.all;
  size_t bytes = sizeof *all + all->n_states * sizeof *all->states + all->n_frames * sizeof *all->frames +
                 all->n_virtuals * sizeof *all->virtuals + all->n_values * sizeof *all->values + 4 * 8;
  tz_states *s = malloc(bytes);
  if (s == NULL) return NULL;
  *s = *all;
  char *to = (char *)(s + 1);
  s->states = place(&to, all->states, all->n_states, sizeof *all->states);
  s->frames = place(&to, all->frames, all->n_frames, sizeof *all->frames);
  s->virtuals = place(&to, all->virtuals, all->n_virtuals, sizeof *all->virtuals);
  s->values = place(&to, all->values, all->n_values, sizeof *all->values);
  return s;
}

void tz_lower_states_fini(tz_lower *l) {
  tz_state_maker *s = &l->states;
  free(s->all.states);
  free(s->all.frames);
  free(s->all.virtuals);
  free(s->all.values);
  free(s->operands);
  free(s->virtuals);
}
