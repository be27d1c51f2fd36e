/* lab.h: the strategy lab behind `terza bench`. docs/lab.md is its manual. */
#pragma once

/* Runs `terza bench ARGUMENTS`. `terza` is the path of the command itself. Returns the exit status: 0 done; 1
 * a program failed or the run was stopped; 2 not started. */
int lab_command(int n, char **arguments, const char *terza);

/* The look of our pages, light and dark: CSS. */
extern const char lab_style[];

/* The usage, several lines. */
extern const char lab_usage[];
