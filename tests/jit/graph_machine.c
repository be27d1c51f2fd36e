/* graph_machine.c: runs graphs. Read graph_machine.h. */
#include "graph_machine.h"
#include "number.h"
#include "terza/linking.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_OBJECTS = 50000, MAX_WORDS = 40, MAX_DEPTH = 200 };

typedef struct object {
  const tz_class *cls;
  int64_t length;          /* of arrays */
  uint32_t serial, event;  /* when it was first seen; last written out */
  const tz_node *made_for; /* VIRTUAL of the state being written */
  tz_word words[MAX_WORDS];
} object;

typedef struct machine {
  const tz_graph *g;
  FILE *log;
  tz_word *values; /* by node id */
  object **objects;
  uint32_t n_objects, n_seen, n_events, n_calls, n_asked;
  tz_word globals[8]; /* of module t, by storage index */
  bool is_pending, ended;
} machine;

static object *make(machine *m, const tz_class *cls, int64_t length) {
  if (m->n_objects == MAX_OBJECTS) abort();
  object *o = m->objects[m->n_objects++] = calloc(1, sizeof *o);
  o->cls = cls;
  o->length = length;
  return o;
}

static tz_word word_of(const object *o) { return (tz_word){.u = (uint64_t)(uintptr_t)o}; }

/* ---- Writing ---- */

static void write_word(machine *m, tz_word w, tz_node_type type, int depth);

static void write_object(machine *m, object *o, int depth) {
  if (o->serial == 0) o->serial = ++m->n_seen;
  fprintf(m->log, "#%" PRIu32, o->serial);
  if (o->event == m->n_events || depth == MAX_DEPTH) return;
  o->event = m->n_events;
  bool is_array = o->cls->type->kind == TZ_KIND_ARRAY;
  uint32_t n = is_array ? (uint32_t)o->length : o->cls->n_fields;
  fprintf(m->log, ":%s{", o->cls->name);
  for (uint32_t i = 0; i < n; i++) {
    const tz_type *t = is_array ? o->cls->type->element : o->cls->fields[i].type;
    tz_node_type type = t->rep == 'F'                    ? TZ_TYPE_FLOAT
                        : t->rep == 'I' || t->rep == 'E' ? TZ_TYPE_INT
                                                         : TZ_TYPE_ANY;
    fputs(i > 0 ? " " : "", m->log);
    write_word(m, o->words[i], type, depth + 1);
  }
  fputc('}', m->log);
}

static void write_float(machine *m, double f) {
  if (f != f) fputs("nan", m->log);
  else fprintf(m->log, "%a", f);
}

static void write_word(machine *m, tz_word w, tz_node_type type, int depth) {
  if (type == TZ_TYPE_INT) fprintf(m->log, "%" PRId64, w.i);
  else if (type == TZ_TYPE_FLOAT) write_float(m, w.f);
  else if (type == TZ_TYPE_VOID) fputs("nothing", m->log);
  else if (w.u == 0) fputs("null", m->log);
  else if (tz_word_is_ref(w.u)) write_object(m, w.p, depth);
  else if (tz_any_is_int(w.u)) fprintf(m->log, "int %" PRId64, tz_any_to_int(w.u));
  else if (tz_any_is_bool(w.u)) fputs(tz_any_to_bool(w.u) ? "true" : "false", m->log);
  else write_float(m, tz_any_to_float(w.u));
}

/* ---- Leaving ---- */

/* What an element of the kind keeps. */
static tz_word narrowed(tz_word w, uint32_t kind) {
  switch (kind) {
  case TZ_KIND_U8: return (tz_word){.i = (uint8_t)w.i};
  case TZ_KIND_I16: return (tz_word){.i = (int16_t)w.i};
  case TZ_KIND_I32: return (tz_word){.i = (int32_t)w.i};
  default: return w;
  }
}

static tz_word state_value(machine *m, const tz_node *n) {
  if (n->op != TZ_NODE_VIRTUAL) return m->values[n->id];
  for (uint32_t i = 0; i < m->n_objects; i++)
    if (m->objects[i]->made_for == n) return word_of(m->objects[i]);
  const tz_class *cls = n->imm.p;
  object *o = make(m, cls, n->n_inputs);
  o->made_for = n;
  tz_kind kind = cls->type->kind == TZ_KIND_ARRAY ? cls->type->element->kind : TZ_KIND_I64;
  for (uint32_t i = 0; i < n->n_inputs; i++) o->words[i] = narrowed(state_value(m, n->inputs[i]), kind);
  return word_of(o);
}

static void write_globals(machine *m) {
  fputs("globals", m->log);
  for (uint32_t i = 0; i < 2; i++) {
    fputc(' ', m->log);
    write_word(m, m->globals[i], i == 0 ? TZ_TYPE_INT : TZ_TYPE_REF, 0);
  }
  fputc('\n', m->log);
}

static void leave(machine *m, const tz_node *at) {
  fprintf(m->log, "left because of %s\n", tz_deopt_text((tz_deopt_reason)at->aux));
  m->n_events++;
  for (const tz_frame_state *s = at->state; s != NULL; s = s->outer) {
    fprintf(m->log, "%s:%" PRIu32, s->function->name, s->pc);
    for (uint32_t r = 0; r < s->n; r++) {
      if (s->values[r] == NULL) continue;
      fprintf(m->log, " r%" PRIu32 "=", r);
      write_word(m, state_value(m, s->values[r]), (tz_node_type)s->values[r]->type, 0);
    }
    fputc('\n', m->log);
  }
  write_globals(m);
  m->ended = true;
}

static void end(machine *m, const char *how, const tz_node *value) {
  m->n_events++;
  fprintf(m->log, "%s ", how);
  if (value != NULL) write_word(m, m->values[value->id], (tz_node_type)value->type, 0);
  fputc('\n', m->log);
  write_globals(m);
  m->ended = true;
}

/* ---- Operations ---- */

static tz_word flag(bool b) { return (tz_word){.i = b}; }

static tz_word of_ints(const tz_node *n, int64_t a, int64_t b) {
  uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
  switch (n->op) {
  case TZ_NODE_ADD: return (tz_word){.u = ua + ub};
  case TZ_NODE_SUB: return (tz_word){.u = ua - ub};
  case TZ_NODE_MUL: return (tz_word){.u = ua * ub};
  case TZ_NODE_DIV: return (tz_word){.i = tz_int_div(a, b)};
  case TZ_NODE_REM: return (tz_word){.i = tz_int_rem(a, b)};
  case TZ_NODE_AND: return (tz_word){.u = ua & ub};
  case TZ_NODE_OR: return (tz_word){.u = ua | ub};
  case TZ_NODE_XOR: return (tz_word){.u = ua ^ ub};
  case TZ_NODE_SHL: return (tz_word){.u = ua << (b & 63)};
  case TZ_NODE_SHR: return (tz_word){.i = a >> (b & 63)};
  case TZ_NODE_USHR: return (tz_word){.u = ua >> (b & 63)};
  case TZ_NODE_SEXT: return (tz_word){.i = n->aux == 8 ? (int8_t)a : n->aux == 16 ? (int16_t)a : (int32_t)a};
  case TZ_NODE_ZEXT:
    return (tz_word){.u = n->aux == 8 ? (uint8_t)a : n->aux == 16 ? (uint16_t)a : (uint32_t)a};
  case TZ_NODE_EQ: return flag(a == b);
  case TZ_NODE_NE: return flag(a != b);
  case TZ_NODE_LT: return flag(a < b);
  case TZ_NODE_LE: return flag(a <= b);
  case TZ_NODE_ULT: return flag(ua < ub);
  case TZ_NODE_MUL_OVERFLOWS: return flag(__builtin_mul_overflow(a, b, &a));
  case TZ_NODE_INT_FITS: return flag(tz_any_int_fits(a));
  case TZ_NODE_I2F: return (tz_word){.f = (double)a};
  case TZ_NODE_I_BITS_F: return (tz_word){.i = a};
  case TZ_NODE_BOX_INT: return (tz_word){.u = tz_any_from_int(a)};
  case TZ_NODE_BOX_BOOL: return (tz_word){.u = tz_any_from_bool(a != 0)};
  default: abort();
  }
}

static tz_word of_floats(const tz_node *n, double a, double b) {
  switch (n->op) {
  case TZ_NODE_FADD: return (tz_word){.f = a + b};
  case TZ_NODE_FSUB: return (tz_word){.f = a - b};
  case TZ_NODE_FMUL: return (tz_word){.f = a * b};
  case TZ_NODE_FDIV: return (tz_word){.f = a / b};
  case TZ_NODE_FNEG: return (tz_word){.f = -a};
  case TZ_NODE_FABS: return (tz_word){.f = fabs(a)};
  case TZ_NODE_FSQRT: return (tz_word){.f = sqrt(a)};
  case TZ_NODE_FFLOOR: return (tz_word){.f = floor(a)};
  case TZ_NODE_FCEIL: return (tz_word){.f = ceil(a)};
  case TZ_NODE_FEQ: return flag(a == b);
  case TZ_NODE_FNE: return flag(a != b);
  case TZ_NODE_FLT: return flag(a < b);
  case TZ_NODE_FLE: return flag(a <= b);
  case TZ_NODE_F2I: return (tz_word){.i = tz_float_to_int(a)};
  case TZ_NODE_F_BITS_I: return (tz_word){.f = a};
  case TZ_NODE_BOX_FLOAT: return (tz_word){.u = tz_any_from_float(a)};
  default: abort();
  }
}

static tz_word of_class(const tz_node *n, const tz_class *cls) {
  switch (n->op) {
  case TZ_NODE_SUBCLASS: return flag(tz_class_is_subclass(cls, n->imm.p));
  case TZ_NODE_TAG: return (tz_word){.i = cls->tag};
  case TZ_NODE_METHOD: return (tz_word){.p = cls->vtable[n->aux]};
  default: abort();
  }
}

static tz_word of_words(const tz_node *n, tz_word a, const tz_word *rest) {
  object *o = a.p;
  switch (n->op) {
  case TZ_NODE_SAME: return flag(a.u == rest[0].u);
  case TZ_NODE_IS_NULL: return flag(a.u == 0);
  case TZ_NODE_CLASS_OF:
  case TZ_NODE_READS_CLASS: return (tz_word){.p = (void *)(uintptr_t)o->cls};
  case TZ_NODE_ACCEPTS: {
    const tz_class *want = ((const tz_type *)n->imm.p)->class_;
    return flag(want->flags & TZ_CLASS_INTERFACE ? tz_class_implements(o->cls, want)
                                                 : tz_class_is_subclass(o->cls, want));
  }
  case TZ_NODE_UNBOX_INT: return (tz_word){.i = tz_any_to_int(a.u)};
  case TZ_NODE_UNBOX_FLOAT: return (tz_word){.f = tz_any_to_float(a.u)};
  case TZ_NODE_UNBOX_BOOL: return flag(tz_any_to_bool(a.u));
  case TZ_NODE_ANY_IS_INT: return flag(tz_any_is_int(a.u));
  case TZ_NODE_ANY_IS_FLOAT: return flag(tz_any_is_float(a.u));
  case TZ_NODE_ANY_IS_BOOL: return flag(tz_any_is_bool(a.u));
  case TZ_NODE_ANY_IS_REF: return flag(tz_word_is_ref(a.u));
  case TZ_NODE_LOAD_FIELD: return o->words[n->aux];
  case TZ_NODE_STORE_FIELD: return o->words[n->aux] = rest[0];
  case TZ_NODE_LENGTH: return (tz_word){.i = o->length};
  case TZ_NODE_LOAD_ELEMENT: return o->words[rest[0].i];
  case TZ_NODE_STORE_ELEMENT: return o->words[rest[0].i] = narrowed(rest[1], n->aux);
  default: abort();
  }
}

/* Unknown code: it says what it got, changes objects that it got and what they refer to, and fails now and
 * then. */
static tz_word call(machine *m, const tz_function *f, const tz_node *n, uint32_t first) {
  m->n_events++;
  m->n_calls++;
  fprintf(m->log, "call %s", f->name);
  for (uint32_t i = first; i < n->n_inputs; i++) {
    fputc(' ', m->log);
    write_word(m, m->values[n->inputs[i]->id], (tz_node_type)n->inputs[i]->type, 0);
  }
  fputc('\n', m->log);
  for (uint32_t i = first; i < n->n_inputs; i++) {
    tz_word w = m->values[n->inputs[i]->id];
    object *o = n->inputs[i]->type >= TZ_TYPE_REF && tz_word_is_ref(w.u) ? w.p : NULL;
    if (o == NULL || o->cls->n_fields < 3 || o->cls->fields[0].type->rep != 'I') continue;
    o->words[0].i += 100;
    m->globals[1] = w;
    object *next = o->words[2].p;
    if (next != NULL) next->words[1].f += 0.5;
  }
  m->is_pending = m->n_calls % 7 == 0;
  return (tz_word){.i = m->n_calls * 3};
}

static tz_word other(machine *m, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_INT:
  case TZ_NODE_REF:
  case TZ_NODE_ANY:
  case TZ_NODE_FLOAT: return (tz_word){.i = n->imm.i};
  case TZ_NODE_NEW: return word_of(make(m, n->imm.p, 0));
  case TZ_NODE_NEW_ARRAY: {
    int64_t length = m->values[n->inputs[0]->id].i;
    return length < 0 || length > MAX_WORDS ? (tz_word){0}
                                            : word_of(make(m, ((const tz_type *)n->imm.p)->class_, length));
  }
  case TZ_NODE_CALL: return call(m, n->imm.p, n, 0);
  case TZ_NODE_CALL_POINTER: return call(m, m->values[n->inputs[0]->id].p, n, 1);
  case TZ_NODE_PENDING: return flag(m->is_pending);
  case TZ_NODE_POLL: return flag(false);
  case TZ_NODE_SHORT: return flag(true);
  case TZ_NODE_ASKED: return flag(++m->n_asked % 3 == 0);
  case TZ_NODE_LOAD_GLOBAL: return m->globals[(const tz_word *)n->imm.p - m->g->function->module->storage];
  case TZ_NODE_STORE_GLOBAL:
    return m->globals[(const tz_word *)n->imm.p - m->g->function->module->storage] =
               m->values[n->inputs[0]->id];
  default: abort();
  }
}

static tz_word evaluate(machine *m, const tz_node *n) {
  bool is_other = n->n_inputs == 0 || n->op >= TZ_NODE_NEW || n->op == TZ_NODE_STORE_GLOBAL;
  if (is_other) return other(m, n);
  tz_word in[3] = {0};
  for (uint32_t i = 0; i < n->n_inputs && i < 3; i++) in[i] = m->values[n->inputs[i]->id];
  if (n->inputs[0]->type == TZ_TYPE_FLOAT) return of_floats(n, in[0].f, in[1].f);
  if (n->inputs[0]->type != TZ_TYPE_INT) return of_words(n, in[0], in + 1);
  if (n->op == TZ_NODE_SUBCLASS || n->op == TZ_NODE_TAG || n->op == TZ_NODE_METHOD)
    return of_class(n, in[0].p);
  return of_ints(n, in[0].i, in[1].i);
}

/* ---- Control ---- */

static const tz_block *enter(machine *m, const tz_block *from, uint32_t successor) {
  const tz_block *to = from->successors[successor];
  tz_word values[64];
  uint32_t k = 0, n = 0;
  while (to->predecessors[k] != from) k++;
  for (const tz_node *phi = to->first; phi->op == TZ_NODE_PHI; phi = phi->next)
    values[n++] = m->values[phi->inputs[k]->id];
  n = 0;
  for (const tz_node *phi = to->first; phi->op == TZ_NODE_PHI; phi = phi->next)
    m->values[phi->id] = values[n++];
  return to;
}

static const tz_block *leave_block(machine *m, const tz_block *b) {
  const tz_node *last = b->last;
  int64_t i = last->n_inputs > 0 ? m->values[last->inputs[0]->id].i : 0;
  switch (last->op) {
  case TZ_NODE_JUMP: return enter(m, b, 0);
  case TZ_NODE_BRANCH: return enter(m, b, i == 0);
  case TZ_NODE_SWITCH:
    return enter(m, b, (uint64_t)i < b->n_successors - 1 ? (uint32_t)i : b->n_successors - 1);
  case TZ_NODE_RETURN: end(m, "returned", last->n_inputs > 0 ? last->inputs[0] : NULL); break;
  case TZ_NODE_FAIL: end(m, "failed", NULL); break;
  default: leave(m, last);
  }
  return NULL;
}

static bool run(machine *m, uint32_t max_steps) {
  const tz_block *b = m->g->entry;
  for (uint32_t steps = 0; b != NULL; b = m->ended || ++steps >= max_steps ? NULL : leave_block(m, b))
    for (const tz_node *n = b->first; n != b->last && !m->ended; n = n->next) {
      if (++steps >= max_steps) return false;
      if (n->op == TZ_NODE_PHI || n->op == TZ_NODE_PARAM) continue;
      if (n->op != TZ_NODE_GUARD) m->values[n->id] = evaluate(m, n);
      else if (m->values[n->inputs[0]->id].i == 0) leave(m, n);
    }
  return m->ended;
}

static void set_argument(machine *m, const tz_node *param, const machine_argument *a) {
  tz_word *value = &m->values[param->id];
  if (param->type == TZ_TYPE_INT) value->i = a->i;
  else if (param->type == TZ_TYPE_FLOAT) value->f = a->f;
  else if (a->ref > 0) {
    object *o = make(m, tz_class_by_name(m->g->vm, a->ref == 1 ? "t.Node" : "t.Leaf"), 0);
    o->words[0].i = a->i;
    *value = word_of(o);
  } else *value = param->type == TZ_TYPE_ANY ? (tz_word){.u = tz_any_from_int(a->i)} : (tz_word){0};
}

char *machine_run(const tz_graph *g, const machine_argument *arguments, uint32_t n, uint32_t max_steps) {
  char *text = NULL;
  size_t length;
  machine m = {.g = g, .log = open_memstream(&text, &length)};
  m.values = calloc(g->n_nodes + 1, sizeof *m.values);
  m.objects = calloc(MAX_OBJECTS, sizeof *m.objects);
  for (uint32_t i = 0; i < g->n_params && i < n; i++)
    if (g->params[i] != NULL) set_argument(&m, g->params[i], &arguments[i]);
  bool ended = run(&m, max_steps);
  fclose(m.log);
  for (uint32_t i = 0; i < m.n_objects; i++) free(m.objects[i]);
  free(m.objects);
  free(m.values);
  if (ended) return text;
  free(text);
  return NULL;
}
