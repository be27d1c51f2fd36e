/* asm.h: what the parts of the assembler share. Private. */
#pragma once
#include "terza/arena.h"
#include "terza/assembler.h"
#include "terza/decode.h"

typedef enum tz_token_kind {
  TOKEN_END,
  TOKEN_NAME,   /* plain name */
  TOKEN_STRING, /* quoted: text is unescaped */
  TOKEN_INT,
  TOKEN_FLOAT,
  TOKEN_MARK, /* one character of punctuation, in `mark` */
} tz_token_kind;

typedef struct tz_token {
  tz_token_kind kind;
  char mark;
  uint32_t line, column;
  tz_text text;
  tz_word value;
} tz_token;

typedef struct tz_token_list {
  tz_token *items;
  uint32_t n, capacity;
} tz_token_list;

/* Names to indexes. Two entities of one name make it ambiguous. */
typedef struct tz_name_entry {
  tz_text module, name;
  uint32_t index;
  bool is_ambiguous;
} tz_name_entry;
typedef struct tz_name_map {
  tz_name_entry *entries;
  uint32_t n, entries_capacity;
  uint32_t *slots; /* entry + 1 */
  uint32_t capacity;
} tz_name_map;

bool tz_name_map_put(tz_name_map *map, tz_text module, tz_text name, uint32_t index);
const tz_name_entry *tz_name_map_find(const tz_name_map *map, tz_text module, tz_text name); /* NULL: none */
tz_text tz_name_map_nearest(const tz_name_map *map, tz_text name); /* length 0: none is near */
void tz_name_map_fini(tz_name_map *map);
uint32_t tz_edit_distance(tz_text a, tz_text b, uint32_t limit); /* limit + 1 if beyond */

typedef struct tz_asm {
  tz_image *image;
  tz_arena *arena; /* tokens' texts, scratch */
  tz_asm_error *error;
  bool failed;
  tz_token_list tokens;
  uint32_t at; /* current token; the last one, END, once an error was found */
  tz_decode_table decode;
  tz_name_map classes, functions, globals, mnemonics;
  int depth; /* of nested types */
} tz_asm;

/* The first error counts; then the current token is END, so that loops finish. Returns false. */
bool tz_asm_fail(tz_asm *p, const tz_token *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tz_asm_hint(tz_asm *p, const tz_name_map *map, tz_text name); /* after a failure */
bool tz_asm_no_memory(tz_asm *p);
bool tz_asm_lex(tz_asm *p, const char *text, size_t length);

const tz_token *tz_asm_peek(tz_asm *p);
const tz_token *tz_asm_next(tz_asm *p);
bool tz_asm_is_mark(tz_asm *p, char mark);
bool tz_asm_is_word(tz_asm *p, const char *word);
bool tz_asm_accept_mark(tz_asm *p, char mark);
bool tz_asm_accept_word(tz_asm *p, const char *word);
bool tz_asm_expect_mark(tz_asm *p, char mark, const char *where);
bool tz_asm_name(tz_asm *p, tz_text *name, const char *what); /* plain or quoted */
bool tz_asm_number(tz_asm *p, int64_t *value, const char *what);
uint32_t tz_asm_type(tz_asm *p); /* TZ_NONE after a failure */
uint32_t tz_asm_signature(tz_asm *p);
uint32_t tz_asm_reference(tz_asm *p, const tz_name_map *map, const char *what); /* [module:]name or #index */
void tz_asm_function_body(tz_asm *p, tz_function_entry *f);                     /* from { to } */
