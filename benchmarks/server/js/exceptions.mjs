// exceptions.mjs: requests of which some fail deep below; see ../rima/exceptions.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

class Missing extends Error {
  constructor(key) {
    super(`there is no ${key}`);
  }
}

class Busy extends Error {
  constructor(key, wait) {
    super(`${key} is busy`);
    this.key = key;
    this.wait = wait;
  }
}

class Failure extends Error {
  constructor(code, cause) {
    super("request failed", { cause });
    this.code = code;
  }
}

class Store {
  constructor() {
    this.opened = 0;
    this.closed = 0;
  }

  /** Looks for a key, `depth` levels down. */
  find(key, depth) {
    if (depth > 0) return this.find(key, depth - 1) + 1;
    if (key % 3 === 0) throw new Missing(key);
    if (key % 5 < 2) throw new Busy(key, key % 7);
    return key * 2;
  }

  /** Opens and closes; what is missing is a failure. */
  load(key) {
    this.opened++;
    try {
      return this.find(key, key % 16);
    } catch (e) {
      if (e instanceof Missing) throw new Failure(400 + (key % 10), e);
      throw e;
    } finally {
      this.closed++;
    }
  }
}

class Server {
  constructor() {
    this.store = new Store();
    this.served = 0;
    this.failed = 0;
    this.retried = 0;
    this.causes = 0;
    this.givenUp = 0;
    this.sum = 0;
  }

  add(value) {
    this.sum = (this.sum * 31 + value) % 1000003;
  }

  /** Tries twice while the key is busy. */
  retrying(key) {
    let last = null;
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        return this.store.load(key + attempt);
      } catch (e) {
        if (!(e instanceof Busy)) throw e;
        this.retried++;
        this.add(e.wait);
        last = e;
      }
    }
    throw last;
  }

  handle(key) {
    try {
      const result = this.retrying(key);
      this.served++;
      this.add(result);
    } catch (e) {
      if (e instanceof Failure) {
        this.failed++;
        if (e.cause instanceof Missing) this.causes++;
        this.add(e.code);
      } else if (e instanceof Busy) {
        this.givenUp++;
        this.add(e.key);
      } else {
        throw e;
      }
    }
  }
}

function isRight() {
  const random = new Random();
  const server = new Server();
  for (let i = 0; i < 1500; i++) server.handle(random.next());
  const { store, served, failed, retried, causes, givenUp, sum } = server;
  const counts = [served, failed, retried, givenUp, sum].join(" ");
  return store.opened === store.closed && causes === failed && counts === "726 678 486 96 424836";
}

run(10, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight()) return false;
  }
  return true;
});
