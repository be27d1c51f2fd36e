/* compiler.h: the public face of the Rima compiler: source in, module image and diagnostics out.
 *
 * A compiler may compile several programs one after another; each later one sees the names of the earlier
 * ones as imports (that is how the REPL works). One image holds the program's own modules and everything of
 * the library that they reach; names in it are qualified, "module.name". A compiler is used by one thread at
 * a time; several may live. */
#pragma once
#include "diagnostics.h"
#include "terza/module.h"

/* One module of the class library, embedded in the binary. */
typedef struct rima_library_entry {
  const char *name;
  const char *text;
  size_t length;
} rima_library_entry;

typedef struct rima_options {
  const rima_library_entry *library; /* must outlive the compiler; must hold "core" */
  size_t library_count;
  size_t memory_limit;  /* bytes the compiler may take; 0: no limit */
  uint32_t error_limit; /* errors kept; 0: the default */
  bool is_interactive;  /* a REPL: every method keeps a slot, earlier programs stay visible, a last expression
                           prints */
  bool is_open_world;   /* later compiles may use, extend and override what earlier ones declared; implied by
                           is_interactive */
  bool has_tests;       /* compile `test` blocks too */
} rima_options;

typedef struct rima_test {
  const char *title;    /* as written */
  const char *function; /* its name in the image, () -> void */
  const char *path;
  uint32_t line;
} rima_test;

/* What one compile gave. Everything but the image lives as long as the compiler. */
typedef struct rima_result {
  tz_image *image;               /* finished; the caller frees it. NULL if there were errors */
  rima_diagnostics *diagnostics; /* never NULL; valid until the next compile */
  const rima_test *tests;
  uint32_t test_count;
  uint64_t line_count; /* of all sources parsed */
} rima_result;

/* image->init runs all initialisers in order, () -> void. image->main is ([string]) -> i64: the program's
 * arguments to its exit status, or TZ_NONE when the program has no main. */

typedef struct rima_compiler rima_compiler;
rima_compiler *rima_compiler_new(const rima_options *options); /* NULL: out of memory */
void rima_compiler_free(rima_compiler *compiler);              /* NULL allowed */

/* `path` is read, and files beside it as it imports them. */
rima_result rima_compile_file(rima_compiler *compiler, const char *path);
/* `path` is for messages and for relative imports; the module's name is the file's name without its ending.
 */
rima_result rima_compile_text(rima_compiler *compiler, const char *path, const char *text, size_t length);
