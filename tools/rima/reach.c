/* reach.c: what of the program is needed: functions that are called, classes that have instances, slots that
 * calls use.
 *
 * A method is needed if a call may end in it: called directly, or through a slot (or by a dynamic name) while
 * its class or a subclass is live. So unused parts of the library cost nothing. toString has callers that the
 * compiler does not see, the machine and its host; equals and hash have none. */
#include "program.h"
#include <string.h>

void rima_reach_fn(rima_compiler *c, rima_fn *fn) {
  if (fn->is_queued) return;
  fn->is_queued = true;
  if (fn->ast && fn->kind != RIMA_FN_DEFAULT) fn->ast->is_used = true;
  rima_list_add(c->arena, &c->queue, fn);
}

void rima_reach_unit(rima_compiler *c, rima_unit *unit) {
  if (unit->init || !unit->tree) return;
  rima_fn *fn = rima_fn_new(c, RIMA_FN_INIT, unit->tree->init, unit);
  fn->state = 2;
  fn->result = RIMA_KIND(c, VOID);
  fn->name = rima_arena_format(c->arena, "%s.(init)", unit->name->text);
  unit->init = fn;
  rima_reach_fn(c, fn);
}

/* The method that stands for `root` in instances of cls. */
rima_fn *rima_class_impl(rima_compiler *c, rima_class *cls, rima_fn *root) {
  rima_structural which = (rima_structural)root->structural;
  const rima_name *name = root->kind == RIMA_FN_OBJECT ? rima_object_name(c, which) : root->ast->name.name;
  if (root->kind == RIMA_FN_OBJECT && cls->kind == RIMA_CLASS_TUPLE)
    return rima_class_structural(c, cls, which);
  for (rima_class *s = cls; s; s = s->super) {
    if (s->kind == RIMA_CLASS_VARIANT || !s->decl) continue;
    rima_class_declare(c, s);
    rima_member *m = rima_map_get(&s->decl->members, name);
    if (m && m->kind == RIMA_DECL_FUN && !m->is_static) {
      rima_function *ast = m->decl->function;
      if (ast->body || ast->value || ast->is_native) return rima_class_method(c, s, m->index);
    }
  }
  if (root->kind == RIMA_FN_OBJECT && rima_class_is_structural(cls, which))
    return rima_class_structural(c, cls, which);
  if (root->kind == RIMA_FN_OBJECT) return root;
  rima_found found = rima_class_find(c, cls, name);
  if (found.kind != RIMA_FOUND_METHOD) return NULL;
  rima_function *ast = found.member->decl->function;
  if (ast->body || ast->value || ast->is_native) return rima_class_method(c, found.cls, found.index);
  for (rima_class *s = cls; s; s = s->super) /* abstract in one interface, given a body by another */
    for (uint32_t i = 0; i < s->interface_count; i++) {
      rima_found other = rima_class_find(c, s->interfaces[i], name);
      if (other.kind == RIMA_FOUND_METHOD &&
          (other.member->decl->function->body || other.member->decl->function->value))
        return rima_class_method(c, other.cls, other.index);
    }
  return NULL;
}

static void reach_impl(rima_compiler *c, rima_class *cls, rima_fn *root) {
  rima_fn *impl = rima_class_impl(c, cls, root);
  if (impl && impl->kind != RIMA_FN_OBJECT) rima_reach_fn(c, impl);
}

void rima_reach_virtual(rima_compiler *c, rima_fn *root) {
  if (root->is_called_virtually) return;
  root->is_called_virtually = true;
  if (root->kind == RIMA_FN_OBJECT) {
    for (uint32_t i = 0; i < c->live_classes.count; i++) reach_impl(c, c->live_classes.items[i], root);
    return;
  }
  rima_list_add(c->arena, &root->owner->virtuals, root);
  rima_list_add(c->arena, &c->reached_roots, root);
  for (uint32_t i = 0; i < root->owner->live_below.count; i++)
    reach_impl(c, root->owner->live_below.items[i], root);
}

/* A method that dynamic code may name gets a slot, where such code finds it. */
static void reach_named(rima_compiler *c, rima_class *cls, rima_member *m) {
  if (m->kind != RIMA_DECL_FUN || m->is_static || m->decl->function->type_param_count) return;
  rima_fn *method = rima_class_method(c, cls, m->index);
  rima_fn_signature(c, method);
  rima_fn *root = rima_method_root(c, method);
  if (root->kind != RIMA_FN_OBJECT) {
    rima_fn_signature(c, root);
    rima_reach_virtual(c, root);
  }
}

static void live_in_interfaces(rima_compiler *c, rima_class *cls, rima_class *from) {
  for (uint32_t i = 0; i < from->interface_count; i++) {
    rima_class *interface = from->interfaces[i];
    rima_class_declare(c, interface);
    bool known =
        interface->live_below.count && interface->live_below.items[interface->live_below.count - 1] == cls;
    if (!known) rima_list_add(c->arena, &interface->live_below, cls);
    for (uint32_t k = 0; !known && k < interface->virtuals.count; k++)
      reach_impl(c, cls, interface->virtuals.items[k]);
    live_in_interfaces(c, cls, interface);
  }
}

void rima_reach_class(rima_compiler *c, rima_class *cls) {
  if (cls->is_live) return;
  cls->is_live = true;
  if (cls->kind == RIMA_CLASS_CLOSURE || cls->kind == RIMA_CLASS_CELL || cls->kind == RIMA_CLASS_MACHINE)
    return;
  rima_class_declare(c, cls);
  rima_list_add(c->arena, &c->live_classes, cls);
  for (rima_class *s = cls; s; s = s->super) {
    if (s->kind == RIMA_CLASS_MACHINE) break;
    rima_list_add(c->arena, &s->live_below, cls);
    for (uint32_t i = 0; i < s->virtuals.count; i++) reach_impl(c, cls, s->virtuals.items[i]);
    live_in_interfaces(c, cls, s);
  }
  for (uint32_t i = 0; i < 3; i++)
    if (c->object_methods[i]->is_called_virtually) reach_impl(c, cls, c->object_methods[i]);
  for (rima_class *s = cls; s; s = s->super) {
    if (s->kind == RIMA_CLASS_VARIANT || !s->decl) continue;
    for (uint32_t i = 0; i < s->decl->member_count; i++) {
      rima_member *m = &s->decl->list[i];
      if (c->options.is_open_world || rima_is_called_dynamically(c, m->name)) reach_named(c, s, m);
    }
  }
  rima_dynamic_receiver(c, cls->type);
}

/* In an open world, whatever an image mentions is complete: later images can neither add methods nor slots.
 */
void rima_reach_whole(rima_compiler *c, rima_class *cls) {
  if (!c->options.is_open_world || !cls->decl || cls->home_epoch) return;
  if (cls->kind == RIMA_CLASS_VARIANT || (cls->kind == RIMA_CLASS_CLASS && !cls->decl->decl->is_abstract))
    rima_reach_class(c, cls);
  for (uint32_t i = 0; cls->kind != RIMA_CLASS_VARIANT && i < cls->decl->member_count; i++)
    reach_named(c, cls, &cls->decl->list[i]);
}

void rima_reach_slots(rima_compiler *c, const rima_name *name) {
  rima_fn *of_object = rima_object_method(c, name);
  if (of_object) rima_reach_virtual(c, of_object);
  for (uint32_t i = 0; i < c->live_classes.count; i++) {
    rima_class *cls = c->live_classes.items[i];
    for (rima_class *s = cls; s; s = s->super) {
      if (s->kind == RIMA_CLASS_VARIANT || !s->decl) continue;
      rima_member *m = rima_map_get(&s->decl->members, name);
      if (m) reach_named(c, s, m);
    }
  }
}

bool rima_is_overridden(rima_compiler *c, rima_fn *method) {
  rima_class *owner = method->owner;
  if (!owner || !owner->decl) return false;
  if (owner->kind == RIMA_CLASS_ENUM || owner->kind == RIMA_CLASS_VARIANT) return false;
  if (owner->kind == RIMA_CLASS_CLASS && owner->is_final) return false;
  if (c->options.is_open_world) return true;
  return rima_map_get(&c->overridden, method->ast->name.name) != NULL;
}
