/* object.h: types, classes and objects as the running machine sees them.
 *
 * Classes, types and functions live below 4 GB (base's lowmem), so that an object's header can name its class in 32 bits
 * and compiled code can name all three as immediates. They do not move. Objects move at any safepoint: C code holds them
 * in handles, in frame slots or not at all across a call that may collect.
 *
 *   object:   header | field 0 | field 1 | ...          64-bit slots
 *   array:    header | length (int64) | elements
 *   string:   header | length in bytes (int64) | UTF-8 bytes   (content hash cached in the header)
 *   closure:  header | captured ...                     its class's vtable slot 0 is the function */
#pragma once
#include "terza/gc_attributes.h"
#include "terza/image.h"
#include "terza/object_header.h"

typedef struct tz_vm tz_vm;
typedef struct tz_thread tz_thread;
typedef struct tz_process tz_process;
typedef struct tz_module tz_module;
typedef struct tz_class tz_class;
typedef struct tz_type tz_type;
typedef struct tz_function tz_function;

/* A reference to a heap object: a word, never a bare pointer, so that it cannot be mistaken for stable memory. */
typedef struct tz_ref { uint64_t word; } tz_ref;

/* Signatures and types are interned per VM: equal means identical. */
typedef struct tz_sig {
  tz_type *result;
  uint32_t n_params;
  uint32_t n_slots; /* = n_params */
  tz_type *params[];
} tz_sig;

struct tz_type {
  tz_kind kind;
  uint8_t rep;          /* 'I', 'F', 'R', 'Y', 'N', 'E' as in kinds.def */
  tz_class *class_;     /* CLASS: it; ARRAY, STRING, CHAN, PROCESS: the class of such objects; OBJECT: the root class */
  tz_type *element;     /* ARRAY, CHAN */
  tz_sig *signature;    /* FUNC */
  tz_type *next;        /* intern chain */
  uint64_t hash;        /* type-signature hash (loader/signature) */
};

typedef struct tz_class_field {
  const char *name; /* interned, NUL-terminated */
  tz_type *type;
} tz_class_field;

typedef struct tz_class_method {
  const char *name; /* interned */
  tz_sig *signature; /* without the receiver */
} tz_class_method;

typedef struct tz_itable {
  tz_class *interface;
  tz_function **methods;
} tz_itable;

/* A class. Dynamic objects have one for each shape (Self's maps): then `shape` is set. */
struct tz_class {
  tz_layout layout;      /* first: the collector's view; an object's header.layout is the class's address */
  tz_vm *vm;
  tz_module *module;     /* NULL: the machine's own */
  const char *name;      /* "module.Name" */
  tz_class *super;
  uint32_t flags;        /* TZ_CLASS_* */
  uint32_t tag;
  uint32_t depth;        /* number of superclasses */
  tz_class **ancestors;  /* [0..depth], ancestors[depth] == this: a subclass test is one load and compare */
  tz_type *type;         /* the CLASS type of this class (arrays, strings: their own type) */
  uint32_t n_fields, n_methods, n_itables;
  tz_class_field *fields;    /* all, inherited first */
  uint64_t *fixed;           /* a bit for each field: dynamic code cannot assign it; NULL: it can assign all */
  tz_class_method *methods;  /* names and signatures of the vtable */
  tz_itable *itables;        /* every interface implemented, inherited ones too, sorted by address */
  uint64_t hash;             /* type-signature hash of the declaration */
  struct tz_shape *shape;    /* dynamic objects only */
  void *finalizer;           /* natives' classes: void (*)(tz_vm *, void *payload) */
  uint32_t n_subclasses;     /* loaded so far: class hierarchy analysis */
  tz_class *first_subclass, *next_sibling;
  tz_function *vtable[];     /* at a fixed offset for compiled code */
};

static inline tz_class *tz_object_class(const void *object) {
  return (tz_class *)(uintptr_t)((const tz_header *)object)->layout;
}
static inline tz_word *tz_object_fields(void *object) { return (tz_word *)object + 1; }

typedef struct tz_array { /* also strings: then the elements are bytes */
  tz_header header;
  int64_t length;
  union {
    uint8_t u8[1]; /* [1]: really `length` */
    int16_t i16[1];
    int32_t i32[1];
    float f32[1];
    tz_word words[1];
  };
} tz_array;
typedef tz_array tz_string;

bool tz_class_is_subclass(const tz_class *sub, const tz_class *super); /* classes only; reflexive */
bool tz_class_implements(const tz_class *cls, const tz_class *interface);
bool tz_type_accepts(const tz_type *type, const void *object);        /* object not NULL; what IS and CAST test */
tz_function *tz_class_find_method(const tz_class *cls, const char *interned_name);
