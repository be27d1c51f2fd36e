/* statistics.h: what the compiled tiers say at exit: --dump-stats as text, --dump-stats-json as lines of
 * JSON, which docs/lab.md describes. */
#pragma once
#include "terza/jit.h"

struct tz_jit;

uint64_t tz_jit_clock(void); /* the monotonic one, in nanoseconds */

/* One compilation that gave code. Noted only under --dump-stats-json. */
typedef struct tz_compilation {
  const char *tier;
  const tz_function *function;
  uint64_t start_ns, end_ns; /* of the monotonic clock */
  uint64_t code_bytes;
} tz_compilation;

typedef struct tz_compilations {
  tz_compilation *items; /* owned */
  size_t count, room;
} tz_compilations;

/* By the thread that runs the guest; without memory it is left out. */
void tz_jit_note(struct tz_jit *jit, const tz_compilation *compilation);
/* Prints what the options ask for. */
void tz_jit_report(const struct tz_jit *jit);
