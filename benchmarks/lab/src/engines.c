/* engines.c: see lab_engines.h. */
#include "terza/lab_engines.h"
#include "terza/lab_child.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct strategy {
  const char *name, *options, *folder, *meaning;
} strategy;

static const strategy strategies[] = {
#define LAB_STRATEGY(name, options, folder, meaning) {name, options, folder, meaning},
#include "strategies.def"
#undef LAB_STRATEGY
};
enum { N_STRATEGIES = sizeof strategies / sizeof *strategies };

typedef struct peer {
  const char *name, *version, *source, *command;
} peer;

static const peer peers[] = {
#define LAB_PEER(name, version, source, command) {name, version, source, command},
#include "peers.def"
#undef LAB_PEER
};
enum { N_PEERS = sizeof peers / sizeof *peers };

static const char terza_source[] = "{family}/{folder}/{name}.rima";
static const char terza_command[] =
    "{terza} run --dump-stats-json {options} {suite}/{family}/{folder}/{name}.rima";
static const char file_command[] = "{terza} run --dump-stats-json {options} {file}";

/* ---- Templates ---- */

/* What {key} stands for; NULL for no key of ours. */
static const char *value_of(const char *key, size_t length, const lab_engine *engine,
                            const lab_program *program, const lab_places *places, char capital[LAB_NAME]) {
  snprintf(capital, LAB_NAME, "%s", program->name);
  capital[0] = (char)toupper((unsigned char)capital[0]);
  const struct {
    const char *key, *value;
  } known[] = {{"terza", places->terza},     {"suite", places->suite},   {"peers", places->peers},
               {"family", program->family},  {"name", program->name},    {"Name", capital},
               {"options", engine->options}, {"folder", engine->folder}, {"file", program->file}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i].key) == length && strncmp(known[i].key, key, length) == 0)
      return known[i].value != NULL ? known[i].value : "";
  return NULL;
}

static void fill_in(const char *template, const lab_engine *engine, const lab_program *program,
                    const lab_places *places, char *into, size_t room) {
  char capital[LAB_NAME];
  size_t used = 0;
  into[0] = 0;
  for (const char *at = template; *at != 0 && used + 1 < room;) {
    const char *end = *at == '{' ? strchr(at, '}') : NULL;
    const char *value =
        end != NULL ? value_of(at + 1, (size_t)(end - at) - 1, engine, program, places, capital) : NULL;
    int n = value != NULL ? snprintf(into + used, room - used, "%s", value)
                          : snprintf(into + used, room - used, "%c", *at);
    used += (size_t)n;
    at = value != NULL ? end + 1 : at + 1;
  }
}

/* Fills in word by word, so that a value may hold spaces; only {options} is several words. */
static void split_command(const char *template, const lab_engine *engine, const lab_program *program,
                          const lab_places *places, lab_command_line *line, size_t *n_words, size_t *used) {
  while (*template != 0) {
    size_t length = strcspn(template, " ");
    char word[PATH_MAX];
    snprintf(word, sizeof word, "%.*s", (int)length, template);
    template += length + (template[length] == ' ');
    if (strcmp(word, "{options}") == 0) {
      split_command(engine->options, engine, program, places, line, n_words, used);
    } else if (length > 0 && *n_words + 4 < LAB_COMMAND) {
      line->words[(*n_words)++] = line->text + *used;
      fill_in(word, engine, program, places, line->text + *used, sizeof line->text - *used);
      *used += strlen(line->text + *used) + 1;
    }
  }
}

bool engine_needs_building(const lab_engine *engine) { return strstr(engine->command, "{peers}") != NULL; }

/* "-" is as if left out. Returns the length. */
static size_t print_number(int number, char *into, size_t room) {
  return (size_t)(number > 0 ? snprintf(into, room, "%d", number) : snprintf(into, room, "-"));
}

bool engine_command(const lab_engine *engine, const lab_program *program, const lab_places *places,
                    const lab_work *work, lab_command_line *line) {
  char below[PATH_MAX], path[PATH_MAX + 256];
  bool is_file = program->file[0] != 0;
  fill_in(engine->source, engine, program, places, below, sizeof below);
  snprintf(path, sizeof path, "%s/%s", places->suite, below);
  if (is_file ? engine->is_peer : access(path, R_OK) != 0) return false;
  if (engine_needs_building(engine) && places->peers == NULL) return false;
  size_t n_words = 0, used = 0;
  *line = (lab_command_line){0};
  split_command(is_file ? file_command : engine->command, engine, program, places, line, &n_words, &used);
  const int numbers[] = {work->iterations, work->size, work->milliseconds};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    line->words[n_words++] = line->text + used;
    used += print_number(numbers[i], line->text + used, sizeof line->text - used) + 1;
  }
  return true;
}

/* ---- Strategies ---- */

static lab_engine *new_engine(lab_engines *engines, const char *name, char error[LAB_ERROR]) {
  for (size_t i = 0; i < engines->count; i++)
    if (strcmp(engines->items[i].name, name) == 0)
      return snprintf(error, LAB_ERROR, "%s is there twice", name), NULL;
  if (engines->count == LAB_ENGINES) return snprintf(error, LAB_ERROR, "too many strategies and peers"), NULL;
  if (strlen(name) >= LAB_NAME) return snprintf(error, LAB_ERROR, "too long a name: %s", name), NULL;
  lab_engine *engine = &engines->items[engines->count++];
  *engine = (lab_engine){0};
  strcpy(engine->name, name);
  return engine;
}

static bool add_terza(lab_engines *engines, const char *name, const char *options, const char *folder,
                      char error[LAB_ERROR]) {
  if (strlen(options) >= LAB_OPTIONS)
    return snprintf(error, LAB_ERROR, "too many options: %s", options), false;
  lab_engine *engine = new_engine(engines, name, error);
  if (engine == NULL) return false;
  strcpy(engine->options, options);
  engine->folder = folder;
  engine->source = terza_source;
  engine->command = terza_command;
  return true;
}

bool engines_add_strategy(lab_engines *engines, const char *word, char error[LAB_ERROR]) {
  const char *colon = strchr(word, ':');
  if (colon != NULL) {
    char name[LAB_NAME];
    if (colon == word || (size_t)(colon - word) >= LAB_NAME)
      return snprintf(error, LAB_ERROR, "not NAME:OPTIONS: %s", word), false;
    snprintf(name, sizeof name, "%.*s", (int)(colon - word), word);
    return add_terza(engines, name, colon + 1, "rima", error);
  }
  for (size_t i = 0; i < N_STRATEGIES; i++)
    if (strcmp(strategies[i].name, word) == 0)
      return add_terza(engines, word, strategies[i].options, strategies[i].folder, error);
  snprintf(error, LAB_ERROR,
           "no strategy is named %s (`terza bench list` names them all; NAME:OPTIONS makes one)", word);
  return false;
}

bool engines_sweep(lab_engines *engines, const char *sweep, char error[LAB_ERROR]) {
  const char *equals = strchr(sweep, '=');
  if (equals == NULL || equals == sweep || equals[1] == 0)
    return snprintf(error, LAB_ERROR, "--sweep wants OPTION=VALUE,VALUE..., not %s", sweep), false;
  if (strncmp(sweep, "--", 2) == 0) sweep += 2;
  lab_engines swept = {.count = 0};
  for (size_t i = 0; i < engines->count; i++) {
    for (const char *value = equals + 1; *value != 0;) {
      int length = (int)strcspn(value, ",");
      const lab_engine *from = &engines->items[i];
      char name[2 * LAB_OPTIONS], options[2 * LAB_OPTIONS];
      snprintf(name, sizeof name, "%s %.*s=%.*s", from->name, (int)(equals - sweep), sweep, length, value);
      snprintf(options, sizeof options, "%s%s--%.*s=%.*s", from->options, from->options[0] != 0 ? " " : "",
               (int)(equals - sweep), sweep, length, value);
      if (!add_terza(&swept, name, options, from->folder, error)) return false;
      value += length + (value[length] == ',');
    }
  }
  *engines = swept;
  return true;
}

/* ---- Peers ---- */

typedef struct first_line {
  char text[160];
} first_line;

static void keep_first(void *context, const char *text, bool is_error) {
  first_line *first = context;
  (void)is_error;
  if (first->text[0] == 0) snprintf(first->text, sizeof first->text, "%s", text);
}

static bool find_version(const peer *p, first_line *version) {
  char words[128];
  const char *arguments[4] = {words};
  snprintf(words, sizeof words, "%s", p->version);
  char *space = strchr(words, ' ');
  *space = 0;
  arguments[1] = space + 1;
  *version = (first_line){0};
  child_watch watch = {.line = keep_first, .context = version, .stop_fd = -1};
  child_result result = child_run_watched(arguments, &watch);
  return child_is_well(&result);
}

static bool is_in_list(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; at != NULL; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
  }
  return false;
}

static bool are_known(const char *names, char error[LAB_ERROR]) {
  for (const char *at = names; *at != 0;) {
    size_t length = strcspn(at, ",");
    bool is_known = false;
    for (size_t i = 0; i < N_PEERS; i++)
      is_known |= strlen(peers[i].name) == length && strncmp(peers[i].name, at, length) == 0;
    if (!is_known) return snprintf(error, LAB_ERROR, "no peer is named %.*s", (int)length, at), false;
    at += length + (at[length] == ',');
  }
  return true;
}

bool engines_add_peers(lab_engines *engines, const char *names, char missing[LAB_OPTIONS],
                       char error[LAB_ERROR]) {
  first_line version;
  missing[0] = 0;
  if (names != NULL && !are_known(names, error)) return false;
  for (size_t i = 0; i < N_PEERS; i++) {
    if (names != NULL && !is_in_list(names, peers[i].name)) continue;
    if (!find_version(&peers[i], &version)) {
      size_t used = strlen(missing);
      snprintf(missing + used, LAB_OPTIONS - used, "%s%s", used > 0 ? ", " : "", peers[i].name);
      continue;
    }
    lab_engine *engine = new_engine(engines, peers[i].name, error);
    if (engine == NULL) return false;
    engine->is_peer = true;
    engine->source = peers[i].source;
    engine->command = peers[i].command;
    strcpy(engine->version, version.text);
  }
  return true;
}

void engines_list(void) {
  first_line version;
  puts("Strategies");
  for (size_t i = 0; i < N_STRATEGIES; i++)
    printf("  %-20s %-30s %s\n", strategies[i].name, strategies[i].options, strategies[i].meaning);
  puts("  NAME:OPTIONS         options of `terza run`; a tiering policy, or a recorded plan:\n"
       "                       mine:--jit-policy=./policy.so:ARGUMENTS   fixed:--jit-replay=plan.jsonl");
  puts("\nPeers");
  for (size_t i = 0; i < N_PEERS; i++)
    printf("  %-20s %s\n", peers[i].name,
           find_version(&peers[i], &version) ? version.text : "not on this machine");
}
