/* build_hierarchy.c: what the classes loaded so far make certain (hierarchy.h), behind a guard that none has
 * come since.
 *
 * The guard stands where the fact is used, and every receiver that the fact is applied to was computed before
 * it: an object's class was loaded before the object was made, so a guard that holds speaks for all values
 * there are. What happens to the hierarchy afterwards does not matter to them. The guard is free where one
 * stands before it and nothing in between can load classes: calls can, nothing else that does not check for
 * itself (a poll leaves invalid code). */
#include "builder.h"

/* A class that objects of the register's type, or of what is known of the value, are below. NULL: not known.
 */
static const tz_class *bound_of(const tz_builder *b, const tz_node *object, const tz_type *type) {
  const tz_class *cls = object->cls;
  bool says_more = type != NULL && type->kind == TZ_KIND_CLASS && !(type->class_->flags & TZ_CLASS_INTERFACE);
  if (says_more && (cls == NULL || tz_class_is_subclass(type->class_, cls))) cls = type->class_;
  if (cls == NULL || cls->depth == 0 || cls->flags & (TZ_CLASS_INTERFACE | TZ_CLASS_CLOSURE)) return NULL;
  return cls->shape != NULL || cls == b->graph->vm->dyn_class ? NULL : cls;
}

static void depend_on(tz_builder *b, const tz_dependency *d) {
  tz_graph_dependency *added = tz_graph_alloc(b->graph, sizeof *added);
  *added = (tz_graph_dependency){b->graph->dependencies, *d};
  b->graph->dependencies = added;
  b->graph->n_dependencies++;
  tz_guard(b, tz_emit(b, TZ_NODE_VALID, TZ_TYPE_INT, 0, NULL), TZ_DEOPT_INVALID);
}

tz_function *tz_build_only_target(tz_builder *b, const tz_node *receiver, const tz_type *type,
                                  const tz_class *interface, uint32_t method) {
  tz_dependency d = {.below = bound_of(b, receiver, type), .interface = interface, .method = method};
  bool is_bound = d.below != NULL || interface != NULL;
  if (b->options->no_hierarchy || !is_bound || !tz_hierarchy_find_target(b->graph->vm, &d)) return NULL;
  depend_on(b, &d);
  return d.target;
}

bool tz_build_always_accepted(tz_builder *b, const tz_node *object, const tz_type *by) {
  tz_dependency d = {.below = bound_of(b, object, NULL), .accepted_by = by};
  bool is_class = by->kind == TZ_KIND_CLASS && by->class_->shape == NULL && by->class_->depth > 0;
  bool is_interface = by->kind == TZ_KIND_CLASS && by->class_->flags & TZ_CLASS_INTERFACE;
  if (b->options->no_hierarchy || d.below == NULL || !(is_class || is_interface)) return false;
  if (!tz_dependency_holds(b->graph->vm, &d)) return false;
  if (is_interface || !tz_class_is_subclass(d.below, by->class_)) depend_on(b, &d);
  return true;
}
