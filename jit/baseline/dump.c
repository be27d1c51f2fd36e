/* dump.c: bytecode beside the machine code made of it. The disassembler is LLVM's, loaded when first asked
 * for, so that nothing depends on LLVM otherwise. */
#include "baseline.h"
#include "promotion.h"
#include <dlfcn.h>
#include <llvm-c/Disassembler.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define MACHINE "X86"
#define TRIPLE "x86_64-linux-gnu"
#else
#define MACHINE "AArch64"
#define TRIPLE "aarch64-linux-gnu"
#endif

typedef struct disassembler {
  void *library;
  LLVMDisasmContextRef context;
  __typeof__(LLVMDisasmInstruction) *instruction;
  __typeof__(LLVMDisasmDispose) *dispose;
} disassembler;

static bool initialise(void *library, const char *what) {
  char name[64];
  snprintf(name, sizeof name, "LLVMInitialize" MACHINE "%s", what);
  void (*function)(void) = (void (*)(void))dlsym(library, name);
  if (function != NULL) function();
  return function != NULL;
}

static bool open_disassembler(disassembler *d, const char **problem) {
  static const char *const names[] = {"libLLVM-19.so.1", "libLLVM.so.19.1",
                                      "/usr/lib/llvm-19/lib/libLLVM.so.1"};
  *d = (disassembler){0};
  for (size_t i = 0; i < sizeof names / sizeof *names && d->library == NULL; i++)
    d->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  *problem = "LLVM 19 was not found; the Debian package libllvm19 has it";
  if (d->library == NULL) return false;
  *problem = "LLVM 19 has no disassembler for this machine";
  if (!initialise(d->library, "TargetInfo") || !initialise(d->library, "TargetMC") ||
      !initialise(d->library, "Disassembler"))
    return false;
  __typeof__(LLVMCreateDisasm) *create = (__typeof__(create))dlsym(d->library, "LLVMCreateDisasm");
  __typeof__(LLVMSetDisasmOptions) *set = (__typeof__(set))dlsym(d->library, "LLVMSetDisasmOptions");
  d->instruction = (__typeof__(d->instruction))dlsym(d->library, "LLVMDisasmInstruction");
  d->dispose = (__typeof__(d->dispose))dlsym(d->library, "LLVMDisasmDispose");
  if (create != NULL && d->instruction != NULL && d->dispose != NULL)
    d->context = create(TRIPLE, NULL, 0, NULL, NULL);
  if (d->context != NULL && set != NULL) set(d->context, LLVMDisassembler_Option_PrintImmHex);
  return d->context != NULL;
}

static void close_disassembler(disassembler *d) {
  if (d->context != NULL) d->dispose(d->context);
  if (d->library != NULL) dlclose(d->library);
}

static void print_machine_code(const disassembler *d, FILE *to, uint8_t *at, const uint8_t *end) {
  while (at < end) {
    char text[256];
    size_t n =
        d->instruction(d->context, at, (uint64_t)(end - at), (uint64_t)(uintptr_t)at, text, sizeof text);
    if (n == 0) { /* a jump table */
      fprintf(to, "    %08x  .byte 0x%02x\n", (unsigned)(uintptr_t)at, *at);
      at++;
      continue;
    }
    fprintf(to, "    %08x%s\n", (unsigned)(uintptr_t)at, text);
    at += n;
  }
}

/* ---- Bytecode ---- */

static void print_operands(FILE *to, const char *operands, const tz_insn *pc) {
  tz_insn in = *pc;
  const char *separator = " ";
  for (const char *p = operands; *p; p++) {
    if (strchr("abcdx", *p) == NULL || (p != operands && p[-1] != ',')) continue;
    int32_t value = *p == 'a'   ? tz_insn_a(in)
                    : *p == 'b' ? (int16_t)tz_insn_b(in)
                    : *p == 'c' ? (int16_t)tz_insn_c(in)
                    : *p == 'd' ? tz_insn_d(in)
                                : tz_insn_x(in);
    bool is_register = p[1] == '=' || p[1] == '.';
    fprintf(to, "%s%s%d", separator, is_register ? "r" : p[1] == '@' ? "+" : "", value);
    separator = ", ";
  }
  if (strchr(operands, '*') == NULL) return;
  fputs(" (", to);
  for (uint32_t i = 0; i < tz_insn_x(in); i++) fprintf(to, "%sr%u", i ? ", " : "", tz_insn_arg(pc + 1, i));
  fputc(')', to);
}

/* What a call names. */
static void print_callee(FILE *to, const tz_function *f, uint32_t at) {
  tz_insn in = f->code[at];
  uint8_t op = tz_insn_op(in);
  if (op == TZ_OP_CALL || op == TZ_OP_TAIL_CALL)
    fprintf(to, "\t; %s", ((const tz_function *)f->k[(uint32_t)tz_insn_d(in)].p)->name);
}

static void print_bytecode(FILE *to, const tz_function *f, uint32_t at) {
  static const struct {
    const char *name, *operands;
  } opcodes[TZ_OP_COUNT] = {
#define TZ_OP(NAME, text, ops, RULE, FLAGS, meaning) {text, ops},
#include "terza/spec/opcodes.def"
#undef TZ_OP
  };
  uint8_t op = tz_insn_op(f->code[at]);
  fprintf(to, "%5u %s", at, opcodes[op].name);
  print_operands(to, opcodes[op].operands, &f->code[at]);
  print_callee(to, f, at);
  fputc('\n', to);
}

static void print_header(FILE *to, const tz_tier *tier, const tz_baseline *b) {
  static const char *const names[TZ_PINS] = {"int pin 1", "int pin 2", "float pin 1", "float pin 2"};
  fprintf(to, "%s: %u words, %u bytes of code, %u of them hot\n", b->function->name, b->function->n_words,
          b->size, b->hot_size);
  for (int i = 0; i < TZ_PINS; i++)
    if (tier->pinned >> i & 1) fprintf(to, "  %s: r%u\n", names[i], tier->pins[i]);
}

static void print_all(const disassembler *d, FILE *to, const tz_tier *tier, const struct tz_jit *jit) {
  const tz_baseline *b = tier->baseline;
  const tz_function *f = b->function;
  print_header(to, tier, b);
  print_machine_code(d, to, b->code, b->code + tz_place_offset(b->places[0]));
  for (uint32_t i = 0; i < f->n_words;) {
    uint32_t next = i + tz_insn_words(jit, &f->code[i]);
    print_bytecode(to, f, i);
    print_machine_code(d, to, b->code + tz_place_offset(b->places[i]),
                       b->code + (next < f->n_words ? tz_place_offset(b->places[next]) : b->hot_size));
    i = next;
  }
  fputs("  cold\n", to);
  print_machine_code(d, to, b->code + b->hot_size, b->code + b->size);
}

void tz_bytecode_dump(const struct tz_jit *jit, const tz_function *f, FILE *to) {
  for (uint32_t i = 0; i < f->n_words; i += tz_insn_words(jit, &f->code[i])) print_bytecode(to, f, i);
}

bool tz_baseline_dump(const struct tz_jit *jit, const tz_tier *tier, FILE *to, const char **problem) {
  disassembler d;
  bool ok = open_disassembler(&d, problem);
  if (ok) print_all(&d, to, tier, jit);
  close_disassembler(&d);
  return ok;
}

static bool dump_baseline(tz_vm *vm, tz_function *f, FILE *to, const char **problem) {
  *problem = "it has no compiled form (a native, or --jit=off)";
  return tz_jit_compile(vm, f) && tz_baseline_dump(vm->jit, f->tier, to, problem);
}

static bool dump_optimized(tz_vm *vm, tz_function *f, const char *what, FILE *to, const char **problem) {
  *problem = "there is no optimizing tier (--jit=off or baseline)";
  if (vm->jit == NULL || vm->jit->promotion == NULL || f->code == NULL) return false;
  return tz_promotion_dump(vm->jit->promotion, f, TZ_NO_OSR, what, to, problem);
}

bool tz_jit_dump(tz_vm *vm, tz_function *f, const char *what, FILE *to, const char **problem) {
  bool wants_asm = strstr(what, "asm") != NULL;
  if (wants_asm && !dump_baseline(vm, f, to, problem)) return false;
  if (wants_asm && (vm->jit->promotion == NULL || strcmp(what, "asm") == 0)) return true;
  return dump_optimized(vm, f, what, to, problem);
}
