/* floors.h: the figures that Terza promises, each measured anew and held against its floor and goal. */
#pragma once
#include <stdbool.h>

typedef struct floor_settings {
  const char *terza; /* the command's path */
  int rounds;        /* samples of each figure */
  bool is_long;      /* also what takes hours */
  bool is_quick;     /* all floors together are to take a few minutes */
} floor_settings;

/* One for each line of floors.def. Prints "name measured floor goal holds|short", a line for each figure;
 * details go to standard error. Returns whether every floor holds. A figure that could not be measured is "-"
 * and short. */
#define TERZA_FLOORS(name, about) bool floors_##name(const floor_settings *settings);
#include "floors.def"
#undef TERZA_FLOORS

/* Prints one promise. It holds if the measured figure is not below the floor, or not above it when less is
 * better. */
bool floors_report(const char *name, double measured, double least, double goal, bool is_less_better);
