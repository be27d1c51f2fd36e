/* compile.c: see compile.h. LLVM's shared object lies beside the executable; TERZA_LLVM names another place.
 */
#include "baseline.h"
#include "dependencies.h"
#include "log.h"
#include "terza/lowmem.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- LLVM ---- */

static bool library_path(char *path, size_t room) {
  const char *given = getenv("TERZA_LLVM");
  if (given != NULL) return snprintf(path, room, "%s", given) < (int)room;
  ssize_t n = readlink("/proc/self/exe", path, room - 1);
  if (n <= 0) return false;
  path[n] = 0;
  char *slash = strrchr(path, '/');
  size_t left = room - (size_t)(slash + 1 - path);
  return snprintf(slash + 1, left, "libterza-llvm.so") < (int)left;
}

bool tz_compile_open(tz_compile_backend *backend, char *problem, size_t room) {
  char path[4096];
  if (!library_path(path, sizeof path))
    return snprintf(problem, room, "the executable's folder is not known"), false;
  backend->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (backend->library == NULL) return snprintf(problem, room, "%s", dlerror()), false;
  backend->api = dlsym(backend->library, "tz_llvm_api");
  bool fits = backend->api != NULL && backend->api->version == TZ_LLVM_API;
  backend->llvm = fits ? backend->api->make() : NULL;
  if (backend->llvm != NULL) return true;
  snprintf(problem, room, fits ? "LLVM knows no target for this machine" : "%s belongs to another version",
           path);
  return false;
}

/* The library itself stays: LLVM's threads and handlers may still refer to it. */
void tz_compile_close(tz_compile_backend *backend) {
  if (backend->llvm != NULL) backend->api->free(backend->llvm);
  backend->llvm = NULL;
}

/* ---- Compiling ---- */

/* False: no memory; the graph may only be freed. */
static bool optimize(tz_graph *g, const tz_pass_options *options) {
  jmp_buf escape;
  if (setjmp(escape)) return false;
  g->escape = &escape;
  tz_graph_optimize(g, options);
  g->escape = NULL;
  return true;
}

static tz_graph *make_graph(const tz_compile_job *job, tz_compile_result *result) {
  uint64_t start = now();
  const char *problem;
  tz_graph *g = tz_graph_build(job->vm, job->function, job->osr_pc, &job->build, &problem);
  uint64_t built = now();
  result->build_ns = built - start;
  if (g == NULL) {
    snprintf(result->problem, sizeof result->problem, "%s", problem);
    return NULL;
  }
  tz_log_built(job->log, g);
  uint64_t begun = now();
  bool ok = optimize(g, &job->passes);
  result->passes_ns = now() - begun;
  result->n_nodes = g->n_nodes;
  for (tz_inline_decision *d = g->decisions; d != NULL; d = d->next) result->n_decisions += d->is_inlined;
  if (ok) tz_log_optimized(job->log, g);
  if (ok) return g;
  snprintf(result->problem, sizeof result->problem, "no memory for its graph, or it would take too much");
  tz_graph_free(g);
  return NULL;
}

static void take_problem(tz_compile_result *result, char *problem) {
  snprintf(result->problem, sizeof result->problem, "%s", problem != NULL ? problem : "no memory");
  free(problem);
}

/* Takes the object's parts over, and is_valid if there is a code then. */
static void load(struct tz_code_memory *memory, const tz_compile_job *job, const tz_graph *g,
                 tz_llvm_result *object, volatile int64_t *is_valid, tz_compile_result *result) {
  uint64_t start = now();
  char *problem = NULL;
  tz_native_code *code = tz_native_load(memory, object->object, object->bytes, job->function, job->osr_pc,
                                        NULL, NULL, object->states, &problem);
  free(object->object);
  if (code == NULL) take_problem(result, problem);
  else if (!tz_dependencies_take(code, g)) {
    tz_native_code_free(memory, code);
    take_problem(result, NULL);
  } else {
    code->is_valid = is_valid;
    result->code = code;
  }
  result->load_ns = now() - start;
}

void tz_compile_free_code(tz_vm *vm, tz_native_code *code) {
  if (code == NULL) return;
  tz_lowmem_release(vm->lowmem, (void *)code->is_valid, sizeof *code->is_valid);
  tz_native_code_free(&vm->jit->memory, code);
}

tz_compile_result tz_compile(tz_compile_backend *backend, struct tz_code_memory *memory,
                             const tz_compile_job *job) {
  tz_compile_result result = {0};
  tz_graph *g = make_graph(job, &result);
  if (g == NULL) return result;
  volatile int64_t *is_valid = tz_lowmem_alloc(job->vm->lowmem, sizeof *is_valid);
  if (is_valid != NULL) *is_valid = 1;
  tz_llvm_request request = {.graph = g,
                             .is_valid = is_valid,
                             .dump_llvm = job->dump_llvm,
                             .dump_asm = job->dump_asm,
                             .to = job->dump,
                             .limit_ns = job->limit_ns,
                             .is_to_fail = job->is_to_fail,
                             .no_loop_predication = job->no_loop_predication};
  uint64_t start = now();
  tz_llvm_result object = {0};
  if (is_valid != NULL) object = backend->api->compile(backend->llvm, &request);
  result.llvm_ns = now() - start;
  result.is_broken = object.is_broken;
  if (object.object == NULL) take_problem(&result, object.problem);
  else load(memory, job, g, &object, is_valid, &result);
  tz_graph_free(g);
  if (result.code == NULL) tz_lowmem_release(job->vm->lowmem, (void *)is_valid, sizeof *is_valid);
  return result;
}
