#include "upstream.h"
#include "direction.h"
#include "lease.h"
#include "messages.h"
#include "mover-state.h"
#include <unistd.h>

void upstream_drop(thread *t, flow *f) {
  endpoint *upstream = &f->endpoint[UPSTREAM];
  direction *out = &f->direction[CLIENT], *in = &f->direction[UPSTREAM];
  if (upstream->fd != -1) close(upstream->fd);
  *upstream = (endpoint){.fd = -1, .end = upstream->end};
  pipes_give(&t->pipes, &out->pipe, out->piped == 0);
  out->piped = 0;
  /* What was let pass of its answer is the client's, and leaves ahead of whatever comes next. */
  direction_keep_let_pass(t, in);
  if (!in->piped) pipes_give(&t->pipes, &in->pipe, true);
  lease_forget(t, f);
  held_release(&t->buffers, &f->preamble);
  for (int s = 0; s < 2; s++) {
    direction *d = &f->direction[s];
    d->credit = s == UPSTREAM ? in->held.length : 0;
    d->gate = GATE_NONE;
    d->done = d->no_splice = false;
  }
  in->inspecting = false;
  thread_clear_deadline(t, f, DEADLINE_INSPECT_UPSTREAM);
  thread_clear_deadline(t, f, DEADLINE_PHASE);
  f->state = FLOW_DECIDING;
}

void upstream_lost(thread *t, flow *f) {
  lease_upstream_lost(t, f);
  bool reset = f->endpoint[UPSTREAM].broken;
  upstream_drop(t, f);
  f->oldest_era = f->era + 1;
  post_lost(t, f, reset);
  direction_report(t, f, CLIENT);
}
