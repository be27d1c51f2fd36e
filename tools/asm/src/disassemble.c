/* disassemble.c: the declarations of a verified image as assembly. See docs/module-format.md, "Assembly". */
#include "disassemble.h"
#include <stdlib.h>

/* --- names and types --- */

static void put_reference(dis *d, const tz_name_map *map, tz_text module, tz_text name, uint32_t index) {
  const tz_name_entry *e = tz_name_map_find(map, module, name);
  if (e == NULL || e->is_ambiguous) {
    tz_out_format(&d->out, "#%u", index);
    return;
  }
  if (module.length != 0) {
    tz_out_name(&d->out, module);
    tz_out_text(&d->out, ":");
  }
  tz_out_name(&d->out, name);
}

void tz_dis_class(dis *d, uint32_t i) {
  tz_out_text(&d->out, "%");
  put_reference(d, &d->classes, d->image->classes[i].module, d->image->classes[i].name, i);
}
void tz_dis_function(dis *d, uint32_t i) {
  put_reference(d, &d->functions, d->image->functions[i].module, d->image->functions[i].name, i);
}
void tz_dis_global(dis *d, uint32_t i) {
  put_reference(d, &d->globals, d->image->globals[i].module, d->image->globals[i].name, i);
}

static void put_signature(dis *d, uint32_t i) {
  const tz_signature *s = &d->image->signatures[i];
  tz_out_text(&d->out, "(");
  for (uint32_t j = 0; j < s->n_params; j++) {
    if (j != 0) tz_out_text(&d->out, ", ");
    tz_dis_type(d, s->params[j]);
  }
  tz_out_text(&d->out, ")");
  tz_dis_type(d, s->result);
}

/* A text can be exponentially longer than its types: past a bound the disassembly fails as a whole. */
enum { TEXT_LIMIT = 1 << 30 };

void tz_dis_type(dis *d, uint32_t i) {
  static const char *const names[] = {
#define TZ_KIND(NAME, text, rep) text,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  };
  tz_type_entry t = d->image->types[i];
  if (d->out.n > TEXT_LIMIT) d->out.failed = true;
  if (d->out.failed) return;
  switch (t.kind) {
  case TZ_KIND_CLASS: tz_dis_class(d, t.of); return;
  case TZ_KIND_ARRAY:
    tz_out_text(&d->out, "[");
    tz_dis_type(d, t.of);
    tz_out_text(&d->out, "]");
    return;
  case TZ_KIND_CHAN:
    tz_out_text(&d->out, "chan(");
    tz_dis_type(d, t.of);
    tz_out_text(&d->out, ")");
    return;
  case TZ_KIND_FUNC:
    tz_out_text(&d->out, "fn");
    put_signature(d, t.of);
    return;
  default: tz_out_text(&d->out, names[t.kind]);
  }
}

/* --- classes --- */

static void put_flags(dis *d, uint32_t flags, const char *const *words, int n) {
  for (int i = 0; i < n; i++)
    if (flags >> i & 1) tz_out_format(&d->out, " %s", words[i]);
}

static void put_members(dis *d, const tz_class_entry *c) {
  for (uint32_t i = 0; i < c->n_fields; i++) {
    tz_out_text(&d->out, "  field ");
    tz_out_name(&d->out, c->fields[i].name);
    tz_out_text(&d->out, " ");
    tz_dis_type(d, c->fields[i].type);
    tz_out_text(&d->out, c->fields[i].flags & TZ_FIELD_FIXED ? " fixed\n" : "\n");
  }
  for (uint32_t i = 0; i < c->n_methods; i++) {
    tz_out_text(&d->out, "  method ");
    tz_out_name(&d->out, c->methods[i].name);
    tz_out_text(&d->out, " ");
    put_signature(d, c->methods[i].signature);
    if (c->methods[i].function != TZ_NONE) {
      tz_out_text(&d->out, " = ");
      tz_dis_function(d, c->methods[i].function);
    }
    tz_out_text(&d->out, "\n");
  }
}

static void put_implements(dis *d, const tz_class_entry *c) {
  for (uint32_t i = 0; i < c->n_implements; i++) {
    const tz_implements *p = &c->implements[i];
    tz_out_text(&d->out, "  implements ");
    tz_dis_class(d, p->interface);
    for (uint32_t j = 0; j < p->n_functions; j++) {
      tz_out_text(&d->out, j == 0 ? " { " : ", ");
      tz_dis_function(d, p->functions[j]);
    }
    tz_out_text(&d->out, p->n_functions != 0 ? " }\n" : "\n");
  }
}

/* The short form stands for what the builder declares: the class and before it its superclasses. */
static bool put_machine(dis *d, uint32_t i) {
  const tz_class_entry *c = &d->image->classes[i];
  if (!tz_text_equal(c->module, tz_text_of("tz")) || (c->flags & TZ_CLASS_EXPORT)) return false;
  const tz_name_entry *e = tz_name_map_find(&d->classes, c->module, c->name);
  if (e->is_ambiguous || (c->super != TZ_NONE && (c->super > i || !d->is_machine[c->super]))) return false;
  d->is_machine[i] = true;
  tz_out_text(&d->out, "machine ");
  tz_out_name(&d->out, c->name);
  tz_out_text(&d->out, "\n");
  return true;
}

static void put_class(dis *d, uint32_t i) {
  static const char *const words[] = {"interface", "abstract", "final", "closure", "export", "shared"};
  const tz_class_entry *c = &d->image->classes[i];
  if (put_machine(d, i)) return;
  tz_out_text(&d->out, c->module.length != 0 ? "import class " : "\nclass ");
  if (c->module.length != 0) {
    tz_out_name(&d->out, c->module);
    tz_out_text(&d->out, ":");
  }
  tz_out_name(&d->out, c->name);
  if (c->super != TZ_NONE) {
    tz_out_text(&d->out, " super ");
    tz_dis_class(d, c->super);
  }
  if (c->tag != 0) tz_out_format(&d->out, " tag %u", c->tag);
  put_flags(d, c->flags, words, 6);
  tz_out_text(&d->out, " {\n");
  put_members(d, c);
  put_implements(d, c);
  tz_out_text(&d->out, "}\n");
}

/* --- globals, functions --- */

static void put_global(dis *d, uint32_t i) {
  const tz_global_entry *g = &d->image->globals[i];
  if (g->module.length != 0) {
    tz_out_text(&d->out, "import global ");
    tz_out_name(&d->out, g->module);
    tz_out_text(&d->out, ":");
  } else {
    tz_out_text(&d->out, "global ");
  }
  tz_out_name(&d->out, g->name);
  tz_out_text(&d->out, " ");
  tz_dis_type(d, g->type);
  tz_out_text(&d->out, g->flags & TZ_GLOBAL_EXPORT ? " export\n" : "\n");
}

static void put_function(dis *d, uint32_t i) {
  const tz_function_entry *f = &d->image->functions[i];
  bool is_native = f->flags & TZ_FUNCTION_NATIVE;
  tz_out_text(&d->out, is_native ? "native " : f->module.length != 0 ? "import function " : "\nfunction ");
  if (f->module.length != 0) {
    tz_out_name(&d->out, f->module);
    tz_out_text(&d->out, ":");
  }
  tz_out_name(&d->out, f->name);
  tz_out_text(&d->out, " ");
  put_signature(d, f->signature);
  if (f->flags & TZ_FUNCTION_EXPORT) tz_out_text(&d->out, " export");
  if (f->flags & TZ_FUNCTION_SHARED) tz_out_text(&d->out, " shared");
  if (f->flags & TZ_FUNCTION_DYNAMIC) tz_out_text(&d->out, " dynamic");
  if (f->module.length == 0) {
    tz_out_text(&d->out, " {\n");
    tz_dis_body(d, f);
    tz_out_text(&d->out, "}");
  }
  tz_out_text(&d->out, "\n");
}

static void put_entry(dis *d, const char *word, uint32_t function) {
  if (function == TZ_NONE) return;
  tz_out_format(&d->out, "\n%s ", word);
  tz_dis_function(d, function);
  tz_out_text(&d->out, "\n");
}

static bool list_names(dis *d) {
  const tz_image *m = d->image;
  for (uint32_t i = 0; i < m->n_classes; i++)
    if (!tz_name_map_put(&d->classes, m->classes[i].module, m->classes[i].name, i)) return false;
  for (uint32_t i = 0; i < m->n_functions; i++)
    if (!tz_name_map_put(&d->functions, m->functions[i].module, m->functions[i].name, i)) return false;
  for (uint32_t i = 0; i < m->n_globals; i++)
    if (!tz_name_map_put(&d->globals, m->globals[i].module, m->globals[i].name, i)) return false;
  d->is_machine = calloc((size_t)m->n_classes + 1, 1);
  return d->is_machine != NULL;
}

char *tz_asm_disassemble(const tz_image *image, size_t *length) {
  dis d = {.image = image};
  tz_decode_init(&d.decode);
  d.out.failed = !list_names(&d);
  tz_out_text(&d.out, "module ");
  tz_out_name(&d.out, image->name);
  tz_out_text(&d.out, image->flags & TZ_IMAGE_QUALIFIED ? " qualified\n\n" : "\n\n");
  for (uint32_t i = 0; i < image->n_classes && !d.out.failed; i++) put_class(&d, i);
  for (uint32_t i = 0; i < image->n_globals && !d.out.failed; i++) put_global(&d, i);
  for (uint32_t i = 0; i < image->n_functions && !d.out.failed; i++) put_function(&d, i);
  put_entry(&d, "init", image->init);
  put_entry(&d, "main", image->main);
  tz_name_map_fini(&d.classes);
  tz_name_map_fini(&d.functions);
  tz_name_map_fini(&d.globals);
  free(d.is_machine);
  return tz_out_end(&d.out, length);
}
