/* calls.c: what compiled code calls. Safepoints leave their frame record in th->native_top while they are at
 * work. */
#include "error.h"
#include "native.h"
#include "scheduler.h"
#include "slow.h"
#include <math.h>

#define BEGIN_SAFEPOINT(th) ((th)->native_top = __builtin_frame_address(0))
#define END_SAFEPOINT(th) ((th)->native_top = NULL)

void *tz_native_new(tz_thread *th, const tz_class *cls) {
  BEGIN_SAFEPOINT(th);
  void *object = tz_gc_alloc(&th->mutator, &cls->layout);
  if (object == NULL) tz_raise_plain(th, TZ_ERROR_OUT_OF_MEMORY);
  END_SAFEPOINT(th);
  return object;
}

void *tz_native_new_array(tz_thread *th, tz_type *type, int64_t length) {
  BEGIN_SAFEPOINT(th);
  void *array = tz_array_new_checked(th, type, length);
  END_SAFEPOINT(th);
  return array;
}

void tz_native_raise(tz_thread *th, void *error) {
  BEGIN_SAFEPOINT(th);
  th->exception = (uint64_t)(uintptr_t)tz_error_capture_trace(th, error);
  END_SAFEPOINT(th);
}

/* Under stress compiled code is left at random, as any tier is. */
static bool is_to_be_left(tz_thread *th, tz_native *n, const void *return_address) {
  if (th->process->raise != 0) {
    th->budget = 0; /* the interpreter raises it at its next back-edge */
    return true;
  }
  tz_native_code *code = (tz_native_code *)tz_native_code_at(th->vm, return_address);
  if (code != NULL) code->seen = n->clock;
  if (code != NULL && code->is_valid != NULL && *code->is_valid == 0) return true;
  if (th->steps_left != UINT64_MAX) return true; /* they are counted by the lower tiers */
  if (TZ_LIKELY(!th->vm->options.stress_tier)) return false;
  n->random = n->random * 6364136223846793005u + 1442695040888963407u;
  return (n->random >> 40 & 7) == 0;
}

int64_t tz_native_poll(tz_thread *th) {
  tz_native *n = tz_native_of(th->vm);
  const void *const *record = BEGIN_SAFEPOINT(th);
  tz_ticker_wake(n);
  n->clock++;
  __atomic_store_n(&th->poll, n->is_restless, __ATOMIC_RELAXED);
  tz_gc_safepoint_stress(&th->mutator);
  tz_scheduler_poll(th);
  END_SAFEPOINT(th);
  return is_to_be_left(th, n, record[1]);
}

void tz_native_barrier(tz_thread *th, void *object, int64_t offset) {
  tz_gc_barrier_slow(&th->mutator, object, (const tz_word *)((char *)object + offset));
}

int64_t tz_native_same_text(const tz_string *a, const tz_string *b) {
  return a->length == b->length && memcmp(a->u8, b->u8, (size_t)a->length) == 0;
}

/* It is kept in the string's header, where no guest sees it. */
int64_t tz_native_hash_text(tz_string *s) { return tz_string_hash(s); }

int64_t tz_native_compare_text(const tz_string *a, const tz_string *b) { return tz_string_compare(a, b); }

int64_t tz_native_matches_text(const tz_string *s, const tz_string *part, int64_t at) {
  return tz_string_matches(s, part, at);
}

int64_t tz_native_find_text(const tz_string *s, const tz_string *part, int64_t start) {
  return tz_string_find(s, part, start);
}

int64_t tz_native_accepts(const tz_type *type, const void *object) {
  const tz_class *cls = tz_object_class(object);
  return cls != cls->vm->int_box_class && tz_type_accepts(type, object);
}

tz_function *tz_native_interface_method(const tz_class *cls, const tz_class *interface, int64_t method) {
  return tz_interface_method_nogc(cls, interface, (uint32_t)method);
}

/* ---- By name ---- */

typedef struct symbol {
  const char *name;
  void *address;
} symbol;

/* What LLVM may call of its own accord, and the stub. */
static const symbol symbols[] = {
#define TZ_CALL(name, RESULT, arguments, KIND, meaning) {#name, (void *)name},
#include "calls.def"
#undef TZ_CALL
    {"tz_vm_call_stub", (void *)tz_vm_call_stub},
    {"memcpy", (void *)memcpy},
    {"memmove", (void *)memmove},
    {"memset", (void *)memset},
    {"memcmp", (void *)memcmp},
    {"floor", (void *)(double (*)(double))floor},
    {"ceil", (void *)(double (*)(double))ceil},
    {"sqrt", (void *)(double (*)(double))sqrt},
    {"trunc", (void *)(double (*)(double))trunc},
    {"fmod", (void *)(double (*)(double, double))fmod},
};

void *tz_native_symbol(const char *name) {
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
    if (strcmp(symbols[i].name, name) == 0) return symbols[i].address;
  return NULL;
}
