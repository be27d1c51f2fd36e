/* interpreter.c: a tree walker for a small language; see ../rima/interpreter.rima.

   Invariant: nodes and functions live in the parser's arena; names point into the text. */
#include "harness.h"
#include "som.h"
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "(def fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))\n"
    "(def gcd (a b) (do (while (< 0 b) (do (set rest (% a b)) (set a b) (set b rest))) a))\n"
    "(def coprimes (n) (do (set count 0) (set i 1)\n"
    "  (while (< i n) (do (if (= (gcd i n) 1) (set count (+ count 1)) 0) (set i (+ i 1)))) count))\n"
    "(def collatz (n) (do (set steps 0)\n"
    "  (while (< 1 n) (do (set n (if (= (% n 2) 0) (/ n 2) (+ (* 3 n) 1))) (set steps (+ steps 1)))) "
    "steps))\n"
    "(def longest (limit) (do (set most 0) (set i 1)\n"
    "  (while (< i limit) (do (set steps (collatz i)) (if (< most steps) (set most steps) 0)\n"
    "    (set i (+ i 1)))) most))\n"
    "(def main () (+ (* (fib 16) 1000000) (+ (* (coprimes 1000) 1000) (longest 1000))))\n";

enum { MOST_PARTS = 8, MOST_LOCALS = 16, MOST_FUNCTIONS = 64 };

typedef struct {
  const char *start;
  int length;
} name;

typedef enum {
  CONSTANT,
  GET,
  ASSIGN,
  IF,
  WHILE,
  DO,
  CALL,
  ADD,
  SUBTRACT,
  MULTIPLY,
  DIVIDE,
  REMAINDER,
  LESS,
  EQUAL
} kind;

typedef struct node node;

typedef struct {
  name name;
  int slots;
  node *body;
} function;

struct node {
  kind kind;
  int slot, n_parts;
  int64_t value;
  function *callee;
  node *parts[];
};

typedef struct {
  const char *at;
  arena memory;
  function *functions[MOST_FUNCTIONS];
  int n_functions;
  name locals[MOST_LOCALS]; /* of the function being defined */
  int n_locals;
} parser;

static int64_t eval(const node *n, int64_t *frame) {
  switch (n->kind) {
  case CONSTANT: return n->value;
  case GET: return frame[n->slot];
  case ASSIGN: return frame[n->slot] = eval(n->parts[0], frame);
  case IF: return eval(n->parts[0], frame) ? eval(n->parts[1], frame) : eval(n->parts[2], frame);
  case WHILE:
    while (eval(n->parts[0], frame)) eval(n->parts[1], frame);
    return 0;
  case DO: {
    int64_t result = 0;
    for (int i = 0; i < n->n_parts; i++) result = eval(n->parts[i], frame);
    return result;
  }
  case CALL: {
    int64_t inner[MOST_LOCALS];
    for (int i = 0; i < n->n_parts; i++) inner[i] = eval(n->parts[i], frame);
    memset(inner + n->n_parts, 0, (size_t)(n->callee->slots - n->n_parts) * sizeof *inner);
    return eval(n->callee->body, inner);
  }
  default: break;
  }
  int64_t left = eval(n->parts[0], frame), right = eval(n->parts[1], frame);
  switch (n->kind) {
  case ADD: return left + right;
  case SUBTRACT: return left - right;
  case MULTIPLY: return left * right;
  case DIVIDE: return left / right;
  case REMAINDER: return left % right;
  case LESS: return left < right;
  default: return left == right;
  }
}

static void fail(const parser *p, const char *problem) {
  fprintf(stderr, "interpreter: %s before %.20s\n", problem, p->at);
  exit(EXIT_FAILURE);
}

static bool is_name(name n, const char *text) {
  return strlen(text) == (size_t)n.length && memcmp(n.start, text, (size_t)n.length) == 0;
}

static bool is_same(name a, name b) {
  return a.length == b.length && memcmp(a.start, b.start, (size_t)a.length) == 0;
}

/* The next character that is not a space; 0 at the end. */
static char peek(parser *p) {
  while (isspace((unsigned char)*p->at)) p->at++;
  return *p->at;
}

static bool take(parser *p, char wanted) {
  if (peek(p) != wanted) return false;
  p->at++;
  return true;
}

static void need(parser *p, char wanted) {
  if (!take(p, wanted)) fail(p, "a parenthesis is missing");
}

static name word(parser *p) {
  peek(p);
  size_t length = strcspn(p->at, " \n()");
  name result = {p->at, (int)length};
  p->at += length;
  return result;
}

/* The function of that name, perhaps still to be defined. */
static function *get_function(parser *p, name wanted) {
  for (int i = 0; i < p->n_functions; i++)
    if (is_same(p->functions[i]->name, wanted)) return p->functions[i];
  if (p->n_functions == MOST_FUNCTIONS) fail(p, "too many functions");
  function *f = arena_get(&p->memory, sizeof *f);
  *f = (function){.name = wanted};
  return p->functions[p->n_functions++] = f;
}

static int get_slot(parser *p, name wanted) {
  for (int i = 0; i < p->n_locals; i++)
    if (is_same(p->locals[i], wanted)) return i;
  if (p->n_locals == MOST_LOCALS) fail(p, "too many variables");
  p->locals[p->n_locals] = wanted;
  return p->n_locals++;
}

static node *node_make(parser *p, kind kind, int n_parts) {
  size_t size = sizeof(node) + (size_t)n_parts * sizeof(node *);
  node *n = memset(arena_get(&p->memory, size), 0, size);
  n->kind = kind;
  n->n_parts = n_parts;
  return n;
}

static node *atom(parser *p, name w) {
  node *n;
  if (isdigit((unsigned char)*w.start)) {
    n = node_make(p, CONSTANT, 0);
    n->value = strtoll(w.start, NULL, 10);
  } else {
    n = node_make(p, GET, 0);
    n->slot = get_slot(p, w);
  }
  return n;
}

/* What a form is by its first word; CALL for any other. */
static kind kind_of(name w) {
  static const struct {
    const char *word;
    kind kind;
  } forms[] = {{"if", IF},      {"while", WHILE}, {"do", DO},       {"+", ADD},  {"-", SUBTRACT},
               {"*", MULTIPLY}, {"/", DIVIDE},    {"%", REMAINDER}, {"<", LESS}, {"=", EQUAL}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (is_name(w, forms[i].word)) return forms[i].kind;
  return CALL;
}

static node *expression(parser *p);

static node *assignment(parser *p) {
  node *n = node_make(p, ASSIGN, 1);
  n->slot = get_slot(p, word(p));
  n->parts[0] = expression(p);
  return n;
}

static node *form(parser *p, name first) {
  node *parts[MOST_PARTS];
  int n_parts = 0;
  while (peek(p) != ')') {
    if (n_parts == MOST_PARTS) fail(p, "too many parts");
    parts[n_parts++] = expression(p);
  }
  node *n = node_make(p, kind_of(first), n_parts);
  if (n_parts) memcpy(n->parts, parts, (size_t)n_parts * sizeof *parts);
  if (n->kind == CALL) n->callee = get_function(p, first);
  return n;
}

static node *expression(parser *p) {
  if (!take(p, '(')) return atom(p, word(p));
  name first = word(p);
  node *n = is_name(first, "set") ? assignment(p) : form(p, first);
  need(p, ')');
  return n;
}

static void define(parser *p) {
  need(p, '(');
  if (!is_name(word(p), "def")) fail(p, "a definition is missing");
  function *f = get_function(p, word(p));
  p->n_locals = 0;
  need(p, '(');
  while (!take(p, ')')) get_slot(p, word(p));
  f->body = expression(p);
  f->slots = p->n_locals;
  need(p, ')');
}

static bool is_program_right(void) {
  parser p = {.at = source};
  while (peek(&p)) define(&p);
  const function *start = get_function(&p, (name){"main", 4});
  int64_t frame[MOST_LOCALS] = {0};
  bool is_right = eval(start->body, frame) == 987400178;
  arena_free(&p.memory);
  return is_right;
}

static bool interpreter(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_program_right()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 3, interpreter); }
