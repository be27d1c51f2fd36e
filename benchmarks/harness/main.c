/* main.c: terza-bench, the command behind `./dev bench`. */
#include "classic.h"
#include "floors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: terza-bench [--rounds N] [--terza PATH] [PROGRAM...]\n"
    "       terza-bench --floors NAME [--long|--quick] [--rounds N] [--terza PATH]\n"
    "       terza-bench --quick [--terza PATH]\n"
    "\n"
    "Without --floors: milliseconds of the classic programs (all, or those named) on the interpreters of "
    "Terza and\n"
    "LuaJIT, on both as they are, and on Lua 5.4; of each process the best iteration, of those the median "
    "over the\n"
    "rounds.\n"
    "With --floors: a line \"name measured floor goal holds|short\" for each figure that is promised; the "
    "exit status is\n"
    "1 if a floor is short. --long also runs what takes hours (fuzzing as long as TERZA_FUZZ_SECONDS "
    "allows).\n"
    "--quick measures all floors with fewer rounds, in less than five minutes. Floors:\n";

static const struct {
  const char *name, *about;
  bool (*measure)(const floor_settings *settings);
} floors[] = {
#define TERZA_FLOORS(name, about) {#name, about, floors_##name},
#include "floors.def"
#undef TERZA_FLOORS
};
enum { N_FLOORS = sizeof floors / sizeof *floors, QUICK_ROUNDS = 3 };

static void print_usage(FILE *to) {
  fputs(usage, to);
  for (size_t i = 0; i < N_FLOORS; i++) fprintf(to, "  %-12s %s\n", floors[i].name, floors[i].about);
}

typedef struct options {
  floor_settings settings;
  const char *floors; /* NULL: none */
  const char *programs[16];
  int n_programs;
} options;

static void fail(const char *message, const char *what) {
  fprintf(stderr, "terza-bench: %s%s\n", message, what);
  print_usage(stderr);
  exit(2);
}

static options parse(int n, char **arguments) {
  options o = {.settings = {.rounds = 5}};
  for (int i = 1; i < n; i++) {
    const char *name = arguments[i], *value = i + 1 < n ? arguments[i + 1] : NULL;
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
      print_usage(stdout);
      exit(0);
    } else if (!strcmp(name, "--quick")) {
      o.settings.is_quick = true;
      o.settings.rounds = QUICK_ROUNDS;
    } else if (!strcmp(name, "--long")) {
      o.settings.is_long = true;
    } else if (name[0] != '-') {
      if (o.n_programs == 16) fail("too many programs", "");
      o.programs[o.n_programs++] = name;
    } else if (!value) {
      fail("no value, or not an option: ", name);
    } else if (!strcmp(name, "--floors")) {
      o.floors = arguments[++i];
    } else if (!strcmp(name, "--terza")) {
      o.settings.terza = arguments[++i];
    } else if (!strcmp(name, "--rounds")) {
      o.settings.rounds = atoi(arguments[++i]);
    } else {
      fail("not an option: ", name);
    }
  }
  if (o.settings.rounds < 1 || o.settings.rounds > SAMPLES_MAX) fail("--rounds is from 1 to 64", "");
  return o;
}

/* The command that was built beside this program. */
static const char *sibling_terza(char *path, size_t size) {
  ssize_t n = readlink("/proc/self/exe", path, size - 8);
  if (n < 0) return "terza";
  path[n] = 0;
  strcpy(strrchr(path, '/') + 1, "terza");
  return path;
}

/* Those of a name, or (NULL) all. */
static bool measure_floors(const floor_settings *settings, const char *name) {
  bool is_known = false, holds = true;
  for (size_t i = 0; i < N_FLOORS; i++) {
    if (name && strcmp(floors[i].name, name) != 0) continue;
    is_known = true;
    holds &= floors[i].measure(settings);
  }
  if (!is_known) fail("no floors are known for ", name);
  return holds;
}

static const classic_program *find_program(const char *name) {
  for (int i = 0; i < n_classic_programs; i++)
    if (!strcmp(classic_programs[i].name, name)) return &classic_programs[i];
  fail("no classic program is named ", name);
  return NULL;
}

static bool compare(const options *o) {
  bool is_well = true;
  printf("%-12s", "ms");
  for (int e = 0; e <= ENGINE_LUA; e++) printf(" %15s", engine_names[e]);
  printf("\n");
  int count = o->n_programs ? o->n_programs : n_classic_programs;
  for (int i = 0; i < count; i++) {
    const classic_program *program = o->n_programs ? find_program(o->programs[i]) : &classic_programs[i];
    classic_times times =
        classic_measure(program, o->settings.terza, (1u << ENGINE_TERZA_BASELINE) - 1, o->settings.rounds);
    printf("%-12s", program->name);
    for (int e = 0; e <= ENGINE_LUA; e++) printf(" %15.2f", samples_median(&times.best_ms[e]));
    printf("\n");
    fflush(stdout);
    is_well &= !times.has_failed;
  }
  return is_well;
}

int main(int n, char **arguments) {
  char path[4096];
  options o = parse(n, arguments);
  if (!o.settings.terza) o.settings.terza = sibling_terza(path, sizeof path);
  bool is_well = o.floors || o.settings.is_quick ? measure_floors(&o.settings, o.floors) : compare(&o);
  return is_well ? 0 : 1;
}
