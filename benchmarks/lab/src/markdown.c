/* markdown.c: the report for a paper or a pull request, and benchmarks/RESULTS.md. */
#include "report.h"
#include "svg.h"
#include <math.h>
#include <string.h>

enum { TEXT = 1024 };

static void head(FILE *to, const lab_data *data, const char *first) {
  fprintf(to, "| %s |", first);
  for (size_t e = 0; e < data->n_engines; e++) fprintf(to, " %s |", data->engines[e].name);
  fputs("\n| --- |", to);
  for (size_t e = 0; e < data->n_engines; e++) fputs(" ---: |", to);
  fputc('\n', to);
}

static void interval(FILE *to, const stats_interval *i, const char *unit) {
  char a[NUMBER_ROOM], b[NUMBER_ROOM], c[NUMBER_ROOM];
  if (isnan(i->middle)) fputs(" - |", to);
  else
    fprintf(to, " %s%s [%s, %s] |", svg_number(i->middle, a), unit, svg_number(i->low, b),
            svg_number(i->high, c));
}

static void speeds(FILE *to, const lab_data *data, size_t reference) {
  fprintf(
      to,
      "\n## Speed\n\nHow many times as fast as `%s` in the steady state, with 95 %% bootstrap intervals.\n\n",
      data->engines[reference].name);
  fputs("| engine | geometric mean |\n| --- | ---: |\n", to);
  for (size_t e = 0; e < data->n_engines; e++) {
    stats_interval mean = data_mean_speed(data, e, reference, NULL);
    fprintf(to, "| %s |", data->engines[e].name);
    interval(to, &mean, "");
    fputc('\n', to);
  }
}

static void matrix(FILE *to, const lab_data *data) {
  char number[NUMBER_ROOM];
  fputs("\n## Against peers\n\nHow many times as fast the row is as the column, geometric mean over the "
        "programs that both "
        "run.\n",
        to);
  if (report_text(data, "missing")[0] != 0)
    fprintf(to, "Not on this machine: %s.\n", report_text(data, "missing"));
  fputc('\n', to);
  head(to, data, "row / column");
  for (size_t e = 0; e < data->n_engines; e++) {
    fprintf(to, "| %s |", data->engines[e].name);
    for (size_t other = 0; other < data->n_engines; other++)
      fprintf(to, " %s |", svg_number(data_mean_ratio(data, e, other), number));
    fputc('\n', to);
  }
}

static void times(FILE *to, const lab_data *data) {
  char number[NUMBER_ROOM];
  fputs("\n## Times\n\nMilliseconds an iteration in the steady state, and the process's behaviour: ", to);
  for (int c = STEADY_FLAT; c <= STEADY_UNKNOWN; c++)
    fprintf(to, "%s`%s` %s", c > STEADY_FLAT ? ", " : "", steady_sign(c), steady_name(c));
  fputs(".\n\n", to);
  head(to, data, "program");
  for (size_t p = 0; p < data->n_programs; p++) {
    fprintf(to, "| %s |", data->programs[p]);
    for (size_t e = 0; e < data->n_engines; e++) {
      const lab_cell *c = data_cell(data, p, e);
      if (c->n == 0) fputs(" - |", to);
      else fprintf(to, " %s `%s` |", svg_number(c->level_ms.middle, number), steady_sign(c->class));
    }
    fputc('\n', to);
  }
}

static void figures(FILE *to, const lab_data *data) {
  char number[NUMBER_ROOM];
  fputs("\n## Figures\n\nMedians over processes.\n\n| program | engine |", to);
  for (size_t i = 0; i < report_n_columns; i++)
    fprintf(to, " %s, %s |", report_columns[i].title, report_columns[i].unit);
  fputs("\n| --- | --- |", to);
  for (size_t i = 0; i < report_n_columns; i++) fputs(" ---: |", to);
  fputc('\n', to);
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *c = &data->cells[i];
    if (c->n == 0) continue;
    fprintf(to, "| %s | %s |", data->programs[c->program], data->engines[c->engine].name);
    for (size_t k = 0; k < report_n_columns; k++)
      fprintf(to, " %s |", svg_number(report_columns[k].value(c), number));
    fputc('\n', to);
  }
}

static void unsteady(FILE *to, const lab_data *data) {
  char text[TEXT];
  size_t n = 0;
  fputs("\n## Processes without a steady state\n\n", to);
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *c = &data->cells[i];
    if (!data_reason(c, text, sizeof text)) continue;
    fprintf(to, "- %s on %s: %s.\n", data->programs[c->program], data->engines[c->engine].name, text);
    n++;
  }
  if (n == 0) fputs("None.\n", to);
}

static void how(FILE *to, const lab_data *data) {
  char text[TEXT];
  report_machine(data, text, sizeof text);
  fprintf(to, "\n## How it was measured\n\n- Machine: %s.\n", text);
  report_settings(data, text, sizeof text);
  fprintf(to, "- %s.\n- %s.\n", text, report_text(data, "terza"));
  for (size_t e = 0; e < data->n_engines; e++) {
    const lab_engine_info *engine = &data->engines[e];
    if (engine->is_peer) fprintf(to, "- %s: %s.\n", engine->name, engine->version);
    else
      fprintf(to, "- %s: `terza run%s%s`.\n", engine->name, engine->options[0] ? " " : "", engine->options);
  }
}

void report_markdown(FILE *to, const lab_data *data, size_t reference) {
  char text[TEXT];
  fputs("# Results\n\n", to);
  report_heading(data, text, sizeof text);
  fprintf(to, "%s.\n\n", text);
  report_verdict(data, reference, text, sizeof text);
  fprintf(to, "**%s**\n", text);
  report_caveats(data, text, sizeof text);
  if (text[0] != 0) fprintf(to, "\n> %s\n", text);
  fputs("\nWritten by `terza bench report`; terms are explained in `docs/lab.md`.\n", to);
  speeds(to, data, reference);
  matrix(to, data);
  times(to, data);
  unsteady(to, data);
  figures(to, data);
  how(to, data);
}
