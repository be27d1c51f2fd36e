/* build_intrinsic.c: natives of the class library that are nodes: they look at strings, which never change.
 */
#include "builder.h"

static const struct intrinsic {
  const char *name;
  uint8_t node, n_strings; /* the first parameters; the others are ints, the result is one */
} intrinsics[] = {
    {"core.strHash", TZ_NODE_HASH_TEXT, 1},
    {"core.strCompare", TZ_NODE_COMPARE_TEXT, 2},
    {"core.strMatchesAt", TZ_NODE_MATCHES_TEXT, 2},
    {"core.strIndexOf", TZ_NODE_FIND_TEXT, 2},
};

static const struct intrinsic *find(const tz_function *f) {
  if (f->native == NULL || !(f->flags & TZ_FUNCTION_LEAF)) return NULL;
  for (size_t i = 0; i < sizeof intrinsics / sizeof *intrinsics; i++)
    if (strcmp(f->name, intrinsics[i].name) == 0) return &intrinsics[i];
  return NULL;
}

tz_node *tz_build_intrinsic(tz_builder *b, const tz_function *f, tz_node **args, uint32_t n) {
  const struct intrinsic *x = find(f);
  if (x == NULL) return NULL;
  for (uint32_t i = 0; i < x->n_strings; i++) tz_check_nonnull(b, args[i]);
  return tz_emit(b, x->node, TZ_TYPE_INT, n, args);
}
