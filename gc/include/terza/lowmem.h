/* lowmem.h: an allocator of metadata below 4 GB, so that 32 bits name it: layouts, classes, shapes.
 *
 * One per virtual machine, freed as a whole or piecewise. Blocks are zeroed, 16-byte aligned, and never move.
 * Memory is got in growing chunks near the bottom of the address space. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct tz_lowmem tz_lowmem;

tz_lowmem *tz_lowmem_new(void);                                    /* NULL: no memory */
void tz_lowmem_free(tz_lowmem *low);                               /* with all its blocks */
void *tz_lowmem_alloc(tz_lowmem *low, size_t bytes);               /* NULL: no memory below 4 GB */
void tz_lowmem_release(tz_lowmem *low, void *block, size_t bytes); /* bytes as allocated; NULL is ignored */
size_t tz_lowmem_used(tz_lowmem *low);                             /* bytes in blocks */
