/* time.c: natives of module time: clocks, and the offset of local time. */
#include "library.h"
#include <time.h>

static bool give_clock(tz_word *args, clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return tz_give_int(args, (int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

static bool time_nanos(tz_thread *th, tz_word *args) { return (void)th, give_clock(args, CLOCK_MONOTONIC); }
static bool time_epoch_nanos(tz_thread *th, tz_word *args) {
  return (void)th, give_clock(args, CLOCK_REALTIME);
}
static bool time_processor_nanos(tz_thread *th, tz_word *args) {
  return (void)th, give_clock(args, CLOCK_PROCESS_CPUTIME_ID);
}

static bool time_local_offset(tz_thread *th, tz_word *args) {
  time_t moment = args[0].i;
  struct tm local;
  tzset();
  if (localtime_r(&moment, &local) == NULL)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "a moment beyond the calendar");
  return tz_give_int(args, local.tm_gmtoff);
}

bool tz_register_time(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"nanos", "()i64", time_nanos},
      {"epochNanos", "()i64", time_epoch_nanos},
      {"processorNanos", "()i64", time_processor_nanos},
      {"localOffset", "(i64)i64", time_local_offset},
  };
  return tz_natives_register_leaves(vm, "time", defs, TZ_COUNT(defs));
}
