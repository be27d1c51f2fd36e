/* two_machines.c: two machines in one program share nothing; each one's output goes to the host; a run is
 * cancelled from another thread. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <terza/terza.h>
#include <time.h>

static const char program[] =
    "var count = 0\n"
    "fun add(n: int): int { count += n; print(\"count is ${count}\"); return count }\n"
    "fun wait() { Channel[int](0).recv() }\n"
    "fun spin() { while true { } }\n";

typedef struct console {
  const char *name;
} console;

static void write_line(void *host, int fd, const char *bytes, size_t length) {
  console *c = host;
  printf("%s%s| %.*s", c->name, fd == 2 ? " error" : "", (int)length, bytes);
}

static terza_vm *make(console *c, terza_error *error) {
  terza_config config;
  terza_config_init(&config);
  config.write = write_line;
  config.host = c;
  terza_vm *vm = terza_new(&config, error);
  if (vm != NULL && terza_load_source(vm, "counter.rima", program, strlen(program), error)) return vm;
  terza_free(vm);
  return NULL;
}

static bool add(terza_vm *vm, int64_t n, terza_error *error) {
  terza_value argument = terza_int(n);
  return terza_call_name(vm, "counter.add", &argument, 1, NULL, error);
}

static void *cancel_soon(void *vm) {
  nanosleep(&(struct timespec){0, 20000000}, NULL);
  terza_interrupt(vm);
  return NULL;
}

static void run_cancelled(terza_vm *vm, const char *function, terza_error *error) {
  pthread_t other;
  if (pthread_create(&other, NULL, cancel_soon, vm) != 0) return;
  if (!terza_call_name(vm, function, NULL, 0, NULL, error)) printf("%s: %s\n", function, error->type);
  pthread_join(other, NULL);
}

int main(void) {
  terza_error error = {0};
  console left = {"left"}, right = {"right"};
  terza_vm *a = make(&left, &error), *b = make(&right, &error);
  if (a == NULL || b == NULL || !add(a, 1, &error) || !add(b, 10, &error) || !add(a, 2, &error)) {
    fprintf(stderr, "%s: %s\n", error.type, error.message);
    return EXIT_FAILURE;
  }
  run_cancelled(a, "counter.spin", &error);
  if (!terza_call_name(b, "counter.wait", NULL, 0, NULL, &error)) printf("counter.wait: %s\n", error.type);
  terza_error_clear(&error);
  terza_free(a);
  terza_free(b);
  return EXIT_SUCCESS;
}
