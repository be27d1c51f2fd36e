/* linking.h: what the linker builds linked modules from. A contract between runtime/ and loader/.
 *
 * None of these collects. NULL means out of memory (below 4 GB or at all). Classes, functions and types live as long as
 * the VM; text is copied into the VM's symbols. */
#pragma once
#include "terza/vm.h"

/* A class below `super` (NULL only for interfaces) with room for n_methods vtable entries. `fields` are the OWN fields
 * only; inherited ones are put before them. `methods` are the whole vtable (interfaces: their methods); vtable slots
 * start with the superclass's functions and NULL beyond: the linker fills them. Ancestors, layout (reference map), type
 * and the superclass's itables are set up. Not yet visible to subclass lists: tz_class_publish. */
tz_class *tz_class_new(tz_vm *vm, tz_module *module, const char *qualified_name, tz_class *super, uint32_t flags,
                       const tz_class_field *fields, uint32_t n_fields, const tz_class_method *methods,
                       uint32_t n_methods);
/* In two steps, for classes whose fields and methods name each other: allocate (the type exists at once), then complete.
 * tz_class_new is both. */
tz_class *tz_class_alloc(tz_vm *vm, tz_module *module, const char *qualified_name, uint32_t n_methods, uint32_t flags);
bool tz_class_complete(tz_class *cls, tz_class *super, const tz_class_field *fields, uint32_t n_fields,
                       const tz_class_method *methods);
/* Dynamic code cannot assign the field of this slot. False: out of memory. */
bool tz_class_fix(tz_class *cls, uint32_t slot);
static inline bool tz_class_is_fixed(const tz_class *cls, uint32_t slot) {
  return cls->fixed != NULL && cls->fixed[slot / 64] >> slot % 64 & 1;
}
/* Adds or replaces the itable of one interface; `methods` (in the interface's order) is copied. */
bool tz_class_add_itable(tz_class *cls, tz_class *interface, tz_function *const *methods);
/* Links the class under its superclass (class hierarchy analysis), registers its name. */
void tz_class_publish(tz_class *cls);
/* Gives back a class that was never published and has no instances. */
void tz_class_discard(tz_class *cls);

/* The machine's own class "Error", "Object", "String", ... of module tz by plain name, or NULL. */
tz_class *tz_class_machine(tz_vm *vm, const char *name);
/* Any published class by qualified name "module.Name", or NULL. */
tz_class *tz_class_by_name(tz_vm *vm, const char *qualified_name);
tz_type *tz_class_type(tz_class *cls);

/* A function below 4 GB, zeroed but for id, entry (the interpreter's; or the native entry when native is set),
 * n_params, signature and module. The linker fills the rest, then calls tz_function_finish, which computes frame_bytes
 * and ref_map from registers. */
tz_function *tz_function_alloc(tz_vm *vm, tz_module *module, const char *qualified_name, tz_sig *signature);
bool tz_function_finish(tz_vm *vm, tz_function *f); /* needs registers, n_registers, n_ref_locals */
/* To be called once f->code is complete: lets the interpreter run common sequences by one handler each. Changes opcode
 * bytes only; tz_insn_op still gives the plain opcodes. */
void tz_function_fuse(tz_function *f);
/* A complete function that runs a native. */
tz_function *tz_function_native(tz_vm *vm, tz_module *module, const char *qualified_name, tz_sig *signature,
                                tz_native_fn native);
void tz_function_make_leaf(tz_vm *vm, tz_function *f); /* f runs a leaf (native.h) */
void tz_function_discard(tz_vm *vm, tz_function *f);

/* Registered natives. The signature text is the one given at registration. NULL: not registered. */
const tz_native_def *tz_native_find(tz_vm *vm, const char *module, const char *name);
bool tz_native_is_leaf(const tz_vm *vm, const tz_native_def *def);
/* Parses "(string,[i64])%m:Class" in the VM's types; classes are looked up by name. NULL: *error has a message. */
tz_sig *tz_sig_parse(tz_vm *vm, const char *text, const char **error);
tz_type *tz_type_parse(tz_vm *vm, const char *text, const char **error);
/* The canonical text of a type or signature, as in the assembly. Returns the bytes written without the final NUL. */
size_t tz_type_text(const tz_type *type, char *to, size_t room);
size_t tz_sig_text(const tz_sig *sig, char *to, size_t room);

/* A permanent string (never moves, never dies): module constants. Equal texts give the same object. */
tz_string *tz_string_permanent(tz_vm *vm, const char *utf8, size_t bytes);

/* Links the finished module into vm->modules; its global storage becomes a root. */
void tz_module_publish(tz_vm *vm, tz_module *module);

/* Functions that dynamic code finds by name, number of parameters and receiver: the type of the first parameter. A later
 * one takes the place of an earlier one. False: out of memory. */
bool tz_vm_add_dynamic(tz_vm *vm, const char *name, tz_function *f);
/* For receivers of exactly this type. NULL: none. */
tz_function *tz_vm_find_dynamic(tz_vm *vm, const tz_type *receiver, const char *interned_name, uint32_t n_params);
