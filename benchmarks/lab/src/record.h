/* record.h: raw data as JSON lines: a "run", then a "process" for each process, then an "end". docs/lab.md
 * describes the fields. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

/* Appends a line in one piece, so that whatever ends us leaves whole lines. Takes the object. False: errno.
 */
bool record_write(int fd, json_t *object);

/* The lines that the machine prints under --dump-stats-json, gathered by name: {"heap": {...}, "baseline":
 * {...}}, and compilations as a list. Lines that are none are left alone (false). */
bool record_take_stats(json_t *stats, const char *line);
