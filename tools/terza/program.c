/* program.c: a VM with the class library; `terza run` and `terza test`. */
#include "program.h"
#include "terza/classlib.h"
#include "terza/jit.h"
#include "terza/loader.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

tz_vm *program_vm(command_line *line, char **args, int n_args) {
  tz_vm *vm = tz_vm_new(&line->options);
  if (vm) tz_jit_attach(vm); /* without memory for code it interprets */
  if (vm && tz_jit_problem(vm)) {
    command_fail(line, "%s", tz_jit_problem(vm));
    tz_vm_free(vm);
    return NULL;
  }
  if (vm && tz_classlib_register(vm)) {
    vm->arguments = (const char *const *)args;
    vm->n_arguments = n_args;
    crash_report_install(vm);
    return vm;
  }
  if (vm) tz_vm_free(vm);
  command_fail(line, "cannot make a machine: out of memory (is --heap-limit too small?)");
  return NULL;
}

void program_end(tz_vm *vm) {
  tz_vm_flush(vm);
  crash_report_install(NULL);
  tz_vm_free(vm);
}

bool program_call(tz_vm *vm, tz_function *f, const tz_word *args, int n, tz_word *result) {
  tz_ref error = {0};
  tz_word ignored;
  bool done = tz_vm_run(vm, f, args, n, result ? result : &ignored, &error);
  tz_vm_flush(vm);
  if (done) return true;
  char *text = tz_error_text(vm, (void *)error.word);
  fprintf(stderr, "uncaught %s", text ? text : "error\n");
  free(text);
  return false;
}

tz_module *program_load(tz_vm *vm, tz_image *image, const char *path, int *status) {
  tz_load_error error;
  tz_module *module = tz_module_link(vm, image, &error);
  *status = EXIT_NOT_STARTED;
  if (!module) {
    tz_image_free(image);
    fprintf(stderr, "%s: error: %s\n", path, error.message);
    return NULL;
  }
  *status = EXIT_PROGRAM_FAILED;
  if (module->init && !program_call(vm, module->init, NULL, 0, NULL)) return NULL;
  module->initialised = true;
  *status = EXIT_DONE;
  return module;
}

/* The program's arguments as [string]; NULL: out of memory. */
static tz_array *argument_array(tz_vm *vm) {
  tz_thread *th = vm->thread;
  tz_type *type = tz_type_array(vm, tz_type_simple(vm, TZ_KIND_STRING));
  tz_array *array = type ? tz_array_new_of(th, type, vm->n_arguments) : NULL;
  tz_word *root = array ? tz_root_push(th, array) : NULL;
  if (!root) return NULL;
  for (int i = 0; i < vm->n_arguments; i++) {
    size_t length = strlen(vm->arguments[i]);
    tz_string *s =
        tz_utf8_is_valid(vm->arguments[i], length) ? tz_string_new(th, vm->arguments[i], length) : NULL;
    if (s) tz_array_store_ref(th, root->p, i, s);
    else if (th->exception) break;
  }
  array = th->exception ? NULL : root->p;
  tz_root_pop(th, 1);
  return array;
}

/* main takes nothing, or the arguments as [string]; gives nothing, or the exit status. */
static int call_main(tz_vm *vm, tz_function *f) {
  tz_word args[1] = {{0}}, result = {0};
  int n = (int)f->n_params;
  if (n == 1) {
    args[0].p = argument_array(vm);
    if (!args[0].p)
      return fputs("terza run: no memory for the program's arguments\n", stderr), EXIT_NOT_STARTED;
  }
  if (!program_call(vm, f, args, n, &result)) return EXIT_PROGRAM_FAILED;
  return f->signature->result->kind == TZ_KIND_I64 ? (int)(result.u & 0xff) : EXIT_DONE;
}

/* Output that did not reach its destination (a full disk, say) is the program's failure. */
static bool output_is_whole(tz_vm *vm) {
  tz_vm_flush(vm);
  int error = tz_vm_output_error(vm);
  if (error == 0) return true;
  fprintf(stderr, "terza run: cannot write the program's output: %s\n", strerror(error));
  return false;
}

/* By its name in the table, or with the module's name before it. */
static tz_function *find_function(tz_module *module, const char *name) {
  tz_function *f = tz_module_function(module, name);
  for (uint32_t i = 0; i < module->n_functions && !f; i++)
    if (strcmp(module->functions[i]->name, name) == 0) f = module->functions[i];
  return f;
}

/* --dump=WHAT:FUNCTION, WHAT being graph, llvm, asm, separated by commas. */
static void dump_compiled(command_line *line, tz_vm *vm, tz_module *module) {
  const char *problem = "there is no such function in the program", *colon = strchr(line->dump, ':');
  if (!colon) {
    command_fail(line, "--dump wants graph, llvm or asm, a colon, and a function's name");
    return;
  }
  tz_function *f = find_function(module, colon + 1);
  char what[64];
  snprintf(what, sizeof what, "%.*s", (int)(colon - line->dump), line->dump);
  if (!f || !tz_jit_dump(vm, f, what, stdout, &problem))
    command_fail(line, "cannot show %s: %s", colon + 1, problem);
}

/* A compiler thread may have work for some tens of milliseconds: nobody waits for that at the end of a
 * process, unless figures are wanted. */
static void end_process(tz_vm *vm, int status) {
  const tz_options *o = &vm->options;
  if (!tz_jit_is_compiling(vm) || o->dump_stats || o->dump_stats_json || o->dump_profile ||
      o->jit_log[0] != 0)
    return;
  tz_vm_abandon(vm);
  fflush(NULL);
  _exit(status);
}

int program_run(command_line *line, tz_image *image) {
  const char *path = line->args[0];
  tz_vm *vm = program_vm(line, line->args + 1, line->n_args - 1);
  int status = EXIT_NOT_STARTED;
  if (!vm) tz_image_free(image);
  tz_module *module = vm ? program_load(vm, image, path, &status) : NULL;
  if (module && module->main) status = call_main(vm, module->main);
  if (module && line->dump) dump_compiled(line, vm, module);
  if (vm && !output_is_whole(vm)) status = EXIT_PROGRAM_FAILED;
  if (vm) end_process(vm, status);
  if (vm) program_end(vm);
  return status;
}

int command_run(command_line *line) {
  if (!command_take_options(line)) return EXIT_NOT_STARTED;
  if (line->n_args == 0) return command_fail(line, "name a program");
  char *bytes;
  tz_image *image = command_read_image(line, line->args[0], &bytes);
  if (!image) return EXIT_NOT_STARTED;
  int status = program_run(line, image);
  free(bytes);
  return status;
}

/* ---- test ---- */

typedef struct tally {
  int passed, failed, broken;
} tally;

static void test_file(command_line *line, const char *path, tally *t) {
  rima_compiler *compiler = command_compiler(line, false, true);
  if (!compiler) return;
  rima_result result = rima_compile_file(compiler, path);
  command_print_diagnostics(result.diagnostics);
  int status = EXIT_NOT_STARTED;
  tz_vm *vm = result.image ? program_vm(line, NULL, 0) : NULL;
  tz_module *module = vm && result.test_count > 0 ? program_load(vm, result.image, path, &status) : NULL;
  if (!result.image || !vm || (result.test_count > 0 && !module)) t->broken++;
  if (!vm) tz_image_free(result.image);
  for (uint32_t i = 0; module && i < result.test_count; i++) {
    const rima_test *test = &result.tests[i];
    tz_function *f = tz_module_function(module, test->function);
    if (f && program_call(vm, f, NULL, 0, NULL)) t->passed++;
    else {
      t->failed++;
      printf("FAILED %s:%u: %s\n", test->path, test->line, test->title);
    }
  }
  if (vm) program_end(vm);
  rima_compiler_free(compiler);
}

static void test_path(command_line *line, const char *path, tally *t) {
  struct stat st;
  struct dirent **names;
  if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
    test_file(line, path, t);
    return;
  }
  int n = scandir(path, &names, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char child[4096];
    snprintf(child, sizeof child, "%s/%s", path, names[i]->d_name);
    bool visible = names[i]->d_name[0] != '.';
    if (visible && stat(child, &st) == 0 && (S_ISDIR(st.st_mode) || command_ends_with(child, ".rima")))
      test_path(line, child, t);
    free(names[i]);
  }
  if (n >= 0) free(names);
}

int command_test(command_line *line) {
  if (!command_take_options(line) || !command_no_flags_left(line)) return EXIT_NOT_STARTED;
  if (line->n_args == 0) return command_fail(line, "name a file or folder");
  tally t = {0};
  for (int i = 0; i < line->n_args; i++) test_path(line, line->args[i], &t);
  printf("%d passed, %d failed\n", t.passed, t.failed + t.broken);
  return t.broken ? EXIT_NOT_STARTED : t.failed ? EXIT_PROGRAM_FAILED : EXIT_DONE;
}
