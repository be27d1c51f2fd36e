/* try_module.c: see try_module.h. What a module does cannot matter, only that nothing breaks. */
#include "try_module.h"
#include "signature.h"
#include "terza/arena.h"
#include "terza/jit.h"
#include "terza/loader.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static bool native_nothing(tz_thread *th, tz_word *args) {
  (void)th, (void)args;
  return true;
}
static bool native_null(tz_thread *th, tz_word *args) {
  (void)th;
  args[0].u = 0;
  return true;
}
static bool native_text(tz_thread *th, tz_word *args) {
  tz_string *text = tz_string_new(th, "text", 4);
  if (text == NULL) return false;
  args[0].p = text;
  return true;
}

static tz_native_fn native_for(const tz_image *image, const tz_function_entry *f) {
  tz_kind result = image->types[image->signatures[f->signature].result].kind;
  return result == TZ_KIND_VOID ? native_nothing : result == TZ_KIND_STRING ? native_text : native_null;
}

static const char *keep_text(tz_arena *arena, const char *at, size_t length) {
  char *copy = tz_arena_alloc(arena, length + 1);
  if (copy != NULL) memcpy(copy, at, length);
  return copy;
}

/* Every native that a verified image imports, silent: text for strings, null and zero otherwise. */
static void register_natives(tz_vm *vm, const tz_image *image, tz_arena *arena) {
  for (uint32_t i = 0; i < image->n_imported_functions; i++) {
    const tz_function_entry *f = &image->functions[i];
    char signature[1000] = "";
    size_t at = 0;
    if (!(f->flags & TZ_FUNCTION_NATIVE) ||
        !tz_signature_text_append(image, f->signature, TZ_STYLE_NATIVE, signature, sizeof signature, &at))
      continue;
    const char *module = keep_text(arena, f->module.at, f->module.length);
    tz_native_def *def = tz_arena_alloc(arena, sizeof *def);
    if (module == NULL || def == NULL || strcmp(module, "tz") == 0) continue;
    *def = (tz_native_def){keep_text(arena, f->name.at, f->name.length), keep_text(arena, signature, at),
                           native_for(image, f)};
    if (def->name != NULL && def->signature != NULL) tz_natives_register(vm, module, def, 1);
  }
}

/* Interrupts the VM again and again from 40 ms on: a program that waits for ever is cancelled. */
typedef struct watchdog {
  tz_vm *vm;
  pthread_mutex_t lock;
  pthread_cond_t end;
  bool is_over;
} watchdog;

static struct timespec in_milliseconds(long n) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += n * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

static void *watch(void *data) {
  watchdog *w = data;
  struct timespec at = in_milliseconds(40);
  pthread_mutex_lock(&w->lock);
  while (!w->is_over) {
    if (pthread_cond_timedwait(&w->end, &w->lock, &at) == 0) continue;
    tz_vm_interrupt(w->vm);
    at = in_milliseconds(2);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

static void run(tz_vm *vm, tz_function *f) {
  tz_word args[1] = {{0}}, result;
  tz_ref exception;
  pthread_t thread;
  watchdog w = {.vm = vm, .lock = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER};
  if (f == NULL || pthread_create(&thread, NULL, watch, &w) != 0) return;
  tz_vm_run(vm, f, args, (int)f->n_params, &result, &exception);
  pthread_mutex_lock(&w.lock);
  w.is_over = true;
  pthread_cond_signal(&w.end);
  pthread_mutex_unlock(&w.lock);
  pthread_join(thread, NULL);
}

/* Every second module runs as compiled code, half of those while switching tiers at random. */
static void choose_tiers(tz_options *options, const uint8_t *bytes, size_t length) {
  unsigned choice = 0;
  for (size_t i = 0; i < length; i++) choice = choice * 31 + bytes[i];
  options->jit = choice & 1 ? TZ_JIT_BASELINE : TZ_JIT_OFF;
  options->jit_threshold = 0;
  options->stress_tier = choice & 2;
}

static try_result link_and_run(const uint8_t *bytes, size_t length, const tz_image *image) {
  tz_options options = *tz_options_default();
  options.heap_limit = 4 << 20;
  options.nursery_size = 64 << 10;
  options.stack_limit = 64 << 10;
  options.step_limit = 300;
  options.stress_safepoint = length % 3 == 0 ? 7 : 0;
  options.verify_heap = true;
  choose_tiers(&options, bytes, length);
  tz_vm *vm = tz_vm_new(&options);
  tz_arena *arena = tz_arena_new();
  if (vm == NULL || arena == NULL || !tz_jit_attach(vm)) abort();
  tz_load_error error;
  register_natives(vm, image, arena);
  tz_module *module = tz_module_load(vm, bytes, length, &error);
  if (module != NULL) {
    run(vm, module->init);
    run(vm, module->main);
  }
  tz_vm_free(vm);
  tz_arena_free(arena);
  return module != NULL ? TRY_RUN : TRY_UNLINKED;
}

try_result try_module(const uint8_t *bytes, size_t length, bool is_run) {
  tz_image_error error;
  tz_image *image = tz_image_read(bytes, length, &error);
  if (image == NULL) return TRY_UNREADABLE;
  try_result result = TRY_REFUSED;
  if (tz_image_verify(image, &error)) result = is_run ? link_and_run(bytes, length, image) : TRY_RUN;
  tz_image_free(image);
  return result;
}
