/* version.c: `terza version`. */
#include "command.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <jemalloc/jemalloc.h>
#include <pcre2.h>

int command_version(command_line *line) {
  char pcre[64];
  if (!command_no_flags_left(line)) return EXIT_NOT_STARTED;
  pcre2_config(PCRE2_CONFIG_VERSION, pcre);
  printf("terza %s\nmodule format %d\njemalloc %s\npcre2 %s\nbuilt with clang %s\n", TERZA_VERSION,
         TZ_FORMAT_VERSION, JEMALLOC_VERSION, pcre, __clang_version__);
  return EXIT_DONE;
}
