/* out.h: growing text. */
#pragma once
#include "terza/image.h"

typedef struct tz_out {
  char *text;
  size_t n, capacity;
  bool failed; /* out of memory, sticky */
} tz_out;

void tz_out_bytes(tz_out *o, const char *bytes, size_t n);
void tz_out_text(tz_out *o, const char *text);
void tz_out_format(tz_out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tz_out_quoted(tz_out *o, tz_text text);
void tz_out_name(tz_out *o, tz_text name);   /* quoted unless it is a plain word */
void tz_out_float(tz_out *o, double value);  /* as short as it reads back the same */
char *tz_out_end(tz_out *o, size_t *length); /* the text, or NULL */
