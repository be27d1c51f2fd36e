/* text.h: strings beyond what terza/native.h offers. */
#pragma once

#include "terza/vm.h"

int tz_string_compare(const tz_string *a, const tz_string *b); /* by bytes: <0, 0, >0 */
