/* process.c: natives of module process: other programs, run by a helper thread that feeds and drains their
 * pipes. */
#include "library.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

typedef struct text {
  char *bytes;
  size_t count, capacity;
} text;

/* A run from its start to its result; C memory, seen by the helper thread. */
typedef struct run {
  char **args; /* NULL-terminated */
  char *directory;
  char *input;
  size_t input_count, input_done;
  int64_t timeout; /* milliseconds; 0: none */
  bool is_shared;  /* with our standard streams */
  int error;       /* why it could not be run */
  bool is_late;    /* the timeout ended it */
  int status;
  text output[2]; /* standard output and error */
} run;

static void run_free(run *r) {
  if (r == NULL) return;
  for (char **a = r->args; a != NULL && *a != NULL; a++) free(*a);
  free(r->args);
  free(r->directory);
  free(r->input);
  free(r->output[0].bytes);
  free(r->output[1].bytes);
  free(r);
}

static void run_finalize(tz_vm *vm, void *payload) {
  (void)vm;
  run_free(*(run **)payload);
}

/* ---- on the helper thread ---- */

typedef struct pipes {
  int child[3];
  int own[3]; /* -1: closed */
} pipes;

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void pipes_close(pipes *p) {
  for (int i = 0; i < 3; i++) close_fd(&p->child[i]), close_fd(&p->own[i]);
}

static bool pipes_open(pipes *p) {
  *p = (pipes){{-1, -1, -1}, {-1, -1, -1}};
  for (int i = 0; i < 3; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    p->child[i] = ends[i == 0 ? 0 : 1];
    p->own[i] = ends[i == 0 ? 1 : 0];
    fcntl(p->own[i], F_SETFL, O_NONBLOCK);
  }
  return true;
}

/* 0 or an error number. The child begins with our mask emptied and the pipe signal as usual. */
static int start_child(const run *r, const pipes *p, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, pipe_signal;
  sigemptyset(&none);
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  if (*r->directory) posix_spawn_file_actions_addchdir_np(&actions, r->directory);
  for (int i = 0; i < 3 && !r->is_shared; i++) posix_spawn_file_actions_adddup2(&actions, p->child[i], i);
  int error = posix_spawnp(pid, r->args[0], &actions, &attributes, r->args, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

static int64_t milliseconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void feed(run *r, int *fd) {
  ssize_t n = write(*fd, r->input + r->input_done, r->input_count - r->input_done);
  if (n > 0) r->input_done += (size_t)n;
  bool has_failed = n < 0 && errno != EAGAIN && errno != EINTR;
  if (r->input_done == r->input_count || has_failed) close_fd(fd);
}

static void drain(run *r, text *to, int *fd) {
  if (to->capacity - to->count < 16384) {
    size_t capacity = to->capacity * 2 + 65536;
    char *bytes = realloc(to->bytes, capacity);
    if (bytes == NULL) {
      r->error = ENOMEM;
      close_fd(fd);
      return;
    }
    to->bytes = bytes;
    to->capacity = capacity;
  }
  ssize_t n = read(*fd, to->bytes + to->count, to->capacity - to->count);
  if (n > 0) to->count += (size_t)n;
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) close_fd(fd);
}

/* Feeds and drains until the child has ended and closed its pipes, or the time is up. */
static void attend(run *r, pipes *p, int child) {
  int64_t deadline = milliseconds_now() + r->timeout;
  bool has_ended = false;
  if (r->input_count == 0) close_fd(&p->own[0]);
  while (!has_ended || p->own[1] >= 0 || p->own[2] >= 0) {
    int64_t left = r->timeout > 0 ? deadline - milliseconds_now() : -1;
    if (r->timeout > 0 && left <= 0) {
      r->is_late = true;
      return;
    }
    struct pollfd set[] = {{p->own[0], POLLOUT, 0},
                           {p->own[1], POLLIN, 0},
                           {p->own[2], POLLIN, 0},
                           {has_ended ? -1 : child, POLLIN, 0}};
    if (poll(set, 4, left > 1 << 30 ? 1 << 30 : (int)left) < 0 && errno != EINTR) return;
    if (set[0].revents) feed(r, &p->own[0]);
    if (set[1].revents) drain(r, &r->output[0], &p->own[1]);
    if (set[2].revents) drain(r, &r->output[1], &p->own[2]);
    if (set[3].revents) has_ended = true;
  }
}

static void run_work(void *state) {
  run *r = *(run **)state;
  pipes p = {{-1, -1, -1}, {-1, -1, -1}};
  pid_t pid;
  sigset_t pipe_signal; /* this thread only feeds children: one that no longer reads is no fault of ours */
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
  if (!r->is_shared && !pipes_open(&p)) r->error = errno;
  if (r->error == 0) r->error = start_child(r, &p, &pid);
  for (int i = 0; i < 3; i++) close_fd(&p.child[i]);
  if (r->error == 0) {
    int child = pidfd_open(pid, 0);
    if (child >= 0) attend(r, &p, child);
    close_fd(&child);
    if (r->is_late || r->error != 0) kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    r->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  pipes_close(&p);
}

/* ---- on the worker ---- */

static bool run_finish(tz_thread *th, tz_word *args, void *state) {
  run *r = *(run **)state;
  free(state);
  bool ok = r->error == 0 || tz_raise_io(th, "run", r->args[0], r->error);
  if (ok && r->is_late)
    ok = tz_raise(th, TZ_ERROR_STATE, "'%s' ran for more than %lld ms", r->args[0], (long long)r->timeout);
  void *object = ok ? tz_payload_new(th, "process.ResultHandle", sizeof r, run_finalize) : NULL;
  if (object == NULL) run_free(r);
  else *(run **)tz_payload(object) = r;
  return tz_give_ref(args, object);
}

static char **copy_args(tz_thread *th, tz_array *list) {
  char **args = calloc((size_t)list->length + 1, sizeof *args);
  if (args == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for arguments"), NULL;
  for (int64_t i = 0; i < list->length; i++) {
    tz_string *arg = list->words[i].p;
    args[i] = arg == NULL ? strdup("") : tz_c_string(th, arg);
    if (args[i] != NULL) continue;
    while (i-- > 0) free(args[i]);
    free(args);
    return NULL;
  }
  return args;
}

/* A run from the natives' arguments (args, input, directory, timeout, is shared); NULL: exception pending. */
static run *run_new(tz_thread *th, tz_word *args) {
  tz_string *input = args[1].p;
  run *r = calloc(1, sizeof *r);
  char *bytes = malloc((size_t)input->length + 1);
  if (r == NULL || bytes == NULL) {
    free(r);
    free(bytes);
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory to run a program"), NULL;
  }
  r->input = memcpy(bytes, input->u8, (size_t)input->length);
  r->input_count = (size_t)input->length;
  r->timeout = args[3].i;
  r->is_shared = args[4].i;
  r->args = copy_args(th, args[0].p);
  if (r->args != NULL) r->directory = tz_c_string(th, args[2].p);
  if (r->directory != NULL) return r;
  run_free(r);
  return NULL;
}

static bool process_start(tz_thread *th, tz_word *args) {
  for (int i = 0; i < 3; i++) TZ_REQUIRE(th, args[i].p);
  if (((tz_array *)args[0].p)->length == 0) return tz_raise(th, TZ_ERROR_ARGUMENT, "no program to run");
  run **state = malloc(sizeof *state);
  if (state == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory to run a program");
  *state = run_new(th, args);
  if (*state == NULL) {
    free(state);
    return false;
  }
  tz_vm_flush(tz_thread_vm(th));
  return tz_native_block(th, run_work, run_finish, state);
}

static run *run_of(tz_thread *th, void *object) {
  if (object == NULL || tz_object_class(object)->finalizer != (void *)run_finalize)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "not the result of a program"), NULL;
  return *(run **)tz_payload(object);
}

static bool process_status(tz_thread *th, tz_word *args) {
  run *r = run_of(th, args[0].p);
  return r != NULL && tz_give_int(args, r->status);
}

static bool give_output(tz_thread *th, tz_word *args, int which) {
  run *r = run_of(th, args[0].p);
  if (r == NULL) return false;
  const text *t = &r->output[which];
  return tz_give_ref(args, tz_text_new(th, t->count > 0 ? t->bytes : "", t->count));
}
static bool process_output(tz_thread *th, tz_word *args) { return give_output(th, args, 0); }
static bool process_errors(tz_thread *th, tz_word *args) { return give_output(th, args, 1); }

bool tz_register_process(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"start", "([string],string,string,i64,bool)object", process_start},
      {"status", "(object)i64", process_status},
      {"output", "(object)string", process_output},
      {"errors", "(object)string", process_errors},
  };
  return tz_natives_register(vm, "process", defs, TZ_COUNT(defs));
}
