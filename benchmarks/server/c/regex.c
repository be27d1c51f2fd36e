/* regex.c: finds what regular expressions match in the lines of a log; see ../rima/regex.rima.

   Invariant: nodes live in an arena, threads in arrays of the regex's own. */
#include "harness.h"
#include "text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_BYTES = 128, N_LINES = 50, MOST_INSTRUCTIONS = 128 };

typedef enum { EMPTY, BYTE, ONE_OF, BEGIN, END, SEQUENCE, EITHER, OPTIONAL, MANY, SOME } node_kind;

typedef struct node node;
struct node {
  node_kind kind;
  char byte;
  const bool *bytes;
  const node *first, *second;
};

typedef struct {
  const char *pattern, *at; /* ends with NUL */
  arena *memory;
} parser;

static void fail(const parser *p, const char *wanted) {
  fprintf(stderr, "regex: %s is missing at byte %td of %s\n", wanted, p->at - p->pattern, p->pattern);
  exit(EXIT_FAILURE);
}

static bool take(parser *p, char wanted) {
  if (*p->at != wanted) return false;
  p->at++;
  return true;
}

static char next(parser *p) {
  if (!*p->at) fail(p, "a character");
  return *p->at++;
}

static const node *node_make(parser *p, node n) {
  node *made = arena_get(p->memory, sizeof *made);
  *made = n;
  return made;
}

static bool *no_bytes(parser *p) { return memset(arena_get(p->memory, N_BYTES), 0, N_BYTES); }

static bool *between(bool *bytes, int low, int high) {
  for (int byte = low; byte <= high; byte++) bytes[byte] = true;
  return bytes;
}

static const bool *word_bytes(parser *p) {
  bool *bytes = between(no_bytes(p), 'a', 'z');
  between(bytes, 'A', 'Z');
  between(bytes, '0', '9');
  return between(bytes, '_', '_');
}

static const bool *set(parser *p) {
  bool is_negative = take(p, '^');
  bool *bytes = no_bytes(p);
  while (!take(p, ']')) {
    char low = next(p);
    char high = take(p, '-') ? next(p) : low;
    between(bytes, low, high);
  }
  if (is_negative)
    for (int byte = 0; byte < N_BYTES; byte++) bytes[byte] = !bytes[byte];
  return bytes;
}

static const node *one_of(parser *p, const bool *bytes) {
  return node_make(p, (node){.kind = ONE_OF, .bytes = bytes});
}

static const node *escape(parser *p) {
  char c = next(p);
  switch (c) {
  case 'd': return one_of(p, between(no_bytes(p), '0', '9'));
  case 'w': return one_of(p, word_bytes(p));
  default: return node_make(p, (node){.kind = BYTE, .byte = c});
  }
}

static const node *alternatives(parser *p);

static const node *group(parser *p) {
  const node *n = alternatives(p);
  if (!take(p, ')')) fail(p, "')'");
  return n;
}

static const node *atom(parser *p) {
  char c = next(p);
  switch (c) {
  case '(': return group(p);
  case '[': return one_of(p, set(p));
  case '.': return one_of(p, between(no_bytes(p), 0, N_BYTES - 1));
  case '^': return node_make(p, (node){.kind = BEGIN});
  case '$': return node_make(p, (node){.kind = END});
  case '\\': return escape(p);
  default: return node_make(p, (node){.kind = BYTE, .byte = c});
  }
}

static const node *repeated(parser *p) {
  const node *n = atom(p);
  if (take(p, '*')) return node_make(p, (node){.kind = MANY, .first = n});
  if (take(p, '+')) return node_make(p, (node){.kind = SOME, .first = n});
  return take(p, '?') ? node_make(p, (node){.kind = OPTIONAL, .first = n}) : n;
}

static const node *sequence(parser *p) {
  if (!*p->at || *p->at == '|' || *p->at == ')') return node_make(p, (node){.kind = EMPTY});
  const node *first = repeated(p), *second = sequence(p);
  return second->kind == EMPTY ? first
                               : node_make(p, (node){.kind = SEQUENCE, .first = first, .second = second});
}

static const node *alternatives(parser *p) {
  const node *first = sequence(p);
  if (!take(p, '|')) return first;
  return node_make(p, (node){.kind = EITHER, .first = first, .second = alternatives(p)});
}

typedef enum { A_BYTE, A_SET, FORK, JUMP, AT_BEGIN, AT_END, FOUND } instruction_kind;

typedef struct {
  instruction_kind kind;
  int x; /* the byte, where JUMP leads, where FORK leads first */
  int y; /* where FORK leads then */
  const bool *bytes;
} instruction;

/* The places in the program that are reached at one place of the text, the preferred first. */
typedef struct {
  int count;
  int pcs[MOST_INSTRUCTIONS];
  int starts[MOST_INSTRUCTIONS]; /* where in the text the match of each began */
  bool seen[MOST_INSTRUCTIONS];
} threads;

typedef struct {
  instruction program[MOST_INSTRUCTIONS];
  int n_instructions;
  threads lists[2];
  threads *current, *next;
  int start, end; /* of the match that was found */
  arena memory;
} regex;

static instruction *add(regex *r, instruction_kind kind) {
  if (r->n_instructions == MOST_INSTRUCTIONS) {
    fputs("regex: an expression is too long\n", stderr);
    exit(EXIT_FAILURE);
  }
  instruction *added = &r->program[r->n_instructions++];
  *added = (instruction){.kind = kind};
  return added;
}

static void emit(regex *r, const node *n);

static void emit_either(regex *r, const node *n) {
  instruction *fork = add(r, FORK);
  fork->x = r->n_instructions;
  emit(r, n->first);
  instruction *jump = add(r, JUMP);
  fork->y = r->n_instructions;
  emit(r, n->second);
  jump->x = r->n_instructions;
}

static void emit_optional(regex *r, const node *n) {
  instruction *fork = add(r, FORK);
  fork->x = r->n_instructions;
  emit(r, n->first);
  fork->y = r->n_instructions;
}

static void emit_many(regex *r, const node *n) {
  int start = r->n_instructions;
  instruction *fork = add(r, FORK);
  fork->x = r->n_instructions;
  emit(r, n->first);
  add(r, JUMP)->x = start;
  fork->y = r->n_instructions;
}

static void emit_some(regex *r, const node *n) {
  int start = r->n_instructions;
  emit(r, n->first);
  instruction *fork = add(r, FORK);
  fork->x = start;
  fork->y = r->n_instructions;
}

static void emit(regex *r, const node *n) {
  switch (n->kind) {
  case EMPTY: break;
  case BYTE: add(r, A_BYTE)->x = n->byte; break;
  case ONE_OF: add(r, A_SET)->bytes = n->bytes; break;
  case BEGIN: add(r, AT_BEGIN); break;
  case END: add(r, AT_END); break;
  case SEQUENCE:
    emit(r, n->first);
    emit(r, n->second);
    break;
  case EITHER: emit_either(r, n); break;
  case OPTIONAL: emit_optional(r, n); break;
  case MANY: emit_many(r, n); break;
  case SOME: emit_some(r, n); break;
  }
}

static void clear(const regex *r, threads *t) {
  memset(t->seen, 0, (size_t)r->n_instructions);
  t->count = 0;
}

static void regex_init(regex *r, const char *pattern) {
  *r = (regex){0};
  r->current = &r->lists[0];
  r->next = &r->lists[1];
  parser p = {pattern, pattern, &r->memory};
  const node *n = alternatives(&p);
  if (*p.at) fail(&p, "the end");
  emit(r, n);
  add(r, FOUND);
}

/* Adds a place, or the places to which it leads without a byte. */
static void follow(const regex *r, threads *t, int pc, int start, int at, piece text) {
  if (t->seen[pc]) return;
  t->seen[pc] = true;
  const instruction *i = &r->program[pc];
  switch (i->kind) {
  case JUMP: follow(r, t, i->x, start, at, text); break;
  case FORK:
    follow(r, t, i->x, start, at, text);
    follow(r, t, i->y, start, at, text);
    break;
  case AT_BEGIN:
    if (at == 0) follow(r, t, pc + 1, start, at, text);
    break;
  case AT_END:
    if (at == text.length) follow(r, t, pc + 1, start, at, text);
    break;
  default:
    t->pcs[t->count] = pc;
    t->starts[t->count] = start;
    t->count++;
  }
}

/* Takes the threads that can go on over the byte at `at`. */
static void step(regex *r, piece text, int at) {
  const threads *current = r->current;
  int byte = at < text.length ? text.bytes[at] : -1;
  for (int i = 0; i < current->count; i++) {
    int pc = current->pcs[i];
    const instruction *here = &r->program[pc];
    bool goes_on = false;
    switch (here->kind) {
    case A_BYTE: goes_on = here->x == byte; break;
    case A_SET: goes_on = byte >= 0 && here->bytes[byte]; break;
    default: /* what comes behind is less wanted than this match */
      r->start = current->starts[i];
      r->end = at;
      return;
    }
    if (goes_on) follow(r, r->next, pc + 1, current->starts[i], at + 1, text);
  }
}

/* Finds the first match that begins at `from` or later. */
static bool regex_find(regex *r, piece text, int from) {
  r->start = -1;
  clear(r, r->current);
  for (int at = from; at <= text.length; at++) {
    if (r->start < 0) follow(r, r->current, 0, at, at, text);
    if (r->current->count == 0 && r->start >= 0) break;
    clear(r, r->next);
    step(r, text, at);
    threads *spare = r->current;
    r->current = r->next;
    r->next = spare;
  }
  return r->start >= 0;
}

static const char *const patterns[] = {
    "\\d\\d\\d\\d-\\d\\d-\\d\\d",
    "(GET|POST|PUT) /[a-z/]+\\d*",
    "[a-z]+@[a-z]+\\.(com|org|net)",
    " [45]\\d\\d ",
    "^[^ ]+ .*[05]ms$",
    "[0-9a-f]*e[0-9a-f][0-9a-f][0-9a-f]",
    "((x+x+)+y|id=\\w+)",
};

static piece lines[N_LINES]; /* of a log */

static void make_lines(arena *memory) {
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
  static const char *const hosts[] = {"example.com", "mail.org", "host.net", "box.io"};
  random_source random = RANDOM_START;
  for (int i = 0; i < N_LINES; i++) {
    int month = 1 + random_next(&random) % 9, day = 10 + random_next(&random) % 19;
    const char *method = methods[random_next(&random) % 4];
    int item = random_next(&random) % 5000, user = random_next(&random) % 10;
    const char *host = hosts[random_next(&random) % 4];
    char identifier[13] = {0};
    for (int d = 0; d < 12; d++) identifier[d] = "0123456789abcdef"[random_next(&random) % 16];
    int status = 200 + 100 * (random_next(&random) % 4), time = random_next(&random) % 2000;
    char line[200];
    snprintf(line, sizeof line, "2024-0%d-%d %s /items/%d?user=ana%d.b@%s&id=%s %d xxxxxxxxxxxxxxxx %dms",
             month, day, method, item, user, host, identifier, status, time);
    lines[i] = piece_copy(piece_of(line), memory);
  }
}

static bool is_right(void) {
  int count = 0, sum = 0;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    regex r;
    regex_init(&r, patterns[i]);
    for (int l = 0; l < N_LINES; l++) {
      int from = 0;
      while (from <= lines[l].length && regex_find(&r, lines[l], from)) {
        count++;
        sum = (sum * 31 + r.start * 256 + r.end) % 1000003;
        from = r.end > r.start ? r.end : r.end + 1;
      }
    }
    arena_free(&r.memory);
  }
  return count == 298 && sum == 388274;
}

static bool regex_program(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) {
  arena memory = {0};
  make_lines(&memory);
  int status = harness_run(argc, argv, 4, regex_program);
  arena_free(&memory);
  return status;
}
