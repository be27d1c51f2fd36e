/* machine.h: the classes of the machine's own module "tz", as declared to modules that import them. */
#pragma once
#include "terza/module.h"

typedef enum tz_machine_kind { TZ_MACHINE_OBJECT, TZ_MACHINE_ERROR, TZ_MACHINE_OTHER_ERROR } tz_machine_kind;

typedef struct tz_machine_class {
  const char *name, *super; /* super NULL: none */
  tz_machine_kind kind;
} tz_machine_class;

/* NULL: there is no such class. */
const tz_machine_class *tz_machine_class_find(tz_text name);

/* Whether an import of module "tz" declares what the machine has. Types, signatures and super are checked
 * indexes. */
bool tz_machine_class_matches(const tz_image *image, const tz_class_entry *entry);

static inline bool tz_is_machine_module(tz_text module) { return tz_text_equal(module, tz_text_of("tz")); }
