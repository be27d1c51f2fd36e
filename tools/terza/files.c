/* files.c: what the commands share: their arguments, reading, writing and naming files. */
#include "command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

int command_fail(const command_line *line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "terza %s: ", line->command);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  return EXIT_NOT_STARTED;
}

bool command_take_flag(command_line *line, const char *name, const char **value) {
  size_t length = strlen(name);
  for (int i = 0; i < line->n_args && strcmp(line->args[i], "--") != 0; i++) {
    char *arg = line->args[i];
    if (strncmp(arg, name, length) != 0 || (arg[length] != 0 && arg[length] != '=')) continue;
    if (value) *value = arg[length] == '=' ? arg + length + 1 : NULL;
    int used = 1;
    if (value && !*value && strcmp(name, "-o") == 0 && i + 1 < line->n_args)
      *value = line->args[i + 1], used = 2;
    for (int j = i; j + used <= line->n_args; j++) line->args[j] = line->args[j + used];
    line->n_args -= used;
    return true;
  }
  return false;
}

bool command_no_flags_left(command_line *line) {
  for (int i = 0; i < line->n_args; i++) {
    const char *arg = line->args[i];
    if (arg[0] != '-' || arg[1] == 0) continue;
    command_fail(line, "no option %s (see `terza help %s` and `terza help options`)", arg, line->command);
    return false;
  }
  return true;
}

bool command_usual_options(command_line *line) {
  char error[256];
  const char *list = getenv("TERZA_OPTIONS");
  line->options = *tz_options_default();
  if (list && !tz_options_parse_list(&line->options, list, error, sizeof error))
    return command_fail(line, "TERZA_OPTIONS: %s", error), false;
  return true;
}

bool command_take_options(command_line *line) {
  char error[256];
  if (!command_usual_options(line)) return false;
  int taken = 0;
  while (taken < line->n_args && strncmp(line->args[taken], "--", 2) == 0) {
    const char *arg = line->args[taken++];
    if (arg[2] == 0) break;
    if (strncmp(arg, "--dump=", 7) == 0) {
      line->dump = arg + 7;
      continue;
    }
    if (!tz_options_parse(&line->options, arg, error, sizeof error))
      return command_fail(line, "%s", error), false;
  }
  line->args += taken;
  line->n_args -= taken;
  return true;
}

bool command_ends_with(const char *path, const char *ending) {
  size_t a = strlen(path), b = strlen(ending);
  return a > b && strcmp(path + a - b, ending) == 0;
}

char *command_replace_ending(const char *path, const char *ending) {
  const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
  size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
  char *result = malloc(stem + strlen(ending) + 1);
  if (!result) return NULL;
  memcpy(result, path, stem);
  strcpy(result + stem, ending);
  return result;
}

char *command_read_file(const command_line *line, const char *path, size_t *length) {
  int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    command_fail(line, "cannot open %s: %s", path, strerror(errno));
    return NULL;
  }
  size_t capacity = 1 << 16, n = 0;
  char *text = malloc(capacity + 1);
  ssize_t got = 0;
  while (text && (got = read(fd, text + n, capacity - n)) > 0) {
    n += (size_t)got;
    if (n < capacity) continue;
    char *larger = realloc(text, 2 * capacity + 1);
    if (!larger) free(text);
    text = larger;
    capacity *= 2;
  }
  int error = errno;
  if (fd > 0) close(fd);
  if (!text || got < 0) {
    command_fail(line, "cannot read %s: %s", path, text ? strerror(error) : "out of memory");
    free(text);
    return NULL;
  }
  text[n] = 0;
  *length = n;
  return text;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

bool command_write_file(const command_line *line, const char *path, const void *bytes, size_t length) {
  size_t size = strlen(path) + 32;
  char *part = malloc(size);
  if (!part) return command_fail(line, "out of memory"), false;
  snprintf(part, size, "%s.part-%ld", path, (long)getpid());
  int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool done = fd >= 0 && write_all(fd, bytes, length);
  if (fd >= 0 && close(fd) != 0) done = false;
  if (done && rename(part, path) != 0) done = false;
  if (!done) {
    command_fail(line, "cannot write %s: %s", path, strerror(errno));
    unlink(part);
  }
  free(part);
  return done;
}
