/* disassemble.h: what the two halves of the disassembler share. */
#pragma once
#include "asm.h"
#include "out.h"

typedef struct dis {
  const tz_image *image;
  tz_out out;
  tz_decode_table decode;
  tz_name_map classes, functions, globals;
  bool *is_machine; /* by class: was put in the short form */
} dis;

void tz_dis_type(dis *d, uint32_t type);
void tz_dis_class(dis *d, uint32_t index);
void tz_dis_function(dis *d, uint32_t index);
void tz_dis_global(dis *d, uint32_t index);
void tz_dis_body(dis *d, const tz_function_entry *f); /* between the braces */
