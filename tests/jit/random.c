/* random.c: random functions, interpreted and compiled: every register must end the same. Over many seeds
 * each stencil of arithmetic, comparison and branching is met with each choice of operand locations. */
#include "terza/jit.h"
#include "world.h"
#include <criterion/criterion.h>

enum { INTS = 9, FLOATS = 7, COUNTER = INTS + FLOATS, LIMIT, RESULT, FUNCTIONS = 150 };

static uint64_t seed;
static uint32_t pick(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

typedef struct shape {
  tz_opcode op;
  const char *operands;
} shape;
static const shape shapes[] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) {TZ_OP_##NAME, operands},
#include "terza/spec/opcodes.def"
#undef TZ_OP
};

/* Pure operations on ints and floats: registers of kinds i and f and immediates only. */
static bool is_usable(const shape *s) {
  for (const char *p = s->operands; *p; p++)
    if (strchr(":*@rvy", *p) != NULL) return false;
  return s->operands[0] != 0 && s->op != TZ_OP_DIV_I && s->op != TZ_OP_REM_I;
}

static uint32_t operand(const char *operands, char field, tz_opcode op) {
  for (const char *p = operands; *p; p++) {
    if (*p != field || (p != operands && p[-1] != ',')) continue;
    if (p[1] == '#') return op == TZ_OP_SEXT || op == TZ_OP_ZEXT ? 8u << pick(3) : pick(100) + 1;
    return p[2] == 'f' ? INTS + pick(FLOATS) : pick(INTS);
  }
  return 0;
}

static void add_operation(code *c) {
  const shape *s;
  do s = &shapes[pick(sizeof shapes / sizeof *shapes)];
  while (!is_usable(s));
  if (s->op == TZ_OP_CONST_I) ad(c, s->op, pick(INTS), (int32_t)pick(1u << 31) - (1 << 30));
  else
    abc(c, s->op, operand(s->operands, 'a', s->op), operand(s->operands, 'b', s->op),
        operand(s->operands, 'c', s->op));
}

/* Skips a few operations, or not. */
static void add_branch(code *c) {
  static const tz_opcode ints[] = {TZ_OP_JEQ_I, TZ_OP_JNE_I, TZ_OP_JLT_I, TZ_OP_JLE_I, TZ_OP_JLT_U},
                         constants[] = {TZ_OP_JEQ_II, TZ_OP_JNE_II, TZ_OP_JLT_II,
                                        TZ_OP_JLE_II, TZ_OP_JGT_II, TZ_OP_JGE_II},
                         floats[] = {TZ_OP_JEQ_F, TZ_OP_JNE_F,  TZ_OP_JLT_F,
                                     TZ_OP_JLE_F, TZ_OP_JNLT_F, TZ_OP_JNLE_F};
  uint32_t at;
  switch (pick(4)) {
  case 0: at = abc(c, ints[pick(5)], pick(INTS), pick(INTS), 0); break;
  case 1: at = abc(c, constants[pick(6)], pick(INTS), pick(10), 0); break;
  case 2: at = abc(c, floats[pick(6)], INTS + pick(FLOATS), INTS + pick(FLOATS), 0); break;
  default:
    at = ad(c, pick(2) ? TZ_OP_JT : TZ_OP_JF, pick(INTS), 0);
    for (uint32_t n = pick(4); n > 0; n--) add_operation(c);
    patch_d(c, at);
    return;
  }
  for (uint32_t n = pick(4); n > 0; n--) add_operation(c);
  patch_c(c, at);
}

static void add_moves(code *c) {
  if (pick(2)) abc(c, TZ_OP_MOV, pick(INTS), pick(INTS), 0);
  else abc(c, TZ_OP_MOV, INTS + pick(FLOATS), INTS + pick(FLOATS), 0);
}

/* One loop over a random body; then a hash of all registers. */
static tz_function *make_random(tz_vm *vm) {
  code c;
  char locals[128] = "";
  for (int i = 1; i < INTS; i++) strcat(locals, i == 1 ? "i64" : " i64");
  for (int i = 0; i < FLOATS; i++) strcat(locals, " f64");
  strcat(locals, " i64 i64 i64");
  code_begin(&c, vm, "random", "(i64)i64", locals);
  for (uint32_t i = 1; i < INTS; i++) ad(&c, TZ_OP_CONST_I, i, (int32_t)pick(1000) - 500);
  for (uint32_t i = 0; i < FLOATS; i++) abc(&c, TZ_OP_I_TO_F, INTS + i, pick(INTS), 0);
  ad(&c, TZ_OP_CONST_I, COUNTER, 0);
  ad(&c, TZ_OP_CONST_I, LIMIT, 40);
  uint32_t head = c.n;
  for (uint32_t n = 8 + pick(25); n > 0; n--) {
    uint32_t kind = pick(8);
    if (kind == 0) add_branch(&c);
    else if (kind == 1) add_moves(&c);
    else add_operation(&c);
  }
  abc(&c, TZ_OP_FOR_I, COUNTER, LIMIT, (uint16_t)back_to(&c, head));
  ad(&c, TZ_OP_CONST_I, RESULT, 0);
  for (uint32_t i = 0; i < INTS + FLOATS; i++) {
    abc(&c, TZ_OP_MUL_II, RESULT, RESULT, 31);
    if (i >= INTS) abc(&c, TZ_OP_F_BITS_I, 0, i, 0);
    abc(&c, TZ_OP_ADD_I, RESULT, RESULT, i < INTS ? i : 0);
  }
  abc(&c, TZ_OP_RET, RESULT, 0, 0);
  return code_end(&c);
}

static tz_vm *vm_with(tz_jit_mode policy, bool is_switching) {
  tz_options o = *tz_options_default();
  o.jit = policy;
  o.jit_threshold = 0;
  o.stress_tier = is_switching;
  tz_vm *vm = world_new_with(&o);
  cr_assert(tz_jit_attach(vm));
  return vm;
}

static void compare(bool is_switching) {
  tz_vm *plain = vm_with(TZ_JIT_OFF, false), *compiled = vm_with(TZ_JIT_BASELINE, is_switching);
  for (uint64_t i = 0; i < FUNCTIONS; i++) {
    seed = i * 0x9e3779b97f4a7c15u + 12345;
    uint64_t start = seed;
    tz_function *f = make_random(plain);
    seed = start;
    tz_function *g = make_random(compiled);
    for (int64_t argument = -3; argument <= 3; argument += 3) {
      int64_t want = RUN(plain, f, wi(argument)).i, got = RUN(compiled, g, wi(argument)).i;
      cr_assert_eq(want, got, "function %d of %ld: %lx instead of %lx", (int)i, (long)argument, (long)got,
                   (long)want);
    }
  }
  tz_vm_free(plain);
  tz_vm_free(compiled);
}

Test(jit_random, compiled) { compare(false); }
Test(jit_random, switching) { compare(true); }
