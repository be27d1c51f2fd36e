/* stats.c: see lab_stats.h. */
#include "terza/lab_stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void swap(double *a, double *b) {
  double kept = *a;
  *a = *b;
  *b = kept;
}

/* The k-th least, with all that are less before it and all that are greater behind (Hoare's selection). */
static double select_kth(double *values, size_t n, size_t k) {
  size_t low = 0, high = n - 1;
  while (low < high) {
    double pivot = values[low + (high - low) / 2];
    size_t i = low, j = high;
    for (;;) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i >= j) break;
      swap(&values[i++], &values[j--]);
    }
    if (k <= j) high = j;
    else low = j + 1;
  }
  return values[k];
}

static double quantile_in_place(double *values, size_t n, double share) {
  if (n == 0) return NAN;
  double at = share * (double)(n - 1);
  size_t k = (size_t)at;
  double below = select_kth(values, n, k);
  if (k + 1 >= n || at == (double)k) return below;
  double above = values[k + 1];
  for (size_t i = k + 2; i < n; i++) above = fmin(above, values[i]);
  return below + (at - (double)k) * (above - below);
}

double stats_quantile(const double *values, size_t n, double share) {
  double *copy = n > 0 ? malloc(n * sizeof *copy) : NULL;
  if (copy == NULL) return NAN;
  memcpy(copy, values, n * sizeof *copy);
  double result = quantile_in_place(copy, n, share);
  free(copy);
  return result;
}

double stats_median(const double *values, size_t n) { return stats_quantile(values, n, 0.5); }

double stats_mean(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += values[i];
  return n > 0 ? sum / (double)n : NAN;
}

double stats_deviation(const double *values, size_t n) {
  double mean = stats_mean(values, n), sum = 0;
  for (size_t i = 0; i < n; i++) sum += (values[i] - mean) * (values[i] - mean);
  return n > 1 ? sqrt(sum / (double)(n - 1)) : 0;
}

uint64_t stats_random(uint64_t *state, uint64_t bound) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (uint64_t)((unsigned __int128)(*state * 0x2545f4914f6cdd1du) * bound >> 64);
}

double stats_group_median(const stats_group *groups, size_t n) {
  double *medians = n > 0 ? malloc(n * sizeof *medians) : NULL;
  if (medians == NULL) return NAN;
  for (size_t i = 0; i < n; i++) medians[i] = stats_median(groups[i].values, groups[i].count);
  double result = quantile_in_place(medians, n, 0.5);
  free(medians);
  return result;
}

double stats_group_ratio(const stats_group *a, const stats_group *b, size_t n) {
  double *ratios = n > 0 ? malloc(n * sizeof *ratios) : NULL;
  if (ratios == NULL) return NAN;
  for (size_t i = 0; i < n; i++)
    ratios[i] = stats_median(a[i].values, a[i].count) / stats_median(b[i].values, b[i].count);
  double result = quantile_in_place(ratios, n, 0.5);
  free(ratios);
  return result;
}

/* ---- Resampling ---- */

static size_t largest_group(const stats_group *groups, size_t n) {
  size_t largest = 1;
  for (size_t i = 0; i < n; i++)
    if (groups[i].count > largest) largest = groups[i].count;
  return largest;
}

enum { TABLE = 64, MANY = 256 };

/* Medians of resamples of a group, from which the second level draws. room has a place for each value. */
static void fill_from_few(const stats_group *group, double *table, double *room, uint64_t *state) {
  for (size_t t = 0; t < TABLE; t++) {
    for (size_t i = 0; i < group->count; i++) room[i] = group->values[stats_random(state, group->count)];
    table[t] = quantile_in_place(room, group->count, 0.5);
  }
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of many values: the rank that the median of n draws has among the n sorted values is n times a Beta
 * variable, which is nearly normal around 1/2 with a variance of 1 / 4(n + 2). */
static void fill_from_many(const stats_group *group, double *table, double *room, uint64_t *state) {
  double n = (double)group->count;
  memcpy(room, group->values, group->count * sizeof *room);
  qsort(room, group->count, sizeof *room, by_value);
  for (size_t t = 0; t < TABLE; t++) {
    double normal = -6; /* twelve uniform numbers less six */
    for (int i = 0; i < 12; i++) normal += (double)stats_random(state, 1u << 30) / (1u << 30);
    table[t] = room[(size_t)(n * (0.5 + normal / (2 * sqrt(n + 2))))];
  }
}

static void fill_table(const stats_group *groups, size_t n, double *table, double *room, uint64_t *state) {
  for (size_t i = 0; i < n; i++)
    (groups[i].count > MANY ? fill_from_many : fill_from_few)(&groups[i], table + i * TABLE, room, state);
}

/* b NULL: the groups of a by themselves. */
static void resample(const stats_group *a, const stats_group *b, size_t n, uint64_t seed, double *into,
                     size_t count) {
  size_t largest = largest_group(a, n), other = b != NULL ? largest_group(b, n) : 0;
  double *table = malloc((2 * n * TABLE + n + (largest > other ? largest : other)) * sizeof *table);
  double *drawn = table + 2 * n * TABLE, *room = drawn + n;
  uint64_t state = seed * 2 + 1;
  if (table == NULL || n == 0) {
    for (size_t r = 0; r < count; r++) into[r] = NAN;
    free(table);
    return;
  }
  fill_table(a, n, table, room, &state);
  if (b != NULL) fill_table(b, n, table + n * TABLE, room, &state);
  for (size_t r = 0; r < count; r++) {
    for (size_t i = 0; i < n; i++) {
      size_t group = stats_random(&state, n);
      drawn[i] = table[group * TABLE + stats_random(&state, TABLE)];
      if (b != NULL) drawn[i] /= table[(n + group) * TABLE + stats_random(&state, TABLE)];
    }
    into[r] = quantile_in_place(drawn, n, 0.5);
  }
  free(table);
}

void stats_resample_ratio(const stats_group *a, const stats_group *b, size_t n, uint64_t seed, double *into,
                          size_t count) {
  resample(a, b, n, seed, into, count);
}

stats_interval stats_percentiles(double middle, const double *replicates, size_t n, double level) {
  double tail = (1 - level) / 2;
  return (stats_interval){stats_quantile(replicates, n, tail), middle,
                          stats_quantile(replicates, n, 1 - tail)};
}

stats_interval stats_bootstrap(const stats_group *groups, size_t n, double level, uint64_t seed) {
  double replicates[STATS_REPLICATES];
  resample(groups, NULL, n, seed, replicates, STATS_REPLICATES);
  return stats_percentiles(stats_group_median(groups, n), replicates, STATS_REPLICATES, level);
}
