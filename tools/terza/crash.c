/* crash.c: what the command says when the machine itself fails: where, through which native and compiled
 * frames, and what the guest was doing. Guest programs cannot cause this; a report is a bug in Terza.
 *
 * The handler is the one place of the command that needs a global: signals carry no pointer. It runs once; a
 * second fault ends the process. */
#define UNW_LOCAL_ONLY
#include "program.h"
#include "terza/jit.h"
#include <libunwind.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10, MOST_FRAMES = 64 };

static tz_vm *crash_vm;

static const char *name_of(int number) {
  switch (number) {
  case SIGSEGV: return "segmentation fault";
  case SIGBUS: return "bus error";
  case SIGILL: return "illegal instruction";
  case SIGFPE: return "arithmetic fault";
  default: return "abort";
  }
}

static void print_frame(int i, uintptr_t ip, unw_cursor_t *cursor) {
  const tz_function *f = crash_vm ? tz_jit_find(crash_vm, (void *)ip) : NULL;
  char name[256] = "?";
  unw_word_t offset = 0;
  if (f) fprintf(stderr, "  #%-2d %#lx %s (compiled)\n", i, (unsigned long)ip, f->name);
  else {
    if (unw_get_proc_name(cursor, name, sizeof name, &offset) != 0) offset = 0;
    fprintf(stderr, "  #%-2d %#lx %s+%#lx\n", i, (unsigned long)ip, name, (unsigned long)offset);
  }
}

static void print_native_frames(ucontext_t *context) {
  unw_cursor_t cursor;
  if (unw_init_local2(&cursor, (unw_context_t *)context, UNW_INIT_SIGNAL_FRAME) != 0) return;
  fputs("machine stack:\n", stderr);
  for (int i = 0; i < MOST_FRAMES; i++) {
    unw_word_t ip;
    if (unw_get_reg(&cursor, UNW_REG_IP, &ip) != 0 || ip == 0) break;
    print_frame(i, ip, &cursor);
    if (unw_step(&cursor) <= 0) break;
  }
}

/* Guest code keeps the thread and the frame in registers (runtime/src/interp.h); C code has saved them. */
static void take_guest_registers(const ucontext_t *context) {
#if defined(__x86_64__)
  tz_thread *th = crash_vm->thread;
  if (th && (tz_thread *)context->uc_mcontext.gregs[REG_R12] == th) {
    tz_word *fp = (tz_word *)context->uc_mcontext.gregs[REG_R14];
    if (fp < th->stack_limit && th->stack_limit - fp < 1 << 24) th->fp = fp;
  }
#else
  (void)context;
#endif
}

static void report(int number, siginfo_t *info, void *context) {
  fprintf(stderr, "terza: internal error: %s at address %p\n", name_of(number), info->si_addr);
  print_native_frames(context);
  if (crash_vm && crash_vm->thread && crash_vm->thread->process) {
    fputs("guest stack:\n", stderr);
    take_guest_registers(context);
    tz_vm_print_stack(crash_vm, stderr);
  }
  fputs("This is a bug in Terza, not in the program. Please report it with this text.\n", stderr);
  signal(number, SIG_DFL);
  raise(number);
}

void crash_report_install(tz_vm *vm) {
  static char stack[STACK_BYTES];
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  bool is_first = crash_vm == NULL;
  crash_vm = vm;
  if (!is_first) return;
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
}
