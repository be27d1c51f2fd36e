/* object.h: an ELF object as the extractor sees it, and the stencils being collected from it. */
#pragma once
#include "format.h"
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

enum { MAX_HOLES = 250, MAX_CODE = 8192, MAX_RODATA = 1 << 16 };

typedef struct object {
  uint8_t *bytes;
  Elf64_Ehdr *head;
  Elf64_Shdr *sections;
  int n_sections;
  Elf64_Sym *symbols;
  int n_symbols;
  const char *strings, *section_names;
  int *relocations_of;  /* by section: its relocation section, 0: none */
  int32_t *rodata_base; /* by section: where its bytes lie in the table's rodata, -1: nowhere */
} object;

/* One stencil while it is built. */
typedef struct stencil_code {
  uint8_t hot[MAX_CODE], cold[MAX_CODE];
  int n_hot, n_cold;
  tz_hole hot_holes[MAX_HOLES], cold_holes[MAX_HOLES];
  int n_hot_holes, n_cold_holes;
} stencil_code;

extern const char *stencil_name; /* of the stencil at work, for messages */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* TZ_HOLE_…, TZ_EXIT_… or TZ_MISS_… of a symbol's name; dies on any other. */
int symbol_number(const char *name);
/* The relocations of a section, sorted by offset. */
Elf64_Rela *section_relocations(const object *o, int section, int *n);
/* What a relocation's symbol is to a hole: number, and what to add beyond the relocation's own addend. */
int hole_symbol(const object *o, const Elf64_Rela *r, int32_t *add);

/* The code of a function of the object. is_short: slots by 8-bit displacements. False: there is no such form.
 */
bool extract_x86_64(const object *o, const Elf64_Sym *function, bool is_short, stencil_code *to);
bool extract_aarch64(const object *o, const Elf64_Sym *function, bool is_short, stencil_code *to);
