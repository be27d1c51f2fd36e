/* passes.c: the list of passes and what runs them. */
#include "passes.h"
#include <stdlib.h>

static const tz_pass passes[] = {
#define TZ_PASS(name, GROUP, meaning) {#name, meaning, TZ_PASS_##GROUP, tz_pass_##name},
#include "passes.def"
#undef TZ_PASS
};

const tz_pass *tz_pass_find(const char *name) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (strcmp(passes[i].name, name) == 0) return &passes[i];
  return NULL;
}
