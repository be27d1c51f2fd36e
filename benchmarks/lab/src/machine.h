/* machine.h: the machine a run is made on, and how busy it is with other things. */
#pragma once
#include <jansson.h>
#include <stdint.h>

/* Processor, cores, memory, kernel, load: a new object. */
json_t *machine_describe(void);

/* Processor time since the start of the machine, over all cores. */
typedef struct machine_load {
  int64_t busy_ns;  /* doing something, or taken away by the machine below a virtual one */
  int64_t total_ns; /* idle included */
} machine_load;

machine_load machine_load_now(void);

/* The share of all cores' time between two looks that went to others than a process that used `own_ns`; 0
 * where nothing can be told. Ticks are coarse: below some tens of milliseconds it means little. */
double machine_busy_elsewhere(machine_load before, machine_load after, int64_t own_ns);
