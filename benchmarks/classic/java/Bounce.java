// Bounce.java: a hundred balls in a box; see ../rima/bounce.rima.
package classic;

import classic.Som.Random;

public final class Bounce {
  private static final int BOX_SIZE = 500;

  private static final class Ball {
    private int x;
    private int y;
    private int xSpeed;
    private int ySpeed;

    Ball(Random random) {
      x = random.next() % 500;
      y = random.next() % 500;
      xSpeed = random.next() % 300 - 150;
      ySpeed = random.next() % 300 - 150;
    }

    /** Moves one step; true if a wall was hit. */
    boolean move() {
      boolean hasBounced = false;
      x += xSpeed;
      y += ySpeed;
      if (x > BOX_SIZE) {
        x = BOX_SIZE;
        xSpeed = -Math.abs(xSpeed);
        hasBounced = true;
      }
      if (x < 0) {
        x = 0;
        xSpeed = Math.abs(xSpeed);
        hasBounced = true;
      }
      if (y > BOX_SIZE) {
        y = BOX_SIZE;
        ySpeed = -Math.abs(ySpeed);
        hasBounced = true;
      }
      if (y < 0) {
        y = 0;
        ySpeed = Math.abs(ySpeed);
        hasBounced = true;
      }
      return hasBounced;
    }
  }

  private static int countBounces() {
    Random random = new Random();
    Ball[] balls = new Ball[100];
    for (int i = 0; i < balls.length; i++) balls[i] = new Ball(random);
    int bounces = 0;
    for (int step = 0; step < 50; step++) {
      for (Ball ball : balls) {
        if (ball.move()) bounces++;
      }
    }
    return bounces;
  }

  private static boolean bounce(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (countBounces() != 1331) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 50, Bounce::bounce);
  }
}
