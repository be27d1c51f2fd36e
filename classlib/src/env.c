/* env.c: natives of module env. */
#include "library.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

static bool env_argument_list(tz_thread *th, tz_word *args) {
  tz_vm *vm = tz_thread_vm(th);
  return tz_give_ref(args, tz_text_array_new(th, vm->arguments, (size_t)vm->n_arguments));
}

static bool env_get(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  char *name = tz_c_string(th, tz_arg_string(args, 0));
  if (name == NULL) return false;
  const char *value = getenv(name);
  free(name);
  if (value == NULL) return tz_give_null(args);
  return tz_give_ref(args, tz_text_new(th, value, strlen(value)));
}

static bool env_variable_names(tz_thread *th, tz_word *args) {
  int64_t count = 0;
  while (environ != NULL && environ[count] != NULL) count++;
  tz_array *names = tz_string_array_new(th, count);
  tz_word *root = names == NULL ? NULL : tz_root_push(th, names);
  if (root == NULL) return false;
  bool ok = true;
  for (int64_t i = 0; ok && i < count; i++) {
    tz_string *name = tz_text_new(th, environ[i], strcspn(environ[i], "="));
    ok = name != NULL;
    if (ok) tz_array_store_ref(th, root->p, i, name);
  }
  args[0].p = root->p;
  tz_root_pop(th, 1);
  return ok;
}

static bool env_exit(tz_thread *th, tz_word *args) {
  tz_vm *vm = tz_thread_vm(th);
  int status = (int)(args[0].i & 0xff);
  if (vm->hooks.exit != NULL) return vm->hooks.exit(th, status); /* a host does not end with its guest */
  tz_vm_flush(vm);
  if (vm->hooks.process_end != NULL) vm->hooks.process_end(vm);
  fflush(NULL);
  _exit(status); /* exit would run destructors of libraries that other threads may be in */
}

static bool env_cwd(tz_thread *th, tz_word *args) {
  char *path = getcwd(NULL, 0);
  if (path == NULL) return tz_raise_io(th, "find", "the current directory", errno);
  tz_string *s = tz_text_new(th, path, strlen(path));
  free(path);
  return tz_give_ref(args, s);
}

static bool env_pid(tz_thread *th, tz_word *args) { return (void)th, tz_give_int(args, getpid()); }

static bool env_hostname(tz_thread *th, tz_word *args) {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return tz_raise_io(th, "find", "the host's name", errno);
  return tz_give_ref(args, tz_text_new(th, name, strlen(name)));
}

static bool env_system(tz_thread *th, tz_word *args) {
  return tz_give_ref(args, tz_string_new(th, "linux", 5));
}

static bool env_processors(tz_thread *th, tz_word *args) {
  (void)th;
  cpu_set_t set;
  return tz_give_int(args, sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1);
}

static bool env_is_terminal(tz_thread *th, tz_word *args) {
  return (void)th, tz_give_int(args, args[0].i >= 0 && args[0].i <= 2 && isatty((int)args[0].i));
}

bool tz_register_env(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"argumentList", "()[string]", env_argument_list},
      {"get", "(string)string", env_get},
      {"variableNames", "()[string]", env_variable_names},
      {"exit", "(i64)void", env_exit},
      {"cwd", "()string", env_cwd},
      {"pid", "()i64", env_pid},
      {"hostname", "()string", env_hostname},
      {"system", "()string", env_system},
      {"processors", "()i64", env_processors},
      {"isTerminal", "(i64)bool", env_is_terminal},
  };
  return tz_natives_register(vm, "env", defs, TZ_COUNT(defs));
}
