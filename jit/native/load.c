/* load.c: a relocatable ELF object, as LLVM makes it, becomes code that runs.
 *
 *   code memory:  machine code │ constants │ jumps to undefined symbols │ addresses of undefined symbols
 *
 * Code memory lies below 2 GB, the runtime may not: calls that do not reach go through the jumps. */
#include "code_memory.h"
#include "native.h"
#include "stack_map.h"
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ALIGN = 64, JUMP_BYTES = 16, CELL_BYTES = 8 };

typedef struct section { /* where a section of the object is put */
  uint8_t *write;
  uint64_t address; /* 0: left out */
  size_t offset;    /* in the block */
} section;

typedef struct symbol {
  uint64_t address;
  uint8_t *jump_write; /* NULL: has none (yet) */
  uint64_t jump, cell;
  bool needs_jump, needs_cell;
} symbol;

typedef struct loader {
  const uint8_t *object;
  const Elf64_Shdr *headers;
  const char *section_names, *symbol_names;
  const Elf64_Sym *entries;
  uint32_t n_sections, n_symbols;
  section *sections;
  symbol *symbols;
  uint8_t *stack_map; /* malloc'd copy */
  size_t stack_map_bytes;
  void *(*find)(void *data, const char *name);
  void *data;
  char problem[256];
} loader;

static bool fail(loader *l, const char *format, const char *name) {
  if (l->problem[0] == 0) snprintf(l->problem, sizeof l->problem, format, name);
  return false;
}

static const char *section_name(const loader *l, uint32_t i) {
  return l->section_names + l->headers[i].sh_name;
}
static bool is_stack_map(const loader *l, uint32_t i) {
  return strcmp(section_name(l, i), ".llvm_stackmaps") == 0;
}

/* Unwind tables are not kept: compiled frames are walked by their frame pointers. */
static bool is_kept(const loader *l, uint32_t i) {
  const Elf64_Shdr *h = &l->headers[i];
  return (h->sh_flags & SHF_ALLOC) && h->sh_size > 0 && !is_stack_map(l, i) &&
         strcmp(section_name(l, i), ".eh_frame") != 0;
}

static bool open_object(loader *l, const void *object, size_t bytes) {
  const Elf64_Ehdr *head = object;
  bool ok = bytes >= sizeof *head && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_type == ET_REL &&
            head->e_machine == EM_X86_64 &&
            head->e_shoff + (uint64_t)head->e_shnum * sizeof(Elf64_Shdr) <= bytes;
  if (!ok) return fail(l, "%s", "not a relocatable object for this machine");
  l->object = object;
  l->headers = (const Elf64_Shdr *)(l->object + head->e_shoff);
  l->n_sections = head->e_shnum;
  l->section_names = (const char *)l->object + l->headers[head->e_shstrndx].sh_offset;
  for (uint32_t i = 0; i < l->n_sections; i++) {
    const Elf64_Shdr *h = &l->headers[i];
    if (h->sh_type != SHT_SYMTAB) continue;
    l->entries = (const Elf64_Sym *)(l->object + h->sh_offset);
    l->n_symbols = (uint32_t)(h->sh_size / sizeof *l->entries);
    l->symbol_names = (const char *)l->object + l->headers[h->sh_link].sh_offset;
  }
  l->sections = calloc(l->n_sections + 1, sizeof *l->sections);
  l->symbols = calloc(l->n_symbols + 1, sizeof *l->symbols);
  return (l->sections != NULL && l->symbols != NULL && l->n_symbols > 0) ||
         fail(l, "%s", "no memory, or no symbols");
}

/* Calls act(l, relocation, index of the section it applies to) for all relocations of what is kept; false: it
 * said so. */
static bool each_relocation(loader *l, bool (*act)(loader *, const Elf64_Rela *, uint32_t)) {
  for (uint32_t i = 0; i < l->n_sections; i++) {
    const Elf64_Shdr *h = &l->headers[i];
    if (h->sh_type != SHT_RELA || !(is_kept(l, h->sh_info) || is_stack_map(l, h->sh_info))) continue;
    const Elf64_Rela *r = (const Elf64_Rela *)(l->object + h->sh_offset);
    for (size_t n = h->sh_size / sizeof *r; n > 0; n--, r++)
      if (!act(l, r, h->sh_info)) return false;
  }
  return true;
}

/* ---- Layout ---- */

static bool note_needs(loader *l, const Elf64_Rela *r, uint32_t at) {
  (void)at;
  symbol *s = &l->symbols[ELF64_R_SYM(r->r_info)];
  switch (ELF64_R_TYPE(r->r_info)) {
  case R_X86_64_PLT32:
  case R_X86_64_PC32: s->needs_jump |= l->entries[ELF64_R_SYM(r->r_info)].st_shndx == SHN_UNDEF; break;
  case R_X86_64_GOTPCREL:
  case R_X86_64_GOTPCRELX:
  case R_X86_64_REX_GOTPCRELX: s->needs_cell = true; break;
  default: break;
  }
  return true;
}

/* Machine code first. The bytes that sections and jumps take. */
static size_t plan(loader *l) {
  size_t at = 0;
  for (int turn = 0; turn < 2; turn++)
    for (uint32_t i = 0; i < l->n_sections; i++) {
      const Elf64_Shdr *h = &l->headers[i];
      bool is_code = h->sh_flags & SHF_EXECINSTR;
      if (!is_kept(l, i) || is_code != (turn == 0)) continue;
      size_t align = h->sh_addralign > 1 ? h->sh_addralign : 1;
      at = (at + align - 1) & ~(align - 1);
      l->sections[i].offset = at;
      at += h->sh_size;
    }
  at = (at + JUMP_BYTES - 1) & ~(size_t)(JUMP_BYTES - 1);
  for (uint32_t i = 0; i < l->n_symbols; i++)
    at += (l->symbols[i].needs_jump ? JUMP_BYTES : 0) + (l->symbols[i].needs_cell ? CELL_BYTES : 0);
  return at;
}

static void copy_section(const Elf64_Shdr *h, uint8_t *to, const uint8_t *object) {
  if (h->sh_type == SHT_NOBITS) memset(to, 0, h->sh_size);
  else memcpy(to, object + h->sh_offset, h->sh_size);
}

static bool copy_stack_map(loader *l) {
  for (uint32_t i = 0; i < l->n_sections; i++) {
    if (!is_stack_map(l, i)) continue;
    l->stack_map_bytes = l->headers[i].sh_size;
    l->stack_map = malloc(l->stack_map_bytes + 1);
    if (l->stack_map == NULL) return fail(l, "%s", "no memory");
    copy_section(&l->headers[i], l->stack_map, l->object);
    l->sections[i].write = l->stack_map;
  }
  return true;
}

/* Where everything lies, with the block's two views of its first byte. */
static void place(loader *l, uint8_t *write, uint64_t address) {
  size_t end = 0;
  for (uint32_t i = 0; i < l->n_sections; i++) {
    if (!is_kept(l, i)) continue;
    l->sections[i].write = write + l->sections[i].offset;
    l->sections[i].address = address + l->sections[i].offset;
    copy_section(&l->headers[i], l->sections[i].write, l->object);
    if (l->sections[i].offset + l->headers[i].sh_size > end)
      end = l->sections[i].offset + l->headers[i].sh_size;
  }
  end = (end + JUMP_BYTES - 1) & ~(size_t)(JUMP_BYTES - 1);
  for (uint32_t i = 0; i < l->n_symbols; i++) {
    if (!l->symbols[i].needs_jump) continue;
    l->symbols[i].jump_write = write + end;
    l->symbols[i].jump = address + end;
    end += JUMP_BYTES;
  }
  for (uint32_t i = 0; i < l->n_symbols; i++) {
    if (!l->symbols[i].needs_cell) continue;
    l->symbols[i].cell = address + end;
    memcpy(write + end, &l->symbols[i].address, CELL_BYTES);
    end += CELL_BYTES;
  }
}

/* ---- Symbols and relocations ---- */

/* Addresses of what the object does not define: before anything is placed. */
static bool find_undefined(loader *l) {
  for (uint32_t i = 0; i < l->n_symbols; i++) {
    const Elf64_Sym *e = &l->entries[i];
    const char *name = l->symbol_names + e->st_name;
    if (e->st_shndx != SHN_UNDEF || e->st_name == 0) continue;
    void *address = tz_native_symbol(name);
    if (address == NULL && l->find != NULL) address = l->find(l->data, name);
    l->symbols[i].address = (uint64_t)(uintptr_t)address;
    bool is_used = l->symbols[i].needs_jump || l->symbols[i].needs_cell;
    if (address == NULL && is_used) return fail(l, "compiled code calls %s, which is unknown", name);
  }
  return true;
}

/* A cell of a defined symbol would have to be filled after placing; code for one function has none. */
static bool find_defined(loader *l) {
  for (uint32_t i = 0; i < l->n_symbols; i++) {
    const Elf64_Sym *e = &l->entries[i];
    if (e->st_shndx == SHN_UNDEF) continue;
    if (l->symbols[i].needs_cell)
      return fail(l, "compiled code looks up its own symbol %s", l->symbol_names + e->st_name);
    if (e->st_shndx == SHN_ABS) l->symbols[i].address = e->st_value;
    else if (e->st_shndx < l->n_sections && l->sections[e->st_shndx].address != 0)
      l->symbols[i].address = l->sections[e->st_shndx].address + e->st_value;
  }
  return true;
}

static uint64_t jump_to(symbol *s) {
  static const uint8_t jump[] = {0xff, 0x25, 0x02, 0x00, 0x00, 0x00, 0x0f, 0x0b}; /* jmp *2(%rip); ud2 */
  memcpy(s->jump_write, jump, sizeof jump);
  memcpy(s->jump_write + sizeof jump, &s->address, sizeof s->address);
  return s->jump;
}

static bool put32(loader *l, uint8_t *at, int64_t value) {
  int32_t narrow = (int32_t)value;
  memcpy(at, &narrow, sizeof narrow);
  return narrow == value || fail(l, "%s", "compiled code refers to what is out of reach");
}

static bool relocate(loader *l, const Elf64_Rela *r, uint32_t section_index) {
  const section *in = &l->sections[section_index];
  symbol *s = &l->symbols[ELF64_R_SYM(r->r_info)];
  uint8_t *at = in->write + r->r_offset;
  uint64_t here = in->address + r->r_offset, value = s->address + (uint64_t)r->r_addend;
  int64_t distance = (int64_t)(value - here);
  switch (ELF64_R_TYPE(r->r_info)) {
  case R_X86_64_64: memcpy(at, &value, sizeof value); return true;
  case R_X86_64_PC64: memcpy(at, &distance, sizeof distance); return true;
  case R_X86_64_32: return value <= UINT32_MAX ? (memcpy(at, &value, 4), true) : put32(l, at, INT64_MAX);
  case R_X86_64_32S: return put32(l, at, (int64_t)value);
  case R_X86_64_GOTPCREL:
  case R_X86_64_GOTPCRELX:
  case R_X86_64_REX_GOTPCRELX: return put32(l, at, (int64_t)(s->cell + (uint64_t)r->r_addend - here));
  case R_X86_64_PLT32:
  case R_X86_64_PC32:
    if (distance != (int32_t)distance && s->jump != 0)
      distance = (int64_t)(jump_to(s) + (uint64_t)r->r_addend - here);
    return put32(l, at, distance);
  default: return fail(l, "compiled code has a relocation of an unknown kind%s", "");
  }
}

/* ---- Loading ---- */

static bool find_entry(loader *l, tz_native_code *code) {
  for (uint32_t i = 0; i < l->n_symbols; i++) {
    const Elf64_Sym *e = &l->entries[i];
    bool is_function = ELF64_ST_TYPE(e->st_info) == STT_FUNC && ELF64_ST_BIND(e->st_info) == STB_GLOBAL;
    if (!is_function || e->st_shndx == SHN_UNDEF) continue;
    code->entry = (uint32_t)(l->symbols[i].address - (uint64_t)(uintptr_t)code->code);
    return true;
  }
  return fail(l, "%s", "compiled code has no entry");
}

/* Into an open block. */
static bool fill(loader *l, tz_native_code *code, const tz_code_block *block) {
  size_t skip = (size_t)(-(uintptr_t)block->rx) & (MOST_ALIGN - 1);
  place(l, block->rw + skip, (uint64_t)(uintptr_t)block->rx + skip);
  code->code = block->rx;
  if (!find_defined(l) || !each_relocation(l, relocate) || !find_entry(l, code)) return false;
  const char *problem =
      l->stack_map != NULL ? tz_stack_map_read(code, l->stack_map, l->stack_map_bytes) : NULL;
  return problem == NULL || fail(l, "%s", problem);
}

static bool load(loader *l, struct tz_code_memory *memory, tz_native_code *code) {
  each_relocation(l, note_needs);
  if (!find_undefined(l) || !copy_stack_map(l)) return false;
  size_t bytes = plan(l) + MOST_ALIGN;
  tz_code_block block;
  if (!tz_code_open(memory, bytes, &block)) return fail(l, "%s", "no memory for code");
  bool ok = fill(l, code, &block);
  code->size = ok ? (uint32_t)bytes : 0;
  tz_code_close(memory, &block, code->size);
  return ok;
}

tz_native_code *tz_native_load(struct tz_code_memory *memory, const void *object, size_t bytes,
                               tz_function *f, uint32_t osr_pc, void *(*symbol)(void *data, const char *name),
                               void *data, tz_states *states, char **problem) {
  loader l = {.find = symbol, .data = data};
  tz_native_code *code = calloc(1, sizeof *code);
  bool ok = false;
  if (code != NULL) {
    *code = (tz_native_code){.function = f, .osr_pc = osr_pc, .states = states};
    ok = open_object(&l, object, bytes) && load(&l, memory, code);
  } else {
    fail(&l, "%s", "no memory");
    free(states);
  }
  free(l.sections);
  free(l.symbols);
  free(l.stack_map);
  if (ok) return code;
  tz_native_code_free(memory, code);
  *problem = strdup(l.problem);
  return NULL;
}

void tz_native_code_free(struct tz_code_memory *memory, tz_native_code *code) {
  if (code == NULL) return;
  if (code->size > 0) tz_code_release(memory, code->code, code->size);
  free(code->safepoints);
  free(code->roots);
  free(code->operands);
  free(code->states);
  free(code->dependencies);
  free(code);
}
