/* mutator.h: changes to module files that know the format, so that many get past the reader. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct random_source {
  uint64_t state;
} random_source;
uint64_t random_next(random_source *r);
uint32_t random_below(random_source *r, uint32_t n); /* 0 if n is 0 */

/* Changes a module in place, 1 to 4 times. Bytes that are no module are changed at random. */
void mutate_bytes(uint8_t *bytes, size_t length, random_source *r);

/* Changes a module's structure: new file (malloc), or NULL if the bytes are no module. */
uint8_t *mutate_structure(const uint8_t *bytes, size_t length, random_source *r, size_t *new_length);
