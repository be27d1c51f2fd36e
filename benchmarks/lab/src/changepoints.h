/* changepoints.h: where a series changes its mean or its variance.
 *
 * PELT, "pruned exact linear time" (Killick, Fearnhead and Eckley, "Optimal detection of changepoints with a
 * linear computational cost", JASA 2012), with the likelihood of normal values of unknown mean and variance
 * in each segment. */
#pragma once
#include <stddef.h>

/* Puts the first index of every segment but the first into `starts`, which has room for n, in ascending
 * order, and returns how many there are. A change must gain more than `penalty` in twice the log-likelihood.
 * No segment's variance counts as less than `least_variance` (> 0): two values that happen to be alike are no
 * discovery. Segments have at least two values. Beyond the first 500 values of a series of more than 2,500,
 * segments begin at one of 2,000 evenly spaced places. */
size_t changepoints_find(const double *values, size_t n, double penalty, double least_variance,
                         size_t *starts);
