/* internals.h: what a VM holds for the runtime's own files. */
#pragma once
#include "symbols.h"

struct tz_internals {
  tz_ptr_map strings;        /* symbol of the text -> permanent string */
  tz_ptr_map dynamics;       /* symbol of the name -> tz_dynamic, see native.c */
  uint32_t n_dynamics;       /* functions in it: what was not found may be there when they are more */
  tz_ptr_map native_classes; /* symbol of the qualified name -> tz_class */
  struct tz_shape *shapes;   /* all, for freeing */
  char *out;                 /* buffered output on fd 1 */
  size_t out_length;
  bool out_by_lines;
  int out_error; /* errno of the first write that failed; 0: none */
};

/* Calls the finalizers of native payloads that the collector found unreachable. Does not collect. */
void tz_vm_run_finalizers(tz_vm *vm);

/* Machine classes and their natives: module tz. False: out of memory. */
bool tz_machine_init(tz_vm *vm);

struct tz_native_table *tz_native_table_new(void);
void tz_native_table_free(struct tz_native_table *table);

void tz_shapes_free(tz_vm *vm);
bool tz_shapes_init(tz_vm *vm);

void tz_roots_visit(tz_thread *th, tz_visitor *v);
void tz_roots_free(tz_thread *th);
