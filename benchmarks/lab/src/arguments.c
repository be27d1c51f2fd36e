/* arguments.c: see arguments.h. */
#include "arguments.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { TEXT, COUNT, SECONDS, SEED, LIST, FLAG, PEERS } kind;

typedef struct option {
  const char *name;
  kind kind;
  size_t offset;       /* of the value */
  double most;         /* of a number; items of a list */
  size_t count_offset; /* of a list */
} option;

#define AT(field) offsetof(lab_arguments, field)
static const option options[] = {
    {"strategy", LIST, AT(strategies), LAB_WORDS, AT(n_strategies)},
    {"sweep", LIST, AT(sweeps), LAB_SWEEPS, AT(n_sweeps)},
    {"peers", PEERS, 0, 0, 0},
    {"invocations", COUNT, AT(invocations), LAB_ROUNDS, 0},
    {"iterations", COUNT, AT(iterations), 1e6, 0},
    {"size", COUNT, AT(size), 1e9, 0},
    {"seconds", SECONDS, AT(seconds), 1e5, 0},
    {"seed", SEED, AT(seed), 9e15, 0},
    {"quiet", FLAG, AT(is_quiet), 0, 0},
    {"out", TEXT, AT(out), 0, 0},
    {"terza", TEXT, AT(terza), 0, 0},
    {"suite", TEXT, AT(suite), 0, 0},
    {"reference", TEXT, AT(reference), 0, 0},
    {"peer", TEXT, AT(peer), 0, 0},
    {"html", TEXT, AT(html), 0, 0},
    {"markdown", TEXT, AT(markdown), 0, 0},
    {"picture", TEXT, AT(picture), 0, 0},
};
#undef AT

static const option *find(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0) return &options[i];
  return NULL;
}

static bool set_number(const option *o, void *place, const char *value, char error[LAB_ERROR]) {
  char *end;
  errno = 0;
  double number = strtod(value, &end);
  bool is_whole = o->kind == SECONDS || number == (double)(int64_t)number;
  if (*value == 0 || *end != 0 || errno != 0 || !(number > 0 && number <= o->most) || !is_whole)
    return snprintf(error, LAB_ERROR, "--%s wants a %snumber from %s to %.0f, not \"%s\"", o->name,
                    o->kind == SECONDS ? "" : "whole ", o->kind == SECONDS ? "above 0" : "1", o->most, value),
           false;
  if (o->kind == COUNT) *(int *)place = (int)number;
  else if (o->kind == SEED) *(uint64_t *)place = (uint64_t)number;
  else *(double *)place = number;
  return true;
}

static bool append(lab_arguments *a, const option *o, const char *value, char error[LAB_ERROR]) {
  size_t *count = (size_t *)((char *)a + o->count_offset);
  const char **items = (const char **)((char *)a + o->offset);
  if ((double)*count == o->most) return snprintf(error, LAB_ERROR, "too many of --%s", o->name), false;
  items[(*count)++] = value;
  return true;
}

static bool set(lab_arguments *a, const option *o, const char *value, char error[LAB_ERROR]) {
  void *place = (char *)a + o->offset;
  switch (o->kind) {
  case TEXT: return *(const char **)place = value, true;
  case LIST: return append(a, o, value, error);
  case FLAG: return *(bool *)place = true, true;
  case PEERS: return a->has_peers = true, a->peers = value, true;
  default: return set_number(o, place, value, error);
  }
}

bool arguments_parse(lab_arguments *a, int n, char **words, char error[LAB_ERROR]) {
  *a = (lab_arguments){.invocations = 5, .iterations = 20000, .seconds = 3, .seed = 1};
  for (int i = 0; i < n; i++) {
    const char *word = words[i];
    if (strncmp(word, "--", 2) != 0) {
      if (a->n_words == LAB_WORDS) return snprintf(error, LAB_ERROR, "too many words"), false;
      a->words[a->n_words++] = word;
      continue;
    }
    size_t length = strcspn(word + 2, "=");
    const option *o = find(word + 2, length);
    const char *value = word[2 + length] == '=' ? word + 3 + length : NULL;
    if (o == NULL) return snprintf(error, LAB_ERROR, "no option %s (see `terza help bench`)", word), false;
    if (value == NULL && o->kind != FLAG && o->kind != PEERS) {
      if (++i == n) return snprintf(error, LAB_ERROR, "%s wants a value", word), false;
      value = words[i];
    }
    if (!set(a, o, value, error)) return false;
  }
  return true;
}
