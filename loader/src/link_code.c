/* link_code.c: a function's code and k for a VM: operands that name entities become indexes into k.
 *
 *   k:  [interface] site | [interface] site | ... | types | constants, functions, classes, globals' addresses
 *
 * A site operand becomes the index of the site's first word; the word before the site of a call.interface is
 * the interface's class. Sites and types come first because their operands have 16 bits. Lane 0 of argument
 * lists becomes the frame's size, a discarded result's register the scratch slot behind the frame's
 * registers. See linker.h. */
#include "linker.h"
#include "terza/lowmem.h"

enum { SITE_WORDS = sizeof(tz_site) / sizeof(tz_word) };
_Static_assert(sizeof(tz_site) % sizeof(tz_word) == 0, "sites stand among words");

bool tz_link_constants(tz_linker *l) {
  const tz_image *m = l->image;
  uint32_t n[TZ_K_COUNT] = {m->n_constants, m->n_functions, m->n_classes, m->n_globals, m->n_types};
  for (int i = 0; i < TZ_K_COUNT; i++) {
    tz_k_map *map = &l->k_maps[i];
    map->stamp = tz_link_alloc(l, n[i], sizeof *map->stamp);
    map->at = tz_link_alloc(l, n[i], sizeof *map->at);
    if (map->stamp == NULL || map->at == NULL) return false;
  }
  return true;
}

typedef struct layout {
  uint32_t stamp; /* the function's index + 1 */
  uint32_t n_site_words, n_types, n_rest;
} layout;

static int k_of(char type) {
  switch (type) {
  case 'k': return TZ_K_CONSTANT;
  case 'f': return TZ_K_FUNCTION;
  case 'c': return TZ_K_CLASS;
  case 'g': return TZ_K_GLOBAL;
  case 't': return TZ_K_TYPE;
  default: return -1;
  }
}

static bool is_interface_call(uint32_t op) {
  return op == TZ_OP_CALL_INTERFACE || op == TZ_OP_TAIL_INTERFACE;
}

/* First look: counts site words, numbers types and the rest separately. */
static void plan_insn(tz_linker *l, layout *p, const tz_op_info *info, uint64_t word) {
  for (int i = 0; i < info->n_operands; i++) {
    tz_operand o = info->operands[i];
    if (o.role != ':') continue;
    if (o.type == 's') p->n_site_words += SITE_WORDS + is_interface_call(tz_word_op(word));
    int k = k_of(o.type);
    uint32_t index = (uint32_t)tz_word_operand(word, o);
    if (k < 0 || l->k_maps[k].stamp[index] == p->stamp) continue;
    l->k_maps[k].stamp[index] = p->stamp;
    l->k_maps[k].at[index] = k == TZ_K_TYPE ? p->n_types++ : p->n_rest++;
  }
}

static bool constant_word(tz_linker *l, const tz_constant *c, tz_word *to) {
  if (c->kind != TZ_KIND_STRING) {
    *to = c->value;
    return true;
  }
  to->p = tz_string_permanent(l->vm, c->string.at, c->string.length);
  return to->p != NULL || tz_link_no_memory(l);
}

static bool fill_k(tz_linker *l, int k, uint32_t index, tz_word *to) {
  switch (k) {
  case TZ_K_CONSTANT: return constant_word(l, &l->image->constants[index], to);
  case TZ_K_FUNCTION: to->p = l->module->functions[index]; return true;
  case TZ_K_CLASS: to->p = l->module->classes[index]; return true;
  case TZ_K_GLOBAL: to->p = l->module->globals[index]; return true;
  default: to->p = l->module->types[index]; return true;
  }
}

/* The interface that a call.interface's first argument is of. */
static tz_class *called_interface(const tz_linker *l, const tz_function_entry *entry, const uint64_t *list) {
  return l->module->classes[l->image->types[entry->registers[tz_list_reg(list, 0)]].of];
}

typedef struct rewriter {
  tz_linker *l;
  const tz_function_entry *entry;
  tz_function *f;
  const layout *plan;
  uint32_t next_site, next_site_word;
} rewriter;

static bool place_site(rewriter *r, uint64_t pc, uint32_t *position) {
  const tz_site_entry *entry = &r->entry->sites[r->next_site++];
  if (is_interface_call(tz_word_op(r->entry->code[pc])))
    r->f->k[r->next_site_word++].p = called_interface(r->l, r->entry, &r->entry->code[pc + 1]);
  *position = r->next_site_word;
  tz_site *site = (tz_site *)&r->f->k[r->next_site_word];
  r->next_site_word += SITE_WORDS;
  site->kind = (uint8_t)entry->kind;
  if (entry->name.length == 0) return true;
  site->name = tz_symbol(r->l->vm, entry->name.at, entry->name.length);
  return site->name != NULL || tz_link_no_memory(r->l);
}

static bool rewrite_index(rewriter *r, uint64_t pc, tz_operand o) {
  uint32_t position, index = (uint32_t)tz_word_operand(r->f->code[pc], o);
  int k = k_of(o.type);
  if (o.type == 's') {
    if (!place_site(r, pc, &position)) return false;
  } else {
    position = r->plan->n_site_words + (k == TZ_K_TYPE ? 0 : r->plan->n_types) + r->l->k_maps[k].at[index];
    if (!fill_k(r->l, k, index, &r->f->k[position])) return false;
  }
  r->f->code[pc] = tz_word_set_operand(r->f->code[pc], o, position);
  return true;
}

static bool rewrite_insn(rewriter *r, uint64_t pc, const tz_op_info *info) {
  for (int i = 0; i < info->n_operands; i++) {
    tz_operand o = info->operands[i];
    if (o.role == ':' && (o.type == 's' || k_of(o.type) >= 0)) {
      if (!rewrite_index(r, pc, o)) return false;
    } else if (o.role == '=' && tz_word_operand(r->f->code[pc], o) == TZ_REG_DISCARD) {
      r->f->code[pc] = tz_word_set_operand(r->f->code[pc], o, r->f->n_registers);
    }
  }
  if (info->has_list) r->f->code[pc + 1] |= r->f->n_registers + TZ_FRAME_HEADER;
  return true;
}

/* Code and constants lie in low memory, one block, so that compiled code can name them in 32 bits. Its size
 * stands before the code. */
enum { BLOCK_HEAD = 2 };

static bool alloc_code(tz_linker *l, tz_function *f, size_t n_words, size_t n_k) {
  size_t bytes = (BLOCK_HEAD + n_words + n_k + 1) * sizeof(uint64_t);
  uint64_t *block = tz_lowmem_alloc(l->vm->lowmem, bytes);
  if (block == NULL) return tz_link_no_memory(l);
  block[0] = bytes;
  f->code = block + BLOCK_HEAD;
  f->k = (tz_word *)(f->code + n_words);
  return true;
}

void tz_unlink_code(tz_linker *l, tz_function *f) {
  if (f == NULL || f->code == NULL) return;
  uint64_t *block = f->code - BLOCK_HEAD;
  tz_lowmem_release(l->vm->lowmem, block, block[0]);
}

bool tz_link_code(tz_linker *l, const tz_function_entry *entry, tz_function *f) {
  layout plan = {.stamp = (uint32_t)(entry - l->image->functions) + 1};
  for (uint64_t pc = 0; pc < entry->n_words;) {
    const tz_op_info *info = &l->decode.op[tz_word_op(entry->code[pc])];
    plan_insn(l, &plan, info, entry->code[pc]);
    pc += 1 + tz_word_extra(info, entry->code[pc]);
  }
  if (plan.n_site_words + plan.n_types > UINT16_MAX + 1)
    return tz_link_fail(l, "function %s has too many call sites and types", f->name);
  if (!alloc_code(l, f, entry->n_words, (size_t)plan.n_site_words + plan.n_types + plan.n_rest)) return false;
  memcpy(f->code, entry->code, entry->n_words * sizeof *f->code);
  f->n_words = entry->n_words;
  f->n_sites = entry->n_sites;
  rewriter r = {.l = l, .entry = entry, .f = f, .plan = &plan};
  for (uint64_t pc = 0; pc < entry->n_words;) {
    const tz_op_info *info = &l->decode.op[tz_word_op(entry->code[pc])];
    if (!rewrite_insn(&r, pc, info)) return false;
    pc += 1 + tz_word_extra(info, entry->code[pc]);
  }
  tz_function_fuse(f);
  return true;
}
