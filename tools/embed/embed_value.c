/* embed_value.c: values at the border between host and guest, and handles. */
#include "embed.h"
#include "terza/linking.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- errors ---- */

void terza_error_clear(terza_error *error) {
  if (error == NULL) return;
  free(error->type);
  free(error->message);
  free(error->trace);
  free(error->file);
  *error = (terza_error){0};
}

static char *copy(const char *text, size_t length) {
  char *s = malloc(length + 1);
  if (s == NULL) return NULL;
  memcpy(s, text, length);
  s[length] = 0;
  return s;
}

bool embed_fail(terza_error *error, const char *type, const char *format, ...) {
  if (error == NULL) return false;
  terza_error_clear(error);
  va_list list;
  va_start(list, format);
  if (vasprintf(&error->message, format, list) < 0) error->message = NULL;
  va_end(list);
  error->type = copy(type, strlen(type));
  error->trace = copy("", 0);
  error->file = copy("", 0);
  return false;
}

/* The first "(file:line)" of a trace. */
static void error_place(terza_error *error) {
  for (const char *line = error->trace; line != NULL && *line;
       line = strchr(line, '\n'), line += line != NULL) {
    size_t n = strcspn(line, "\n");
    const char *open = memchr(line, '(', n),
               *colon = open ? memrchr(open, ':', n - (size_t)(open - line)) : NULL;
    if (colon == NULL) continue;
    free(error->file);
    error->file = copy(open + 1, (size_t)(colon - open - 1));
    error->line = (uint32_t)strtoul(colon + 1, NULL, 10);
    return;
  }
}

/* tz_error_text gives "Type: message (perhaps of several lines)\n  at ...\n"; here it is taken apart. */
bool embed_fail_guest(terza_vm *owner, terza_error *error, tz_ref exception) {
  if (error == NULL) return false;
  terza_error_clear(error);
  void *object = (void *)(uintptr_t)exception.word;
  const char *name = tz_object_class(object)->name, *dot = strchr(name, '.');
  const char *type = dot != NULL ? dot + 1 : name;
  tz_string *message = tz_object_fields(object)[0].p;
  char *text = tz_error_text(owner->vm, object);
  size_t head = strlen(type) + (message != NULL && message->length > 0 ? 2 + (size_t)message->length : 0);
  bool whole = text != NULL && strlen(text) > head;
  error->type = copy(type, strlen(type));
  error->message = message != NULL ? copy((const char *)message->u8, (size_t)message->length) : copy("", 0);
  error->trace = whole ? copy(text + head + 1, strlen(text) - head - 1) : copy("", 0);
  error->file = copy("", 0);
  free(text);
  error_place(error);
  return false;
}

/* ---- handles ---- */

static terza_handle *handle_new(terza_vm *owner, tz_word word) {
  terza_handle *h = malloc(sizeof *h);
  if (h == NULL) return NULL;
  *h = (terza_handle){.owner = owner, .handle = tz_handle_new(owner->vm->heap, word), .next = owner->handles};
  if (h->handle.slot == NULL) {
    free(h);
    return NULL;
  }
  if (owner->handles != NULL) owner->handles->previous = h;
  owner->handles = h;
  return h;
}

terza_handle *terza_handle_copy(terza_handle *h) { return handle_new(h->owner, tz_handle_get(h->handle)); }

void terza_handle_release(terza_handle *h) {
  if (h == NULL) return;
  tz_handle_free(h->owner->vm->heap, h->handle);
  if (h->previous != NULL) h->previous->next = h->next;
  else h->owner->handles = h->next;
  if (h->next != NULL) h->next->previous = h->previous;
  free(h);
}

const char *terza_handle_class(terza_handle *h) { return tz_object_class(tz_handle_get(h->handle).p)->name; }

bool terza_handle_same(terza_handle *a, terza_handle *b) {
  return tz_handle_get(a->handle).u == tz_handle_get(b->handle).u;
}

/* ---- values ---- */

void terza_value_clear(terza_value *value) {
  if (value->kind == TERZA_STRING) free((char *)value->s.text);
  if (value->kind == TERZA_OBJECT) terza_handle_release(value->object);
  *value = terza_null();
}

static bool to_string_word(terza_vm *owner, const terza_value *value, tz_word *word, const char **why) {
  if (!tz_utf8_is_valid(value->s.text, value->s.length)) return *why = "the text is not valid UTF-8", false;
  word->p = tz_string_new(owner->vm->thread, value->s.text, value->s.length);
  if (word->p != NULL) return true;
  owner->vm->thread->exception = 0;
  return *why = "out of memory", false;
}

static bool to_any_word(terza_vm *owner, const terza_value *value, tz_word *word, const char **why) {
  switch (value->kind) {
  case TERZA_NULL: word->u = 0; return true;
  case TERZA_BOOL: word->u = tz_any_from_bool(value->b); return true;
  case TERZA_FLOAT: word->u = tz_any_from_float(value->f); return true;
  case TERZA_STRING: return to_string_word(owner, value, word, why);
  case TERZA_OBJECT: *word = tz_handle_get(value->object->handle); return true;
  case TERZA_INT:
    if (tz_any_box_int(owner->vm->thread, value->i, &word->u)) return true;
    owner->vm->thread->exception = 0;
    return *why = "out of memory", false;
  }
  return *why = "no such kind of value", false;
}

static bool to_ref_word(terza_vm *owner, const tz_type *type, const terza_value *value, tz_word *word,
                        const char **why) {
  bool takes_string = type->kind == TZ_KIND_STRING || type->kind == TZ_KIND_OBJECT;
  word->u = 0;
  if (value->kind == TERZA_NULL) return true;
  if (value->kind == TERZA_STRING && takes_string) return to_string_word(owner, value, word, why);
  if (value->kind != TERZA_OBJECT) return *why = "the value is of another kind", false;
  if (value->object->owner != owner) return *why = "the object belongs to another machine", false;
  *word = tz_handle_get(value->object->handle);
  return tz_type_accepts(type, word->p) || (*why = "the object is of another class", false);
}

bool embed_to_word(terza_vm *owner, const tz_type *type, const terza_value *value, tz_word *word,
                   const char **why) {
  switch (type->kind) {
  case TZ_KIND_I64:
    word->i = value->kind == TERZA_BOOL ? value->b : value->i;
    if (value->kind == TERZA_INT || value->kind == TERZA_BOOL) return true;
    return *why = "an int is wanted", false;
  case TZ_KIND_F64:
    word->f = value->kind == TERZA_INT ? (double)value->i : value->f;
    if (value->kind == TERZA_INT || value->kind == TERZA_FLOAT) return true;
    return *why = "a float is wanted", false;
  case TZ_KIND_ANY: return to_any_word(owner, value, word, why);
  case TZ_KIND_VOID: return word->u = 0, true;
  default: return to_ref_word(owner, type, value, word, why);
  }
}

static bool from_object(terza_vm *owner, tz_word word, terza_value *value) {
  *value = terza_null();
  if (word.p == NULL) return true;
  tz_class *cls = tz_object_class(word.p);
  if (cls == owner->vm->string_class) {
    tz_string *s = word.p;
    char *text = copy((const char *)s->u8, (size_t)s->length);
    if (text != NULL) *value = terza_string(text, (size_t)s->length);
    return text != NULL;
  }
  if (cls == owner->vm->int_box_class) return *value = terza_int(tz_object_fields(word.p)[0].i), true;
  terza_handle *h = handle_new(owner, word);
  if (h != NULL) *value = terza_object(h);
  return h != NULL;
}

bool embed_from_word(terza_vm *owner, const tz_type *type, tz_word word, terza_value *value) {
  if (type->rep == 'I') *value = terza_int(word.i);
  else if (type->rep == 'F') *value = terza_float(word.f);
  else if (type->kind == TZ_KIND_VOID) *value = terza_null();
  else if (type->kind != TZ_KIND_ANY || tz_any_is_ref_or_null(word.u)) return from_object(owner, word, value);
  else if (tz_any_is_int(word.u)) *value = terza_int(tz_any_to_int(word.u));
  else if (tz_any_is_bool(word.u)) *value = terza_bool(tz_any_to_bool(word.u));
  else *value = terza_float(tz_any_to_float(word.u));
  return true;
}

/* str() of an object is its method toString, run as a call from the host; all else is the machine's own
 * matter. */
bool terza_to_text(terza_vm *owner, terza_value value, char **text, size_t *length, terza_error *error) {
  tz_thread *th = owner->vm->thread;
  const char *why = "";
  tz_word word, result;
  tz_ref exception;
  if (!to_any_word(owner, &value, &word, &why)) return embed_fail(error, "HostError", "%s", why);
  tz_class *cls = value.kind == TERZA_OBJECT ? tz_object_class(word.p) : NULL;
  if (cls != NULL && !(cls->flags & TZ_CLASS_CLOSURE)) {
    if (!tz_vm_run(owner->vm, cls->vtable[0], &word, 1, &result, &exception))
      return embed_fail_guest(owner, error, exception);
  } else {
    result.p = tz_any_to_string(th, word.u);
    exception.word = th->exception;
    th->exception = 0;
    if (result.p == NULL) return embed_fail_guest(owner, error, exception);
  }
  tz_string *s = result.p;
  *text = s != NULL ? copy((const char *)s->u8, (size_t)s->length) : copy("null", 4);
  *length = s != NULL ? (size_t)s->length : 4;
  return *text != NULL || embed_fail(error, "HostError", "out of memory");
}
