/* extract_x86_64.c: stencils from an object built with -fbasic-block-sections=all -mcmodel=kernel.
 *
 * Each block of a function is a section of its own, so every jump has a relocation and its long form, and no
 * disassembler is needed. The only machine code understood here: jmp and jcc at the end of a block, and the
 * ModRM byte before a displacement from r14. Jumps through empty blocks are threaded, blocks that lead to
 * exits only become the cold part, the block that goes on to the next instruction is laid last, where its
 * jump disappears. */
#include "object.h"
#include <string.h>

enum { MAX_BLOCKS = 256, MAX_CONDITIONS = 8 };

typedef struct target {
  bool is_block;
  int number; /* block, or symbol */
} target;

typedef struct block {
  int section, size; /* size without the jumps at its end */
  const uint8_t *code;
  Elf64_Rela *relocations;
  int n_relocations;
  struct {
    uint8_t condition;
    target to;
  } jumps[MAX_CONDITIONS];
  int n_jumps;
  bool has_last; /* ends in a jmp */
  target last;
  bool is_cold, is_used;
  int at; /* in its part, once laid out */
} block;

typedef enum reach { SHORT, LONG, CROSS } reach;
typedef struct fixup {
  int at;
  reach reach;
  bool in_cold;
  target to;
} fixup;

typedef struct layout {
  const object *o;
  block blocks[MAX_BLOCKS];
  int n_blocks;
  fixup fixups[128];
  int n_fixups;
  bool is_short, use_long_jumps;
  stencil_code *out;
} layout;

static const target next = {false, TZ_HOLE_NEXT};
static bool is_same(target a, target b) { return a.is_block == b.is_block && a.number == b.number; }
static bool is_exit(target t) { return !t.is_block && t.number >= TZ_FIRST_EXIT; }

/* ---- Reading blocks ---- */

static const Elf64_Rela *relocation_at(const block *b, int offset) {
  for (int i = 0; i < b->n_relocations; i++)
    if ((int)b->relocations[i].r_offset == offset) return &b->relocations[i];
  return NULL;
}

static bool is_branch(const Elf64_Rela *r) {
  uint32_t type = ELF64_R_TYPE(r->r_info);
  return type == R_X86_64_PLT32 || type == R_X86_64_PC32;
}

static target jump_target(const layout *l, const Elf64_Rela *r) {
  const Elf64_Sym *s = &l->o->symbols[ELF64_R_SYM(r->r_info)];
  if (r->r_addend != -4) die("a jump into the middle of something");
  if (s->st_shndx == SHN_UNDEF) return (target){false, symbol_number(l->o->strings + s->st_name)};
  for (int i = 0; i < l->n_blocks; i++)
    if (l->blocks[i].section == s->st_shndx && s->st_value == 0) return (target){true, i};
  die("a jump out of the function to what is no hole");
}

static void read_jumps(layout *l, block *b) {
  int end = (int)l->o->sections[b->section].sh_size;
  const Elf64_Rela *r;
  if (end >= 5 && b->code[end - 5] == 0xe9 && (r = relocation_at(b, end - 4)) != NULL && is_branch(r)) {
    b->has_last = true;
    b->last = jump_target(l, r);
    end -= 5;
    while (end >= 6 && b->code[end - 6] == 0x0f && (b->code[end - 5] & 0xf0) == 0x80 &&
           (r = relocation_at(b, end - 4)) != NULL && is_branch(r)) {
      if (b->n_jumps == MAX_CONDITIONS) die("too many jumps at the end of a block");
      memmove(b->jumps + 1, b->jumps, (size_t)b->n_jumps++ * sizeof *b->jumps);
      b->jumps[0].condition = b->code[end - 5] & 15;
      b->jumps[0].to = jump_target(l, r);
      end -= 6;
    }
  }
  b->size = end;
}

/* The function's entry section and those of the same name behind it. */
static void read_blocks(layout *l, const Elf64_Sym *function) {
  const object *o = l->o;
  const char *name = o->section_names + o->sections[function->st_shndx].sh_name;
  if (strcmp(name, ".text") == 0) die("not built with -fbasic-block-sections=all");
  for (int s = function->st_shndx; s < o->n_sections; s++) {
    if (o->sections[s].sh_type != SHT_PROGBITS) continue;
    if (strcmp(o->section_names + o->sections[s].sh_name, name) != 0) break;
    if (l->n_blocks == MAX_BLOCKS) die("too many blocks");
    block *b = &l->blocks[l->n_blocks++];
    b->section = s;
    b->code = o->bytes + o->sections[s].sh_offset;
    b->relocations = section_relocations(o, s, &b->n_relocations);
  }
  for (int i = 0; i < l->n_blocks; i++) read_jumps(l, &l->blocks[i]);
}

/* ---- Order ---- */

/* Where a jump ends up, past blocks that only jump. */
static target thread(const layout *l, target t) {
  for (int hops = 0; t.is_block && hops < MAX_BLOCKS; hops++) {
    const block *b = &l->blocks[t.number];
    if (b->size != 0 || b->n_jumps != 0 || !b->has_last) break;
    t = b->last;
  }
  return t;
}

static bool leads_out(const layout *l, target t) {
  return t.is_block ? l->blocks[t.number].is_cold : is_exit(t);
}

static bool leads_only_out(const layout *l, const block *b) {
  if (!b->has_last || !leads_out(l, thread(l, b->last))) return false;
  for (int i = 0; i < b->n_jumps; i++)
    if (!leads_out(l, thread(l, b->jumps[i].to))) return false;
  return true;
}

static void mark_cold(layout *l) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 1; i < l->n_blocks; i++)
      if (!l->blocks[i].is_cold && leads_only_out(l, &l->blocks[i])) l->blocks[i].is_cold = changed = true;
  }
}

static void mark_used(layout *l, target t) {
  t = thread(l, t);
  if (!t.is_block || l->blocks[t.number].is_used) return;
  block *b = &l->blocks[t.number];
  b->is_used = true;
  for (int i = 0; i < b->n_jumps; i++) mark_used(l, b->jumps[i].to);
  if (b->has_last) mark_used(l, b->last);
}

static int collect(const layout *l, bool is_cold, int *order) {
  int n = 0;
  for (int i = 0; i < l->n_blocks; i++)
    if (l->blocks[i].is_used && l->blocks[i].is_cold == is_cold) order[n++] = i;
  return n;
}

static bool goes_on(const layout *l, int i) {
  const block *b = &l->blocks[i];
  return b->has_last && is_same(thread(l, b->last), next);
}

static void put_next_last(const layout *l, int *order, int n) {
  if (n < 2 || goes_on(l, order[n - 1])) return;
  for (int i = 1; i < n; i++)
    if (goes_on(l, order[i])) {
      int moved = order[i];
      memmove(order + i, order + i + 1, (size_t)(n - 1 - i) * sizeof *order);
      order[n - 1] = moved;
      return;
    }
}

/* ---- Writing ---- */

typedef struct part {
  uint8_t *code;
  int *n;
  tz_hole *holes;
  int *n_holes;
  bool is_cold;
} part;

static void put(part p, uint8_t byte) {
  if (*p.n == MAX_CODE) die("too much code");
  p.code[(*p.n)++] = byte;
}
static void put_bytes(part p, const uint8_t *from, int n) {
  for (int i = 0; i < n; i++) put(p, from[i]);
}
static void put_zeros(part p, int n) {
  for (int i = 0; i < n; i++) put(p, 0);
}
static void put_hole(part p, tz_hole_kind kind, int symbol, int32_t add) {
  if (*p.n_holes == MAX_HOLES) die("too many holes");
  p.holes[(*p.n_holes)++] = (tz_hole){(uint16_t)*p.n, (uint8_t)kind, (uint8_t)symbol, add};
}

static bool is_displacement(int symbol) {
  return symbol == TZ_HOLE_A || symbol == TZ_HOLE_B || symbol == TZ_HOLE_C || symbol == TZ_HOLE_ARG0 ||
         symbol == TZ_HOLE_FRAME || symbol == TZ_HOLE_MINUS_FRAME;
}

static void put_relocated(layout *l, part p, const Elf64_Rela *r, int *from) {
  int32_t add;
  int symbol = hole_symbol(l->o, r, &add), width = 4;
  add += (int32_t)r->r_addend;
  switch (ELF64_R_TYPE(r->r_info)) {
  case R_X86_64_32S:
  case R_X86_64_32:
    /* mod 10, rm 110: a 32-bit displacement from r14 */
    if (l->is_short && is_displacement(symbol) && add == 0 && (p.code[*p.n - 1] & 0xc7) == 0x86) {
      p.code[*p.n - 1] -= 0x40;
      put_hole(p, TZ_FILL_DISP8, symbol, 0);
      put(p, 0);
      *from += 4;
      return;
    }
    put_hole(p, TZ_FILL_ABS32, symbol, add);
    break;
  case R_X86_64_64:
    put_hole(p, TZ_FILL_ABS64, symbol, add);
    width = 8;
    break;
  case R_X86_64_PC32:
  case R_X86_64_PLT32: put_hole(p, TZ_FILL_PC32, symbol, add); break;
  default: die("relocation type %u is not known", (unsigned)ELF64_R_TYPE(r->r_info));
  }
  put_zeros(p, width);
  *from += width;
}

static void put_body(layout *l, part p, const block *b) {
  int from = 0;
  for (int i = 0; i < b->n_relocations && (int)b->relocations[i].r_offset < b->size; i++) {
    int at = (int)b->relocations[i].r_offset;
    put_bytes(p, b->code + from, at - from);
    from = at;
    put_relocated(l, p, &b->relocations[i], &from);
  }
  put_bytes(p, b->code + from, b->size - from);
}

enum { ALWAYS = -1 };
static void put_opcode(part p, int condition, bool is_long) {
  if (!is_long) put(p, condition == ALWAYS ? 0xeb : (uint8_t)(0x70 | condition));
  else if (condition == ALWAYS) put(p, 0xe9);
  else put(p, 0x0f), put(p, (uint8_t)(0x80 | condition));
}

static void put_jump(layout *l, part p, int condition, target to) {
  bool is_inside = to.is_block ? l->blocks[to.number].is_cold == p.is_cold : !p.is_cold && is_same(to, next);
  bool is_long = !is_inside || l->use_long_jumps || p.is_cold;
  put_opcode(p, condition, is_long);
  if (!to.is_block && !is_inside) put_hole(p, TZ_FILL_PC32, to.number, -4);
  else l->fixups[l->n_fixups++] = (fixup){*p.n, is_inside ? (is_long ? LONG : SHORT) : CROSS, p.is_cold, to};
  put_zeros(p, is_long ? 4 : 1);
}

static void put_jumps(layout *l, part p, const block *b, target follows) {
  target last = thread(l, b->last);
  for (int i = 0; i < b->n_jumps; i++) {
    target to = thread(l, b->jumps[i].to);
    if (b->n_jumps == 1 && is_same(to, follows)) {
      put_jump(l, p, b->jumps[i].condition ^ 1, last);
      return;
    }
    put_jump(l, p, b->jumps[i].condition, to);
  }
  if (!is_same(last, follows)) put_jump(l, p, ALWAYS, last);
}

static void put_blocks(layout *l, part p, const int *order, int n) {
  for (int i = 0; i < n; i++) {
    block *b = &l->blocks[order[i]];
    b->at = *p.n;
    put_body(l, p, b);
    if (!b->has_last) continue;
    target nothing = {true, -1};
    put_jumps(l, p, b, i + 1 < n ? (target){true, order[i + 1]} : p.is_cold ? nothing : next);
  }
}

/* False: a short jump does not reach. Jumps between the parts become holes against COLD and NEXT. */
static bool apply_fixups(layout *l, part hot, part cold) {
  for (int i = 0; i < l->n_fixups; i++) {
    const fixup *f = &l->fixups[i];
    part p = f->in_cold ? cold : hot;
    int to = f->to.is_block ? l->blocks[f->to.number].at : *hot.n;
    if (f->reach == CROSS) {
      int at = *p.n;
      *p.n = f->at;
      /* NEXT is the end of the hot part */
      put_hole(p, TZ_FILL_PC32, f->in_cold ? TZ_HOLE_NEXT : TZ_HOLE_COLD,
               (f->in_cold ? to - *hot.n : to) - 4);
      *p.n = at;
    } else if (f->reach == LONG) {
      int32_t distance = to - (f->at + 4);
      memcpy(p.code + f->at, &distance, 4);
    } else {
      int distance = to - (f->at + 1);
      if (distance > 127 || distance < -128) return false;
      p.code[f->at] = (uint8_t)distance;
    }
  }
  return true;
}

static void forget_output(layout *l) {
  l->n_fixups = 0;
  l->out->n_hot = l->out->n_cold = l->out->n_hot_holes = l->out->n_cold_holes = 0;
}

bool extract_x86_64(const object *o, const Elf64_Sym *function, bool is_short, stencil_code *to) {
  static layout l;
  memset(&l, 0, sizeof l);
  l.o = o;
  l.out = to;
  l.is_short = is_short;
  read_blocks(&l, function);
  mark_cold(&l);
  mark_used(&l, (target){true, 0});
  l.blocks[0].is_used = true;
  int hot_order[MAX_BLOCKS], cold_order[MAX_BLOCKS];
  int n_hot = collect(&l, false, hot_order), n_cold = collect(&l, true, cold_order);
  put_next_last(&l, hot_order, n_hot);
  for (int attempt = 0; attempt < 2; attempt++) {
    forget_output(&l);
    l.use_long_jumps = attempt == 1;
    part hot = {to->hot, &to->n_hot, to->hot_holes, &to->n_hot_holes, false};
    part cold = {to->cold, &to->n_cold, to->cold_holes, &to->n_cold_holes, true};
    put_blocks(&l, hot, hot_order, n_hot);
    put_blocks(&l, cold, cold_order, n_cold);
    if (apply_fixups(&l, hot, cold)) return true;
  }
  die("a jump does not reach");
}
