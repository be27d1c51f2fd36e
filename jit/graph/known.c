/* known.c: what is known of values. */
#include "known.h"

static bool is_interface(const tz_class *cls) { return cls->flags & TZ_CLASS_INTERFACE; }

/* No object can be of a class below this one. */
static bool has_no_subclasses(const tz_class *cls) {
  return cls->flags & (TZ_CLASS_FINAL | TZ_CLASS_CLOSURE);
}

/* Of dynamic objects, whose class changes. */
static bool is_shape(const tz_class *cls) { return cls->shape != NULL || cls == cls->vm->dyn_class; }

static tz_known normal(tz_known k) {
  if (!(k.kinds & TZ_MAYBE_REF) || k.cls == NULL || is_shape(k.cls)) {
    k.cls = NULL;
    k.is_exact = false;
  } else if (!k.is_exact) {
    k.is_exact = has_no_subclasses(k.cls);
    /* the root says nothing: arrays and closures do not descend from it, but fit its type */
    if (!k.is_exact && (is_interface(k.cls) || k.cls->depth == 0)) k.cls = NULL;
  }
  return k;
}

tz_known tz_known_object(const tz_class *cls, bool is_exact) {
  return normal((tz_known){.kinds = TZ_MAYBE_REF, .cls = cls, .is_exact = is_exact});
}

static uint8_t kinds_of_word(uint64_t w) {
  if (w == TZ_ANY_NULL) return TZ_MAYBE_NULL;
  if (tz_any_is_bool(w)) return TZ_MAYBE_BOOL;
  return tz_any_is_int(w) ? TZ_MAYBE_INT : tz_any_is_float(w) ? TZ_MAYBE_FLOAT : TZ_MAYBE_REF;
}

static uint8_t kinds_of(const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_REF: return n->imm.p == NULL ? TZ_MAYBE_NULL : TZ_MAYBE_REF;
  case TZ_NODE_ANY: return kinds_of_word((uint64_t)n->imm.i);
  case TZ_NODE_BOX_INT: return TZ_MAYBE_INT;
  case TZ_NODE_BOX_FLOAT: return TZ_MAYBE_FLOAT;
  case TZ_NODE_BOX_BOOL: return TZ_MAYBE_BOOL;
  default: return n->type == TZ_TYPE_REF ? TZ_MAYBE_NULL | TZ_MAYBE_REF : TZ_MAYBE_ANY;
  }
}

tz_known tz_known_of(const tz_node *n) {
  if (n->type != TZ_TYPE_REF && n->type != TZ_TYPE_ANY) return (tz_known){.kinds = TZ_MAYBE_ANY};
  tz_known k = {.kinds = kinds_of(n), .cls = n->cls, .is_exact = n->is_exact};
  if (n->is_nonnull) k.kinds &= (uint8_t)~TZ_MAYBE_NULL;
  if (n->op == TZ_NODE_NEW) {
    k.cls = n->imm.p;
    k.is_exact = true;
  } else if (n->op == TZ_NODE_NEW_ARRAY) k.cls = ((const tz_type *)n->imm.p)->class_;
  return normal(k);
}

static const tz_class *common_ancestor(const tz_class *a, const tz_class *b) {
  uint32_t depth = a->depth < b->depth ? a->depth : b->depth;
  for (uint32_t d = depth + 1; d-- > 0;)
    if (a->ancestors[d] == b->ancestors[d]) return a->ancestors[d];
  return NULL;
}

tz_known tz_known_join(tz_known a, tz_known b) {
  tz_known both = {.kinds = a.kinds | b.kinds};
  if (!(a.kinds & TZ_MAYBE_REF)) {
    both.cls = b.cls;
    both.is_exact = b.is_exact;
  } else if (!(b.kinds & TZ_MAYBE_REF)) {
    both.cls = a.cls;
    both.is_exact = a.is_exact;
  } else if (a.cls != NULL && b.cls != NULL) {
    both.cls = common_ancestor(a.cls, b.cls);
    both.is_exact = a.cls == b.cls && a.is_exact && b.is_exact;
  }
  return normal(both);
}

tz_known tz_known_meet(tz_known a, tz_known b) {
  tz_known both = {.kinds = a.kinds & b.kinds, .cls = a.cls, .is_exact = a.is_exact};
  if (b.cls != NULL &&
      (a.cls == NULL || (!a.is_exact && (b.is_exact || tz_class_is_subclass(b.cls, a.cls))))) {
    both.cls = b.cls;
    both.is_exact = b.is_exact;
  }
  return normal(both);
}

int tz_known_descends(tz_known k, const tz_class *from) {
  if (k.cls == NULL) return -1;
  if (tz_class_is_subclass(k.cls, from)) return 1;
  return k.is_exact || !tz_class_is_subclass(from, k.cls) ? 0 : -1;
}

int tz_known_accepted(tz_known k, const tz_type *by) {
  switch (by->kind) {
  case TZ_KIND_ANY:
  case TZ_KIND_OBJECT: return 1;
  case TZ_KIND_CLASS:
    if (!is_interface(by->class_)) return tz_known_descends(k, by->class_);
    if (k.cls != NULL && tz_class_implements(k.cls, by->class_)) return 1;
    return k.is_exact ? 0 : -1;
  case TZ_KIND_FUNC:
    if (!k.is_exact) return -1;
    return (k.cls->flags & TZ_CLASS_CLOSURE) && k.cls->n_methods > 0 &&
           k.cls->methods[0].signature == by->signature;
  default: return k.is_exact ? k.cls == by->class_ : -1;
  }
}
