/* statistics.c: see statistics.h. */
#include "statistics.h"
#include "baseline.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void tz_jit_note(struct tz_jit *jit, const tz_compilation *compilation) {
  tz_compilations *all = &jit->compilations;
  if (!jit->vm->options.dump_stats_json) return;
  if (all->count == all->room) {
    size_t room = all->room > 0 ? 2 * all->room : 256;
    tz_compilation *larger = realloc(all->items, room * sizeof *larger);
    if (larger == NULL) return;
    all->items = larger;
    all->room = room;
  }
  all->items[all->count++] = *compilation;
}

static void print_text(const tz_jit_stats *s) {
  fprintf(stderr,
          "compiled: %" PRIu64 " functions, %" PRIu64 " instructions, %" PRIu64 " ns, %" PRIu64
          " code bytes, %" PRIu64 " table bytes, %" PRIu64 " freed\n",
          s->functions, s->instructions, s->nanoseconds, s->code_bytes, s->table_bytes, s->freed);
}

/* A name may hold anything. */
static void print_quoted(const char *text) {
  fputc('"', stderr);
  for (const char *c = text; *c != 0; c++) {
    if (*c == '"' || *c == '\\') fputc('\\', stderr);
    if ((unsigned char)*c < ' ') fprintf(stderr, "\\u%04x", *c);
    else fputc(*c, stderr);
  }
  fputc('"', stderr);
}

static void print_json(const struct tz_jit *jit) {
  const tz_jit_stats *s = &jit->stats;
  fprintf(stderr,
          "{\"stats\":\"baseline\",\"functions\":%" PRIu64 ",\"instructions\":%" PRIu64
          ",\"compile_ns\":%" PRIu64 ",\"code_bytes\":%" PRIu64 ",\"table_bytes\":%" PRIu64
          ",\"freed\":%" PRIu64 "}\n",
          s->functions, s->instructions, s->nanoseconds, s->code_bytes, s->table_bytes, s->freed);
  for (size_t i = 0; i < jit->compilations.count; i++) {
    const tz_compilation *c = &jit->compilations.items[i];
    fprintf(stderr,
            "{\"stats\":\"compilation\",\"tier\":\"%s\",\"at_ns\":%" PRIu64 ",\"ns\":%" PRIu64
            ",\"code_bytes\":%" PRIu64 ",\"function\":",
            c->tier, c->start_ns, c->end_ns - c->start_ns, c->code_bytes);
    print_quoted(c->function->name);
    fputs("}\n", stderr);
  }
}

void tz_jit_report(const struct tz_jit *jit) {
  if (jit->vm->options.dump_stats) print_text(&jit->stats);
  if (jit->vm->options.dump_stats_json) print_json(jit);
}
