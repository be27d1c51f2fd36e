/* signature.h: type-signature hashes and the texts of types. Private to loader/ and the assembler.
 *
 * A hash is made of the parts' hashes, never of the expanded text, whose length can be exponential in the
 * type table's. Classes enter other hashes by name; a class's own hash covers its whole declaration. So two
 * modules agree on an entity when their hashes agree, since names of classes are unique within a VM
 * (docs/module-format.md, "Hashes"). */
#pragma once
#include "terza/module.h"

typedef struct tz_hashes {
  const tz_image *image;
  uint64_t *types, *signatures; /* by index */
} tz_hashes;

/* False: out of memory. */
bool tz_hashes_init(tz_hashes *hashes, const tz_image *image);
void tz_hashes_fini(tz_hashes *hashes);

uint64_t tz_hash_class_name(const tz_image *image, uint32_t class_index);
uint64_t tz_hash_class(const tz_hashes *hashes, uint32_t class_index);
uint64_t tz_hash_function(const tz_hashes *hashes, uint32_t function_index);
uint64_t tz_hash_global(const tz_hashes *hashes, uint32_t global_index);

typedef enum tz_text_style {
  TZ_STYLE_CANONICAL, /* %module:Name, %:Name if shared */
  TZ_STYLE_ASSEMBLY,  /* %Name for local classes; names quoted where they are not plain words */
  TZ_STYLE_NATIVE,    /* %Name as a VM shows it: %tz:Error, %geo.Point, %core.List[int] */
} tz_text_style;

/* Appends to text[*at], truncating; the text stays terminated. False: it did not fit. */
bool tz_type_text_append(const tz_image *image, uint32_t type, tz_text_style style, char *text, size_t size,
                         size_t *at);
bool tz_signature_text_append(const tz_image *image, uint32_t signature, tz_text_style style, char *text,
                              size_t size, size_t *at);
bool tz_name_is_plain(tz_text name);                                         /* needs no quotes in assembly */
bool tz_name_text_append(tz_text name, char *text, size_t size, size_t *at); /* quoted if need be */
