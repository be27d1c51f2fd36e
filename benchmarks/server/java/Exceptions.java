// Exceptions.java: requests of which some fail deep below; see ../rima/exceptions.rima.
package server;

import classic.Harness;
import classic.Som.Random;

public final class Exceptions {
  @SuppressWarnings("serial")
  private static final class Missing extends Exception {
    Missing(int key) {
      super("there is no " + key);
    }
  }

  @SuppressWarnings("serial")
  private static final class Busy extends Exception {
    final int key;
    final int wait;

    Busy(int key, int wait) {
      super(key + " is busy");
      this.key = key;
      this.wait = wait;
    }
  }

  @SuppressWarnings("serial")
  private static final class Failure extends Exception {
    final int code;

    Failure(int code, Exception cause) {
      super("request failed", cause);
      this.code = code;
    }
  }

  private static final class Store {
    int opened = 0;
    int closed = 0;

    /** Looks for a key, {@code depth} levels down. */
    int find(int key, int depth) throws Missing, Busy {
      if (depth > 0) return find(key, depth - 1) + 1;
      if (key % 3 == 0) throw new Missing(key);
      if (key % 5 < 2) throw new Busy(key, key % 7);
      return key * 2;
    }

    /** Opens and closes; what is missing is a failure. */
    int load(int key) throws Failure, Busy {
      opened++;
      try {
        return find(key, key % 16);
      } catch (Missing e) {
        throw new Failure(400 + key % 10, e);
      } finally {
        closed++;
      }
    }
  }

  private static final class Server {
    final Store store = new Store();
    int served = 0;
    int failed = 0;
    int retried = 0;
    int causes = 0;
    int givenUp = 0;
    int sum = 0;

    /** Tries twice while the key is busy. */
    private int retrying(int key) throws Failure, Busy {
      Busy last = null;
      for (int attempt = 0; attempt < 2; attempt++) {
        try {
          return store.load(key + attempt);
        } catch (Busy e) {
          retried++;
          sum = (sum * 31 + e.wait) % 1000003;
          last = e;
        }
      }
      throw last;
    }

    void handle(int key) {
      try {
        int result = retrying(key);
        served++;
        sum = (sum * 31 + result) % 1000003;
      } catch (Failure e) {
        failed++;
        if (e.getCause() instanceof Missing) causes++;
        sum = (sum * 31 + e.code) % 1000003;
      } catch (Busy e) {
        givenUp++;
        sum = (sum * 31 + e.key) % 1000003;
      }
    }
  }

  private static boolean isRight() {
    Random random = new Random();
    Server server = new Server();
    for (int i = 0; i < 1500; i++) server.handle(random.next());
    String counts =
        server.served + " " + server.failed + " " + server.retried + " " + server.givenUp + " " + server.sum;
    return server.store.opened == server.store.closed && server.causes == server.failed
        && counts.equals("726 678 486 96 424836");
  }

  private static boolean exceptions(int repeats) {
    for (int i = 0; i < repeats; i++) {
      if (!isRight()) return false;
    }
    return true;
  }

  public static void main(String[] args) {
    Harness.run(args, 10, Exceptions::exceptions);
  }
}
