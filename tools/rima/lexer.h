/* lexer.h: a source becomes an array of tokens.
 *
 * Comments and blanks are not tokens; they are the gaps between a token's end and the next one's start.
 * Brackets know their partners, so the parser looks ahead without scanning and recovers by jumping. The
 * newline rule is split: the lexer marks a token that follows a newline not directly inside ( ), [ ] or ${ };
 * the parser decides whether an expression goes on. Invariant: spans are increasing and disjoint, and the
 * last token is END. */
#pragma once
#include "diagnostics.h"

typedef enum rima_token_kind {
#define RIMA_TOKEN(name, text) RIMA_TOK_##name,
#include "tokens.def"
  RIMA_TOKEN_KINDS
} rima_token_kind;

#define RIMA_FIRST_KEYWORD RIMA_TOK_LET

enum {
  RIMA_TOKEN_NEWLINE = 1, /* a newline that may end a statement stands before it */
  RIMA_TOKEN_DOC = 2,     /* a doc comment stands before it */
  RIMA_TOKEN_ESCAPES = 4, /* strings: contains backslashes */
  RIMA_TOKEN_RAW = 8,     /* strings: r"…" */
  RIMA_TOKEN_LINES = 16,  /* strings: """ */
  RIMA_TOKEN_SPACE = 32,  /* blank or comment before it */
};

#define RIMA_NO_MATCH UINT32_MAX

typedef struct rima_token {
  uint8_t kind; /* rima_token_kind */
  uint8_t flags;
  uint32_t start, end;
  uint32_t match; /* brackets: the partner's index; string pieces: the next piece's; else RIMA_NO_MATCH */
  union {
    rima_name *name;  /* IDENT and keywords */
    uint64_t integer; /* INT, CHAR */
    double number;
  };
} rima_token;

typedef struct rima_tokens {
  rima_token *items;
  uint32_t count; /* with the END */
} rima_tokens;

/* The tokens are the session's, until it lexes again. */
rima_tokens rima_lex(rima_session *session, rima_source *source, rima_diagnostics *sink);

/* How messages call a kind, e.g. "`=>`" or "a name". */
const char *rima_token_kind_text(rima_token_kind kind);

/* The code point of the well-formed UTF-8 character at p, its length in *length; -1 if there is none. */
int32_t rima_utf8_decode(const char *p, const char *end, uint32_t *length);
/* Writes up to 4 bytes, returns how many. */
uint32_t rima_utf8_encode(char *to, uint32_t code);
