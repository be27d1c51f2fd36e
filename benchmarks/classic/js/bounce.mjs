// bounce.mjs: a hundred balls in a box; see ../rima/bounce.rima.
import { run } from "./harness.mjs";
import { Random } from "./som.mjs";

const boxSize = 500;

class Ball {
  constructor(random) {
    this.x = random.next() % 500;
    this.y = random.next() % 500;
    this.xSpeed = (random.next() % 300) - 150;
    this.ySpeed = (random.next() % 300) - 150;
  }

  /** Moves one step; true if a wall was hit. */
  move() {
    let hasBounced = false;
    this.x += this.xSpeed;
    this.y += this.ySpeed;
    if (this.x > boxSize) {
      this.x = boxSize;
      this.xSpeed = -Math.abs(this.xSpeed);
      hasBounced = true;
    }
    if (this.x < 0) {
      this.x = 0;
      this.xSpeed = Math.abs(this.xSpeed);
      hasBounced = true;
    }
    if (this.y > boxSize) {
      this.y = boxSize;
      this.ySpeed = -Math.abs(this.ySpeed);
      hasBounced = true;
    }
    if (this.y < 0) {
      this.y = 0;
      this.ySpeed = Math.abs(this.ySpeed);
      hasBounced = true;
    }
    return hasBounced;
  }
}

function countBounces() {
  const random = new Random();
  const balls = new Array(100);
  for (let i = 0; i < 100; i++) balls[i] = new Ball(random);
  let bounces = 0;
  for (let step = 0; step < 50; step++) {
    for (const ball of balls) {
      if (ball.move()) bounces++;
    }
  }
  return bounces;
}

run(50, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (countBounces() !== 1331) return false;
  }
  return true;
});
