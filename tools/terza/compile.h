/* compile.h: the Rima compiler as the commands use it. */
#pragma once
#include "command.h"
#include "compiler.h"

/* A compiler that knows the class library; NULL after saying why. */
rima_compiler *command_compiler(command_line *line, bool is_interactive, bool has_tests);
/* Compiles a file, printing diagnostics on stderr; NULL if there were errors. *lines (may be NULL): lines
 * parsed. */
tz_image *command_compile(rima_compiler *compiler, const char *path, uint64_t *lines);
/* Prints what a compile had to say. */
void command_print_diagnostics(rima_diagnostics *diagnostics);

int64_t command_nanoseconds(void); /* monotonic */
