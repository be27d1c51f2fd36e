/* run.c: see lab_run.h.
 *
 * A round runs every program on every engine once; engines of a program come one after the other, since a
 * shared machine is fast and slow for seconds at a time. Order is shuffled anew in each round. */
#include "terza/lab_run.h"
#include "machine.h"
#include "progress.h"
#include "record.h"
#include "terza/lab_child.h"
#include "terza/lab_stats.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
  FORMAT = 1,
  LEAST_ITERATIONS = 3,
  PATIENCE = 6 /* times the seconds that a process should take, before it is given up */
};

/* A program on an engine. */
typedef struct cell {
  const lab_program *program;
  const lab_engine *engine;
  double seconds; /* of its last process; NAN: none yet */
  bool has_failed;
} cell;

typedef struct run {
  const lab_run_settings *settings;
  cell *cells; /* by program, then engine; without those that are not there */
  size_t n_cells;
  int fd, stop_fd;
  size_t turn, n_failed;
  progress progress;
} run;

/* ---- One process ---- */

typedef struct listening {
  json_t *iterations, *stats;
  int64_t started, first_ended; /* clock; first_ended 0: none yet */
  int64_t first_ns, sum_ns;     /* of the iterations */
  bool is_ok;
  char message[256]; /* the first line that was none of the protocol */
} listening;

static void hear(void *context, const char *text, bool is_error) {
  listening *l = context;
  if (!is_error && strncmp(text, "iteration ", 10) == 0) {
    int64_t ns = strtoll(text + 10, NULL, 10);
    if (l->first_ended == 0) {
      l->first_ended = clock_nanos();
      l->first_ns = ns;
    }
    l->sum_ns += ns;
    json_array_append_new(l->iterations, json_integer(ns));
  } else if (!is_error && strcmp(text, "ok") == 0) {
    l->is_ok = true;
  } else if ((!is_error || !record_take_stats(l->stats, text)) && l->message[0] == 0) {
    snprintf(l->message, sizeof l->message, "%s", text);
  }
}

static const char *verdict(const child_result *result, const listening *l) {
  if (result->was_stopped) return "stopped";
  return child_is_well(result) && l->is_ok && json_array_size(l->iterations) > 0 ? "ok" : "failed";
}

/* Compilations are told by the monotonic clock; a report wants the time since the process started. */
static void make_relative(json_t *stats, int64_t started) {
  size_t i;
  json_t *compilation;
  json_array_foreach(json_object_get(stats, "compilations"), i, compilation) {
    int64_t at = json_integer_value(json_object_get(compilation, "at_ns"));
    json_object_set_new(compilation, "at_ns", json_integer(at - started));
  }
}

/* Before the first iteration began. Where a program does not flush its lines the first comes late: then at
 * most what is left beside the iterations. */
static int64_t time_to_start(const child_result *result, const listening *l) {
  if (l->first_ended == 0) return result->wall_ns;
  int64_t told = l->first_ended - l->started - l->first_ns, beside = result->wall_ns - l->sum_ns;
  return beside >= 0 && beside < told ? beside : told;
}

static json_t *describe_process(const run *r, const cell *c, int round, const char *status,
                                const child_result *result, listening *l) {
  char title[2 * LAB_NAME];
  program_title(c->program, title);
  make_relative(l->stats, l->started);
  json_t *record =
      json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:O, s:O}", "record", "process",
                "program", title, "engine", c->engine->name, "round", round, "turn", (json_int_t)r->turn,
                "status", status, "exit", result->status, "start_ns", (json_int_t)time_to_start(result, l),
                "wall_ns", (json_int_t)result->wall_ns, "cpu_ns", (json_int_t)result->processor_ns,
                "peak_bytes", (json_int_t)result->peak_bytes, "preemptions", (json_int_t)result->preemptions,
                "iterations_ns", l->iterations, "stats", l->stats);
  if (strcmp(status, "failed") == 0) json_object_set_new(record, "message", json_string(l->message));
  return record;
}

static void say_failure(run *r, const cell *c, const child_result *result, const listening *l) {
  r->n_failed++;
  progress_say(&r->progress, "%s/%s on %s failed (%s %d)%s%s", c->program->family, c->program->name,
               c->engine->name, result->was_cut ? "out of time, status" : "status", result->status,
               l->message[0] != 0 ? ": " : "", l->message);
}

/* STOPPED by a signal, FAILED if the record could not be written. */
static lab_run_end run_process(run *r, cell *c, int round) {
  lab_command_line command;
  const lab_run_settings *s = r->settings;
  double seconds = c->engine->seconds > 0 ? c->engine->seconds : s->seconds;
  lab_work work = {s->iterations, s->size, (int)(seconds * 1e3)};
  engine_command(c->engine, c->program, &s->places, &work, &command);
  listening l = {.iterations = json_array(), .stats = json_object(), .started = clock_nanos()};
  child_watch watch = {hear, &l, (int64_t)(PATIENCE * seconds + 20) * 1000000000, r->stop_fd};
  machine_load before = machine_load_now();
  child_result result = child_run_watched(command.words, &watch);
  machine_load after = machine_load_now();
  const char *status = verdict(&result, &l);
  json_t *record = describe_process(r, c, round, status, &result, &l);
  double elsewhere = machine_busy_elsewhere(before, after, result.processor_ns);
  json_object_set_new(record, "busy_elsewhere", json_real(elsewhere));
  bool is_written = result.was_stopped || record_write(r->fd, record);
  if (result.was_stopped) json_decref(record);
  c->seconds = (double)result.wall_ns / 1e9;
  c->has_failed = strcmp(status, "failed") == 0;
  if (c->has_failed) say_failure(r, c, &result, &l);
  json_decref(l.iterations);
  json_decref(l.stats);
  return result.was_stopped ? LAB_RUN_STOPPED : is_written ? LAB_RUN_COMPLETE : LAB_RUN_FAILED;
}

/* ---- Rounds ---- */

static double seconds_left(const run *r, size_t done_in_round, const size_t *order, int round) {
  double known = 0, left = 0;
  size_t n_known = 0, n_unknown = 0;
  for (size_t i = 0; i < r->n_cells; i++)
    if (!isnan(r->cells[i].seconds)) known += r->cells[i].seconds, n_known++;
  if (n_known == 0) return NAN;
  for (size_t i = 0; i < r->n_cells; i++) {
    const cell *c = &r->cells[order[i]];
    int turns = r->settings->invocations - round - (i < done_in_round ? 1 : 0);
    if (c->has_failed) continue;
    if (isnan(c->seconds)) n_unknown += (size_t)turns;
    else left += c->seconds * turns;
  }
  return left + (double)n_unknown * known / (double)n_known;
}

static void shuffle(size_t *items, size_t n, uint64_t *state) {
  for (size_t i = n; i > 1; i--) {
    size_t j = stats_random(state, i), kept = items[i - 1];
    items[i - 1] = items[j];
    items[j] = kept;
  }
}

/* Programs in any order, and the engines of each in any order. */
static void choose_order(const run *r, uint64_t *state, size_t *order) {
  size_t starts[LAB_PROGRAMS + 1], programs[LAB_PROGRAMS], n_programs = 0, used = 0;
  for (size_t i = 0; i < r->n_cells; i++)
    if (i == 0 || r->cells[i].program != r->cells[i - 1].program) starts[n_programs++] = i;
  starts[n_programs] = r->n_cells;
  for (size_t i = 0; i < n_programs; i++) programs[i] = i;
  shuffle(programs, n_programs, state);
  for (size_t i = 0; i < n_programs; i++) {
    size_t first = starts[programs[i]], n = starts[programs[i] + 1] - first;
    for (size_t j = 0; j < n; j++) order[used + j] = first + j;
    shuffle(order + used, n, state);
    used += n;
  }
}

static lab_run_end run_round(run *r, int round, const size_t *order) {
  lab_run_end end = LAB_RUN_COMPLETE;
  for (size_t i = 0; i < r->n_cells && end == LAB_RUN_COMPLETE; i++) {
    cell *c = &r->cells[order[i]];
    char what[3 * LAB_NAME];
    snprintf(what, sizeof what, "%s on %s", c->program->name, c->engine->name);
    progress_show(&r->progress, what, seconds_left(r, i, order, round));
    if (!c->has_failed) end = run_process(r, c, round);
    progress_step(&r->progress);
    r->turn++;
  }
  return end;
}

static lab_run_end run_rounds(run *r) {
  size_t *order = malloc(r->n_cells * sizeof *order + 1);
  uint64_t state = r->settings->seed * 2 + 1;
  lab_run_end end = order != NULL ? LAB_RUN_COMPLETE : LAB_RUN_FAILED;
  for (int round = 0; round < r->settings->invocations && end == LAB_RUN_COMPLETE; round++) {
    choose_order(r, &state, order);
    end = run_round(r, round, order);
  }
  free(order);
  return end;
}

/* ---- The run as a whole ---- */

static size_t fill_cells(run *r) {
  const lab_run_settings *s = r->settings;
  lab_command_line command;
  lab_work work = {1, 0, 0};
  for (size_t i = 0; i < s->programs.count; i++)
    for (size_t j = 0; j < s->engines.count; j++) {
      cell c = {&s->programs.items[i], &s->engines.items[j], NAN, false};
      if (engine_command(c.engine, c.program, &s->places, &work, &command)) r->cells[r->n_cells++] = c;
    }
  return r->n_cells;
}

typedef struct text {
  char bytes[256];
} text;

static void gather(void *context, const char *line, bool is_error) {
  text *t = context;
  size_t used = strlen(t->bytes);
  if (!is_error) snprintf(t->bytes + used, sizeof t->bytes - used, "%s%s", used > 0 ? ", " : "", line);
}

/* What a command prints, lines joined by ", "; "" if it fails. */
static text ask(const char *const *arguments) {
  text t = {""};
  child_watch watch = {.line = gather, .context = &t, .stop_fd = -1};
  child_result result = child_run_watched(arguments, &watch);
  return child_is_well(&result) ? t : (text){""};
}

static json_t *describe_engines(const lab_run_settings *s) {
  json_t *list = json_array();
  for (size_t i = 0; i < s->engines.count; i++) {
    const lab_engine *e = &s->engines.items[i];
    json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s}", "name", e->name, "is_peer", e->is_peer,
                                          "options", e->options, "version", e->version));
  }
  return list;
}

static json_t *describe_run(const run *r) {
  const lab_run_settings *s = r->settings;
  char now[64];
  time_t seconds = time(NULL);
  struct tm utc;
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
  const char *version[] = {s->places.terza, "version", NULL};
  const char *commit[] = {"git", "-C", s->places.suite, "describe", "--always", "--dirty", NULL};
  return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:s, s:{s:i, s:i, s:i, s:f, s:I}}", "record", "run",
                   "format", FORMAT, "started", now, "terza", ask(version).bytes, "commit", ask(commit).bytes,
                   "machine", machine_describe(), "engines", describe_engines(s), "missing", s->missing,
                   "settings", "invocations", s->invocations, "iterations", s->iterations, "size", s->size,
                   "seconds", s->seconds, "seed", (json_int_t)s->seed);
}

static json_t *describe_end(const run *r, bool is_complete) {
  return json_pack("{s:s, s:b, s:I}", "record", "end", "complete", is_complete, "failed",
                   (json_int_t)r->n_failed);
}

/* Signals that would end us become readable instead, so that the child is ended and records stay whole. */
static int catch_signals(sigset_t *kept) {
  sigset_t caught;
  sigemptyset(&caught);
  sigaddset(&caught, SIGINT);
  sigaddset(&caught, SIGTERM);
  sigaddset(&caught, SIGHUP);
  sigprocmask(SIG_BLOCK, &caught, kept);
  return signalfd(-1, &caught, SFD_CLOEXEC);
}

/* A caught signal is taken, so that it does not end us when signals are let through again. */
static void release_signals(int fd, const sigset_t *kept, bool was_stopped) {
  struct signalfd_siginfo taken;
  if (fd >= 0 && was_stopped && read(fd, &taken, sizeof taken) < 0) was_stopped = false;
  if (fd >= 0) close(fd);
  sigprocmask(SIG_SETMASK, kept, NULL);
}

lab_run_end lab_run(const lab_run_settings *s, int fd, size_t *n_failed, char error[LAB_ERROR]) {
  run r = {.settings = s, .fd = fd, .cells = calloc(s->programs.count * s->engines.count + 1, sizeof(cell))};
  if (r.cells == NULL || fill_cells(&r) == 0) {
    snprintf(error, LAB_ERROR,
             r.cells == NULL ? "out of memory" : "none of these programs is there for these engines");
    free(r.cells);
    return LAB_RUN_FAILED;
  }
  sigset_t kept;
  r.stop_fd = catch_signals(&kept);
  r.progress = progress_begin(r.n_cells * (size_t)s->invocations, s->is_quiet);
  bool is_begun = record_write(fd, describe_run(&r));
  lab_run_end end = is_begun ? run_rounds(&r) : LAB_RUN_FAILED;
  if (end != LAB_RUN_FAILED && !record_write(fd, describe_end(&r, end == LAB_RUN_COMPLETE)))
    end = LAB_RUN_FAILED;
  if (end == LAB_RUN_FAILED) snprintf(error, LAB_ERROR, "cannot write records: %s", strerror(errno));
  progress_end(&r.progress);
  release_signals(r.stop_fd, &kept, end == LAB_RUN_STOPPED);
  *n_failed = r.n_failed;
  free(r.cells);
  return end;
}
