/* mutator.h: changes to module files that know the format, so that many get past the reader. */
#pragma once
#include "random_source.h"
#include <stddef.h>

/* Changes a module in place, 1 to 4 times. Bytes that are no module are changed at random. */
void mutate_bytes(uint8_t *bytes, size_t length, random_source *r);

/* Changes a module's structure: new file (malloc), or NULL if the bytes are no module. */
uint8_t *mutate_structure(const uint8_t *bytes, size_t length, random_source *r, size_t *new_length);
