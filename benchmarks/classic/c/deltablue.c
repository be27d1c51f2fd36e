/* deltablue.c: an incremental solver of one-way constraints; see ../rima/deltablue.rima.

   Invariant: everything a planner makes, but for short-lived vectors, lives in its arena. */
#include "harness.h"
#include "som.h"
#include <stdio.h>
#include <stdlib.h>

/* How much a constraint insists: the smaller, the stronger. */
typedef enum {
  REQUIRED,
  STRONG_PREFERRED,
  PREFERRED,
  STRONG_DEFAULT,
  NORMAL,
  WEAK_DEFAULT,
  WEAKEST
} strength;

typedef struct constraint constraint;

typedef struct {
  int value, mark;
  vector constraints;
  constraint *determined_by;
  strength strength; /* of the weakest constraint that determines the value */
  bool is_constant;
} variable;

typedef enum { STAY, EDIT, EQUALITY, SCALING } kind;
typedef enum { OFF, FORWARD, BACKWARD } direction;

/* A unary constraint is about its left variable and is on when its direction is not OFF. Scaling keeps
   right = left * scale + offset. */
struct constraint {
  kind kind;
  strength strength;
  direction direction;
  variable *left, *right, *scale, *offset;
};

typedef struct {
  arena memory;
  int last_mark;
} planner;

static bool is_unary(const constraint *c) { return c->kind <= EDIT; }
static bool is_input(const constraint *c) { return c->kind == EDIT; }
static bool is_satisfied(const constraint *c) { return c->direction != OFF; }
static variable *input(const constraint *c) { return c->direction == FORWARD ? c->left : c->right; }

static variable *output(const constraint *c) {
  if (is_unary(c)) return c->left;
  return c->direction == FORWARD ? c->right : c->left;
}

static variable *variable_make(planner *p, int value) {
  variable *v = arena_get(&p->memory, sizeof *v);
  *v = (variable){.value = value, .strength = WEAKEST, .is_constant = true};
  v->constraints.arena = &p->memory;
  return v;
}

static void variable_drop(variable *v, constraint *c) {
  vector_remove(&v->constraints, c);
  if (v->determined_by == c) v->determined_by = NULL;
}

static void attach(constraint *c) {
  vector_append(&c->left->constraints, c);
  if (c->right) vector_append(&c->right->constraints, c);
  if (c->scale) vector_append(&c->scale->constraints, c);
  if (c->offset) vector_append(&c->offset->constraints, c);
  c->direction = OFF;
}

static void detach(constraint *c) {
  variable_drop(c->left, c);
  if (c->right) variable_drop(c->right, c);
  if (c->scale) variable_drop(c->scale, c);
  if (c->offset) variable_drop(c->offset, c);
  c->direction = OFF;
}

static direction direction_to(const constraint *c, const variable *target, int mark, direction way) {
  return target->mark != mark && c->strength < target->strength ? way : OFF;
}

/* Satisfies a constraint if that is possible. */
static void choose(constraint *c, int mark) {
  if (is_unary(c)) c->direction = direction_to(c, c->left, mark, FORWARD);
  else if (c->left->mark == mark) c->direction = direction_to(c, c->right, mark, FORWARD);
  else if (c->right->mark == mark) c->direction = direction_to(c, c->left, mark, BACKWARD);
  else if (c->left->strength > c->right->strength) c->direction = direction_to(c, c->left, mark, BACKWARD);
  else c->direction = direction_to(c, c->right, mark, FORWARD);
}

static void mark_inputs(constraint *c, int mark) {
  if (is_unary(c)) return;
  input(c)->mark = mark;
  if (c->kind != SCALING) return;
  c->scale->mark = mark;
  c->offset->mark = mark;
}

static bool is_known(const variable *v, int mark) {
  return v->mark == mark || v->is_constant || !v->determined_by;
}

static bool are_inputs_known(const constraint *c, int mark) {
  switch (c->kind) {
  case EQUALITY: return is_known(input(c), mark);
  case SCALING: return is_known(input(c), mark) && is_known(c->scale, mark) && is_known(c->offset, mark);
  default: return true;
  }
}

static void execute(constraint *c) {
  switch (c->kind) {
  case EQUALITY: output(c)->value = input(c)->value; break;
  case SCALING:
    if (c->direction == FORWARD) c->right->value = c->left->value * c->scale->value + c->offset->value;
    else c->left->value = (c->right->value - c->offset->value) / c->scale->value;
    break;
  default: break;
  }
}

static void recalculate(constraint *c) {
  variable *target = output(c);
  if (is_unary(c)) {
    target->strength = c->strength;
    target->is_constant = !is_input(c);
  } else {
    const variable *source = input(c);
    target->strength = source->strength > c->strength ? source->strength : c->strength;
    target->is_constant =
        source->is_constant && (c->kind != SCALING || (c->scale->is_constant && c->offset->is_constant));
  }
  if (target->is_constant) execute(c);
}

static void fail(const char *message) {
  fprintf(stderr, "deltablue: %s\n", message);
  exit(EXIT_FAILURE);
}

static int new_mark(planner *p) { return ++p->last_mark; }

static void append_consumers(const variable *v, vector *todo) {
  for (int i = 0; i < vector_size(&v->constraints); i++) {
    constraint *c = vector_at(&v->constraints, i);
    if (c != v->determined_by && is_satisfied(c)) vector_append(todo, c);
  }
}

static void retract(planner *p, constraint *c);

/* Recomputes what depends on a constraint; false if it depends on itself. */
static bool propagate(planner *p, constraint *c, int mark) {
  bool is_acyclic = true;
  vector todo = {0};
  vector_append(&todo, c);
  while (!vector_is_empty(&todo)) {
    constraint *next = vector_remove_first(&todo);
    variable *target = output(next);
    if (target->mark == mark) {
      retract(p, c);
      is_acyclic = false;
      break;
    }
    recalculate(next);
    append_consumers(target, &todo);
  }
  vector_free(&todo);
  return is_acyclic;
}

/* Tries to enforce a constraint; returns the one it displaced. */
static constraint *satisfy(planner *p, constraint *c, int mark) {
  choose(c, mark);
  if (!is_satisfied(c)) {
    if (c->strength == REQUIRED) fail("a required constraint cannot be satisfied");
    return NULL;
  }
  mark_inputs(c, mark);
  variable *target = output(c);
  constraint *displaced = target->determined_by;
  if (displaced) displaced->direction = OFF;
  target->determined_by = c;
  if (!propagate(p, c, mark)) fail("the constraints form a cycle");
  target->mark = mark;
  return displaced;
}

static void enforce(planner *p, constraint *c) {
  int mark = new_mark(p);
  while (c) c = satisfy(p, c, mark);
}

/* Frees a variable and all downstream; appends the constraints that might now be satisfied. */
static void loosen(variable *v, vector *unsatisfied) {
  v->determined_by = NULL;
  v->strength = WEAKEST;
  v->is_constant = true;
  vector todo = {0};
  vector_append(&todo, v);
  while (!vector_is_empty(&todo)) {
    v = vector_remove_first(&todo);
    for (int i = 0; i < vector_size(&v->constraints); i++) {
      constraint *c = vector_at(&v->constraints, i);
      if (!is_satisfied(c)) vector_append(unsatisfied, c);
    }
    for (int i = 0; i < vector_size(&v->constraints); i++) {
      constraint *c = vector_at(&v->constraints, i);
      if (c == v->determined_by || !is_satisfied(c)) continue;
      recalculate(c);
      vector_append(&todo, output(c));
    }
  }
  vector_free(&todo);
}

static void retract(planner *p, constraint *c) {
  variable *target = output(c);
  detach(c);
  vector unsatisfied = {0};
  loosen(target, &unsatisfied);
  for (strength level = REQUIRED; level <= WEAKEST; level++) {
    for (int i = 0; i < vector_size(&unsatisfied); i++) {
      constraint *candidate = vector_at(&unsatisfied, i);
      if (candidate->strength == level) enforce(p, candidate);
    }
  }
  vector_free(&unsatisfied);
}

static constraint *add(planner *p, constraint model) {
  constraint *c = arena_get(&p->memory, sizeof *c);
  *c = model;
  attach(c);
  enforce(p, c);
  return c;
}

static void remove_constraint(planner *p, constraint *c) {
  if (is_satisfied(c)) retract(p, c);
  else detach(c);
}

/* Orders the constraints that an edit sets in motion. The caller frees the vector. */
static vector plan_for(planner *p, constraint *edit) {
  vector todo = {0}, plan = {0};
  if (is_input(edit) && is_satisfied(edit)) vector_append(&todo, edit);
  int mark = new_mark(p);
  while (!vector_is_empty(&todo)) {
    constraint *c = vector_remove_first(&todo);
    variable *target = output(c);
    if (target->mark == mark || !are_inputs_known(c, mark)) continue;
    vector_append(&plan, c);
    target->mark = mark;
    append_consumers(target, &todo);
  }
  vector_free(&todo);
  return plan;
}

static void execute_plan(const vector *plan) {
  for (int i = 0; i < vector_size(plan); i++) execute(vector_at(plan, i));
}

/* Sets a variable ten times by a plan made once. */
static void change(planner *p, variable *v, int value) {
  constraint *edit = add(p, (constraint){.kind = EDIT, .strength = PREFERRED, .left = v});
  vector plan = plan_for(p, edit);
  for (int i = 0; i < 10; i++) {
    v->value = value;
    execute_plan(&plan);
  }
  vector_free(&plan);
  remove_constraint(p, edit);
}

/* A long chain of equalities: the worst case for an incremental solver. */
static bool test_chain(int length) {
  planner p = {0};
  variable *first = variable_make(&p, 0), *last = first;
  for (int i = 0; i < length; i++) {
    variable *next = variable_make(&p, 0);
    add(&p, (constraint){.kind = EQUALITY, .strength = REQUIRED, .left = last, .right = next});
    last = next;
  }
  add(&p, (constraint){.kind = STAY, .strength = STRONG_DEFAULT, .left = last});
  constraint *edit = add(&p, (constraint){.kind = EDIT, .strength = PREFERRED, .left = first});
  vector plan = plan_for(&p, edit);
  bool is_right = true;
  for (int i = 0; i < 100 && is_right; i++) {
    first->value = i;
    execute_plan(&plan);
    is_right = last->value == i;
  }
  vector_free(&plan);
  remove_constraint(&p, edit);
  arena_free(&p.memory);
  return is_right;
}

/* Whether every target but the last is its index * 5 + offset. */
static bool are_targets(variable *const *targets, int count, int offset) {
  for (int i = 0; i < count - 1; i++)
    if (targets[i]->value != i * 5 + offset) return false;
  return true;
}

static bool change_ends(planner *p, variable *scale, variable *offset, variable *source,
                        variable *const *targets, int count) {
  variable *target = targets[count - 1];
  change(p, source, 17);
  if (target->value != 1170) return false;
  change(p, target, 1050);
  if (source->value != 5) return false;
  change(p, scale, 5);
  if (!are_targets(targets, count, 1000)) return false;
  change(p, offset, 2000);
  return are_targets(targets, count, 2000);
}

/* Many pairs tied by one scale and one offset, then a change to each of the four ends. */
static bool test_projection(int count) {
  planner p = {0};
  variable *scale = variable_make(&p, 10), *offset = variable_make(&p, 1000), *source = NULL;
  variable **targets = arena_get(&p.memory, (size_t)count * sizeof(variable *));
  for (int i = 0; i < count; i++) {
    source = variable_make(&p, i);
    targets[i] = variable_make(&p, i);
    add(&p, (constraint){.kind = STAY, .strength = NORMAL, .left = source});
    add(&p, (constraint){.kind = SCALING,
                         .strength = REQUIRED,
                         .left = source,
                         .right = targets[i],
                         .scale = scale,
                         .offset = offset});
  }
  bool is_right = count > 0 && change_ends(&p, scale, offset, source, targets, count);
  arena_free(&p.memory);
  return is_right;
}

static bool deltablue(int size) { return test_chain(size) && test_projection(size); }

int main(int argc, char **argv) { return harness_run(argc, argv, 300, deltablue); }
