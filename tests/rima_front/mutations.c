/* mutations.c: damaged programs, for two seconds; meant for the sanitizers. Whatever comes must be parsed,
 * its errors drawn, and what has no errors formatted to a fixed point. */
#include "front.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

static const char *const fragments[] = {
    "{",   "}",   "(",    ")",    "[",    "]",     "\"",    "${",    "\"\"\"", "=>",
    "'",   "\n",  ";",    ":",    "?",    "!",     "..",    "class", "fun",    "match ",
    "if ", "/*",  "\x00", "\xff", "\\u{", "let x", "enum ", "=",     ",",      ".",
    "-",   "is ", "//",   "as ",  "x[",   "open ", "catch", "spawn", "in ",    "99999999999999999999"};

/* Replaces, removes, doubles or inserts at a few random places. */
static size_t mutate(char *text, size_t length, size_t capacity, uint64_t *state) {
  for (uint64_t changes = 1 + next_random(state) % 4; changes; changes--) {
    size_t at = next_random(state) % (length + 1), span = next_random(state) % 24;
    if (span > length - at) span = length - at;
    const char *fragment = fragments[next_random(state) % (sizeof fragments / sizeof *fragments)];
    size_t size = *fragment ? strlen(fragment) : 1;
    switch (next_random(state) % 4) {
    case 0:
      memmove(text + at, text + at + span, length - at - span);
      length -= span;
      break;
    case 1:
      if (length + span > capacity) break;
      memmove(text + at + span, text + at, length - at);
      length += span;
      break;
    case 2:
      if (at < length) text[at] = (char)next_random(state);
      break;
    default:
      if (length + size > capacity) break;
      memmove(text + at + size, text + at, length - at);
      memcpy(text + at, fragment, size);
      length += size;
    }
  }
  return length;
}

static void run_front(const char *text, size_t length) {
  front f;
  front_init(&f, text, length);
  size_t once_length, twice_length;
  const char *once = rima_format(&f.session, f.source, &f.sink, &once_length);
  cr_assert_not_null(rima_diagnostics_render(&f.sink, true));
  if (once) {
    rima_source *again = rima_source_add(&f.session, "again.rima", once, once_length);
    const char *twice = rima_format(&f.session, again, &f.sink, &twice_length);
    cr_assert(twice, "formatting broke this:\n%.*s\n-- into:\n%s", (int)length, text, once);
    cr_assert(once_length == twice_length && memcmp(once, twice, once_length) == 0,
              "formatting is not stable:\n%s\n-- again:\n%s", once, twice);
  }
  front_fini(&f);
}

Test(mutations, two_seconds) {
  size_t length, rounds = 0;
  char *original = front_read_file(RIMA_SAMPLE, &length);
  size_t capacity = length * 2;
  char *text = malloc(capacity);
  uint64_t state = 0x9e3779b97f4a7c15u;
  for (time_t end = time(NULL) + 2; time(NULL) <= end; rounds++) {
    size_t from = next_random(&state) % length, size = next_random(&state) % (length - from) + 1;
    if (rounds % 2) from = 0, size = length;
    memcpy(text, original + from, size);
    run_front(text, mutate(text, size, capacity, &state));
  }
  cr_expect_gt(rounds, 100);
  free(text);
  free(original);
}

Test(mutations, memory_limit_leaves_by_the_given_way) {
  static char text[200000];
  memset(text, '[', sizeof text);
  rima_session session;
  rima_session_init(&session, 1 << 20);
  jmp_buf exhausted;
  bool has_left = true;
  session.arena.on_exhausted = &exhausted;
  if (setjmp(exhausted) == 0) {
    rima_diagnostics sink;
    rima_diagnostics_init(&sink, &session, 0);
    rima_parse(&session, rima_source_add(&session, "big.rima", text, sizeof text), &sink);
    has_left = false;
  }
  cr_expect(has_left);
  rima_session_fini(&session);
}
