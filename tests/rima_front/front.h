/* front.h: one compile session for a test, and trees as text. */
#pragma once
#include "format.h"
#include "lexer.h"
#include "parser.h"

typedef struct front {
  rima_session session;
  rima_diagnostics sink;
  rima_source *source;
} front;

/* Releases itself with front_fini. */
void front_init(front *f, const char *text, size_t length);
void front_fini(front *f);
char *front_read_file(const char *path, size_t *length); /* malloc'd */

/* `text` as a module of one statement `let it = text`: the expression in prefix form, "(+ 1 (* 2 3))";
 * "error" with the first message if it has one. In a static buffer per thread. */
const char *front_dump_expr(const char *text);
/* The first message of a module, "LINE:COL: message", or "". */
const char *front_first_error(const char *text);
/* The formatted text, or the first message. */
const char *front_format(const char *text);
