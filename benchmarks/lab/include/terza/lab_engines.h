/* lab_engines.h: what runs a program: Terza under a strategy, or a peer. */
#pragma once
#include "terza/lab_programs.h"

enum { LAB_ENGINES = 64, LAB_OPTIONS = 1024, LAB_COMMAND = 32 };

typedef struct lab_engine {
  char name[LAB_NAME];
  bool is_peer;
  char options[LAB_OPTIONS]; /* of `terza run`, separated by spaces; "" for a peer */
  const char *folder;        /* of a strategy's sources in their family: "rima", "dyn"; NULL for a peer */
  const char *source;  /* template of the path below the suite: there is such a program, if the file is */
  const char *command; /* template */
  char version[160];   /* of a peer: the first line that its tool prints of itself */
  double seconds;      /* that a process of it should take at most; 0: as the run says */
} lab_engine;

typedef struct lab_engines {
  lab_engine items[LAB_ENGINES];
  size_t count;
} lab_engines;

/* Where things are; paths without a slash at their end. */
typedef struct lab_places {
  const char *terza; /* the command */
  const char *suite; /* the benchmarks folder */
  const char *peers; /* what build-peers filled; NULL: nothing */
} lab_places;

/* Adds a strategy of strategies.def, or one made up as "NAME:OPTIONS" (options separated by spaces). False:
 * `error` says why. */
bool engines_add_strategy(lab_engines *engines, const char *word, char error[LAB_ERROR]);

/* Replaces each strategy by one for each value of "OPTION=VALUE,VALUE...". False: `error` says why. */
bool engines_sweep(lab_engines *engines, const char *sweep, char error[LAB_ERROR]);

/* Adds the peers named in a list separated by commas (NULL: all) whose tool is on this machine. The names of
 * those that are missing go to `missing`, separated by ", ". False: `error` says why. */
bool engines_add_peers(lab_engines *engines, const char *names, char missing[LAB_OPTIONS],
                       char error[LAB_ERROR]);

/* Prints what is known and found, for people. */
void engines_list(void);

/* Whether its programs must be compiled by build-peers. */
bool engine_needs_building(const lab_engine *engine);

/* A command line, as the child's arguments; words point into text. */
typedef struct lab_command_line {
  const char *words[LAB_COMMAND];
  char text[4 * PATH_MAX];
} lab_command_line;

/* What a process is asked to do. */
typedef struct lab_work {
  int iterations;   /* at most */
  int size;         /* of an iteration; 0: the program's own */
  int milliseconds; /* after which no further iteration begins; 0: no limit */
} lab_work;

/* The command that makes the program do it. False if the engine has no such program; a single file is there
 * for every strategy. */
bool engine_command(const lab_engine *engine, const lab_program *program, const lab_places *places,
                    const lab_work *work, lab_command_line *line);
