/* random_programs.c: compares what random programs do on every tier with what they do in the interpreter.
 *
 *   random_programs [--count N] [--seed S] [--new N] [--jobs J] [--language NAME] [--mode NAME] [--keep DIR]
 * TERZA a program in each language, or the one named, for the N seeds from S on, and for as many as --new
 * says that no run had before; in all modes, or the one named random_programs --print LANGUAGE SEED writes a
 * seed's program random_programs --reduce FILE MODE TERZA writes a smaller program that differs under the
 * mode, or under the options if MODE begins with `--`
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

/* What is compared with the interpreter. Modes that collect or stop at every turn run a small program. Of the
 * modes of the optimizing tier, which compile for a second, each seed takes one. */
typedef struct mode {
  const char *name, *options;
  scale scale;
} mode;

#define INTERPRETER "--jit=off"
#define EAGER "--jit=eager --jit-sync"
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
    {"background", "--jit-promote=1 --stress-budget=100", FULL},
    {"promoted", "--jit-sync --jit-promote=1 --verify-graph", FULL},
    {"optimized", EAGER " --stress-budget=40", MIDDLE},
    {"deoptimized", EAGER " --stress-budget=40 --stress-tier --stress-deopt=50", MIDDLE},
    {"gc-optimized",
     EAGER " --stress-budget=20 --stress-deopt=50 --stress-alloc=23 --stress-safepoint=53 --stress-poison "
           "--stress-stack --nursery-size=64k",
     SMALL},
};
enum { N_MODES = sizeof modes / sizeof *modes, N_SLOW = 5 };

static const char rima_prelude[] = {
#embed "prelude.rima" suffix(, 0)
};
static const char rima_grammar[] = {
#embed "rima.grammar" suffix(, 0)
};
static const char assembly_prelude[] = {
#embed "prelude.tza" suffix(, 0)
};
static const char assembly_grammar[] = {
#embed "assembly.grammar" suffix(, 0)
};

typedef struct language {
  const char *name, *extension, *prelude, *grammar;
} language;
static const language languages[] = {
    {"rima", "rima", rima_prelude, rima_grammar},
    {"assembly", "tza", assembly_prelude, assembly_grammar},
};
enum { N_LANGUAGES = sizeof languages / sizeof *languages };

typedef struct settings {
  const char *terza, *keep;
  const char *mode, *language; /* names; NULL: all */
  uint64_t seed, new_seed;
  uint32_t count, n_new, jobs;
} settings;

static char *program_of(const language *l, uint64_t seed) {
  grammar *g = grammar_new(l->grammar);
  char *body = grammar_expand(g, seed, FULL_TIMES), *text = NULL;
  if (asprintf(&text, "%s%s\n", l->prelude, body) < 0) abort();
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

static char *reduce_program(fault *f, const char *text, const char *extension) {
  snprintf(f->path, sizeof f->path, "/tmp/random-reduce-%d.%s", (int)getpid(), extension);
  f->kind = try_text(f, text);
  char *smaller = f->kind == SAME ? NULL : reduce(text, shows, f, REDUCE_SECONDS);
  unlink(f->path);
  return smaller;
}

/* --- running --- */

typedef struct program {
  const settings *settings;
  const language *language;
  unsigned long seed;
  char *text, path[64];
} program;

/* Keeps the program, and what it can be reduced to. */
static void report(const program *p, const mode *m) {
  const settings *s = p->settings;
  const char *extension = p->language->extension;
  char path[512], small[512];
  mkdir(s->keep, 0777);
  snprintf(path, sizeof path, "%s/%lu.%s", s->keep, p->seed, extension);
  snprintf(small, sizeof small, "%s/%lu.%s.%s", s->keep, p->seed, m->name, extension);
  write_file(path, p->text);
  printf("  to see it: terza run %s %s %s\n", m->options, path, scales[m->scale]);
  fault f = {.terza = s->terza, .options = m->options, .scale = scales[m->scale]};
  char *smaller = reduce_program(&f, p->text, extension);
  if (!smaller) {
    printf("  it does not fail each time\n");
    return;
  }
  write_file(small, smaller);
  printf("  reduced:   terza run %s %s %s\n", m->options, small, f.scale);
  free(smaller);
}

static bool check_mode(const program *p, const mode *m, const outcome *wanted) {
  outcome got = outcome_of(p->settings->terza, m->options, p->path, scales[m->scale], SECONDS);
  bool is_same = outcome_compare(wanted, &got) == SAME;
  if (!is_same) {
    printf("FAILED %s, seed %lu, %s\n", p->language->name, p->seed, m->name);
    outcome_print_difference(wanted, &got);
    report(p, m);
  }
  outcome_fini(&got);
  return is_same;
}

/* The interpreter must take the program and end in order: else the generator, or it, is at fault. */
static bool check_reference(const program *p, const outcome *o) {
  if (outcome_is_orderly(o) && !outcome_is_refusal(o)) return true;
  printf("FAILED %s, seed %lu: the program is refused, crashes or does not end\n%s\n", p->language->name,
         p->seed, o->err);
  return false;
}

static bool is_due(const program *p, int i) {
  if (p->settings->mode) return strcmp(p->settings->mode, modes[i].name) == 0;
  return i < N_MODES - N_SLOW || p->seed % N_SLOW == (unsigned long)(N_MODES - 1 - i);
}

static bool check_program(const program *p) {
  outcome wanted[N_SCALES];
  bool passed = true;
  for (int i = 0; i < N_SCALES; i++) {
    wanted[i] = outcome_of(p->settings->terza, INTERPRETER, p->path, scales[i], SECONDS);
    passed = passed && check_reference(p, &wanted[i]);
  }
  for (int i = 0; passed && i < N_MODES; i++)
    if (is_due(p, i)) passed = check_mode(p, &modes[i], &wanted[modes[i].scale]);
  for (int i = 0; i < N_SCALES; i++) outcome_fini(&wanted[i]);
  return passed;
}

/* How many of the seed's programs fail. */
static int check_seed(const settings *s, uint64_t seed) {
  int failed = 0;
  for (int i = 0; i < N_LANGUAGES; i++) {
    const language *l = &languages[i];
    if (s->language && strcmp(s->language, l->name) != 0) continue;
    program p = {s, l, seed, program_of(l, seed), ""};
    snprintf(p.path, sizeof p.path, "/tmp/random-%d.%s", (int)getpid(), l->extension);
    write_file(p.path, p.text);
    failed += !check_program(&p);
    unlink(p.path);
    free(p.text);
  }
  return failed;
}

/* Every jobs-th seed. */
static int run_job(const settings *s, uint32_t job) {
  int failed = 0;
  for (uint32_t i = job; i < s->count + s->n_new; i += s->jobs)
    failed += check_seed(s, i < s->count ? s->seed + i : s->new_seed + i - s->count);
  return failed;
}

static int run_all(const settings *s) {
  if (s->n_new > 0) printf("%u new seeds from %lu on\n", s->n_new, (unsigned long)s->new_seed);
  fflush(stdout);
  for (uint32_t job = 0; job < s->jobs; job++)
    if (fork() == 0) {
      int failed = run_job(s, job);
      fflush(stdout);
      _exit(failed > 255 ? 255 : failed);
    }
  int failed = 0, status;
  while (wait(&status) > 0) failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  printf("random programs: %u seeds, %d failed\n", s->count + s->n_new, failed);
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
  const char *dot = strrchr(path, '.');
  mode m = {name, name, FULL};
  for (int i = 0; i < N_MODES; i++)
    if (strcmp(modes[i].name, name) == 0) m = modes[i];
  char *text = read_file(path);
  fault f = {.terza = terza, .options = m.options, .scale = scales[m.scale]};
  char *smaller = reduce_program(&f, text, dot ? dot + 1 : "rima");
  if (!smaller) fprintf(stderr, "%s: does the same as in the interpreter\n", path);
  else fputs(smaller, stdout);
  int status = smaller ? 0 : 1;
  free(smaller);
  free(text);
  return status;
}

static int print_program(const char *name, const char *seed) {
  for (int i = 0; i < N_LANGUAGES; i++) {
    if (strcmp(languages[i].name, name) != 0) continue;
    char *text = program_of(&languages[i], strtoull(seed, NULL, 10));
    fputs(text, stdout);
    free(text);
    return 0;
  }
  fprintf(stderr, "no language named %s\n", name);
  return 2;
}

static int usage(void) {
  fputs("usage: random_programs [--count N] [--seed S] [--new N] [--jobs J] [--language NAME] [--mode NAME]\n"
        "                       [--keep DIR] TERZA\n"
        "       random_programs --print LANGUAGE SEED\n"
        "       random_programs --reduce FILE MODE TERZA\n",
        stderr);
  return 2;
}

static bool read_option(settings *s, const char *name, const char *value) {
  uint64_t n = strtoull(value, NULL, 10);
  if (strcmp(name, "--count") == 0) s->count = (uint32_t)n;
  else if (strcmp(name, "--seed") == 0) s->seed = n;
  else if (strcmp(name, "--new") == 0) s->n_new = (uint32_t)n;
  else if (strcmp(name, "--jobs") == 0) s->jobs = n < 1 ? 1 : n > MAX_JOBS ? MAX_JOBS : (uint32_t)n;
  else if (strcmp(name, "--keep") == 0) s->keep = value;
  else if (strcmp(name, "--mode") == 0) s->mode = value;
  else if (strcmp(name, "--language") == 0) s->language = value;
  else return false;
  return true;
}

int main(int argc, char **argv) {
  settings s = {.keep = "random-failures", .seed = 1, .count = 20, .jobs = 1};
  if (argc == 4 && strcmp(argv[1], "--print") == 0) return print_program(argv[2], argv[3]);
  if (argc == 5 && strcmp(argv[1], "--reduce") == 0) return reduce_file(argv[2], argv[3], argv[4]);
  int i = 1;
  for (; i + 1 < argc; i += 2)
    if (!read_option(&s, argv[i], argv[i + 1])) return usage();
  if (i + 1 != argc) return usage();
  s.terza = argv[i];
  s.new_seed = (uint64_t)time(NULL) * 1000;
  return run_all(&s);
}
