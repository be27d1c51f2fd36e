/* diagnostics.h: collects what a compile has to say and renders it.
 *
 * A sink, never a printer. Invariant: at most `limit` errors are kept (the rest are counted), none twice at
 * one place. All strings live in the session's arena. */
#pragma once
#include "session.h"

typedef enum rima_severity { RIMA_ERROR, RIMA_WARNING, RIMA_NOTE } rima_severity;

typedef struct rima_diagnostic {
  rima_severity severity;
  rima_span span;
  const char *message;
  const char *hint; /* or NULL */
  bool has_related;
  rima_span related;        /* a second place, e.g. where it was declared */
  const char *related_text; /* what that place is, e.g. "declared here" */
} rima_diagnostic;

typedef struct rima_diagnostics {
  rima_session *session;
  rima_diagnostic *items; /* sorted by place once rima_diagnostics_sort has run */
  uint32_t count, capacity, limit;
  uint32_t error_count; /* all errors, also those beyond the limit */
  bool is_muted;        /* reports nothing, only counts muted_count; for speculation */
  uint32_t muted_count;
} rima_diagnostics;

/* limit 0 stands for 20. */
void rima_diagnostics_init(rima_diagnostics *sink, rima_session *session, uint32_t limit);

/* Both return the diagnostic for additions (hint, related), or NULL when it was muted, a duplicate, or over
 * the limit; rima_hint and rima_related accept that NULL. */
rima_diagnostic *rima_error(rima_diagnostics *sink, rima_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
rima_diagnostic *rima_warning(rima_diagnostics *sink, rima_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void rima_hint(rima_diagnostics *sink, rima_diagnostic *diagnostic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void rima_related(rima_diagnostics *sink, rima_diagnostic *diagnostic, rima_span span, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* By file and place; call before reading `items` as a list. */
void rima_diagnostics_sort(rima_diagnostics *sink);
/* All of it as text, sorted: `path:line:col: error: message`, the line, carets, hint. Arena-owned,
 * NUL-terminated. */
const char *rima_diagnostics_render(rima_diagnostics *sink, bool in_colour);
/* One of them. */
const char *rima_diagnostic_render(rima_session *session, const rima_diagnostic *diagnostic, bool in_colour);

/* ---- the nearest name ---- */

/* Feed candidates one by one; `best` is the nearest within a third of the length, else NULL. */
typedef struct rima_nearest {
  const char *wanted;
  uint32_t wanted_length;
  const char *best; /* the candidate's own bytes */
  uint32_t best_length;
  uint32_t distance;
} rima_nearest;
void rima_nearest_init(rima_nearest *nearest, const char *wanted, size_t length);
void rima_nearest_offer(rima_nearest *nearest, const char *candidate, size_t length);
