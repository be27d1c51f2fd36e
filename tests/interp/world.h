/* world.h: functions made by hand, for tests of the interpreter that need no module. */
#pragma once
#include "interp.h"
#include "slow.h"
#include "terza/linking.h"
#include "terza/opcode.h"
#include "terza/options.h"
#include "terza/vm.h"

typedef struct code {
  tz_vm *vm;
  tz_function *f;
  tz_insn words[256];
  tz_word k[256];
  uint32_t n, n_k;
  struct tz_linked_handler handlers[8];
  uint32_t n_handlers;
} code;

tz_vm *world_new(void);
tz_vm *world_new_with(const tz_options *options);

/* A function of the signature, with local registers of the given types (references first), separated by
 * spaces. */
void code_begin(code *c, tz_vm *vm, const char *name, const char *signature, const char *locals);
tz_function *code_end(code *c);
/* The same for a function allocated before, to let functions refer to each other. */
void code_begin_in(code *c, tz_vm *vm, tz_function *f, const char *locals);
tz_function *code_declare(tz_vm *vm, const char *name, const char *signature);

uint32_t abc(code *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t cc); /* returns its position */
uint32_t ad(code *c, tz_opcode op, uint32_t a, int64_t d);
/* An instruction with an argument list of n registers. bc is the field b and c, or d. */
uint32_t call(code *c, tz_opcode op, uint32_t a, uint64_t d, int n, ...);
void patch_c(code *c, uint32_t at); /* branch at `at` goes to here */
void patch_d(code *c, uint32_t at);
static inline int32_t back_to(const code *c, uint32_t target) { return (int32_t)target - (int32_t)c->n; }

uint32_t k_word(code *c, tz_word w);
uint32_t k_pointer(code *c, const void *p);
uint32_t k_string(code *c, const char *text);
uint32_t k_type(code *c, const char *type);
uint32_t k_site(code *c, tz_site_kind kind, const char *name);
uint32_t k_interface_site(code *c, tz_class *interface);
void guard(code *c, uint32_t start, uint32_t end, uint32_t target, uint32_t reg, const char *machine_error);

static inline tz_word wi(int64_t i) { return (tz_word){.i = i}; }
static inline tz_word wf(double f) { return (tz_word){.f = f}; }
static inline tz_word wu(uint64_t u) { return (tz_word){.u = u}; }
static inline tz_word any_int(int64_t i) { return (tz_word){.u = tz_any_from_int(i)}; }

/* A complete function "(i64)i64": fib by recursion, of n - 1 by `other`, of n - 2 by itself. */
tz_function *fib_with(tz_vm *vm, tz_function *f, const tz_function *other); /* f: declared before */
tz_function *make_fib(tz_vm *vm);

/* Runs f; fails the test if it throws. */
tz_word run(tz_vm *vm, tz_function *f, int n, const tz_word *args);
#define RUN(vm, f, ...)                                                                                      \
  run(vm, f, sizeof((tz_word[]){__VA_ARGS__}) / sizeof(tz_word), (tz_word[]){__VA_ARGS__})
#define RUN0(vm, f) run(vm, f, 0, NULL)
/* Runs f, which must throw; returns the class's name without the module. */
const char *run_error(tz_vm *vm, tz_function *f, int n, const tz_word *args);
