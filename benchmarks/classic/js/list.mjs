// list.mjs: Takeuchi's function over linked lists; see ../rima/list.rima.
import { run } from "./harness.mjs";

class Element {
  constructor(value, next) {
    this.value = value;
    this.next = next;
  }

  length() {
    return this.next === null ? 1 : 1 + this.next.length();
  }
}

function makeList(length) {
  return length === 0 ? null : new Element(length, makeList(length - 1));
}

function isShorter(left, right) {
  let a = left;
  for (let b = right; b !== null; b = b.next) {
    if (a === null) return true;
    a = a.next;
  }
  return false;
}

function tail(x, y, z) {
  if (isShorter(y, x)) {
    return tail(tail(x.next, y, z), tail(y.next, z, x), tail(z.next, x, y));
  }
  return z;
}

run(20, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    const result = tail(makeList(15), makeList(10), makeList(6));
    if (result === null || result.length() !== 10) return false;
  }
  return true;
});
