/* write.c: an image as the bytes of a file. Equal images give equal bytes. See format.h. */
#include "builder.h"
#include "format.h"
#include "signature.h"
#include "terza/decode.h"
#include <stdlib.h>

/* Texts are numbered in the order in which they are first mentioned; 0 is the empty one. */
typedef struct writer {
  const tz_image *image;
  uint8_t *bytes;
  size_t n, capacity;
  uint64_t offsets[TZ_SECTION_COUNT], lengths[TZ_SECTION_COUNT];
  struct text_slot {
    const char *at;
    uint32_t length, number;
  } *slots;
  uint32_t n_slots, slots_capacity;
  tz_text *order;
  uint32_t n_texts, order_capacity;
  bool failed;
} writer;

static uint8_t *put(writer *w, const void *from, size_t n) {
  if (w->failed || n == 0) return NULL;
  if (n > w->capacity - w->n) {
    size_t capacity = (w->n + n) * 2 + 4096;
    uint8_t *larger = realloc(w->bytes, capacity);
    if (larger == NULL) {
      w->failed = true;
      return NULL;
    }
    w->bytes = larger;
    w->capacity = capacity;
  }
  uint8_t *to = w->bytes + w->n;
  if (from != NULL) memcpy(to, from, n);
  else memset(to, 0, n);
  w->n += n;
  return to;
}

static void begin(writer *w, int section) {
  put(w, NULL, -w->n & (TZ_FORMAT_ALIGN - 1));
  w->offsets[section] = w->n;
}
static void end(writer *w, int section) { w->lengths[section] = w->n - w->offsets[section]; }
static void put_array(writer *w, int section, const void *from, size_t bytes) {
  begin(w, section);
  put(w, from, bytes);
  end(w, section);
}

/* --- texts --- */

static bool grow_slots(writer *w) {
  uint32_t capacity = w->slots_capacity == 0 ? 64 : w->slots_capacity * 2;
  struct text_slot *slots = calloc(capacity, sizeof *slots);
  if (slots == NULL) return false;
  for (uint32_t i = 0; i < w->slots_capacity; i++) {
    if (w->slots[i].at == NULL) continue;
    uint32_t at = (uint32_t)tz_hash_bytes(w->slots[i].at, w->slots[i].length) & (capacity - 1);
    while (slots[at].at != NULL) at = (at + 1) & (capacity - 1);
    slots[at] = w->slots[i];
  }
  free(w->slots);
  w->slots = slots;
  w->slots_capacity = capacity;
  return true;
}

static bool push_text(writer *w, tz_text text) {
  if (w->n_texts == w->order_capacity) {
    uint32_t capacity = w->order_capacity == 0 ? 64 : w->order_capacity * 2;
    tz_text *larger = realloc(w->order, capacity * sizeof *larger);
    if (larger == NULL) return false;
    w->order = larger;
    w->order_capacity = capacity;
  }
  w->order[w->n_texts++] = text;
  return true;
}

static uint32_t text_number(writer *w, tz_text text) {
  if (text.length == 0) return 0;
  if (w->failed || (w->n_slots * 2 >= w->slots_capacity && !grow_slots(w))) {
    w->failed = true;
    return 0;
  }
  uint32_t at = (uint32_t)tz_hash_bytes(text.at, text.length) & (w->slots_capacity - 1);
  for (; w->slots[at].at != NULL; at = (at + 1) & (w->slots_capacity - 1))
    if (tz_text_equal((tz_text){w->slots[at].at, w->slots[at].length}, text)) return w->slots[at].number;
  if (!push_text(w, text)) {
    w->failed = true;
    return 0;
  }
  w->slots[at] = (struct text_slot){text.at, text.length, w->n_texts - 1};
  w->n_slots++;
  return w->n_texts - 1;
}

/* --- records, section by section --- */

static void write_module(writer *w) {
  const tz_image *m = w->image;
  tz_file_module r = {text_number(w, m->name),
                      m->flags,
                      m->init,
                      m->main,
                      m->n_imported_classes,
                      m->n_imported_functions,
                      m->n_imported_globals,
                      tz_decode_fingerprint()};
  put_array(w, TZ_SECTION_MODULE, &r, sizeof r);
}

static void write_signatures(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_SIGNATURES);
  for (uint32_t i = 0; i < m->n_signatures; i++)
    put(w, &(tz_file_signature){m->signatures[i].result, m->signatures[i].n_params},
        sizeof(tz_file_signature));
  end(w, TZ_SECTION_SIGNATURES);
  begin(w, TZ_SECTION_PARAMS);
  for (uint32_t i = 0; i < m->n_signatures; i++)
    put(w, m->signatures[i].params, m->signatures[i].n_params * sizeof(uint32_t));
  end(w, TZ_SECTION_PARAMS);
}

static void write_class_records(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_CLASSES);
  for (uint32_t i = 0; i < m->n_classes; i++) {
    const tz_class_entry *c = &m->classes[i];
    tz_file_class r = {text_number(w, c->name),
                       text_number(w, c->module),
                       c->flags,
                       c->tag,
                       c->super,
                       c->n_fields,
                       c->n_methods,
                       c->n_implements};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_CLASSES);
}

static void write_members(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_FIELDS);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_fields; j++) {
      const tz_field *f = &m->classes[i].fields[j];
      put(w, &(tz_file_field){text_number(w, f->name), f->type}, sizeof(tz_file_field));
    }
  end(w, TZ_SECTION_FIELDS);
  begin(w, TZ_SECTION_METHODS);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_methods; j++) {
      const tz_method *f = &m->classes[i].methods[j];
      put(w, &(tz_file_method){text_number(w, f->name), f->signature, f->function}, sizeof(tz_file_method));
    }
  end(w, TZ_SECTION_METHODS);
}

static void write_implements(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_IMPLEMENTS);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_implements; j++) {
      const tz_implements *p = &m->classes[i].implements[j];
      put(w, &(tz_file_implements){p->interface, p->n_functions}, sizeof(tz_file_implements));
    }
  end(w, TZ_SECTION_IMPLEMENTS);
  begin(w, TZ_SECTION_SLOTS);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_implements; j++) {
      const tz_implements *p = &m->classes[i].implements[j];
      put(w, p->functions, p->n_functions * sizeof(uint32_t));
    }
  end(w, TZ_SECTION_SLOTS);
}

static void write_function_records(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_FUNCTIONS);
  for (uint32_t i = 0; i < m->n_functions; i++) {
    const tz_function_entry *f = &m->functions[i];
    tz_file_function r = {text_number(w, f->name),
                          text_number(w, f->module),
                          f->flags,
                          f->signature,
                          f->n_registers,
                          f->n_ref_locals,
                          f->n_words,
                          f->n_sites,
                          f->n_handlers,
                          f->source,
                          f->n_lines,
                          f->n_locals};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_FUNCTIONS);
}

/* A part of every function that is stored as it stands in memory. */
#define WRITE_PARTS(w, section, array, count)                                                                \
  do {                                                                                                       \
    begin((w), (section));                                                                                   \
    for (uint32_t i_ = 0; i_ < (w)->image->n_functions; i_++) {                                              \
      const tz_function_entry *f_ = &(w)->image->functions[i_];                                              \
      put((w), f_->array, f_->count * sizeof *f_->array);                                                    \
    }                                                                                                        \
    end((w), (section));                                                                                     \
  } while (0)

static void write_sites(writer *w) {
  begin(w, TZ_SECTION_SITES);
  for (uint32_t i = 0; i < w->image->n_functions; i++)
    for (uint32_t j = 0; j < w->image->functions[i].n_sites; j++) {
      const tz_site_entry *s = &w->image->functions[i].sites[j];
      put(w, &(tz_file_site){s->kind, text_number(w, s->name)}, sizeof(tz_file_site));
    }
  end(w, TZ_SECTION_SITES);
}

static void write_locals(writer *w) {
  begin(w, TZ_SECTION_LOCALS);
  for (uint32_t i = 0; i < w->image->n_functions; i++)
    for (uint32_t j = 0; j < w->image->functions[i].n_locals; j++) {
      const tz_local *l = &w->image->functions[i].locals[j];
      put(w, &(tz_file_local){text_number(w, l->name), l->reg, l->start, l->end}, sizeof(tz_file_local));
    }
  end(w, TZ_SECTION_LOCALS);
}

static void write_functions(writer *w) {
  write_function_records(w);
  WRITE_PARTS(w, TZ_SECTION_REGISTERS, registers, n_registers);
  WRITE_PARTS(w, TZ_SECTION_CODE, code, n_words);
  write_sites(w);
  WRITE_PARTS(w, TZ_SECTION_HANDLERS, handlers, n_handlers);
  WRITE_PARTS(w, TZ_SECTION_LINES, lines, n_lines);
  write_locals(w);
}

static void write_globals(writer *w) {
  begin(w, TZ_SECTION_GLOBALS);
  for (uint32_t i = 0; i < w->image->n_globals; i++) {
    const tz_global_entry *g = &w->image->globals[i];
    tz_file_global r = {text_number(w, g->name), text_number(w, g->module), g->flags, g->type};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_GLOBALS);
}

static void write_constants(writer *w) {
  const tz_image *m = w->image;
  begin(w, TZ_SECTION_CONSTANTS);
  for (uint32_t i = 0; i < m->n_constants; i++) {
    const tz_constant *k = &m->constants[i];
    bool is_string = k->kind == TZ_KIND_STRING;
    tz_file_constant r = {k->kind, is_string ? k->string.length : 0, is_string ? 0 : k->value.u};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_CONSTANTS);
  begin(w, TZ_SECTION_DATA);
  for (uint32_t i = 0; i < m->n_constants; i++)
    if (m->constants[i].kind == TZ_KIND_STRING)
      put(w, m->constants[i].string.at, m->constants[i].string.length);
  end(w, TZ_SECTION_DATA);
}

static void write_sources(writer *w) {
  begin(w, TZ_SECTION_SOURCES);
  for (uint32_t i = 0; i < w->image->n_sources; i++) {
    uint32_t number = text_number(w, w->image->sources[i]);
    put(w, &number, sizeof number);
  }
  end(w, TZ_SECTION_SOURCES);
}

static void put_hash(writer *w, uint64_t hash) { put(w, &hash, sizeof hash); }

static void write_hashes(writer *w) {
  const tz_image *m = w->image;
  tz_hashes h;
  if (!tz_hashes_init(&h, m)) {
    w->failed = true;
    return;
  }
  begin(w, TZ_SECTION_HASHES);
  for (uint32_t i = 0; i < m->n_imported_classes; i++) put_hash(w, tz_hash_class(&h, i));
  for (uint32_t i = 0; i < m->n_imported_functions; i++) put_hash(w, tz_hash_function(&h, i));
  for (uint32_t i = 0; i < m->n_imported_globals; i++) put_hash(w, tz_hash_global(&h, i));
  end(w, TZ_SECTION_HASHES);
  tz_hashes_fini(&h);
}

/* Texts are known only when all other sections are written, so these come last in memory and are moved into
 * place. */
static void write_texts(writer *w) {
  begin(w, TZ_SECTION_TEXTS);
  for (uint32_t i = 0; i < w->n_texts; i++) put(w, &w->order[i].length, sizeof(uint32_t));
  end(w, TZ_SECTION_TEXTS);
  begin(w, TZ_SECTION_TEXT_BYTES);
  for (uint32_t i = 0; i < w->n_texts; i++) put(w, w->order[i].at, w->order[i].length);
  end(w, TZ_SECTION_TEXT_BYTES);
}

static size_t align_up(size_t n) { return (n + TZ_FORMAT_ALIGN - 1) & ~(size_t)(TZ_FORMAT_ALIGN - 1); }

/* Lays the written sections out in file order behind the head. */
static uint8_t *assemble_file(const writer *w, size_t *length) {
  tz_file_section table[TZ_SECTION_COUNT];
  size_t at = TZ_FORMAT_HEAD;
  for (int i = 0; i < TZ_SECTION_COUNT; i++) {
    table[i] = (tz_file_section){at, w->lengths[i]};
    at = align_up(at + w->lengths[i]);
  }
  tz_file_header header = {.version = TZ_FORMAT_VERSION, .n_sections = TZ_SECTION_COUNT, .length = at};
  memcpy(header.magic, tz_format_magic, sizeof header.magic);
  uint8_t *file = calloc(1, at);
  if (file == NULL) return NULL;
  memcpy(file, &header, sizeof header);
  memcpy(file + sizeof header, table, sizeof table);
  for (int i = 0; i < TZ_SECTION_COUNT; i++)
    if (table[i].length != 0) memcpy(file + table[i].offset, w->bytes + w->offsets[i], table[i].length);
  *length = at;
  return file;
}

uint8_t *tz_image_write(const tz_image *image, size_t *length) {
  if (image->builder != NULL) return NULL;
  writer w = {.image = image};
  w.failed = !push_text(&w, (tz_text){"", 0});
  write_module(&w);
  put_array(&w, TZ_SECTION_TYPES, image->types, image->n_types * sizeof *image->types);
  write_signatures(&w);
  write_class_records(&w);
  write_members(&w);
  write_implements(&w);
  write_functions(&w);
  write_globals(&w);
  write_constants(&w);
  write_sources(&w);
  write_hashes(&w);
  write_texts(&w);
  uint8_t *file = w.failed ? NULL : assemble_file(&w, length);
  free(w.bytes);
  free(w.slots);
  free(w.order);
  return file;
}
