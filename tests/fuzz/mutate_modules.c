/* mutate_modules: mutants of valid modules through reader, verifier and interpreter, counting those that
 * break it.
 *
 *   mutate_modules --count N [--seconds T] --seed S [--only I] [--verify-only] FILE.tza|FILE.tzm...
 *
 * Stops after T seconds if N mutants take longer. Mutant I of seed S is the same on every machine. Work is
 * done in child processes: when one dies, the mutant is named, counted as a failure, and the next one is
 * tried. */
#include "mutator.h"
#include "terza/assembler.h"
#include "try_module.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct progress { /* shared with the children */
  volatile uint64_t next, unreadable, refused, unlinked, run;
} progress;

typedef struct seed_file {
  uint8_t *bytes;
  size_t length;
} seed_file;

typedef struct job {
  uint64_t count, seed, only;
  time_t end; /* of the time given; 0: no limit */
  bool is_run, is_only;
  seed_file *seeds;
  uint32_t n_seeds;
  progress *progress;
} job;

/* --- seeds --- */

static uint8_t *read_all(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc((size_t)size + 1);
  *length = bytes != NULL ? fread(bytes, 1, (size_t)size, file) : 0;
  fclose(file);
  return bytes;
}

static bool add_seed(job *j, const char *path) {
  size_t length, n = strlen(path);
  uint8_t *bytes = read_all(path, &length);
  if (bytes == NULL) return false;
  if (n > 4 && strcmp(path + n - 4, ".tza") == 0) {
    tz_asm_error error;
    tz_image *image = tz_asm_assemble((char *)bytes, length, &error);
    free(bytes);
    if (image == NULL) return false;
    bytes = tz_image_write(image, &length);
    tz_image_free(image);
  }
  if (bytes == NULL) return false;
  j->seeds[j->n_seeds++] = (seed_file){bytes, length};
  return true;
}

/* --- mutants --- */

static void try_mutant(const job *j, uint64_t index) {
  random_source r = {j->seed * UINT64_C(0x2545f4914f6cdd1d) + index};
  const seed_file *s = &j->seeds[random_below(&r, j->n_seeds)];
  size_t length = s->length;
  uint8_t *bytes = random_below(&r, 5) == 0 ? mutate_structure(s->bytes, s->length, &r, &length) : NULL;
  if (bytes == NULL) {
    length = s->length;
    bytes = malloc(length + 1);
    if (bytes == NULL) return;
    memcpy(bytes, s->bytes, length);
    mutate_bytes(bytes, length, &r);
  }
  switch (try_module(bytes, length, j->is_run)) {
  case TRY_UNREADABLE: j->progress->unreadable++; break;
  case TRY_REFUSED: j->progress->refused++; break;
  case TRY_UNLINKED: j->progress->unlinked++; break;
  case TRY_RUN: j->progress->run++; break;
  }
  free(bytes);
}

enum { PATIENCE = 20 }; /* seconds */

static bool is_late(const job *j) { return j->end != 0 && time(NULL) >= j->end; }

static int work(const job *j, uint64_t end) {
  while (j->progress->next < end && !is_late(j)) {
    alarm(PATIENCE); /* a mutant that hangs dies, too */
    try_mutant(j, j->progress->next);
    j->progress->next++;
  }
  return 0;
}

static void print_counts(const job *j, uint64_t n_failures) {
  const progress *p = j->progress;
  printf("%llu mutants, %llu accepted (%llu of them run), %llu failures\n", (unsigned long long)p->next,
         (unsigned long long)(p->run + p->unlinked + n_failures), (unsigned long long)p->run,
         (unsigned long long)n_failures);
  fflush(stdout);
}

/* Children of a bounded number of mutants each, so that leaks show as growth of nothing. */
static uint64_t run_all(const job *j) {
  enum { BATCH = 20000 };
  uint64_t n_failures = 0, slow = UINT64_MAX; /* the mutant that took too long last */
  while (j->progress->next < j->count && !is_late(j)) {
    uint64_t end = j->progress->next + BATCH < j->count ? j->progress->next + BATCH : j->count;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(work(j, end));
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return UINT64_MAX;
    bool is_slow = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    if (is_slow &&
        slow != j->progress->next) { /* a machine that pauses is no hang: it gets a second chance */
      slow = j->progress->next;
      printf("mutant %llu of seed %llu took more than %d s\n", (unsigned long long)slow,
             (unsigned long long)j->seed, PATIENCE);
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      printf("mutant %llu of seed %llu fails: %s %d\n", (unsigned long long)j->progress->next,
             (unsigned long long)j->seed, WIFSIGNALED(status) ? "signal" : "exit",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
      n_failures++;
      j->progress->next++;
    }
    if (end % 1000000 == 0) print_counts(j, n_failures);
  }
  return n_failures;
}

static void free_seeds(job *j) {
  for (uint32_t i = 0; i < j->n_seeds; i++) free(j->seeds[i].bytes);
  free(j->seeds);
}

static bool parse_arguments(job *j, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) j->count = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
      j->end = time(NULL) + strtol(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) j->seed = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
      j->is_only = true, j->only = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--verify-only") == 0) j->is_run = false;
    else if (argv[i][0] == '-' || !add_seed(j, argv[i])) {
      fprintf(stderr, "mutate_modules: %s: no option, and no module\n", argv[i]);
      return false;
    }
  }
  return j->n_seeds != 0;
}

int main(int argc, char **argv) {
  job j = {.count = 100000, .seed = 1, .is_run = true, .seeds = calloc((size_t)argc, sizeof(seed_file))};
  j.progress = mmap(NULL, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (j.progress == MAP_FAILED || j.seeds == NULL || !parse_arguments(&j, argc, argv)) return 2;
  if (j.is_only) {
    try_mutant(&j, j.only);
    free_seeds(&j);
    return 0;
  }
  uint64_t n_failures = run_all(&j);
  print_counts(&j, n_failures);
  free_seeds(&j);
  return n_failures == 0 ? 0 : 1;
}
