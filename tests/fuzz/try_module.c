/* try_module.c: see try_module.h. What a module does cannot matter, only that nothing breaks. */
#include "try_module.h"
#include "terza/loader.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static bool native_nothing(tz_thread *th, tz_word *args) {
  (void)th, (void)args;
  return true;
}
static bool native_text(tz_thread *th, tz_word *args) {
  tz_string *text = tz_string_new(th, "text", 4);
  if (text == NULL) return false;
  args[0].p = text;
  return true;
}
/* The natives that guest programs in assembly import, but silent. */
static const tz_native_def natives[] = {
    {"printLine", "(string)void", native_nothing},
    {"intToStr", "(i64)string", native_text},
    {"floatToStr", "(f64)string", native_text},
    {"anyToStr", "(any)string", native_text},
};

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

static try_result link_and_run(const uint8_t *bytes, size_t length) {
  tz_options options = *tz_options_default();
  options.heap_limit = 4 << 20;
  options.nursery_size = 64 << 10;
  options.stack_limit = 64 << 10;
  options.step_limit = 300;
  options.stress_safepoint = length % 3 == 0 ? 7 : 0;
  options.verify_heap = true;
  tz_vm *vm = tz_vm_new(&options);
  if (vm == NULL) return TRY_UNLINKED;
  tz_load_error error;
  tz_natives_register(vm, "core", natives, sizeof natives / sizeof *natives);
  tz_module *module = tz_module_load(vm, bytes, length, &error);
  if (module != NULL) {
    run(vm, module->init);
    run(vm, module->main);
  }
  tz_vm_free(vm);
  return module != NULL ? TRY_RUN : TRY_UNLINKED;
}

try_result try_module(const uint8_t *bytes, size_t length, bool is_run) {
  tz_image_error error;
  tz_image *image = tz_image_read(bytes, length, &error);
  if (image == NULL) return TRY_UNREADABLE;
  bool is_accepted = tz_image_verify(image, &error);
  tz_image_free(image);
  if (!is_accepted) return TRY_REFUSED;
  return is_run ? link_and_run(bytes, length) : TRY_RUN;
}
