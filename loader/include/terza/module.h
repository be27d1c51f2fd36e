/* module.h: building, writing, reading and verifying modules, without a VM. Read docs/module-format.md.
 *
 * A producer (compiler, assembler) makes an image with tz_image_new, fills it in any order with the builder
 * functions below, calls tz_image_finish once, then writes, verifies or loads it. Entries may refer to
 * entries that are declared but not yet defined. Indexes returned before tz_image_finish are the builder's;
 * finish renumbers (imports first, types and constants in order of first use, unused ones dropped) and
 * rewrites every mention, code included.
 *
 * Memory: everything passed in is copied. Running out of memory is sticky: functions return TZ_NONE, and
 * tz_image_finish returns false; so builders need not check each call. */
#pragma once
#include "terza/image.h"
#include "terza/opcode.h"

enum { TZ_FORMAT_VERSION = 2 }; /* of the file format */

/* Why a module was refused: the section, the byte offset within that section, and the reason. */
typedef struct tz_image_error {
  const char *section; /* a section's name (static), "" if the file as a whole */
  uint64_t offset;     /* bytes from the section's start; from the file's start if section is "" */
  uint32_t function;   /* index of the function concerned, or TZ_NONE */
  uint32_t pc;         /* word of its code, or TZ_NONE */
  const char *rule;    /* the rule broken, as docs/verification.md names it (static) */
  char message[232];
} tz_image_error;

tz_image *tz_image_new(const char *name, size_t length); /* NULL: out of memory */
void tz_image_free(tz_image *image);                     /* NULL allowed */

static inline tz_text tz_text_of(const char *s) { return (tz_text){s, (uint32_t)strlen(s)}; }
static inline bool tz_text_equal(tz_text a, tz_text b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

/* Interned: the same arguments give the same index, in O(1). */
tz_text tz_image_text(tz_image *image, const char *at, size_t length);
uint32_t tz_image_type(tz_image *image, tz_kind kind,
                       uint32_t of); /* of: as in tz_type_entry; TZ_NONE for simple kinds */
static inline uint32_t tz_image_type_simple(tz_image *image, tz_kind kind) {
  return tz_image_type(image, kind, TZ_NONE);
}
uint32_t tz_image_signature(tz_image *image, uint32_t result, uint32_t n_params, const uint32_t *params);
uint32_t tz_image_constant_int(tz_image *image, int64_t value);
uint32_t tz_image_constant_float(tz_image *image, double value); /* distinguishes -0.0 and each NaN */
uint32_t tz_image_constant_string(tz_image *image, const char *utf8, size_t length);
uint32_t tz_image_source(tz_image *image, const char *path, size_t length);

/* Classes, functions and globals: declare gives an index, define fills the entry in (all texts and arrays are
 * copied; name, module and flags of the entry replace the declared ones). An entry with a nonempty `module`
 * is an import; a function flagged NATIVE is one too. Defining twice replaces. Not interned: declare each
 * entity once. */
uint32_t tz_image_declare_class(tz_image *image, tz_text name);
uint32_t tz_image_declare_function(tz_image *image, tz_text name);
/* Room for about so many classes and functions, which spares moving them as they become more. */
void tz_image_reserve(tz_image *image, uint32_t n_classes, uint32_t n_functions);
void tz_image_define_class(tz_image *image, uint32_t index, const tz_class_entry *entry);
void tz_image_define_function(tz_image *image, uint32_t index, const tz_function_entry *entry);
uint32_t tz_image_add_global(tz_image *image, const tz_global_entry *entry);

/* The import of a class of the machine's own module "tz" ("Object", "Error", "BoundsError", ...) with its
 * declaration and its superclasses; interned. TZ_NONE if there is no such class. */
uint32_t tz_image_machine_class(tz_image *image, const char *name);

/* Ends building: canonical numbering, imports first. False: out of memory (or an earlier one). Equal
 * sequences of builder calls give equal images. Code is taken as it is; the verifier judges it. */
bool tz_image_finish(tz_image *image);

/* The file's bytes (malloc, the caller frees); NULL: out of memory, or the image is not finished.
 * Deterministic. */
uint8_t *tz_image_write(const tz_image *image, size_t *length);

/* An image over bytes, which must outlive it and be 8-byte aligned (malloc and mmap are). Every offset, count
 * and text is checked; indexes and types are the verifier's. NULL: *error says why. Linear in length. */
tz_image *tz_image_read(const uint8_t *bytes, size_t length, tz_image_error *error);

/* All rules of docs/verification.md, in time linear in the image's size. The image may come from
 * tz_image_read or tz_image_finish. False: *error has the first broken rule. Only verified images may be
 * linked. */
bool tz_image_verify(const tz_image *image, tz_image_error *error);

/* One line: "code+0x40: function main at 8: add.i: b is not an int register (operand)". */
void tz_image_error_format(const tz_image *image, const tz_image_error *error, char *text,
                           size_t size); /* image may be NULL */

/* Canonical text of a type or signature, as error messages and assembly show it; truncated to size, always
 * terminated. */
void tz_image_type_text(const tz_image *image, uint32_t type_index, char *text, size_t size);
void tz_image_signature_text(const tz_image *image, uint32_t signature_index, char *text, size_t size);
