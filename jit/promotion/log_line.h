/* log_line.h: one record of the log while it is made; private to log*.c. */
#pragma once
#include "log.h"
#include <pthread.h>

struct tz_jit_log {
  tz_vm *vm;
  pthread_mutex_t lock; /* of what follows */
  int fd;               /* -1: given up, or finished */
};

typedef struct tz_log_line {
  FILE *to; /* NULL: no memory */
  char *text;
  size_t bytes;
} tz_log_line;

/* {"jit":"what" */
void tz_log_line_begin(tz_log_line *line, const char *what);
/* } and a line feed; writes and frees it. */
void tz_log_line_end(tz_jit_log *log, tz_log_line *line);

/* Each begins with a comma: a field of the object at hand. */
void tz_log_text(tz_log_line *line, const char *name, const char *text); /* NULL: null */
void tz_log_number(tz_log_line *line, const char *name, uint64_t number);
/* "function"; "entry": null, or a pc, then with "entry_line". */
void tz_log_code(tz_log_line *line, const tz_function *f, uint32_t entry);
/* Begins an element of a list: "function", "pc", "line". Its first field has no comma before it. */
void tz_log_element(tz_log_line *line, bool is_first, const tz_function *f, uint32_t pc);
/* "pc", "line" */
void tz_log_place(tz_log_line *line, const tz_function *f, uint32_t pc);
/* Whether --jit-log-code wants to see what became of it. */
bool tz_log_is_shown(const tz_jit_log *log, const tz_function *f);
/* A JSON string of the bytes; what is no UTF-8 becomes U+FFFD. */
void tz_log_quoted(FILE *to, const char *text, size_t n);
/* As much as one likes to read of a register's value: 12, "text", null, [int] of 3, main.Point. */
void tz_log_value(FILE *to, const tz_vm *vm, const tz_type *type, tz_word value);
void tz_log_class(FILE *to, const tz_class *cls);

/* log_profile.c: the record of a function at the end. */
void tz_log_profile(tz_jit_log *log, tz_function *f);
