/* vm.h: one virtual machine. Internal to the runtime, loader, class library host and tools; embedders see terza.h.
 *
 * No state lives outside a tz_vm; several live in one process. The loader, class library and compiled tiers plug in
 * through hooks, so that runtime/ never names them. */
#pragma once
#include "terza/gc.h"
#include "terza/thread.h"
#include <stdio.h>

enum { TZ_OPTION_TEXT_ROOM = 1024 };
typedef struct tz_options { /* one field for each line of spec/options.def */
#define TZ_OPTION_BOOL(name, text, value, help) bool name;
#define TZ_OPTION_INT(name, text, value, help) int64_t name;
#define TZ_OPTION_SIZE(name, text, value, help) int64_t name; /* bytes */
#define TZ_OPTION_ENUM(name, text, value, values, help) int64_t name; /* index into values */
#define TZ_OPTION_TEXT(name, text, help) char name[TZ_OPTION_TEXT_ROOM]; /* empty: not given */
#include "terza/spec/options.def"
#undef TZ_OPTION_BOOL
#undef TZ_OPTION_INT
#undef TZ_OPTION_SIZE
#undef TZ_OPTION_ENUM
#undef TZ_OPTION_TEXT
} tz_options;

/* A place among optimized frames (runtime/src/frame.h). */
typedef struct tz_native_cursor {
  const void *record; /* of the function called by the optimized frame at hand */
  uint32_t depth;     /* inlined frames of that frame given so far */
  /* What is known of the return address last looked at: neighbours in a deep recursion have the same. */
  const void *address;
  const struct tz_native_code *code;
  const struct tz_state *state;
} tz_native_cursor;

typedef struct tz_hooks {                                   /* NULL: absent */
  /* jit: a slice of heat fell on f, which stands at pc; may change f->entry. Gives where to go on: pc, or what follows from
   * having gone on from there at once */
  tz_insn *(*budget)(tz_thread *th, tz_function *f, tz_insn *pc);
  void (*function_linked)(tz_vm *vm, tz_function *f);       /* jit: may change f->entry */
  void (*class_loaded)(tz_vm *vm, tz_class *cls);           /* jit: invalidates class-hierarchy assumptions */
  /* jit: memory is out; gives back what it can do without. False: nothing. In an allocation: must not allocate objects */
  bool (*release_memory)(tz_vm *vm);
  void (*vm_free)(tz_vm *vm);
  void (*process_end)(tz_vm *vm);                           /* jit: the process ends without tz_vm_free */
  /* jit: the references of the optimized frames from the record on, up to the section's entry */
  void (*native_visit)(tz_vm *vm, const void *record, tz_visitor *v);
  /* jit: the next of these frames, innermost first, inlined ones too; NULL: the section's entry is reached */
  const tz_function *(*native_next)(tz_vm *vm, tz_native_cursor *at, uint32_t *pc);
  void (*write)(tz_vm *vm, int fd, const char *bytes, size_t n); /* embedder: takes the guest's output on fd 1 or 2 */
  bool (*exit)(tz_thread *th, int status); /* embedder: env.exit; raises, returns false. Absent: the process exits */
} tz_hooks;

struct tz_module {
  tz_vm *vm;
  const char *name;
  tz_module *next;
  struct tz_image *image; /* names and declarations; owned */
  void *bytes;            /* what the image points into; owned */
  uint32_t n_types, n_classes, n_functions, n_globals;
  tz_type **types;        /* linked, by image index */
  tz_class **classes;
  tz_function **functions;
  tz_word **globals;      /* addresses; local ones lie in storage, whose references are roots */
  tz_word *storage;
  uint32_t n_storage;
  uint64_t *storage_map;  /* reference bitmap of storage */
  tz_function *init, *main;
  bool initialised;
  void (*dispose)(tz_module *module); /* the loader's: frees storage, image, bytes and the struct when the VM ends */
};

struct tz_vm {
  tz_options options;
  tz_heap *heap;
  struct tz_lowmem *lowmem; /* classes, functions, constant tables: below 4 GB */
  struct tz_arena *arena;   /* names and small tables, for the VM's life */
  struct tz_symbols *symbols; /* interned names */
  struct tz_type_table *types;
  tz_module *modules;
  struct tz_native_table *natives;
  tz_class *error_classes[TZ_ERROR_COUNT];
  tz_class *object_class, *string_class, *int_box_class, *process_class, *dyn_class, *chan_class, *func_class,
      *any_array_class; /* arrays of dynamic values */
  struct tz_scheduler *scheduler;
  tz_thread *thread;        /* the one worker */
  tz_hooks hooks;
  struct tz_jit *jit;       /* compiled tiers; NULL: none attached */
  tz_function *native_frame; /* in the place of a function that runs as optimized code: no registers, no code */
  void *host;               /* the embedder's */
  int n_arguments;          /* of the program, without its name: what env.args() gives; the host's memory */
  const char *const *arguments;
  uint32_t n_function_ids;
  tz_handle out_of_memory;  /* the preallocated OutOfMemoryError */
  struct tz_class_table *classes; /* by qualified name; machine array and channel classes */
  struct tz_function_table *functions; /* by id */
  struct tz_shape *empty_shape;
  struct tz_internals *internals; /* runtime/src/internals.h */
};

tz_vm *tz_vm_new(const tz_options *options); /* NULL: out of memory */
/* For a process about to end: as tz_vm_free for what the outside sees (output, finalizers of native payloads), but frees nothing
 * and waits for no thread. */
void tz_vm_abandon(tz_vm *vm);
void tz_vm_free(tz_vm *vm);                   /* ends all processes; runs finalizers of native payloads */
const tz_options *tz_options_default(void);

const char *tz_symbol(tz_vm *vm, const char *name, size_t length); /* interned, NUL-terminated, lives as long as vm */
tz_type *tz_type_simple(tz_vm *vm, tz_kind kind);                   /* I64, F64, ANY, OBJECT, STRING, U8... VOID */
tz_type *tz_type_array(tz_vm *vm, tz_type *element);
tz_type *tz_type_chan(tz_vm *vm, tz_type *element);
tz_type *tz_type_func(tz_vm *vm, tz_sig *signature);
tz_sig *tz_sig_intern(tz_vm *vm, tz_type *result, tz_type *const *params, uint32_t n);
tz_module *tz_module_find(tz_vm *vm, const char *name);

/* For runs from now on; 0: none. */
void tz_vm_set_step_limit(tz_vm *vm, int64_t steps);

/* From any thread: the main process of the run under way gets a CancelledError at its next safepoint or wait. */
void tz_vm_interrupt(tz_vm *vm);

/* "Class: message", the stack trace, causes; malloc'd. NULL: out of memory. */
char *tz_error_text(tz_vm *vm, void *error);
/* The running process's frames as last saved, innermost first: for crash reports. */
void tz_vm_print_stack(tz_vm *vm, FILE *to);

/* Runs f to its end on a new main process, scheduling all others meanwhile. False: *exception has the uncaught error,
 * which is good until the next call that may collect. Processes that outlive f go on in the next run. Within a native it
 * is a nested call. */
bool tz_vm_run(tz_vm *vm, tz_function *f, const tz_word *args, int n, tz_word *result, tz_ref *exception);
