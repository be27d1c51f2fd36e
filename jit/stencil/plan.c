/* plan.c: decides which stencils there are and writes them as C, one function each, from the bodies in ops.h.
 *
 *   plan OPS_H OUT_PREFIX PARTS     writes OUT_PREFIX0.c, OUT_PREFIX1.c ...
 *
 * Bodies are copied as text, so that the compiler sees each exactly as often as it is wanted. */
#include "format.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct opcode {
  const char *name, *operands, *rule;
  char *body;
} opcode;

static opcode opcodes[] = {
#define TZ_OP(NAME, text, operands, RULE, FLAGS, meaning) {#NAME, operands, #RULE, NULL},
#include "terza/spec/opcodes.def"
#undef TZ_OP
};
enum { N_OPCODES = sizeof opcodes / sizeof *opcodes };

/* Opcodes that occur in hot loops get a stencil for every choice of locations; others take slots and
 * accumulators. */
static const char hot[] = " MOV CONST_I CONST NULL ADD_I SUB_I MUL_I DIV_I REM_I AND_I OR_I XOR_I SHL_I "
                          "SHR_I USHR_I ADD_II MUL_II DIV_II "
                          "REM_II AND_II OR_II XOR_II SHL_II SHR_II USHR_II NEG_I ADD_F SUB_F MUL_F DIV_F "
                          "NEG_F SQRT_F I_TO_F JT JF JEQ_I "
                          "JNE_I JLT_I JLE_I JEQ_II JNE_II JLT_II JLE_II JGT_II JGE_II JLT_U JEQ_F JNE_F "
                          "JLT_F JLE_F JNLT_F JNLE_F JEQ_R "
                          "JNE_R JNULL JNONNULL FOR_I GETG PUTG GETF PUTF PUTF_R NONNULL ARRAY_LEN LOAD_U8 "
                          "LOAD_I32 LOAD_64 STORE_U8 STORE_64 "
                          "STORE_R LIST_LOAD LIST_STORE LIST_STORE_R STR_LEN STR_BYTE RET EQ_I LT_I ";
/* Opcodes whose v operands may be floats. */
static const char untyped[] = " MOV CONST GETG PUTG GETF PUTF LOAD_64 STORE_64 LIST_LOAD LIST_STORE RET ";

static void die(const char *what, const char *which) {
  fprintf(stderr, "stencil plan: %s: %s\n", what, which);
  exit(1);
}

static bool is_in(const char *list, const char *name) {
  char padded[64];
  snprintf(padded, sizeof padded, " %s ", name);
  return strstr(list, padded) != NULL;
}

static char *read_text(const char *path) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) die("cannot read", path);
  fseek(f, 0, SEEK_END);
  size_t n = (size_t)ftell(f);
  rewind(f);
  char *text = malloc(n + 1);
  if (text == NULL || fread(text, 1, n, f) != n) die("cannot read", path);
  text[n] = 0;
  fclose(f);
  return text;
}

/* A body begins at the start of a line and goes to the END that ends a line. */
static void find_body(const char *text, opcode *op) {
  char start[64];
  snprintf(start, sizeof start, "\nOP(%s)", op->name);
  const char *at = strstr(text, start);
  if (at == NULL) die("ops.h has no body for", op->name);
  at++;
  const char *end = strstr(at, "END\n"), *next = strstr(at, "\nOP(");
  if (end == NULL || (next != NULL && next < end)) die("ops.h: no END behind", op->name);
  op->body = strndup(at, (size_t)(end + 3 - at));
}

/* The #define lines of ops.h, with continuation lines. */
static void write_defines(FILE *out, const char *text) {
  for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
    if (strncmp(line, "#define", 7) != 0) continue;
    bool continues = true;
    while (continues) {
      const char *end = strchr(line, '\n');
      continues = end[-1] == '\\';
      fprintf(out, "%.*s\n", (int)(end - line), line);
      if (continues) line = end + 1;
    }
  }
}

/* The locations a field may have, as a bit mask. */
static unsigned locations(const opcode *op, char field) {
  const char *at = NULL;
  for (const char *p = op->operands; *p; p++)
    if (*p == field && (p == op->operands || p[-1] == ',') && (p[1] == '=' || p[1] == '.')) at = p;
  if (at == NULL || strchr(op->operands, '*') != NULL)
    return 1; /* argument lists: the operands are moved by glue */
  bool is_written = at[1] == '=', is_hot = is_in(hot, op->name);
  unsigned set = is_written ? (is_hot ? 7u : 1u) : (is_hot ? 15u : 9u);
  if (at[2] == 'f') return set << 4;
  if (at[2] == 'v' && is_in(untyped, op->name)) return set | set << 4;
  return set;
}

static int variants(const opcode *op) {
  if (strchr(op->operands, '@') != NULL) return 2;
  if (is_in(" CONST GETG PUTG CALL_INTERFACE CALL_ANY ", op->name)) return 2;
  if (is_in(" CALL_VIRTUAL CALL_CLOSURE ", op->name)) return 3;
  return 1;
}

static void write_stencil(FILE *out, const opcode *op, int a, int b, int c, int variant) {
  bool is_call = strstr(op->name, "CALL") != NULL || strstr(op->name, "TAIL") != NULL;
  bool is_static = is_in(" CALL TAIL_CALL ", op->name) || (is_call && variant == TZ_VARIANT_MONO);
  bool is_value = is_in(" NEW CALL TAIL_CALL ", op->name) || (!is_call && variant == TZ_VARIANT_VALUE);
  fprintf(out, "#define LOC_a %d\n#define LOC_b %d\n#define LOC_c %d\n#define VARIANT %d\n", a, b, c,
          variant);
  fprintf(out, "#define IS_STATIC %d\n#define K_D K_D_%s\n", is_static, is_value ? "VALUE" : "SLOT");
  fprintf(out, "#define SITE_C SITE_%s\n",
          is_call && variant == TZ_VARIANT_MONO   ? "MONO"
          : is_call && variant == TZ_VARIANT_POLY ? "POLY"
                                                  : "PLAIN");
  if (is_in(" DIV_II REM_II ", op->name)) fprintf(out, "#undef IMM_C\n#define IMM_C IMM_C_OPAQUE\n");
  fprintf(out, "#define NAMED st_%s_%d%d%d%d\n%s\n", op->name, a, b, c, variant, op->body);
  if (is_in(" DIV_II REM_II ", op->name)) fprintf(out, "#undef IMM_C\n#define IMM_C IMM_C_HOLE\n");
  fprintf(out, "#undef LOC_a\n#undef LOC_b\n#undef LOC_c\n#undef VARIANT\n#undef IS_STATIC\n#undef "
               "K_D\n#undef SITE_C\n"
               "#undef NAMED\n");
}

static int write_opcode(FILE *out, const opcode *op) {
  int count = 0;
  const char *work = strchr(op->body, ')') + 1;
  bool leaves =
      strncmp(work + strspn(work, " "), "SLOW(", 5) == 0; /* nothing but an exit: locations do not matter */
  unsigned in_a = leaves ? 1 : locations(op, 'a'), in_b = leaves ? 1 : locations(op, 'b'),
           in_c = leaves ? 1 : locations(op, 'c');
  for (int a = 0; a < TZ_LOC_COUNT; a++)
    for (int b = 0; b < TZ_LOC_COUNT; b++)
      for (int c = 0; c < TZ_LOC_COUNT; c++)
        for (int v = 0; v < variants(op); v++) {
          if (!(in_a >> a & 1) || !(in_b >> b & 1) || !(in_c >> c & 1)) continue;
          if (strcmp(op->name, "MOV") == 0 && (a >= 4) != (b >= 4) && b != 3)
            continue; /* a call's result is an int */
          write_stencil(out, op, a, b, c, v);
          count++;
        }
  return count;
}

int main(int argc, char **argv) {
  if (argc != 4) die("usage", "plan OPS_H OUT_PREFIX PARTS");
  char *text = read_text(argv[1]);
  for (int i = 0; i < N_OPCODES; i++) find_body(text, &opcodes[i]);
  int parts = atoi(argv[3]), total = 0, next = 0;
  for (int part = 0; part < parts; part++) {
    char path[4096];
    snprintf(path, sizeof path, "%s%d.c", argv[2], part);
    FILE *out = fopen(path, "w");
    if (out == NULL) die("cannot write", path);
    fprintf(out, "/* Generated from ops.h by plan.c. */\n#include \"stencil.h\"\n");
    write_defines(out, text);
    int most = (N_OPCODES * (part + 1)) / parts;
    for (; next < most; next++) total += write_opcode(out, &opcodes[next]);
    if (part == 0) fprintf(out, "#include \"glue.h\"\n");
    if (fclose(out) != 0) die("cannot write", path);
  }
  printf("%d stencils planned\n", total);
  return 0;
}
