/* stack_map.h: from LLVM's stack maps (version 3, of statepoints) to the tables of native.h. */
#pragma once
#include "native.h"

/* Reads the relocated section; fills in code's safepoints, roots and operands. NULL, or what is wrong with it
 * (static text; the tables may then be half made). */
const char *tz_stack_map_read(tz_native_code *code, const uint8_t *section, size_t bytes);
