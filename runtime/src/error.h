/* error.h: error objects and their stack traces. An Error's fields: 0 message, 1 cause, 2 trace.
 *
 * A trace is an array of i64: pairs (function id, pc in words; -1 for natives), innermost first, at most
 * TZ_TRACE_FRAMES of them; then the number of frames left out. */
#pragma once
#include "terza/vm.h"
#include <stdio.h>

enum { TZ_TRACE_FRAMES = 200, TZ_ERROR_MESSAGE = 0, TZ_ERROR_CAUSE = 1, TZ_ERROR_TRACE = 2 };

/* Makes an error object of the kind with a message already formatted; no trace yet. Falls back to the
 * preallocated OutOfMemoryError; never NULL. May collect. */
void *tz_error_new(tz_thread *th, tz_error_kind kind, const char *message, size_t bytes);
void *tz_error_new_of(tz_thread *th, tz_class *cls, const char *message, size_t bytes);
/* As tz_raise with the kind's own message. May collect. */
bool tz_raise_plain(tz_thread *th, tz_error_kind kind);
/* The one OutOfMemoryError that needs no memory. */
void *tz_error_out_of_memory_nogc(tz_thread *th);
/* Fills the trace of `error` (if it is null) from th->pc, th->fp of the running process. Returns the error,
 * which may have moved. May collect; without memory the trace stays null. */
void *tz_error_capture_trace(tz_thread *th, void *error);
/* Only the lines "  at ..." */
char *tz_error_trace_text(tz_vm *vm, void *error);
tz_function *tz_function_by_id(tz_vm *vm, uint32_t id);
/* The source line of a pc, or 0. */
uint32_t tz_function_line(const tz_function *f, uint32_t pc);
/* "Error" of "tz.Error". */
const char *tz_class_plain_name(const tz_class *cls);
/* At most `most` frames of a process's stack, as in a trace. */
void tz_process_print_stack(FILE *to, tz_thread *th, tz_process *p, uint32_t most);
