/* native_stack.c: see native_stack.h. The two switches are assembly: callee-saved registers, then the stack
 * pointer. */
#include "native_stack.h"
#include "scheduler.h"
#include <sys/mman.h>

enum {
  GUARD_BYTES = 4096,
  KEPT_BYTES = 16 << 10,
  KEPT_STACKS = 4096,
  KEPT_AFTER_TRIM = 64,
  C_CALL_ROOM = 64 << 10
};

/* ---- Switching ---- */

/* Both save the registers and the place to come back to on the stack left, and its pointer in *save.
 * tz_stack_call runs work(th, data) below `top`, then goes back to what *save says by then, giving
 * TZ_SECTION_ENDED there. tz_stack_switch goes on where `to` was left, giving `value` there. */
int tz_stack_call(void (*work)(tz_thread *, void *), tz_thread *th, void *data, void *top, void **save);
int tz_stack_switch(void **save, void *to, int value);

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl tz_stack_call\n.type tz_stack_call, @function\n"
        "tz_stack_call:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%r8)\n"
        "  movq %r8, %rbx\n"
        "  movq %rdi, %rax\n"
        "  movq %rsi, %rdi\n"
        "  movq %rdx, %rsi\n"
        "  movq %rcx, %rsp\n"
        "  xorl %ebp, %ebp\n" /* walks by frame pointers end here */
        "  call *%rax\n"
        "  movq (%rbx), %rsp\n"
        "  xorl %eax, %eax\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n"
        ".size tz_stack_call, .-tz_stack_call\n"
        ".globl tz_stack_switch\n.type tz_stack_switch, @function\n"
        "tz_stack_switch:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  movl %edx, %eax\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n"
        ".size tz_stack_switch, .-tz_stack_switch\n");
_Static_assert(TZ_SECTION_ENDED == 0, "tz_stack_call returns it");
enum { CAN_SWITCH = 1 };
#else
int tz_stack_call(void (*work)(tz_thread *, void *), tz_thread *th, void *data, void *top, void **save) {
  (void)work, (void)th, (void)data, (void)top, (void)save;
  __builtin_trap();
}
int tz_stack_switch(void **save, void *to, int value) {
  (void)save, (void)to, (void)value;
  __builtin_trap();
}
enum { CAN_SWITCH = 0 };
#endif

/* Address sanitizer wants to know of each switch: before it, where it leads (keep: what to remember of the
 * stack left, NULL if that is left for good); after it, what was remembered of the stack come to. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define BEFORE_SWITCH(keep, low, bytes) __sanitizer_start_switch_fiber(keep, low, bytes)
#define AFTER_SWITCH(kept, from_low, from_bytes) __sanitizer_finish_switch_fiber(kept, from_low, from_bytes)
#endif
#endif
#if !defined(BEFORE_SWITCH)
#define BEFORE_SWITCH(keep, low, bytes) ((void)(keep), (void)(low), (void)(bytes))
#define AFTER_SWITCH(kept, from_low, from_bytes) ((void)(kept), (void)(from_low), (void)(from_bytes))
#endif

static size_t usable_bytes(const tz_native_stack *s) { return (size_t)((const char *)s - s->low); }

/* ---- The stacks ---- */

static tz_native_stack *stack_map(tz_vm *vm) {
  struct tz_scheduler *sched = vm->scheduler;
  bool may = CAN_SWITCH && sched->n_native_stacks < TZ_NATIVE_STACKS;
  if (!may || !tz_gc_account(vm->heap, TZ_NATIVE_COUNTED)) return NULL;
  char *p = mmap(NULL, TZ_NATIVE_STACK_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (p == MAP_FAILED || mprotect(p, GUARD_BYTES, PROT_NONE) != 0) {
    if (p != MAP_FAILED) munmap(p, TZ_NATIVE_STACK_BYTES);
    tz_gc_account(vm->heap, -(int64_t)TZ_NATIVE_COUNTED);
    return NULL;
  }
  tz_native_stack *s = (tz_native_stack *)(p + TZ_NATIVE_STACK_BYTES - (sizeof *s + 15) / 16 * 16);
  *s = (tz_native_stack){.low = p + GUARD_BYTES};
  sched->n_native_stacks++;
  return s;
}

static void stack_unmap(tz_vm *vm, tz_native_stack *s) {
  vm->scheduler->n_native_stacks--;
  munmap(s->low - GUARD_BYTES, TZ_NATIVE_STACK_BYTES);
  tz_gc_account(vm->heap, -(int64_t)TZ_NATIVE_COUNTED);
}

static tz_native_stack *stack_borrow(tz_vm *vm) {
  struct tz_scheduler *sched = vm->scheduler;
  tz_native_stack *s = sched->unused_stacks;
  if (s == NULL) return stack_map(vm);
  sched->unused_stacks = s->next;
  sched->n_unused_stacks--;
  return s;
}

void tz_native_stack_give_back(tz_vm *vm, tz_process *p) {
  struct tz_scheduler *sched = vm->scheduler;
  tz_native_stack *s = p->native;
  if (s == NULL) return;
  p->native = NULL;
  if (sched->n_unused_stacks >= KEPT_STACKS) {
    stack_unmap(vm, s);
    return;
  }
  s->next = sched->unused_stacks;
  sched->unused_stacks = s;
  sched->n_unused_stacks++;
}

void tz_native_stacks_trim(tz_vm *vm) {
  struct tz_scheduler *sched = vm->scheduler;
  while (sched->n_unused_stacks > KEPT_AFTER_TRIM) stack_unmap(vm, stack_borrow(vm));
  for (tz_native_stack *s = sched->unused_stacks; s != NULL; s = s->next)
    madvise(s->low, TZ_NATIVE_STACK_BYTES - GUARD_BYTES - KEPT_BYTES, MADV_DONTNEED);
}

void tz_native_stacks_free(tz_vm *vm) {
  struct tz_scheduler *sched = vm->scheduler;
  for (tz_native_stack *s = sched->unused_stacks, *next; s != NULL; s = next) {
    next = s->next;
    stack_unmap(vm, s);
  }
  sched->unused_stacks = NULL;
  sched->n_unused_stacks = 0;
}

/* ---- Sections ---- */

typedef struct job {
  void (*work)(tz_thread *, void *);
  void *data;
} job;

/* On the borrowed stack. The job lies on the base stack: it is read at once. */
static void section_main(tz_thread *th, void *data) {
  job j = *(job *)data;
  tz_native_stack *s = th->process->native;
  AFTER_SWITCH(NULL, &s->base_low, &s->base_bytes);
  j.work(th, j.data);
  BEFORE_SWITCH(NULL, s->base_low, s->base_bytes);
}

static tz_section section_left(tz_thread *th, int how) {
  if (how == TZ_SECTION_ENDED) tz_native_stack_give_back(th->vm, th->process);
  return (tz_section)how;
}

tz_section tz_native_section(tz_thread *th, void (*work)(tz_thread *, void *), void *data) {
  tz_process *p = th->process;
  if (p->native != NULL) {
    if (TZ_UNLIKELY((char *)__builtin_frame_address(0) < th->native_limit)) return TZ_SECTION_NO_STACK;
    work(th, data);
    return TZ_SECTION_ENDED;
  }
  tz_native_stack *s = stack_borrow(th->vm);
  if (s == NULL) return TZ_SECTION_NO_STACK;
  p->native = s;
  th->native_limit = s->low + TZ_NATIVE_RESERVE;
  void *fake = NULL;
  job j = {work, data};
  BEFORE_SWITCH(&fake, s->low, usable_bytes(s));
  int how = tz_stack_call(section_main, th, &j, s, &th->base_sp);
  AFTER_SWITCH(fake, NULL, NULL);
  return section_left(th, how);
}

void tz_native_section_suspend(tz_thread *th) {
  tz_native_stack *s = th->process->native;
  s->top = th->native_top;
  th->native_top = NULL;
  BEFORE_SWITCH(&s->sanitizer_stack, s->base_low, s->base_bytes);
  tz_stack_switch(&s->sp, th->base_sp, TZ_SECTION_SUSPENDED);
  AFTER_SWITCH(s->sanitizer_stack, &s->base_low, &s->base_bytes);
}

tz_section tz_native_section_resume(tz_thread *th) {
  tz_native_stack *s = th->process->native;
  void *fake = NULL;
  th->native_limit = s->low + TZ_NATIVE_RESERVE;
  BEFORE_SWITCH(&fake, s->low, usable_bytes(s));
  int how = tz_stack_switch(&th->base_sp, s->sp, 0);
  AFTER_SWITCH(fake, NULL, NULL);
  return section_left(th, how);
}

bool tz_native_has_room(const tz_thread *th) {
  const tz_native_stack *s = th->process != NULL ? th->process->native : NULL;
  return s == NULL || (char *)__builtin_frame_address(0) >= s->low + C_CALL_ROOM;
}
