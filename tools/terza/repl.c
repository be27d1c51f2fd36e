/* repl.c: `terza repl`: each input is compiled as a module of its own that sees the earlier ones, then run.
 */
#include "program.h"
#include <stdlib.h>
#include <unistd.h>

typedef struct repl {
  command_line *line;
  rima_compiler *compiler;
  tz_vm *vm;
  char *input; /* lines so far of an input that is not complete */
  size_t length, capacity;
  int number;
} repl;

/* Brackets still open, strings and comments skipped: whether to ask for another line. */
static bool is_incomplete(const char *text) {
  int depth = 0;
  for (const char *at = text; *at; at++) {
    if (at[0] == '/' && at[1] == '/') {
      while (*at && *at != '\n') at++;
      if (!*at) break;
    } else if (*at == '"' || *at == '\'') {
      char quote = *at++;
      while (*at && *at != quote && *at != '\n') at += *at == '\\' && at[1] ? 2 : 1;
      if (!*at) break;
    } else if (strchr("([{", *at)) depth++;
    else if (strchr(")]}", *at)) depth--;
  }
  return depth > 0;
}

static bool add_line(repl *r, const char *text, size_t n) {
  if (r->length + n + 1 > r->capacity) {
    size_t capacity = 2 * (r->length + n + 1);
    char *larger = realloc(r->input, capacity);
    if (!larger) return false;
    r->input = larger;
    r->capacity = capacity;
  }
  memcpy(r->input + r->length, text, n);
  r->length += n;
  r->input[r->length] = 0;
  return true;
}

static void run_input(repl *r) {
  char path[32];
  snprintf(path, sizeof path, "line%d", ++r->number);
  rima_result result = rima_compile_text(r->compiler, path, r->input, r->length);
  command_print_diagnostics(result.diagnostics);
  int status;
  if (result.image) program_load(r->vm, result.image, path, &status);
}

static const char help[] = "Type declarations, statements or expressions; names stay known.\n"
                           "  :help  this text\n  :quit  leave (so does the end of input)\n"
                           "A line with an open bracket is continued on the next.\n";

/* False: leave. */
static bool take_line(repl *r, const char *text, size_t n) {
  if (r->length == 0 && (strcmp(text, ":quit\n") == 0 || strcmp(text, ":q\n") == 0)) return false;
  if (r->length == 0 && strcmp(text, ":help\n") == 0) return fputs(help, stdout), true;
  if (r->length == 0 && text[0] == ':')
    return printf("no command %.*s (try :help)\n", (int)(n - 1), text), true;
  if (!add_line(r, text, n)) return false;
  if (is_incomplete(r->input)) return true;
  if (strspn(r->input, " \t\n") < r->length) run_input(r);
  r->length = 0;
  return true;
}

int command_repl(command_line *line) {
  if (!command_take_options(line) || !command_no_flags_left(line)) return EXIT_NOT_STARTED;
  repl r = {.line = line, .compiler = command_compiler(line, true, false)};
  r.vm = r.compiler ? program_vm(line, NULL, 0) : NULL;
  if (!r.vm) return rima_compiler_free(r.compiler), EXIT_NOT_STARTED;
  bool prompts = isatty(0) && isatty(1);
  if (prompts) puts("Rima on Terza " TERZA_VERSION "; :help for help, :quit to leave");
  char *text = NULL;
  size_t capacity = 0;
  ssize_t n;
  do {
    if (prompts) fputs(r.length ? "... " : "> ", stdout);
    fflush(stdout);
    n = getline(&text, &capacity, stdin);
  } while (n > 0 && take_line(&r, text, (size_t)n));
  if (prompts && n <= 0) putchar('\n');
  free(text);
  free(r.input);
  program_end(r.vm);
  rima_compiler_free(r.compiler);
  return EXIT_DONE;
}
