/*
 * A lease: the owner has said what the next requests of a flow may be, and the thread lets those pass by itself, one
 * exchange at a time, each told afterwards. It reads heads of one narrow form (http1-scan.h); whatever is not surely
 * within the terms ends the lease, with nothing of it passed, and the owner goes on from there.
 */
#ifndef WEIR_LEASE_H
#define WEIR_LEASE_H

#include "flow.h"

enum lease_phase {
  LEASE_REQUEST, /* no exchange is under way; the client's next head is awaited */
  LEASE_ANSWER,  /* a request was let pass; its answer's head is awaited */
  LEASE_BODY,    /* an answer was let pass and has not wholly left */
  LEASE_CHUNKS   /* an answer was let pass as far as its chunks were read */
};

typedef struct lease lease;

/*
 * Takes up a lease; what waits for bytes of either side is forgotten. Said to be over at once if this is not a moment
 * between two exchanges, or there is no memory. Does nothing if the flow has one.
 */
void lease_begin(thread *t, flow *f, const lease_command *c);

/* Ends the flow's lease at the next moment at which it can. */
void lease_stop(thread *t, flow *f);

/* Forgets the flow's lease, if it has one, without a word. */
void lease_forget(thread *t, flow *f);

/* The upstream is gone with nothing left of it: tells the end of an answer that this was. */
void lease_upstream_lost(thread *t, flow *f);

/* Behind each move of a flow that has a lease: true if more can move now. */
bool lease_step(thread *t, flow *f);

/* True if the lease wants more bytes of this side than are held. */
bool lease_wants(const flow *f, enum side s);

/* The lease is no longer valid, or the client was given time enough for its head. */
void lease_deadline(thread *t, flow *f);

#endif
