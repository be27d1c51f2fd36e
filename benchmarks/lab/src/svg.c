/* svg.c: see svg.h. */
#include "svg.h"
#include <math.h>
#include <string.h>

double svg_place(const svg_scale *s, double value) {
  double share = s->is_log ? log(fmax(value, s->low * 1e-9) / s->low) / log(s->high / s->low)
                           : (value - s->low) / (s->high - s->low);
  return s->from + fmin(fmax(share, 0), 1) * (s->to - s->from);
}

static int log_ticks(const svg_scale *s, double *values, int most) {
  static const double finest[] = {1, 2, 5}, finer[] = {1, 3}, decades[] = {1};
  const double *steps[] = {finest, finer, decades};
  const int n_steps[] = {3, 2, 1};
  for (int fineness = 0; fineness < 3; fineness++) {
    int n = 0, skip = 1 + (int)(log10(s->high / s->low) / most);
    for (int e = (int)floor(log10(s->low)); e <= (int)ceil(log10(s->high)); e++)
      for (int i = 0; i < n_steps[fineness]; i++) {
        double value = pow(10, e) * steps[fineness][i];
        bool is_inside = value >= s->low * 0.999 && value <= s->high * 1.001;
        if (!is_inside || (fineness == 2 && e % skip != 0)) continue;
        if (n < most) values[n] = value;
        n++;
      }
    if (n <= most && (n >= 2 || fineness == 0)) return n;
  }
  return 0;
}

static int plain_ticks(const svg_scale *s, double *values, int most) {
  double rough = (s->high - s->low) / most, magnitude = pow(10, floor(log10(rough))), step = magnitude * 10;
  static const double factors[] = {1, 2, 5};
  for (int i = 0; i < 3; i++)
    if (magnitude * factors[i] >= rough) {
      step = magnitude * factors[i];
      break;
    }
  int n = 0;
  for (double at = ceil(s->low / step) * step; at <= s->high * (1 + 1e-9) && n < most; at += step)
    values[n++] = at;
  return n;
}

int svg_ticks(const svg_scale *s, double *values, int most) {
  if (!(s->high > s->low)) return 0;
  int n = s->is_log ? log_ticks(s, values, most) : plain_ticks(s, values, most);
  if (n >= 2 || !s->is_log) return n;
  return plain_ticks(s, values, most); /* within less than a decade */
}

void svg_escape(FILE *to, const char *text) {
  for (const char *c = text; *c != 0; c++) {
    switch (*c) {
    case '<': fputs("&lt;", to); break;
    case '>': fputs("&gt;", to); break;
    case '&': fputs("&amp;", to); break;
    case '"': fputs("&quot;", to); break;
    default: fputc(*c, to);
    }
  }
}

const char *svg_number(double value, char text[NUMBER_ROOM]) {
  if (isnan(value) || isinf(value)) return strcpy(text, "-");
  if (value == 0) return strcpy(text, "0");
  double size = fabs(value);
  if (size >= 999.5) {
    long long whole = llround(size >= 99950 ? round(size / 1000) * 1000 : size);
    if (whole >= 1000000)
      snprintf(text, NUMBER_ROOM, "%lld,%03lld,%03lld", whole / 1000000, whole / 1000 % 1000, whole % 1000);
    else snprintf(text, NUMBER_ROOM, "%lld,%03lld", whole / 1000, whole % 1000);
    return text;
  }
  int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.0995 ? 3 : 4;
  snprintf(text, NUMBER_ROOM, "%.*f", digits, value);
  return text;
}

/* For an axis: no zeros behind the point. */
static const char *tick_number(double value, char text[NUMBER_ROOM]) {
  if (value >= 1e6) snprintf(text, NUMBER_ROOM, "%gM", value / 1e6);
  else if (value >= 1e4) snprintf(text, NUMBER_ROOM, "%gk", value / 1e3);
  else snprintf(text, NUMBER_ROOM, "%.4g", value);
  return text;
}

void svg_begin(FILE *to, double width, double height, const char *description) {
  fprintf(to, "<svg viewBox=\"0 0 %g %g\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\"><title>", width,
          height);
  svg_escape(to, description);
  fputs("</title>\n", to);
}

void svg_end(FILE *to) { fputs("</svg>\n", to); }

void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *classes) {
  fprintf(to, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2,
          classes);
}

void svg_text(FILE *to, double x, double y, const char *anchor, const char *classes, const char *text) {
  fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s%s>", x, y, anchor,
          classes[0] ? " class=\"" : "", classes, classes[0] ? "\"" : "");
  svg_escape(to, text);
  fputs("</text>\n", to);
}

static void label(const char *unit, double value, bool is_last, char *text, size_t room) {
  char number[NUMBER_ROOM];
  snprintf(text, room, "%s%s%s", tick_number(value, number), is_last && unit[0] ? " " : "",
           is_last ? unit : "");
}

void svg_axis_below(FILE *to, const svg_scale *x, double y, const char *unit) {
  enum { MOST = 6 };
  double values[MOST];
  char text[64];
  int n = svg_ticks(x, values, MOST);
  svg_line(to, x->from, y, x->to, y, "axis");
  for (int i = 0; i < n; i++) {
    double at = svg_place(x, values[i]);
    label(unit, values[i], i == n - 1, text, sizeof text);
    svg_line(to, at, y, at, y + 4, "axis");
    svg_text(to, at, y + 14, i == n - 1 && at > x->to - 16 ? "end" : "middle", "", text);
  }
}

void svg_axis_left(FILE *to, const svg_scale *y, double x, double right, const char *unit) {
  enum { MOST = 5 };
  double values[MOST];
  char text[64];
  int n = svg_ticks(y, values, MOST);
  for (int i = 0; i < n; i++) {
    double at = svg_place(y, values[i]);
    label(unit, values[i], i == n - 1, text, sizeof text);
    svg_line(to, x, at, right, at, "axis");
    svg_text(to, x - 4, at + 3.5, "end", "", text);
  }
}
