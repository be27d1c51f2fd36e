/* array.c: arrays and stores into objects from C. */
#include "internals.h"
#include "terza/linking.h"

tz_array *tz_array_new_of(tz_thread *th, tz_type *array_type, int64_t length) {
  if (length < 0) {
    tz_raise(th, TZ_ERROR_ARGUMENT, "an array cannot have the length %lld", (long long)length);
    return NULL;
  }
  tz_array *a = (tz_array *)tz_gc_alloc_array(&th->mutator, &array_type->class_->layout, length);
  if (a == NULL)
    tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for an array of %lld elements", (long long)length);
  return a;
}

tz_array *tz_array_new(tz_thread *th, tz_kind element, int64_t length) {
  tz_type *type = tz_type_array(th->vm, tz_type_simple(th->vm, element));
  if (type != NULL) return tz_array_new_of(th, type, length);
  tz_raise(th, TZ_ERROR_OUT_OF_MEMORY, "no memory for an array type");
  return NULL;
}

void tz_array_store_ref(tz_thread *th, tz_array *a, int64_t index, void *value) {
  tz_gc_store(&th->mutator, (tz_object *)a, &a->words[index], (tz_word){.p = value});
}

void tz_object_store(tz_thread *th, void *object, uint32_t slot, tz_word value) {
  tz_gc_store(&th->mutator, object, &tz_object_fields(object)[slot], value);
}
