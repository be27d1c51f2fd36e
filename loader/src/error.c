/* error.c: why a module was refused, as a record and as a line. See module.h. */
#include "error.h"
#include <stdarg.h>
#include <stdio.h>

bool tz_error_set(tz_image_error *error, int section, uint64_t offset, const char *rule, const char *format,
                  ...) {
  va_list args;
  error->section = section < 0 ? "" : tz_sections[section].name;
  error->offset = offset;
  error->function = error->pc = TZ_NONE;
  error->rule = rule;
  va_start(args, format);
  vsnprintf(error->message, sizeof error->message, format, args);
  va_end(args);
  return false;
}

void tz_image_error_format(const tz_image *image, const tz_image_error *e, char *text, size_t size) {
  char place[160] = "";
  if (e->function != TZ_NONE && image != NULL && e->function < image->n_functions) {
    tz_text name = image->functions[e->function].name;
    int n =
        snprintf(place, sizeof place, "function %.*s", name.length < 100 ? (int)name.length : 100, name.at);
    if (e->pc != TZ_NONE) snprintf(place + n, sizeof place - (size_t)n, " at %u", e->pc);
  }
  snprintf(text, size, "%s+0x%llx: %s%s%s (%s)", e->section[0] != 0 ? e->section : "file",
           (unsigned long long)e->offset, place, place[0] != 0 ? ": " : "", e->message, e->rule);
}
