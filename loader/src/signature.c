/* signature.c: type-signature hashes. See signature.h. */
#include "signature.h"
#include "builder.h"
#include <stdlib.h>

enum { CLASS_FLAGS_HASHED = TZ_CLASS_INTERFACE | TZ_CLASS_ABSTRACT | TZ_CLASS_FINAL | TZ_CLASS_CLOSURE };

static uint64_t hash_text(tz_text t) { return tz_hash_bytes(t.at, t.length); }

/* Shared entities belong to no module: wherever an instance of a generic was made, it is the same. */
static uint64_t hash_name(const tz_image *image, tz_text module, tz_text name, bool is_shared) {
  uint64_t h = is_shared ? 0 : hash_text(module.length != 0 ? module : image->name);
  return tz_hash_mix(h, hash_text(name));
}

uint64_t tz_hash_class_name(const tz_image *image, uint32_t index) {
  const tz_class_entry *c = &image->classes[index];
  return hash_name(image, c->module, c->name, c->flags & TZ_CLASS_SHARED);
}

/* Images of a faulty producer are written too, so that the verifier can tell: an index out of range hashes as
 * 0. */
static uint64_t type_hash(const tz_hashes *h, uint32_t index) {
  return index < h->image->n_types ? h->types[index] : 0;
}
static uint64_t signature_hash(const tz_hashes *h, uint32_t index) {
  return index < h->image->n_signatures ? h->signatures[index] : 0;
}
static uint64_t class_name_hash(const tz_hashes *h, uint32_t index) {
  return index < h->image->n_classes ? tz_hash_class_name(h->image, index) : 0;
}

static uint64_t hash_signature(const tz_hashes *h, uint32_t index) {
  const tz_signature *s = &h->image->signatures[index];
  uint64_t hash = tz_hash_mix(s->n_params, type_hash(h, s->result));
  for (uint32_t i = 0; i < s->n_params; i++) hash = tz_hash_mix(hash, type_hash(h, s->params[i]));
  return hash;
}

/* Types precede the types made of them, so one pass in order has each part ready; a signature is hashed when
 * the first func type needs it. 0 marks one that is not hashed yet. */
static uint64_t hash_type(tz_hashes *h, uint32_t index) {
  tz_type_entry t = h->image->types[index];
  uint64_t of = 0;
  if (t.kind == TZ_KIND_CLASS) of = class_name_hash(h, t.of);
  if (t.kind == TZ_KIND_ARRAY || t.kind == TZ_KIND_CHAN) of = type_hash(h, t.of);
  if (t.kind == TZ_KIND_FUNC && t.of < h->image->n_signatures) {
    if (h->signatures[t.of] == 0) h->signatures[t.of] = hash_signature(h, t.of);
    of = h->signatures[t.of];
  }
  return tz_hash_mix((uint64_t)t.kind + 1, of);
}

bool tz_hashes_init(tz_hashes *h, const tz_image *image) {
  h->image = image;
  h->types = calloc((size_t)image->n_types + 1, sizeof *h->types);
  h->signatures = calloc((size_t)image->n_signatures + 1, sizeof *h->signatures);
  if (h->types == NULL || h->signatures == NULL) {
    tz_hashes_fini(h);
    return false;
  }
  for (uint32_t i = 0; i < image->n_types; i++) h->types[i] = hash_type(h, i);
  for (uint32_t i = 0; i < image->n_signatures; i++)
    if (h->signatures[i] == 0) h->signatures[i] = hash_signature(h, i);
  return true;
}

void tz_hashes_fini(tz_hashes *h) {
  free(h->types);
  free(h->signatures);
  h->types = h->signatures = NULL;
}

uint64_t tz_hash_class(const tz_hashes *h, uint32_t index) {
  const tz_class_entry *c = &h->image->classes[index];
  uint64_t hash = tz_hash_mix(tz_hash_class_name(h->image, index), c->flags & CLASS_FLAGS_HASHED);
  hash = tz_hash_mix(hash, c->tag);
  hash = tz_hash_mix(hash, class_name_hash(h, c->super));
  hash = tz_hash_mix(hash, c->n_fields);
  for (uint32_t i = 0; i < c->n_fields; i++) {
    hash = tz_hash_mix(hash, hash_text(c->fields[i].name));
    hash = tz_hash_mix(hash, type_hash(h, c->fields[i].type));
    hash = tz_hash_mix(hash, c->fields[i].flags);
  }
  hash = tz_hash_mix(hash, c->n_methods);
  for (uint32_t i = 0; i < c->n_methods; i++) {
    hash = tz_hash_mix(hash, hash_text(c->methods[i].name));
    hash = tz_hash_mix(hash, signature_hash(h, c->methods[i].signature));
  }
  uint64_t interfaces = 0; /* their order depends on the image */
  for (uint32_t i = 0; i < c->n_implements; i++)
    interfaces += tz_hash_mix(7, class_name_hash(h, c->implements[i].interface));
  return tz_hash_mix(hash, interfaces);
}

uint64_t tz_hash_function(const tz_hashes *h, uint32_t index) {
  const tz_function_entry *f = &h->image->functions[index];
  return tz_hash_mix(hash_name(h->image, f->module, f->name, f->flags & TZ_FUNCTION_SHARED),
                     signature_hash(h, f->signature));
}

uint64_t tz_hash_global(const tz_hashes *h, uint32_t index) {
  const tz_global_entry *g = &h->image->globals[index];
  return tz_hash_mix(hash_name(h->image, g->module, g->name, false), type_hash(h, g->type));
}
