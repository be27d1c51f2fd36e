/* support.h: what the loader's tests share. */
#pragma once
#include "terza/assembler.h"
#include <stdio.h>
#include <stdlib.h>

char *read_file(const char *path, size_t *length); /* malloc, NUL-terminated; NULL: cannot be read */
/* An image of the text, or NULL after printing the error. */
tz_image *assemble_text(const char *text);
/* The written module, verified; NULL after printing why not. */
uint8_t *module_bytes(const char *text, size_t *length);
