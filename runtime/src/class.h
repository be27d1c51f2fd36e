/* class.h: classes, functions and modules as the runtime makes them. Public face: terza/linking.h. */
#pragma once
#include "symbols.h"
#include "terza/linking.h"

struct tz_class_table {
  tz_ptr_map by_name; /* symbol of "module.Name" -> tz_class, published ones */
};
struct tz_function_table {
  tz_function **by_id; /* NULL: discarded */
  uint32_t count, capacity;
};

/* Classes of array and channel objects; their types are those given. */
tz_class *tz_class_new_array(tz_vm *vm, tz_type *array);
tz_class *tz_class_new_chan(tz_vm *vm, tz_type *chan);
/* Fills vtable slots that are NULL with the superclass's functions and slots 0..2 with `basics`. */
void tz_class_inherit(tz_class *cls);
