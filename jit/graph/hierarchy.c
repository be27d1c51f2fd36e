/* hierarchy.c: see hierarchy.h. Classes are linked under their superclasses when they are published
 * (class.c), which never takes one away: so the walk needs no lock. */
#include "hierarchy.h"
#include "slow.h"

enum { MOST_CLASSES = 2000 }; /* looked at for one question */

/* What natives make may be abstract for guests. */
static bool has_objects(const tz_class *cls) {
  return cls->module == NULL || !(cls->flags & (TZ_CLASS_ABSTRACT | TZ_CLASS_INTERFACE));
}

static bool concerns(const tz_dependency *d, const tz_class *cls) {
  return has_objects(cls) && (d->below == NULL || tz_class_is_subclass(cls, d->below)) &&
         (d->interface == NULL || tz_class_implements(cls, d->interface));
}

static tz_function *method_of(const tz_dependency *d, const tz_class *cls) {
  if (d->interface != NULL) return tz_interface_method_nogc(cls, d->interface, d->method);
  return d->method < cls->n_methods ? cls->vtable[d->method] : NULL;
}

bool tz_dependency_allows(const tz_dependency *d, const tz_class *cls) {
  if (!concerns(d, cls)) return true;
  if (d->accepted_by == NULL) return method_of(d, cls) == d->target;
  const tz_type *by = d->accepted_by;
  return by->class_->flags & TZ_CLASS_INTERFACE ? tz_class_implements(cls, by->class_)
                                                : tz_class_is_subclass(cls, by->class_);
}

/* ---- All classes below one ---- */

static const tz_class *first_below(const tz_class *cls) {
  return __atomic_load_n(&cls->first_subclass, __ATOMIC_ACQUIRE);
}

/* The next in preorder. NULL: that was the last. */
static const tz_class *next_below(const tz_class *root, const tz_class *cls) {
  const tz_class *next = first_below(cls);
  for (; next == NULL && cls != root; cls = cls->super) next = cls->next_sibling;
  return next;
}

static const tz_class *root_of(const tz_vm *vm, const tz_dependency *d) {
  return d->below != NULL ? d->below : vm->object_class;
}

bool tz_dependency_holds(const tz_vm *vm, const tz_dependency *d) {
  const tz_class *root = root_of(vm, d);
  uint32_t n = 0;
  for (const tz_class *cls = root; cls != NULL; cls = next_below(root, cls))
    if (++n > MOST_CLASSES || !tz_dependency_allows(d, cls)) return false;
  return true;
}

bool tz_hierarchy_find_target(const tz_vm *vm, tz_dependency *d) {
  const tz_class *root = root_of(vm, d);
  uint32_t n = 0;
  d->target = NULL;
  for (const tz_class *cls = root; cls != NULL; cls = next_below(root, cls)) {
    if (++n > MOST_CLASSES) return false;
    if (!concerns(d, cls)) continue;
    tz_function *f = method_of(d, cls);
    if (f == NULL || (d->target != NULL && f != d->target)) return false;
    d->target = f;
  }
  return d->target != NULL;
}
