/* arguments.h: the command line of `terza bench`. */
#pragma once
#include "terza/lab_run.h"

enum { LAB_WORDS = 64, LAB_SWEEPS = 8 };

typedef struct lab_arguments {
  const char *words[LAB_WORDS]; /* what is no option */
  size_t n_words;
  const char *strategies[LAB_WORDS];
  size_t n_strategies;
  const char *sweeps[LAB_SWEEPS];
  size_t n_sweeps;
  bool has_peers;
  const char *peers; /* NULL: all */
  int invocations, iterations, size;
  double seconds;
  uint64_t seed;
  bool is_quiet;
  const char *out, *terza, *suite, *reference, *peer, *html, *markdown, *picture; /* NULL: not given */
} lab_arguments;

/* Takes --NAME VALUE and --NAME=VALUE. False: `error` says why. */
bool arguments_parse(lab_arguments *a, int n, char **words, char error[LAB_ERROR]);
