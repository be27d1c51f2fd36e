/* type_text.c: types and signatures as text, bounded by the buffer. See signature.h. */
#include "signature.h"
#include <stdio.h>

typedef struct out {
  char *text;
  size_t size, at;
  bool is_full;
} out;

static void put_bytes(out *o, const char *s, size_t n) {
  if (o->is_full) return;
  if (n >= o->size - o->at) {
    n = o->size - o->at - 1;
    o->is_full = true;
  }
  memcpy(o->text + o->at, s, n);
  o->at += n;
  o->text[o->at] = 0;
}
static void put(out *o, const char *s) { put_bytes(o, s, strlen(s)); }

static bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}
static bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '@';
}

bool tz_name_is_plain(tz_text name) {
  if (name.length == 0 || !is_name_start(name.at[0])) return false;
  if (name.length == 1 && name.at[0] == '_') return false;
  for (uint32_t i = 1; i < name.length; i++)
    if (!is_name_char(name.at[i])) return false;
  return true;
}

static void put_escaped(out *o, unsigned char c) {
  char hex[8];
  switch (c) {
  case '"': put(o, "\\\""); return;
  case '\\': put(o, "\\\\"); return;
  case '\n': put(o, "\\n"); return;
  case '\t': put(o, "\\t"); return;
  case '\r': put(o, "\\r"); return;
  default: break;
  }
  if (c >= 0x20 && c != 0x7f) {
    put_bytes(o, (const char *)&c, 1);
    return;
  }
  snprintf(hex, sizeof hex, "\\x%02x", c);
  put(o, hex);
}

static void put_name(out *o, tz_text name) {
  if (tz_name_is_plain(name)) {
    put_bytes(o, name.at, name.length);
    return;
  }
  put(o, "\"");
  for (uint32_t i = 0; i < name.length; i++) put_escaped(o, (unsigned char)name.at[i]);
  put(o, "\"");
}

static bool is_machine(tz_text module) { return module.length == 2 && memcmp(module.at, "tz", 2) == 0; }

static void put_class(out *o, const tz_image *image, uint32_t index, tz_text_style style) {
  const tz_class_entry *c = &image->classes[index];
  bool is_shared = c->flags & TZ_CLASS_SHARED, is_import = c->module.length != 0;
  tz_text module = is_import ? c->module : image->name;
  put(o, "%");
  if (style == TZ_STYLE_ASSEMBLY) {
    if (is_import) {
      put_name(o, module);
      put(o, ":");
    }
    put_name(o, c->name);
    return;
  }
  if (style == TZ_STYLE_CANONICAL || is_machine(module)) {
    if (!is_shared) put_bytes(o, module.at, module.length);
    put(o, ":");
  } else if (!is_shared && !is_import && !(image->flags & TZ_IMAGE_QUALIFIED)) {
    put_bytes(o, module.at, module.length);
    put(o, ".");
  }
  put_bytes(o, c->name.at, c->name.length);
}

static void put_type(out *o, const tz_image *image, uint32_t index, tz_text_style style);

static void put_signature(out *o, const tz_image *image, uint32_t index, tz_text_style style) {
  const tz_signature *s = &image->signatures[index];
  put(o, "(");
  for (uint32_t i = 0; i < s->n_params && !o->is_full; i++) {
    if (i != 0) put(o, ",");
    put_type(o, image, s->params[i], style);
  }
  put(o, ")");
  put_type(o, image, s->result, style);
}

/* Recursion ends with the buffer: each level has written at least one byte. */
static void put_type(out *o, const tz_image *image, uint32_t index, tz_text_style style) {
  static const char *const simple[] = {
#define TZ_KIND(NAME, text, rep) text,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  };
  if (o->is_full) return;
  tz_type_entry t = image->types[index];
  switch (t.kind) {
  case TZ_KIND_CLASS: put_class(o, image, t.of, style); return;
  case TZ_KIND_ARRAY:
    put(o, "[");
    put_type(o, image, t.of, style);
    put(o, "]");
    return;
  case TZ_KIND_CHAN:
    put(o, "chan(");
    put_type(o, image, t.of, style);
    put(o, ")");
    return;
  case TZ_KIND_FUNC:
    put(o, "fn");
    put_signature(o, image, t.of, style);
    return;
  default: put(o, simple[t.kind]);
  }
}

static bool finish(const out *o, size_t *at) {
  *at = o->at;
  return !o->is_full;
}

bool tz_type_text_append(const tz_image *image, uint32_t type, tz_text_style style, char *text, size_t size,
                         size_t *at) {
  out o = {text, size, *at, false};
  put_type(&o, image, type, style);
  return finish(&o, at);
}

bool tz_signature_text_append(const tz_image *image, uint32_t signature, tz_text_style style, char *text,
                              size_t size, size_t *at) {
  out o = {text, size, *at, false};
  put_signature(&o, image, signature, style);
  return finish(&o, at);
}

bool tz_name_text_append(tz_text name, char *text, size_t size, size_t *at) {
  out o = {text, size, *at, false};
  put_name(&o, name);
  return finish(&o, at);
}

void tz_image_type_text(const tz_image *image, uint32_t index, char *text, size_t size) {
  size_t at = 0;
  text[0] = 0;
  tz_type_text_append(image, index, TZ_STYLE_CANONICAL, text, size, &at);
}

void tz_image_signature_text(const tz_image *image, uint32_t index, char *text, size_t size) {
  size_t at = 0;
  text[0] = 0;
  tz_signature_text_append(image, index, TZ_STYLE_CANONICAL, text, size, &at);
}
