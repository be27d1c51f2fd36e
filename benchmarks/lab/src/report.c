/* report.c: what page and Markdown share; see report.h. */
#include "report.h"
#include "svg.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

size_t report_reference(const lab_data *data, const char *name) {
  size_t off = data_engine(data, name != NULL ? name : "off");
  return name != NULL || off < data->n_engines ? off : 0;
}

const char *report_text(const lab_data *data, const char *key) {
  const char *text = json_string_value(json_object_get(data->run, key));
  return text != NULL ? text : "";
}

/* ---- Sentences ---- */

void report_heading(const lab_data *data, char *text, size_t room) {
  size_t n_peers = 0;
  for (size_t e = 0; e < data->n_engines; e++) n_peers += data->engines[e].is_peer;
  snprintf(text, room, "%zu program%s, %zu strateg%s of Terza, %zu peer%s; %s, commit %s", data->n_programs,
           data->n_programs == 1 ? "" : "s", data->n_engines - n_peers,
           data->n_engines - n_peers == 1 ? "y" : "ies", n_peers, n_peers == 1 ? "" : "s",
           report_text(data, "started"), report_text(data, "commit"));
}

void report_verdict(const lab_data *data, size_t reference, char *text, size_t room) {
  char number[NUMBER_ROOM], speed[256] = "";
  size_t n_pairs, n_steady, shown = data_engine(data, "default");
  data_count_steady(data, &n_pairs, &n_steady);
  if (shown < data->n_engines && shown != reference) {
    stats_interval mean = data_mean_speed(data, shown, reference, NULL);
    if (!isnan(mean.middle))
      snprintf(speed, sizeof speed, "Terza as it is runs %s times as fast as %s (geometric mean). ",
               svg_number(mean.middle, number), data->engines[reference].name);
  }
  size_t n_interruptions = data_count_interruptions(data);
  snprintf(text, room,
           "%s%zu of %zu pairs of program and strategy reach a steady state; %zu interruption%s set aside.",
           speed, n_steady, n_pairs, n_interruptions, n_interruptions == 1 ? " was" : "s were");
}

void report_caveats(const lab_data *data, char *text, size_t room) {
  char failures[160] = "";
  text[0] = 0;
  if (data->n_failed > 0)
    snprintf(failures, sizeof failures, "%zu process%s failed and are left out.", data->n_failed,
             data->n_failed == 1 ? "" : "es");
  if (!data->is_complete)
    snprintf(text, room,
             "The run was stopped before its end: some figures rest on fewer processes than asked for.%s%s",
             failures[0] ? " " : "", failures);
  else snprintf(text, room, "%s", failures);
}

void report_machine(const lab_data *data, char *text, size_t room) {
  json_t *machine = json_object_get(data->run, "machine");
  const char *processor = json_string_value(json_object_get(machine, "processor"));
  const char *kernel = json_string_value(json_object_get(machine, "kernel"));
  snprintf(text, room, "%s, %lld cores, %.0f GB, Linux %s, load %.1f at the start",
           processor != NULL ? processor : "unknown",
           (long long)json_integer_value(json_object_get(machine, "cores")),
           (double)json_integer_value(json_object_get(machine, "memory_bytes")) / 1e9,
           kernel != NULL ? kernel : "?", json_number_value(json_object_get(machine, "load")));
}

void report_settings(const lab_data *data, char *text, size_t room) {
  json_t *s = json_object_get(data->run, "settings");
  snprintf(text, room,
           "%lld processes of each program on each engine, in turns; %lld iterations in each process, fewer "
           "if they "
           "take more than %g s",
           (long long)json_integer_value(json_object_get(s, "invocations")),
           (long long)json_integer_value(json_object_get(s, "iterations")),
           json_number_value(json_object_get(s, "seconds")));
}

/* ---- Columns ---- */

#define COLUMN(name, expression)                                                                             \
  static double name##_of(const lab_cell *cell) { return expression; }
COLUMN(level, cell->level_ms.middle)
COLUMN(start, cell->figures.start_ms)
COLUMN(near_peak, cell->figures.near_peak_ms)
COLUMN(cpu, cell->figures.cpu_ms)
COLUMN(compile, cell->figures.compile_ms)
COLUMN(compiler_cpu, cell->figures.compiler_cpu_ms)
COLUMN(stall, cell->figures.stall_ms)
COLUMN(peak, cell->figures.peak_mb)
COLUMN(pause, cell->figures.pause_ms)
COLUMN(pauses, cell->figures.pauses_ms)
COLUMN(code, cell->figures.code_kb)
#undef COLUMN

const report_column report_columns[] = {
    {"steady", "ms", "median time of an iteration in the steady state", level_of},
    {"start", "ms", "from the start of the process until the first iteration begins", start_of},
    {"to 90\u00a0%", "ms", "from the start of the process until it runs at 90 % of its peak speed",
     near_peak_of},
    {"CPU", "ms", "processor time of all threads, whole process", cpu_of},
    {"compiling", "ms", "time spent compiling, on any thread", compile_of},
    {"compiler threads", "ms", "processor time of threads that only compile; - where there are none",
     compiler_cpu_of},
    {"longest stall", "ms", "longest that the program waited for a compiler", stall_of},
    {"memory", "MB", "most memory resident at a time", peak_of},
    {"longest pause", "ms", "longest stop for the collector", pause_of},
    {"pauses", "ms", "all stops for the collector together", pauses_of},
    {"code", "kB", "machine code in use at the end", code_of},
};
const size_t report_n_columns = sizeof report_columns / sizeof *report_columns;

/* ---- Files ---- */

/* Neither absent nor a file: a pipe, a terminal, a device. */
static bool is_special(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

bool report_write(const char *path, report_writer *write, const lab_data *data, size_t reference,
                  char error[LAB_ERROR]) {
  char place[PATH_MAX], part[PATH_MAX + 32];
  if (realpath(path, place) == NULL) snprintf(place, sizeof place, "%s", path);
  bool is_in_place = is_special(place);
  snprintf(part, sizeof part, "%s", place);
  if (!is_in_place) snprintf(part, sizeof part, "%s.part-%ld", place, (long)getpid());
  FILE *file = fopen(part, "w");
  bool is_written = file != NULL;
  if (file != NULL) {
    write(file, data, reference);
    is_written = ferror(file) == 0;
    is_written = fclose(file) == 0 && is_written;
  }
  if (is_written && (is_in_place || rename(part, place) == 0)) return true;
  snprintf(error, LAB_ERROR, "cannot write %s: %s", path, strerror(errno));
  if (file != NULL && !is_in_place) unlink(part);
  return false;
}
