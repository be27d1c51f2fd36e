/* compile.c: the Rima compiler as the commands use it. */
#include "compile.h"
#include "terza/classlib.h"
#include <unistd.h>

_Static_assert(sizeof(tz_library_source) == sizeof(rima_library_entry),
               "the compiler reads the library's table as it is");

rima_compiler *command_compiler(command_line *line, bool is_interactive, bool has_tests) {
  rima_options options = {.is_interactive = is_interactive, .has_tests = has_tests};
  options.library = (const rima_library_entry *)tz_classlib_sources(&options.library_count);
  rima_compiler *compiler = rima_compiler_new(&options);
  if (!compiler) command_fail(line, "out of memory");
  return compiler;
}

void command_print_diagnostics(rima_diagnostics *diagnostics) {
  if (diagnostics->count == 0) return;
  fputs(rima_diagnostics_render(diagnostics, isatty(2)), stderr);
}

tz_image *command_compile(rima_compiler *compiler, const char *path, uint64_t *lines) {
  rima_result result = rima_compile_file(compiler, path);
  command_print_diagnostics(result.diagnostics);
  if (lines) *lines = result.line_count;
  return result.image;
}
