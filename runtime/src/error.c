/* error.c: making error objects, capturing and printing stack traces. error.h explains their fields. */
#include "error.h"
#include "class.h"
#include "frame.h"
#include "internals.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making ---- */

void *tz_error_out_of_memory_nogc(tz_thread *th) { return tz_handle_get(th->vm->out_of_memory).p; }

void *tz_error_new_of(tz_thread *th, tz_class *cls, const char *message, size_t bytes) {
  tz_mutator *m = &th->mutator;
  tz_string *text = (tz_string *)tz_gc_alloc_array(m, &th->vm->string_class->layout, (int64_t)bytes);
  if (text == NULL) return tz_error_out_of_memory_nogc(th);
  memcpy(text->u8, message, bytes);
  tz_word *root = tz_root_push(th, text);
  if (root == NULL) return tz_error_out_of_memory_nogc(th);
  void *error = tz_gc_alloc(m, &cls->layout);
  if (error != NULL) tz_object_store(th, error, TZ_ERROR_MESSAGE, *root);
  else error = tz_error_out_of_memory_nogc(th);
  tz_root_pop(th, 1);
  return error;
}

void *tz_error_new(tz_thread *th, tz_error_kind kind, const char *message, size_t bytes) {
  return tz_error_new_of(th, th->vm->error_classes[kind], message, bytes);
}

static bool raise_formatted(tz_thread *th, tz_class *cls, const char *format, va_list list) {
  char small[512], *text = small;
  va_list again;
  va_copy(again, list);
  int n = vsnprintf(small, sizeof small, format, list);
  if (n >= (int)sizeof small) {
    text = malloc((size_t)n + 1);
    if (text != NULL) vsnprintf(text, (size_t)n + 1, format, again);
    else text = small, n = (int)sizeof small - 1;
  }
  va_end(again);
  if (n < 0 || !tz_utf8_is_valid(text, (size_t)n)) n = 0;
  void *error = tz_error_new_of(th, cls, text, (size_t)n);
  if (text != small) free(text);
  th->exception = (uint64_t)(uintptr_t)tz_error_capture_trace(th, error);
  return false;
}

bool tz_raise(tz_thread *th, tz_error_kind kind, const char *format, ...) {
  va_list list;
  va_start(list, format);
  raise_formatted(th, th->vm->error_classes[kind], format, list);
  va_end(list);
  return false;
}

bool tz_raise_plain(tz_thread *th, tz_error_kind kind) {
  static const char *const messages[TZ_ERROR_COUNT] = {
#define TZ_ERROR(NAME, name, super, message) [TZ_ERROR_##NAME] = message,
#include "terza/spec/errors.def"
#undef TZ_ERROR
  };
  return tz_raise(th, kind, "%s", messages[kind]);
}

bool tz_raise_class(tz_thread *th, const char *qualified_class, const char *format, ...) {
  tz_class *cls = tz_class_by_name(th->vm, qualified_class);
  if (cls == NULL || !tz_class_is_subclass(cls, th->vm->error_classes[TZ_ERROR_ERROR]))
    cls = th->vm->error_classes[TZ_ERROR_ERROR];
  va_list list;
  va_start(list, format);
  raise_formatted(th, cls, format, list);
  va_end(list);
  return false;
}

/* ---- traces ---- */

typedef struct raw_trace {
  uint32_t n;
  int64_t words[2 * TZ_TRACE_FRAMES + 1];
} raw_trace;

static void trace_walk(raw_trace *t, tz_thread *th, tz_process *p) {
  int64_t left_out = 0;
  tz_trace_walk w;
  t->n = 0;
  for (tz_trace_walk_start(&w, th, p); w.function != NULL; tz_trace_walk_next(&w)) {
    if (t->n == 2 * TZ_TRACE_FRAMES) {
      left_out++;
      continue;
    }
    t->words[t->n++] = w.function->id;
    t->words[t->n++] = w.pc;
  }
  t->words[t->n++] = left_out;
}

void *tz_error_capture_trace(tz_thread *th, void *error) {
  if (th->process == NULL || error == tz_error_out_of_memory_nogc(th) ||
      tz_object_fields(error)[TZ_ERROR_TRACE].u != 0)
    return error;
  raw_trace trace;
  trace_walk(&trace, th, th->process);
  tz_word *root = tz_root_push(th, error);
  if (root == NULL) return error;
  tz_type *type = tz_type_array(th->vm, tz_type_simple(th->vm, TZ_KIND_I64));
  tz_array *a = type ? (tz_array *)tz_gc_alloc_array(&th->mutator, &type->class_->layout, trace.n) : NULL;
  error = root->p;
  tz_root_pop(th, 1);
  if (a == NULL) return error;
  memcpy(a->words, trace.words, trace.n * sizeof *trace.words);
  tz_object_store(th, error, TZ_ERROR_TRACE, (tz_word){.p = a});
  return error;
}

/* ---- text ---- */

tz_function *tz_function_by_id(tz_vm *vm, uint32_t id) {
  return id < vm->functions->count ? vm->functions->by_id[id] : NULL;
}

uint32_t tz_function_line(const tz_function *f, uint32_t pc) {
  uint32_t low = 0, high = f->n_lines;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (f->lines[middle].pc <= pc) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? f->lines[low - 1].line : 0;
}

static void print_frame(FILE *to, tz_vm *vm, int64_t id, int64_t pc) {
  const tz_function *f = tz_function_by_id(vm, (uint32_t)id);
  if (f == NULL) return;
  fprintf(to, "  at %s", f->name);
  uint32_t line = pc >= 0 ? tz_function_line(f, (uint32_t)pc) : 0;
  if (pc < 0) fprintf(to, " (native)");
  else if (f->source != NULL && line > 0) fprintf(to, " (%s:%u)", f->source, line);
  fputc('\n', to);
}

static void print_words(FILE *to, tz_vm *vm, const int64_t *words, uint64_t n) {
  uint64_t i = 0;
  for (; i + 1 < n; i += 2) {
    uint64_t repeated = 0; /* deep recursion reads better with a count */
    while (i + 2 * repeated + 3 < n && words[i] == words[i + 2 * repeated + 2] &&
           words[i + 1] == words[i + 2 * repeated + 3])
      repeated++;
    print_frame(to, vm, words[i], words[i + 1]);
    if (repeated >= 3) {
      fprintf(to, "  … the same %llu times more\n", (unsigned long long)repeated);
      i += 2 * repeated;
    }
  }
  if (i < n && words[i] > 0) fprintf(to, "  … %lld more\n", (long long)words[i]);
}

const char *tz_class_plain_name(const tz_class *cls) {
  const char *dot = strchr(cls->name, '.');
  return dot != NULL ? dot + 1 : cls->name;
}

static void print_error(FILE *to, tz_vm *vm, void *error, int depth) {
  tz_word *fields = tz_object_fields(error);
  tz_string *message = fields[TZ_ERROR_MESSAGE].p;
  tz_array *trace = fields[TZ_ERROR_TRACE].p;
  void *cause = fields[TZ_ERROR_CAUSE].p;
  fprintf(to, "%s", tz_class_plain_name(tz_object_class(error)));
  if (message != NULL && message->length > 0)
    fprintf(to, ": %.*s", (int)message->length, (char *)message->u8);
  fputc('\n', to);
  if (trace != NULL) print_words(to, vm, &trace->words[0].i, (uint64_t)trace->length);
  if (cause == NULL || depth == 8) return;
  fprintf(to, "caused by: ");
  print_error(to, vm, cause, depth + 1);
}

char *tz_error_text(tz_vm *vm, void *error) {
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  if (to == NULL) return NULL;
  print_error(to, vm, error, 0);
  fclose(to);
  return text;
}

char *tz_error_trace_text(tz_vm *vm, void *error) {
  char *text = NULL;
  size_t n;
  FILE *to = open_memstream(&text, &n);
  if (to == NULL) return NULL;
  tz_array *trace = tz_object_fields(error)[TZ_ERROR_TRACE].p;
  if (trace != NULL) print_words(to, vm, &trace->words[0].i, (uint64_t)trace->length);
  fclose(to);
  return text;
}

void tz_process_print_stack(FILE *to, tz_thread *th, tz_process *p, uint32_t most) {
  raw_trace trace;
  trace_walk(&trace, th, p);
  uint32_t n = trace.n < 2 * most ? trace.n : 2 * most;
  print_words(to, th->vm, trace.words, n);
}

void tz_vm_print_stack(tz_vm *vm, FILE *to) {
  enum { MOST = 50 };
  if (vm->thread->process != NULL) tz_process_print_stack(to, vm->thread, vm->thread->process, MOST);
}
