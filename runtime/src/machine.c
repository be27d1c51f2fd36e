/* machine.c: the built-in module "tz": Object, String, the errors, Process, and their natives. */
#include "class.h"
#include "error.h"
#include "internals.h"
#include "process.h"
#include "value.h"
#include <stdlib.h>

/* ---- Object ---- */

static bool null_receiver(tz_thread *th) { return tz_raise(th, TZ_ERROR_NULL_REF, "null has no members"); }

static bool object_to_string(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return null_receiver(th);
  tz_string *s = tz_machine_to_string(th, args[0].p);
  if (s != NULL) args[0].p = s;
  return s != NULL;
}

static bool object_equals(tz_thread *th, tz_word *args) {
  bool equal;
  if (args[0].p == NULL) return null_receiver(th);
  if (!tz_machine_equals(th, args[0].p, args[1].p, &equal)) return false;
  args[0].i = equal;
  return true;
}

static bool object_hash(tz_thread *th, tz_word *args) {
  int64_t hash;
  if (args[0].p == NULL) return null_receiver(th);
  if (!tz_machine_hash(th, args[0].p, &hash)) return false;
  args[0].i = hash;
  return true;
}

/* ---- Error ---- */

static bool error_trace(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return null_receiver(th);
  char *text = tz_error_trace_text(th->vm, args[0].p);
  if (text == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a stack trace");
  tz_string *s = tz_string_new(th, text, strlen(text));
  free(text);
  if (s != NULL) args[0].p = s;
  return s != NULL;
}

static bool error_report(tz_thread *th, tz_word *args) {
  if (args[0].p == NULL) return null_receiver(th);
  char *text = tz_error_text(th->vm, args[0].p);
  if (text == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a stack trace");
  tz_string *s = tz_string_new(th, text, strlen(text));
  free(text);
  if (s != NULL) args[0].p = s;
  return s != NULL;
}

static const tz_native_def object_natives[] = {
    {"Object.toString", "(object)string", object_to_string},
    {"Object.equals", "(object,object)bool", object_equals},
    {"Object.hash", "(object)i64", object_hash},
};

static const tz_native_def error_natives[] = {
    {"Error.trace", "(%tz:Error)string", error_trace},   /* the lines "  at ..." */
    {"Error.report", "(%tz:Error)string", error_report}, /* message, trace and causes */
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- setting up ---- */

static bool object_class_init(tz_vm *vm) {
  static const char *const names[] = {"toString", "equals", "hash"};
  tz_class_method methods[3];
  tz_function *functions[3];
  for (int i = 0; i < 3; i++) {
    const char *error;
    tz_sig *full = tz_sig_parse(vm, object_natives[i].signature, &error);
    tz_sig *bound = full ? tz_sig_intern(vm, full->result, full->params + 1, full->n_params - 1) : NULL;
    if (bound == NULL) return false;
    methods[i] = (tz_class_method){tz_symbol_c(vm, names[i]), bound};
    functions[i] = tz_function_native(vm, NULL, tz_symbol_join(vm, "tz", ".", object_natives[i].name), full,
                                      object_natives[i].function);
    if (functions[i] == NULL) return false;
  }
  vm->object_class = tz_class_new(vm, NULL, "tz.Object", NULL, 0, NULL, 0, methods, 3);
  if (vm->object_class == NULL) return false;
  memcpy(vm->object_class->vtable, functions, sizeof functions);
  tz_type_simple(vm, TZ_KIND_OBJECT)->class_ = vm->object_class;
  tz_class_publish(vm->object_class);
  return true;
}

static tz_class *machine_class(tz_vm *vm, const char *name, tz_class *super, uint32_t flags,
                               const tz_class_field *fields, uint32_t n_fields) {
  tz_class *cls =
      tz_class_new(vm, NULL, name, super, flags, fields, n_fields, super->methods, super->n_methods);
  if (cls != NULL) tz_class_publish(cls);
  return cls;
}

static bool error_classes_init(tz_vm *vm) {
  static const struct {
    const char *name;
    int super;
  } errors[] = {
#define OBJECT (-1)
#define ERROR TZ_ERROR_ERROR
#define TZ_ERROR(NAME, name, super, message) [TZ_ERROR_##NAME] = {"tz." name, super},
#include "terza/spec/errors.def"
#undef TZ_ERROR
#undef ERROR
#undef OBJECT
  };
  tz_class *root = tz_class_alloc(vm, NULL, errors[0].name, vm->object_class->n_methods, 0);
  if (root == NULL) return false;
  tz_class_field fields[3] = {{tz_symbol_c(vm, "message"), tz_type_simple(vm, TZ_KIND_STRING)},
                              {tz_symbol_c(vm, "cause"), root->type},
                              {tz_symbol_c(vm, "trace"), tz_type_simple(vm, TZ_KIND_OBJECT)}};
  if (!tz_class_complete(root, vm->object_class, fields, 3, vm->object_class->methods)) return false;
  tz_class_publish(root);
  vm->error_classes[0] = root;
  for (int i = 1; i < TZ_ERROR_COUNT; i++) {
    vm->error_classes[i] = machine_class(vm, errors[i].name, vm->error_classes[errors[i].super], 0, NULL, 0);
    if (vm->error_classes[i] == NULL) return false;
  }
  return true;
}

static bool out_of_memory_init(tz_vm *vm) {
  tz_class *cls = vm->error_classes[TZ_ERROR_OUT_OF_MEMORY];
  tz_object *error = tz_gc_alloc_permanent(vm->heap, &cls->layout, tz_layout_bytes(&cls->layout, 0));
  static const char message[] = "the memory limit is reached";
  tz_string *text = tz_string_permanent(vm, message, sizeof message - 1);
  if (error == NULL || text == NULL) return false;
  tz_object_fields(error)[TZ_ERROR_MESSAGE].p = text;
  vm->out_of_memory = tz_handle_new(vm->heap, (tz_word){.p = error});
  return vm->out_of_memory.slot != NULL;
}

static bool other_classes_init(tz_vm *vm) {
  tz_type *i64 = tz_type_simple(vm, TZ_KIND_I64);
  enum { CLOSED = TZ_CLASS_FINAL | TZ_CLASS_ABSTRACT }; /* guests neither extend nor instantiate them */
  tz_class_field value = {tz_symbol_c(vm, "value"), i64};
  tz_class_field process[] = {[TZ_PROCESS_HANDLE] = {tz_symbol_c(vm, "handle"), i64},
                              [TZ_PROCESS_ERROR] = {tz_symbol_c(vm, "error"), vm->error_classes[0]->type},
                              [TZ_PROCESS_ID] = {tz_symbol_c(vm, "id"), i64}};
  vm->int_box_class = machine_class(vm, "tz.IntBox", vm->object_class, CLOSED, &value, 1);
  vm->process_class = machine_class(vm, "tz.Process", vm->object_class, CLOSED, process, 3);
  vm->dyn_class = machine_class(vm, "tz.DynObject", vm->object_class, TZ_CLASS_ABSTRACT, NULL, 0);
  if (vm->int_box_class == NULL || vm->process_class == NULL || vm->dyn_class == NULL) return false;
  tz_type_simple(vm, TZ_KIND_PROCESS)->class_ = vm->process_class;
  vm->process_class->type = tz_type_simple(vm, TZ_KIND_PROCESS);
  const tz_type *array = tz_type_array(vm, tz_type_simple(vm, TZ_KIND_ANY));
  vm->any_array_class = array != NULL ? array->class_ : NULL;
  return vm->any_array_class != NULL;
}

static bool string_class_init(tz_vm *vm) {
  vm->string_class =
      machine_class(vm, "tz.String", vm->object_class, TZ_CLASS_FINAL | TZ_CLASS_ABSTRACT, NULL, 0);
  if (vm->string_class == NULL) return false;
  vm->string_class->layout = (tz_layout){.kind = TZ_LAYOUT_BYTES, .size = 16};
  vm->string_class->type = tz_type_simple(vm, TZ_KIND_STRING);
  vm->string_class->type->class_ = vm->string_class;
  return true;
}

bool tz_machine_init(tz_vm *vm) {
  return object_class_init(vm) && string_class_init(vm) && error_classes_init(vm) && out_of_memory_init(vm) &&
         other_classes_init(vm) && tz_shapes_init(vm) &&
         tz_natives_register(vm, "tz", object_natives, COUNT(object_natives)) &&
         tz_natives_register(vm, "tz", error_natives, COUNT(error_natives)) &&
         tz_process_natives_register(vm);
}
