/* curves.c: what happens over time: warm-up and tiers; see charts.h. */
#include "charts.h"
#include "svg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 360, HEIGHT = 210, LEFT = 44, RIGHT = 8, TOP = 8, BOTTOM = 24, LANE = 16 };

/* ---- Warm-up ---- */

typedef struct extent {
  double low, high;
  size_t longest;
} extent;

static void include(extent *x, const lab_cell *cell) {
  for (size_t i = 0; i < cell->n; i++) {
    const lab_process *p = cell->processes[i];
    if (p->n > x->longest) x->longest = p->n;
    for (size_t k = 0; k < p->n; k++) {
      x->low = fmin(x->low, fmax(p->ms[k], 1e-6));
      x->high = fmax(x->high, p->ms[k]);
    }
  }
}

/* Iterations that one point of a curve stands for: one each at first, then two per cent more each time, since
 * the scale is logarithmic. */
typedef struct span {
  size_t first, end;
} span;

static span span_at(size_t first) { return (span){first, first + 1 + first / 50}; }

/* A quantile over processes of the median time in a span; NAN beyond the end of all. */
static double across(const lab_cell *cell, span s, double share) {
  double values[LAB_ROUNDS];
  size_t n = 0;
  for (size_t i = 0; i < cell->n; i++) {
    const lab_process *p = cell->processes[i];
    size_t end = s.end < p->n ? s.end : p->n;
    if (s.first < end) values[n++] = stats_median(p->ms + s.first, end - s.first);
  }
  return stats_quantile(values, n, share);
}

static size_t longest_of(const lab_cell *cell) {
  size_t longest = 0;
  for (size_t i = 0; i < cell->n; i++)
    if (cell->processes[i]->n > longest) longest = cell->processes[i]->n;
  return longest;
}

static void draw_point(FILE *to, const lab_cell *cell, span s, double share, const svg_scale *x,
                       const svg_scale *y) {
  fprintf(to, "%.1f,%.1f ", svg_place(x, (double)s.first + 1), svg_place(y, across(cell, s, share)));
}

static void draw_points(FILE *to, const lab_cell *cell, double share, const svg_scale *x,
                        const svg_scale *y) {
  size_t n = longest_of(cell);
  for (span s = span_at(0); s.first < n; s = span_at(s.end)) draw_point(to, cell, s, share, x, y);
}

/* From the first to the last of the highest, and back along the lowest. */
static void draw_band(FILE *to, const lab_cell *cell, size_t engine, const svg_scale *x, const svg_scale *y) {
  enum { MOST = 1024 };
  char colour[COLOUR_ROOM];
  span spans[MOST];
  size_t n = 0, longest = longest_of(cell);
  fprintf(to, "<polygon class=\"band %s\" points=\"", chart_colour(engine, 'f', colour));
  for (span s = span_at(0); s.first < longest && n < MOST; s = span_at(s.end)) {
    draw_point(to, cell, s, 1, x, y);
    spans[n++] = s;
  }
  while (n > 0) draw_point(to, cell, spans[--n], 0, x, y);
  fputs("\"/>\n", to);
}

static void draw_curve(FILE *to, const lab_cell *cell, size_t engine, const svg_scale *x,
                       const svg_scale *y) {
  char colour[COLOUR_ROOM];
  double from[LAB_ROUNDS];
  fprintf(to, "<polyline class=\"curve %s\" points=\"", chart_colour(engine, 's', colour));
  draw_points(to, cell, 0.5, x, y);
  fputs("\"/>\n", to);
  if (!steady_is_reached(cell->class)) return;
  for (size_t i = 0; i < cell->n; i++) from[i] = (double)cell->processes[i]->steady.from;
  size_t start = (size_t)stats_median(from, cell->n);
  fprintf(to, "<circle r=\"3\" cx=\"%.1f\" cy=\"%.1f\" class=\"%s\"/>\n", svg_place(x, (double)start + 1),
          svg_place(y, across(cell, span_at(start), 0.5)), chart_colour(engine, 'f', colour));
}

void chart_warm_up(FILE *to, const lab_data *data, size_t program) {
  extent all = {INFINITY, 0, 1};
  for (size_t e = 0; e < data->n_engines; e++) include(&all, data_cell(data, program, e));
  if (all.high <= 0) return;
  svg_scale x = {1, fmax((double)all.longest, 2), LEFT, WIDTH - RIGHT, true};
  svg_scale y = {all.low / 1.15, all.high * 1.15, HEIGHT - BOTTOM, TOP, true};
  svg_begin(to, WIDTH, HEIGHT, data->programs[program]);
  svg_axis_left(to, &y, LEFT, WIDTH - RIGHT, "ms");
  svg_axis_below(to, &x, HEIGHT - BOTTOM + 2, "");
  for (size_t e = 0; e < data->n_engines; e++)
    if (data_cell(data, program, e)->n > 1 && !data->engines[e].is_peer)
      draw_band(to, data_cell(data, program, e), e, &x, &y);
  for (size_t e = 0; e < data->n_engines; e++)
    if (data_cell(data, program, e)->n > 0) draw_curve(to, data_cell(data, program, e), e, &x, &y);
  svg_end(to);
}

/* ---- Tiers ---- */

enum { MAX_TIERS = 6 };

typedef struct tiers {
  const char *names[MAX_TIERS];
  size_t counts[MAX_TIERS];
  size_t n;
} tiers;

static size_t tier_of(tiers *t, const char *name) {
  size_t i = 0;
  while (i < t->n && strcmp(t->names[i], name) != 0) i++;
  if (i == t->n && t->n < MAX_TIERS) t->names[t->n++] = name;
  return i < MAX_TIERS ? i : MAX_TIERS - 1;
}

const lab_process *chart_timeline_process(const lab_cell *cell) {
  const lab_process *best = NULL;
  for (size_t i = 0; i < cell->n && best == NULL; i++)
    if (cell->processes[i]->n_compilations > 0) best = cell->processes[i];
  return best;
}

/* The part of a process that is worth showing: until its last compilation and twice as long, all at most. */
static double time_shown(const lab_process *p) {
  double last = 0, end = p->figures.start_ms;
  for (size_t i = 0; i < p->n_compilations; i++)
    last = fmax(last, p->compilations[i].at_ms + p->compilations[i].ms);
  for (size_t i = 0; i < p->n; i++) end += p->ms[i];
  return fmax(fmin(end, 2 * last), 1);
}

/* As steps; several iterations at a time where one is too short to be seen. */
static void draw_iterations(FILE *to, const lab_process *p, const svg_scale *x, const svg_scale *y) {
  char colour[COLOUR_ROOM];
  double at = p->figures.start_ms, least = (x->high - x->low) / (x->to - x->from);
  fprintf(to, "<path class=\"curve %s\" d=\"", chart_colour(p->engine, 's', colour));
  for (size_t i = 0; i < p->n && at < x->high;) {
    size_t first = i;
    double ms = 0;
    while (i < p->n && (i == first || ms < least)) ms += p->ms[i++];
    fprintf(to, "%s%.1f %.1fH%.1f", first == 0 ? "M" : "L", svg_place(x, at),
            svg_place(y, ms / (double)(i - first)), svg_place(x, at + ms));
    at += ms;
  }
  fputs("\"/>\n", to);
}

static void draw_compilations(FILE *to, const lab_process *p, tiers *t, const svg_scale *x, double top) {
  for (size_t i = 0; i < p->n_compilations; i++) {
    const lab_compilation *c = &p->compilations[i];
    size_t tier = tier_of(t, c->tier);
    double left = svg_place(x, c->at_ms), width = svg_place(x, c->at_ms + c->ms) - left;
    t->counts[tier]++;
    fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"f%zu\"><title>", left,
            top + (double)tier * LANE, fmax(width, 0.8), LANE - 5, (tier + 1) % SVG_COLOURS);
    svg_escape(to, c->function);
    fputs(", ", to);
    svg_escape(to, c->tier);
    fprintf(to, ", at %.1f ms, took %.3f ms</title></rect>\n", c->at_ms, c->ms);
  }
}

void chart_timeline(FILE *to, const lab_data *data, const lab_process *p) {
  enum { CURVE = 120, NAMES = 66 };
  tiers t = {.n = 0};
  double high = 0, low = INFINITY;
  for (size_t i = 0; i < p->n_compilations; i++) tier_of(&t, p->compilations[i].tier);
  for (size_t i = 0; i < p->n; i++) high = fmax(high, p->ms[i]), low = fmin(low, fmax(p->ms[i], 1e-6));
  double bottom = CURVE + 8 + (double)t.n * LANE;
  svg_scale x = {0, time_shown(p), NAMES, WIDTH - RIGHT, false};
  svg_scale y = {low / 1.15, high * 1.15, CURVE, TOP, true};
  svg_begin(to, WIDTH, bottom + BOTTOM, data->programs[p->program]);
  svg_axis_left(to, &y, NAMES, WIDTH - RIGHT, "ms");
  draw_iterations(to, p, &x, &y);
  draw_compilations(to, p, &t, &x, CURVE + 8);
  for (size_t i = 0; i < t.n; i++)
    svg_text(to, NAMES - 4, CURVE + 17 + (double)i * LANE, "end", "name", t.names[i]);
  svg_axis_below(to, &x, bottom + 2, "ms");
  svg_end(to);
}
