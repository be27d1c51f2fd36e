/* queens.c: places eight queens by backtracking; see ../rima/queens.rima. */
#include "harness.h"
#include <string.h>

typedef struct {
  bool rows[8], rising[16], falling[16]; /* which are free */
  int columns[8];
} board;

static bool is_free(const board *b, int row, int column) {
  return b->rows[row] && b->rising[column + row] && b->falling[column - row + 7];
}

static void mark(board *b, int row, int column, bool is_free) {
  b->rows[row] = is_free;
  b->rising[column + row] = is_free;
  b->falling[column - row + 7] = is_free;
}

static bool place(board *b, int column) {
  for (int row = 0; row < 8; row++) {
    if (!is_free(b, row, column)) continue;
    b->columns[row] = column;
    mark(b, row, column, false);
    if (column == 7 || place(b, column + 1)) return true;
    mark(b, row, column, true);
  }
  return false;
}

static bool solve(void) {
  board b;
  memset(b.rows, true, sizeof b.rows);
  memset(b.rising, true, sizeof b.rising);
  memset(b.falling, true, sizeof b.falling);
  return place(&b, 0);
}

static bool queens(int repeats) {
  for (int i = 0; i < repeats; i++)
    if (!solve()) return false;
  return true;
}

int main(int argc, char **argv) { return harness_run(argc, argv, 200, queens); }
