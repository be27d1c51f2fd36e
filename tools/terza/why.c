/* why.c: the command `terza why`: runs a program in a process of its own, which writes a JIT log, and answers
 * from that. */
#include "why.h"
#include "diagnostics.h"
#include "program.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct request {
  const char *method, *html; /* as asked for */
  bool is_all;
  char name[512]; /* the method's qualified name */
  char log[512];  /* a temporary file */
} request;

/* ---- Arguments ---- */

/* Options stand anywhere before the program's file; what follows that is the program's. */
static bool take_arguments(command_line *line, request *r) {
  char error[256];
  if (!command_usual_options(line)) return false;
  for (; line->n_args > 0; line->args++, line->n_args--) {
    const char *arg = line->args[0];
    bool is_option = strncmp(arg, "--", 2) == 0;
    if (strcmp(arg, "--all") == 0) r->is_all = true;
    else if (strncmp(arg, "--html=", 7) == 0) r->html = arg + 7;
    else if (strcmp(arg, "--html") == 0 && line->n_args > 1)
      r->html = (line->args++, line->n_args--, line->args[0]);
    else if (is_option && !tz_options_parse(&line->options, arg, error, sizeof error))
      return command_fail(line, "%s", error), false;
    else if (!is_option && (r->method || r->is_all)) break;
    else if (!is_option) r->method = arg;
  }
  if (!r->method && !r->is_all) return command_fail(line, "name a method and a program"), false;
  if (line->n_args == 0) return command_fail(line, "name a program"), false;
  if (r->is_all && !r->html) return command_fail(line, "--all goes with --html=FILE"), false;
  if (line->options.jit == 0) return command_fail(line, "with --jit=off everything is interpreted"), false;
  return true;
}

/* ---- Names ---- */

static bool qualified(const tz_image *image, uint32_t i, char *name, size_t room) {
  const tz_function_entry *f = &image->functions[i];
  if (f->flags & TZ_FUNCTION_NATIVE || f->n_words == 0) return false;
  bool is_whole = image->flags & TZ_IMAGE_QUALIFIED;
  int n = snprintf(name, room, "%.*s%s%.*s", is_whole ? 0 : (int)image->name.length, image->name.at,
                   is_whole ? "" : ".", (int)f->name.length, f->name.at);
  return n > 0 && (size_t)n < room;
}

static bool is_end_of(const char *name, const char *wanted) {
  size_t n = strlen(name), m = strlen(wanted);
  return n > m && name[n - m - 1] == '.' && strcmp(name + n - m, wanted) == 0;
}

/* The end of a name counts as well as all of it. */
static void say_near(const command_line *line, const tz_image *image, const char *wanted) {
  rima_nearest nearest;
  char name[512], best[512] = "";
  rima_nearest_init(&nearest, wanted, strlen(wanted));
  for (uint32_t i = 0; i < image->n_functions; i++) {
    if (!qualified(image, i, name, sizeof name)) continue;
    uint32_t before = nearest.distance;
    for (const char *end = name; end; end = strchr(end, '.') ? strchr(end, '.') + 1 : NULL)
      rima_nearest_offer(&nearest, end, strlen(end));
    if (nearest.distance < before) snprintf(best, sizeof best, "%s", name);
  }
  command_fail(line, "there is no method \"%s\" in the program%s%s%s", wanted,
               best[0] ? "; did you mean \"" : "", best, best[0] ? "\"?" : "");
}

/* By its whole name, by its name in the program's own module, or by an end of it that is no other's. False
 * after saying why. */
static bool find_method(const command_line *line, const tz_image *image, request *r) {
  char name[512], others[600] = "";
  uint32_t n_ends = 0;
  for (uint32_t i = 0; i < image->n_functions; i++) {
    if (!qualified(image, i, name, sizeof name)) continue;
    bool is_own = strncmp(name, image->name.at, image->name.length) == 0 && name[image->name.length] == '.' &&
                  strcmp(name + image->name.length + 1, r->method) == 0;
    if (is_own || strcmp(name, r->method) == 0) return snprintf(r->name, sizeof r->name, "%s", name), true;
    if (!is_end_of(name, r->method)) continue;
    size_t n = strlen(others);
    if (n < sizeof others / 2) snprintf(others + n, sizeof others - n, "%s%s", n > 0 ? ", " : "", name);
    if (n_ends++ == 0) snprintf(r->name, sizeof r->name, "%s", name);
  }
  if (n_ends == 0) say_near(line, image, r->method);
  if (n_ends > 1)
    command_fail(line, "there are %u methods that end in \"%s\": %s", n_ends, r->method, others);
  return n_ends == 1;
}

/* ---- The run ---- */

static bool make_log(const command_line *line, request *r) {
  const char *folder = getenv("TMPDIR");
  snprintf(r->log, sizeof r->log, "%s/terza-why-XXXXXX", folder && folder[0] ? folder : "/tmp");
  int fd = mkstemp(r->log);
  if (fd < 0) return command_fail(line, "cannot make the file %s: %s", r->log, strerror(errno)), false;
  close(fd);
  return true;
}

static void set_options(command_line *line, const request *r) {
  tz_options *o = &line->options;
  snprintf(o->jit_log, sizeof o->jit_log, "%s", r->log);
  snprintf(o->jit_log_code, sizeof o->jit_log_code, "%s", !r->html ? "" : r->is_all ? "*" : r->name);
}

/* The process may end as it likes: by env.exit, by a signal. An interrupt is for it alone. */
static bool run(command_line *line, tz_image *image) {
  fflush(NULL);
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGINT, &ignore, &before);
  pid_t child = fork();
  if (child == 0) {
    sigaction(SIGINT, &before, NULL);
    int status = program_run(line, image);
    fflush(NULL);
    _exit(status);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  sigaction(SIGINT, &before, NULL);
  if (child < 0) return command_fail(line, "cannot start a process: %s", strerror(errno)), false;
  if (WIFSIGNALED(status))
    fprintf(stderr, "terza why: the program was ended by signal %d\n", WTERMSIG(status));
  return true;
}

static bool write_page(command_line *line, const request *r, const why_log *log) {
  char *text = NULL;
  size_t n = 0;
  FILE *to = open_memstream(&text, &n);
  if (to) why_page(to, log, r->is_all ? NULL : r->name, line->args[0]);
  bool done = to && fclose(to) == 0;
  if (!done) command_fail(line, "out of memory");
  else done = command_write_file(line, r->html, text, n);
  free(text);
  return done;
}

static int answer(command_line *line, const request *r) {
  why_log log;
  if (!why_log_read(line, r->log, &log)) return EXIT_NOT_STARTED;
  int status = EXIT_DONE;
  if (json_array_size(log.records) == 0) status = EXIT_NOT_STARTED; /* it did not start, and has said why */
  else if (!r->is_all) why_text(stdout, &log, r->name);
  if (status == EXIT_DONE && r->html && !write_page(line, r, &log)) status = EXIT_NOT_STARTED;
  why_log_free(&log);
  return status;
}

int command_why(command_line *line) {
  request r = {0};
  char *bytes;
  if (!take_arguments(line, &r)) return EXIT_NOT_STARTED;
  tz_image *image = command_read_image(line, line->args[0], &bytes);
  if (!image) return EXIT_NOT_STARTED;
  int status = EXIT_NOT_STARTED;
  if ((r.is_all || find_method(line, image, &r)) && make_log(line, &r)) {
    set_options(line, &r);
    if (run(line, image)) status = answer(line, &r);
    unlink(r.log);
  }
  tz_image_free(image);
  free(bytes);
  return status;
}
