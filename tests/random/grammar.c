/* grammar.c: reads grammar files; grammar.h says what they look like. */
#include "rules.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
  grammar *g;
  const char *at;
  uint32_t line;
} reader;

_Noreturn static void wrong(const reader *r, const char *what) {
  fprintf(stderr, "grammar, line %u: %s: %.60s\n", r->line, what, r->at);
  abort();
}

static uint32_t word_length(const char *at) {
  uint32_t n = 0;
  while (isalnum((unsigned char)at[n]) || at[n] == '_') n++;
  return n;
}

static bool is_name(const char *name, uint32_t length, const char *at, uint32_t n) {
  return length == n && memcmp(name, at, n) == 0;
}

static uint32_t rule_named(reader *r, const char *at, uint32_t n) {
  grammar *g = r->g;
  for (uint32_t i = 0; i < g->n_rules; i++)
    if (is_name(g->rules[i].name, g->rules[i].name_length, at, n)) return i;
  if (n == 0 || g->n_rules == MAX_RULES) wrong(r, "no rule's name, or too many rules");
  g->rules[g->n_rules] = (rule){.name = at, .name_length = n};
  return g->n_rules++;
}

static uint64_t need_named(reader *r, const char *at, uint32_t n) {
  grammar *g = r->g;
  for (uint32_t i = 0; i < g->n_needs; i++)
    if (is_name(g->needs[i], g->need_lengths[i], at, n)) return UINT64_C(1) << i;
  if (n == 0 || g->n_needs == MAX_NEEDS) wrong(r, "no need's name, or too many needs");
  g->needs[g->n_needs] = at;
  g->need_lengths[g->n_needs] = n;
  return UINT64_C(1) << g->n_needs++;
}

static int callable_named(const grammar *g, const char *at, uint32_t n) {
  for (uint32_t i = 0; i < g->n_callables; i++)
    if (is_name(g->callables[i].name, g->callables[i].name_length, at, n)) return (int)i;
  return NO_CALLABLE;
}

/* The rule's name at `at`, which is passed over. */
static uint32_t read_rule_name(reader *r) {
  uint32_t n = word_length(r->at), i = rule_named(r, r->at, n);
  r->at += n;
  return i;
}

/* Behind `@[`: grants, refusals, a body's callable; ends with a blank if there is any. */
static void read_open(reader *r, part *p) {
  p->kind = PART_OPEN;
  p->callable = NO_CALLABLE;
  if (strchr("+-=~", *r->at) == NULL) return;
  while (*r->at != ' ') {
    char sign = *r->at++;
    uint32_t n = word_length(r->at);
    if (sign == '~') p->is_opaque = true;
    else if (sign == '+') p->granted |= need_named(r, r->at, n);
    else if (sign == '-') p->refused |= need_named(r, r->at, n);
    else if (sign == '=') p->callable = callable_named(r->g, r->at, n);
    else wrong(r, "a scope begins with +need, -need, =callable or ~");
    if (sign == '=' && p->callable == NO_CALLABLE) wrong(r, "no such callable");
    r->at += n;
    if (*r->at == ',') r->at++;
  }
  r->at++;
}

/* Behind `@(`: a rule and a name. */
static void read_declared(reader *r, part *p) {
  p->kind = PART_DECLARED;
  p->number = read_rule_name(r);
  if (*r->at == '*') p->is_assignable = true, r->at++;
  if (*r->at != ' ') wrong(r, "a declaration is @(rule name)");
  p->text = ++r->at;
  p->length = word_length(r->at);
  r->at += p->length;
  if (*r->at++ != ')') wrong(r, "a declaration is @(rule name)");
}

/* Behind `@`. */
static part read_hole(reader *r) {
  part p = {.callable = NO_CALLABLE};
  char c = *r->at;
  if (strchr("^*+:=.[](#!", c) != NULL || isdigit((unsigned char)c)) r->at++;
  switch (c) {
  case '^':
  case '*':
  case '+':
    p.kind = PART_NEW;
    p.is_assignable = c == '*';
    p.is_inner = c == '+';
    p.number = read_rule_name(r);
    break;
  case ':':
  case '=':
    p.kind = PART_VARIABLE;
    p.is_assignable = c == '=';
    p.number = read_rule_name(r);
    break;
  case '.': p.kind = PART_NAME; break;
  case '#': p.kind = PART_INT; break;
  case '!':
    p.kind = PART_TIMES;
    p.number = (uint32_t)(*r->at++ - '0');
    break;
  case '[': read_open(r, &p); break;
  case ']': p.kind = PART_CLOSE; break;
  case '(': read_declared(r, &p); break;
  case 'K': p.kind = PART_FEW, r->at++; break;
  case 'N': p.kind = PART_MANY, r->at++; break;
  default:
    if (isdigit((unsigned char)c)) {
      p.kind = PART_NAMED;
      p.number = (uint32_t)(c - '1');
      break;
    }
    p.number = read_rule_name(r);
    p.kind = *r->at == '*' ? PART_SOME : *r->at == '?' ? PART_MAYBE : PART_EXPAND;
    if (p.kind != PART_EXPAND) r->at++;
  }
  return p;
}

static void add_part(reader *r, production *to, part p) {
  if (to->n_parts == MAX_PARTS) wrong(r, "too many parts");
  to->parts[to->n_parts++] = p;
  if (p.kind == PART_FEW || p.kind == PART_MANY || p.kind == PART_TIMES) to->has_loop = true;
}

/* The text up to the line's end, with a newline behind it if another line follows. */
static void read_text(reader *r, production *to, bool has_more) {
  while (*r->at != '\n') {
    if (*r->at == '@') {
      r->at++;
      add_part(r, to, read_hole(r));
      continue;
    }
    uint32_t n = (uint32_t)strcspn(r->at, "@\n");
    add_part(r, to, (part){.kind = PART_TEXT, .text = r->at, .length = n});
    r->at += n;
  }
  if (has_more) add_part(r, to, (part){.kind = PART_TEXT, .text = "\n", .length = 1});
}

static void skip_blanks(reader *r) { r->at += strspn(r->at, " "); }
static void next_line(reader *r) { r->at++, r->line++; }

static void read_lines(reader *r, production *to) {
  next_line(r);
  while (skip_blanks(r), *r->at == '|') {
    r->at += r->at[1] == ' ' ? 2 : 1;
    const char *next = strchr(r->at, '\n') + 1;
    read_text(r, to, next[strspn(next, " ")] == '|');
    next_line(r);
  }
}

static void read_needs(reader *r, production *to) {
  for (; *r->at == '!'; skip_blanks(r)) {
    uint32_t n = word_length(++r->at);
    int c = callable_named(r->g, r->at, n);
    if (c == NO_CALLABLE) to->needs |= need_named(r, r->at, n);
    else to->callable = c;
    r->at += n;
  }
}

static production *new_production(grammar *g, uint32_t i) {
  rule *of = &g->rules[i];
  of->productions = realloc(of->productions, (of->n_productions + 1) * sizeof *of->productions);
  production *p = &of->productions[of->n_productions++];
  *p = (production){.callable = NO_CALLABLE, .parts = calloc(MAX_PARTS, sizeof *p->parts)};
  return p;
}

static void read_production(reader *r) {
  uint32_t i = read_rule_name(r);
  production *p = new_production(r->g, i);
  skip_blanks(r);
  p->weight = (uint32_t)strtoul(r->at, (char **)&r->at, 10);
  if (p->weight == 0) wrong(r, "a production is RULE WEIGHT TEXT");
  skip_blanks(r);
  read_needs(r, p);
  if (*r->at == '\n') {
    read_lines(r, p);
  } else {
    read_text(r, p, false);
    next_line(r);
  }
  p->parts = realloc(p->parts, (p->n_parts + 1) * sizeof *p->parts);
}

static void read_callable(reader *r) {
  grammar *g = r->g;
  if (g->n_callables == MAX_CALLABLES) wrong(r, "too many callables");
  callable *c = &g->callables[g->n_callables++];
  c->name = r->at;
  c->name_length = word_length(r->at);
  r->at += c->name_length;
  c->cost = (uint32_t)strtoul(r->at, (char **)&r->at, 10);
  c->body = *r->at == '\n' ? c->cost : (uint32_t)strtoul(r->at, (char **)&r->at, 10);
  if (c->cost == 0 || *r->at != '\n') wrong(r, "a callable is NAME COST [BODY]");
  next_line(r);
}

static uint32_t production_height(const grammar *g, const production *p) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < p->n_parts; i++) {
    if (p->parts[i].kind == PART_VARIABLE && most < UNSURE) most = UNSURE; /* there may be none */
    if (p->parts[i].kind != PART_EXPAND) continue;
    uint32_t height = g->rules[p->parts[i].number].height;
    if (height > most) most = height;
  }
  return most >= ENDLESS ? ENDLESS : most + 1;
}

/* Of productions that need nothing; 0 for a rule that only variables stand for. */
static uint32_t rule_height(const grammar *g, const rule *of) {
  uint32_t least = of->n_productions == 0 ? 0 : ENDLESS;
  for (uint32_t k = 0; k < of->n_productions; k++) {
    uint32_t height = production_height(g, &of->productions[k]);
    if (of->productions[k].needs == 0 && height < least) least = height;
  }
  return least;
}

/* Finds out how soon each rule can end, and by which productions. */
static void measure(reader *r) {
  grammar *g = r->g;
  for (uint32_t i = 0; i < g->n_rules; i++) g->rules[i].height = ENDLESS;
  for (uint32_t round = 0; round < g->n_rules; round++)
    for (uint32_t i = 0; i < g->n_rules; i++) g->rules[i].height = rule_height(g, &g->rules[i]);
  for (uint32_t i = 0; i < g->n_rules; i++) {
    rule *of = &g->rules[i];
    of->first_production = g->n_productions;
    g->n_productions += of->n_productions;
    r->at = of->name;
    if (of->height == ENDLESS) wrong(r, "no production of this rule ever ends");
    for (uint32_t k = 0; k < of->n_productions; k++)
      of->productions[k].is_short = production_height(g, &of->productions[k]) <= of->height;
  }
}

grammar *grammar_new(const char *text) {
  reader r = {calloc(1, sizeof(grammar)), text, 1};
  while (*r.at != 0) {
    skip_blanks(&r);
    if (*r.at == '#' || *r.at == '\n') {
      r.at += strcspn(r.at, "\n");
      next_line(&r);
    } else if (strncmp(r.at, "callable ", 9) == 0) {
      r.at += 9;
      read_callable(&r);
    } else {
      read_production(&r);
    }
  }
  measure(&r);
  return r.g;
}

void grammar_free(grammar *g) {
  for (uint32_t i = 0; i < g->n_rules; i++) {
    for (uint32_t k = 0; k < g->rules[i].n_productions; k++) free(g->rules[i].productions[k].parts);
    free(g->rules[i].productions);
  }
  free(g);
}
