/* json.h: reading a line of JSON as it comes, without building anything. A reader that has met what it did
 * not expect stays broken and reads nothing more, so that whoever reads need ask but once at the end.
 *
 *     for (bool more = tz_json_open(&j, '{'); more; more = tz_json_more(&j, '}')) {
 *       tz_json_name(&j, name, sizeof name);
 *       if (strcmp(name, "heat") == 0) heat = tz_json_number(&j);
 *       else tz_json_skip(&j);
 *     } */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tz_json {
  const char *at; /* NUL-terminated text */
  bool is_broken;
} tz_json;

/* Past a '{' or '['. False: it is empty, and passed. */
bool tz_json_open(tz_json *j, char bracket);
/* Past a ',' (true), or the closing bracket. */
bool tz_json_more(tz_json *j, char bracket);
/* A member's name and its ':'. */
void tz_json_name(tz_json *j, char *into, size_t room);
/* A string; breaks if it has no room. */
void tz_json_text(tz_json *j, char *into, size_t room);
uint64_t tz_json_number(tz_json *j); /* whole, not negative */
bool tz_json_bool(tz_json *j);
bool tz_json_null(tz_json *j);   /* true, and passed, if it is null */
void tz_json_skip(tz_json *j);   /* any value */
bool tz_json_at_end(tz_json *j); /* nothing but blanks is left, and all was as expected */
