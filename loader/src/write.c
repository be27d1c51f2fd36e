/* write.c: an image as the bytes of a file. Equal images give equal bytes. See format.h. */
#include "builder.h"
#include "format.h"
#include "signature.h"
#include "terza/decode.h"
#include <stdlib.h>
#include <sys/mman.h>

/* Texts are numbered in the order in which they are first mentioned; 0 is the empty one. */
typedef struct writer {
  const tz_image *image;
  uint8_t *bytes;
  size_t n, capacity;
  uint64_t start; /* of the section being written */
  uint64_t lengths[TZ_SECTION_COUNT];
  struct text_slot {
    const char *at;
    uint32_t length, number;
  } *slots;
  uint32_t n_slots, slots_capacity;
  tz_recent_text recent[TZ_RECENT_TEXTS];
  tz_text *order;
  uint32_t n_texts, order_capacity;
  bool failed;
} writer;

static bool reserve(writer *w, size_t capacity) {
  uint8_t *larger = realloc(w->bytes, capacity);
  if (larger == NULL) {
    w->failed = true;
    return false;
  }
  w->bytes = larger;
  w->capacity = capacity;
  return true;
}

static void put(writer *w, const void *from, size_t n) {
  if (w->failed || n == 0) return;
  if (n > w->capacity - w->n && !reserve(w, (w->n + n) * 2 + 4096)) return;
  if (from != NULL) memcpy(w->bytes + w->n, from, n);
  else memset(w->bytes + w->n, 0, n);
  w->n += n;
}

/* Most of a file is code and what belongs to it: room for that from the start, on huge pages if it is much.
 */
static void reserve_functions(writer *w) {
  enum { HUGE_PAGE = 1 << 21 };
  size_t bytes = 4096;
  for (uint32_t i = 0; i < w->image->n_functions; i++) {
    const tz_function_entry *f = &w->image->functions[i];
    bytes += sizeof(tz_file_function) + f->n_registers * sizeof *f->registers + f->n_words * sizeof *f->code +
             f->n_lines * sizeof *f->lines + f->n_sites * sizeof(tz_file_site) +
             f->n_locals * sizeof(tz_file_local) + f->name.length + f->n_handlers * sizeof *f->handlers;
  }
  bytes += bytes / 4;
  if (bytes < HUGE_PAGE) {
    reserve(w, bytes);
    return;
  }
  w->capacity = (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
  w->bytes = aligned_alloc(HUGE_PAGE, w->capacity);
  if (w->bytes == NULL) w->failed = true;
  else madvise(w->bytes, w->capacity, MADV_HUGEPAGE);
}

static void begin(writer *w) {
  put(w, NULL, -w->n & (TZ_FORMAT_ALIGN - 1));
  w->start = w->n;
}
static void end(writer *w, int section) { w->lengths[section] = w->n - w->start; }
static void put_array(writer *w, int section, const void *from, size_t bytes) {
  begin(w);
  put(w, from, bytes);
  end(w, section);
}

/* --- texts --- */

static bool grow_slots(writer *w) {
  uint32_t capacity = w->slots_capacity * 2;
  if (capacity == 0) /* most functions and classes have a name of their own */
    for (capacity = 64; capacity / 2 < w->image->n_functions + w->image->n_classes;) capacity *= 2;
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

static uint32_t find_number(writer *w, tz_text text) {
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

static uint32_t text_number(writer *w, tz_text text) {
  if (text.length == 0) return 0;
  tz_recent_text *recent =
      tz_recent_text_slot(w->recent, text.at); /* nothing moves while an image is written */
  if (recent->at != text.at || recent->length != text.length)
    *recent = (tz_recent_text){text.at, text.length, find_number(w, text)};
  return recent->number;
}

/* --- records, section by section --- */

static tz_file_module module_record(writer *w) {
  const tz_image *m = w->image;
  w->lengths[TZ_SECTION_MODULE] = sizeof(tz_file_module);
  return (tz_file_module){text_number(w, m->name),
                          m->flags,
                          m->init,
                          m->main,
                          m->n_imported_classes,
                          m->n_imported_functions,
                          m->n_imported_globals,
                          tz_decode_fingerprint()};
}

static void write_signatures(writer *w) {
  const tz_image *m = w->image;
  begin(w);
  for (uint32_t i = 0; i < m->n_signatures; i++)
    put(w, &(tz_file_signature){m->signatures[i].result, m->signatures[i].n_params},
        sizeof(tz_file_signature));
  end(w, TZ_SECTION_SIGNATURES);
  begin(w);
  for (uint32_t i = 0; i < m->n_signatures; i++)
    put(w, m->signatures[i].params, m->signatures[i].n_params * sizeof(uint32_t));
  end(w, TZ_SECTION_PARAMS);
}

static void write_class_records(writer *w) {
  const tz_image *m = w->image;
  begin(w);
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
  begin(w);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_fields; j++) {
      const tz_field *f = &m->classes[i].fields[j];
      put(w, &(tz_file_field){text_number(w, f->name), f->type, f->flags}, sizeof(tz_file_field));
    }
  end(w, TZ_SECTION_FIELDS);
  begin(w);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_methods; j++) {
      const tz_method *f = &m->classes[i].methods[j];
      put(w, &(tz_file_method){text_number(w, f->name), f->signature, f->function}, sizeof(tz_file_method));
    }
  end(w, TZ_SECTION_METHODS);
}

static void write_implements(writer *w) {
  const tz_image *m = w->image;
  begin(w);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_implements; j++) {
      const tz_implements *p = &m->classes[i].implements[j];
      put(w, &(tz_file_implements){p->interface, p->n_functions}, sizeof(tz_file_implements));
    }
  end(w, TZ_SECTION_IMPLEMENTS);
  begin(w);
  for (uint32_t i = 0; i < m->n_classes; i++)
    for (uint32_t j = 0; j < m->classes[i].n_implements; j++) {
      const tz_implements *p = &m->classes[i].implements[j];
      put(w, p->functions, p->n_functions * sizeof(uint32_t));
    }
  end(w, TZ_SECTION_SLOTS);
}

static void write_function_records(writer *w) {
  const tz_image *m = w->image;
  begin(w);
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
    begin((w));                                                                                              \
    for (uint32_t i_ = 0; i_ < (w)->image->n_functions; i_++) {                                              \
      const tz_function_entry *f_ = &(w)->image->functions[i_];                                              \
      put((w), f_->array, f_->count * sizeof *f_->array);                                                    \
    }                                                                                                        \
    end((w), (section));                                                                                     \
  } while (0)

static void write_sites(writer *w) {
  begin(w);
  for (uint32_t i = 0; i < w->image->n_functions; i++)
    for (uint32_t j = 0; j < w->image->functions[i].n_sites; j++) {
      const tz_site_entry *s = &w->image->functions[i].sites[j];
      put(w, &(tz_file_site){s->kind, text_number(w, s->name)}, sizeof(tz_file_site));
    }
  end(w, TZ_SECTION_SITES);
}

static void write_locals(writer *w) {
  begin(w);
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
  begin(w);
  for (uint32_t i = 0; i < w->image->n_globals; i++) {
    const tz_global_entry *g = &w->image->globals[i];
    tz_file_global r = {text_number(w, g->name), text_number(w, g->module), g->flags, g->type};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_GLOBALS);
}

static void write_constants(writer *w) {
  const tz_image *m = w->image;
  begin(w);
  for (uint32_t i = 0; i < m->n_constants; i++) {
    const tz_constant *k = &m->constants[i];
    bool is_string = k->kind == TZ_KIND_STRING;
    tz_file_constant r = {k->kind, is_string ? k->string.length : 0, is_string ? 0 : k->value.u};
    put(w, &r, sizeof r);
  }
  end(w, TZ_SECTION_CONSTANTS);
  begin(w);
  for (uint32_t i = 0; i < m->n_constants; i++)
    if (m->constants[i].kind == TZ_KIND_STRING)
      put(w, m->constants[i].string.at, m->constants[i].string.length);
  end(w, TZ_SECTION_DATA);
}

static void write_sources(writer *w) {
  begin(w);
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
  begin(w);
  for (uint32_t i = 0; i < m->n_imported_classes; i++) put_hash(w, tz_hash_class(&h, i));
  for (uint32_t i = 0; i < m->n_imported_functions; i++) put_hash(w, tz_hash_function(&h, i));
  for (uint32_t i = 0; i < m->n_imported_globals; i++) put_hash(w, tz_hash_global(&h, i));
  end(w, TZ_SECTION_HASHES);
  tz_hashes_fini(&h);
}

static size_t align_up(size_t n) { return (n + TZ_FORMAT_ALIGN - 1) & ~(size_t)(TZ_FORMAT_ALIGN - 1); }

static void measure_texts(writer *w) {
  w->lengths[TZ_SECTION_TEXTS] = w->n_texts * sizeof(uint32_t);
  w->lengths[TZ_SECTION_TEXT_BYTES] = 0;
  for (uint32_t i = 0; i < w->n_texts; i++) w->lengths[TZ_SECTION_TEXT_BYTES] += w->order[i].length;
}

static void write_texts(const writer *w, uint8_t *lengths, uint8_t *bytes) {
  for (uint32_t i = 0; i < w->n_texts; i++) {
    memcpy(lengths + i * sizeof(uint32_t), &w->order[i].length, sizeof(uint32_t));
    memcpy(bytes, w->order[i].at, w->order[i].length);
    bytes += w->order[i].length;
  }
}

/* The head, the module and the texts are known only when all other sections are written, but stand before
 * them: the others move up. `module` is the one record of its section. */
static uint8_t *assemble_file(writer *w, const tz_file_module *module, size_t *length) {
  tz_file_section table[TZ_SECTION_COUNT];
  size_t at = TZ_FORMAT_HEAD, others = align_up(w->n);
  measure_texts(w);
  for (int i = 0; i < TZ_SECTION_COUNT; i++) {
    table[i] = (tz_file_section){at, w->lengths[i]};
    at = align_up(at + w->lengths[i]);
  }
  put(w, NULL, others - w->n);
  if (w->failed || (at > w->capacity && !reserve(w, at))) return NULL;
  tz_file_header header = {.version = TZ_FORMAT_VERSION, .n_sections = TZ_SECTION_COUNT, .length = at};
  memcpy(header.magic, tz_format_magic, sizeof header.magic);
  uint8_t *file = w->bytes;
  memmove(file + (at - others), file, others);
  memset(file, 0, at - others);
  memcpy(file, &header, sizeof header);
  memcpy(file + sizeof header, table, sizeof table);
  memcpy(file + table[TZ_SECTION_MODULE].offset, module, sizeof *module);
  write_texts(w, file + table[TZ_SECTION_TEXTS].offset, file + table[TZ_SECTION_TEXT_BYTES].offset);
  w->bytes = NULL;
  *length = at;
  return file;
}

uint8_t *tz_image_write(const tz_image *image, size_t *length) {
  if (image->builder != NULL) return NULL;
  writer w = {.image = image};
  w.failed = !push_text(&w, (tz_text){"", 0});
  if (!w.failed) reserve_functions(&w);
  tz_file_module module = module_record(&w);
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
  uint8_t *file = w.failed ? NULL : assemble_file(&w, &module, length);
  free(w.bytes);
  free(w.slots);
  free(w.order);
  return file;
}
