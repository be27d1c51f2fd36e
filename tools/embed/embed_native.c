/* embed_native.c: functions of the host that the guest calls. */
#include "embed.h"
#include "terza/linking.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

terza_vm *terza_frame_vm(terza_call_frame *call) { return call->owner; }
size_t terza_count(terza_call_frame *call) { return call->function->n_params; }
int64_t terza_arg_int(terza_call_frame *call, size_t i) { return call->args[i].i; }
double terza_arg_float(terza_call_frame *call, size_t i) { return call->args[i].f; }

const char *terza_arg_string(terza_call_frame *call, size_t i, size_t *length) {
  tz_string *s = call->args[i].p;
  *length = s != NULL ? (size_t)s->length : 0;
  return s != NULL ? (const char *)s->u8 : NULL;
}

bool terza_arg(terza_call_frame *call, size_t i, terza_value *value) {
  if (embed_from_word(call->owner, call->function->signature->params[i], call->args[i], value)) return true;
  return tz_raise(call->th, TZ_ERROR_OUT_OF_MEMORY, "no memory for an argument");
}

bool terza_return(terza_call_frame *call, terza_value value) {
  const char *why = "";
  tz_word word;
  if (!embed_to_word(call->owner, call->function->signature->result, &value, &word, &why))
    return tz_raise(call->th, TZ_ERROR_CAST, "the result of %s: %s", call->function->name, why);
  call->args[0] = word;
  call->returned = true;
  return true;
}

bool terza_raise(terza_call_frame *call, const char *type, const char *format, ...) {
  char text[1024], qualified[256];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  snprintf(qualified, sizeof qualified, "%s%s", strchr(type, '.') ? "" : "tz.", type);
  return tz_raise_class(call->th, qualified, "%s", text);
}

/* ---- registration ---- */

/* Every host native enters here: the frame tells which function it is, its name which registration. */
static bool dispatch(tz_thread *th, tz_word *args) {
  const tz_function *f = TZ_FRAME_FUNCTION(args);
  char module[256];
  const char *dot = strchr(f->name, '.');
  size_t n = dot != NULL ? (size_t)(dot - f->name) : 0;
  if (dot == NULL || n >= sizeof module) return tz_raise(th, TZ_ERROR_STATE, "%s is not registered", f->name);
  memcpy(module, f->name, n);
  module[n] = 0;
  const tz_native_def *def = tz_native_find(th->vm, module, dot + 1);
  if (def == NULL) return tz_raise(th, TZ_ERROR_STATE, "%s is not registered", f->name);
  const registration *r = (const registration *)((const char *)def - offsetof(registration, def));
  terza_call_frame call = {th->vm->host, th, f, args, false};
  if (!r->native(&call, r->data))
    return th->exception == 0 ? tz_raise(th, TZ_ERROR_ERROR, "%s failed", f->name) : false;
  if (!call.returned) args[0].u = 0;
  return true;
}

static void registration_free(registration *r) {
  if (r == NULL) return;
  free((char *)r->def.name);
  free((char *)r->def.signature);
  free(r->module);
  free(r);
}

bool terza_register(terza_vm *owner, const char *qualified_name, const char *signature, terza_native native,
                    void *data, terza_error *error) {
  const char *dot = strchr(qualified_name, '.'), *why;
  if (dot == NULL)
    return embed_fail(error, "HostError", "%s has no module: name it module.function", qualified_name);
  if (strchr(signature, '%') == NULL && tz_sig_parse(owner->vm, signature, &why) == NULL)
    return embed_fail(error, "HostError", "signature %s: %s", signature, why);
  registration *r = calloc(1, sizeof *r);
  if (r != NULL) {
    r->def = (tz_native_def){strdup(dot + 1), strdup(signature), dispatch};
    r->module = strndup(qualified_name, (size_t)(dot - qualified_name));
    r->native = native;
    r->data = data;
  }
  if (r == NULL || r->def.name == NULL || r->def.signature == NULL || r->module == NULL ||
      !tz_natives_register(owner->vm, r->module, &r->def, 1)) {
    registration_free(r);
    return embed_fail(error, "HostError", "out of memory");
  }
  r->next = owner->registrations;
  owner->registrations = r;
  return true;
}

void embed_natives_free(terza_vm *owner) {
  for (registration *r = owner->registrations, *next; r != NULL; r = next) {
    next = r->next;
    registration_free(r);
  }
}
