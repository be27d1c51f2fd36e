/* type.h: the VM's table of types. Public face: terza/vm.h and terza/linking.h. */
#pragma once
#include "terza/vm.h"

struct tz_type_table *tz_types_new(tz_vm *vm); /* the simple types, without classes; NULL: out of memory */
void tz_types_free(struct tz_type_table *table);
tz_type *tz_type_alloc(tz_vm *vm, tz_kind kind); /* not interned: for class types */
