/* changepoints.c: see changepoints.h. */
#include "changepoints.h"
#include <math.h>
#include <stdlib.h>

enum { LEAST_LENGTH = 2 };

typedef struct pelt {
  double *sum, *squares; /* of the first i values, shifted to begin at 0 */
  double *cost;          /* of the best segmentation of the first i values */
  size_t *last;          /* where that segmentation's last segment begins */
  size_t *candidates;    /* beginnings of a last segment that may still win */
  size_t n_candidates;
  double penalty, least_variance;
} pelt;

/* Minus twice the log-likelihood of values from..to-1 as one segment, without constants. */
static double segment_cost(const pelt *p, size_t from, size_t to) {
  double n = (double)(to - from), sum = p->sum[to] - p->sum[from];
  double variance = fmax((p->squares[to] - p->squares[from] - sum * sum / n) / n, 0);
  double assumed = fmax(variance, p->least_variance);
  return n * (log(assumed) + variance / assumed);
}

static double cost_with(const pelt *p, size_t from, size_t to) {
  return p->cost[from] + segment_cost(p, from, to) + p->penalty;
}

static void extend(pelt *p, size_t to) {
  p->cost[to] = INFINITY;
  for (size_t i = 0; i < p->n_candidates; i++) {
    size_t from = p->candidates[i];
    double cost = cost_with(p, from, to);
    if (cost >= p->cost[to]) continue;
    p->cost[to] = cost;
    p->last[to] = from;
  }
  size_t kept = 0; /* what loses now by more than the penalty loses for ever */
  for (size_t i = 0; i < p->n_candidates; i++)
    if (cost_with(p, p->candidates[i], to) - p->penalty <= p->cost[to])
      p->candidates[kept++] = p->candidates[i];
  p->n_candidates = kept;
}

static void sum_up(pelt *p, const double *values, size_t n) {
  p->sum[0] = p->squares[0] = 0;
  for (size_t i = 0; i < n; i++) {
    double x = values[i] - values[0]; /* near 0, so that squares lose no digits */
    p->sum[i + 1] = p->sum[i] + x;
    p->squares[i + 1] = p->squares[i] + x * x;
  }
}

static size_t read_back(const pelt *p, size_t n, size_t *starts) {
  size_t count = 0;
  for (size_t at = p->last[n]; at > 0; at = p->last[at]) starts[count++] = at;
  for (size_t i = 0; i < count / 2; i++) {
    size_t kept = starts[i];
    starts[i] = starts[count - 1 - i];
    starts[count - 1 - i] = kept;
  }
  return count;
}

size_t changepoints_find(const double *values, size_t n, double penalty, double least_variance,
                         size_t *starts) {
  if (n < 2 * LEAST_LENGTH) return 0;
  double *numbers = malloc(3 * (n + 1) * sizeof *numbers);
  size_t *indexes = malloc(2 * (n + 1) * sizeof *indexes);
  size_t count = 0;
  if (numbers != NULL && indexes != NULL) {
    pelt p = {.sum = numbers,
              .squares = numbers + n + 1,
              .cost = numbers + 2 * (n + 1),
              .last = indexes,
              .candidates = indexes + n + 1,
              .penalty = penalty,
              .least_variance = least_variance};
    sum_up(&p, values, n);
    p.cost[0] = -penalty;
    p.candidates[p.n_candidates++] = 0;
    for (size_t to = LEAST_LENGTH; to <= n; to++) {
      extend(&p, to);
      if (to >= 2 * LEAST_LENGTH - 1) p.candidates[p.n_candidates++] = to - LEAST_LENGTH + 1;
    }
    count = read_back(&p, n, starts);
  }
  free(numbers);
  free(indexes);
  return count;
}
