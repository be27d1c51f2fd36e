/* fmt.c: `terza fmt`. */
#include "command.h"
#include "format.h"
#include <stdlib.h>

/* 0 unchanged or written, 1 would change, 2 error. */
static int format_file(command_line *line, const char *path, bool check_only) {
  size_t length, formatted_length;
  char *text = command_read_file(line, path, &length);
  if (!text) return EXIT_NOT_STARTED;
  rima_session session;
  rima_diagnostics sink;
  rima_session_init(&session, 0);
  rima_diagnostics_init(&sink, &session, 0);
  rima_source *source = rima_source_add(&session, path, text, length);
  const char *formatted = source ? rima_format(&session, source, &sink, &formatted_length) : NULL;
  int status = EXIT_DONE;
  if (!formatted) {
    fputs(rima_diagnostics_render(&sink, false), stderr);
    status = EXIT_NOT_STARTED;
  } else if (strcmp(path, "-") == 0) {
    fwrite(formatted, 1, formatted_length, stdout);
  } else if (formatted_length != length || memcmp(formatted, text, length) != 0) {
    if (check_only) printf("%s would change\n", path), status = EXIT_PROGRAM_FAILED;
    else if (!command_write_file(line, path, formatted, formatted_length)) status = EXIT_NOT_STARTED;
  }
  rima_session_fini(&session);
  free(text);
  return status;
}

int command_fmt(command_line *line) {
  bool check_only = command_take_flag(line, "--check", NULL);
  if (!command_no_flags_left(line)) return EXIT_NOT_STARTED;
  if (line->n_args == 0) return command_fail(line, "name a file, or - for standard input");
  int worst = EXIT_DONE;
  for (int i = 0; i < line->n_args; i++) {
    int status = format_file(line, line->args[i], check_only);
    if (status > worst) worst = status;
  }
  return worst;
}
