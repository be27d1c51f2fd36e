/* value.h: what Object's own methods do, by kind of object. Public face: terza/native.h. */
#pragma once
#include "shape.h"

enum { TZ_NATIVE_DEPTH = 400 }; /* nested calls from C into guest code, nested values */

/* Each may call guest code for elements, and collect. */
tz_string *tz_machine_to_string(tz_thread *th, void *object);         /* NULL: exception pending */
bool tz_machine_equals(tz_thread *th, void *a, void *b, bool *equal); /* b may be NULL; false: exception */
bool tz_machine_hash(tz_thread *th, void *object, int64_t *hash);     /* false: exception pending */
