/* profile.h: sampled bursts of branch and allocation counts.
 *
 * Every th->profile_slices-th budget slice (TZ_PROFILE_SLICES unless a compiled tier wants more) begins with a
 * burst: for TZ_PROFILE_BURST instructions all of th->dispatch leads to one handler that counts, then goes on as
 * usual. Between bursts profiling costs nothing. Counts are relative: only their ratio within a function means
 * something. */
#pragma once
#include "terza/vm.h"

enum { TZ_PROFILE_SLICES = 16, TZ_PROFILE_BURST = 256 };

/* At the end of a budget slice: begins or ends a burst when it is time. */
void tz_profile_slice(tz_thread *th);
/* An operator at pc of th's frame has found a method by the class of an object: kept in the place of a branch's counts, the
 * class in `taken` (UINT32_MAX: there were several), the method in `not_taken`. For `==` whatever the class is: `by` is the
 * method itself. */
void tz_profile_method(tz_thread *th, tz_insn *pc, const void *by, tz_function *method);
bool tz_profile_is_count(tz_insn in); /* a branch or allocation: no operator */
/* Before each instruction of a burst. */
void tz_profile_instruction(tz_thread *th, tz_insn *pc, tz_word *fp);
