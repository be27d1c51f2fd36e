/* bench.c: `terza bench`: hands over to the strategy lab. */
#include "command.h"
#include "terza/lab.h"
#include <limits.h>
#include <unistd.h>

int command_bench(command_line *line) {
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n < 0) return command_fail(line, "cannot tell where this command is");
  path[n] = 0;
  return lab_command(line->n_args, line->args, path);
}
