/* plan.h: a compilation plan: the compilations that a JIT log (--jit-log, docs/why.md) records, for
 * --jit-replay.
 *
 * Of the log's lines, plans take `compile` and `give-up`, and pass over all others. */
#pragma once
#include "terza/jit_policy.h"
#include <stdio.h>

typedef struct tz_planned_call { /* one site with one callee, as it was considered for inlining */
  const char *callee;
  uint32_t parent, pc; /* parent: index of the call that the caller was built in by; TZ_NO_PARENT */
  bool is_inlined, is_used;
} tz_planned_call;
enum { TZ_NO_PARENT = UINT32_MAX };

typedef struct tz_planned_place { /* where the profile is not to be relied on */
  const char *function;
  uint32_t pc;
} tz_planned_place;

enum { TZ_PLANNED_CLASSES = 4 };
typedef struct tz_planned_seen { /* what the profile said of an instruction */
  const char *function;
  uint32_t pc;
  int kind; /* tz_seen_kind; -1: nothing that a plan can say */
  uint32_t taken, not_taken, operands, others, n_classes;
  struct {
    const char *name;
    uint32_t count;
  } classes[TZ_PLANNED_CLASSES];
} tz_planned_seen;

typedef struct tz_planned_code { /* one compilation by the optimizing tier */
  struct tz_planned_code *next;  /* of the same function, in the plan's order */
  uint32_t entry, heat, line, parts;
  uint32_t left_after; /* exits after which it was given up; 0: it was not */
  bool stays_below;    /* for good, then */
  uint32_t number;     /* in the whole plan */
  bool has_calls;      /* it says what to inline, */
  bool has_parts;      /* and which parts take part; otherwise the default policy does */
  bool is_begun;
  tz_planned_call *calls;
  tz_planned_place *generic;
  tz_planned_seen *seen;
  uint32_t n_calls, n_generic, n_seen;
} tz_planned_code;

typedef struct tz_planned_function {
  struct tz_planned_function *next; /* of the same hash */
  const char *name;
  uint32_t baseline_heat; /* from which on it has baseline code; UINT32_MAX: never */
  uint32_t line;          /* the first that names it */
  bool is_linked;
  tz_planned_code *codes;
} tz_planned_function;

typedef struct tz_plan tz_plan;

/* NULL: `problem` says why, and where. */
tz_plan *tz_plan_read(const char *path, char *problem, size_t room);
void tz_plan_free(tz_plan *plan);
/* NULL: the plan does not name it. */
tz_planned_function *tz_plan_function(const tz_plan *plan, const char *name);
/* The n-th compilation of this entry, from 0; NULL: none is planned. */
tz_planned_code *tz_plan_code(const tz_planned_function *f, uint32_t entry, uint32_t n);
bool tz_plan_has_baseline(const tz_plan *plan); /* it says which functions have baseline code */
/* What of it came to nothing: functions that the program has not; with `all` compilations that were not
 * reached. */
void tz_plan_report(const tz_plan *plan, bool all, FILE *to);
/* For messages. */
const char *tz_plan_path(const tz_plan *plan);
