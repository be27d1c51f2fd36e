/* build_any.c: instructions on dynamic values. What the interpreter has seen (kinds in the x byte, classes at
 * sites) is speculated on; values are unboxed where they are used and boxed where they are made, so that
 * chains of operations cancel out. */
#include "builder.h"
#include "class.h"
#include "slow.h"

#define A tz_insn_a(in)
#define B tz_insn_b(in)
#define C tz_insn_c(in)
#define READ(reg) tz_read(b, reg)

enum { SAW_INT = 1, SAW_FLOAT = 2, SAW_NUMBER = 3, SAW_STRING = 4 };

static void guard_kind(tz_builder *b, tz_node_op test, tz_node *x) {
  tz_guard(b, tz_emit_i1(b, test, x), TZ_DEOPT_KIND);
}

/* Where the condition does not hold, `otherwise` takes over; NULL: the code is left. */
static void require(tz_builder *b, tz_join *otherwise, tz_node *cond, tz_deopt_reason reason) {
  if (otherwise == NULL) {
    tz_guard(b, cond, reason);
    return;
  }
  tz_fork fork = tz_branch(b, cond, 1000);
  b->block = fork.no;
  tz_join_add(b, otherwise, NULL);
  b->block = fork.yes;
}

static tz_node *unbox_int_or(tz_builder *b, tz_node *x, tz_join *otherwise) {
  require(b, otherwise, tz_emit_i1(b, TZ_NODE_ANY_IS_INT, x), TZ_DEOPT_KIND);
  return tz_emit_i1(b, TZ_NODE_UNBOX_INT, x);
}

static tz_node *unbox_int(tz_builder *b, tz_node *x) { return unbox_int_or(b, x, NULL); }

static tz_node *box_int_or(tz_builder *b, tz_node *i, tz_join *otherwise) {
  require(b, otherwise, tz_emit_i1(b, TZ_NODE_INT_FITS, i), TZ_DEOPT_OVERFLOW);
  return tz_emit1(b, TZ_NODE_BOX_INT, TZ_TYPE_ANY, i);
}

static tz_node *box_int(tz_builder *b, tz_node *i) { return box_int_or(b, i, NULL); }

static tz_node *unbox_float(tz_builder *b, tz_node *x) {
  guard_kind(b, TZ_NODE_ANY_IS_FLOAT, x);
  return tz_emit1(b, TZ_NODE_UNBOX_FLOAT, TZ_TYPE_FLOAT, x);
}

/* An operand as a float, of the kinds seen. */
static tz_node *number_or(tz_builder *b, tz_node *x, unsigned saw, tz_join *otherwise) {
  if (saw == SAW_FLOAT) return unbox_float(b, x);
  if (saw == SAW_INT) return tz_emit1(b, TZ_NODE_I2F, TZ_TYPE_FLOAT, unbox_int(b, x));
  tz_join join = {0};
  tz_fork fork = tz_branch(b, tz_emit_i1(b, TZ_NODE_ANY_IS_FLOAT, x), 700);
  b->block = fork.yes;
  tz_join_add(b, &join, tz_emit1(b, TZ_NODE_UNBOX_FLOAT, TZ_TYPE_FLOAT, x));
  b->block = fork.no;
  tz_node *i = unbox_int_or(b, x, otherwise);
  tz_join_add(b, &join, tz_emit1(b, TZ_NODE_I2F, TZ_TYPE_FLOAT, i));
  return tz_join_finish(b, &join, TZ_TYPE_FLOAT);
}

static tz_node *number(tz_builder *b, tz_node *x, unsigned saw) { return number_or(b, x, saw, NULL); }

static void outlined(tz_builder *b, tz_insn in) {
  tz_node *result = tz_build_outlined(b);
  if (result != NULL && b->block != NULL) tz_write(b, A, result);
}

/* ---- Arithmetic ---- */

static tz_node *int_result(tz_builder *b, uint8_t op, tz_node *x, tz_node *y, tz_join *otherwise) {
  switch (op) {
  case TZ_OP_ADD_ANY: return box_int_or(b, tz_emit_i2(b, TZ_NODE_ADD, x, y), otherwise);
  case TZ_OP_SUB_ANY: return box_int_or(b, tz_emit_i2(b, TZ_NODE_SUB, x, y), otherwise);
  case TZ_OP_MUL_ANY:
    require(b, otherwise, tz_emit_not(b, tz_emit_i2(b, TZ_NODE_MUL_OVERFLOWS, x, y)), TZ_DEOPT_OVERFLOW);
    return box_int_or(b, tz_emit_i2(b, TZ_NODE_MUL, x, y), otherwise);
  case TZ_OP_DIV_ANY:
  case TZ_OP_REM_ANY:
    require(b, otherwise, tz_emit_i2(b, TZ_NODE_NE, y, tz_emit_int(b, 0)), TZ_DEOPT_DIVISION);
    return box_int_or(b, tz_emit_i2(b, op == TZ_OP_DIV_ANY ? TZ_NODE_DIV : TZ_NODE_REM, x, y), otherwise);
  case TZ_OP_LT_ANY: return tz_emit_i2(b, TZ_NODE_LT, x, y);
  case TZ_OP_LE_ANY: return tz_emit_i2(b, TZ_NODE_LE, x, y);
  default: return tz_emit_i2(b, TZ_NODE_EQ, x, y);
  }
}

static tz_node *float_result(tz_builder *b, uint8_t op, tz_node *x, tz_node *y) {
  tz_node_op node = TZ_NODE_FEQ;
  switch (op) {
  case TZ_OP_ADD_ANY: node = TZ_NODE_FADD; break;
  case TZ_OP_SUB_ANY: node = TZ_NODE_FSUB; break;
  case TZ_OP_MUL_ANY: node = TZ_NODE_FMUL; break;
  case TZ_OP_DIV_ANY: node = TZ_NODE_FDIV; break;
  case TZ_OP_LT_ANY: return tz_emit_i2(b, TZ_NODE_FLT, x, y);
  case TZ_OP_LE_ANY: return tz_emit_i2(b, TZ_NODE_FLE, x, y);
  default: return tz_emit_i2(b, TZ_NODE_FEQ, x, y);
  }
  return tz_emit1(b, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY, tz_emit2(b, node, TZ_TYPE_FLOAT, x, y));
}

static bool gives_any(uint8_t op) { return op >= TZ_OP_ADD_ANY && op <= TZ_OP_REM_ANY; }

/* Two ints give an int, any other two numbers a float. */
static tz_node *mixed_result(tz_builder *b, uint8_t op, tz_node *x, tz_node *y, unsigned saw_x,
                             unsigned saw_y, tz_join *otherwise) {
  tz_join join = {0};
  tz_node *both =
      tz_emit_i2(b, TZ_NODE_AND, tz_emit_i1(b, TZ_NODE_ANY_IS_INT, x), tz_emit_i1(b, TZ_NODE_ANY_IS_INT, y));
  tz_fork fork = tz_branch(b, both, 512);
  b->block = fork.yes;
  tz_node *i = tz_emit_i1(b, TZ_NODE_UNBOX_INT, x), *j = tz_emit_i1(b, TZ_NODE_UNBOX_INT, y);
  tz_join_add(b, &join, int_result(b, op, i, j, otherwise));
  b->block = fork.no;
  tz_node *v = number_or(b, x, saw_x, otherwise), *w = number_or(b, y, saw_y, otherwise);
  tz_join_add(b, &join, float_result(b, op, v, w));
  return tz_join_finish(b, &join, gives_any(op) ? TZ_TYPE_ANY : TZ_TYPE_INT);
}

/* A float equals numbers of another kind, and not always itself. */
static void guard_no_float(tz_builder *b, tz_node *x) {
  tz_guard(b, tz_emit_not(b, tz_emit_i1(b, TZ_NODE_ANY_IS_FLOAT, x)), TZ_DEOPT_KIND);
}

/* Where x, or else y, is no reference, it does not equal the other, which is another word. */
static void join_unequal_immediate(tz_builder *b, tz_join *join, tz_node *x, tz_node *y) {
  tz_fork fork = tz_branch(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, x), 900);
  b->block = fork.no;
  guard_no_float(b, x);
  guard_no_float(b, y);
  tz_join_add(b, join, tz_emit_int(b, 0));
  b->block = fork.yes;
}

enum { EQUALS_SLOT = 1 }; /* Object's vtable: toString, equals, hash */

/* Whatever equals the class has. */
static tz_node *call_equals(tz_builder *b, tz_node *equals, tz_node *x, tz_node *y) {
  const tz_sig *signature = b->graph->vm->object_class->vtable[EQUALS_SLOT]->signature;
  if (signature->n_params != 2 || signature->result->rep != 'I') return tz_build_outlined(b);
  tz_node *other = tz_build_unboxed(b, y, signature->params[1]);
  tz_node *call = TZ_EMIT(b, CALL_POINTER, TZ_TYPE_INT, equals, x, other);
  call->state = tz_state_place(b);
  tz_check_pending(b);
  return tz_emit_i2(b, TZ_NODE_NE, call, tz_emit_int(b, 0));
}

/* The one equals that the place has called, if it is that of the class; goes on where it is another. */
static void call_seen_equals(tz_builder *b, tz_join *join, tz_node *equals, tz_node *x, tz_node *y) {
  tz_function *f;
  if (tz_seen_method(b, &f) == 0 || f->n_params != 2 || f->signature->result->rep != 'I') return;
  tz_fork fork = tz_branch(b, tz_emit_i2(b, TZ_NODE_EQ, equals, tz_emit_address(b, f)), 1000);
  b->block = fork.yes;
  tz_node *args[] = {x, tz_build_unboxed(b, y, f->signature->params[1])};
  tz_node *answer = tz_build_call_of(b, f, args, 2, tz_insn_a(tz_builder_insn(b)));
  if (b->block != NULL) tz_join_add(b, join, tz_emit_i2(b, TZ_NODE_NE, answer, tz_emit_int(b, 0)));
  b->block = fork.no;
}

static tz_node *is_class(tz_builder *b, tz_node *cls, const tz_class *of) {
  return tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, of));
}

/* Two strings have the same bytes or not; a string equals nothing else. Where `seen` says that there has been
 * none, there is to be none. */
static void join_texts(tz_builder *b, tz_join *join, tz_node *x, tz_node *y, tz_node *cls, unsigned seen) {
  tz_node *other = tz_emit_i1(b, TZ_NODE_CLASS_OF, y);
  tz_node *is_text = is_class(b, cls, b->graph->vm->string_class),
          *is_other_text = is_class(b, other, b->graph->vm->string_class);
  if (!(seen & SAW_STRING)) {
    tz_guard(b, tz_emit_not(b, is_text), TZ_DEOPT_KIND);
    tz_guard(b, tz_emit_not(b, is_other_text), TZ_DEOPT_KIND);
    return;
  }
  tz_fork fork = tz_branch(b, is_text, 700);
  b->block = fork.yes;
  tz_fork both = tz_branch(b, is_other_text, 900);
  b->block = both.no;
  tz_join_add(b, join, tz_emit_int(b, 0));
  b->block = both.yes;
  tz_join_add(b, join, tz_build_same_text(b, x, y));
  b->block = fork.no;
  fork = tz_branch(b, is_other_text, 300);
  b->block = fork.yes;
  tz_join_add(b, join, tz_emit_int(b, 0));
  b->block = fork.no;
}

/* Neither has been a float: the same word is equal; so are texts of the same bytes; of two objects the first
 * may say so, if its class has an equals of its own. */
static void build_same(tz_builder *b, tz_insn in, unsigned seen) {
  const tz_vm *vm = b->graph->vm;
  tz_node *x = READ(B), *y = READ(C);
  tz_join join = {0};
  tz_fork fork = tz_branch(b, tz_emit_i2(b, TZ_NODE_SAME, x, y), 400);
  b->block = fork.yes;
  guard_no_float(b, x);
  tz_join_add(b, &join, tz_emit_int(b, 1));
  b->block = fork.no;
  join_unequal_immediate(b, &join, x, y);
  join_unequal_immediate(b, &join, y, x);
  tz_node *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, x);
  join_texts(b, &join, x, y, cls, seen);
  tz_guard(b, tz_emit_not(b, is_class(b, cls, vm->int_box_class)), TZ_DEOPT_KIND);
  tz_node *is_object = tz_emit_i1(b, TZ_NODE_SUBCLASS, cls);
  is_object->imm.p = vm->object_class;
  fork = tz_branch(b, is_object, 1000);
  b->block = fork.no;
  tz_join_add(b, &join, tz_emit_int(b, 0));
  b->block = fork.yes;
  tz_node *equals = tz_emit_i1(b, TZ_NODE_METHOD, cls);
  equals->aux = EQUALS_SLOT;
  fork = tz_branch(
      b, tz_emit_i2(b, TZ_NODE_EQ, equals, tz_emit_address(b, vm->object_class->vtable[EQUALS_SLOT])), 1000);
  b->block = fork.yes;
  tz_join_add(b, &join, tz_emit_int(b, 0));
  b->block = fork.no;
  tz_node *other = tz_emit_i1(b, TZ_NODE_CLASS_OF, y); /* a boxed int is none */
  tz_guard(b, tz_emit_not(b, is_class(b, other, vm->int_box_class)), TZ_DEOPT_KIND);
  call_seen_equals(b, &join, equals, x, y);
  tz_join_add(b, &join, call_equals(b, equals, x, y));
  tz_write(b, A, tz_join_finish(b, &join, TZ_TYPE_INT));
}

/* ---- Strings ---- */

static void guard_string(tz_builder *b, tz_node *x) {
  tz_guard(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, x), TZ_DEOPT_KIND);
  tz_guard(b, is_class(b, tz_emit_i1(b, TZ_NODE_CLASS_OF, x), b->graph->vm->string_class), TZ_DEOPT_CLASS);
}

static tz_node *joined(tz_builder *b, tz_node *x, tz_node *y) {
  tz_function *join = b->options->join(b->graph->vm);
  if (join == NULL) return tz_build_outlined(b);
  tz_node *call = TZ_EMIT(b, CALL, TZ_TYPE_REF, x, y);
  call->imm.p = join;
  call->state = tz_state_place(b);
  tz_stamp(call, join->signature->result);
  tz_check_pending(b);
  call->is_nonnull = true;
  return call;
}

/* Of two strings. False: it is none of theirs. */
static bool build_of_strings(tz_builder *b, tz_insn in) {
  uint8_t op = tz_insn_op(in);
  tz_node *x = READ(B), *y = READ(C), *zero;
  if (op != TZ_OP_EQ_ANY && op != TZ_OP_LT_ANY && op != TZ_OP_LE_ANY &&
      (op != TZ_OP_ADD_ANY || b->options->join == NULL))
    return false;
  guard_string(b, x);
  guard_string(b, y);
  switch (op) {
  case TZ_OP_EQ_ANY: tz_write(b, A, tz_build_same_text(b, x, y)); break;
  case TZ_OP_ADD_ANY: tz_write(b, A, joined(b, x, y)); break;
  default:
    zero = tz_emit_int(b, 0);
    tz_write(b, A,
             tz_emit_i2(b, op == TZ_OP_LT_ANY ? TZ_NODE_LT : TZ_NODE_LE,
                        tz_emit_i2(b, TZ_NODE_COMPARE_TEXT, x, y), zero));
  }
  return true;
}

/* Of any kinds: numbers here, all else out of line. Nothing is speculated on. */
static void build_for_all_kinds(tz_builder *b, tz_insn in) {
  uint8_t op = tz_insn_op(in);
  tz_node_type type = gives_any(op) ? TZ_TYPE_ANY : TZ_TYPE_INT;
  tz_join join = {0}, otherwise = {0};
  tz_join_add(b, &join, mixed_result(b, op, READ(B), READ(C), SAW_NUMBER, SAW_NUMBER, &otherwise));
  tz_join_finish(b, &otherwise, TZ_TYPE_VOID);
  tz_join_add(b, &join, tz_build_outlined(b));
  tz_write(b, A, tz_join_finish(b, &join, type));
}

static void build_arithmetic(tz_builder *b, tz_insn in) {
  uint8_t op = tz_insn_op(in);
  unsigned saw = tz_seen_operands(b), saw_b = saw & 15, saw_c = saw >> 4;
  bool were_numbers = (saw_b & SAW_NUMBER) != 0 && (saw_c & SAW_NUMBER) != 0;
  if (!tz_may_speculate(b)) {
    if (were_numbers && op != TZ_OP_REM_ANY) build_for_all_kinds(b, in);
    else outlined(b, in);
    return;
  }
  if (saw_b == 0) {
    tz_deopt(b, TZ_DEOPT_UNREACHED);
    return;
  }
  if (saw_b == SAW_STRING && saw_c == SAW_STRING && build_of_strings(b, in)) return;
  if (op == TZ_OP_EQ_ANY && ((saw_b | saw_c) & SAW_FLOAT) == 0 && saw != (SAW_INT | SAW_INT << 4)) {
    build_same(b, in, saw_b | saw_c);
    return;
  }
  bool are_ints = saw_b == SAW_INT && saw_c == SAW_INT,
       are_numbers = ((saw_b | saw_c) & ~(unsigned)SAW_NUMBER) == 0;
  if (!are_numbers || (op == TZ_OP_REM_ANY && !are_ints)) {
    outlined(b, in);
    return;
  }
  tz_node *x = READ(B), *y = READ(C);
  if (are_ints) {
    tz_node *i = unbox_int(b, x), *j = unbox_int(b, y);
    tz_write(b, A, int_result(b, op, i, j, NULL));
  } else if ((saw_b & saw_c & SAW_INT) == 0) {
    tz_node *v = number(b, x, saw_b), *w = number(b, y, saw_c);
    tz_write(b, A, float_result(b, op, v, w));
  } else {
    tz_write(b, A, mixed_result(b, op, x, y, saw_b, saw_c, NULL));
  }
}

static void build_negation(tz_builder *b, tz_insn in) {
  unsigned saw = tz_seen_operands(b);
  if (!tz_may_speculate(b) || (saw != SAW_INT && saw != SAW_FLOAT)) {
    outlined(b, in);
    return;
  }
  if (saw == SAW_INT)
    tz_write(b, A, box_int(b, tz_emit_i2(b, TZ_NODE_SUB, tz_emit_int(b, 0), unbox_int(b, READ(B)))));
  else
    tz_write(b, A,
             tz_emit1(b, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY,
                      tz_emit1(b, TZ_NODE_FNEG, TZ_TYPE_FLOAT, unbox_float(b, READ(B)))));
}

static void build_bits(tz_builder *b, tz_insn in) {
  static const uint8_t ops[] = {TZ_NODE_AND, TZ_NODE_OR, TZ_NODE_XOR, TZ_NODE_SHL, TZ_NODE_SHR, TZ_NODE_USHR};
  if (!tz_may_speculate(b) || tz_insn_x(in) >= sizeof ops) {
    outlined(b, in);
    return;
  }
  tz_node *i = unbox_int(b, READ(B)), *j = unbox_int(b, READ(C));
  tz_write(b, A, box_int(b, tz_emit_i2(b, ops[tz_insn_x(in)], i, j)));
}

/* ---- To and from typed registers ---- */

static void build_any_i(tz_builder *b, tz_insn in) {
  if (tz_may_speculate(b)) tz_write(b, A, box_int(b, READ(B)));
  else outlined(b, in);
}

static void build_i_any(tz_builder *b, tz_insn in, tz_node_op test, tz_node_op unbox) {
  if (!tz_may_speculate(b)) {
    outlined(b, in);
    return;
  }
  guard_kind(b, test, READ(B));
  tz_write(b, A, tz_emit_i1(b, unbox, READ(B)));
}

static void build_f_any(tz_builder *b, tz_insn in) {
  if (tz_may_speculate(b)) tz_write(b, A, number(b, READ(B), SAW_NUMBER));
  else outlined(b, in);
}

static void when(tz_builder *b, tz_join *join, tz_node *cond, int64_t kind) {
  tz_fork fork = tz_branch(b, cond, 300);
  b->block = fork.yes;
  tz_join_add(b, join, tz_emit_int(b, kind));
  b->block = fork.no;
}

static void build_kind(tz_builder *b, tz_insn in) {
  tz_node *x = READ(B);
  tz_join join = {0};
  when(b, &join, tz_emit_i1(b, TZ_NODE_ANY_IS_INT, x), 2);
  when(b, &join, tz_emit_i1(b, TZ_NODE_IS_NULL, x), 0);
  when(b, &join, tz_emit_i1(b, TZ_NODE_ANY_IS_BOOL, x), 1);
  when(b, &join, tz_emit_i1(b, TZ_NODE_ANY_IS_FLOAT, x), 3);
  tz_node *cls = tz_emit_i1(b, TZ_NODE_CLASS_OF, x);
  when(b, &join, tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, b->graph->vm->string_class)), 4);
  when(b, &join, tz_emit_i2(b, TZ_NODE_EQ, cls, tz_emit_address(b, b->graph->vm->int_box_class)), 2);
  tz_join_add(b, &join, tz_emit_int(b, 5));
  tz_write(b, A, tz_join_finish(b, &join, TZ_TYPE_INT));
}

/* ---- Members ---- */

/* What was read, so that the instruction may begin anew. */
static tz_node *dynamic(tz_builder *b, tz_node *value, const tz_type *type) {
  if (type->rep == 'F') return tz_emit1(b, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY, value);
  if (type->rep != 'I') return value;
  return type->kind == TZ_KIND_BOOL ? tz_emit1(b, TZ_NODE_BOX_BOOL, TZ_TYPE_ANY, value) : box_int(b, value);
}

static tz_node *typed_member(tz_builder *b, tz_node *object, const tz_class *cls, uint32_t slot) {
  const tz_type *type = cls->fields[slot].type;
  return dynamic(b, tz_load_field(b, object, slot, tz_type_of(type)), type);
}

static tz_node *load_member(tz_builder *b, tz_node *object, const tz_site_way *way) {
  uint32_t slot = (uint32_t)way->member.slot;
  if (way->member.rep != TZ_MEMBER_DYNAMIC)
    return typed_member(b, object, (const tz_class *)(uintptr_t)way->cls, slot);
  tz_node *members = tz_emit1(b, TZ_NODE_LOAD_MEMBERS, TZ_TYPE_REF, object);
  tz_node *value = tz_emit2(b, TZ_NODE_LOAD_ELEMENT, TZ_TYPE_ANY, members, tz_emit_int(b, slot));
  value->aux = TZ_KIND_ANY;
  return value;
}

static bool is_loadable(const tz_site_way *way) {
  return way->cls != 0 && !(way->cls & 3) && way->member.rep >= TZ_MEMBER_WORD &&
         way->member.rep <= TZ_MEMBER_TYPED && way->member.slot >= 0;
}

static bool is_storable(const tz_site_way *way) {
  if (!is_loadable(way)) return false;
  const tz_class *cls = (const tz_class *)(uintptr_t)way->cls;
  return way->member.rep == TZ_MEMBER_DYNAMIC || !tz_class_is_fixed(cls, (uint32_t)way->member.slot);
}

tz_node *tz_build_unboxed(tz_builder *b, tz_node *value, const tz_type *type) {
  if (type->rep == 'F') return number(b, value, SAW_NUMBER);
  if (type->rep == 'R') return tz_build_checked(b, value, type);
  if (type->rep != 'I') return value;
  if (type->kind != TZ_KIND_BOOL) return unbox_int(b, value);
  guard_kind(b, TZ_NODE_ANY_IS_BOOL, value);
  return tz_emit_i1(b, TZ_NODE_UNBOX_BOOL, value);
}

static void store_member(tz_builder *b, tz_node *object, const tz_site_way *way, tz_node *value) {
  uint32_t slot = (uint32_t)way->member.slot;
  if (way->member.rep == TZ_MEMBER_DYNAMIC) {
    tz_node *members = tz_emit1(b, TZ_NODE_LOAD_MEMBERS, TZ_TYPE_REF, object);
    TZ_EMIT(b, STORE_ELEMENT, TZ_TYPE_VOID, members, tz_emit_int(b, slot), value)->aux = TZ_KIND_ANY;
    return;
  }
  const tz_class *cls = (const tz_class *)(uintptr_t)way->cls;
  tz_node *word = tz_build_unboxed(b, value, cls->fields[slot].type);
  tz_emit2(b, TZ_NODE_STORE_FIELD, TZ_TYPE_VOID, object, word)->aux = slot;
}

static tz_node *member_way(tz_builder *b, tz_insn in, tz_node *object, const tz_site_way *way, bool is_load) {
  if (is_load) return load_member(b, object, way);
  store_member(b, object, way, READ(A));
  return NULL;
}

/* The class of the object, to be compared with `seen`. Only a dynamic object gets another, and never one that
 * is no shape. */
static tz_node *class_for(tz_builder *b, tz_node *object, const tz_class *seen) {
  return tz_emit_i1(b, seen->shape != NULL ? TZ_NODE_READS_CLASS : TZ_NODE_CLASS_OF, object);
}

/* Up to four classes, each by a test; the last by a guard. False: the site has seen more, or what needs more
 * than that. */
static bool build_member(tz_builder *b, tz_insn in, bool is_load) {
  tz_site site = tz_seen_site(b, C);
  uint32_t n = 0;
  for (; n < TZ_SITE_WAYS && site.way[n].cls != 0; n++)
    if (!(is_load ? is_loadable(&site.way[n]) : is_storable(&site.way[n]))) return false;
  if (n == 0 || site.misses > 0 || !tz_may_speculate(b)) return false;
  tz_node *object = READ(B);
  tz_guard(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, object), TZ_DEOPT_KIND);
  tz_join join = {0};
  for (uint32_t i = 0; i < n; i++) {
    const tz_class *seen = (const tz_class *)(uintptr_t)site.way[i].cls;
    tz_node *is = is_class(b, class_for(b, object, seen), seen);
    if (i + 1 == n) {
      tz_guard(b, is, TZ_DEOPT_CLASS);
      tz_join_add(b, &join, member_way(b, in, object, &site.way[i], is_load));
      break;
    }
    tz_fork fork = tz_branch(b, is, 700);
    b->block = fork.yes;
    tz_join_add(b, &join, member_way(b, in, object, &site.way[i], is_load));
    b->block = fork.no;
  }
  tz_node *value = tz_join_finish(b, &join, is_load ? TZ_TYPE_ANY : TZ_TYPE_VOID);
  if (is_load) tz_write(b, A, value);
  return true;
}

/* ---- Elements ---- */

/* The class of the arrays or strings that the instruction has indexed. NULL: it has seen something else, or
 * several. */
static const tz_class *indexed_class(tz_builder *b) {
  const tz_vm *vm = b->graph->vm;
  if (!tz_may_speculate(b)) return NULL;
  switch (tz_seen_operands(b)) {
  case TZ_INDEX_ARRAY: return vm->any_array_class;
  case TZ_INDEX_STRING: return vm->string_class;
  case TZ_INDEX_TYPED: break;
  default: return NULL;
  }
  tz_function *none;
  return (const tz_class *)(uintptr_t)tz_seen_method(b, &none);
}

/* The index, guarded; the array's class too. */
static tz_node *guarded_index(tz_builder *b, tz_insn in, const tz_class *cls) {
  tz_node *array = READ(B);
  tz_guard(b, tz_emit_i1(b, TZ_NODE_ANY_IS_REF, array), TZ_DEOPT_KIND);
  tz_guard(b, is_class(b, tz_emit_i1(b, TZ_NODE_CLASS_OF, array), cls), TZ_DEOPT_CLASS);
  tz_node *index = unbox_int(b, READ(C));
  tz_guard(b, tz_emit_i2(b, TZ_NODE_ULT, index, tz_emit_i1(b, TZ_NODE_LENGTH, array)), TZ_DEOPT_BOUNDS);
  return index;
}

static tz_kind element_kind(const tz_class *cls) {
  const tz_type *element = cls->type->element;
  switch (element->kind) {
  case TZ_KIND_BOOL: return TZ_KIND_U8;
  case TZ_KIND_U8:
  case TZ_KIND_I16:
  case TZ_KIND_I32:
  case TZ_KIND_F32: return element->kind;
  default:
    return element->rep == 'I'   ? TZ_KIND_I64
           : element->rep == 'F' ? TZ_KIND_F64
           : element->rep == 'Y' ? TZ_KIND_ANY
                                 : TZ_KIND_OBJECT;
  }
}

static void build_index(tz_builder *b, tz_insn in) {
  const tz_class *cls = indexed_class(b);
  tz_node *element, *args[] = {READ(B), READ(C)};
  if (cls == NULL) {
    if (!tz_build_operator(b, args, 2, A, &element)) outlined(b, in);
    else if (b->block != NULL) tz_write(b, A, element);
    return;
  }
  tz_node *index = guarded_index(b, in, cls);
  if (cls == b->graph->vm->string_class) {
    tz_node *byte = tz_emit_i2(b, TZ_NODE_LOAD_BYTE, args[0], index);
    tz_write(b, A, tz_emit1(b, TZ_NODE_BOX_INT, TZ_TYPE_ANY, byte));
    return;
  }
  const tz_type *type = cls->type->element;
  tz_node *value = tz_emit2(b, TZ_NODE_LOAD_ELEMENT, tz_type_of(type), args[0], index);
  value->aux = element_kind(cls);
  tz_stamp(value, type);
  tz_write(b, A, dynamic(b, value, type));
}

static void build_set_index(tz_builder *b, tz_insn in) {
  const tz_class *cls = indexed_class(b);
  tz_node *nothing, *args[] = {READ(B), READ(C), READ(A)};
  if (cls == NULL || cls == b->graph->vm->string_class) {
    if (!tz_build_operator(b, args, 3, TZ_REG_DISCARD, &nothing)) tz_build_outlined(b);
    return;
  }
  tz_node *index = guarded_index(b, in, cls), *value = tz_build_unboxed(b, args[2], cls->type->element);
  TZ_EMIT(b, STORE_ELEMENT, TZ_TYPE_VOID, args[0], index, value)->aux = element_kind(cls);
}

/* ---- One instruction ---- */

bool tz_build_any(tz_builder *b) {
  tz_insn in = tz_builder_insn(b);
  switch (tz_insn_op(in)) {
  case TZ_OP_ANY_I: build_any_i(b, in); return true;
  case TZ_OP_ANY_F: tz_write(b, A, tz_emit1(b, TZ_NODE_BOX_FLOAT, TZ_TYPE_ANY, READ(B))); return true;
  case TZ_OP_ANY_B: tz_write(b, A, tz_emit1(b, TZ_NODE_BOX_BOOL, TZ_TYPE_ANY, READ(B))); return true;
  case TZ_OP_I_ANY: build_i_any(b, in, TZ_NODE_ANY_IS_INT, TZ_NODE_UNBOX_INT); return true;
  case TZ_OP_B_ANY: build_i_any(b, in, TZ_NODE_ANY_IS_BOOL, TZ_NODE_UNBOX_BOOL); return true;
  case TZ_OP_F_ANY: build_f_any(b, in); return true;
  case TZ_OP_KIND_ANY: build_kind(b, in); return true;
  case TZ_OP_ADD_ANY:
  case TZ_OP_SUB_ANY:
  case TZ_OP_MUL_ANY:
  case TZ_OP_DIV_ANY:
  case TZ_OP_REM_ANY:
  case TZ_OP_EQ_ANY:
  case TZ_OP_LT_ANY:
  case TZ_OP_LE_ANY: build_arithmetic(b, in); return true;
  case TZ_OP_NEG_ANY: build_negation(b, in); return true;
  case TZ_OP_BIT_ANY: build_bits(b, in); return true;
  case TZ_OP_INDEX_ANY: build_index(b, in); return true;
  case TZ_OP_SET_INDEX_ANY: build_set_index(b, in); return true;
  case TZ_OP_GET_ANY:
    if (!build_member(b, in, true)) outlined(b, in);
    return true;
  case TZ_OP_SET_ANY:
    if (!build_member(b, in, false)) outlined(b, in);
    return true;
  default: return false;
  }
}
