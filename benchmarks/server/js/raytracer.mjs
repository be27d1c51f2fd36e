// raytracer.mjs: a picture of mirroring spheres over a floor; see ../rima/raytracer.rima.
import { run } from "../../classic/js/harness.mjs";

class Vector {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }

  plus(other) {
    return new Vector(this.x + other.x, this.y + other.y, this.z + other.z);
  }

  minus(other) {
    return new Vector(this.x - other.x, this.y - other.y, this.z - other.z);
  }

  scaled(factor) {
    return new Vector(this.x * factor, this.y * factor, this.z * factor);
  }

  dot(other) {
    return this.x * other.x + this.y * other.y + this.z * other.z;
  }

  unit() {
    return this.scaled(1.0 / Math.sqrt(this.dot(this)));
  }
}

const near = 0.000001;
const mostBounces = 4;
const sky = new Vector(0.3, 0.5, 0.8);
const lamp = new Vector(-4.0, 8.0, -6.0);
const eye = new Vector(0.0, 1.5, -6.0);

/** From an origin in the direction of a vector of length one. */
class Ray {
  constructor(origin, direction) {
    this.origin = origin;
    this.direction = direction;
  }

  at(distance) {
    return this.origin.plus(this.direction.scaled(distance));
  }
}

class Sphere {
  constructor(centre, radius, paint, mirroring) {
    this.centre = centre;
    this.radius = radius;
    this.paint = paint;
    this.mirroring = mirroring;
  }

  /** How far away the ray meets this body; -1 if it does not. */
  distance(ray) {
    const away = this.centre.minus(ray.origin);
    const along = away.dot(ray.direction);
    const square = along * along - away.dot(away) + this.radius * this.radius;
    if (square < 0.0) return -1.0;
    const half = Math.sqrt(square);
    return along - half > near ? along - half : along + half > near ? along + half : -1.0;
  }

  normal(point) {
    return point.minus(this.centre).unit();
  }

  colour(point) {
    return this.paint;
  }
}

/** A level floor of squares in two colours. */
class Floor {
  constructor(height, light, dark, mirroring) {
    this.height = height;
    this.light = light;
    this.dark = dark;
    this.mirroring = mirroring;
  }

  distance(ray) {
    if (ray.direction.y === 0.0) return -1.0;
    const distance = (this.height - ray.origin.y) / ray.direction.y;
    return distance > near ? distance : -1.0;
  }

  normal(point) {
    return new Vector(0.0, 1.0, 0.0);
  }

  colour(point) {
    const square = Math.trunc(point.x + 1000.0) + Math.trunc(point.z + 1000.0);
    return square % 2 === 0 ? this.light : this.dark;
  }
}

class Hit {
  constructor(body, distance) {
    this.body = body;
    this.distance = distance;
  }
}

class Scene {
  constructor() {
    this.bodies = [
      new Floor(0.0, new Vector(0.9, 0.9, 0.9), new Vector(0.1, 0.2, 0.1), 0.2),
      new Sphere(new Vector(0.0, 1.0, 0.0), 1.0, new Vector(0.9, 0.2, 0.2), 0.4),
      new Sphere(new Vector(2.2, 0.8, 1.0), 0.8, new Vector(0.2, 0.9, 0.3), 0.3),
      new Sphere(new Vector(-2.0, 1.2, 1.5), 1.2, new Vector(0.3, 0.3, 0.9), 0.5),
      new Sphere(new Vector(0.6, 0.4, -1.8), 0.4, new Vector(0.9, 0.8, 0.2), 0.1),
    ];
  }

  nearest(ray) {
    let found = null;
    for (const body of this.bodies) {
      const distance = body.distance(ray);
      if (distance > 0.0 && (found === null || distance < found.distance)) found = new Hit(body, distance);
    }
    return found;
  }

  /** What is seen along a ray. */
  trace(ray, bounces) {
    const hit = this.nearest(ray);
    if (hit === null) return sky;
    const body = hit.body;
    const point = ray.at(hit.distance);
    const normal = body.normal(point);
    const own = body.colour(point).scaled(this.lighting(point, normal));
    if (bounces === mostBounces) return own;
    const turned = ray.direction.minus(normal.scaled(2.0 * normal.dot(ray.direction)));
    const mirrored = this.trace(new Ray(point, turned.unit()), bounces + 1);
    return own.scaled(1.0 - body.mirroring).plus(mirrored.scaled(body.mirroring));
  }

  lighting(point, normal) {
    const toLamp = lamp.minus(point);
    const direction = toLamp.unit();
    const slant = normal.dot(direction);
    if (slant <= 0.0) return 0.1;
    const shade = this.nearest(new Ray(point, direction));
    const isShaded = shade !== null && shade.distance * shade.distance < toLamp.dot(toLamp);
    return isShaded ? 0.1 : 0.1 + 0.9 * slant;
  }
}

function levels(colour) {
  return Math.trunc(colour.x * 255.0) + Math.trunc(colour.y * 255.0) + Math.trunc(colour.z * 255.0);
}

function render(size) {
  const scene = new Scene();
  let sum = 0;
  for (let row = 0; row < size; row++) {
    const y = 1.0 - (2.0 * row) / size;
    for (let column = 0; column < size; column++) {
      const x = (2.0 * column) / size - 1.0;
      sum += levels(scene.trace(new Ray(eye, new Vector(x, y, 2.0).unit()), 0));
    }
  }
  return sum;
}

const expected = { 10: 33478, 100: 3314082, 400: 52973379 };

run(100, (size) => {
  const sum = render(size);
  return size in expected ? sum === expected[size] : sum > 200 * size * size && sum < 500 * size * size;
});
