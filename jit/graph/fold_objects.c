/* fold_objects.c: simpler nodes for operations on references, classes and dynamic values. */
#include "simplify.h"
#include "slow.h"

static tz_node *int_constant(tz_simplifier *s, int64_t i) { return tz_constant_int(s, i, TZ_INT_NUMBER); }

static tz_node *address(tz_simplifier *s, const void *p, tz_int_is is) {
  return tz_constant_int(s, (int64_t)(uintptr_t)p, is);
}

/* ---- Classes ---- */

/* The class that n, an address of one, is the address of; NULL: not known. */
static const tz_class *class_of_constant(const tz_node *n) {
  return n->op == TZ_NODE_INT ? (const tz_class *)(uintptr_t)n->imm.i : NULL;
}

static tz_node *fold_class_of(tz_simplifier *s, tz_node *n) {
  tz_known k = tz_facts_known(s->facts, n->inputs[0]);
  return k.is_exact ? address(s, k.cls, TZ_INT_CLASS) : n;
}

/* Of the object whose class input 0 is. */
static tz_known known_of_class(const tz_simplifier *s, const tz_node *cls) {
  if (cls->op == TZ_NODE_CLASS_OF) return tz_facts_known(s->facts, cls->inputs[0]);
  return (tz_known){.kinds = TZ_MAYBE_REF};
}

static tz_node *fold_subclass(tz_simplifier *s, tz_node *n) {
  const tz_class *cls = class_of_constant(n->inputs[0]), *from = n->imm.p;
  if (cls != NULL) return int_constant(s, tz_class_is_subclass(cls, from));
  int descends = tz_known_descends(known_of_class(s, n->inputs[0]), from);
  return descends >= 0 ? int_constant(s, descends) : n;
}

static tz_node *fold_tag(tz_simplifier *s, tz_node *n) {
  const tz_class *cls = class_of_constant(n->inputs[0]);
  return cls != NULL ? int_constant(s, cls->tag) : n;
}

static tz_node *fold_method(tz_simplifier *s, tz_node *n) {
  const tz_class *cls = class_of_constant(n->inputs[0]);
  if (cls == NULL || n->aux >= cls->n_methods || cls->vtable[n->aux] == NULL) return n;
  return address(s, cls->vtable[n->aux], TZ_INT_FUNCTION);
}

static tz_node *fold_interface_method(tz_simplifier *s, tz_node *n) {
  const tz_class *cls = class_of_constant(n->inputs[0]);
  if (cls == NULL || !tz_class_implements(cls, n->imm.p)) return n; /* the latter where nobody comes */
  const tz_function *f = tz_interface_method_nogc(cls, n->imm.p, n->aux);
  return f != NULL ? address(s, f, TZ_INT_FUNCTION) : n;
}

static tz_node *fold_accepts(tz_simplifier *s, tz_node *n) {
  int accepted = tz_known_accepted(tz_facts_known(s->facts, n->inputs[0]), n->imm.p);
  return accepted >= 0 ? int_constant(s, accepted) : n;
}

static tz_node *fold_call_pointer(tz_simplifier *s, tz_node *n) {
  if (n->inputs[0]->op != TZ_NODE_INT) return n;
  n->op = TZ_NODE_CALL;
  n->imm.p = (const void *)(uintptr_t)n->inputs[0]->imm.i;
  n->inputs++;
  n->n_inputs--;
  s->changed = true;
  return n;
}

/* ---- References ---- */

static tz_node *test_of_kind(tz_simplifier *s, tz_node *n, uint8_t kind) {
  tz_known k = tz_facts_known(s->facts, n->inputs[0]);
  if (!(k.kinds & kind)) return int_constant(s, 0);
  return k.kinds == kind ? int_constant(s, 1) : n;
}

static bool is_null(const tz_node *n) {
  return (n->op == TZ_NODE_REF || n->op == TZ_NODE_ANY) && n->imm.i == 0;
}

static tz_node *fold_same(tz_simplifier *s, tz_node *n) {
  tz_node *a = n->inputs[0], *b = n->inputs[1];
  if (a == b) return int_constant(s, 1);
  if (!(tz_facts_known(s->facts, a).kinds & tz_facts_known(s->facts, b).kinds)) return int_constant(s, 0);
  if (a->op == b->op && (a->op == TZ_NODE_REF || a->op == TZ_NODE_ANY))
    return int_constant(s, a->imm.i == b->imm.i);
  if (!is_null(b)) return n;
  n->op = TZ_NODE_IS_NULL;
  n->n_inputs = 1;
  s->changed = true;
  return test_of_kind(s, n, TZ_MAYBE_NULL);
}

static tz_node *fold_length(tz_simplifier *s, tz_node *n) {
  const tz_node *a = n->inputs[0];
  if (a->op == TZ_NODE_NEW_ARRAY) return a->inputs[0];
  if (a->op == TZ_NODE_REF && a->imm.p != NULL && a->cls == s->g->vm->string_class)
    return int_constant(s, ((const tz_string *)a->imm.p)->length);
  return n;
}

/* ---- Dynamic values ---- */

static tz_node *fold_box(tz_simplifier *s, tz_node *n, tz_node_op unbox) {
  tz_node *a = n->inputs[0];
  if (a->op == unbox && a->inputs[0]->type == TZ_TYPE_ANY) return a->inputs[0];
  switch (n->op) {
  case TZ_NODE_BOX_INT:
    return a->op == TZ_NODE_INT && tz_any_int_fits(a->imm.i) ? tz_constant_any(s, tz_any_from_int(a->imm.i))
                                                             : n;
  case TZ_NODE_BOX_FLOAT: return a->op == TZ_NODE_FLOAT ? tz_constant_any(s, tz_any_from_float(a->imm.f)) : n;
  default: return a->op == TZ_NODE_INT ? tz_constant_any(s, tz_any_from_bool(a->imm.i != 0)) : n;
  }
}

static tz_node *fold_unbox_int(tz_simplifier *s, tz_node *n) {
  tz_node *a = n->inputs[0];
  if (a->op == TZ_NODE_BOX_INT) return a->inputs[0];
  return a->op == TZ_NODE_ANY && tz_any_is_int((uint64_t)a->imm.i)
             ? int_constant(s, tz_any_to_int((uint64_t)a->imm.i))
             : n;
}

static tz_node *fold_unbox_float(tz_simplifier *s, tz_node *n) {
  tz_node *a = n->inputs[0];
  if (a->op == TZ_NODE_BOX_FLOAT) return a->inputs[0];
  return a->op == TZ_NODE_ANY && tz_any_is_float((uint64_t)a->imm.i)
             ? tz_constant_float(s, tz_any_to_float((uint64_t)a->imm.i))
             : n;
}

static tz_node *fold_unbox_bool(tz_simplifier *s, tz_node *n) {
  tz_node *a = n->inputs[0];
  if (a->op == TZ_NODE_ANY && tz_any_is_bool((uint64_t)a->imm.i))
    return int_constant(s, tz_any_to_bool((uint64_t)a->imm.i));
  if (a->op != TZ_NODE_BOX_BOOL) return n;
  if (tz_node_is_bool(a->inputs[0])) return a->inputs[0];
  n->op = TZ_NODE_NE;
  n->n_inputs = 2; /* there is room for two */
  n->inputs[0] = a->inputs[0];
  n->inputs[1] = int_constant(s, 0);
  s->changed = true;
  return n;
}

tz_node *tz_fold_object(tz_simplifier *s, tz_node *n) {
  switch (n->op) {
  case TZ_NODE_SAME: return fold_same(s, n);
  case TZ_NODE_IS_NULL: return test_of_kind(s, n, TZ_MAYBE_NULL);
  case TZ_NODE_CLASS_OF: return fold_class_of(s, n);
  case TZ_NODE_SUBCLASS: return fold_subclass(s, n);
  case TZ_NODE_TAG: return fold_tag(s, n);
  case TZ_NODE_METHOD: return fold_method(s, n);
  case TZ_NODE_INTERFACE_METHOD: return fold_interface_method(s, n);
  case TZ_NODE_ACCEPTS: return fold_accepts(s, n);
  case TZ_NODE_CALL_POINTER: return fold_call_pointer(s, n);
  case TZ_NODE_LENGTH: return fold_length(s, n);
  case TZ_NODE_COMPARE_TEXT: return n->inputs[0] == n->inputs[1] ? int_constant(s, 0) : n;
  case TZ_NODE_SAME_TEXT: return n->inputs[0] == n->inputs[1] ? int_constant(s, 1) : n;
  case TZ_NODE_BOX_INT: return fold_box(s, n, TZ_NODE_UNBOX_INT);
  case TZ_NODE_BOX_FLOAT: return fold_box(s, n, TZ_NODE_UNBOX_FLOAT);
  case TZ_NODE_BOX_BOOL: return fold_box(s, n, TZ_NODE_UNBOX_BOOL);
  case TZ_NODE_UNBOX_INT: return fold_unbox_int(s, n);
  case TZ_NODE_UNBOX_FLOAT: return fold_unbox_float(s, n);
  case TZ_NODE_UNBOX_BOOL: return fold_unbox_bool(s, n);
  case TZ_NODE_ANY_IS_INT: return test_of_kind(s, n, TZ_MAYBE_INT);
  case TZ_NODE_ANY_IS_FLOAT: return test_of_kind(s, n, TZ_MAYBE_FLOAT);
  case TZ_NODE_ANY_IS_BOOL: return test_of_kind(s, n, TZ_MAYBE_BOOL);
  case TZ_NODE_ANY_IS_REF: return test_of_kind(s, n, TZ_MAYBE_REF);
  default: return n;
  }
}
