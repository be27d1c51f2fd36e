// Raytracer.java: a picture of mirroring spheres over a floor; see ../rima/raytracer.rima.
package server;

import classic.Harness;

public final class Raytracer {
  private static final double NEAR = 0.000001;
  private static final int MOST_BOUNCES = 4;
  private static final Vector SKY = new Vector(0.3, 0.5, 0.8);
  private static final Vector LAMP = new Vector(-4.0, 8.0, -6.0);
  private static final Vector EYE = new Vector(0.0, 1.5, -6.0);

  private static final class Vector {
    final double x;
    final double y;
    final double z;

    Vector(double x, double y, double z) {
      this.x = x;
      this.y = y;
      this.z = z;
    }

    Vector plus(Vector other) {
      return new Vector(x + other.x, y + other.y, z + other.z);
    }

    Vector minus(Vector other) {
      return new Vector(x - other.x, y - other.y, z - other.z);
    }

    Vector scaled(double factor) {
      return new Vector(x * factor, y * factor, z * factor);
    }

    double dot(Vector other) {
      return x * other.x + y * other.y + z * other.z;
    }

    Vector unit() {
      return scaled(1.0 / Math.sqrt(dot(this)));
    }
  }

  /** From an origin in the direction of a vector of length one. */
  private static final class Ray {
    final Vector origin;
    final Vector direction;

    Ray(Vector origin, Vector direction) {
      this.origin = origin;
      this.direction = direction;
    }

    Vector at(double distance) {
      return origin.plus(direction.scaled(distance));
    }
  }

  private abstract static class Body {
    final double mirroring;

    Body(double mirroring) {
      this.mirroring = mirroring;
    }

    /** How far away the ray meets this body; -1 if it does not. */
    abstract double distance(Ray ray);

    abstract Vector normal(Vector point);

    abstract Vector colour(Vector point);
  }

  private static final class Sphere extends Body {
    private final Vector centre;
    private final double radius;
    private final Vector paint;

    Sphere(Vector centre, double radius, Vector paint, double mirroring) {
      super(mirroring);
      this.centre = centre;
      this.radius = radius;
      this.paint = paint;
    }

    @Override
    double distance(Ray ray) {
      Vector away = centre.minus(ray.origin);
      double along = away.dot(ray.direction);
      double square = along * along - away.dot(away) + radius * radius;
      if (square < 0.0) return -1.0;
      double half = Math.sqrt(square);
      return along - half > NEAR ? along - half : along + half > NEAR ? along + half : -1.0;
    }

    @Override
    Vector normal(Vector point) {
      return point.minus(centre).unit();
    }

    @Override
    Vector colour(Vector point) {
      return paint;
    }
  }

  /** A level floor of squares in two colours. */
  private static final class Floor extends Body {
    private final double height;
    private final Vector light;
    private final Vector dark;

    Floor(double height, Vector light, Vector dark, double mirroring) {
      super(mirroring);
      this.height = height;
      this.light = light;
      this.dark = dark;
    }

    @Override
    double distance(Ray ray) {
      if (ray.direction.y == 0.0) return -1.0;
      double distance = (height - ray.origin.y) / ray.direction.y;
      return distance > NEAR ? distance : -1.0;
    }

    @Override
    Vector normal(Vector point) {
      return new Vector(0.0, 1.0, 0.0);
    }

    @Override
    Vector colour(Vector point) {
      long square = (long) (point.x + 1000.0) + (long) (point.z + 1000.0);
      return square % 2 == 0 ? light : dark;
    }
  }

  private static final class Hit {
    final Body body;
    final double distance;

    Hit(Body body, double distance) {
      this.body = body;
      this.distance = distance;
    }
  }

  private static final class Scene {
    private final Body[] bodies = {
      new Floor(0.0, new Vector(0.9, 0.9, 0.9), new Vector(0.1, 0.2, 0.1), 0.2),
      new Sphere(new Vector(0.0, 1.0, 0.0), 1.0, new Vector(0.9, 0.2, 0.2), 0.4),
      new Sphere(new Vector(2.2, 0.8, 1.0), 0.8, new Vector(0.2, 0.9, 0.3), 0.3),
      new Sphere(new Vector(-2.0, 1.2, 1.5), 1.2, new Vector(0.3, 0.3, 0.9), 0.5),
      new Sphere(new Vector(0.6, 0.4, -1.8), 0.4, new Vector(0.9, 0.8, 0.2), 0.1),
    };

    private Hit nearest(Ray ray) {
      Hit found = null;
      for (Body body : bodies) {
        double distance = body.distance(ray);
        if (distance > 0.0 && (found == null || distance < found.distance)) found = new Hit(body, distance);
      }
      return found;
    }

    /** What is seen along a ray. */
    Vector trace(Ray ray, int bounces) {
      Hit hit = nearest(ray);
      if (hit == null) return SKY;
      Body body = hit.body;
      Vector point = ray.at(hit.distance);
      Vector normal = body.normal(point);
      Vector own = body.colour(point).scaled(lighting(point, normal));
      if (bounces == MOST_BOUNCES) return own;
      Vector turned = ray.direction.minus(normal.scaled(2.0 * normal.dot(ray.direction)));
      Vector mirrored = trace(new Ray(point, turned.unit()), bounces + 1);
      return own.scaled(1.0 - body.mirroring).plus(mirrored.scaled(body.mirroring));
    }

    private double lighting(Vector point, Vector normal) {
      Vector toLamp = LAMP.minus(point);
      Vector direction = toLamp.unit();
      double slant = normal.dot(direction);
      if (slant <= 0.0) return 0.1;
      Hit shade = nearest(new Ray(point, direction));
      boolean isShaded = shade != null && shade.distance * shade.distance < toLamp.dot(toLamp);
      return isShaded ? 0.1 : 0.1 + 0.9 * slant;
    }
  }

  private static int levels(Vector colour) {
    return (int) (colour.x * 255.0) + (int) (colour.y * 255.0) + (int) (colour.z * 255.0);
  }

  private static int render(int size) {
    Scene scene = new Scene();
    int sum = 0;
    for (int row = 0; row < size; row++) {
      double y = 1.0 - 2.0 * row / size;
      for (int column = 0; column < size; column++) {
        double x = 2.0 * column / size - 1.0;
        sum += levels(scene.trace(new Ray(EYE, new Vector(x, y, 2.0).unit()), 0));
      }
    }
    return sum;
  }

  private static boolean isRight(int size) {
    int sum = render(size);
    return switch (size) {
      case 10 -> sum == 33478;
      case 100 -> sum == 3314082;
      case 400 -> sum == 52973379;
      default -> sum > 200 * size * size && sum < 500 * size * size;
    };
  }

  public static void main(String[] args) {
    Harness.run(args, 100, Raytracer::isRight);
  }
}
