/* strings.c: builds texts in the ways that programs do; see ../rima/strings.rima.

   Invariant: a buffer that a function returns is the caller's to free. */
#define _GNU_SOURCE /* for memmem */
#include "harness.h"
#include "text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_ROWS = 300, MOST_CELLS = 8, MOST_LINES = N_ROWS + 1 };

static void repeat(buffer *out, char c, int times) {
  for (int i = 0; i < times; i++) buffer_add_char(out, c);
}

/* A table of stock, a line a row, its columns padded. */
static buffer report(int rows) {
  static const char *const names[] = {"anchor", "bolt",   "cable",  "drill",
                                      "eyelet", "flange", "gasket", "hinge"};
  random_source random = RANDOM_START;
  buffer out = {0};
  for (int i = 0; i < rows; i++) {
    const char *name = names[random_next(&random) / 8192];
    int count = random_next(&random) / 16;
    char line[64];
    snprintf(line, sizeof line, "%05d | %-10s|%6d | ", i, name, count);
    buffer_add_text(&out, line);
    repeat(&out, '*', count % 20);
    buffer_add_char(&out, '\n');
  }
  return out;
}

/* The pieces between occurrences of a character; returns how many. */
static int split(piece text, char separator, piece *pieces, int most) {
  int count = 0;
  while (count < most) {
    const char *end = text.length ? memchr(text.bytes, separator, (size_t)text.length) : NULL;
    pieces[count++] = (piece){text.bytes, end ? (int)(end - text.bytes) : text.length};
    if (!end) return count;
    text = (piece){end + 1, text.length - (int)(end + 1 - text.bytes)};
  }
  fputs("strings: too many pieces\n", stderr);
  exit(EXIT_FAILURE);
}

static piece trim(piece text) {
  while (text.length && isspace((unsigned char)*text.bytes)) text = (piece){text.bytes + 1, text.length - 1};
  while (text.length && isspace((unsigned char)text.bytes[text.length - 1])) text.length--;
  return text;
}

/* The cells of the table, trimmed, a line a row, in capital letters, the last column first. */
static buffer turned(piece report) {
  buffer out = {0};
  piece lines[MOST_LINES], cells[MOST_CELLS];
  int n_lines = split(report, '\n', lines, MOST_LINES);
  for (int i = 0; i < n_lines; i++) {
    int n_cells = split(lines[i], '|', cells, MOST_CELLS), start = out.length;
    for (int j = n_cells - 1; j >= 0; j--) {
      buffer_add(&out, trim(cells[j]));
      if (j > 0) buffer_add_char(&out, ',');
    }
    for (int j = start; j < out.length; j++) out.bytes[j] = (char)toupper((unsigned char)out.bytes[j]);
    if (i < n_lines - 1) buffer_add_char(&out, '\n');
  }
  return out;
}

/* Runs of one character as the character and how many there are. */
static buffer packed(piece text) {
  buffer out = {0};
  for (int at = 0; at < text.length;) {
    char c = text.bytes[at];
    int end = at + 1;
    while (end < text.length && text.bytes[end] == c) end++;
    buffer_add_char(&out, c);
    buffer_add_int(&out, end - at);
    buffer_add_char(&out, ';');
    at = end;
  }
  return out;
}

static buffer unpacked(piece text) {
  buffer out = {0};
  for (const char *at = text.bytes; at < text.bytes + text.length;) {
    char *end;
    long count = strtol(at + 1, &end, 10);
    for (long i = 0; i < count; i++) buffer_add_char(&out, *at);
    at = end + 1;
  }
  return out;
}

/* Every third line, one added to another, each time as a new text. */
static buffer chosen(const piece *lines, int n_lines) {
  buffer text = {0};
  for (int i = 0; i < n_lines; i += 3) {
    buffer longer = {0};
    buffer_reserve(&longer, text.length + lines[i].length + 1);
    buffer_add(&longer, buffer_piece(&text));
    buffer_add(&longer, lines[i]);
    buffer_add_char(&longer, ';');
    free(text.bytes);
    text = longer;
  }
  return text;
}

/* Where a text next occurs, from `at` on; -1 if it does not. */
static int find(piece text, piece part, int at) {
  const char *found = memmem(text.bytes + at, (size_t)(text.length - at), part.bytes, (size_t)part.length);
  return found ? (int)(found - text.bytes) : -1;
}

static buffer replaced(piece text, const char *part, const char *by) {
  buffer out = {0};
  piece wanted = piece_of(part);
  int start = 0;
  for (int at; (at = find(text, wanted, start)) >= 0; start = at + wanted.length) {
    buffer_add(&out, (piece){text.bytes + start, at - start});
    buffer_add_text(&out, by);
  }
  buffer_add(&out, (piece){text.bytes + start, text.length - start});
  return out;
}

static int count_of(piece text, const char *part) {
  piece wanted = piece_of(part);
  int count = 0;
  for (int at = find(text, wanted, 0); at >= 0; at = find(text, wanted, at + 1)) count++;
  return count;
}

static int checksum(const buffer *text) {
  int sum = text->length;
  for (int i = 0; i < text->length; i++) sum = (sum * 31 + text->bytes[i]) % 1000003;
  return sum;
}

static bool is_right(void) {
  buffer stock = report(N_ROWS), other = turned(buffer_piece(&stock)), runs = packed(buffer_piece(&stock));
  piece lines[MOST_LINES];
  int n_lines = split(buffer_piece(&other), '\n', lines, MOST_LINES);
  buffer few = chosen(lines, n_lines), screws = replaced(buffer_piece(&stock), "bolt", "screw");
  buffer shorter = replaced(buffer_piece(&screws), "**", "+"), back = unpacked(buffer_piece(&runs));
  int counts = count_of(buffer_piece(&stock), "able") * 10000 + count_of(buffer_piece(&shorter), "++");
  char sums[100];
  snprintf(sums, sizeof sums, "%d %d %d %d %d", checksum(&other), checksum(&runs), checksum(&few),
           checksum(&shorter), counts);
  bool is_same = piece_is(buffer_piece(&back), buffer_piece(&stock)) &&
                 strcmp(sums, "236090 120002 779078 98584 311111") == 0;
  const buffer *all[] = {&stock, &other, &runs, &few, &screws, &shorter, &back};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]->bytes);
  return is_same;
}

static bool strings(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!is_right()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 5, strings); }
