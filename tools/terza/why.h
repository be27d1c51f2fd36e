/* why.h: `terza why`: one run of a program as its JIT log tells it, asked about a method. docs/why.md.
 *
 * The log's records stay JSON; a field that is missing reads as nothing, 0 or an empty list, so that records
 * of a machine with more or less to tell do no harm. */
#pragma once
#include "command.h"
#include <jansson.h>

typedef struct why_log {
  json_t *records;    /* array, in the order of the file */
  double start_ns;    /* of the run, on the clock of the records */
  int64_t threshold;  /* budget slices: before the baseline tier, */
  int64_t promote;    /* and the optimizing tier, compile */
  bool is_optimizing; /* the optimizing tier is in use */
  bool is_by_default; /* the default policy decided */
  bool is_complete;   /* the run came to its end: it has profiles */
} why_log;

/* False after saying why. */
bool why_log_read(const command_line *line, const char *path, why_log *log);
void why_log_free(why_log *log);

/* ---- Fields ---- */
const char *why_string(json_t *object, const char *key); /* "" if there is none */
int64_t why_number(json_t *object, const char *key);     /* 0 if there is none */
bool why_is_true(json_t *object, const char *key);
bool why_is(json_t *record, const char *jit); /* of this kind */
/* Its "function" is this one. */
bool why_is_of(json_t *record, const char *method);
/* Milliseconds since the run began. */
double why_ms(const why_log *log, json_t *record);
bool why_is_optimizing(json_t *record); /* a compilation by the optimizing tier */

/* ---- Questions ---- */
json_t *why_profile(const why_log *log, const char *method); /* NULL: none */
/* The last good compilation by the optimizing tier, the one from the start if there is one. NULL: none. */
json_t *why_code(const why_log *log, const char *method);

/* Lines of the file that a function stands in; "" if it cannot be had. */
typedef struct why_source {
  char *text; /* malloc'd */
  size_t length;
} why_source;
why_source why_source_read(const char *path);
/* Line n, from 1, without its end. */
const char *why_source_line(const why_source *source, int64_t n, size_t *length);

/* Lines are known of instructions alone: the one of the function's head, if that stands a little above the
 * first. */
int64_t why_head_line(const why_source *source, const char *method, int64_t first);

/* ---- Answers: arrays of objects, for text and page alike ---- */

/* What became of the method, in order of time: "ms", "what" (as the record's "jit"), "text". */
json_t *why_story(const why_log *log, const char *method);
/* What is known of its lines: "line", "kind" (types, inlining, call, allocation, check, exit), "text". Sorted
 * by line. */
json_t *why_notes(const why_log *log, const char *method);
/* Where it was considered for building in: "into", "line", "inlined", "text". */
json_t *why_uses(const why_log *log, const char *method);
/* In plain sentences: what keeps the method from being as fast as it could be. Strings. */
json_t *why_verdict(const why_log *log, const char *method);
/* On which tier it is at the end; a clause. */
json_t *why_state(const why_log *log, const char *method);

/* What an exit expected, by the compilation that was left, "" if it does not tell; and what it saw, malloc'd.
 */
const char *why_expected(const why_log *log, size_t deopt_index);
char *why_seen(json_t *deopt);
/* "from its start", "from the loop at line 6 on"; static until the next call. */
const char *why_entry(json_t *record, char text[64]);

void why_text(FILE *to, const why_log *log, const char *method);
/* One page about a method, or (NULL) about all that got hot. */
void why_page(FILE *to, const why_log *log, const char *method, const char *program);
