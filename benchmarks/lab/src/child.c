/* child.c: see lab_child.h. */
#include "terza/lab_child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

/* ---- The child's side ---- */

/* A process group of its own, so that it can be ended with all that it has started. */
static void become(const char *const *arguments, int out, int errors) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  if (errors >= 0) dup2(errors, STDERR_FILENO);
  execvp(arguments[0], (char *const *)arguments);
  _exit(127);
}

/* ---- Our side ---- */

enum { LINE_ROOM = 65536 };

typedef struct outlet {
  int fd; /* -1: closed */
  bool is_error;
  size_t used; /* of the line that has begun */
  char *line;
} outlet;

/* Keeps the last bytes: when the output is full its first half is dropped. */
static void keep_end(char *output, size_t *used, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (*used == CHILD_OUTPUT - 1) {
      *used = CHILD_OUTPUT / 2;
      memmove(output, output + CHILD_OUTPUT - 1 - *used, *used);
    }
    output[(*used)++] = bytes[i];
  }
  output[*used] = 0;
}

static void end_line(outlet *o, const child_watch *watch) {
  o->line[o->used] = 0;
  watch->line(watch->context, o->line, o->is_error);
  o->used = 0;
}

static void split_lines(outlet *o, const child_watch *watch, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] == '\n' || o->used == LINE_ROOM - 1) end_line(o, watch);
    if (bytes[i] != '\n') o->line[o->used++] = bytes[i];
  }
}

static void take(outlet *o, const child_watch *watch, child_result *result, size_t *kept) {
  char bytes[4096];
  ssize_t n = read(o->fd, bytes, sizeof bytes);
  if (n < 0 && errno == EINTR) return;
  if (n <= 0) {
    if (o->used > 0) end_line(o, watch);
    close(o->fd);
    o->fd = -1;
    return;
  }
  if (!o->is_error) keep_end(result->output, kept, bytes, (size_t)n);
  if (watch->line != NULL && o->line != NULL) split_lines(o, watch, bytes, (size_t)n);
}

static int milliseconds_left(int64_t deadline) {
  int64_t left = (deadline - clock_nanos() + 999999) / 1000000;
  return deadline == 0 ? -1 : left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

/* Reads both outputs to their ends. False when the child must be ended before. */
static bool drain(outlet outlets[2], const child_watch *watch, int64_t deadline, child_result *result) {
  size_t kept = 0;
  while (outlets[0].fd >= 0 || outlets[1].fd >= 0) {
    struct pollfd ready[3] = {
        {outlets[0].fd, POLLIN, 0}, {outlets[1].fd, POLLIN, 0}, {watch->stop_fd, POLLIN, 0}};
    int n = poll(ready, 3, milliseconds_left(deadline));
    if (n < 0 && errno != EINTR) return false;
    if (n < 0) continue;
    result->was_stopped = ready[2].revents != 0;
    result->was_cut = deadline != 0 && clock_nanos() >= deadline;
    if (result->was_stopped || result->was_cut) return false;
    for (int i = 0; i < 2; i++)
      if (ready[i].revents != 0) take(&outlets[i], watch, result, &kept);
  }
  return true;
}

static void reap(pid_t pid, int64_t start, child_result *result) {
  int how = 0;
  struct rusage usage = {0};
  while (wait4(pid, &how, 0, &usage) < 0 && errno == EINTR) continue;
  result->wall_ns = clock_nanos() - start;
  result->processor_ns = timeval_nanos(usage.ru_utime) + timeval_nanos(usage.ru_stime);
  result->peak_bytes = (int64_t)usage.ru_maxrss * 1024;
  result->preemptions = usage.ru_nivcsw;
  result->has_run = WIFEXITED(how) && WEXITSTATUS(how) != 127;
  result->status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static bool open_outlet(outlet *o, int *far_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  o->fd = ends[0];
  *far_end = ends[1];
  return true;
}

child_result child_run_watched(const char *const *arguments, const child_watch *watch) {
  child_result result = {.status = 127};
  outlet outlets[2] = {{.fd = -1}, {.fd = -1, .is_error = true}};
  int far_ends[2] = {-1, -1};
  bool is_open = open_outlet(&outlets[0], &far_ends[0]);
  if (watch->line != NULL) {
    is_open = is_open && open_outlet(&outlets[1], &far_ends[1]);
    for (int i = 0; i < 2; i++) outlets[i].line = malloc(LINE_ROOM);
  }
  int64_t start = clock_nanos();
  pid_t pid = is_open ? fork() : -1;
  if (pid == 0) become(arguments, far_ends[0], far_ends[1]);
  for (int i = 0; i < 2; i++)
    if (far_ends[i] >= 0) close(far_ends[i]);
  if (pid > 0) {
    setpgid(pid, pid); /* whoever comes first, the child or we */
    int64_t deadline = watch->limit_ns > 0 ? start + watch->limit_ns : 0;
    if (!drain(outlets, watch, deadline, &result)) kill(-pid, SIGKILL);
    reap(pid, start, &result);
  }
  for (int i = 0; i < 2; i++) {
    if (outlets[i].fd >= 0) close(outlets[i].fd);
    free(outlets[i].line);
  }
  return result;
}

child_result child_run(const char *const *arguments) {
  child_watch nothing = {.stop_fd = -1};
  return child_run_watched(arguments, &nothing);
}

bool child_is_well(const child_result *result) { return result->has_run && result->status == 0; }
