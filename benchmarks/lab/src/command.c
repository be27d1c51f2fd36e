/* command.c: `terza bench`: measure, report, compare, list. */
#include "arguments.h"
#include "report.h"
#include "terza/lab.h"
#include "terza/lab_child.h"
#include "terza/lab_compare.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, NOT_STARTED = 2 };

const char lab_usage[] =
    "terza bench [PROGRAM|FAMILY|FILE.rima...] measures (all programs, if none is named) and writes "
    "run.jsonl,\n"
    "report.html and report.md into a folder. An interrupt ends it early, with what there is so far.\n"
    "  --strategy NAME[,NAME...]  of `terza bench list`, or NAME:OPTIONS; default: off,baseline,default.\n"
    "                             mine:--jit-policy=./policy.so:ARGUMENTS, fixed:--jit-replay=plan.jsonl\n"
    "  --sweep OPTION=A,B,...     each strategy once with each value of an option of the machine\n"
    "  --peers[=NAME,...]         also other languages that are on this machine\n"
    "  --invocations N            processes of each (5)\n"
    "  --iterations M             in each process, at most (20000)\n"
    "  --seconds S                after which no further iteration begins (3)\n"
    "  --size N                   of each iteration, instead of the program's own\n"
    "  --seed N                   of the order (1)\n"
    "  --out DIR                  the folder, new (bench-DATE-TIME)\n"
    "  --terza PATH               the command to measure (this one)\n"
    "  --suite DIR                the folder of programs\n"
    "  --reference NAME           what speeds are relative to (off, or the first)\n"
    "  --quiet                    no progress\n"
    "terza bench report RUN [--reference NAME] [--html FILE] [--markdown FILE] [--picture FILE] writes "
    "reports anew.\n"
    "terza bench compare A B [--peer NAME] says what changed beyond noise.\n"
    "terza bench list names programs, strategies and peers.\n"
    "RUN, A and B are such folders, or files of records. The manual is docs/lab.md.";

static int refuse(const char *error) {
  fprintf(stderr, "terza bench: %s\n", error);
  return NOT_STARTED;
}

/* ---- Settings ---- */

/* Items separated by commas; what follows a colon is one item to its end. */
static bool add_strategies(lab_engines *engines, const char *list, char error[LAB_ERROR]) {
  while (*list != 0) {
    size_t length = strcspn(list, ",:");
    if (list[length] == ':') length = strlen(list);
    char word[LAB_OPTIONS + LAB_NAME];
    snprintf(word, sizeof word, "%.*s", (int)length, list);
    if (!engines_add_strategy(engines, word, error)) return false;
    list += length + (list[length] == ',');
  }
  return true;
}

static bool choose_engines(lab_run_settings *s, const lab_arguments *a, char error[LAB_ERROR]) {
  for (size_t i = 0; i < a->n_strategies; i++)
    if (!add_strategies(&s->engines, a->strategies[i], error)) return false;
  const char *otherwise = a->n_sweeps > 0 ? "default" : "off,baseline,default";
  if (a->n_strategies == 0 && !add_strategies(&s->engines, otherwise, error)) return false;
  for (size_t i = 0; i < a->n_sweeps; i++)
    if (!engines_sweep(&s->engines, a->sweeps[i], error)) return false;
  return !a->has_peers || engines_add_peers(&s->engines, a->peers, s->missing, error);
}

static bool choose_programs(lab_run_settings *s, const lab_arguments *a, char error[LAB_ERROR]) {
  lab_programs *all = malloc(sizeof *all);
  bool is_well = all != NULL && programs_load(all, s->places.suite, error);
  if (is_well && a->n_words == 0) s->programs = *all;
  for (size_t i = 0; i < a->n_words && is_well; i++)
    is_well = programs_pick(&s->programs, all, a->words[i], error);
  free(all);
  return is_well;
}

typedef struct complaint {
  char text[256];
} complaint;

static void keep_complaint(void *context, const char *text, bool is_error) {
  complaint *c = context;
  if (is_error && c->text[0] == 0) snprintf(c->text, sizeof c->text, "%s", text);
}

/* Options that the machine refuses are better said now than after an hour. */
static bool try_strategies(const lab_run_settings *s, char error[LAB_ERROR]) {
  lab_program hello = {.family = "file", .name = "hello"};
  snprintf(hello.file, sizeof hello.file, "%s/hello.rima", s->places.suite);
  for (size_t i = 0; i < s->engines.count; i++) {
    const lab_engine *engine = &s->engines.items[i];
    lab_command_line line;
    complaint first = {""};
    child_watch watch = {.line = keep_complaint, .context = &first, .stop_fd = -1};
    if (engine->is_peer) continue;
    engine_command(engine, &hello, &s->places, &(lab_work){1, 0, 0}, &line);
    child_result result = child_run_watched(line.words, &watch);
    if (child_is_well(&result)) continue;
    snprintf(error, LAB_ERROR, "the strategy %s does not work: %s", engine->name,
             first.text[0] != 0 ? first.text : s->places.terza);
    return false;
  }
  return true;
}

/* ---- Peers that must be compiled ---- */

static bool build_peers(lab_run_settings *s, char directory[], char error[LAB_ERROR]) {
  char script[PATH_MAX];
  bool is_needed = false;
  for (size_t i = 0; i < s->engines.count; i++) is_needed |= engine_needs_building(&s->engines.items[i]);
  if (!is_needed) return true;
  snprintf(script, sizeof script, "%s/build-peers", s->places.suite);
  if (mkdtemp(directory) == NULL)
    return snprintf(error, LAB_ERROR, "cannot make %s: %s", directory, strerror(errno)), false;
  s->places.peers = directory;
  if (!s->is_quiet) fprintf(stderr, "compiling the programs of peers\n");
  const char *build[] = {script, directory, NULL};
  child_result result = child_run(build);
  if (child_is_well(&result)) return true;
  return snprintf(error, LAB_ERROR, "%s failed with status %d", script, result.status), false;
}

static void remove_peers(const lab_run_settings *s) {
  const char *remove[] = {"rm", "-rf", s->places.peers, NULL};
  if (s->places.peers != NULL) child_run(remove);
}

/* ---- Measuring ---- */

static bool make_folder(const lab_arguments *a, char out[PATH_MAX], char error[LAB_ERROR]) {
  char date[64];
  time_t now = time(NULL);
  struct tm local;
  strftime(date, sizeof date, "bench-%Y%m%d-%H%M%S", localtime_r(&now, &local));
  snprintf(out, PATH_MAX, "%s", a->out != NULL ? a->out : date);
  if (mkdir(out, 0777) == 0 || errno == EEXIST) return true;
  return snprintf(error, LAB_ERROR, "cannot make the folder %s: %s", out, strerror(errno)), false;
}

static int open_records(const char *out, char error[LAB_ERROR]) {
  char path[PATH_MAX + 16];
  snprintf(path, sizeof path, "%s/run.jsonl", out);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0)
    snprintf(error, LAB_ERROR,
             errno == EEXIST ? "%s is there already: name another folder with --out" : "cannot make %s",
             path);
  return fd;
}

/* The reports that were asked for, or those of a folder. */
static bool write_reports(const lab_data *data, const lab_arguments *a, const char *folder,
                          char error[LAB_ERROR]) {
  char html[PATH_MAX + 16], markdown[PATH_MAX + 16];
  size_t reference = report_reference(data, a->reference);
  if (reference == data->n_engines)
    return snprintf(error, LAB_ERROR, "%s is not in this run", a->reference), false;
  snprintf(html, sizeof html, "%s/report.html", folder != NULL ? folder : "");
  snprintf(markdown, sizeof markdown, "%s/report.md", folder != NULL ? folder : "");
  const struct {
    const char *path;
    report_writer *write;
  } reports[] = {{a->html != NULL  ? a->html
                  : folder != NULL ? html
                                   : NULL,
                  report_html},
                 {a->markdown != NULL ? a->markdown
                  : folder != NULL    ? markdown
                                      : NULL,
                  report_markdown},
                 {a->picture, report_picture}};
  for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
    if (reports[i].path != NULL && !report_write(reports[i].path, reports[i].write, data, reference, error))
      return false;
  return true;
}

static int report_run(const lab_arguments *a, const char *path, const char *folder) {
  char error[LAB_ERROR], verdict[LAB_ERROR];
  lab_data data;
  if (!data_load(&data, path, error)) return refuse(error);
  if (data.is_truncated)
    fprintf(stderr, "terza bench: the last line of %s is broken off and left out\n", path);
  bool is_well = write_reports(&data, a, folder, error);
  if (is_well) {
    report_verdict(&data, report_reference(&data, a->reference), verdict, sizeof verdict);
    puts(verdict);
    report_caveats(&data, verdict, sizeof verdict);
    if (verdict[0] != 0) puts(verdict);
  }
  data_free(&data);
  return is_well ? DONE : refuse(error);
}

static int measure_into(lab_run_settings *s, const lab_arguments *a) {
  char out[PATH_MAX], error[LAB_ERROR];
  size_t n_failed = 0;
  int fd = make_folder(a, out, error) ? open_records(out, error) : -1;
  if (fd < 0) return refuse(error);
  lab_run_end end = lab_run(s, fd, &n_failed, error);
  close(fd);
  if (end == LAB_RUN_FAILED) return refuse(error);
  int status = report_run(a, out, out);
  if (status == DONE) printf("%s/run.jsonl, %s/report.html, %s/report.md\n", out, out, out);
  return status != DONE ? status : end == LAB_RUN_COMPLETE && n_failed == 0 ? DONE : FAILED;
}

static int measure(const lab_arguments *a, const char *terza) {
  char error[LAB_ERROR], peers[] = "/tmp/terza-peers-XXXXXX";
  lab_run_settings *s = calloc(1, sizeof *s);
  if (s == NULL) return refuse("out of memory");
  *s = (lab_run_settings){.places = {.terza = a->terza != NULL ? a->terza : terza,
                                     .suite = a->suite != NULL ? a->suite : TERZA_SUITE},
                          .invocations = a->invocations,
                          .iterations = a->iterations,
                          .size = a->size,
                          .seconds = a->seconds,
                          .seed = a->seed,
                          .is_quiet = a->is_quiet};
  unsetenv("TERZA_OPTIONS"); /* a strategy is what it says */
  bool is_ready = choose_programs(s, a, error) && choose_engines(s, a, error) && try_strategies(s, error) &&
                  build_peers(s, peers, error);
  int status = is_ready ? measure_into(s, a) : refuse(error);
  remove_peers(s);
  free(s);
  return status;
}

/* ---- The others ---- */

static int report(const lab_arguments *a) {
  if (a->n_words != 2) return refuse("report wants a folder or a file of records");
  struct stat status;
  bool names_some = a->html != NULL || a->markdown != NULL || a->picture != NULL;
  bool is_folder = stat(a->words[1], &status) == 0 && S_ISDIR(status.st_mode);
  if (!names_some && !is_folder) return refuse("name what to write: --html, --markdown or --picture");
  return report_run(a, a->words[1], names_some ? NULL : a->words[1]);
}

static int compare(const lab_arguments *a) {
  char error[LAB_ERROR];
  lab_data runs[2];
  lab_comparison comparison;
  if (a->n_words != 3) return refuse("compare wants two folders or files of records");
  if (!data_load(&runs[0], a->words[1], error)) return refuse(error);
  if (!data_load(&runs[1], a->words[2], error)) return data_free(&runs[0]), refuse(error);
  bool is_well = compare_runs(&runs[0], &runs[1], a->peer, &comparison, error);
  if (is_well) {
    comparison_print(&comparison, &runs[0], &runs[1]);
    comparison_free(&comparison);
  }
  for (int i = 0; i < 2; i++) data_free(&runs[i]);
  return is_well ? DONE : refuse(error);
}

static int list(const lab_arguments *a) {
  char error[LAB_ERROR];
  lab_programs *all = malloc(sizeof *all);
  bool is_well = all != NULL && programs_load(all, a->suite != NULL ? a->suite : TERZA_SUITE, error);
  if (is_well) puts("Programs");
  for (size_t i = 0; is_well && i < all->count; i++)
    printf("  %s/%s\n", all->items[i].family, all->items[i].name);
  free(all);
  if (!is_well) return refuse(error);
  putchar('\n');
  engines_list();
  return DONE;
}

int lab_command(int n, char **arguments, const char *terza) {
  char error[LAB_ERROR];
  lab_arguments a;
  if (!arguments_parse(&a, n, arguments, error)) return refuse(error);
  const char *first = a.n_words > 0 ? a.words[0] : "";
  if (strcmp(first, "report") == 0) return report(&a);
  if (strcmp(first, "compare") == 0) return compare(&a);
  if (strcmp(first, "list") == 0) return list(&a);
  return measure(&a, terza);
}
