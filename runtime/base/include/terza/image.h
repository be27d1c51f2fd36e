/* image.h: the contents of a module as plain tables, independent of any VM.
 *
 * The Rima compiler and the assembler fill an image and write it (tz_image_write); the reader turns bytes into an
 * image (tz_image_read), the verifier checks it (tz_image_verify), the linker gives it to a VM. All indexes are into
 * tables of the same image. Imported entities stand in the same tables as local ones, first, with their full
 * declaration; the linker compares its hash with the exporter's, so code can be verified without the other module.
 *
 * Ownership: an image owns its arena (tz_image_new/_free); every pointer in it points into the arena or, after
 * reading, into the caller's bytes, which must then outlive the image. Sees only spec and base. */
#pragma once
#include "terza/word.h"
#include <stddef.h>

#define TZ_NONE UINT32_MAX /* "no index" */

typedef struct tz_text {
  const char *at; /* UTF-8, not terminated */
  uint32_t length;
} tz_text;

typedef enum tz_kind {
#define TZ_KIND(NAME, text, rep) TZ_KIND_##NAME,
#include "terza/spec/kinds.def"
#undef TZ_KIND
  TZ_KIND_COUNT
} tz_kind;

/* Types are unique within an image: equal types have equal indexes. */
typedef struct tz_type_entry {
  tz_kind kind;
  uint32_t of; /* CLASS: class index; ARRAY, CHAN: element type index; FUNC: signature index; else TZ_NONE */
} tz_type_entry;

typedef struct tz_signature {
  uint32_t result; /* type index, VOID allowed */
  uint32_t n_params;
  const uint32_t *params; /* type indexes */
} tz_signature;

enum { /* field flags */
  TZ_FIELD_FIXED = 1, /* set.any refuses it; putf, which is its class's business, does not ask */
};

typedef struct tz_field {
  tz_text name;
  uint32_t type;
  uint32_t flags;
} tz_field;

typedef struct tz_method {
  tz_text name;
  uint32_t signature; /* without the receiver */
  uint32_t function;  /* function index; its first parameter is the receiver. TZ_NONE: abstract, or of an import */
} tz_method;

/* A class lists every interface it implements, those of its superclass and of the interfaces listed included; an
 * interface lists those it extends. */
typedef struct tz_implements {
  uint32_t interface;        /* class index of the interface */
  const uint32_t *functions; /* one function index for each of its methods, in its order; none in imports, interfaces */
  uint32_t n_functions;
} tz_implements;

enum { /* class flags */
  TZ_CLASS_INTERFACE = 1,
  TZ_CLASS_ABSTRACT = 2,
  TZ_CLASS_FINAL = 4,
  TZ_CLASS_CLOSURE = 8,   /* its one method, in vtable slot 0, is the closure's function; no superclass, no interfaces;
                           * the class converts to func types of that method's signature */
  TZ_CLASS_EXPORT = 16,
  TZ_CLASS_SHARED = 32,   /* an instance of a generic: the linker uses an equal class of the VM if it has one */
};

typedef struct tz_class_entry {
  tz_text name;
  tz_text module;     /* imports: exporting module ("tz" is the machine's own); local: empty */
  uint32_t flags;
  uint32_t tag;       /* for `tag`; variants of an enum are numbered from 0 */
  uint32_t super;     /* class index, or TZ_NONE for tz.Object itself, interfaces and closures */
  uint32_t n_fields;  /* own fields only; slots continue the superclass's */
  const tz_field *fields;
  uint32_t n_methods; /* the whole vtable, inherited slots first in the superclass's order; interfaces: their methods */
  const tz_method *methods;
  uint32_t n_implements;
  const tz_implements *implements;
} tz_class_entry;

typedef enum tz_site_kind { TZ_SITE_VIRTUAL, TZ_SITE_INTERFACE, TZ_SITE_CLOSURE, TZ_SITE_GET, TZ_SITE_SET, TZ_SITE_CALL } tz_site_kind;

typedef struct tz_site_entry {
  tz_site_kind kind;
  tz_text name; /* GET, SET, CALL: member name (may be empty for CALL: the value itself is called) */
} tz_site_entry;

typedef struct tz_handler { /* first match wins; code positions in words */
  uint32_t start, end;      /* start <= pc of the throwing instruction < end */
  uint32_t target;
  uint32_t type;            /* type index of a class below Error, or of Error itself */
  uint32_t reg;             /* receives the exception; its type must accept `type` */
} tz_handler;

typedef struct tz_line { /* sorted by pc; valid up to the next */
  uint32_t pc, line, column;
} tz_line;

typedef struct tz_local { /* debug information: a named variable lives in reg within [start, end) */
  tz_text name;
  uint32_t reg, start, end;
} tz_local;

enum { /* function flags */
  TZ_FUNCTION_EXPORT = 1,
  TZ_FUNCTION_NATIVE = 2, /* imported from the host: module.name registered by the embedder or class library */
  TZ_FUNCTION_SHARED = 4, /* as TZ_CLASS_SHARED */
  TZ_FUNCTION_DYNAMIC = 8, /* what dynamic code finds by the last part of its name, its number of parameters and the type
                            * of the first, the receiver: "List[int].map" is called by call.any map. A name that begins
                            * with & gives a method as a value to get.any. */
};

/* Registers are ordered: parameters, then n_ref_locals registers of kind R or Y (null on entry), then int and float
 * registers (unspecified on entry: any number is a safe one; the verifier only wants that one which is read is also
 * written somewhere in the function, to catch compilers' slips). */
typedef struct tz_function_entry {
  tz_text name;   /* qualified within the module: "Account.fee", "main", "lambda@12" */
  tz_text module; /* imports and natives: exporting module; local: empty */
  uint32_t flags;
  uint32_t signature; /* with the receiver, if any, as first parameter */
  uint32_t n_registers, n_ref_locals;
  const uint32_t *registers; /* type indexes; the parameters' types come first */
  uint32_t n_words;
  const uint64_t *code;
  uint32_t n_sites;
  const tz_site_entry *sites;
  uint32_t n_handlers;
  const tz_handler *handlers;
  uint32_t source; /* index into sources, or TZ_NONE */
  uint32_t n_lines;
  const tz_line *lines;
  uint32_t n_locals;
  const tz_local *locals;
} tz_function_entry;

enum { TZ_GLOBAL_EXPORT = 1 };
typedef struct tz_global_entry {
  tz_text name;
  tz_text module; /* imports: exporting module; local: empty */
  uint32_t flags;
  uint32_t type;
} tz_global_entry;

typedef struct tz_constant {
  tz_kind kind; /* I64, F64 or STRING */
  tz_word value;
  tz_text string;
} tz_constant;

enum { /* image flags */
  TZ_IMAGE_QUALIFIED = 1, /* a whole program: names of local entities already are "module.name", so a VM shows them so */
};

typedef struct tz_image {
  tz_text name; /* the module's */
  uint32_t flags;
  uint32_t n_types, n_signatures, n_classes, n_imported_classes, n_functions, n_imported_functions, n_globals,
      n_imported_globals, n_constants, n_sources;
  tz_type_entry *types;
  tz_signature *signatures;
  tz_class_entry *classes;
  tz_function_entry *functions;
  tz_global_entry *globals;
  tz_constant *constants;
  tz_text *sources;  /* file names for lines */
  uint32_t init;     /* function run once after linking, () -> void, or TZ_NONE */
  uint32_t main;     /* entry point of a program, or TZ_NONE */
  const uint64_t *import_hashes; /* after reading: of imported classes, functions, globals, as the file has them */
  struct tz_arena *arena;
  struct tz_image_builder *builder; /* until finished */
} tz_image;
