/* graph.h: the optimizing tier's form of a function: basic blocks of SSA nodes with frame states.
 *
 * A graph is built from bytecode and profile (build.h), rewritten by passes (passes.h), and lowered to LLVM (jit/llvm). It
 * and all its parts live in one arena and die together. Nothing here allocates guest objects or looks at the heap, so a
 * graph is worked on by compiler threads while the guest runs.
 *
 * Invariants, checked by tz_graph_verify:
 *   - a block's nodes are PHIs, then others, then one END node; block->n_successors fits the END node
 *   - a PHI has one input for each predecessor, in the order of block->predecessors
 *   - the definition of an input dominates its use (for a PHI: the end of the predecessor); the same for values of states
 *   - NEW, NEW_ARRAY, CALL and CALL_POINTER are followed at once by IS_NULL or PENDING and a BRANCH on it (successor 0: failed),
 *     unless a pass has shown that they cannot fail; POLL by a BRANCH on its result (successor 0: a block that ends in DEOPT).
 *     The failed successor leads to FAIL, to a handler, or to DEOPT (with the exception pending) where a frame at hand may
 *     have one
 *   - no critical edges into loop headers: a header has exactly two predecessors, entry first, back-edge second */
#pragma once
#include "terza/arena.h"
#include "terza/vm.h"
#include <setjmp.h>
#include <stdio.h>

typedef enum tz_node_op {
#define TZ_NODE(NAME, text, RESULT, inputs, EFFECTS, meaning) TZ_NODE_##NAME,
#include "nodes.def"
#undef TZ_NODE
  TZ_NODE_COUNT
} tz_node_op;

typedef enum tz_deopt_reason {
#define TZ_DEOPT(NAME, text) TZ_DEOPT_##NAME,
#include "reasons.def"
#undef TZ_DEOPT
  TZ_DEOPT_COUNT
} tz_deopt_reason;

typedef enum tz_node_type { TZ_TYPE_VOID, TZ_TYPE_INT, TZ_TYPE_FLOAT, TZ_TYPE_REF, TZ_TYPE_ANY } tz_node_type;

/* aux of INT: what its number stands for. For readers of dumps alone; passes do not ask. */
typedef enum tz_int_is { TZ_INT_NUMBER, TZ_INT_CLASS, TZ_INT_FUNCTION, TZ_INT_TYPE } tz_int_is;

typedef struct tz_node tz_node;
typedef struct tz_block tz_block;
typedef struct tz_frame_state tz_frame_state;

struct tz_node {
  uint8_t op;       /* tz_node_op */
  uint8_t type;     /* tz_node_type */
  bool is_nonnull;  /* what is known of a REF or ANY: not null */
  bool is_exact;    /* ... and of class `cls` itself, not a subclass */
  uint16_t n_inputs;
  bool no_barrier;  /* STORE_FIELD, STORE_ELEMENT of a REF or ANY: needs no write barrier */
  bool waits;       /* POLL: in a loop that may wait for what another process stores */
  uint32_t aux;     /* as nodes.def says */
  uint32_t id;      /* dense, from 0 */
  const tz_class *cls; /* REF: of this class or null; NULL: not known */
  tz_block *block;
  tz_node *previous, *next; /* in the block */
  tz_node **inputs;
  union {
    int64_t i;
    double f;
    const void *p;
  } imm;
  tz_frame_state *state;
  tz_node *replaced_by; /* set by tz_node_replace until tz_graph_apply_replacements */
  uint32_t mark;        /* for the pass at work */
  uint32_t visit;       /* graph.c's own */
  uint32_t origin;      /* number of the instruction that it comes from (tz_origin); 0: not known */
};

/* Where the guest is, as the interpreter would see it: one for each frame, innermost first. The pc is that of an instruction
 * that has not begun (GUARD, DEOPT), or of the call, allocation or back-edge under way. Outer states are at their call
 * instruction, with the register that takes its result absent. Shared between nodes and immutable once attached: a pass that
 * changes one makes a new one. */
struct tz_frame_state {
  tz_frame_state *outer;
  tz_function *function;
  uint32_t pc;      /* word index in function->code */
  uint32_t n;       /* function->n_registers, or 0: place only */
  tz_node **values; /* by register; NULL: dead, the interpreter gets zero */
  uint32_t visit;   /* graph.c's own */
};

struct tz_block {
  uint32_t id;          /* dense */
  uint32_t order;       /* index in graph->blocks */
  tz_node *first, *last;
  uint32_t n_predecessors, n_successors;
  tz_block **predecessors, **successors;
  /* set by tz_graph_order: */
  bool is_loop_header;
  tz_block *dominator;   /* immediate; NULL: entry */
  uint32_t dominator_number, n_dominated; /* it dominates the n blocks numbered from its own number on */
  tz_block *loop;        /* header of the innermost loop around it, itself for a header; NULL: none */
  tz_block *outer_loop;  /* of a header: header of the next loop around; NULL: none */
  uint32_t loop_depth;   /* 0: in no loop */
};

/* An instruction as it was built: of the function itself, or of one built in. For those who look at graphs and code; kept if
 * tz_build_options asks for it. */
typedef struct tz_origin {
  const tz_function *function;
  uint32_t pc, outer; /* outer: number of the call that it was built in by; 0: none */
} tz_origin;

typedef struct tz_graph {
  tz_arena *arena;
  tz_vm *vm;
  tz_function *function;
  uint32_t osr_pc;       /* entered at this loop head; TZ_NO_OSR: at the start */
  tz_node_type result;
  tz_node **params;
  uint32_t n_params;     /* arguments, or registers of an OSR entry (absent ones are NULL) */
  tz_block *entry;       /* no predecessors */
  tz_block **blocks;     /* reverse postorder after tz_graph_order */
  uint32_t n_blocks;
  uint32_t n_nodes;      /* ids given so far */
  uint32_t n_block_ids, n_visits;
  struct tz_inline_decision *decisions; /* newest first (build.h) */
  struct tz_generic_place *generic;     /* newest first (build.h) */
  struct tz_seen_table *seen;           /* of the profile (seen.h); NULL: not kept */
  struct tz_graph_dependency *dependencies; /* on the class hierarchy: what VALID stands for (hierarchy.h) */
  uint32_t n_dependencies;
  size_t max_bytes;      /* of the arena; 0: no limit */
  tz_origin *origins;    /* number i at i - 1 */
  uint32_t n_origins, origin; /* origin: that of nodes made next */
  jmp_buf *escape;       /* where running out of memory leads to */
} tz_graph;

enum { TZ_NO_OSR = UINT32_MAX };

/* ---- Facts of operations ---- */
enum { TZ_PURE = 0, TZ_READS = 1, TZ_WRITES = 2, TZ_ALLOC = 4, TZ_CALLS = 8, TZ_GUARD = 16, TZ_END = 32, TZ_STATE = 64, TZ_TRACE = 128 };
uint32_t tz_node_effects(tz_node_op op);
/* A call of a leaf native that is given nothing but numbers and strings: what the guest can change it neither reads
 * nor writes. */
static inline bool tz_node_is_blind_call(const tz_node *n) {
  const tz_function *f = n->op == TZ_NODE_CALL ? n->imm.p : NULL;
  if (f == NULL || !(f->flags & TZ_FUNCTION_LEAF)) return false;
  for (uint32_t i = 0; i < f->n_params; i++) {
    const tz_type *type = f->signature->params[i];
    if (type->rep != 'I' && type->rep != 'F' && type->kind != TZ_KIND_STRING) return false;
  }
  return true;
}
const char *tz_node_name(tz_node_op op);
const char *tz_deopt_text(tz_deopt_reason reason);

/* ---- Making (graph.c). All memory is the arena's. Nothing here gives NULL: when there is no more memory, or max_bytes are
 * used up, control goes to *g->escape, so that passes need no checks. Whoever makes or changes a graph sets it:
 *     jmp_buf escape;
 *     if (setjmp(escape)) return …;    the graph may then only be freed
 *     g->escape = &escape;  ---- */
tz_graph *tz_graph_new(tz_vm *vm, tz_function *f, uint32_t osr_pc); /* with an empty entry block; NULL: no memory */
void tz_graph_free(tz_graph *g);
void *tz_graph_alloc(tz_graph *g, size_t bytes); /* zeroed, for whatever lives as long as the graph */
void tz_graph_set_origin(tz_graph *g, const tz_function *f, uint32_t pc, uint32_t outer);
tz_block *tz_block_new(tz_graph *g);
tz_node *tz_node_new(tz_graph *g, tz_node_op op, tz_node_type type, uint32_t n_inputs); /* in no block */
void tz_block_append(tz_block *b, tz_node *n);       /* at the end */
void tz_node_insert_before(tz_node *at, tz_node *n); /* into at's block */
void tz_node_remove(tz_node *n);                     /* out of its block */
void tz_block_link(tz_graph *g, tz_block *from, tz_block *to); /* adds an edge; PHIs of `to` get no input by this */
void tz_phi_add_input(tz_graph *g, tz_node *phi, tz_node *value);
/* Removes the edge (of several, the last) with the PHIs' inputs for it. */
void tz_block_unlink(tz_block *from, tz_block *to);
/* All uses of n, in nodes and states, are to become uses of `by`, once tz_graph_apply_replacements has run; n leaves its block. */
void tz_node_replace(tz_node *n, tz_node *by);
void tz_graph_apply_replacements(tz_graph *g);
/* A state with its own values array, for a pass to change; outer states too if `deep`. */
tz_frame_state *tz_frame_state_copy(tz_graph *g, const tz_frame_state *state, bool deep);

/* Assumed of a loop of which nothing has been seen: its rounds, and the chance in 1/1024 that a round is the last. */
enum { TZ_LOOP_ROUNDS = 8, TZ_LOOP_LEFT = 1024 / TZ_LOOP_ROUNDS };

/* ---- Order (order.c): drops unreachable blocks, sorts into reverse postorder, finds dominators and loops. False: a loop with
 * two entries, which no tier but the lower ones runs. ---- */
bool tz_graph_order(tz_graph *g);
/* Of the loop, or of one within. */
static inline bool tz_block_is_in(const tz_block *b, const tz_block *header) {
  const tz_block *loop = b->loop;
  while (loop != NULL && loop != header) loop = loop->outer_loop;
  return loop == header;
}
/* A way out of the loop hangs on what memory holds, and on nothing else that changes in it: it may wait for another process
 * (waits.c). */
bool tz_loop_waits(const tz_graph *g, const tz_block *header);
static inline bool tz_block_dominates(const tz_block *a, const tz_block *b) { /* reflexive */
  return b->dominator_number - a->dominator_number < a->n_dominated;
}

/* ---- Text (dump.c, parse.c, verify.c) ---- */
void tz_graph_dump(const tz_graph *g, FILE *to);
/* Reads what tz_graph_dump writes (classes and functions by name in vm). NULL: *problem says what and where; malloc'd. */
tz_graph *tz_graph_parse(tz_vm *vm, const char *text, char **problem);
/* NULL: all invariants hold; otherwise which one not; malloc'd. */
char *tz_graph_verify(tz_graph *g);
