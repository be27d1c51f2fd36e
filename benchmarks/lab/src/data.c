/* data.c: what records come to; see lab_data.h. */
#include "terza/lab_data.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const lab_cell *data_cell(const lab_data *data, size_t program, size_t engine) {
  return &data->cells[program * data->n_engines + engine];
}

size_t data_engine(const lab_data *data, const char *name) {
  size_t i = 0;
  while (i < data->n_engines && strcmp(data->engines[i].name, name) != 0) i++;
  return i;
}

/* ---- Cells ---- */

/* The median of one figure over processes, leaving out those that do not tell it. */
static double median_figure(const lab_cell *cell, size_t offset) {
  double values[LAB_ROUNDS];
  size_t n = 0;
  for (size_t i = 0; i < cell->n; i++) {
    double value = *(const double *)((const char *)&cell->processes[i]->figures + offset);
    if (!isnan(value)) values[n++] = value;
  }
  return stats_median(values, n);
}

static steady_class combined_class(const lab_cell *cell) {
  steady_class classes[LAB_ROUNDS];
  size_t n = 0;
  for (size_t i = 0; i < cell->n; i++) classes[n++] = cell->processes[i]->steady.class;
  return steady_combine(classes, n);
}

static void summarise(lab_cell *cell, uint64_t seed) {
  _Static_assert(sizeof(lab_figures) % sizeof(double) == 0, "figures are doubles");
  for (size_t i = 0; i < sizeof(lab_figures) / sizeof(double); i++)
    ((double *)&cell->figures)[i] = median_figure(cell, i * sizeof(double));
  cell->class = combined_class(cell);
  cell->level_ms =
      cell->n > 0 ? stats_bootstrap(cell->groups, cell->n, 0.95, seed) : (stats_interval){NAN, NAN, NAN};
}

static bool gather(lab_data *data, lab_cell *cell) {
  cell->processes = calloc(data->n_processes + 1, sizeof *cell->processes);
  cell->groups = calloc(data->n_processes + 1, sizeof *cell->groups);
  if (cell->processes == NULL || cell->groups == NULL) return false;
  for (size_t i = 0; i < data->n_processes && cell->n < LAB_ROUNDS; i++) { /* in the order of rounds */
    const lab_process *p = &data->processes[i];
    if (!p->is_usable || p->program != cell->program || p->engine != cell->engine) continue;
    cell->groups[cell->n] = (stats_group){p->ms + p->steady.from, p->n - p->steady.from};
    cell->processes[cell->n++] = p;
  }
  summarise(cell, cell->program * 1000 + cell->engine + 1);
  return true;
}

void cells_free(lab_data *data) {
  for (size_t i = 0; i < data->n_cells; i++) {
    free(data->cells[i].processes);
    free(data->cells[i].groups);
  }
  free(data->cells);
  data->cells = NULL;
  data->n_cells = 0;
}

void cells_make(lab_data *data) {
  size_t n = data->n_programs * data->n_engines;
  data->cells = calloc(n + 1, sizeof *data->cells);
  bool is_well = data->cells != NULL;
  for (size_t i = 0; i < n && is_well; i++) {
    data->cells[i].program = i / data->n_engines;
    data->cells[i].engine = i % data->n_engines;
    data->n_cells++;
    is_well = gather(data, &data->cells[i]);
  }
  if (!is_well) cells_free(data);
}

/* ---- Speeds ---- */

/* The groups of two cells from rounds in which both ran; returns how many. */
static size_t pair_up(const lab_cell *a, const lab_cell *b, stats_group *of_a, stats_group *of_b) {
  size_t n = 0;
  for (size_t i = 0; i < a->n; i++)
    for (size_t j = 0; j < b->n; j++)
      if (a->processes[i]->round == b->processes[j]->round) {
        of_a[n] = a->groups[i];
        of_b[n++] = b->groups[j];
      }
  return n;
}

stats_interval data_speed(const lab_data *data, size_t program, size_t engine, size_t other,
                          double *replicates) {
  const lab_cell *a = data_cell(data, program, other), *b = data_cell(data, program, engine);
  stats_group *groups = calloc(2 * a->n + 1, sizeof *groups);
  double room[STATS_REPLICATES], *into = replicates != NULL ? replicates : room;
  stats_interval speed = {NAN, NAN, NAN};
  size_t n = groups != NULL ? pair_up(a, b, groups, groups + a->n) : 0;
  if (n > 0 && engine == other) { /* itself, without noise */
    for (size_t i = 0; i < STATS_REPLICATES; i++) into[i] = 1;
    speed = (stats_interval){1, 1, 1};
  } else if (n > 0) {
    stats_resample_ratio(groups, groups + a->n, n, program + 1, into, STATS_REPLICATES);
    speed = stats_percentiles(stats_group_ratio(groups, groups + a->n, n), into, STATS_REPLICATES, 0.95);
  }
  free(groups);
  return speed;
}

stats_interval data_mean_speed(const lab_data *data, size_t engine, size_t other, size_t *count) {
  double sum = 0, sums[STATS_REPLICATES] = {0}, replicates[STATS_REPLICATES];
  size_t n = 0;
  for (size_t p = 0; p < data->n_programs; p++) {
    stats_interval speed = data_speed(data, p, engine, other, replicates);
    if (isnan(speed.middle)) continue;
    n++;
    sum += log(speed.middle);
    for (size_t i = 0; i < STATS_REPLICATES; i++) sums[i] += log(replicates[i]);
  }
  if (count != NULL) *count = n;
  if (n == 0) return (stats_interval){NAN, NAN, NAN};
  for (size_t i = 0; i < STATS_REPLICATES; i++) sums[i] = exp(sums[i] / (double)n);
  return stats_percentiles(exp(sum / (double)n), sums, STATS_REPLICATES, 0.95);
}

double data_mean_ratio(const lab_data *data, size_t engine, size_t other) {
  double sum = 0;
  size_t count = 0;
  for (size_t p = 0; p < data->n_programs; p++) {
    const lab_cell *a = data_cell(data, p, other), *b = data_cell(data, p, engine);
    stats_group *groups = calloc(2 * a->n + 1, sizeof *groups);
    size_t n = groups != NULL ? pair_up(a, b, groups, groups + a->n) : 0;
    if (n > 0) sum += log(stats_group_ratio(groups, groups + a->n, n)), count++;
    free(groups);
  }
  return count > 0 ? exp(sum / (double)count) : NAN;
}

/* ---- Steady states ---- */

/* The first of those without a steady state, and how many there are. */
static const lab_process *unsteady_process(const lab_cell *cell, size_t *count) {
  const lab_process *first = NULL;
  *count = 0;
  for (size_t i = 0; i < cell->n; i++) {
    if (steady_is_reached(cell->processes[i]->steady.class)) continue;
    if (++*count == 1) first = cell->processes[i];
  }
  return first;
}

/* Of a series without a steady state: the change behind which all segments are like the last, and how many
 * changes there are. Interruptions are none. */
static void describe_last_change(const steady_result *s, char *text, size_t room) {
  const steady_segment *before = NULL, *after = NULL;
  size_t n_segments = 0;
  for (size_t i = 0; i < s->n_segments; i++) {
    const steady_segment *segment = &s->segments[i];
    if (segment->is_interruption) continue;
    n_segments++;
    if (!segment->is_like_last) before = segment, after = NULL;
    else if (after == NULL) after = segment;
  }
  double change = (after->mean / before->mean - 1) * 100;
  snprintf(text, room, "changed its pace %zu time%s, last at iteration %zu: %.0f %% %s", n_segments - 1,
           n_segments == 2 ? "" : "s", after->first, fabs(change), change > 0 ? "slower" : "faster");
}

bool data_reason(const lab_cell *cell, char *text, size_t room) {
  size_t count;
  char why[240];
  const lab_process *p = unsteady_process(cell, &count);
  if (p == NULL) return false;
  if (p->steady.class == STEADY_UNKNOWN)
    snprintf(why, sizeof why, "had %zu iterations in its time, %d are needed", p->n, STEADY_LEAST_ITERATIONS);
  else describe_last_change(&p->steady, why, sizeof why);
  snprintf(text, room, "%zu of %zu processes; number %d %s; %.0f %% of the machine went to others meanwhile",
           count, cell->n, p->round + 1, why, p->busy_elsewhere * 100);
  return true;
}

void data_count_steady(const lab_data *data, size_t *n_pairs, size_t *n_steady) {
  *n_pairs = *n_steady = 0;
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *cell = &data->cells[i];
    if (data->engines[cell->engine].is_peer || cell->n == 0) continue;
    ++*n_pairs;
    *n_steady += steady_is_reached(cell->class);
  }
}

size_t data_count_interruptions(const lab_data *data) {
  size_t n = 0;
  for (size_t i = 0; i < data->n_cells; i++)
    for (size_t k = 0; k < data->cells[i].n; k++) n += data->cells[i].processes[k]->steady.n_interruptions;
  return n;
}
