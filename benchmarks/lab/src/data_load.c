/* data_load.c: reading records; see lab_data.h. */
#include "terza/lab_data.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *text_of(json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

/* A number of a record, scaled; NAN if there is none. */
static double number_of(json_t *object, const char *key, double scale) {
  json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) * scale : NAN;
}

/* ---- Lines ---- */

static bool take_line(lab_data *data, const char *line, bool is_last, int number, char error[LAB_ERROR]) {
  json_error_t problem;
  json_t *record = json_loads(line, 0, &problem);
  if (record == NULL && is_last) return data->is_truncated = true;
  if (record == NULL || !json_is_object(record)) {
    snprintf(error, LAB_ERROR, "%s:%d: not a record: %s", data->path, number,
             record == NULL ? problem.text : "no object");
    return json_decref(record), false;
  }
  const char *kind = text_of(record, "record");
  if (strcmp(kind, "run") == 0 && data->run != NULL) {
    snprintf(error, LAB_ERROR, "%s:%d: a second run in one file", data->path, number);
    return json_decref(record), false;
  }
  if (strcmp(kind, "run") == 0) data->run = record;
  if (strcmp(kind, "end") == 0) data->is_complete = json_is_true(json_object_get(record, "complete"));
  json_array_append_new(data->records, record);
  return true;
}

static bool read_lines(lab_data *data, char error[LAB_ERROR]) {
  char folder[PATH_MAX + 16];
  struct stat status;
  snprintf(folder, sizeof folder, "%s/run.jsonl", data->path);
  bool is_folder = stat(data->path, &status) == 0 && S_ISDIR(status.st_mode);
  FILE *file = fopen(is_folder ? folder : data->path, "r");
  if (file == NULL)
    return snprintf(error, LAB_ERROR, "cannot open %s: %s", data->path, strerror(errno)), false;
  char *line = NULL;
  size_t room = 0;
  bool is_well = true;
  for (int number = 1; is_well && getline(&line, &room, file) >= 0; number++)
    is_well = take_line(data, line, strchr(line, '\n') == NULL, number, error);
  free(line);
  fclose(file);
  if (is_well && json_array_size(json_object_get(data->run, "engines")) == 0) {
    snprintf(error, LAB_ERROR, "%s: there is no record of a run, with its engines, in it", data->path);
    return false;
  }
  return is_well;
}

/* ---- Processes ---- */

static void add(double *sum, double value) {
  if (!isnan(value)) *sum = value + (isnan(*sum) ? 0 : *sum);
}

/* What one tier tells of itself. */
static void take_tier(lab_figures *f, json_t *tier) {
  static const char *const phases[] = {"compile_ns", "build_ns", "passes_ns", "llvm_ns", "load_ns"};
  for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
    add(&f->compile_ms, number_of(tier, phases[i], 1e-6));
  add(&f->code_kb, number_of(tier, "code_bytes", 1e-3));
  add(&f->compiler_cpu_ms, number_of(tier, "thread_cpu_ns", 1e-6));
  f->stall_ms = fmax(f->stall_ms, number_of(tier, "longest_stall_ns", 1e-6));
}

static void take_stats(lab_figures *f, json_t *stats) {
  json_t *heap = json_object_get(stats, "heap"), *part;
  const char *name;
  f->pause_ms = number_of(heap, "longest_pause_ns", 1e-6);
  f->pauses_ms = number_of(heap, "young_pause_ns", 1e-6) + number_of(heap, "full_pause_ns", 1e-6);
  f->compile_ms = f->compiler_cpu_ms = f->code_kb = f->stall_ms = NAN;
  json_object_foreach(stats, name, part) take_tier(f, part);
}

static bool take_compilations(lab_process *p, json_t *list) {
  size_t i, n = json_array_size(list);
  json_t *item;
  p->compilations = calloc(n + 1, sizeof *p->compilations);
  if (p->compilations == NULL) return false;
  json_array_foreach(list, i, item) {
    p->compilations[p->n_compilations++] =
        (lab_compilation){number_of(item, "at_ns", 1e-6), number_of(item, "ns", 1e-6),
                          number_of(item, "code_bytes", 1), text_of(item, "tier"), text_of(item, "function")};
  }
  return true;
}

static double time_near_peak(const lab_process *p) {
  double ms = p->figures.start_ms;
  for (size_t i = 0; i < steady_near_peak(&p->steady); i++) ms += p->ms[i];
  return ms;
}

static bool take_iterations(lab_process *p, json_t *list) {
  size_t i;
  json_t *item;
  p->ms = calloc(json_array_size(list) + 1, sizeof *p->ms);
  if (p->ms == NULL) return false;
  json_array_foreach(list, i, item) p->ms[p->n++] = json_number_value(item) * 1e-6;
  return true;
}

static bool take_process(lab_data *data, json_t *record) {
  lab_process *p = &data->processes[data->n_processes++];
  const char *status = text_of(record, "status"), *program = text_of(record, "program");
  *p = (lab_process){.engine = data_engine(data, text_of(record, "engine")),
                     .round = (int)json_integer_value(json_object_get(record, "round")),
                     .busy_elsewhere = number_of(record, "busy_elsewhere", 1),
                     .message = text_of(record, "message")};
  while (p->program < data->n_programs && strcmp(data->programs[p->program], program) != 0) p->program++;
  json_t *stats = json_object_get(record, "stats");
  if (!take_iterations(p, json_object_get(record, "iterations_ns"))) return false;
  if (!take_compilations(p, json_object_get(stats, "compilations"))) return false;
  bool has_failed = strcmp(status, "ok") != 0;
  data->n_failed += has_failed;
  p->is_usable = !has_failed && p->n > 0 && p->engine < data->n_engines;
  p->figures.start_ms = number_of(record, "start_ns", 1e-6);
  p->figures.cpu_ms = number_of(record, "cpu_ns", 1e-6);
  p->figures.peak_mb = number_of(record, "peak_bytes", 1e-6);
  take_stats(&p->figures, stats);
  if (p->is_usable) p->steady = steady_analyse(p->ms, p->n);
  p->figures.near_peak_ms = p->is_usable ? time_near_peak(p) : NAN;
  return true;
}

/* ---- Names ---- */

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_programs(lab_data *data) {
  size_t i, n = json_array_size(data->records), kept = 0;
  json_t *record;
  data->programs = calloc(n + 1, sizeof *data->programs);
  if (data->programs == NULL) return false;
  json_array_foreach(data->records, i, record) {
    if (strcmp(text_of(record, "record"), "process") == 0)
      data->programs[data->n_programs++] = text_of(record, "program");
  }
  qsort(data->programs, data->n_programs, sizeof *data->programs, by_text);
  for (i = 0; i < data->n_programs; i++)
    if (i == 0 || strcmp(data->programs[i], data->programs[kept - 1]) != 0)
      data->programs[kept++] = data->programs[i];
  data->n_programs = kept;
  return true;
}

static bool list_engines(lab_data *data) {
  size_t i;
  json_t *item, *list = json_object_get(data->run, "engines");
  data->engines = calloc(json_array_size(list) + 1, sizeof *data->engines);
  if (data->engines == NULL) return false;
  json_array_foreach(list, i, item) {
    if (data->n_engines == LAB_ENGINES) break;
    data->engines[data->n_engines++] =
        (lab_engine_info){text_of(item, "name"), text_of(item, "options"), text_of(item, "version"),
                          json_is_true(json_object_get(item, "is_peer"))};
  }
  return true;
}

static bool list_processes(lab_data *data) {
  size_t i;
  json_t *record;
  data->processes = calloc(json_array_size(data->records) + 1, sizeof *data->processes);
  if (data->processes == NULL) return false;
  json_array_foreach(data->records, i, record) {
    if (strcmp(text_of(record, "record"), "process") == 0 && !take_process(data, record)) return false;
  }
  return true;
}

bool data_load(lab_data *data, const char *path, char error[LAB_ERROR]) {
  *data = (lab_data){.path = path, .records = json_array()};
  if (!read_lines(data, error)) return data_free(data), false;
  if (list_engines(data) && list_programs(data) && list_processes(data)) cells_make(data);
  if (data->cells != NULL) return true;
  data_free(data);
  return snprintf(error, LAB_ERROR, "out of memory"), false;
}

void data_free(lab_data *data) {
  cells_free(data);
  for (size_t i = 0; i < data->n_processes; i++) {
    free(data->processes[i].ms);
    free(data->processes[i].compilations);
  }
  free(data->processes);
  free(data->programs);
  free(data->engines);
  json_decref(data->records);
  *data = (lab_data){0};
}
