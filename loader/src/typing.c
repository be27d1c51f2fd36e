/* typing.c: which types convert to which without a check. See verifier.h; the relation is in
 * docs/verification.md. */
#include "verifier.h"

char tz_kind_rep(tz_kind kind) {
  enum { N = 'N', I = 'I', F = 'F', R = 'R', Y = 'Y', E = 'E' };
  static const char reps[TZ_KIND_COUNT] = {
#define TZ_KIND(NAME, text, rep) rep,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  };
  return reps[kind];
}

bool tz_class_lists(const tz_class_entry *c, uint32_t interface) {
  uint32_t low = 0, high = c->n_implements;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (c->implements[middle].interface == interface) return true;
    if (c->implements[middle].interface < interface) low = middle + 1;
    else high = middle;
  }
  return false;
}

static bool is_interface(const tz_verifier *v, uint32_t c) {
  return v->image->classes[c].flags & TZ_CLASS_INTERFACE;
}

/* Whatever implements an interface is an ordinary class, hence below Object: closures cannot. */
bool tz_class_converts(const tz_verifier *v, uint32_t to, uint32_t from) {
  const tz_class_entry *classes = v->image->classes;
  if (to == from) return true;
  if (is_interface(v, to)) return tz_class_lists(&classes[from], to);
  if (is_interface(v, from)) return to == v->object_class;
  for (uint32_t c = classes[from].super; c != TZ_NONE; c = classes[c].super)
    if (c == to) return true;
  return false;
}

uint32_t tz_type_callable(const tz_verifier *v, uint32_t type) {
  tz_type_entry t = v->image->types[type];
  if (t.kind == TZ_KIND_FUNC) return t.of;
  if (t.kind != TZ_KIND_CLASS || !(v->image->classes[t.of].flags & TZ_CLASS_CLOSURE)) return TZ_NONE;
  return v->image->classes[t.of].methods[0].signature;
}

bool tz_type_converts(const tz_verifier *v, uint32_t to, uint32_t from) {
  if (to == from) return true;
  tz_type_entry t = v->image->types[to], f = v->image->types[from];
  switch (t.kind) {
  case TZ_KIND_ANY: return tz_kind_rep(f.kind) == 'R';
  case TZ_KIND_OBJECT: return tz_kind_rep(f.kind) == 'R';
  case TZ_KIND_CLASS:
    if (f.kind == TZ_KIND_CLASS) return tz_class_converts(v, t.of, f.of);
    return t.of == v->object_class && (f.kind == TZ_KIND_STRING || f.kind == TZ_KIND_ARRAY);
  case TZ_KIND_FUNC: return tz_kind_rep(f.kind) == 'R' && tz_type_callable(v, from) == t.of;
  default:
    return (t.kind == f.kind && t.of == f.of) || (tz_kind_rep(t.kind) == 'I' && tz_kind_rep(f.kind) == 'I');
  }
}

bool tz_is_error_type(const tz_verifier *v, uint32_t type) {
  tz_type_entry t = v->image->types[type];
  return t.kind == TZ_KIND_CLASS && v->error_class != TZ_NONE && tz_class_converts(v, v->error_class, t.of);
}

uint32_t tz_class_n_fields(const tz_verifier *v, uint32_t c) {
  return v->n_inherited[c] + v->image->classes[c].n_fields;
}

uint32_t tz_class_field_type(const tz_verifier *v, uint32_t c, uint32_t slot) {
  while (slot < v->n_inherited[c]) c = v->image->classes[c].super;
  return v->image->classes[c].fields[slot - v->n_inherited[c]].type;
}
