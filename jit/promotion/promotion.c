/* promotion.c: see promotion.h.
 *
 * `lock` guards the queue, what is done, and the lists of requests while one is added; the code list and the
 * functions' entries are the guest's thread's alone. */
#include "promotion.h"
#include "baseline.h"
#include "dependencies.h"
#include "eviction.h"
#include "log.h"
#include "outline.h"
#include "places.h"
#include "seen.h"
#include "interp.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
  COMPILER_STACK = 16 << 20,
  SWEEP_SLICES =
      64, /* from one look for frames of retired code to the next; twice as many after each in vain */
  MOST_DOUBLINGS = 10,
};

typedef struct request { /* one function and entry, for the life of the VM */
  struct request *next;  /* of the same function */
  struct request *next_of_all, *next_queued;
  tz_function *function;
  uint32_t osr_pc;
  uint32_t heat_asked;                                    /* of the function, and */
  uint64_t slices_asked;                                  /* of all, when it was queued */
  atomic_uint n_compiled, n_deopts, n_throws, n_given_up; /* written by one thread, read by both */
  uint32_t n_evicted;
  uint32_t wanted_heat;      /* not before */
  uint64_t start_ns, end_ns; /* of the last compilation */
  bool is_queued;
  atomic_bool is_refused;   /* for good */
  atomic_uint linked_bytes; /* of the code that the function's start leads to; 0: none */
  tz_native_code *code;     /* installed */
  tz_native_code *done;     /* by the compiler thread, to be installed */
} request;

struct tz_promotion {
  tz_vm *vm;
  pthread_mutex_t lock;
  pthread_mutex_t at_work; /* held while a graph is built and compiled */
  pthread_cond_t wake;
  pthread_t thread;
  bool has_thread;
  atomic_bool stops, is_compiling;
  request *requests;
  request *queue;
  atomic_uint n_done, n_queued;
  atomic_uint_least64_t compile_ns;
  tz_native_code *retired; /* given up; frames may still be in it */
  uint64_t sweep_at;       /* slices */
  uint32_t sweep_wait;
  int64_t stress_countdown; /* guards until the next random deoptimization */
  uint64_t random;
  tz_places places;
  tz_compile_backend backend;
  bool is_broken; /* LLVM cannot be had, or cannot be used any more: */
  char problem[200];
  char dump_problem[200]; /* of the last tz_promotion_dump */
  int64_t n_compilations;
  tz_promotion_stats stats;
};

/* ---- Requests ---- */

/* The compiler's thread must hold the lock. */
static request *find_request(const tz_function *f, uint32_t osr_pc) {
  const tz_tier *tier = __atomic_load_n(&f->tier, __ATOMIC_ACQUIRE);
  for (request *r = tier != NULL ? tier->promotions : NULL; r != NULL; r = r->next)
    if (r->osr_pc == osr_pc) return r;
  return NULL;
}

const tz_native_code *tz_promotion_code(const tz_function *f, uint32_t osr_pc) {
  const request *r = find_request(f, osr_pc);
  return r != NULL ? r->code : NULL;
}

static request *make_request(tz_promotion *p, tz_function *f, uint32_t osr_pc) {
  request *r = find_request(f, osr_pc);
  tz_tier *tier = f->tier;
  if (r != NULL || tier == NULL) return r;
  r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  *r = (request){.next = tier->promotions, .next_of_all = p->requests, .function = f, .osr_pc = osr_pc};
  pthread_mutex_lock(&p->lock); /* the compiler's thread looks callees up */
  p->requests = tier->promotions = r;
  pthread_mutex_unlock(&p->lock);
  return r;
}

/* ---- What the policy is told ---- */

static tz_jit_tier best_tier(const tz_function *f) {
  const tz_tier *tier = f->tier;
  if (f->compiled != NULL && f->compiled != (void *)tz_vm_call_stub) return TZ_TIER_OPTIMIZED;
  return tier != NULL && tier->baseline != NULL ? TZ_TIER_BASELINE : TZ_TIER_INTERPRETER;
}

/* On either thread: single words that the other goes on counting. */
static tz_jit_function function_facts(const tz_function *f, const request *r) {
  tz_jit_function facts = {
      .name = f->name, .words = f->n_words, .heat = f->heat, .loop_heat = f->loop_heat, .tier = best_tier(f)};
  if (r == NULL) return facts;
  facts.n_compiled = r->n_compiled;
  facts.n_deopts = r->n_deopts;
  facts.n_exceptions = r->n_throws;
  facts.n_given_up = r->n_given_up;
  return facts;
}

tz_jit_function tz_promotion_function(const tz_function *f, uint32_t osr_pc) {
  return function_facts(f, find_request(f, osr_pc));
}

tz_jit_machine tz_promotion_machine(const struct tz_jit *jit) {
  const tz_promotion *p = jit->promotion;
  return (tz_jit_machine){.slices = jit->n_slices,
                          .queue_length = p != NULL ? p->n_queued : 0,
                          .compile_ns = p != NULL ? p->compile_ns : 0};
}

static tz_jit_request request_facts(const tz_promotion *p, const request *r) {
  tz_jit_machine machine = tz_promotion_machine(p->vm->jit);
  return (tz_jit_request){.function = function_facts(r->function, r),
                          .entry = r->osr_pc,
                          .heat_asked = r->heat_asked,
                          .slices_waited = machine.slices - r->slices_asked,
                          .machine = machine};
}

/* ---- The queue ---- */

static void print_code(const request *r) {
  fprintf(stderr, "jit: %s", r->function->name);
  if (r->osr_pc != TZ_NO_OSR) fprintf(stderr, " at %u", r->osr_pc);
}

static void trace(const tz_promotion *p, const request *r, const char *what, const char *reason) {
  if (!p->vm->options.trace_jit) return;
  flockfile(stderr);
  print_code(r);
  fprintf(stderr, " %s: %s\n", what, reason);
  funlockfile(stderr);
}

static void enqueue(tz_promotion *p, request *r) {
  r->next_queued = p->queue;
  p->queue = r;
  p->n_queued++;
}

static void take_out(tz_promotion *p, request **at) {
  *at = (*at)->next_queued;
  p->n_queued--;
}

/* What the policy calls stale leaves the queue; it is asked for again if it heats again. */
static void drop_stale(tz_promotion *p) {
  for (request **at = &p->queue; *at != NULL;) {
    request *r = *at;
    tz_jit_request facts = request_facts(p, r);
    tz_jit_answer stale = tz_policy_is_stale(&p->vm->jit->policy, &facts);
    if (!stale.yes) {
      at = &r->next_queued;
      continue;
    }
    take_out(p, at);
    r->is_queued = false;
    p->stats.dropped++;
    trace(p, r, "dropped", stale.reason);
    tz_log_event(p->vm->jit->log, "drop", r->function, r->osr_pc, stale.reason);
  }
}

/* Of equals the one that has waited longest. NULL: none is left. */
static request *take_first(tz_promotion *p) {
  request **first = NULL;
  uint64_t highest = 0;
  drop_stale(p);
  for (request **at = &p->queue; *at != NULL; at = &(*at)->next_queued) {
    tz_jit_request facts = request_facts(p, *at);
    uint64_t priority = tz_policy_priority(&p->vm->jit->policy, &facts);
    if (first != NULL && priority < highest) continue;
    first = at;
    highest = priority;
  }
  if (first == NULL) return NULL;
  request *r = *first;
  take_out(p, first);
  return r;
}

/* ---- Compiling ---- */

/* One compilation, as the graph builder's questions come from. */
typedef struct compilation {
  tz_promotion *promotion;
  tz_jit_request facts;
} compilation;

static tz_jit_answer speculate(void *data, const tz_function *f, uint32_t pc) {
  compilation *c = data;
  tz_deopt_place x = tz_places_at(&c->promotion->places, f, pc);
  tz_jit_site site = {&c->facts, f->name, pc, x.count, x.is_generic};
  return tz_policy_speculate(&c->promotion->vm->jit->policy, &site);
}

/* Of the code that f has for its start. */
static uint32_t code_bytes(tz_promotion *p, const tz_function *f) {
  pthread_mutex_lock(&p->lock);
  const request *r = find_request(f, TZ_NO_OSR);
  uint32_t bytes = r != NULL ? r->linked_bytes : 0;
  pthread_mutex_unlock(&p->lock);
  return bytes;
}

static tz_jit_answer inline_call(void *data, const tz_function *callee, tz_jit_call *call) {
  compilation *c = data;
  call->request = &c->facts;
  call->code_bytes = code_bytes(c->promotion, callee);
  return tz_policy_inline_call(&c->promotion->vm->jit->policy, call);
}

static void picture(void *data, tz_seen *seen) {
  compilation *c = data;
  tz_policy_picture(&c->promotion->vm->jit->policy, seen);
}

/* `c` must outlive the job. */
static tz_compile_job job_for(compilation *c, tz_function *f, uint32_t osr_pc) {
  tz_promotion *p = c->promotion;
  const tz_options *o = &p->vm->options;
  tz_jit_parts parts = tz_policy_parts(&p->vm->jit->policy, &c->facts);
  tz_compile_job job = {.vm = p->vm, .function = f, .osr_pc = osr_pc, .build = tz_build_options_default()};
  job.heat_asked = c->facts.heat_asked;
  job.parts = parts;
  job.build.no_inlining = !(parts.parts & TZ_JIT_INLINING);
  job.build.no_speculation = !(parts.parts & TZ_JIT_SPECULATION);
  job.build.no_hierarchy = !(parts.parts & TZ_JIT_HIERARCHY);
  job.build.has_handlers = parts.parts & TZ_JIT_HANDLERS;
  job.build.no_polls = !o->jit_polls;
  job.build.speculate = speculate;
  job.build.inline_call = inline_call;
  job.build.picture = picture;
  job.build.keeps_picture = p->vm->jit->log != NULL || tz_policy_has_picture(&p->vm->jit->policy);
  job.build.outline = tz_outline;
  job.build.join = tz_outline_join;
  job.build.finder = tz_outline_finder;
  job.build.data = c;
  job.build.stress = o->stress_deopt > 0 ? &p->stress_countdown : NULL;
  job.passes.no_escape_analysis = !(parts.parts & TZ_JIT_ESCAPE_ANALYSIS);
  job.passes.no_loop_optimization = !(parts.parts & TZ_JIT_LOOP_OPTIMIZATION);
  job.passes.verify = o->verify_graph;
  job.no_loop_predication = job.passes.no_loop_optimization;
  job.limit_ns = o->jit_compile_limit > 0 ? (uint64_t)o->jit_compile_limit * 1000000u : 0;
  return job;
}

static void trace_compiled(const tz_promotion *p, const request *r, const tz_compile_result *x) {
  if (!p->vm->options.trace_jit) return;
  char entry[32] = "";
  if (r->osr_pc != TZ_NO_OSR) snprintf(entry, sizeof entry, " at %u", r->osr_pc);
  if (x->code == NULL) {
    fprintf(stderr, "jit: %s%s stays: %s\n", r->function->name, entry, x->problem);
    return;
  }
  fprintf(
      stderr,
      "jit: %s%s optimized: %u nodes, %u calls inlined, %u bytes; %.2f ms graph, %.2f passes, %.2f LLVM\n",
      r->function->name, entry, x->n_nodes, x->n_decisions, x->code->size, (double)x->build_ns * 1e-6,
      (double)x->passes_ns * 1e-6, (double)x->llvm_ns * 1e-6);
}

static void note_invalid(tz_promotion *p, const request *r, const char *why) {
  p->stats.invalidated++;
  trace(p, r, "is invalid", why);
  tz_log_event(p->vm->jit->log, "invalidate", r->function, r->osr_pc, why);
}

static void count(tz_promotion *p, const tz_compile_result *x) {
  tz_promotion_stats *s = &p->stats;
  s->compiled += x->code != NULL;
  s->refused += x->code == NULL;
  s->build_ns += x->build_ns;
  s->passes_ns += x->passes_ns;
  s->llvm_ns += x->llvm_ns;
  s->load_ns += x->load_ns;
  s->nodes += x->n_nodes;
}

/* All that is hot from now on stays on the lower tiers; what is optimized stays optimized. */
static void note_broken(tz_promotion *p, const char *why) {
  if (p->is_broken) return;
  snprintf(p->problem, sizeof p->problem, "%s", why);
  p->is_broken = true;
  if (p->vm->options.trace_jit) fprintf(stderr, "jit: no optimizing tier: %s\n", p->problem);
}

static bool open_backend(tz_promotion *p, char *problem, size_t room) {
  if (p->is_broken) return snprintf(problem, room, "%s", p->problem), false;
  return p->backend.llvm != NULL || tz_compile_open(&p->backend, problem, room);
}

static uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Without the lock, which is held before and after. */
static void compile(tz_promotion *p, request *r) {
  p->is_compiling = true;
  compilation c = {p, request_facts(p, r)};
  pthread_mutex_unlock(&p->lock);
  pthread_mutex_lock(&p->at_work);
  r->start_ns = clock_ns(CLOCK_MONOTONIC);
  tz_compile_result x = {0};
  bool is_open = open_backend(p, x.problem, sizeof x.problem);
  if (!p->stops) {
    tz_compile_job job = job_for(&c, r->function, r->osr_pc);
    job.is_to_fail = ++p->n_compilations == p->vm->options.stress_fail_compile;
    job.log = tz_log_compile_begin(p->vm->jit->log, &job);
    if (is_open) x = tz_compile(&p->backend, &p->vm->jit->memory, &job);
    tz_log_compile_end(job.log, &x);
    if (is_open) trace_compiled(p, r, &x);
  }
  pthread_mutex_unlock(&p->at_work);
  pthread_mutex_lock(&p->lock);
  if (!is_open || x.is_broken) note_broken(p, x.problem);
  r->end_ns = clock_ns(CLOCK_MONOTONIC);
  p->compile_ns += r->end_ns - r->start_ns;
  r->n_compiled++;
  p->is_compiling = false;
  if (is_open) count(p, &x);
  r->is_queued = false;
  r->done = x.code;
  r->is_refused = x.code == NULL;
  if (x.code != NULL) atomic_fetch_add(&p->n_done, 1);
}

static void *compiler_thread(void *data) {
  tz_promotion *p = data;
  pthread_mutex_lock(&p->lock);
  while (!p->stops) {
    request *r = take_first(p);
    if (r == NULL) {
      pthread_cond_wait(&p->wake, &p->lock);
      continue;
    }
    compile(p, r);
    p->stats.thread_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

static void start_thread(tz_promotion *p) {
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, COMPILER_STACK);
  p->has_thread = pthread_create(&p->thread, &attr, compiler_thread, p) == 0;
  pthread_attr_destroy(&attr);
}

/* What the guest's thread spends here is what compiling costs it. */
static void note_stall(tz_promotion *p, uint64_t start) {
  uint64_t ns = clock_ns(CLOCK_MONOTONIC) - start;
  if (ns > p->stats.longest_stall_ns) p->stats.longest_stall_ns = ns;
}

/* ---- Entries ---- */

static void link_entry(request *r) {
  if (r->osr_pc != TZ_NO_OSR) return;
  r->linked_bytes = r->code->size;
  r->function->compiled = r->code->code + r->code->entry;
  r->function->entry = (void *)tz_optimized_entry;
}

static void unlink_entry(request *r) {
  if (r->osr_pc != TZ_NO_OSR) return;
  r->linked_bytes = 0;
  r->function->compiled = (void *)tz_vm_call_stub;
  r->function->entry = tz_jit_lower_entry(r->function);
}

/* It is not entered unless somebody asks for it; its place may be needed. */
static void put_to_rest(request *r) {
  unlink_entry(r);
  r->code->state = TZ_CODE_RESTING;
}

/* Somebody has asked for it. */
static void wake(tz_promotion *p, request *r) {
  r->code->seen = tz_native_of(p->vm)->clock;
  if (r->code->state != TZ_CODE_RESTING) return;
  r->code->state = TZ_CODE_ENTERED;
  link_entry(r);
}

/* ---- Asking ---- */

bool tz_promotion_is_settled(const tz_function *f, uint32_t osr_pc) {
  const request *r = find_request(f, osr_pc);
  bool has_code = r != NULL && r->code != NULL && r->code->state == TZ_CODE_ENTERED;
  return has_code || (r != NULL && r->is_refused);
}

bool tz_promotion_request(tz_promotion *p, tz_function *f, uint32_t osr_pc, const char *reason) {
  request *r = make_request(p, f, osr_pc);
  if (r != NULL && r->code != NULL) wake(p, r);
  if (r == NULL || r->is_refused || r->code != NULL) return true;
  if (f->heat < r->wanted_heat) return false;
  uint64_t start = clock_ns(CLOCK_MONOTONIC);
  pthread_mutex_lock(&p->lock);
  if (!r->is_queued && r->done == NULL) {
    r->is_queued = true;
    r->heat_asked = f->heat;
    r->slices_asked = p->vm->jit->n_slices;
    tz_log_event(p->vm->jit->log, "request", f, osr_pc, reason);
    trace(p, r, "is to be optimized", reason);
    if (p->vm->options.jit_sync) {
      compile(p, r);
    } else {
      enqueue(p, r);
      if (!p->has_thread) start_thread(p);
      pthread_cond_signal(&p->wake);
    }
  }
  note_stall(p, start);
  pthread_mutex_unlock(&p->lock);
  if (p->vm->options.jit_sync) tz_promotion_install(p);
  return r->code != NULL || r->is_refused;
}

/* ---- Giving up ---- */

static void free_code(tz_promotion *p, tz_native_code *code) { tz_compile_free_code(p->vm, code); }

static void remove_code(tz_promotion *p, tz_native_code *code) {
  if (code == NULL) return;
  tz_native_remove(p->vm, code);
  tz_gc_account(p->vm->heap, -tz_eviction_footprint(code));
  p->stats.code_bytes -= code->size;
  free_code(p, code);
}

static void stress_again(tz_promotion *p) {
  p->random = p->random * 6364136223846793005u + 1442695040888963407u;
  p->stress_countdown = 1 + (int64_t)((p->random >> 33) % (uint64_t)(2 * p->vm->options.stress_deopt));
}

/* Nobody enters it any more. Frames in it go on until they leave: at a poll, or where a guard asks whether it
 * is valid. */
static void retire(tz_promotion *p, request *r) {
  unlink_entry(r);
  *r->code->is_valid = 0;
  r->code->state = TZ_CODE_RETIRED;
  r->code->next = p->retired;
  p->retired = r->code;
  r->code = NULL;
  p->sweep_wait = 0;
}

static void give_up(tz_promotion *p, request *r, tz_jit_after_choice after) {
  const tz_function *f = r->function;
  retire(p, r);
  r->wanted_heat = after.wait < UINT32_MAX - f->heat ? f->heat + after.wait : UINT32_MAX;
  r->is_refused = after.action == TZ_JIT_STAY_BELOW;
  r->n_given_up++;
  p->stats.given_up++;
  trace(p, r, r->is_refused ? "stays below" : "is given up", after.reason);
  tz_log_give_up(p->vm->jit->log, f, r->osr_pc, r->n_deopts, r->is_refused, after.reason);
}

/* Codes that were given up go when no frame is in them any more. The marks are fresh. */
static void free_retired(tz_promotion *p) {
  for (tz_native_code **at = &p->retired; *at != NULL;) {
    tz_native_code *code = *at;
    if (code->is_used) {
      at = &code->next;
      continue;
    }
    *at = code->next;
    remove_code(p, code);
  }
}

/* Stacks may be deep and many: the longer code stays in use, the more seldom they are looked at. */
static void sweep_retired(tz_promotion *p) {
  uint64_t slices = p->vm->jit->n_slices;
  if (p->retired == NULL || (p->sweep_wait > 0 && slices < p->sweep_at)) return;
  tz_eviction_mark_used(p->vm);
  free_retired(p);
  p->sweep_wait = p->sweep_wait == 0               ? SWEEP_SLICES
                  : p->sweep_wait < UINT32_MAX / 2 ? 2 * p->sweep_wait
                                                   : UINT32_MAX;
  p->sweep_at = slices + p->sweep_wait;
}

/* ---- The code cache ---- */

static request *request_of(const tz_native_code *code) { return find_request(code->function, code->osr_pc); }

/* Hot once more, and each time more so, before it is compiled again. */
static void wait_longer(tz_promotion *p, request *r) {
  uint32_t doublings = r->n_evicted < MOST_DOUBLINGS ? r->n_evicted : MOST_DOUBLINGS;
  uint64_t wanted = r->function->heat + ((uint64_t)p->vm->options.jit_promote << doublings);
  r->wanted_heat = wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
  r->n_evicted++;
}

/* The marks are fresh: no frame is in it. */
static void evict(tz_promotion *p, tz_native_code *code, const char *why) {
  request *r = request_of(code);
  trace(p, r, "is evicted", why);
  tz_log_event(p->vm->jit->log, "evict", r->function, r->osr_pc, why);
  p->stats.evicted++;
  p->stats.evicted_bytes += code->size;
  retire(p, r);
  wait_longer(p, r);
  free_retired(p);
}

/* For so many bytes more. False: what is there is in use. */
static bool make_room(tz_promotion *p, uint64_t bytes) {
  uint64_t limit = (uint64_t)p->vm->options.code_cache;
  if (limit == 0 || p->stats.code_bytes + bytes <= limit) return true;
  tz_eviction_mark_used(p->vm);
  free_retired(p);
  while (p->stats.code_bytes + bytes > limit) {
    tz_native_code *code = tz_eviction_coldest(p->vm, TZ_CODE_RESTING, true);
    if (code == NULL) code = tz_eviction_coldest(p->vm, TZ_CODE_ENTERED, true);
    if (code == NULL) return false;
    evict(p, code, "the code cache is full");
  }
  return true;
}

/* When three quarters are full, what has not been seen at work for longest is put to rest: what is asked for
 * again before its place is needed has not been cold. */
static void keep_room(tz_promotion *p) {
  uint64_t most = (uint64_t)p->vm->options.code_cache / 4 * 3;
  if (most == 0 || p->stats.code_bytes <= most) return;
  uint64_t entered = tz_eviction_bytes(p->vm, TZ_CODE_ENTERED);
  while (entered > most) {
    tz_native_code *code = tz_eviction_coldest(p->vm, TZ_CODE_ENTERED, false);
    put_to_rest(request_of(code));
    entered -= code->size;
  }
}

/* Without any code that no frame is in, if memory is out (vm->hooks.release_memory). */
static bool on_memory_out(tz_vm *vm) {
  tz_promotion *p = vm->jit->promotion;
  uint64_t before = p->stats.code_bytes;
  tz_eviction_mark_used(vm);
  free_retired(p);
  for (tz_native_code *code; (code = tz_eviction_coldest(vm, TZ_CODE_RESTING, true)) != NULL ||
                             (code = tz_eviction_coldest(vm, TZ_CODE_ENTERED, true)) != NULL;)
    evict(p, code, "memory is out");
  return p->stats.code_bytes < before;
}

/* ---- Installing ---- */

/* As if it had not been compiled, but for the wait. */
static void drop(tz_promotion *p, request *r, tz_native_code *code, const char *why) {
  trace(p, r, "is not installed", why);
  tz_log_event(p->vm->jit->log, "evict", r->function, r->osr_pc, why);
  wait_longer(p, r);
  free_code(p, code);
}

static void install(tz_promotion *p, request *r) {
  tz_native_code *code = r->done;
  int64_t footprint = tz_eviction_footprint(code);
  r->done = NULL;
  if (!tz_dependencies_hold(p->vm, code)) { /* it may be asked for anew at once */
    note_invalid(p, r, "a class was loaded while it was compiled");
    free_code(p, code);
    return;
  }
  if (!make_room(p, code->size)) {
    drop(p, r, code, "the code cache is full of code in use");
    return;
  }
  bool is_counted = tz_gc_account(p->vm->heap, footprint);
  if (!is_counted || !tz_native_add(p->vm, code)) {
    if (is_counted) tz_gc_account(p->vm->heap, -footprint);
    drop(p, r, code, "no memory");
    return;
  }
  r->code = code;
  code->seen = tz_native_of(p->vm)->clock;
  p->stats.code_bytes += code->size;
  if (p->stats.code_bytes > p->stats.most_code_bytes) p->stats.most_code_bytes = p->stats.code_bytes;
  tz_log_install(p->vm->jit->log, code);
  tz_jit_note(p->vm->jit,
              &(tz_compilation){"optimizing", r->function, r->start_ns, r->end_ns, r->code->size});
  link_entry(r);
  keep_room(p);
}

void tz_promotion_install(tz_promotion *p) {
  tz_native_of(p->vm)->clock++;
  bool is_done = atomic_load_explicit(&p->n_done, memory_order_relaxed) > 0;
  if (!is_done && p->retired == NULL) return;
  uint64_t start = clock_ns(CLOCK_MONOTONIC);
  pthread_mutex_lock(&p->lock);
  atomic_store(&p->n_done, 0);
  for (request *r = is_done ? p->requests : NULL; r != NULL; r = r->next_of_all)
    if (r->done != NULL) install(p, r);
  sweep_retired(p);
  note_stall(p, start);
  pthread_mutex_unlock(&p->lock);
}

/* ---- What happens to code ---- */

/* Before the class has objects (vm->hooks.class_loaded). Whoever needs the code asks for it anew. */
static void on_class_loaded(tz_vm *vm, tz_class *cls) {
  tz_promotion *p = vm->jit->promotion;
  for (request *r = p->requests; r != NULL; r = r->next_of_all) {
    if (r->code == NULL || tz_dependencies_allow(r->code, cls)) continue;
    char why[256];
    snprintf(why, sizeof why, "class %s was loaded", cls->name);
    note_invalid(p, r, why);
    retire(p, r);
  }
}

/* Compiled code was left there (a tz_deopt_hook). */
static void deoptimized(tz_vm *vm, const tz_native_code *code, const tz_function *f, uint32_t pc,
                        tz_deopt_reason reason) {
  tz_promotion *p = vm->jit->promotion;
  bool is_exception = vm->thread->exception != 0 || reason == TZ_DEOPT_THROW;
  p->stats.deopts++;
  if (vm->options.stress_deopt > 0) stress_again(p);
  request *r = find_request(code->function, code->osr_pc);
  if (reason == TZ_DEOPT_STRESS || reason == TZ_DEOPT_INVALID || r == NULL) return;
  r->n_deopts++;
  if (is_exception) r->n_throws++;
  tz_jit_deopt facts = {.function = function_facts(code->function, r),
                        .entry = r->osr_pc,
                        .place = f->name,
                        .pc = pc,
                        .why = tz_deopt_text(reason),
                        .n_failed = is_exception ? 0 : tz_places_count(&p->places, f, pc),
                        .is_exception = is_exception,
                        .n_exceptions = r->n_throws,
                        .machine = tz_promotion_machine(vm->jit)};
  tz_jit_after_choice after = tz_policy_after_deopt(&vm->jit->policy, &facts);
  if (after.action == TZ_JIT_GENERIC) tz_places_make_generic(&p->places, f, pc);
  if (after.action != TZ_JIT_GO_ON && r->code == code) give_up(p, r, after);
}

/* ---- Life ---- */

tz_promotion *tz_promotion_new(tz_vm *vm) {
  tz_promotion *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  p->vm = vm;
  p->random = 0x9e3779b97f4a7c15u;
  pthread_mutex_init(&p->lock, NULL);
  tz_places_init(&p->places);
  pthread_mutex_init(&p->at_work, NULL);
  pthread_cond_init(&p->wake, NULL);
  if (vm->options.stress_deopt > 0) stress_again(p);
  tz_native_of(vm)->deoptimized = deoptimized;
  vm->hooks.class_loaded = on_class_loaded;
  vm->hooks.release_memory = on_memory_out;
  return p;
}

void tz_promotion_free(tz_promotion *p) {
  if (p == NULL) return;
  p->vm->hooks.class_loaded = NULL;
  p->vm->hooks.release_memory = NULL;
  pthread_mutex_lock(&p->lock);
  p->stops = true;
  pthread_cond_signal(&p->wake);
  pthread_mutex_unlock(&p->lock);
  if (p->has_thread) pthread_join(p->thread, NULL);
  for (request *r = p->requests, *next; r != NULL; r = next) {
    next = r->next_of_all;
    remove_code(p, r->code);
    free_code(p, r->done);
    free(r);
  }
  for (tz_native_code *code = p->retired, *next; code != NULL; code = next) {
    next = code->next;
    remove_code(p, code);
  }
  tz_compile_close(&p->backend);
  pthread_mutex_destroy(&p->lock);
  pthread_mutex_destroy(&p->at_work);
  pthread_cond_destroy(&p->wake);
  tz_places_fini(&p->places);
  free(p);
}

bool tz_promotion_is_compiling(const tz_promotion *p) { return p->is_compiling; }

tz_promotion_stats tz_promotion_statistics(tz_promotion *p) {
  pthread_mutex_lock(&p->lock);
  tz_promotion_stats s = p->stats;
  s.problem = p->is_broken ? p->problem : NULL;
  pthread_mutex_unlock(&p->lock);
  return s;
}

/* ---- Looking at it ---- */

bool tz_promotion_dump(tz_promotion *p, tz_function *f, uint32_t osr_pc, const char *what, FILE *to,
                       const char **problem) {
  tz_compile_backend backend = {0};
  *problem = p->dump_problem;
  if (!tz_compile_open(&backend, p->dump_problem, sizeof p->dump_problem)) return false;
  compilation c = {p, {.function = tz_promotion_function(f, osr_pc), .entry = osr_pc}};
  if (c.facts.function.n_compiled > 0) c.facts.function.n_compiled--; /* as the last time */
  pthread_mutex_lock(&p->at_work);
  tz_compile_job job = job_for(&c, f, osr_pc);
  job.dump = to;
  job.passes.dump = strstr(what, "graph") != NULL ? to : NULL;
  job.dump_llvm = strstr(what, "llvm") != NULL;
  job.dump_asm = strstr(what, "asm") != NULL;
  tz_compile_result x = tz_compile(&backend, &p->vm->jit->memory, &job);
  pthread_mutex_unlock(&p->at_work);
  snprintf(p->dump_problem, sizeof p->dump_problem, "%s", x.problem);
  free_code(p, x.code);
  tz_compile_close(&backend);
  return x.code != NULL;
}
