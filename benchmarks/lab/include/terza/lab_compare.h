/* lab_compare.h: what changed between two runs beyond noise. */
#pragma once
#include "terza/lab_data.h"

typedef enum change_kind { CHANGE_NONE, CHANGE_FASTER, CHANGE_SLOWER, CHANGE_UNTOLD } change_kind;

/* Of a program under a strategy, or of a strategy over all programs. */
typedef struct lab_change {
  size_t program;    /* in the first run; n_programs for the mean over all */
  size_t engine;     /* in the first run */
  double ratio;      /* time in the second run / time in the first */
  double low, high;  /* NAN if one of them has a single round */
  change_kind kind;  /* UNTOLD: too few rounds to say */
  size_t n_programs; /* that a mean is over */
} lab_change;

typedef struct lab_comparison {
  lab_change *items; /* means last */
  size_t count, n_means;
  const char
      *peer; /* both runs' times are taken relative to this one's in the same round; NULL: as they are */
  size_t n_changed;
} lab_comparison;

/* Compares what both runs have. `peer` names the peer to measure by; NULL: the first that both have, if any.
 * Differences below one per cent are none; the level is such that of all comparisons together one in twenty
 * is wrong (Bonferroni). False: `error` says why. */
bool compare_runs(const lab_data *a, const lab_data *b, const char *peer, lab_comparison *result,
                  char error[LAB_ERROR]);
void comparison_free(lab_comparison *comparison);
void comparison_print(const lab_comparison *comparison, const lab_data *a, const lab_data *b);
/* The ratio of the geometric means over all programs, of a strategy; NAN if both have none of it. */
double comparison_mean(const lab_comparison *comparison, size_t engine);
