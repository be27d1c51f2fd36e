/* assembler.h: modules as text and back. The syntax is described in docs/module-format.md, "Assembly".
 *
 * Text → image → text → image is exact: the second image has the same bytes as the first. */
#pragma once
#include "terza/module.h"

typedef struct tz_asm_error {
  uint32_t line, column; /* from 1 */
  char message[200];
  char hint[120]; /* "" if there is none: "did you mean add.i?" */
} tz_asm_error;

/* A finished image, not yet verified; NULL: *error. */
tz_image *tz_asm_assemble(const char *text, size_t length, tz_asm_error *error);

/* The text (malloc, NUL-terminated) of a verified image; NULL: out of memory. */
char *tz_asm_disassemble(const tz_image *image, size_t *length);

/* docs/instructions.md, made from spec/opcodes.def (malloc); NULL: out of memory. */
char *tz_asm_instructions_markdown(size_t *length);
