// havlak.mjs: finds the nested loops of a large control flow graph; see ../rima/havlak.rima.
import { run } from "./harness.mjs";
import { IdentityDictionary, IdentitySet, Vector } from "./som.mjs";

class Block {
  constructor(name) {
    this.name = name;
    this.sources = new Vector(2);
    this.targets = new Vector(2);
  }

  keyHash() {
    return this.name;
  }
}

class Graph {
  constructor() {
    this.blocks = new Vector();
  }

  start() {
    return this.blocks.at(0);
  }

  /** The block of that name, made if there is none. Names are given in sequence. */
  block(name) {
    while (this.blocks.size() <= name) this.blocks.append(new Block(this.blocks.size()));
    return this.blocks.at(name);
  }

  connect(source, target) {
    const from = this.block(source);
    const to = this.block(target);
    from.targets.append(to);
    to.sources.append(from);
  }

  straight(start, length) {
    for (let i = 0; i < length; i++) this.connect(start + i, start + i + 1);
    return start + length;
  }

  diamond(start) {
    this.connect(start, start + 1);
    this.connect(start, start + 2);
    this.connect(start + 1, start + 3);
    this.connect(start + 2, start + 3);
    return start + 3;
  }

  /** Three nested loops with two branches inside. */
  baseLoop(from) {
    const header = this.straight(from, 1);
    const firstEnd = this.diamond(header);
    const second = this.straight(firstEnd, 1);
    const secondEnd = this.diamond(second);
    const footer = this.straight(secondEnd, 1);
    this.connect(secondEnd, second);
    this.connect(firstEnd, header);
    this.connect(footer, from);
    return this.straight(footer, 1);
  }
}

class Loop {
  constructor(header, isReducible, number) {
    this.isReducible = isReducible;
    this.number = number;
    this.blocks = new IdentitySet();
    this.children = new IdentitySet();
    this.parent = null;
    this.depth = 0;
    this.nesting = 0;
    if (header !== null) this.blocks.add(header);
  }

  attachTo(outer) {
    this.parent = outer;
    outer.children.add(this);
  }
}

class LoopForest {
  constructor() {
    this.root = new Loop(null, true, 0);
    this.loops = new Vector();
    this.loops.append(this.root);
  }

  addLoop(header, isReducible) {
    const loop = new Loop(header, isReducible, this.loops.size());
    this.loops.append(loop);
    return loop;
  }

  computeNesting() {
    for (let i = 0; i < this.loops.size(); i++) {
      const loop = this.loops.at(i);
      if (loop !== this.root && loop.parent === null) loop.attachTo(this.root);
    }
    this.nest(this.root, 0);
  }

  nest(loop, depth) {
    loop.depth = depth;
    for (let i = 0; i < loop.children.size(); i++) {
      const child = loop.children.at(i);
      this.nest(child, depth + 1);
      if (loop.nesting < child.nesting + 1) loop.nesting = child.nesting + 1;
    }
  }
}

/** A node of the union-find forest in which loops collapse into their headers. */
class Node {
  constructor() {
    this.parent = null;
    this.block = null;
    this.loop = null;
    this.number = 0;
  }

  assign(block, number) {
    this.block = block;
    this.number = number;
    this.parent = this;
  }

  find() {
    const path = new Vector();
    let node = this;
    let up = node.parent;
    while (node !== up) {
      if (up.parent !== up) path.append(node);
      node = up;
      up = node.parent;
    }
    for (let i = 0; i < path.size(); i++) path.at(i).parent = node;
    return node;
  }
}

const plain = 0;
const reducible = 1;
const itself = 2;
const irreducible = 3;
const dead = 4;

const unvisited = -1;

class LoopFinder {
  constructor(graph, forest) {
    this.graph = graph;
    this.forest = forest;
    this.size = graph.blocks.size();
    this.forwardSources = new Vector(this.size);
    this.backSources = new Vector(this.size);
    this.numbers = new IdentityDictionary();
    this.headers = new Array(this.size).fill(0);
    this.kinds = new Array(this.size).fill(plain);
    this.lasts = new Array(this.size).fill(0);
    this.nodes = new Array(this.size).fill(null);
  }

  findLoops() {
    for (let i = 0; i < this.size; i++) {
      this.forwardSources.append(new IdentitySet());
      this.backSources.append(new Vector());
      this.nodes[i] = new Node();
      this.numbers.put(this.graph.blocks.at(i), unvisited);
    }
    this.search(this.graph.start(), 0);
    this.sortEdges();
    for (let w = this.size - 1; w >= 0; w--) {
      const block = this.nodes[w].block;
      if (block !== null) this.findLoopAt(w, block);
    }
  }

  /** Numbers the blocks depth first; returns the last number given below. */
  search(block, number) {
    this.nodes[number].assign(block, number);
    this.numbers.put(block, number);
    let last = number;
    const targets = block.targets;
    for (let i = 0; i < targets.size(); i++) {
      const target = targets.at(i);
      if (this.numbers.at(target, unvisited) === unvisited) last = this.search(target, last + 1);
    }
    this.lasts[number] = last;
    return last;
  }

  isAncestor(w, v) {
    return w <= v && v <= this.lasts[w];
  }

  sortEdges() {
    for (let w = 0; w < this.size; w++) {
      this.headers[w] = 0;
      this.kinds[w] = plain;
      const block = this.nodes[w].block;
      if (block === null) {
        this.kinds[w] = dead;
      } else {
        this.sortEdgesInto(block, w);
      }
    }
  }

  sortEdgesInto(block, w) {
    for (let i = 0; i < block.sources.size(); i++) {
      const v = this.numbers.at(block.sources.at(i), unvisited);
      if (v !== unvisited) {
        if (this.isAncestor(w, v)) {
          this.backSources.at(w).append(v);
        } else {
          this.forwardSources.at(w).add(v);
        }
      }
    }
  }

  findLoopAt(w, block) {
    const body = this.bodyFromBackEdges(w);
    if (!body.isEmpty()) this.kinds[w] = reducible;
    const todo = new Vector(body.size() + 1);
    for (let i = 0; i < body.size(); i++) todo.append(body.at(i));
    while (!todo.isEmpty()) this.chaseBackwards(w, todo.removeFirst(), body, todo);
    if (!body.isEmpty() || this.kinds[w] === itself) {
      const loop = this.forest.addLoop(block, this.kinds[w] !== irreducible);
      this.collapse(w, body, loop);
    }
  }

  bodyFromBackEdges(w) {
    const body = new Vector();
    const sources = this.backSources.at(w);
    for (let i = 0; i < sources.size(); i++) {
      const v = sources.at(i);
      if (v === w) {
        this.kinds[w] = itself;
      } else {
        body.append(this.nodes[v].find());
      }
    }
    return body;
  }

  chaseBackwards(w, x, body, todo) {
    const sources = this.forwardSources.at(x.number);
    for (let i = 0; i < sources.size(); i++) {
      const y = this.nodes[sources.at(i)].find();
      if (!this.isAncestor(w, y.number)) {
        this.kinds[w] = irreducible;
        this.forwardSources.at(w).add(y.number);
      } else if (y.number !== w && !has(body, y)) {
        todo.append(y);
        body.append(y);
      }
    }
  }

  collapse(w, body, loop) {
    const header = this.nodes[w];
    header.loop = loop;
    for (let i = 0; i < body.size(); i++) {
      const node = body.at(i);
      this.headers[node.number] = w;
      node.parent = header;
      if (node.loop !== null) {
        node.loop.attachTo(loop);
      } else {
        loop.blocks.add(node.block);
      }
    }
  }
}

function has(nodes, node) {
  for (let i = 0; i < nodes.size(); i++) {
    if (nodes.at(i) === node) return true;
  }
  return false;
}

function buildGraph() {
  const graph = new Graph();
  graph.baseLoop(0);
  graph.connect(0, 2);
  return graph;
}

function extend(graph) {
  let n = 2;
  for (let i = 0; i < 10; i++) {
    graph.connect(2, n + 1);
    n++;
    for (let j = 0; j < 10; j++) {
      const top = n;
      n = graph.straight(n, 1);
      for (let k = 0; k < 5; k++) n = graph.baseLoop(n);
      const bottom = graph.straight(n, 1);
      graph.connect(n, top);
      n = bottom;
    }
    graph.connect(n, 1);
  }
}

// Analyses the graph as often as it is told beyond the first time.
run(2, (repeats) => {
  const graph = buildGraph();
  const forest = new LoopForest();
  new LoopFinder(graph, forest).findLoops();
  extend(graph);
  new LoopFinder(graph, forest).findLoops();
  for (let i = 0; i < repeats; i++) new LoopFinder(graph, new LoopForest()).findLoops();
  forest.computeNesting();
  return forest.loops.size() === 1605 && graph.blocks.size() === 5213;
});
