/* machine.c: see machine.h. */
#include "machine.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The value of the first line of a /proc file that begins with a key; false: none. */
static bool read_value(const char *path, const char *key, char *value, size_t room) {
  char line[512];
  FILE *file = fopen(path, "r");
  bool is_found = false;
  while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL) {
    char *colon = strchr(line, ':');
    if (strncmp(line, key, strlen(key)) != 0 || colon == NULL) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(value, room, "%s", colon + 1 + strspn(colon + 1, " \t"));
    is_found = true;
  }
  if (file != NULL) fclose(file);
  return is_found;
}

json_t *machine_describe(void) {
  char processor[256] = "unknown", memory[64] = "0";
  struct utsname system;
  double load[1] = {0};
  read_value("/proc/cpuinfo", "model name", processor, sizeof processor);
  read_value("/proc/meminfo", "MemTotal", memory, sizeof memory);
  bool is_named = uname(&system) == 0;
  if (getloadavg(load, 1) < 1) load[0] = 0;
  return json_pack("{s:s, s:s, s:I, s:I, s:s, s:f}", "processor", processor, "architecture",
                   is_named ? system.machine : "unknown", "cores", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
                   "memory_bytes", (json_int_t)strtoll(memory, NULL, 10) * 1024, "kernel",
                   is_named ? system.release : "unknown", "load", load[0]);
}

machine_load machine_load_now(void) {
  enum { USER, NICE, SYSTEM, IDLE, IO_WAIT, IRQ, SOFT_IRQ, STEAL, N_FIELDS };
  long long ticks[N_FIELDS] = {0};
  machine_load load = {0};
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return load;
  int n = fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &ticks[USER], &ticks[NICE],
                 &ticks[SYSTEM], &ticks[IDLE], &ticks[IO_WAIT], &ticks[IRQ], &ticks[SOFT_IRQ], &ticks[STEAL]);
  fclose(file);
  int64_t tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
  for (int i = 0; i < n; i++) {
    load.total_ns += ticks[i] * tick_ns;
    if (i != IDLE && i != IO_WAIT) load.busy_ns += ticks[i] * tick_ns;
  }
  return load;
}

double machine_busy_elsewhere(machine_load before, machine_load after, int64_t own_ns) {
  int64_t total = after.total_ns - before.total_ns, others = after.busy_ns - before.busy_ns - own_ns;
  return total > 0 && others > 0 ? (double)others / (double)total : 0;
}
