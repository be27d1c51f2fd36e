/* log.c: see log.h. Writing, and the records that are one line of thought; log_graph.c has compilations,
 * log_profile.c the end. */
#include "baseline.h"
#include "class.h"
#include "error.h"
#include "log_line.h"
#include "terza/linking.h"
#include "terza/native.h"
#include "terza/options.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_FORMAT = 1, TEXT_SHOWN = 60 };

/* ---- Lines ---- */

void tz_log_line_begin(tz_log_line *line, const char *what) {
  line->text = NULL;
  line->to = open_memstream(&line->text, &line->bytes);
  if (line->to != NULL) fprintf(line->to, "{\"jit\":\"%s\"", what);
}

static void give_up(tz_jit_log *log) {
  fprintf(stderr, "terza: the JIT log ends here: %s\n", strerror(errno));
  close(log->fd);
  log->fd = -1;
}

static void write_line(tz_jit_log *log, const char *text, size_t bytes) {
  pthread_mutex_lock(&log->lock);
  while (log->fd >= 0 && bytes > 0) {
    ssize_t n = write(log->fd, text, bytes);
    if (n > 0) text += n, bytes -= (size_t)n;
    else if (n == 0 || errno != EINTR) give_up(log);
  }
  pthread_mutex_unlock(&log->lock);
}

void tz_log_line_end(tz_jit_log *log, tz_log_line *line) {
  if (line->to == NULL) return;
  fputs("}\n", line->to);
  if (fclose(line->to) == 0) write_line(log, line->text, line->bytes);
  free(line->text);
}

/* ---- Fields ---- */

void tz_log_quoted(FILE *to, const char *text, size_t n) {
  fputc('"', to);
  for (size_t i = 0; i < n;) {
    unsigned char c = (unsigned char)text[i];
    size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c < ' ' || c == '"' || c == '\\' || c == 0x7f) fprintf(to, "\\u%04x", c);
    else if (c < 0x80) fputc(c, to);
    else if (length <= n - i && tz_utf8_is_valid(text + i, length)) fwrite(text + i, 1, length, to);
    else fputs("\\ufffd", to), length = 1;
    i += length;
  }
  fputc('"', to);
}

void tz_log_text(tz_log_line *line, const char *name, const char *text) {
  if (line->to == NULL) return;
  fprintf(line->to, ",\"%s\":", name);
  if (text != NULL) tz_log_quoted(line->to, text, strlen(text));
  else fputs("null", line->to);
}

void tz_log_number(tz_log_line *line, const char *name, uint64_t number) {
  if (line->to != NULL) fprintf(line->to, ",\"%s\":%" PRIu64, name, number);
}

void tz_log_code(tz_log_line *line, const tz_function *f, uint32_t entry) {
  tz_log_text(line, "function", f->name);
  if (entry != TZ_NO_OSR) {
    tz_log_number(line, "entry", entry);
    tz_log_number(line, "entry_line", tz_function_line(f, entry));
  } else if (line->to != NULL) fputs(",\"entry\":null", line->to);
}

void tz_log_place(tz_log_line *line, const tz_function *f, uint32_t pc) {
  tz_log_number(line, "pc", pc);
  tz_log_number(line, "line", tz_function_line(f, pc));
}

void tz_log_element(tz_log_line *line, bool is_first, const tz_function *f, uint32_t pc) {
  fputs(is_first ? "{\"function\":" : ",{\"function\":", line->to);
  tz_log_quoted(line->to, f->name, strlen(f->name));
  tz_log_place(line, f, pc);
}

bool tz_log_is_shown(const tz_jit_log *log, const tz_function *f) {
  const char *wanted = log->vm->options.jit_log_code;
  return strcmp(wanted, "*") == 0 || strcmp(wanted, f->name) == 0;
}

/* ---- Values ---- */

void tz_log_class(FILE *to, const tz_class *cls) {
  char text[256];
  if (cls->shape != NULL) fputs("dynamic object", to);
  else if (cls->type == NULL || cls->type->kind == TZ_KIND_CLASS)
    fputs(cls->name != NULL ? cls->name : "?", to);
  else {
    tz_type_text(cls->type, text, sizeof text);
    fputs(text, to);
  }
}

static void float_value(FILE *to, double f) {
  fprintf(to, isfinite(f) && f == floor(f) && fabs(f) < 1e15 ? "%.1f" : "%.17g", f);
}

/* As a literal; cut where a character begins. */
static void string_value(FILE *to, const tz_string *s) {
  size_t n = (size_t)s->length, shown = n;
  if (n > TEXT_SHOWN)
    for (shown = TEXT_SHOWN; shown > 0 && (s->u8[shown] & 0xc0) == 0x80; shown--) {}
  fputc('"', to);
  for (size_t i = 0; i < shown; i++) {
    unsigned char c = s->u8[i];
    if (c == '\n') fputs("\\n", to);
    else if (c < ' ' || c == 0x7f) fprintf(to, "\\u{%x}", c);
    else if (c == '"' || c == '\\') fprintf(to, "\\%c", c);
    else fputc(c, to);
  }
  fputc('"', to);
  if (shown < n) fprintf(to, "… (%zu bytes)", n);
}

static void object_value(FILE *to, const tz_vm *vm, const void *p) {
  const tz_class *cls = tz_object_class(p);
  if (cls == vm->string_class) string_value(to, p);
  else if (cls == vm->int_box_class) fprintf(to, "%" PRId64, tz_object_fields((void *)p)[0].i);
  else {
    tz_log_class(to, cls);
    if (cls->type != NULL && cls->type->kind == TZ_KIND_ARRAY)
      fprintf(to, " of %" PRId64, ((const tz_array *)p)->length);
  }
}

void tz_log_value(FILE *to, const tz_vm *vm, const tz_type *type, tz_word value) {
  bool is_dynamic = type->rep == 'Y';
  if (type->rep == 'I' && type->kind == TZ_KIND_BOOL) fputs(value.u != 0 ? "true" : "false", to);
  else if (type->rep == 'I') fprintf(to, "%" PRId64, value.i);
  else if (type->rep == 'F') float_value(to, value.f);
  else if (tz_word_is_ref(value.u)) object_value(to, vm, value.p);
  else if (is_dynamic && tz_any_is_bool(value.u)) fputs(tz_any_to_bool(value.u) ? "true" : "false", to);
  else if (is_dynamic && tz_any_is_int(value.u)) fprintf(to, "%" PRId64, tz_any_to_int(value.u));
  else if (is_dynamic && tz_any_is_float(value.u)) float_value(to, tz_any_to_float(value.u));
  else fputs("null", to);
}

/* ---- Life ---- */

static void log_options(tz_log_line *line, const tz_options *options) {
  const char *separator = "";
  const tz_option_info *o;
  if (line->to == NULL) return;
  fputs(",\"options\":{", line->to);
  for (unsigned i = 0; (o = tz_option_at(i)) != NULL; i++) {
    const void *field = (const char *)options + o->offset,
               *usual = (const char *)tz_options_default() + o->offset;
    bool is_usual = o->type == 'b'   ? *(const bool *)field == *(const bool *)usual
                    : o->type == 't' ? strcmp(field, usual) == 0
                                     : *(const int64_t *)field == *(const int64_t *)usual;
    if (is_usual) continue;
    fprintf(line->to, "%s\"%s\":", separator, o->name);
    separator = ",";
    if (o->type == 'b') fputs(*(const bool *)field ? "true" : "false", line->to);
    else if (o->type == 't') tz_log_quoted(line->to, field, strlen(field));
    else fprintf(line->to, "%" PRId64, *(const int64_t *)field);
  }
  fputc('}', line->to);
}

tz_jit_log *tz_jit_log_open(tz_vm *vm) {
  const char *path = vm->options.jit_log;
  tz_jit_log *log = path[0] != 0 ? calloc(1, sizeof *log) : NULL;
  if (log == NULL) return NULL;
  log->vm = vm;
  log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (log->fd < 0) {
    fprintf(stderr, "terza: cannot write the JIT log %s: %s\n", path, strerror(errno));
    free(log);
    return NULL;
  }
  pthread_mutex_init(&log->lock, NULL);
  tz_log_line line;
  tz_log_line_begin(&line, "log");
  tz_log_number(&line, "format", LOG_FORMAT);
  tz_log_number(&line, "at_ns", tz_jit_clock());
  log_options(&line, &vm->options);
  tz_log_line_end(log, &line);
  return log;
}

static bool is_open(tz_jit_log *log) {
  pthread_mutex_lock(&log->lock);
  bool result = log->fd >= 0;
  pthread_mutex_unlock(&log->lock);
  return result;
}

void tz_jit_log_finish(tz_jit_log *log) {
  if (log == NULL) return;
  struct tz_jit *jit = log->vm->jit;
  const struct tz_function_table *all = log->vm->functions;
  if (jit->shared == NULL) tz_operands_init(jit->operands); /* nothing was compiled */
  for (uint32_t i = 0; i < all->count && is_open(log); i++)
    if (all->by_id[i] != NULL) tz_log_profile(log, all->by_id[i]);
  pthread_mutex_lock(&log->lock);
  if (log->fd >= 0) close(log->fd);
  log->fd = -1;
  pthread_mutex_unlock(&log->lock);
}

void tz_jit_log_free(tz_jit_log *log) {
  if (log == NULL) return;
  pthread_mutex_destroy(&log->lock);
  free(log);
}

/* ---- Records ---- */

void tz_log_baseline(tz_jit_log *log, const tz_function *f, uint64_t start_ns, const char *reason,
                     uint64_t code_bytes, const char *problem) {
  if (log == NULL) return;
  tz_log_line line;
  tz_log_line_begin(&line, "compile");
  tz_log_text(&line, "tier", "baseline");
  tz_log_code(&line, f, TZ_NO_OSR);
  tz_log_number(&line, "at_ns", start_ns);
  tz_log_number(&line, "ns", tz_jit_clock() - start_ns);
  tz_log_number(&line, "heat", f->heat);
  tz_log_text(&line, "reason", reason);
  tz_log_text(&line, "problem", problem);
  tz_log_number(&line, "words", f->n_words);
  tz_log_number(&line, "code_bytes", code_bytes);
  tz_log_line_end(log, &line);
}

void tz_log_install(tz_jit_log *log, const tz_native_code *code) {
  if (log == NULL) return;
  tz_log_line line;
  tz_log_line_begin(&line, "install");
  tz_log_code(&line, code->function, code->osr_pc);
  tz_log_number(&line, "at_ns", tz_jit_clock());
  tz_log_number(&line, "code_bytes", code->size);
  tz_log_line_end(log, &line);
}

static void event_begin(tz_log_line *line, const char *what, const tz_function *f, uint32_t entry) {
  tz_log_line_begin(line, what);
  tz_log_code(line, f, entry);
  tz_log_number(line, "at_ns", tz_jit_clock());
  tz_log_number(line, "heat", f->heat);
}

void tz_log_event(tz_jit_log *log, const char *what, const tz_function *f, uint32_t entry,
                  const char *reason) {
  if (log == NULL) return;
  tz_log_line line;
  event_begin(&line, what, f, entry);
  tz_log_text(&line, "reason", reason);
  tz_log_line_end(log, &line);
}

void tz_log_give_up(tz_jit_log *log, const tz_function *f, uint32_t entry, uint32_t n_deopts,
                    bool is_for_good, const char *reason) {
  if (log == NULL) return;
  tz_log_line line;
  event_begin(&line, "give-up", f, entry);
  tz_log_number(&line, "deopts", n_deopts);
  if (line.to != NULL) fprintf(line.to, ",\"for_good\":%s", is_for_good ? "true" : "false");
  tz_log_text(&line, "reason", reason);
  tz_log_line_end(log, &line);
}

/* ---- Deoptimizations ---- */

/* The variable that lives in a register at pc. NULL: none has a name. */
static const tz_text *local_at(const tz_function *f, uint32_t pc, uint32_t reg) {
  const tz_text *found = NULL;
  for (uint32_t i = 0; i < f->n_locals; i++) {
    const tz_local *l = &f->locals[i];
    if (l->reg == reg && l->start <= pc && pc < l->end) found = &l->name;
  }
  return found;
}

/* A variable by its name; further ones of a name, and what has none, by register too. */
static void register_name(FILE *to, const tz_function *f, uint32_t pc, const tz_state_value *values,
                          uint32_t i) {
  char text[300];
  const tz_text *name = local_at(f, pc, values[i].slot);
  bool is_taken = false;
  for (uint32_t j = 0; name != NULL && j < i; j++) {
    const tz_text *other = local_at(f, pc, values[j].slot);
    is_taken |=
        other != NULL && other->length == name->length && memcmp(other->at, name->at, name->length) == 0;
  }
  if (name == NULL) snprintf(text, sizeof text, "r%u", values[i].slot);
  else if (is_taken) snprintf(text, sizeof text, "%.*s r%u", (int)name->length, name->at, values[i].slot);
  else snprintf(text, sizeof text, "%.*s", (int)name->length, name->at);
  tz_log_quoted(to, text, strlen(text));
}

/* By the place's own state: registers not in it are dead, and zero. */
static void deopt_values(tz_log_line *line, const tz_vm *vm, const tz_state_frame *frame,
                         const tz_state_value *values) {
  const tz_function *f = frame->function;
  for (uint32_t i = 0; i < frame->n_values; i++) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (to == NULL) return;
    tz_log_value(to, vm, f->registers[values[i].slot], vm->thread->fp[values[i].slot]);
    fclose(to);
    if (i > 0) fputc(',', line->to);
    register_name(line->to, f, frame->pc, values, i);
    fputc(':', line->to);
    tz_log_quoted(line->to, text, n);
    free(text);
  }
}

/* What the instruction that could not go on reads, by the names under "values". */
static void deopt_reads(tz_log_line *line, const struct tz_jit *jit, const tz_state_frame *frame,
                        const tz_state_value *values) {
  const tz_insn *pc = frame->function->code + frame->pc;
  const tz_operands *o = &jit->operands[tz_insn_op(*pc)];
  const char *separator = "";
  for (uint32_t i = 0; i < frame->n_values; i++) {
    uint32_t slot = values[i].slot;
    bool is_read = (o->a == TZ_OPERAND_READ && slot == tz_insn_a(*pc)) ||
                   (o->b == TZ_OPERAND_READ && slot == tz_insn_b(*pc)) ||
                   (o->c == TZ_OPERAND_READ && slot == tz_insn_c(*pc));
    for (uint32_t j = 0; o->has_list && j < tz_insn_x(*pc); j++) is_read |= slot == tz_insn_arg(pc + 1, j);
    if (!is_read) continue;
    fputs(separator, line->to);
    separator = ",";
    register_name(line->to, frame->function, frame->pc, values, i);
  }
}

/* The calls that were built in around the place, innermost first. */
static void deopt_callers(tz_log_line *line, const tz_state_frame *frames, uint32_t n) {
  fputs(",\"callers\":[", line->to);
  for (uint32_t i = 1; i < n; i++) {
    tz_log_element(line, i == 1, frames[i].function, frames[i].pc);
    fputc('}', line->to);
  }
  fputc(']', line->to);
}

void tz_log_deopt(tz_jit_log *log, const tz_native_code *code, const tz_state *state) {
  if (log == NULL) return;
  const tz_state_frame *frames = &code->states->frames[state->first_frame];
  const tz_state_value *values = &code->states->values[frames->first_value];
  tz_log_line line;
  tz_log_line_begin(&line, "deopt");
  if (line.to == NULL) return;
  tz_log_text(&line, "function", frames->function->name);
  tz_log_place(&line, frames->function, frames->pc);
  fputs(",\"code\":{\"tier\":\"optimizing\"", line.to);
  tz_log_code(&line, code->function, code->osr_pc);
  fputc('}', line.to);
  tz_log_number(&line, "at_ns", tz_jit_clock());
  tz_log_text(&line, "reason", tz_deopt_text((tz_deopt_reason)state->reason));
  fputs(log->vm->thread->exception != 0 ? ",\"exception\":true" : ",\"exception\":false", line.to);
  deopt_callers(&line, frames, state->n_frames);
  fputs(",\"reads\":[", line.to);
  deopt_reads(&line, log->vm->jit, frames, values);
  fputs("],\"values\":{", line.to);
  deopt_values(&line, log->vm, frames, values);
  fputc('}', line.to);
  tz_log_line_end(log, &line);
}
