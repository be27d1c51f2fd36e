/* rollback.c: a compile that failed leaves no trace in what later compiles of the same compiler rely on.
 *
 * Types, classes and functions stay known, but nothing that was reached, made live or given an index in the
 * failed image counts as done. */
#include "program.h"

void rima_progress_mark(rima_compiler *c, rima_progress *at) {
  *at = (rima_progress){.units = c->unit_list.count,
                        .live = c->live_classes.count,
                        .uses = c->dynamic_uses.count,
                        .receivers = c->dynamic_receivers.count};
  c->reached_roots.count = c->image_globals.count = 0;
}

static void forget_functions(rima_compiler *c) {
  for (uint32_t i = 0; i < c->queue.count; i++) {
    rima_fn *fn = c->queue.items[i];
    fn->is_queued = false;
    fn->image_epoch = fn->home_epoch = 0;
    if (fn->ast) fn->ast->is_busy = false;
    if (fn->kind == RIMA_FN_INIT) fn->unit->init = NULL;
  }
}

static void forget_live(rima_compiler *c, uint32_t from) {
  for (uint32_t i = from; i < c->live_classes.count; i++)
    ((rima_class *)c->live_classes.items[i])->is_live = false;
  for (uint32_t i = from; i < c->live_classes.count; i++) {
    rima_class *cls = c->live_classes.items[i];
    for (rima_class *s = cls; s; s = s->super) rima_pop_dead(c, s);
  }
  c->live_classes.count = from;
}

static void pop(rima_list *list) {
  while (list->count && !((rima_class *)list->items[list->count - 1])->is_live) list->count--;
}

/* Live classes are listed in the order in which they came to life. */
void rima_pop_dead(rima_compiler *c, rima_class *cls) {
  pop(&cls->live_below);
  for (uint32_t i = 0; i < cls->interface_count; i++) rima_pop_dead(c, cls->interfaces[i]);
}

static void forget_dynamic(rima_compiler *c, const rima_progress *to) {
  while (c->dynamic_uses.count > to->uses) {
    rima_dynamic_use *use = c->dynamic_uses.items[--c->dynamic_uses.count];
    rima_map_put(c->arena, &c->dynamic_names, use->name, use->next);
  }
  while (c->dynamic_receivers.count > to->receivers)
    ((rima_type *)c->dynamic_receivers.items[--c->dynamic_receivers.count])->is_receiver = false;
}

static void forget_roots(rima_compiler *c) {
  for (uint32_t i = c->reached_roots.count; i-- > 0;) {
    rima_fn *root = c->reached_roots.items[i];
    root->is_called_virtually = root->has_slot = false;
    if (root->owner->virtuals.count) root->owner->virtuals.count--;
  }
}

void rima_roll_back(rima_compiler *c, const rima_progress *to) {
  forget_functions(c);
  for (uint32_t i = 0; i < c->image_classes.count; i++) {
    rima_class *cls = c->image_classes.items[i];
    if (cls->home_epoch != c->epoch && cls->home_epoch) continue;
    cls->home_epoch = 0;
    cls->is_laid_out = false;
  }
  forget_live(c, to->live);
  forget_dynamic(c, to);
  forget_roots(c);
  for (uint32_t i = 0; i < c->image_globals.count; i++) {
    rima_global *g = c->image_globals.items[i];
    if (g->home_epoch == c->epoch) g->home_epoch = 0;
  }
  uint32_t kept = to->units; /* the library's modules stay, the program's do not */
  for (uint32_t i = to->units; i < c->unit_list.count; i++) {
    rima_unit *unit = c->unit_list.items[i];
    if (!unit->is_user) c->unit_list.items[kept++] = unit;
    else if (unit->key) rima_map_put(c->arena, &c->units, unit->key, NULL);
  }
  c->unit_list.count = kept;
}
