/* seen.c: see seen.h. */
#include "seen.h"
#include "builder.h"
#include "slow.h"
#include "terza/linking.h"

static tz_seen live(const tz_builder *b, tz_seen_kind kind, uint32_t c) {
  const tz_function *f = b->scope->function;
  tz_seen seen = {.function = f, .pc = b->pc, .kind = kind};
  if (kind == TZ_SEEN_BRANCH && f->branches != NULL) seen.branch = f->branches[b->pc];
  if (kind == TZ_SEEN_OPERANDS) seen.operands = tz_insn_x(f->code[b->pc]);
  if (kind == TZ_SEEN_SITE) seen.site = *(const tz_site *)&f->k[c];
  return seen;
}

static struct tz_seen_table *table_of(tz_builder *b) {
  tz_graph *g = b->graph;
  if (g->seen == NULL) {
    g->seen = tz_graph_alloc(g, sizeof *g->seen);
    g->seen->last = &g->seen->first;
  }
  return g->seen;
}

static tz_seen look(tz_builder *b, tz_seen_kind kind, uint32_t c) {
  const tz_function *f = b->scope->function;
  if (!b->options->keeps_picture) return live(b, kind, c);
  struct tz_seen_table *table = table_of(b);
  tz_seen **chain = &table->hashes[((uint32_t)((uintptr_t)f >> 4) + b->pc) % TZ_SEEN_HASHES];
  for (const tz_seen *s = *chain; s != NULL; s = s->next_of_hash)
    if (s->function == f && s->pc == b->pc && s->kind == kind) return *s;
  tz_seen *seen = tz_graph_alloc(b->graph, sizeof *seen);
  *seen = live(b, kind, c);
  if (b->options->picture != NULL) b->options->picture(b->options->data, seen);
  seen->next_of_hash = *chain;
  *chain = *table->last = seen;
  table->last = &seen->next;
  return *seen;
}

tz_branch_profile tz_seen_branch(tz_builder *b) { return look(b, TZ_SEEN_BRANCH, 0).branch; }

uint8_t tz_seen_operands(tz_builder *b) { return look(b, TZ_SEEN_OPERANDS, 0).operands; }

tz_site tz_seen_site(tz_builder *b, uint32_t c) { return look(b, TZ_SEEN_SITE, c).site; }

uint32_t tz_seen_method(const tz_builder *b, tz_function **method) {
  const tz_function *f = b->scope->function;
  *method = NULL;
  if (f->branches == NULL) return 0;
  /* `by` comes last into the profile, and may be taken back while the program goes on. */
  uint32_t by = __atomic_load_n(&f->branches[b->pc].taken, __ATOMIC_ACQUIRE);
  *method = (tz_function *)(uintptr_t)f->branches[b->pc].not_taken;
  return by != UINT32_MAX ? by : 0;
}

bool tz_seen_class_name(const tz_site_way *way, char *into, size_t room) {
  if (tz_way_is_immediate(way)) return (size_t)snprintf(into, room, "%s", tz_way_kind_name(way)) < room;
  const tz_class *cls = tz_way_class(way);
  if (way->cls & TZ_WAY_SHAPE || cls == NULL || cls->shape != NULL) return false;
  if (cls->type != NULL && cls->type->kind != TZ_KIND_CLASS) return tz_type_text(cls->type, into, room), true;
  return cls->name != NULL && (size_t)snprintf(into, room, "%s", cls->name) < room;
}
