/* command.h: the parts of the `terza` command. Each command is a line of commands.def and a function here.
 *
 * Exit statuses, everywhere: 0 done; 1 the program (or a test) failed: an uncaught error; 2 not started:
 * wrong usage, unreadable file, source or module errors; otherwise what main returned or env.exit said. */
#pragma once
#include "terza/module.h"
#include "terza/options.h"
#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_PROGRAM_FAILED = 1, EXIT_NOT_STARTED = 2 };

/* What follows the command's name. */
typedef struct command_line {
  tz_options options;  /* after command_take_options */
  const char *command; /* its name */
  const char *dump;    /* --dump=WHAT:NAME: the function to show compiled; NULL: none */
  char **args;
  int n_args;
} command_line;

#define TERZA_COMMAND(name, arguments, summary, help) int command_##name(command_line *line);
#include "commands.def"
#undef TERZA_COMMAND

/* Says "terza COMMAND: text" on stderr; returns EXIT_NOT_STARTED. */
int command_fail(const command_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes "--name" or "--name=value" out of the arguments. True if it was there; *value NULL without "=". */
bool command_take_flag(command_line *line, const char *name, const char **value);
/* The first argument that begins with "-" and is not "-" or behind "--" is an error: says so, false. */
bool command_no_flags_left(command_line *line);
bool command_ends_with(const char *path, const char *ending);
/* PATH's text with its ending replaced; malloc'd. */
char *command_replace_ending(const char *path, const char *ending);

/* Sets line->options from TERZA_OPTIONS. False after saying why. */
bool command_usual_options(command_line *line);
/* The same, and from the leading --NAME=VALUE arguments, which it takes out. False
 * after saying why. */
bool command_take_options(command_line *line);

/* A file's bytes, 8-aligned, with a NUL behind; "-" is standard input. NULL after saying why. free() it. */
char *command_read_file(const command_line *line, const char *path, size_t *length);
/* Writes through a temporary file beside it, so that PATH is whole or untouched. False after saying why. */
bool command_write_file(const command_line *line, const char *path, const void *bytes, size_t length);

/* An image from a .tzm, .tza or .rima file, not yet verified; NULL after saying why. *bytes (may be NULL) is
 * to be freed after the image. */
tz_image *command_read_image(command_line *line, const char *path, char **bytes);
