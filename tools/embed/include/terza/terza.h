/* terza.h: Terza in your program. A small C API that stays stable; docs/embedding.md has a guided tour.
 *
 * A terza_vm is one machine: heap, modules, processes. Several may live in one program and share nothing. A
 * machine is used by one thread at a time, save for terza_interrupt. Nothing here prints or exits: failures
 * come back in a terza_error, which the caller owns (terza_error_clear). Objects move in memory, so the host
 * holds them by handles. */
#ifndef TERZA_TERZA_H
#define TERZA_TERZA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct terza_vm terza_vm;
typedef struct terza_function terza_function; /* lives as long as its machine */
typedef struct terza_handle terza_handle;     /* a guest object held by the host */
typedef struct terza_call_frame terza_call_frame;

/* ---- errors ---- */

/* What went wrong, and where. Texts are never NULL after a failure. Start with {0}; one struct may be used
 * again and again. Every function that takes a terza_error accepts NULL. */
typedef struct terza_error {
  char *type; /* "BoundsError" and the like; "CompileError", "ModuleError", "HostError" for errors outside the
                 guest */
  char *message; /* without the type */
  char *trace;   /* guest errors: the lines "  at module.function (file:line)", innermost first, with causes;
                    else "" */
  char *file;    /* the place, or "" */
  uint32_t line, column; /* 0: unknown */
} terza_error;
void terza_error_clear(terza_error *error);

/* ---- machines ---- */

typedef struct terza_config {
  size_t size;           /* sizeof(terza_config), set by terza_config_init */
  uint64_t memory_limit; /* bytes of guest heap, stacks and counted native memory; 0: three quarters of the
                            machine */
  uint64_t step_limit; /* loop rounds and calls that one call from the host may make; beyond: StepLimitError;
                          0: none */
  const char *options; /* more settings, "name=value name=value" (see `terza help options`), or NULL */
  int n_arguments;     /* of the program: env.args(); must outlive the machine */
  const char *const *arguments;
  /* Takes what the guest prints, fd 1 or 2; NULL: to the process's own. */
  void (*write)(void *host, int fd, const char *bytes, size_t length);
  void *host; /* yours: passed to write and given by terza_host */
} terza_config;
void terza_config_init(terza_config *config);

terza_vm *terza_new(const terza_config *config, terza_error *error); /* config NULL: defaults. NULL: failed */
void terza_free(terza_vm *vm); /* ends its processes, runs finalizers; handles die with it. NULL allowed */
void *terza_host(terza_vm *vm);
/* From any thread: the run under way gets a CancelledError at its next loop round, call or wait. */
void terza_interrupt(terza_vm *vm);
/* For each call from now on; 0: none. */
void terza_set_step_limit(terza_vm *vm, uint64_t steps);
void terza_set_memory_limit(terza_vm *vm, uint64_t bytes); /* at most what the machine was made with */
uint64_t terza_memory_used(terza_vm *vm);                  /* bytes of heap and counted native memory */
void terza_collect(terza_vm *vm);                          /* a full garbage collection */

/* ---- loading: each also runs the module's initialisers ---- */

/* Compiles Rima source. `path` names the module (its last part without ".rima"), appears in messages, and is
 * where imports of other files start. */
bool terza_load_source(terza_vm *vm, const char *path, const char *text, size_t length, terza_error *error);
bool terza_load_file(terza_vm *vm, const char *path, terza_error *error); /* .rima or .tzm */
/* A compiled module (the bytes of a .tzm file), read, verified and linked; the bytes are copied. */
bool terza_load_module(terza_vm *vm, const void *bytes, size_t length, terza_error *error);

/* ---- values ---- */

typedef enum terza_kind {
  TERZA_NULL,
  TERZA_INT,
  TERZA_FLOAT,
  TERZA_BOOL,
  TERZA_STRING,
  TERZA_OBJECT,
} terza_kind;

/* A value at the border. As an argument it borrows its text or handle; as a result it owns them
 * (terza_value_clear). Functions without result give TERZA_NULL. A declared bool arrives as TERZA_INT 0 or 1:
 * the machine keeps bools as ints; within a dyn it is a TERZA_BOOL. */
typedef struct terza_value {
  terza_kind kind;
  union {
    int64_t i;
    double f;
    bool b;
    struct {
      const char *text; /* UTF-8; NUL-terminated in results */
      size_t length;
    } s;
    terza_handle *object;
  };
} terza_value;
void terza_value_clear(terza_value *value);

static inline terza_value terza_null(void) {
  terza_value v = {TERZA_NULL, {0}};
  return v;
}
static inline terza_value terza_int(int64_t i) {
  terza_value v = {TERZA_INT, {0}};
  v.i = i;
  return v;
}
static inline terza_value terza_float(double f) {
  terza_value v = {TERZA_FLOAT, {0}};
  v.f = f;
  return v;
}
static inline terza_value terza_bool(bool b) {
  terza_value v = {TERZA_BOOL, {0}};
  v.b = b;
  return v;
}
static inline terza_value terza_object(terza_handle *h) {
  terza_value v = {TERZA_OBJECT, {0}};
  v.object = h;
  return v;
}
static inline terza_value terza_string(const char *text, size_t length) {
  terza_value v = {TERZA_STRING, {0}};
  v.s.text = text;
  v.s.length = length;
  return v;
}

/* Handles keep their object alive until released. */
terza_handle *
terza_handle_copy(terza_handle *handle);         /* another handle of the same object; NULL: out of memory */
void terza_handle_release(terza_handle *handle); /* NULL allowed */
const char *terza_handle_class(terza_handle *handle); /* "module.Class"; lives as long as the machine */
bool terza_handle_same(terza_handle *a, terza_handle *b);
/* Any value as the guest's str() shows it (may run guest code). *text is the caller's, to be freed with
 * free(). */
bool terza_to_text(terza_vm *vm, terza_value value, char **text, size_t *length, terza_error *error);

/* ---- calling the guest ---- */

/* A function by its qualified name, "module.function" or "module.Class.method" (the receiver is then the
 * first argument). NULL: there is none. */
terza_function *terza_find(terza_vm *vm, const char *name);
const char *terza_function_signature(terza_vm *vm, terza_function *function, char *to,
                                     size_t room); /* "(i64,string)f64" */
/* Checks the arguments against the function's parameters, runs it to its end (other processes of the guest
 * run meanwhile) and converts the result. *result may be NULL. False: *error tells; an error of the guest has
 * its class's name as type. An int is accepted for a float, everything for a dyn. May be called from within a
 * native. */
bool terza_call(terza_vm *vm, terza_function *function, const terza_value *arguments, size_t n,
                terza_value *result, terza_error *error);
/* terza_find and terza_call in one. */
bool terza_call_name(terza_vm *vm, const char *name, const terza_value *arguments, size_t n,
                     terza_value *result, terza_error *error);

/* ---- natives: functions of the host that the guest calls ---- */

/* Declared in Rima as `native fun name(x: int): str` in the module of that name. False: an error was raised
 * with terza_raise, which returns false for `return terza_raise(...)`. A native runs on the machine's thread
 * and must not block for long. */
typedef bool (*terza_native)(terza_call_frame *call, void *data);
/* Before modules that use it are loaded. signature: "(i64,f64,string)string"; types as in assembly: i64 (also
 * bool), f64, string, any, object, void, [u8] ... */
bool terza_register(terza_vm *vm, const char *qualified_name, const char *signature, terza_native native,
                    void *data, terza_error *error);

terza_vm *terza_frame_vm(terza_call_frame *call);
size_t terza_count(terza_call_frame *call);
int64_t terza_arg_int(terza_call_frame *call, size_t i); /* the parameter must be declared so: int or bool */
double terza_arg_float(terza_call_frame *call, size_t i);
/* The bytes lie in the guest's heap: good until the next call of this API. NULL if the string is null. */
const char *terza_arg_string(terza_call_frame *call, size_t i, size_t *length);
/* Any argument; the value owns its text or handle. False: out of memory, an error is raised. */
bool terza_arg(terza_call_frame *call, size_t i, terza_value *value);

/* Sets the result; return its value from the native. Without one the result is 0 or null. */
bool terza_return(terza_call_frame *call, terza_value value);
/* Raises an error of a class of the machine ("ArgumentError", "IoError", ...) or of a loaded module
 * ("module.Class"); always false. */
bool terza_raise(terza_call_frame *call, const char *type, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif
#endif
