// strings.mjs: builds texts in the ways that programs do; see ../rima/strings.rima.
import { run } from "../../classic/js/harness.mjs";
import { Random } from "../../classic/js/som.mjs";

const names = ["anchor", "bolt", "cable", "drill", "eyelet", "flange", "gasket", "hinge"];

/** A table of stock, a line a row, its columns padded. */
function report(rows) {
  const random = new Random();
  let out = "";
  for (let i = 0; i < rows; i++) {
    const name = names[random.next() >> 13];
    const count = random.next() >> 4;
    out += `${String(i).padStart(5, "0")} | ${name.padEnd(10, " ")}|`;
    out += `${String(count).padStart(6, " ")} | ${"*".repeat(count % 20)}\n`;
  }
  return out;
}

/** The cells of the table, trimmed, a line a row, in capital letters, the last column first. */
function turned(report) {
  const lines = [];
  for (const line of report.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    lines.push(cells.reverse().join(",").toUpperCase());
  }
  return lines.join("\n");
}

/** Runs of one character as the character and how many there are. */
function packed(text) {
  let out = "";
  let at = 0;
  while (at < text.length) {
    const c = text[at];
    let end = at + 1;
    while (end < text.length && text[end] === c) end++;
    out += `${c}${end - at};`;
    at = end;
  }
  return out;
}

function unpacked(text) {
  let out = "";
  let at = 0;
  while (at < text.length) {
    const c = text[at];
    const end = text.indexOf(";", at + 1);
    const count = Number.parseInt(text.slice(at + 1, end), 10);
    for (let i = 0; i < count; i++) out += c;
    at = end + 1;
  }
  return out;
}

/** Every third line, one added to another. */
function chosen(lines) {
  let text = "";
  for (let i = 0; i < lines.length; i += 3) text = `${text}${lines[i]};`;
  return text;
}

function countOf(text, part) {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++;
  return count;
}

function checksum(text) {
  let sum = text.length;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
  return sum;
}

function isRight() {
  const stock = report(300);
  const other = turned(stock);
  const runs = packed(stock);
  const few = chosen(other.split("\n"));
  const replaced = stock.replaceAll("bolt", "screw").replaceAll("**", "+");
  const counts = countOf(stock, "able") * 10000 + countOf(replaced, "++");
  if (unpacked(runs) !== stock) return false;
  const sums = [...[other, runs, few, replaced].map(checksum), counts];
  return sums.join(" ") === "236090 120002 779078 98584 311111";
}

run(5, (repeats) => {
  for (let i = 0; i < repeats; i++) {
    if (!isRight()) return false;
  }
  return true;
});
