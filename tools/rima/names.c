/* names.c: the names the compiler itself knows. */
#include "program.h"
#include <string.h>

const rima_name *rima_intern(rima_compiler *c, const char *text) { return rima_name_of(&c->session, text); }

void rima_names_init(rima_compiler *c) {
#define N(field, text) c->names.field = rima_intern(c, text)
  N(this_, "this");
  N(core, "core");
  N(main, "main");
  N(get, "get");
  N(set, "set");
  N(plus, "plus");
  N(minus, "minus");
  N(times, "times");
  N(div, "div");
  N(rem, "rem");
  N(negate, "negate");
  N(contains, "contains");
  N(equals, "equals");
  N(hash, "hash");
  N(to_string, "toString");
  N(compare_to, "compareTo");
  N(invoke, "invoke");
  N(iterator, "iterator");
  N(has_next, "hasNext");
  N(next, "next");
  N(slice, "slice");
  N(len, "len");
  N(message, "message");
  N(cause, "cause");
  N(ordinal, "ordinal");
  N(name, "name");
  N(values, "values");
  N(send, "send");
  N(recv, "recv");
  N(try_recv, "tryRecv");
  N(close, "close");
  N(list, "List");
  N(map, "Map");
  N(range, "Range");
  N(array, "Array");
  N(channel, "Channel");
  N(assert_error, "AssertError");
  N(int_to_str, "intToStr");
  N(float_to_str, "floatToStr");
  N(bool_to_str, "boolToStr");
  N(any_to_str, "anyToStr");
  N(any_hash, "anyHash");
  N(comparable, "Comparable");
  N(underscore, "_");
#undef N
}
