/* link_import.c: finding what a module imports or shares, and comparing declarations. See linker.h. */
#include "builder.h"
#include "linker.h"
#include "machine.h"
#include <stdio.h>

/* --- names of a loaded module --- */

static void index_put(tz_name_index *x, tz_entity entity, tz_text name, uint32_t i) {
  uint64_t hash = tz_hash_mix(tz_hash_bytes(name.at, name.length), entity);
  uint32_t at = (uint32_t)hash & (x->capacity - 1);
  while (x->slots[at].index != 0) at = (at + 1) & (x->capacity - 1);
  x->slots[at] = (struct tz_name_slot){hash, entity, i + 1};
}

static bool index_build(tz_loaded *loaded) {
  const tz_image *m = loaded->module.image;
  tz_name_index *x = &loaded->index;
  uint64_t n = (uint64_t)m->n_classes + m->n_functions + m->n_globals;
  uint32_t capacity = 16;
  while (capacity < n * 2) capacity *= 2;
  x->slots = tz_arena_alloc(loaded->arena, capacity * sizeof *x->slots);
  if (x->slots == NULL) return false;
  x->capacity = capacity;
  for (uint32_t i = m->n_imported_classes; i < m->n_classes; i++)
    index_put(x, TZ_ENTITY_CLASS, m->classes[i].name, i);
  for (uint32_t i = m->n_imported_functions; i < m->n_functions; i++)
    index_put(x, TZ_ENTITY_FUNCTION, m->functions[i].name, i);
  for (uint32_t i = m->n_imported_globals; i < m->n_globals; i++)
    index_put(x, TZ_ENTITY_GLOBAL, m->globals[i].name, i);
  return true;
}

static tz_text entity_name(const tz_image *m, tz_entity entity, uint32_t i) {
  switch (entity) {
  case TZ_ENTITY_CLASS: return m->classes[i].name;
  case TZ_ENTITY_FUNCTION: return m->functions[i].name;
  default: return m->globals[i].name;
  }
}

uint32_t tz_loaded_find(tz_loaded *loaded, tz_entity entity, tz_text name) {
  tz_name_index *x = &loaded->index;
  if (x->capacity == 0 && !index_build(loaded)) return TZ_NONE;
  uint64_t hash = tz_hash_mix(tz_hash_bytes(name.at, name.length), entity);
  for (uint32_t at = (uint32_t)hash & (x->capacity - 1); x->slots[at].index != 0;
       at = (at + 1) & (x->capacity - 1)) {
    const struct tz_name_slot *s = &x->slots[at];
    if (s->hash == hash && s->entity == entity &&
        tz_text_equal(entity_name(loaded->module.image, entity, s->index - 1), name))
      return s->index - 1;
  }
  return TZ_NONE;
}

/* --- finding --- */

#define TEXT_ARGS(t) (int)((t).length < 120 ? (t).length : 120), (t).at

static tz_loaded *find_module(tz_linker *l, tz_text name) {
  for (tz_module *m = l->vm->modules; m != NULL; m = m->next)
    if (tz_module_is_loaded(m) && tz_text_equal(tz_text_of(m->name), name)) return (tz_loaded *)m;
  return NULL;
}

static bool is_exported(const tz_image *m, tz_entity entity, uint32_t i) {
  switch (entity) {
  case TZ_ENTITY_CLASS: return m->classes[i].flags & (TZ_CLASS_EXPORT | TZ_CLASS_SHARED);
  case TZ_ENTITY_FUNCTION: return m->functions[i].flags & (TZ_FUNCTION_EXPORT | TZ_FUNCTION_SHARED);
  default: return m->globals[i].flags & TZ_GLOBAL_EXPORT;
  }
}

/* The exporting module and the entity's index there. */
static bool find_export(tz_linker *l, tz_entity entity, tz_text module, tz_text name, tz_loaded **from,
                        uint32_t *index) {
  static const char *const kinds[] = {"class", "function", "global"};
  *from = find_module(l, module);
  if (*from == NULL)
    return tz_link_fail(l, "module %s wants %s %.*s of module %.*s, which is not loaded", l->module->name,
                        kinds[entity], TEXT_ARGS(name), TEXT_ARGS(module));
  *index = tz_loaded_find(*from, entity, name);
  if (*index == TZ_NONE)
    return tz_link_fail(l, "module %s wants %s %.*s.%.*s, which does not exist", l->module->name,
                        kinds[entity], TEXT_ARGS(module), TEXT_ARGS(name));
  return is_exported((*from)->module.image, entity, *index) ||
         tz_link_fail(l, "module %s wants %s %.*s.%.*s, which is not exported", l->module->name,
                      kinds[entity], TEXT_ARGS(module), TEXT_ARGS(name));
}

static bool differs(tz_linker *l, const tz_class_entry *c) {
  return tz_link_fail(l, "module %s wants class %.*s%s%.*s with another declaration than the one loaded",
                      l->module->name, TEXT_ARGS(c->module), c->module.length != 0 ? "." : "",
                      TEXT_ARGS(c->name));
}

static bool find_class(tz_linker *l, uint32_t i) {
  const tz_class_entry *c = &l->image->classes[i];
  tz_loaded *from;
  uint32_t index;
  if (tz_is_machine_module(c->module)) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", TEXT_ARGS(c->name));
    l->module->classes[i] = tz_class_machine(l->vm, name);
    return l->module->classes[i] != NULL || tz_link_fail(l, "the machine has no class %s", name);
  }
  if (!find_export(l, TZ_ENTITY_CLASS, c->module, c->name, &from, &index)) return false;
  l->module->classes[i] = from->module.classes[index];
  return l->module->classes[i]->hash == tz_hash_class(&l->hashes, i) || differs(l, c);
}

static bool skip_pair(const char **a, const char *x, const char **b, const char *y) {
  if (strncmp(*a, x, strlen(x)) != 0 || strncmp(*b, y, strlen(y)) != 0) return false;
  *a += strlen(x);
  *b += strlen(y);
  return true;
}

/* Registered signatures may be written with spaces, with %module:Class or %module.Class, and with i64 for
 * bool, which is the same to C. */
static bool native_texts_agree(const char *a, const char *b) {
  for (;; a++, b++) {
    while (*a == ' ') a++;
    while (*b == ' ') b++;
    while (skip_pair(&a, "bool", &b, "i64") || skip_pair(&a, "i64", &b, "bool")) {}
    char x = *a == ':' ? '.' : *a, y = *b == ':' ? '.' : *b;
    if (x != y) return false;
    if (x == 0) return true;
  }
}

static bool find_native(tz_linker *l, uint32_t i) {
  const tz_function_entry *f = &l->image->functions[i];
  char module[256], name[512], wanted[1024] = "";
  size_t at = 0;
  snprintf(module, sizeof module, "%.*s", (int)f->module.length, f->module.at);
  snprintf(name, sizeof name, "%.*s", (int)f->name.length, f->name.at);
  const tz_native_def *def = tz_native_find(l->vm, module, name);
  if (def == NULL)
    return tz_link_fail(l, "module %s wants native %s.%s, which is not registered", l->module->name, module,
                        name);
  bool fits = tz_signature_text_append(l->image, f->signature, TZ_STYLE_NATIVE, wanted, sizeof wanted, &at);
  return (fits && native_texts_agree(wanted, def->signature)) ||
         tz_link_fail(l, "module %s wants native %s.%s %.150s, found %.150s", l->module->name, module, name,
                      wanted, def->signature);
}

static bool find_function(tz_linker *l, uint32_t i) {
  const tz_function_entry *f = &l->image->functions[i];
  tz_loaded *from;
  uint32_t index;
  if (f->flags & TZ_FUNCTION_NATIVE) return find_native(l, i);
  if (!find_export(l, TZ_ENTITY_FUNCTION, f->module, f->name, &from, &index)) return false;
  l->module->functions[i] = from->module.functions[index];
  return true;
}

static bool find_global(tz_linker *l, uint32_t i) {
  const tz_global_entry *g = &l->image->globals[i];
  tz_loaded *from;
  uint32_t index;
  if (!find_export(l, TZ_ENTITY_GLOBAL, g->module, g->name, &from, &index)) return false;
  l->module->globals[i] = from->module.globals[index];
  return true;
}

/* A class or function that another module shares under this name; NULL: none. */
static void *find_shared(tz_linker *l, tz_entity entity, tz_text name) {
  for (tz_module *m = l->vm->modules; m != NULL; m = m->next) {
    uint32_t i = tz_module_is_loaded(m) ? tz_loaded_find((tz_loaded *)m, entity, name) : TZ_NONE;
    if (i == TZ_NONE) continue;
    if (entity == TZ_ENTITY_CLASS && m->image->classes[i].flags & TZ_CLASS_SHARED) return m->classes[i];
    if (entity == TZ_ENTITY_FUNCTION && m->image->functions[i].flags & TZ_FUNCTION_SHARED)
      return m->functions[i];
  }
  return NULL;
}

static bool find_shared_class(tz_linker *l, uint32_t i) {
  const tz_class_entry *c = &l->image->classes[i];
  if (!(c->flags & TZ_CLASS_SHARED)) return true;
  tz_class *found = find_shared(l, TZ_ENTITY_CLASS, c->name);
  if (found == NULL) return true;
  l->module->classes[i] = found;
  return found->hash == tz_hash_class(&l->hashes, i) || differs(l, c);
}

bool tz_link_find_imports(tz_linker *l) {
  const tz_image *m = l->image;
  for (uint32_t i = 0; i < m->n_imported_classes; i++)
    if (!find_class(l, i)) return false;
  for (uint32_t i = 0; i < m->n_imported_functions; i++)
    if (!find_function(l, i)) return false;
  for (uint32_t i = 0; i < m->n_imported_globals; i++)
    if (!find_global(l, i)) return false;
  for (uint32_t i = m->n_imported_classes; i < m->n_classes; i++)
    if (!find_shared_class(l, i)) return false;
  for (uint32_t i = m->n_imported_functions; i < m->n_functions; i++)
    if (m->functions[i].flags & TZ_FUNCTION_SHARED)
      l->module->functions[i] = find_shared(l, TZ_ENTITY_FUNCTION, m->functions[i].name);
  return true;
}

/* --- comparing, in linked types --- */

static bool compare_class(tz_linker *l, uint32_t i) {
  const tz_class_entry *c = &l->image->classes[i];
  if (l->is_own_class[i] || tz_is_machine_module(c->module))
    return true; /* the machine's: the verifier compared them */
  return tz_class_agrees(l, c, l->module->classes[i]) || differs(l, c);
}

static bool compare_function(tz_linker *l, uint32_t i) {
  const tz_function_entry *f = &l->image->functions[i];
  tz_function *found = l->module->functions[i];
  char wanted[160], has[160];
  if (found == NULL || found->signature == l->signatures[f->signature]) return true;
  if (i >= l->image->n_imported_functions) { /* shared, of another signature: another function */
    l->module->functions[i] = NULL;
    return true;
  }
  tz_sig_text(l->signatures[f->signature], wanted, sizeof wanted);
  tz_sig_text(found->signature, has, sizeof has);
  return tz_link_fail(l, "module %s wants function %.*s.%.*s %s, found %s", l->module->name,
                      TEXT_ARGS(f->module), TEXT_ARGS(f->name), wanted, has);
}

static bool compare_global(tz_linker *l, uint32_t i) {
  const tz_global_entry *g = &l->image->globals[i];
  tz_loaded *from = find_module(l, g->module);
  uint32_t index = tz_loaded_find(from, TZ_ENTITY_GLOBAL, g->name);
  tz_type *has = from->module.types[from->module.image->globals[index].type];
  char wanted_text[160], has_text[160];
  if (l->module->types[g->type] == has) return true;
  tz_type_text(l->module->types[g->type], wanted_text, sizeof wanted_text);
  tz_type_text(has, has_text, sizeof has_text);
  return tz_link_fail(l, "module %s wants global %.*s.%.*s: %s, found %s", l->module->name,
                      TEXT_ARGS(g->module), TEXT_ARGS(g->name), wanted_text, has_text);
}

bool tz_link_compare_imports(tz_linker *l) {
  for (uint32_t i = 0; i < l->image->n_classes; i++)
    if (!compare_class(l, i)) return false;
  for (uint32_t i = 0; i < l->image->n_functions; i++)
    if (!compare_function(l, i)) return false;
  for (uint32_t i = 0; i < l->image->n_imported_globals; i++)
    if (!compare_global(l, i)) return false;
  return true;
}
