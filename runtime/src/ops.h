/* ops.h: the meaning of each opcode, once. Included by interp.c, and by whoever compiles the same bodies into machine code.
 *
 * The includer defines:
 *   OP(NAME) … END     around a body
 *   RI RF RP RU(x)     reads operand field x (a b c) of the instruction as int, float, pointer, raw word
 *   WI WF WU(x, v)     writes it; a write is the last thing before NEXT, since SLOW may run the instruction again
 *   IMM_B IMM_C IMM_D  immediates;  X the x byte;  SLOT_C field slot;  METHOD_B vtable slot or interface method
 *   K_D K_C            constant-table word named by d, c;  SITE_C the inline cache
 *   NEXT(words)        goes on behind this instruction;  JUMP_C JUMP_D(…) takes the branch, drawing on the budget if it
 *                      goes back;  JUMP_TABLE(i) by entry i of a switch;  DRAW_C, GO_C: the halves of JUMP_C
 *   SLOW(name)         leaves for tz_slow_name, which completes the instruction or lets it run again
 *   OUTLINE(name)      leaves for another handler of this file's includer, for the same instruction
 *   ARG0 the first argument's register;  CALL(f) TAIL(f) RETURN(word)
 * Nothing here calls a C function, so that a handler needs no native frame. */

#define NULL_CHECK(p) \
  if (TZ_UNLIKELY((p) == NULL)) SLOW(null)

/* Moves and constants */
OP(NOP) NEXT(1); END
OP(MOV) WU(a, RU(b)); NEXT(1); END
OP(CONST_I) WI(a, IMM_D); NEXT(1); END
OP(CONST) WU(a, K_D.u); NEXT(1); END
OP(NULL) WU(a, 0); NEXT(1); END

/* int64 */
OP(ADD_I) WI(a, RI(b) + RI(c)); NEXT(1); END
OP(SUB_I) WI(a, RI(b) - RI(c)); NEXT(1); END
OP(MUL_I) WI(a, RI(b) * RI(c)); NEXT(1); END
OP(DIV_I) if (TZ_UNLIKELY(RI(c) == 0)) SLOW(division); WI(a, tz_int_div(RI(b), RI(c))); NEXT(1); END
OP(REM_I) if (TZ_UNLIKELY(RI(c) == 0)) SLOW(division); WI(a, tz_int_rem(RI(b), RI(c))); NEXT(1); END
OP(AND_I) WI(a, RI(b) & RI(c)); NEXT(1); END
OP(OR_I) WI(a, RI(b) | RI(c)); NEXT(1); END
OP(XOR_I) WI(a, RI(b) ^ RI(c)); NEXT(1); END
OP(SHL_I) WU(a, RU(b) << (RI(c) & 63)); NEXT(1); END
OP(SHR_I) WI(a, RI(b) >> (RI(c) & 63)); NEXT(1); END
OP(USHR_I) WU(a, RU(b) >> (RI(c) & 63)); NEXT(1); END
OP(ADD_II) WI(a, RI(b) + IMM_C); NEXT(1); END
OP(MUL_II) WI(a, RI(b) * IMM_C); NEXT(1); END
OP(DIV_II) WI(a, tz_int_div(RI(b), IMM_C)); NEXT(1); END
OP(REM_II) WI(a, tz_int_rem(RI(b), IMM_C)); NEXT(1); END
OP(AND_II) WI(a, RI(b) & IMM_C); NEXT(1); END
OP(OR_II) WI(a, RI(b) | IMM_C); NEXT(1); END
OP(XOR_II) WI(a, RI(b) ^ IMM_C); NEXT(1); END
OP(SHL_II) WU(a, RU(b) << (IMM_C & 63)); NEXT(1); END
OP(SHR_II) WI(a, RI(b) >> (IMM_C & 63)); NEXT(1); END
OP(USHR_II) WU(a, RU(b) >> (IMM_C & 63)); NEXT(1); END
OP(NEG_I) WU(a, 0 - RU(b)); NEXT(1); END
OP(NOT_I) WU(a, ~RU(b)); NEXT(1); END
OP(ADD_W) WI(a, (int32_t)(uint32_t)(RU(b) + RU(c))); NEXT(1); END
OP(SUB_W) WI(a, (int32_t)(uint32_t)(RU(b) - RU(c))); NEXT(1); END
OP(MUL_W) WI(a, (int32_t)(uint32_t)(RU(b) * RU(c))); NEXT(1); END
OP(SHL_W) WI(a, (int32_t)((uint32_t)RU(b) << (RI(c) & 31))); NEXT(1); END
OP(USHR_W) WI(a, (int32_t)((uint32_t)RU(b) >> (RI(c) & 31))); NEXT(1); END
OP(SEXT) { int shift = 64 - (int)(IMM_C & 63); WI(a, (int64_t)(RU(b) << shift) >> shift); NEXT(1); } END
OP(ZEXT) { int shift = 64 - (int)(IMM_C & 63); WU(a, RU(b) << shift >> shift); NEXT(1); } END
OP(NOT_B) WI(a, RI(b) == 0); NEXT(1); END

/* float64 */
OP(ADD_F) WF(a, RF(b) + RF(c)); NEXT(1); END
OP(SUB_F) WF(a, RF(b) - RF(c)); NEXT(1); END
OP(MUL_F) WF(a, RF(b) * RF(c)); NEXT(1); END
OP(DIV_F) WF(a, RF(b) / RF(c)); NEXT(1); END
OP(NEG_F) WU(a, RU(b) ^ (uint64_t)1 << 63); NEXT(1); END
OP(ABS_F) WU(a, RU(b) & ~((uint64_t)1 << 63)); NEXT(1); END
OP(SQRT_F) WF(a, __builtin_sqrt(RF(b))); NEXT(1); END
OP(FLOOR_F) WF(a, tz_float_floor(RF(b))); NEXT(1); END
OP(CEIL_F) WF(a, -tz_float_floor(-RF(b))); NEXT(1); END

/* Conversions */
OP(I_TO_F) WF(a, (double)RI(b)); NEXT(1); END
OP(F_TO_I) WI(a, tz_float_to_int(RF(b))); NEXT(1); END
OP(I_BITS_F) WU(a, RU(b)); NEXT(1); END
OP(F_BITS_I) WU(a, RU(b)); NEXT(1); END

/* Comparisons giving 0 or 1 */
OP(EQ_I) WI(a, RI(b) == RI(c)); NEXT(1); END
OP(NE_I) WI(a, RI(b) != RI(c)); NEXT(1); END
OP(LT_I) WI(a, RI(b) < RI(c)); NEXT(1); END
OP(LE_I) WI(a, RI(b) <= RI(c)); NEXT(1); END
OP(LT_U) WI(a, RU(b) < RU(c)); NEXT(1); END
OP(EQ_F) WI(a, RF(b) == RF(c)); NEXT(1); END
OP(NE_F) WI(a, RF(b) != RF(c)); NEXT(1); END
OP(LT_F) WI(a, RF(b) < RF(c)); NEXT(1); END
OP(LE_F) WI(a, RF(b) <= RF(c)); NEXT(1); END
OP(EQ_R) WI(a, RU(b) == RU(c)); NEXT(1); END
OP(IS_NULL) WI(a, RU(b) == 0); NEXT(1); END

/* Branches */
OP(JMP) JUMP_D; END
OP(JT) if (RI(a) != 0) JUMP_D; NEXT(1); END
OP(JF) if (RI(a) == 0) JUMP_D; NEXT(1); END
OP(JEQ_I) if (RI(a) == RI(b)) JUMP_C; NEXT(1); END
OP(JNE_I) if (RI(a) != RI(b)) JUMP_C; NEXT(1); END
OP(JLT_I) if (RI(a) < RI(b)) JUMP_C; NEXT(1); END
OP(JLE_I) if (RI(a) <= RI(b)) JUMP_C; NEXT(1); END
OP(JEQ_II) if (RI(a) == IMM_B) JUMP_C; NEXT(1); END
OP(JNE_II) if (RI(a) != IMM_B) JUMP_C; NEXT(1); END
OP(JLT_II) if (RI(a) < IMM_B) JUMP_C; NEXT(1); END
OP(JLE_II) if (RI(a) <= IMM_B) JUMP_C; NEXT(1); END
OP(JGT_II) if (RI(a) > IMM_B) JUMP_C; NEXT(1); END
OP(JGE_II) if (RI(a) >= IMM_B) JUMP_C; NEXT(1); END
OP(JLT_U) if (RU(a) < RU(b)) JUMP_C; NEXT(1); END
OP(JEQ_F) if (RF(a) == RF(b)) JUMP_C; NEXT(1); END
OP(JNE_F) if (RF(a) != RF(b)) JUMP_C; NEXT(1); END
OP(JLT_F) if (RF(a) < RF(b)) JUMP_C; NEXT(1); END
OP(JLE_F) if (RF(a) <= RF(b)) JUMP_C; NEXT(1); END
OP(JNLT_F) if (!(RF(a) < RF(b))) JUMP_C; NEXT(1); END
OP(JNLE_F) if (!(RF(a) <= RF(b))) JUMP_C; NEXT(1); END
OP(JEQ_R) if (RU(a) == RU(b)) JUMP_C; NEXT(1); END
OP(JNE_R) if (RU(a) != RU(b)) JUMP_C; NEXT(1); END
OP(JNULL) if (RU(a) == 0) JUMP_D; NEXT(1); END
OP(JNONNULL) if (RU(a) != 0) JUMP_D; NEXT(1); END
OP(FOR_I) {
  int64_t next = RI(a) + 1;
  if (next < RI(b)) {
    DRAW_C;
    WI(a, next);
    GO_C;
  }
  WI(a, next);
  NEXT(1);
} END
OP(SWITCH) {
  uint64_t i = RU(a), n = (uint32_t)IMM_D;
  if (i < n) JUMP_TABLE(i);
  NEXT(1 + (n + 1) / 2);
} END

/* Globals */
OP(GETG) WU(a, ((tz_word *)K_D.p)->u); NEXT(1); END
OP(PUTG) ((tz_word *)K_D.p)->u = RU(a); NEXT(1); END

/* Objects */
OP(NEW) {
  const tz_layout *layout = &((const tz_class *)K_D.p)->layout;
  char *p = th->mutator.alloc_top;
  if (TZ_UNLIKELY(layout->size > (size_t)(th->mutator.alloc_limit - p) || layout->flags & TZ_LAYOUT_HAS_FINALIZER)) SLOW(new);
  th->mutator.alloc_top = p + layout->size;
  *(uint64_t *)p = (uint64_t)(uintptr_t)layout; /* a young header is the layout's address alone */
  WU(a, (uint64_t)(uintptr_t)p);
  NEXT(1);
} END
OP(GETF) { tz_word *o = RP(b); NULL_CHECK(o); WU(a, o[SLOT_C + 1].u); NEXT(1); } END
OP(PUTF) { tz_word *o = RP(b); NULL_CHECK(o); o[SLOT_C + 1].u = RU(a); NEXT(1); } END
OP(PUTF_R) {
  tz_word *o = RP(b);
  NULL_CHECK(o);
  if (TZ_UNLIKELY(((tz_header *)o)->meta & TZ_META_BARRIER)) SLOW(putf_r);
  o[SLOT_C + 1].u = RU(a);
  NEXT(1);
} END
OP(IS) {
  uint64_t v = RU(b);
  if (!tz_word_is_ref(v)) {
    WI(a, 0);
    NEXT(1);
  }
  const tz_type *type = K_C.p;
  const tz_class *cls = tz_object_class((void *)v), *want = type->class_;
  if (TZ_LIKELY(type->kind == TZ_KIND_CLASS && !(want->flags & TZ_CLASS_INTERFACE))) {
    WI(a, want->depth <= cls->depth && cls->ancestors[want->depth] == want);
    NEXT(1);
  }
  SLOW(is);
} END
OP(CAST) {
  uint64_t v = RU(b);
  if (tz_word_is_ref(v)) {
    const tz_type *type = K_C.p;
    const tz_class *cls = tz_object_class((void *)v), *want = type->class_;
    if (TZ_LIKELY(cls == want) || (type->kind == TZ_KIND_CLASS && !(want->flags & TZ_CLASS_INTERFACE) &&
                                  want->depth <= cls->depth && cls->ancestors[want->depth] == want)) {
      WU(a, v);
      NEXT(1);
    }
  } else if (TZ_LIKELY(v == 0)) {
    WU(a, 0);
    NEXT(1);
  }
  SLOW(cast);
} END
OP(TAG) { void *o = RP(b); NULL_CHECK(o); WI(a, tz_object_class(o)->tag); NEXT(1); } END
OP(NONNULL) if (TZ_UNLIKELY(RU(a) == 0)) SLOW(null); NEXT(1); END

/* Arrays and strings */
#define ELEMENT(array, index)                                     \
  tz_array *array = RP(b);                                        \
  NULL_CHECK(array);                                              \
  uint64_t index = RU(c);                                         \
  if (TZ_UNLIKELY(index >= (uint64_t)array->length)) SLOW(bounds)
#define LIST_ELEMENT(array, index)                                \
  tz_word *list = RP(b);                                          \
  NULL_CHECK(list);                                               \
  tz_array *array = list[1].p;                                    \
  uint64_t index = RU(c);                                         \
  if (TZ_UNLIKELY(array == NULL || index >= list[2].u || index >= (uint64_t)array->length)) SLOW(bounds)

OP(NEW_ARRAY) {
  const tz_layout *layout = &((const tz_type *)K_C.p)->class_->layout;
  uint64_t length = RU(b);
  char *p = th->mutator.alloc_top;
  uint64_t bytes = (layout->size + (length << layout->elem_shift) + 7) & ~(uint64_t)7;
  if (TZ_UNLIKELY(length > TZ_GC_INLINE_MAX_BYTES / 8 || bytes > (size_t)(th->mutator.alloc_limit - p))) SLOW(new_array);
  th->mutator.alloc_top = p + bytes;
  *(uint64_t *)p = (uint64_t)(uintptr_t)layout;
  ((tz_array *)p)->length = (int64_t)length;
  WU(a, (uint64_t)(uintptr_t)p);
  NEXT(1);
} END
OP(ARRAY_LEN) { tz_array *r = RP(b); NULL_CHECK(r); WI(a, r->length); NEXT(1); } END
OP(LOAD_U8) { ELEMENT(r, i); WI(a, r->u8[i]); NEXT(1); } END
OP(LOAD_I16) { ELEMENT(r, i); WI(a, r->i16[i]); NEXT(1); } END
OP(LOAD_I32) { ELEMENT(r, i); WI(a, r->i32[i]); NEXT(1); } END
OP(LOAD_F32) { ELEMENT(r, i); WF(a, (double)r->f32[i]); NEXT(1); } END
OP(LOAD_64) { ELEMENT(r, i); WU(a, r->words[i].u); NEXT(1); } END
OP(STORE_U8) { ELEMENT(r, i); r->u8[i] = (uint8_t)RU(a); NEXT(1); } END
OP(STORE_I16) { ELEMENT(r, i); r->i16[i] = (int16_t)RU(a); NEXT(1); } END
OP(STORE_I32) { ELEMENT(r, i); r->i32[i] = (int32_t)RU(a); NEXT(1); } END
OP(STORE_F32) { ELEMENT(r, i); r->f32[i] = (float)RF(a); NEXT(1); } END
OP(STORE_64) { ELEMENT(r, i); r->words[i].u = RU(a); NEXT(1); } END
OP(STORE_R) {
  ELEMENT(r, i);
  if (TZ_UNLIKELY(r->header.meta & TZ_META_BARRIER)) SLOW(store_r);
  r->words[i].u = RU(a);
  NEXT(1);
} END
OP(LIST_LOAD) { LIST_ELEMENT(r, i); WU(a, r->words[i].u); NEXT(1); } END
OP(LIST_STORE) { LIST_ELEMENT(r, i); r->words[i].u = RU(a); NEXT(1); } END
OP(LIST_STORE_R) {
  LIST_ELEMENT(r, i);
  if (TZ_UNLIKELY(r->header.meta & TZ_META_BARRIER)) SLOW(list_store_r);
  r->words[i].u = RU(a);
  NEXT(1);
} END
OP(STR_LEN) { tz_string *s = RP(b); NULL_CHECK(s); WI(a, s->length); NEXT(1); } END
OP(STR_BYTE) { ELEMENT(s, i); WI(a, s->u8[i]); NEXT(1); } END
OP(EQ_S) {
  tz_string *s = RP(b), *t = RP(c);
  if (s == t) {
    WI(a, 1);
    NEXT(1);
  }
  if (s == NULL || t == NULL || s->length != t->length) {
    WI(a, 0);
    NEXT(1);
  }
  SLOW(eq_s);
} END
OP(CONCAT) SLOW(concat); END

/* Calls */
#define RECEIVER(object, cls)         \
  void *object = ARG0.p;              \
  NULL_CHECK(object);                 \
  tz_class *cls = tz_object_class(object)
#define IS_FIRST_WAY(site, c) TZ_LIKELY((site)->way[0].cls == (uint32_t)(uintptr_t)(c))

OP(CALL) { tz_function *f = K_D.p; CALL(f); } END
OP(CALL_VIRTUAL) {
  RECEIVER(o, cls);
  tz_site *site = SITE_C;
  if (!IS_FIRST_WAY(site, cls)) OUTLINE(virtual_miss);
  tz_site_count(&site->way[0]);
  tz_function *f = cls->vtable[METHOD_B];
  CALL(f);
} END
OP(CALL_INTERFACE) {
  RECEIVER(o, cls);
  tz_site *site = SITE_C;
  if (!IS_FIRST_WAY(site, cls)) OUTLINE(interface_miss);
  tz_site_count(&site->way[0]);
  tz_function *f = site->way[0].target;
  CALL(f);
} END
OP(CALL_CLOSURE) {
  RECEIVER(o, cls);
  tz_site *site = SITE_C;
  if (!IS_FIRST_WAY(site, cls)) OUTLINE(closure_miss);
  tz_site_count(&site->way[0]);
  tz_function *f = cls->vtable[0];
  CALL(f);
} END
OP(CALL_ANY) { /* a way names a class itself only if its method takes and gives dynamic values as they are */
  uint64_t v = ARG0.u;
  if (TZ_UNLIKELY(!tz_word_is_ref(v))) SLOW(call_any);
  tz_site *site = SITE_C;
  if (TZ_UNLIKELY(!IS_FIRST_WAY(site, tz_object_class((void *)v)))) SLOW(call_any);
  tz_site_count(&site->way[0]);
  tz_function *f = site->way[0].target;
  CALL(f);
} END
OP(TAIL_CALL) { tz_function *f = K_D.p; TAIL(f); } END
OP(TAIL_VIRTUAL) {
  RECEIVER(o, cls);
  tz_function *f = cls->vtable[METHOD_B];
  tz_site_note(SITE_C, (uint32_t)(uintptr_t)cls, f);
  TAIL(f);
} END
OP(TAIL_INTERFACE) {
  RECEIVER(o, cls);
  tz_site *site = SITE_C;
  if (!IS_FIRST_WAY(site, cls)) OUTLINE(tail_interface_miss);
  tz_site_count(&site->way[0]);
  tz_function *f = site->way[0].target;
  TAIL(f);
} END
OP(TAIL_CLOSURE) {
  RECEIVER(o, cls);
  tz_function *f = cls->vtable[0];
  tz_site_note(SITE_C, (uint32_t)(uintptr_t)cls, f);
  TAIL(f);
} END
OP(TAIL_ANY) {
  uint64_t v = ARG0.u;
  if (TZ_UNLIKELY(!tz_word_is_ref(v))) SLOW(call_any);
  tz_site *site = SITE_C;
  if (TZ_UNLIKELY(!IS_FIRST_WAY(site, tz_object_class((void *)v)))) SLOW(call_any);
  tz_site_count(&site->way[0]);
  tz_function *f = site->way[0].target;
  TAIL(f);
} END
OP(RET) RETURN(RU(a)); END
OP(RET_VOID) RETURN(0); END

/* Dynamic values. The slow path records the operand kinds in x; the fast path only tests that it has. */
#define SAW_INTS (X & 0x11) == 0x11
#define SAW_FLOATS (X & 0x22) == 0x22
#define ANY_INTS(v, w) (((v) & (w)) >> 51 == TZ_ANY_INT_TAG)
#define ANY_IS_FLOAT(v) ((v) - TZ_ANY_FLOAT_BIAS < ((uint64_t)0xfff6 << 48))
#define INT_HIGH(v) ((int64_t)((v) << 13)) /* the payload in the top bits, so that overflow is the machine's */
#define FROM_HIGH(i) (TZ_ANY_INT_TAG << 51 | (uint64_t)(i) >> 13)
#define ANY_ARITHMETIC(overflowing, operator)                                          \
  {                                                                                    \
    uint64_t v = RU(b), w = RU(c);                                                     \
    if (ANY_INTS(v, w)) {                                                              \
      int64_t r;                                                                       \
      if (TZ_UNLIKELY(overflowing || !(SAW_INTS))) SLOW(arith_any);                    \
      WU(a, FROM_HIGH(r));                                                             \
      NEXT(1);                                                                         \
    }                                                                                  \
    if (TZ_UNLIKELY(!ANY_IS_FLOAT(v) || !ANY_IS_FLOAT(w) || !(SAW_FLOATS))) SLOW(arith_any); \
    WU(a, tz_any_from_float(tz_any_to_float(v) operator tz_any_to_float(w)));          \
    NEXT(1);                                                                           \
  }
#define ANY_COMPARISON(operator)                                                       \
  {                                                                                    \
    uint64_t v = RU(b), w = RU(c);                                                     \
    if (ANY_INTS(v, w)) {                                                              \
      if (TZ_UNLIKELY(!(SAW_INTS))) SLOW(compare_any);                                 \
      WI(a, INT_HIGH(v) operator INT_HIGH(w));                                         \
      NEXT(1);                                                                         \
    }                                                                                  \
    if (TZ_UNLIKELY(!ANY_IS_FLOAT(v) || !ANY_IS_FLOAT(w) || !(SAW_FLOATS))) SLOW(compare_any); \
    WI(a, tz_any_to_float(v) operator tz_any_to_float(w));                             \
    NEXT(1);                                                                           \
  }

OP(ANY_I) { int64_t i = RI(b); if (TZ_UNLIKELY(!tz_any_int_fits(i))) SLOW(any_i); WU(a, tz_any_from_int(i)); NEXT(1); } END
OP(ANY_F) WU(a, tz_any_from_float(RF(b))); NEXT(1); END
OP(ANY_B) WU(a, tz_any_from_bool(RI(b) != 0)); NEXT(1); END
OP(I_ANY) { uint64_t v = RU(b); if (TZ_UNLIKELY(!tz_any_is_int(v))) SLOW(i_any); WI(a, tz_any_to_int(v)); NEXT(1); } END
OP(F_ANY) {
  uint64_t v = RU(b);
  if (TZ_LIKELY(ANY_IS_FLOAT(v))) {
    WF(a, tz_any_to_float(v));
    NEXT(1);
  }
  if (TZ_UNLIKELY(!tz_any_is_int(v))) SLOW(f_any);
  WF(a, (double)tz_any_to_int(v));
  NEXT(1);
} END
OP(B_ANY) { uint64_t v = RU(b); if (TZ_UNLIKELY(!tz_any_is_bool(v))) SLOW(b_any); WI(a, tz_any_to_bool(v)); NEXT(1); } END
OP(KIND_ANY) {
  uint64_t v = RU(b);
  int64_t kind = v == 0 ? 0 : tz_any_is_bool(v) ? 1 : tz_any_is_int(v) ? 2 : 3;
  if (tz_word_is_ref(v)) {
    const tz_class *cls = tz_object_class((void *)v);
    kind = cls == th->vm->string_class ? 4 : cls == th->vm->int_box_class ? 2 : 5;
  }
  WI(a, kind);
  NEXT(1);
} END
OP(ADD_ANY) ANY_ARITHMETIC(__builtin_add_overflow(INT_HIGH(v), INT_HIGH(w), &r), +) END
OP(SUB_ANY) ANY_ARITHMETIC(__builtin_sub_overflow(INT_HIGH(v), INT_HIGH(w), &r), -) END
OP(MUL_ANY) ANY_ARITHMETIC(__builtin_mul_overflow(INT_HIGH(v), tz_any_to_int(w), &r), *) END
OP(DIV_ANY) {
  uint64_t v = RU(b), w = RU(c);
  if (TZ_UNLIKELY(!ANY_IS_FLOAT(v) || !ANY_IS_FLOAT(w) || !(SAW_FLOATS))) SLOW(arith_any);
  WU(a, tz_any_from_float(tz_any_to_float(v) / tz_any_to_float(w)));
  NEXT(1);
} END
OP(REM_ANY) {
  uint64_t v = RU(b), w = RU(c);
  if (TZ_UNLIKELY(!ANY_INTS(v, w) || INT_HIGH(w) == 0 || !(SAW_INTS))) SLOW(arith_any);
  WU(a, tz_any_from_int(tz_int_rem(tz_any_to_int(v), tz_any_to_int(w))));
  NEXT(1);
} END
OP(NEG_ANY) SLOW(neg_any); END
OP(BIT_ANY) {
  uint64_t v = RU(b), w = RU(c);
  if (TZ_LIKELY(ANY_INTS(v, w) && X < 3)) { /* and, or keep the tag; xor needs it again */
    WU(a, X == 0 ? v & w : X == 1 ? v | w : (v ^ w) | TZ_ANY_INT_TAG << 51);
    NEXT(1);
  }
  SLOW(bit_any);
} END
OP(EQ_ANY) {
  uint64_t v = RU(b), w = RU(c);
  if (ANY_INTS(v, w)) {
    if (TZ_UNLIKELY(!(SAW_INTS))) SLOW(eq_any);
    WI(a, v == w);
    NEXT(1);
  }
  SLOW(eq_any);
} END
OP(LT_ANY) ANY_COMPARISON(<) END
OP(LE_ANY) ANY_COMPARISON(<=) END
OP(GET_ANY) {
  uint64_t v = RU(b);
  tz_site *site = SITE_C;
  if (TZ_UNLIKELY(!tz_word_is_ref(v) || !IS_FIRST_WAY(site, tz_object_class((void *)v)))) SLOW(get_any);
  tz_word *from = (tz_word *)v + 1;
  if (site->way[0].member.rep == TZ_MEMBER_DYNAMIC) from = ((tz_array *)from[0].p)->words;
  else if (TZ_UNLIKELY(site->way[0].member.rep != TZ_MEMBER_WORD)) SLOW(get_any);
  tz_site_count(&site->way[0]);
  WU(a, from[site->way[0].member.slot].u);
  NEXT(1);
} END
OP(SET_ANY) {
  uint64_t v = RU(b);
  tz_site *site = SITE_C;
  if (TZ_UNLIKELY(!tz_word_is_ref(v) || !IS_FIRST_WAY(site, tz_object_class((void *)v)) ||
                  site->way[0].member.rep != TZ_MEMBER_DYNAMIC))
    SLOW(set_any);
  tz_array *members = ((tz_word *)v)[1].p;
  if (TZ_UNLIKELY(members->header.meta & TZ_META_BARRIER)) SLOW(set_any);
  tz_site_count(&site->way[0]);
  members->words[site->way[0].member.slot].u = RU(a);
  NEXT(1);
} END
/* An array of dynamic values by an int, once the slow path has seen one (x). */
#define ANY_ELEMENT(name)                                                                                  \
  uint64_t v = RU(b), w = RU(c);                                                                           \
  if (TZ_UNLIKELY(!tz_word_is_ref(v) || !tz_any_is_int(w) || !(X & TZ_INDEX_ARRAY))) SLOW(name);           \
  tz_array *array = (tz_array *)v;                                                                         \
  uint64_t i = (uint64_t)tz_any_to_int(w);                                                                 \
  if (TZ_UNLIKELY(tz_object_class(array) != th->vm->any_array_class || i >= (uint64_t)array->length)) SLOW(name)
OP(INDEX_ANY) { ANY_ELEMENT(index_any); WU(a, array->words[i].u); NEXT(1); } END
OP(SET_INDEX_ANY) {
  ANY_ELEMENT(set_index_any);
  if (TZ_UNLIKELY(array->header.meta & TZ_META_BARRIER)) SLOW(set_index_any);
  array->words[i].u = RU(a);
  NEXT(1);
} END
OP(NEW_DYN) SLOW(new_dyn); END

/* Exceptions */
OP(THROW) SLOW(throw); END

/* Processes and channels */
OP(SPAWN) SLOW(spawn); END
OP(CHAN_NEW) SLOW(chan_new); END
OP(CHAN_SEND) SLOW(chan_send); END
OP(CHAN_RECV) SLOW(chan_recv); END
OP(CHAN_NEXT) SLOW(chan_next); END
OP(CHAN_CLOSE) SLOW(chan_close); END
OP(SELECT) SLOW(select); END
OP(YIELD) SLOW(yield); END
