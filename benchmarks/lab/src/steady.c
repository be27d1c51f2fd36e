/* steady.c: see lab_steady.h. */
#include "terza/lab_steady.h"
#include "changepoints.h"
#include "terza/lab_stats.h"
#include <math.h>
#include <stdlib.h>

static const struct {
  const char *name, *sign;
  bool is_steady;
} classes_known[] = {
#define STEADY_ROW(id, name, sign, is_steady) {name, sign, is_steady},
    STEADY_CLASSES(STEADY_ROW)
#undef STEADY_ROW
};

const char *steady_name(steady_class c) { return classes_known[c].name; }
const char *steady_sign(steady_class c) { return classes_known[c].sign; }
bool steady_is_reached(steady_class c) { return classes_known[c].is_steady; }

static const double penalty_factor = 15; /* times log n, as in the paper */
static const double least_difference =
    0.02; /* of the mean: Georges, Buytaert and Eeckhout (OOPSLA 2007) call that steady */
static const size_t least_share = 20;        /* a phase lasts for a twentieth of the series at least */
static const double least_deviation = 0.005; /* of the median: below the clock's and the caches' noise */
static const size_t window = 200;            /* iterations, for outliers */

/* ---- Outliers ---- */

/* Beyond three times the spread between the tenth and ninetieth percentile from the median of the window. */
static bool is_far_out(const double *times, size_t n, size_t i) {
  size_t first = i > window / 2 ? i - window / 2 : 0, count = n < window ? n : window;
  if (first + count > n) first = n - count;
  const double *near = times + first;
  double middle = stats_median(near, count);
  double spread = stats_quantile(near, count, 0.9) - stats_quantile(near, count, 0.1);
  return fabs(times[i] - middle) > 3 * fmax(spread, least_deviation * middle);
}

/* Slow iterations that begin the series are warm-up, and several in a row are a phase: an outlier stands
 * alone. */
static void mark_outliers(const double *times, size_t n, bool *is_outlier) {
  bool before = true, now = is_far_out(times, n, 0);
  for (size_t i = 0; i < n; i++) {
    bool after = i + 1 < n && is_far_out(times, n, i + 1);
    is_outlier[i] = now && !before && !after;
    before = now;
    now = after;
  }
}

/* ---- Segments ---- */

static void describe(steady_segment *s, const double *times, const bool *is_outlier, double *room) {
  size_t n = 0;
  for (size_t i = s->first; i < s->first + s->count; i++)
    if (!is_outlier[i]) room[n++] = times[i];
  s->mean = stats_mean(room, n);
  s->deviation = stats_deviation(room, n);
}

/* Cuts the series, looking only at what is no outlier. kept, starts and room have n places each. */
static void cut(steady_result *r, const double *times, size_t n, const bool *is_outlier, double *kept,
                size_t *index) {
  size_t n_kept = 0;
  size_t *starts = index + n;
  for (size_t i = 0; i < n; i++) {
    if (is_outlier[i]) continue;
    index[n_kept] = i;
    kept[n_kept++] = times[i];
  }
  r->n_outliers = n - n_kept;
  double least = least_deviation * stats_median(kept, n_kept), penalty = penalty_factor * log((double)n_kept);
  size_t n_starts = changepoints_find(kept, n_kept, penalty, least * least, starts);
  if (n_starts >= STEADY_MAX_SEGMENTS) { /* the last ones decide */
    starts += n_starts - (STEADY_MAX_SEGMENTS - 1);
    n_starts = STEADY_MAX_SEGMENTS - 1;
  }
  r->n_segments = n_starts + 1;
  for (size_t i = 0; i <= n_starts; i++) {
    size_t first = i == 0 ? 0 : index[starts[i - 1]], end = i == n_starts ? n : index[starts[i]];
    r->segments[i] = (steady_segment){.first = first, .count = end - first};
    describe(&r->segments[i], times, is_outlier, kept);
  }
}

static double tolerance(const steady_segment *last) {
  return fmax(last->deviation, least_difference * last->mean);
}

/* Segments [first, end) are too few iterations for a phase, and all slower than those on either side. The
 * first ones are warm-up. */
static bool are_interruption(const steady_result *r, size_t first, size_t end, size_t n) {
  if (first == 0) return false;
  size_t count = 0;
  const steady_segment *before = &r->segments[first - 1], *behind = &r->segments[end];
  for (size_t i = first; i < end; i++) {
    double mean = r->segments[i].mean;
    count += r->segments[i].count;
    if (mean <= before->mean + tolerance(before)) return false;
    if (end < r->n_segments && mean <= behind->mean + tolerance(behind)) return false;
  }
  return count * least_share < n;
}

/* Of the segments before `end`, where the longest stretch begins that is an interruption; `end`: none does.
 */
static size_t find_interruption(const steady_result *r, size_t end, size_t n) {
  size_t found = end;
  for (size_t first = end, count = 0; first-- > 0 && (count += r->segments[first].count) * least_share < n;)
    if (are_interruption(r, first, end, n)) found = first;
  return found;
}

/* From the end on. What takes a tenth of the series in all is how the program runs. */
static void mark_interruptions(steady_result *r, size_t n) {
  size_t count = 0;
  for (size_t end = r->n_segments; end > 1;) {
    size_t first = find_interruption(r, end, n);
    r->n_interruptions += first < end;
    for (size_t i = first; i < end; i++) r->segments[i].is_interruption = true, count += r->segments[i].count;
    end = first < end ? first : end - 1;
  }
  if (count * 10 < n) return;
  r->n_interruptions = 0;
  for (size_t i = 0; i < r->n_segments; i++) r->segments[i].is_interruption = false;
}

/* The last that is no interruption: there is one, the first. */
static const steady_segment *last_segment(const steady_result *r) {
  size_t i = r->n_segments - 1;
  while (r->segments[i].is_interruption) i--;
  return &r->segments[i];
}

static void compare_with_last(steady_result *r) {
  const steady_segment *last = last_segment(r);
  for (size_t i = 0; i < r->n_segments; i++)
    r->segments[i].is_like_last = fabs(r->segments[i].mean - last->mean) <= tolerance(last);
}

static steady_class classify(steady_result *r, size_t n) {
  const steady_segment *last = last_segment(r);
  size_t first_steady = r->n_segments;
  bool is_any_faster = false;
  for (size_t i = r->n_segments; i-- > 0 && (r->segments[i].is_like_last || r->segments[i].is_interruption);)
    if (!r->segments[i].is_interruption) first_steady = i;
  if (first_steady == 0) return r->from = 0, STEADY_FLAT;
  r->from = r->segments[first_steady].first;
  for (size_t i = 0; i < first_steady; i++)
    is_any_faster |= r->segments[i].mean < last->mean - tolerance(last);
  if (r->from > n - n / 4) return STEADY_NONE;
  return is_any_faster ? STEADY_SLOW_DOWN : STEADY_WARM_UP;
}

steady_result steady_analyse(const double *times, size_t n) {
  steady_result r = {.class = STEADY_UNKNOWN, .from = n / 2};
  bool *is_outlier = malloc(n * sizeof *is_outlier + 1);
  double *kept = malloc(n * sizeof *kept + 1);
  size_t *index = malloc(2 * n * sizeof *index + 1);
  if (n >= STEADY_LEAST_ITERATIONS && is_outlier != NULL && kept != NULL && index != NULL) {
    mark_outliers(times, n, is_outlier);
    cut(&r, times, n, is_outlier, kept, index);
    mark_interruptions(&r, n);
    compare_with_last(&r);
    r.class = classify(&r, n);
    if (r.class == STEADY_NONE) r.from = n / 2;
  }
  r.level = stats_median(times + r.from, n - r.from);
  free(is_outlier);
  free(kept);
  free(index);
  return r;
}

steady_class steady_combine(const steady_class *classes, size_t n) {
  size_t count[STEADY_UNKNOWN + 1] = {0}, n_steady = 0;
  for (size_t i = 0; i < n; i++) {
    count[classes[i]]++;
    n_steady += steady_is_reached(classes[i]);
  }
  if (2 * n_steady <= n) return count[STEADY_NONE] > 0 ? STEADY_NONE : STEADY_UNKNOWN;
  if (count[STEADY_FLAT] == n_steady) return STEADY_FLAT;
  if (count[STEADY_WARM_UP] == n_steady) return STEADY_WARM_UP;
  if (count[STEADY_SLOW_DOWN] == n_steady) return STEADY_SLOW_DOWN;
  return count[STEADY_SLOW_DOWN] > 0 ? STEADY_INCONSISTENT : STEADY_MIXED;
}

size_t steady_near_peak(const steady_result *r) {
  size_t first = r->n_segments;
  double peak = INFINITY;
  if (first == 0) return r->from;
  for (size_t i = 0; i < first; i++)
    if (r->segments[i].mean < peak) peak = r->segments[i].mean;
  double enough = r->class == STEADY_NONE ? peak / 0.9 : fmax(r->level, peak) / 0.9;
  for (size_t i = first; i-- > 0 && (r->segments[i].mean <= enough || r->segments[i].is_interruption);)
    if (!r->segments[i].is_interruption) first = i;
  return first < r->n_segments ? r->segments[first].first : r->from;
}
