/* symbols.c: the names of compiled functions, for perf and for debuggers. */
#include "baseline.h"
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- perf: one line a function in a file it knows: start, size, name. Appended at once, so that several VMs
 * of a process and crashes do no harm. ---- */

static void write_perf_map(struct tz_jit *jit, const char *name, const void *code, uint32_t size) {
  char text[512];
  if (jit->perf_map < 0) {
    snprintf(text, sizeof text, "/tmp/perf-%d.map", (int)getpid());
    jit->perf_map = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (jit->perf_map < 0) return;
  }
  int n = snprintf(text, sizeof text, "%lx %x %.400s\n", (unsigned long)(uintptr_t)code, size, name);
  if (write(jit->perf_map, text, (size_t)n) < 0) jit->vm->options.jit_perf_map = false;
}

/* ---- Debuggers: gdb and lldb read a list at a symbol of a fixed name and stop at a function of a fixed name
 * whenever it changes. Both are global by that interface; the lock serves several VMs. ---- */

typedef struct jit_code_entry {
  struct jit_code_entry *next, *previous;
  const char *symbol_file;
  uint64_t symbol_file_size;
} jit_code_entry;

enum { JIT_REGISTER = 1, JIT_UNREGISTER = 2 };
struct jit_descriptor {
  uint32_t version, action;
  jit_code_entry *relevant, *first;
};
extern struct jit_descriptor __jit_debug_descriptor;
struct jit_descriptor __jit_debug_descriptor = {.version = 1};
void __jit_debug_register_code(void);
__attribute__((noinline)) void __jit_debug_register_code(void) { __asm__ volatile("" ::: "memory"); }
static pthread_mutex_t debugger_lock = PTHREAD_MUTEX_INITIALIZER;

/* The smallest object a debugger takes: one section of code that lies elsewhere, one symbol. */
enum { NO_SECTION, TEXT, SYMBOLS, STRINGS, N_SECTIONS };
typedef struct symbol_file {
  Elf64_Ehdr head;
  Elf64_Shdr sections[N_SECTIONS];
  Elf64_Sym symbols[2];
  char strings[]; /* "\0.text\0.symtab\0.strtab\0NAME\0" */
} symbol_file;

typedef struct debug_entry {
  jit_code_entry entry;
  symbol_file file;
} debug_entry;

static const char section_names[] = "\0.text\0.symtab\0.strtab";

static void fill_symbol_file(symbol_file *f, const void *at, uint32_t size, size_t n_strings) {
#if defined(__x86_64__)
  uint16_t machine = EM_X86_64;
#else
  uint16_t machine = EM_AARCH64;
#endif
  Elf64_Addr code = (Elf64_Addr)(uintptr_t)at;
  f->head = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = machine,
                         .e_version = EV_CURRENT,
                         .e_shoff = offsetof(symbol_file, sections),
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = N_SECTIONS,
                         .e_shstrndx = STRINGS};
  f->sections[TEXT] = (Elf64_Shdr){.sh_name = 1,
                                   .sh_type = SHT_NOBITS,
                                   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                   .sh_addr = code,
                                   .sh_size = size,
                                   .sh_addralign = 16};
  f->sections[SYMBOLS] = (Elf64_Shdr){.sh_name = 7,
                                      .sh_type = SHT_SYMTAB,
                                      .sh_offset = offsetof(symbol_file, symbols),
                                      .sh_size = sizeof f->symbols,
                                      .sh_link = STRINGS,
                                      .sh_info = 1,
                                      .sh_entsize = sizeof(Elf64_Sym),
                                      .sh_addralign = 8};
  f->sections[STRINGS] = (Elf64_Shdr){.sh_name = 15,
                                      .sh_type = SHT_STRTAB,
                                      .sh_offset = offsetof(symbol_file, strings),
                                      .sh_size = n_strings,
                                      .sh_addralign = 1};
  f->symbols[1] = (Elf64_Sym){.st_name = sizeof section_names,
                              .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                              .st_shndx = TEXT,
                              .st_value = code,
                              .st_size = size};
}

static void tell_debugger(uint32_t action, jit_code_entry *entry) {
  __jit_debug_descriptor.action = action;
  __jit_debug_descriptor.relevant = entry;
  __jit_debug_register_code();
}

static void *add_for_debugger(const char *name, const void *code, uint32_t size) {
  size_t n_name = strlen(name) + 1, n_strings = sizeof section_names + n_name;
  debug_entry *d = calloc(1, sizeof *d + n_strings);
  if (d == NULL) return NULL;
  memcpy(d->file.strings, section_names, sizeof section_names);
  memcpy(d->file.strings + sizeof section_names, name, n_name);
  fill_symbol_file(&d->file, code, size, n_strings);
  d->entry.symbol_file = (const char *)&d->file;
  d->entry.symbol_file_size = sizeof d->file + n_strings;
  pthread_mutex_lock(&debugger_lock);
  d->entry.next = __jit_debug_descriptor.first;
  if (d->entry.next != NULL) d->entry.next->previous = &d->entry;
  __jit_debug_descriptor.first = &d->entry;
  tell_debugger(JIT_REGISTER, &d->entry);
  pthread_mutex_unlock(&debugger_lock);
  return d;
}

void tz_symbols_remove(void *entry) {
  debug_entry *d = entry;
  if (d == NULL) return;
  pthread_mutex_lock(&debugger_lock);
  if (d->entry.previous != NULL) d->entry.previous->next = d->entry.next;
  else __jit_debug_descriptor.first = d->entry.next;
  if (d->entry.next != NULL) d->entry.next->previous = d->entry.previous;
  tell_debugger(JIT_UNREGISTER, &d->entry);
  pthread_mutex_unlock(&debugger_lock);
  free(d);
}

void *tz_symbols_add(struct tz_jit *jit, const char *name, const void *code, uint32_t size) {
  if (jit->vm->options.jit_perf_map) write_perf_map(jit, name, code, size);
  return jit->vm->options.jit_gdb ? add_for_debugger(name, code, size) : NULL;
}
