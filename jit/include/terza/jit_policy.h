/* jit_policy.h: what a policy decides, and how one of your own is written. Needs nothing but the C library.
 *
 * The machine asks a policy which tier a function belongs on, what to compile first, what to build into what,
 * where to rely on the profile, and what to do about code that had to be left. The built-in policies answer
 * through this interface, and so does a shared object given by --jit-policy=FILE.so[:ARGUMENTS], which
 * defines
 *
 *     const tz_jit_policy terza_jit_policy = {TZ_JIT_POLICY_VERSION, "name", .tier = my_tier};
 *
 * Each question comes with the facts and with the default policy's answer, so that a policy changes only what
 * it is about; a function left NULL always gives the default's answer. Answers have reasons: --trace-jit
 * prints and --jit-log records those of what is done, and of calls not built in and places not relied on.
 * docs/optimizing.md, "Write a policy"; an example: docs/examples/loop_policy.c.
 *
 * A policy chooses among what is legal. It cannot make compiled code wrong: a tier that is not there, a call
 * that cannot be inlined, or a choice out of range is not taken, and a function never loses a tier by `tier`
 * alone.
 *
 * Threads. `open`, `tier`, `enter_loop`, `after_deopt` and `close` are called on the machine's thread,
 * `is_stale` and `priority` on the compiler's thread with the queue locked, `parts`, `inline_call` and
 * `speculate` on the compiler's thread while the program runs; under --jit-sync, and for --dump, all of them
 * on the machine's. At most one thread of each kind calls at a time, so state that both touch needs a lock or
 * atomics. Several machines may open the same object: keep state behind `self`, not in globals.
 *
 * Lifetimes. Facts are good until the call returns, except function names, which live as long as the machine.
 * Reasons must live until `close`: literals, as a rule. All calls must be short, never wait for the other
 * thread, and call nothing of the machine's; no guest object is to be had. After `close` nothing is called; a
 * process that ends while a compiler is at work ends without `close`.
 *
 * Units. A budget slice is 2,000 back-edges and calls, taken together; heat is counted in slices. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TZ_JIT_POLICY_VERSION = 1 };

/* ---- Facts ---- */

typedef enum tz_jit_tier { TZ_TIER_INTERPRETER, TZ_TIER_BASELINE, TZ_TIER_OPTIMIZED } tz_jit_tier;

#define TZ_JIT_START                                                                                         \
  UINT32_C(0xffffffff) /* the entry that is a function's start; others are loop heads, by pc */

typedef struct tz_jit_function {
  const char *name;   /* "module.function" */
  uint32_t words;     /* of bytecode, 8 bytes each; 0 at TZ_JIT_LINKED, when it is not there yet */
  uint32_t heat;      /* slices that ended in it, or at a call of it */
  uint32_t loop_heat; /* of these, those that ended at one of its back-edges; the others ended at calls */
  tz_jit_tier tier;   /* the best that it has code for */
  /* of the entry in question; of the start, where none is: */
  uint32_t n_compiled;   /* times that the optimizing tier compiled it, this one not included */
  uint32_t n_deopts;     /* times that its code was left, */
  uint32_t n_exceptions; /* of these, for a handler or to throw, */
  uint32_t n_given_up;   /* and times that it was given up for that */
} tz_jit_function;

typedef struct tz_jit_machine {
  uint64_t slices;       /* so far, of all functions, not counting what runs optimized */
  uint32_t queue_length; /* requests that wait for the optimizing tier */
  uint64_t compile_ns;   /* that the optimizing tier has taken so far */
} tz_jit_machine;

typedef enum tz_jit_event {
  TZ_JIT_LINKED,           /* loaded; has not run. TZ_TIER_BASELINE: to be compiled at its first call */
  TZ_JIT_LOOPED,           /* a slice ended at one of its back-edges: a loop of it is running */
  TZ_JIT_CALLS,            /* a slice ended at a call that it makes */
  TZ_JIT_CALLED,           /* a slice ended at a call of it */
  TZ_JIT_CALLED_OPTIMIZED, /* the same, by optimized code, for which going down costs more */
} tz_jit_event;

typedef struct tz_jit_heated {
  tz_jit_function function;
  tz_jit_machine machine;
  tz_jit_event event;
} tz_jit_heated;

typedef struct tz_jit_loop { /* running, in a call that began on a lower tier */
  uint32_t pc;               /* its head */
  bool is_settled;           /* optimized code from the function's start is there, or will never be */
  uint32_t late_slices;      /* that have ended in the function's loops since that was so */
} tz_jit_loop;

typedef struct tz_jit_request { /* a function and entry to be optimized */
  tz_jit_function function;
  uint32_t entry;         /* TZ_JIT_START, or a loop head */
  uint32_t heat_asked;    /* the function's heat when the request was queued */
  uint64_t slices_waited; /* of all functions, since then */
  tz_jit_machine machine;
} tz_jit_request;

typedef struct tz_jit_caller {
  const char *function;
  uint32_t pc; /* of the call */
} tz_jit_caller;

typedef struct tz_jit_call { /* a call site with one callee, while a graph is built */
  const tz_jit_request *request;
  const tz_jit_caller
      *callers;       /* n_callers, innermost first: the site, then those that led to its being inlined */
  uint32_t n_callers; /* at least 1; 1: in the function of the request itself */
  const char *callee;
  uint32_t words;       /* of the callee */
  uint32_t code_bytes;  /* of the optimized code that the callee has of its own; 0: none */
  uint32_t recursion;   /* how often the callee is among the callers already */
  uint32_t n_receivers; /* receiver classes that the site has seen; 1 where the callee is certain */
  uint32_t n_nodes;     /* of the graph so far */
  float
      frequency; /* how often the site is reached for each entry of the graph, as far as the profile tells */
  const char *obstacle; /* why it cannot be inlined, whatever the policy says; NULL: it can */
} tz_jit_call;

typedef struct tz_jit_site { /* an instruction, while a graph is built */
  const tz_jit_request *request;
  const char *function;
  uint32_t pc;
  uint32_t n_failed; /* times that relying on the profile there has failed */
  bool is_generic;   /* TZ_JIT_GENERIC was chosen for it */
} tz_jit_site;

typedef struct tz_jit_deopt { /* optimized code was left, since something was not as the profile had promised
                               */
  tz_jit_function function;   /* whose code it is */
  uint32_t entry;             /* of that code */
  const char *place;          /* function where it was left, perhaps an inlined one, */
  uint32_t pc;                /* and where in it */
  const char *why;            /* "class not seen before", ... */
  uint32_t n_failed;          /* times at that place, this one included */
  bool is_exception;          /* left for a handler, or to throw */
  uint32_t n_exceptions;      /* of that entry, this one included */
  tz_jit_machine machine;
} tz_jit_deopt;

/* ---- Answers ---- */

typedef struct tz_jit_answer {
  bool yes;
  const char *reason;
} tz_jit_answer;

typedef struct tz_jit_tier_choice { /* at least this tier; OPTIMIZED implies BASELINE */
  tz_jit_tier tier;
  const char *reason;
} tz_jit_tier_choice;

typedef enum tz_jit_after {
  TZ_JIT_GO_ON,      /* the code stays */
  TZ_JIT_RECOMPILE,  /* it goes; from `wait` more heat on `tier` decides anew, and the profile is better then
                      */
  TZ_JIT_GENERIC,    /* the same, and the profile is not to be relied on at this place any more */
  TZ_JIT_STAY_BELOW, /* it goes; this entry is never optimized again */
} tz_jit_after;

typedef struct tz_jit_after_choice {
  tz_jit_after action;
  uint32_t wait; /* slices of the function */
  const char *reason;
} tz_jit_after_choice;

/* Parts of the optimizing tier, as bits. */
enum {
  TZ_JIT_INLINING = 1,
  TZ_JIT_SPECULATION = 2,
  TZ_JIT_ESCAPE_ANALYSIS = 4,
  TZ_JIT_LOOP_OPTIMIZATION = 8,
  TZ_JIT_HIERARCHY = 16, /* relying on the classes loaded so far */
  TZ_JIT_HANDLERS = 32,  /* throwing and handling exceptions; without, code is left for that */
  TZ_JIT_ALL_PARTS = 63
};
typedef struct tz_jit_parts {
  uint32_t parts;
  const char *reason;
} tz_jit_parts;

/* ---- The policy ---- */

typedef struct tz_jit_policy {
  uint32_t version; /* TZ_JIT_POLICY_VERSION; another one is refused */
  const char *name;
  /* Makes `self` for a machine from what stands behind the colon of --jit-policy, or "". NULL with *problem
   * set: the machine does not start. (NULL without: `self` is NULL.) */
  void *(*open)(const char *arguments, const char **problem);
  void (*close)(void *self);

  /* A function was linked, or has used another slice: which tier should it be on? */
  tz_jit_tier_choice (*tier)(void *self, const tz_jit_heated *heated, tz_jit_tier_choice by_default);
  /* At a back-edge: is the call under way to go over to code that begins at this loop's head? It is made if
   * need be. */
  tz_jit_answer (*enter_loop)(void *self, const tz_jit_heated *heated, const tz_jit_loop *loop,
                              tz_jit_answer by_default);
  /* The optimizing tier is free: is this request to be dropped? It is made again when `tier` says so. */
  tz_jit_answer (*is_stale)(void *self, const tz_jit_request *request, tz_jit_answer by_default);
  /* Of the requests that wait, the one of the highest priority is compiled next. The default is the heat. */
  uint64_t (*priority)(void *self, const tz_jit_request *request, uint64_t by_default);
  /* A compilation begins: which parts take part in it? */
  tz_jit_parts (*parts)(void *self, const tz_jit_request *request, tz_jit_parts by_default);
  /* Is this callee to be built into its caller? */
  tz_jit_answer (*inline_call)(void *self, const tz_jit_call *call, tz_jit_answer by_default);
  /* May code rely on the profile at this instruction? Asked often. Reasons for a no are recorded. */
  tz_jit_answer (*speculate)(void *self, const tz_jit_site *site, tz_jit_answer by_default);
  tz_jit_after_choice (*after_deopt)(void *self, const tz_jit_deopt *deopt, tz_jit_after_choice by_default);
} tz_jit_policy;

/* What a plug-in defines. */
#ifdef __cplusplus
extern "C"
#else
extern
#endif
    const tz_jit_policy terza_jit_policy;
