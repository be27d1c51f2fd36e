/* cd.c: finds collisions in simulated air traffic; see ../rima/cd.rima.

   Invariant: what one frame needs lives in an arena that is reset before the next; only the known positions
   stay. */
#include "harness.h"
#include "som.h"
#include "tree.h"
#include <math.h>

static const double low = 0.0, high = 1000.0, ceiling = 10.0;
static const double radius = 1.0; /* of the sphere that an aircraft must keep free */
static const double cell = 2.0;   /* the side of a square of the map */

typedef struct {
  double x, y;
} vec2;

typedef struct {
  double x, y, z;
} vec3;

static vec2 square_at(vec2 square, int right, int up) {
  return (vec2){square.x + right * cell, square.y + up * cell};
}
static vec3 plus(vec3 a, vec3 b) { return (vec3){a.x + b.x, a.y + b.y, a.z + b.z}; }
static vec3 minus(vec3 a, vec3 b) { return (vec3){a.x - b.x, a.y - b.y, a.z - b.z}; }
static vec3 scaled(vec3 a, double factor) { return (vec3){a.x * factor, a.y * factor, a.z * factor}; }
static double dot(vec3 a, vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

typedef struct {
  int call_sign;
  vec3 position;
} aircraft;

/* The straight flight of an aircraft during one frame. */
typedef struct {
  int call_sign;
  vec3 start, end;
} motion;

typedef struct {
  int first, second;
  vec3 position;
} collision;

typedef struct {
  tree_node node;
  int call_sign;
  vec3 position;
} position;

/* A square of the map, and the motions that touch it. */
typedef struct {
  tree_node node;
  vec2 corner;
  vector motions;
} square;

static int order_sign(const void *key, const tree_node *node) {
  int a = *(const int *)key, b = ((const position *)node)->call_sign;
  return (a > b) - (a < b);
}

static int order_corner(const void *key, const tree_node *node) {
  const vec2 *a = key, *b = &((const square *)node)->corner;
  int by_x = (a->x > b->x) - (a->x < b->x);
  return by_x ? by_x : (a->y > b->y) - (a->y < b->y);
}

static bool is_inside(vec3 p) {
  return p.x >= low && p.x <= high && p.y >= low && p.y <= high && p.z >= low && p.z <= ceiling;
}

/* Whether the times have the beginning or the end of the frame among them or lie within it. */
static bool touches_unit(double start, double end) {
  return (start <= 1.0 && 1.0 <= end) || (start <= 0.0 && 0.0 <= end) || (0.0 <= start && end <= 1.0);
}

/* Whether the two come too near to each other; if so, sets where. */
static bool intersect(const motion *one, const motion *other, vec3 *place) {
  vec3 start = one->start;
  vec3 move1 = minus(one->end, start), move2 = minus(other->end, other->start);
  vec3 relative = minus(move2, move1), apart = minus(other->start, start);
  double a = dot(relative, relative);
  if (a == 0.0) {
    *place = scaled(plus(start, other->start), 0.5);
    return sqrt(dot(apart, apart)) <= radius;
  }
  /* The distance is the radius at times t where a t^2 + b t + c = 0. */
  double b = 2.0 * dot(minus(start, other->start), minus(move1, move2));
  double c = dot(apart, apart) - radius * radius;
  double discriminant = b * b - 4.0 * a * c;
  if (discriminant < 0.0) return false;
  double root = sqrt(discriminant);
  double t1 = (-b - root) / (2.0 * a), t2 = (-b + root) / (2.0 * a);
  if (t1 > t2 || !touches_unit(t1, t2)) return false;
  double t = t1 <= 0.0 ? 0.0 : t1;
  *place = scaled(plus(plus(start, scaled(move1, t)), plus(other->start, scaled(move2, t))), 0.5);
  return is_inside(*place);
}

typedef struct {
  arena lasting, frame;
  tree positions; /* in the lasting arena */
} detector;

/* Sets the position of an aircraft and returns the one before, or the new one if there was none. */
static vec3 put_position(tree *t, int call_sign, vec3 now, arena *memory) {
  tree_place place = tree_seek(t, &call_sign, order_sign);
  vec3 before = now;
  position *p = (position *)*place.link;
  if (p) {
    before = p->position;
  } else {
    p = arena_get(memory, sizeof *p);
    p->call_sign = call_sign;
    tree_insert(t, place, &p->node);
  }
  p->position = now;
  return before;
}

/* If an aircraft that was known is not seen any more, only those that are seen stay known. */
static void forget_unseen(detector *d, const tree *seen) {
  const tree_node *n = tree_first(&d->positions);
  while (n && tree_find(seen, &((const position *)n)->call_sign, order_sign)) n = tree_next(n);
  if (!n) return;
  arena_reset(&d->lasting);
  d->positions = (tree){NULL};
  for (n = tree_first(seen); n; n = tree_next(n)) {
    const position *p = (const position *)n;
    put_position(&d->positions, p->call_sign, p->position, &d->lasting);
  }
}

static motion *motions_of(detector *d, const aircraft *frame, int count) {
  motion *motions = arena_get(&d->frame, (size_t)count * sizeof *motions);
  tree seen = {NULL};
  for (int i = 0; i < count; i++) {
    int sign = frame[i].call_sign;
    vec3 now = frame[i].position;
    vec3 before = put_position(&d->positions, sign, now, &d->lasting);
    put_position(&seen, sign, now, &d->frame);
    motions[i] = (motion){sign, before, now};
  }
  forget_unseen(d, &seen);
  return motions;
}

static vec2 corner_of(vec3 p) {
  vec2 corner = {cell * (double)(long)(p.x / cell), cell * (double)(long)(p.y / cell)};
  if (p.x < 0.0) corner.x -= cell;
  if (p.y < 0.0) corner.y -= cell;
  return corner;
}

/* Whether what does not move in this direction is between the sides. */
static bool overlaps(double side, double at, double delta, double margin) {
  return delta == 0.0 && side <= at + margin && at - margin <= side + cell;
}

static void swap(double *a, double *b) {
  double held = *a;
  *a = *b;
  *b = held;
}

static bool touches(vec2 corner, const motion *m) {
  if (corner.x > high || corner.x < low || corner.y > high || corner.y < low) return false;
  double x0 = m->start.x, y0 = m->start.y;
  double dx = m->end.x - x0, dy = m->end.y - y0;
  double margin = radius / 2.0;
  /* The times at which the motion crosses the four sides. */
  double x_in = (corner.x - margin - x0) / dx, x_out = (corner.x + cell + margin - x0) / dx;
  if (dx < 0.0) swap(&x_in, &x_out);
  double y_in = (corner.y - margin - y0) / dy, y_out = (corner.y + cell + margin - y0) / dy;
  if (dy < 0.0) swap(&y_in, &y_out);
  if (!overlaps(corner.x, x0, dx, margin) && !touches_unit(x_in, x_out)) return false;
  if (!overlaps(corner.y, y0, dy, margin) && !touches_unit(y_in, y_out)) return false;
  if (dx == 0.0 || dy == 0.0) return true;
  return (y_in <= x_out && x_out <= y_out) || (y_in <= x_in && x_in <= y_out) ||
         (x_in <= y_in && y_out <= x_out);
}

/* Finds or makes the square of a corner; says whether it was made. */
static bool put_square(tree *t, vec2 corner, arena *memory, square **found) {
  tree_place place = tree_seek(t, &corner, order_corner);
  *found = (square *)*place.link;
  if (*found) return false;
  *found = arena_get(memory, sizeof **found);
  (*found)->corner = corner;
  (*found)->motions = (vector){.arena = memory};
  tree_insert(t, place, &(*found)->node);
  return true;
}

/* Enters a motion in every square that it touches, beginning with one of them. */
static void spread(arena *memory, tree *map, tree *seen, vec2 corner, motion *m) {
  square *here;
  if (!touches(corner, m) || !put_square(seen, corner, memory, &here)) return;
  put_square(map, corner, memory, &here);
  vector_append(&here->motions, m);
  spread(memory, map, seen, square_at(corner, -1, 0), m);
  spread(memory, map, seen, square_at(corner, 1, 0), m);
  spread(memory, map, seen, square_at(corner, 0, -1), m);
  spread(memory, map, seen, square_at(corner, 0, 1), m);
  spread(memory, map, seen, square_at(corner, -1, -1), m);
  spread(memory, map, seen, square_at(corner, -1, 1), m);
  spread(memory, map, seen, square_at(corner, 1, -1), m);
  spread(memory, map, seen, square_at(corner, 1, 1), m);
}

static void collide_within(const vector *motions, vector *collisions, arena *memory) {
  for (int i = 0; i < vector_size(motions); i++) {
    const motion *one = vector_at(motions, i);
    for (int j = i + 1; j < vector_size(motions); j++) {
      const motion *other = vector_at(motions, j);
      vec3 place;
      if (!intersect(one, other, &place)) continue;
      collision *c = arena_get(memory, sizeof *c);
      *c = (collision){one->call_sign, other->call_sign, place};
      vector_append(collisions, c);
    }
  }
}

/* Takes the positions of all aircraft; returns the number of collisions since the frame before. */
static int detect(detector *d, const aircraft *frame, int count) {
  motion *motions = motions_of(d, frame, count);
  tree map = {NULL};
  for (int i = 0; i < count; i++) {
    tree seen = {NULL};
    spread(&d->frame, &map, &seen, corner_of(motions[i].start), &motions[i]);
  }
  vector collisions = {.arena = &d->frame};
  for (const tree_node *n = tree_first(&map); n; n = tree_next(n))
    collide_within(&((const square *)n)->motions, &collisions, &d->frame);
  return vector_size(&collisions);
}

/* Pairs of aircraft that fly along waves. */
static aircraft *simulate(arena *memory, int count, double time) {
  aircraft *frame = arena_get(memory, (size_t)count * sizeof *frame);
  for (int i = 0; i + 1 < count; i += 2) {
    double lane = i * 3.0;
    frame[i] = (aircraft){i, {time, cos(time) * 2.0 + lane, 10.0}};
    frame[i + 1] = (aircraft){i + 1, {time, sin(time) * 2.0 + lane, 10.0}};
  }
  return frame;
}

static int count_collisions(int n_aircraft) {
  detector d = {0};
  int count = 0;
  for (int i = 0; i < 200; i++) {
    arena_reset(&d.frame);
    count += detect(&d, simulate(&d.frame, n_aircraft, i / 10.0), n_aircraft);
  }
  arena_free(&d.frame);
  arena_free(&d.lasting);
  return count;
}

/* The collisions among that many aircraft; -1 where it is not known. */
static int expected(int n_aircraft) {
  switch (n_aircraft) {
  case 2: return 42;
  case 10: return 390;
  case 100: return 4305;
  case 200: return 8655;
  case 250: return 10830;
  case 500:
  case 1000: return 14484;
  default: return -1;
  }
}

static bool is_right(int n_aircraft) {
  int wanted = expected(n_aircraft);
  return wanted >= 0 && count_collisions(n_aircraft) == wanted;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 10, is_right); }
