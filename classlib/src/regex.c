/* regex.c: natives of module text: regular expressions through PCRE2.
 *
 * A regex is a native payload that owns the compiled pattern, its match data and a context with limits, so
 * that a pattern that tries too many ways ends with an error. Matching neither collects nor waits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "library.h"
#include <pcre2.h>
#include <stdlib.h>

enum { MATCH_LIMIT = 10000000, DEPTH_LIMIT = 100000, HEAP_LIMIT_KIB = 65536 };

typedef struct regex {
  pcre2_code *code;
  pcre2_match_data *match;
  pcre2_match_context *context;
} regex;

static void regex_finalize(tz_vm *vm, void *payload) {
  (void)vm;
  regex *r = payload;
  pcre2_match_context_free(r->context);
  pcre2_match_data_free(r->match);
  pcre2_code_free(r->code);
  *r = (regex){0};
}

static regex *regex_of(void *object) {
  if (object == NULL || tz_object_class(object)->finalizer != (void *)regex_finalize) return NULL;
  return tz_payload(object);
}

static bool not_a_regex(tz_thread *th) { return tz_raise(th, TZ_ERROR_ARGUMENT, "not a regular expression"); }

static uint32_t options_of(int64_t flags) {
  return PCRE2_UTF | (flags & 1 ? PCRE2_CASELESS : 0) | (flags & 2 ? PCRE2_MULTILINE : 0) |
         (flags & 4 ? PCRE2_DOTALL : 0) | (flags & 8 ? PCRE2_EXTENDED : 0);
}

static bool regex_complete(regex *r) {
  r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
  r->context = pcre2_match_context_create(NULL);
  if (r->match == NULL || r->context == NULL) return false;
  pcre2_set_match_limit(r->context, MATCH_LIMIT);
  pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
  pcre2_set_heap_limit(r->context, HEAP_LIMIT_KIB);
  pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* where there is no JIT, matching is interpreted */
  return true;
}

/* (pattern, flags, failure) gives a regex, or null with code and byte in failure. */
static bool regex_compile(tz_thread *th, tz_word *args) {
  tz_string *pattern = tz_arg_string(args, 0);
  tz_array *failure = args[2].p;
  TZ_REQUIRE(th, pattern);
  TZ_REQUIRE(th, failure);
  if (failure->length < 2) return tz_raise(th, TZ_ERROR_ARGUMENT, "no room for the failure");
  int code;
  PCRE2_SIZE place;
  regex r = {pcre2_compile(pattern->u8, (size_t)pattern->length, options_of(args[1].i), &code, &place, NULL),
             NULL, NULL};
  if (r.code == NULL) {
    failure->words[0].i = code;
    failure->words[1].i = (int64_t)place;
    args[0].p = NULL;
    return true;
  }
  if (!regex_complete(&r)) {
    regex_finalize(tz_thread_vm(th), &r);
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a regular expression");
  }
  void *object = tz_payload_new(th, "text.RegexHandle", sizeof r, regex_finalize);
  if (object == NULL) {
    regex_finalize(tz_thread_vm(th), &r);
    return false;
  }
  memcpy(tz_payload(object), &r, sizeof r);
  return tz_give_ref(args, object);
}

static bool regex_message(tz_thread *th, tz_word *args) {
  PCRE2_UCHAR text[256];
  int n = pcre2_get_error_message((int)args[0].i, text, sizeof text);
  return tz_give_ref(args, n < 0 ? tz_string_new(th, "unknown error", 13)
                                 : tz_text_new(th, (char *)text, (size_t)n));
}

/* (regex, text, start, spans): 0 and the spans of all groups; -1: no match; below: an error code. */
static bool regex_match(tz_thread *th, tz_word *args) {
  regex *r = regex_of(args[0].p);
  tz_string *text = tz_arg_string(args, 1);
  int64_t start = args[2].i;
  tz_array *spans = args[3].p;
  if (r == NULL) return not_a_regex(th);
  TZ_REQUIRE(th, text);
  TZ_REQUIRE(th, spans);
  if (start < 0 || start > text->length || (start < text->length && !tz_utf8_is_start(text->u8[start])))
    return tz_raise(th, TZ_ERROR_BOUNDS, "no character begins at byte %lld", (long long)start);
  int n = pcre2_match(r->code, text->u8, (size_t)text->length, (size_t)start, PCRE2_NO_UTF_CHECK, r->match,
                      r->context);
  if (n < 0) return tz_give_int(args, n);
  const PCRE2_SIZE *found = pcre2_get_ovector_pointer(r->match);
  for (int64_t i = 0; i < spans->length; i++) {
    bool is_set = i / 2 < n && found[i] != PCRE2_UNSET;
    spans->words[i].i = is_set ? (int64_t)found[i] : -1;
  }
  if (spans->length >= 2 && spans->words[0].i > spans->words[1].i)
    spans->words[0].i = spans->words[1].i; /* \K */
  return tz_give_int(args, 0);
}

static bool regex_group_count(tz_thread *th, tz_word *args) {
  regex *r = regex_of(args[0].p);
  uint32_t count = 0;
  if (r == NULL) return not_a_regex(th);
  pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &count);
  return tz_give_int(args, count);
}

static bool regex_group_number(tz_thread *th, tz_word *args) {
  regex *r = regex_of(args[0].p);
  if (r == NULL) return not_a_regex(th);
  TZ_REQUIRE(th, args[1].p);
  char *name = tz_c_string(th, tz_arg_string(args, 1));
  if (name == NULL) return false;
  int number = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);
  free(name);
  return tz_give_int(args, number < 0 ? -1 : number);
}

bool tz_register_text(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"regexCompile", "(string,i64,[i64])object", regex_compile},
      {"regexMessage", "(i64)string", regex_message},
      {"regexMatch", "(object,string,i64,[i64])i64", regex_match},
      {"regexGroupCount", "(object)i64", regex_group_count},
      {"regexGroupNumber", "(object,string)i64", regex_group_number},
  };
  return tz_natives_register_leaves(vm, "text", defs, TZ_COUNT(defs));
}
