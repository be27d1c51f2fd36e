/* changepoints.c: see changepoints.h. */
#include "changepoints.h"
#include <math.h>
#include <stdlib.h>

enum { LEAST_LENGTH = 2, FINE = 500, COARSE = 2000 };

typedef struct pelt {
  double *sum, *squares; /* of the first i values, shifted to begin at 0 */
  size_t *places;        /* where a segment may begin or end: the first is 0, the last n */
  size_t n_places;
  double *cost;       /* of the best segmentation up to a place */
  size_t *last;       /* the place where that segmentation's last segment begins */
  size_t *candidates; /* places where a last segment may begin that may still win */
  size_t n_candidates;
  double penalty, least_variance;
} pelt;

/* Minus twice the log-likelihood of the values between two places as one segment, without constants. */
static double segment_cost(const pelt *p, size_t from, size_t to) {
  size_t first = p->places[from], end = p->places[to];
  double n = (double)(end - first), sum = p->sum[end] - p->sum[first];
  double variance = fmax((p->squares[end] - p->squares[first] - sum * sum / n) / n, 0);
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

/* A series without changes prunes nothing, and takes quadratic time: hence not every place in a long one. */
static void choose_places(pelt *p, size_t n) {
  size_t step = n > FINE + COARSE ? (n - FINE + COARSE - 1) / COARSE : 1;
  for (size_t at = 0; at + LEAST_LENGTH <= n || at == 0; at += at < FINE ? 1 : step)
    p->places[p->n_places++] = at;
  p->places[p->n_places++] = n;
}

static void search(pelt *p) {
  size_t next = 0; /* candidate */
  p->cost[0] = -p->penalty;
  for (size_t to = 1; to < p->n_places; to++) {
    while (next < to && p->places[next] + LEAST_LENGTH <= p->places[to]) {
      if (next == 0 || p->cost[next] < INFINITY) p->candidates[p->n_candidates++] = next;
      next++;
    }
    extend(p, to);
  }
}

static size_t read_back(const pelt *p, size_t *starts) {
  size_t count = 0;
  for (size_t at = p->last[p->n_places - 1]; at > 0; at = p->last[at]) starts[count++] = p->places[at];
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
  double *numbers = malloc(3 * (n + 2) * sizeof *numbers);
  size_t *indexes = calloc(3 * (n + 2), sizeof *indexes);
  size_t count = 0;
  if (numbers != NULL && indexes != NULL) {
    pelt p = {.sum = numbers,
              .squares = numbers + n + 2,
              .cost = numbers + 2 * (n + 2),
              .places = indexes,
              .last = indexes + n + 2,
              .candidates = indexes + 2 * (n + 2),
              .penalty = penalty,
              .least_variance = least_variance};
    sum_up(&p, values, n);
    choose_places(&p, n);
    search(&p);
    count = read_back(&p, starts);
  }
  free(numbers);
  free(indexes);
  return count;
}
