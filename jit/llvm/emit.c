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
  fprintf(l->request->to, "; ---- %s ----\n%s", title, text);
  LLVMDisposeMessage(text);
}

/* What the instruction's bytes refer to, if they have a relocation. They come in the order of their offsets.
 */
static void print_references(LLVMRelocationIteratorRef at, LLVMSectionIteratorRef section, uint64_t end,
                             FILE *to) {
  while (!LLVMIsRelocationIteratorAtEnd(section, at) && LLVMGetRelocationOffset(at) < end) {
    LLVMSymbolIteratorRef symbol = LLVMGetRelocationSymbol(at);
    fprintf(to, "  ; %s", LLVMGetSymbolName(symbol));
    LLVMDisposeSymbolIterator(symbol);
    LLVMMoveToNextRelocation(at);
  }
}

static void disassemble_section(LLVMDisasmContextRef disassembler, LLVMSectionIteratorRef section, FILE *to) {
  const uint8_t *code = (const uint8_t *)LLVMGetSectionContents(section);
  uint64_t size = LLVMGetSectionSize(section);
  LLVMRelocationIteratorRef relocations = LLVMGetRelocations(section);
  for (uint64_t at = 0; at < size;) {
    char line[256];
    size_t n = LLVMDisasmInstruction(disassembler, (uint8_t *)code + at, size - at, at, line, sizeof line);
    fprintf(to, "%6" PRIx64 ":%s", at, n > 0 ? line : "\t?");
    at += n > 0 ? n : 1;
    print_references(relocations, section, at, to);
    fputc('\n', to);
  }
  LLVMDisposeRelocationIterator(relocations);
}

void tz_llvm_disassemble(tz_lower *l, const void *object, size_t bytes) {
  FILE *to = l->request->to;
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(object, bytes, "", false);
  char *text = NULL;
  LLVMBinaryRef binary = LLVMCreateBinary(buffer, NULL, &text);
  LLVMDisasmContextRef disassembler = LLVMCreateDisasm(l->llvm->triple, NULL, 0, NULL, NULL);
  if (binary != NULL && disassembler != NULL) {
    LLVMSetDisasmOptions(disassembler,
                         LLVMDisassembler_Option_AsmPrinterVariant | LLVMDisassembler_Option_PrintImmHex);
    LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(binary);
    fprintf(to, "; ---- machine code of %s ----\n", LLVMGetValueName(l->function));
    for (; !LLVMObjectFileIsSectionIteratorAtEnd(binary, section); LLVMMoveToNextSection(section))
      if (strcmp(LLVMGetSectionName(section), ".text") == 0) disassemble_section(disassembler, section, to);
    LLVMDisposeSectionIterator(section);
  } else fprintf(to, "; no disassembly: %s\n", text != NULL ? text : "no disassembler for this machine");
  if (disassembler != NULL) LLVMDisasmDispose(disassembler);
  if (binary != NULL) LLVMDisposeBinary(binary);
  LLVMDisposeMessage(text);
  LLVMDisposeMemoryBuffer(buffer);
}
