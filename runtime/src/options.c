/* options.c: the settings of a VM by name, from spec/options.def. */
#include "terza/options.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const tz_option_info infos[] = {
#define TZ_OPTION_BOOL(field, text, value, help) {text, #value, help, 'b', offsetof(tz_options, field), NULL},
#define TZ_OPTION_INT(field, text, value, help) {text, #value, help, 'i', offsetof(tz_options, field), NULL},
#define TZ_OPTION_SIZE(field, text, value, help) {text, #value, help, 's', offsetof(tz_options, field), NULL},
#define TZ_OPTION_ENUM(field, text, value, values, help)                                                     \
  {text, #value, help, 'e', offsetof(tz_options, field), values},
#define TZ_OPTION_TEXT(field, text, help) {text, "", help, 't', offsetof(tz_options, field), NULL},
#include "terza/spec/options.def"
#undef TZ_OPTION_BOOL
#undef TZ_OPTION_INT
#undef TZ_OPTION_SIZE
#undef TZ_OPTION_ENUM
#undef TZ_OPTION_TEXT
};
enum { N_OPTIONS = sizeof infos / sizeof *infos };

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
static const tz_options defaults = {
#define TZ_OPTION_BOOL(field, text, value, help) .field = value,
#define TZ_OPTION_INT(field, text, value, help) .field = value,
#define TZ_OPTION_SIZE(field, text, value, help) .field = value,
#define TZ_OPTION_ENUM(field, text, value, values, help) .field = value,
#define TZ_OPTION_TEXT(field, text, help) .field = "",
#include "terza/spec/options.def"
#undef TZ_OPTION_BOOL
#undef TZ_OPTION_INT
#undef TZ_OPTION_SIZE
#undef TZ_OPTION_ENUM
#undef TZ_OPTION_TEXT
#if TERZA_STRESS
    .stress_alloc = 61,
    .stress_safepoint = 7,
    .stress_poison = true,
    .stress_budget = 13,
    .stress_stack = true,
#endif
};
#pragma clang diagnostic pop

const tz_options *tz_options_default(void) { return &defaults; }

const tz_option_info *tz_option_at(unsigned i) { return i < N_OPTIONS ? &infos[i] : NULL; }

/* ---- nearest name ---- */

static unsigned edit_distance(const char *a, size_t n, const char *b) {
  unsigned row[64];
  size_t m = strlen(b);
  if (m >= 63 || n >= 63) return 99;
  for (size_t j = 0; j <= m; j++) row[j] = (unsigned)j;
  for (size_t i = 0; i < n; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i + 1;
    for (size_t j = 0; j < m; j++) {
      unsigned above = row[j + 1], best = diagonal + (a[i] != b[j]);
      if (above + 1 < best) best = above + 1;
      if (row[j] + 1 < best) best = row[j] + 1;
      diagonal = above;
      row[j + 1] = best;
    }
  }
  return row[m];
}

static const char *nearest(const char *name, size_t n) {
  const char *best = NULL;
  unsigned least = 4;
  for (int i = 0; i < N_OPTIONS; i++) {
    unsigned d = edit_distance(name, n, infos[i].name);
    if (d < least) least = d, best = infos[i].name;
  }
  return best;
}

/* ---- parsing ---- */

static bool parse_number(const char *text, size_t n, bool sized, int64_t *value) {
  char copy[32], *end;
  if (n == 0 || n >= sizeof copy) return false;
  memcpy(copy, text, n);
  copy[n] = 0;
  errno = 0;
  long long v = strtoll(copy, &end, 10);
  if (errno != 0 || end == copy || v < 0) return false;
  int shift = 0;
  if (sized && *end != 0) {
    shift = (*end | 32) == 'k' ? 10 : (*end | 32) == 'm' ? 20 : (*end | 32) == 'g' ? 30 : 0;
    if (shift != 0) end++;
  }
  if (*end != 0 || v > INT64_MAX >> shift) return false;
  *value = v << shift;
  return true;
}

static bool parse_bool(const char *text, size_t n, bool *value) {
  static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
  for (int i = 0; i < 4; i++) {
    if (strlen(yes[i]) == n && memcmp(text, yes[i], n) == 0) return *value = true, true;
    if (strlen(no[i]) == n && memcmp(text, no[i], n) == 0) return *value = false, true;
  }
  return false;
}

/* The place of a name in "off|on|default". */
static bool parse_choice(const char *text, size_t n, const char *values, int64_t *value) {
  *value = 0;
  for (const char *at = values;; (*value)++) {
    size_t length = strcspn(at, "|");
    if (length == n && memcmp(at, text, n) == 0) return true;
    if (at[length] == 0) return false;
    at += length + 1;
  }
}

static bool option_set(tz_options *options, const tz_option_info *info, const char *value, size_t n,
                       char *error, size_t room) {
  void *field = (char *)options + info->offset;
  if (info->type == 'b') {
    if (value == NULL) return *(bool *)field = true;
    if (parse_bool(value, n, field)) return true;
    snprintf(error, room, "option %s takes true or false, not \"%.*s\"", info->name, (int)n, value);
    return false;
  }
  if (info->type == 'e') {
    int64_t choice;
    if (value != NULL && parse_choice(value, n, info->values, &choice))
      return *(int64_t *)field = choice, true;
    snprintf(error, room, "option %s takes %s, not \"%.*s\"", info->name, info->values, (int)n,
             value ? value : "");
    return false;
  }
  if (info->type == 't') {
    if (value != NULL && n > 0 && n < TZ_OPTION_TEXT_ROOM)
      return memcpy(field, value, n), ((char *)field)[n] = 0, true;
    snprintf(error, room, "option %s takes a text of up to %d bytes", info->name, TZ_OPTION_TEXT_ROOM - 1);
    return false;
  }
  if (value != NULL && parse_number(value, n, info->type == 's', field)) return true;
  snprintf(error, room, "option %s takes a number%s, not \"%.*s\"", info->name,
           info->type == 's' ? " (k, m or g may follow)" : "", (int)n, value ? value : "");
  return false;
}

/* trace=gc,jit is short for trace-gc and trace-jit. */
static bool parse_traces(tz_options *options, const char *names, size_t length, char *error, size_t room) {
  for (const char *end = names + length; names < end;) {
    size_t n = strcspn(names, ",") < (size_t)(end - names) ? strcspn(names, ",") : (size_t)(end - names);
    bool is_known = false;
    for (int i = 0; i < N_OPTIONS; i++) {
      const char *name = infos[i].name;
      if (strncmp(name, "trace-", 6) != 0 || strlen(name + 6) != n || memcmp(name + 6, names, n) != 0)
        continue;
      is_known = option_set(options, &infos[i], NULL, 0, error, room);
    }
    if (!is_known) return snprintf(error, room, "option trace knows no \"%.*s\"", (int)n, names), false;
    names += n + (names + n < end);
  }
  return true;
}

static bool option_parse(tz_options *options, const char *text, size_t length, char *error, size_t room) {
  while (length > 0 && *text == '-') text++, length--;
  const char *equals = memchr(text, '=', length);
  size_t n = equals ? (size_t)(equals - text) : length;
  if (equals != NULL && n == 5 && memcmp(text, "trace", n) == 0)
    return parse_traces(options, equals + 1, length - n - 1, error, room);
  for (int i = 0; i < N_OPTIONS; i++)
    if (strlen(infos[i].name) == n && memcmp(infos[i].name, text, n) == 0)
      return option_set(options, &infos[i], equals ? equals + 1 : NULL, equals ? length - n - 1 : 0, error,
                        room);
  const char *near = nearest(text, n);
  snprintf(error, room, "there is no option \"%.*s\"%s%s%s", (int)n, text, near ? "; did you mean \"" : "",
           near ? near : "", near ? "\"?" : "");
  return false;
}

bool tz_options_parse(tz_options *options, const char *text, char *error, size_t room) {
  return option_parse(options, text, strlen(text), error, room);
}

bool tz_options_parse_list(tz_options *options, const char *text, char *error, size_t room) {
  for (;;) {
    text += strspn(text, " ,\t\n");
    size_t n = strcspn(text, " ,\t\n");
    if (n == 0) return true;
    if (!option_parse(options, text, n, error, room)) return false;
    text += n;
  }
}

/* ---- the machine's memory ---- */

static int64_t read_limit(const char *path) { /* bytes, or INT64_MAX: none */
  char text[64];
  FILE *f = fopen(path, "re");
  if (f == NULL) return INT64_MAX;
  int64_t value = INT64_MAX;
  if (fgets(text, sizeof text, f) != NULL && text[0] >= '0' && text[0] <= '9') {
    unsigned long long v = strtoull(text, NULL, 10);
    if (v > 0 && v < INT64_MAX) value = (int64_t)v;
  }
  fclose(f);
  return value;
}

/* The limit of this process's own control group, version 2 ("0::/path") or 1 ("N:memory:/path"). */
static int64_t cgroup_limit(void) {
  int64_t least = INT64_MAX;
  char line[512], path[640];
  FILE *f = fopen("/proc/self/cgroup", "re");
  while (f != NULL && fgets(line, sizeof line, f) != NULL) {
    line[strcspn(line, "\n")] = 0;
    char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (second == NULL) continue;
    bool is_v2 = second == first + 1,
         is_memory = strstr(first, "memory") != NULL && strstr(first, "memory") < second;
    if (!is_v2 && !is_memory) continue;
    snprintf(path, sizeof path,
             is_v2 ? "/sys/fs/cgroup%s/memory.max" : "/sys/fs/cgroup/memory%s/memory.limit_in_bytes",
             second + 1);
    int64_t limit = read_limit(path);
    if (limit < least) least = limit;
  }
  if (f != NULL) fclose(f);
  int64_t v2 = read_limit("/sys/fs/cgroup/memory.max");
  int64_t v1 = read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (v2 < least) least = v2;
  return v1 < least ? v1 : least;
}

int64_t tz_memory_available(void) {
  int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  int64_t limit = cgroup_limit();
  return limit < bytes ? limit : bytes;
}
