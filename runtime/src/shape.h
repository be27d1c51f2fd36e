/* shape.h: dynamic objects. header | members: array of any (or null).
 *
 * Each set of members added in one order has a shape, which is a class of its own (Self's maps); adding a
 * member moves the object to the next shape by rewriting its header's class. All shapes have the same layout.
 * Member i stands in element i of the array. Shapes live as long as the VM; a line of shapes shares one table
 * of names, of which each sees the first n_members. */
#pragma once
#include "symbols.h"

struct tz_shape_names;

typedef struct tz_shape {
  tz_class *cls;
  struct tz_shape *parent; /* without the last member; NULL: the empty shape */
  struct tz_shape *all_next;
  uint32_t n_members;
  const char **names; /* interned, in order */
  struct tz_shape_names *table;
  bool owns_table;
  tz_ptr_map transitions; /* name -> shape with it added */
} tz_shape;

enum { TZ_DYN_MEMBERS = 0 }; /* field number of the array */

static inline bool tz_class_is_dyn(const tz_class *cls) { return cls->shape != NULL; }
/* The member's number or -1. */
int32_t tz_shape_find(const tz_shape *shape, const char *interned_name);
/* A new object without members. May collect. NULL: OutOfMemoryError pending. */
void *tz_dyn_new(tz_thread *th);
/* Null if absent. */
tz_word tz_dyn_get_nogc(void *object, const char *interned_name);
/* Sets or adds a member; may collect: *object and *value must be words that the collector sees (frame or root
 * slots). False: exception pending. */
bool tz_dyn_set(tz_thread *th, tz_word *object, const char *interned_name, tz_word *value);
