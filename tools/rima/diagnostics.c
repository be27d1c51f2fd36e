/* diagnostics.c: collecting, ordering and drawing messages. */
#include "diagnostics.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 20
#define SHOWN_COLUMNS 160 /* a longer line is shown around the place */

void rima_diagnostics_init(rima_diagnostics *sink, rima_session *session, uint32_t limit) {
  *sink = (rima_diagnostics){.session = session, .limit = limit ? limit : DEFAULT_LIMIT};
}

/* ---- collecting ---- */

static char *format_list(rima_diagnostics *sink, const char *format, va_list list) {
  va_list again;
  va_copy(again, list);
  int length = vsnprintf(NULL, 0, format, list);
  char *text = rima_arena_alloc(&sink->session->arena, (size_t)(length < 0 ? 0 : length) + 1);
  if (length > 0) vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

/* The same message at one place, or a second error at the very same place, which is nearly always an echo. */
static bool is_echo(const rima_diagnostics *sink, rima_severity severity, rima_span span,
                    const char *message) {
  for (uint32_t i = 0; i < sink->count; i++) {
    const rima_diagnostic *d = &sink->items[i];
    if (d->span.start != span.start) continue;
    if (severity == RIMA_ERROR && d->severity == RIMA_ERROR) return true;
    if (severity == d->severity && strcmp(message, d->message) == 0) return true;
  }
  return false;
}

static rima_diagnostic *add(rima_diagnostics *sink, rima_severity severity, rima_span span,
                            const char *format, va_list list) {
  if (sink->is_muted) {
    sink->muted_count++;
    return NULL;
  }
  const char *message = format_list(sink, format, list);
  if (is_echo(sink, severity, span, message)) return NULL;
  if (severity == RIMA_ERROR && sink->error_count++ >= sink->limit) return NULL;
  if (severity != RIMA_ERROR && sink->count >= 2 * sink->limit) return NULL;
  if (sink->count == sink->capacity) {
    uint32_t capacity = sink->capacity ? sink->capacity * 2 : 8;
    rima_diagnostic *grown = RIMA_NEW_ARRAY(&sink->session->arena, rima_diagnostic, capacity);
    if (sink->count) memcpy(grown, sink->items, sink->count * sizeof *grown);
    sink->items = grown;
    sink->capacity = capacity;
  }
  rima_diagnostic *d = &sink->items[sink->count++];
  *d = (rima_diagnostic){.severity = severity, .span = span, .message = message};
  return d;
}

rima_diagnostic *rima_error(rima_diagnostics *sink, rima_span span, const char *format, ...) {
  va_list list;
  va_start(list, format);
  rima_diagnostic *d = add(sink, RIMA_ERROR, span, format, list);
  va_end(list);
  return d;
}

rima_diagnostic *rima_warning(rima_diagnostics *sink, rima_span span, const char *format, ...) {
  va_list list;
  va_start(list, format);
  rima_diagnostic *d = add(sink, RIMA_WARNING, span, format, list);
  va_end(list);
  return d;
}

void rima_hint(rima_diagnostics *sink, rima_diagnostic *diagnostic, const char *format, ...) {
  if (!diagnostic) return;
  va_list list;
  va_start(list, format);
  diagnostic->hint = format_list(sink, format, list);
  va_end(list);
}

void rima_related(rima_diagnostics *sink, rima_diagnostic *diagnostic, rima_span span, const char *format,
                  ...) {
  if (!diagnostic) return;
  va_list list;
  va_start(list, format);
  diagnostic->has_related = true;
  diagnostic->related = span;
  diagnostic->related_text = format_list(sink, format, list);
  va_end(list);
}

/* By place; equal places keep the order in which they came. */
void rima_diagnostics_sort(rima_diagnostics *sink) {
  for (uint32_t i = 1; i < sink->count; i++) {
    rima_diagnostic d = sink->items[i];
    uint32_t at = i;
    for (; at > 0; at--) {
      if (sink->items[at - 1].span.start <= d.span.start) break;
      sink->items[at] = sink->items[at - 1];
    }
    sink->items[at] = d;
  }
}

/* ---- drawing ---- */

typedef struct drawing {
  rima_session *session;
  char *bytes;
  size_t length, capacity;
  bool in_colour;
} drawing;

static void put_bytes(drawing *out, const char *bytes, size_t length) {
  if (out->length + length + 1 > out->capacity) {
    size_t capacity = (out->capacity + length + 1) * 2;
    char *grown = rima_arena_alloc(&out->session->arena, capacity);
    if (out->length) memcpy(grown, out->bytes, out->length);
    out->bytes = grown;
    out->capacity = capacity;
  }
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
  out->bytes[out->length] = 0;
}
static void put(drawing *out, const char *text) { put_bytes(out, text, strlen(text)); }
static void put_repeated(drawing *out, char c, uint32_t times) {
  for (; times; times--) put_bytes(out, &c, 1);
}
static void put_colour(drawing *out, const char *code) {
  if (out->in_colour) put(out, code);
}

#define BOLD "\x1b[1m"
#define RED "\x1b[1;31m"
#define YELLOW "\x1b[1;33m"
#define CYAN "\x1b[1;36m"
#define PLAIN "\x1b[0m"

/* The length of the well-formed character at p, 0 if there is none. */
static uint32_t utf8_length(const char *p, const char *end) {
  unsigned char c = (unsigned char)*p;
  uint32_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (n == 0 || (size_t)(end - p) < n) return 0;
  for (uint32_t i = 1; i < n; i++)
    if (((unsigned char)p[i] & 0xc0) != 0x80) return 0;
  return n;
}

/* The line's characters in [from, to), what cannot be shown replaced by '?'. */
static void put_line(drawing *out, const char *from, const char *to) {
  while (from < to) {
    uint32_t n = utf8_length(from, to);
    bool is_shown = n && ((unsigned char)*from >= 0x20 || *from == '\t') && *from != 0x7f;
    if (is_shown) put_bytes(out, from, n);
    else put(out, "?");
    from += n ? n : 1;
  }
}

/* Blanks as wide as put_line's output; tabs stay tabs. */
static void put_blank(drawing *out, const char *from, const char *to) {
  while (from < to) {
    uint32_t n = utf8_length(from, to);
    put(out, *from == '\t' ? "\t" : " ");
    from += n ? n : 1;
  }
}

static uint32_t count_columns(const char *from, const char *to) {
  uint32_t columns = 0;
  while (from < to) {
    uint32_t n = utf8_length(from, to);
    from += n ? n : 1;
    columns++;
  }
  return columns;
}

static const char *text_at(const rima_source *source, uint32_t position) {
  uint32_t offset = position - source->base;
  return source->text + (offset < source->length ? offset : source->length);
}

/* The span's first line with carets under it. */
static void put_excerpt(drawing *out, rima_source *source, rima_span span, const char *colour) {
  rima_place place = rima_source_place(out->session, source, span.start);
  const char *text = source->text, *end = text + source->length;
  const char *at = text_at(source, span.start);
  const char *line = text + source->lines[place.line - 1];
  const char *line_end = memchr(line, '\n', (size_t)(end - line));
  if (!line_end) line_end = end;
  if (line_end > line && line_end[-1] == '\r' && at < line_end) line_end--;
  const char *stop = text_at(source, span.end);
  if (stop > line_end) stop = line_end;
  const char *shown = line, *shown_end = line_end;
  if (at - line > SHOWN_COLUMNS) shown = at - SHOWN_COLUMNS / 2;
  while (shown > line && ((unsigned char)*shown & 0xc0) == 0x80) shown--;
  if (shown_end - shown > 2 * SHOWN_COLUMNS) shown_end = shown + 2 * SHOWN_COLUMNS;
  while (shown_end < line_end && ((unsigned char)*shown_end & 0xc0) == 0x80) shown_end++;
  if (stop > shown_end) stop = shown_end;
  char number[16];
  int width = snprintf(number, sizeof number, "%4u", place.line);
  put(out, number);
  put(out, " | ");
  put_line(out, shown, shown_end);
  put(out, "\n");
  put_repeated(out, ' ', (uint32_t)width);
  put(out, " | ");
  put_blank(out, shown, at);
  put_colour(out, colour);
  uint32_t carets = at < stop ? count_columns(at, stop) : 1;
  put_repeated(out, '^', carets ? carets : 1);
  put_colour(out, PLAIN);
  put(out, "\n");
}

static void put_place(drawing *out, rima_source *source, rima_span span, const char *kind, const char *colour,
                      const char *message) {
  put_colour(out, BOLD);
  if (source) {
    rima_place place = rima_source_place(out->session, source, span.start);
    char digits[32];
    snprintf(digits, sizeof digits, ":%u:%u: ", place.line, place.column);
    put(out, source->path);
    put(out, digits);
  }
  put_colour(out, colour);
  put(out, kind);
  put(out, ": ");
  put_colour(out, PLAIN);
  put_colour(out, BOLD);
  put(out, message);
  put_colour(out, PLAIN);
  put(out, "\n");
  if (source) put_excerpt(out, source, span, colour);
}

static void put_diagnostic(drawing *out, const rima_diagnostic *d) {
  static const char *const kinds[] = {"error", "warning", "note"};
  static const char *const colours[] = {RED, YELLOW, CYAN};
  put_place(out, rima_session_source(out->session, d->span.start), d->span, kinds[d->severity],
            colours[d->severity], d->message);
  if (d->hint) {
    put_colour(out, CYAN);
    put(out, "hint: ");
    put_colour(out, PLAIN);
    put(out, d->hint);
    put(out, "\n");
  }
  if (d->has_related)
    put_place(out, rima_session_source(out->session, d->related.start), d->related, "note", CYAN,
              d->related_text);
}

const char *rima_diagnostic_render(rima_session *session, const rima_diagnostic *diagnostic, bool in_colour) {
  drawing out = {.session = session, .in_colour = in_colour};
  put_diagnostic(&out, diagnostic);
  return out.bytes;
}

const char *rima_diagnostics_render(rima_diagnostics *sink, bool in_colour) {
  drawing out = {.session = sink->session, .in_colour = in_colour};
  rima_diagnostics_sort(sink);
  put(&out, "");
  for (uint32_t i = 0; i < sink->count; i++) put_diagnostic(&out, &sink->items[i]);
  if (sink->error_count > sink->limit) {
    char more[64];
    snprintf(more, sizeof more, "%u more errors are not shown\n", sink->error_count - sink->limit);
    put(&out, more);
  }
  return out.bytes;
}

/* ---- the nearest name ---- */

#define NEAREST_LONGEST 64

void rima_nearest_init(rima_nearest *nearest, const char *wanted, size_t length) {
  uint32_t allowed = length <= 2 ? 1 : (uint32_t)(length + 2) / 3;
  *nearest = (rima_nearest){.wanted = wanted, .wanted_length = (uint32_t)length, .distance = allowed + 1};
}

static unsigned char folded(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Damerau-Levenshtein (neighbouring letters swapped count once), letters' case ignored. */
static uint32_t edit_distance(const char *a, uint32_t n, const char *b, uint32_t m) {
  uint32_t rows[3][NEAREST_LONGEST + 1];
  for (uint32_t j = 0; j <= m; j++) rows[0][j] = j;
  for (uint32_t i = 1; i <= n; i++) {
    uint32_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
    now[0] = i;
    for (uint32_t j = 1; j <= m; j++) {
      uint32_t is_other = folded(a[i - 1]) != folded(b[j - 1]);
      uint32_t d = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + is_other);
      bool is_swap =
          i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]);
      if (is_swap) d = least(d, two_before[j - 2] + 1);
      now[j] = d;
    }
  }
  return rows[n % 3][m];
}

void rima_nearest_offer(rima_nearest *nearest, const char *candidate, size_t length) {
  uint32_t wanted = nearest->wanted_length;
  if (length == 0 || wanted == 0 || length > NEAREST_LONGEST || wanted > NEAREST_LONGEST) return;
  uint32_t gap = length > wanted ? (uint32_t)length - wanted : wanted - (uint32_t)length;
  if (gap >= nearest->distance) return;
  uint32_t distance = edit_distance(nearest->wanted, wanted, candidate, (uint32_t)length);
  if (distance >= nearest->distance || distance >= wanted) return;
  nearest->best = candidate;
  nearest->best_length = (uint32_t)length;
  nearest->distance = distance;
}
