// storage.mjs: builds a tree of arrays to keep the allocator busy; see ../rima/storage.rima.
import { run } from "./harness.mjs";
import { Random } from "./som.mjs";

class TreeBuilder {
  constructor() {
    this.count = 0;
    this.random = new Random();
  }

  build(depth) {
    this.count++;
    if (depth === 1) return this.leaf((this.random.next() % 10) + 1);
    const node = new Array(4);
    for (let i = 0; i < 4; i++) node[i] = this.build(depth - 1);
    return node;
  }

  leaf(length) {
    const items = new Array(length);
    for (let i = 0; i < length; i++) items[i] = i;
    return items;
  }
}

run(30, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    const builder = new TreeBuilder();
    builder.build(7);
    if (builder.count !== 5461) return false;
  }
  return true;
});
