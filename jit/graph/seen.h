/* seen.h: what the graph builder takes from the profile.
 *
 * Everything but the method that an operator on objects has seen comes through here, once for each place: one
 * graph is built from one picture of it, although the program goes on. The log records that picture, and a
 * plan may bring another (build.h, `picture`). It only says how likely what is, and what code should rely on:
 * guards make sure of it. */
#pragma once
#include "graph.h"

typedef enum tz_seen_kind { TZ_SEEN_BRANCH, TZ_SEEN_OPERANDS, TZ_SEEN_SITE } tz_seen_kind;

typedef struct tz_seen {
  struct tz_seen *next, *next_of_hash; /* next: oldest first */
  const tz_function *function;
  uint32_t pc;
  tz_seen_kind kind;
  tz_branch_profile branch;
  uint8_t operands; /* the instruction's x byte: kinds of dynamic values */
  tz_site site;
} tz_seen;

enum { TZ_SEEN_HASHES = 128 };
struct tz_seen_table {
  tz_seen *first, **last;
  tz_seen *hashes[TZ_SEEN_HASHES];
};

/* The class that a way of a site stands for, as the log names it. False: it has no name of its own. */
bool tz_seen_class_name(const tz_site_way *way, char *into, size_t room);
