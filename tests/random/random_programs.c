/* random_programs.c: compares what random programs do on every tier with what they do in the interpreter.
 *
 *   random_programs [--count N] [--seed S] [--new N] [--jobs J] [--keep DIR] TERZA
 *       N programs for the seeds from S on, and as many as --new says for seeds that no run had before
 *   random_programs --print SEED             writes the program of a seed
 *   random_programs --reduce FILE MODE TERZA  writes a smaller program that differs under the mode, or under
 * the options if MODE begins with `--`
 *
 * A program that fails is kept in DIR, and so is its reduction. */
#include "grammar.h"
#include "reduce.h"
#include "run.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef enum scale { SMALL, MIDDLE, FULL, N_SCALES } scale;
static const char *const scales[] = {"1", "8", "40"};
enum { FULL_TIMES = 40, SECONDS = 20, REDUCE_SECONDS = 120, MAX_JOBS = 64 };

/* What is compared with the interpreter. Modes that collect or stop at every turn run a small program. */
typedef struct mode {
  const char *name, *options;
  scale scale;
} mode;

#define INTERPRETER "--jit=off"
#define BASELINE "--jit=baseline --jit-threshold=0"
static const mode modes[] = {
    {"default", "", FULL},
    {"baseline", BASELINE, FULL},
    {"tiers", BASELINE " --stress-tier", MIDDLE},
    {"gc-interpreter", INTERPRETER " --stress-alloc=23 --stress-poison --verify-heap --nursery-size=64k",
     SMALL},
    {"gc-baseline", BASELINE " --stress-alloc=23 --stress-poison --verify-heap --nursery-size=64k", SMALL},
    {"semispace", BASELINE " --collector=1 --stress-alloc=31 --stress-poison", SMALL},
    {"safepoints",
     BASELINE " --stress-tier --stress-budget=1 --stress-safepoint=53 --stress-poison --stress-stack", SMALL},
};
enum { N_MODES = sizeof modes / sizeof *modes };

static const char prelude[] = {
#embed "prelude.rima" suffix(, 0)
};
static const char rima_grammar[] = {
#embed "rima.grammar" suffix(, 0)
};

typedef struct settings {
  const char *terza, *keep;
  uint64_t seed;
  uint32_t count, n_new, jobs;
} settings;

static char *program_of(uint64_t seed) {
  grammar *g = grammar_new(rima_grammar);
  char *body = grammar_expand(g, seed, FULL_TIMES), *text = NULL;
  if (asprintf(&text, "%s%s\n", prelude, body) < 0) abort();
  grammar_free(g);
  free(body);
  return text;
}

static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
  }
}

/* --- reducing --- */

typedef struct fault {
  const char *terza, *options, *scale;
  verdict kind;
  char path[64];
} fault;

static verdict try_text(const fault *f, const char *text) {
  write_file(f->path, text);
  outcome wanted = outcome_of(f->terza, INTERPRETER, f->path, f->scale, 2);
  verdict v = SAME;
  if (outcome_is_orderly(&wanted) && !outcome_is_refusal(&wanted)) {
    outcome got = outcome_of(f->terza, f->options, f->path, f->scale, 5);
    v = outcome_compare(&wanted, &got);
    outcome_fini(&got);
  }
  outcome_fini(&wanted);
  return v;
}

static bool shows(void *context, const char *text) {
  fault *f = context;
  return try_text(f, text) == f->kind;
}

static char *reduce_program(fault *f, const char *text) {
  snprintf(f->path, sizeof f->path, "/tmp/random-reduce-%d.rima", (int)getpid());
  f->kind = try_text(f, text);
  char *smaller = f->kind == SAME ? NULL : reduce(text, shows, f, REDUCE_SECONDS);
  unlink(f->path);
  return smaller;
}

/* --- running --- */

static void report(const settings *s, uint64_t seed, const char *text, const mode *m) {
  char path[512], small[512];
  mkdir(s->keep, 0777);
  snprintf(path, sizeof path, "%s/%lu.rima", s->keep, (unsigned long)seed);
  snprintf(small, sizeof small, "%s/%lu.%s.rima", s->keep, (unsigned long)seed, m->name);
  write_file(path, text);
  printf("  to see it: terza run %s %s %s\n", m->options, path, scales[m->scale]);
  fault f = {.terza = s->terza, .options = m->options, .scale = scales[m->scale]};
  char *smaller = reduce_program(&f, text);
  if (!smaller) {
    printf("  it does not fail each time\n");
    return;
  }
  write_file(small, smaller);
  printf("  reduced:   terza run %s %s %s\n", m->options, small, f.scale);
  free(smaller);
}

static bool check_mode(const settings *s, uint64_t seed, const char *path, const char *text, const mode *m,
                       const outcome *wanted) {
  outcome got = outcome_of(s->terza, m->options, path, scales[m->scale], SECONDS);
  bool is_same = outcome_compare(wanted, &got) == SAME;
  if (!is_same) {
    printf("FAILED seed %lu, %s\n", (unsigned long)seed, m->name);
    outcome_print_difference(wanted, &got);
    report(s, seed, text, m);
  }
  outcome_fini(&got);
  return is_same;
}

/* The interpreter must take the program and end in order: else the generator, or it, is at fault. */
static bool check_reference(uint64_t seed, const outcome *o) {
  if (outcome_is_orderly(o) && !outcome_is_refusal(o)) return true;
  printf("FAILED seed %lu: the program is refused, crashes or does not end\n%s\n", (unsigned long)seed,
         o->err);
  return false;
}

static bool check_seed(const settings *s, uint64_t seed) {
  char path[64], *text = program_of(seed);
  snprintf(path, sizeof path, "/tmp/random-%d.rima", (int)getpid());
  write_file(path, text);
  outcome wanted[N_SCALES];
  bool passed = true;
  for (int i = 0; i < N_SCALES; i++) {
    wanted[i] = outcome_of(s->terza, INTERPRETER, path, scales[i], SECONDS);
    passed = passed && check_reference(seed, &wanted[i]);
  }
  for (int i = 0; passed && i < N_MODES; i++)
    passed = check_mode(s, seed, path, text, &modes[i], &wanted[modes[i].scale]);
  for (int i = 0; i < N_SCALES; i++) outcome_fini(&wanted[i]);
  unlink(path);
  free(text);
  return passed;
}

/* Every jobs-th seed; how many failed. */
static int run_job(const settings *s, uint32_t job) {
  int failed = 0;
  uint64_t fresh = (uint64_t)time(NULL) * 1000;
  for (uint32_t i = job; i < s->count + s->n_new; i += s->jobs)
    failed += !check_seed(s, i < s->count ? s->seed + i : fresh + i - s->count);
  return failed;
}

static int run_all(const settings *s) {
  if (s->n_new > 0) printf("%u new seeds from %lu000 on\n", s->n_new, (unsigned long)time(NULL));
  fflush(stdout);
  for (uint32_t job = 0; job < s->jobs; job++)
    if (fork() == 0) {
      int failed = run_job(s, job);
      fflush(stdout);
      _exit(failed > 255 ? 255 : failed);
    }
  int failed = 0, status;
  while (wait(&status) > 0) failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  printf("random programs: %u run, %d failed\n", s->count + s->n_new, failed);
  return failed != 0;
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  char *text = NULL;
  size_t size = 0;
  if (!f || getdelim(&text, &size, 0, f) < 0) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
  }
  fclose(f);
  return text;
}

static int reduce_file(const char *path, const char *name, const char *terza) {
  mode m = {name, name, FULL};
  for (int i = 0; i < N_MODES; i++)
    if (strcmp(modes[i].name, name) == 0) m = modes[i];
  char *text = read_file(path);
  fault f = {.terza = terza, .options = m.options, .scale = scales[m.scale]};
  char *smaller = reduce_program(&f, text);
  if (!smaller) fprintf(stderr, "%s: does the same as in the interpreter\n", path);
  else fputs(smaller, stdout);
  int status = smaller ? 0 : 1;
  free(smaller);
  free(text);
  return status;
}

static int usage(void) {
  fputs("usage: random_programs [--count N] [--seed S] [--new N] [--jobs J] [--keep DIR] TERZA\n"
        "       random_programs --print SEED\n"
        "       random_programs --reduce FILE MODE TERZA\n",
        stderr);
  return 2;
}

int main(int argc, char **argv) {
  settings s = {.keep = "random-failures", .seed = 1, .count = 20, .jobs = 1};
  if (argc == 3 && strcmp(argv[1], "--print") == 0) {
    char *text = program_of(strtoull(argv[2], NULL, 10));
    fputs(text, stdout);
    free(text);
    return 0;
  }
  if (argc == 5 && strcmp(argv[1], "--reduce") == 0) return reduce_file(argv[2], argv[3], argv[4]);
  int i = 1;
  for (; i + 1 < argc; i += 2) {
    uint64_t n = strtoull(argv[i + 1], NULL, 10);
    if (strcmp(argv[i], "--count") == 0) s.count = (uint32_t)n;
    else if (strcmp(argv[i], "--seed") == 0) s.seed = n;
    else if (strcmp(argv[i], "--new") == 0) s.n_new = (uint32_t)n;
    else if (strcmp(argv[i], "--jobs") == 0) s.jobs = n < 1 ? 1 : n > MAX_JOBS ? MAX_JOBS : (uint32_t)n;
    else if (strcmp(argv[i], "--keep") == 0) s.keep = argv[i + 1];
    else return usage();
  }
  if (i + 1 != argc) return usage();
  s.terza = argv[i];
  return run_all(&s);
}
