/* raytracer.c: a picture of mirroring spheres over a floor; see ../rima/raytracer.rima. */
#include "harness.h"
#include <math.h>
#include <stddef.h>

typedef struct {
  double x, y, z;
} vec;

static vec plus(vec a, vec b) { return (vec){a.x + b.x, a.y + b.y, a.z + b.z}; }
static vec minus(vec a, vec b) { return (vec){a.x - b.x, a.y - b.y, a.z - b.z}; }
static vec scaled(vec a, double factor) { return (vec){a.x * factor, a.y * factor, a.z * factor}; }
static double dot(vec a, vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static vec unit(vec a) { return scaled(a, 1.0 / sqrt(dot(a, a))); }

static const double near = 0.000001;
enum { MOST_BOUNCES = 4 };
static const vec sky = {0.3, 0.5, 0.8}, lamp = {-4.0, 8.0, -6.0}, eye = {0.0, 1.5, -6.0};

/* From an origin in the direction of a vector of length one. */
typedef struct {
  vec origin, direction;
} ray;

/* A sphere, or a level floor of squares in two colours. */
typedef struct {
  enum { FLOOR, SPHERE } kind;
  double mirroring;
  union {
    struct {
      vec centre;
      double radius;
      vec paint;
    } sphere;
    struct {
      double height;
      vec light, dark;
    } floor;
  };
} body;

static const body bodies[] = {
    {FLOOR, 0.2, .floor = {0.0, {0.9, 0.9, 0.9}, {0.1, 0.2, 0.1}}},
    {SPHERE, 0.4, .sphere = {{0.0, 1.0, 0.0}, 1.0, {0.9, 0.2, 0.2}}},
    {SPHERE, 0.3, .sphere = {{2.2, 0.8, 1.0}, 0.8, {0.2, 0.9, 0.3}}},
    {SPHERE, 0.5, .sphere = {{-2.0, 1.2, 1.5}, 1.2, {0.3, 0.3, 0.9}}},
    {SPHERE, 0.1, .sphere = {{0.6, 0.4, -1.8}, 0.4, {0.9, 0.8, 0.2}}},
};

/* How far away the ray meets the body; -1 if it does not. */
static double distance_to(const body *b, const ray *r) {
  if (b->kind == FLOOR) {
    if (r->direction.y == 0.0) return -1.0;
    double distance = (b->floor.height - r->origin.y) / r->direction.y;
    return distance > near ? distance : -1.0;
  }
  vec away = minus(b->sphere.centre, r->origin);
  double along = dot(away, r->direction);
  double square = along * along - dot(away, away) + b->sphere.radius * b->sphere.radius;
  if (square < 0.0) return -1.0;
  double half = sqrt(square);
  return along - half > near ? along - half : along + half > near ? along + half : -1.0;
}

static vec normal_at(const body *b, vec point) {
  return b->kind == FLOOR ? (vec){0.0, 1.0, 0.0} : unit(minus(point, b->sphere.centre));
}

static vec colour_at(const body *b, vec point) {
  if (b->kind == SPHERE) return b->sphere.paint;
  long square = (long)(point.x + 1000.0) + (long)(point.z + 1000.0);
  return square % 2 == 0 ? b->floor.light : b->floor.dark;
}

/* The body that the ray meets first, or NULL; sets how far away. */
static const body *nearest(const ray *r, double *distance) {
  const body *found = NULL;
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    double d = distance_to(&bodies[i], r);
    if (d > 0.0 && (!found || d < *distance)) {
      found = &bodies[i];
      *distance = d;
    }
  }
  return found;
}

static double lighting(vec point, vec normal) {
  vec to_lamp = minus(lamp, point);
  vec direction = unit(to_lamp);
  double slant = dot(normal, direction);
  if (slant <= 0.0) return 0.1;
  ray r = {point, direction};
  double distance;
  bool is_shaded = nearest(&r, &distance) && distance * distance < dot(to_lamp, to_lamp);
  return is_shaded ? 0.1 : 0.1 + 0.9 * slant;
}

/* What is seen along a ray. */
static vec trace(const ray *r, int bounces) {
  double distance;
  const body *b = nearest(r, &distance);
  if (!b) return sky;
  vec point = plus(r->origin, scaled(r->direction, distance));
  vec normal = normal_at(b, point);
  vec own = scaled(colour_at(b, point), lighting(point, normal));
  if (bounces == MOST_BOUNCES) return own;
  vec turned = minus(r->direction, scaled(normal, 2.0 * dot(normal, r->direction)));
  ray mirrored = {point, unit(turned)};
  return plus(scaled(own, 1.0 - b->mirroring), scaled(trace(&mirrored, bounces + 1), b->mirroring));
}

static int levels(vec colour) {
  return (int)(colour.x * 255.0) + (int)(colour.y * 255.0) + (int)(colour.z * 255.0);
}

static int render(int size) {
  int sum = 0;
  for (int row = 0; row < size; row++) {
    double y = 1.0 - 2.0 * row / size;
    for (int column = 0; column < size; column++) {
      double x = 2.0 * column / size - 1.0;
      ray r = {eye, unit((vec){x, y, 2.0})};
      sum += levels(trace(&r, 0));
    }
  }
  return sum;
}

static bool is_right(int size) {
  int sum = render(size);
  switch (size) {
  case 10: return sum == 33478;
  case 100: return sum == 3314082;
  case 400: return sum == 52973379;
  default: return sum > 200 * size * size && sum < 500 * size * size;
  }
}

int main(int argc, char **argv) { return harness_run(argc, argv, 100, is_right); }
