/* graph_random.c: random graphs do the same before and after each pass.
 *
 *   test_graph_random WORLD.tza [COUNT [SEED]]
 *
 * The graphs are of t.f and t.g (graphs/world.tza; g catches exceptions), built as the builder would: nested
 * branches and counted loops over an environment of registers, guards with states (some of two frames),
 * objects that are made, linked, read, tested, passed on. Each is run (graph_machine.h) on several arguments,
 * rewritten by one pass or by all of them, verified and run again. A difference is printed with its seed and
 * graph. */
#include "graph_machine.h"
#include "passes.h"
#include "terza/assembler.h"
#include "terza/linking.h"
#include "terza/loader.h"
#include <stdlib.h>

enum { REGISTERS = 10, MAX_DEPTH = 4, MAX_STEPS = 20000 };
static const tz_node_type register_types[REGISTERS] = {TZ_TYPE_INT, TZ_TYPE_REF,  TZ_TYPE_ANY, TZ_TYPE_FLOAT,
                                                       TZ_TYPE_REF, TZ_TYPE_ANY,  TZ_TYPE_REF, TZ_TYPE_INT,
                                                       TZ_TYPE_INT, TZ_TYPE_FLOAT};
enum { NODE = 4, ANY = 5, OBJECT = 6, INT = 7, FLOAT = 9 }; /* registers written */

typedef struct maker {
  tz_vm *vm;
  tz_graph *g;
  tz_block *b; /* NULL: not reached */
  tz_node *env[REGISTERS];
  uint64_t seed;
  int budget;
  const tz_class *node, *leaf, *pair;
  tz_function *f; /* whose graph it is: plain or catching */
  tz_function *plain, *catching, *caller, *sink, *sink_any;
} maker;

static uint32_t pick(maker *m, uint32_t n) {
  m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(m->seed >> 33) % n;
}

/* ---- Nodes ---- */

static tz_node *emit(maker *m, tz_node_op op, tz_node_type type, uint32_t n, tz_node *x, tz_node *y) {
  tz_node *node = tz_node_new(m->g, op, type, n);
  if (n > 0) node->inputs[0] = x;
  if (n > 1) node->inputs[1] = y;
  tz_block_append(m->b, node);
  m->budget--;
  return node;
}
static tz_node *unary(maker *m, tz_node_op op, tz_node *x) { return emit(m, op, TZ_TYPE_INT, 1, x, NULL); }
static tz_node *binary(maker *m, tz_node_op op, tz_node *x, tz_node *y) {
  return emit(m, op, TZ_TYPE_INT, 2, x, y);
}

static tz_node *constant(maker *m, tz_node_op op, tz_node_type type, int64_t bits) {
  tz_node *n = emit(m, op, type, 0, NULL, NULL);
  n->imm.i = bits;
  return n;
}
static tz_node *number(maker *m, int64_t i) { return constant(m, TZ_NODE_INT, TZ_TYPE_INT, i); }
static tz_node *class_constant(maker *m, const tz_class *cls) {
  tz_node *n = number(m, (int64_t)(uintptr_t)cls);
  n->aux = TZ_INT_CLASS;
  return n;
}
static tz_node *not_null(maker *m, tz_node *x) {
  return binary(m, TZ_NODE_EQ, unary(m, TZ_NODE_IS_NULL, x), number(m, 0));
}

static tz_frame_state *frame(maker *m, tz_function *f) {
  tz_frame_state *s = tz_graph_alloc(m->g, sizeof *s);
  *s = (tz_frame_state){.function = f, .pc = 1 + pick(m, 4), .n = f->n_registers};
  s->values = tz_graph_alloc(m->g, s->n * sizeof *s->values);
  return s;
}

static tz_frame_state *state(maker *m) {
  tz_frame_state *s = frame(m, m->f);
  for (uint32_t r = 0; r < REGISTERS; r++)
    if (pick(m, 4) > 0) s->values[r] = m->env[r];
  if (pick(m, 3) > 0) return s;
  s->outer = frame(m, m->caller);
  s->outer->values[1] = m->env[NODE];
  s->outer->values[2] = m->env[ANY];
  return s;
}

static tz_frame_state *place(maker *m) {
  tz_frame_state *s = tz_graph_alloc(m->g, sizeof *s);
  *s = (tz_frame_state){.function = m->f, .pc = 1};
  return s;
}

static void guard(maker *m, tz_node *cond) {
  tz_node *n = emit(m, TZ_NODE_GUARD, TZ_TYPE_VOID, 1, cond, NULL);
  n->aux = pick(m, TZ_DEOPT_COUNT);
  n->state = state(m);
}

/* ---- Control ---- */

typedef struct fork {
  tz_block *yes, *no;
} fork;

static fork branch(maker *m, tz_node *cond) {
  emit(m, TZ_NODE_BRANCH, TZ_TYPE_VOID, 1, cond, NULL)->aux = 1 + pick(m, 1000);
  fork f = {tz_block_new(m->g), tz_block_new(m->g)};
  tz_block_link(m->g, m->b, f.yes);
  tz_block_link(m->g, m->b, f.no);
  m->b = NULL;
  return f;
}

static void jump(maker *m, tz_block *to) {
  emit(m, TZ_NODE_JUMP, TZ_TYPE_VOID, 0, NULL, NULL);
  tz_block_link(m->g, m->b, to);
  m->b = NULL;
}

/* Goes on where `failed` is 0; otherwise the function fails, or is left as at a call within a handler. */
static void leave_if(maker *m, tz_node *failed) {
  fork f = branch(m, failed);
  m->b = f.yes;
  if (pick(m, 2) > 0) emit(m, TZ_NODE_FAIL, TZ_TYPE_VOID, 0, NULL, NULL);
  else emit(m, TZ_NODE_DEOPT, TZ_TYPE_VOID, 0, NULL, NULL)->state = state(m);
  m->b = f.no;
}

static void statements(maker *m, int depth);
static void accumulate(maker *m, tz_node *counter);

static tz_node *condition(maker *m) {
  tz_node *x = m->env[INT + pick(m, 2)], *y = m->env[pick(m, 2) > 0 ? INT : 0];
  switch (pick(m, 6)) {
  case 0: return binary(m, TZ_NODE_LT, x, y);
  case 1: return binary(m, TZ_NODE_AND, x, number(m, 1));
  case 2: return unary(m, TZ_NODE_IS_NULL, m->env[NODE]);
  case 3: return binary(m, TZ_NODE_SAME, m->env[NODE], m->env[OBJECT]);
  case 4: return unary(m, pick(m, 2) ? TZ_NODE_ANY_IS_INT : TZ_NODE_ANY_IS_REF, m->env[ANY]);
  default: return binary(m, TZ_NODE_NE, x, number(m, (int64_t)pick(m, 4)));
  }
}

static void join(maker *m, tz_block *a, tz_node *const *env_a, tz_block *b, tz_node *const *env_b) {
  tz_block *to = tz_block_new(m->g);
  for (int side = 0; side < 2; side++) {
    m->b = side == 0 ? a : b;
    if (m->b != NULL) jump(m, to);
  }
  m->b = a != NULL || b != NULL ? to : NULL;
  for (uint32_t r = 0; r < REGISTERS; r++) {
    if (a == NULL || b == NULL || env_a[r] == env_b[r]) m->env[r] = a != NULL ? env_a[r] : env_b[r];
    else m->env[r] = emit(m, TZ_NODE_PHI, register_types[r], 2, env_a[r], env_b[r]);
  }
}

static void choice(maker *m, int depth, tz_node *cond) {
  tz_node *before[REGISTERS], *yes[REGISTERS];
  memcpy(before, m->env, sizeof before);
  fork f = branch(m, cond);
  m->b = f.yes;
  statements(m, depth + 1);
  tz_block *end = m->b;
  memcpy(yes, m->env, sizeof yes);
  memcpy(m->env, before, sizeof before);
  m->b = f.no;
  if (pick(m, 3) > 0) statements(m, depth + 1);
  tz_node *no[REGISTERS];
  memcpy(no, m->env, sizeof no);
  join(m, end, yes, m->b, no);
}

/* Where a loop begins and what it counts to. */
static void pick_bounds(maker *m, tz_node **first, tz_node **bound) {
  *first = number(m, (int64_t)pick(m, 3));
  if (pick(m, 8) == 0) { /* at the end of the numbers */
    *first = number(m, INT64_MAX - (int64_t)pick(m, 4));
    *bound = number(m, INT64_MAX);
  } else if (pick(m, 2))
    *bound = number(m, (int64_t)pick(m, pick(m, 12) > 0 ? 5 : 3000)); /* some take several strips */
  else *bound = pick(m, 3) ? binary(m, TZ_NODE_AND, m->env[0], number(m, 7)) : m->env[INT];
}

static tz_node *pick_step(maker *m) {
  if (pick(m, 5)) return number(m, pick(m, 5) ? 1 : 3);
  return binary(m, TZ_NODE_ADD, binary(m, TZ_NODE_AND, m->env[0], number(m, 3)), number(m, 1));
}

/* PHIs for the registers that the loop may write. */
static void begin_loop(maker *m, tz_node **phis) {
  for (uint32_t r = 0; r < REGISTERS; r++) {
    phis[r] = NULL;
    if (r < NODE || pick(m, 3) == 0) continue;
    m->env[r] = phis[r] = emit(m, TZ_NODE_PHI, register_types[r], 2, m->env[r], NULL);
  }
}

/* Polls and goes back. */
static void end_loop(maker *m, tz_block *header, tz_node *const *phis) {
  tz_node *poll = emit(m, TZ_NODE_POLL, TZ_TYPE_INT, 0, NULL, NULL);
  poll->state = place(m);
  fork polled = branch(m, poll);
  m->b = polled.yes;
  emit(m, TZ_NODE_DEOPT, TZ_TYPE_VOID, 0, NULL, NULL)->state = state(m);
  m->b = polled.no;
  jump(m, header);
  for (uint32_t r = NODE; r < REGISTERS; r++)
    if (phis[r] != NULL) phis[r]->inputs[1] = m->env[r];
}

/* The test stands at the start or at the end. */
static void loop(maker *m, int depth) {
  tz_block *header = tz_block_new(m->g);
  tz_node *first, *bound, *step = pick_step(m), *phis[REGISTERS], *kept[REGISTERS];
  tz_node_op op = pick(m, 4) ? TZ_NODE_LT : TZ_NODE_LE;
  pick_bounds(m, &first, &bound);
  jump(m, header);
  m->b = header;
  tz_node *counter = emit(m, TZ_NODE_PHI, TZ_TYPE_INT, 2, first, NULL);
  begin_loop(m, phis);
  memcpy(kept, m->env, sizeof kept);
  fork f = {NULL, NULL};
  if (pick(m, 2)) {
    f = branch(m, binary(m, op, counter, bound));
    m->b = f.yes;
  }
  if (pick(m, 2)) m->env[INT] = counter;
  if (phis[NODE] == NULL && pick(m, 2)) accumulate(m, counter);
  statements(m, depth + 1);
  if (m->b == NULL) /* never comes round */
    for (tz_node *n = header->first; n->op == TZ_NODE_PHI; n = n->next) n->n_inputs = 1;
  else {
    for (uint32_t r = NODE; r < REGISTERS; r++)
      if (phis[r] == NULL) m->env[r] = kept[r];
    tz_node *next = binary(m, TZ_NODE_ADD, counter, step), *last[REGISTERS];
    memcpy(last, m->env, sizeof last);
    counter->inputs[1] = next;
    bool is_top = f.no != NULL;
    if (!is_top) {
      f = branch(m, binary(m, op, next, bound));
      m->b = f.yes;
    }
    end_loop(m, header, phis);
    if (!is_top) memcpy(kept, last, sizeof kept);
  }
  m->b = f.no;
  memcpy(m->env, kept, sizeof kept);
}

/* ---- Statements ---- */

static void compute(maker *m) {
  static const uint8_t ops[] = {TZ_NODE_ADD, TZ_NODE_SUB, TZ_NODE_MUL,  TZ_NODE_AND, TZ_NODE_OR, TZ_NODE_XOR,
                                TZ_NODE_SHL, TZ_NODE_SHR, TZ_NODE_USHR, TZ_NODE_EQ,  TZ_NODE_LT, TZ_NODE_ULT};
  tz_node *x = m->env[pick(m, 2) ? 0 : INT],
          *y = pick(m, 2) ? m->env[INT + 1] : number(m, (int64_t)pick(m, 5) - 2);
  if (pick(m, 6) == 0) y = number(m, pick(m, 2) ? INT64_MAX : 255);
  tz_node *n = binary(m, (tz_node_op)ops[pick(m, sizeof ops)], x, y);
  if (pick(m, 5) == 0) {
    n = unary(m, pick(m, 2) ? TZ_NODE_SEXT : TZ_NODE_ZEXT, n);
    n->aux = 8u << pick(m, 3);
  }
  m->env[INT + pick(m, 2)] = n;
}

static void compute_float(maker *m) {
  static const uint8_t ops[] = {TZ_NODE_FADD, TZ_NODE_FSUB, TZ_NODE_FMUL};
  tz_node *y = pick(m, 2) ? m->env[3] : emit(m, TZ_NODE_I2F, TZ_TYPE_FLOAT, 1, m->env[INT], NULL);
  m->env[FLOAT] = emit(m, (tz_node_op)ops[pick(m, 3)], TZ_TYPE_FLOAT, 2, m->env[FLOAT], y);
}

static tz_node *allocate(maker *m, const tz_class *cls) {
  tz_node *n = emit(m, TZ_NODE_NEW, TZ_TYPE_REF, 0, NULL, NULL);
  n->imm.p = n->cls = cls;
  n->is_exact = true;
  n->state = place(m);
  leave_if(m, unary(m, TZ_NODE_IS_NULL, n));
  return n;
}

static void store(maker *m, tz_node *object, uint32_t field, tz_node *value) {
  emit(m, TZ_NODE_STORE_FIELD, TZ_TYPE_VOID, 2, object, value)->aux = field;
}

static tz_node *load(maker *m, tz_node *object, uint32_t field, tz_node_type type) {
  tz_node *n = emit(m, TZ_NODE_LOAD_FIELD, type, 1, object, NULL);
  n->aux = field;
  if (field == 2) n->cls = m->node;
  return n;
}

/* A field of the node register's object goes on around the loop. */
static void accumulate(maker *m, tz_node *counter) {
  tz_node *n = m->env[NODE];
  guard(m, not_null(m, n));
  store(m, n, 0, binary(m, TZ_NODE_ADD, load(m, n, 0, TZ_TYPE_INT), counter));
  if (pick(m, 3) == 0) store(m, n, 3, m->env[ANY]);
  if (pick(m, 3) == 0) store(m, n, 2, n);
}

static void make_node(maker *m) {
  tz_node *n = allocate(m, pick(m, 3) ? m->node : m->leaf);
  if (pick(m, 2)) store(m, n, 0, m->env[INT]);
  if (pick(m, 2)) store(m, n, 1, m->env[FLOAT]);
  if (pick(m, 2)) store(m, n, 2, m->env[NODE]);
  if (pick(m, 2)) store(m, n, 3, m->env[ANY]);
  m->env[pick(m, 3) ? NODE : OBJECT] = n;
}

static void make_pair(maker *m) {
  tz_node *n = allocate(m, m->pair);
  store(m, n, 0, m->env[NODE]);
  store(m, n, 1, pick(m, 4) ? m->env[OBJECT] : n);
  m->env[OBJECT] = n;
}

/* The node register's object; where it is null, a new one, or the function is left. */
static tz_node *some_node(maker *m) {
  if (pick(m, 2)) {
    guard(m, not_null(m, m->env[NODE]));
    return m->env[NODE];
  }
  tz_node *before[REGISTERS], *after[REGISTERS];
  memcpy(before, m->env, sizeof before);
  fork f = branch(m, unary(m, TZ_NODE_IS_NULL, m->env[NODE]));
  m->b = f.yes;
  m->env[NODE] = allocate(m, m->node);
  memcpy(after, m->env, sizeof after);
  join(m, m->b, after, f.no, before);
  return m->env[NODE];
}

static void access_node(maker *m) {
  tz_node *n = some_node(m);
  switch (pick(m, 9)) {
  case 0: m->env[INT] = load(m, n, 0, TZ_TYPE_INT); break;
  case 1: m->env[FLOAT] = load(m, n, 1, TZ_TYPE_FLOAT); break;
  case 2: m->env[NODE] = load(m, n, 2, TZ_TYPE_REF); break;
  case 3: m->env[ANY] = load(m, n, 3, TZ_TYPE_ANY); break;
  case 4: store(m, n, 0, m->env[INT + 1]); break;
  case 5: store(m, n, 1, m->env[FLOAT]); break;
  case 6: store(m, n, 2, m->env[pick(m, 2) ? 1 : NODE]); break;
  case 7: store(m, n, 3, m->env[pick(m, 2) ? ANY : OBJECT]); break;
  default: emit(m, TZ_NODE_STORE_GLOBAL, TZ_TYPE_VOID, 1, n, NULL)->imm.p = m->f->module->storage + 1;
  }
}

static void test_class(maker *m) {
  guard(m, not_null(m, m->env[OBJECT]));
  tz_node *cls = unary(m, TZ_NODE_CLASS_OF, m->env[OBJECT]);
  switch (pick(m, 3)) {
  case 0: {
    tz_node *n = unary(m, TZ_NODE_SUBCLASS, cls);
    n->imm.p = m->node;
    guard(m, n);
    m->env[NODE] = m->env[OBJECT];
    break;
  }
  case 1:
    guard(m, binary(m, TZ_NODE_EQ, cls, class_constant(m, m->pair)));
    m->env[OBJECT] = load(m, m->env[OBJECT], pick(m, 2), TZ_TYPE_REF);
    break;
  default: m->env[INT] = unary(m, TZ_NODE_TAG, cls);
  }
}

static void use_array(maker *m) {
  static const struct {
    const char *type;
    tz_kind kind;
  } kinds[] = {{"[i64]", TZ_KIND_I64}, {"[u8]", TZ_KIND_U8}, {"[i16]", TZ_KIND_I16}};
  uint32_t k = pick(m, 3);
  const char *error;
  tz_node *n = emit(m, TZ_NODE_NEW_ARRAY, TZ_TYPE_REF, 1, number(m, 3), NULL);
  n->imm.p = tz_type_parse(m->vm, kinds[k].type, &error);
  n->state = place(m);
  leave_if(m, unary(m, TZ_NODE_IS_NULL, n));
  tz_node *index =
      pick(m, 3) ? number(m, (int64_t)pick(m, 3)) : binary(m, TZ_NODE_AND, m->env[INT], number(m, 1));
  tz_node *s = tz_node_new(m->g, TZ_NODE_STORE_ELEMENT, TZ_TYPE_VOID, 3);
  s->inputs[0] = n;
  s->inputs[1] = index;
  s->inputs[2] = m->env[INT + 1];
  s->aux = kinds[k].kind;
  tz_block_append(m->b, s);
  if (pick(m, 2)) guard(m, condition(m));
  tz_node *l = binary(m, TZ_NODE_LOAD_ELEMENT, n, pick(m, 2) ? index : number(m, 1));
  l->aux = kinds[k].kind;
  m->env[INT] = binary(m, TZ_NODE_ADD, l, unary(m, TZ_NODE_LENGTH, n));
  if (pick(m, 2)) m->env[OBJECT] = n;
}

static void use_any(maker *m) {
  switch (pick(m, 5)) {
  case 0:
    guard(m, unary(m, TZ_NODE_INT_FITS, m->env[INT]));
    m->env[ANY] = emit(m, TZ_NODE_BOX_INT, TZ_TYPE_ANY, 1, m->env[INT], NULL);
    break;
  case 1: m->env[ANY] = emit(m, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY, 1, m->env[FLOAT], NULL); break;
  case 2: m->env[ANY] = emit(m, TZ_NODE_BOX_BOOL, TZ_TYPE_ANY, 1, condition(m), NULL); break;
  case 3: {
    tz_node *next;
    guard(m, unary(m, TZ_NODE_ANY_IS_INT, m->env[ANY]));
    next = binary(m, TZ_NODE_ADD, unary(m, TZ_NODE_UNBOX_INT, m->env[ANY]), number(m, 1));
    guard(m, unary(m, TZ_NODE_INT_FITS, next));
    m->env[ANY] = emit(m, TZ_NODE_BOX_INT, TZ_TYPE_ANY, 1, next, NULL);
    m->env[INT] = next;
    break;
  }
  default: m->env[ANY] = m->env[pick(m, 2) ? NODE : 2];
  }
}

static void call(maker *m) {
  uint32_t r = pick(m, 3) ? NODE : OBJECT;
  tz_node *n =
      emit(m, TZ_NODE_CALL, pick(m, 2) ? TZ_TYPE_INT : TZ_TYPE_VOID, pick(m, 2) + 1, m->env[r], m->env[ANY]);
  n->imm.p = pick(m, 2) ? m->sink : m->sink_any;
  n->state = place(m);
  tz_node *pending = emit(m, TZ_NODE_PENDING, TZ_TYPE_INT, 0, NULL, NULL);
  leave_if(m, pending);
  if (n->type == TZ_TYPE_INT) m->env[INT] = n;
}

/* What an inlined predicate leaves: two ways meet with a constant each, and a branch on that. */
static void predicate(maker *m, int depth) {
  tz_node *before[REGISTERS], *yes[REGISTERS], *no[REGISTERS];
  tz_node *constants[] = {number(m, 0), number(m, (int64_t)pick(m, 3)),
                          constant(m, TZ_NODE_REF, TZ_TYPE_REF, 0)};
  uint32_t how = pick(m, 3), r = how == 2 ? NODE : INT;
  memcpy(before, m->env, sizeof before);
  fork f = branch(m, condition(m));
  m->b = f.yes;
  if (pick(m, 2)) guard(m, condition(m));
  if (pick(m, 3) > 0) m->env[r] = how == 2 ? m->env[1] : constants[1];
  tz_block *end = m->b;
  memcpy(yes, m->env, sizeof yes);
  memcpy(m->env, before, sizeof before);
  m->b = f.no;
  m->env[r] = how == 2 ? constants[2] : constants[0];
  memcpy(no, m->env, sizeof no);
  join(m, end, yes, m->b, no);
  tz_node *x = m->env[r];
  if (how > 0) x = how == 2 ? unary(m, TZ_NODE_IS_NULL, x) : binary(m, TZ_NODE_EQ, x, constants[0]);
  choice(m, depth, x);
}

static void statement(maker *m, int depth) {
  switch (pick(m, 19)) {
  case 0:
  case 1: compute(m); break;
  case 2: compute_float(m); break;
  case 3:
  case 4: make_node(m); break;
  case 5: make_pair(m); break;
  case 6:
  case 7:
  case 8: access_node(m); break;
  case 9: test_class(m); break;
  case 10: use_array(m); break;
  case 11: use_any(m); break;
  case 12:
    if (pick(m, 2)) call(m);
    break;
  case 13: guard(m, binary(m, TZ_NODE_NE, m->env[INT], number(m, (int64_t)pick(m, 9)))); break;
  case 14:
    if (depth > 1 && pick(m, 4) == 0) {
      emit(m, TZ_NODE_RETURN, TZ_TYPE_VOID, 1, m->env[INT], NULL);
      m->b = NULL;
      break;
    } /* fall through */
  case 15:
    if (depth < MAX_DEPTH) choice(m, depth, condition(m));
    break;
  case 16:
  case 17:
    if (depth < MAX_DEPTH) predicate(m, depth);
    break;
  default:
    if (depth < MAX_DEPTH) loop(m, depth);
  }
}

static void statements(maker *m, int depth) {
  for (int n = 1 + (int)pick(m, depth == 0 ? 14 : 5); n > 0 && m->b != NULL && m->budget > 0; n--)
    statement(m, depth);
}

static tz_graph *make(maker *m, uint64_t seed) {
  jmp_buf escape;
  m->seed = seed;
  m->budget = 300;
  m->f = pick(m, 4) > 0 ? m->plain : m->catching;
  tz_graph *g = m->g = tz_graph_new(m->vm, m->f, TZ_NO_OSR);
  if (g == NULL || setjmp(escape)) exit(2);
  g->escape = &escape;
  g->result = TZ_TYPE_INT;
  g->n_params = 4;
  g->params = tz_graph_alloc(g, 4 * sizeof *g->params);
  m->b = g->entry;
  for (uint32_t r = 0; r < 4; r++) {
    m->env[r] = g->params[r] = constant(m, TZ_NODE_PARAM, register_types[r], r);
    if (r == 1) m->env[r]->cls = m->node;
  }
  m->env[NODE] = pick(m, 2) ? m->env[1] : constant(m, TZ_NODE_REF, TZ_TYPE_REF, 0);
  m->env[ANY] = m->env[2];
  m->env[OBJECT] = m->env[1];
  m->env[INT] = m->env[INT + 1] = m->env[0];
  m->env[FLOAT] = m->env[3];
  statements(m, 0);
  if (m->b != NULL) emit(m, TZ_NODE_RETURN, TZ_TYPE_VOID, 1, m->env[INT], NULL);
  g->escape = NULL;
  return g;
}

/* ---- Comparing ---- */

static const machine_argument arguments[][4] = {
    {{.i = 3}, {.ref = 1}, {.i = 5}, {.f = 1.5}},
    {{.i = 0}, {.ref = 0}, {.ref = 1}, {.f = -0.25}},
    {{.i = -7}, {.i = 9, .ref = 2}, {.i = -1}, {.f = 1e300}},
    {{.i = 14}, {.i = 2, .ref = 1}, {.ref = 2}, {.f = 0}},
    {{.i = INT64_MAX}, {.i = INT64_MIN, .ref = 1}, {.i = (int64_t)1 << 49}, {.f = -0.0}},
    {{.i = INT64_MIN + 1}, {.ref = 2}, {.i = 1 << 30}, {.f = 3}},
};
enum { N_ARGUMENTS = sizeof arguments / sizeof *arguments };

static char *dump(const tz_graph *g) {
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  tz_graph_dump(g, to);
  fclose(to);
  return text;
}

static bool rewrite(tz_graph *g, const tz_pass *pass) {
  jmp_buf escape;
  if (setjmp(escape)) return false;
  g->escape = &escape;
  if (!tz_graph_order(g)) return false;
  if (pass != NULL) pass->run(g);
  else tz_graph_optimize(g, &(tz_pass_options){.verify = true});
  g->escape = NULL;
  return true;
}

static bool report(uint64_t seed, const char *pass, const char *problem, const char *before,
                   const tz_graph *after) {
  printf("seed %lu, pass %s: %s\n%s", seed, pass, problem, before);
  if (after != NULL) {
    char *text = dump(after);
    printf("--- after\n%s", text);
    free(text);
  }
  return false;
}

static bool compare(uint64_t seed, const char *pass, const char *text, const tz_graph *before,
                    const tz_graph *after) {
  for (uint32_t i = 0; i < N_ARGUMENTS; i++) {
    char *expected = machine_run(before, arguments[i], 4, MAX_STEPS);
    char *actual = machine_run(after, arguments[i], 4, 4 * MAX_STEPS);
    bool is_same = expected == NULL || (actual != NULL && strcmp(expected, actual) == 0);
    if (!is_same) {
      report(seed, pass, "does something else", text, after);
      printf("--- arguments %u: expected\n%s--- actual\n%s", i, expected,
             actual != NULL ? actual : "too many steps\n");
    }
    free(expected);
    free(actual);
    if (!is_same) return false;
  }
  return true;
}

/* pass NULL: all of them. */
static bool test_pass(maker *m, uint64_t seed, const tz_pass *pass, const char *text,
                      const tz_graph *before) {
  const char *name = pass != NULL ? pass->name : "all";
  char *problem = NULL;
  tz_graph *g = tz_graph_parse(m->vm, text, &problem);
  bool is_right = false;
  if (g == NULL) report(seed, name, problem, text, NULL);
  else if (!rewrite(g, pass)) report(seed, name, "gave up", text, NULL);
  else if ((problem = tz_graph_verify(g)) != NULL) report(seed, name, problem, text, g);
  else is_right = compare(seed, name, text, before, g);
  free(problem);
  tz_graph_free(g);
  return is_right;
}

static bool test_seed(maker *m, uint64_t seed) {
  static const char *const passes[] = {
#define TZ_PASS(name, GROUP, meaning) #name,
#include "passes.def"
#undef TZ_PASS
  };
  tz_graph *g = make(m, seed);
  char *problem = tz_graph_verify(g);
  char *text = dump(g);
  bool is_right = problem == NULL || report(seed, "none", problem, text, NULL);
  for (size_t i = 0; i < sizeof passes / sizeof *passes && is_right; i++)
    is_right = test_pass(m, seed, tz_pass_find(passes[i]), text, g);
  is_right = is_right && test_pass(m, seed, NULL, text, g);
  free(text);
  free(problem);
  tz_graph_free(g);
  return is_right;
}

/* ---- The world ---- */

static tz_function *function_named(const tz_module *module, const char *name) {
  for (uint32_t i = 0; i < module->n_functions; i++)
    if (strcmp(module->functions[i]->name, name) == 0) return module->functions[i];
  exit(2);
}

static tz_module *load_world(tz_vm *vm, const char *path) {
  char *text = NULL;
  size_t room = 0;
  tz_asm_error wrong;
  tz_load_error unlinked;
  FILE *file = fopen(path, "rb");
  if (file == NULL || getdelim(&text, &room, 0, file) < 0) return NULL;
  fclose(file);
  tz_image *image = tz_asm_assemble(text, strlen(text), &wrong);
  free(text);
  return image != NULL ? tz_module_link(vm, image, &unlinked) : NULL;
}

int main(int argc, char **argv) {
  tz_vm *vm = tz_vm_new(NULL);
  tz_module *module = argc > 1 ? load_world(vm, argv[1]) : NULL;
  if (module == NULL) return fprintf(stderr, "usage: test_graph_random WORLD.tza [COUNT [SEED]]\n"), 2;
  maker m = {.vm = vm,
             .node = tz_class_by_name(vm, "t.Node"),
             .leaf = tz_class_by_name(vm, "t.Leaf"),
             .pair = tz_class_by_name(vm, "t.Pair"),
             .plain = function_named(module, "t.f"),
             .catching = function_named(module, "t.g"),
             .caller = function_named(module, "t.caller"),
             .sink = function_named(module, "t.sink"),
             .sink_any = function_named(module, "t.sinkAny")};
  uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000,
           seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  for (uint64_t i = 0; i < count; i++)
    if (!test_seed(&m, seed + i)) return 1;
  printf("%lu graphs from seed %lu do the same after each pass\n", count, seed);
  tz_vm_free(vm);
  return 0;
}
