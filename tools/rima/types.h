/* types.h: Rima's types. Interned for the compiler's whole life: equal types are the same pointer.
 *
 * Representation in registers: int, bool are int64; float is float64; dyn and every nullable number or bool
 * is `any`; everything else is a reference. Narrow element types (u8 … f32) exist only below Array. */
#pragma once
#include "ast.h"

typedef enum rima_type_kind {
  RIMA_T_VOID,
  RIMA_T_INT,
  RIMA_T_FLOAT,
  RIMA_T_BOOL,
  RIMA_T_STR,
  RIMA_T_DYN,
  RIMA_T_OBJECT,
  RIMA_T_PROCESS,
  RIMA_T_NULL,  /* of the literal null */
  RIMA_T_NEVER, /* of what does not return: throw, return, … */
  RIMA_T_ERROR, /* already reported; agrees with everything */
  RIMA_T_U8,
  RIMA_T_I16,
  RIMA_T_I32,
  RIMA_T_F32,
  RIMA_T_SIMPLE_COUNT,
  RIMA_T_CLASS = RIMA_T_SIMPLE_COUNT, /* classes, interfaces, enums, variants */
  RIMA_T_ARRAY,
  RIMA_T_CHANNEL,
  RIMA_T_TUPLE,
  RIMA_T_FUNC,
  RIMA_T_NULLABLE,
  RIMA_T_PARAM, /* a type parameter, while nothing stands for it */
} rima_type_kind;

struct rima_class;

typedef struct rima_type {
  uint8_t kind;
  bool is_open;     /* mentions a type parameter or an error */
  bool is_receiver; /* known to dynamic.c */
  uint32_t hash;
  uint32_t count;              /* TUPLE, FUNC */
  struct rima_type **items;    /* TUPLE: its parts; FUNC: parameters */
  struct rima_type *of;        /* ARRAY, CHANNEL: element; FUNC: result; NULLABLE: the type without null */
  struct rima_class *cls;      /* CLASS; TUPLE: the class that represents it, once needed */
  rima_type_param *param;      /* PARAM */
  struct rima_type *nullable;  /* cache of T? */
  uint32_t image, image_epoch; /* type index in the image of that epoch */
  const char *text;            /* cache of its name as written */
} rima_type;

/* 'I' int64, 'F' float64, 'R' reference, 'Y' any, 'N' none. */
char rima_type_rep(const rima_type *type);
static inline bool rima_type_is_error(const rima_type *t) { return t->kind == RIMA_T_ERROR; }
static inline bool rima_type_is_nullable(const rima_type *t) {
  return t->kind == RIMA_T_NULLABLE || t->kind == RIMA_T_DYN || t->kind == RIMA_T_NULL;
}
/* T of T?, else the type itself. */
static inline rima_type *rima_type_strip(rima_type *t) { return t->kind == RIMA_T_NULLABLE ? t->of : t; }
