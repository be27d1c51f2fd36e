/* source.c: see source.h. A module is a sequence of sections; a section is a class, an enum or a function
 * with a caller. */
#include "source.h"
#include <stdio.h>
#include <string.h>

typedef struct writer {
  FILE *file;
  int64_t lines;
  uint64_t random;
  int section; /* number of the section being written */
} writer;

static unsigned pick(writer *w, unsigned limit) {
  w->random = w->random * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w->random >> 33) % limit;
}

/* Writes a text in which every `#` stands for the section's number and every `~` for a number picked anew. */
static void put(writer *w, const char *text) {
  for (const char *at = text; *at; at++) {
    if (*at == '#') {
      fprintf(w->file, "%d", w->section);
    } else if (*at == '~') {
      fprintf(w->file, "%u", 1 + pick(w, 1000));
    } else {
      fputc(*at, w->file);
      w->lines += *at == '\n';
    }
  }
}

static const char record_section[] =
    "/// One line of an order: what was bought, how many, at what price.\n"
    "class Order#(let name: str, let amount: int, let price: float) {\n"
    "  private var isPaid = false\n"
    "  private let notes = List[str]()\n"
    "\n"
    "  fun total(): float = float(amount) * price\n"
    "\n"
    "  fun pay(sum: float): bool {\n"
    "    if sum < total() {\n"
    "      notes.add(\"${name}: ${sum} of ${total()} paid\")\n"
    "      return false\n"
    "    }\n"
    "    isPaid = true\n"
    "    return true\n"
    "  }\n"
    "\n"
    "  fun score(): int {\n"
    "    var score = amount % ~\n"
    "    if isPaid { score += ~ } else { score -= ~ }\n"
    "    return score + notes.len()\n"
    "  }\n"
    "\n"
    "  override fun toString(): str = \"Order(${name}, ${amount}, ${price})\"\n"
    "}\n"
    "\n"
    "fun section#(n: int): int {\n"
    "  let orders = List[Order#]()\n"
    "  for i in 0..n % 7 { orders.add(Order#(\"article ${i}\", i * ~, 1.5)) }\n"
    "  var sum = 0\n"
    "  for order in orders {\n"
    "    if order.pay(~.0) { sum += order.score() } else { sum += order.toString().len() }\n"
    "  }\n"
    "  return sum\n"
    "}\n"
    "\n";

static const char shapes_section[] =
    "enum Shape# {\n"
    "  Circle#(radius: float)\n"
    "  Box#(width: float, height: float)\n"
    "  Nothing#\n"
    "}\n"
    "\n"
    "fun area#(shape: Shape#): float {\n"
    "  return match shape {\n"
    "    Circle#(r) => r * r * 3.14159\n"
    "    Box#(w, h) if w == h => w * w\n"
    "    Box#(w, h) => w * h\n"
    "    Nothing# => 0.0\n"
    "  }\n"
    "}\n"
    "\n"
    "fun section#(n: int): int {\n"
    "  let shapes: List[Shape#] = [Shape#.Circle#(~.0), Shape#.Box#(~.0, ~.0), Shape#.Nothing#]\n"
    "  var total = 0.0\n"
    "  for shape in shapes { total += area#(shape) }\n"
    "  return int(total) % (n + ~)\n"
    "}\n"
    "\n";

static const char virtual_section[] =
    "abstract class Animal#(let name: str) {\n"
    "  abstract fun sound(times: int): str\n"
    "  open fun weight(): int = ~\n"
    "}\n"
    "\n"
    "class Dog#(name: str) : Animal#(name) {\n"
    "  override fun sound(times: int): str = \"woof \".repeat(times)\n"
    "}\n"
    "\n"
    "class Cat#(name: str, let lives: int) : Animal#(name) {\n"
    "  override fun sound(times: int): str {\n"
    "    if times > lives { return \"\" }\n"
    "    return \"meow from ${name}\"\n"
    "  }\n"
    "  override fun weight(): int = super.weight() / 2 + ~\n"
    "}\n"
    "\n"
    "fun section#(n: int): int {\n"
    "  let animals: List[Animal#] = [Dog#(\"Rex\"), Cat#(\"Tom\", ~), Dog#(\"Bello\")]\n"
    "  var sum = 0\n"
    "  for animal in animals {\n"
    "    sum += animal.weight() + animal.sound(n % 3).len()\n"
    "  }\n"
    "  return sum\n"
    "}\n"
    "\n";

static const char numbers_section[] = "/// The length of the sequence that begins with `start`.\n"
                                      "fun collatz#(start: int): int {\n"
                                      "  var n = start\n"
                                      "  var steps = 0\n"
                                      "  while n != 1 && steps < ~ {\n"
                                      "    n = if n % 2 == 0 { n / 2 } else { n * 3 + 1 }\n"
                                      "    steps += 1\n"
                                      "  }\n"
                                      "  return steps\n"
                                      "}\n"
                                      "\n"
                                      "fun mixed#(values: Array[int], factor: int): int {\n"
                                      "  var result = ~\n"
                                      "  for i in 0..values.len() {\n"
                                      "    let value = values[i]\n"
                                      "    if value > ~ {\n"
                                      "      result = result * 31 + value\n"
                                      "    } else if value < factor || value == ~ {\n"
                                      "      result = result ^ (value << 3)\n"
                                      "    } else {\n"
                                      "      result -= value & 0xff\n"
                                      "    }\n"
                                      "  }\n"
                                      "  return result\n"
                                      "}\n"
                                      "\n"
                                      "fun section#(n: int): int {\n"
                                      "  let values = Array[int](16)\n"
                                      "  for i in 0..16 { values[i] = collatz#(i + 1 + n % ~) }\n"
                                      "  return mixed#(values, n) % ~\n"
                                      "}\n"
                                      "\n";

static const char texts_section[] =
    "fun count#(text: str): Map[str, int] {\n"
    "  let counts = Map[str, int]()\n"
    "  for word in text.split(\" \") {\n"
    "    counts[word] = counts.getOr(word, 0) + 1\n"
    "  }\n"
    "  return counts\n"
    "}\n"
    "\n"
    "fun section#(n: int): int {\n"
    "  let counts = count#(\"the quick brown fox number ~ and the lazy dog number ~ of ${n}\")\n"
    "  let long = counts.keys().filter((word: str) => word.len() > 3)\n"
    "  let lengths = long.map((word: str) => word.len())\n"
    "  return lengths.fold(~, (a: int, b: int) => a + b)\n"
    "}\n"
    "\n";

static const char *const kinds[] = {record_section, shapes_section, virtual_section, numbers_section,
                                    texts_section};

enum { N_KINDS = sizeof kinds / sizeof kinds[0], MODULE_LINES = 500 };

static bool begin(writer *w, const char *directory, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.rima", directory, name);
  w->file = fopen(path, "w");
  return w->file != NULL;
}

static bool end(writer *w) {
  bool is_well = !ferror(w->file);
  return fclose(w->file) == 0 && is_well;
}

static bool write_module(writer *w, const char *directory, int number) {
  char name[32];
  snprintf(name, sizeof name, "part%d", number);
  if (!begin(w, directory, name)) return false;
  int64_t start = w->lines;
  for (w->section = 0; w->lines - start < MODULE_LINES; w->section++) put(w, kinds[pick(w, N_KINDS)]);
  fprintf(w->file, "fun run(n: int): int {\n  var sum = 0\n");
  for (int i = 0; i < w->section; i++) fprintf(w->file, "  sum += section%d(n)\n", i);
  fprintf(w->file, "  return sum\n}\n");
  w->lines += 4 + w->section;
  return end(w);
}

static bool write_main(writer *w, const char *directory, int modules) {
  if (!begin(w, directory, "main")) return false;
  for (int i = 0; i < modules; i++) fprintf(w->file, "import \"./part%d\"\n", i);
  fprintf(w->file, "\nfun main() {\n  var sum = 0\n");
  for (int i = 0; i < modules; i++) fprintf(w->file, "  sum += part%d.run(%d)\n", i, i);
  fprintf(w->file, "  print(sum)\n}\n");
  w->lines += 2 * modules + 5;
  return end(w);
}

int64_t source_write(const char *directory, int64_t lines, uint64_t seed) {
  writer w = {.random = seed};
  int modules = 0;
  while (w.lines < lines)
    if (!write_module(&w, directory, modules++)) return -1;
  return write_main(&w, directory, modules) ? w.lines : -1;
}
