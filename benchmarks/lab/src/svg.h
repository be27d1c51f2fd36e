/* svg.h: the few shapes and scales that charts are made of. Coordinates are those of the picture's viewBox.
 */
#pragma once
#include <stdbool.h>
#include <stdio.h>

enum { SVG_COLOURS = 10, NUMBER_ROOM = 32 };

/* Maps values to places. */
typedef struct svg_scale {
  double low, high; /* values at its ends */
  double from, to;  /* places */
  bool is_log;      /* then low > 0 */
} svg_scale;

double svg_place(const svg_scale *scale, double value);
/* Round values within the scale, some for each label to have room; returns how many, at most `most`. */
int svg_ticks(const svg_scale *scale, double *values, int most);

/* Text with what HTML gives a meaning written out. */
void svg_escape(FILE *to, const char *text);
/* Three digits that count: 0.0123, 1.23, 123, 12,300. "-" for NAN. */
const char *svg_number(double value, char text[NUMBER_ROOM]);

void svg_begin(FILE *to, double width, double height, const char *description);
void svg_end(FILE *to);
void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *classes);
/* Anchor: start, middle or end. */
void svg_text(FILE *to, double x, double y, const char *anchor, const char *classes, const char *text);
/* A horizontal axis below, at height y: line, ticks and their numbers, a title behind the last if there is
 * one. */
void svg_axis_below(FILE *to, const svg_scale *x, double y, const char *unit);
void svg_axis_left(FILE *to, const svg_scale *y, double x, double right, const char *unit);
