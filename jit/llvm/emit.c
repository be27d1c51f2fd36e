/* emit.c: machine code as an ELF object, and its text. Read lower.h. */
#include "lower.h"
#include <inttypes.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Object.h>
#include <stdlib.h>

bool tz_llvm_emit(tz_lower *l, void **object, size_t *bytes) {
  LLVMMemoryBufferRef buffer = NULL;
  char *text = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(l->llvm->machine, l->module, LLVMObjectFile, &text, &buffer)) {
    tz_lower_problem(l, "LLVM's code generator: %s", text);
    LLVMDisposeMessage(text);
    return false;
  }
  *bytes = LLVMGetBufferSize(buffer);
  *object = malloc(*bytes);
  if (*object == NULL) tz_lower_problem(l, "out of memory");
  else memcpy(*object, LLVMGetBufferStart(buffer), *bytes);
  LLVMDisposeMemoryBuffer(buffer);
  return l->problem == NULL;
}

void tz_llvm_print(tz_lower *l, const char *title) {
  char *text = LLVMPrintModuleToString(l->module);
  fprintf(l->request->to, "; ---- %s ----\n", title);
  tz_origins_print(l, text);
  LLVMDisposeMessage(text);
}

/* ---- disassembly ---- */

typedef struct disassembly {
  LLVMBinaryRef binary;
  LLVMDisasmContextRef context;
  LLVMSectionIteratorRef relocated; /* the section of relocations */
  LLVMRelocationIteratorRef next;   /* in the order of their offsets */
  char label[32];
  tz_origin_rows rows; /* none: no origins */
  uint32_t row;
} disassembly;

/* Names the target of a branch by its offset. */
static const char *name_target(void *data, uint64_t value, uint64_t *reference_type, uint64_t pc,
                               const char **reference) {
  (void)pc;
  disassembly *d = data;
  *reference = NULL;
  bool is_branch = *reference_type == LLVMDisassembler_ReferenceType_In_Branch;
  *reference_type = LLVMDisassembler_ReferenceType_InOut_None;
  if (!is_branch) return NULL;
  snprintf(d->label, sizeof d->label, "%" PRIx64, value);
  return d->label;
}

/* What the instruction's bytes refer to, if they have a relocation. */
static void print_references(disassembly *d, uint64_t end, FILE *to) {
  if (d->relocated == NULL) return;
  while (!LLVMIsRelocationIteratorAtEnd(d->relocated, d->next) && LLVMGetRelocationOffset(d->next) < end) {
    LLVMSymbolIteratorRef symbol = LLVMGetRelocationSymbol(d->next);
    fprintf(to, "\t; %s", LLVMGetSymbolName(symbol));
    LLVMDisposeSymbolIterator(symbol);
    LLVMMoveToNextRelocation(d->next);
  }
}

/* Of the instruction at this offset. */
static void print_origin(disassembly *d, uint64_t at, FILE *to) {
  while (d->row < d->rows.n && d->rows.at[d->row].offset <= at) d->row++;
  uint32_t origin = d->row > 0 ? d->rows.at[d->row - 1].origin : 0;
  if (origin != 0) fprintf(to, "\t; #%" PRIu32, origin);
}

static LLVMSectionIteratorRef find_section(LLVMBinaryRef binary, const char *name) {
  LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(binary);
  for (; !LLVMObjectFileIsSectionIteratorAtEnd(binary, section); LLVMMoveToNextSection(section)) {
    const char *its_name = LLVMGetSectionName(section); /* the first has none */
    if (its_name != NULL && strcmp(its_name, name) == 0) return section;
  }
  LLVMDisposeSectionIterator(section);
  return NULL;
}

static void disassemble_code(disassembly *d, LLVMSectionIteratorRef code, FILE *to) {
  uint8_t *bytes = (uint8_t *)LLVMGetSectionContents(code);
  uint64_t size = LLVMGetSectionSize(code);
  for (uint64_t at = 0; at < size;) {
    char line[256];
    size_t n = LLVMDisasmInstruction(d->context, bytes + at, size - at, at, line, sizeof line);
    fprintf(to, "%6" PRIx64 ":%s", at, n > 0 ? line : "\t?");
    uint64_t begin = at;
    at += n > 0 ? n : 1;
    print_references(d, at, to);
    print_origin(d, begin, to);
    fputc('\n', to);
  }
}

static void disassemble_binary(disassembly *d, FILE *to) {
  LLVMSectionIteratorRef code = find_section(d->binary, ".text");
  d->relocated = find_section(d->binary, ".rela.text");
  d->next = d->relocated != NULL ? LLVMGetRelocations(d->relocated) : NULL;
  LLVMSectionIteratorRef lines = find_section(d->binary, ".debug_line");
  if (lines != NULL)
    d->rows = tz_origins_read((const uint8_t *)LLVMGetSectionContents(lines), LLVMGetSectionSize(lines));
  if (lines != NULL) LLVMDisposeSectionIterator(lines);
  if (code != NULL) disassemble_code(d, code, to);
  free(d->rows.at);
  if (d->next != NULL) LLVMDisposeRelocationIterator(d->next);
  if (d->relocated != NULL) LLVMDisposeSectionIterator(d->relocated);
  if (code != NULL) LLVMDisposeSectionIterator(code);
}

void tz_llvm_disassemble(tz_lower *l, const void *object, size_t bytes) {
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(object, bytes, "", false);
  char *text = NULL;
  disassembly d = {.binary = LLVMCreateBinary(buffer, NULL, &text)};
  d.context = LLVMCreateDisasm(l->llvm->triple, &d, 0, NULL, name_target);
  fprintf(l->request->to, "; ---- machine code of %s ----\n", LLVMGetValueName(l->function));
  if (d.binary != NULL && d.context != NULL) {
    LLVMSetDisasmOptions(d.context,
                         LLVMDisassembler_Option_AsmPrinterVariant | LLVMDisassembler_Option_PrintImmHex);
    disassemble_binary(&d, l->request->to);
  } else fprintf(l->request->to, "; %s\n", text != NULL ? text : "no disassembler for this machine");
  if (d.context != NULL) LLVMDisasmDispose(d.context);
  if (d.binary != NULL) LLVMDisposeBinary(d.binary);
  LLVMDisposeMessage(text);
  LLVMDisposeMemoryBuffer(buffer);
}
