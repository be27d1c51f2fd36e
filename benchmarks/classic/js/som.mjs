// som.mjs: the small collections that the classic programs bring along; see ../rima/som.rima.
//
// Invariant: the algorithms are those of som.rima. Numbers and objects compare alike here, so that one set serves for
// both of Rima's.

/** Pseudo-random integers in 0..65536, the same sequence in every language. */
export class Random {
  constructor() {
    this.seed = 74755;
  }

  next() {
    this.seed = (this.seed * 1309 + 13849) % 65536;
    return this.seed;
  }
}

/** A growable sequence that also serves as a queue: elements leave at either end. */
export class Vector {
  constructor(capacity = 16) {
    this.storage = new Array(capacity);
    this.first = 0;
    this.last = 0;
  }

  size() {
    return this.last - this.first;
  }

  isEmpty() {
    return this.last === this.first;
  }

  at(index) {
    return this.storage[this.first + index];
  }

  put(index, value) {
    this.storage[this.first + index] = value;
  }

  append(value) {
    if (this.last === this.storage.length) this.grow();
    this.storage[this.last] = value;
    this.last++;
  }

  grow() {
    const larger = new Array(2 * this.storage.length);
    for (let i = this.first; i < this.last; i++) larger[i - this.first] = this.storage[i];
    this.storage = larger;
    this.last -= this.first;
    this.first = 0;
  }

  removeFirst() {
    const value = this.storage[this.first];
    this.first++;
    return value;
  }

  removeLast() {
    this.last--;
    return this.storage[this.last];
  }

  /** Removes every occurrence of this very object. */
  remove(value) {
    const storage = this.storage;
    let kept = this.first;
    for (let i = this.first; i < this.last; i++) {
      const element = storage[i];
      if (element !== value) {
        storage[kept] = element;
        kept++;
      }
    }
    this.last = kept;
  }

  clear() {
    this.first = 0;
    this.last = 0;
  }
}

/** A set of a few numbers, or of objects told apart by identity, searched from the front. */
export class IdentitySet {
  constructor() {
    this.items = new Vector();
  }

  size() {
    return this.items.size();
  }

  at(index) {
    return this.items.at(index);
  }

  contains(value) {
    for (let i = 0; i < this.items.size(); i++) {
      if (this.items.at(i) === value) return true;
    }
    return false;
  }

  add(value) {
    if (!this.contains(value)) this.items.append(value);
  }
}

class Entry {
  constructor(key, hash, value, next) {
    this.key = key;
    this.hash = hash;
    this.value = value;
    this.next = next;
  }
}

/**
 * A chained hash table whose keys are told apart by identity; a key's method keyHash gives a number, at least 0, that
 * is always the same.
 */
export class IdentityDictionary {
  constructor() {
    this.buckets = new Array(16).fill(null);
    this.count = 0;
  }

  size() {
    return this.count;
  }

  at(key, absent) {
    const hash = key.keyHash();
    for (let entry = this.buckets[hash % this.buckets.length]; entry !== null; entry = entry.next) {
      if (entry.hash === hash && entry.key === key) return entry.value;
    }
    return absent;
  }

  put(key, value) {
    const hash = key.keyHash();
    const index = hash % this.buckets.length;
    for (let entry = this.buckets[index]; entry !== null; entry = entry.next) {
      if (entry.hash === hash && entry.key === key) {
        entry.value = value;
        return;
      }
    }
    this.buckets[index] = new Entry(key, hash, value, this.buckets[index]);
    this.count++;
    if (this.count > this.buckets.length) this.grow();
  }

  grow() {
    const old = this.buckets;
    this.buckets = new Array(2 * old.length).fill(null);
    for (const head of old) {
      let entry = head;
      while (entry !== null) {
        const next = entry.next;
        const index = entry.hash % this.buckets.length;
        entry.next = this.buckets[index];
        this.buckets[index] = entry;
        entry = next;
      }
    }
  }
}
