/* options.h: the settings of a VM by name. The table is spec/options.def. */
#pragma once
#include "terza/vm.h"

typedef struct tz_option_info {
  const char *name, *value, *help; /* value: the default's text */
  char type;                       /* 'b' bool, 'i' int, 's' size, 'e' one of values, 't' text */
  size_t offset;                   /* in tz_options */
  const char *values;              /* 'e': the choices, "off|baseline|default" */
} tz_option_info;

/* The i-th option, NULL past the last. */
const tz_option_info *tz_option_at(unsigned i);
/* Sets one option from "name=value" or "name" (a bool), or several: trace=gc,jit is trace-gc and trace-jit. Leading dashes are
 * ignored. False: `error` has a message that suggests the nearest name. */
bool tz_options_parse(tz_options *options, const char *text, char *error, size_t room);
/* Several, separated by spaces or commas: the form of the environment variable TERZA_OPTIONS. */
bool tz_options_parse_list(tz_options *options, const char *text, char *error, size_t room);
/* Bytes of memory that the machine, or the container around this process, has. */
int64_t tz_memory_available(void);
