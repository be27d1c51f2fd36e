/* verify_classes.c: the class table: hierarchy, members, vtables, interfaces. See verifier.h. */
#include "verifier.h"
#include "machine.h"
#include <stdlib.h>

static const tz_class_entry *class_at(const tz_verifier *v, uint32_t i) { return &v->image->classes[i]; }
static bool is_import(const tz_verifier *v, uint32_t i) { return i < v->image->n_imported_classes; }

static bool verify_flags(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  uint32_t known = TZ_CLASS_INTERFACE | TZ_CLASS_ABSTRACT | TZ_CLASS_FINAL | TZ_CLASS_CLOSURE |
                   TZ_CLASS_EXPORT | TZ_CLASS_SHARED;
  if (c->flags & ~known) return tz_fail_class(v, i, "flags", "unknown flags 0x%x", c->flags);
  if (c->flags & TZ_CLASS_INTERFACE && c->flags & (TZ_CLASS_FINAL | TZ_CLASS_CLOSURE))
    return tz_fail_class(v, i, "flags", "an interface is neither final nor a closure");
  if (c->flags & TZ_CLASS_ABSTRACT && c->flags & (TZ_CLASS_FINAL | TZ_CLASS_CLOSURE))
    return tz_fail_class(v, i, "flags", "an abstract class is neither final nor a closure");
  if (c->name.length == 0) return tz_fail_class(v, i, "name", "a class without a name");
  if ((c->module.length != 0) != is_import(v, i))
    return tz_fail_class(v, i, "import", "imports come first, and only they name a module");
  return true;
}

static bool verify_super(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  bool is_root = c->flags & (TZ_CLASS_INTERFACE | TZ_CLASS_CLOSURE) ||
                 (tz_is_machine_module(c->module) && tz_text_equal(c->name, tz_text_of("Object")));
  if (is_root) return c->super == TZ_NONE || tz_fail_class(v, i, "super", "this class has no superclass");
  if (c->super == TZ_NONE) return tz_fail_class(v, i, "super", "a class without a superclass");
  if (c->super >= v->image->n_classes)
    return tz_fail_class(v, i, "index", "superclass %u of %u", c->super, v->image->n_classes);
  if (class_at(v, c->super)->flags & (TZ_CLASS_INTERFACE | TZ_CLASS_CLOSURE | TZ_CLASS_FINAL))
    return tz_fail_class(v, i, "super", "the superclass is final, an interface or a closure");
  if (is_import(v, i) && !is_import(v, c->super))
    return tz_fail_class(v, i, "super", "the superclass of an import is not imported");
  return true;
}

/* Also finds cycles: a chain longer than the limit. Supers of all classes are checked indexes. */
static bool verify_chain(tz_verifier *v, uint32_t i) {
  uint64_t inherited = 0;
  uint32_t depth = 0;
  for (uint32_t s = class_at(v, i)->super; s != TZ_NONE; s = class_at(v, s)->super) {
    if (++depth > TZ_LIMIT_DEPTH)
      return tz_fail_class(v, i, "super", "more than %d superclasses, or a cycle", TZ_LIMIT_DEPTH);
    inherited += class_at(v, s)->n_fields;
  }
  if (inherited + class_at(v, i)->n_fields > TZ_LIMIT_MEMBERS)
    return tz_fail_class(v, i, "fields", "more than %d fields", TZ_LIMIT_MEMBERS);
  v->n_inherited[i] = (uint32_t)inherited;
  return true;
}

static bool verify_fields(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  if (c->flags & TZ_CLASS_INTERFACE && c->n_fields != 0)
    return tz_fail_class(v, i, "fields", "an interface with fields");
  for (uint32_t j = 0; j < c->n_fields; j++) {
    uint32_t type = c->fields[j].type;
    if (type >= v->image->n_types)
      return tz_fail_class(v, i, "index", "field %u: type %u of %u", j, type, v->image->n_types);
    if (!tz_type_is_traced(v, type) && !tz_type_is_number(v, type))
      return tz_fail_class(v, i, "fields", "field %u is of no value type", j);
    if (c->fields[j].flags & ~(uint32_t)TZ_FIELD_FIXED)
      return tz_fail_class(v, i, "fields", "field %u has unknown flags 0x%x", j, c->fields[j].flags);
  }
  return true;
}

static bool verify_method(tz_verifier *v, uint32_t i, uint32_t j) {
  const tz_class_entry *c = class_at(v, i);
  const tz_method *m = &c->methods[j];
  if (m->signature >= v->image->n_signatures)
    return tz_fail_class(v, i, "index", "method %u: signature %u of %u", j, m->signature,
                         v->image->n_signatures);
  if (v->image->signatures[m->signature].n_params >= TZ_LIMIT_PARAMS)
    return tz_fail_class(v, i, "methods", "method %u has too many parameters", j);
  if (m->function != TZ_NONE && m->function >= v->image->n_functions)
    return tz_fail_class(v, i, "index", "method %u: function %u of %u", j, m->function,
                         v->image->n_functions);
  if (is_import(v, i) || c->flags & TZ_CLASS_INTERFACE)
    return m->function == TZ_NONE ||
           tz_fail_class(v, i, "methods", "method %u of an import or interface has a function", j);
  if (m->function == TZ_NONE && !(c->flags & TZ_CLASS_ABSTRACT))
    return tz_fail_class(v, i, "methods", "method %u has no function, but the class is not abstract", j);
  return true;
}

static bool verify_methods(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  if (c->n_methods > TZ_LIMIT_MEMBERS)
    return tz_fail_class(v, i, "methods", "more than %d methods", TZ_LIMIT_MEMBERS);
  if (c->flags & TZ_CLASS_CLOSURE && c->n_methods != 1)
    return tz_fail_class(v, i, "closure", "a closure has one method, not %u", c->n_methods);
  for (uint32_t j = 0; j < c->n_methods; j++)
    if (!verify_method(v, i, j)) return false;
  return true;
}

/* Ints are alike: a compiler may declare a slot's bool as i64. */
static bool types_agree(const tz_verifier *v, uint32_t a, uint32_t b) {
  return a == b || (tz_type_rep(v, a) == 'I' && tz_type_rep(v, b) == 'I');
}

static bool signatures_agree(const tz_verifier *v, uint32_t a, uint32_t b) {
  const tz_signature *x = &v->image->signatures[a], *y = &v->image->signatures[b];
  if (a == b) return true;
  if (x->n_params != y->n_params || !types_agree(v, x->result, y->result)) return false;
  for (uint32_t i = 0; i < x->n_params; i++)
    if (!types_agree(v, x->params[i], y->params[i])) return false;
  return true;
}

/* A subclass's vtable begins with the slots of its superclass. */
static bool verify_prefix(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  if (c->super == TZ_NONE) return true;
  const tz_class_entry *s = class_at(v, c->super);
  if (s->n_methods > c->n_methods)
    return tz_fail_class(v, i, "vtable", "%u methods, fewer than its superclass", c->n_methods);
  for (uint32_t j = 0; j < s->n_methods; j++)
    if (!signatures_agree(v, c->methods[j].signature, s->methods[j].signature) ||
        !tz_text_equal(c->methods[j].name, s->methods[j].name))
      return tz_fail_class(v, i, "vtable", "slot %u differs from the superclass's in name or signature", j);
  return true;
}

/* --- interfaces --- */

static bool verify_implements(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  bool has_functions = !is_import(v, i) && !(c->flags & TZ_CLASS_INTERFACE);
  if (c->flags & TZ_CLASS_CLOSURE && c->n_implements != 0)
    return tz_fail_class(v, i, "closure", "a closure implements no interface");
  if (c->flags & TZ_CLASS_INTERFACE && c->n_implements > TZ_LIMIT_EXTENDS)
    return tz_fail_class(v, i, "implements", "an interface extends at most %d others", TZ_LIMIT_EXTENDS);
  for (uint32_t j = 0; j < c->n_implements; j++) {
    const tz_implements *p = &c->implements[j];
    if (p->interface >= v->image->n_classes)
      return tz_fail_class(v, i, "index", "interface %u of %u", p->interface, v->image->n_classes);
    if (!(class_at(v, p->interface)->flags & TZ_CLASS_INTERFACE))
      return tz_fail_class(v, i, "implements", "class %u is no interface", p->interface);
    if (j != 0 && c->implements[j - 1].interface >= p->interface)
      return tz_fail_class(v, i, "implements", "the interfaces are not in order");
    if (p->n_functions != (has_functions ? class_at(v, p->interface)->n_methods : 0))
      return tz_fail_class(v, i, "implements", "%u functions for interface %u", p->n_functions, p->interface);
    for (uint32_t k = 0; k < p->n_functions; k++)
      if (p->functions[k] >= v->image->n_functions)
        return tz_fail_class(v, i, "index", "function %u of %u", p->functions[k], v->image->n_functions);
  }
  return true;
}

/* The list is complete: whatever the superclass and the listed interfaces list. So it alone decides
 * conversions. */
static bool lists_all_of(const tz_class_entry *c, const tz_class_entry *other) {
  for (uint32_t j = 0; j < other->n_implements; j++)
    if (!tz_class_lists(c, other->implements[j].interface)) return false;
  return true;
}

static bool verify_complete(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  if (c->super != TZ_NONE && !lists_all_of(c, class_at(v, c->super)))
    return tz_fail_class(v, i, "implements", "an interface of the superclass is not listed");
  for (uint32_t j = 0; j < c->n_implements; j++)
    if (!lists_all_of(c, class_at(v, c->implements[j].interface)))
      return tz_fail_class(v, i, "implements", "an interface that interface %u extends is not listed",
                           c->implements[j].interface);
  return true;
}

/* --- the machine's own classes, unique names --- */

static bool verify_machine_class(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  if (!tz_is_machine_module(c->module)) return true;
  if (!tz_machine_class_matches(v->image, c))
    return tz_fail_class(v, i, "machine", "the machine has no class of this name and declaration");
  if (tz_text_equal(c->name, tz_text_of("Object"))) v->object_class = i;
  if (tz_text_equal(c->name, tz_text_of("Error"))) v->error_class = i;
  return true;
}

static int compare_names(const void *a, const void *b) {
  const tz_class_entry *x = *(const tz_class_entry *const *)a, *y = *(const tz_class_entry *const *)b;
  if (x->name.length != y->name.length) return x->name.length < y->name.length ? -1 : 1;
  return memcmp(x->name.at, y->name.at, x->name.length);
}

/* Other modules and hashes know a class by its name alone. */
static bool verify_unique_names(tz_verifier *v) {
  const tz_image *m = v->image;
  uint32_t n = m->n_classes - m->n_imported_classes;
  const tz_class_entry **sorted = malloc(((size_t)n + 1) * sizeof *sorted);
  if (sorted == NULL) return tz_error_set(v->error, -1, 0, "memory", "out of memory");
  for (uint32_t i = 0; i < n; i++) sorted[i] = class_at(v, m->n_imported_classes + i);
  qsort(sorted, n, sizeof *sorted, compare_names);
  uint32_t twice = TZ_NONE;
  for (uint32_t i = 1; i < n && twice == TZ_NONE; i++)
    if (tz_text_equal(sorted[i - 1]->name, sorted[i]->name)) twice = (uint32_t)(sorted[i] - m->classes);
  free(sorted);
  return twice == TZ_NONE || tz_fail_class(v, twice, "name", "two classes of this name");
}

bool tz_verify_classes(tz_verifier *v) {
  static bool (*const steps[])(tz_verifier *, uint32_t) = {
      verify_flags,  verify_super,      verify_chain,    verify_fields,        verify_methods,
      verify_prefix, verify_implements, verify_complete, verify_machine_class,
  };
  for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
    for (uint32_t i = 0; i < v->image->n_classes; i++)
      if (!steps[s](v, i)) return false;
  return verify_unique_names(v);
}

/* --- functions in tables --- */

/* Whether function can stand for a method of class c: it takes c's objects and whatever the method is given,
 * and gives what the method promises. */
static bool fits(const tz_verifier *v, uint32_t c, const tz_signature *method, uint32_t function) {
  const tz_image *m = v->image;
  const tz_signature *s = &m->signatures[m->functions[function].signature];
  if (s->n_params != method->n_params + 1) return false;
  tz_type_entry receiver = m->types[s->params[0]];
  bool takes_receiver = receiver.kind == TZ_KIND_CLASS
                            ? tz_class_converts(v, receiver.of, c)
                            : receiver.kind == TZ_KIND_OBJECT || receiver.kind == TZ_KIND_ANY;
  for (uint32_t i = 0; takes_receiver && i < method->n_params; i++)
    if (!tz_type_converts(v, s->params[i + 1], method->params[i])) return false;
  return takes_receiver && tz_type_converts(v, method->result, s->result);
}

static bool verify_class_overrides(tz_verifier *v, uint32_t i) {
  const tz_class_entry *c = class_at(v, i);
  for (uint32_t j = 0; j < c->n_methods; j++)
    if (c->methods[j].function != TZ_NONE &&
        !fits(v, i, &v->image->signatures[c->methods[j].signature], c->methods[j].function))
      return tz_fail_class(v, i, "override", "the function of method %u has not its signature", j);
  for (uint32_t j = 0; j < c->n_implements; j++) {
    const tz_implements *p = &c->implements[j];
    for (uint32_t k = 0; k < p->n_functions; k++)
      if (!fits(v, i, &v->image->signatures[class_at(v, p->interface)->methods[k].signature],
                p->functions[k]))
        return tz_fail_class(v, i, "override",
                             "the function for method %u of interface %u has not its signature", k,
                             p->interface);
  }
  return true;
}

bool tz_verify_overrides(tz_verifier *v) {
  for (uint32_t i = v->image->n_imported_classes; i < v->image->n_classes; i++)
    if (!verify_class_overrides(v, i)) return false;
  return true;
}
