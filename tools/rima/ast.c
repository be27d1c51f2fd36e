/* ast.c: the few operations of the tree itself. */
#include "ast.h"
#include <string.h>

uint32_t rima_function_capture(rima_arena *arena, rima_function *function, rima_local *local) {
  for (uint32_t i = 0; i < function->capture_count; i++)
    if (function->captures[i].local == local) return i;
  if (function->capture_count == function->capture_capacity) {
    uint32_t capacity = function->capture_capacity ? function->capture_capacity * 2 : 4;
    rima_capture *grown = RIMA_NEW_ARRAY(arena, rima_capture, capacity);
    if (function->capture_count) memcpy(grown, function->captures, function->capture_count * sizeof *grown);
    function->captures = grown;
    function->capture_capacity = capacity;
  }
  function->captures[function->capture_count] = (rima_capture){.local = local, .reg = -1};
  return function->capture_count++;
}

static const char *const binary_texts[] = {
    [RIMA_BINARY_NONE] = "=",         [RIMA_BINARY_ADD] = "+",         [RIMA_BINARY_SUB] = "-",
    [RIMA_BINARY_MUL] = "*",          [RIMA_BINARY_DIV] = "/",         [RIMA_BINARY_REM] = "%",
    [RIMA_BINARY_SHL] = "<<",         [RIMA_BINARY_SHR] = ">>",        [RIMA_BINARY_USHR] = ">>>",
    [RIMA_BINARY_AND] = "&",          [RIMA_BINARY_OR] = "|",          [RIMA_BINARY_XOR] = "^",
    [RIMA_BINARY_LOGICAL_AND] = "&&", [RIMA_BINARY_LOGICAL_OR] = "||", [RIMA_BINARY_COALESCE] = "??",
    [RIMA_BINARY_EQ] = "==",          [RIMA_BINARY_NE] = "!=",         [RIMA_BINARY_SAME] = "===",
    [RIMA_BINARY_NOT_SAME] = "!==",   [RIMA_BINARY_LT] = "<",          [RIMA_BINARY_LE] = "<=",
    [RIMA_BINARY_GT] = ">",           [RIMA_BINARY_GE] = ">=",         [RIMA_BINARY_IN] = "in",
    [RIMA_BINARY_NOT_IN] = "!in",
};
const char *rima_binary_op_text(rima_binary_op op) { return binary_texts[op]; }

static const char *const unary_texts[] = {"-", "!", "~", "!"};
const char *rima_unary_op_text(rima_unary_op op) { return unary_texts[op]; }
