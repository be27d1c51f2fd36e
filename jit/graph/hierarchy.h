/* hierarchy.h: what the classes loaded so far say of a receiver (class-hierarchy analysis: Dean, Grove,
 * Chambers, ECOOP 1995).
 *
 * An answer holds until a class is loaded for which it does not: it is a dependency of the code that relies
 * on it (jit/promotion). Asked by compiler threads while the guest loads classes: a class is complete before
 * it is seen here, and none that is seen goes. docs/optimizing.md, "The class hierarchy". */
#pragma once
#include "terza/vm.h"

/* Of the objects of `below` and its subclasses that implement `interface` (NULL: of them all): their method
 * is `target`; or, if `accepted_by` is set, that type accepts them. */
typedef struct tz_dependency {
  const tz_class *below; /* never the root, nor an interface; NULL: any class */
  const tz_class *interface;
  uint32_t method; /* vtable slot, or number within the interface */
  tz_function *target;
  const tz_type *accepted_by;
} tz_dependency;

typedef struct tz_graph_dependency { /* of a graph: in its arena */
  struct tz_graph_dependency *next;
  tz_dependency is;
} tz_graph_dependency;

/* Fills d->target with the one function that method d->method means. False: several, none, or too many
 * classes to look at; nothing is known. */
bool tz_hierarchy_find_target(const tz_vm *vm, tz_dependency *d);
/* Whether d is true of all classes loaded. False also: too many to look at. */
bool tz_dependency_holds(const tz_vm *vm, const tz_dependency *d);
/* Whether it is true of this class. */
bool tz_dependency_allows(const tz_dependency *d, const tz_class *cls);
