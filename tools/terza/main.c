/* main.c: the `terza` command: takes VM options out of the command line and hands over to a command. */
#include "command.h"
#include "terza/lab.h"
#include <stdlib.h>

typedef struct command_entry {
  const char *name, *arguments, *summary, *help;
  int (*run)(command_line *line);
} command_entry;

static const command_entry commands[] = {
#define TERZA_COMMAND(name, arguments, summary, help) {#name, arguments, summary, help, command_##name},
#include "commands.def"
#undef TERZA_COMMAND
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static const command_entry *find_command(const char *name) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

static void print_overview(FILE *to) {
  fputs("usage: terza COMMAND [ARGUMENTS]\n\n", to);
  for (size_t i = 0; i < N_COMMANDS; i++) fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
  fputs("  help     [COMMAND|options|exit-codes]\n\n"
        "`terza FILE.rima` is short for `terza run FILE.rima`.\n",
        to);
}

static void print_options(FILE *to) {
  fputs("Options of the machine, for run, test, repl and why, before the file: --NAME=VALUE, or --NAME for "
        "true.\n"
        "They can also stand in the environment variable TERZA_OPTIONS. Sizes take k, m and g.\n"
        "run also takes --dump=WHAT:FUNCTION: how it is compiled, after the program has run. WHAT: asm, "
        "graph, llvm, or several\n"
        "with commas between.\n\n",
        to);
  const tz_option_info *option;
  for (unsigned i = 0; (option = tz_option_at(i)); i++) {
    char name[64];
    snprintf(name, sizeof name, "--%s%s", option->name,
             option->type == 'b'   ? ""
             : option->type == 's' ? "=SIZE"
             : option->type == 'e' ? "=NAME"
             : option->type == 't' ? "=TEXT"
                                   : "=N");
    fprintf(to, "  %-24s %s", name, option->help);
    if (option->type == 'b' || option->type == 't') fputc('\n', to);
    else if (option->type == 'e') fprintf(to, " (one of %s)\n", option->values);
    else fprintf(to, " (default %s)\n", option->value);
  }
}

static bool is_help(const char *word) { return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0; }

static int print_help(const char *topic) {
  const command_entry *command = topic ? find_command(topic) : NULL;
  if (!topic || is_help(topic)) print_overview(stdout);
  else if (command)
    printf("usage: terza %s %s\n\n%s.\n%s\n", command->name, command->arguments, command->summary,
           command->help);
  else if (strcmp(topic, "options") == 0) print_options(stdout);
  else if (strcmp(topic, "exit-codes") == 0)
    puts("0  done\n1  the program failed with an uncaught error, or a test failed\n"
         "2  not started: wrong usage, unreadable file, source errors, module errors\n"
         "N  what main returned or env.exit was given");
  else {
    fprintf(stderr, "terza help: no command or topic named '%s'\n", topic);
    return EXIT_NOT_STARTED;
  }
  return EXIT_DONE;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    print_overview(stderr);
    return EXIT_NOT_STARTED;
  }
  const char *name = argv[1];
  if (strcmp(name, "help") == 0 || is_help(name)) return print_help(argc > 2 ? argv[2] : NULL);
  if (strcmp(name, "--version") == 0) name = "version";
  const command_entry *command = find_command(name);
  bool is_file = !command && (command_ends_with(name, ".rima") || command_ends_with(name, ".tzm") ||
                              command_ends_with(name, ".tza"));
  command_line line = {.command = is_file ? "run" : name,
                       .args = argv + (is_file ? 1 : 2),
                       .n_args = argc - (is_file ? 1 : 2)};
  if (is_file) command = find_command("run");
  if (!command) {
    fprintf(stderr, "terza: no command named '%s'\n", name);
    print_overview(stderr);
    return EXIT_NOT_STARTED;
  }
  if (line.n_args > 0 && is_help(line.args[0])) return print_help(command->name);
  return command->run(&line);
}
