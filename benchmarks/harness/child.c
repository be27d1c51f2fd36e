/* child.c: see child.h. */
#include "child.h"
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t clock_nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t timeval_nanos(struct timeval t) { return (int64_t)t.tv_sec * 1000000000 + t.tv_usec * 1000; }

static void become(const char *const *arguments, int out) {
  dup2(out, STDOUT_FILENO);
  execvp(arguments[0], (char *const *)arguments);
  _exit(127);
}

/* Reads to the end of the pipe, keeping the last bytes: when the output is full its first half is dropped. */
static void drain(int in, char *output) {
  size_t used = 0;
  for (;;) {
    if (used == CHILD_OUTPUT - 1) {
      used = CHILD_OUTPUT / 2;
      memmove(output, output + CHILD_OUTPUT - 1 - used, used);
    }
    ssize_t n = read(in, output + used, CHILD_OUTPUT - 1 - used);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    used += (size_t)n;
  }
  output[used] = 0;
}

child_result child_run(const char *const *arguments) {
  child_result result = {.status = 127};
  int ends[2];
  if (pipe(ends) != 0) return result;
  int64_t start = clock_nanos();
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    become(arguments, ends[1]);
  }
  close(ends[1]);
  if (pid > 0) {
    drain(ends[0], result.output);
    int how = 0;
    struct rusage usage;
    while (wait4(pid, &how, 0, &usage) < 0 && errno == EINTR) continue;
    result.wall_ns = clock_nanos() - start;
    result.processor_ns = timeval_nanos(usage.ru_utime) + timeval_nanos(usage.ru_stime);
    result.peak_bytes = (int64_t)usage.ru_maxrss * 1024;
    result.has_run = WIFEXITED(how) && WEXITSTATUS(how) != 127;
    result.status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  }
  close(ends[0]);
  return result;
}

bool child_is_well(const child_result *result) { return result->has_run && result->status == 0; }
