/* log.h: --jit-log: every decision of the compiled tiers, as lines of JSON. docs/why.md describes the
 * records.
 *
 * A record is made in memory and written in one piece, so that the compiler thread's and the guest's never
 * mix. What cannot be written is said once on stderr and ends the log, never the program. A log of NULL takes
 * no records: all functions then return at once. */
#pragma once
#include "compile.h"
#include "terza/jit.h"

typedef struct tz_jit_log tz_jit_log;

/* As vm->options.jit_log says. NULL: none is wanted, or it cannot be written, which has then been said. */
tz_jit_log *tz_jit_log_open(tz_vm *vm);
/* Ends it with a record of each function: profile, tier. On the worker, while functions and codes are there.
 */
void tz_jit_log_finish(tz_jit_log *log);
void tz_jit_log_free(tz_jit_log *log); /* when no compiler thread is left */

/* ---- Records. Of function and entry: TZ_NO_OSR, or a loop head ---- */

void tz_log_baseline(tz_jit_log *log, const tz_function *f, uint64_t start_ns, const char *reason,
                     uint64_t code_bytes, const char *problem);
void tz_log_install(tz_jit_log *log, const tz_native_code *code);
/* After so many exits of all codes of this entry. */
void tz_log_give_up(tz_jit_log *log, const tz_function *f, uint32_t entry, uint32_t n_deopts,
                    bool is_for_good, const char *reason);
/* What: request, drop (a request), evict, invalidate. */
void tz_log_event(tz_jit_log *log, const char *what, const tz_function *f, uint32_t entry,
                  const char *reason);
/* Compiled code was left at this state; the frames are on th's stack, th->fp is the innermost. */
void tz_log_deopt(tz_jit_log *log, const tz_native_code *code, const tz_state *state);

/* ---- One compilation by the optimizing tier, on its thread ---- */

typedef struct tz_log_compilation tz_log_compilation;

/* NULL: no log, or no memory. Makes the job print what --jit-log-code asks for. */
tz_log_compilation *tz_log_compile_begin(tz_jit_log *log, tz_compile_job *job);
/* The graph as built; as the passes have left it. */
void tz_log_built(tz_log_compilation *c, const tz_graph *g);
void tz_log_optimized(tz_log_compilation *c, const tz_graph *g);
/* Writes the record and frees c. */
void tz_log_compile_end(tz_log_compilation *c, const tz_compile_result *result);
