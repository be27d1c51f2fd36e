/* fuzz_module.c: libFuzzer target: any bytes through reader and verifier; what they accept is linked and run,
 * bounded. Built by the fuzz preset: build-fuzz/fuzz_module -max_total_time=60 CORPUS */
#include "mutator.h"
#include "try_module.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *bytes = malloc(size + 1);
  if (bytes == NULL) return 0;
  memcpy(bytes, data, size);
  try_module(bytes, size, true);
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
