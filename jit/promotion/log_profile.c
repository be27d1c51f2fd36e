/* log_profile.c: what is known of a function when the log ends: its tier, heat, types seen. Read log.h. */
#include "any.h"
#include "baseline.h"
#include "error.h"
#include "log_line.h"
#include "profile.h"
#include "promotion.h"
#include <inttypes.h>
#include <stdlib.h>

/* ---- Types ---- */

static bool has_site(const tz_insn *pc) {
  switch (tz_insn_op(*pc)) {
  case TZ_OP_CALL_VIRTUAL:
  case TZ_OP_CALL_INTERFACE:
  case TZ_OP_CALL_CLOSURE:
  case TZ_OP_CALL_ANY:
  case TZ_OP_TAIL_VIRTUAL:
  case TZ_OP_TAIL_INTERFACE:
  case TZ_OP_TAIL_CLOSURE:
  case TZ_OP_TAIL_ANY:
  case TZ_OP_GET_ANY:
  case TZ_OP_SET_ANY: return true;
  default: return false;
  }
}

/* An element of a list begins: "pc", "line". */
static void open_place(tz_log_line *line, const char **separator, const tz_function *f, uint32_t pc) {
  fprintf(line->to, "%s{\"pc\":%" PRIu32, *separator, pc);
  tz_log_number(line, "line", tz_function_line(f, pc));
  *separator = ",";
}

static void write_site(tz_log_line *line, const tz_function *f, uint32_t pc, const char **separator) {
  const tz_site *site = (const tz_site *)&f->k[tz_insn_c(f->code[pc])];
  if (site->way[0].cls == 0) return;
  open_place(line, separator, f, pc);
  tz_log_text(line, "name", site->name);
  fputs(",\"classes\":[", line->to);
  for (int i = 0; i < TZ_SITE_WAYS && site->way[i].cls != 0; i++) {
    char text[300] = "";
    FILE *to = fmemopen(text, sizeof text - 1, "w");
    if (to != NULL) {
      const tz_class *cls = tz_way_class(&site->way[i]);
      if (cls != NULL) tz_log_class(to, cls);
      else fputs(tz_way_kind_name(&site->way[i]), to);
      fclose(to);
    }
    fprintf(line->to, "%s{\"class\":", i > 0 ? "," : "");
    tz_log_quoted(line->to, text, strlen(text));
    tz_log_number(line, "count", site->way[i].count);
    fputc('}', line->to);
  }
  fputc(']', line->to);
  tz_log_number(line, "others", site->misses);
  fputc('}', line->to);
}

static void write_kinds(FILE *to, unsigned kinds) {
  static const char *const names[] = {"int", "float", "str", "other"};
  const char *separator = "";
  fputc('[', to);
  for (unsigned i = 0; i < 4; i++) {
    if (!(kinds >> i & 1)) continue;
    fprintf(to, "%s\"%s\"", separator, names[i]);
    separator = ",";
  }
  fputc(']', to);
}

/* Operators on dynamic values note the kinds of their operands in x. */
static bool is_noted(tz_insn in) {
  switch (tz_insn_op(in)) {
  case TZ_OP_ADD_ANY:
  case TZ_OP_SUB_ANY:
  case TZ_OP_MUL_ANY:
  case TZ_OP_DIV_ANY:
  case TZ_OP_REM_ANY:
  case TZ_OP_EQ_ANY:
  case TZ_OP_LT_ANY:
  case TZ_OP_LE_ANY: return tz_insn_x(in) != 0;
  default: return false;
  }
}

static void write_operator(tz_log_line *line, const tz_function *f, uint32_t pc, const char **separator) {
  open_place(line, separator, f, pc);
  fputs(",\"left\":", line->to);
  write_kinds(line->to, tz_insn_x(f->code[pc]) & 15u);
  fputs(",\"right\":", line->to);
  write_kinds(line->to, tz_insn_x(f->code[pc]) >> 4);
  fputc('}', line->to);
}

static void write_branch(tz_log_line *line, const tz_function *f, uint32_t pc, const char **separator) {
  tz_branch_profile b = f->branches[pc];
  if ((b.taken | b.not_taken) == 0 || !tz_profile_is_count(f->code[pc])) return;
  open_place(line, separator, f, pc);
  tz_log_number(line, "taken", b.taken);
  tz_log_number(line, "not_taken", b.not_taken);
  fputc('}', line->to);
}

typedef enum part { SITES, OPERATORS, BRANCHES } part;

static void write_part(tz_log_line *line, const struct tz_jit *jit, const tz_function *f, part part,
                       const char *name) {
  const char *separator = "";
  fprintf(line->to, ",\"%s\":[", name);
  for (uint32_t pc = 0; f->code != NULL && pc < f->n_words; pc += tz_insn_words(jit, &f->code[pc])) {
    if (part == SITES && has_site(&f->code[pc])) write_site(line, f, pc, &separator);
    if (part == OPERATORS && is_noted(f->code[pc])) write_operator(line, f, pc, &separator);
    if (part == BRANCHES && f->branches != NULL) write_branch(line, f, pc, &separator);
  }
  fputc(']', line->to);
}

/* ---- The record ---- */

static const char *tier_name(const tz_function *f) {
  const tz_tier *tier = f->tier;
  if (f->code == NULL) return "native";
  if (tz_promotion_code(f, TZ_NO_OSR) != NULL) return "optimizing";
  return tier != NULL && tier->baseline != NULL ? "baseline" : "interpreter";
}

static uint32_t last_line(const tz_function *f) {
  uint32_t last = 0;
  for (uint32_t i = 0; i < f->n_lines; i++)
    if (f->lines[i].line > last) last = f->lines[i].line;
  return last;
}

/* ---- Code ---- */

static void write_lines(tz_log_line *line, const tz_function *f) {
  fputs(",\"lines\":[", line->to);
  for (uint32_t i = 0; i < f->n_lines; i++)
    fprintf(line->to, "%s[%" PRIu32 ",%" PRIu32 "]", i > 0 ? "," : "", f->lines[i].pc, f->lines[i].line);
  fputc(']', line->to);
}

/* Of tier bytecode, or baseline. */
static void write_code(tz_jit_log *log, const char *tier, const tz_function *f) {
  const struct tz_jit *jit = log->vm->jit;
  tz_log_line line;
  char *text = NULL;
  size_t n = 0;
  const char *problem = NULL;
  FILE *to = open_memstream(&text, &n);
  if (to == NULL) return;
  if (strcmp(tier, "bytecode") == 0) tz_bytecode_dump(jit, f, to);
  else if (!tz_baseline_dump(jit, f->tier, to, &problem)) fprintf(to, "%s\n", problem);
  fclose(to);
  tz_log_line_begin(&line, "code");
  if (line.to != NULL) {
    tz_log_text(&line, "tier", tier);
    tz_log_code(&line, f, TZ_NO_OSR);
    write_lines(&line, f);
    fputs(",\"text\":", line.to);
    tz_log_quoted(line.to, text, n);
    tz_log_line_end(log, &line);
  }
  free(text);
}

static void write_codes(tz_jit_log *log, const tz_function *f) {
  const tz_tier *tier = f->tier;
  bool is_named = strcmp(log->vm->options.jit_log_code, f->name) == 0;
  if (!tz_log_is_shown(log, f) || (tier == NULL && !is_named)) return;
  write_code(log, "bytecode", f);
  if (tier != NULL && tier->baseline != NULL) write_code(log, "baseline", f);
}

void tz_log_profile(tz_jit_log *log, tz_function *f) {
  struct tz_jit *jit = log->vm->jit;
  tz_log_line line;
  if (f->code == NULL || f->flags & TZ_FUNCTION_HIDDEN) return;
  tz_log_line_begin(&line, "profile");
  if (line.to == NULL) return;
  tz_log_text(&line, "function", f->name);
  tz_log_text(&line, "tier", tier_name(f));
  tz_log_number(&line, "heat", f->heat);
  tz_log_number(&line, "words", f->n_words);
  tz_log_text(&line, "source", f->source);
  tz_log_number(&line, "first_line", f->n_lines > 0 ? f->lines[0].line : 0);
  tz_log_number(&line, "last_line", last_line(f));
  write_part(&line, jit, f, SITES, "sites");
  write_part(&line, jit, f, OPERATORS, "operators");
  write_part(&line, jit, f, BRANCHES, "branches");
  tz_log_line_end(log, &line);
  write_codes(log, f);
}
