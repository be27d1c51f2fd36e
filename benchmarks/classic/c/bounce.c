/* bounce.c: a hundred balls in a box; see ../rima/bounce.rima. */
#include "harness.h"
#include "som.h"
#include <stdlib.h>

enum { BOX_SIZE = 500, N_BALLS = 100, N_STEPS = 50 };

typedef struct {
  int x, y, x_speed, y_speed;
} ball;

static void ball_init(ball *b, random_source *random) {
  b->x = random_next(random) % 500;
  b->y = random_next(random) % 500;
  b->x_speed = random_next(random) % 300 - 150;
  b->y_speed = random_next(random) % 300 - 150;
}

/* Moves one step; true if a wall was hit. */
static bool ball_move(ball *b) {
  bool has_bounced = false;
  b->x += b->x_speed;
  b->y += b->y_speed;
  if (b->x > BOX_SIZE) {
    b->x = BOX_SIZE;
    b->x_speed = -abs(b->x_speed);
    has_bounced = true;
  }
  if (b->x < 0) {
    b->x = 0;
    b->x_speed = abs(b->x_speed);
    has_bounced = true;
  }
  if (b->y > BOX_SIZE) {
    b->y = BOX_SIZE;
    b->y_speed = -abs(b->y_speed);
    has_bounced = true;
  }
  if (b->y < 0) {
    b->y = 0;
    b->y_speed = abs(b->y_speed);
    has_bounced = true;
  }
  return has_bounced;
}

static int count_bounces(void) {
  random_source random = RANDOM_START;
  ball balls[N_BALLS];
  for (int i = 0; i < N_BALLS; i++) ball_init(&balls[i], &random);
  int bounces = 0;
  for (int step = 0; step < N_STEPS; step++)
    for (int i = 0; i < N_BALLS; i++)
      if (ball_move(&balls[i])) bounces++;
  return bounces;
}

static bool bounce(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (count_bounces() != 1331) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 50, bounce); }
