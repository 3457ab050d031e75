/* Moves bytes in one direction of a flow until something blocks. */
#ifndef WEIR_DIRECTION_H
#define WEIR_DIRECTION_H

#include "flow.h"

/* One run gives way after this much, so that one fast flow cannot starve the thread's others. */
#ifndef TURN_BYTES
#define TURN_BYTES (2u * 1024 * 1024)
#endif

enum run_result {
  RUN_BLOCKED,       /* waits for a socket or for the owner */
  RUN_UNFINISHED,    /* had its share of this round: queue it */
  RUN_DONE,          /* the source's end is reached and everything before it has left */
  RUN_SOURCE_BROKEN,
  RUN_SINK_BROKEN,
  RUN_LOST,          /* upstream_is_lost */
  RUN_NO_RESOURCES
};

/*
 * Passes what credit allows, reads what may be held, and answers `inspect` and gate notices. Invariant: a byte of a
 * direction whose credit is 0 leaves this process never; the end (FIN) counts as such a byte.
 */
enum run_result direction_run(thread *t, flow *f, enum side from);

/* Only sends what the pipe and the held buffer have that may pass, whoever else is there. RUN_DONE: nothing is left. */
enum run_result direction_flush(thread *t, flow *f, enum side from);

/* Forgets what is held and may not pass; all that is left may. */
void direction_keep_let_pass(thread *t, direction *d);

/* Answers `inspect` and gate notices if their conditions hold. */
void direction_report(thread *t, flow *f, enum side from);

#endif
