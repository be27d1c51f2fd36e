/* embed.c: machines for a host: making, loading, calling. terza.h has the contracts. */
#include "embed.h"
#include "terza/classlib.h"
#include "terza/jit.h"
#include "terza/linking.h"
#include "terza/loader.h"
#include "terza/options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making ---- */

void terza_config_init(terza_config *config) { *config = (terza_config){.size = sizeof *config}; }

static void write_to_host(tz_vm *vm, int fd, const char *bytes, size_t n) {
  terza_vm *owner = vm->host;
  owner->write(owner->host, fd, bytes, n);
}

/* env.exit ends the run, not the host. */
static bool exit_run(tz_thread *th, int status) {
  return tz_raise(th, TZ_ERROR_CANCELLED, "the program ended itself with status %d", status);
}

static bool options_of(const terza_config *config, tz_options *options, terza_error *error) {
  char why[256];
  *options = *tz_options_default();
  if (config->options != NULL && !tz_options_parse_list(options, config->options, why, sizeof why))
    return embed_fail(error, "HostError", "%s", why);
  if (config->memory_limit > 0) options->heap_limit = (int64_t)config->memory_limit;
  if (config->step_limit > 0) options->step_limit = (int64_t)config->step_limit;
  return true;
}

terza_vm *terza_new(const terza_config *config, terza_error *error) {
  terza_config defaults;
  tz_options options;
  terza_config_init(&defaults);
  if (config == NULL) config = &defaults;
  if (config->size != sizeof *config) {
    embed_fail(error, "HostError", "the configuration was not set up by terza_config_init");
    return NULL;
  }
  if (!options_of(config, &options, error)) return NULL;
  terza_vm *owner = calloc(1, sizeof *owner);
  if (owner != NULL) owner->vm = tz_vm_new(&options);
  if (owner != NULL && owner->vm != NULL) tz_jit_attach(owner->vm); /* without memory for code it interprets */
  if (owner != NULL && owner->vm != NULL && tz_jit_problem(owner->vm) != NULL) {
    embed_fail(error, "HostError", "%s", tz_jit_problem(owner->vm));
    terza_free(owner);
    return NULL;
  }
  if (owner == NULL || owner->vm == NULL || !tz_classlib_register(owner->vm)) {
    terza_free(owner);
    embed_fail(error, "HostError", "no memory for a machine");
    return NULL;
  }
  owner->write = config->write;
  owner->host = config->host;
  owner->step_limit = (uint64_t)options.step_limit;
  owner->vm->host = owner;
  owner->vm->hooks.exit = exit_run;
  if (config->write != NULL) owner->vm->hooks.write = write_to_host;
  owner->vm->n_arguments = config->n_arguments;
  owner->vm->arguments = config->arguments;
  return owner;
}

void terza_free(terza_vm *owner) {
  if (owner == NULL) return;
  while (owner->handles != NULL) terza_handle_release(owner->handles);
  tz_vm_free(owner->vm);
  rima_compiler_free(owner->compiler);
  embed_natives_free(owner);
  free(owner);
}

void *terza_host(terza_vm *owner) { return owner->host; }
void terza_interrupt(terza_vm *owner) { tz_vm_interrupt(owner->vm); }
void terza_set_step_limit(terza_vm *owner, uint64_t steps) {
  owner->step_limit = steps;
  if (owner->vm->thread->process != NULL) tz_vm_set_step_limit(owner->vm, (int64_t)steps);
}
void terza_set_memory_limit(terza_vm *owner, uint64_t bytes) {
  tz_gc_set_limit(owner->vm->heap, (size_t)bytes);
}
void terza_collect(terza_vm *owner) { tz_gc_collect(&owner->vm->thread->mutator, TZ_GC_FULL); }

uint64_t terza_memory_used(terza_vm *owner) {
  tz_gc_stats s;
  tz_gc_get_stats(owner->vm->heap, &s);
  return s.young_bytes + s.old_bytes + s.large_bytes + s.permanent_bytes + s.external_bytes;
}

/* ---- loading ---- */

static bool run(terza_vm *owner, tz_function *f, const tz_word *args, int n, tz_word *result,
                terza_error *error) {
  tz_ref exception = {0};
  bool is_outermost = owner->vm->thread->process == NULL;
  if (is_outermost) tz_vm_set_step_limit(owner->vm, (int64_t)owner->step_limit);
  if (tz_vm_run(owner->vm, f, args, n, result, &exception)) return true;
  return embed_fail_guest(owner, error, exception);
}

static bool initialise(terza_vm *owner, tz_module *module, terza_error *error) {
  if (module->init != NULL && !run(owner, module->init, NULL, 0, NULL, error)) return false;
  return module->initialised = true;
}

bool terza_load_module(terza_vm *owner, const void *bytes, size_t length, terza_error *error) {
  tz_load_error why;
  tz_module *module = tz_module_load(owner->vm, bytes, length, &why);
  if (module == NULL) return embed_fail(error, "ModuleError", "%s", why.message);
  return initialise(owner, module, error);
}

static bool fail_compile(terza_error *error, rima_diagnostics *diagnostics) {
  embed_fail(error, "CompileError", "%s", rima_diagnostics_render(diagnostics, false));
  if (error == NULL || diagnostics->count == 0) return false;
  const rima_diagnostic *first = diagnostics->items;
  rima_source *source = rima_session_source(diagnostics->session, first->span.start);
  if (source == NULL) return false;
  rima_place place = rima_source_place(diagnostics->session, source, first->span.start);
  free(error->file);
  error->file = strdup(source->path);
  error->line = place.line;
  error->column = place.column;
  return false;
}

static bool load_image(terza_vm *owner, tz_image *image, terza_error *error) {
  tz_load_error why;
  tz_module *module = tz_module_link(owner->vm, image, &why);
  if (module != NULL) return initialise(owner, module, error);
  tz_image_free(image);
  return embed_fail(error, "ModuleError", "%s", why.message);
}

bool terza_load_source(terza_vm *owner, const char *path, const char *text, size_t length,
                       terza_error *error) {
  if (owner->compiler == NULL) {
    rima_options options = {.is_open_world = true};
    options.library = (const rima_library_entry *)tz_classlib_sources(&options.library_count);
    owner->compiler = rima_compiler_new(&options);
  }
  if (owner->compiler == NULL) return embed_fail(error, "HostError", "no memory for the compiler");
  rima_result result = rima_compile_text(owner->compiler, path, text, length);
  if (result.image == NULL) return fail_compile(error, result.diagnostics);
  return load_image(owner, result.image, error);
}

static char *read_file(const char *path, size_t *length) {
  char *text = NULL;
  FILE *f = fopen(path, "rbe");
  if (f == NULL) return NULL;
  if (fseek(f, 0, SEEK_END) == 0) {
    long size = ftell(f);
    rewind(f);
    text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (text != NULL) *length = fread(text, 1, (size_t)size, f);
  }
  fclose(f);
  return text;
}

bool terza_load_file(terza_vm *owner, const char *path, terza_error *error) {
  size_t length, n = strlen(path);
  char *text = read_file(path, &length);
  if (text == NULL) return embed_fail(error, "HostError", "%s: %s", path, strerror(errno));
  bool is_module = n > 4 && strcmp(path + n - 4, ".tzm") == 0;
  bool ok = is_module ? terza_load_module(owner, text, length, error)
                      : terza_load_source(owner, path, text, length, error);
  free(text);
  return ok;
}

/* ---- calling ---- */

terza_function *terza_find(terza_vm *owner, const char *name) {
  for (tz_module *m = owner->vm->modules; m != NULL; m = m->next)
    for (uint32_t i = 0; i < m->n_functions; i++)
      if (m->functions[i] != NULL && strcmp(m->functions[i]->name, name) == 0)
        return (terza_function *)m->functions[i];
  return NULL;
}

const char *terza_function_signature(terza_vm *owner, terza_function *function, char *to, size_t room) {
  (void)owner;
  tz_sig_text(((tz_function *)function)->signature, to, room);
  return to;
}

enum { MOST_ARGUMENTS = 64 };

/* Converts all arguments: each that is a reference stays rooted while the others are made. */
static bool convert(terza_vm *owner, const tz_function *f, const terza_value *arguments, tz_word *args,
                    terza_error *error) {
  tz_thread *th = owner->vm->thread;
  tz_word *roots[MOST_ARGUMENTS];
  int n_roots = 0;
  bool ok = true;
  for (uint32_t i = 0; ok && i < f->n_params; i++) {
    const char *why = "out of memory";
    const tz_type *type = f->signature->params[i];
    ok = embed_to_word(owner, type, &arguments[i], &args[i], &why);
    roots[i] = NULL;
    if (ok && (type->rep == 'R' || type->rep == 'Y')) {
      ok = (roots[i] = tz_root_push(th, args[i].p)) != NULL;
      n_roots += ok;
    }
    if (!ok) embed_fail(error, "HostError", "argument %u of %s: %s", i + 1, f->name, why);
  }
  for (uint32_t i = 0; ok && i < f->n_params; i++)
    if (roots[i] != NULL) args[i] = *roots[i];
  tz_root_pop(th, n_roots);
  return ok;
}

bool terza_call(terza_vm *owner, terza_function *function, const terza_value *arguments, size_t n,
                terza_value *result, terza_error *error) {
  tz_function *f = (tz_function *)function;
  tz_word args[MOST_ARGUMENTS], word = {0};
  if (n != f->n_params || n > MOST_ARGUMENTS)
    return embed_fail(error, "HostError", "%s takes %u arguments, not %zu", f->name, f->n_params, n);
  if (!convert(owner, f, arguments, args, error)) return false;
  if (!run(owner, f, args, (int)n, &word, error)) return false;
  if (result == NULL) return true;
  return embed_from_word(owner, f->signature->result, word, result) ||
         embed_fail(error, "HostError", "out of memory");
}

bool terza_call_name(terza_vm *owner, const char *name, const terza_value *arguments, size_t n,
                     terza_value *result, terza_error *error) {
  terza_function *f = terza_find(owner, name);
  if (f == NULL) return embed_fail(error, "HostError", "there is no function %s", name);
  return terza_call(owner, f, arguments, n, result, error);
}
