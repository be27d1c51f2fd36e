/* image_out.c: the program's types, classes, functions and globals as the image has them. */
#include "code.h"
#include <string.h>

/* ---- types ---- */

static uint32_t kind_of(const rima_type *type) {
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_VOID: return TZ_KIND_VOID;
  case RIMA_T_INT: return TZ_KIND_I64;
  case RIMA_T_BOOL: return TZ_KIND_BOOL;
  case RIMA_T_FLOAT: return TZ_KIND_F64;
  case RIMA_T_U8: return TZ_KIND_U8;
  case RIMA_T_I16: return TZ_KIND_I16;
  case RIMA_T_I32: return TZ_KIND_I32;
  case RIMA_T_F32: return TZ_KIND_F32;
  case RIMA_T_STR: return TZ_KIND_STRING;
  case RIMA_T_OBJECT:
  case RIMA_T_NULL: return TZ_KIND_OBJECT;
  case RIMA_T_PROCESS: return TZ_KIND_PROCESS;
  case RIMA_T_NEVER: return TZ_KIND_VOID;
  default: return TZ_KIND_ANY;
  }
}

static uint32_t make_type(rima_compiler *c, rima_type *type) {
  switch ((rima_type_kind)type->kind) {
  case RIMA_T_CLASS: return tz_image_type(c->image, TZ_KIND_CLASS, rima_image_class(c, type->cls));
  case RIMA_T_TUPLE:
    return tz_image_type(c->image, TZ_KIND_CLASS, rima_image_class(c, rima_tuple_class(c, type)));
  case RIMA_T_ARRAY: return tz_image_type(c->image, TZ_KIND_ARRAY, rima_image_type(c, type->of));
  case RIMA_T_CHANNEL: return tz_image_type(c->image, TZ_KIND_CHAN, rima_image_type(c, type->of));
  case RIMA_T_FUNC: {
    uint32_t *params = RIMA_NEW_ARRAY(c->arena, uint32_t, type->count + 1);
    for (uint32_t i = 0; i < type->count; i++) params[i] = rima_image_type(c, type->items[i]);
    uint32_t signature = tz_image_signature(c->image, rima_image_type(c, type->of), type->count, params);
    return tz_image_type(c->image, TZ_KIND_FUNC, signature);
  }
  case RIMA_T_NULLABLE:
    if (rima_type_rep(type) == 'R') return rima_image_type(c, type->of);
    return tz_image_type_simple(c->image, TZ_KIND_ANY);
  default: return tz_image_type_simple(c->image, (tz_kind)kind_of(type));
  }
}

uint32_t rima_image_type(rima_compiler *c, rima_type *type) {
  if (type->image_epoch == c->epoch) return type->image;
  uint32_t index = make_type(c, type);
  if (type->kind == RIMA_T_ARRAY || type->kind == RIMA_T_CHANNEL) rima_dynamic_receiver(c, type);
  type->image_epoch = c->epoch;
  return type->image = index;
}

/* ---- functions and globals ---- */

static uint32_t signature_of(rima_compiler *c, rima_fn *fn, bool with_receiver) {
  uint32_t params[256], count = 0;
  rima_fn_signature(c, fn);
  if (with_receiver && fn->has_receiver) params[count++] = rima_image_type(c, fn->self);
  for (uint32_t i = 0; i < fn->param_count && count < 256; i++)
    params[count++] = rima_image_type(c, fn->params[i]);
  return tz_image_signature(c->image, rima_image_type(c, fn->result), count, params);
}
uint32_t rima_image_fn_signature(rima_compiler *c, rima_fn *fn, bool with_receiver) {
  return signature_of(c, fn, with_receiver);
}

static void define_native(rima_compiler *c, rima_fn *fn, const char *module, const char *name) {
  tz_function_entry entry = {.name = tz_text_of(name),
                             .module = tz_text_of(module),
                             .flags = TZ_FUNCTION_NATIVE,
                             .signature = signature_of(c, fn, true),
                             .source = TZ_NONE};
  tz_image_define_function(c->image, fn->image, &entry);
}

/* Natives on the machine's own types are the machine's. */
static bool is_machines(const rima_type *self) {
  return self->kind == RIMA_T_PROCESS ||
         (self->kind == RIMA_T_CLASS && self->cls->kind == RIMA_CLASS_MACHINE);
}

uint32_t rima_image_fn(rima_compiler *c, rima_fn *fn) {
  if (fn->image_epoch == c->epoch) return fn->image;
  fn->image = tz_image_declare_function(c->image, tz_text_of(fn->name));
  fn->image_epoch = c->epoch;
  if (fn->kind == RIMA_FN_OBJECT)
    define_native(c, fn, "tz", rima_arena_format(c->arena, "Object.%s", fn->name));
  else if (fn->ast && fn->ast->is_native && fn->self && is_machines(fn->self))
    define_native(
        c, fn, "tz",
        rima_arena_format(c->arena, "%s.%s", rima_type_text(c, fn->self), fn->ast->name.name->text));
  else if (fn->ast && fn->ast->is_native && fn->kind != RIMA_FN_DEFAULT)
    define_native(c, fn, fn->unit->name->text, fn->name + fn->unit->name->length + 1);
  else if (fn->home_epoch && fn->home_epoch != c->epoch) {
    tz_function_entry entry = {.name = tz_text_of(fn->name),
                               .module = tz_text_of(rima_home_name(c, fn->home_epoch)),
                               .signature = signature_of(c, fn, true),
                               .source = TZ_NONE};
    tz_image_define_function(c->image, fn->image, &entry);
  } else {
    fn->home_epoch = c->epoch;
  }
  if (fn->ast && fn->ast->name.name == c->names.any_hash) rima_reach_virtual(c, c->object_methods[RIMA_HASH]);
  return fn->image;
}

uint32_t rima_image_global(rima_compiler *c, rima_global *g) {
  if (g->image_epoch == c->epoch) return g->image;
  bool is_import = g->home_epoch && g->home_epoch != c->epoch;
  tz_global_entry entry = {.name = tz_text_of(g->qualified),
                           .type = rima_image_type(c, g->type),
                           .flags = is_import                                      ? 0
                                    : g->unit->is_user || c->options.is_open_world ? TZ_GLOBAL_EXPORT
                                                                                   : 0};
  if (is_import) entry.module = tz_text_of(rima_home_name(c, g->home_epoch));
  g->image = tz_image_add_global(c->image, &entry);
  g->image_epoch = c->epoch;
  rima_list_add(c->arena, &c->image_globals, g);
  if (is_import) return g->image;
  g->home_epoch = c->epoch;
  if (g->singleton_of) rima_list_add(c->arena, &c->singletons, g);
  else rima_reach_unit(c, g->unit);
  return g->image;
}

/* ---- classes ---- */

uint32_t rima_image_class(rima_compiler *c, rima_class *cls) {
  if (cls->image_epoch == c->epoch) return cls->image;
  cls->image_epoch = c->epoch;
  if (cls->kind == RIMA_CLASS_MACHINE) return cls->image = tz_image_machine_class(c->image, cls->name);
  rima_class_declare(c, cls);
  cls->image = tz_image_declare_class(c->image, tz_text_of(cls->qualified));
  rima_list_add(c->arena, &c->image_classes, cls);
  rima_reach_whole(c, cls);
  return cls->image;
}

rima_class *rima_cell_class(rima_compiler *c, rima_type *type) {
  rima_class *cls = rima_map_get(&c->cells, type);
  if (cls) return cls;
  const char *name = rima_arena_format(c->arena, "Cell[%s]", rima_type_qualified(c, type));
  cls = rima_class_new(c, RIMA_CLASS_CELL, name, rima_arena_format(c->arena, "core.(%s)", name));
  cls->state = 2;
  cls->is_final = true;
  cls->fields = RIMA_NEW_ARRAY(c->arena, rima_field, 1);
  cls->field_count = 1;
  cls->fields[0] =
      (rima_field){.name = rima_intern(c, "value"), .type = type, .owner = cls, .is_mutable = true};
  rima_map_put(c->arena, &c->cells, type, cls);
  return cls;
}

/* ---- vtables ---- */

static void lay_out(rima_compiler *c, rima_class *cls) {
  if (cls->is_laid_out) return;
  cls->is_laid_out = true;
  rima_class *super = cls->super;
  uint32_t inherited = 3;
  if (super && super->kind != RIMA_CLASS_MACHINE) {
    lay_out(c, super);
    inherited = super->vtable_count;
  }
  cls->vtable_count = inherited + cls->virtuals.count;
  cls->vtable_roots = RIMA_NEW_ARRAY(c->arena, rima_fn *, cls->vtable_count);
  rima_fn **above = inherited == 3 ? c->object_methods : super->vtable_roots;
  memcpy(cls->vtable_roots, above, inherited * sizeof *above);
  for (uint32_t i = 0; i < cls->virtuals.count; i++) {
    rima_fn *root = cls->virtuals.items[i];
    root->slot = inherited + i;
    root->has_slot = true;
    cls->vtable_roots[inherited + i] = root;
  }
}

static const char *root_name(const rima_fn *root) {
  return root->kind == RIMA_FN_OBJECT ? root->name : root->ast->name.name->text;
}

/* Stands where an interface demands a function that no instance will ever need. */
static uint32_t stub(rima_compiler *c, rima_fn *root) {
  rima_fn *fn = rima_map_get(&c->stubs, root);
  if (!fn) {
    fn = rima_fn_new(c, RIMA_FN_STRUCTURAL, NULL, root->unit);
    fn->has_receiver = true;
    fn->self = root->self;
    fn->state = 2;
    fn->params = root->params;
    fn->param_count = root->param_count;
    fn->result = root->result;
    fn->name = rima_arena_format(c->arena, "%s.(abstract)", root->name);
    rima_map_put(c->arena, &c->stubs, root, fn);
  }
  if (fn->image_epoch == c->epoch) return fn->image;
  rima_code_open(c, fn->name, NULL);
  rima_reg_param(c, rima_image_type(c, fn->self), rima_type_rep(fn->self));
  for (uint32_t i = 0; i < fn->param_count; i++)
    rima_reg_param(c, rima_image_type(c, fn->params[i]), rima_type_rep(fn->params[i]));
  uint32_t error = rima_reg_for(c, c->error_class->type);
  rima_op(c, TZ_OP_NULL, error, 0, 0);
  rima_op(c, TZ_OP_THROW, error, 0, 0);
  rima_code_close(c, c->code, rima_image_fn(c, fn), 0, signature_of(c, fn, true));
  return fn->image;
}

static void collect_interfaces(rima_compiler *c, rima_class *cls, rima_list *out) {
  for (rima_class *s = cls; s; s = s->super)
    for (uint32_t i = 0; i < s->interface_count; i++) {
      bool known = false;
      for (uint32_t k = 0; k < out->count; k++) known |= out->items[k] == s->interfaces[i];
      if (known) continue;
      rima_class_declare(c, s->interfaces[i]);
      rima_list_add(c->arena, out, s->interfaces[i]);
      collect_interfaces(c, s->interfaces[i], out);
    }
}

static bool is_imported(const rima_compiler *c, const rima_class *cls) {
  return cls->home_epoch && cls->home_epoch != c->epoch;
}

static uint32_t function_for(rima_compiler *c, rima_class *cls, rima_fn *root) {
  if (is_imported(c, cls)) return TZ_NONE;                       /* an import shows the declaration only */
  bool is_uncalled = cls->is_live && !root->is_called_virtually; /* equals or hash that nothing calls */
  rima_fn *impl = is_uncalled ? root : rima_class_impl(c, cls, root);
  if (!impl || (!impl->is_queued && impl->kind != RIMA_FN_OBJECT && !(impl->ast && impl->ast->is_native)))
    return TZ_NONE;
  return rima_image_fn(c, impl);
}

static tz_method *class_methods(rima_compiler *c, rima_class *cls, bool *has_holes) {
  tz_method *methods = RIMA_NEW_ARRAY(c->arena, tz_method, cls->vtable_count + 1);
  for (uint32_t i = 0; i < cls->vtable_count; i++) {
    rima_fn *root = cls->vtable_roots[i];
    methods[i].name = tz_text_of(root_name(root));
    methods[i].signature = signature_of(c, root, false);
    methods[i].function = function_for(c, cls, root);
    *has_holes |= methods[i].function == TZ_NONE;
  }
  return methods;
}

static tz_implements *class_implements(rima_compiler *c, rima_class *cls, uint32_t *count) {
  rima_list interfaces = {0};
  collect_interfaces(c, cls, &interfaces);
  tz_implements *implements = RIMA_NEW_ARRAY(c->arena, tz_implements, interfaces.count + 1);
  *count = interfaces.count;
  for (uint32_t i = 0; i < interfaces.count; i++) {
    rima_class *interface = interfaces.items[i];
    implements[i].interface = rima_image_class(c, interface);
    if (cls->kind == RIMA_CLASS_INTERFACE || is_imported(c, cls)) continue;
    uint32_t n = interface->virtuals.count;
    uint32_t *functions = RIMA_NEW_ARRAY(c->arena, uint32_t, n + 1);
    for (uint32_t k = 0; k < n; k++) {
      functions[k] = cls->is_live ? function_for(c, cls, interface->virtuals.items[k]) : TZ_NONE;
      if (functions[k] == TZ_NONE) functions[k] = stub(c, interface->virtuals.items[k]);
    }
    implements[i].functions = functions;
    implements[i].n_functions = n;
  }
  return implements;
}

static tz_field *class_fields(rima_compiler *c, rima_class *cls) {
  tz_field *fields = RIMA_NEW_ARRAY(c->arena, tz_field, cls->field_count + 1);
  for (uint32_t i = 0; i < cls->field_count; i++)
    fields[i] = (tz_field){tz_text_of(cls->fields[i].name->text),
                           rima_image_type(c, rima_field_type(c, &cls->fields[i])),
                           cls->fields[i].is_mutable ? 0 : TZ_FIELD_FIXED};
  return fields;
}

static void define_interface(rima_compiler *c, rima_class *cls, tz_class_entry *entry) {
  tz_method *methods = RIMA_NEW_ARRAY(c->arena, tz_method, cls->virtuals.count + 1);
  for (uint32_t i = 0; i < cls->virtuals.count; i++) {
    rima_fn *root = cls->virtuals.items[i];
    methods[i] = (tz_method){tz_text_of(root_name(root)), signature_of(c, root, false), TZ_NONE};
    root->slot = i;
    root->has_slot = true;
  }
  entry->flags |= TZ_CLASS_INTERFACE;
  entry->super = TZ_NONE;
  entry->methods = methods;
  entry->n_methods = cls->virtuals.count;
  entry->implements = class_implements(c, cls, &entry->n_implements);
}

static void define_closure(rima_compiler *c, rima_class *cls, tz_class_entry *entry) {
  tz_method *method = RIMA_NEW(c->arena, tz_method);
  rima_fn *fn = cls->closure_function;
  *method = (tz_method){tz_text_of("invoke"), signature_of(c, fn, false), rima_image_fn(c, fn)};
  entry->flags |= TZ_CLASS_CLOSURE | TZ_CLASS_FINAL;
  entry->super = TZ_NONE;
  entry->methods = method;
  entry->n_methods = 1;
}

static void define_class(rima_compiler *c, rima_class *cls) {
  tz_class_entry entry = {.name = tz_text_of(cls->qualified), .tag = cls->tag, .super = TZ_NONE};
  bool is_import = is_imported(c, cls);
  entry.n_fields = cls->field_count;
  entry.fields = class_fields(c, cls);
  if (cls->kind == RIMA_CLASS_INTERFACE) {
    define_interface(c, cls, &entry);
  } else if (cls->kind == RIMA_CLASS_CLOSURE) {
    define_closure(c, cls, &entry);
  } else {
    bool has_holes = false;
    lay_out(c, cls);
    entry.super = cls->super ? rima_image_class(c, cls->super) : tz_image_machine_class(c->image, "Object");
    entry.n_methods = cls->vtable_count;
    entry.methods = class_methods(c, cls, &has_holes);
    entry.implements = class_implements(c, cls, &entry.n_implements);
    if (cls->is_final && !has_holes) entry.flags |= TZ_CLASS_FINAL;
    if (has_holes || (cls->is_abstract && cls->kind != RIMA_CLASS_VARIANT)) entry.flags |= TZ_CLASS_ABSTRACT;
  }
  if (c->options.is_open_world || (cls->decl && cls->decl->unit->is_user)) entry.flags |= TZ_CLASS_EXPORT;
  if (is_import) {
    entry.flags = cls->image_flags;
    entry.module = tz_text_of(rima_home_name(c, cls->home_epoch));
  } else {
    cls->home_epoch = c->epoch;
    cls->image_flags = entry.flags;
  }
  tz_image_define_class(c->image, cls->image, &entry);
}

/* ---- the end of an image ---- */

static void patch_slots(rima_compiler *c) {
  for (uint32_t i = 0; i < c->slot_patches.count; i++) {
    rima_pending_slot *p = c->slot_patches.items[i];
    uint64_t *word = (uint64_t *)&c->image->functions[p->function].code[p->word];
    *word = (*word & ~((uint64_t)0xffff << 32)) | (uint64_t)(uint16_t)p->root->slot << 32;
  }
}

/* Everything that the entry of a class will mention. */
static void mention(rima_compiler *c, rima_class *cls) {
  cls->mentioned = cls->virtuals.count;
  for (uint32_t i = 0; i < cls->field_count; i++) rima_image_type(c, rima_field_type(c, &cls->fields[i]));
  if (cls->super) rima_image_class(c, cls->super);
  rima_list interfaces = {0};
  collect_interfaces(c, cls, &interfaces);
  for (uint32_t i = 0; i < interfaces.count; i++) rima_image_class(c, interfaces.items[i]);
  for (uint32_t i = 0; i < cls->virtuals.count; i++) signature_of(c, cls->virtuals.items[i], false);
}

void rima_image_complete(rima_compiler *c) {
  for (uint32_t i = 0, drained = TZ_NONE; drained != c->image_classes.count;) {
    drained = c->image_classes.count;
    for (; i < c->image_classes.count; i++) mention(c, c->image_classes.items[i]);
    rima_drain(c);
    if (drained != c->image_classes.count) continue;
    for (uint32_t k = 0; k < drained; k++) { /* slots that came late */
      rima_class *cls = c->image_classes.items[k];
      if (cls->mentioned != cls->virtuals.count) mention(c, cls);
    }
    rima_drain(c);
  }
  if (c->diagnostics.error_count) return;
  for (uint32_t i = 0; i < c->image_classes.count; i++) define_class(c, c->image_classes.items[i]);
  patch_slots(c);
}
