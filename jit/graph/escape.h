/* escape.h: the inside of partial escape analysis, shared by escape*.c.
 *
 * An object (a NEW of this graph) is, at each place, virtual (its fields are nodes, nothing is allocated),
 * real (a node holds it), or mixed: virtual on some ways here and real on others, so that nobody can ask for
 * it unless it is made real on all.
 *
 * Blocks are visited in reverse postorder from the best assumptions: an object virtual before a loop stays so
 * with the same fields, what is mixed is not asked for. Where an assumption proves wrong a decision is
 * recorded, which is never taken back, and the walk goes on from the block that it concerns. When nothing is
 * wrong any more, the same walk runs once again and changes the graph. */
#pragma once
#include "graph.h"

enum { TZ_MAX_OBJECTS = 256, TZ_MAX_OBJECT_FIELDS = 32 };

typedef struct tz_escape_object {
  tz_node *node; /* NEW, NEW_ARRAY: also its name where it is virtual */
  const tz_class *cls;
  uint32_t n_fields;
  tz_kind element; /* arrays; VOID: no array */
  bool is_given_up;
} tz_escape_object;

typedef enum tz_escape_status { TZ_VIRTUAL, TZ_REAL, TZ_MIXED } tz_escape_status;

/* Immutable. A field that holds an object is that object's node. */
typedef struct tz_record {
  tz_escape_status status;
  tz_node *value;  /* REAL */
  tz_block *where; /* MIXED: where the ways met */
  tz_node *fields[];
} tz_record;

/* What a value is at a place. */
typedef enum tz_value_kind { TZ_VALUE_REAL, TZ_VALUE_VIRTUAL, TZ_VALUE_MIXED } tz_value_kind;
typedef struct tz_value {
  tz_value_kind kind;
  tz_node *node;   /* VIRTUAL: the object's */
  uint32_t object; /* VIRTUAL, MIXED object; UINT32_MAX: a PHI of mixed values */
} tz_value;

typedef enum tz_decision {
  TZ_MUST_BE_REAL,   /* block, object: it is made real on all ways here */
  TZ_IS_MIXED,       /* loop header, object: it is not virtual at the end of the loop */
  TZ_FIELD_CHANGES,  /* loop header, object, field */
  TZ_FIELD_IS_REAL,  /* block, object, field: the PHI is asked for */
  TZ_FIELD_IS_MIXED, /* loop header, object, field: the end of the loop brings an object */
  TZ_PHI_IS_REAL,    /* PHI of a loop header */
  TZ_MADE_NODE,      /* point's id, object: the object made there */
  TZ_FIELD_PHI,      /* block, object, field */
  TZ_VALUE_PHI,      /* block, object: the objects made on the ways here */
} tz_decision;

typedef struct tz_memo { /* of decisions, and of nodes that they make */
  uint64_t key;
  tz_node *node;
} tz_memo;

typedef struct tz_escape {
  tz_graph *g;
  tz_escape_object *objects;
  uint32_t n;
  uint16_t *object_of; /* by node id, from 1; nodes made later are none */
  tz_node **value_of;  /* by node id: the node that it is the same as; NULL: itself */
  uint32_t n_old;      /* node ids with entries in these */
  tz_record ***exits;  /* by block id: records at the end of the block, by object; NULL: not made yet */
  tz_record ***heads;  /* the same at the start, of loop headers */
  tz_record **
      *ends; /* exits as the walk left them: what the next block makes real there depends on decisions */
  uint32_t blocks_room;
  tz_record **now; /* where the walk is */
  tz_memo *memos;
  uint32_t memos_room, n_memos;
  bool has_handlers; /* some function of the graph catches exceptions */
  bool changes;      /* the last walk: the graph is rewritten */
  uint32_t restart;  /* order of the block to go on from; UINT32_MAX: nothing was wrong */
  uint64_t n_visited, patience;
  uint32_t version;   /* goes up whenever a record of `now` changes */
  tz_node **virtuals; /* by object: its VIRTUAL for `virtuals_version` */
  uint32_t *virtuals_version;
  struct tz_state_copy {
    const tz_frame_state *from;
    tz_frame_state *to;
    uint32_t version;
  } *copies;
  struct tz_making {
    uint32_t object;
    tz_record *record;
  } *making; /* being made real at one point */
  uint32_t n_making;
  struct tz_new_phi {
    tz_node *node;
    uint32_t object, field;
  } *phis; /* made for the block at hand; TZ_PHI_OF_VALUE: of the object */
  uint32_t n_phis;
  tz_node *zeros[TZ_TYPE_ANY + 1]; /* by type */
} tz_escape;
enum { TZ_PHI_OF_VALUE = UINT32_MAX };
#define TZ_MIXED_PHI (1u << 31) /* mark of a PHI, with object << 8 | field */

/* ---- escape_value.c ---- */
bool tz_escape_has(tz_escape *e, tz_decision what, uint32_t a, uint32_t b, uint32_t c);
/* Records a decision on object i, and that the walk is to go on from the block. */
void tz_escape_decide(tz_escape *e, tz_decision what, const tz_block *at, uint32_t i, uint32_t c);
void tz_escape_decide_phi(tz_escape *e, const tz_block *header, const tz_node *phi); /* TZ_PHI_IS_REAL */
void tz_escape_give_up(tz_escape *e, uint32_t i);
/* The node that belongs to a key, made at the first time. */
tz_node *tz_escape_node(tz_escape *e, tz_decision what, uint32_t a, uint32_t b, uint32_t c, tz_node_op op,
                        tz_node_type type);
tz_value tz_escape_peek(const tz_escape *e, tz_record *const *state, tz_node *n); /* what it is */
tz_value tz_escape_demand(tz_escape *e, tz_record *const *state, tz_node *n);     /* the same, never MIXED */
/* The state is that at the end of b. */
void tz_escape_set_exit(tz_escape *e, const tz_block *b, tz_record **state);
tz_record *tz_record_new(tz_escape *e, tz_escape_status status, uint32_t n_fields);
tz_node_type tz_escape_field_type(const tz_escape_object *o, uint32_t field);

/* ---- escape_merge.c ---- */
void tz_escape_enter(tz_escape *e, tz_block *b);      /* e->now and PHIs at the start of b */
void tz_escape_close(tz_escape *e, tz_block *header); /* at the end of its loop */

/* ---- escape_make.c ---- */
/* Object i, virtual in state, is made real before the node `at`, with all that it refers to. */
void tz_escape_make(tz_escape *e, tz_record **state, tz_node *at, uint32_t i);
tz_node *tz_escape_int(tz_escape *e, int64_t i, tz_int_is is); /* a constant, in the entry block */

/* ---- escape_states.c ---- */
/* A frame state with what its values are in e->now; itself if that is no other. */
tz_frame_state *tz_escape_frame_state(tz_escape *e, tz_frame_state *state);
