/* io_path.c: natives of module io that concern names: status, directories, temporary files. */
#include "library.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Calls `action` with args[0] as a path; an error number becomes an IoError. */
static bool with_path(tz_thread *th, tz_word *args, const char *verb, int (*action)(const char *path)) {
  TZ_REQUIRE(th, args[0].p);
  char *path = tz_c_string(th, tz_arg_string(args, 0));
  if (path == NULL) return false;
  bool ok = action(path) == 0 || tz_raise_io(th, verb, path, errno);
  free(path);
  return ok;
}

static int make_directory(const char *path) { return mkdir(path, 0777); }
static bool path_remove(tz_thread *th, tz_word *args) { return with_path(th, args, "remove", remove); }
static bool path_make_directory(tz_thread *th, tz_word *args) {
  return with_path(th, args, "make the directory", make_directory);
}

static bool path_rename(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  TZ_REQUIRE(th, args[1].p);
  char *from = tz_c_string(th, tz_arg_string(args, 0));
  char *to = from == NULL ? NULL : tz_c_string(th, tz_arg_string(args, 1));
  bool ok = to != NULL && (rename(from, to) == 0 || tz_raise_io(th, "rename", from, errno));
  free(from);
  free(to);
  return ok;
}

/* False if there is nothing of that name; otherwise size, modification time, mode, is file, is directory, is
 * link. */
static bool path_stat(tz_thread *th, tz_word *args) {
  tz_array *fields = args[1].p;
  TZ_REQUIRE(th, args[0].p);
  TZ_REQUIRE(th, fields);
  char *path = tz_c_string(th, tz_arg_string(args, 0));
  if (path == NULL) return false;
  struct stat info, link;
  bool is_there = stat(path, &info) == 0;
  int error = errno;
  bool is_link = lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
  if (!is_there && is_link) info = link, is_there = true; /* a link that leads nowhere */
  bool ok = is_there || error == ENOENT || error == ENOTDIR || tz_raise_io(th, "find", path, error);
  free(path);
  if (!ok) return false;
  const int64_t values[] = {
      info.st_size,          (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
      info.st_mode & 07777,  S_ISREG(info.st_mode),
      S_ISDIR(info.st_mode), is_link};
  for (int64_t i = 0; is_there && i < fields->length && i < 6; i++) fields->words[i].i = values[i];
  return tz_give_int(args, is_there);
}

static bool path_temporary(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  char *prefix = tz_c_string(th, tz_arg_string(args, 0)), *path = NULL;
  if (prefix == NULL) return false;
  const char *folder = getenv("TMPDIR");
  int n = asprintf(&path, "%s/%s-XXXXXX", folder != NULL && *folder ? folder : "/tmp", prefix);
  free(prefix);
  if (n < 0) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a path");
  int fd = -1;
  bool ok = args[1].i ? mkdtemp(path) != NULL : (fd = mkstemp(path)) >= 0;
  if (!ok) tz_raise_io(th, "make", path, errno);
  if (fd >= 0) close(fd);
  tz_string *s = ok ? tz_text_new(th, path, (size_t)n) : NULL;
  free(path);
  return tz_give_ref(args, s);
}

static bool path_temporary_name(tz_thread *th, tz_word *args) {
  uint64_t bits;
  char text[32];
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
    return tz_raise_io(th, "read", "the system's random numbers", errno);
  int n = snprintf(text, sizeof text, "%016llx", (unsigned long long)bits);
  return tz_give_ref(args, tz_string_new(th, text, (size_t)n));
}

static bool path_absolute(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  char *path = tz_c_string(th, tz_arg_string(args, 0));
  if (path == NULL) return false;
  char *real = realpath(path, NULL);
  if (real == NULL) tz_raise_io(th, "find", path, errno);
  tz_string *s = real == NULL ? NULL : tz_text_new(th, real, strlen(real));
  free(real);
  free(path);
  return tz_give_ref(args, s);
}

typedef struct name_list {
  char **items;
  size_t count, capacity;
} name_list;

static bool name_list_add(name_list *list, const char *name) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 32;
    char **items = realloc(list->items, capacity * sizeof *items);
    if (items == NULL) return false;
    list->items = items;
    list->capacity = capacity;
  }
  return (list->items[list->count] = strdup(name)) != NULL && ++list->count > 0;
}

/* 0 or an error number. */
static int list_directory(const char *path, name_list *list) {
  DIR *directory = opendir(path);
  if (directory == NULL) return errno;
  int error = 0;
  while (error == 0) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (entry == NULL) {
      error = errno;
      break;
    }
    bool is_dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (!is_dots && !name_list_add(list, entry->d_name)) error = ENOMEM;
  }
  closedir(directory);
  return error;
}

static bool path_list(tz_thread *th, tz_word *args) {
  TZ_REQUIRE(th, args[0].p);
  char *path = tz_c_string(th, tz_arg_string(args, 0));
  if (path == NULL) return false;
  name_list list = {0};
  int error = list_directory(path, &list);
  tz_array *names = NULL;
  if (error != 0) tz_raise_io(th, "list", path, error);
  else names = tz_text_array_new(th, (const char *const *)list.items, list.count);
  for (size_t i = 0; i < list.count; i++) free(list.items[i]);
  free(list.items);
  free(path);
  return tz_give_ref(args, names);
}

bool tz_register_io_path(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"remove", "(string)void", path_remove},
      {"rename", "(string,string)void", path_rename},
      {"makeDirectory", "(string)void", path_make_directory},
      {"pathStat", "(string,[i64])bool", path_stat},
      {"pathTemporary", "(string,bool)string", path_temporary},
      {"temporaryName", "()string", path_temporary_name},
      {"pathAbsolute", "(string)string", path_absolute},
      {"directoryList", "(string)[string]", path_list},
  };
  return tz_natives_register(vm, "io", defs, TZ_COUNT(defs));
}
