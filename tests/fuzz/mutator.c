/* mutator.c: see mutator.h. */
#include "mutator.h"
#include "format.h"
#include "terza/arena.h"
#include "terza/decode.h"
#include "terza/module.h"

/* --- in place --- */

typedef struct span {
  uint8_t *at;
  uint64_t n; /* records */
  uint32_t size;
} span;

/* A section of a file that may be damaged already: empty if its place is not within the file. */
static span section(uint8_t *bytes, size_t length, int i) {
  tz_file_section s;
  memcpy(&s, bytes + sizeof(tz_file_header) + (size_t)i * sizeof s, sizeof s);
  if (s.offset > length || s.length > length - s.offset) return (span){bytes, 0, 1};
  return (span){bytes + s.offset, s.length / tz_sections[i].size, tz_sections[i].size};
}

/* Where faults tell: code most, then whatever types and shapes it. */
static int pick_section(random_source *r) {
  static const uint8_t interesting[] = {
      TZ_SECTION_REGISTERS,  TZ_SECTION_HANDLERS,   TZ_SECTION_SITES,   TZ_SECTION_TYPES,
      TZ_SECTION_SIGNATURES, TZ_SECTION_PARAMS,     TZ_SECTION_CLASSES, TZ_SECTION_FIELDS,
      TZ_SECTION_METHODS,    TZ_SECTION_IMPLEMENTS, TZ_SECTION_SLOTS,   TZ_SECTION_FUNCTIONS,
      TZ_SECTION_GLOBALS,    TZ_SECTION_CONSTANTS,  TZ_SECTION_DATA,
  };
  uint32_t dice = random_below(r, 100);
  if (dice < 60) return TZ_SECTION_CODE;
  if (dice < 90) return interesting[random_below(r, sizeof interesting)];
  return (int)random_below(r, TZ_SECTION_COUNT);
}

static uint32_t interesting_number(random_source *r) {
  static const uint32_t numbers[] = {0,  1,  2,  3,   4,   7,     8,     16,        31,
                                     32, 63, 64, 255, 256, 65535, 65536, INT32_MAX, UINT32_MAX};
  uint32_t dice = random_below(r, 3);
  if (dice == 0) return numbers[random_below(r, sizeof numbers / sizeof *numbers)];
  return dice == 1 ? random_below(r, 24) : (uint32_t)random_next(r);
}

static void change_number(span s, random_source *r) {
  uint32_t value = interesting_number(r);
  size_t bytes = s.n * s.size, at = random_below(r, (uint32_t)bytes / 4) * 4u;
  if (bytes - at >= 4) memcpy(s.at + at, &value, 4);
}
static void change_bit(span s, random_source *r) {
  s.at[random_below(r, (uint32_t)(s.n * s.size))] ^= (uint8_t)(1u << random_below(r, 8));
}
static void copy_record(span s, random_source *r) {
  memmove(s.at + (size_t)random_below(r, (uint32_t)s.n) * s.size,
          s.at + (size_t)random_below(r, (uint32_t)s.n) * s.size, s.size);
}
static void swap_records(span s, random_source *r) {
  uint8_t saved[64];
  uint8_t *a = s.at + (size_t)random_below(r, (uint32_t)s.n) * s.size,
          *b = s.at + (size_t)random_below(r, (uint32_t)s.n) * s.size;
  memcpy(saved, a, s.size);
  memmove(a, b, s.size);
  memcpy(b, saved, s.size);
}

static const tz_op_info *op_info(const tz_decode_table *table, uint64_t word) {
  return tz_word_op(word) < TZ_OP_COUNT ? &table->op[tz_word_op(word)] : NULL;
}

/* Another opcode with operands of the same form. */
static uint64_t change_opcode(const tz_decode_table *table, uint64_t word, random_source *r) {
  const tz_op_info *old = op_info(table, word);
  for (int tries = 0; tries < 40; tries++) {
    uint32_t op = random_below(r, TZ_OP_COUNT);
    if (old == NULL || (table->op[op].unused == old->unused && table->op[op].has_list == old->has_list))
      return (word & ~UINT64_C(0xff)) | op;
  }
  return word;
}

static uint64_t change_operand(const tz_decode_table *table, uint64_t word, random_source *r) {
  const tz_op_info *info = op_info(table, word);
  if (info == NULL || info->n_operands == 0) return word ^ UINT64_C(1) << random_below(r, 64);
  tz_operand o = info->operands[random_below(r, info->n_operands)];
  int64_t old = tz_word_operand(word, o), value = old + (int64_t)random_below(r, 7) - 3;
  if (random_below(r, 3) == 0) value = interesting_number(r);
  if (o.role != '#' && o.role != '@' && value < 0) value = 0;
  return tz_word_set_operand(word, o, (uint64_t)value & (o.field == 'd' ? UINT32_MAX : UINT16_MAX));
}

static void change_code(span s, random_source *r) {
  tz_decode_table table;
  tz_decode_init(&table);
  uint8_t *at = s.at + (size_t)random_below(r, (uint32_t)s.n) * 8;
  uint64_t word;
  memcpy(&word, at, 8);
  word = random_below(r, 3) == 0 ? change_opcode(&table, word, r) : change_operand(&table, word, r);
  memcpy(at, &word, 8);
}

static void mutate_once(uint8_t *bytes, size_t length, random_source *r) {
  int i = pick_section(r);
  span s = section(bytes, length, i);
  if (s.n == 0) return;
  switch (random_below(r, 6)) {
  case 0: change_bit(s, r); return;
  case 1: change_number(s, r); return;
  case 2: copy_record(s, r); return;
  case 3: swap_records(s, r); return;
  default:
    if (i == TZ_SECTION_CODE) change_code(s, r);
    else change_number(s, r);
  }
}

void mutate_bytes(uint8_t *bytes, size_t length, random_source *r) {
  uint32_t n = 1 + random_below(r, 4);
  if (length < TZ_FORMAT_HEAD || random_below(r, 200) == 0) {
    if (length != 0) bytes[random_below(r, (uint32_t)length)] = (uint8_t)random_next(r);
    return;
  }
  for (uint32_t i = 0; i < n; i++) mutate_once(bytes, length, r);
}

/* --- structure --- */

static void *copy_array(tz_image *image, const void *from, size_t n, size_t extra, size_t size) {
  char *to = tz_arena_alloc(image->arena, (n + extra + 1) * size);
  if (to != NULL && n != 0) memcpy(to, from, n * size);
  return to;
}

/* Repeats some words of the code, or takes them out. Branches and tables keep their numbers, so most must
 * fail. */
static void splice_code(tz_image *image, tz_function_entry *f, random_source *r) {
  uint32_t at = random_below(r, f->n_words), n = 1 + random_below(r, 3);
  if (n > f->n_words - at) n = f->n_words - at;
  uint64_t *code = copy_array(image, f->code, f->n_words, n, 8);
  if (code == NULL || n == 0) return;
  bool is_insert = random_below(r, 2) == 0;
  memmove(code + at + (is_insert ? n : 0), code + at + (is_insert ? 0 : n),
          (f->n_words - at - (is_insert ? 0 : n)) * 8);
  if (is_insert) memcpy(code + at, f->code + random_below(r, f->n_words - n + 1), n * 8);
  f->code = code;
  f->n_words = is_insert ? f->n_words + n : f->n_words - n;
}

static void change_registers(tz_image *image, tz_function_entry *f, random_source *r) {
  uint32_t *registers = copy_array(image, f->registers, f->n_registers, 1, 4);
  if (registers == NULL) return;
  f->registers = registers;
  if (random_below(r, 2) == 0) registers[f->n_registers++] = random_below(r, image->n_types);
  else if (f->n_registers != 0) registers[random_below(r, f->n_registers)] = random_below(r, image->n_types);
  if (random_below(r, 3) == 0) f->n_ref_locals++;
}

static void add_handler(tz_image *image, tz_function_entry *f, random_source *r) {
  tz_handler *handlers = copy_array(image, f->handlers, f->n_handlers, 1, sizeof *handlers);
  if (handlers == NULL) return;
  handlers[f->n_handlers++] =
      (tz_handler){random_below(r, f->n_words), random_below(r, f->n_words + 1), random_below(r, f->n_words),
                   random_below(r, image->n_types), random_below(r, f->n_registers)};
  f->handlers = handlers;
}

static void change_class(tz_image *image, random_source *r) {
  if (image->n_classes == 0) return;
  tz_class_entry *c = &image->classes[random_below(r, image->n_classes)];
  tz_field *fields = copy_array(image, c->fields, c->n_fields, 1, sizeof *fields);
  if (fields == NULL) return;
  c->fields = fields;
  switch (random_below(r, 4)) {
  case 0:
    fields[c->n_fields++] = (tz_field){image->name, random_below(r, image->n_types), random_below(r, 3)};
    break;
  case 1: c->super = random_below(r, image->n_classes); break;
  case 2: c->flags ^= 1u << random_below(r, 6); break;
  default:
    if (c->n_fields != 0) c->n_fields--;
  }
}

uint8_t *mutate_structure(const uint8_t *bytes, size_t length, random_source *r, size_t *new_length) {
  tz_image_error error;
  tz_image *image = tz_image_read(bytes, length, &error);
  if (image == NULL) return NULL;
  uint32_t n_local = image->n_functions - image->n_imported_functions;
  tz_function_entry *f =
      n_local == 0 ? NULL : &image->functions[image->n_imported_functions + random_below(r, n_local)];
  switch (random_below(r, 4)) {
  case 0: change_class(image, r); break;
  case 1:
    if (f != NULL) change_registers(image, f, r);
    break;
  case 2:
    if (f != NULL) add_handler(image, f, r);
    break;
  default:
    if (f != NULL && f->n_words != 0) splice_code(image, f, r);
  }
  uint8_t *written = tz_image_write(image, new_length);
  tz_image_free(image);
  return written;
}
