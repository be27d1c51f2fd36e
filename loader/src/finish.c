/* finish.c: gives an image its canonical numbering, so that equal modules have equal bytes whoever made them.
 *
 * Imports come before local entities, otherwise classes, functions and globals keep their order. Types,
 * signatures, constants and sources are numbered by first use: types that are operands of code first (they
 * have 16 bits), then those of classes, functions and globals; parts before the types made of them; unused
 * ones are dropped. Sites are in the order of the instructions that use them, one each. An index that is out
 * of range stays so: the verifier tells. */
#include "builder.h"
#include "terza/decode.h"
#include <stdlib.h>

typedef struct finisher {
  tz_image *image;
  tz_decode_table decode;
  uint32_t *classes, *functions, *globals;            /* old index → new */
  uint32_t *types, *signatures, *constants, *sources; /* the same; TZ_NONE: not used so far */
  uint32_t *type_order, *signature_order, *constant_order, *source_order; /* new → old */
  uint32_t n_types, n_signatures, n_constants, n_sources;
  bool failed;
} finisher;

static uint32_t *new_map(finisher *f, uint32_t n) {
  uint32_t *map = tz_arena_alloc(f->image->arena, ((size_t)n + 1) * sizeof *map);
  if (map == NULL) f->failed = true;
  else memset(map, 0xff, ((size_t)n + 1) * sizeof *map);
  return map;
}

static uint32_t mapped(const uint32_t *map, uint32_t n, uint32_t old) { return old < n ? map[old] : old; }
static uint32_t map_class(finisher *f, uint32_t old) { return mapped(f->classes, f->image->n_classes, old); }
static uint32_t map_function(finisher *f, uint32_t old) {
  return mapped(f->functions, f->image->n_functions, old);
}

/* --- numbering by first use --- */

static uint32_t use(uint32_t *map, uint32_t *order, uint32_t *n, uint32_t limit, uint32_t old) {
  if (old >= limit) return old;
  if (map[old] == TZ_NONE) {
    order[*n] = old;
    map[old] = (*n)++;
  }
  return map[old];
}

static uint32_t use_signature(finisher *f, uint32_t old);

static uint32_t use_type(finisher *f, uint32_t old) {
  if (old >= f->image->n_types) return old;
  if (f->types[old] == TZ_NONE) {
    tz_type_entry t = f->image->types[old];
    if (t.kind == TZ_KIND_ARRAY || t.kind == TZ_KIND_CHAN) use_type(f, t.of);
    if (t.kind == TZ_KIND_FUNC) use_signature(f, t.of);
  }
  return use(f->types, f->type_order, &f->n_types, f->image->n_types, old);
}

static uint32_t use_signature(finisher *f, uint32_t old) {
  if (old >= f->image->n_signatures) return old;
  if (f->signatures[old] == TZ_NONE) {
    const tz_signature *s = &f->image->signatures[old];
    for (uint32_t i = 0; i < s->n_params; i++) use_type(f, s->params[i]);
    use_type(f, s->result);
  }
  return use(f->signatures, f->signature_order, &f->n_signatures, f->image->n_signatures, old);
}

/* --- code --- */

static uint64_t map_operand(finisher *f, uint64_t word, tz_operand o) {
  uint32_t old = (uint32_t)tz_word_operand(word, o), now = old;
  switch (o.type) {
  case 'k': now = use(f->constants, f->constant_order, &f->n_constants, f->image->n_constants, old); break;
  case 'c': now = map_class(f, old); break;
  case 'f': now = map_function(f, old); break;
  case 'g': now = mapped(f->globals, f->image->n_globals, old); break;
  case 't':
    now = use_type(f, old);
    if (now > UINT16_MAX) f->failed = true;
    break;
  default: return word;
  }
  return tz_word_set_operand(word, o, now);
}

typedef struct site_list {
  tz_site_entry *sites;
  uint32_t n;
} site_list;

static uint64_t map_site(const tz_function_entry *fn, site_list *list, uint64_t word, tz_operand o) {
  uint32_t old = (uint32_t)tz_word_operand(word, o);
  if (old >= fn->n_sites || list->n > UINT16_MAX) return word;
  list->sites[list->n] = fn->sites[old];
  return tz_word_set_operand(word, o, list->n++);
}

static uint32_t count_site_uses(const finisher *f, const tz_function_entry *fn) {
  uint32_t n = 0;
  for (uint64_t pc = 0; pc < fn->n_words;) {
    uint32_t op = tz_word_op(fn->code[pc]);
    if (op >= TZ_OP_COUNT) break;
    const tz_op_info *info = &f->decode.op[op];
    for (int i = 0; i < info->n_operands; i++) n += info->operands[i].type == 's';
    pc += 1 + tz_word_extra(info, fn->code[pc]);
  }
  return n;
}

static void finish_code(finisher *f, tz_function_entry *fn) {
  uint64_t *code = (uint64_t *)fn->code; /* the arena's copy, made by tz_image_define_function */
  uint32_t n_uses = count_site_uses(f, fn);
  site_list list = {.sites = tz_arena_alloc(f->image->arena, ((size_t)n_uses + 1) * sizeof(tz_site_entry))};
  if (list.sites == NULL) {
    f->failed = true;
    return;
  }
  for (uint64_t pc = 0; pc < fn->n_words;) {
    uint32_t op = tz_word_op(code[pc]);
    if (op >= TZ_OP_COUNT) break;
    const tz_op_info *info = &f->decode.op[op];
    uint64_t next = pc + 1 + tz_word_extra(info, code[pc]);
    for (int i = 0; i < info->n_operands; i++) {
      tz_operand o = info->operands[i];
      if (o.role != ':') continue;
      code[pc] = o.type == 's' ? map_site(fn, &list, code[pc], o) : map_operand(f, code[pc], o);
    }
    pc = next;
  }
  fn->sites = list.sites;
  fn->n_sites = list.n;
}

/* --- entities --- */

static void finish_function(finisher *f, tz_function_entry *fn) {
  fn->signature = use_signature(f, fn->signature);
  uint32_t *registers = (uint32_t *)fn->registers;
  for (uint32_t i = 0; i < fn->n_registers; i++) registers[i] = use_type(f, registers[i]);
  tz_handler *handlers = (tz_handler *)fn->handlers;
  for (uint32_t i = 0; i < fn->n_handlers; i++) handlers[i].type = use_type(f, handlers[i].type);
  fn->source = use(f->sources, f->source_order, &f->n_sources, f->image->n_sources, fn->source);
}

static int compare_implements(const void *a, const void *b) {
  uint32_t x = ((const tz_implements *)a)->interface, y = ((const tz_implements *)b)->interface;
  return x < y ? -1 : x > y;
}

static void finish_class(finisher *f, tz_class_entry *c) {
  c->super = map_class(f, c->super);
  tz_field *fields = (tz_field *)c->fields;
  for (uint32_t i = 0; i < c->n_fields; i++) fields[i].type = use_type(f, fields[i].type);
  tz_method *methods = (tz_method *)c->methods;
  for (uint32_t i = 0; i < c->n_methods; i++) {
    methods[i].signature = use_signature(f, methods[i].signature);
    methods[i].function = map_function(f, methods[i].function);
  }
  tz_implements *implements = (tz_implements *)c->implements;
  for (uint32_t i = 0; i < c->n_implements; i++) {
    implements[i].interface = map_class(f, implements[i].interface);
    uint32_t *functions = (uint32_t *)implements[i].functions;
    for (uint32_t j = 0; j < implements[i].n_functions; j++) functions[j] = map_function(f, functions[j]);
  }
  if (c->n_implements > 1) qsort(implements, c->n_implements, sizeof *implements, compare_implements);
}

/* --- tables --- */

static bool is_import_class(const tz_image *m, uint32_t i) { return m->classes[i].module.length != 0; }
static bool is_import_function(const tz_image *m, uint32_t i) {
  return m->functions[i].module.length != 0 || m->functions[i].flags & TZ_FUNCTION_NATIVE;
}
static bool is_import_global(const tz_image *m, uint32_t i) { return m->globals[i].module.length != 0; }

/* Moves the entries for which is_import holds to the front, keeping order; returns how many. */
static uint32_t imports_first(finisher *f, void **table, uint32_t n, size_t size, uint32_t *map,
                              bool (*is_import)(const tz_image *, uint32_t)) {
  uint32_t n_imports = 0, next = 0;
  char *from = *table, *to = tz_arena_alloc(f->image->arena, ((size_t)n + 1) * size);
  if (to == NULL) {
    f->failed = true;
    return 0;
  }
  for (uint32_t i = 0; i < n; i++)
    if (is_import(f->image, i)) map[i] = n_imports++;
  for (uint32_t i = 0; i < n; i++)
    if (map[i] == TZ_NONE) map[i] = n_imports + next++;
  for (uint32_t i = 0; i < n; i++) memcpy(to + map[i] * size, from + i * size, size);
  *table = to;
  return n_imports;
}

static void order_entities(finisher *f) {
  tz_image *m = f->image;
  m->n_imported_classes =
      imports_first(f, (void **)&m->classes, m->n_classes, sizeof *m->classes, f->classes, is_import_class);
  m->n_imported_functions = imports_first(f, (void **)&m->functions, m->n_functions, sizeof *m->functions,
                                          f->functions, is_import_function);
  m->n_imported_globals =
      imports_first(f, (void **)&m->globals, m->n_globals, sizeof *m->globals, f->globals, is_import_global);
}

/* Rebuilds a table that was numbered by first use. */
static void *reorder(finisher *f, const void *table, const uint32_t *order, uint32_t n, size_t size) {
  char *to = tz_arena_alloc(f->image->arena, ((size_t)n + 1) * size);
  if (to == NULL) f->failed = true;
  for (uint32_t i = 0; to != NULL && i < n; i++)
    memcpy(to + i * size, (const char *)table + order[i] * size, size);
  return to;
}

static void rebuild_types(finisher *f) {
  tz_image *m = f->image;
  tz_type_entry *types = reorder(f, m->types, f->type_order, f->n_types, sizeof *types);
  tz_signature *signatures =
      reorder(f, m->signatures, f->signature_order, f->n_signatures, sizeof *signatures);
  if (f->failed) return;
  for (uint32_t i = 0; i < f->n_types; i++) {
    tz_type_entry *t = &types[i];
    if (t->kind == TZ_KIND_CLASS) t->of = map_class(f, t->of);
    if (t->kind == TZ_KIND_ARRAY || t->kind == TZ_KIND_CHAN) t->of = mapped(f->types, m->n_types, t->of);
    if (t->kind == TZ_KIND_FUNC) t->of = mapped(f->signatures, m->n_signatures, t->of);
  }
  for (uint32_t i = 0; i < f->n_signatures; i++) {
    uint32_t *params = (uint32_t *)signatures[i].params;
    signatures[i].result = mapped(f->types, m->n_types, signatures[i].result);
    for (uint32_t j = 0; j < signatures[i].n_params; j++) params[j] = mapped(f->types, m->n_types, params[j]);
  }
  m->types = types;
  m->n_types = f->n_types;
  m->signatures = signatures;
  m->n_signatures = f->n_signatures;
}

static void rebuild_pools(finisher *f) {
  tz_image *m = f->image;
  tz_constant *constants = reorder(f, m->constants, f->constant_order, f->n_constants, sizeof *constants);
  tz_text *sources = reorder(f, m->sources, f->source_order, f->n_sources, sizeof *sources);
  if (f->failed) return;
  m->constants = constants;
  m->n_constants = f->n_constants;
  m->sources = sources;
  m->n_sources = f->n_sources;
}

static void allocate_maps(finisher *f) {
  tz_image *m = f->image;
  f->classes = new_map(f, m->n_classes);
  f->functions = new_map(f, m->n_functions);
  f->globals = new_map(f, m->n_globals);
  f->types = new_map(f, m->n_types);
  f->type_order = new_map(f, m->n_types);
  f->signatures = new_map(f, m->n_signatures);
  f->signature_order = new_map(f, m->n_signatures);
  f->constants = new_map(f, m->n_constants);
  f->constant_order = new_map(f, m->n_constants);
  f->sources = new_map(f, m->n_sources);
  f->source_order = new_map(f, m->n_sources);
}

bool tz_image_finish(tz_image *image) {
  finisher f = {.image = image, .failed = image->builder == NULL || image->builder->failed};
  if (f.failed) return false;
  tz_decode_init(&f.decode);
  allocate_maps(&f);
  if (f.failed) return false;
  order_entities(&f);
  for (uint32_t i = 0; i < image->n_functions && !f.failed; i++) finish_code(&f, &image->functions[i]);
  for (uint32_t i = 0; i < image->n_classes && !f.failed; i++) finish_class(&f, &image->classes[i]);
  for (uint32_t i = 0; i < image->n_functions && !f.failed; i++) finish_function(&f, &image->functions[i]);
  for (uint32_t i = 0; i < image->n_globals && !f.failed; i++)
    image->globals[i].type = use_type(&f, image->globals[i].type);
  if (f.failed) return false;
  rebuild_types(&f);
  rebuild_pools(&f);
  image->init = map_function(&f, image->init);
  image->main = map_function(&f, image->main);
  image->builder = NULL;
  return !f.failed;
}
