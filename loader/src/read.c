/* read.c: bytes of a file as an image. Checks every offset, count and text; indexes and types are the
 * verifier's. Arrays that stand in the file as in memory are used in place. See format.h. */
#include "builder.h"
#include "error.h"
#include "terza/decode.h"
#include "utf8.h"

enum { TEXT_LIMIT = 4096 }; /* bytes of a name: keeps the work on names linear in the file */

typedef struct reader {
  const uint8_t *bytes;
  size_t length;
  tz_image *image;
  tz_image_error *error;
  struct {
    const uint8_t *at;
    uint64_t n, next; /* records, and the first one not yet given out */
  } sections[TZ_SECTION_COUNT];
  const uint32_t *text_offsets;
} reader;

#define FAIL(r, section, offset, ...) tz_error_set((r)->error, (section), (offset), __VA_ARGS__)

/* --- head --- */

static bool read_section(reader *r, int i, const tz_file_section *s, uint64_t *at) {
  uint64_t entry = sizeof(tz_file_header) + (uint64_t)i * sizeof *s;
  const char *name = tz_sections[i].name;
  if (s->offset != *at)
    return FAIL(r, -1, entry, "layout", "section %s starts at %llu, not at %llu", name,
                (unsigned long long)s->offset, (unsigned long long)*at);
  if (s->length > r->length - s->offset)
    return FAIL(r, -1, entry, "layout", "section %s runs beyond the file", name);
  if (s->length % tz_sections[i].size != 0)
    return FAIL(r, -1, entry, "layout", "section %s is no whole number of records", name);
  uint64_t n = s->length / tz_sections[i].size, end = s->offset + s->length;
  if (n >= UINT32_MAX) return FAIL(r, -1, entry, "layout", "section %s has too many records", name);
  r->sections[i].at = r->bytes + s->offset;
  r->sections[i].n = n;
  for (*at = end; *at % TZ_FORMAT_ALIGN != 0; ++*at)
    if (*at >= r->length || r->bytes[*at] != 0)
      return FAIL(r, -1, *at, "layout", "the padding after section %s is not zero", name);
  return true;
}

static bool read_head(reader *r) {
  tz_file_header h;
  if (r->length < TZ_FORMAT_HEAD) return FAIL(r, -1, r->length, "header", "the file ends within its header");
  memcpy(&h, r->bytes, sizeof h);
  if (memcmp(h.magic, tz_format_magic, sizeof h.magic) != 0)
    return FAIL(r, -1, 0, "header", "this is not a Terza module");
  if (h.version != TZ_FORMAT_VERSION)
    return FAIL(r, -1, 8, "header", "the module has format version %u; this reader knows version %d",
                h.version, TZ_FORMAT_VERSION);
  if (h.n_sections != TZ_SECTION_COUNT)
    return FAIL(r, -1, 12, "header", "%u sections instead of %d", h.n_sections, TZ_SECTION_COUNT);
  if (h.length != r->length)
    return FAIL(r, -1, 16, "header", "the header says %llu bytes, the file has %llu",
                (unsigned long long)h.length, (unsigned long long)r->length);
  uint64_t at = TZ_FORMAT_HEAD;
  for (int i = 0; i < TZ_SECTION_COUNT; i++) {
    tz_file_section s;
    memcpy(&s, r->bytes + sizeof h + (size_t)i * sizeof s, sizeof s);
    if (!read_section(r, i, &s, &at)) return false;
  }
  if (at != r->length) return FAIL(r, -1, at, "layout", "bytes after the last section");
  return true;
}

/* --- pieces --- */

/* The next n records of a section; NULL (and the error) if it has not so many. n == 0 gives a pointer not to
 * be read. */
static const void *take(reader *r, int section, uint64_t n, int from, uint64_t record) {
  uint64_t left = r->sections[section].n - r->sections[section].next;
  if (n > left) {
    FAIL(r, from, record * tz_sections[from].size, "count",
         "wants %llu records of section %s, which has %llu left", (unsigned long long)n,
         tz_sections[section].name, (unsigned long long)left);
    return NULL;
  }
  const void *at = r->sections[section].at + r->sections[section].next * tz_sections[section].size;
  r->sections[section].next += n;
  return at;
}

static void *allocate(reader *r, uint64_t n, size_t size) {
  void *block = tz_arena_alloc(r->image->arena, (n + 1) * size);
  if (block == NULL) FAIL(r, -1, 0, "memory", "out of memory");
  return block;
}

static bool text(reader *r, uint32_t number, tz_text *out, int section, uint64_t offset) {
  if (number >= r->sections[TZ_SECTION_TEXTS].n)
    return FAIL(r, section, offset, "text", "text %u of %llu", number,
                (unsigned long long)r->sections[TZ_SECTION_TEXTS].n);
  uint32_t start = r->text_offsets[number];
  *out = (tz_text){(const char *)r->sections[TZ_SECTION_TEXT_BYTES].at + start,
                   r->text_offsets[number + 1] - start};
  return true;
}

static bool read_texts(reader *r) {
  uint64_t n = r->sections[TZ_SECTION_TEXTS].n, size = r->sections[TZ_SECTION_TEXT_BYTES].n, at = 0;
  const uint32_t *lengths = (const uint32_t *)r->sections[TZ_SECTION_TEXTS].at;
  const uint8_t *bytes = r->sections[TZ_SECTION_TEXT_BYTES].at;
  uint32_t *offsets = allocate(r, n + 1, sizeof *offsets);
  if (offsets == NULL) return false;
  for (uint64_t i = 0; i < n; i++) {
    offsets[i] = (uint32_t)at;
    if (lengths[i] > TEXT_LIMIT)
      return FAIL(r, TZ_SECTION_TEXTS, i * 4, "text", "a name of more than %d bytes", TEXT_LIMIT);
    if (lengths[i] > size - at)
      return FAIL(r, TZ_SECTION_TEXTS, i * 4, "text", "the text runs beyond text-bytes");
    size_t valid = tz_utf8_valid_prefix(bytes + at, lengths[i]);
    if (valid != lengths[i]) return FAIL(r, TZ_SECTION_TEXT_BYTES, at + valid, "utf-8", "not valid UTF-8");
    at += lengths[i];
  }
  if (at != size) return FAIL(r, TZ_SECTION_TEXT_BYTES, at, "count", "bytes that belong to no text");
  offsets[n] = (uint32_t)at;
  r->text_offsets = offsets;
  return true;
}

/* --- records --- */

static bool read_module(reader *r) {
  tz_file_module m;
  if (r->sections[TZ_SECTION_MODULE].n != 1)
    return FAIL(r, TZ_SECTION_MODULE, 0, "count", "there must be one module record");
  memcpy(&m, r->sections[TZ_SECTION_MODULE].at, sizeof m);
  if (m.instruction_set != tz_decode_fingerprint())
    return FAIL(r, TZ_SECTION_MODULE, 28, "instruction-set",
                "the module was made for another instruction set");
  tz_image *image = r->image;
  image->flags = m.flags;
  image->init = m.init;
  image->main = m.main;
  image->n_imported_classes = m.n_imported_classes;
  image->n_imported_functions = m.n_imported_functions;
  image->n_imported_globals = m.n_imported_globals;
  if (m.n_imported_classes > r->sections[TZ_SECTION_CLASSES].n)
    return FAIL(r, TZ_SECTION_MODULE, 16, "count", "more imported classes than classes");
  if (m.n_imported_functions > r->sections[TZ_SECTION_FUNCTIONS].n)
    return FAIL(r, TZ_SECTION_MODULE, 20, "count", "more imported functions than functions");
  if (m.n_imported_globals > r->sections[TZ_SECTION_GLOBALS].n)
    return FAIL(r, TZ_SECTION_MODULE, 24, "count", "more imported globals than globals");
  if (r->sections[TZ_SECTION_HASHES].n !=
      (uint64_t)m.n_imported_classes + m.n_imported_functions + m.n_imported_globals)
    return FAIL(r, TZ_SECTION_HASHES, 0, "count", "there must be one hash for each import");
  image->import_hashes = (const uint64_t *)r->sections[TZ_SECTION_HASHES].at;
  return text(r, m.name, &image->name, TZ_SECTION_MODULE, 0);
}

static bool read_types(reader *r) {
  tz_image *image = r->image;
  uint64_t n = image->n_types = (uint32_t)r->sections[TZ_SECTION_TYPES].n;
  tz_type_entry *types = image->types = (tz_type_entry *)r->sections[TZ_SECTION_TYPES].at; /* never written */
  for (uint64_t i = 0; i < n; i++)
    if ((uint32_t)types[i].kind >= TZ_KIND_COUNT)
      return FAIL(r, TZ_SECTION_TYPES, i * 8, "kind", "kind %u of %d", (unsigned)types[i].kind,
                  TZ_KIND_COUNT);
  return true;
}

static bool read_signatures(reader *r) {
  const tz_file_signature *from = (const tz_file_signature *)r->sections[TZ_SECTION_SIGNATURES].at;
  uint64_t n = r->sections[TZ_SECTION_SIGNATURES].n;
  tz_signature *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++) {
    const uint32_t *params = take(r, TZ_SECTION_PARAMS, from[i].n_params, TZ_SECTION_SIGNATURES, i);
    if (params == NULL) return false;
    to[i] = (tz_signature){from[i].result, from[i].n_params, params};
  }
  r->image->signatures = to;
  r->image->n_signatures = (uint32_t)n;
  return true;
}

static bool read_fields(reader *r, tz_class_entry *c, uint64_t record) {
  uint64_t first = r->sections[TZ_SECTION_FIELDS].next;
  const tz_file_field *from = take(r, TZ_SECTION_FIELDS, c->n_fields, TZ_SECTION_CLASSES, record);
  tz_field *to = from != NULL ? allocate(r, c->n_fields, sizeof *to) : NULL;
  if (to == NULL) return false;
  for (uint32_t i = 0; i < c->n_fields; i++) {
    to[i].type = from[i].type;
    to[i].flags = from[i].flags;
    if (!text(r, from[i].name, &to[i].name, TZ_SECTION_FIELDS, (first + i) * sizeof *from)) return false;
  }
  c->fields = to;
  return true;
}

static bool read_methods(reader *r, tz_class_entry *c, uint64_t record) {
  uint64_t first = r->sections[TZ_SECTION_METHODS].next;
  const tz_file_method *from = take(r, TZ_SECTION_METHODS, c->n_methods, TZ_SECTION_CLASSES, record);
  tz_method *to = from != NULL ? allocate(r, c->n_methods, sizeof *to) : NULL;
  if (to == NULL) return false;
  for (uint32_t i = 0; i < c->n_methods; i++) {
    to[i].signature = from[i].signature;
    to[i].function = from[i].function;
    if (!text(r, from[i].name, &to[i].name, TZ_SECTION_METHODS, (first + i) * sizeof *from)) return false;
  }
  c->methods = to;
  return true;
}

static bool read_implements(reader *r, tz_class_entry *c, uint64_t record) {
  uint64_t first = r->sections[TZ_SECTION_IMPLEMENTS].next;
  const tz_file_implements *from =
      take(r, TZ_SECTION_IMPLEMENTS, c->n_implements, TZ_SECTION_CLASSES, record);
  tz_implements *to = from != NULL ? allocate(r, c->n_implements, sizeof *to) : NULL;
  if (to == NULL) return false;
  for (uint32_t i = 0; i < c->n_implements; i++) {
    const uint32_t *functions =
        take(r, TZ_SECTION_SLOTS, from[i].n_functions, TZ_SECTION_IMPLEMENTS, first + i);
    if (functions == NULL) return false;
    to[i] = (tz_implements){from[i].interface, functions, from[i].n_functions};
  }
  c->implements = to;
  return true;
}

static bool read_class(reader *r, const tz_file_class *from, uint64_t i, tz_class_entry *c) {
  *c = (tz_class_entry){.flags = from->flags,
                        .tag = from->tag,
                        .super = from->super,
                        .n_fields = from->n_fields,
                        .n_methods = from->n_methods,
                        .n_implements = from->n_implements};
  return text(r, from->name, &c->name, TZ_SECTION_CLASSES, i * sizeof *from) &&
         text(r, from->module, &c->module, TZ_SECTION_CLASSES, i * sizeof *from + 4) &&
         read_fields(r, c, i) && read_methods(r, c, i) && read_implements(r, c, i);
}

static bool read_classes(reader *r) {
  const tz_file_class *from = (const tz_file_class *)r->sections[TZ_SECTION_CLASSES].at;
  uint64_t n = r->sections[TZ_SECTION_CLASSES].n;
  tz_class_entry *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_class(r, &from[i], i, &to[i])) return false;
  r->image->classes = to;
  r->image->n_classes = (uint32_t)n;
  return true;
}

static bool read_sites(reader *r, tz_function_entry *f, uint64_t record) {
  uint64_t first = r->sections[TZ_SECTION_SITES].next;
  const tz_file_site *from = take(r, TZ_SECTION_SITES, f->n_sites, TZ_SECTION_FUNCTIONS, record);
  tz_site_entry *to = from != NULL ? allocate(r, f->n_sites, sizeof *to) : NULL;
  if (to == NULL) return false;
  for (uint32_t i = 0; i < f->n_sites; i++) {
    uint64_t offset = (first + i) * sizeof *from;
    if (from[i].kind > TZ_SITE_CALL)
      return FAIL(r, TZ_SECTION_SITES, offset, "kind", "site kind %u", from[i].kind);
    to[i].kind = from[i].kind;
    if (!text(r, from[i].name, &to[i].name, TZ_SECTION_SITES, offset + 4)) return false;
  }
  f->sites = to;
  return true;
}

static bool read_locals(reader *r, tz_function_entry *f, uint64_t record) {
  uint64_t first = r->sections[TZ_SECTION_LOCALS].next;
  const tz_file_local *from = take(r, TZ_SECTION_LOCALS, f->n_locals, TZ_SECTION_FUNCTIONS, record);
  tz_local *to = from != NULL ? allocate(r, f->n_locals, sizeof *to) : NULL;
  if (to == NULL) return false;
  for (uint32_t i = 0; i < f->n_locals; i++) {
    to[i] = (tz_local){.reg = from[i].reg, .start = from[i].start, .end = from[i].end};
    if (!text(r, from[i].name, &to[i].name, TZ_SECTION_LOCALS, (first + i) * sizeof *from)) return false;
  }
  f->locals = to;
  return true;
}

static bool read_function(reader *r, const tz_file_function *from, uint64_t i, tz_function_entry *f) {
  *f = (tz_function_entry){.flags = from->flags,
                           .signature = from->signature,
                           .n_registers = from->n_registers,
                           .n_ref_locals = from->n_ref_locals,
                           .n_words = from->n_words,
                           .n_sites = from->n_sites,
                           .n_handlers = from->n_handlers,
                           .source = from->source,
                           .n_lines = from->n_lines,
                           .n_locals = from->n_locals};
  return text(r, from->name, &f->name, TZ_SECTION_FUNCTIONS, i * sizeof *from) &&
         text(r, from->module, &f->module, TZ_SECTION_FUNCTIONS, i * sizeof *from + 4) &&
         (f->registers = take(r, TZ_SECTION_REGISTERS, f->n_registers, TZ_SECTION_FUNCTIONS, i)) != NULL &&
         (f->code = take(r, TZ_SECTION_CODE, f->n_words, TZ_SECTION_FUNCTIONS, i)) != NULL &&
         (f->handlers = take(r, TZ_SECTION_HANDLERS, f->n_handlers, TZ_SECTION_FUNCTIONS, i)) != NULL &&
         (f->lines = take(r, TZ_SECTION_LINES, f->n_lines, TZ_SECTION_FUNCTIONS, i)) != NULL &&
         read_sites(r, f, i) && read_locals(r, f, i);
}

static bool read_functions(reader *r) {
  const tz_file_function *from = (const tz_file_function *)r->sections[TZ_SECTION_FUNCTIONS].at;
  uint64_t n = r->sections[TZ_SECTION_FUNCTIONS].n;
  tz_function_entry *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_function(r, &from[i], i, &to[i])) return false;
  r->image->functions = to;
  r->image->n_functions = (uint32_t)n;
  return true;
}

static bool read_globals(reader *r) {
  const tz_file_global *from = (const tz_file_global *)r->sections[TZ_SECTION_GLOBALS].at;
  uint64_t n = r->sections[TZ_SECTION_GLOBALS].n;
  tz_global_entry *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++) {
    to[i].flags = from[i].flags;
    to[i].type = from[i].type;
    if (!text(r, from[i].name, &to[i].name, TZ_SECTION_GLOBALS, i * sizeof *from) ||
        !text(r, from[i].module, &to[i].module, TZ_SECTION_GLOBALS, i * sizeof *from + 4))
      return false;
  }
  r->image->globals = to;
  r->image->n_globals = (uint32_t)n;
  return true;
}

static bool read_constant(reader *r, const tz_file_constant *from, uint64_t i, tz_constant *to) {
  uint64_t offset = i * sizeof *from;
  to->kind = (tz_kind)from->kind;
  to->value.u = from->value;
  if (from->kind != TZ_KIND_I64 && from->kind != TZ_KIND_F64 && from->kind != TZ_KIND_STRING)
    return FAIL(r, TZ_SECTION_CONSTANTS, offset, "kind", "a constant of kind %u", from->kind);
  if (from->kind != TZ_KIND_STRING)
    return from->length == 0 ||
           FAIL(r, TZ_SECTION_CONSTANTS, offset + 4, "reserved", "a number with a length");
  if (from->value != 0)
    return FAIL(r, TZ_SECTION_CONSTANTS, offset + 8, "reserved", "a string with a number");
  uint64_t start = r->sections[TZ_SECTION_DATA].next;
  const uint8_t *bytes = take(r, TZ_SECTION_DATA, from->length, TZ_SECTION_CONSTANTS, i);
  if (bytes == NULL) return false;
  size_t valid = tz_utf8_valid_prefix(bytes, from->length);
  if (valid != from->length) return FAIL(r, TZ_SECTION_DATA, start + valid, "utf-8", "not valid UTF-8");
  to->string = (tz_text){(const char *)bytes, from->length};
  return true;
}

static bool read_constants(reader *r) {
  const tz_file_constant *from = (const tz_file_constant *)r->sections[TZ_SECTION_CONSTANTS].at;
  uint64_t n = r->sections[TZ_SECTION_CONSTANTS].n;
  tz_constant *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_constant(r, &from[i], i, &to[i])) return false;
  r->image->constants = to;
  r->image->n_constants = (uint32_t)n;
  return true;
}

static bool read_sources(reader *r) {
  const uint32_t *from = (const uint32_t *)r->sections[TZ_SECTION_SOURCES].at;
  uint64_t n = r->sections[TZ_SECTION_SOURCES].n;
  tz_text *to = allocate(r, n, sizeof *to);
  if (to == NULL) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!text(r, from[i], &to[i], TZ_SECTION_SOURCES, i * sizeof *from)) return false;
  r->image->sources = to;
  r->image->n_sources = (uint32_t)n;
  return true;
}

/* Every record of the parts' sections must belong to some entity. */
static bool check_all_taken(reader *r) {
  static const uint8_t parts[] = {
      TZ_SECTION_PARAMS,   TZ_SECTION_FIELDS,    TZ_SECTION_METHODS, TZ_SECTION_IMPLEMENTS,
      TZ_SECTION_SLOTS,    TZ_SECTION_REGISTERS, TZ_SECTION_CODE,    TZ_SECTION_SITES,
      TZ_SECTION_HANDLERS, TZ_SECTION_LINES,     TZ_SECTION_LOCALS,  TZ_SECTION_DATA,
  };
  for (size_t i = 0; i < sizeof parts; i++) {
    uint64_t next = r->sections[parts[i]].next;
    if (next != r->sections[parts[i]].n)
      return FAIL(r, parts[i], next * tz_sections[parts[i]].size, "count", "records that belong to nothing");
  }
  return true;
}

tz_image *tz_image_read(const uint8_t *bytes, size_t length, tz_image_error *error) {
  reader r = {.bytes = bytes, .length = length, .error = error};
  tz_arena *arena = tz_arena_new();
  r.image = arena != NULL ? tz_arena_alloc(arena, sizeof *r.image) : NULL;
  if (r.image == NULL) {
    tz_arena_free(arena);
    FAIL(&r, -1, 0, "memory", "out of memory");
    return NULL;
  }
  r.image->arena = arena;
  if ((uintptr_t)bytes % TZ_FORMAT_ALIGN != 0) FAIL(&r, -1, 0, "header", "the bytes are not 8-byte aligned");
  else if (read_head(&r) && read_texts(&r) && read_module(&r) && read_types(&r) && read_signatures(&r) &&
           read_classes(&r) && read_functions(&r) && read_globals(&r) && read_constants(&r) &&
           read_sources(&r) && check_all_taken(&r))
    return r.image;
  tz_image_free(r.image);
  return NULL;
}
