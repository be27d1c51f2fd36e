/* program.h: a VM with the class library, as run, test and repl need it. */
#pragma once
#include "compile.h"
#include "terza/vm.h"

/* A VM with line->options and the library's natives; NULL after saying why. */
tz_vm *program_vm(command_line *line, char **args, int n_args);
/* Runs the program whose image was read from the file args[0], with the arguments behind: the exit status.
 * Takes the image over. */
int program_run(command_line *line, tz_image *image);
/* Ends it: prints what --dump-… options ask for. */
void program_end(tz_vm *vm);
/* Verifies, links and initialises an image, which the VM owns from then on; NULL after saying why, with
 * *status set: 2 refused, 1 an initialiser failed. */
tz_module *program_load(tz_vm *vm, tz_image *image, const char *path, int *status);
/* Runs () -> void or the like; false: the error was printed. */
bool program_call(tz_vm *vm, tz_function *f, const tz_word *args, int n, tz_word *result);

/* From now on a fault of the machine prints a crash report: native, compiled and guest frames. NULL: no VM to
 * look at. */
void crash_report_install(tz_vm *vm);
