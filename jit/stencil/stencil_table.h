/* stencil_table.h: the table that extract.c makes at build time. */
#pragma once
#include "format.h"
#include "terza/opcode.h"

extern const uint8_t tz_stencil_code[], tz_stencil_rodata[];
extern const uint32_t tz_stencil_rodata_size;
extern const tz_hole tz_stencil_holes[];
extern const tz_stencil tz_stencils[];
extern const uint16_t tz_stencil_index[], tz_stencil_glue[TZ_GLUE_COUNT];
extern const tz_stencil_set tz_stencil_sets[TZ_OP_COUNT];
