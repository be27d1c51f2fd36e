/* html.c: the report as one page that needs nothing else. */
#include "charts.h"
#include "report.h"
#include "svg.h"
#include "terza/lab.h"
#include <math.h>
#include <string.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
const char lab_style[] = {
#embed "report.css"
    , 0};
#pragma clang diagnostic pop

enum { TEXT = 1024 };

static void paragraph(FILE *to, const char *classes, const char *text) {
  if (text[0] == 0) return;
  fprintf(to, "<p class=\"%s\">", classes);
  svg_escape(to, text);
  fputs("</p>\n", to);
}

static void section_begin(FILE *to, const char *id, const char *title, const char *explanation) {
  fprintf(to, "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"dim\">%s</p>\n", id, title, explanation);
}

static void section_end(FILE *to) { fputs("</section>\n", to); }

/* Which colour is which engine. */
static void key(FILE *to, const lab_data *data) {
  char colour[COLOUR_ROOM];
  fputs("<ul class=\"key\">", to);
  for (size_t e = 0; e < data->n_engines; e++) {
    fprintf(to, "<li><span class=\"swatch %s\"></span>", chart_colour(e, 'f', colour));
    svg_escape(to, data->engines[e].name);
    fputs("</li>", to);
  }
  fputs("</ul>\n", to);
}

static void figure_begin(FILE *to, const char *title) {
  fputs("<figure><h3>", to);
  svg_escape(to, title);
  fputs("</h3>\n", to);
}

static void cell(FILE *to, const char *tag, const char *text) {
  fprintf(to, "<%s>", tag);
  svg_escape(to, text);
  fprintf(to, "</%.2s>", tag);
}

static void table_begin(FILE *to, const char *name) {
  fprintf(to, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>\n", name);
}

static void table_end(FILE *to) { fputs("</tbody></table></div>\n", to); }

/* ---- Head ---- */

static void head(FILE *to, const lab_data *data, size_t reference) {
  char text[TEXT];
  fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Terza strategy lab</title>\n<style>\n",
        to);
  fputs(lab_style, to);
  fputs("</style></head>\n<body><main>\n<h1>Terza strategy lab</h1>\n", to);
  report_heading(data, text, sizeof text);
  paragraph(to, "dim", text);
  report_verdict(data, reference, text, sizeof text);
  paragraph(to, "verdict", text);
  report_caveats(data, text, sizeof text);
  paragraph(to, "warning", text);
  fputs(
      "<nav><a href=\"#speed\">Speed</a><a href=\"#peers\">Against peers</a><a href=\"#warm-up\">Warm-up</a>"
      "<a href=\"#spread\">Spread</a><a href=\"#tiers\">Tiers</a><a href=\"#figures\">Figures</a>"
      "<a href=\"#how\">How it was measured</a></nav>\n",
      to);
}

/* ---- Speed ---- */

static void speeds(FILE *to, const lab_data *data, size_t reference) {
  char text[TEXT];
  snprintf(text, sizeof text,
           "How many times as fast as <em>%s</em>, in the steady state: medians over rounds, with 95&nbsp;%% "
           "bootstrap "
           "intervals. Each bar begins at 1; the scale is logarithmic.",
           data->engines[reference].name);
  section_begin(to, "speed", "Speed", text);
  fputs("<figure class=\"lead\"><h3>All programs, geometric mean</h3>\n", to);
  chart_mean_speeds(to, data, reference);
  fputs("</figure>\n<div class=\"grid\">\n", to);
  for (size_t p = 0; p < data->n_programs; p++) {
    figure_begin(to, data->programs[p]);
    chart_speeds(to, data, p, reference);
    fputs("</figure>\n", to);
  }
  fputs("</div>\n", to);
  section_end(to);
}

/* ---- Peers ---- */

static void engine_heads(FILE *to, const lab_data *data, const char *first) {
  fprintf(to, "<thead><tr><th>%s</th>", first);
  for (size_t e = 0; e < data->n_engines; e++) cell(to, "th", data->engines[e].name);
  fputs("</tr></thead><tbody>\n", to);
}

static void time_cell(FILE *to, const lab_cell *c) {
  char number[NUMBER_ROOM];
  if (c->n == 0) {
    fputs("<td>-</td>", to);
    return;
  }
  const stats_interval *level = &c->level_ms;
  double spread = fmax(level->high - level->middle, level->middle - level->low) / level->middle * 100;
  fprintf(to, "<td title=\"%s\">%s <small>&plusmn;%.0f&nbsp;%%</small></td>", steady_name(c->class),
          svg_number(level->middle, number), spread);
}

static void mean_cell(FILE *to, const lab_data *data, size_t engine, size_t other) {
  char number[NUMBER_ROOM];
  double mean = data_mean_ratio(data, engine, other);
  if (isnan(mean)) fputs("<td>-</td>", to);
  else fprintf(to, "<td>%s&times;</td>", svg_number(mean, number));
}

static void peers(FILE *to, const lab_data *data) {
  section_begin(
      to, "peers", "Against peers",
      "Milliseconds an iteration in the steady state, with the wider half of the 95&nbsp;% interval. "
      "Below: how many "
      "times as fast the row is as the column, as the geometric mean over the programs that both run.");
  if (report_text(data, "missing")[0] != 0) {
    fputs("<p class=\"dim\">Not on this machine: ", to);
    svg_escape(to, report_text(data, "missing"));
    fputs(".</p>\n", to);
  }
  table_begin(to, "Times by program and engine");
  engine_heads(to, data, "program");
  for (size_t p = 0; p < data->n_programs; p++) {
    fputs("<tr>", to);
    cell(to, "th", data->programs[p]);
    for (size_t e = 0; e < data->n_engines; e++) time_cell(to, data_cell(data, p, e));
    fputs("</tr>\n", to);
  }
  table_end(to);
  table_begin(to, "Speeds of engines relative to one another");
  engine_heads(to, data, "row / column");
  for (size_t e = 0; e < data->n_engines; e++) {
    fputs("<tr>", to);
    cell(to, "th", data->engines[e].name);
    for (size_t other = 0; other < data->n_engines; other++) mean_cell(to, data, e, other);
    fputs("</tr>\n", to);
  }
  table_end(to);
  section_end(to);
}

/* ---- Pictures for each program ---- */

static void grid(FILE *to, const lab_data *data,
                 void (*chart)(FILE *to, const lab_data *data, size_t program)) {
  key(to, data);
  fputs("<div class=\"grid\">\n", to);
  for (size_t p = 0; p < data->n_programs; p++) {
    figure_begin(to, data->programs[p]);
    chart(to, data, p);
    fputs("</figure>\n", to);
  }
  fputs("</div>\n", to);
  section_end(to);
}

static void timelines(FILE *to, const lab_data *data) {
  size_t n = 0;
  section_begin(
      to, "tiers", "Tiers",
      "One process each: milliseconds an iteration over the time since the process started, and below "
      "when which "
      "tier compiled a function; the width of a mark is the time it took.");
  fputs("<div class=\"grid\">\n", to);
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_process *process = chart_timeline_process(&data->cells[i]);
    if (process == NULL) continue;
    char title[256];
    snprintf(title, sizeof title, "%s, %s: %zu compilations", data->programs[process->program],
             data->engines[process->engine].name, process->n_compilations);
    figure_begin(to, title);
    chart_timeline(to, data, process);
    fputs("</figure>\n", to);
    n++;
  }
  fputs("</div>\n", to);
  if (n == 0) fputs("<p>No process of this run compiled anything.</p>\n", to);
  section_end(to);
}

/* ---- Figures ---- */

static void figure_row(FILE *to, const lab_data *data, const lab_cell *c) {
  char number[NUMBER_ROOM];
  if (c->n == 0) return;
  fputs("<tr>", to);
  cell(to, "th", data->programs[c->program]);
  cell(to, "td class=\"text\"", data->engines[c->engine].name);
  cell(to, steady_is_reached(c->class) ? "td class=\"text\"" : "td class=\"text no\"", steady_name(c->class));
  for (size_t i = 0; i < report_n_columns; i++)
    cell(to, "td", svg_number(report_columns[i].value(c), number));
  fputs("</tr>\n", to);
}

static void meanings(FILE *to) {
  fputs("<details><summary>What the columns mean</summary><dl>\n", to);
  for (size_t i = 0; i < report_n_columns; i++)
    fprintf(to, "<dt>%s</dt><dd>%s</dd>\n", report_columns[i].title, report_columns[i].meaning);
  fputs("</dl></details>\n", to);
}

static void unsteady(FILE *to, const lab_data *data) {
  char text[TEXT];
  size_t n = 0;
  fputs("<h3 class=\"later\">Processes without a steady state</h3>\n<ul>\n", to);
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *c = &data->cells[i];
    if (!data_reason(c, text, sizeof text)) continue;
    n++;
    fputs("<li><strong>", to);
    svg_escape(to, data->programs[c->program]);
    fputs("</strong> on ", to);
    svg_escape(to, data->engines[c->engine].name);
    fprintf(to, ": %s.</li>\n", text);
  }
  fputs(n == 0 ? "<li>None.</li></ul>\n" : "</ul>\n", to);
}

static void figures(FILE *to, const lab_data *data) {
  section_begin(to, "figures", "Figures", "Medians over processes.");
  meanings(to);
  table_begin(to, "Figures by program and engine");
  fputs("<thead><tr><th>program</th><th class=\"text\">engine</th><th class=\"text\">behaviour</th>", to);
  for (size_t i = 0; i < report_n_columns; i++)
    fprintf(to, "<th>%s<br><small>%s</small></th>", report_columns[i].title, report_columns[i].unit);
  fputs("</tr></thead><tbody>\n", to);
  for (size_t i = 0; i < data->n_cells; i++) figure_row(to, data, &data->cells[i]);
  table_end(to);
  unsteady(to, data);
  section_end(to);
}

/* ---- How ---- */

static void definition(FILE *to, const char *term, const char *text) {
  if (text[0] == 0) return;
  fputs("<dt>", to);
  svg_escape(to, term);
  fputs("</dt><dd>", to);
  svg_escape(to, text);
  fputs("</dd>\n", to);
}

static void how(FILE *to, const lab_data *data) {
  char text[TEXT];
  section_begin(
      to, "how", "How it was measured",
      "Behaviour is found by change-point analysis of each process (Barrett and others, <em>Virtual "
      "Machine Warmup "
      "Blows Hot and Cold</em>, 2017). Intervals are made by resampling processes and their iterations. "
      "<code>docs/lab.md</code> says the rest.");
  fputs("<dl>\n", to);
  report_machine(data, text, sizeof text);
  definition(to, "Machine", text);
  report_settings(data, text, sizeof text);
  definition(to, "Settings", text);
  definition(to, "Versions", report_text(data, "terza"));
  for (size_t e = 0; e < data->n_engines; e++) {
    const lab_engine_info *engine = &data->engines[e];
    snprintf(text, sizeof text, "%s%s", engine->is_peer ? "" : "terza run ",
             engine->is_peer ? engine->version : engine->options);
    definition(to, engine->name, text);
  }
  fputs("</dl>\n", to);
  section_end(to);
}

void report_html(FILE *to, const lab_data *data, size_t reference) {
  head(to, data, reference);
  speeds(to, data, reference);
  peers(to, data);
  section_begin(
      to, "warm-up", "Warm-up",
      "Milliseconds of an iteration by its number, medians over processes; both scales are logarithmic. "
      "Shaded: the "
      "range over processes. A dot marks where the steady state begins.");
  grid(to, data, chart_warm_up);
  section_begin(
      to, "spread", "Spread in the steady state",
      "Times of iterations in all processes, each engine's relative to its own median: quartiles, and "
      "the range "
      "between the 5th and 95th percentile. On the right the median in milliseconds.");
  grid(to, data, chart_boxes);
  timelines(to, data);
  figures(to, data);
  how(to, data);
  fputs("</main></body></html>\n", to);
}
