/* picture.c: the summary picture for a README: an SVG file that needs no style sheet and follows the reader's
 * scheme. */
#include "charts.h"
#include "report.h"
#include "svg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 720, LEFT = 150, RIGHT = 70, TOP = 44, ROW = 30, BOTTOM = 34 };

static const char style[] =
    "<style>text{font:14px "
    "system-ui,sans-serif;fill:#1b1f24}.dim{fill:#5b6570;font-size:12px}.terza{fill:#0067a8}"
    ".peer{fill:#8b96a1}.axis{stroke:#d5dae0}.one{stroke:#5b6570;stroke-dasharray:3 "
    "3}.whisker{stroke:#5b6570;stroke-width:3}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e9ed}.dim{fill:#9aa4af}.terza{fill:#5ab4f0}.peer{fill:#"
    "6d7782}"
    ".axis{stroke:#353c45}.one,.whisker{stroke:#9aa4af}}</style>\n";

typedef struct row {
  const lab_engine_info *engine;
  stats_interval speed;
} row;

static int faster_first(const void *a, const void *b) {
  double x = ((const row *)a)->speed.middle, y = ((const row *)b)->speed.middle;
  return (x < y) - (x > y);
}

static size_t collect(const lab_data *data, size_t reference, row *rows) {
  size_t n = 0;
  for (size_t e = 0; e < data->n_engines; e++) {
    row r = {&data->engines[e], data_mean_speed(data, e, reference, NULL)};
    if (!isnan(r.speed.middle)) rows[n++] = r;
  }
  qsort(rows, n, sizeof *rows, faster_first);
  return n;
}

static void draw_row(FILE *to, const row *r, const svg_scale *x, double y) {
  char number[NUMBER_ROOM], text[NUMBER_ROOM + 4], name[LAB_NAME + 8];
  double middle = y + ROW / 2.0;
  snprintf(name, sizeof name, "%s%s", r->engine->is_peer ? "" : "terza ", r->engine->name);
  svg_text(to, LEFT - 10, middle + 5, "end", "", name);
  svg_line(to, x->from, middle, x->to, middle, "axis");
  svg_line(to, svg_place(x, r->speed.low), middle, svg_place(x, r->speed.high), middle, "whisker");
  fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" class=\"%s\"/>\n", svg_place(x, r->speed.middle),
          middle, r->engine->is_peer ? "peer" : "terza");
  snprintf(text, sizeof text, "%s\u00d7", svg_number(r->speed.middle, number));
  svg_text(to, WIDTH - 8, middle + 5, "end", "", text);
}

void report_picture(FILE *to, const lab_data *data, size_t reference) {
  char title[256];
  row *rows = calloc(data->n_engines + 1, sizeof *rows);
  if (rows == NULL) return;
  size_t n = collect(data, reference, rows);
  svg_scale x = {1, 1, LEFT, WIDTH - RIGHT, true};
  for (size_t i = 0; i < n; i++) {
    x.low = fmin(x.low, rows[i].speed.low / 1.05);
    x.high = fmax(x.high, rows[i].speed.high * 1.05);
  }
  double bottom = TOP + (double)n * ROW;
  fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" role=\"img\">\n", WIDTH,
          bottom + BOTTOM);
  snprintf(title, sizeof title,
           "Speed relative to %s%s, geometric mean over %zu programs; further right is faster",
           data->engines[reference].is_peer ? "" : "terza ", data->engines[reference].name, data->n_programs);
  fprintf(to, "<title>");
  svg_escape(to, title);
  fprintf(to, "</title>%s", style);
  svg_text(to, 8, 22, "start", "", title);
  svg_axis_below(to, &x, bottom + 4, "");
  svg_line(to, svg_place(&x, 1), TOP, svg_place(&x, 1), bottom + 4, "one");
  for (size_t i = 0; i < n; i++) draw_row(to, &rows[i], &x, TOP + (double)i * ROW);
  svg_end(to);
  free(rows);
}
