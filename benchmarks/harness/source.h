/* source.h: writes a large program in Rima, of the kind that people write, to measure the compiler with. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Fills a directory with main.rima and as many modules of about 500 lines as make `lines` lines together; the
 * same for the same seed. Everything in it is reachable from main. Returns the number of lines written, -1 if
 * that failed. */
int64_t source_write(const char *directory, int64_t lines, uint64_t seed);
