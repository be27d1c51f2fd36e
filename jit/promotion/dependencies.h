/* dependencies.h: what a code assumes of the class hierarchy (graph/hierarchy.h), from its graph until it is
 * freed. */
#pragma once
#include "native.h"

/* Copies the graph's to the code. False: no memory. */
bool tz_dependencies_take(tz_native_code *code, const tz_graph *g);
/* Whether all of them hold: before a code is installed, since classes may have come while it was compiled. On
 * the worker, which loads classes. */
bool tz_dependencies_hold(const tz_vm *vm, const tz_native_code *code);
/* Whether the class that has just been loaded leaves them true. */
bool tz_dependencies_allow(const tz_native_code *code, const tz_class *loaded);
