/* dump.c: graphs as text. text.h shows the form. */
#include "text.h"
#include "terza/linking.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- Names out of the tables ---- */

const char *tz_node_input_letters(tz_node_op op) {
  static const char *const letters[TZ_NODE_COUNT] = {
#define TZ_NODE(NAME, text, RESULT, inputs, EFFECTS, meaning) [TZ_NODE_##NAME] = inputs,
#include "nodes.def"
#undef TZ_NODE
  };
  return letters[op];
}

enum { TZ_TYPE_VARIES = 255 };
static const uint8_t result_types[TZ_NODE_COUNT] = {
#define TZ_NODE(NAME, text, RESULT, inputs, EFFECTS, meaning) [TZ_NODE_##NAME] = TZ_TYPE_##RESULT,
#include "nodes.def"
#undef TZ_NODE
};
bool tz_node_type_varies(tz_node_op op) { return result_types[op] == TZ_TYPE_VARIES; }
tz_node_type tz_node_fixed_type(tz_node_op op) { return (tz_node_type)result_types[op]; }

const char *tz_node_type_name(tz_node_type type) {
  static const char *const names[] = {"void", "int", "float", "ref", "any"};
  return names[type];
}

const char *tz_deopt_name(tz_deopt_reason reason) {
  static const char *const names[TZ_DEOPT_COUNT] = {
#define TZ_DEOPT(NAME, text) [TZ_DEOPT_##NAME] = #NAME,
#include "reasons.def"
#undef TZ_DEOPT
  };
  return names[reason];
}

const char *tz_kind_name(tz_kind kind) {
  static const char *const names[TZ_KIND_COUNT] = {
#define TZ_KIND(NAME, text, rep) [TZ_KIND_##NAME] = text,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  };
  return names[kind];
}

const char *tz_int_is_name(tz_int_is is) {
  static const char *const names[] = {"", "class", "function", "type"};
  return names[is];
}

/* ---- Words ---- */

static bool is_plain(const char *text) {
  for (; *text != 0; text++)
    if (strchr(" \t\n\",()<>{}=;\\", *text) != NULL || (unsigned char)*text >= 127) return false;
  return true;
}

static void print_quoted(FILE *to, const char *text, size_t n) {
  fputc('"', to);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') fprintf(to, "\\%c", c);
    else if (c < 32 || c >= 127) fprintf(to, "\\%02x", c);
    else fputc(c, to);
  }
  fputc('"', to);
}

static void print_name(FILE *to, const char *text) {
  if (is_plain(text) && *text != 0) fputs(text, to);
  else print_quoted(to, text, strlen(text));
}

static void print_address(FILE *to, const void *p) { fprintf(to, "0x%" PRIxPTR, (uintptr_t)p); }

static void print_type(FILE *to, const tz_type *type) {
  char text[512];
  tz_type_text(type, text, sizeof text);
  print_name(to, text);
}

static void print_class(FILE *to, const tz_class *cls) {
  if (cls->shape == NULL && cls->type != NULL) print_type(to, cls->type);
  else print_address(to, cls);
}

static void print_float(FILE *to, double f) {
  uint64_t bits;
  memcpy(&bits, &f, 8);
  if (isfinite(f)) fprintf(to, "%.17g", f);
  else fprintf(to, "0x%016" PRIx64, bits);
}

static void print_word(FILE *to, uint64_t w) {
  if (w == TZ_ANY_NULL) fputs("null", to);
  else if (tz_any_is_bool(w)) fputs(tz_any_to_bool(w) ? "true" : "false", to);
  else if (tz_any_is_int(w)) fprintf(to, "%" PRId64, tz_any_to_int(w));
  else {
    fputs("float ", to);
    print_float(to, tz_any_to_float(w));
  }
}

static void print_object(FILE *to, const tz_vm *vm, const void *p) {
  if (p == NULL) fputs("null", to);
  else if (tz_object_class(p) == vm->string_class)
    print_quoted(to, (const char *)((const tz_string *)p)->u8, (size_t)((const tz_string *)p)->length);
  else print_address(to, p);
}

/* module:index in its storage */
static void print_global(FILE *to, const tz_vm *vm, const tz_word *at) {
  for (const tz_module *m = vm->modules; m != NULL; m = m->next)
    if (at >= m->storage && at < m->storage + m->n_storage) {
      char text[256];
      snprintf(text, sizeof text, "%s:%td", m->name, at - m->storage);
      print_name(to, text);
      return;
    }
  print_address(to, at);
}

static void print_int(FILE *to, const tz_node *n) {
  const void *p = (const void *)(uintptr_t)n->imm.i;
  if (n->aux != TZ_INT_NUMBER) fprintf(to, "%s ", tz_int_is_name((tz_int_is)n->aux));
  switch ((tz_int_is)n->aux) {
  case TZ_INT_NUMBER: fprintf(to, "%" PRId64, n->imm.i); break;
  case TZ_INT_CLASS: print_class(to, p); break;
  case TZ_INT_FUNCTION: print_name(to, ((const tz_function *)p)->name); break;
  case TZ_INT_TYPE: print_type(to, p); break;
  }
}

static void print_imm(FILE *to, const tz_graph *g, const tz_node *n) {
  tz_detail imm = (tz_detail)tz_node_details((tz_node_op)n->op).imm;
  if (imm == TZ_DETAIL_NONE) return;
  fputc(' ', to);
  switch (imm) {
  case TZ_DETAIL_INTEGER: print_int(to, n); break;
  case TZ_DETAIL_FLOAT: print_float(to, n->imm.f); break;
  case TZ_DETAIL_OBJECT: print_object(to, g->vm, n->imm.p); break;
  case TZ_DETAIL_WORD: print_word(to, (uint64_t)n->imm.i); break;
  case TZ_DETAIL_CLASS: print_class(to, n->imm.p); break;
  case TZ_DETAIL_TYPE: print_type(to, n->imm.p); break;
  case TZ_DETAIL_FUNCTION: print_name(to, ((const tz_function *)n->imm.p)->name); break;
  case TZ_DETAIL_GLOBAL: print_global(to, g->vm, n->imm.p); break;
  default: break;
  }
}

static void print_aux(FILE *to, const tz_node *n) {
  switch ((tz_detail)tz_node_details((tz_node_op)n->op).aux) {
  case TZ_DETAIL_SLOT:
  case TZ_DETAIL_BITS:
  case TZ_DETAIL_CHANCE: fprintf(to, " %" PRIu32, n->aux); break;
  case TZ_DETAIL_KIND: fprintf(to, " %s", tz_kind_name((tz_kind)n->aux)); break;
  case TZ_DETAIL_REASON: fprintf(to, " %s", tz_deopt_name((tz_deopt_reason)n->aux)); break;
  default: break;
  }
}

/* ---- Lines ---- */

static void print_stamps(FILE *to, const tz_node *n) {
  if (!n->is_nonnull && !n->is_exact && n->cls == NULL && !n->no_barrier && !n->waits) return;
  fputs(" :", to);
  if (n->is_nonnull) fputs(" nonnull", to);
  if (n->is_exact) fputs(" exact", to);
  if (n->no_barrier) fputs(" nobarrier", to);
  if (n->waits) fputs(" waits", to);
  if (n->cls != NULL) {
    fputc(' ', to);
    print_class(to, n->cls);
  }
}

/* Places alone are of interest where a state serves stack traces. */
static void print_state(FILE *to, const tz_frame_state *state, bool has_values) {
  for (const char *separator = " @ "; state != NULL; state = state->outer, separator = " < ") {
    fputs(separator, to);
    print_name(to, state->function->name);
    fprintf(to, ":%" PRIu32, state->pc);
    if (state->n == 0 || !has_values) continue;
    fputs(" [", to);
    const char *space = "";
    for (uint32_t r = 0; r < state->n; r++)
      if (state->values[r] != NULL) {
        fprintf(to, "%sr%" PRIu32 "=v%" PRIu32, space, r, state->values[r]->id);
        space = " ";
      }
    fputc(']', to);
  }
}

typedef struct dump {
  FILE *to;
  const tz_graph *g;
  uint8_t *is_printed; /* by id: virtual objects; NULL: no memory, so they are printed again and again */
} dump;

static void print_node(dump *d, const tz_node *n) {
  FILE *to = d->to;
  fputs("  ", to);
  if (n->type != TZ_TYPE_VOID) fprintf(to, "v%" PRIu32 " = ", n->id);
  fputs(tz_node_name((tz_node_op)n->op), to);
  if (tz_node_type_varies((tz_node_op)n->op)) fprintf(to, " %s", tz_node_type_name((tz_node_type)n->type));
  print_imm(to, d->g, n);
  print_aux(to, n);
  for (uint32_t i = 0; i < n->n_inputs; i++) fprintf(to, "%s v%" PRIu32, i == 0 ? "" : ",", n->inputs[i]->id);
  print_stamps(to, n);
  if (tz_node_effects((tz_node_op)n->op) & TZ_END)
    for (uint32_t i = 0; i < n->block->n_successors; i++)
      fprintf(to, "%s b%" PRIu32, i == 0 ? " ->" : ",", n->block->successors[i]->id);
  print_state(to, n->state, tz_node_effects((tz_node_op)n->op) & TZ_STATE);
  if (n->origin != 0) fprintf(to, "\t; #%" PRIu32, n->origin);
  fputc('\n', to);
}

static void print_virtual(dump *d, const tz_node *n) {
  if (n == NULL || n->op != TZ_NODE_VIRTUAL || (d->is_printed != NULL && d->is_printed[n->id])) return;
  if (d->is_printed != NULL) d->is_printed[n->id] = 1;
  print_node(d, n);
  if (d->is_printed != NULL)
    for (uint32_t i = 0; i < n->n_inputs; i++) print_virtual(d, n->inputs[i]);
}

static void print_block(dump *d, const tz_block *b) {
  fprintf(d->to, "b%" PRIu32, b->id);
  for (uint32_t i = 0; i < b->n_predecessors; i++)
    fprintf(d->to, "%s%" PRIu32, i == 0 ? " (b" : ", b", b->predecessors[i]->id);
  fputs(b->n_predecessors > 0 ? "):\n" : ":\n", d->to);
  for (const tz_node *n = b->first; n != NULL; n = n->next) {
    for (const tz_frame_state *s = n->state; s != NULL && tz_node_effects((tz_node_op)n->op) & TZ_STATE;
         s = s->outer)
      for (uint32_t r = 0; r < s->n; r++) print_virtual(d, s->values[r]);
    print_node(d, n);
  }
}

void tz_graph_dump(const tz_graph *g, FILE *to) {
  dump d = {to, g, calloc(g->n_nodes + 1, 1)};
  fputs("graph ", to);
  print_name(to, g->function->name);
  fprintf(to, " %s", tz_node_type_name(g->result));
  if (g->osr_pc != TZ_NO_OSR) fprintf(to, " osr %" PRIu32, g->osr_pc);
  fputc('\n', to);
  for (uint32_t i = 0; i < g->n_blocks; i++) print_block(&d, g->blocks[i]);
  free(d.is_printed);
}
