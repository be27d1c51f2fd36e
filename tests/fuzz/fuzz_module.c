/* fuzz_module.c: libFuzzer targets: any bytes through reader and verifier (fuzz_module, which sees nothing
 * else of the machine); with FUZZ_RUNS what they accept is linked and run, bounded (fuzz_program). Built by
 * the fuzz preset; tests/fuzz/libfuzzer runs the first for a while. */
#include "mutator.h"
#include "terza/module.h"
#include "try_module.h"
#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_RUNS
#define FUZZ_RUNS 0
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static void try_bytes(const uint8_t *bytes, size_t size) {
#if FUZZ_RUNS
  try_module(bytes, size, true);
#else
  tz_image_error error;
  tz_image *image = tz_image_read(bytes, size, &error);
  if (image != NULL) tz_image_verify(image, &error);
  tz_image_free(image);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *bytes = malloc(size + 1);
  if (bytes == NULL) return 0;
  memcpy(bytes, data, size);
  try_bytes(bytes, size);
  free(bytes);
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  random_source r = {seed};
  size_t length = 0;
  if (random_below(&r, 20) == 0) return LLVMFuzzerMutate(data, size, max_size);
  uint8_t *aligned = malloc(size + 1);
  if (aligned == NULL) return size;
  memcpy(aligned, data, size);
  uint8_t *other = random_below(&r, 5) == 0 ? mutate_structure(aligned, size, &r, &length) : NULL;
  if (other != NULL && length <= max_size) {
    memcpy(data, other, length);
    size = length;
  } else {
    mutate_bytes(data, size, &r);
  }
  free(other);
  free(aligned);
  return size;
}
