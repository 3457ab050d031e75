/* The end of an upstream between two exchanges: the flow goes back to where it was before the dial. */
#ifndef WEIR_UPSTREAM_H
#define WEIR_UPSTREAM_H

#include "flow.h"

/*
 * Closes the upstream's socket, connected or not, and forgets what is asked of it, and what is held of it and may not
 * pass. The flow is as before its dial: the client's held bytes stay, and nothing more may pass of either side.
 */
void upstream_drop(thread *t, flow *f);

/*
 * True if nothing of the upstream may pass and its end has not been passed on: such an upstream may end without the
 * client's noticing.
 */
static inline bool upstream_is_quiet(const flow *f) {
  const direction *d = &f->direction[UPSTREAM];
  return f->state == FLOW_RELAYING && d->credit == 0 && !d->done;
}

/* True if it is quiet, has ended, and nothing that it sent is left; but not in the middle of a leased answer. */
static inline bool upstream_is_lost(const flow *f) {
  const direction *d = &f->direction[UPSTREAM];
  return upstream_is_quiet(f) && !d->midway && f->endpoint[UPSTREAM].ended && !d->held.length && !d->piped;
}

/* Drops an upstream that is lost, and tells. */
void upstream_lost(thread *t, flow *f);

/*
 * The owner decides by what it has been told. Each dial, and each loss that it has heard of, begins an era of its view;
 * a verb that lets bytes pass and was given in an era in which the owner did not know of a loss yet is dropped: it meant
 * an upstream that is gone, and must not add to the credit towards the next one.
 */
static inline bool upstream_is_outdated(const flow *f, uint32_t era) { return (int32_t)(era - f->oldest_era) < 0; }

#endif
