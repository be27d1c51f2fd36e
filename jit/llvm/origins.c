/* origins.c: which instruction of the guest's program IR and machine code come from. LLVM carries debug
 * locations through its passes and into .debug_line; ours have the number of an origin (graph.h) for a line.
 * Only graphs that keep origins have them. Read lower.h. */
#include "lower.h"
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>

/* ---- Into the IR ---- */

static void module_flag(tz_lower *l, const char *name, uint32_t value) {
  LLVMAddModuleFlag(l->module, LLVMModuleFlagBehaviorWarning, name, strlen(name),
                    LLVMValueAsMetadata(LLVMConstInt(l->i32, value, false)));
}

enum { DWARF_VERSION = 4 };

/* A program of one file and one function, of which the table of lines alone is made. */
void tz_origins_begin(tz_lower *l) {
  size_t n;
  const char *name = LLVMGetValueName2(l->function, &n);
  LLVMDIBuilderRef b = LLVMCreateDIBuilder(l->module);
  LLVMMetadataRef file = LLVMDIBuilderCreateFile(b, "origins", 7, "", 0);
  LLVMDIBuilderCreateCompileUnit(b, LLVMDWARFSourceLanguageC, file, "terza", 5, true, "", 0, 0, "", 0,
                                 LLVMDWARFEmissionLineTablesOnly, 0, false, false, "", 0, "", 0);
  LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(b, file, NULL, 0, LLVMDIFlagZero);
  l->origin_scope = LLVMDIBuilderCreateFunction(b, file, name, n, name, n, file, 0, type, false, true, 0,
                                                LLVMDIFlagZero, true);
  LLVMSetSubprogram(l->function, l->origin_scope);
  module_flag(l, "Debug Info Version", LLVMDebugMetadataVersion());
  module_flag(l, "Dwarf Version", DWARF_VERSION);
  LLVMDIBuilderFinalize(b);
  LLVMDisposeDIBuilder(b);
}

void tz_origins_at(tz_lower *l, uint32_t origin) {
  if (l->origin_scope == NULL) return;
  LLVMMetadataRef location = LLVMDIBuilderCreateDebugLocation(l->context, origin, 0, l->origin_scope, NULL);
  LLVMSetCurrentDebugLocation2(l->builder, location);
}

/* ---- As text ---- */

typedef struct location_names { /* !N stands for origin at[N] */
  uint32_t *at, n;
} location_names;

/* "!12 = !DILocation(line: 3, …": 12 and 3. */
static bool is_location(const char *line, uint32_t *name, uint32_t *origin) {
  return sscanf(line, "!%u = !DILocation(line: %u,", name, origin) == 2;
}

static bool take_name(location_names *names, uint32_t name, uint32_t origin) {
  if (name >= names->n) {
    uint32_t n = name + 64;
    uint32_t *larger = realloc(names->at, n * sizeof *larger);
    if (larger == NULL) return false;
    memset(larger + names->n, 0, (n - names->n) * sizeof *larger);
    names->at = larger;
    names->n = n;
  }
  names->at[name] = origin;
  return true;
}

static const char *line_end(const char *line) {
  const char *end = strchr(line, '\n');
  return end != NULL ? end : line + strlen(line);
}

static const char *next_line(const char *line) {
  const char *end = line_end(line);
  return *end != 0 ? end + 1 : end;
}

/* A line without its reference to a location, and the origin behind it. */
static void print_line(FILE *to, const location_names *names, const char *line) {
  static const char mark[] = ", !dbg !";
  const char *end = line_end(line), *at = memmem(line, (size_t)(end - line), mark, sizeof mark - 1);
  if (at == NULL) {
    fprintf(to, "%.*s\n", (int)(end - line), line);
    return;
  }
  char *rest;
  unsigned long name = strtoul(at + sizeof mark - 1, &rest, 10);
  fprintf(to, "%.*s%.*s", (int)(at - line), line, (int)(end - rest), rest);
  if (name < names->n && names->at[name] != 0) fprintf(to, "\t; #%u", names->at[name]);
  fputc('\n', to);
}

void tz_origins_print(const tz_lower *l, const char *text) {
  location_names names = {0};
  uint32_t name, origin;
  if (l->origin_scope == NULL) {
    fputs(text, l->request->to);
    return;
  }
  for (const char *line = text; *line != 0; line = next_line(line))
    if (is_location(line, &name, &origin) && !take_name(&names, name, origin)) break;
  for (const char *line = text; *line != 0; line = next_line(line))
    if (!is_location(line, &name, &origin)) print_line(l->request->to, &names, line);
  free(names.at);
}

/* ---- Out of .debug_line: the line number program of one unit (DWARF 4, 6.2) ---- */

typedef struct reader {
  const uint8_t *at, *end;
} reader;

static uint64_t take(reader *r, uint32_t bytes) {
  uint64_t value = 0;
  if ((size_t)(r->end - r->at) < bytes) {
    r->at = r->end;
    return 0;
  }
  memcpy(&value, r->at, bytes);
  r->at += bytes;
  return value;
}

static uint64_t take_unsigned(reader *r) {
  uint64_t value = 0;
  for (uint32_t shift = 0; r->at < r->end; shift += 7) {
    uint8_t byte = *r->at++;
    if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

static int64_t take_signed(reader *r) {
  uint64_t value = 0;
  uint32_t shift = 0;
  uint8_t byte = 0;
  do {
    if (r->at >= r->end) return 0;
    byte = *r->at++;
    if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  if (shift < 64 && byte & 0x40) value |= ~0ull << shift;
  return (int64_t)value;
}

static void add_row(tz_origin_rows *rows, uint64_t offset, int64_t origin) {
  if ((rows->n & (rows->n - 1)) == 0) { /* room for the next power of two */
    tz_origin_row *larger = realloc(rows->at, (rows->n > 0 ? 2 * (size_t)rows->n : 1) * sizeof *larger);
    if (larger == NULL) return;
    rows->at = larger;
  }
  rows->at[rows->n++] = (tz_origin_row){offset, (uint32_t)origin};
}

typedef struct program {
  reader code;
  uint8_t least_length, line_range, opcode_base;
  int8_t line_base;
  uint8_t lengths[256]; /* arguments of standard opcodes */
  uint64_t offset;
  int64_t line;
} program;

enum { COPY = 1, ADVANCE_PC, ADVANCE_LINE, CONST_ADD_PC = 8, FIXED_ADVANCE_PC };
enum { END_SEQUENCE = 1, SET_ADDRESS };

static void special(program *p, uint8_t opcode) {
  uint8_t adjusted = (uint8_t)(opcode - p->opcode_base);
  p->offset += (uint64_t)(adjusted / p->line_range) * p->least_length;
  p->line += p->line_base + adjusted % p->line_range;
}

static void extended(program *p, tz_origin_rows *rows) {
  uint64_t length = take_unsigned(&p->code);
  const uint8_t *next = length < (uint64_t)(p->code.end - p->code.at) ? p->code.at + length : p->code.end;
  uint64_t kind = take(&p->code, 1);
  if (kind == SET_ADDRESS) p->offset = take(&p->code, 8);
  if (kind == END_SEQUENCE) {
    add_row(rows, p->offset, 0);
    p->offset = 0;
    p->line = 1;
  }
  p->code.at = next;
}

static void standard(program *p, uint8_t opcode, tz_origin_rows *rows) {
  switch (opcode) {
  case COPY: add_row(rows, p->offset, p->line); break;
  case ADVANCE_PC: p->offset += take_unsigned(&p->code) * p->least_length; break;
  case ADVANCE_LINE: p->line += take_signed(&p->code); break;
  case CONST_ADD_PC: p->offset += (uint64_t)((255 - p->opcode_base) / p->line_range) * p->least_length; break;
  case FIXED_ADVANCE_PC: p->offset += take(&p->code, 2); break;
  default:
    for (uint8_t i = 0; i < p->lengths[opcode]; i++) take_unsigned(&p->code);
  }
}

tz_origin_rows tz_origins_read(const uint8_t *section, size_t bytes) {
  tz_origin_rows rows = {0};
  program p = {.code = {section, section + bytes}, .line = 1};
  take(&p.code, 4); /* of one unit */
  if (take(&p.code, 2) != DWARF_VERSION) return rows;
  uint64_t header = take(&p.code, 4);
  if (header > (uint64_t)(p.code.end - p.code.at)) return rows;
  const uint8_t *begin = p.code.at + header;
  p.least_length = (uint8_t)take(&p.code, 1);
  take(&p.code, 2); /* operations of an instruction; statements */
  p.line_base = (int8_t)take(&p.code, 1);
  p.line_range = (uint8_t)take(&p.code, 1);
  p.opcode_base = (uint8_t)take(&p.code, 1);
  for (uint32_t i = 1; i < p.opcode_base; i++) p.lengths[i] = (uint8_t)take(&p.code, 1);
  p.code.at = begin;
  while (p.line_range > 0 && p.code.at < p.code.end) {
    uint8_t opcode = (uint8_t)take(&p.code, 1);
    if (opcode >= p.opcode_base) {
      special(&p, opcode);
      add_row(&rows, p.offset, p.line);
    } else if (opcode == 0) extended(&p, &rows);
    else standard(&p, opcode, &rows);
  }
  return rows;
}
