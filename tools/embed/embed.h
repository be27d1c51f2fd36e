/* embed.h: what the parts of the embedding API share. */
#pragma once
#include "compiler.h"
#include "terza/terza.h"
#include "terza/vm.h"

typedef struct registration { /* a host's native */
  struct registration *next;
  tz_native_def def; /* first is name; the def's address identifies the registration */
  char *module;
  terza_native native;
  void *data;
} registration;

struct terza_handle {
  terza_vm *owner;
  tz_handle handle;
  terza_handle *previous, *next; /* all of the machine's */
};

struct terza_vm {
  tz_vm *vm;
  rima_compiler *compiler; /* made when first needed */
  registration *registrations;
  terza_handle *handles;
  void (*write)(void *host, int fd, const char *bytes, size_t length);
  void *host;
  uint64_t step_limit; /* of each call from the host */
};

struct terza_call_frame {
  terza_vm *owner;
  tz_thread *th;
  const tz_function *function;
  tz_word *args;
  bool returned;
};

/* Fills *error (may be NULL), whose texts it copies. Always false. */
bool embed_fail(terza_error *error, const char *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool embed_fail_guest(terza_vm *owner, terza_error *error, tz_ref exception);

/* A host value as a word of the type: may collect; the word is not rooted. False: *why tells (static text).
 */
bool embed_to_word(terza_vm *owner, const tz_type *type, const terza_value *value, tz_word *word,
                   const char **why);
/* The reverse; the value owns what it holds. False: out of memory. Does not collect. */
bool embed_from_word(terza_vm *owner, const tz_type *type, tz_word word, terza_value *value);

void embed_natives_free(terza_vm *owner);
