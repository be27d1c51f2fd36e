/* native.c: the registry of natives, native payload classes, roots of C locals, calls from C into guest code.
 */
#include "class.h"
#include "internals.h"
#include "interp.h"
#include "terza/arena.h"
#include "terza/lowmem.h"
#include <stdlib.h>

tz_vm *tz_thread_vm(tz_thread *th) { return th->vm; }

/* ---- registry ---- */

struct tz_native_table {
  tz_ptr_map by_name; /* symbol of "module.name" -> tz_native_def */
  tz_ptr_map leaves;  /* tz_native_def -> itself */
};

struct tz_native_table *tz_native_table_new(void) { return calloc(1, sizeof(struct tz_native_table)); }

void tz_native_table_free(struct tz_native_table *table) {
  if (table == NULL) return;
  tz_ptr_map_fini(&table->by_name);
  tz_ptr_map_fini(&table->leaves);
  free(table);
}

bool tz_natives_register(tz_vm *vm, const char *module, const tz_native_def *defs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const char *name = tz_symbol_join(vm, module, ".", defs[i].name);
    if (name == NULL || !tz_ptr_map_put(&vm->natives->by_name, name, (void *)&defs[i])) return false;
  }
  return true;
}

bool tz_natives_register_leaves(tz_vm *vm, const char *module, const tz_native_def *defs, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!tz_ptr_map_put(&vm->natives->leaves, &defs[i], (void *)&defs[i])) return false;
  return tz_natives_register(vm, module, defs, n);
}

bool tz_native_is_leaf(const tz_vm *vm, const tz_native_def *def) {
  return tz_ptr_map_get(&vm->natives->leaves, def) != NULL;
}

const tz_native_def *tz_native_find(tz_vm *vm, const char *module, const char *name) {
  const char *symbol = tz_symbol_join(vm, module, ".", name);
  return tz_ptr_map_get(&vm->natives->by_name, symbol);
}

/* ---- dynamic functions ---- */

struct tz_dynamic { /* of one name, the newest first */
  tz_function *f;
  struct tz_dynamic *next;
};

bool tz_vm_add_dynamic(tz_vm *vm, const char *name, tz_function *f) {
  const char *symbol = tz_symbol_c(vm, name);
  struct tz_dynamic *entry = tz_arena_alloc(vm->arena, sizeof *entry);
  if (symbol == NULL || entry == NULL) return false;
  *entry = (struct tz_dynamic){f, tz_ptr_map_get(&vm->internals->dynamics, symbol)};
  vm->internals->n_dynamics++;
  return tz_ptr_map_put(&vm->internals->dynamics, symbol, entry);
}

tz_function *tz_vm_find_dynamic(tz_vm *vm, const tz_type *receiver, const char *interned_name,
                                uint32_t n_params) {
  for (struct tz_dynamic *d = tz_ptr_map_get(&vm->internals->dynamics, interned_name); d != NULL; d = d->next)
    if (d->f->n_params == n_params && d->f->signature->params[0] == receiver) return d->f;
  return NULL;
}

/* ---- native payloads ---- */

tz_class *tz_native_class(tz_vm *vm, const char *qualified_name, uint32_t bytes,
                          void (*finalize)(tz_vm *, void *)) {
  const char *name = tz_symbol_c(vm, qualified_name);
  tz_class *cls = tz_ptr_map_get(&vm->internals->native_classes, name);
  if (cls != NULL) return cls;
  tz_class *object = vm->object_class;
  cls = tz_class_new(vm, NULL, qualified_name, object, TZ_CLASS_FINAL | TZ_CLASS_ABSTRACT, NULL, 0,
                     object->methods, object->n_methods);
  if (cls == NULL || !tz_ptr_map_put(&vm->internals->native_classes, name, cls)) return NULL;
  cls->layout.size = 8 + (bytes + 7) / 8 * 8;
  cls->finalizer = (void *)finalize;
  if (finalize != NULL) cls->layout.flags |= TZ_LAYOUT_HAS_FINALIZER;
  tz_class_publish(cls);
  return cls;
}

void *tz_native_object(tz_thread *th, tz_class *cls) {
  if (tz_gc_has_finalizable(th->vm->heap)) tz_vm_run_finalizers(th->vm);
  void *object = tz_gc_alloc(&th->mutator, &cls->layout);
  if (object == NULL) tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for an object of %s", cls->name);
  return object;
}

void tz_vm_run_finalizers(tz_vm *vm) {
  for (tz_object *o; (o = tz_gc_next_finalizable(vm->heap)) != NULL;) {
    void (*finalize)(tz_vm *, void *) = (void (*)(tz_vm *, void *))tz_object_class(o)->finalizer;
    if (finalize != NULL) finalize(vm, tz_payload(o));
  }
}

/* ---- roots ---- */

struct tz_root_chunk { /* slots must not move: chunks in a list, the newest first */
  struct tz_root_chunk *below;
  uint32_t count;
  tz_word words[61];
};

tz_word *tz_root_push(tz_thread *th, void *object) {
  struct tz_root_chunk *c = th->roots;
  if (c == NULL || c->count == sizeof c->words / sizeof *c->words) {
    c = malloc(sizeof *c);
    if (c == NULL) {
      tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a root");
      return NULL;
    }
    c->below = th->roots;
    c->count = 0;
    th->roots = c;
  }
  tz_word *slot = &c->words[c->count++];
  slot->p = object;
  return slot;
}

void tz_root_pop(tz_thread *th, int n) {
  for (; n > 0; n--) {
    struct tz_root_chunk *c = th->roots;
    if (--c->count > 0 || c->below == NULL) continue; /* the first chunk is kept */
    th->roots = c->below;
    free(c);
  }
}

void tz_roots_visit(tz_thread *th, tz_visitor *v) {
  for (struct tz_root_chunk *c = th->roots; c != NULL; c = c->below) tz_gc_visit_words(v, c->words, c->count);
}

void tz_roots_free(tz_thread *th) {
  for (struct tz_root_chunk *c = th->roots, *below; c != NULL; c = below) {
    below = c->below;
    free(c);
  }
  th->roots = NULL;
}

/* ---- calls ---- */

bool tz_native_call(tz_thread *th, tz_function *f, const tz_word *args, int n, tz_word *result) {
  return tz_interp_enter(th, f, args, n, result);
}

enum { MAX_CLOSURE_ARGS = 16 };

bool tz_native_call_closure(tz_thread *th, void *closure, const tz_word *args, int n, tz_word *result) {
  if (closure == NULL) return tz_raise(th, TZ_ERROR_NULL_REF, "null cannot be called");
  tz_class *cls = tz_object_class(closure);
  if (!(cls->flags & TZ_CLASS_CLOSURE)) return tz_raise(th, TZ_ERROR_CAST, "%s is no function", cls->name);
  tz_function *f = cls->vtable[0];
  if ((uint32_t)n + 1 != f->n_params || n > MAX_CLOSURE_ARGS)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "%s takes %u arguments, not %d", f->name, f->n_params - 1, n);
  tz_word all[MAX_CLOSURE_ARGS + 1];
  all[0].p = closure;
  for (int i = 0; i < n; i++) all[i + 1] = args[i];
  return tz_interp_enter(th, f, all, n + 1, result);
}
