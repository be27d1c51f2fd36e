/* try_module.h: one module through reader, verifier, linker and, bounded, one of the tiers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum try_result { TRY_UNREADABLE, TRY_REFUSED, TRY_UNLINKED, TRY_RUN } try_result;

/* bytes: 8-byte aligned. is_run: also link accepted modules into a fresh VM and run them within a step limit.
 */
try_result try_module(const uint8_t *bytes, size_t length, bool is_run);
