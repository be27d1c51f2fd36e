// lru.mjs: a cache that forgets what was not used for longest; see ../rima/lru.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const keyCount = 10000;
const capacity = 1000;
const accesses = 20000;

class Entry {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.newer = null;
    this.older = null;
  }
}

class Cache {
  constructor() {
    this.hits = 0;
    this.evictions = 0;
    this.entries = new Map();
    this.newest = null;
    this.oldest = null;
  }

  /** The value kept for a key, which is used thereby; undefined if there is none. */
  get(key) {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.hits++;
    if (entry !== this.newest) {
      this.unlink(entry);
      this.linkNewest(entry);
    }
    return entry.value;
  }

  put(key, value) {
    if (this.entries.size === capacity) this.evict(this.oldest);
    const entry = new Entry(key, value);
    this.entries.set(key, entry);
    this.linkNewest(entry);
  }

  evict(entry) {
    this.evictions++;
    this.unlink(entry);
    this.entries.delete(entry.key);
  }

  unlink(entry) {
    const { newer, older } = entry;
    if (newer === null) {
      this.newest = older;
    } else {
      newer.older = older;
    }
    if (older === null) {
      this.oldest = newer;
    } else {
      older.newer = newer;
    }
  }

  linkNewest(entry) {
    const second = this.newest;
    entry.newer = null;
    entry.older = second;
    if (second === null) {
      this.oldest = entry;
    } else {
      second.newer = entry;
    }
    this.newest = entry;
  }
}

/** Draws the numbers below `n`, the number k in proportion to 1 / (k + 1). */
class Zipf {
  constructor(n) {
    this.sums = new Float64Array(n);
    this.random = new Random();
    let sum = 0.0;
    for (let k = 0; k < n; k++) {
      sum += 1.0 / (k + 1);
      this.sums[k] = sum;
    }
  }

  next() {
    const sums = this.sums;
    const high = this.random.next();
    const point = ((high * 65536 + this.random.next()) / 4294967296.0) * sums[sums.length - 1];
    let low = 0;
    let top = sums.length - 1;
    while (low < top) {
      const middle = (low + top) >> 1;
      if (sums[middle] > point) {
        top = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}

/** What would have to be fetched from afar. */
function load(key) {
  return key.length * 1000 + key.charCodeAt(key.length - 1);
}

function serve(keys) {
  const zipf = new Zipf(keyCount);
  const cache = new Cache();
  let sum = 0;
  for (let i = 0; i < accesses; i++) {
    const key = keys[zipf.next()];
    let value = cache.get(key);
    if (value === undefined) {
      value = load(key);
      cache.put(key, value);
    }
    sum += value;
  }
  return cache.hits === 12895 && cache.evictions === 6105 && sum === 250333102;
}

run(5, (repeats) => {
  const keys = new Array(keyCount);
  for (let k = 0; k < keyCount; k++) keys[k] = `session:${(k * 7919) % 100003}`;
  for (let i = 0; i < repeats; i++) {
    if (!serve(keys)) return false;
  }
  return true;
});
