/* type.c: types and signatures, interned per VM, and their text.
 *
 * Invariant: equal types and equal signatures are identical, so that comparing them is comparing addresses.
 * They lie below 4 GB, because compiled code and inline caches name them in 32 bits. */
#include "type.h"
#include "class.h"
#include "symbols.h"
#include "terza/arena.h"
#include "terza/linking.h"
#include "terza/lowmem.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct sig_node {
  struct sig_node *next;
  uint32_t hash;
  tz_sig *sig;
} sig_node;

struct tz_type_table {
  tz_type *simple[TZ_KIND_COUNT];
  tz_ptr_map arrays, chans, funcs; /* by element or signature */
  sig_node **sigs;
  uint32_t n_sigs, capacity;
};

static const char *const kind_texts[TZ_KIND_COUNT] = {
#define TZ_KIND(NAME, text, rep) [TZ_KIND_##NAME] = text,
#include "terza/spec/kinds.def"
#undef TZ_KIND
};

static const char kind_reps[TZ_KIND_COUNT] = {
#define TZ_KIND(NAME, text, rep) [TZ_KIND_##NAME] = #rep[0],
#include "terza/spec/kinds.def"
#undef TZ_KIND
};

tz_type *tz_type_alloc(tz_vm *vm, tz_kind kind) {
  tz_type *t = tz_lowmem_alloc(vm->lowmem, sizeof *t);
  if (t == NULL) return NULL;
  t->kind = kind;
  t->rep = (uint8_t)kind_reps[kind];
  return t;
}

struct tz_type_table *tz_types_new(tz_vm *vm) {
  struct tz_type_table *table = calloc(1, sizeof *table);
  if (table == NULL) return NULL;
  table->capacity = 256;
  table->sigs = calloc(table->capacity, sizeof(sig_node *));
  bool ok = table->sigs != NULL;
  for (int k = 0; ok && k < TZ_KIND_COUNT; k++) {
    if (k == TZ_KIND_CLASS || k == TZ_KIND_ARRAY || k == TZ_KIND_FUNC || k == TZ_KIND_CHAN) continue;
    ok = (table->simple[k] = tz_type_alloc(vm, (tz_kind)k)) != NULL;
  }
  if (ok) return table;
  tz_types_free(table);
  return NULL;
}

void tz_types_free(struct tz_type_table *table) {
  if (table == NULL) return;
  tz_ptr_map_fini(&table->arrays);
  tz_ptr_map_fini(&table->chans);
  tz_ptr_map_fini(&table->funcs);
  free(table->sigs);
  free(table);
}

tz_type *tz_type_simple(tz_vm *vm, tz_kind kind) { return vm->types->simple[kind]; }

tz_type *tz_type_array(tz_vm *vm, tz_type *element) {
  tz_type *t = tz_ptr_map_get(&vm->types->arrays, element);
  if (t != NULL) return t;
  t = tz_type_alloc(vm, TZ_KIND_ARRAY);
  if (t == NULL) return NULL;
  t->element = element;
  t->class_ = tz_class_new_array(vm, t);
  return t->class_ != NULL && tz_ptr_map_put(&vm->types->arrays, element, t) ? t : NULL;
}

tz_type *tz_type_chan(tz_vm *vm, tz_type *element) {
  tz_type *t = tz_ptr_map_get(&vm->types->chans, element);
  if (t != NULL) return t;
  t = tz_type_alloc(vm, TZ_KIND_CHAN);
  if (t == NULL) return NULL;
  t->element = element;
  t->class_ = tz_class_new_chan(vm, t);
  return t->class_ != NULL && tz_ptr_map_put(&vm->types->chans, element, t) ? t : NULL;
}

tz_type *tz_type_func(tz_vm *vm, tz_sig *signature) {
  tz_type *t = tz_ptr_map_get(&vm->types->funcs, signature);
  if (t != NULL) return t;
  t = tz_type_alloc(vm, TZ_KIND_FUNC);
  if (t == NULL) return NULL;
  t->signature = signature;
  return tz_ptr_map_put(&vm->types->funcs, signature, t) ? t : NULL;
}

static uint32_t sig_hash(tz_type *result, tz_type *const *params, uint32_t n) {
  uint64_t h = (uint64_t)(uintptr_t)result + n;
  for (uint32_t i = 0; i < n; i++) h = (h ^ (uint64_t)(uintptr_t)params[i]) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static void sigs_grow(struct tz_type_table *t) {
  uint32_t capacity = t->capacity * 2;
  sig_node **sigs = calloc(capacity, sizeof *sigs);
  if (sigs == NULL) return; /* longer chains, nothing worse */
  for (uint32_t i = 0; i < t->capacity; i++)
    for (sig_node *n = t->sigs[i], *next; n != NULL; n = next) {
      next = n->next;
      n->next = sigs[n->hash & (capacity - 1)];
      sigs[n->hash & (capacity - 1)] = n;
    }
  free(t->sigs);
  t->sigs = sigs;
  t->capacity = capacity;
}

tz_sig *tz_sig_intern(tz_vm *vm, tz_type *result, tz_type *const *params, uint32_t n) {
  struct tz_type_table *t = vm->types;
  uint32_t hash = sig_hash(result, params, n);
  for (sig_node *s = t->sigs[hash & (t->capacity - 1)]; s != NULL; s = s->next)
    if (s->hash == hash && s->sig->result == result && s->sig->n_params == n &&
        (n == 0 || memcmp(s->sig->params, params, n * sizeof *params) == 0))
      return s->sig;
  if (t->n_sigs >= t->capacity) sigs_grow(t);
  sig_node *node = tz_arena_alloc(vm->arena, sizeof *node);
  tz_sig *sig = tz_lowmem_alloc(vm->lowmem, sizeof *sig + n * sizeof(tz_type *));
  if (node == NULL || sig == NULL) return NULL;
  *sig = (tz_sig){.result = result, .n_params = n, .n_slots = n};
  if (n > 0) memcpy(sig->params, params, n * sizeof *params);
  sig_node **chain = &t->sigs[hash & (t->capacity - 1)];
  *node = (sig_node){*chain, hash, sig};
  *chain = node;
  t->n_sigs++;
  return sig;
}

/* ---- tests ---- */

bool tz_type_accepts(const tz_type *type, const void *object) {
  const tz_class *cls = tz_object_class(object);
  switch (type->kind) {
  case TZ_KIND_ANY:
  case TZ_KIND_OBJECT: return true;
  case TZ_KIND_CLASS:
    if (type->class_->flags & TZ_CLASS_INTERFACE) return tz_class_implements(cls, type->class_);
    return tz_class_is_subclass(cls, type->class_);
  case TZ_KIND_FUNC:
    return (cls->flags & TZ_CLASS_CLOSURE) && cls->n_methods > 0 &&
           cls->methods[0].signature == type->signature;
  default: return cls == type->class_; /* strings, arrays, channels, processes */
  }
}

/* ---- text ---- */

typedef struct text_out {
  char *to;
  size_t room, length;
} text_out;

static void put(text_out *o, const char *text) {
  for (; *text; text++, o->length++)
    if (o->length + 1 < o->room) o->to[o->length] = *text;
}

static void put_type(text_out *o, const tz_type *t);

static void put_params(text_out *o, const tz_sig *sig) {
  put(o, "(");
  for (uint32_t i = 0; i < sig->n_params; i++) {
    if (i > 0) put(o, ",");
    put_type(o, sig->params[i]);
  }
  put(o, ")");
  put_type(o, sig->result);
}

static void put_class_name(text_out *o, const char *qualified) {
  const char *dot = strchr(qualified, '.');
  put(o, "%");
  for (const char *c = qualified; *c; c++) {
    char one[2] = {c == dot ? ':' : *c, 0};
    put(o, one);
  }
}

static void put_type(text_out *o, const tz_type *t) {
  switch (t->kind) {
  case TZ_KIND_CLASS: put_class_name(o, t->class_->name); break;
  case TZ_KIND_ARRAY: put(o, "["), put_type(o, t->element), put(o, "]"); break;
  case TZ_KIND_CHAN: put(o, "chan("), put_type(o, t->element), put(o, ")"); break;
  case TZ_KIND_FUNC: put(o, "fn"), put_params(o, t->signature); break;
  default: put(o, kind_texts[t->kind]);
  }
}

static size_t text_end(text_out *o) {
  if (o->room > 0) o->to[o->length < o->room ? o->length : o->room - 1] = 0;
  return o->length;
}

size_t tz_type_text(const tz_type *type, char *to, size_t room) {
  text_out o = {to, room, 0};
  put_type(&o, type);
  return text_end(&o);
}

size_t tz_sig_text(const tz_sig *sig, char *to, size_t room) {
  text_out o = {to, room, 0};
  put_params(&o, sig);
  return text_end(&o);
}

/* ---- parsing ---- */

enum { MAX_PARAMS = 64, MAX_NESTING = 32 };

typedef struct parser {
  tz_vm *vm;
  const char *at;
  const char *error;
  int depth;
} parser;

static tz_type *parse_type(parser *p);

static void *fail(parser *p, const char *message) {
  if (p->error == NULL) p->error = message;
  return NULL;
}

static bool eat(parser *p, char c) {
  if (*p->at != c) return false;
  p->at++;
  return true;
}

static tz_sig *parse_sig(parser *p) {
  tz_type *params[MAX_PARAMS];
  uint32_t n = 0;
  if (!eat(p, '(')) return fail(p, "a signature begins with (");
  while (!eat(p, ')')) {
    if (n > 0 && !eat(p, ',')) return fail(p, "parameters are separated by commas");
    if (n == MAX_PARAMS) return fail(p, "too many parameters");
    if ((params[n++] = parse_type(p)) == NULL) return NULL;
  }
  tz_type *result = parse_type(p);
  tz_sig *sig = result ? tz_sig_intern(p->vm, result, params, n) : NULL;
  return sig != NULL ? sig : fail(p, "out of memory");
}

static bool is_name_char(char c) {
  return c == '_' || c == '$' || c == '@' || c == '.' || (c >= '0' && c <= '9') ||
         ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

/* The end of a class name: generic instances carry bracketed arguments. */
static const char *class_name_end(const char *at) {
  for (int depth = 0;; at++) {
    if (*at == '[') depth++;
    else if (*at == ']' && depth > 0) depth--;
    else if (*at == 0 || (depth == 0 && !is_name_char(*at) && *at != ':')) return at;
  }
}

static tz_type *parse_class(parser *p) {
  char name[512];
  const char *end = class_name_end(p->at);
  size_t length = (size_t)(end - p->at);
  if (length == 0 || length >= sizeof name) return fail(p, "a class name is expected after %");
  memcpy(name, p->at, length);
  name[length] = 0;
  char *colon = strchr(name, ':');
  if (colon != NULL) *colon = '.';
  p->at = end;
  tz_class *cls = tz_class_by_name(p->vm, name);
  return cls != NULL ? tz_class_type(cls) : fail(p, "no such class");
}

static tz_type *parse_inner(parser *p, char close, tz_type *(*make)(tz_vm *, tz_type *)) {
  tz_type *element = parse_type(p);
  if (element == NULL) return NULL;
  if (!eat(p, close)) return fail(p, "an unclosed bracket");
  return make(p->vm, element);
}

static tz_type *parse_simple(parser *p) {
  for (int k = 0; k < TZ_KIND_COUNT; k++) {
    size_t n = strlen(kind_texts[k]);
    if (p->vm->types->simple[k] == NULL || strncmp(p->at, kind_texts[k], n) != 0 || is_name_char(p->at[n]))
      continue;
    p->at += n;
    return p->vm->types->simple[k];
  }
  return fail(p, "no such type");
}

static tz_type *parse_type_inner(parser *p) {
  if (eat(p, '[')) return parse_inner(p, ']', tz_type_array);
  if (eat(p, '%')) return parse_class(p);
  if (strncmp(p->at, "chan(", 5) == 0) {
    p->at += 5;
    return parse_inner(p, ')', tz_type_chan);
  }
  if (strncmp(p->at, "fn(", 3) == 0) {
    p->at += 2;
    tz_sig *sig = parse_sig(p);
    return sig ? tz_type_func(p->vm, sig) : NULL;
  }
  return parse_simple(p);
}

static tz_type *parse_type(parser *p) {
  if (++p->depth > MAX_NESTING) return fail(p, "types nested too deeply");
  tz_type *t = parse_type_inner(p);
  p->depth--;
  return t;
}

tz_sig *tz_sig_parse(tz_vm *vm, const char *text, const char **error) {
  parser p = {vm, text, NULL, 0};
  tz_sig *sig = parse_sig(&p);
  if (sig != NULL && *p.at != 0) sig = fail(&p, "something follows the signature");
  *error = sig ? NULL : p.error ? p.error : "out of memory";
  return sig;
}

tz_type *tz_type_parse(tz_vm *vm, const char *text, const char **error) {
  parser p = {vm, text, NULL, 0};
  tz_type *t = parse_type(&p);
  if (t != NULL && *p.at != 0) t = fail(&p, "something follows the type");
  *error = t ? NULL : p.error ? p.error : "out of memory";
  return t;
}
