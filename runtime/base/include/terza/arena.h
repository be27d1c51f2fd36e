/* arena.h: memory that is freed all at once. One arena per load or per compile; not thread-safe.
 * Allocation failure returns NULL; alignment is 16 bytes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct tz_arena tz_arena;
tz_arena *tz_arena_new(void);
void tz_arena_free(tz_arena *arena); /* NULL allowed */
void *tz_arena_alloc(tz_arena *arena, size_t bytes); /* zeroed */
void *tz_arena_copy(tz_arena *arena, const void *from, size_t bytes);
size_t tz_arena_bytes(const tz_arena *arena);
