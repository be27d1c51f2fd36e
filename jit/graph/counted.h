/* counted.h: loops that go on while a counter is below a bound, or above. Nothing is changed. */
#pragma once
#include "facts.h"

typedef struct tz_counted {
  tz_block *header, *latch, *poll,
      *test;               /* header ◄─ latch ◄─ poll; test's branch stays in the loop or goes out */
  bool is_top;             /* it is the header's; otherwise right before the poll */
  uint32_t stay;           /* its successor that is in the loop */
  tz_node *counter;        /* PHI of the header */
  tz_node *tested, *bound; /* the loop goes on while tested < bound, in the direction of the step */
  uint32_t bound_input;    /* of the comparison */
  int64_t step;            /* 1 if it is not constant */
  tz_node *step_value;     /* NULL: constant; otherwise it does not change in the loop, and is positive */
  bool meets; /* the bound is where a counter begins that goes down by 1, while this goes up by 1 */
} tz_counted;

/* Of the loop with c->header, its latch and the block that polls before it. */
bool tz_counted_find_blocks(tz_counted *c);
/* All else, if the loop is one that counts. */
bool tz_counted_find(tz_counted *c, const tz_facts *facts);
/* The loop ends where the counter reaches the bound; otherwise where it is beyond. */
bool tz_counted_is_strict(const tz_counted *c);
/* The last step may lead beyond the last number, and the loop then goes on from the other end. */
bool tz_counted_may_overshoot(const tz_counted *c, const tz_facts *facts);
/* The most rounds that the loop can run; INT64_MAX: not known. */
int64_t tz_counted_most_rounds(const tz_counted *c, const tz_facts *facts);
