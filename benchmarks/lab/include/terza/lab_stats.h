/* lab_stats.h: order statistics, and intervals by resampling.
 *
 * Everything is deterministic: random numbers come from a seed that the caller gives. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct stats_interval {
  double low, middle, high; /* NAN where there is nothing to tell */
} stats_interval;

/* One process's measurements of the same thing. */
typedef struct stats_group {
  const double *values;
  size_t count; /* at least 1 where a function takes groups */
} stats_group;

/* The values may be in any order and stay as they are. NAN if there are none. */
double stats_median(const double *values, size_t n);
/* The share-quantile, 0 <= share <= 1, interpolated (type 7 of Hyndman and Fan, 1996). */
double stats_quantile(const double *values, size_t n, double share);
double stats_mean(const double *values, size_t n);
double stats_deviation(const double *values, size_t n); /* of the sample; 0 for a single value */

/* Uniform in [0, bound); xorshift64*. *state is not 0. */
uint64_t stats_random(uint64_t *state, uint64_t bound);

/* The median over groups of their medians. */
double stats_group_median(const stats_group *groups, size_t n);

/* The same with an interval that holds it at the given level (say 0.95): the percentile bootstrap on two
 * levels, first processes, then the values of each (Kalibera and Jones, "Rigorous Benchmarking in Reasonable
 * Time", ISMM 2013). */
stats_interval stats_bootstrap(const stats_group *groups, size_t n, double level, uint64_t seed);

/* Resamples the ratio a / b: count replicates into `into`. Processes that were measured in the same round are
 * drawn together, since what slows a machine for seconds slows both: a[i] and b[i] are a pair. */
void stats_resample_ratio(const stats_group *a, const stats_group *b, size_t n, uint64_t seed, double *into,
                          size_t count);
/* The median over pairs of the ratio of their medians. */
double stats_group_ratio(const stats_group *a, const stats_group *b, size_t n);
/* The interval that the replicates give around a middle. */
stats_interval stats_percentiles(double middle, const double *replicates, size_t n, double level);

/* Whether two samples have the same mean: Welch's test. */
typedef struct stats_test {
  double difference; /* mean of b minus mean of a; NAN if one is empty */
  double low, high; /* it lies there at the level asked for; NAN if either sample has fewer than two values */
} stats_test;

stats_test stats_welch(const double *a, size_t n_a, const double *b, size_t n_b, double level);
/* The value that Student's t exceeds, either way, with a probability of 1 - level. */
double stats_student(double level, double degrees);

enum { STATS_REPLICATES = 1000 };
