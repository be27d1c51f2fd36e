// cd.mjs: finds collisions in simulated air traffic; see ../rima/cd.rima.
import { run } from "./harness.mjs";
import { Vector } from "./som.mjs";

const low = 0.0;
const high = 1000.0;
const ceiling = 10.0;
const radius = 1.0; // of the sphere that an aircraft must keep free
const cell = 2.0; // the side of a square of the map

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

class CallSign {
  constructor(value) {
    this.value = value;
  }

  order(other) {
    return order(this.value, other.value);
  }
}

class Vector2 {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  plus(other) {
    return new Vector2(this.x + other.x, this.y + other.y);
  }

  minus(other) {
    return new Vector2(this.x - other.x, this.y - other.y);
  }

  order(other) {
    const byX = order(this.x, other.x);
    return byX !== 0 ? byX : order(this.y, other.y);
  }
}

class Vector3 {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }

  plus(other) {
    return new Vector3(this.x + other.x, this.y + other.y, this.z + other.z);
  }

  minus(other) {
    return new Vector3(this.x - other.x, this.y - other.y, this.z - other.z);
  }

  dot(other) {
    return this.x * other.x + this.y * other.y + this.z * other.z;
  }

  squaredLength() {
    return this.dot(this);
  }

  length() {
    return Math.sqrt(this.dot(this));
  }

  scaled(factor) {
    return new Vector3(this.x * factor, this.y * factor, this.z * factor);
  }
}

class TreeNode {
  constructor(key, value, parent) {
    this.key = key;
    this.value = value;
    this.parent = parent;
    this.left = null;
    this.right = null;
    this.isRed = true;
  }
}

/** A balanced search tree: no red node has a red child, every way down meets as many black nodes. */
class RedBlackTree {
  constructor() {
    this.root = null;
  }

  get(key) {
    let node = this.root;
    while (node !== null) {
      const order = key.order(node.key);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  /** Sets the value of a key and returns the one before. */
  put(key, value) {
    let parent = null;
    let node = this.root;
    let order = 0;
    while (node !== null) {
      order = key.order(node.key);
      if (order === 0) {
        const before = node.value;
        node.value = value;
        return before;
      }
      parent = node;
      node = order < 0 ? node.left : node.right;
    }
    const added = new TreeNode(key, value, parent);
    if (parent === null) {
      this.root = added;
    } else if (order < 0) {
      parent.left = added;
    } else {
      parent.right = added;
    }
    this.rebalance(added);
    return null;
  }

  /** Mends a red node under a red node, moving the fault upwards until it is gone. */
  rebalance(added) {
    let node = added;
    while (node.parent !== null && node.parent.isRed) {
      const parent = node.parent;
      const grandparent = parent.parent;
      const isLeft = parent === grandparent.left;
      const uncle = isLeft ? grandparent.right : grandparent.left;
      if (uncle !== null && uncle.isRed) {
        parent.isRed = false;
        uncle.isRed = false;
        grandparent.isRed = true;
        node = grandparent;
      } else if (isLeft) {
        if (node === parent.right) {
          node = parent;
          this.rotateLeft(node);
        }
        node.parent.isRed = false;
        grandparent.isRed = true;
        this.rotateRight(grandparent);
      } else {
        if (node === parent.left) {
          node = parent;
          this.rotateRight(node);
        }
        node.parent.isRed = false;
        grandparent.isRed = true;
        this.rotateLeft(grandparent);
      }
    }
    this.root.isRed = false;
  }

  rotateLeft(node) {
    const child = node.right;
    const inner = child.left;
    node.right = inner;
    if (inner !== null) inner.parent = node;
    this.replace(node, child);
    child.left = node;
    node.parent = child;
  }

  rotateRight(node) {
    const child = node.left;
    const inner = child.right;
    node.left = inner;
    if (inner !== null) inner.parent = node;
    this.replace(node, child);
    child.right = node;
    node.parent = child;
  }

  replace(node, child) {
    const parent = node.parent;
    child.parent = parent;
    if (parent === null) {
      this.root = child;
    } else if (parent.left === node) {
      parent.left = child;
    } else {
      parent.right = child;
    }
  }

  first() {
    return this.root === null ? null : leftmost(this.root);
  }

  /** The node with the next larger key. */
  next(node) {
    if (node.right !== null) return leftmost(node.right);
    let below = node;
    let up = node.parent;
    while (up !== null && below === up.right) {
      below = up;
      up = up.parent;
    }
    return up;
  }
}

function leftmost(node) {
  let here = node;
  while (here.left !== null) here = here.left;
  return here;
}

class Aircraft {
  constructor(callSign, position) {
    this.callSign = callSign;
    this.position = position;
  }
}

class Collision {
  constructor(first, second, position) {
    this.first = first;
    this.second = second;
    this.position = position;
  }
}

/** The straight flight of an aircraft during one frame. */
class Motion {
  constructor(callSign, start, end) {
    this.callSign = callSign;
    this.start = start;
    this.end = end;
  }

  /** Where the two come too near to each other; null if they do not. */
  intersection(other) {
    const start = this.start;
    const move1 = this.end.minus(start);
    const move2 = other.end.minus(other.start);
    const a = move2.minus(move1).squaredLength();
    if (a === 0.0) {
      const distance = other.start.minus(start).length();
      return distance <= radius ? start.plus(other.start).scaled(0.5) : null;
    }
    // The distance is the radius at times t where a t² + b t + c = 0.
    const b = 2.0 * start.minus(other.start).dot(move1.minus(move2));
    const c = other.start.minus(start).squaredLength() - radius * radius;
    const discriminant = b * b - 4.0 * a * c;
    if (discriminant < 0.0) return null;
    const root = Math.sqrt(discriminant);
    const t1 = (-b - root) / (2.0 * a);
    const t2 = (-b + root) / (2.0 * a);
    if (t1 > t2 || !touchesUnit(t1, t2)) return null;
    const t = t1 <= 0.0 ? 0.0 : t1;
    const place = start.plus(move1.scaled(t)).plus(other.start.plus(move2.scaled(t))).scaled(0.5);
    return isInside(place) ? place : null;
  }
}

function isInside(p) {
  return p.x >= low && p.x <= high && p.y >= low && p.y <= high && p.z >= low && p.z <= ceiling;
}

/** Whether the times have the beginning or the end of the frame among them or lie within it. */
function touchesUnit(start, end) {
  return (start <= 1.0 && 1.0 <= end) || (start <= 0.0 && 0.0 <= end) || (0.0 <= start && end <= 1.0);
}

const across = new Vector2(cell, 0.0);
const upward = new Vector2(0.0, cell);

class Detector {
  constructor() {
    this.positions = new RedBlackTree();
  }

  /** Takes the positions of all aircraft; returns the collisions since the frame before. */
  detect(frame) {
    const groups = this.nearMotions(this.motionsOf(frame));
    const collisions = new Vector();
    for (let g = 0; g < groups.size(); g++) {
      const group = groups.at(g);
      for (let i = 0; i < group.size(); i++) {
        const one = group.at(i);
        for (let j = i + 1; j < group.size(); j++) {
          const other = group.at(j);
          const place = one.intersection(other);
          if (place !== null) collisions.append(new Collision(one.callSign, other.callSign, place));
        }
      }
    }
    return collisions;
  }

  motionsOf(frame) {
    const motions = new Vector();
    const seen = new RedBlackTree();
    for (let i = 0; i < frame.size(); i++) {
      const aircraft = frame.at(i);
      const now = aircraft.position;
      const before = this.positions.put(aircraft.callSign, now);
      seen.put(aircraft.callSign, now);
      motions.append(new Motion(aircraft.callSign, before ?? now, now));
    }
    this.forgetUnseen(seen);
    return motions;
  }

  forgetUnseen(seen) {
    for (let node = this.positions.first(); node !== null; node = this.positions.next(node)) {
      if (seen.get(node.key) === null) {
        this.positions = seen;
        return;
      }
    }
  }

  /** Groups the motions that share a square of the map; those alone in theirs cannot collide. */
  nearMotions(motions) {
    const map = new RedBlackTree();
    for (let i = 0; i < motions.size(); i++) {
      const motion = motions.at(i);
      this.spread(map, new RedBlackTree(), this.squareOf(motion.start), motion);
    }
    const groups = new Vector();
    for (let node = map.first(); node !== null; node = map.next(node)) {
      if (node.value.size() > 1) groups.append(node.value);
    }
    return groups;
  }

  squareOf(p) {
    let x = cell * Math.trunc(p.x / cell);
    let y = cell * Math.trunc(p.y / cell);
    if (p.x < 0.0) x -= cell;
    if (p.y < 0.0) y -= cell;
    return new Vector2(x, y);
  }

  /** Enters a motion in every square that it touches, beginning with one of them. */
  spread(map, seen, square, motion) {
    if (!this.touches(square, motion)) return;
    if (seen.put(square, square) !== null) return;
    let group = map.get(square);
    if (group === null) {
      group = new Vector();
      map.put(square, group);
    }
    group.append(motion);
    const left = square.minus(across);
    const right = square.plus(across);
    this.spread(map, seen, left, motion);
    this.spread(map, seen, right, motion);
    this.spread(map, seen, square.minus(upward), motion);
    this.spread(map, seen, square.plus(upward), motion);
    this.spread(map, seen, left.minus(upward), motion);
    this.spread(map, seen, left.plus(upward), motion);
    this.spread(map, seen, right.minus(upward), motion);
    this.spread(map, seen, right.plus(upward), motion);
  }

  touches(square, motion) {
    if (square.x > high || square.x < low || square.y > high || square.y < low) return false;
    const x0 = motion.start.x;
    const y0 = motion.start.y;
    const dx = motion.end.x - x0;
    const dy = motion.end.y - y0;
    const margin = radius / 2.0;
    // The times at which the motion crosses the four sides.
    let xIn = (square.x - margin - x0) / dx;
    let xOut = (square.x + cell + margin - x0) / dx;
    if (dx < 0.0) {
      const swapped = xIn;
      xIn = xOut;
      xOut = swapped;
    }
    let yIn = (square.y - margin - y0) / dy;
    let yOut = (square.y + cell + margin - y0) / dy;
    if (dy < 0.0) {
      const swapped = yIn;
      yIn = yOut;
      yOut = swapped;
    }
    if (!overlaps(square.x, x0, dx, margin) && !touchesUnit(xIn, xOut)) return false;
    if (!overlaps(square.y, y0, dy, margin) && !touchesUnit(yIn, yOut)) return false;
    if (dx === 0.0 || dy === 0.0) return true;
    return (yIn <= xOut && xOut <= yOut) || (yIn <= xIn && xIn <= yOut) || (xIn <= yIn && yOut <= xOut);
  }
}

/** Whether what does not move in this direction is between the sides. */
function overlaps(side, at, delta, margin) {
  return delta === 0.0 && side <= at + margin && at - margin <= side + cell;
}

/** Pairs of aircraft that fly along waves. */
class Simulator {
  constructor(count) {
    this.signs = new Vector(count);
    for (let i = 0; i < count; i++) this.signs.append(new CallSign(i));
  }

  frame(time) {
    const signs = this.signs;
    const frame = new Vector(signs.size());
    for (let i = 0; i < signs.size(); i += 2) {
      const lane = i * 3.0;
      frame.append(new Aircraft(signs.at(i), new Vector3(time, Math.cos(time) * 2.0 + lane, 10.0)));
      frame.append(new Aircraft(signs.at(i + 1), new Vector3(time, Math.sin(time) * 2.0 + lane, 10.0)));
    }
    return frame;
  }
}

function countCollisions(aircraft) {
  const simulator = new Simulator(aircraft);
  const detector = new Detector();
  let count = 0;
  for (let i = 0; i < 200; i++) count += detector.detect(simulator.frame(i / 10.0)).size();
  return count;
}

const expected = { 2: 42, 10: 390, 100: 4305, 200: 8655, 250: 10830, 500: 14484, 1000: 14484 };

run(10, (size) => countCollisions(size) === expected[size]);
