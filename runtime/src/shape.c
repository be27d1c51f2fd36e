/* shape.c: shapes of dynamic objects and their transitions. shape.h explains. */
#include "shape.h"
#include "class.h"
#include "internals.h"
#include "terza/arena.h"
#include <stdlib.h>

enum { LINEAR_MEMBERS = 8, FIRST_MEMBERS = 4 };

struct tz_shape_names {
  const char **names; /* grown by copying: older shapes keep older arrays */
  uint32_t count, capacity;
  tz_ptr_map index; /* name -> number + 1, once there are more than LINEAR_MEMBERS */
};

int32_t tz_shape_find(const tz_shape *shape, const char *name) {
  if (shape->n_members <= LINEAR_MEMBERS) {
    for (uint32_t i = 0; i < shape->n_members; i++)
      if (shape->names[i] == name) return (int32_t)i;
    return -1;
  }
  uint32_t found = (uint32_t)(uintptr_t)tz_ptr_map_get(&shape->table->index, name);
  return found <= shape->n_members ? (int32_t)found - 1 : -1;
}

/* ---- making shapes ---- */

static tz_shape *shape_new(tz_vm *vm, tz_shape *parent, struct tz_shape_names *table) {
  tz_shape *s = tz_arena_alloc(vm->arena, sizeof *s);
  tz_class_field members = {tz_symbol_c(vm, "members"), tz_type_array(vm, tz_type_simple(vm, TZ_KIND_ANY))};
  tz_class *super = vm->dyn_class;
  if (s == NULL || members.type == NULL) return NULL;
  s->cls = tz_class_new(vm, NULL, "tz.DynObject", super, TZ_CLASS_ABSTRACT | TZ_CLASS_FINAL, &members, 1,
                        super->methods, super->n_methods);
  if (s->cls == NULL) return NULL;
  s->cls->shape = s;
  s->parent = parent;
  s->table = table;
  s->all_next = vm->internals->shapes;
  vm->internals->shapes = s;
  return s;
}

bool tz_shapes_init(tz_vm *vm) {
  struct tz_shape_names *table = calloc(1, sizeof *table);
  vm->empty_shape = table ? shape_new(vm, NULL, table) : NULL;
  if (vm->empty_shape == NULL) {
    free(table);
    return false;
  }
  vm->empty_shape->owns_table = true;
  return true;
}

void tz_shapes_free(tz_vm *vm) {
  for (tz_shape *s = vm->internals->shapes; s != NULL; s = s->all_next) {
    tz_ptr_map_fini(&s->transitions);
    if (!s->owns_table) continue;
    tz_ptr_map_fini(&s->table->index);
    free(s->table);
  }
}

static bool names_index(struct tz_shape_names *t) {
  for (uint32_t i = t->index.count; i < t->count; i++)
    if (!tz_ptr_map_put(&t->index, t->names[i], (void *)(uintptr_t)(i + 1))) return false;
  return true;
}

static bool names_add(tz_vm *vm, struct tz_shape_names *t, const char *name) {
  if (t->count == t->capacity) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : LINEAR_MEMBERS;
    const char **names = tz_arena_alloc(vm->arena, capacity * sizeof *names);
    if (names == NULL) return false;
    if (t->count > 0) memcpy(names, t->names, t->count * sizeof *names);
    t->names = names;
    t->capacity = capacity;
  }
  t->names[t->count++] = name;
  if (t->count <= LINEAR_MEMBERS || names_index(t)) return true;
  t->count--;
  return false;
}

static struct tz_shape_names *names_copy(tz_vm *vm, const struct tz_shape_names *from, uint32_t n) {
  struct tz_shape_names *t = calloc(1, sizeof *t);
  for (uint32_t i = 0; t != NULL && i < n; i++)
    if (!names_add(vm, t, from->names[i])) {
      tz_ptr_map_fini(&t->index);
      free(t);
      return NULL;
    }
  return t;
}

/* The shape with `name` added: known, or made; the line's last shape extends the shared table, a branch
 * copies it. */
static tz_shape *shape_with(tz_vm *vm, tz_shape *s, const char *name) {
  tz_shape *next = tz_ptr_map_get(&s->transitions, name);
  if (next != NULL) return next;
  bool branches = s->table->count != s->n_members;
  struct tz_shape_names *table = branches ? names_copy(vm, s->table, s->n_members) : s->table;
  if (table == NULL || !names_add(vm, table, name)) return NULL;
  next = shape_new(vm, s, table);
  if (next == NULL) return NULL;
  next->owns_table = branches;
  next->n_members = s->n_members + 1;
  next->names = table->names;
  return tz_ptr_map_put(&s->transitions, name, next) ? next : NULL;
}

/* ---- objects ---- */

void *tz_dyn_new(tz_thread *th) {
  void *object = tz_gc_alloc(&th->mutator, &th->vm->empty_shape->cls->layout);
  if (object == NULL) tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for an object");
  return object;
}

static tz_array *dyn_members(void *object) { return tz_object_fields(object)[TZ_DYN_MEMBERS].p; }

tz_word tz_dyn_get_nogc(void *object, const char *name) {
  int32_t i = tz_shape_find(tz_object_class(object)->shape, name);
  return i < 0 ? (tz_word){0} : dyn_members(object)->words[i];
}

/* Makes room for member number n. May collect. */
static bool dyn_reserve(tz_thread *th, tz_word *object, uint32_t n) {
  tz_array *old = dyn_members(object->p);
  if (old != NULL && n < (uint64_t)old->length) return true;
  tz_array *bigger = tz_array_new(th, TZ_KIND_ANY, old ? old->length * 2 : FIRST_MEMBERS);
  if (bigger == NULL) return false;
  old = dyn_members(object->p);
  if (old != NULL) {
    tz_gc_barrier_range(&th->mutator, (tz_object *)bigger, bigger->words, (size_t)old->length);
    memcpy(bigger->words, old->words, (size_t)old->length * sizeof(tz_word));
  }
  tz_object_store(th, object->p, TZ_DYN_MEMBERS, (tz_word){.p = bigger});
  return true;
}

bool tz_dyn_set(tz_thread *th, tz_word *object, const char *name, tz_word *value) {
  tz_shape *shape = tz_object_class(object->p)->shape;
  int32_t i = tz_shape_find(shape, name);
  if (i < 0) {
    i = (int32_t)shape->n_members;
    tz_shape *next = shape_with(th->vm, shape, name);
    if (next == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for the member %s", name);
    if (!dyn_reserve(th, object, (uint32_t)i)) return false;
    ((tz_header *)object->p)->layout = (uint32_t)(uintptr_t)next->cls;
  }
  tz_array *members = dyn_members(object->p);
  tz_gc_store(&th->mutator, (tz_object *)members, &members->words[i], *value);
  return true;
}

tz_array *tz_dyn_keys(tz_thread *th, uint64_t any) {
  tz_vm *vm = th->vm;
  tz_shape *shape = tz_word_is_ref(any) ? tz_object_class((void *)(uintptr_t)any)->shape : NULL;
  tz_type *type = tz_type_array(vm, tz_type_simple(vm, TZ_KIND_STRING));
  tz_array *keys = type ? tz_array_new_of(th, type, shape ? shape->n_members : 0) : NULL;
  for (uint32_t i = 0; keys != NULL && shape != NULL && i < shape->n_members; i++) {
    tz_string *name = tz_string_permanent(vm, shape->names[i], strlen(shape->names[i]));
    if (name == NULL) {
      tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for member names");
      return NULL;
    }
    tz_array_store_ref(th, keys, i, name);
  }
  return keys;
}
