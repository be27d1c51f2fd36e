/* build_op.c: instructions on typed values, as nodes. ops.h is the meaning; what it does out of line is a
 * guard here, or the instruction's outlined function. */
#include "builder.h"

#define A tz_insn_a(in)
#define B tz_insn_b(in)
#define C tz_insn_c(in)
#define READ(reg) tz_read(b, reg)
#define IMM_C tz_emit_int(b, (int16_t)tz_insn_c(in))

static const tz_word *constants(const tz_builder *b) { return b->scope->function->k; }
static const tz_type *type_of_register(const tz_builder *b, uint32_t reg) {
  return b->scope->function->registers[reg];
}

/* ---- Numbers: one node, or two ---- */

typedef enum operand_form { NO_FORM, BC, B_IMM, B_ONLY } operand_form;
typedef struct number_op {
  uint8_t form, node, type, wrap; /* wrap: bits that the result is sign-extended from, 0 for none */
} number_op;

static const number_op number_ops[TZ_OP_COUNT] = {
#define I2(NAME, NODE)                                                                                       \
  [TZ_OP_##NAME##_I] = {BC, TZ_NODE_##NODE, TZ_TYPE_INT, 0},                                                 \
  [TZ_OP_##NAME##_II] = {B_IMM, TZ_NODE_##NODE, TZ_TYPE_INT, 0}
    I2(ADD, ADD),
    I2(MUL, MUL),
    I2(AND, AND),
    I2(OR, OR),
    I2(XOR, XOR),
    I2(SHL, SHL),
    I2(SHR, SHR),
    I2(USHR, USHR),
#undef I2
    [TZ_OP_SUB_I] = {BC, TZ_NODE_SUB, TZ_TYPE_INT, 0},
    [TZ_OP_DIV_II] = {B_IMM, TZ_NODE_DIV, TZ_TYPE_INT, 0},
    [TZ_OP_REM_II] = {B_IMM, TZ_NODE_REM, TZ_TYPE_INT, 0},
    [TZ_OP_ADD_W] = {BC, TZ_NODE_ADD, TZ_TYPE_INT, 32},
    [TZ_OP_SUB_W] = {BC, TZ_NODE_SUB, TZ_TYPE_INT, 32},
    [TZ_OP_MUL_W] = {BC, TZ_NODE_MUL, TZ_TYPE_INT, 32},
    [TZ_OP_ADD_F] = {BC, TZ_NODE_FADD, TZ_TYPE_FLOAT, 0},
    [TZ_OP_SUB_F] = {BC, TZ_NODE_FSUB, TZ_TYPE_FLOAT, 0},
    [TZ_OP_MUL_F] = {BC, TZ_NODE_FMUL, TZ_TYPE_FLOAT, 0},
    [TZ_OP_DIV_F] = {BC, TZ_NODE_FDIV, TZ_TYPE_FLOAT, 0},
    [TZ_OP_NEG_F] = {B_ONLY, TZ_NODE_FNEG, TZ_TYPE_FLOAT, 0},
    [TZ_OP_ABS_F] = {B_ONLY, TZ_NODE_FABS, TZ_TYPE_FLOAT, 0},
    [TZ_OP_SQRT_F] = {B_ONLY, TZ_NODE_FSQRT, TZ_TYPE_FLOAT, 0},
    [TZ_OP_FLOOR_F] = {B_ONLY, TZ_NODE_FFLOOR, TZ_TYPE_FLOAT, 0},
    [TZ_OP_CEIL_F] = {B_ONLY, TZ_NODE_FCEIL, TZ_TYPE_FLOAT, 0},
    [TZ_OP_I_TO_F] = {B_ONLY, TZ_NODE_I2F, TZ_TYPE_FLOAT, 0},
    [TZ_OP_F_TO_I] = {B_ONLY, TZ_NODE_F2I, TZ_TYPE_INT, 0},
    [TZ_OP_I_BITS_F] = {B_ONLY, TZ_NODE_I_BITS_F, TZ_TYPE_FLOAT, 0},
    [TZ_OP_F_BITS_I] = {B_ONLY, TZ_NODE_F_BITS_I, TZ_TYPE_INT, 0},
    [TZ_OP_EQ_I] = {BC, TZ_NODE_EQ, TZ_TYPE_INT, 0},
    [TZ_OP_NE_I] = {BC, TZ_NODE_NE, TZ_TYPE_INT, 0},
    [TZ_OP_LT_I] = {BC, TZ_NODE_LT, TZ_TYPE_INT, 0},
    [TZ_OP_LE_I] = {BC, TZ_NODE_LE, TZ_TYPE_INT, 0},
    [TZ_OP_LT_U] = {BC, TZ_NODE_ULT, TZ_TYPE_INT, 0},
    [TZ_OP_EQ_F] = {BC, TZ_NODE_FEQ, TZ_TYPE_INT, 0},
    [TZ_OP_NE_F] = {BC, TZ_NODE_FNE, TZ_TYPE_INT, 0},
    [TZ_OP_LT_F] = {BC, TZ_NODE_FLT, TZ_TYPE_INT, 0},
    [TZ_OP_LE_F] = {BC, TZ_NODE_FLE, TZ_TYPE_INT, 0},
    [TZ_OP_EQ_R] = {BC, TZ_NODE_SAME, TZ_TYPE_INT, 0},
    [TZ_OP_IS_NULL] = {B_ONLY, TZ_NODE_IS_NULL, TZ_TYPE_INT, 0},
};

static tz_node *extend(tz_builder *b, tz_node_op op, tz_node *x, uint32_t bits) {
  tz_node *node = tz_emit_i1(b, op, x);
  node->aux = bits;
  return node;
}

static bool build_number(tz_builder *b, tz_insn in) {
  const number_op *op = &number_ops[tz_insn_op(in)];
  if (op->form == NO_FORM) return false;
  tz_node *x = READ(B);
  tz_node *result = op->form == B_ONLY ? tz_emit1(b, op->node, op->type, x)
                                       : tz_emit2(b, op->node, op->type, x, op->form == BC ? READ(C) : IMM_C);
  if (op->wrap != 0) result = extend(b, TZ_NODE_SEXT, result, op->wrap);
  tz_write(b, A, result);
  return true;
}

static void build_division(tz_builder *b, tz_insn in, tz_node_op op) {
  tz_node *divisor = READ(C);
  tz_check(b, tz_emit_i2(b, TZ_NODE_NE, divisor, tz_emit_int(b, 0)), TZ_DEOPT_DIVISION);
  tz_write(b, A, tz_emit_i2(b, op, READ(B), divisor));
}

static void build_narrow_shift(tz_builder *b, tz_insn in) {
  bool is_left = tz_insn_op(in) == TZ_OP_SHL_W;
  tz_node *count = tz_emit_i2(b, TZ_NODE_AND, READ(C), tz_emit_int(b, 31));
  tz_node *x = extend(b, TZ_NODE_ZEXT, READ(B), 32);
  tz_node *shifted = tz_emit_i2(b, is_left ? TZ_NODE_SHL : TZ_NODE_USHR, x, count);
  tz_write(b, A, extend(b, TZ_NODE_SEXT, shifted, 32));
}

/* ---- Constants and globals ---- */

static tz_node *constant(tz_builder *b, const tz_type *type, tz_word value) {
  tz_node_type t = tz_type_of(type);
  tz_node_op op = t == TZ_TYPE_INT     ? TZ_NODE_INT
                  : t == TZ_TYPE_FLOAT ? TZ_NODE_FLOAT
                  : t == TZ_TYPE_ANY   ? TZ_NODE_ANY
                                       : TZ_NODE_REF;
  tz_node *node = tz_emit(b, op, t, 0, NULL);
  node->imm.i = value.i;
  if (op != TZ_NODE_REF || value.p == NULL) return node;
  node->is_nonnull = node->is_exact = true;
  node->cls = b->graph->vm->string_class; /* the only constants that are objects */
  return node;
}

static bool is_discarded(const tz_builder *b, tz_insn in) { return A >= b->scope->function->n_registers; }

static void build_constant(tz_builder *b, tz_insn in, tz_word value) {
  if (!is_discarded(b, in)) tz_write(b, A, constant(b, type_of_register(b, A), value));
}

static void build_global_load(tz_builder *b, tz_insn in) {
  if (is_discarded(b, in)) return;
  const tz_type *type = type_of_register(b, A);
  tz_node *node = tz_emit(b, TZ_NODE_LOAD_GLOBAL, tz_type_of(type), 0, NULL);
  node->imm.p = constants(b)[(uint32_t)tz_insn_d(in)].p;
  tz_stamp(node, type);
  tz_write(b, A, node);
}

static void build_global_store(tz_builder *b, tz_insn in) {
  tz_node *node = tz_emit1(b, TZ_NODE_STORE_GLOBAL, TZ_TYPE_VOID, READ(A));
  node->imm.p = constants(b)[(uint32_t)tz_insn_d(in)].p;
}

/* ---- Objects ---- */

static void build_new(tz_builder *b, tz_insn in) {
  tz_node *node = tz_emit(b, TZ_NODE_NEW, TZ_TYPE_REF, 0, NULL);
  const tz_class *cls = constants(b)[(uint32_t)tz_insn_d(in)].p;
  node->imm.p = node->cls = cls;
  node->is_exact = true;
  node->state = tz_state_place(b);
  tz_check_allocated(b, node);
  tz_write(b, A, node);
}

static void build_new_array(tz_builder *b, tz_insn in) {
  const tz_type *type = constants(b)[C].p;
  tz_node *node = tz_emit1(b, TZ_NODE_NEW_ARRAY, TZ_TYPE_REF, READ(B));
  node->imm.p = type;
  node->cls = type->class_;
  node->is_exact = true;
  node->state = tz_state_place(b);
  tz_check_allocated(b, node);
  tz_write(b, A, node);
}

tz_node *tz_load_field(tz_builder *b, tz_node *object, uint32_t slot, tz_node_type type) {
  tz_node *node = tz_emit1(b, TZ_NODE_LOAD_FIELD, type, object);
  node->aux = slot;
  return node;
}

static void build_getf(tz_builder *b, tz_insn in) {
  tz_node *object = READ(B);
  tz_check_nonnull(b, object);
  if (is_discarded(b, in)) return;
  const tz_type *type = type_of_register(b, A);
  tz_node *value = tz_load_field(b, object, C, tz_type_of(type));
  tz_stamp(value, type);
  tz_write(b, A, value);
}

static void build_putf(tz_builder *b, tz_insn in) {
  tz_node *object = READ(B), *value = READ(A);
  tz_check_nonnull(b, object);
  tz_emit2(b, TZ_NODE_STORE_FIELD, TZ_TYPE_VOID, object, value)->aux = C;
}

static tz_node *class_test(tz_builder *b, tz_node *object, const tz_type *type) {
  const tz_class *want = type->class_;
  bool is_plain = type->kind == TZ_KIND_CLASS && !(want->flags & TZ_CLASS_INTERFACE);
  if (is_plain && want->shape == NULL) {
    tz_node *node = tz_emit_i1(b, TZ_NODE_SUBCLASS, tz_emit_i1(b, TZ_NODE_CLASS_OF, object));
    node->imm.p = want;
    return node;
  }
  if (type->kind == TZ_KIND_ARRAY || type->kind == TZ_KIND_STRING)
    return tz_emit_i2(b, TZ_NODE_EQ, tz_emit_i1(b, TZ_NODE_CLASS_OF, object), tz_emit_address(b, want));
  return NULL;
}

static tz_node *is_reference(tz_builder *b, tz_node *x) {
  return x->type == TZ_TYPE_ANY ? tz_emit_i1(b, TZ_NODE_ANY_IS_REF, x)
                                : tz_emit_not(b, tz_emit_i1(b, TZ_NODE_IS_NULL, x));
}

/* The others take a call: interfaces, functions, and the root class, which a boxed int is no object of. */
static bool is_simple_test(const tz_type *type) {
  if (type->kind == TZ_KIND_ARRAY || type->kind == TZ_KIND_STRING) return true;
  return type->kind == TZ_KIND_CLASS && !(type->class_->flags & TZ_CLASS_INTERFACE) &&
         type->class_->shape == NULL && type->class_->depth > 0;
}

/* 1 if the type accepts x, a reference that is not null here. */
static tz_node *accepted(tz_builder *b, tz_node *x, const tz_type *type) {
  if (x->type == TZ_TYPE_REF && tz_build_always_accepted(b, x, type)) return tz_emit_int(b, 1);
  if (is_simple_test(type)) return class_test(b, x, type);
  if (type->kind == TZ_KIND_CLASS && type->class_ == b->graph->vm->object_class) {
    tz_node *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, x), *is_object = tz_emit_i1(b, TZ_NODE_SUBCLASS, cls);
    is_object->imm.p = type->class_;
    return tz_emit_i2(b, TZ_NODE_AND, is_object,
                      tz_emit_i2(b, TZ_NODE_NE, cls, tz_emit_address(b, b->graph->vm->int_box_class)));
  }
  tz_node *test = tz_emit_i1(b, TZ_NODE_ACCEPTS, x);
  test->imm.p = type;
  return test;
}

static void build_is(tz_builder *b, tz_insn in) {
  const tz_type *type = constants(b)[C].p;
  tz_node *x = READ(B);
  tz_join join = {0};
  tz_fork fork = tz_branch(b, is_reference(b, x), 900);
  b->block = fork.yes;
  tz_join_add(b, &join, accepted(b, x, type));
  b->block = fork.no;
  tz_join_add(b, &join, tz_emit_int(b, 0));
  tz_write(b, A, tz_join_finish(b, &join, TZ_TYPE_INT));
}

/* Null passes; so does what has the class. */
tz_node *tz_build_checked(tz_builder *b, tz_node *x, const tz_type *type) {
  tz_join join = {0};
  tz_fork fork = tz_branch(b, tz_emit_i1(b, TZ_NODE_IS_NULL, x), 64);
  b->block = fork.yes;
  tz_join_add(b, &join, x);
  b->block = fork.no;
  if (x->type == TZ_TYPE_ANY) tz_check(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, x), TZ_DEOPT_CAST);
  tz_check(b, accepted(b, x, type), TZ_DEOPT_CAST);
  tz_join_add(b, &join, x);
  return tz_join_finish(b, &join, TZ_TYPE_REF);
}

/* ---- Arrays and strings ---- */

static tz_node *checked_index(tz_builder *b, tz_node *array, tz_node *index) {
  tz_check(b, tz_emit_i2(b, TZ_NODE_ULT, index, tz_emit_i1(b, TZ_NODE_LENGTH, array)), TZ_DEOPT_BOUNDS);
  return index;
}

static tz_kind element_kind(const tz_type *type) {
  switch (type->rep) {
  case 'I': return TZ_KIND_I64;
  case 'F': return TZ_KIND_F64;
  case 'Y': return TZ_KIND_ANY;
  default: return TZ_KIND_OBJECT;
  }
}

/* The kind of the elements that the instruction moves: by its name, or by the register. */
static tz_kind moved_kind(const tz_builder *b, tz_insn in) {
  switch (tz_insn_op(in)) {
  case TZ_OP_LOAD_U8:
  case TZ_OP_STORE_U8: return TZ_KIND_U8;
  case TZ_OP_LOAD_I16:
  case TZ_OP_STORE_I16: return TZ_KIND_I16;
  case TZ_OP_LOAD_I32:
  case TZ_OP_STORE_I32: return TZ_KIND_I32;
  case TZ_OP_LOAD_F32:
  case TZ_OP_STORE_F32: return TZ_KIND_F32;
  default: return element_kind(type_of_register(b, A));
  }
}

static void load_element(tz_builder *b, tz_insn in, tz_node *array, tz_kind kind) {
  const tz_type *type = type_of_register(b, A);
  tz_node *value = tz_emit2(b, TZ_NODE_LOAD_ELEMENT, tz_type_of(type), array, READ(C));
  value->aux = kind;
  tz_stamp(value, type);
  tz_write(b, A, value);
}

static void store_element(tz_builder *b, tz_insn in, tz_node *array, tz_kind kind) {
  TZ_EMIT(b, STORE_ELEMENT, TZ_TYPE_VOID, array, READ(C), READ(A))->aux = kind;
}

static void build_element(tz_builder *b, tz_insn in, bool is_load) {
  tz_node *array = READ(B);
  tz_check_nonnull(b, array);
  checked_index(b, array, READ(C));
  if (!is_load) store_element(b, in, array, moved_kind(b, in));
  else if (!is_discarded(b, in)) load_element(b, in, array, moved_kind(b, in));
}

/* A list: field 0 the elements, field 1 how many of them count. */
static void build_list_element(tz_builder *b, tz_insn in, bool is_load) {
  tz_node *list = READ(B);
  tz_check_nonnull(b, list);
  tz_node *array = tz_load_field(b, list, 0, TZ_TYPE_REF);
  tz_check(b, tz_emit_not(b, tz_emit_i1(b, TZ_NODE_IS_NULL, array)), TZ_DEOPT_BOUNDS);
  tz_node *length = tz_load_field(b, list, 1, TZ_TYPE_INT);
  tz_check(b, tz_emit_i2(b, TZ_NODE_ULT, READ(C), length), TZ_DEOPT_BOUNDS);
  checked_index(b, array, READ(C));
  if (!is_load) store_element(b, in, array, moved_kind(b, in));
  else if (!is_discarded(b, in)) load_element(b, in, array, moved_kind(b, in));
}

static void build_length(tz_builder *b, tz_insn in) {
  tz_node *array = READ(B);
  tz_check_nonnull(b, array);
  tz_write(b, A, tz_emit_i1(b, TZ_NODE_LENGTH, array));
}

static void build_string_byte(tz_builder *b, tz_insn in) {
  tz_node *string = READ(B);
  tz_check_nonnull(b, string);
  checked_index(b, string, READ(C));
  tz_write(b, A, tz_emit_i2(b, TZ_NODE_LOAD_BYTE, string, READ(C)));
}

/* Goes on only if cond is 0; otherwise the join gets `value`. */
static void unless(tz_builder *b, tz_join *join, tz_node *cond, int64_t value) {
  tz_fork fork = tz_branch(b, cond, 256);
  b->block = fork.yes;
  tz_join_add(b, join, tz_emit_int(b, value));
  b->block = fork.no;
}

tz_node *tz_build_same_text(tz_builder *b, tz_node *s, tz_node *t) {
  tz_join join = {0};
  unless(b, &join, tz_emit_i2(b, TZ_NODE_SAME, s, t), 1);
  if (!s->is_nonnull) unless(b, &join, tz_emit_i1(b, TZ_NODE_IS_NULL, s), 0);
  if (!t->is_nonnull) unless(b, &join, tz_emit_i1(b, TZ_NODE_IS_NULL, t), 0);
  tz_node *differ =
      tz_emit_i2(b, TZ_NODE_NE, tz_emit_i1(b, TZ_NODE_LENGTH, s), tz_emit_i1(b, TZ_NODE_LENGTH, t));
  unless(b, &join, differ, 0);
  tz_join_add(b, &join, tz_emit_i2(b, TZ_NODE_SAME_TEXT, s, t));
  return tz_join_finish(b, &join, TZ_TYPE_INT);
}

/* ---- Out of line ---- */

/* Source registers in the order of the outlined function's parameters (native/outline.h). */
static uint32_t source_operands(tz_builder *b, tz_node **args) {
  tz_insn in = tz_builder_insn(b);
  const tz_operand_facts *facts = &b->scope->flow->facts[tz_insn_op(in)];
  uint32_t n = 0;
  if (facts->reads_a) args[n++] = READ(A);
  if (facts->reads_b) args[n++] = READ(B);
  if (facts->reads_c) args[n++] = READ(C);
  if (facts->has_list)
    for (uint32_t i = 0; i < tz_insn_x(in); i++)
      args[n++] = READ(tz_insn_arg(&b->scope->function->code[b->pc + 1], i));
  return n;
}

tz_node *tz_build_outlined(tz_builder *b) {
  tz_insn in = tz_builder_insn(b);
  tz_function *f = b->scope->function;
  tz_function *outlined = b->options->outline != NULL ? b->options->outline(b->graph->vm, f, b->pc) : NULL;
  if (outlined == NULL) tz_give_up(b, "an instruction that only the lower tiers run");
  tz_node *args[3 + UINT8_MAX];
  uint32_t n = source_operands(b, args);
  bool has_result = b->scope->flow->facts[tz_insn_op(in)].writes_a && A < f->n_registers;
  tz_node *call = tz_emit(b, TZ_NODE_CALL, has_result ? tz_type_of(f->registers[A]) : TZ_TYPE_VOID, n, args);
  call->imm.p = outlined;
  call->state = tz_state_place(b);
  tz_check_pending(b);
  if (has_result) tz_stamp(call, f->registers[A]);
  return has_result ? call : NULL;
}

/* Two results: the value by the call, whether there was one by the thread. */
static void build_chan_next(tz_builder *b, tz_insn in) {
  tz_node *value = tz_build_outlined(b);
  if (b->block == NULL) return;
  tz_node *more = tz_emit(b, TZ_NODE_LOAD_GLOBAL, TZ_TYPE_INT, 0, NULL);
  more->imm.p = &b->graph->vm->thread->second;
  tz_write(b, A, value);
  tz_write(b, C, more);
}

static void build_throw(tz_builder *b) {
  tz_node *error = tz_read(b, tz_insn_a(tz_builder_insn(b)));
  if (!b->options->has_handlers && tz_may_speculate(b)) {
    tz_deopt(b, TZ_DEOPT_THROW);
    return;
  }
  tz_check_nonnull(b, error);
  if (b->block != NULL) tz_raise_error(b, error);
}

/* ---- One instruction ---- */

void tz_build_op(tz_builder *b) {
  tz_insn in = tz_builder_insn(b);
  if (build_number(b, in)) return;
  switch (tz_insn_op(in)) {
  case TZ_OP_NOP: break;
  case TZ_OP_MOV: tz_write(b, A, READ(B)); break;
  case TZ_OP_CONST_I: tz_write(b, A, tz_emit_int(b, tz_insn_d(in))); break;
  case TZ_OP_CONST: build_constant(b, in, constants(b)[(uint32_t)tz_insn_d(in)]); break;
  case TZ_OP_NULL: build_constant(b, in, (tz_word){.u = 0}); break;
  case TZ_OP_DIV_I: build_division(b, in, TZ_NODE_DIV); break;
  case TZ_OP_REM_I: build_division(b, in, TZ_NODE_REM); break;
  case TZ_OP_NEG_I: tz_write(b, A, tz_emit_i2(b, TZ_NODE_SUB, tz_emit_int(b, 0), READ(B))); break;
  case TZ_OP_NOT_I: tz_write(b, A, tz_emit_i2(b, TZ_NODE_XOR, READ(B), tz_emit_int(b, -1))); break;
  case TZ_OP_NOT_B: tz_write(b, A, tz_emit_not(b, READ(B))); break;
  case TZ_OP_SHL_W:
  case TZ_OP_USHR_W: build_narrow_shift(b, in); break;
  case TZ_OP_SEXT: tz_write(b, A, extend(b, TZ_NODE_SEXT, READ(B), C)); break;
  case TZ_OP_ZEXT: tz_write(b, A, extend(b, TZ_NODE_ZEXT, READ(B), C)); break;
  case TZ_OP_GETG: build_global_load(b, in); break;
  case TZ_OP_PUTG: build_global_store(b, in); break;
  case TZ_OP_NEW: build_new(b, in); break;
  case TZ_OP_NEW_ARRAY: build_new_array(b, in); break;
  case TZ_OP_GETF: build_getf(b, in); break;
  case TZ_OP_PUTF:
  case TZ_OP_PUTF_R: build_putf(b, in); break;
  case TZ_OP_IS: build_is(b, in); break;
  case TZ_OP_CAST: tz_write(b, A, tz_build_checked(b, READ(B), constants(b)[C].p)); break;
  case TZ_OP_TAG: {
    tz_node *object = READ(B);
    tz_check_nonnull(b, object);
    tz_write(b, A, tz_emit_i1(b, TZ_NODE_TAG, tz_emit_i1(b, TZ_NODE_CLASS_OF, object)));
    break;
  }
  case TZ_OP_NONNULL: tz_check_nonnull(b, READ(A)); break;
  case TZ_OP_ARRAY_LEN:
  case TZ_OP_STR_LEN: build_length(b, in); break;
  case TZ_OP_LOAD_U8:
  case TZ_OP_LOAD_I16:
  case TZ_OP_LOAD_I32:
  case TZ_OP_LOAD_F32:
  case TZ_OP_LOAD_64: build_element(b, in, true); break;
  case TZ_OP_STORE_U8:
  case TZ_OP_STORE_I16:
  case TZ_OP_STORE_I32:
  case TZ_OP_STORE_F32:
  case TZ_OP_STORE_64:
  case TZ_OP_STORE_R: build_element(b, in, false); break;
  case TZ_OP_LIST_LOAD: build_list_element(b, in, true); break;
  case TZ_OP_LIST_STORE:
  case TZ_OP_LIST_STORE_R: build_list_element(b, in, false); break;
  case TZ_OP_STR_BYTE: build_string_byte(b, in); break;
  case TZ_OP_EQ_S: tz_write(b, A, tz_build_same_text(b, READ(B), READ(C))); break;
  case TZ_OP_THROW: build_throw(b); break;
  case TZ_OP_CHAN_NEXT: build_chan_next(b, in); break;
  default: { /* strings joined, processes, channels */
    tz_node *result = tz_build_outlined(b);
    if (result != NULL && b->block != NULL) tz_write(b, A, result);
  }
  }
}
