/* loader.h: bringing modules into a VM. Read docs/module-format.md, "Linking".
 *
 * Loading reads, verifies and links; it runs nothing: the caller runs module->init once, then module->main if
 * it wants. A module that is refused leaves the VM as it was. None of these collects. */
#pragma once
#include "terza/module.h"
#include "terza/vm.h"

typedef struct tz_load_error {
  bool is_refused; /* by reader or verifier: then `image` says where; otherwise linking failed */
  tz_image_error image;
  char message[512]; /* one line, always set */
} tz_load_error;

/* Takes bytes of a module file; copies them. Modules that it imports must be loaded, natives registered. The
 * module belongs to the VM. NULL: *error. */
tz_module *tz_module_load(tz_vm *vm, const uint8_t *bytes, size_t length, tz_load_error *error);

/* The same for a finished image, which the VM owns from then on; after a failure it is still the caller's. */
tz_module *tz_module_link(tz_vm *vm, tz_image *image, tz_load_error *error);

/* An exported or local function, class of a loaded module by its name in the module's table; NULL: there is
 * none. */
tz_function *tz_module_function(tz_module *module, const char *name);
tz_class *tz_module_class(tz_module *module, const char *name);
