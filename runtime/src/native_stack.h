/* native_stack.h: machine stacks for optimized code, lent to processes.
 *
 * Interpreter and baseline code use no machine stack of their own: they run on the worker's, the base stack,
 * whatever process they belong to. Optimized code does, and keeps it while its process waits. So a process
 * that enters such code from the base stack borrows a stack; the stretch until that entry has returned is a
 * native section. All that the section calls, VM frames and C natives too, runs on the borrowed stack,
 * further entries included.
 *
 *   base stack ── tz_native_section ──► work … tz_native_section_suspend ──► base stack: scheduler,
 *                                         ▲                                  other processes
 *                                         └────── tz_native_section_resume ◄───┘
 *
 * Invariant: the running process is on its own stack if and only if process->native is set. Nothing on a
 * borrowed stack points into the base stack: the base may have gone on when the section ends. */
#pragma once
#include "process.h"

enum {
  TZ_NATIVE_STACK_BYTES = 1 << 20, /* address space; memory comes with use */
  TZ_NATIVE_RESERVE = 256 << 10,   /* kept free of optimized code, for the C functions that it leads to */
  TZ_NATIVE_COUNTED = 16 << 10,    /* what each is counted for against the heap limit */
  TZ_NATIVE_STACKS = 16000, /* most of a VM: a process may have only so many mappings, each takes two */
};

typedef struct tz_native_stack { /* lies at the stack's own top */
  struct tz_native_stack *next;  /* of those that nobody uses */
  char *low;                     /* lowest byte; a guard page lies below */
  void *sp;                      /* while suspended: where it goes on */
  const void *top;               /* while suspended: th->native_top */
  void *sanitizer_stack;         /* address sanitizer's shadow of it, and of the base stack's place */
  const void *base_low;
  size_t base_bytes;
} tz_native_stack;

typedef enum tz_section {
  TZ_SECTION_ENDED,     /* work has returned; th->process is the same process as before */
  TZ_SECTION_SUSPENDED, /* the process waits: tz_scheduler_next says how the base stack goes on */
  TZ_SECTION_NO_STACK,  /* nothing was done: no room or no memory */
} tz_section;

/* Calls work(th, data) on the running process's stack, which is borrowed for it if need be. Sets
 * th->native_limit. */
tz_section tz_native_section(tz_thread *th, void (*work)(tz_thread *th, void *data), void *data);
/* On a borrowed stack: leaves it to the base stack. Comes back when the process is installed again; th->pc
 * says where it is to go on. */
void tz_native_section_suspend(tz_thread *th);
/* On the base stack: goes on in the running process's suspended section, until that ends or is suspended
 * again. */
tz_section tz_native_section_resume(tz_thread *th);
/* Whether C code may nest guest code in C once more. */
bool tz_native_has_room(const tz_thread *th);

void tz_native_stack_give_back(tz_vm *vm, tz_process *p); /* if it has one */
void tz_native_stacks_trim(tz_vm *vm); /* gives the memory of unused stacks back to the system */
void tz_native_stacks_free(tz_vm *vm); /* the unused ones */
