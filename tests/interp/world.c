/* world.c: see world.h. */
#include "world.h"
#include "terza/lowmem.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

enum { HEAP_LIMIT = 256 << 20 }; /* address space is reserved by it, which an emulator pays for in memory */

tz_vm *world_new_with(const tz_options *options) {
  tz_options o = *options;
  if (o.heap_limit == 0) o.heap_limit = HEAP_LIMIT;
  tz_vm *vm = tz_vm_new(&o);
  cr_assert_not_null(vm);
  return vm;
}

tz_vm *world_new(void) { return world_new_with(tz_options_default()); }

tz_function *code_declare(tz_vm *vm, const char *name, const char *signature) {
  const char *error = NULL;
  tz_sig *sig = tz_sig_parse(vm, signature, &error);
  cr_assert_not_null(sig, "%s: %s", signature, error ? error : "");
  return tz_function_alloc(vm, NULL, name, sig);
}

static tz_type *parse_type(tz_vm *vm, const char *text) {
  const char *error = NULL;
  tz_type *type = tz_type_parse(vm, text, &error);
  cr_assert_not_null(type, "%s: %s", text, error ? error : "");
  return type;
}

void code_begin_in(code *c, tz_vm *vm, tz_function *f, const char *locals) {
  *c = (code){.vm = vm, .f = f};
  tz_type **registers = tz_lowmem_alloc(vm->lowmem, 64 * sizeof *registers);
  uint32_t n = f->signature->n_params;
  memcpy(registers, f->signature->params, n * sizeof *registers);
  char text[64];
  for (const char *p = locals; *p;) {
    size_t length = strcspn(p, " ");
    snprintf(text, sizeof text, "%.*s", (int)length, p);
    registers[n] = parse_type(vm, text);
    f->n_ref_locals += registers[n]->rep == 'R' || registers[n]->rep == 'Y';
    n++;
    p += length + (p[length] == ' ');
  }
  f->registers = registers;
  f->n_registers = n;
}

void code_begin(code *c, tz_vm *vm, const char *name, const char *signature, const char *locals) {
  code_begin_in(c, vm, code_declare(vm, name, signature), locals);
}

tz_function *code_end(code *c) {
  tz_function *f = c->f;
  f->code = tz_lowmem_alloc(c->vm->lowmem, c->n * sizeof *c->words);
  memcpy(f->code, c->words, c->n * sizeof *c->words);
  f->n_words = c->n;
  tz_function_fuse(f);
  f->k = tz_lowmem_alloc(c->vm->lowmem, (c->n_k + 1) * sizeof *c->k);
  memcpy(f->k, c->k, c->n_k * sizeof *c->k);
  struct tz_linked_handler *handlers = tz_lowmem_alloc(c->vm->lowmem, sizeof c->handlers);
  memcpy(handlers, c->handlers, sizeof c->handlers);
  f->handlers = handlers;
  f->n_handlers = c->n_handlers;
  cr_assert(tz_function_finish(c->vm, f));
  return f;
}

uint32_t abc(code *c, tz_opcode op, uint32_t a, uint32_t b, uint32_t cc) {
  c->words[c->n] = tz_encode_abc(op, a, b, cc);
  return c->n++;
}

uint32_t ad(code *c, tz_opcode op, uint32_t a, int64_t d) {
  c->words[c->n] = tz_encode_ad(op, a, d);
  return c->n++;
}

uint32_t call(code *c, tz_opcode op, uint32_t a, uint64_t d, int n, ...) {
  uint32_t at = c->n;
  c->words[c->n++] =
      tz_encode_x(tz_encode_ad(op, a == TZ_REG_DISCARD ? c->f->n_registers : a, (int64_t)d), (uint32_t)n);
  uint64_t *list = &c->words[c->n];
  c->n += tz_encode_list_words((uint32_t)n);
  list[0] = c->f->n_registers + TZ_FRAME_HEADER;
  va_list args;
  va_start(args, n);
  for (int i = 0; i < n; i++) tz_encode_list_lane(list, (uint32_t)i, va_arg(args, unsigned));
  va_end(args);
  return at;
}

void patch_c(code *c, uint32_t at) { c->words[at] |= (uint64_t)(uint16_t)(c->n - at) << 48; }
void patch_d(code *c, uint32_t at) { c->words[at] |= (uint64_t)(c->n - at) << 32; }

uint32_t k_word(code *c, tz_word w) {
  c->k[c->n_k] = w;
  return c->n_k++;
}
uint32_t k_pointer(code *c, const void *p) { return k_word(c, (tz_word){.u = (uint64_t)(uintptr_t)p}); }
uint32_t k_string(code *c, const char *text) {
  return k_pointer(c, tz_string_permanent(c->vm, text, strlen(text)));
}
uint32_t k_type(code *c, const char *type) { return k_pointer(c, parse_type(c->vm, type)); }

uint32_t k_site(code *c, tz_site_kind kind, const char *name) {
  tz_site *site = (tz_site *)&c->k[c->n_k];
  *site = (tz_site){.kind = kind, .name = name ? tz_symbol(c->vm, name, strlen(name)) : NULL};
  c->n_k += sizeof *site / sizeof(tz_word);
  return (uint32_t)((tz_word *)site - c->k);
}

uint32_t k_interface_site(code *c, tz_class *interface) {
  k_pointer(c, interface);
  return k_site(c, TZ_SITE_INTERFACE, NULL);
}

void guard(code *c, uint32_t start, uint32_t end, uint32_t target, uint32_t reg, const char *machine_error) {
  c->handlers[c->n_handlers++] =
      (struct tz_linked_handler){start, end, target, reg, tz_class_machine(c->vm, machine_error)};
}

tz_function *fib_with(tz_vm *vm, tz_function *f, const tz_function *other) {
  code c;
  code_begin_in(&c, vm, f, "i64 i64");
  uint32_t k_other = k_pointer(&c, other), k_self = k_pointer(&c, f);
  uint32_t small = abc(&c, TZ_OP_JLT_II, 0, 2, 0);
  abc(&c, TZ_OP_ADD_II, 1, 0, (uint16_t)-1);
  call(&c, TZ_OP_CALL, 1, k_other, 1, 1);
  abc(&c, TZ_OP_ADD_II, 2, 0, (uint16_t)-2);
  call(&c, TZ_OP_CALL, 2, k_self, 1, 2);
  abc(&c, TZ_OP_ADD_I, 0, 1, 2);
  patch_c(&c, small);
  abc(&c, TZ_OP_RET, 0, 0, 0);
  return code_end(&c);
}

tz_function *make_fib(tz_vm *vm) {
  tz_function *f = code_declare(vm, "fib", "(i64)i64");
  return fib_with(vm, f, f);
}

tz_word run(tz_vm *vm, tz_function *f, int n, const tz_word *args) {
  tz_word result = {0};
  tz_ref error = {0};
  bool ok = tz_vm_run(vm, f, args, n, &result, &error);
  cr_assert(ok, "%s threw %s", f->name, ok ? "" : tz_object_class((void *)(uintptr_t)error.word)->name);
  return result;
}

const char *run_error(tz_vm *vm, tz_function *f, int n, const tz_word *args) {
  tz_word result;
  tz_ref error = {0};
  cr_assert(!tz_vm_run(vm, f, args, n, &result, &error), "%s did not throw", f->name);
  const char *name = tz_object_class((void *)(uintptr_t)error.word)->name;
  const char *dot = strrchr(name, '.');
  return dot ? dot + 1 : name;
}
