/* link_class.c: classes and types of a module in a VM. See linker.h. */
#include "linker.h"

enum { FLAGS_COMPARED = TZ_CLASS_INTERFACE | TZ_CLASS_ABSTRACT | TZ_CLASS_FINAL | TZ_CLASS_CLOSURE };

bool tz_link_allocate_classes(tz_linker *l) {
  for (uint32_t i = l->image->n_imported_classes; i < l->image->n_classes; i++) {
    const tz_class_entry *c = &l->image->classes[i];
    if (l->module->classes[i] != NULL) continue; /* shared, and here already */
    const char *name = tz_link_name(l, c->name, c->flags & TZ_CLASS_SHARED);
    tz_class *cls = name != NULL ? tz_class_alloc(l->vm, l->module, name, c->n_methods, c->flags) : NULL;
    if (cls == NULL) return tz_link_no_memory(l);
    cls->tag = c->tag;
    cls->hash = tz_hash_class(&l->hashes, i);
    l->module->classes[i] = cls;
    l->is_own_class[i] = true;
  }
  return true;
}

/* --- types --- */

static bool link_signature(tz_linker *l, uint32_t i) {
  const tz_signature *s = &l->image->signatures[i];
  tz_type *params[256];
  if (l->signatures[i] != NULL) return true;
  for (uint32_t j = 0; j < s->n_params; j++) params[j] = l->module->types[s->params[j]];
  l->signatures[i] = tz_sig_intern(l->vm, l->module->types[s->result], params, s->n_params);
  return l->signatures[i] != NULL || tz_link_no_memory(l);
}

static tz_type *link_type(tz_linker *l, tz_type_entry t) {
  switch (t.kind) {
  case TZ_KIND_CLASS: return tz_class_type(l->module->classes[t.of]);
  case TZ_KIND_ARRAY: return tz_type_array(l->vm, l->module->types[t.of]);
  case TZ_KIND_CHAN: return tz_type_chan(l->vm, l->module->types[t.of]);
  case TZ_KIND_FUNC: return link_signature(l, t.of) ? tz_type_func(l->vm, l->signatures[t.of]) : NULL;
  default: return tz_type_simple(l->vm, t.kind);
  }
}

/* Types come after their parts. */
bool tz_link_types(tz_linker *l) {
  for (uint32_t i = 0; i < l->image->n_types; i++)
    if ((l->module->types[i] = link_type(l, l->image->types[i])) == NULL) return tz_link_no_memory(l);
  for (uint32_t i = 0; i < l->image->n_signatures; i++)
    if (!link_signature(l, i)) return false;
  return true;
}

/* --- comparing --- */

static bool names_agree(tz_text a, const char *b) { return tz_text_equal(a, tz_text_of(b)); }

bool tz_class_agrees(const tz_linker *l, const tz_class_entry *c, const tz_class *cls) {
  const tz_class *super = c->super == TZ_NONE ? NULL : l->module->classes[c->super];
  uint32_t n_inherited = super != NULL ? super->n_fields : 0;
  if (cls->super != super || (cls->flags & FLAGS_COMPARED) != (c->flags & FLAGS_COMPARED) ||
      cls->tag != c->tag || cls->n_fields != n_inherited + c->n_fields || cls->n_methods != c->n_methods ||
      cls->n_itables != c->n_implements)
    return false;
  for (uint32_t i = 0; i < c->n_fields; i++) {
    const tz_class_field *f = &cls->fields[n_inherited + i];
    if (!names_agree(c->fields[i].name, f->name) || f->type != l->module->types[c->fields[i].type] ||
        tz_class_is_fixed(cls, n_inherited + i) != ((c->fields[i].flags & TZ_FIELD_FIXED) != 0))
      return false;
  }
  for (uint32_t i = 0; i < c->n_methods; i++) {
    const tz_class_method *m = &cls->methods[i];
    if (!names_agree(c->methods[i].name, m->name) || m->signature != l->signatures[c->methods[i].signature])
      return false;
  }
  for (uint32_t i = 0; i < c->n_implements; i++)
    if (!tz_class_implements(cls, l->module->classes[c->implements[i].interface])) return false;
  return true;
}

/* --- completing --- */

static const char *symbol(tz_linker *l, tz_text t) { return tz_symbol(l->vm, t.at, t.length); }

/* Superclasses first; their chain is short (a limit of the verifier). */
static bool complete_class(tz_linker *l, uint32_t i) {
  const tz_class_entry *c = &l->image->classes[i];
  if (l->is_complete[i] || !l->is_own_class[i]) return true;
  if (c->super != TZ_NONE && !complete_class(l, c->super)) return false;
  tz_class_field *fields = tz_link_alloc(l, c->n_fields, sizeof *fields);
  tz_class_method *methods = tz_link_alloc(l, c->n_methods, sizeof *methods);
  if (fields == NULL || methods == NULL) return false;
  for (uint32_t j = 0; j < c->n_fields; j++) {
    fields[j] = (tz_class_field){symbol(l, c->fields[j].name), l->module->types[c->fields[j].type]};
    if (fields[j].name == NULL) return tz_link_no_memory(l);
  }
  for (uint32_t j = 0; j < c->n_methods; j++) {
    methods[j] = (tz_class_method){symbol(l, c->methods[j].name), l->signatures[c->methods[j].signature]};
    if (methods[j].name == NULL) return tz_link_no_memory(l);
  }
  tz_class *super = c->super == TZ_NONE ? NULL : l->module->classes[c->super], *cls = l->module->classes[i];
  l->is_complete[i] = true;
  if (!tz_class_complete(cls, super, fields, c->n_fields, methods)) return tz_link_no_memory(l);
  for (uint32_t j = 0; j < c->n_fields; j++)
    if (c->fields[j].flags & TZ_FIELD_FIXED && !tz_class_fix(cls, cls->n_fields - c->n_fields + j))
      return tz_link_no_memory(l);
  return true;
}

bool tz_link_complete_classes(tz_linker *l) {
  for (uint32_t i = 0; i < l->image->n_classes; i++)
    if (!complete_class(l, i)) return false;
  return true;
}

/* --- vtables and interface tables, once the functions exist --- */

static bool fill_interface(tz_linker *l, tz_class *cls, const tz_implements *p) {
  tz_class *interface = l->module->classes[p->interface];
  tz_function **functions = tz_link_alloc(l, interface->n_methods, sizeof *functions);
  if (functions == NULL) return false;
  for (uint32_t i = 0; i < p->n_functions; i++) functions[i] = l->module->functions[p->functions[i]];
  return tz_class_add_itable(cls, interface, functions) || tz_link_no_memory(l);
}

bool tz_link_fill_tables(tz_linker *l) {
  for (uint32_t i = 0; i < l->image->n_classes; i++) {
    const tz_class_entry *c = &l->image->classes[i];
    tz_class *cls = l->module->classes[i];
    if (!l->is_own_class[i]) continue;
    for (uint32_t j = 0; j < c->n_methods; j++)
      cls->vtable[j] =
          c->methods[j].function == TZ_NONE ? NULL : l->module->functions[c->methods[j].function];
    for (uint32_t j = 0; j < c->n_implements; j++)
      if (!fill_interface(l, cls, &c->implements[j])) return false;
  }
  return true;
}
