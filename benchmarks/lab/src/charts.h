/* charts.h: the pictures of a report, as SVG that takes its colours from report.css. */
#pragma once
#include "terza/lab_data.h"
#include <stdio.h>

/* Bars: how many times as fast as the reference each engine is, with intervals; over all programs, or one. */
void chart_mean_speeds(FILE *to, const lab_data *data, size_t reference);
void chart_speeds(FILE *to, const lab_data *data, size_t program, size_t reference);
/* Times of successive iterations: medians over processes, the range of Terza's strategies, where the steady
 * state begins. */
void chart_warm_up(FILE *to, const lab_data *data, size_t program);
/* Iterations in the steady state: median, quartiles, and the range without the outermost twentieths. */
void chart_boxes(FILE *to, const lab_data *data, size_t program);
/* One process: its iterations over time, and below when which tier compiled. */
void chart_timeline(FILE *to, const lab_data *data, const lab_process *process);
/* The process to show a timeline of; NULL if none has compiled anything. */
const lab_process *chart_timeline_process(const lab_cell *cell);

enum { COLOUR_ROOM = 16 };

/* The classes of an engine's colour: kind is 's' for strokes, 'f' for fillings. Engines that share a colour
 * with an earlier one are drawn differently. */
const char *chart_colour(size_t engine, char kind, char text[COLOUR_ROOM]);
