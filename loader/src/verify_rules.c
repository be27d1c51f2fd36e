/* verify_rules.c: what each instruction demands beyond the kinds of its operands: one function for each RULE
 * of opcodes.def. docs/verification.md lists them. Operands are decoded and in range. See verifier.h. */
#include "verifier.h"

typedef bool rule_fn(tz_verifier *v, const tz_insn_view *in);

#define FAIL(v, in, ...) tz_fail_at((v), (in)->pc, tz_rule_name((in)->info->rule), __VA_ARGS__)

static tz_type_entry type_entry(const tz_verifier *v, uint32_t type) { return v->image->types[type]; }
static const tz_signature *signature_at(const tz_verifier *v, uint32_t i) { return &v->image->signatures[i]; }
static uint32_t reg_type(const tz_verifier *v, uint32_t reg) { return v->f->registers[reg]; }

/* A result may be discarded; otherwise its register must take it. */
static bool result_fits(tz_verifier *v, const tz_insn_view *in, uint32_t from) {
  return in->type_a == TZ_NONE || tz_type_converts(v, in->type_a, from) ||
         FAIL(v, in, "%s: the result does not convert to the type of a", in->info->mnemonic);
}

/* The same where the result's type is known by kind only: string, process. */
static bool result_fits_kind(tz_verifier *v, const tz_insn_view *in, tz_kind kind) {
  if (in->type_a == TZ_NONE) return true;
  tz_type_entry a = type_entry(v, in->type_a);
  if (a.kind == kind || a.kind == TZ_KIND_ANY || a.kind == TZ_KIND_OBJECT) return true;
  if (kind == TZ_KIND_STRING && a.kind == TZ_KIND_CLASS && a.of == v->object_class) return true;
  return FAIL(v, in, "%s: the result does not convert to the type of a", in->info->mnemonic);
}

static bool want_kind(tz_verifier *v, const tz_insn_view *in, uint32_t type, tz_kind kind, const char *what) {
  return tz_type_kind(v, type) == kind || FAIL(v, in, "%s: %s", in->info->mnemonic, what);
}

/* --- moves, constants, references --- */

static bool rule_PLAIN(tz_verifier *v, const tz_insn_view *in) {
  (void)v, (void)in;
  return true;
}

static bool rule_MOVE(tz_verifier *v, const tz_insn_view *in) { return result_fits(v, in, in->type_b); }

static bool rule_CONST(tz_verifier *v, const tz_insn_view *in) {
  tz_kind kind = v->image->constants[(uint32_t)tz_word_d(in->word)].kind;
  if (kind == TZ_KIND_STRING) return result_fits_kind(v, in, TZ_KIND_STRING);
  return in->type_a == TZ_NONE || tz_type_rep(v, in->type_a) == tz_kind_rep(kind) ||
         FAIL(v, in, "const: the number does not convert to the type of a");
}

static bool want_traced(tz_verifier *v, const tz_insn_view *in, uint32_t type, char field) {
  return type == TZ_NONE || tz_type_is_traced(v, type) ||
         FAIL(v, in, "%s: %c is neither a reference nor dynamic", in->info->mnemonic, field);
}

static bool rule_NULLABLE(tz_verifier *v, const tz_insn_view *in) {
  return want_traced(v, in, in->type_a, 'a');
}
static bool rule_NULLABLE_B(tz_verifier *v, const tz_insn_view *in) {
  return want_traced(v, in, in->type_b, 'b');
}
static bool rule_IDENTITY(tz_verifier *v, const tz_insn_view *in) {
  return want_traced(v, in, in->type_b, 'b') && want_traced(v, in, in->type_c, 'c');
}
static bool rule_IDENTITY_AB(tz_verifier *v, const tz_insn_view *in) {
  return want_traced(v, in, in->type_a, 'a') && want_traced(v, in, in->type_b, 'b');
}

/* --- numbers and control --- */

static bool rule_NONZERO(tz_verifier *v, const tz_insn_view *in) {
  return tz_word_c(in->word) != 0 || FAIL(v, in, "%s: the immediate is zero", in->info->mnemonic);
}

static bool rule_WIDTH(tz_verifier *v, const tz_insn_view *in) {
  uint32_t width = tz_word_c(in->word);
  return width == 8 || width == 16 || width == 32 ||
         FAIL(v, in, "%s: a width of %u", in->info->mnemonic, width);
}

static bool rule_COUNTER(tz_verifier *v, const tz_insn_view *in) {
  if (in->type_a == TZ_NONE) return FAIL(v, in, "for.i: the counter cannot be discarded");
  return (int16_t)tz_word_c(in->word) <= 0 || FAIL(v, in, "for.i: branches forward");
}

static bool rule_SWITCH(tz_verifier *v, const tz_insn_view *in) {
  return rule_PLAIN(v, in);
} /* its table is checked */

static bool rule_BIT_ANY(tz_verifier *v, const tz_insn_view *in) {
  return tz_word_x(in->word) <= 5 || FAIL(v, in, "bit.any: there is no operation %u", tz_word_x(in->word));
}

static bool rule_RET(tz_verifier *v, const tz_insn_view *in) {
  uint32_t result = signature_at(v, v->f->signature)->result;
  return tz_type_converts(v, result, in->type_a) ||
         FAIL(v, in, "ret: a does not convert to the function's result");
}

static bool rule_RET_VOID(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, signature_at(v, v->f->signature)->result, TZ_KIND_VOID,
                   "the function has a result");
}

static bool rule_THROW(tz_verifier *v, const tz_insn_view *in) {
  return tz_is_error_type(v, in->type_a) || FAIL(v, in, "throw: a is no Error");
}

/* --- globals and objects --- */

static uint32_t global_type(const tz_verifier *v, const tz_insn_view *in) {
  return v->image->globals[(uint32_t)tz_word_d(in->word)].type;
}
static bool rule_GLOBAL(tz_verifier *v, const tz_insn_view *in) {
  return result_fits(v, in, global_type(v, in));
}
static bool rule_GLOBAL_PUT(tz_verifier *v, const tz_insn_view *in) {
  return tz_type_converts(v, global_type(v, in), in->type_a) ||
         FAIL(v, in, "putg: a does not convert to the global's type");
}

static bool rule_NEW(tz_verifier *v, const tz_insn_view *in) {
  uint32_t index = (uint32_t)tz_word_d(in->word);
  if (v->image->classes[index].flags & (TZ_CLASS_INTERFACE | TZ_CLASS_ABSTRACT))
    return FAIL(v, in, "new: the class is abstract or an interface");
  if (in->type_a == TZ_NONE) return true;
  tz_type_entry a = type_entry(v, in->type_a);
  bool fits = a.kind == TZ_KIND_OBJECT || (a.kind == TZ_KIND_CLASS && tz_class_converts(v, a.of, index)) ||
              (a.kind == TZ_KIND_FUNC && v->image->classes[index].flags & TZ_CLASS_CLOSURE &&
               v->image->classes[index].methods[0].signature == a.of);
  return fits || FAIL(v, in, "new: the class does not convert to the type of a");
}

/* The machine alone reads and writes the stack trace that an error holds. */
enum { ERROR_TRACE_SLOT = 2 };

/* The type of field c of b's class, or TZ_NONE and the error. */
static uint32_t field_type(tz_verifier *v, const tz_insn_view *in) {
  tz_type_entry b = type_entry(v, in->type_b);
  uint32_t slot = tz_word_c(in->word);
  if (slot == ERROR_TRACE_SLOT && tz_is_error_type(v, in->type_b)) {
    FAIL(v, in, "%s: the trace of an error is the machine's", in->info->mnemonic);
    return TZ_NONE;
  }
  if (b.kind == TZ_KIND_CLASS && slot < tz_class_n_fields(v, b.of)) return tz_class_field_type(v, b.of, slot);
  if (b.kind != TZ_KIND_CLASS) FAIL(v, in, "%s: b is of no class", in->info->mnemonic);
  else FAIL(v, in, "%s: slot %u of %u", in->info->mnemonic, slot, tz_class_n_fields(v, b.of));
  return TZ_NONE;
}

static bool rule_GETF(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = field_type(v, in);
  return type != TZ_NONE && result_fits(v, in, type);
}

static bool verify_put(tz_verifier *v, const tz_insn_view *in, bool is_traced) {
  uint32_t type = field_type(v, in);
  if (type == TZ_NONE) return false;
  if (tz_type_is_traced(v, type) != is_traced)
    return FAIL(v, in, "%s: the field is %s", in->info->mnemonic,
                is_traced ? "a number" : "a reference or dynamic");
  return tz_type_converts(v, type, in->type_a) ||
         FAIL(v, in, "%s: a does not convert to the field's type", in->info->mnemonic);
}
static bool rule_PUTF(tz_verifier *v, const tz_insn_view *in) { return verify_put(v, in, false); }
static bool rule_PUTF_R(tz_verifier *v, const tz_insn_view *in) { return verify_put(v, in, true); }

static bool verify_test(tz_verifier *v, const tz_insn_view *in) {
  if (!want_traced(v, in, in->type_b, 'b')) return false;
  return tz_type_rep(v, tz_word_c(in->word)) == 'R' ||
         FAIL(v, in, "%s: c is no reference type", in->info->mnemonic);
}
static bool rule_IS(tz_verifier *v, const tz_insn_view *in) { return verify_test(v, in); }
static bool rule_CAST(tz_verifier *v, const tz_insn_view *in) {
  return verify_test(v, in) && result_fits(v, in, tz_word_c(in->word));
}
static bool rule_TAG(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, in->type_b, TZ_KIND_CLASS, "b is of no class");
}

/* --- arrays, lists, strings --- */

static bool rule_NEW_ARRAY(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = tz_word_c(in->word);
  return want_kind(v, in, type, TZ_KIND_ARRAY, "c is no array type") && result_fits(v, in, type);
}

static bool rule_ARRAY(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, in->type_b, TZ_KIND_ARRAY, "b is no array");
}

static bool is_word_kind(tz_kind kind) { return tz_kind_rep(kind) != 'E' && kind != TZ_KIND_VOID; }

/* Whether the instruction is for arrays of this element. */
static bool element_suits(tz_opcode op, tz_kind element) {
  char rep = tz_kind_rep(element);
  switch (op) {
  case TZ_OP_LOAD_U8:
  case TZ_OP_STORE_U8: return element == TZ_KIND_U8 || element == TZ_KIND_BOOL;
  case TZ_OP_LOAD_I16:
  case TZ_OP_STORE_I16: return element == TZ_KIND_I16;
  case TZ_OP_LOAD_I32:
  case TZ_OP_STORE_I32: return element == TZ_KIND_I32;
  case TZ_OP_LOAD_F32:
  case TZ_OP_STORE_F32: return element == TZ_KIND_F32;
  case TZ_OP_STORE_64:
  case TZ_OP_LIST_STORE: return element == TZ_KIND_I64 || element == TZ_KIND_F64;
  case TZ_OP_STORE_R:
  case TZ_OP_LIST_STORE_R: return rep == 'R' || rep == 'Y';
  default: return is_word_kind(element) && element != TZ_KIND_BOOL; /* load.64, list.load */
  }
}

static bool verify_element(tz_verifier *v, const tz_insn_view *in, uint32_t element, bool is_load) {
  if (!element_suits(in->op, tz_type_kind(v, element)))
    return FAIL(v, in, "%s: the array has other elements", in->info->mnemonic);
  if (!is_word_kind(tz_type_kind(v, element))) return true; /* narrow: the operand's kind is all */
  if (is_load) return result_fits(v, in, element);
  return tz_type_converts(v, element, in->type_a) ||
         FAIL(v, in, "%s: a does not convert to the element's type", in->info->mnemonic);
}

static bool rule_ARRAY_LOAD(tz_verifier *v, const tz_insn_view *in) {
  return rule_ARRAY(v, in) && verify_element(v, in, type_entry(v, in->type_b).of, true);
}
static bool rule_ARRAY_STORE(tz_verifier *v, const tz_insn_view *in) {
  return rule_ARRAY(v, in) && verify_element(v, in, type_entry(v, in->type_b).of, false);
}

static bool verify_list_access(tz_verifier *v, const tz_insn_view *in, bool is_load) {
  tz_type_entry b = type_entry(v, in->type_b);
  if (b.kind != TZ_KIND_CLASS || tz_class_n_fields(v, b.of) < 2)
    return FAIL(v, in, "%s: b is of no list class", in->info->mnemonic);
  tz_type_entry items = type_entry(v, tz_class_field_type(v, b.of, 0));
  if (items.kind != TZ_KIND_ARRAY || tz_type_rep(v, tz_class_field_type(v, b.of, 1)) != 'I')
    return FAIL(v, in, "%s: b is of no list class", in->info->mnemonic);
  return verify_element(v, in, items.of, is_load);
}
static bool rule_LIST_LOAD(tz_verifier *v, const tz_insn_view *in) { return verify_list_access(v, in, true); }
static bool rule_LIST_STORE(tz_verifier *v, const tz_insn_view *in) {
  return verify_list_access(v, in, false);
}

static bool rule_STRING(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, in->type_b, TZ_KIND_STRING, "b is no string");
}
static bool rule_STRING2(tz_verifier *v, const tz_insn_view *in) {
  return rule_STRING(v, in) && want_kind(v, in, in->type_c, TZ_KIND_STRING, "c is no string");
}

static bool rule_CONCAT(tz_verifier *v, const tz_insn_view *in) {
  for (uint32_t i = 0; i < in->n_args; i++)
    if (tz_type_kind(v, reg_type(v, tz_list_reg(in->extra, i))) != TZ_KIND_STRING)
      return FAIL(v, in, "concat: argument %u is no string", i);
  return result_fits_kind(v, in, TZ_KIND_STRING);
}

/* --- calls --- */

/* Arguments from `first` on against a signature, then the result. A tail call's result is the function's. */
static bool verify_call(tz_verifier *v, const tz_insn_view *in, const tz_signature *s, uint32_t first) {
  const char *name = in->info->mnemonic;
  if (in->n_args - first != s->n_params)
    return FAIL(v, in, "%s: %u arguments for %u parameters", name, in->n_args - first, s->n_params);
  for (uint32_t i = 0; i < s->n_params; i++)
    if (!tz_type_converts(v, s->params[i], reg_type(v, tz_list_reg(in->extra, first + i))))
      return FAIL(v, in, "%s: argument %u does not convert to its parameter's type", name, first + i);
  if (in->info->flags & TZ_OP_END)
    return tz_type_converts(v, signature_at(v, v->f->signature)->result, s->result) ||
           FAIL(v, in, "%s: the result does not convert to the function's", name);
  if (tz_type_kind(v, s->result) == TZ_KIND_VOID)
    return in->type_a == TZ_NONE || FAIL(v, in, "%s: there is no result to keep", name);
  return result_fits(v, in, s->result);
}

static bool rule_CALL(tz_verifier *v, const tz_insn_view *in) {
  uint32_t callee = (uint32_t)tz_word_d(in->word);
  return verify_call(v, in, signature_at(v, v->image->functions[callee].signature), 0);
}

static bool want_site(tz_verifier *v, const tz_insn_view *in, tz_site_kind kind) {
  const tz_site_entry *site = &v->f->sites[tz_word_c(in->word)];
  if (site->kind != kind) return FAIL(v, in, "%s: the site is of another kind", in->info->mnemonic);
  bool is_named = site->name.length != 0;
  if ((kind == TZ_SITE_GET || kind == TZ_SITE_SET) && !is_named)
    return FAIL(v, in, "%s: the site has no name", in->info->mnemonic);
  if (kind <= TZ_SITE_CLOSURE && is_named) return FAIL(v, in, "%s: the site has a name", in->info->mnemonic);
  return true;
}

/* The type of the first argument, TZ_NONE (and the error) if there is none. */
static uint32_t receiver_type(tz_verifier *v, const tz_insn_view *in) {
  if (in->n_args != 0) return reg_type(v, tz_list_reg(in->extra, 0));
  FAIL(v, in, "%s: there is no receiver", in->info->mnemonic);
  return TZ_NONE;
}

/* The class whose vtable or methods a call through this type uses, or TZ_NONE. Strings, arrays and interfaces
 * have the methods of Object. */
static uint32_t virtual_class(const tz_verifier *v, uint32_t type) {
  tz_type_entry t = type_entry(v, type);
  if (t.kind == TZ_KIND_STRING || t.kind == TZ_KIND_ARRAY) return v->object_class;
  if (t.kind != TZ_KIND_CLASS) return TZ_NONE;
  uint32_t flags = v->image->classes[t.of].flags;
  if (flags & TZ_CLASS_CLOSURE) return TZ_NONE;
  return flags & TZ_CLASS_INTERFACE ? v->object_class : t.of;
}

static bool verify_method_call(tz_verifier *v, const tz_insn_view *in, uint32_t cls) {
  uint32_t method = tz_word_b(in->word);
  if (cls == TZ_NONE) return FAIL(v, in, "%s: the receiver's type has no such methods", in->info->mnemonic);
  const tz_class_entry *c = &v->image->classes[cls];
  if (method >= c->n_methods)
    return FAIL(v, in, "%s: method %u of %u", in->info->mnemonic, method, c->n_methods);
  return verify_call(v, in, signature_at(v, c->methods[method].signature), 1);
}

static bool rule_CALL_VIRTUAL(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = receiver_type(v, in);
  return type != TZ_NONE && want_site(v, in, TZ_SITE_VIRTUAL) &&
         verify_method_call(v, in, virtual_class(v, type));
}

static bool rule_CALL_INTERFACE(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = receiver_type(v, in);
  if (type == TZ_NONE || !want_site(v, in, TZ_SITE_INTERFACE)) return false;
  tz_type_entry t = type_entry(v, type);
  bool is_interface = t.kind == TZ_KIND_CLASS && v->image->classes[t.of].flags & TZ_CLASS_INTERFACE;
  return verify_method_call(v, in, is_interface ? t.of : TZ_NONE);
}

static bool rule_CALL_CLOSURE(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = receiver_type(v, in);
  if (type == TZ_NONE || !want_site(v, in, TZ_SITE_CLOSURE)) return false;
  uint32_t signature = tz_type_callable(v, type);
  if (signature == TZ_NONE) return FAIL(v, in, "%s: the first argument is no closure", in->info->mnemonic);
  return verify_call(v, in, signature_at(v, signature), 1);
}

static bool rule_CALL_ANY(tz_verifier *v, const tz_insn_view *in) {
  if (receiver_type(v, in) == TZ_NONE || !want_site(v, in, TZ_SITE_CALL)) return false;
  for (uint32_t i = 0; i < in->n_args; i++)
    if (tz_type_kind(v, reg_type(v, tz_list_reg(in->extra, i))) != TZ_KIND_ANY)
      return FAIL(v, in, "%s: argument %u is not dynamic", in->info->mnemonic, i);
  if (!(in->info->flags & TZ_OP_END)) return true;
  return want_kind(v, in, signature_at(v, v->f->signature)->result, TZ_KIND_ANY,
                   "the function's result is not any");
}

static bool rule_SITE_ANY(tz_verifier *v, const tz_insn_view *in) {
  return want_site(v, in, in->op == TZ_OP_SET_ANY ? TZ_SITE_SET : TZ_SITE_GET);
}

/* --- processes and channels --- */

static bool rule_SPAWN(tz_verifier *v, const tz_insn_view *in) {
  uint32_t signature = tz_type_callable(v, in->type_b);
  bool fits = signature != TZ_NONE && signature_at(v, signature)->n_params == 0 &&
              tz_type_kind(v, signature_at(v, signature)->result) == TZ_KIND_VOID;
  return (fits || FAIL(v, in, "spawn: b is no closure ()void")) && result_fits_kind(v, in, TZ_KIND_PROCESS);
}

static bool rule_CHAN_NEW(tz_verifier *v, const tz_insn_view *in) {
  uint32_t type = tz_word_c(in->word);
  return want_kind(v, in, type, TZ_KIND_CHAN, "c is no channel type") && result_fits(v, in, type);
}

static bool rule_CHAN(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, in->type_a, TZ_KIND_CHAN, "a is no channel");
}
static bool want_channel(tz_verifier *v, const tz_insn_view *in) {
  return want_kind(v, in, in->type_b, TZ_KIND_CHAN, "b is no channel");
}
static bool rule_CHAN_SEND(tz_verifier *v, const tz_insn_view *in) {
  return want_channel(v, in) && (tz_type_converts(v, type_entry(v, in->type_b).of, in->type_a) ||
                                 FAIL(v, in, "chan.send: a does not convert to the channel's type"));
}
static bool rule_CHAN_RECV(tz_verifier *v, const tz_insn_view *in) {
  return want_channel(v, in) && result_fits(v, in, type_entry(v, in->type_b).of);
}
static bool rule_CHAN_NEXT(tz_verifier *v, const tz_insn_view *in) { return rule_CHAN_RECV(v, in); }

static bool verify_case(tz_verifier *v, const tz_insn_view *in, uint32_t i, bool is_send) {
  uint32_t channel = tz_list_reg(in->extra, 2 * i), value = tz_list_reg(in->extra, 2 * i + 1);
  tz_type_entry t = type_entry(v, reg_type(v, channel));
  if (t.kind != TZ_KIND_CHAN) return FAIL(v, in, "select: case %u has no channel", i);
  uint32_t to = is_send ? t.of : reg_type(v, value), from = is_send ? reg_type(v, value) : t.of;
  if (!tz_type_converts(v, to, from)) return FAIL(v, in, "select: case %u: the value is of another type", i);
  v->read[channel / 64] |= UINT64_C(1) << channel % 64;
  (is_send ? v->read : v->written)[value / 64] |= UINT64_C(1) << value % 64;
  return true;
}

static bool rule_SELECT(tz_verifier *v, const tz_insn_view *in) {
  uint32_t n = in->n_args / 2, sends = tz_word_c(in->word);
  if (in->n_args % 2 != 0 || n > 15)
    return FAIL(v, in, "select: %u registers are no pairs of at most 15 cases", in->n_args);
  if (sends >> n != 0) return FAIL(v, in, "select: a sending bit without a case");
  for (uint32_t i = 0; i < n; i++)
    if (!verify_case(v, in, i, sends >> i & 1)) return false;
  return true;
}

bool tz_verify_rule(tz_verifier *v, const tz_insn_view *in) {
  static rule_fn *const rules[TZ_RULE_COUNT] = {
#define R(NAME) rule_##NAME,
      TZ_RULES(R)
#undef R
  };
  return rules[in->info->rule](v, in);
}
