/* format.h: the canonical layout of Rima source.
 *
 * Keeps the author's line breaks, comments and single blank lines; sets indentation (two blanks), blanks
 * between tokens, and breaks lines beyond 110 columns at their brackets. Invariants: the tokens stay the same
 * but for `;` at line ends, and formatting what was formatted changes nothing. */
#pragma once
#include "diagnostics.h"

#define RIMA_FORMAT_COLUMNS 110

/* The formatted text, NUL-terminated in the session's arena; NULL, with errors in the sink, if the source has
 * any. */
const char *rima_format(rima_session *session, rima_source *source, rima_diagnostics *sink, size_t *length);
