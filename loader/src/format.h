/* format.h: the layout of a module file. docs/module-format.md draws it.
 *
 * header | section table | sections, each 8-byte aligned, in order, without gaps beyond the padding, which is
 * zero. Records hold counts, never offsets: what belongs to the first record of a table comes first in the
 * next table. So no two records share memory, every byte has one meaning, and checking is linear by
 * construction. */
#pragma once
#include "terza/module.h"
#include "terza/image.h"

static const char tz_format_magic[8] = {'\x89', 'T', 'Z', 'M', '\r', '\n', '\x1a', '\n'};
enum { TZ_FORMAT_ALIGN = 8 }; /* the version stands in terza/module.h */

/* TZ_SECTION(NAME, "text", bytes of a record) in file order */
#define TZ_SECTIONS(S)                                                                                       \
  S(MODULE, "module", 32)                                                                                    \
  S(TEXTS, "texts", 4)                                                                                       \
  S(TEXT_BYTES, "text-bytes", 1)                                                                             \
  S(TYPES, "types", 8)                                                                                       \
  S(SIGNATURES, "signatures", 8)                                                                             \
  S(PARAMS, "params", 4)                                                                                     \
  S(CLASSES, "classes", 32)                                                                                  \
  S(FIELDS, "fields", 12)                                                                                    \
  S(METHODS, "methods", 12)                                                                                  \
  S(IMPLEMENTS, "implements", 8)                                                                             \
  S(SLOTS, "slots", 4)                                                                                       \
  S(FUNCTIONS, "functions", 48)                                                                              \
  S(REGISTERS, "registers", 4)                                                                               \
  S(CODE, "code", 8)                                                                                         \
  S(SITES, "sites", 8)                                                                                       \
  S(HANDLERS, "handlers", 20)                                                                                \
  S(LINES, "lines", 12)                                                                                      \
  S(LOCALS, "locals", 16)                                                                                    \
  S(GLOBALS, "globals", 16)                                                                                  \
  S(CONSTANTS, "constants", 16)                                                                              \
  S(DATA, "data", 1)                                                                                         \
  S(SOURCES, "sources", 4)                                                                                   \
  S(HASHES, "hashes", 8)

enum {
#define S(NAME, text, size) TZ_SECTION_##NAME,
  TZ_SECTIONS(S)
#undef S
      TZ_SECTION_COUNT
};

static const struct {
  const char *name;
  uint32_t size;
} tz_sections[TZ_SECTION_COUNT] = {
#define S(NAME, text, size) {text, size},
    TZ_SECTIONS(S)
#undef S
};

typedef struct tz_file_header {
  char magic[8];
  uint32_t version, n_sections;
  uint64_t length; /* of the file */
} tz_file_header;
typedef struct tz_file_section {
  uint64_t offset, length; /* bytes */
} tz_file_section;
enum { TZ_FORMAT_HEAD = sizeof(tz_file_header) + TZ_SECTION_COUNT * sizeof(tz_file_section) };

typedef struct tz_file_module {
  uint32_t name, flags, init, main, n_imported_classes, n_imported_functions, n_imported_globals,
      instruction_set; /* tz_decode_fingerprint */
} tz_file_module;
typedef struct tz_file_signature {
  uint32_t result, n_params;
} tz_file_signature;
typedef struct tz_file_class {
  uint32_t name, module, flags, tag, super, n_fields, n_methods, n_implements;
} tz_file_class;
typedef struct tz_file_field {
  uint32_t name, type, flags;
} tz_file_field;
typedef struct tz_file_method {
  uint32_t name, signature, function;
} tz_file_method;
typedef struct tz_file_implements {
  uint32_t interface, n_functions;
} tz_file_implements;
typedef struct tz_file_function {
  uint32_t name, module, flags, signature, n_registers, n_ref_locals, n_words, n_sites, n_handlers, source,
      n_lines, n_locals;
} tz_file_function;
typedef struct tz_file_site {
  uint32_t kind, name;
} tz_file_site;
typedef struct tz_file_local {
  uint32_t name, reg, start, end;
} tz_file_local;
typedef struct tz_file_global {
  uint32_t name, module, flags, type;
} tz_file_global;
typedef struct tz_file_constant {
  uint32_t kind, length; /* length in data, of strings */
  uint64_t value;        /* of numbers */
} tz_file_constant;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian and mapped as they are");
_Static_assert(sizeof(tz_type_entry) == 8 && sizeof(tz_handler) == 20 && sizeof(tz_line) == 12,
               "read in place");
