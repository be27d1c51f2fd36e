/* doc.c: `terza doc`: Markdown from the doc comments of Rima sources. */
#include "command.h"
#include "parser.h"
#include "terza/classlib.h"
#include <stdlib.h>

typedef struct doc {
  rima_session session;
  rima_diagnostics sink;
  const rima_source *source; /* the one being documented */
} doc;

static char char_at(const doc *d, uint32_t position) { return d->source->text[position - d->source->base]; }

/* A declaration's head as written: up to its body, on one line. */
static void print_head(const doc *d, rima_span span, uint32_t end) {
  bool blank = false;
  for (uint32_t i = span.start; i < end; i++) {
    char c = char_at(d, i);
    if (c == '\n' || c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank && i > span.start) putchar(' ');
    blank = false;
    putchar(c);
  }
}

static void print_doc(rima_text text, const char *indent) {
  if (text.length == 0) return;
  const char *at = text.bytes, *end = at + text.length;
  while (at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop) stop = end;
    printf("%s%.*s\n", indent, (int)(stop - at), at);
    at = stop + 1;
  }
}

/* Where the head of a function ends: at its body, its `= e`, or its end. */
static uint32_t function_head_end(const doc *d, const rima_function *f) {
  if (f->body) return f->body->span.start;
  if (!f->value) return f->span.end;
  uint32_t end = f->value->span.start;
  while (end > f->span.start && char_at(d, end - 1) != '=') end--;
  return end > f->span.start ? end - 1 : f->span.end;
}

static void print_function(const doc *d, const rima_function *f, const char *prefix) {
  printf("- `%s", prefix);
  print_head(d, f->span, function_head_end(d, f));
  puts("`  ");
  print_doc(f->doc, "  ");
}

static void print_members(const doc *d, rima_decl **members, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const rima_decl *m = members[i];
    if (m->is_private || m->doc.length == 0) continue;
    if (m->kind == RIMA_DECL_FUN && !m->function->is_private) print_function(d, m->function, "");
    if (m->kind == RIMA_DECL_VARIABLE) {
      printf("- `");
      print_head(d, m->span, m->span.end);
      puts("`  ");
      print_doc(m->doc, "  ");
    }
  }
}

static void print_class(const doc *d, const rima_decl *decl) {
  static const char *const kinds[] = {
      [RIMA_DECL_CLASS] = "class", [RIMA_DECL_INTERFACE] = "interface", [RIMA_DECL_ENUM] = "enum"};
  printf("\n### %s %s\n\n", kinds[decl->kind], decl->name.name->text);
  uint32_t end = decl->span.start;
  while (end < decl->span.end && char_at(d, end) != '{') end++;
  printf("`");
  print_head(d, decl->span, end);
  puts("`\n");
  print_doc(decl->doc, "");
  putchar('\n');
  for (uint32_t i = 0; i < decl->class_.variant_count; i++) {
    const rima_variant *v = &decl->class_.variants[i];
    printf("- `");
    print_head(d, v->span, v->span.end);
    puts("`  ");
    print_doc(v->doc, "  ");
  }
  print_members(d, decl->class_.members, decl->class_.member_count);
}

static bool has_public_members(const rima_decl *decl) {
  for (uint32_t i = 0; i < decl->extend.member_count; i++)
    if (!decl->extend.members[i]->is_private && decl->extend.members[i]->doc.length > 0) return true;
  return false;
}

static void print_module(const doc *d, const char *name, const rima_module *module) {
  printf("\n## %s\n\n", name);
  print_doc(module->doc, "");
  putchar('\n');
  for (uint32_t i = 0; i < module->count; i++) {
    const rima_decl *decl = module->decls[i];
    if (decl->kind == RIMA_DECL_FUN && decl->doc.length > 0 && !decl->function->is_private)
      print_function(d, decl->function, "");
    if (decl->kind == RIMA_DECL_VARIABLE && decl->doc.length > 0 && !decl->is_private) {
      printf("- `");
      print_head(d, decl->span, decl->span.end);
      puts("`  ");
      print_doc(decl->doc, "  ");
    }
  }
  for (uint32_t i = 0; i < module->count; i++) {
    const rima_decl *decl = module->decls[i];
    bool is_class =
        decl->kind == RIMA_DECL_CLASS || decl->kind == RIMA_DECL_INTERFACE || decl->kind == RIMA_DECL_ENUM;
    if (is_class && !decl->is_private && decl->doc.length > 0) print_class(d, decl);
    if (decl->kind == RIMA_DECL_EXTEND && has_public_members(decl)) {
      printf("\n### extend ");
      print_head(d, decl->extend.target->span, decl->extend.target->span.end);
      puts("\n");
      print_members(d, decl->extend.members, decl->extend.member_count);
    }
  }
}

static bool document(doc *d, const char *name, const char *path, const char *text, size_t length) {
  rima_source *source = rima_source_add(&d->session, path, text, length);
  if (!source) return false;
  d->source = source;
  rima_module *module = rima_parse(&d->session, source, &d->sink);
  if (d->sink.error_count > 0) {
    fputs(rima_diagnostics_render(&d->sink, false), stderr);
    return false;
  }
  print_module(d, name, module);
  return true;
}

static const tz_library_source *find_library(const char *name) {
  for (const tz_library_source *e = tz_classlib_sources(NULL); e->name; e++)
    if (strcmp(e->name, name) == 0) return e;
  return NULL;
}

static bool document_named(doc *d, command_line *line, const char *name) {
  const tz_library_source *entry = find_library(name);
  if (entry) return document(d, name, name, entry->text, entry->length);
  if (!command_ends_with(name, ".rima")) return command_fail(line, "no library module named %s", name), false;
  size_t length;
  char *text = command_read_file(line, name, &length);
  bool done = text && document(d, name, name, text, length);
  free(text);
  return done;
}

int command_doc(command_line *line) {
  if (!command_no_flags_left(line)) return EXIT_NOT_STARTED;
  doc d;
  rima_session_init(&d.session, 0);
  rima_diagnostics_init(&d.sink, &d.session, 0);
  bool done = true;
  if (line->n_args == 0) {
    puts("# The class library\n\nMade by `terza doc` from the doc comments in `classlib/rima`. The names of "
         "`core` are always visible;\n"
         "the other modules are imported by name.");
    for (const tz_library_source *e = tz_classlib_sources(NULL); e->name && done; e++)
      done = document(&d, e->name, e->name, e->text, e->length);
  }
  for (int i = 0; i < line->n_args && done; i++) done = document_named(&d, line, line->args[i]);
  rima_session_fini(&d.session);
  return done ? EXIT_DONE : EXIT_NOT_STARTED;
}
