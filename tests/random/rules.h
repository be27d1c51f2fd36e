/* rules.h: a grammar as it was read. grammar.c makes it, expand.c walks it. */
#pragma once
#include "grammar.h"
#include <stdbool.h>

enum {
  MAX_RULES = 128,
  MAX_NEEDS = 64,
  MAX_CALLABLES = 48,
  MAX_PARTS = 1024,
  NO_CALLABLE = -1,
  UNSURE = 500,
  ENDLESS = 1000
};

typedef enum part_kind {
  PART_TEXT,
  PART_EXPAND,
  PART_SOME,     /* @rule* */
  PART_MAYBE,    /* @rule? */
  PART_NEW,      /* @^rule @*rule @+rule */
  PART_VARIABLE, /* @:rule @=rule */
  PART_NAME,     /* @. */
  PART_NAMED,    /* @1 */
  PART_DECLARED, /* @(rule x) */
  PART_OPEN,
  PART_CLOSE,
  PART_FEW,   /* @K */
  PART_MANY,  /* @N */
  PART_TIMES, /* @!5 */
  PART_INT    /* @# */
} part_kind;

typedef struct part {
  part_kind kind;
  const char *text; /* PART_TEXT, PART_DECLARED: the name */
  uint32_t length;
  uint32_t number; /* the rule, which new name, or how often */
  bool is_assignable, is_inner, is_opaque;
  uint64_t granted, refused; /* PART_OPEN */
  int callable;              /* PART_OPEN: whose body */
} part;

typedef struct production {
  uint32_t weight, n_parts;
  uint64_t needs;
  int callable;
  bool has_loop, is_short; /* is_short: ends as soon as any of the rule can */
  part *parts;
} production;

typedef struct rule {
  const char *name;
  uint32_t name_length, n_productions, first_production, height; /* expansions within each other, at least */
  production *productions;
} rule;

typedef struct callable {
  const char *name;
  uint32_t name_length, cost, body;
} callable;

struct grammar {
  rule rules[MAX_RULES];
  callable callables[MAX_CALLABLES];
  const char *needs[MAX_NEEDS];
  uint32_t need_lengths[MAX_NEEDS];
  uint32_t n_rules, n_callables, n_needs, n_productions;
};
