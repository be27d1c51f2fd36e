/* error.h: filling a tz_image_error. Private to the module library. */
#pragma once
#include "format.h"
#include "terza/module.h"

/* Always false, for `return tz_error_set(...)`. section: TZ_SECTION_…, or -1 for the file as a whole. */
bool tz_error_set(tz_image_error *error, int section, uint64_t offset, const char *rule, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
