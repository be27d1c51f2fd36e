/* verify_tables.c: module, types, signatures, globals and the heads of functions. See verifier.h. */
#include "verifier.h"
#include <stdlib.h>

#define FAIL(v, section, offset, ...) tz_error_set((v)->error, TZ_SECTION_##section, (offset), __VA_ARGS__)

static bool is_machine(tz_text module) { return tz_text_equal(module, tz_text_of("tz")); }

static bool verify_module(tz_verifier *v) {
  const tz_image *m = v->image;
  if (m->name.length == 0) return FAIL(v, MODULE, 0, "module.name", "the module has no name");
  if (is_machine(m->name))
    return FAIL(v, MODULE, 0, "module.name", "only the machine's own module is named tz");
  if (m->flags & ~(uint32_t)TZ_IMAGE_QUALIFIED)
    return FAIL(v, MODULE, 4, "flags", "unknown flags 0x%x", m->flags);
  return true;
}

/* --- types and signatures --- */

static bool is_value_rep(char rep) { return rep == 'I' || rep == 'F' || rep == 'R' || rep == 'Y'; }

/* highest[i]: the greatest type index in signature i, so that a func type is known to come after its parts.
 */
static bool verify_signature(tz_verifier *v, uint32_t i, uint32_t *highest) {
  const tz_image *m = v->image;
  const tz_signature *s = &m->signatures[i];
  uint64_t offset = (uint64_t)i * 8;
  if (s->n_params > TZ_LIMIT_PARAMS)
    return FAIL(v, SIGNATURES, offset + 4, "signature", "%u parameters; at most %d", s->n_params,
                TZ_LIMIT_PARAMS);
  if (s->result >= m->n_types)
    return FAIL(v, SIGNATURES, offset, "index", "type %u of %u", s->result, m->n_types);
  if (tz_type_rep(v, s->result) == 'E')
    return FAIL(v, SIGNATURES, offset, "signature", "the result's type is only for array elements");
  *highest = s->result;
  for (uint32_t j = 0; j < s->n_params; j++) {
    uint32_t type = s->params[j];
    if (type >= m->n_types) return FAIL(v, SIGNATURES, offset, "index", "type %u of %u", type, m->n_types);
    if (!is_value_rep(tz_type_rep(v, type)))
      return FAIL(v, SIGNATURES, offset, "signature", "parameter %u is of no value type", j);
    if (type > *highest) *highest = type;
  }
  return true;
}

static bool verify_type(tz_verifier *v, uint32_t i, const uint32_t *highest) {
  const tz_image *m = v->image;
  tz_type_entry t = m->types[i];
  uint64_t offset = (uint64_t)i * 8;
  uint32_t limit = t.kind == TZ_KIND_CLASS ? m->n_classes : t.kind == TZ_KIND_FUNC ? m->n_signatures : i;
  switch (t.kind) {
  case TZ_KIND_CLASS:
  case TZ_KIND_FUNC:
  case TZ_KIND_ARRAY:
  case TZ_KIND_CHAN:
    if (t.of >= limit)
      return FAIL(v, TYPES, offset + 4, "index", "index %u; there are %u before it", t.of, limit);
    break;
  default:
    if (t.of != TZ_NONE) return FAIL(v, TYPES, offset + 4, "type", "this kind of type is made of nothing");
    return true;
  }
  if (t.kind == TZ_KIND_FUNC && highest[t.of] >= i)
    return FAIL(v, TYPES, offset + 4, "type", "a func type precedes the types it is made of");
  if (t.kind == TZ_KIND_ARRAY && tz_type_rep(v, t.of) == 'N')
    return FAIL(v, TYPES, offset + 4, "type", "an array of void");
  if (t.kind == TZ_KIND_CHAN && !is_value_rep(tz_type_rep(v, t.of)))
    return FAIL(v, TYPES, offset + 4, "type", "a channel of no value type");
  return true;
}

static bool verify_types(tz_verifier *v) {
  const tz_image *m = v->image;
  uint32_t *highest = calloc((size_t)m->n_signatures + 1, sizeof *highest);
  bool is_fine = highest != NULL || tz_error_set(v->error, -1, 0, "memory", "out of memory");
  for (uint32_t i = 0; is_fine && i < m->n_types; i++)
    is_fine = (uint32_t)m->types[i].kind < TZ_KIND_COUNT ||
              FAIL(v, TYPES, (uint64_t)i * 8, "kind", "kind %u", (unsigned)m->types[i].kind);
  for (uint32_t i = 0; is_fine && i < m->n_signatures; i++) is_fine = verify_signature(v, i, &highest[i]);
  for (uint32_t i = 0; is_fine && i < m->n_types; i++) is_fine = verify_type(v, i, highest);
  free(highest);
  return is_fine;
}

/* --- globals, constants --- */

static bool verify_global(tz_verifier *v, uint32_t i) {
  const tz_image *m = v->image;
  const tz_global_entry *g = &m->globals[i];
  uint64_t offset = (uint64_t)i * sizeof(tz_file_global);
  if (g->type >= m->n_types)
    return FAIL(v, GLOBALS, offset + 12, "index", "type %u of %u", g->type, m->n_types);
  if (!is_value_rep(tz_type_rep(v, g->type)))
    return FAIL(v, GLOBALS, offset + 12, "global", "of no value type");
  if (g->flags & ~(uint32_t)TZ_GLOBAL_EXPORT)
    return FAIL(v, GLOBALS, offset + 8, "flags", "unknown flags 0x%x", g->flags);
  if ((g->module.length != 0) != (i < m->n_imported_globals))
    return FAIL(v, GLOBALS, offset + 4, "import", "imports come first, and only they name a module");
  return true;
}

static bool verify_constant(tz_verifier *v, uint32_t i) {
  tz_kind kind = v->image->constants[i].kind;
  if (kind == TZ_KIND_I64 || kind == TZ_KIND_F64 || kind == TZ_KIND_STRING) return true;
  return FAIL(v, CONSTANTS, (uint64_t)i * sizeof(tz_file_constant), "kind", "a constant of kind %u",
              (unsigned)kind);
}

/* --- heads of functions --- */

static bool verify_import(tz_verifier *v, uint32_t i) {
  const tz_function_entry *f = &v->image->functions[i];
  if (f->n_registers | f->n_ref_locals | f->n_words | f->n_sites | f->n_handlers | f->n_lines | f->n_locals)
    return tz_fail_function(v, i, "import", "an import or native has registers or code");
  if (f->source != TZ_NONE) return tz_fail_function(v, i, "import", "an import or native has a source");
  return true;
}

static bool verify_register(tz_verifier *v, uint32_t i, uint32_t r) {
  const tz_image *m = v->image;
  const tz_function_entry *f = &m->functions[i];
  const tz_signature *s = &m->signatures[f->signature];
  uint32_t type = f->registers[r];
  if (type >= m->n_types)
    return tz_fail_function(v, i, "index", "register %u: type %u of %u", r, type, m->n_types);
  if (r < s->n_params)
    return type == s->params[r] ||
           tz_fail_function(v, i, "registers", "register %u is not of its parameter's type", r);
  if (r < s->n_params + f->n_ref_locals)
    return tz_type_is_traced(v, type) ||
           tz_fail_function(v, i, "registers", "register %u is among the references but is none", r);
  return tz_type_is_number(v, type) ||
         tz_fail_function(v, i, "registers", "register %u is among the numbers but is none", r);
}

static bool verify_registers(tz_verifier *v, uint32_t i) {
  const tz_function_entry *f = &v->image->functions[i];
  uint32_t n_params = v->image->signatures[f->signature].n_params;
  if (f->n_registers > TZ_LIMIT_REGISTERS)
    return tz_fail_function(v, i, "registers", "%u registers; at most %d", f->n_registers,
                            TZ_LIMIT_REGISTERS);
  if (f->n_registers < n_params || f->n_ref_locals > f->n_registers - n_params)
    return tz_fail_function(v, i, "registers", "%u registers hold not %u parameters and %u references",
                            f->n_registers, n_params, f->n_ref_locals);
  for (uint32_t r = 0; r < f->n_registers; r++)
    if (!verify_register(v, i, r)) return false;
  return true;
}

static bool verify_head(tz_verifier *v, uint32_t i) {
  const tz_image *m = v->image;
  const tz_function_entry *f = &m->functions[i];
  uint32_t known = TZ_FUNCTION_EXPORT | TZ_FUNCTION_NATIVE | TZ_FUNCTION_SHARED | TZ_FUNCTION_DYNAMIC;
  bool is_import = i < m->n_imported_functions;
  if (f->flags & ~known) return tz_fail_function(v, i, "flags", "unknown flags 0x%x", f->flags);
  if (f->name.length == 0) return tz_fail_function(v, i, "name", "a function without a name");
  if (f->flags & TZ_FUNCTION_DYNAMIC && is_import)
    return tz_fail_function(v, i, "flags",
                            "only the module that has a function makes it known to dynamic code");
  if ((f->module.length != 0) != is_import || (f->flags & TZ_FUNCTION_NATIVE && !is_import))
    return tz_fail_function(v, i, "import", "imports and natives come first, and only they name a module");
  if (f->signature >= m->n_signatures)
    return tz_fail_function(v, i, "index", "signature %u of %u", f->signature, m->n_signatures);
  if (is_import) return verify_import(v, i);
  if (f->source != TZ_NONE && f->source >= m->n_sources)
    return tz_fail_function(v, i, "index", "source %u of %u", f->source, m->n_sources);
  if (f->n_sites > TZ_LIMIT_SITES)
    return tz_fail_function(v, i, "sites", "%u sites; at most %d", f->n_sites, TZ_LIMIT_SITES);
  return verify_registers(v, i);
}

/* --- entry points --- */

static bool is_main_signature(const tz_verifier *v, const tz_signature *s) {
  tz_kind result = tz_type_kind(v, s->result);
  if (result != TZ_KIND_VOID && result != TZ_KIND_I64) return false;
  if (s->n_params == 0) return true;
  tz_type_entry t = v->image->types[s->params[0]];
  return s->n_params == 1 && t.kind == TZ_KIND_ARRAY && tz_type_kind(v, t.of) == TZ_KIND_STRING;
}

static bool verify_entry_points(tz_verifier *v) {
  const tz_image *m = v->image;
  if (m->init != TZ_NONE) {
    if (m->init >= m->n_functions)
      return FAIL(v, MODULE, 8, "index", "function %u of %u", m->init, m->n_functions);
    const tz_signature *s = &m->signatures[m->functions[m->init].signature];
    if (s->n_params != 0 || tz_type_kind(v, s->result) != TZ_KIND_VOID || m->init < m->n_imported_functions)
      return FAIL(v, MODULE, 8, "module.init", "init must be a local function ()void");
  }
  if (m->main == TZ_NONE) return true;
  if (m->main >= m->n_functions)
    return FAIL(v, MODULE, 12, "index", "function %u of %u", m->main, m->n_functions);
  if (m->main < m->n_imported_functions ||
      !is_main_signature(v, &m->signatures[m->functions[m->main].signature]))
    return FAIL(v, MODULE, 12, "module.main",
                "main must be a local function of () or ([string]), giving void or i64");
  return true;
}

bool tz_verify_tables(tz_verifier *v) {
  const tz_image *m = v->image;
  if (!verify_module(v) || !verify_types(v)) return false;
  for (uint32_t i = 0; i < m->n_constants; i++)
    if (!verify_constant(v, i)) return false;
  for (uint32_t i = 0; i < m->n_globals; i++)
    if (!verify_global(v, i)) return false;
  for (uint32_t i = 0; i < m->n_functions; i++)
    if (!verify_head(v, i)) return false;
  return verify_entry_points(v);
}
