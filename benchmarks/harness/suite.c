/* suite.c: see suite.h. */
#include "suite.h"
#include "terza/lab_child.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool build_peers(const char *directory) {
  const char *build[] = {TERZA_SOURCE_DIR "/benchmarks/build-peers", directory, NULL};
  child_result result = child_run(build);
  if (!child_is_well(&result)) fprintf(stderr, "terza-bench: the peers' programs could not be compiled\n");
  return child_is_well(&result);
}

suite *suite_new(const floor_settings *settings) {
  suite *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  strcpy(s->directory, "/tmp/terza-bench-XXXXXX");
  if (mkdtemp(s->directory) == NULL) {
    fprintf(stderr, "terza-bench: cannot make %s: %s\n", s->directory, strerror(errno));
    free(s);
    return NULL;
  }
  snprintf(s->records, sizeof s->records, "%s/run.jsonl", s->directory);
  s->run.places = (lab_places){settings->terza, TERZA_SOURCE_DIR "/benchmarks", s->directory};
  if (build_peers(s->directory)) return s;
  suite_free(s);
  return NULL;
}

void suite_free(suite *s) {
  if (s == NULL) return;
  const char *clean[] = {"rm", "-rf", s->directory, NULL};
  child_run(clean);
  free(s);
}

/* Whatever it runs is as fast as ever from its first iteration on. */
static bool is_warm_at_once(const lab_engine *engine) {
  return strcmp(engine->name, "off") == 0 || strcmp(engine->name, "c") == 0;
}

static bool choose(lab_run_settings *run, const char *const *programs, const char *const *strategies,
                   const char *peers, char error[LAB_ERROR]) {
  lab_programs *all = malloc(sizeof *all);
  if (all == NULL) return snprintf(error, LAB_ERROR, "out of memory"), false;
  run->programs.count = run->engines.count = 0;
  bool is_well = programs_load(all, run->places.suite, error);
  for (; *programs != NULL && is_well; programs++)
    is_well = programs_pick(&run->programs, all, *programs, error);
  free(all);
  for (; *strategies != NULL && is_well; strategies++)
    is_well = engines_add_strategy(&run->engines, *strategies, error);
  return is_well && engines_add_peers(&run->engines, peers, run->missing, error);
}

static bool run_and_load(suite *s, lab_data *data, char error[LAB_ERROR]) {
  int fd = open(s->records, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return snprintf(error, LAB_ERROR, "cannot make %s: %s", s->records, strerror(errno)), false;
  size_t n_failed = 0;
  lab_run_end end = lab_run(&s->run, fd, &n_failed, error);
  close(fd);
  if (end == LAB_RUN_STOPPED) snprintf(error, LAB_ERROR, "stopped");
  return end == LAB_RUN_COMPLETE && data_load(data, s->records, error);
}

bool suite_run(suite *s, const char *const *programs, const char *const *strategies, const char *peers,
               lab_data *data) {
  char error[LAB_ERROR] = "";
  *data = (lab_data){0};
  s->run.seed++;
  bool is_well = choose(&s->run, programs, strategies, peers, error);
  for (size_t i = 0; i < s->run.engines.count; i++)
    if (is_warm_at_once(&s->run.engines.items[i])) s->run.engines.items[i].seconds = s->brief_seconds;
  is_well = is_well && run_and_load(s, data, error);
  if (!is_well) fprintf(stderr, "terza-bench: %s\n", error);
  if (is_well && s->run.missing[0] != 0) fprintf(stderr, "not on this machine: %s\n", s->run.missing);
  return is_well;
}
