/* io_file.c: natives of module io that read and write files.
 *
 * A file is C memory to which a native payload points; a helper thread may hold it too, so references are
 * counted. It has one buffer: of a reader, bytes read and not yet taken (start..end); of a writer, bytes not
 * yet written (0..end). Regular files are read and written on the spot; pipes and terminals by a helper
 * thread, while other processes run; meanwhile the file is busy, and other processes that use it get a
 * StateError. Standard output and error have no buffer here: they share the machine's own. */
#include "library.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

typedef struct file {
  int fd; /* -1: closed */
  int open_flags;
  bool is_writer, is_standard, is_regular, is_busy;
  _Atomic int references;
  char *path;
  uint8_t *buffer;
  size_t start, end, capacity;
  size_t scanned; /* no newline before this offset of the buffer */
} file;

static void file_release(file *f) {
  if (--f->references > 0) return;
  if (f->fd > 2) close(f->fd);
  free(f->path);
  free(f->buffer);
  free(f);
}

/* Hands the buffer to the system; 0 or an error number. What could not be written is dropped: it was
 * reported. */
static int write_out(file *f) {
  size_t done = 0;
  int error = 0;
  while (done < f->end && error == 0) {
    ssize_t n = write(f->fd, f->buffer + done, f->end - done);
    if (n >= 0) done += (size_t)n;
    else if (errno != EINTR) error = errno;
  }
  f->end = 0;
  return error;
}

static void file_finalize(tz_vm *vm, void *payload) {
  (void)vm;
  file *f = *(file **)payload;
  if (f == NULL) return;
  if (f->is_writer && f->fd >= 0 && !f->is_busy && !f->is_standard) write_out(f);
  file_release(f);
}

static file *file_new(const char *path) {
  file *f = calloc(1, sizeof *f);
  char *copy = strdup(path);
  if (f == NULL || copy == NULL) {
    free(f);
    free(copy);
    return NULL;
  }
  f->fd = -1;
  f->references = 1;
  f->path = copy;
  return f;
}

/* Gives an object that owns the reference; releases it if there is no memory. */
static bool give_file(tz_thread *th, tz_word *args, file *f) {
  void *object = tz_payload_new(th, "io.FileHandle", sizeof f, file_finalize);
  if (object == NULL) {
    file_release(f);
    return false;
  }
  *(file **)tz_payload(object) = f;
  return tz_give_ref(args, object);
}

/* The open file of an object; NULL with an exception pending. */
static file *file_of(tz_thread *th, void *object) {
  if (object == NULL || tz_object_class(object)->finalizer != (void *)file_finalize)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "not a file"), NULL;
  file *f = *(file **)tz_payload(object);
  if (f->is_busy) return tz_raise(th, TZ_ERROR_STATE, "another process is using '%s'", f->path), NULL;
  if (f->fd < 0) return tz_raise(th, TZ_ERROR_IO, "'%s' is closed", f->path), NULL;
  return f;
}

static file *reader_of(tz_thread *th, void *object) {
  file *f = file_of(th, object);
  if (f == NULL || !f->is_writer) return f;
  return tz_raise(th, TZ_ERROR_IO, "'%s' is open for writing", f->path), NULL;
}

static file *writer_of(tz_thread *th, void *object) {
  file *f = file_of(th, object);
  if (f == NULL || f->is_writer) return f;
  return tz_raise(th, TZ_ERROR_IO, "'%s' is open for reading", f->path), NULL;
}

static bool buffer_reserve(tz_thread *th, file *f, size_t free_bytes) {
  if (f->capacity - f->end >= free_bytes) return true;
  size_t capacity = f->end + free_bytes > f->capacity * 2 ? f->end + free_bytes : f->capacity * 2;
  uint8_t *buffer = realloc(f->buffer, capacity);
  if (buffer == NULL)
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for the buffer of '%s'", f->path);
  f->buffer = buffer;
  f->capacity = capacity;
  return true;
}

/* ---- tasks: what may wait for the system ---- */

typedef enum task_kind { TASK_OPEN, TASK_FILL, TASK_FLUSH, TASK_SYNC, TASK_CLOSE } task_kind;

typedef struct task {
  file *file;
  task_kind kind;
  int error;
  ssize_t count;
} task;

static void open_file(task *t) {
  file *f = t->file;
  struct stat info;
  f->fd = open(f->path, f->open_flags | O_CLOEXEC, 0666);
  if (f->fd < 0 || fstat(f->fd, &info) != 0) t->error = errno;
  else f->is_regular = S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
}

static void fill_buffer(task *t) {
  file *f = t->file;
  do t->count = read(f->fd, f->buffer + f->end, f->capacity - f->end);
  while (t->count < 0 && errno == EINTR);
  if (t->count < 0) t->error = errno;
  else f->end += (size_t)t->count;
}

static void close_file(task *t) {
  file *f = t->file;
  if (f->is_writer) t->error = write_out(f);
  if (close(f->fd) != 0 && t->error == 0 && errno != EINTR) t->error = errno;
  f->fd = -1;
}

static void task_work(void *state) {
  task *t = state;
  switch (t->kind) {
  case TASK_OPEN: open_file(t); break;
  case TASK_FILL: fill_buffer(t); break;
  case TASK_FLUSH: t->error = write_out(t->file); break;
  case TASK_SYNC:
    t->error = write_out(t->file);
    if (t->error == 0 && fsync(t->file->fd) != 0 && errno != EINVAL) t->error = errno;
    break;
  case TASK_CLOSE: close_file(t); break;
  }
}

static bool task_finish(tz_thread *th, tz_word *args, void *state) {
  static const char *const verbs[] = {"open", "read", "write", "write", "write"};
  task t = *(task *)state;
  free(state);
  t.file->is_busy = false;
  bool ok = t.error == 0 || tz_raise_io(th, verbs[t.kind], t.file->path, t.error);
  if (ok && t.kind == TASK_FILL) tz_give_int(args, t.count);
  if (ok && t.kind == TASK_OPEN) return give_file(th, args, t.file);
  file_release(t.file);
  return ok;
}

/* Does what the task says, now or on a helper thread. A TASK_OPEN owns the reference it is given. */
static bool perform(tz_thread *th, tz_word *args, file *f, task_kind kind, bool may_wait) {
  task *t = malloc(sizeof *t);
  if (t == NULL) {
    if (kind == TASK_OPEN) file_release(f);
    return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory to use a file");
  }
  *t = (task){f, kind, 0, 0};
  if (kind != TASK_OPEN) f->references++;
  f->is_busy = true;
  if (may_wait) return tz_native_block(th, task_work, task_finish, t);
  task_work(t);
  return task_finish(th, args, t);
}

/* ---- natives ---- */

static bool io_open(tz_thread *th, tz_word *args) {
  static const int flags[] = {O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND,
                              O_WRONLY | O_CREAT | O_EXCL};
  TZ_REQUIRE(th, args[0].p);
  if (args[1].i < 0 || args[1].i > 3) return tz_raise(th, TZ_ERROR_ARGUMENT, "no such way to open a file");
  char *path = tz_c_string(th, tz_arg_string(args, 0));
  if (path == NULL) return false;
  file *f = file_new(path);
  struct stat info;
  bool is_fifo = stat(path, &info) == 0 && S_ISFIFO(info.st_mode); /* opening waits for the other side */
  free(path);
  if (f == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a file");
  f->open_flags = flags[args[1].i];
  f->is_writer = args[1].i > 0;
  return perform(th, args, f, TASK_OPEN, is_fifo);
}

static bool io_standard(tz_thread *th, tz_word *args) {
  static const char *const names[] = {"standard input", "standard output", "standard error"};
  int64_t number = args[0].i;
  if (number < 0 || number > 2)
    return tz_raise(th, TZ_ERROR_ARGUMENT, "no standard stream %lld", (long long)number);
  file *f = file_new(names[number]);
  if (f == NULL) return tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for a file");
  struct stat info;
  f->fd = (int)number;
  f->is_standard = true;
  f->is_writer = number > 0;
  f->is_regular = fstat(f->fd, &info) == 0 && S_ISREG(info.st_mode);
  return give_file(th, args, f);
}

/* Reads more into the buffer; gives how many bytes, 0 at the end of the file. */
static bool io_fill(tz_thread *th, tz_word *args) {
  file *f = reader_of(th, args[0].p);
  if (f == NULL) return false;
  if (f->start > 0) {
    memmove(f->buffer, f->buffer + f->start, f->end - f->start);
    f->end -= f->start;
    f->scanned = f->scanned > f->start ? f->scanned - f->start : 0;
    f->start = 0;
  }
  if (!buffer_reserve(th, f, CHUNK)) return false;
  if (f->is_standard)
    tz_vm_flush(tz_thread_vm(th)); /* a question is to be seen before its answer is awaited */
  return perform(th, args, f, TASK_FILL, !f->is_regular);
}

static bool io_take_line(tz_thread *th, tz_word *args) {
  file *f = reader_of(th, args[0].p);
  if (f == NULL) return false;
  size_t from = f->scanned > f->start ? f->scanned : f->start;
  const uint8_t *newline = f->end > from ? memchr(f->buffer + from, '\n', f->end - from) : NULL;
  f->scanned = f->end;
  if (newline == NULL) return tz_give_null(args);
  const uint8_t *line = f->buffer + f->start;
  f->start = f->scanned = (size_t)(newline + 1 - f->buffer);
  bool has_return = newline > line && newline[-1] == '\r';
  return tz_give_ref(args, tz_text_new(th, (const char *)line, (size_t)(newline - line) - has_return));
}

static bool io_take_rest(tz_thread *th, tz_word *args) {
  file *f = reader_of(th, args[0].p);
  if (f == NULL) return false;
  tz_string *s = tz_text_new(th, f->end > 0 ? (const char *)f->buffer + f->start : "", f->end - f->start);
  if (s != NULL) f->start = f->end = f->scanned = 0;
  return tz_give_ref(args, s);
}

static bool io_take_bytes(tz_thread *th, tz_word *args) {
  file *f = reader_of(th, args[0].p);
  tz_array *target = args[1].p;
  int64_t at = args[2].i, count = args[3].i;
  if (f == NULL) return false;
  TZ_REQUIRE(th, target);
  if (at < 0 || count < 0 || at > target->length || count > target->length - at)
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld bytes at index %lld of an array of %lld", (long long)count,
                    (long long)at, (long long)target->length);
  if ((size_t)count > f->end - f->start) count = (int64_t)(f->end - f->start);
  if (count > 0) memcpy(target->u8 + at, f->buffer + f->start, (size_t)count);
  f->start += (size_t)count;
  return tz_give_int(args, count);
}

static bool put(tz_thread *th, tz_word *args, file *f, const uint8_t *bytes, size_t count) {
  if (f->is_standard) {
    tz_vm_write(tz_thread_vm(th), f->fd, (const char *)bytes, count);
    return true;
  }
  if (!buffer_reserve(th, f, count > CHUNK ? count : CHUNK)) return false;
  memcpy(f->buffer + f->end, bytes, count);
  f->end += count;
  return f->end < CHUNK || perform(th, args, f, TASK_FLUSH, !f->is_regular);
}

static bool io_write(tz_thread *th, tz_word *args) {
  file *f = writer_of(th, args[0].p);
  tz_string *text = args[1].p;
  if (f == NULL) return false;
  TZ_REQUIRE(th, text);
  return put(th, args, f, text->u8, (size_t)text->length);
}

static bool io_write_bytes(tz_thread *th, tz_word *args) {
  file *f = writer_of(th, args[0].p);
  tz_array *bytes = args[1].p;
  int64_t start = args[2].i, end = args[3].i;
  if (f == NULL) return false;
  TZ_REQUIRE(th, bytes);
  if (start < 0 || end < start || end > bytes->length)
    return tz_raise(th, TZ_ERROR_BOUNDS, "%lld..%lld of an array of %lld", (long long)start, (long long)end,
                    (long long)bytes->length);
  return put(th, args, f, bytes->u8 + start, (size_t)(end - start));
}

/* The machine keeps the first error of its output: reported here as that of any file. */
static bool flush_standard(tz_thread *th, const file *f) {
  tz_vm *vm = tz_thread_vm(th);
  return tz_vm_flush(vm) || tz_raise_io(th, "write", f->path, tz_vm_output_error(vm));
}

static bool io_flush(tz_thread *th, tz_word *args) {
  file *f = writer_of(th, args[0].p);
  if (f == NULL) return false;
  if (f->is_standard) return flush_standard(th, f);
  return f->end == 0 || perform(th, args, f, TASK_FLUSH, !f->is_regular);
}

static bool io_sync(tz_thread *th, tz_word *args) {
  file *f = writer_of(th, args[0].p);
  if (f == NULL) return false;
  return f->is_standard ? flush_standard(th, f) : perform(th, args, f, TASK_SYNC, true);
}

/* Closing twice does nothing; a standard stream is only flushed. */
static bool io_close(tz_thread *th, tz_word *args) {
  void *object = args[0].p;
  if (object != NULL && tz_object_class(object)->finalizer == (void *)file_finalize &&
      (*(file **)tz_payload(object))->fd < 0)
    return true;
  file *f = file_of(th, object);
  if (f == NULL) return false;
  if (f->is_standard) return !f->is_writer || flush_standard(th, f);
  return perform(th, args, f, TASK_CLOSE, f->is_writer && f->end > 0 && !f->is_regular);
}

static bool io_seek(tz_thread *th, tz_word *args) {
  file *f = reader_of(th, args[0].p);
  if (f == NULL) return false;
  if (lseek(f->fd, args[1].i, SEEK_SET) < 0) return tz_raise_io(th, "seek in", f->path, errno);
  f->start = f->end = f->scanned = 0;
  return true;
}

static bool io_is_terminal(tz_thread *th, tz_word *args) {
  file *f = file_of(th, args[0].p);
  return f != NULL && tz_give_int(args, isatty(f->fd));
}

bool tz_register_io(tz_vm *vm) {
  static const tz_native_def defs[] = {
      {"fileOpen", "(string,i64)object", io_open},
      {"fileStandard", "(i64)object", io_standard},
      {"fileFill", "(object)i64", io_fill},
      {"fileTakeLine", "(object)string", io_take_line},
      {"fileTakeRest", "(object)string", io_take_rest},
      {"fileTakeBytes", "(object,[u8],i64,i64)i64", io_take_bytes},
      {"fileWrite", "(object,string)void", io_write},
      {"fileWriteBytes", "(object,[u8],i64,i64)void", io_write_bytes},
      {"fileFlush", "(object)void", io_flush},
      {"fileSync", "(object)void", io_sync},
      {"fileClose", "(object)void", io_close},
      {"fileSeek", "(object,i64)void", io_seek},
      {"fileIsTerminal", "(object)bool", io_is_terminal},
  };
  return tz_natives_register(vm, "io", defs, TZ_COUNT(defs));
}
