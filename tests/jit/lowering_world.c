/* lowering_world.c: compiles and links graphs, and plays the runtime for them. Read lowering.h.
 *
 * Objects are linked by lld into a shared object, so that these tests need nothing of the tier's own loader.
 */
#include "lowering.h"
#include "terza/lowmem.h"
#include "terza/assembler.h"
#include "terza/loader.h"
#include <dlfcn.h>
#include <elf.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

tz_vm *world;
runtime_played played;
volatile int64_t *assumption;
static tz_module *module;
static const tz_llvm_api *api;
static tz_llvm *llvm;
extern char **environ;

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t room = 0;
  cr_assert(file != NULL && getdelim(&text, &room, 0, file) >= 0, "%s", path);
  fclose(file);
  return text;
}

void make_world(void) {
  char *text = read_file(LOWERING_WORLD);
  tz_asm_error wrong;
  tz_load_error unlinked;
  world = tz_vm_new(NULL);
  tz_image *image = tz_asm_assemble(text, strlen(text), &wrong);
  cr_assert_not_null(image, "%s:%u: %s", LOWERING_WORLD, wrong.line, wrong.message);
  module = tz_module_link(world, image, &unlinked);
  cr_assert_not_null(module, "%s", unlinked.message);
  free(text);
  void *library = dlopen(LOWERING_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  cr_assert_not_null(library, "%s", dlerror());
  api = dlsym(library, "tz_llvm_api");
  cr_assert_eq(api->version, TZ_LLVM_API);
  llvm = api->make();
  cr_assert_not_null(llvm);
  assumption = tz_lowmem_alloc(world->lowmem, sizeof *assumption);
  *assumption = 1;
}

/* ---- from text to code ---- */

static void *linked(const void *object, size_t bytes) {
  char from[] = "/tmp/terza-lowering-XXXXXX", to[sizeof from + 3];
  int fd = mkstemp(from), status;
  cr_assert(fd >= 0 && write(fd, object, bytes) == (ssize_t)bytes);
  close(fd);
  snprintf(to, sizeof to, "%s.so", from);
  pid_t linker;
  cr_assert_eq(posix_spawnp(&linker, "ld.lld-19", NULL, NULL,
                            (char *[]){"ld.lld-19", "-shared", "-z", "notext", "-o", to, from, NULL},
                            environ),
               0);
  cr_assert(waitpid(linker, &status, 0) == linker && status == 0, "linking failed");
  void *library = dlopen(to, RTLD_NOW | RTLD_LOCAL);
  cr_assert_not_null(library, "%s", dlerror());
  unlink(from);
  unlink(to);
  return library;
}

lowered lower_with(const char *text, tz_llvm_request request) {
  char *problem = NULL;
  lowered l = {.graph = tz_graph_parse(world, text, &problem)};
  cr_assert_not_null(l.graph, "%s\n%s", problem, text);
  problem = tz_graph_verify(l.graph);
  cr_assert_null(problem, "%s\n%s", problem, text);
  request.graph = l.graph;
  request.is_valid = assumption;
  if (getenv("LOWERING_DUMP") != NULL) {
    request.dump_llvm = request.dump_asm = true;
    request.to = stderr;
  }
  l.result = api->compile(llvm, &request);
  if (l.result.problem != NULL) return l;
  l.library = linked(l.result.object, l.result.bytes);
  l.code = dlsym(l.library, l.graph->function->name);
  cr_assert_not_null(l.code);
  return l;
}

lowered lower(const char *text) {
  lowered l = lower_with(text, (tz_llvm_request){.graph = NULL});
  cr_assert_null(l.result.problem, "%s\n%s", l.result.problem, text);
  return l;
}

void discard(lowered *l) {
  if (l->library != NULL) dlclose(l->library);
  tz_graph_free(l->graph);
  free(l->result.object);
  free(l->result.states);
  free(l->result.problem);
}

void *enter(const lowered *l) {
  played.running = l;
  return l->code;
}

/* ---- objects ---- */

tz_class *class_named(const char *name) {
  for (uint32_t i = 0; i < module->n_classes; i++)
    if (strcmp(module->classes[i]->name, name) == 0) return module->classes[i];
  cr_assert_fail("no class %s", name);
  abort();
}

tz_function *function_named(const char *name) {
  for (uint32_t i = 0; i < module->n_functions; i++)
    if (strcmp(module->functions[i]->name, name) == 0) return module->functions[i];
  cr_assert_fail("no function %s", name);
  abort();
}

tz_word *new_node(void) {
  return (tz_word *)tz_gc_alloc(&world->thread->mutator, &class_named("t.Node")->layout);
}

tz_array *new_array_of(tz_kind element, int64_t length) {
  tz_type *type = tz_type_array(world, tz_type_simple(world, element));
  return (tz_array *)tz_gc_alloc_array(&world->thread->mutator, &type->class_->layout, length);
}

/* ---- stack maps, version 3 (llvm.org/docs/StackMaps.html) ---- */

typedef struct location {
  uint8_t type, reserved;
  uint16_t size, reg, reserved2;
  int32_t offset;
} location;
enum { REGISTER = 1, INDIRECT = 3, CONSTANT, CONSTANT_INDEX, RBP = 6, RSP = 7 };

typedef struct place { /* a record, and the frame that was left there */
  const location *at; /* calling convention, flags, number of operands, operands, pairs of base and derived */
  uint32_t n;
  const int64_t *constants;
  char *rsp, *rbp;
  const int64_t *registers; /* by DWARF number, where they were saved; or NULL */
} place;

static const uint8_t *stack_maps(const lowered *l) {
  const uint8_t *o = l->result.object;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)o;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(o + header->e_shoff);
  const char *names = (const char *)o + sections[header->e_shstrndx].sh_offset;
  for (uint32_t i = 0; i < header->e_shnum; i++)
    if (strcmp(names + sections[i].sh_name, ".llvm_stackmaps") == 0) return o + sections[i].sh_offset;
  cr_assert_fail("no stack maps");
  abort();
}

/* The place that the caller of a runtime function has in compiled code; frame is the runtime function's
 * record. */
static place place_of(void *const *frame) {
  const uint8_t *p = stack_maps(played.running);
  uint32_t n[3]; /* functions, constants, records */
  memcpy(n, p + 4, sizeof n);
  const int64_t *constants = (const int64_t *)(p + 16 + 24 * n[0]);
  p = (const uint8_t *)(constants + n[1]);
  uint32_t wanted = (uint32_t)((uint8_t *)frame[1] - played.running->code);
  for (uint32_t i = 0; i < n[2]; i++) {
    uint32_t offset;
    uint16_t n_locations, n_live;
    memcpy(&offset, p + 8, 4);
    memcpy(&n_locations, p + 14, 2);
    const location *at = (const location *)(p + 16);
    if (offset == wanted) return (place){at, n_locations, constants, (char *)(frame + 2), frame[0], NULL};
    p = (const uint8_t *)(((uintptr_t)(at + n_locations) + 7) & ~(uintptr_t)7);
    memcpy(&n_live, p + 2, 2);
    p = (const uint8_t *)(((uintptr_t)p + 4 + 4 * n_live + 7) & ~(uintptr_t)7);
  }
  cr_assert_fail("no record for a call at %x", wanted);
  abort();
}

static int64_t *slot(const place *p, const location *l) {
  cr_assert(l->type == INDIRECT && l->size == 8 && (l->reg == RSP || l->reg == RBP));
  return (int64_t *)((l->reg == RSP ? p->rsp : p->rbp) + l->offset);
}

static int64_t operand_value(const place *p, const location *l) {
  if (l->type == CONSTANT) return l->offset;
  if (l->type == REGISTER) {
    cr_assert(p->registers != NULL && l->reg < 16 && l->size == 8);
    return p->registers[l->reg];
  }
  return l->type == CONSTANT_INDEX ? p->constants[l->offset] : *slot(p, l);
}

static void note_state(const place *p) {
  uint32_t n = (uint32_t)p->at[2].offset;
  cr_assert(n > 0 && n <= 64);
  played.state = (uint32_t)operand_value(p, &p->at[3]);
  played.n_operands = n - 1;
  for (uint32_t i = 1; i < n; i++) played.operands[i - 1] = operand_value(p, &p->at[3 + i]);
}

/* Derived references keep their distance from their base. */
static void move_roots(const place *p) {
  if (played.moves_from == NULL) return;
  uint32_t first = 3 + (uint32_t)p->at[2].offset;
  int64_t from = (int64_t)(intptr_t)played.moves_from, by = (int64_t)(intptr_t)played.moves_to - from;
  int64_t *done[64];
  uint32_t n = 0;
  for (uint32_t i = first; i + 1 < p->n; i += 2) {
    if (p->at[i].type != INDIRECT || *slot(p, &p->at[i]) != from) continue;
    int64_t *derived = slot(p, &p->at[i + 1]);
    if (derived != slot(p, &p->at[i])) *derived += by;
    done[n++] = slot(p, &p->at[i]);
  }
  for (uint32_t i = 0; i < n; i++) *done[i] = (int64_t)(intptr_t)played.moves_to;
}

const tz_state *last_state(void) { return &played.running->result.states->states[played.state]; }

static const tz_state_value *find_value(const tz_states *s, uint32_t first, uint32_t n, uint32_t at) {
  for (uint32_t i = first; i < first + n; i++)
    if (s->values[i].slot == at) return &s->values[i];
  return NULL;
}

int64_t register_at(uint32_t frame, uint32_t reg) {
  const tz_states *s = played.running->result.states;
  const tz_state_frame *f = &s->frames[last_state()->first_frame + frame];
  const tz_state_value *v = find_value(s, f->first_value, f->n_values, reg);
  if (v == NULL) return 0;
  cr_assert_eq(v->source, TZ_FROM_OPERAND);
  return played.operands[v->index];
}

/* ---- the runtime ---- */

#define FRAME ((void *const *)__builtin_frame_address(0))

/* The tier's own stubs.S calls these two. */
uint64_t tz_native_deopt(tz_thread *th, const int64_t *registers, void *const *frame);
int64_t tz_native_call_vm(tz_thread *th, tz_function *f, const int64_t *saved);
int64_t tz_native_poll(tz_thread *th);
void *tz_native_new(tz_thread *th, tz_class *cls);
void *tz_native_new_array(tz_thread *th, tz_type *type, int64_t length);
void tz_native_raise(tz_thread *th, tz_object *error);
void tz_native_barrier(tz_thread *th, tz_object *object, int64_t offset);
int64_t tz_native_same_text(tz_string *a, tz_string *b);
int64_t tz_native_hash_text(tz_string *s);
int64_t tz_native_compare_text(tz_string *a, tz_string *b);
int64_t tz_native_matches_text(tz_string *s, tz_string *part, int64_t at);
int64_t tz_native_find_text(tz_string *s, tz_string *part, int64_t start);
int64_t tz_native_accepts(tz_type *type, void *object);
tz_function *tz_native_interface_method(tz_class *cls, tz_class *interface, int64_t method);

uint64_t tz_native_deopt(tz_thread *th, const int64_t *registers, void *const *frame) {
  cr_assert_eq(th, world->thread);
  place p = place_of(frame);
  p.registers = registers;
  note_state(&p);
  played.n_deopts++;
  return (uint64_t)played.deopt_result;
}

int64_t tz_native_call_vm(tz_thread *th, tz_function *self, const int64_t *saved) {
  played.n_stubs++;
  return th == world->thread && self == NULL ? saved[0] * 1000 : -1;
}

static place at_safepoint(void *const *frame) {
  place p = place_of(frame);
  note_state(&p);
  move_roots(&p);
  return p;
}

int64_t tz_native_poll(tz_thread *th) {
  at_safepoint(FRAME);
  played.n_polls++;
  th->poll = 0;
  return played.poll_answer;
}

void *tz_native_new(tz_thread *th, tz_class *cls) {
  at_safepoint(FRAME);
  played.n_new++;
  if (!played.out_of_memory) return tz_gc_alloc(&th->mutator, &cls->layout);
  th->exception = 1;
  return NULL;
}

void *tz_native_new_array(tz_thread *th, tz_type *type, int64_t length) {
  at_safepoint(FRAME);
  played.n_new++;
  return tz_gc_alloc_array(&th->mutator, &type->class_->layout, length);
}

void tz_native_raise(tz_thread *th, tz_object *error) {
  th->exception = (uint64_t)(uintptr_t)error;
  at_safepoint(FRAME);
}

void tz_native_barrier(tz_thread *th, tz_object *object, int64_t offset) {
  cr_assert_eq(th, world->thread);
  played.n_barriers++;
  played.barrier_object = object;
  played.barrier_offset = offset;
}

int64_t tz_native_same_text(tz_string *a, tz_string *b) {
  return a->length == b->length && memcmp(a->u8, b->u8, (size_t)a->length) == 0;
}
int64_t tz_native_hash_text(tz_string *s) { return tz_string_hash(s); }
int64_t tz_native_compare_text(tz_string *a, tz_string *b) { return tz_string_compare(a, b); }
int64_t tz_native_matches_text(tz_string *s, tz_string *part, int64_t at) {
  return tz_string_matches(s, part, at);
}
int64_t tz_native_find_text(tz_string *s, tz_string *part, int64_t start) {
  return tz_string_find(s, part, start);
}
int64_t tz_native_accepts(tz_type *type, void *object) { return tz_type_accepts(type, object); }
tz_function *tz_native_interface_method(tz_class *cls, tz_class *interface, int64_t method) {
  for (uint32_t i = 0; i < cls->n_itables; i++)
    if (cls->itables[i].interface == interface) return cls->itables[i].methods[method];
  return NULL;
}
