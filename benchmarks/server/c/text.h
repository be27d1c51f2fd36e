/* text.h: what the larger programs need for text: pieces of it, a growable buffer, a table of what is found
   by text.

   Memory: a piece owns nothing; a buffer owns its bytes; a table and its entries live in an arena, the text
   of the keys wherever it was. Running out of memory ends the process. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include "som.h"
#include <stdint.h>

typedef struct {
  const char *bytes;
  int length;
} piece;

piece piece_of(const char *text); /* up to its NUL */
piece piece_copy(piece p, arena *a);
bool piece_is(piece p, piece other); /* of the same bytes */
int piece_compare(piece p, piece other);
uint32_t piece_hash(piece p);

/* Begins as {0}; given back by free(bytes). */
typedef struct {
  char *bytes;
  int length, capacity;
} buffer;

void buffer_reserve(buffer *b, int more); /* makes room for so many bytes more */
void buffer_add(buffer *b, piece p);
void buffer_add_text(buffer *b, const char *text);
void buffer_add_int(buffer *b, int64_t value);

static inline void buffer_add_char(buffer *b, char c) {
  if (b->length == b->capacity) buffer_reserve(b, 1);
  b->bytes[b->length++] = c;
}

static inline piece buffer_piece(const buffer *b) { return (piece){b->bytes, b->length}; }

/* What stands in a table, in the order in which it was added. */
typedef struct table_entry table_entry;
struct table_entry {
  piece key;
  uint32_t hash;
  union {
    void *pointer;
    int64_t number;
  };
  table_entry *chain; /* in the bucket */
  table_entry *older, *newer;
};

/* Begins as {.memory = arena}. */
typedef struct {
  table_entry **buckets; /* a power of two of them, more than there are entries */
  int n_buckets, count;
  table_entry *oldest, *newest;
  arena *memory;
} table;

table_entry *table_find(const table *t, piece key); /* NULL if there is none */
table_entry *table_get(table *t, piece key);        /* added, with 0, if there is none */
void table_remove(table *t, piece key);             /* if it is there */

#endif
