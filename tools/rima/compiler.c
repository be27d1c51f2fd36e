/* compiler.c: the driver: finds and parses modules, walks the worklist, completes the image. */
#include "code.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static bool start_session(rima_compiler *c) {
  rima_session_init(&c->session, c->options.memory_limit);
  c->arena = &c->session.arena;
  if (setjmp(c->on_exhausted)) return false;
  c->arena->on_exhausted = &c->on_exhausted;
  rima_diagnostics_init(&c->diagnostics, &c->session, c->options.error_limit);
  rima_types_init(c);
  rima_names_init(c);
  rima_builtins_declare(c);
  c->arena->on_exhausted = NULL;
  return true;
}

rima_compiler *rima_compiler_new(const rima_options *options) {
  rima_compiler *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->options = *options;
  c->options.is_open_world |= options->is_interactive;
  if (start_session(c)) return c;
  rima_compiler_free(c);
  return NULL;
}

void rima_compiler_free(rima_compiler *c) {
  if (!c) return;
  rima_session_fini(&c->session);
  free(c);
}

const char *rima_home_name(rima_compiler *c, uint32_t epoch) { return c->homes.items[epoch - 1]; }

/* ---- loading ---- */

/* NULL and errno: cannot be read. The caller frees it. */
static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t capacity = 1 << 14, n = 0;
  char *text = malloc(capacity);
  while (text) {
    size_t got = fread(text + n, 1, capacity - n, file);
    n += got;
    if (n < capacity || n > RIMA_MAX_SOURCE_BYTES) break;
    char *grown = realloc(text, capacity *= 2);
    if (!grown) free(text);
    text = grown;
  }
  bool failed = ferror(file);
  fclose(file);
  if (!text || failed) {
    free(text);
    return NULL;
  }
  *length = n;
  return text;
}

static const char *base_name(rima_compiler *c, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *start = slash ? slash + 1 : path;
  const char *dot = strrchr(start, '.');
  size_t length = dot && dot != start ? (size_t)(dot - start) : strlen(start);
  return rima_arena_copy(c->arena, start, length);
}

static const char *directory_of(rima_compiler *c, const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? rima_arena_copy(c->arena, path, (size_t)(slash - path + 1)) : "";
}

/* Module names are unique within an image. */
static const rima_name *unique_name(rima_compiler *c, const char *name) {
  for (uint32_t n = 1;; n++) {
    const char *tried = n == 1 ? name : rima_arena_format(c->arena, "%s_%u", name, n);
    bool taken = false;
    for (uint32_t i = 0; i < c->unit_list.count; i++)
      taken |= strcmp(((rima_unit *)c->unit_list.items[i])->name->text, tried) == 0;
    for (size_t i = 0; i < c->options.library_count && !taken; i++)
      taken = c->options.library[i].name && strcmp(c->options.library[i].name, tried) == 0;
    if (!taken) return rima_intern(c, tried);
  }
}

static void load_imports(rima_compiler *c, rima_unit *unit);

static rima_unit *add_unit(rima_compiler *c, const rima_name *name, const char *path, const char *text,
                           size_t length, bool is_user) {
  rima_unit *unit = RIMA_NEW(c->arena, rima_unit);
  unit->name = name;
  unit->is_user = is_user;
  unit->directory = directory_of(c, path);
  unit->epoch = c->epoch;
  rima_source *source = rima_source_add(&c->session, path, text, length);
  if (!source) {
    rima_error(&c->diagnostics, (rima_span){0, 0}, "%s is too large", path);
    return NULL;
  }
  uint32_t errors = c->diagnostics.error_count;
  unit->tree = rima_parse(&c->session, source, &c->diagnostics);
  c->has_errors |= unit->tree->has_errors || c->diagnostics.error_count != errors;
  for (const char *p = source->text; (p = memchr(p, '\n', (size_t)(source->text + source->length - p))); p++)
    c->line_count++;
  rima_list_add(c->arena, &c->unit_list, unit);
  return unit;
}

static rima_unit *load_library(rima_compiler *c, const char *name) {
  const rima_name *key = rima_intern(c, name);
  rima_unit *unit = rima_map_get(&c->units, key);
  for (size_t i = 0; i < c->options.library_count && !unit; i++) {
    const rima_library_entry *e = &c->options.library[i];
    if (!e->name || strcmp(e->name, name) != 0) continue;
    const char *path = rima_arena_format(c->arena, "library/%s.rima", name);
    unit = add_unit(c, key, path, e->text, e->length, false);
    if (!unit) return NULL;
    rima_map_put(c->arena, &c->units, key, unit);
    load_imports(c, unit);
  }
  return unit;
}

/* dir/./a/../b → dir/b, so that one file is one module. */
static const char *normalized(rima_compiler *c, const char *path) {
  char *out = rima_arena_copy(c->arena, path, strlen(path)), *to = out;
  for (const char *p = path; *p;) {
    if (p[0] == '.' && p[1] == '/' && (to == out || to[-1] == '/')) {
      p += 2;
      continue;
    }
    bool up = p[0] == '.' && p[1] == '.' && p[2] == '/' && to > out && to[-1] == '/' && to - out > 1 &&
              !(to - out >= 3 && to[-2] == '.' && to[-3] == '.');
    if (up) {
      to--;
      while (to > out && to[-1] != '/') to--;
      p += 3;
      continue;
    }
    *to++ = *p++;
  }
  *to = 0;
  return out;
}

static rima_unit *load_file(rima_compiler *c, rima_unit *from, rima_decl *decl) {
  const char *written = rima_arena_copy(c->arena, decl->import.path.bytes, decl->import.path.length);
  const char *path =
      rima_arena_format(c->arena, "%s%s.rima", written[0] == '/' ? "" : from->directory, written);
  path = normalized(c, path);
  const rima_name *key = rima_intern(c, path);
  rima_unit *unit = rima_map_get(&c->units, key);
  if (unit) return unit;
  size_t length;
  char *text = read_file(path, &length);
  if (!text) {
    rima_error(&c->diagnostics, decl->import.path_span, "cannot read %s: %s", path, strerror(errno));
    return NULL;
  }
  unit = add_unit(c, unique_name(c, base_name(c, path)), path, text, length, true);
  free(text);
  if (!unit) return NULL;
  unit->key = key;
  rima_map_put(c->arena, &c->units, key, unit);
  load_imports(c, unit);
  return unit;
}

/* An earlier program of this compiler, by its module's name. */
static rima_unit *earlier_unit(rima_compiler *c, const rima_name *name) {
  for (uint32_t i = c->unit_list.count; i-- > 0;) {
    rima_unit *unit = c->unit_list.items[i];
    if (unit->is_user && unit->epoch < c->epoch && unit->name == name) return unit;
  }
  return NULL;
}

static void report_no_module(rima_compiler *c, rima_decl *decl, const char *name) {
  rima_diagnostic *d =
      rima_error(&c->diagnostics, decl->import.path_span, "there is no library module %s", name);
  rima_nearest nearest;
  rima_nearest_init(&nearest, name, strlen(name));
  for (size_t i = 0; i < c->options.library_count; i++)
    if (c->options.library[i].name)
      rima_nearest_offer(&nearest, c->options.library[i].name, strlen(c->options.library[i].name));
  if (nearest.best)
    rima_hint(&c->diagnostics, d, "did you mean %.*s?", (int)nearest.best_length, nearest.best);
  else rima_hint(&c->diagnostics, d, "a file beside this one is imported as \"./%s\"", name);
}

static void load_imports(rima_compiler *c, rima_unit *unit) {
  unit->imports = RIMA_NEW_ARRAY(c->arena, rima_unit *, unit->tree->count + 1);
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    if (decl->kind != RIMA_DECL_IMPORT) continue;
    rima_unit *target;
    if (decl->import.is_file) {
      target = load_file(c, unit, decl);
    } else {
      const char *name = rima_arena_copy(c->arena, decl->import.path.bytes, decl->import.path.length);
      target = load_library(c, name);
      if (!target) target = earlier_unit(c, rima_intern(c, name));
      if (!target) report_no_module(c, decl, name);
    }
    decl->info = target;
    if (target) unit->imports[unit->import_count++] = target;
    else c->has_errors = true;
  }
}

/* ---- declaring ---- */

static rima_class_decl *core_class(rima_compiler *c, const rima_name *name) {
  rima_entity *e = rima_map_get(&c->core->scope, name);
  return e && e->kind == RIMA_ENTITY_CLASS ? e->class_ : NULL;
}

static void declare_units(rima_compiler *c) {
  for (uint32_t i = 0; i < c->unit_list.count; i++) rima_unit_declare(c, c->unit_list.items[i]);
  for (uint32_t i = 0; i < c->unit_list.count; i++) rima_unit_declare_imports(c, c->unit_list.items[i]);
  rima_find_cycles(c);
  c->list_decl = core_class(c, c->names.list);
  c->map_decl = core_class(c, c->names.map);
  c->range_decl = core_class(c, c->names.range);
  c->comparable_decl = core_class(c, c->names.comparable);
}

/* ---- what is compiled in any case: everything of the user's own modules ---- */

static void queue_class(rima_compiler *c, rima_unit *unit, rima_decl *decl) {
  rima_class_decl *d = rima_class_decl_of(c, decl, unit);
  rima_type *open[8];
  uint32_t n = decl->class_.type_param_count;
  if (n > 8) return;
  for (uint32_t i = 0; i < n; i++) open[i] = rima_type_param_of(c, &decl->class_.type_params[i]);
  rima_class *cls = rima_class_instance(c, d, open, n);
  rima_class_declare(c, cls);
  rima_class_check_complete(c, cls, decl->name.span);
  for (uint32_t i = 0; i < decl->class_.variant_count && decl->kind == RIMA_DECL_ENUM; i++)
    rima_class_declare(c, rima_class_variant(c, cls, i));
  if (n) {
    rima_list_add(c->arena, &c->open_classes, cls);
    return;
  }
  if (decl->kind == RIMA_DECL_CLASS) rima_reach_fn(c, rima_class_constructor(c, cls));
  for (uint32_t i = 0; i < d->member_count; i++) {
    rima_member *m = &d->list[i];
    if (m->kind != RIMA_DECL_FUN || m->decl->function->type_param_count) continue;
    rima_reach_fn(c, m->is_static ? rima_fn_instance(c, m->decl->function, unit, cls, NULL, NULL, NULL)
                                  : rima_class_method(c, cls, m->index));
  }
}

static void queue_test(rima_compiler *c, rima_unit *unit, rima_decl *decl) {
  rima_fn *fn = rima_fn_new(c, RIMA_FN_TEST, decl->function, unit);
  fn->state = 2;
  fn->result = RIMA_KIND(c, VOID);
  rima_place place = rima_source_place(&c->session, unit->tree->source, decl->span.start);
  fn->name = rima_arena_format(c->arena, "%s.test@%u", unit->name->text, place.line);
  rima_test *test = RIMA_NEW(c->arena, rima_test);
  const char *title = decl->name.name ? decl->name.name->text : "test";
  *test = (rima_test){title, fn->name, unit->tree->source->path, place.line};
  if (c->options.has_tests) rima_list_add(c->arena, &c->tests, test);
  rima_reach_fn(c, fn);
}

static void queue_unit(rima_compiler *c, rima_unit *unit) {
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    switch ((rima_decl_kind)decl->kind) {
    case RIMA_DECL_FUN:
      if (!decl->function->type_param_count)
        rima_reach_fn(c, rima_fn_instance(c, decl->function, unit, NULL, NULL, NULL, NULL));
      break;
    case RIMA_DECL_CLASS:
    case RIMA_DECL_INTERFACE:
    case RIMA_DECL_ENUM: queue_class(c, unit, decl); break;
    case RIMA_DECL_EXTEND:
      for (uint32_t k = 0; k < decl->extend.member_count && !decl->extend.type_param_count; k++) {
        rima_decl *m = decl->extend.members[k];
        if (m->kind != RIMA_DECL_FUN || m->function->type_param_count) continue;
        rima_type **args;
        rima_extension *x = decl->info;
        rima_extension_find(c, RIMA_KIND(c, INT), m->name.name, &args); /* resolves the target */
        if (x->open_target && x->open_target->kind != RIMA_T_ERROR)
          rima_reach_fn(c, rima_fn_instance(c, m->function, unit, NULL, x, NULL, NULL));
      }
      break;
    case RIMA_DECL_TEST:
      if (c->options.has_tests) queue_test(c, unit, decl);
      break;
    default: break;
    }
  }
  rima_reach_unit(c, unit);
}

void rima_drain(rima_compiler *c) {
  while (c->queue_at < c->queue.count) rima_emit_fn(c, c->queue.items[c->queue_at++]);
}

/* ---- generic bodies that nothing has used ---- */

static void check_open(rima_compiler *c, rima_fn *fn) {
  if (fn->ast->is_busy || (!fn->ast->body && !fn->ast->value) || fn->ast->is_used) return;
  rima_saved_context saved;
  rima_fn_signature(c, fn);
  fn->ast->is_busy = true;
  rima_fn_enter(c, fn, &saved);
  uint32_t undo = c->undo_count;
  rima_check_fn(c, fn);
  rima_narrow_restore(c, undo);
  rima_context_leave(c, &saved);
  fn->ast->is_busy = false;
}

static void open_params(rima_compiler *c, rima_function *ast, rima_type **open) {
  for (uint32_t i = 0; i < ast->type_param_count && i < 8; i++)
    open[i] = rima_type_param_of(c, &ast->type_params[i]);
}

static void check_open_generics(rima_compiler *c, rima_unit *unit) {
  rima_type *open[8];
  for (uint32_t i = 0; i < unit->tree->count; i++) {
    rima_decl *decl = unit->tree->decls[i];
    if (decl->kind != RIMA_DECL_FUN || !decl->function->type_param_count) continue;
    open_params(c, decl->function, open);
    check_open(c, rima_fn_instance(c, decl->function, unit, NULL, NULL, NULL, open));
  }
  for (uint32_t i = 0; i < c->open_classes.count; i++) {
    rima_class *cls = c->open_classes.items[i];
    for (uint32_t k = 0; k < cls->decl->member_count; k++) {
      rima_member *m = &cls->decl->list[k];
      if (m->kind != RIMA_DECL_FUN || m->is_static) continue;
      open_params(c, m->decl->function, open);
      check_open(c, rima_fn_instance(c, m->decl->function, cls->decl->unit, cls, NULL, NULL, open));
    }
  }
  c->open_classes.count = 0;
}

/* ---- init and main ---- */

static void call_init(rima_compiler *c, rima_unit *unit) {
  if (unit->order_state) return;
  unit->order_state = 1;
  for (uint32_t i = 0; i < unit->import_count; i++) call_init(c, unit->imports[i]);
  bool is_new = unit->init && unit->init->home_epoch == 0;
  if (unit->init && (is_new || unit->init->home_epoch == c->epoch))
    rima_call_fn(c, unit->init, NULL, 0, RIMA_NOWHERE);
}

static uint32_t emit_start(rima_compiler *c) {
  rima_fn *fn = rima_fn_new(c, RIMA_FN_PLAIN, NULL, c->program);
  fn->state = 2;
  fn->result = RIMA_KIND(c, VOID);
  fn->name = rima_arena_format(c->arena, "%s.(start)", c->program->name->text);
  fn->is_queued = true;
  rima_code_open(c, fn->name, NULL);
  for (uint32_t i = 0; i < c->singletons.count; i++) {
    rima_global *g = c->singletons.items[i];
    uint32_t mark = rima_code_mark(c), reg = rima_reg_for(c, g->type);
    rima_emit_new(c, g->singleton_of, reg);
    rima_op_d(c, TZ_OP_PUTG, reg, rima_image_global(c, g));
    rima_code_release(c, mark);
  }
  call_init(c, c->core);
  for (uint32_t i = 0; i < c->unit_list.count; i++) call_init(c, c->unit_list.items[i]);
  for (uint32_t i = 0; i < c->unit_list.count; i++) ((rima_unit *)c->unit_list.items[i])->order_state = 0;
  rima_op(c, TZ_OP_RET_VOID, 0, 0, 0);
  rima_code_close(c, c->code, rima_image_fn(c, fn), 0, rima_image_fn_signature(c, fn, true));
  return fn->image;
}

/* main(args: List[str]) is given an array by the machine. */
static uint32_t emit_main(rima_compiler *c, rima_fn *main, rima_type *list) {
  rima_fn *fn = rima_fn_new(c, RIMA_FN_PLAIN, NULL, c->program);
  rima_type *array = rima_type_array(c, RIMA_KIND(c, STR));
  fn->state = 2;
  fn->params = RIMA_NEW_ARRAY(c->arena, rima_type *, 1);
  fn->params[0] = array;
  fn->param_count = 1;
  fn->result = main->result;
  fn->is_queued = true;
  fn->name = rima_arena_format(c->arena, "%s.(main)", c->program->name->text);
  rima_code_open(c, fn->name, NULL);
  uint32_t args = rima_reg_param(c, rima_image_type(c, array), 'R'), made = rima_reg_for(c, list);
  uint32_t count = rima_reg_for(c, RIMA_KIND(c, INT));
  rima_emit_new(c, list->cls, made);
  rima_op(c, TZ_OP_PUTF_R, args, made, 0);
  rima_op(c, TZ_OP_ARRAY_LEN, count, args, 0);
  rima_op(c, TZ_OP_PUTF, count, made, 1);
  uint32_t status = rima_call_fn(c, main, &made, 1, RIMA_ANYWHERE);
  bool has_status = main->result->kind != RIMA_T_VOID;
  rima_op(c, has_status ? TZ_OP_RET : TZ_OP_RET_VOID, has_status ? status : 0, 0, 0);
  rima_code_close(c, c->code, rima_image_fn(c, fn), 0, rima_image_fn_signature(c, fn, true));
  return fn->image;
}

static void find_main(rima_compiler *c) {
  rima_entity *e = rima_map_get(&c->program->scope, c->names.main);
  if (!e || e->kind != RIMA_ENTITY_FUNCTION || e->decl->function->type_param_count) return;
  rima_fn *main = rima_fn_instance(c, e->decl->function, c->program, NULL, NULL, NULL, NULL);
  rima_fn_signature(c, main);
  rima_type *str = RIMA_KIND(c, STR);
  rima_type *list = c->list_decl ? rima_class_instance(c, c->list_decl, &str, 1)->type : NULL;
  bool fits = main->result->kind == RIMA_T_VOID || main->result->kind == RIMA_T_INT;
  fits &= main->param_count == 0 || (main->param_count == 1 && main->params[0] == list);
  if (!fits) {
    rima_diagnostic *d =
        rima_error(&c->diagnostics, e->span, "main has another form than the program's start wants");
    rima_hint(&c->diagnostics, d, "fun main(), fun main(args: List[str]), either with result int");
    return;
  }
  if (c->diagnostics.error_count) return;
  c->image->main = main->param_count ? emit_main(c, main, list) : rima_image_fn(c, main);
}

/* ---- one compile ---- */

/* Programs have a function for every four lines or so, and for each class about three functions. */
static void reserve_image(rima_compiler *c) {
  enum { LARGE = 20000 }; /* lines */
  if (c->line_count > LARGE)
    tz_image_reserve(c->image, (uint32_t)(c->line_count / 10), (uint32_t)(c->line_count / 3));
}

static void compile_program(rima_compiler *c, uint32_t first) {
  reserve_image(c);
  declare_units(c);
  if (c->diagnostics.error_count) c->has_errors = true;
  for (uint32_t i = first; i < c->unit_list.count; i++) {
    rima_unit *unit = c->unit_list.items[i];
    if (unit->is_user) queue_unit(c, unit);
  }
  rima_drain(c);
  for (uint32_t i = first; i < c->unit_list.count; i++) {
    rima_unit *unit = c->unit_list.items[i];
    if (unit->is_user) check_open_generics(c, unit);
  }
  if (c->diagnostics.error_count) return;
  find_main(c);
  rima_drain(c);
  for (uint32_t before = 0; before != c->singletons.count;) { /* making one may reach more */
    before = c->singletons.count;
    for (uint32_t i = 0; i < before; i++)
      rima_reach_class(c, ((rima_global *)c->singletons.items[i])->singleton_of);
    rima_drain(c);
  }
  c->image->init = emit_start(c);
  rima_drain(c);
  rima_image_complete(c);
}

static rima_result give(rima_compiler *c, const rima_progress *before) {
  rima_result result = {.diagnostics = &c->diagnostics, .line_count = c->line_count};
  rima_diagnostics_sort(&c->diagnostics);
  bool fine = !c->diagnostics.error_count && !c->has_errors && tz_image_finish(c->image);
  if (!c->diagnostics.error_count && !fine && !c->has_errors)
    rima_error(&c->diagnostics, (rima_span){0, 0}, "out of memory");
  if (fine) {
    result.image = c->image;
  } else {
    tz_image_free(c->image);
    rima_roll_back(c, before);
  }
  c->image = NULL;
  result.test_count = c->tests.count;
  rima_test *tests = RIMA_NEW_ARRAY(c->arena, rima_test, c->tests.count + 1);
  for (uint32_t i = 0; i < c->tests.count; i++) tests[i] = *(rima_test *)c->tests.items[i];
  result.tests = tests;
  return result;
}

static void reset(rima_compiler *c) {
  rima_diagnostics_init(&c->diagnostics, &c->session, c->options.error_limit);
  c->epoch++;
  c->has_errors = false;
  c->image_classes.count = c->singletons.count = c->slot_patches.count = c->tests.count = 0;
  c->queue.count = c->queue_at = 0;
  c->local_count = c->undo_count = 0;
  c->line_count = 0;
  c->cx = (rima_context){0};
  c->code = NULL;
}

rima_result rima_compile_text(rima_compiler *c, const char *path, const char *text, size_t length) {
  rima_progress before;
  reset(c);
  rima_progress_mark(c, &before);
  if (setjmp(c->on_exhausted)) {
    c->arena->on_exhausted = NULL;
    rima_roll_back(c, &before);
    tz_image_free(c->image);
    c->image = NULL;
    return (rima_result){.diagnostics = &c->diagnostics};
  }
  c->arena->on_exhausted = &c->on_exhausted;
  uint32_t first = c->unit_list.count;
  const rima_name *name = unique_name(c, base_name(c, path));
  rima_list_add(c->arena, &c->homes, (void *)(uintptr_t)name->text);
  c->image = tz_image_new(name->text, name->length);
  c->image->flags |= TZ_IMAGE_QUALIFIED;
  if (!c->core) c->core = load_library(c, "core");
  if (!c->core) {
    rima_error(&c->diagnostics, (rima_span){0, 0}, "the library has no module core");
  } else {
    rima_unit *unit = add_unit(c, name, path, text, length, true);
    c->program = unit;
    if (unit) {
      unit->key = rima_intern(c, normalized(c, path));
      rima_map_put(c->arena, &c->units, unit->key, unit);
    }
    if (unit) load_imports(c, unit);
    if (unit && !c->has_errors && !c->diagnostics.error_count) compile_program(c, first);
  }
  rima_result result = give(c, &before);
  c->arena->on_exhausted = NULL;
  return result;
}

rima_result rima_compile_file(rima_compiler *c, const char *path) {
  size_t length;
  char *text = read_file(path, &length);
  if (text) {
    rima_result result = rima_compile_text(c, path, text, length);
    free(text);
    return result;
  }
  int error = errno;
  reset(c);
  rima_error(&c->diagnostics, (rima_span){0, 0}, "cannot read %s: %s", path, strerror(error));
  return (rima_result){.diagnostics = &c->diagnostics};
}
