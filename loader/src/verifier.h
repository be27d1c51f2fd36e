/* verifier.h: what the parts of the verifier share. docs/verification.md names every rule.
 *
 * Order: tables (verify_tables.c), classes (verify_classes.c), then each function (verify_function.c) with
 * its instructions (verify_rules.c). Each part relies on the earlier ones: an index that was checked is not
 * checked again. A register has one type for its whole function, so one pass over the code without a fixpoint
 * is enough. */
#pragma once
#include "error.h"
#include "terza/decode.h"

enum {
  TZ_LIMIT_PARAMS = 255,
  TZ_LIMIT_REGISTERS = 60000,
  TZ_LIMIT_SITES = 4096,    /* of a function: sites are reached with 16 bits */
  TZ_LIMIT_DEPTH = 64,      /* superclasses */
  TZ_LIMIT_EXTENDS = 64,    /* interfaces that an interface extends */
  TZ_LIMIT_MEMBERS = 65535, /* fields with the inherited ones; methods */
};

typedef struct tz_verifier {
  const tz_image *image;
  tz_image_error *error;
  tz_decode_table decode;
  uint32_t object_class, error_class; /* the imports of tz.Object and tz.Error, or TZ_NONE */
  uint32_t *n_inherited;              /* by class: fields of its superclasses */
  uint64_t *starts, *targets; /* by word of the function at hand: an instruction begins; is branched to */
  uint64_t read[65536 / 64], written[65536 / 64]; /* by register of the function at hand */
  const tz_function_entry *f;
  uint32_t f_index;
  uint64_t code_base; /* words of the functions before f */
} tz_verifier;

/* An instruction with its operands looked up. */
typedef struct tz_insn_view {
  const tz_op_info *info;
  uint64_t word;
  uint32_t pc, op;
  uint32_t type_a, type_b, type_c; /* types of register operands; TZ_NONE: none, or discarded */
  const uint64_t *extra;           /* argument list or switch table */
  uint32_t n_args;
} tz_insn_view;

bool tz_verify_tables(tz_verifier *v); /* types, signatures, constants, globals, heads of functions */
bool tz_verify_classes(tz_verifier *v);
bool tz_verify_overrides(tz_verifier *v); /* the functions in vtables and interface tables */
bool tz_verify_function(tz_verifier *v);  /* v->f */
bool tz_verify_rule(tz_verifier *v, const tz_insn_view *in);

/* Typing (typing.c): all in O(1), bounded by the limits above. Indexes must be checked ones. */
bool tz_type_converts(const tz_verifier *v, uint32_t to, uint32_t from); /* by mov, without a check */
bool tz_class_converts(const tz_verifier *v, uint32_t to, uint32_t from);
bool tz_class_lists(const tz_class_entry *c, uint32_t interface);
bool tz_is_error_type(const tz_verifier *v, uint32_t type);             /* a class at or below tz.Error */
uint32_t tz_class_n_fields(const tz_verifier *v, uint32_t class_index); /* with inherited ones */
uint32_t tz_class_field_type(const tz_verifier *v, uint32_t class_index, uint32_t slot);
char tz_kind_rep(tz_kind kind);
static inline tz_kind tz_type_kind(const tz_verifier *v, uint32_t type) { return v->image->types[type].kind; }
static inline char tz_type_rep(const tz_verifier *v, uint32_t type) {
  return tz_kind_rep(tz_type_kind(v, type));
}
static inline bool tz_type_is_traced(const tz_verifier *v, uint32_t type) {
  char rep = tz_type_rep(v, type);
  return rep == 'R' || rep == 'Y';
}
static inline bool tz_type_is_number(const tz_verifier *v, uint32_t type) {
  char rep = tz_type_rep(v, type);
  return rep == 'I' || rep == 'F';
}
/* The signature that a value of this type can be called with, or TZ_NONE. */
uint32_t tz_type_callable(const tz_verifier *v, uint32_t type);

/* Errors: always false. _at: an instruction of v->f. */
bool tz_fail_at(tz_verifier *v, uint32_t pc, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool tz_fail_function(tz_verifier *v, uint32_t index, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool tz_fail_class(tz_verifier *v, uint32_t index, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
