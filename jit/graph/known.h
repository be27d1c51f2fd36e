/* known.h: what is known of a value at a place: which kinds of dynamic value it may be, and of which class.
 *
 * A lattice. Nothing is possible at the bottom (kinds == 0: no value comes here, or not yet), anything at the
 * top. Going up is tz_known_join (a value that may be either), going down tz_known_meet (a value of which
 * both are true). */
#pragma once
#include "graph.h"

enum {
  TZ_MAYBE_NULL = 1,
  TZ_MAYBE_BOOL = 2,
  TZ_MAYBE_INT = 4,
  TZ_MAYBE_FLOAT = 8,
  TZ_MAYBE_REF = 16,
  TZ_MAYBE_ANY = 31
};

typedef struct tz_known {
  uint8_t kinds;       /* TZ_MAYBE_*. INT is an immediate int */
  bool is_exact;       /* an object is of class `cls` itself */
  const tz_class *cls; /* if it is an object, it is of this class or below; NULL: not known */
} tz_known;

/* From the node's operation and stamps alone. A PHI says no more than its stamps. */
tz_known tz_known_of(const tz_node *n);
tz_known tz_known_object(const tz_class *cls, bool is_exact); /* not null */
tz_known tz_known_join(tz_known a, tz_known b);
tz_known tz_known_meet(tz_known a, tz_known b);
static inline bool tz_known_equal(tz_known a, tz_known b) {
  return a.kinds == b.kinds && a.is_exact == b.is_exact && a.cls == b.cls;
}
/* 1, 0, or -1 for "may be": an object of which this is known descends from the class, which is no interface.
 */
int tz_known_descends(tz_known k, const tz_class *from);
/* 1, 0, -1: the type accepts it. */
int tz_known_accepted(tz_known k, const tz_type *by);
