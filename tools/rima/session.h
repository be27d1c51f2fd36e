/* session.h: what one compile owns: an arena, the interned names, the source texts.
 *
 * Everything the compiler makes (tree, names, texts, diagnostics' strings) lives in the session's arena and
 * dies with it; nothing is freed singly. Invariant: two names with equal bytes are the same pointer. A
 * session is used by one thread at a time; several sessions may live at once. */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIMA_MAX_SOURCE_BYTES (1u << 28)
#define RIMA_MAX_SOURCES 65535u

/* Bytes somebody else owns, usually the arena or a source; not NUL-terminated unless said so. */
typedef struct rima_text {
  const char *bytes;
  uint32_t length;
} rima_text;

/* A place in a source, from one position up to another. Positions count the bytes of all sources, one source
 * behind the other, so that a position tells its source. Line and column are computed on demand
 * (rima_source_place). */
typedef struct rima_span {
  uint32_t start, end;
} rima_span;

/* ---- arena ---- */

struct rima_arena_chunk;
typedef struct rima_arena {
  char *at, *end;
  struct rima_arena_chunk *chunks;
  size_t used, limit;    /* bytes taken from malloc, and the most it may take (0: no limit) */
  jmp_buf *on_exhausted; /* where to go when memory or the limit is exhausted; NULL: abort() */
} rima_arena;

void rima_arena_init(rima_arena *arena, size_t limit);
void rima_arena_fini(rima_arena *arena);
void *rima_arena_alloc_slow(rima_arena *arena, size_t size);

/* Zeroed memory, 8-aligned, never NULL (leaves through on_exhausted instead). */
static inline void *rima_arena_alloc(rima_arena *arena, size_t size) {
  size = (size + 7) & ~(size_t)7;
  if (__builtin_expect(size > (size_t)(arena->end - arena->at), 0)) return rima_arena_alloc_slow(arena, size);
  void *p = arena->at;
  arena->at += size;
  return p;
}
#define RIMA_NEW(arena, type) ((type *)rima_arena_alloc((arena), sizeof(type)))
#define RIMA_NEW_ARRAY(arena, type, n) ((type *)rima_arena_alloc((arena), sizeof(type) * (size_t)(n)))

/* A NUL-terminated copy of `length` bytes. */
char *rima_arena_copy(rima_arena *arena, const char *bytes, size_t length);
/* The NUL-terminated texts one behind the other, up to NULL: what is needed for each function is not
 * formatted. */
char *rima_arena_join(rima_arena *arena, const char *first, ...) __attribute__((sentinel));
/* A NUL-terminated formatted text. */
char *rima_arena_format(rima_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- names ---- */

struct rima_local;
typedef struct rima_name {
  uint32_t hash, length;
  uint8_t keyword;            /* token kind if the name is a reserved word, else 0 */
  struct rima_local *binding; /* used by the parser's scope pass while it parses; NULL otherwise */
  char text[];                /* NUL-terminated */
} rima_name;

/* ---- sources ---- */

typedef struct rima_source {
  const char *path; /* as shown in messages; NUL-terminated, in the arena */
  const char *text; /* `length` bytes and a NUL; in the arena */
  uint32_t length;
  uint32_t base;   /* the position of its first byte */
  uint32_t *lines; /* offset of each line's first byte; built by the first rima_source_place */
  uint32_t line_count;
  uint32_t last_line; /* index in lines of the place asked for last: the next one is often near */
} rima_source;

typedef struct rima_place {
  uint32_t line, column; /* from 1; the column counts code points */
} rima_place;

typedef struct rima_session {
  rima_arena arena;
  rima_name **names; /* open-addressed table */
  uint32_t name_capacity, name_count;
  rima_source **sources;
  uint32_t source_count, source_capacity;
  uint32_t last_source;      /* index of the one asked for last */
  struct rima_token *tokens; /* of the source lexed last; the room is used again */
  uint32_t token_capacity;
  void *c_locale; /* numbers are read alike in every locale */
} rima_session;

/* memory_limit: bytes the whole compile may take, 0 for no limit. */
void rima_session_init(rima_session *session, size_t memory_limit);
void rima_session_fini(rima_session *session);

/* The one rima_name with these bytes; never NULL. */
const rima_name *rima_name_intern(rima_session *session, const char *bytes, size_t length);
const rima_name *rima_name_of(rima_session *session, const char *c_string);

/* Copies path and text into the session. NULL if the text is longer than RIMA_MAX_SOURCE_BYTES, or there are
 * too many sources or positions. Who finds and reads files is the driver's business. */
rima_source *rima_source_add(rima_session *session, const char *path, const char *text, size_t length);
rima_place rima_source_place(rima_session *session, rima_source *source, uint32_t position);
/* The source that a position lies in; NULL if there is no source at all. */
rima_source *rima_session_source(rima_session *session, uint32_t position);
