/* programs.c: see lab_programs.h. */
#include "terza/lab_programs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool set_name(lab_program *p, const char *title) {
  const char *slash = strchr(title, '/');
  if (slash == NULL || (size_t)(slash - title) >= LAB_NAME || strlen(slash + 1) >= LAB_NAME) return false;
  p->file[0] = 0;
  memcpy(p->family, title, (size_t)(slash - title));
  p->family[slash - title] = 0;
  strcpy(p->name, slash + 1);
  return p->name[0] != 0;
}

bool programs_load(lab_programs *all, const char *suite, char error[LAB_ERROR]) {
  char path[PATH_MAX], line[512], title[2 * LAB_NAME];
  snprintf(path, sizeof path, "%s/programs.txt", suite);
  FILE *list = fopen(path, "r");
  all->count = 0;
  if (list == NULL) {
    snprintf(error, LAB_ERROR, "cannot open the list of programs, %s: %s", path, strerror(errno));
    return false;
  }
  bool is_well = true;
  for (int n = 1; is_well && fgets(line, sizeof line, list) != NULL; n++) {
    if (line[0] == '#' || sscanf(line, "%127s", title) != 1) continue;
    is_well = all->count < LAB_PROGRAMS && set_name(&all->items[all->count++], title);
    if (!is_well)
      snprintf(error, LAB_ERROR, "%s:%d: not FAMILY/NAME, or one program too many: %s", path, n, title);
  }
  fclose(list);
  return is_well;
}

void program_title(const lab_program *program, char title[2 * LAB_NAME]) {
  snprintf(title, 2 * LAB_NAME, "%s/%s", program->family, program->name);
}

static bool is_meant(const lab_program *p, const char *word) {
  char title[2 * LAB_NAME];
  program_title(p, title);
  return strcmp(word, p->family) == 0 || strcmp(word, p->name) == 0 || strcmp(word, title) == 0;
}

static bool add(lab_programs *picked, const lab_program *p, char error[LAB_ERROR]) {
  for (size_t i = 0; i < picked->count; i++)
    if (strcmp(picked->items[i].family, p->family) == 0 && strcmp(picked->items[i].name, p->name) == 0)
      return true;
  if (picked->count == LAB_PROGRAMS) return snprintf(error, LAB_ERROR, "too many programs"), false;
  picked->items[picked->count++] = *p;
  return true;
}

static bool add_file(lab_programs *picked, const char *path, char error[LAB_ERROR]) {
  lab_program p = {.family = "file"};
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  int length = (int)(strlen(name) - strlen(".rima"));
  if (realpath(path, p.file) == NULL || access(p.file, R_OK) != 0)
    return snprintf(error, LAB_ERROR, "cannot read %s: %s", path, strerror(errno)), false;
  if (length >= LAB_NAME) return snprintf(error, LAB_ERROR, "too long a name: %s", path), false;
  snprintf(p.name, sizeof p.name, "%.*s", length, name);
  return add(picked, &p, error);
}

bool programs_pick(lab_programs *picked, const lab_programs *all, const char *word, char error[LAB_ERROR]) {
  size_t length = strlen(word);
  if (length > 5 && strcmp(word + length - 5, ".rima") == 0) return add_file(picked, word, error);
  bool is_found = false;
  for (size_t i = 0; i < all->count; i++) {
    if (!is_meant(&all->items[i], word)) continue;
    is_found = true;
    if (!add(picked, &all->items[i], error)) return false;
  }
  if (!is_found)
    snprintf(error, LAB_ERROR, "no program or family is named %s (`terza bench list` names them all)", word);
  return is_found;
}
