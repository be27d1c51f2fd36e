/* extract.c: turns the objects of compiled stencils into the C table that the baseline compiler includes.
 *
 *   extract OBJECT... > stencil_table.c
 *
 * Works on ELF sections, symbols and relocations; fails on whatever it does not know. */
#include "object.h"
#include "terza/opcode.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *stencil_name = "";

_Noreturn void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "extract: %s: ", stencil_name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

/* ---- Objects ---- */

static object read_object(const char *path) {
  stencil_name = path;
  FILE *f = fopen(path, "rb");
  if (f == NULL) die("cannot be read");
  fseek(f, 0, SEEK_END);
  size_t size = (size_t)ftell(f);
  rewind(f);
  object o = {.bytes = malloc(size)};
  if (o.bytes == NULL || fread(o.bytes, 1, size, f) != size || size < sizeof(Elf64_Ehdr))
    die("cannot be read");
  fclose(f);
  o.head = (Elf64_Ehdr *)o.bytes;
  if (memcmp(o.head->e_ident, ELFMAG, SELFMAG) != 0 || o.head->e_type != ET_REL) die("is no ELF object");
  if (o.head->e_shnum == 0) die("has more than 65280 sections: plan more parts");
  o.sections = (Elf64_Shdr *)(o.bytes + o.head->e_shoff);
  o.n_sections = o.head->e_shnum;
  o.section_names = (const char *)o.bytes + o.sections[o.head->e_shstrndx].sh_offset;
  o.relocations_of = calloc((size_t)o.n_sections, sizeof *o.relocations_of);
  o.rodata_base = calloc((size_t)o.n_sections, sizeof *o.rodata_base);
  for (int i = 0; i < o.n_sections; i++) {
    const Elf64_Shdr *s = &o.sections[i];
    o.rodata_base[i] = -1;
    if (s->sh_type == SHT_RELA) o.relocations_of[s->sh_info] = i;
    if (s->sh_type != SHT_SYMTAB) continue;
    o.symbols = (Elf64_Sym *)(o.bytes + s->sh_offset);
    o.n_symbols = (int)(s->sh_size / sizeof(Elf64_Sym));
    o.strings = (const char *)o.bytes + o.sections[s->sh_link].sh_offset;
  }
  return o;
}

static int compare_offsets(const void *a, const void *b) {
  Elf64_Addr x = ((const Elf64_Rela *)a)->r_offset, y = ((const Elf64_Rela *)b)->r_offset;
  return x < y ? -1 : x > y;
}

Elf64_Rela *section_relocations(const object *o, int section, int *n) {
  int r = o->relocations_of[section];
  *n = 0;
  if (r == 0) return NULL;
  Elf64_Rela *all = (Elf64_Rela *)(o->bytes + o->sections[r].sh_offset);
  *n = (int)(o->sections[r].sh_size / sizeof *all);
  qsort(all, (size_t)*n, sizeof *all, compare_offsets);
  return all;
}

/* ---- Symbols ---- */

int symbol_number(const char *name) {
  static const struct {
    const char *name;
    int number;
  } known[] = {
#define X(n) {"HOLE_" #n, TZ_HOLE_##n},
      TZ_HOLES(X)
#undef X
#define X(n) {"SLOW_" #n, TZ_EXIT_##n},
          TZ_EXITS(X)
#undef X
              {"SLOW_stack", TZ_EXIT_stack},
      {"MISS_call", TZ_MISS_call},
      {"MISS_tail", TZ_MISS_tail},
      {"GO_NEXT", TZ_HOLE_NEXT},
      {"GO_TARGET", TZ_HOLE_TARGET},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0) return known[i].number;
  die("refers to %s, which is neither a hole nor an exit", name);
}

/* Constants that the compiler put aside are copied once; they are reached like a hole. */
static uint8_t rodata[MAX_RODATA];
static int n_rodata;

static int32_t rodata_base(const object *o, int section) {
  if (o->rodata_base[section] < 0) {
    const Elf64_Shdr *s = &o->sections[section];
    if (strncmp(o->section_names + s->sh_name, ".rodata", 7) != 0)
      die("refers to section %s", o->section_names + s->sh_name);
    n_rodata = (n_rodata + 15) & ~15;
    if (n_rodata + (int)s->sh_size > MAX_RODATA) die("too many constants");
    memcpy(rodata + n_rodata, o->bytes + s->sh_offset, s->sh_size);
    o->rodata_base[section] = n_rodata;
    n_rodata += (int)s->sh_size;
  }
  return o->rodata_base[section];
}

int hole_symbol(const object *o, const Elf64_Rela *r, int32_t *add) {
  const Elf64_Sym *s = &o->symbols[ELF64_R_SYM(r->r_info)];
  *add = 0;
  if (s->st_shndx == SHN_UNDEF) return symbol_number(o->strings + s->st_name);
  *add = rodata_base(o, s->st_shndx) + (int32_t)s->st_value;
  return TZ_HOLE_RODATA;
}

/* ---- The table ---- */

enum { MAX_STENCILS = 16000, MAX_BLOB = 1 << 20, MAX_ALL_HOLES = 80000 };
static tz_stencil stencils[MAX_STENCILS];
static int n_stencils = 1;
static uint8_t blob[MAX_BLOB];
static int n_blob;
static tz_hole holes[MAX_ALL_HOLES];
static int n_holes;
static uint16_t at[TZ_OP_COUNT][TZ_LOC_COUNT][TZ_LOC_COUNT][TZ_LOC_COUNT][4], glue[TZ_GLUE_COUNT];

static void add_stencil(const stencil_code *c) {
  if (n_stencils == MAX_STENCILS || n_blob + c->n_hot + c->n_cold > MAX_BLOB ||
      n_holes + c->n_hot_holes + c->n_cold_holes > MAX_ALL_HOLES)
    die("the table is full");
  stencils[n_stencils++] = (tz_stencil){(uint32_t)n_blob,
                                        (uint32_t)n_holes,
                                        (uint16_t)c->n_hot,
                                        (uint16_t)c->n_cold,
                                        (uint8_t)c->n_hot_holes,
                                        (uint8_t)c->n_cold_holes,
                                        0};
  memcpy(blob + n_blob, c->hot, (size_t)c->n_hot);
  memcpy(blob + n_blob + c->n_hot, c->cold, (size_t)c->n_cold);
  n_blob += c->n_hot + c->n_cold;
  memcpy(holes + n_holes, c->hot_holes, (size_t)c->n_hot_holes * sizeof *holes);
  memcpy(holes + n_holes + c->n_hot_holes, c->cold_holes, (size_t)c->n_cold_holes * sizeof *holes);
  n_holes += c->n_hot_holes + c->n_cold_holes;
}

static int opcode_number(const char *name, size_t length) {
  static const char *const names[] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) #NAME,
#include "terza/spec/opcodes.def"
#undef TZ_OP
  };
  for (int i = 0; i < TZ_OP_COUNT; i++)
    if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) return i;
  die("names no opcode");
}

static int glue_number(const char *name) {
  static const char *const names[] = {
#define X(n) #n,
      TZ_GLUES(X)
#undef X
  };
  for (int i = 0; i < TZ_GLUE_COUNT; i++)
    if (strcmp(names[i], name) == 0) return i;
  die("is no glue of format.h");
}

/* st_OPCODE_abcv, or st__GLUE. */
static void add_function(const object *o, const Elf64_Sym *s) {
  static stencil_code code;
  bool is_x86 = o->head->e_machine == EM_X86_64;
  if (!is_x86 && o->head->e_machine != EM_AARCH64) die("is for a machine that is not known");
  bool (*extract)(const object *, const Elf64_Sym *, bool, stencil_code *) =
      is_x86 ? extract_x86_64 : extract_aarch64;
  int number = n_stencils;
  extract(o, s, false, &code);
  add_stencil(&code);
  extract(o, s, true, &code);
  add_stencil(&code);
  const char *name = stencil_name + 3, *digits = strrchr(name, '_') + 1;
  if (*name == '_') glue[glue_number(name + 1)] = (uint16_t)number;
  else
    at[opcode_number(name, (size_t)(digits - 1 - name))][digits[0] - '0'][digits[1] - '0'][digits[2] - '0']
      [digits[3] - '0'] = (uint16_t)number;
}

static void add_object(const char *path) {
  object o = read_object(path);
  for (int i = 0; i < o.n_symbols; i++) {
    const Elf64_Sym *s = &o.symbols[i];
    if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || strncmp(o.strings + s->st_name, "st_", 3) != 0) continue;
    if (strstr(o.strings + s->st_name, ".__part") != NULL) continue;
    stencil_name = o.strings + s->st_name;
    add_function(&o, s);
  }
}

static tz_stencil_set set_of(int op) {
  tz_stencil_set set = {0, 1, 1, 1, 1};
  for (int i = 0; i < 8 * 8 * 8 * 4; i++) {
    int a = i >> 8, b = i >> 5 & 7, c = i >> 2 & 7, v = i & 3;
    if (at[op][a][b][c][v] == 0) continue;
    if (a >= set.n_a) set.n_a = (uint8_t)(a + 1);
    if (b >= set.n_b) set.n_b = (uint8_t)(b + 1);
    if (c >= set.n_c) set.n_c = (uint8_t)(c + 1);
    if (v >= set.n_variants) set.n_variants = (uint8_t)(v + 1);
  }
  return set;
}

static void print_index(void) {
  tz_stencil_set sets[TZ_OP_COUNT];
  uint32_t n = 0;
  printf("const uint16_t tz_stencil_index[] = {\n");
  for (int op = 0; op < TZ_OP_COUNT; op++) {
    sets[op] = set_of(op);
    sets[op].first = n;
    for (int a = 0; a < sets[op].n_a; a++)
      for (int b = 0; b < sets[op].n_b; b++)
        for (int c = 0; c < sets[op].n_c; c++)
          for (int v = 0; v < sets[op].n_variants; v++, n++)
            printf("%d,%s", at[op][a][b][c][v], n % 20 == 19 ? "\n" : "");
  }
  printf("};\nconst tz_stencil_set tz_stencil_sets[TZ_OP_COUNT] = {\n");
  for (int op = 0; op < TZ_OP_COUNT; op++)
    printf("{%u,%d,%d,%d,%d},\n", sets[op].first, sets[op].n_a, sets[op].n_b, sets[op].n_c,
           sets[op].n_variants);
  printf("};\nconst uint16_t tz_stencil_glue[TZ_GLUE_COUNT] = {");
  for (int i = 0; i < TZ_GLUE_COUNT; i++) printf("%d,", glue[i]);
  printf("};\n");
}

static void print_bytes(const char *name, const uint8_t *bytes, int n) {
  printf("const uint8_t %s[] = {", name);
  for (int i = 0; i < n; i++) printf("%d,%s", bytes[i], i % 32 == 31 ? "\n" : "");
  for (int i = 0; i < 64; i++) printf("0,"); /* copying goes beyond the end */
  printf("};\n");
}

static void print_table(void) {
  printf("/* Generated by extract.c. */\n#include \"stencil_table.h\"\n");
  print_bytes("tz_stencil_code", blob, n_blob);
  printf("__attribute__((aligned(16))) ");
  print_bytes("tz_stencil_rodata", rodata, n_rodata);
  printf("const uint32_t tz_stencil_rodata_size = %d;\n", n_rodata);
  printf("const tz_hole tz_stencil_holes[] = {\n");
  for (int i = 0; i < n_holes; i++)
    printf("{%d,%d,%d,%d},%s", holes[i].at, holes[i].kind, holes[i].symbol, holes[i].add,
           i % 8 == 7 ? "\n" : "");
  printf("{0}};\nconst tz_stencil tz_stencils[] = {{0},\n");
  for (int i = 1; i < n_stencils; i++)
    printf("{%u,%u,%d,%d,%d,%d,0},%s", stencils[i].code, stencils[i].hole, stencils[i].hot, stencils[i].cold,
           stencils[i].n_hot_holes, stencils[i].n_cold_holes, i % 8 == 7 ? "\n" : "");
  printf("};\n");
  print_index();
}

int main(int argc, char **argv) {
  if (argc < 2) die("usage: extract OBJECT...");
  for (int i = 1; i < argc; i++) add_object(argv[i]);
  stencil_name = "table";
  for (int i = 0; i < TZ_GLUE_COUNT; i++)
    if (glue[i] == 0) die("a glue stencil is missing");
  print_table();
  fprintf(stderr, "%d stencils, %d bytes of code, %d holes\n", (n_stencils - 1) / 2, n_blob, n_holes);
  return 0;
}
