/* policy.c: carries out what the policy decides (policies/): functions rise from tier to tier, and compiled
 * code lives and goes.
 *
 * Heat comes in budget slices: 2,000 back-edges and calls. When a slice ends at a call, the callee is heated
 * too, since a leaf that makes no calls never ends a slice itself. */
#include "baseline.h"
#include "class.h"
#include "log.h"
#include "loop.h"
#include "process.h"
#include "promotion.h"
#include "scheduler.h"
#include <stdlib.h>
#include <unistd.h>

enum {
  RECOMPILE_HEAT = 32,
  STRESS_BUDGET = 3,
  COOLING_SLICES = 1024,        /* from one look for baseline code that nobody uses to the next */
  FRAMES_A_SLICE = 128,         /* looked at for superseded code */
  PROMOTING_PROFILE_SLICES = 4, /* the optimizing tier wants branches sampled before it compiles */
};

/* ---- Shared code: trampolines to C functions out of reach, constants ---- */

static const uint32_t trampoline_bytes = 16;

static void write_trampoline(uint8_t *at, void *target) {
#if defined(__x86_64__)
  static const uint8_t jump[] = {0xff, 0x25, 0x02, 0x00, 0x00, 0x00, 0x0f, 0x0b}; /* jmp *2(%rip); ud2 */
#elif defined(__aarch64__)
  static const uint8_t jump[] = {0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1f, 0xd6}; /* ldr x16, .+8; br x16 */
#else
#error "no trampoline for this machine"
#endif
  memcpy(at, jump, sizeof jump);
  memcpy(at + sizeof jump, &target, sizeof target);
}

/* At the first compilation, so that programs that need none start no later. */
static bool make_shared(struct tz_jit *jit) {
  tz_operands_init(jit->operands);
  tz_code_block block;
  uint32_t n_exits = TZ_SYMBOL_COUNT - TZ_FIRST_EXIT, constants = n_exits * trampoline_bytes;
  jit->shared_bytes = constants + tz_stencil_rodata_size;
  if (!tz_code_open(&jit->memory, jit->shared_bytes, &block)) return false;
  for (uint32_t i = 0; i < n_exits; i++) {
    write_trampoline(block.rw + i * trampoline_bytes, tz_baseline_exits[TZ_FIRST_EXIT + i]);
    jit->symbols[TZ_FIRST_EXIT + i] = (int64_t)(uintptr_t)(block.rx + i * trampoline_bytes);
  }
  memcpy(block.rw + constants, tz_stencil_rodata, tz_stencil_rodata_size);
  jit->symbols[TZ_HOLE_RODATA] = (int64_t)(uintptr_t)(block.rx + constants);
  jit->shared = block.rx;
  tz_code_close(&jit->memory, &block, jit->shared_bytes);
  return true;
}

/* ---- Compiled forms ---- */

static void link_form(struct tz_jit *jit, tz_baseline *b) {
  b->next = jit->codes;
  if (jit->codes != NULL) jit->codes->previous = b;
  jit->codes = b;
  b->gdb_entry = tz_symbols_add(jit, b->function->name, b->code, b->size);
}

/* Of code and tables, counted against the memory limit. */
static int64_t form_bytes(const tz_baseline *b) {
  return (int64_t)(b->size + sizeof *b + (b->function->n_words + 1) * sizeof *b->places);
}

static void free_form(struct tz_jit *jit, tz_baseline *b) {
  tz_gc_account(jit->vm->heap, -form_bytes(b));
  if (b->previous != NULL) b->previous->next = b->next;
  else jit->codes = b->next;
  if (b->next != NULL) b->next->previous = b->previous;
  tz_symbols_remove(b->gdb_entry);
  tz_baseline_free(jit, b);
  jit->stats.freed++;
}

static tz_tier *tier_of(struct tz_jit *jit, tz_function *f) {
  if (f->tier != NULL) return f->tier;
  tz_tier *tier = calloc(1, sizeof *tier);
  if (tier == NULL) return NULL;
  tz_pins_choose(jit, f, tier);
  return tier;
}

static bool compile_and_install(struct tz_jit *jit, tz_function *f) {
  if (jit->shared == NULL && !make_shared(jit)) return false;
  tz_tier *tier = tier_of(jit, f);
  if (tier == NULL) return false;
  tz_baseline *b = tz_baseline_compile(jit, f, tier);
  __atomic_store_n(&f->tier, tier, __ATOMIC_RELEASE); /* compiler threads look it up */
  if (b != NULL && !tz_gc_account(jit->vm->heap, form_bytes(b))) {
    tz_baseline_free(jit, b);
    b = NULL;
  }
  if (b == NULL) return false;
  if (tier->baseline != NULL) {
    tier->baseline->is_superseded = true;
    jit->has_superseded = true;
  }
  tier->baseline = b;
  tier->is_cooled = false;
  tier->compiled_heat = f->heat;
  if (f->entry != (void *)tz_optimized_entry) f->entry = b->code;
  link_form(jit, b);
  return true;
}

/* The guest waits meanwhile. */
static bool install(struct tz_jit *jit, tz_function *f, const char *reason) {
  uint64_t start = tz_jit_clock();
  bool is_installed = compile_and_install(jit, f);
  const tz_tier *tier = f->tier;
  tz_log_baseline(jit->log, f, start, reason, is_installed ? tier->baseline->size : 0,
                  is_installed ? NULL : "too large for the baseline tier, or no memory");
  uint64_t stall = tz_jit_clock() - start;
  if (stall > jit->stats.longest_stall_ns) jit->stats.longest_stall_ns = stall;
  return is_installed;
}

static bool is_interpreted(const tz_function *f) {
  return f->entry == (void *)tz_interp_entry || f->entry == tz_baseline_first_entry_address();
}

bool tz_jit_compile(tz_vm *vm, tz_function *f) {
  if (vm->jit == NULL || f->code == NULL) return false;
  const tz_tier *tier = f->tier;
  if (tier != NULL) return tier->baseline != NULL;
  return install(vm->jit, f, "at its first call");
}

/* ---- Superseded code ---- */

static tz_baseline *form_at(struct tz_jit *jit, uintptr_t address) {
  for (tz_baseline *b = jit->codes; b != NULL; b = b->next)
    if (address - (uintptr_t)b->code < b->size) return b;
  return NULL;
}

static bool is_in_use(struct tz_jit *jit, const tz_baseline *b, uint64_t *n_frames) {
  tz_thread *th = jit->vm->thread;
  for (tz_process *p = jit->vm->scheduler->all; p != NULL; p = p->next) {
    tz_frame_walk w;
    for (tz_frame_walk_start(&w, th, p); w.fp != NULL; tz_frame_walk_next(&w), ++*n_frames)
      if ((uintptr_t)TZ_FRAME_CONTINUATION(w.fp) - (uintptr_t)b->code < b->size) return true;
  }
  return false;
}

/* Superseded code is left for good when no frame returns into it: whoever resumes finds the newer form. A
 * look at deep stacks takes long, so the next one waits for as many slices as make its share of the time
 * small. */
static void sweep_superseded(struct tz_jit *jit) {
  if (jit->sweep_wait > 0) {
    jit->sweep_wait--;
    return;
  }
  bool some_left = false;
  uint64_t n_frames = 0;
  for (tz_baseline *b = jit->codes, *next; b != NULL; b = next) {
    next = b->next;
    if (!b->is_superseded) continue;
    if (is_in_use(jit, b, &n_frames)) some_left = true;
    else free_form(jit, b);
  }
  jit->has_superseded = some_left;
  jit->sweep_wait = (uint32_t)(n_frames / FRAMES_A_SLICE);
}

/* Baseline code of functions that run optimized and have not been heard of since the last look: it is
 * superseded as well, and made anew should they get hot below again. */
static void supersede_cooled(struct tz_jit *jit) {
  if (jit->n_slices % COOLING_SLICES != 0) return;
  for (tz_baseline *b = jit->codes; b != NULL; b = b->next) {
    tz_function *f = b->function;
    tz_tier *tier = f->tier;
    bool has_cooled = tier->seen_heat == f->heat;
    tier->seen_heat = f->heat;
    if (b != tier->baseline || !has_cooled || f->entry != (void *)tz_optimized_entry) continue;
    tier->baseline = NULL;
    tier->is_cooled = b->is_superseded = jit->has_superseded = true;
  }
}

/* ---- Heat ---- */

/* The function that the call at pc is about to enter, as far as it is known. */
static tz_function *callee_at(const tz_word *fp, const tz_function *f, const tz_insn *pc) {
  tz_insn in = *pc;
  uint8_t op = tz_insn_op(in);
  if (op < TZ_OP_CALL || op > TZ_OP_TAIL_ANY) return NULL;
  if (op == TZ_OP_CALL || op == TZ_OP_TAIL_CALL) return f->k[(uint32_t)tz_insn_d(in)].p;
  uint64_t receiver = fp[tz_insn_arg(pc + 1, 0)].u;
  if (!tz_word_is_ref(receiver)) return NULL;
  const tz_class *cls = tz_object_class((void *)(uintptr_t)receiver);
  if (op == TZ_OP_CALL_VIRTUAL || op == TZ_OP_TAIL_VIRTUAL) return cls->vtable[tz_insn_b(in)];
  if (op == TZ_OP_CALL_CLOSURE || op == TZ_OP_TAIL_CLOSURE) return cls->vtable[0];
  const tz_site *site = (const tz_site *)&f->k[tz_insn_c(in)];
  for (int i = 0; i < TZ_SITE_WAYS; i++)
    if (site->way[i].cls == (uint32_t)(uintptr_t)cls) return site->way[i].target;
  return NULL;
}

/* Baseline code is there afterwards, unless it cannot be. It is made anew when it had to go for optimized
 * code and the function is hot below again, and once when calls have found receivers to be specialised for.
 */
static void rise_to_baseline(struct tz_jit *jit, tz_function *f, const char *reason) {
  tz_tier *tier = f->tier;
  if (tier == NULL && is_interpreted(f)) install(jit, f, reason);
  if (tier == NULL) return;
  if (tier->is_cooled && f->heat > tier->seen_heat + 1)
    install(jit, f, "used again below its optimized code");
  if (tier->baseline == NULL || tier->is_recompiled) return;
  if (tier->baseline->n_open_sites == 0 || f->heat < tier->compiled_heat + RECOMPILE_HEAT) return;
  tier->is_recompiled = true;
  install(jit, f, "its calls have seen receivers");
}

static tz_jit_heated facts_of(const struct tz_jit *jit, const tz_function *f, tz_jit_event event) {
  return (tz_jit_heated){tz_promotion_function(f, TZ_NO_OSR), tz_promotion_machine(jit), event};
}

/* What the policy wants of f; its baseline code is there then. */
static tz_jit_tier_choice rise(struct tz_jit *jit, tz_function *f, tz_jit_event event) {
  if (f->code == NULL) return (tz_jit_tier_choice){TZ_TIER_INTERPRETER, "native"};
  tz_jit_heated facts = facts_of(jit, f, event);
  tz_jit_tier_choice choice = tz_policy_tier(&jit->policy, &facts);
  if (choice.tier >= TZ_TIER_BASELINE) rise_to_baseline(jit, f, choice.reason);
  return choice;
}

/* ---- Promotion ---- */

/* True: f has optimized code, or never will. */
static bool promote(struct tz_jit *jit, tz_function *f, tz_jit_tier_choice choice) {
  if (f->tier == NULL || choice.tier < TZ_TIER_OPTIMIZED) return tz_promotion_is_settled(f, TZ_NO_OSR);
  return tz_promotion_request(jit->promotion, f, TZ_NO_OSR, choice.reason);
}

/* At a back-edge: f is compiled from its start; the call under way can only go over to code made from the
 * loop's head on. */
static tz_insn *promote_loop(struct tz_jit *jit, tz_thread *th, tz_function *f, tz_jit_tier_choice choice,
                             tz_insn *pc, uint32_t head) {
  tz_tier *tier = f->tier;
  bool is_settled = promote(jit, f, choice);
  if (tier == NULL) return pc;
  tz_jit_loop loop = {head, is_settled, tier->n_late_loops};
  tz_jit_heated facts = facts_of(jit, f, TZ_JIT_LOOPED);
  facts.function = tz_promotion_function(f, head);
  tz_jit_answer enters = tz_policy_enter_loop(&jit->policy, &facts, &loop);
  tier->n_late_loops += is_settled;
  if (!enters.yes) return pc;
  tz_promotion_request(jit->promotion, f, head, enters.reason);
  const tz_native_code *code = tz_promotion_code(f, head);
  if (code == NULL || th->profiling || tz_loop_take_back_edge(th, f, pc) == TZ_NO_LOOP) return pc;
  return tz_native_enter_loop(th, f->code + head, code);
}

static void on_heated(tz_vm *vm, tz_function *f) {
  struct tz_jit *jit = vm->jit;
  if (f->code == NULL || f->flags & TZ_FUNCTION_HIDDEN) return;
  tz_jit_tier_choice choice = rise(jit, f, TZ_JIT_CALLED_OPTIMIZED);
  tz_promotion_install(jit->promotion);
  promote(jit, f, choice);
}

void *tz_jit_lower_entry(const tz_function *f) {
  const tz_tier *tier = f->tier;
  return tier != NULL && tier->baseline != NULL ? (void *)tier->baseline->code : (void *)tz_interp_entry;
}

/* Another entry for a function at random. */
static void stress(struct tz_jit *jit, tz_function *f) {
  const tz_tier *tier = f->tier;
  if (tier == NULL || tier->baseline == NULL) return;
  jit->random = jit->random * 6364136223846793005u + 1442695040888963407u;
  bool is_optimized = f->compiled != NULL && f->compiled != (void *)tz_vm_call_stub;
  unsigned choice = jit->random >> 40 & 3;
  if (choice >= 2 && is_optimized) f->entry = (void *)tz_optimized_entry;
  else f->entry = choice & 1 ? (void *)tz_interp_entry : (void *)tier->baseline->code;
}

static tz_insn *on_budget(tz_thread *th, tz_function *f, tz_insn *pc) {
  struct tz_jit *jit = th->vm->jit;
  if (f->flags & TZ_FUNCTION_HIDDEN || f->code == NULL || (size_t)(pc - f->code) >= f->n_words) return pc;
  tz_function *callee = callee_at(th->fp, f, pc);
  uint32_t head = tz_loop_head_of(f, pc);
  bool has_callee = callee != NULL && callee->code != NULL;
  tz_jit_tier_choice choice, callee_choice = {TZ_TIER_INTERPRETER, ""};
  jit->n_slices++;
  f->loop_heat += head != TZ_NO_LOOP;
  if (has_callee) callee->heat += callee->heat != UINT32_MAX;
  choice = rise(jit, f, head != TZ_NO_LOOP ? TZ_JIT_LOOPED : TZ_JIT_CALLS);
  if (has_callee) callee_choice = rise(jit, callee, TZ_JIT_CALLED);
  if (th->vm->options.stress_tier) {
    stress(jit, f);
    if (callee != NULL) stress(jit, callee);
  }
  if (jit->promotion != NULL) supersede_cooled(jit);
  if (jit->has_superseded) sweep_superseded(jit);
  if (jit->promotion == NULL || th->steps_left != UINT64_MAX) return pc;
  tz_promotion_install(jit->promotion);
  if (head != TZ_NO_LOOP) return promote_loop(jit, th, f, choice, pc, head);
  promote(jit, f, choice);
  if (has_callee) promote(jit, callee, callee_choice);
  return pc;
}

static void on_linked(tz_vm *vm, tz_function *f) {
  tz_native_function_linked(vm, f);
  if (f->entry != (void *)tz_interp_entry) return;
  tz_jit_heated facts = facts_of(vm->jit, f, TZ_JIT_LINKED);
  tz_jit_tier_choice choice = tz_policy_tier(&vm->jit->policy, &facts);
  if (choice.tier >= TZ_TIER_BASELINE) f->entry = tz_baseline_first_entry_address();
}

/* ---- Life ---- */

static void forget_tiers(tz_function *f) {
  if (f == NULL || f->tier == NULL) return;
  free(f->tier);
  f->tier = NULL;
  f->entry = (void *)tz_interp_entry;
}

/* As long as all functions and their codes are there. */
static void on_process_end(tz_vm *vm) {
  if (vm->jit == NULL) return;
  tz_jit_log_finish(vm->jit->log);
  tz_policy_end(&vm->jit->policy);
}

static void jit_free(tz_vm *vm) {
  struct tz_jit *jit = vm->jit;
  if (jit == NULL) return;
  tz_jit_report(jit);
  on_process_end(vm);
  tz_promotion_free(jit->promotion);
  tz_jit_log_free(jit->log);
  tz_policy_close(&jit->policy);
  tz_native_detach(vm);
  vm->jit = NULL;
  vm->hooks.budget = NULL;
  vm->hooks.function_linked = NULL;
  vm->hooks.process_end = NULL;
  for (tz_baseline *b = jit->codes, *next; b != NULL; b = next) {
    next = b->next;
    tz_symbols_remove(b->gdb_entry);
    free(b);
  }
  for (uint32_t i = 0; i < vm->functions->count; i++) forget_tiers(vm->functions->by_id[i]);
  tz_compiler_free(jit->compiler);
  tz_code_memory_free(&jit->memory);
  if (jit->perf_map >= 0) close(jit->perf_map);
  free(jit->compilations.items);
  free(jit);
}

bool tz_jit_attach(tz_vm *vm) {
  if (vm->options.jit == TZ_JIT_OFF) return true;
  struct tz_jit *jit = calloc(1, sizeof *jit);
  if (jit == NULL) return false;
  jit->vm = vm;
  tz_code_memory_init(&jit->memory);
  jit->perf_map = -1;
  jit->random = 0x9e3779b97f4a7c15u;
  vm->jit = jit;
  vm->thread->resume = tz_baseline_resume_address();
  vm->hooks.budget = on_budget;
  vm->hooks.function_linked = on_linked;
  vm->hooks.vm_free = jit_free;
  vm->hooks.process_end = on_process_end;
  jit->log = tz_jit_log_open(vm);
  if (vm->options.stress_tier && vm->options.stress_budget == 0) vm->options.stress_budget = STRESS_BUDGET;
  if (vm->options.jit == TZ_JIT_EAGER) vm->options.jit_threshold = 0, vm->options.jit_promote = 1;
  tz_policy_open(&jit->policy, &vm->options, jit->problem, sizeof jit->problem);
  if (vm->options.jit >= TZ_JIT_DEFAULT && tz_native_attach(vm)) /* without it all else goes on */
    jit->promotion = tz_promotion_new(vm);
  if (jit->promotion != NULL) jit->native->heated = on_heated;
  if (jit->promotion != NULL)
    vm->thread->profile_left = vm->thread->profile_slices = PROMOTING_PROFILE_SLICES;
  return true;
}

const char *tz_jit_problem(const tz_vm *vm) {
  return vm->jit != NULL && vm->jit->problem[0] != 0 ? vm->jit->problem : NULL;
}

const tz_function *tz_jit_find(tz_vm *vm, const void *address) {
  const tz_native_code *code = tz_native_code_at(vm, address);
  if (code != NULL) return code->function;
  const tz_baseline *b = vm->jit != NULL ? form_at(vm->jit, (uintptr_t)address) : NULL;
  return b != NULL ? b->function : NULL;
}

tz_jit_stats tz_jit_statistics(const tz_vm *vm) {
  return vm->jit != NULL ? vm->jit->stats : (tz_jit_stats){0};
}

bool tz_jit_is_compiling(const tz_vm *vm) {
  return vm->jit != NULL && vm->jit->promotion != NULL && tz_promotion_is_compiling(vm->jit->promotion);
}
