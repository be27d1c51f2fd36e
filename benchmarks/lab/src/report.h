/* report.h: what a run came to, for people: a page, Markdown, a picture. */
#pragma once
#include "terza/lab_data.h"
#include <stdio.h>

/* The engine that speeds are relative to: the one named, or (NULL) "off", or else the first. n_engines if
 * there is none of that name. */
size_t report_reference(const lab_data *data, const char *name);

void report_html(FILE *to, const lab_data *data, size_t reference);
void report_markdown(FILE *to, const lab_data *data, size_t reference);
/* A picture of the geometric means, complete in itself, for a README. */
void report_picture(FILE *to, const lab_data *data, size_t reference);

/* One of the above into a file, which is written beside it and put in its place whole; what is there and no
 * file (a pipe, a device) is written to. False: `error` says why, and the file is as it was. */
typedef void report_writer(FILE *to, const lab_data *data, size_t reference);
bool report_write(const char *path, report_writer *write, const lab_data *data, size_t reference,
                  char error[LAB_ERROR]);

/* ---- What page and Markdown share ---- */

/* A text of the run's record; "" if there is none. */
const char *report_text(const lab_data *data, const char *key);
/* One sentence: what was run where. */
void report_heading(const lab_data *data, char *text, size_t room);
/* How fast Terza is, where the run has that; how many pairs reach a steady state, how many interruptions were
 * set aside. */
void report_verdict(const lab_data *data, size_t reference, char *text, size_t room);
/* What must be known before believing: stopped runs, failures. Empty: nothing. */
void report_caveats(const lab_data *data, char *text, size_t room);
/* The processor's name, cores and memory. */
void report_machine(const lab_data *data, char *text, size_t room);
/* How processes were run. */
void report_settings(const lab_data *data, char *text, size_t room);

/* A figure of a cell, in the order of the table. Value NAN: none. */
typedef struct report_column {
  const char *title, *unit, *meaning;
  double (*value)(const lab_cell *cell);
} report_column;
extern const report_column report_columns[];
extern const size_t report_n_columns;
