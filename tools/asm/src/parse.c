/* parse.c: declarations of a module: assembly tokens to an image. See asm.h and docs/module-format.md. */
#include "asm.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NESTING_LIMIT = 200 };

/* --- tokens --- */

const tz_token *tz_asm_peek(tz_asm *p) { return &p->tokens.items[p->at]; }
const tz_token *tz_asm_next(tz_asm *p) {
  const tz_token *t = tz_asm_peek(p);
  if (t->kind != TOKEN_END) p->at++;
  return t;
}
bool tz_asm_is_mark(tz_asm *p, char mark) {
  const tz_token *t = tz_asm_peek(p);
  return t->kind == TOKEN_MARK && t->mark == mark;
}
bool tz_asm_is_word(tz_asm *p, const char *word) {
  const tz_token *t = tz_asm_peek(p);
  return t->kind == TOKEN_NAME && tz_text_equal(t->text, tz_text_of(word));
}
bool tz_asm_accept_mark(tz_asm *p, char mark) {
  bool is = tz_asm_is_mark(p, mark);
  if (is) p->at++;
  return is;
}
bool tz_asm_accept_word(tz_asm *p, const char *word) {
  bool is = tz_asm_is_word(p, word);
  if (is) p->at++;
  return is;
}
bool tz_asm_expect_mark(tz_asm *p, char mark, const char *where) {
  return tz_asm_accept_mark(p, mark) || tz_asm_fail(p, tz_asm_peek(p), "%c expected %s", mark, where);
}
bool tz_asm_name(tz_asm *p, tz_text *name, const char *what) {
  const tz_token *t = tz_asm_peek(p);
  if (t->kind != TOKEN_NAME && t->kind != TOKEN_STRING) return tz_asm_fail(p, t, "%s expected", what);
  *name = tz_asm_next(p)->text;
  return true;
}
bool tz_asm_number(tz_asm *p, int64_t *value, const char *what) {
  const tz_token *t = tz_asm_peek(p);
  if (t->kind != TOKEN_INT) return tz_asm_fail(p, t, "%s expected", what);
  *value = tz_asm_next(p)->value.i;
  return true;
}

static bool number_in(tz_asm *p, uint32_t *value, int64_t limit, const char *what) {
  const tz_token *t = tz_asm_peek(p);
  int64_t v;
  if (!tz_asm_number(p, &v, what)) return false;
  if (v < 0 || v >= limit) return tz_asm_fail(p, t, "%s out of range", what);
  *value = (uint32_t)v;
  return true;
}

/* --- references and types --- */

uint32_t tz_asm_reference(tz_asm *p, const tz_name_map *map, const char *what) {
  const tz_token *start = tz_asm_peek(p);
  tz_text module = {"", 0}, name;
  uint32_t index;
  if (tz_asm_accept_mark(p, '#')) return number_in(p, &index, TZ_NONE, "an index") ? index : TZ_NONE;
  if (!tz_asm_name(p, &name, what)) return TZ_NONE;
  if (tz_asm_is_mark(p, ':') && start->line == tz_asm_peek(p)->line) {
    p->at++;
    module = name;
    if (!tz_asm_name(p, &name, what)) return TZ_NONE;
  }
  const tz_name_entry *e = tz_name_map_find(map, module, name);
  if (e != NULL && !e->is_ambiguous) return e->index;
  if (e != NULL) {
    tz_asm_fail(p, start, "several entities have the name %.*s: use # and an index", (int)name.length,
                name.at);
    return TZ_NONE;
  }
  if (!p->failed) {
    tz_asm_fail(p, start, "%s: there is no %.*s%s%.*s", what, (int)module.length, module.at,
                module.length ? ":" : "", (int)name.length, name.at);
    tz_asm_hint(p, map, name);
  }
  return TZ_NONE;
}

static uint32_t class_reference(tz_asm *p) {
  if (!tz_asm_expect_mark(p, '%', "before a class")) return TZ_NONE;
  return tz_asm_reference(p, &p->classes, "a class");
}

static uint32_t compound(tz_asm *p, tz_kind kind, uint32_t of) {
  return p->failed || of == TZ_NONE ? TZ_NONE : tz_image_type(p->image, kind, of);
}

static uint32_t simple_type(tz_asm *p) {
  static const char *const names[] = {
#define TZ_KIND(NAME, text, rep) text,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  };
  const tz_token *t = tz_asm_peek(p);
  for (int kind = 0; kind < TZ_KIND_COUNT; kind++) {
    bool is_made =
        kind == TZ_KIND_CLASS || kind == TZ_KIND_ARRAY || kind == TZ_KIND_FUNC || kind == TZ_KIND_CHAN;
    if (!is_made && tz_asm_accept_word(p, names[kind]))
      return tz_image_type(p->image, (tz_kind)kind, TZ_NONE);
  }
  if (!p->failed) {
    tz_asm_fail(p, t, "a type expected");
    if (t->kind == TOKEN_NAME && tz_name_map_find(&p->classes, (tz_text){"", 0}, t->text) != NULL)
      snprintf(p->error->hint, sizeof p->error->hint, "a class type is written %%%.*s",
               (int)(t->text.length < 80 ? t->text.length : 80), t->text.at);
  }
  return TZ_NONE;
}

static uint32_t type_inner(tz_asm *p) {
  uint32_t of;
  if (tz_asm_is_mark(p, '%')) return compound(p, TZ_KIND_CLASS, class_reference(p));
  if (tz_asm_accept_mark(p, '[')) {
    of = tz_asm_type(p);
    tz_asm_expect_mark(p, ']', "after an array's element type");
    return compound(p, TZ_KIND_ARRAY, of);
  }
  if (tz_asm_accept_word(p, "chan")) {
    tz_asm_expect_mark(p, '(', "after chan");
    of = tz_asm_type(p);
    tz_asm_expect_mark(p, ')', "after a channel's type");
    return compound(p, TZ_KIND_CHAN, of);
  }
  if (tz_asm_accept_word(p, "fn")) return compound(p, TZ_KIND_FUNC, tz_asm_signature(p));
  return simple_type(p);
}

uint32_t tz_asm_type(tz_asm *p) {
  if (p->depth >= NESTING_LIMIT) {
    tz_asm_fail(p, tz_asm_peek(p), "types are nested too deeply");
    return TZ_NONE;
  }
  p->depth++;
  uint32_t type = type_inner(p);
  p->depth--;
  return type;
}

uint32_t tz_asm_signature(tz_asm *p) {
  uint32_t params[256], n = 0;
  const tz_token *start = tz_asm_peek(p);
  if (!tz_asm_expect_mark(p, '(', "before parameter types")) return TZ_NONE;
  while (!p->failed && !tz_asm_accept_mark(p, ')')) {
    if (n != 0 && !tz_asm_expect_mark(p, ',', "between parameter types")) return TZ_NONE;
    if (n == 255) {
      tz_asm_fail(p, start, "more than 255 parameters");
      return TZ_NONE;
    }
    params[n++] = tz_asm_type(p);
  }
  uint32_t result = tz_asm_type(p);
  return p->failed ? TZ_NONE : tz_image_signature(p->image, result, n, params);
}

/* --- first look: declare every entity, so that they can be named before they stand --- */

static bool import_name(tz_asm *p, tz_text *module, tz_text *name) {
  return tz_asm_name(p, module, "the exporting module") &&
         tz_asm_expect_mark(p, ':', "after the exporting module") && tz_asm_name(p, name, "a name");
}

static void skip_entity(tz_asm *p) {
  for (int depth = 0; tz_asm_peek(p)->kind != TOKEN_END;) {
    const tz_token *t = tz_asm_next(p);
    if (t->kind == TOKEN_MARK && t->mark == '{') depth++;
    if (t->kind == TOKEN_MARK && t->mark == '}' && --depth <= 0) return;
    if (depth == 0 && tz_asm_peek(p)->line != t->line && !tz_asm_is_mark(p, '{')) return;
  }
}

static void declare_named(tz_asm *p, tz_text module, tz_text name, uint32_t (*declare)(tz_image *, tz_text),
                          tz_name_map *map) {
  uint32_t index = declare(p->image, name);
  if (index == TZ_NONE || !tz_name_map_put(map, module, name, index)) tz_asm_no_memory(p);
}

static uint32_t declare_global(tz_image *image, tz_text name) {
  return tz_image_add_global(image, &(tz_global_entry){.name = name});
}

/* class, function or global, after `import` or not. */
static bool declare_entity(tz_asm *p, bool is_import) {
  tz_text module = {"", 0}, name;
  const tz_token *word = tz_asm_next(p);
  bool is_native = tz_text_equal(word->text, tz_text_of("native"));
  if (is_import || is_native ? !import_name(p, &module, &name) : !tz_asm_name(p, &name, "a name"))
    return false;
  if (tz_text_equal(word->text, tz_text_of("class")))
    declare_named(p, module, name, tz_image_declare_class, &p->classes);
  else if (tz_text_equal(word->text, tz_text_of("global")))
    declare_named(p, module, name, declare_global, &p->globals);
  else declare_named(p, module, name, tz_image_declare_function, &p->functions);
  skip_entity(p);
  return !p->failed;
}

static bool is_entity_word(tz_asm *p) {
  return tz_asm_is_word(p, "class") || tz_asm_is_word(p, "function") || tz_asm_is_word(p, "global");
}

static bool declare_machine(tz_asm *p) {
  const tz_token *t = tz_asm_peek(p);
  tz_text name;
  char plain[64];
  if (!tz_asm_name(p, &name, "the name of a machine class")) return false;
  snprintf(plain, sizeof plain, "%.*s", (int)(name.length < 63 ? name.length : 63), name.at);
  uint32_t before = p->image->n_classes, index = tz_image_machine_class(p->image, plain);
  if (index == TZ_NONE) return tz_asm_fail(p, t, "the machine has no class %s", plain);
  for (uint32_t i = before; i < p->image->n_classes; i++)
    if (!tz_name_map_put(&p->classes, tz_text_of("tz"), p->image->classes[i].name, i))
      return tz_asm_no_memory(p);
  return true;
}

static void declare_all(tz_asm *p) {
  while (tz_asm_peek(p)->kind != TOKEN_END) {
    const tz_token *t = tz_asm_peek(p);
    if (tz_asm_accept_word(p, "import")) {
      if (is_entity_word(p)) declare_entity(p, true);
      else tz_asm_fail(p, tz_asm_peek(p), "class, function or global expected after import");
    } else if (is_entity_word(p) || tz_asm_is_word(p, "native")) {
      declare_entity(p, false);
    } else if (tz_asm_accept_word(p, "machine")) {
      declare_machine(p);
    } else if (tz_asm_is_word(p, "module") || tz_asm_is_word(p, "init") || tz_asm_is_word(p, "main")) {
      p->at++;
      skip_entity(p);
    } else {
      tz_asm_fail(p, t, "module, machine, import, native, class, global, function, init or main expected");
    }
  }
}

/* --- second look: define them, in the same order --- */

typedef struct word_flag {
  const char *word;
  uint32_t flag;
} word_flag;

static bool accept_flag(tz_asm *p, const word_flag *flags, uint32_t *value) {
  for (; flags->word != NULL; flags++)
    if (tz_asm_accept_word(p, flags->word)) {
      *value |= flags->flag;
      return true;
    }
  return false;
}

typedef struct class_parts {
  tz_field *fields;
  tz_method *methods;
  tz_implements *implements;
  uint32_t fields_capacity, methods_capacity, implements_capacity;
} class_parts;

static bool grow(tz_asm *p, void **items, uint32_t n, uint32_t *capacity, size_t size) {
  if (n < *capacity) return true;
  uint32_t larger = *capacity == 0 ? 8 : *capacity * 2;
  void *moved = realloc(*items, larger * size);
  if (moved == NULL) return tz_asm_no_memory(p);
  *items = moved;
  *capacity = larger;
  return true;
}

static void parse_field(tz_asm *p, tz_class_entry *c, class_parts *parts) {
  tz_field f = {{"", 0}, TZ_NONE, 0};
  if (!tz_asm_name(p, &f.name, "a field's name")) return;
  f.type = tz_asm_type(p);
  if (tz_asm_accept_word(p, "fixed")) f.flags = TZ_FIELD_FIXED;
  if (grow(p, (void **)&parts->fields, c->n_fields, &parts->fields_capacity, sizeof f))
    parts->fields[c->n_fields++] = f;
}

static void parse_method(tz_asm *p, tz_class_entry *c, class_parts *parts) {
  tz_method m = {{"", 0}, TZ_NONE, TZ_NONE};
  if (!tz_asm_name(p, &m.name, "a method's name")) return;
  m.signature = tz_asm_signature(p);
  if (tz_asm_accept_mark(p, '=')) m.function = tz_asm_reference(p, &p->functions, "a function");
  if (grow(p, (void **)&parts->methods, c->n_methods, &parts->methods_capacity, sizeof m))
    parts->methods[c->n_methods++] = m;
}

static void parse_implements(tz_asm *p, tz_class_entry *c, class_parts *parts) {
  tz_implements i = {.interface = class_reference(p)};
  uint32_t *functions = NULL, capacity = 0;
  if (tz_asm_accept_mark(p, '{')) {
    while (!p->failed && !tz_asm_accept_mark(p, '}')) {
      if (i.n_functions != 0 && !tz_asm_expect_mark(p, ',', "between functions")) break;
      if (!grow(p, (void **)&functions, i.n_functions, &capacity, sizeof *functions)) break;
      functions[i.n_functions++] = tz_asm_reference(p, &p->functions, "a function");
    }
  }
  i.functions = tz_arena_copy(p->arena, functions, i.n_functions * sizeof *functions);
  free(functions);
  if (grow(p, (void **)&parts->implements, c->n_implements, &parts->implements_capacity, sizeof i))
    parts->implements[c->n_implements++] = i;
}

static void parse_class_body(tz_asm *p, tz_class_entry *c, class_parts *parts) {
  while (!p->failed && !tz_asm_accept_mark(p, '}')) {
    if (tz_asm_accept_word(p, "field")) parse_field(p, c, parts);
    else if (tz_asm_accept_word(p, "method")) parse_method(p, c, parts);
    else if (tz_asm_accept_word(p, "implements")) parse_implements(p, c, parts);
    else tz_asm_fail(p, tz_asm_peek(p), "field, method, implements or } expected in a class");
  }
}

static void parse_class(tz_asm *p, uint32_t index, tz_text module, tz_text name) {
  static const word_flag flags[] = {
      {"interface", TZ_CLASS_INTERFACE},
      {"abstract", TZ_CLASS_ABSTRACT},
      {"final", TZ_CLASS_FINAL},
      {"closure", TZ_CLASS_CLOSURE},
      {"export", TZ_CLASS_EXPORT},
      {"shared", TZ_CLASS_SHARED},
      {NULL, 0},
  };
  tz_class_entry c = {.name = name, .module = module, .super = TZ_NONE};
  class_parts parts = {0};
  for (bool more = true; more && !p->failed;) {
    if (tz_asm_accept_word(p, "super")) c.super = class_reference(p);
    else if (tz_asm_accept_word(p, "tag")) number_in(p, &c.tag, (int64_t)UINT32_MAX + 1, "a tag");
    else more = accept_flag(p, flags, &c.flags);
  }
  if (tz_asm_expect_mark(p, '{', "before a class's members")) parse_class_body(p, &c, &parts);
  c.fields = parts.fields;
  c.methods = parts.methods;
  c.implements = parts.implements;
  if (!p->failed) tz_image_define_class(p->image, index, &c);
  free(parts.fields);
  free(parts.methods);
  free(parts.implements);
}

static void parse_function(tz_asm *p, uint32_t index, tz_text module, tz_text name, uint32_t kind_flags,
                           bool has_body) {
  static const word_flag flags[] = {{"export", TZ_FUNCTION_EXPORT},
                                    {"shared", TZ_FUNCTION_SHARED},
                                    {"dynamic", TZ_FUNCTION_DYNAMIC},
                                    {NULL, 0}};
  tz_function_entry f = {.name = name, .module = module, .flags = kind_flags, .source = TZ_NONE};
  f.signature = tz_asm_signature(p);
  while (!p->failed && accept_flag(p, flags, &f.flags)) {}
  if (has_body) tz_asm_function_body(p, &f);
  if (!p->failed) tz_image_define_function(p->image, index, &f);
}

static void parse_global(tz_asm *p, uint32_t index, tz_text module) {
  static const word_flag flags[] = {{"export", TZ_GLOBAL_EXPORT}, {NULL, 0}};
  tz_global_entry *g = &p->image->globals[index];
  g->module = tz_image_text(p->image, module.at, module.length);
  g->type = tz_asm_type(p);
  while (!p->failed && accept_flag(p, flags, &g->flags)) {}
}

typedef struct counters { /* of entities met in the second look */
  uint32_t classes, functions, globals;
} counters;

static void define_entity(tz_asm *p, counters *n, bool is_import) {
  tz_text module = {"", 0}, name;
  const tz_token *word = tz_asm_next(p);
  bool is_native = tz_text_equal(word->text, tz_text_of("native"));
  if (is_import || is_native ? !import_name(p, &module, &name) : !tz_asm_name(p, &name, "a name")) return;
  if (tz_text_equal(word->text, tz_text_of("class"))) parse_class(p, n->classes++, module, name);
  else if (tz_text_equal(word->text, tz_text_of("global"))) parse_global(p, n->globals++, module);
  else
    parse_function(p, n->functions++, module, name, is_native ? TZ_FUNCTION_NATIVE : 0,
                   !is_import && !is_native);
}

static void define_module(tz_asm *p) {
  tz_text name;
  if (!tz_asm_name(p, &name, "the module's name")) return;
  p->image->name = tz_image_text(p->image, name.at, name.length);
  if (tz_asm_accept_word(p, "qualified")) p->image->flags |= TZ_IMAGE_QUALIFIED;
}

/* `machine` declared a class and perhaps its superclasses: go on behind them. */
static void skip_machine(tz_asm *p, counters *n) {
  tz_text name = tz_asm_next(p)->text;
  const tz_name_entry *e = tz_name_map_find(&p->classes, tz_text_of("tz"), name);
  if (e != NULL && e->index >= n->classes) n->classes = e->index + 1;
}

static void define_all(tz_asm *p) {
  counters n = {0};
  while (tz_asm_peek(p)->kind != TOKEN_END) {
    const tz_token *start = tz_asm_peek(p);
    if (tz_asm_accept_word(p, "module")) define_module(p);
    else if (tz_asm_accept_word(p, "machine")) skip_machine(p, &n);
    else if (tz_asm_accept_word(p, "init")) p->image->init = tz_asm_reference(p, &p->functions, "a function");
    else if (tz_asm_accept_word(p, "main")) p->image->main = tz_asm_reference(p, &p->functions, "a function");
    else define_entity(p, &n, tz_asm_accept_word(p, "import"));
    const tz_token *t = tz_asm_peek(p);
    if (!p->failed && t->kind != TOKEN_END && t->line == t[-1].line)
      tz_asm_fail(p, t, "the end of the line expected after what began on line %u", start->line);
  }
}

static bool list_mnemonics(tz_asm *p) {
  tz_decode_init(&p->decode);
  for (uint32_t i = 0; i < TZ_OP_COUNT; i++)
    if (!tz_name_map_put(&p->mnemonics, (tz_text){"", 0}, tz_text_of(p->decode.op[i].mnemonic), i))
      return tz_asm_no_memory(p);
  return true;
}

tz_image *tz_asm_assemble(const char *text, size_t length, tz_asm_error *error) {
  tz_asm p = {.error = error, .arena = tz_arena_new(), .image = tz_image_new("", 0)};
  if (p.arena == NULL || p.image == NULL) tz_asm_no_memory(&p);
  else if (list_mnemonics(&p) && tz_asm_lex(&p, text, length)) {
    declare_all(&p);
    if (!p.failed) p.at = 0;
    if (!p.failed) define_all(&p);
    if (!p.failed && !tz_image_finish(p.image)) tz_asm_no_memory(&p);
  }
  free(p.tokens.items);
  tz_name_map_fini(&p.classes);
  tz_name_map_fini(&p.functions);
  tz_name_map_fini(&p.globals);
  tz_name_map_fini(&p.mnemonics);
  tz_arena_free(p.arena);
  if (!p.failed) return p.image;
  tz_image_free(p.image);
  return NULL;
}
