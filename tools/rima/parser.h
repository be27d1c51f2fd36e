/* parser.h: a source becomes a tree.
 *
 * Never fails as a whole: errors go to the sink, the tree says has_errors. Any bytes are accepted. The tree
 * and the names live in the session. Reference: docs/language.md. */
#pragma once
#include "ast.h"
#include "diagnostics.h"

/* How deep expressions, types, patterns and blocks may nest. */
#define RIMA_MAX_NESTING 500

/* Never NULL. Leaves through the arena's on_exhausted, as every allocation does. */
rima_module *rima_parse(rima_session *session, rima_source *source, rima_diagnostics *sink);
