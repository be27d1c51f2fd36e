/* compare.c: see lab_compare.h. */
#include "terza/lab_compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double least_change = 0.01;
static const double level = 0.95;

/* Logarithms of times, one for each round. */
typedef struct rounds {
  double values[LAB_ROUNDS];
  int round[LAB_ROUNDS];
  size_t n;
} rounds;

static const lab_process *in_round(const lab_cell *cell, int round) {
  for (size_t i = 0; i < cell->n; i++)
    if (cell->processes[i]->round == round) return cell->processes[i];
  return NULL;
}

static size_t find_program(const lab_data *data, const char *name) {
  size_t i = 0;
  while (i < data->n_programs && strcmp(data->programs[i], name) != 0) i++;
  return i;
}

/* peer NULL: times as they are. */
static rounds take_rounds(const lab_data *data, size_t program, size_t engine, const char *peer) {
  rounds r = {.n = 0};
  const lab_cell *cell = data_cell(data, program, engine);
  for (size_t i = 0; i < cell->n; i++) {
    const lab_process *p = cell->processes[i], *other = NULL;
    if (peer != NULL) other = in_round(data_cell(data, program, data_engine(data, peer)), p->round);
    if (peer != NULL && other == NULL) continue;
    r.round[r.n] = p->round;
    r.values[r.n++] = log(p->steady.level) - (other != NULL ? log(other->steady.level) : 0);
  }
  return r;
}

static void judge(lab_change *c, const rounds *a, const rounds *b, size_t n_comparisons) {
  stats_test test = stats_welch(a->values, a->n, b->values, b->n, 1 - (1 - level) / (double)n_comparisons);
  c->ratio = exp(test.difference);
  c->low = exp(test.low);
  c->high = exp(test.high);
  c->kind = isnan(test.low)                                 ? CHANGE_UNTOLD
            : fabs(test.difference) < log(1 + least_change) ? CHANGE_NONE
            : test.low > 0                                  ? CHANGE_SLOWER
            : test.high < 0                                 ? CHANGE_FASTER
                                                            : CHANGE_NONE;
}

/* The mean over programs, round by round, of programs that have every round that any has. */
static void add_to_mean(rounds *mean, const rounds *r, size_t n_before) {
  for (size_t i = 0; i < r->n; i++) {
    if (n_before == 0) mean->values[i] = 0;
    mean->values[i] += r->values[i];
  }
  mean->n = n_before == 0 || r->n < mean->n ? r->n : mean->n;
}

static void divide(rounds *mean, size_t n) {
  for (size_t i = 0; i < mean->n; i++) mean->values[i] /= (double)n;
}

static const char *common_peer(const lab_data *a, const lab_data *b) {
  for (size_t e = 0; e < a->n_engines; e++)
    if (a->engines[e].is_peer && data_engine(b, a->engines[e].name) < b->n_engines) return a->engines[e].name;
  return NULL;
}

static size_t count_pairs(const lab_data *a, const lab_data *b) {
  size_t n = 0;
  for (size_t p = 0; p < a->n_programs; p++)
    for (size_t e = 0; e < a->n_engines; e++)
      n += !a->engines[e].is_peer && data_engine(b, a->engines[e].name) < b->n_engines;
  return n > 0 ? n : 1;
}

/* All programs of an engine and their mean. */
static void compare_engine(const lab_data *a, const lab_data *b, size_t engine, size_t n_comparisons,
                           lab_comparison *result, lab_change *mean_change) {
  size_t other = data_engine(b, a->engines[engine].name), n = 0;
  rounds means[2] = {{.n = 0}, {.n = 0}};
  *mean_change = (lab_change){a->n_programs, engine, NAN, NAN, NAN, CHANGE_UNTOLD, 0};
  for (size_t p = 0; p < a->n_programs && other < b->n_engines; p++) {
    size_t q = find_program(b, a->programs[p]);
    if (q == b->n_programs) continue;
    rounds of_a = take_rounds(a, p, engine, result->peer), of_b = take_rounds(b, q, other, result->peer);
    if (of_a.n == 0 || of_b.n == 0) continue;
    lab_change *c = &result->items[result->count++];
    *c = (lab_change){.program = p, .engine = engine, .n_programs = 1};
    judge(c, &of_a, &of_b, n_comparisons);
    add_to_mean(&means[0], &of_a, n);
    add_to_mean(&means[1], &of_b, n++);
  }
  if (n == 0) return;
  for (int i = 0; i < 2; i++) divide(&means[i], n);
  judge(mean_change, &means[0], &means[1], n_comparisons);
  mean_change->n_programs = n;
}

bool compare_runs(const lab_data *a, const lab_data *b, const char *peer, lab_comparison *result,
                  char error[LAB_ERROR]) {
  *result = (lab_comparison){.peer = peer != NULL ? peer : common_peer(a, b)};
  if (peer != NULL && (data_engine(a, peer) == a->n_engines || data_engine(b, peer) == b->n_engines))
    return snprintf(error, LAB_ERROR, "%s is not in both runs", peer), false;
  size_t n = count_pairs(a, b);
  result->items = calloc((a->n_programs + 1) * a->n_engines + 1, sizeof *result->items);
  lab_change *means = calloc(a->n_engines + 1, sizeof *means);
  if (result->items == NULL || means == NULL) {
    free(means);
    comparison_free(result);
    return snprintf(error, LAB_ERROR, "out of memory"), false;
  }
  for (size_t e = 0; e < a->n_engines; e++)
    if (!a->engines[e].is_peer) compare_engine(a, b, e, n, result, &means[result->n_means++]);
  size_t n_means = 0;
  for (size_t i = 0; i < result->n_means; i++)
    if (means[i].n_programs > 0) result->items[result->count + n_means++] = means[i];
  result->count += result->n_means = n_means;
  for (size_t i = 0; i < result->count; i++)
    result->n_changed += result->items[i].kind == CHANGE_FASTER || result->items[i].kind == CHANGE_SLOWER;
  free(means);
  if (result->count > 0) return true;
  comparison_free(result);
  return snprintf(error, LAB_ERROR, "the two runs have no program under the same strategy in common"), false;
}

void comparison_free(lab_comparison *comparison) {
  free(comparison->items);
  *comparison = (lab_comparison){0};
}

double comparison_mean(const lab_comparison *comparison, size_t engine) {
  for (size_t i = comparison->count - comparison->n_means; i < comparison->count; i++)
    if (comparison->items[i].engine == engine) return comparison->items[i].ratio;
  return NAN;
}

/* ---- Print ---- */

static const char *const kind_names[] = {[CHANGE_NONE] = "no difference",
                                         [CHANGE_FASTER] = "faster",
                                         [CHANGE_SLOWER] = "slower",
                                         [CHANGE_UNTOLD] = "one round is too few to tell"};

static void print_change(const lab_change *c, const lab_data *a) {
  char title[160];
  if (c->program < a->n_programs) snprintf(title, sizeof title, "%s", a->programs[c->program]);
  else snprintf(title, sizeof title, "mean of %zu", c->n_programs);
  printf("%-28s %-16s %8.3f", title, a->engines[c->engine].name, c->ratio);
  if (isnan(c->low)) printf("  %-18s", "");
  else printf("  [%6.3f, %6.3f]  ", c->low, c->high);
  printf(" %s\n", kind_names[c->kind]);
}

void comparison_print(const lab_comparison *comparison, const lab_data *a, const lab_data *b) {
  printf("%-28s %-16s %8s  %-18s\n", "program", "strategy", "B / A", "interval");
  for (size_t i = 0; i < comparison->count; i++) print_change(&comparison->items[i], a);
  printf("\nTimes %s%s. A: %s, B: %s.\n",
         comparison->peer != NULL ? "relative to those of the same round in " : "as measured",
         comparison->peer != NULL ? comparison->peer : "",
         json_string_value(json_object_get(a->run, "commit")),
         json_string_value(json_object_get(b->run, "commit")));
  if (comparison->n_changed == 0) printf("No difference beyond noise.\n");
  else printf("%zu of %zu differ beyond noise.\n", comparison->n_changed, comparison->count);
}
