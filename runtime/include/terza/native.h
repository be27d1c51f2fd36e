/* native.h: how the class library and embedders write functions in C.
 *
 *   static bool text_upper(tz_thread *th, tz_word *args) { ... args[0] = result; return true; }
 *
 * args are the parameters in the native's own VM frame: references there are roots and are updated when the collector
 * moves objects, so read them again after any call that may collect. The result goes to args[0]. Returning false means
 * that an exception is pending (raised by one of the functions below). A native runs on the worker: it must not block;
 * blocking work goes through tz_native_block. int and bool are .i, float .f, references and any .u. */
#pragma once
#include "terza/object.h"

typedef struct tz_native_def {
  const char *name; /* "function" or "Class.method"; the module's name is given at registration */
  const char *signature; /* "(string,i64)string", types as in assembly; checked when a module imports it */
  bool (*function)(tz_thread *th, tz_word *args);
} tz_native_def;

/* Registers natives under a module name, before modules that import them are loaded. False: out of memory. */
bool tz_natives_register(tz_vm *vm, const char *module, const tz_native_def *defs, size_t n);
/* The same for leaves: natives that neither wait (tz_native_sleep, tz_native_block) nor call guest code (tz_native_call,
 * tz_any_to_string, tz_any_equal, tz_any_hash). They may collect and raise. Optimized code calls them without a frame, and, when
 * their parameters are numbers and strings alone, relies on it that they read and change nothing that the guest can change. */
bool tz_natives_register_leaves(tz_vm *vm, const char *module, const tz_native_def *defs, size_t n);

tz_vm *tz_thread_vm(tz_thread *th);

/* Strings. The maker may collect; NULL return means that OutOfMemoryError is pending. */
tz_string *tz_string_new(tz_thread *th, const char *utf8, size_t bytes);  /* bytes must be valid UTF-8 */
tz_string *tz_string_alloc(tz_thread *th, size_t bytes);                   /* contents zero, to be filled at once */
static inline tz_string *tz_arg_string(const tz_word *args, int i) { return (tz_string *)args[i].p; }
static inline const char *tz_string_bytes(const tz_string *s) { return (const char *)s->u8; }
uint32_t tz_string_hash(tz_string *s);
bool tz_string_equal(const tz_string *a, const tz_string *b);
/* Of strings that are not null. */
int tz_string_compare(const tz_string *a, const tz_string *b); /* by bytes: <0, 0, >0 */
bool tz_string_matches(const tz_string *s, const tz_string *part, int64_t at); /* part stands in s at this byte */
int64_t tz_string_find(const tz_string *s, const tz_string *part, int64_t start); /* where, from there on; -1: nowhere */

/* Arrays: kind is the element kind (U8, I16, I32, F32, I64, F64, ANY); references by class. May collect. */
tz_array *tz_array_new(tz_thread *th, tz_kind element, int64_t length);
tz_array *tz_array_new_of(tz_thread *th, tz_type *array_type, int64_t length);
void tz_array_store_ref(tz_thread *th, tz_array *a, int64_t index, void *value); /* with write barrier */
void tz_object_store(tz_thread *th, void *object, uint32_t slot, tz_word value); /* reference or any field, barrier */

/* Raise: always return false, for `return tz_raise(...)`. kind is an entry of errors.def. May collect. */
typedef enum tz_error_kind {
#define TZ_ERROR(NAME, name, super, message) TZ_ERROR_##NAME,
#include "terza/spec/errors.def"
#undef TZ_ERROR
  TZ_ERROR_COUNT
} tz_error_kind;
bool tz_raise(tz_thread *th, tz_error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool tz_raise_class(tz_thread *th, const char *qualified_class, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Native payloads: an object of a native class holds `bytes` of C memory after its header, not scanned; finalize runs
 * once after it became unreachable. Files, regexes, builders with C buffers use this. */
tz_class *tz_native_class(tz_vm *vm, const char *qualified_name, uint32_t bytes, void (*finalize)(tz_vm *, void *payload));
void *tz_native_object(tz_thread *th, tz_class *cls); /* may collect; the payload is zero */
static inline void *tz_payload(void *object) { return (char *)object + sizeof(tz_header); }

/* Scoped roots for C locals: push returns a slot that the collector keeps up to date; pop n when done. */
tz_word *tz_root_push(tz_thread *th, void *object); /* NULL: OutOfMemoryError pending */
void tz_root_pop(tz_thread *th, int n);

/* Calls a guest function with already converted arguments; nested, so it must not wait on a channel (StateError).
 * May collect. False: exception pending. */
bool tz_native_call(tz_thread *th, tz_function *f, const tz_word *args, int n, tz_word *result);
bool tz_native_call_closure(tz_thread *th, void *closure, const tz_word *args, int n, tz_word *result);

/* Runs `work` on a helper thread while the process waits and others run; then `finish` on the worker sets the result.
 * Call as `return tz_native_block(...)`; work must not touch the heap; state is the caller's, freed by finish. */
bool tz_native_block(tz_thread *th, void (*work)(void *state), bool (*finish)(tz_thread *th, tz_word *args, void *state),
                     void *state);

/* Prints any value as Rima's str() does; may call guest code (toString) and collect. NULL: exception pending. */
tz_string *tz_any_to_string(tz_thread *th, uint64_t any);

/* Waits without holding up the worker: `return tz_native_sleep(th, milliseconds)`; other processes run meanwhile. */
bool tz_native_sleep(tz_thread *th, int64_t milliseconds);

/* Text of numbers, as everywhere in the machine: shortest that reads back; "1.0", "1.5e300", "nan", "inf". Both return
 * the length. */
int tz_float_format(char to[32], double x);
int tz_int_format(char to[32], int64_t x);

/* Member names of a dynamic object, in order, as an array of strings; empty for other values.
 * May collect. NULL: exception pending. */
tz_array *tz_dyn_keys(tz_thread *th, uint64_t any);

/* An int as a dynamic value: boxed if it needs more than 51 bits. May collect. False: exception pending. */
bool tz_any_box_int(tz_thread *th, int64_t value, uint64_t *any);

bool tz_utf8_is_valid(const char *text, size_t bytes);

/* Rima's == and hash() of any two values; may call guest code (equals, hash) and collect. False: exception pending. */
bool tz_any_equal(tz_thread *th, uint64_t a, uint64_t b, bool *equal);
bool tz_any_hash(tz_thread *th, uint64_t any, int64_t *hash);
/* Of a closure, the closure itself not counted; -1 for any other value. */
int tz_any_parameter_count(uint64_t any);

/* The guest's output on fd 1 or 2: to the embedder's hook, or the process's descriptor through a buffer of the VM that
 * tz_vm_flush empties (so do the end of a run and fd 2's writes). Flushing tells whether every write so far succeeded;
 * tz_vm_output_error gives the errno of the first that did not, or 0. */
void tz_vm_write(tz_vm *vm, int fd, const char *bytes, size_t n);
bool tz_vm_flush(tz_vm *vm);
int tz_vm_output_error(const tz_vm *vm);
