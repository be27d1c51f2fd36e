"use strict";
// The page of `terza why --html`: everything shown comes from the JSON in it, and is put in as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const byName = new Map(data.methods.map((m) => [m.name, m]));
const list = document.getElementById("methods"), view = document.getElementById("method");
let linked = new Map(); // line of the source -> elements of all panes
let pinned = null;

function make(tag, classes, text, ...children) {
  const e = document.createElement(tag);
  if (classes) e.className = classes;
  if (text !== null && text !== undefined) e.textContent = text;
  e.append(...children);
  return e;
}

const milliseconds = (ns) => (ns / 1e6).toFixed(ns < 1e7 ? 2 : 1);

// ---- Linking ----

// The calls around an instruction, innermost first, as [function, pc, line, outer].
function chain(origins, number) {
  const result = [];
  for (let n = number; n > 0 && origins[n - 1]; n = origins[n - 1][3]) result.push(origins[n - 1]);
  return result;
}

function lineOfPc(lines, pc) {
  let line = 0;
  for (const [at, l] of lines) if (at <= pc) line = l;
  return line;
}

// { text, at: the lines of the method's source that it comes from, title }
function optimizedLines(method, code, part) {
  return part.lines.map((number) => {
    const line = code.lines[number];
    const mark = line.match(/\t; #(\d+)$/);
    if (!mark) return { text: line, at: [] };
    const from = chain(code.origins, Number(mark[1]));
    return {
      text: line.slice(0, mark.index),
      at: from.filter((o) => o[0] === method.name).map((o) => o[2]),
      title: from.map((o) => `${o[0]}:${o[2]}`).join(" in "),
    };
  });
}

// Each instruction begins with its pc; machine code below it is its own.
function bytecodeLines(code) {
  let at = [];
  return code.text.split("\n").map((line) => {
    const instruction = line.match(/^ *(\d+) /);
    if (instruction && !line.startsWith("      ")) at = [lineOfPc(code.lines, Number(instruction[1]))];
    else if (!line.startsWith("    ")) at = [];
    return { text: line, at };
  });
}

function mark(name, lines, is_on) {
  for (const l of lines) for (const e of linked.get(l) || []) e.classList.toggle(name, is_on);
}

// The first line of each pane that comes from there is brought into view, within its pane.
function reveal(lines, except) {
  for (const box of view.querySelectorAll(".text")) {
    const first = box === except ? null : box.querySelector(".line.pinned");
    if (first) box.scrollTop = first.offsetTop - box.offsetTop - box.clientHeight / 3;
  }
}

function pin(lines, except) {
  if (pinned) mark("pinned", pinned, false);
  pinned = pinned && lines && pinned.join() === lines.join() ? null : lines;
  if (pinned) mark("pinned", pinned, true);
  if (pinned) reveal(pinned, except);
}

function link(element, lines) {
  if (lines.length === 0) return;
  for (const l of lines) linked.set(l, [...(linked.get(l) || []), element]);
  element.classList.add("linked");
  element.addEventListener("mouseenter", () => mark("on", lines, true));
  element.addEventListener("mouseleave", () => mark("on", lines, false));
  element.addEventListener("click", () => pin(lines, element.closest(".text")));
}
document.addEventListener("keydown", (e) => { if (e.key === "Escape") pin(null); });

// ---- Panes ----

function unlink(box) {
  for (const [l, elements] of linked) linked.set(l, elements.filter((e) => !box.contains(e)));
}

function fill(box, lines) {
  unlink(box);
  const all = make("div", "lines");
  for (const l of lines) {
    const e = make("div", "line", l.text);
    if (l.title) e.title = l.title;
    link(e, l.at);
    all.append(e);
  }
  box.replaceChildren(all);
  if (pinned) mark("pinned", pinned, true);
  if (pinned) reveal(pinned, null);
}

// A pane whose content is chosen: choices are [title, () => lines].
function pane(title, choices, chosen) {
  const box = make("div", "text"), head = make("header", "", null, make("span", "", title));
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", title);
  if (choices.length === 0) fill(box, [{ text: "none", at: [] }]);
  else fill(box, choices[chosen][1]());
  if (choices.length > 1) {
    const select = make("select");
    select.setAttribute("aria-label", `${title}: which`);
    choices.forEach(([name], i) => select.append(new Option(name, i, i === chosen, i === chosen)));
    select.addEventListener("change", () => fill(box, choices[select.value][1]()));
    head.append(select);
  } else if (choices.length === 1) head.append(make("span", "dim", choices[0][0]));
  return make("section", "pane", null, head, box);
}

function sourcePane(method) {
  const box = make("div", "text"), all = make("div", "lines");
  const lines = (data.sources[method.source] || "").split("\n");
  for (let n = method.head; n > 0 && n <= method.last; n++) {
    const e = make("div", "line", null, make("span", "number", n), document.createTextNode(lines[n - 1] || ""));
    e.tabIndex = 0;
    link(e, [n]);
    e.addEventListener("keydown", (k) => { if (k.key === "Enter") pin([n], box); });
    all.append(e);
    for (const note of method.notes) if (note.line === n) all.append(make("div", `note ${note.kind}`, note.text));
  }
  box.append(all);
  const head = make("header", "", null, make("span", "", "Source"), make("span", "dim", method.source));
  return make("section", "pane", null, head, box);
}

function parts(method, code, kind) {
  if (!code) return [];
  const chosen = code.parts.filter((p) => p.kind === kind);
  return chosen.map((p) => [p.same ? `${p.title} (unchanged)` : p.title, () => optimizedLines(method, code, p)]);
}

function panes(method, code) {
  const graphs = parts(method, code, "graph"), ir = parts(method, code, "llvm"), machine = parts(method, code, "asm");
  if (method.baseline) machine.push(["baseline tier", () => bytecodeLines(method.baseline)]);
  const bytecode = method.bytecode ? [["", () => bytecodeLines(method.bytecode)]] : [];
  return [
    sourcePane(method),
    pane("Bytecode", bytecode, 0),
    pane("Graph", graphs, Math.max(0, graphs.length - 1)),
    pane("LLVM IR", ir, Math.max(0, ir.length - 1)),
    pane("Machine code", machine, 0),
  ];
}

// ---- What else is known ----

function section(title, ...content) { return [make("h2", "", title), ...content]; }

function tableOf(heads, rows, classes) {
  const body = make("tbody");
  for (const row of rows) {
    const tr = make("tr", row.kind || "");
    for (const cell of row.cells) tr.append(make("td", "", cell));
    body.append(tr);
  }
  const table = make("table", classes, null, make("thead", "", null, make("tr", "", null, ...heads.map((h) => make("th", "", h)))), body);
  const scroll = make("div", "scroll", null, table);
  scroll.tabIndex = 0;
  return scroll;
}

function methodName(name) {
  if (!byName.has(name)) return make("span", "", name);
  const a = make("a", "", name);
  a.href = "#" + encodeURIComponent(name);
  return a;
}

function inlining(code) {
  const tree = make("ul", "tree");
  for (const d of code.inlining) {
    const li = make("li", "", null, make("span", d.inlined ? "yes" : "no", d.inlined ? "+ " : "− "), methodName(d.callee),
      make("small", "", `  line ${d.line}, ${d.words} words: ${d.reason}`));
    li.style.paddingLeft = `${2 * d.depth}em`;
    tree.append(li);
  }
  return tree;
}

function compilations(method) {
  const rows = method.compilations.map((c) => ({ cells: [c.what, c.at.toFixed(1), milliseconds(c.ns), milliseconds(c.build_ns),
    milliseconds(c.passes_ns), milliseconds(c.llvm_ns), milliseconds(c.load_ns), c.nodes || "", c.code_bytes] }));
  return tableOf(["compilation", "at, ms", "ms", "graph", "passes", "LLVM", "loading", "nodes", "bytes"], rows, "");
}

function show(method) {
  linked = new Map();
  pinned = null;
  const verdict = make("ul", "verdicts", null, ...method.verdict.map((v) => make("li", "", v)));
  const area = make("div", "panes"), tree = make("div");
  const choose = (i) => {
    linked = new Map();
    area.replaceChildren(...panes(method, method.codes[i]));
    tree.replaceChildren(...(method.codes[i] && method.codes[i].inlining.length > 0
      ? section("Calls, and what was built in", inlining(method.codes[i])) : []));
  };
  const controls = make("div", "controls");
  if (method.codes.length > 1) {
    const select = make("select");
    method.codes.forEach((c, i) => select.append(new Option(c.title, i)));
    select.addEventListener("change", () => choose(Number(select.value)));
    controls.append(make("label", "", "Optimized code ", select));
  }
  controls.append(make("span", "dim", "Point at a line to see what comes from it; click to keep it and to bring it into view; Escape lets go."));
  view.replaceChildren(make("h2", "", method.name), make("p", "dim", `${method.state}; ${method.heat} budget slices, ${method.words} words of bytecode`),
    verdict, controls, area, tree);
  choose(0);
  if (method.uses.length > 0)
    view.append(...section("In other methods' code", make("ul", "", null, ...method.uses.map((u) => make("li", "", null, methodName(u.into), make("span", "dim", `: ${u.text}`))))));
  if (method.story.length > 0)
    view.append(...section("How it came there", tableOf(["ms", ""], method.story.map((s) => ({ kind: s.what,
      cells: [s.ms.toFixed(1), s.times > 1 ? `${s.text} (${s.times} times)` : s.text] })), "story")));
  if (method.compilations.length > 0) view.append(...section("Compile times", compilations(method)));
}

// ---- The list ----

function row(method) {
  const button = make("button", "", method.name);
  const word = method.state.split(" ")[0], tier = make("td", word, word === "built" ? "built in" : word);
  const tr = make("tr", "", null, make("td", "", null, button), tier, make("td", "", method.heat), make("td", "", milliseconds(method.ns)),
    make("td", "", method.bytes), make("td", method.exits > 0 ? "no" : "", method.exits));
  tr.addEventListener("click", () => { location.hash = encodeURIComponent(method.name); });
  return tr;
}

const rows = new Map(data.methods.map((m) => [m.name, row(m)]));
list.append(...rows.values());
document.getElementById("filter").addEventListener("input", (e) => {
  for (const [name, tr] of rows) tr.hidden = !name.toLowerCase().includes(e.target.value.toLowerCase());
});

function follow() {
  const method = byName.get(decodeURIComponent(location.hash.slice(1))) || data.methods[0];
  for (const [name, tr] of rows) tr.classList.toggle("chosen", method && name === method.name);
  if (method) show(method);
  else view.replaceChildren(make("p", "", "No method was compiled in this run."));
}
window.addEventListener("hashchange", follow);
document.body.classList.toggle("one", data.methods.length === 1);
follow();
