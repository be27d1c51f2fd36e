/* classlib.h: the class library as hosts see it: native functions to register, Rima sources to compile
 * against.
 *
 * The library is written in Rima (classlib/rima/MODULE.rima); what Rima cannot do is done by natives
 * registered under the module's name. The sources are embedded in the binary, so that a program needs no
 * installation. */
#pragma once
#include "terza/vm.h"

typedef struct tz_library_source {
  const char *name; /* module */
  const char *text; /* NUL-terminated as well */
  size_t length;
} tz_library_source;

/* All modules, "core" first; the entry after the last has a NULL name. *count may be NULL. */
const tz_library_source *tz_classlib_sources(size_t *count);

/* Registers every native of the library with a VM, before modules that use them are loaded. False: out of
 * memory. */
bool tz_classlib_register(tz_vm *vm);
