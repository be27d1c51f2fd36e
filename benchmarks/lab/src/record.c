/* record.c: see record.h. */
#include "record.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const char *bytes, size_t n) {
  while (n > 0) {
    ssize_t written = write(fd, bytes, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    n -= (size_t)written;
  }
  return true;
}

bool record_write(int fd, json_t *object) {
  off_t end = lseek(fd, 0, SEEK_END);
  char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(object);
  errno = ENOMEM;
  if (text == NULL) return false;
  size_t n = strlen(text);
  text[n] = '\n'; /* in place of the NUL */
  bool is_written = write_all(fd, text, n + 1);
  int error = errno;
  free(text);
  if (!is_written && end >= 0 && ftruncate(fd, end) != 0) error = errno; /* a full disk: no half a line */
  errno = error;
  return is_written;
}

bool record_take_stats(json_t *stats, const char *line) {
  if (strncmp(line, "{\"stats\":", 9) != 0) return false;
  json_t *object = json_loads(line, 0, NULL);
  const char *name = json_string_value(json_object_get(object, "stats"));
  if (name == NULL) return json_decref(object), false;
  if (strcmp(name, "compilation") == 0) {
    json_t *list = json_object_get(stats, "compilations");
    if (list == NULL) json_object_set_new(stats, "compilations", list = json_array());
    json_array_append(list, object);
  } else {
    json_object_set(stats, name, object);
  }
  json_object_del(object, "stats");
  json_decref(object);
  return true;
}
