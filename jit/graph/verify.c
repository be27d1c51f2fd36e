/* verify.c: the invariants of graphs, as graph.h states them. */
#include "text.h"
#include <stdarg.h>
#include <stdlib.h>

typedef struct checker {
  tz_graph *g;
  uint32_t *place; /* of a node in its block, by id */
  uint32_t *seen;  /* by id: the number of the state that a virtual object was looked at for */
  uint32_t n_states;
  char *problem;
} checker;

static bool __attribute__((format(printf, 3, 4))) fail(checker *c, const tz_node *n, const char *format,
                                                       ...) {
  if (c->problem != NULL) return false;
  char *text = NULL;
  va_list args;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0) text = NULL;
  va_end(args);
  int written = n == NULL || text == NULL
                    ? -1
                    : asprintf(&c->problem, "v%u (%s) in b%u: %s", n->id, tz_node_name((tz_node_op)n->op),
                               n->block != NULL ? n->block->id : 0, text);
  if (written < 0) c->problem = text;
  else free(text);
  return false;
}

/* ---- Blocks ---- */

static uint32_t count(tz_block *const *in, uint32_t n, const tz_block *b) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < n; i++) found += in[i] == b;
  return found;
}

static bool successors_fit(const tz_node *end, uint32_t n) {
  switch (end->op) {
  case TZ_NODE_JUMP: return n == 1;
  case TZ_NODE_BRANCH: return n == 2;
  case TZ_NODE_SWITCH: return n >= 1;
  default: return n == 0;
  }
}

static bool check_header(checker *c, const tz_block *b) {
  if (b->n_predecessors != 2)
    return fail(c, NULL, "loop header b%u has %u predecessors", b->id, b->n_predecessors);
  for (uint32_t i = 0; i < 2; i++) {
    const tz_block *p = b->predecessors[i];
    if (tz_block_dominates(b, p) != (i == 1))
      return fail(c, NULL, "loop header b%u: the back-edge is not its second predecessor", b->id);
    if (p->n_successors != 1)
      return fail(c, NULL, "the edge from b%u into loop header b%u is critical", p->id, b->id);
  }
  return true;
}

static bool check_block(checker *c, const tz_block *b) {
  if (b->last == NULL || !(tz_node_effects((tz_node_op)b->last->op) & TZ_END))
    return fail(c, NULL, "b%u has no end", b->id);
  if (!successors_fit(b->last, b->n_successors)) return fail(c, b->last, "%u successors", b->n_successors);
  for (uint32_t i = 0; i < b->n_successors; i++) {
    const tz_block *s = b->successors[i];
    if (count(b->successors, b->n_successors, s) != count(s->predecessors, s->n_predecessors, b))
      return fail(c, NULL, "the edge from b%u to b%u is not known at both ends", b->id, s->id);
  }
  for (uint32_t i = 0; i < b->n_predecessors; i++)
    if (count(b->predecessors[i]->successors, b->predecessors[i]->n_successors, b) == 0)
      return fail(c, NULL, "b%u does not lead to b%u", b->predecessors[i]->id, b->id);
  return !b->is_loop_header || check_header(c, b);
}

static bool check_shape(checker *c, const tz_block *b) {
  bool may_be_phi = true;
  for (const tz_node *n = b->first; n != NULL; n = n->next) {
    bool is_phi = n->op == TZ_NODE_PHI;
    if (n->block != b) return fail(c, n, "stands in b%u", b->id);
    if (n->replaced_by != NULL) return fail(c, n, "has been replaced");
    if (is_phi && !may_be_phi) return fail(c, n, "a phi behind other nodes");
    if (!is_phi) may_be_phi = false;
    if ((tz_node_effects((tz_node_op)n->op) & TZ_END) && n != b->last)
      return fail(c, n, "ends the block too early");
    if (n->op == TZ_NODE_VIRTUAL) return fail(c, n, "a virtual object in a block");
  }
  return true;
}

/* ---- Types ---- */

static bool fits_letter(char letter, const tz_node *value) {
  switch (letter) {
  case 'i': return value->type == TZ_TYPE_INT;
  case 'f': return value->type == TZ_TYPE_FLOAT;
  case 'r': return value->type == TZ_TYPE_REF || value->type == TZ_TYPE_ANY;
  default: return value->type != TZ_TYPE_VOID;
  }
}

static bool check_types(checker *c, const tz_node *n) {
  tz_node_op op = (tz_node_op)n->op;
  const char *letters = tz_node_input_letters(op);
  bool is_list = letters[0] == '*';
  if (!is_list && n->n_inputs != strlen(letters)) return fail(c, n, "%u inputs", n->n_inputs);
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    if (n->inputs[i] == NULL) return fail(c, n, "input %u is missing", i);
    if (!fits_letter(is_list ? 'v' : letters[i], n->inputs[i]))
      return fail(c, n, "input %u, v%u, is %s", i, n->inputs[i]->id,
                  tz_node_type_name((tz_node_type)n->inputs[i]->type));
  }
  if (!tz_node_type_varies(op) && n->type != tz_node_fixed_type(op))
    return fail(c, n, "has type %s", tz_node_type_name((tz_node_type)n->type));
  if (op != TZ_NODE_PHI) return true;
  if (n->n_inputs != n->block->n_predecessors)
    return fail(c, n, "%u inputs for %u predecessors", n->n_inputs, n->block->n_predecessors);
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    uint8_t type = n->inputs[i]->type;
    bool are_words = type >= TZ_TYPE_REF && n->type >= TZ_TYPE_REF; /* the same thing in a register */
    if (type != n->type && !are_words)
      return fail(c, n, "a phi of %s with a %s", tz_node_type_name((tz_node_type)n->type),
                  tz_node_type_name((tz_node_type)type));
  }
  return true;
}

/* ---- Dominance ---- */

static bool is_available(const checker *c, const tz_node *value, const tz_node *at) {
  if (value->block == NULL) return false;
  if (value->block != at->block) return tz_block_dominates(value->block, at->block);
  return c->place[value->id] < c->place[at->id];
}

static bool check_inputs(checker *c, const tz_node *n) {
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    const tz_node *value = n->inputs[i];
    bool fine = n->op != TZ_NODE_PHI
                    ? is_available(c, value, n)
                    : value->block != NULL && tz_block_dominates(value->block, n->block->predecessors[i]);
    if (!fine) return fail(c, n, "v%u is not there yet", value->id);
  }
  return true;
}

static bool check_state_value(checker *c, const tz_node *n, const tz_node *value) {
  if (value->op != TZ_NODE_VIRTUAL)
    return is_available(c, value, n) || fail(c, n, "v%u of the state is not there yet", value->id);
  if (c->seen[value->id] == c->n_states) return true;
  c->seen[value->id] = c->n_states;
  for (uint32_t i = 0; i < value->n_inputs; i++) {
    if (value->inputs[i] == NULL) return fail(c, n, "virtual v%u lacks a field", value->id);
    if (!check_state_value(c, n, value->inputs[i])) return false;
  }
  return true;
}

static bool fits_register(const tz_type *type, const tz_node *value) {
  switch (type->rep) {
  case 'I': return value->type == TZ_TYPE_INT;
  case 'F': return value->type == TZ_TYPE_FLOAT;
  default: return value->type == TZ_TYPE_REF || value->type == TZ_TYPE_ANY;
  }
}

static bool check_state(checker *c, const tz_node *n) {
  uint32_t effects = tz_node_effects((tz_node_op)n->op);
  bool is_complete = effects & (TZ_STATE | TZ_GUARD);
  if (!is_complete && !(effects & TZ_TRACE)) return n->state == NULL || fail(c, n, "has a state");
  if (n->state == NULL) return fail(c, n, "has no state");
  c->n_states++;
  for (const tz_frame_state *s = n->state; s != NULL; s = s->outer) {
    if (s->pc >= s->function->n_words) return fail(c, n, "pc %u is outside %s", s->pc, s->function->name);
    if (is_complete && s->n != s->function->n_registers)
      return fail(c, n, "the state of %s is incomplete", s->function->name);
    for (uint32_t r = 0; is_complete && r < s->n; r++) {
      if (s->values[r] == NULL) continue;
      if (!fits_register(s->function->registers[r], s->values[r]))
        return fail(c, n, "register %u of %s cannot hold v%u", r, s->function->name, s->values[r]->id);
      if (!check_state_value(c, n, s->values[r])) return false;
    }
  }
  return true;
}

/* ---- What must follow ---- */

static bool is_branch_on(const tz_node *n, const tz_node *condition) {
  return n != NULL && n->op == TZ_NODE_BRANCH && n->inputs[0] == condition;
}

static bool check_sequence(checker *c, const tz_node *n) {
  const tz_node *next = n->next;
  switch (n->op) {
  case TZ_NODE_NEW:
  case TZ_NODE_NEW_ARRAY:
    if (n->is_nonnull ||
        (next->op == TZ_NODE_IS_NULL && next->inputs[0] == n && is_branch_on(next->next, next)))
      return true;
    return fail(c, n, "nothing asks whether it failed");
  case TZ_NODE_CALL:
  case TZ_NODE_CALL_POINTER:
    return (next->op == TZ_NODE_PENDING && is_branch_on(next->next, next)) ||
           fail(c, n, "nothing asks whether it failed");
  case TZ_NODE_POLL: return is_branch_on(next, n) || fail(c, n, "nothing asks for its result");
  default: return true;
  }
}

static bool check_node(checker *c, const tz_node *n) {
  return check_types(c, n) && check_inputs(c, n) && check_state(c, n) && check_sequence(c, n);
}

static bool check(checker *c) {
  tz_graph *g = c->g;
  if (g->entry->n_predecessors > 0) return fail(c, NULL, "the entry has predecessors");
  for (uint32_t i = 0; i < g->n_blocks; i++)
    if (!check_block(c, g->blocks[i]) || !check_shape(c, g->blocks[i])) return false;
  for (uint32_t i = 0; i < g->n_blocks; i++) {
    uint32_t place = 0;
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next) {
      if (n->id >= g->n_nodes) return fail(c, n, "there are only %u ids", g->n_nodes);
      if (c->place[n->id] != 0) return fail(c, n, "two nodes of the same id");
      c->place[n->id] = ++place;
    }
  }
  for (uint32_t i = 0; i < g->n_blocks; i++)
    for (const tz_node *n = g->blocks[i]->first; n != NULL; n = n->next)
      if (!check_node(c, n)) return false;
  return true;
}

/* False: order failed, or no memory. */
static bool order(tz_graph *g, char **problem) {
  jmp_buf here, *outer = g->escape;
  if (setjmp(here)) *problem = strdup("out of memory");
  else {
    g->escape = &here;
    if (!tz_graph_order(g)) *problem = strdup("a loop has two entries");
  }
  g->escape = outer;
  return *problem == NULL;
}

char *tz_graph_verify(tz_graph *g) {
  checker c = {.g = g};
  if (!order(g, &c.problem)) return c.problem;
  c.place = calloc(g->n_nodes + 1, sizeof *c.place);
  c.seen = calloc(g->n_nodes + 1, sizeof *c.seen);
  if (c.place == NULL || c.seen == NULL) c.problem = strdup("out of memory");
  else if (!check(&c) && c.problem == NULL) c.problem = strdup("broken, and no memory to say how");
  free(c.place);
  free(c.seen);
  return c.problem;
}
