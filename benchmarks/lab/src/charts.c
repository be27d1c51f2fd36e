/* charts.c: bars and boxes; see charts.h. */
#include "charts.h"
#include "svg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 360, ROW = 20, TOP = 6, BELOW = 22, RIGHT = 44 };

const char *chart_colour(size_t engine, char kind, char text[COLOUR_ROOM]) {
  snprintf(text, COLOUR_ROOM, "%c%zu%s", kind, engine % SVG_COLOURS, engine < SVG_COLOURS ? "" : " again");
  return text;
}

/* Room for the longest name. */
static double name_width(const lab_data *data) {
  size_t longest = 4;
  for (size_t i = 0; i < data->n_engines; i++)
    if (strlen(data->engines[i].name) > longest) longest = strlen(data->engines[i].name);
  return fmin((double)longest * 5.7 + 10, 160);
}

static void rectangle(FILE *to, double x1, double x2, double y, double height, const char *classes) {
  fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"1.5\" class=\"%s\"/>\n",
          fmin(x1, x2), y, fmax(fabs(x2 - x1), 0.5), height, classes);
}

/* ---- Bars ---- */

static svg_scale speed_scale(const stats_interval *speeds, size_t n, double from) {
  double low = 1, high = 1;
  for (size_t i = 0; i < n; i++) {
    if (isnan(speeds[i].middle)) continue;
    low = fmin(low, speeds[i].low);
    high = fmax(high, speeds[i].high);
  }
  if (high / low < 1.5) high *= 1.25, low /= 1.25;
  return (svg_scale){low / 1.05, high * 1.05, from, WIDTH - RIGHT, true};
}

static void speed_row(FILE *to, const lab_data *data, const stats_interval *speed, size_t engine,
                      const svg_scale *x, double y) {
  char number[NUMBER_ROOM], text[NUMBER_ROOM + 4], colour[COLOUR_ROOM];
  svg_text(to, x->from - 6, y + ROW / 2 + 3.5, "end", "name", data->engines[engine].name);
  if (isnan(speed->middle)) {
    svg_text(to, x->from + 4, y + ROW / 2 + 3.5, "start", "", "none");
    return;
  }
  double end = svg_place(x, speed->middle), middle = y + ROW / 2.0;
  rectangle(to, svg_place(x, 1), end, y + 4, ROW - 8, chart_colour(engine, 'f', colour));
  svg_line(to, svg_place(x, speed->low), middle, svg_place(x, speed->high), middle, "whisker");
  snprintf(text, sizeof text, "%s\u00d7", svg_number(speed->middle, number));
  svg_text(to, WIDTH, middle + 3.5, "end", "name", text);
}

static void draw_speeds(FILE *to, const lab_data *data, const stats_interval *speeds, size_t n,
                        const char *what) {
  svg_scale x = speed_scale(speeds, n, name_width(data));
  double bottom = TOP + (double)n * ROW + 4;
  svg_begin(to, WIDTH, bottom + BELOW, what);
  svg_axis_below(to, &x, bottom, "");
  svg_line(to, svg_place(&x, 1), TOP, svg_place(&x, 1), bottom, "one");
  for (size_t i = 0; i < n; i++) speed_row(to, data, &speeds[i], i, &x, TOP + (double)i * ROW);
  svg_end(to);
}

void chart_mean_speeds(FILE *to, const lab_data *data, size_t reference) {
  stats_interval speeds[LAB_ENGINES];
  size_t n = data->n_engines;
  for (size_t e = 0; e < n; e++) speeds[e] = data_mean_speed(data, e, reference, NULL);
  draw_speeds(to, data, speeds, n, "Geometric mean of speeds");
}

void chart_speeds(FILE *to, const lab_data *data, size_t program, size_t reference) {
  stats_interval speeds[LAB_ENGINES];
  size_t n = data->n_engines;
  for (size_t e = 0; e < n; e++) speeds[e] = data_speed(data, program, e, reference, NULL);
  draw_speeds(to, data, speeds, n, data->programs[program]);
}

/* ---- Boxes ---- */

/* Of one engine, in ms; NAN: no values. */
typedef struct box {
  double low, first, middle, third, high;
} box;

static box box_of(const lab_cell *cell) {
  size_t n = 0, total = 0;
  for (size_t g = 0; g < cell->n; g++) total += cell->groups[g].count;
  double *values = malloc(total * sizeof *values + 1);
  if (values == NULL) return (box){NAN, NAN, NAN, NAN, NAN};
  for (size_t g = 0; g < cell->n; g++)
    for (size_t i = 0; i < cell->groups[g].count; i++) values[n++] = cell->groups[g].values[i];
  box b = {stats_quantile(values, n, 0.05), stats_quantile(values, n, 0.25), stats_median(values, n),
           stats_quantile(values, n, 0.75), stats_quantile(values, n, 0.95)};
  free(values);
  return b;
}

static void box_row(FILE *to, const lab_data *data, const box *b, size_t engine, const svg_scale *x,
                    double y) {
  char colour[COLOUR_ROOM], number[NUMBER_ROOM];
  double middle = y + ROW / 2.0;
  svg_text(to, x->from - 6, middle + 3.5, "end", "name", data->engines[engine].name);
  if (isnan(b->middle)) {
    svg_text(to, x->from + 4, middle + 3.5, "start", "", "none");
    return;
  }
  svg_line(to, svg_place(x, b->low / b->middle), middle, svg_place(x, b->high / b->middle), middle,
           "whisker");
  rectangle(to, svg_place(x, b->first / b->middle), svg_place(x, b->third / b->middle), y + 4, ROW - 8,
            chart_colour(engine, 'f', colour));
  svg_line(to, svg_place(x, 1), y + 3, svg_place(x, 1), y + ROW - 3, "whisker");
  svg_text(to, WIDTH, middle + 3.5, "end", "name", svg_number(b->middle, number));
}

void chart_boxes(FILE *to, const lab_data *data, size_t program) {
  box boxes[LAB_ENGINES];
  size_t n = data->n_engines;
  double low = 0.95, high = 1.05;
  for (size_t e = 0; e < n; e++) {
    boxes[e] = box_of(data_cell(data, program, e));
    if (isnan(boxes[e].middle)) continue;
    low = fmin(low, boxes[e].low / boxes[e].middle);
    high = fmax(high, boxes[e].high / boxes[e].middle);
  }
  svg_scale x = {low - 0.02, fmin(high + 0.02, 3), name_width(data), WIDTH - RIGHT, false};
  double bottom = TOP + (double)n * ROW + 4;
  svg_begin(to, WIDTH, bottom + BELOW, data->programs[program]);
  svg_axis_below(to, &x, bottom, "");
  for (size_t e = 0; e < n; e++) box_row(to, data, &boxes[e], e, &x, TOP + (double)e * ROW);
  svg_end(to);
}
