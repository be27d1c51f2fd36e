/* runner.c: runs guest programs and compares what they do with the expectation comments in their source.
 *
 *   guest_tests TERZA DIR...          every .rima and .tza below DIR, once for each mode in `modes`
 *   guest_tests --quick TERZA DIR...  plain mode only
 *
 * Expectations, after `//` in Rima and `;` in assembly, anywhere in the file:
 * - `expect: TEXT`: the next line of standard output is TEXT
 * - `expect error: TEXT`: standard error contains TEXT and the exit status is 1
 * - `error: [LINE:COL:] TEXT`: the compiler (assembler, verifier) refuses the file there, saying TEXT; status 2
 * - `exit: N`: the exit status is N (0 unless an error is expected)
 * - `args: A B C`: program arguments
 * - `stdin: TEXT`: one line of standard input
 * - `options: --X=Y`: options of terza for this program
 * - `modes: plain`: the program is run in these modes only (it measures memory, say)
 *
 * A file without any expectation is a module that others import, and is not run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINES = 512, MAX_ARGS = 64, TIMEOUT_MS = 60000, OUTPUT_LIMIT = 4 << 20, JOBS = 2 };

typedef struct mode {
  const char *name, *options;
} mode;

static const mode modes[] = {
    {"plain", ""},
    {"gc-stress", "--stress-alloc=7 --stress-poison --verify-heap --nursery-size=64k"},
    {"safepoint-stress", "--stress-budget=1 --stress-safepoint=3 --stress-poison --stress-stack"},
    {"semispace", "--collector=1 --stress-alloc=11 --stress-poison"},
    {"interpreter", "--jit=off"},
    {"baseline", "--jit=baseline --jit-threshold=0"},
    {"tiers", "--jit=baseline --jit-threshold=0 --stress-tier"},
    {"tiers-stress", "--jit=baseline --jit-threshold=0 --stress-tier --stress-alloc=7 --stress-budget=1 "
                     "--stress-safepoint=3 --stress-poison --stress-stack --nursery-size=64k"},
    {"optimized", "--jit=eager --jit-sync --stress-budget=40 --verify-graph"},
    {"optimized-stress",
     "--jit=eager --jit-sync --stress-budget=20 --stress-tier --stress-deopt=50 --stress-alloc=7 "
     "--stress-safepoint=3 --stress-poison --stress-stack --nursery-size=64k"},
};
enum { N_MODES = sizeof modes / sizeof modes[0] };

typedef struct lines {
  char *at[MAX_LINES];
  int n;
} lines;

typedef struct expectation {
  lines output, errors, refusals, input;
  char *args, *options, *modes;
  int exit_status;
  bool any;
} expectation;

typedef struct test {
  char *path;
  const mode *mode;
} test;

typedef struct tests {
  test *at;
  size_t n, capacity;
} tests;

typedef struct run {
  test test;
  expectation expected;
  pid_t pid;
  int out_fd, err_fd;
  char *out, *err;
  size_t out_length, err_length;
  long deadline;
  bool timed_out;
} run;

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static char *copy(const char *from, size_t n) {
  char *s = malloc(n + 1);
  memcpy(s, from, n);
  s[n] = 0;
  return s;
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  char *text = NULL;
  size_t n = 0, got;
  char buffer[4096];
  while ((got = fread(buffer, 1, sizeof buffer, f)) > 0) {
    text = realloc(text, n + got + 1);
    memcpy(text + n, buffer, got);
    n += got;
  }
  fclose(f);
  if (!text) return copy("", 0);
  text[n] = 0;
  return text;
}

static void add_line(lines *to, char *line) {
  if (to->n < MAX_LINES) to->at[to->n++] = line;
  else free(line);
}

static void replace(char **held, char *value) {
  free(*held);
  *held = value;
}

/* One comment's text: files it under what it promises. */
static void read_comment(expectation *e, const char *text, size_t n) {
  static const char *const keys[] = {
      "expect error: ", "expect: ", "error: ", "exit: ", "args: ", "stdin: ", "options: ", "modes: "};
  for (int k = 0; k < 8; k++) {
    size_t length = strlen(keys[k]);
    /* an empty expected line is written "expect:" and loses its trailing blank to editors */
    bool bare = k == 1 && n == 7 && strncmp(text, "expect:", 7) == 0;
    if (!bare && (n < length || strncmp(text, keys[k], length) != 0)) continue;
    char *value = bare ? copy("", 0) : copy(text + length, n - length);
    e->any = true;
    switch (k) {
    case 0:
      add_line(&e->errors, value);
      e->exit_status = 1;
      break;
    case 1: add_line(&e->output, value); break;
    case 2:
      add_line(&e->refusals, value);
      e->exit_status = 2;
      break;
    case 3:
      e->exit_status = atoi(value);
      free(value);
      break;
    case 4: replace(&e->args, value); break;
    case 5: add_line(&e->input, value); break;
    case 6: replace(&e->options, value); break;
    case 7: replace(&e->modes, value); break;
    }
    return;
  }
}

static expectation read_expectation(const char *path) {
  expectation e = {0};
  char *text = read_file(path);
  bool assembly = strlen(path) > 4 && strcmp(path + strlen(path) - 4, ".tza") == 0;
  const char *mark = assembly ? ";" : "//";
  for (char *line = text; line && *line;) {
    char *end = strchrnul(line, '\n');
    for (char *at = line; at < end; at++) {
      if (strncmp(at, mark, strlen(mark)) != 0) continue;
      char *begin = at + strlen(mark);
      if (*begin == ' ') begin++;
      if (begin <= end) read_comment(&e, begin, (size_t)(end - begin));
    }
    line = *end ? end + 1 : end;
  }
  free(text);
  return e;
}

static void free_lines(lines *l) {
  for (int i = 0; i < l->n; i++) free(l->at[i]);
}

static void free_expectation(expectation *e) {
  free_lines(&e->output);
  free_lines(&e->errors);
  free_lines(&e->refusals);
  free_lines(&e->input);
  free(e->args);
  free(e->options);
  free(e->modes);
}

static bool mode_applies(const expectation *e, const mode *m) {
  if (e->refusals.n > 0) return m == &modes[0];
  return !e->modes || strstr(e->modes, m->name) != NULL;
}

static void collect(tests *all, const char *path, int n_modes) {
  struct stat st;
  if (stat(path, &st) != 0) return;
  if (S_ISDIR(st.st_mode)) {
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
      if (names[i]->d_name[0] != '.') {
        char *child = malloc(strlen(path) + strlen(names[i]->d_name) + 2);
        sprintf(child, "%s/%s", path, names[i]->d_name);
        collect(all, child, n_modes);
        free(child);
      }
      free(names[i]);
    }
    if (n >= 0) free(names);
    return;
  }
  const char *dot = strrchr(path, '.');
  if (!dot || (strcmp(dot, ".rima") != 0 && strcmp(dot, ".tza") != 0)) return;
  expectation e = read_expectation(path);
  for (int m = 0; e.any && m < n_modes; m++) {
    if (!mode_applies(&e, &modes[m])) continue;
    if (all->n == all->capacity) {
      all->capacity = all->capacity ? 2 * all->capacity : 256;
      all->at = realloc(all->at, all->capacity * sizeof(test));
    }
    all->at[all->n++] = (test){copy(path, strlen(path)), &modes[m]};
  }
  free_expectation(&e);
}

static int split(char **argv, int n, const char *text) {
  char *rest = text ? strdup(text) : NULL;
  for (char *word = rest ? strtok(rest, " ") : NULL; word && n < MAX_ARGS - 1; word = strtok(NULL, " "))
    argv[n++] = word;
  return n;
}

static void start(run *r, const char *terza, const test *t) {
  *r = (run){.test = *t, .expected = read_expectation(t->path), .deadline = now_ms() + TIMEOUT_MS};
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
    perror("pipe");
    exit(2);
  }
  r->pid = fork();
  if (r->pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    char *argv[MAX_ARGS] = {(char *)terza, "run"};
    int n = split(argv, 2, t->mode->options);
    n = split(argv, n, r->expected.options);
    argv[n++] = t->path;
    n = split(argv, n, r->expected.args);
    argv[n] = NULL;
    execv(terza, argv);
    perror(terza);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  for (int i = 0; i < r->expected.input.n; i++) dprintf(in[1], "%s\n", r->expected.input.at[i]);
  close(in[1]);
  r->out_fd = out[0];
  r->err_fd = err[0];
}

static bool take(int *fd, char **text, size_t *length) {
  char buffer[8192];
  ssize_t n = read(*fd, buffer, sizeof buffer);
  if (n > 0 && *length + (size_t)n < OUTPUT_LIMIT) {
    *text = realloc(*text, *length + (size_t)n + 1);
    memcpy(*text + *length, buffer, (size_t)n);
    *length += (size_t)n;
    (*text)[*length] = 0;
    return true;
  }
  if (n < 0 && errno == EINTR) return true;
  close(*fd);
  *fd = -1;
  return false;
}

static bool fail(const run *r, const char *what, const char *expected, const char *found) {
  printf("FAILED %s [%s]: %s\n", r->test.path, r->test.mode->name, what);
  if (expected) printf("    expected: %s\n", expected);
  if (found) printf("    found:    %.2000s\n", found);
  return false;
}

/* A refusal "LINE:COL: TEXT" must be found on one line of standard error, after ":LINE:COL:". */
static bool refused_as(const char *err, const char *wanted) {
  int line, column, used = 0;
  if (sscanf(wanted, "%d:%d: %n", &line, &column, &used) < 2 || used == 0) return strstr(err, wanted) != NULL;
  char place[48];
  snprintf(place, sizeof place, ":%d:%d:", line, column);
  for (const char *at = strstr(err, place); at; at = strstr(at + 1, place)) {
    const char *end = strchrnul(at, '\n'), *text = strstr(at, wanted + used);
    if (text && text < end) return true;
  }
  return false;
}

static bool judge(const run *r, int status) {
  const char *err = r->err ? r->err : "";
  char text[32];
  if (r->timed_out) return fail(r, "did not end in time", NULL, err);
  if (WIFSIGNALED(status)) {
    snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
    return fail(r, text, NULL, err);
  }
  char *rest = r->out;
  for (int i = 0; i < r->expected.output.n; i++) {
    if (!rest || !*rest) return fail(r, "output ends early", r->expected.output.at[i], err);
    char *end = strchrnul(rest, '\n'), *next = *end ? end + 1 : end;
    *end = 0;
    if (strcmp(rest, r->expected.output.at[i]) != 0)
      return fail(r, "wrong output", r->expected.output.at[i], rest);
    rest = next;
  }
  if (rest && *rest) return fail(r, "more output than expected", NULL, rest);
  for (int i = 0; i < r->expected.errors.n; i++)
    if (!strstr(err, r->expected.errors.at[i]))
      return fail(r, "error not reported", r->expected.errors.at[i], err);
  for (int i = 0; i < r->expected.refusals.n; i++)
    if (!refused_as(err, r->expected.refusals.at[i]))
      return fail(r, "not refused as expected", r->expected.refusals.at[i], err);
  if (WEXITSTATUS(status) != r->expected.exit_status) {
    snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
    return fail(r, text, NULL, err);
  }
  return true;
}

/* Waits until one of the running tests has ended; returns whether it passed and clears its slot. */
static bool finish_one(run *runs, int n) {
  for (;;) {
    struct pollfd fds[2 * JOBS];
    int count = 0;
    for (int i = 0; i < n; i++) {
      if (runs[i].pid == 0) continue;
      if (runs[i].out_fd < 0 && runs[i].err_fd < 0) {
        int status;
        waitpid(runs[i].pid, &status, 0);
        bool passed = judge(&runs[i], status);
        free_expectation(&runs[i].expected);
        free(runs[i].out);
        free(runs[i].err);
        runs[i].pid = 0;
        return passed;
      }
      if (now_ms() > runs[i].deadline && !runs[i].timed_out) {
        runs[i].timed_out = true;
        kill(runs[i].pid, SIGKILL);
      }
      if (runs[i].out_fd >= 0) fds[count++] = (struct pollfd){runs[i].out_fd, POLLIN, 0};
      if (runs[i].err_fd >= 0) fds[count++] = (struct pollfd){runs[i].err_fd, POLLIN, 0};
    }
    poll(fds, (nfds_t)count, 1000);
    for (int f = 0; f < count; f++) {
      if (!fds[f].revents) continue;
      for (int i = 0; i < n; i++) {
        if (runs[i].pid && runs[i].out_fd == fds[f].fd)
          take(&runs[i].out_fd, &runs[i].out, &runs[i].out_length);
        else if (runs[i].pid && runs[i].err_fd == fds[f].fd)
          take(&runs[i].err_fd, &runs[i].err, &runs[i].err_length);
      }
    }
  }
}

int main(int argc, char **argv) {
  int n_modes = N_MODES, first = 1;
  if (argc > 1 && strcmp(argv[1], "--quick") == 0) n_modes = 1, first = 2;
  if (argc < first + 2) {
    fprintf(stderr, "usage: guest_tests [--quick] TERZA DIR...\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  tests all = {0};
  for (int i = first + 1; i < argc; i++) collect(&all, argv[i], n_modes);
  run runs[JOBS] = {0};
  int passed = 0, failed = 0, running = 0;
  for (size_t next = 0; next < all.n || running > 0;) {
    for (int i = 0; i < JOBS && next < all.n; i++) {
      if (runs[i].pid != 0) continue;
      start(&runs[i], argv[first], &all.at[next++]);
      running++;
    }
    if (finish_one(runs, JOBS)) passed++;
    else failed++;
    running--;
    if (isatty(2)) fprintf(stderr, "\r%d of %zu ", passed + failed, all.n);
  }
  for (size_t i = 0; i < all.n; i++) free(all.at[i].path);
  free(all.at);
  printf("guest: %d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
