/* reduce.h: makes a program that shows a fault smaller while it still shows it (delta debugging, Zeller and
 * Hildebrandt, 2002): takes lines and blocks away, unwraps blocks, puts parts of expressions for the whole.
 * It knows brackets and words only, so it serves every language whose lines are statements; what no longer
 * compiles does not show the fault. */
#pragma once
#include <stdbool.h>

/* Whether a text still shows the fault. */
typedef bool reduce_test(void *context, const char *text);

/* A smaller text, to be freed, after at most so many seconds; `text` shows the fault. */
char *reduce(const char *text, reduce_test *shows, void *context, unsigned seconds);
