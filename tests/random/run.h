/* run.h: runs a program under the terza command and says how it ended. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct outcome {
  int status; /* as waitpid gives it */
  char *out, *err;
  size_t out_length, err_length;
} outcome;

typedef enum verdict { SAME, DIFFERENT, CRASHED, TIMED_OUT } verdict;

/* Runs `terza run OPTIONS FILE SCALE`; after so many seconds it is ended, and counts as timed out. */
outcome outcome_of(const char *terza, const char *options, const char *file, const char *scale,
                   unsigned seconds);
void outcome_fini(outcome *o);

/* It was refused: the compiler or the verifier did not take it. */
bool outcome_is_refusal(const outcome *o);
/* It ended by itself, in time and without a crash. */
bool outcome_is_orderly(const outcome *o);

/* How `got` differs from `wanted`, which is orderly. */
verdict outcome_compare(const outcome *wanted, const outcome *got);

/* Prints the difference: signals, status, the first line that is another. */
void outcome_print_difference(const outcome *wanted, const outcome *got);
