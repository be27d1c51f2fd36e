/* run.c: see run.h. Output goes to files in memory, so that a program may write while nobody reads. */
#include "run.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 48, WAIT_FACTOR = 6 };

static char *contents(int fd, size_t *length) {
  off_t end = lseek(fd, 0, SEEK_END);
  char *text = malloc((size_t)end + 1);
  ssize_t n = pread(fd, text, (size_t)end, 0);
  close(fd);
  *length = n < 0 ? 0 : (size_t)n;
  text[*length] = 0;
  return text;
}

/* The limit is one of processor time, so that a busy machine does not matter; what waits forever is ended
 * later. */
static void limit_time(unsigned seconds) {
  struct rlimit cpu = {seconds, seconds + 1}, core = {0, 0};
  setrlimit(RLIMIT_CPU, &cpu);
  setrlimit(RLIMIT_CORE, &core);
  alarm(WAIT_FACTOR * seconds);
}

_Noreturn static void become(const char *terza, const char *options, const char *file, const char *scale) {
  char *argv[MAX_ARGUMENTS] = {(char *)terza, "run"}, *words = strdup(options);
  int n = 2;
  for (char *word = strtok(words, " "); word && n < MAX_ARGUMENTS - 3; word = strtok(NULL, " "))
    argv[n++] = word;
  argv[n++] = (char *)file;
  argv[n++] = (char *)scale;
  argv[n] = NULL;
  execv(terza, argv);
  perror(terza);
  _exit(127);
}

outcome outcome_of(const char *terza, const char *options, const char *file, const char *scale,
                   unsigned seconds) {
  int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
  if (out < 0 || err < 0) {
    perror("memfd_create");
    exit(2);
  }
  fflush(stdout);
  pid_t pid = fork();
  if (pid < 0) {
    perror("fork");
    exit(2);
  }
  if (pid == 0) {
    dup2(out, 1);
    dup2(err, 2);
    limit_time(seconds);
    become(terza, options, file, scale);
  }
  outcome o = {0};
  waitpid(pid, &o.status, 0);
  o.out = contents(out, &o.out_length);
  o.err = contents(err, &o.err_length);
  if (WIFEXITED(o.status) && WEXITSTATUS(o.status) == 127) {
    fprintf(stderr, "%s\n", o.err);
    exit(2);
  }
  return o;
}

void outcome_fini(outcome *o) {
  free(o->out);
  free(o->err);
}

static bool is_timeout(const outcome *o) {
  if (!WIFSIGNALED(o->status)) return false;
  int signal = WTERMSIG(o->status);
  return signal == SIGXCPU || signal == SIGALRM || signal == SIGKILL;
}

bool outcome_is_refusal(const outcome *o) { return WIFEXITED(o->status) && WEXITSTATUS(o->status) == 2; }
bool outcome_is_orderly(const outcome *o) { return WIFEXITED(o->status); }

verdict outcome_compare(const outcome *wanted, const outcome *got) {
  if (is_timeout(got)) return TIMED_OUT;
  if (!outcome_is_orderly(got)) return CRASHED;
  bool is_same = wanted->status == got->status && wanted->out_length == got->out_length &&
                 wanted->err_length == got->err_length &&
                 memcmp(wanted->out, got->out, got->out_length) == 0 &&
                 memcmp(wanted->err, got->err, got->err_length) == 0;
  return is_same ? SAME : DIFFERENT;
}

static void print_line(const char *what, const char *text) {
  printf("  %s%.*s\n", what, (int)strcspn(text, "\n"), text);
}

/* The first lines that differ. */
static bool print_texts(const char *wanted, const char *got) {
  while (*wanted != 0 || *got != 0) {
    size_t n = strcspn(wanted, "\n"), m = strcspn(got, "\n");
    if (n != m || memcmp(wanted, got, n) != 0) {
      print_line("expected: ", wanted);
      print_line("found:    ", got);
      return true;
    }
    wanted += n + (wanted[n] != 0);
    got += m + (got[m] != 0);
  }
  return false;
}

void outcome_print_difference(const outcome *wanted, const outcome *got) {
  if (is_timeout(got)) printf("  did not end in time\n");
  else if (!outcome_is_orderly(got))
    printf("  signal %d, %s\n", WTERMSIG(got->status), strsignal(WTERMSIG(got->status)));
  else if (wanted->status != got->status)
    printf("  exit status %d instead of %d\n", WEXITSTATUS(got->status), WEXITSTATUS(wanted->status));
  if (!print_texts(wanted->out, got->out)) print_texts(wanted->err, got->err);
}
