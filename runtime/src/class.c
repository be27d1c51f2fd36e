/* class.c: classes and functions, below 4 GB.
 *
 * Invariant: ancestors[depth] == the class itself and ancestors[i] is its superclass of depth i, so a
 * subclass test is one load and one comparison; itables are sorted by the interface's address. */
#include "class.h"
#include "interp.h"
#include "terza/arena.h"
#include "terza/lowmem.h"
#include "type.h"
#include <stdlib.h>

/* ---- tests and look-ups ---- */

bool tz_class_is_subclass(const tz_class *sub, const tz_class *super) {
  return sub->depth >= super->depth && sub->ancestors[super->depth] == super;
}

static tz_itable *itable_at(const tz_class *cls, const tz_class *interface) {
  uint32_t low = 0, high = cls->n_itables;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (cls->itables[middle].interface < interface) low = middle + 1;
    else high = middle;
  }
  return &cls->itables[low];
}

static bool itable_has(const tz_class *cls, const tz_itable *t, const tz_class *interface) {
  return t < cls->itables + cls->n_itables && t->interface == interface;
}

bool tz_class_implements(const tz_class *cls, const tz_class *interface) {
  return cls->n_itables > 0 && itable_has(cls, itable_at(cls, interface), interface);
}

tz_function *tz_class_find_method(const tz_class *cls, const char *interned_name) {
  for (uint32_t i = 0; i < cls->n_methods; i++)
    if (cls->methods[i].name == interned_name) return cls->vtable[i];
  return NULL;
}

tz_type *tz_class_type(tz_class *cls) { return cls->type; }

tz_class *tz_class_by_name(tz_vm *vm, const char *qualified_name) {
  return tz_ptr_map_get(&vm->classes->by_name, tz_symbol_find(vm, qualified_name, strlen(qualified_name)));
}

tz_class *tz_class_machine(tz_vm *vm, const char *name) {
  char qualified[80];
  size_t n = strlen(name);
  if (n + 4 > sizeof qualified) return NULL;
  memcpy(qualified, "tz.", 3);
  memcpy(qualified + 3, name, n + 1);
  return tz_class_by_name(vm, qualified);
}

/* ---- making classes ---- */

static size_t class_bytes(uint32_t n_methods) { return sizeof(tz_class) + n_methods * sizeof(tz_function *); }

tz_class *tz_class_alloc(tz_vm *vm, tz_module *module, const char *qualified_name, uint32_t n_methods,
                         uint32_t flags) {
  tz_class *cls = tz_lowmem_alloc(vm->lowmem, class_bytes(n_methods));
  tz_type *type = tz_type_alloc(vm, TZ_KIND_CLASS);
  const char *name = tz_symbol_c(vm, qualified_name);
  if (cls == NULL || type == NULL || name == NULL) {
    tz_lowmem_release(vm->lowmem, cls, class_bytes(n_methods));
    tz_lowmem_release(vm->lowmem, type, sizeof *type);
    return NULL;
  }
  cls->vm = vm;
  cls->module = module;
  cls->name = name;
  cls->flags = flags;
  cls->n_methods = n_methods;
  cls->type = type;
  type->class_ = cls;
  return cls;
}

static bool class_set_ancestors(tz_class *cls, tz_class *super) {
  cls->super = super;
  cls->depth = super ? super->depth + 1 : 0;
  cls->ancestors = tz_arena_alloc(cls->vm->arena, (cls->depth + 1) * sizeof *cls->ancestors);
  if (cls->ancestors == NULL) return false;
  if (super != NULL) memcpy(cls->ancestors, super->ancestors, cls->depth * sizeof *cls->ancestors);
  cls->ancestors[cls->depth] = cls;
  return true;
}

bool tz_class_fix(tz_class *cls, uint32_t slot) {
  if (cls->fixed == NULL)
    cls->fixed = tz_arena_alloc(cls->vm->arena, (cls->n_fields + 63) / 64 * sizeof *cls->fixed);
  if (cls->fixed == NULL) return false;
  cls->fixed[slot / 64] |= UINT64_C(1) << slot % 64;
  return true;
}

static bool class_set_fields(tz_class *cls, const tz_class_field *fields, uint32_t n_own) {
  uint32_t n_inherited = cls->super ? cls->super->n_fields : 0;
  cls->n_fields = n_inherited + n_own;
  cls->fields = tz_arena_alloc(cls->vm->arena, (cls->n_fields + 1) * sizeof *cls->fields);
  if (cls->fields == NULL) return false;
  if (n_inherited > 0) memcpy(cls->fields, cls->super->fields, n_inherited * sizeof *fields);
  if (n_own > 0) memcpy(cls->fields + n_inherited, fields, n_own * sizeof *fields);
  for (uint32_t i = 0; i < n_inherited; i++)
    if (tz_class_is_fixed(cls->super, i) && !tz_class_fix(cls, i)) return false;
  return true;
}

static bool class_set_layout(tz_class *cls) {
  uint64_t *map = &cls->layout.map;
  cls->layout.kind = TZ_LAYOUT_FIXED;
  cls->layout.size = 8 + 8 * cls->n_fields;
  if (cls->n_fields > 64) {
    map = tz_arena_alloc(cls->vm->arena, (cls->n_fields + 63) / 64 * sizeof *map);
    if (map == NULL) return false;
    cls->layout.long_map = map;
  }
  for (uint32_t i = 0; i < cls->n_fields; i++) {
    uint8_t rep = cls->fields[i].type->rep;
    if (rep == 'R' || rep == 'Y') map[i / 64] |= (uint64_t)1 << i % 64;
  }
  return true;
}

static bool class_set_methods(tz_class *cls, const tz_class_method *methods) {
  cls->methods = tz_arena_alloc(cls->vm->arena, (cls->n_methods + 1) * sizeof *cls->methods);
  if (cls->methods == NULL) return false;
  if (cls->n_methods > 0) memcpy(cls->methods, methods, cls->n_methods * sizeof *methods);
  tz_class_inherit(cls);
  return true;
}

void tz_class_inherit(tz_class *cls) {
  if (cls->super == NULL) return;
  uint32_t n = cls->super->n_methods < cls->n_methods ? cls->super->n_methods : cls->n_methods;
  for (uint32_t i = 0; i < n; i++)
    if (cls->vtable[i] == NULL) cls->vtable[i] = cls->super->vtable[i];
}

static bool class_inherit_itables(tz_class *cls) {
  if (cls->super == NULL || cls->super->n_itables == 0) return true;
  cls->itables =
      tz_arena_copy(cls->vm->arena, cls->super->itables, cls->super->n_itables * sizeof(tz_itable));
  cls->n_itables = cls->super->n_itables;
  return cls->itables != NULL;
}

bool tz_class_complete(tz_class *cls, tz_class *super, const tz_class_field *fields, uint32_t n_fields,
                       const tz_class_method *methods) {
  return class_set_ancestors(cls, super) && class_set_fields(cls, fields, n_fields) &&
         class_set_layout(cls) && class_set_methods(cls, methods) && class_inherit_itables(cls);
}

tz_class *tz_class_new(tz_vm *vm, tz_module *module, const char *qualified_name, tz_class *super,
                       uint32_t flags, const tz_class_field *fields, uint32_t n_fields,
                       const tz_class_method *methods, uint32_t n_methods) {
  tz_class *cls = tz_class_alloc(vm, module, qualified_name, n_methods, flags);
  if (cls == NULL || tz_class_complete(cls, super, fields, n_fields, methods)) return cls;
  tz_class_discard(cls);
  return NULL;
}

bool tz_class_add_itable(tz_class *cls, tz_class *interface, tz_function *const *methods) {
  tz_arena *arena = cls->vm->arena;
  tz_function **copy = tz_arena_alloc(arena, (interface->n_methods + 1) * sizeof *copy);
  if (copy == NULL) return false;
  memcpy(copy, methods, interface->n_methods * sizeof *copy);
  tz_itable *at = itable_at(cls, interface);
  if (itable_has(cls, at, interface)) {
    at->methods = copy;
    return true;
  }
  tz_itable *bigger = tz_arena_alloc(arena, (cls->n_itables + 1) * sizeof *bigger);
  if (bigger == NULL) return false;
  uint32_t before = (uint32_t)(at - cls->itables);
  if (cls->n_itables > 0) {
    memcpy(bigger, cls->itables, before * sizeof *bigger);
    memcpy(bigger + before + 1, at, (cls->n_itables - before) * sizeof *bigger);
  }
  bigger[before] = (tz_itable){interface, copy};
  cls->itables = bigger;
  cls->n_itables++;
  return true;
}

/* A module names the machine's methods of Object by functions of its own: the class gets the machine's, so
 * that one can be told from another by its address. */
static void take_machine_methods(tz_class *cls, const tz_class *object) {
  if (object == NULL || !tz_class_is_subclass(cls, object)) return;
  for (uint32_t i = 0; i < object->n_methods; i++) {
    tz_function *f = cls->vtable[i];
    if (f != NULL && f->native != NULL && f->native == object->vtable[i]->native)
      cls->vtable[i] = object->vtable[i];
  }
}

void tz_class_publish(tz_class *cls) {
  tz_vm *vm = cls->vm;
  if (cls != vm->object_class) take_machine_methods(cls, vm->object_class);
  if (cls->super != NULL) {
    cls->next_sibling = cls->super->first_subclass;
    __atomic_store_n(&cls->super->first_subclass, cls, __ATOMIC_RELEASE); /* compiler threads look */
    cls->super->n_subclasses++;
  }
  tz_ptr_map_put(&vm->classes->by_name, cls->name, cls);
  if (vm->hooks.class_loaded != NULL) vm->hooks.class_loaded(vm, cls);
}

void tz_class_discard(tz_class *cls) {
  if (cls == NULL) return;
  tz_vm *vm = cls->vm;
  tz_lowmem_release(vm->lowmem, cls->type, sizeof *cls->type);
  tz_lowmem_release(vm->lowmem, cls, class_bytes(cls->n_methods));
}

/* ---- classes of arrays and channels ---- */

static tz_class *class_new_derived(tz_vm *vm, tz_type *type, const tz_class_field *fields,
                                   uint32_t n_fields) {
  char text[512] = "tz.";
  tz_type_text(type, text + 3, sizeof text - 3);
  tz_class *object = vm->object_class;
  tz_class *cls = tz_class_new(vm, NULL, text, object, TZ_CLASS_FINAL | TZ_CLASS_ABSTRACT, fields, n_fields,
                               object->methods, object->n_methods);
  if (cls == NULL) return NULL;
  tz_lowmem_release(vm->lowmem, cls->type, sizeof *cls->type);
  cls->type = type;
  return cls;
}

static void class_set_array_layout(tz_class *cls, tz_kind element) {
  tz_layout *l = &cls->layout;
  l->size = 16;
  switch (element) {
  case TZ_KIND_BOOL:
  case TZ_KIND_U8: l->kind = TZ_LAYOUT_BYTES, l->elem_shift = 0; break;
  case TZ_KIND_I16: l->kind = TZ_LAYOUT_BYTES, l->elem_shift = 1; break;
  case TZ_KIND_I32:
  case TZ_KIND_F32: l->kind = TZ_LAYOUT_BYTES, l->elem_shift = 2; break;
  case TZ_KIND_I64:
  case TZ_KIND_F64: l->kind = TZ_LAYOUT_WORDS, l->elem_shift = 3; break;
  default: l->kind = TZ_LAYOUT_REFS, l->elem_shift = 3; break;
  }
}

tz_class *tz_class_new_array(tz_vm *vm, tz_type *array) {
  tz_class *cls = class_new_derived(vm, array, NULL, 0);
  if (cls != NULL) class_set_array_layout(cls, array->element->kind);
  return cls;
}

tz_class *tz_class_new_chan(tz_vm *vm, tz_type *chan) {
  static const char *const names[] = {"buffer",   "head",          "count",  "capacity",   "closed",
                                      "receiver", "last_receiver", "sender", "last_sender"};
  tz_class_field fields[9];
  for (int i = 0; i < 9; i++)
    fields[i] = (tz_class_field){tz_symbol_c(vm, names[i]),
                                 tz_type_simple(vm, i == 0 ? TZ_KIND_OBJECT : TZ_KIND_I64)};
  return class_new_derived(vm, chan, fields, 9);
}

/* ---- functions ---- */

static bool function_register(tz_vm *vm, tz_function *f) {
  struct tz_function_table *t = vm->functions;
  if (t->count == t->capacity) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : 256;
    tz_function **by_id = realloc(t->by_id, capacity * sizeof(tz_function *));
    if (by_id == NULL) return false;
    t->by_id = by_id;
    t->capacity = capacity;
  }
  f->id = t->count;
  t->by_id[t->count++] = f;
  vm->n_function_ids = t->count;
  return true;
}

tz_function *tz_function_alloc(tz_vm *vm, tz_module *module, const char *qualified_name, tz_sig *signature) {
  tz_function *f = tz_lowmem_alloc(vm->lowmem, sizeof *f);
  if (f == NULL) return NULL;
  f->entry = (void *)tz_interp_entry;
  f->name = tz_symbol_c(vm, qualified_name);
  f->signature = signature;
  f->n_params = f->n_registers = signature->n_params;
  f->module = module;
  if (f->name != NULL && function_register(vm, f)) return f;
  tz_lowmem_release(vm->lowmem, f, sizeof *f);
  return NULL;
}

bool tz_function_finish(tz_vm *vm, tz_function *f) {
  uint64_t *map = tz_arena_alloc(vm->arena, ((size_t)f->n_registers + 64) / 64 * sizeof *map);
  if (map == NULL) return false;
  for (uint32_t i = 0; i < f->n_registers; i++) {
    uint8_t rep = i < f->n_params || f->registers != NULL ? f->registers[i]->rep : 'I';
    if (rep == 'R' || rep == 'Y') map[i / 64] |= (uint64_t)1 << i % 64;
  }
  f->ref_map = map;
  f->frame_bytes = (f->n_registers + TZ_FRAME_HEADER + 1) * (uint32_t)sizeof(tz_word);
  if (vm->hooks.function_linked != NULL) vm->hooks.function_linked(vm, f);
  return true;
}

tz_function *tz_function_native(tz_vm *vm, tz_module *module, const char *qualified_name, tz_sig *signature,
                                tz_native_fn native) {
  tz_function *f = tz_function_alloc(vm, module, qualified_name, signature);
  if (f == NULL) return NULL;
  f->native = native;
  f->flags = TZ_FUNCTION_NATIVE;
  f->entry = (void *)tz_native_entry;
  f->registers = signature->params;
  if (tz_function_finish(vm, f)) {
    if (f->n_registers == 0)
      f->n_registers = 1, f->frame_bytes += sizeof(tz_word); /* args[0] takes the result */
    return f;
  }
  tz_function_discard(vm, f);
  return NULL;
}

void tz_function_make_leaf(tz_vm *vm, tz_function *f) {
  f->flags |= TZ_FUNCTION_LEAF;
  if (vm->hooks.function_linked != NULL) vm->hooks.function_linked(vm, f);
}

void tz_function_discard(tz_vm *vm, tz_function *f) {
  if (f == NULL) return;
  vm->functions->by_id[f->id] = NULL;
  tz_lowmem_release(vm->lowmem, f, sizeof *f);
}

/* ---- modules ---- */

void tz_module_publish(tz_vm *vm, tz_module *module) {
  module->vm = vm;
  module->next = vm->modules;
  vm->modules = module;
}

tz_module *tz_module_find(tz_vm *vm, const char *name) {
  for (tz_module *m = vm->modules; m != NULL; m = m->next)
    if (strcmp(m->name, name) == 0) return m;
  return NULL;
}
