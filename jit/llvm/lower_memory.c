/* lower_memory.c: guest memory and allocation. Read lower.h.
 *
 * Every access is tagged with the kind of memory that it touches: fields by slot and representation, elements
 * by their kind, globals, headers, the thread. The verifier's types make that sound: no word is ever read as
 * another kind than it was written as. */
#include "lower.h"
#include <stdarg.h>

#define A tz_lower_value(l, n->inputs[0])
#define B tz_lower_value(l, n->inputs[1])
#define C tz_lower_value(l, n->inputs[2])

/* ---- what is known of accesses ---- */

static void set_metadata(tz_lower *l, LLVMValueRef at, const char *kind, LLVMMetadataRef *parts, size_t n) {
  uint32_t id = LLVMGetMDKindIDInContext(l->context, kind, (uint32_t)strlen(kind));
  LLVMSetMetadata(at, id, LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, parts, n)));
}

LLVMValueRef tz_lower_tag(tz_lower *l, LLVMValueRef access, const char *format, ...) {
  char name[64];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(name, sizeof name, format, args);
  va_end(args);
  LLVMMetadataRef zero = LLVMValueAsMetadata(tz_lower_int(l, 0));
  LLVMMetadataRef kind = LLVMMDNodeInContext2(
      l->context,
      (LLVMMetadataRef[]){LLVMMDStringInContext2(l->context, name, (size_t)length), l->tbaa_root, zero}, 3);
  set_metadata(l, access, "tbaa", (LLVMMetadataRef[]){kind, kind, zero}, 3);
  if (LLVMIsALoadInst(access) != NULL) set_metadata(l, access, "noundef", NULL, 0); /* no need to freeze it */
  return access;
}

LLVMValueRef tz_lower_invariant(tz_lower *l, LLVMValueRef load) {
  set_metadata(l, load, "invariant.load", NULL, 0);
  return load;
}

static LLVMMetadataRef number(tz_lower *l, int64_t i) { return LLVMValueAsMetadata(tz_lower_int(l, i)); }

uint32_t tz_lower_size(const tz_node *n) {
  return n->type == TZ_TYPE_REF && n->cls != NULL ? n->cls->layout.size : 0;
}

LLVMValueRef tz_lower_object(tz_lower *l, LLVMValueRef load, const tz_node *n) {
  if (tz_lower_size(n) == 0) return load;
  LLVMMetadataRef alignment = number(l, 8), size = number(l, tz_lower_size(n));
  set_metadata(l, load, "align", &alignment, 1);
  set_metadata(l, load, "dereferenceable_or_null", &size, 1);
  return load;
}

static char representation(const tz_node *n) {
  return n->type == TZ_TYPE_FLOAT ? 'f' : n->type == TZ_TYPE_INT ? 'i' : 'r';
}

static bool is_reference(const tz_node *n) { return n->type == TZ_TYPE_REF || n->type == TZ_TYPE_ANY; }

LLVMValueRef tz_lower_thread_load(tz_lower *l, size_t offset, LLVMTypeRef type, bool is_volatile) {
  LLVMValueRef load = LLVMBuildLoad2(l->builder, type, tz_lower_at(l, l->thread, (int64_t)offset), "");
  LLVMSetVolatile(load, is_volatile);
  return tz_lower_tag(l, load, "thread");
}

static LLVMValueRef load_word(tz_lower *l, const tz_node *n, LLVMValueRef from) {
  LLVMValueRef load = LLVMBuildLoad2(l->builder, tz_lower_type(l, (tz_node_type)n->type), from, "");
  return tz_lower_object(l, load, n);
}

/* ---- objects ---- */

/* Before the store. Of an object's own memory it touches the header alone, and that is read anew each time
 * (late.c). */
static void barrier(tz_lower *l, const tz_node *n, const tz_node *value, LLVMValueRef offset) {
  if (!is_reference(value) || n->no_barrier) return;
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_late_barrier(l, &signature);
  LLVMValueRef call =
      LLVMBuildCall2(l->builder, signature, callee, (LLVMValueRef[]){l->thread, A, offset}, 3, "");
  tz_lower_tag(l, call, "barrier");
}

static int64_t field_offset(const tz_node *n) { return (int64_t)sizeof(tz_header) + 8 * (int64_t)n->aux; }

static LLVMValueRef load_field(tz_lower *l, const tz_node *n) {
  return tz_lower_tag(l, load_word(l, n, tz_lower_at(l, A, field_offset(n))), "field.%c%u", representation(n),
                      n->aux);
}

/* The one field of dynamic objects, to which no compiled code stores. */
static LLVMValueRef load_members(tz_lower *l, const tz_node *n) {
  return tz_lower_tag(l, load_word(l, n, tz_lower_at(l, A, sizeof(tz_header))), "members");
}

static void store_field(tz_lower *l, const tz_node *n) {
  const tz_node *value = n->inputs[1];
  barrier(l, n, value, tz_lower_int(l, field_offset(n)));
  LLVMValueRef store = LLVMBuildStore(l->builder, B, tz_lower_at(l, A, field_offset(n)));
  tz_lower_tag(l, store, "field.%c%u", representation(value), n->aux);
}

/* ---- arrays and strings ---- */

static LLVMValueRef length(tz_lower *l, const tz_node *n) {
  LLVMValueRef load = LLVMBuildLoad2(l->builder, l->i64, tz_lower_at(l, A, TZ_ARRAY_LENGTH_OFFSET), "");
  LLVMMetadataRef range[] = {number(l, 0), number(l, ((int64_t)1 << 46) + 1)}; /* tz_layout_max_length */
  set_metadata(l, load, "range", range, 2);
  return tz_lower_invariant(l, tz_lower_tag(l, load, "length"));
}

static LLVMTypeRef element_type(const tz_lower *l, uint32_t kind) {
  switch (kind) {
  case TZ_KIND_U8: return l->i8;
  case TZ_KIND_I16: return l->i16;
  case TZ_KIND_I32: return l->i32;
  case TZ_KIND_F32: return l->f32;
  case TZ_KIND_F64: return l->f64;
  case TZ_KIND_I64: return l->i64;
  default: return l->reference;
  }
}

static LLVMValueRef element(tz_lower *l, const tz_node *n, uint32_t kind) {
  LLVMValueRef first = tz_lower_at(l, A, offsetof(tz_array, words)), index = B;
  return LLVMBuildInBoundsGEP2(l->builder, element_type(l, kind), first, &index, 1, "");
}

/* Elements that hold references and those that hold dynamic values are one kind: code may know one array as
 * either. */
static void tag_element(tz_lower *l, LLVMValueRef access, uint32_t kind) {
  tz_lower_tag(l, access, element_type(l, kind) == l->reference ? "element.r" : "element.%u", kind);
}

static LLVMValueRef load_element(tz_lower *l, const tz_node *n, uint32_t kind) {
  LLVMValueRef load = LLVMBuildLoad2(l->builder, element_type(l, kind), element(l, n, kind), "");
  tag_element(l, load, kind);
  switch (kind) {
  case TZ_KIND_U8: return LLVMBuildZExt(l->builder, load, l->i64, "");
  case TZ_KIND_I16:
  case TZ_KIND_I32: return LLVMBuildSExt(l->builder, load, l->i64, "");
  case TZ_KIND_F32: return LLVMBuildFPExt(l->builder, load, l->f64, "");
  default: return tz_lower_object(l, load, n);
  }
}

static void store_element(tz_lower *l, const tz_node *n) {
  uint32_t kind = n->aux;
  LLVMTypeRef type = element_type(l, kind);
  LLVMValueRef value = C, to = element(l, n, kind);
  if (type == l->reference && !n->no_barrier) {
    LLVMValueRef offset = LLVMBuildShl(l->builder, B, tz_lower_int(l, 3), "");
    barrier(l, n, n->inputs[2],
            LLVMBuildAdd(l->builder, offset, tz_lower_int(l, offsetof(tz_array, words)), ""));
  }
  if (kind == TZ_KIND_F32) value = LLVMBuildFPTrunc(l->builder, value, type, "");
  else if (type != LLVMTypeOf(value)) value = LLVMBuildTrunc(l->builder, value, type, "");
  tag_element(l, LLVMBuildStore(l->builder, value, to), kind);
}

static LLVMValueRef load_byte(tz_lower *l, const tz_node *n) {
  LLVMValueRef load = LLVMBuildLoad2(l->builder, l->i8, element(l, n, TZ_KIND_U8), "");
  tz_lower_invariant(l, tz_lower_tag(l, load, "string"));
  return LLVMBuildZExt(l->builder, load, l->i64, "");
}

/* ---- globals ---- */

static LLVMValueRef load_global(tz_lower *l, const tz_node *n) {
  return tz_lower_tag(l, load_word(l, n, tz_lower_address(l, n->imm.p)), "global.%c", representation(n));
}

static void store_global(tz_lower *l, const tz_node *n) {
  LLVMValueRef store = LLVMBuildStore(l->builder, A, tz_lower_address(l, n->imm.p));
  tz_lower_tag(l, store, "global.%c", representation(n->inputs[0]));
}

/* ---- allocation ---- */

static LLVMValueRef metadata_address(const tz_lower *l, const tz_node *n) {
  return tz_lower_int(l, (int64_t)(intptr_t)n->imm.p);
}

static LLVMValueRef new_object(tz_lower *l, const tz_node *n) {
  const tz_layout *layout = &((const tz_class *)n->imm.p)->layout;
  size_t bytes = tz_layout_bytes(layout, 0);
  bool is_inline = (layout->flags & TZ_LAYOUT_HAS_FINALIZER) == 0 && bytes <= TZ_GC_INLINE_MAX_BYTES;
  LLVMTypeRef signature;
  LLVMValueRef callee =
      is_inline ? tz_late_new(l, &signature) : tz_lower_runtime(l, TZ_CALL_tz_native_new, &signature);
  LLVMValueRef args[] = {l->thread, metadata_address(l, n), tz_lower_int(l, (int64_t)bytes)};
  return tz_lower_call_with_state(l, signature, callee, args, is_inline ? 3 : 2, n);
}

static LLVMValueRef new_array(tz_lower *l, const tz_node *n) {
  const tz_type *type = n->imm.p;
  const tz_layout *layout = &type->class_->layout;
  LLVMTypeRef signature;
  LLVMValueRef callee = tz_late_new_array(l, &signature);
  LLVMValueRef args[] = {l->thread,
                         metadata_address(l, n),
                         A,
                         tz_lower_int(l, (int64_t)(intptr_t)layout),
                         tz_lower_int(l, layout->size),
                         tz_lower_int(l, layout->elem_shift)};
  return tz_lower_call_with_state(l, signature, callee, args, 6, n);
}

static LLVMValueRef memory_word(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_LOAD_FIELD: return load_field(l, n);
  case TZ_NODE_LOAD_MEMBERS: return load_members(l, n);
  case TZ_NODE_LENGTH: return length(l, n);
  case TZ_NODE_LOAD_ELEMENT: return load_element(l, n, n->aux);
  case TZ_NODE_LOAD_BYTE: return load_byte(l, n);
  case TZ_NODE_LOAD_GLOBAL: return load_global(l, n);
  case TZ_NODE_NEW: return new_object(l, n);
  case TZ_NODE_NEW_ARRAY: return new_array(l, n);
  default: return NULL;
  }
}

bool tz_lower_memory(tz_lower *l, const tz_node *n) {
  switch (n->op) {
  case TZ_NODE_STORE_FIELD: store_field(l, n); return true;
  case TZ_NODE_STORE_ELEMENT: store_element(l, n); return true;
  case TZ_NODE_STORE_GLOBAL: store_global(l, n); return true;
  default: break;
  }
  LLVMValueRef word = memory_word(l, n);
  if (word != NULL) tz_lower_set(l, n, word);
  return word != NULL;
}
