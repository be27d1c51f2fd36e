/* utf8.h: strict UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
#pragma once
#include <stddef.h>
#include <stdint.h>
size_t tz_utf8_valid_prefix(const uint8_t *bytes,
                            size_t n); /* = n if all is valid; else the offset of the first error */
