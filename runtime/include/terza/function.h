/* function.h: linked functions, their inline caches, and VM frames. Compiled tiers read these layouts.
 *
 * Frame, on the process's VM stack, growing up, in 64-bit slots:
 *
 *   fp[-3]  continuation: native address that receives the result (interpreter, compiled code or C entry)
 *   fp[-2]  return pc: the call instruction in the caller (stack walks read it on every tier)
 *   fp[-1]  tz_function of this frame
 *   fp[0..] parameters, reference locals, numbers        (fp[n_registers] is scratch for discarded results)
 *   then the callee's header; its fp = fp + n_registers + TZ_FRAME_HEADER
 *
 * Nothing in a frame points into the stack, so a stack grows by copying. */
#pragma once
#include "terza/object.h"

enum { TZ_FRAME_HEADER = 3 };
#define TZ_FRAME_CONTINUATION(fp) ((fp)[-3].p)
#define TZ_FRAME_RETURN_PC(fp) ((fp)[-2].p)
#define TZ_FRAME_FUNCTION(fp) (*(tz_function **)&(fp)[-1].p)

typedef uint64_t tz_insn; /* spec/opcodes.def: op:8 x:8 a:16 (b:16 c:16 | d:32) */
/* In linked code the opcode byte may name a sequence that begins with the instruction (runtime/src/fuse.h). */
extern const uint8_t tz_insn_plain_op[256];
static inline uint8_t tz_insn_op(tz_insn in) { return tz_insn_plain_op[(uint8_t)in]; }
static inline uint8_t tz_insn_x(tz_insn in) { return (uint8_t)(in >> 8); }
static inline uint16_t tz_insn_a(tz_insn in) { return (uint16_t)(in >> 16); }
static inline uint16_t tz_insn_b(tz_insn in) { return (uint16_t)(in >> 32); }
static inline uint16_t tz_insn_c(tz_insn in) { return (uint16_t)(in >> 48); }
static inline int32_t tz_insn_d(tz_insn in) { return (int32_t)(in >> 32); }
static inline uint32_t tz_insn_list_words(uint32_t n_args) { return (n_args + 4) / 4; }
static inline uint16_t tz_insn_arg(const tz_insn *list, uint32_t i) { /* lane 0 is the frame's size */
  return ((const uint16_t *)list)[i + 1];
}

/* An inline cache and its feedback: up to four receivers, then megamorphic. Counts saturate. */
enum { TZ_SITE_WAYS = 4 };
typedef struct tz_site_way {
  uint32_t cls;   /* address of the class (or shape); 0: unused */
  uint32_t count;
  union {
    tz_function *target;
    struct { int32_t slot; uint8_t rep; } member; /* GET/SET on fields: how to read it */
  };
} tz_site_way;
typedef struct tz_site {
  tz_site_way way[TZ_SITE_WAYS];
  uint32_t misses;  /* not found in the ways: megamorphic traffic */
  uint8_t kind;     /* tz_site_kind */
  const char *name; /* interned member name, NULL if none */
} tz_site;

typedef bool (*tz_native_fn)(tz_thread *th, tz_word *args); /* see native.h */

/* Profile of one conditional branch, filled by sampled bursts (runtime/src/profile.c). */
typedef struct tz_branch_profile { uint32_t taken, not_taken; } tz_branch_profile;

enum {
  TZ_FUNCTION_HIDDEN = 1 << 30, /* of the machine's own making: not in stack traces */
  TZ_FUNCTION_LEAF = 1 << 29    /* a native that neither waits nor calls guest code (native.h) */
};

struct tz_function {
  void *entry;          /* preserve_none entry: tz_interp_entry, tz_native_entry, or compiled code */
  tz_insn *code;        /* this VM's copy, operands resolved by the linker; NULL for natives */
  tz_word *k;           /* sites (tz_site, 16-bit reach), then constants, functions, classes, global addresses */
  uint32_t n_registers; /* with parameters */
  uint32_t n_params, n_ref_locals, n_words;
  uint32_t frame_bytes; /* stack needed above fp: registers, the callee's header, scratch */
  uint32_t heat;        /* calls and loop iterations attributed by sampling */
  tz_native_fn native;
  tz_sig *signature;    /* with the receiver */
  tz_type **registers;
  const uint64_t *ref_map; /* bit i: register i is a reference or any */
  tz_module *module;
  const char *name;     /* "module.name" */
  const char *source;   /* file name, or NULL */
  uint32_t n_handlers, n_lines, n_locals, n_sites;
  const struct tz_linked_handler { uint32_t start, end, target, reg; tz_class *type; } *handlers;
  const tz_line *lines;
  const tz_local *locals;
  tz_branch_profile *branches; /* one a word of code, allocated when first sampled; NULL before */
  uint32_t flags;              /* TZ_FUNCTION_* */
  uint32_t id;                 /* dense within the VM */
  uint32_t loop_heat;          /* of the heat, what fell on its back-edges; the compiled tiers count it */
  void *tier;                  /* owned by jit/: compiled forms, requests, dependencies */
  void *compiled;              /* what optimized code calls: jit/native/native.h; NULL without that tier */
};
