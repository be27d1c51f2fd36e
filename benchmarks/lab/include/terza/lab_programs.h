/* lab_programs.h: the benchmark programs, as benchmarks/programs.txt lists them, or single files. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { LAB_NAME = 64, LAB_PROGRAMS = 128, LAB_ROUNDS = 256, LAB_ERROR = 512 };

typedef struct lab_program {
  char family[LAB_NAME];
  char name[LAB_NAME];
  char file[PATH_MAX]; /* of a program that is not in the list; else "" */
} lab_program;

typedef struct lab_programs {
  lab_program items[LAB_PROGRAMS];
  size_t count;
} lab_programs;

/* All that the suite's list names. False: `error` says why. */
bool programs_load(lab_programs *all, const char *suite, char error[LAB_ERROR]);

/* Adds what a word on the command line means: NAME, FAMILY, FAMILY/NAME of the list, or FILE.rima that keeps
 * the protocol. What is there already is not added again. False: `error` says why. */
bool programs_pick(lab_programs *picked, const lab_programs *all, const char *word, char error[LAB_ERROR]);

/* FAMILY/NAME, as records and reports call it. */
void program_title(const lab_program *program, char title[2 * LAB_NAME]);
