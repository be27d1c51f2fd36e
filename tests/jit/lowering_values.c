/* lowering_values.c: every operation on ints, floats and dynamic values, against the C that defines it
 * (number.h, word.h). */
#include "lowering.h"
#include "number.h"
#include <float.h>
#include <math.h>

TestSuite(lowering_values, .init = make_world);

static const int64_t ints[] = {0,
                               1,
                               -1,
                               2,
                               3,
                               7,
                               -7,
                               31,
                               32,
                               63,
                               64,
                               65,
                               100,
                               -128,
                               255,
                               256,
                               32767,
                               -32768,
                               INT32_MAX,
                               INT32_MIN,
                               (int64_t)INT32_MAX + 1,
                               (int64_t)1 << 50,
                               ((int64_t)1 << 50) - 1,
                               -((int64_t)1 << 50),
                               -((int64_t)1 << 50) - 1,
                               INT64_MAX,
                               INT64_MIN,
                               INT64_MIN + 1,
                               0x123456789abcdef};
static const double floats[] = {0.0,
                                -0.0,
                                1,
                                -1,
                                0.5,
                                -0.5,
                                1.5,
                                -1.5,
                                2.5,
                                1e300,
                                -1e300,
                                0x1p52,
                                0x1p53,
                                0x1p63,
                                -0x1p63,
                                -0x1.0000000000001p63,
                                0x1.fffffffffffffp62,
                                DBL_MIN,
                                DBL_TRUE_MIN,
                                DBL_MAX,
                                INFINITY,
                                -INFINITY,
                                NAN,
                                123456.789};
#define EACH(type, x, values) for (const type *x = values; x < values + sizeof values / sizeof *values; x++)

static uint64_t bits(double d) {
  uint64_t u;
  memcpy(&u, &d, 8);
  return u;
}
static bool same_float(double a, double b) { return bits(a) == bits(b) || (isnan(a) && isnan(b)); }

static lowered lower_format(const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return lower(text);
}

/* ---- two ints ---- */

typedef int64_t ii_i(int64_t, int64_t);
#define II(name, expression)                                                                                 \
  static int64_t name(int64_t a, int64_t b) { return (int64_t)(expression); }
#define UA ((uint64_t)a)
#define UB ((uint64_t)b)
II(c_add, UA + UB)
II(c_sub, UA - UB)
II(c_mul, UA *UB)
II(c_div, tz_int_div(a, b))
II(c_rem, tz_int_rem(a, b))
II(c_and, a &b)
II(c_or, a | b)
II(c_xor, a ^ b) II(c_shl, UA << (b & 63)) II(c_shr, a >> (b & 63)) II(c_ushr, UA >> (b & 63))
    II(c_eq, a == b) II(c_ne, a != b) II(c_lt, a < b) II(c_le, a <= b) II(c_ult, UA < UB)
        II(c_mul_overflows, __builtin_mul_overflow(a, b, &(int64_t){0}))

            static const struct {
  const char *op;
  ii_i *in_c;
} two_ints[] = {{"add", c_add},
                {"sub", c_sub},
                {"mul", c_mul},
                {"div", c_div},
                {"rem", c_rem},
                {"and", c_and},
                {"or", c_or},
                {"xor", c_xor},
                {"shl", c_shl},
                {"shr", c_shr},
                {"ushr", c_ushr},
                {"eq", c_eq},
                {"ne", c_ne},
                {"lt", c_lt},
                {"le", c_le},
                {"ult", c_ult},
                {"mul.overflows", c_mul_overflows}};

static bool divides(const char *op) { return strcmp(op, "div") == 0 || strcmp(op, "rem") == 0; }

Test(lowering_values, two_ints) {
  for (size_t i = 0; i < sizeof two_ints / sizeof *two_ints; i++) {
    const char *op = two_ints[i].op;
    lowered l = lower_format(
        "graph t.ii_i int\nb0:\n  v0 = param int 0\n  v1 = param int 1\n  v2 = %s v0, v1\n  return v2\n", op);
    EACH(int64_t, a, ints) EACH(int64_t, b, ints) {
      if (*b == 0 && divides(op)) continue;
      cr_expect_eq(AS(int_code, l)(world->thread, NULL, *a, *b, 0, 0), two_ints[i].in_c(*a, *b), "%ld %s %ld",
                   *a, op, *b);
    }
    discard(&l);
  }
}

/* Division by a constant is lowered in its own way. */
Test(lowering_values, an_int_divided_by_a_constant) {
  static const int64_t constants[] = {-1, 1, 10, -7, INT64_MIN};
  for (size_t i = 0; i < sizeof two_ints / sizeof *two_ints; i++) {
    if (!divides(two_ints[i].op)) continue;
    EACH(int64_t, b, constants) {
      lowered l = lower_format(
          "graph t.i_i int\nb0:\n  v0 = param int 0\n  v1 = int %ld\n  v2 = %s v0, v1\n  return v2\n", *b,
          two_ints[i].op);
      EACH(int64_t, a, ints)
      cr_expect_eq(AS(int_code, l)(world->thread, NULL, *a, 0, 0, 0), two_ints[i].in_c(*a, *b), "%ld %s %ld",
                   *a, two_ints[i].op, *b);
      discard(&l);
    }
  }
}

Test(lowering_values, narrow_ints) {
  for (uint32_t width = 8; width <= 32; width *= 2) {
    lowered s =
        lower_format("graph t.i_i int\nb0:\n  v0 = param int 0\n  v1 = sext %u v0\n  return v1\n", width);
    lowered z =
        lower_format("graph t.i_i int\nb0:\n  v0 = param int 0\n  v1 = zext %u v0\n  return v1\n", width);
    EACH(int64_t, a, ints) {
      uint64_t up = (uint64_t)*a << (64 - width);
      cr_expect_eq(AS(int_code, s)(world->thread, NULL, *a, 0, 0, 0), (int64_t)up >> (64 - width));
      cr_expect_eq(AS(int_code, z)(world->thread, NULL, *a, 0, 0, 0), (int64_t)(up >> (64 - width)));
    }
    discard(&s);
    discard(&z);
  }
}

/* ---- floats ---- */

typedef double ff_f(tz_thread *, tz_function *, double, double);
typedef int64_t ff_i(tz_thread *, tz_function *, double, double);
typedef double i_f(tz_thread *, tz_function *, int64_t);

Test(lowering_values, two_floats) {
  static const char *const ops[] = {"fadd", "fsub", "fmul", "fdiv"};
  for (int i = 0; i < 4; i++) {
    lowered l = lower_format("graph t.ff_f float\nb0:\n  v0 = param float 0\n  v1 = param float 1\n  v2 = %s "
                             "v0, v1\n  return v2\n",
                             ops[i]);
    EACH(double, a, floats) EACH(double, b, floats) {
      double expected = i == 0 ? *a + *b : i == 1 ? *a - *b : i == 2 ? *a * *b : *a / *b;
      cr_expect(same_float(AS(ff_f, l)(world->thread, NULL, *a, *b), expected), "%a %s %a", *a, ops[i], *b);
    }
    discard(&l);
  }
}

Test(lowering_values, floats_compared) {
  static const char *const ops[] = {"feq", "fne", "flt", "fle"};
  for (int i = 0; i < 4; i++) {
    lowered l = lower_format(
        "graph t.ff_i int\nb0:\n  v0 = param float 0\n  v1 = param float 1\n  v2 = %s v0, v1\n  return v2\n",
        ops[i]);
    EACH(double, a, floats) EACH(double, b, floats) {
      int64_t expected = i == 0 ? *a == *b : i == 1 ? *a != *b : i == 2 ? *a < *b : *a <= *b;
      cr_expect_eq(AS(ff_i, l)(world->thread, NULL, *a, *b), expected, "%a %s %a", *a, ops[i], *b);
    }
    discard(&l);
  }
}

static double flipped(double a) { return copysign(a, signbit(a) ? 1 : -1); }
static double up(double a) { return -tz_float_floor(-a); }

Test(lowering_values, one_float) {
  static const struct {
    const char *op;
    double (*in_c)(double);
  } ops[] = {{"fneg", flipped}, {"fabs", fabs}, {"fsqrt", sqrt}, {"ffloor", tz_float_floor}, {"fceil", up}};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    lowered l =
        lower_format("graph t.f_f float\nb0:\n  v0 = param float 0\n  v1 = %s v0\n  return v1\n", ops[i].op);
    EACH(double, a, floats)
    cr_expect(same_float(AS(ff_f, l)(world->thread, NULL, *a, 0), ops[i].in_c(*a)), "%s %a", ops[i].op, *a);
    discard(&l);
  }
}

Test(lowering_values, between_ints_and_floats) {
  lowered to_float = lower("graph t.i_f float\nb0:\n  v0 = param int 0\n  v1 = i2f v0\n  return v1\n");
  lowered to_int = lower("graph t.f_i int\nb0:\n  v0 = param float 0\n  v1 = f2i v0\n  return v1\n");
  lowered as_float = lower("graph t.i_f float\nb0:\n  v0 = param int 0\n  v1 = i.bits.f v0\n  return v1\n");
  lowered as_int = lower("graph t.f_i int\nb0:\n  v0 = param float 0\n  v1 = f.bits.i v0\n  return v1\n");
  EACH(int64_t, a, ints) {
    cr_expect_eq(AS(i_f, to_float)(world->thread, NULL, *a), (double)*a);
    cr_expect_eq(bits(AS(i_f, as_float)(world->thread, NULL, *a)), (uint64_t)*a);
  }
  EACH(double, a, floats) {
    cr_expect_eq(AS(ff_i, to_int)(world->thread, NULL, *a, 0), tz_float_to_int(*a), "%a", *a);
    cr_expect_eq((uint64_t)AS(ff_i, as_int)(world->thread, NULL, *a, 0), bits(*a));
  }
}

/* No fused multiply-add, although the machine has one. */
Test(lowering_values, products_and_sums_are_rounded_apart) {
  lowered l = lower("graph t.ff_f float\n"
                    "b0:\n"
                    "  v0 = param float 0\n"
                    "  v1 = param float 1\n"
                    "  v2 = fmul v0, v1\n"
                    "  v3 = fadd v2, v0\n"
                    "  return v3\n");
  EACH(double, a, floats) EACH(double, b, floats) {
    volatile double product = *a * *b;
    cr_expect(same_float(AS(ff_f, l)(world->thread, NULL, *a, *b), product + *a), "%a * %a + %a", *a, *b, *a);
  }
}

/* In the order of the program, although vectors would be faster. */
Test(lowering_values, floats_are_summed_in_order) {
  enum { N = 100 };
  lowered l = lower("graph t.rif_f float\n"
                    "b0:\n"
                    "  v0 = param ref 0\n"
                    "  v1 = param int 1\n"
                    "  v2 = param float 2\n"
                    "  v3 = int 0\n"
                    "  v4 = int 1\n"
                    "  jump -> b1\n"
                    "b1 (b0, b2):\n"
                    "  v5 = phi int v3, v9\n"
                    "  v6 = phi float v2, v8\n"
                    "  v7 = load.element float f64 v0, v5\n"
                    "  v8 = fadd v6, v7\n"
                    "  v9 = add v5, v4\n"
                    "  v10 = lt v9, v1\n"
                    "  branch 1000 v10 -> b2, b3\n"
                    "b2 (b1):\n"
                    "  jump -> b1\n"
                    "b3 (b1):\n"
                    "  return v8\n");
  tz_array *array = new_array_of(TZ_KIND_F64, N);
  volatile double sum = 0.25;
  for (int i = 0; i < N; i++) {
    array->words[i].f = i % 3 == 0 ? 0x1p53 : i % 3 == 1 ? 1 : -0x1p53;
    sum = sum + array->words[i].f;
  }
  typedef double code(tz_thread *, tz_function *, tz_array *, int64_t, double);
  cr_expect_eq(AS(code, l)(world->thread, NULL, array, N, 0.25), sum);
}

/* ---- dynamic values ---- */

Test(lowering_values, boxes) {
  lowered box = lower("graph t.i_y any\nb0:\n  v0 = param int 0\n  v1 = box.int v0\n  return v1\n");
  lowered truth = lower("graph t.i_y any\nb0:\n  v0 = param int 0\n  v1 = box.bool v0\n  return v1\n");
  lowered fits = lower("graph t.i_i int\nb0:\n  v0 = param int 0\n  v1 = int.fits v0\n  return v1\n");
  lowered box_float = lower("graph t.f_y any\nb0:\n  v0 = param float 0\n  v1 = box.float v0\n  return v1\n");
  EACH(int64_t, a, ints) {
    cr_expect_eq(AS(int_code, fits)(world->thread, NULL, *a, 0, 0, 0), tz_any_int_fits(*a), "%ld", *a);
    cr_expect_eq((uint64_t)AS(int_code, truth)(world->thread, NULL, *a, 0, 0, 0), tz_any_from_bool(*a != 0));
    if (tz_any_int_fits(*a))
      cr_expect_eq((uint64_t)AS(int_code, box)(world->thread, NULL, *a, 0, 0, 0), tz_any_from_int(*a), "%ld",
                   *a);
  }
  EACH(double, a, floats)
  cr_expect_eq((uint64_t)AS(ff_i, box_float)(world->thread, NULL, *a, 0), tz_any_from_float(*a), "%a", *a);
}

static const uint64_t anys[] = {TZ_ANY_NULL,
                                0x10008,
                                0x7fffffffffff8,
                                1,
                                ((uint64_t)1 << 48) - 1,
                                (uint64_t)1 << 48,
                                ((uint64_t)1 << 48) + 1,
                                (uint64_t)2 << 48,
                                ((uint64_t)2 << 48) - 1,
                                UINT64_MAX,
                                TZ_ANY_INT_TAG << 51,
                                (TZ_ANY_INT_TAG << 51) - 1,
                                (TZ_ANY_INT_TAG << 51) + 5};

static int64_t any_answer(const char *op, uint64_t v) {
  if (strcmp(op, "any.is.int") == 0) return tz_any_is_int(v);
  if (strcmp(op, "any.is.float") == 0) return tz_any_is_float(v);
  if (strcmp(op, "any.is.bool") == 0) return tz_any_is_bool(v);
  if (strcmp(op, "any.is.ref") == 0) return tz_word_is_ref(v);
  if (strcmp(op, "is.null") == 0) return v == 0;
  return strcmp(op, "unbox.int") == 0 ? tz_any_to_int(v) : tz_any_to_bool(v);
}

Test(lowering_values, kinds_of_dynamic_values) {
  static const char *const ops[] = {"any.is.int", "any.is.float", "any.is.bool", "any.is.ref",
                                    "is.null",    "unbox.int",    "unbox.bool"};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    lowered l = lower_format("graph t.y_i int\nb0:\n  v0 = param any 0\n  v1 = %s v0\n  return v1\n", ops[i]);
    EACH(uint64_t, v, anys)
    cr_expect_eq(AS(int_code, l)(world->thread, NULL, (int64_t)*v, 0, 0, 0), any_answer(ops[i], *v), "%s %lx",
                 ops[i], *v);
    discard(&l);
  }
  lowered l = lower("graph t.y_f float\nb0:\n  v0 = param any 0\n  v1 = unbox.float v0\n  return v1\n");
  EACH(double, a, floats)
  cr_expect(same_float(AS(i_f, l)(world->thread, NULL, (int64_t)tz_any_from_float(*a)), *a));
}

Test(lowering_values, constants) {
  static const char *const texts[] = {"int -7", "int 9223372036854775807", "any null", "any true",
                                      "any -5", "any float 2.5",           "ref null"};
  const int64_t expected[] = {-7,
                              INT64_MAX,
                              0,
                              (int64_t)tz_any_from_bool(true),
                              (int64_t)tz_any_from_int(-5),
                              (int64_t)tz_any_from_float(2.5),
                              0};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *type = i < 2   ? "int"
                       : i < 6 ? "any"
                               : "ref",
               *function = i < 2   ? "i_i"
                           : i < 6 ? "i_y"
                                   : "i_r";
    lowered l = lower_format("graph t.%s %s\nb0:\n  v0 = %s\n  return v0\n", function, type, texts[i]);
    cr_expect_eq(AS(int_code, l)(world->thread, NULL, 0, 0, 0, 0), expected[i], "%s", texts[i]);
    discard(&l);
  }
  lowered l = lower("graph t.f_f float\nb0:\n  v0 = float 0x7ff8000000000123\n  return v0\n");
  cr_expect_eq(bits(AS(ff_f, l)(world->thread, NULL, 0, 0)), 0x7ff8000000000123u);
}
