/* core_text.c: natives of strings. Positions are byte offsets; results are valid UTF-8, so a piece never
 * begins or ends within a character. */
#include "library.h"
#include <locale.h>
#include <stdlib.h>
#include <wctype.h>

static bool is_boundary(const tz_string *s, int64_t at) {
  return at == s->length || tz_utf8_is_start(s->u8[at]);
}

/* The piece [start, end) of the string in args[which], as a new string. May collect. */
static tz_string *piece_of(tz_thread *th, tz_word *args, int which, int64_t start, int64_t end) {
  tz_string *s = tz_arg_string(args, which);
  if (start == 0 && end == s->length) return s;
  tz_string *piece = tz_string_alloc(th, (size_t)(end - start));
  if (piece != NULL) memcpy(piece->u8, tz_arg_string(args, which)->u8 + start, (size_t)(end - start));
  return piece;
}

static bool str_hash(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  return tz_give_int(args, tz_string_hash(tz_arg_string(args, 0)));
}

static bool str_compare(tz_thread *th, tz_word *args) {
  tz_string *a = tz_arg_string(args, 0), *b = tz_arg_string(args, 1);
  TZ_REQUIRE(th, a);
  TZ_REQUIRE(th, b);
  return tz_give_int(args, tz_string_compare(a, b));
}

static bool str_slice(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  int64_t start = args[1].i, end = args[2].i;
  TZ_REQUIRE(th, s);
  if (start < 0 || end > s->length || start > end)
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld..%lld of a text of %lld bytes", (long long)start,
                    (long long)end, (long long)s->length);
  if (!is_boundary(s, start) || !is_boundary(s, end))
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld..%lld cuts a character of the text", (long long)start,
                    (long long)end);
  return tz_give_ref(args, piece_of(th, args, 0, start, end));
}

static bool str_index_of(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  TZ_REQUIRE(th, args[1].p);
  return tz_give_int(args, tz_string_find(args[0].p, args[1].p, args[2].i));
}

static bool str_last_index_of(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0), *part = tz_arg_string(args, 1);
  TZ_REQUIRE(th, s);
  TZ_REQUIRE(th, part);
  int64_t at = s->length - part->length;
  while (at >= 0 && memcmp(s->u8 + at, part->u8, (size_t)part->length) != 0) at--;
  return tz_give_int(args, at < 0 ? -1 : at);
}

static bool str_matches_at(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  TZ_REQUIRE(th, args[1].p);
  return tz_give_int(args, tz_string_matches(args[0].p, args[1].p, args[2].i));
}

/* ---- pieces ---- */

typedef struct piece_list {
  struct piece {
    int64_t start, end;
  } *items;
  size_t count, capacity;
  bool failed; /* out of memory */
} piece_list;

static void add_piece(piece_list *list, int64_t start, int64_t end) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    struct piece *items = realloc(list->items, capacity * sizeof *items);
    list->failed |= items == NULL;
    if (items == NULL) return;
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->count++] = (struct piece){start, end};
}

/* The pieces of args[0] as an array of strings; frees the list. May collect. */
static bool give_pieces(tz_thread *th, tz_word *args, piece_list *list) {
  bool ok = !list->failed || tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for the pieces of a text");
  tz_array *array = ok ? tz_string_array_new(th, (int64_t)list->count) : NULL;
  tz_word *root = array == NULL ? NULL : tz_root_push(th, array);
  ok = root != NULL;
  for (size_t i = 0; ok && i < list->count; i++) {
    tz_string *s = piece_of(th, args, 0, list->items[i].start, list->items[i].end);
    ok = s != NULL;
    if (ok) tz_array_store_ref(th, root->p, (int64_t)i, s);
  }
  if (root != NULL) {
    args[0].p = root->p;
    tz_root_pop(th, 1);
  }
  free(list->items);
  return ok;
}

static void split_chars(const tz_string *s, piece_list *list) {
  for (int64_t at = 0; at < s->length;) {
    int64_t end = at + 1;
    while (!is_boundary(s, end)) end++;
    add_piece(list, at, end);
    at = end;
  }
}

static bool str_split(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0), *separator = tz_arg_string(args, 1);
  TZ_REQUIRE(th, s);
  TZ_REQUIRE(th, separator);
  piece_list list = {0};
  if (separator->length == 0) {
    split_chars(s, &list);
  } else {
    int64_t start = 0, at;
    for (; (at = tz_string_find(s, separator, start)) >= 0; start = at + separator->length)
      add_piece(&list, start, at);
    add_piece(&list, start, s->length);
  }
  return give_pieces(th, args, &list);
}

static bool str_lines(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  piece_list list = {0};
  for (int64_t start = 0; start < s->length;) {
    const uint8_t *newline = memchr(s->u8 + start, '\n', (size_t)(s->length - start));
    int64_t end = newline == NULL ? s->length : newline - s->u8;
    bool has_return = newline != NULL && end > start && s->u8[end - 1] == '\r';
    add_piece(&list, start, end - has_return);
    start = end + 1;
  }
  return give_pieces(th, args, &list);
}

/* Bytes of the white space character at `at`; 0 if it is none. */
static int space_at(const tz_string *s, int64_t at) {
  uint8_t byte = s->u8[at];
  if (byte < 0x80) return byte == ' ' || (byte >= '\t' && byte <= '\r');
  uint32_t c;
  int bytes = tz_utf8_decode(s->u8 + at, &c);
  bool is_space = c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
                  c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
  return is_space ? bytes : 0;
}

static bool str_words(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  piece_list list = {0};
  for (int64_t at = 0, bytes; at < s->length;) {
    while (at < s->length && (bytes = space_at(s, at)) != 0) at += bytes;
    int64_t start = at;
    while (at < s->length && (!is_boundary(s, at) || space_at(s, at) == 0)) at++;
    if (at > start) add_piece(&list, start, at);
  }
  return give_pieces(th, args, &list);
}

enum { TRIM_START = 1, TRIM_END = 2 };

static bool str_trim(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  int64_t start = 0, end = s->length;
  int bytes;
  while ((args[1].i & TRIM_START) != 0 && start < end && (bytes = space_at(s, start)) != 0) start += bytes;
  while ((args[1].i & TRIM_END) != 0 && end > start) {
    int64_t last = end - 1;
    while (!tz_utf8_is_start(s->u8[last])) last--;
    if (space_at(s, last) == 0) break;
    end = last;
  }
  return tz_give_ref(args, piece_of(th, args, 0, start, end));
}

/* ---- making texts of texts ---- */

static bool str_replace(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0), *part = tz_arg_string(args, 1), *by = tz_arg_string(args, 2);
  TZ_REQUIRE(th, s);
  TZ_REQUIRE(th, part);
  TZ_REQUIRE(th, by);
  int64_t count = 0;
  if (part->length > 0)
    for (int64_t at = 0; (at = tz_string_find(s, part, at)) >= 0; at += part->length) count++;
  if (count == 0) return true;
  int64_t growth;
  if (__builtin_mul_overflow(count, by->length - part->length, &growth))
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
  tz_string *result = tz_string_alloc(th, (size_t)(s->length + growth));
  if (result == NULL) return false;
  s = tz_arg_string(args, 0), part = tz_arg_string(args, 1), by = tz_arg_string(args, 2);
  uint8_t *to = result->u8;
  int64_t start = 0;
  for (int64_t at; (at = tz_string_find(s, part, start)) >= 0; start = at + part->length) {
    to = mempcpy(to, s->u8 + start, (size_t)(at - start));
    to = mempcpy(to, by->u8, (size_t)by->length);
  }
  memcpy(to, s->u8 + start, (size_t)(s->length - start));
  return tz_give_ref(args, result);
}

static bool str_repeat(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  TZ_REQUIRE(th, s);
  int64_t times = args[1].i, length;
  if (times < 0) return tz_raise(th, TZ_ERROR_ARGUMENT, "a text %lld times", (long long)times);
  if (times == 1) return true;
  if (__builtin_mul_overflow(times, s->length, &length))
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
  tz_string *result = tz_string_alloc(th, (size_t)length);
  if (result == NULL) return false;
  s = tz_arg_string(args, 0);
  if (s->length == 1) memset(result->u8, s->u8[0], (size_t)length);
  else
    for (int64_t i = 0; i < times && length > 0; i++)
      memcpy(result->u8 + i * s->length, s->u8, (size_t)s->length);
  return tz_give_ref(args, result);
}

static bool is_ascii(const tz_string *s) {
  for (int64_t i = 0; i < s->length; i++)
    if (s->u8[i] >= 0x80) return false;
  return true;
}

static bool change_case_ascii(tz_thread *th, tz_word *args, uint8_t first, uint8_t last) {
  tz_string *result = tz_string_alloc(th, (size_t)tz_arg_string(args, 0)->length);
  if (result == NULL) return false;
  tz_string *s = tz_arg_string(args, 0);
  for (int64_t i = 0; i < s->length; i++) {
    uint8_t c = s->u8[i];
    result->u8[i] = c >= first && c <= last ? c ^ 0x20 : c;
  }
  return tz_give_ref(args, result);
}

/* Unicode's simple mappings, from the C library's tables. */
static bool change_case(tz_thread *th, tz_word *args, wint_t (*map)(wint_t, locale_t)) {
  locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (unicode == (locale_t)0) return tz_raise(th, TZ_ERROR_STATE, "this system has no C.UTF-8 locale");
  tz_string *s = tz_arg_string(args, 0);
  uint8_t *to = malloc((size_t)s->length * 2 + 4);
  size_t n = 0;
  for (int64_t at = 0; to != NULL && at < s->length;) {
    uint32_t c;
    at += tz_utf8_decode(s->u8 + at, &c);
    n += (size_t)tz_utf8_encode(to + n, map(c, unicode));
  }
  freelocale(unicode);
  if (to == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a text");
  tz_string *result = tz_string_new(th, (char *)to, n);
  free(to);
  return tz_give_ref(args, result);
}

static bool str_upper(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  return is_ascii(args[0].p) ? change_case_ascii(th, args, 'a', 'z') : change_case(th, args, towupper_l);
}

static bool str_lower(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  return is_ascii(args[0].p) ? change_case_ascii(th, args, 'A', 'Z') : change_case(th, args, towlower_l);
}

static bool str_reverse(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  tz_string *result = tz_string_alloc(th, (size_t)tz_arg_string(args, 0)->length);
  if (result == NULL) return false;
  tz_string *s = tz_arg_string(args, 0);
  for (int64_t at = 0; at < s->length;) {
    uint32_t c;
    int bytes = tz_utf8_decode(s->u8 + at, &c);
    memcpy(result->u8 + s->length - at - bytes, s->u8 + at, (size_t)bytes);
    at += bytes;
  }
  return tz_give_ref(args, result);
}

/* ---- code points ---- */

static int64_t count_chars(const tz_string *s) {
  int64_t count = 0;
  for (int64_t i = 0; i < s->length; i++) count += tz_utf8_is_start(s->u8[i]);
  return count;
}

static bool str_char_count(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  return tz_give_int(args, count_chars(args[0].p));
}

static bool str_chars(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  tz_array *chars = tz_array_new(th, TZ_KIND_I64, count_chars(args[0].p));
  if (chars == NULL) return false;
  tz_string *s = tz_arg_string(args, 0);
  int64_t n = 0;
  for (int64_t at = 0; at < s->length; n++) {
    uint32_t c;
    at += tz_utf8_decode(s->u8 + at, &c);
    chars->words[n].i = c;
  }
  return tz_give_ref(args, chars);
}

static bool str_code_point_at(tz_thread *th, tz_word *args) {
  tz_string *s = tz_arg_string(args, 0);
  int64_t at = args[1].i;
  TZ_REQUIRE(th, s);
  if (at < 0 || at >= s->length)
    return tz_raise(th, TZ_ERROR_BOUNDS, "byte %lld of a text of %lld", (long long)at, (long long)s->length);
  if (!is_boundary(s, at))
    return tz_raise(th, TZ_ERROR_BOUNDS, "no character begins at byte %lld", (long long)at);
  uint32_t c;
  tz_utf8_decode(s->u8 + at, &c);
  return tz_give_int(args, c);
}

static bool no_code_point(tz_thread *th, int64_t c) {
  return tz_raise(th, TZ_ERROR_ARGUMENT, "%lld is not a code point", (long long)c);
}

static bool str_from_chars(tz_thread *th, tz_word *args) {
  tz_array *chars = args[0].p;
  TZ_REQUIRE(th, chars);
  if (args[1].i < 0 || args[1].i > chars->length) return tz_raise(th, TZ_ERROR_BOUNDS, "too few code points");
  size_t bytes = 0;
  uint8_t unit[4];
  for (int64_t i = 0; i < args[1].i; i++) {
    if (!tz_code_point_is_valid(chars->words[i].i)) return no_code_point(th, chars->words[i].i);
    bytes += (size_t)tz_utf8_encode(unit, (uint32_t)chars->words[i].i);
  }
  tz_string *result = tz_string_alloc(th, bytes);
  if (result == NULL) return false;
  chars = args[0].p;
  uint8_t *to = result->u8;
  for (int64_t i = 0; i < args[1].i; i++) {
    int n = tz_utf8_encode(unit, (uint32_t)chars->words[i].i);
    to = mempcpy(to, unit, (size_t)n);
  }
  return tz_give_ref(args, result);
}

static bool str_from_char(tz_thread *th, tz_word *args) {
  uint8_t unit[4];
  if (!tz_code_point_is_valid(args[0].i)) return no_code_point(th, args[0].i);
  int n = tz_utf8_encode(unit, (uint32_t)args[0].i);
  return tz_give_ref(args, tz_string_new(th, (char *)unit, (size_t)n));
}

static bool str_bytes(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  tz_array *bytes = tz_array_new(th, TZ_KIND_U8, tz_arg_string(args, 0)->length);
  if (bytes == NULL) return false;
  memcpy(bytes->u8, tz_arg_string(args, 0)->u8, (size_t)bytes->length);
  return tz_give_ref(args, bytes);
}

bool tz_register_core_text(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"strHash", "(string)i64", str_hash},
      {"strCompare", "(string,string)i64", str_compare},
      {"strSlice", "(string,i64,i64)string", str_slice},
      {"strIndexOf", "(string,string,i64)i64", str_index_of},
      {"strLastIndexOf", "(string,string)i64", str_last_index_of},
      {"strMatchesAt", "(string,string,i64)bool", str_matches_at},
      {"strSplit", "(string,string)[string]", str_split},
      {"strLines", "(string)[string]", str_lines},
      {"strWords", "(string)[string]", str_words},
      {"strTrim", "(string,i64)string", str_trim},
      {"strReplace", "(string,string,string)string", str_replace},
      {"strRepeat", "(string,i64)string", str_repeat},
      {"strUpper", "(string)string", str_upper},
      {"strLower", "(string)string", str_lower},
      {"strReverse", "(string)string", str_reverse},
      {"strChars", "(string)[i64]", str_chars},
      {"strCharCount", "(string)i64", str_char_count},
      {"strCodePointAt", "(string,i64)i64", str_code_point_at},
      {"strFromChars", "([i64],i64)string", str_from_chars},
      {"strFromChar", "(i64)string", str_from_char},
      {"strBytes", "(string)[u8]", str_bytes},
  };
  return tz_natives_register_leaves(vm, "core", defs, TZ_COUNT(defs));
}
