#include "support.h"

char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size + 1);
  *length = text != NULL ? fread(text, 1, (size_t)size, file) : 0;
  if (text != NULL) text[*length] = 0;
  fclose(file);
  return text;
}

tz_image *assemble_text(const char *text) {
  tz_asm_error error;
  tz_image *image = tz_asm_assemble(text, strlen(text), &error);
  if (image == NULL) fprintf(stderr, "%u:%u: %s %s\n", error.line, error.column, error.message, error.hint);
  return image;
}

uint8_t *module_bytes(const char *text, size_t *length) {
  tz_image_error error;
  char line[400];
  tz_image *image = assemble_text(text);
  if (image == NULL) return NULL;
  uint8_t *bytes = tz_image_verify(image, &error) ? tz_image_write(image, length) : NULL;
  if (bytes == NULL) {
    tz_image_error_format(image, &error, line, sizeof line);
    fprintf(stderr, "%s\n", line);
  }
  tz_image_free(image);
  return bytes;
}
