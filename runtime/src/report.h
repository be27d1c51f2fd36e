/* report.h: what the trace_ and dump_ options print, on the guest's fd 2. */
#pragma once
#include "terza/vm.h"

void tz_report_collection(tz_vm *vm, tz_gc_scope scope, uint64_t pause_ns);
void tz_report_stats(tz_vm *vm);
void tz_report_stats_json(tz_vm *vm); /* a line that docs/lab.md describes */
void tz_report_profile(tz_vm *vm);
