#include "leave.h"
#include "direction.h"
#include "lease.h"
#include "mover-state.h"
#include "thread.h"
#include <sys/socket.h>

/* Then the thread's other flows have a turn. */
enum { READS_PER_ROUND = 16 };

/* Closing with unread bytes would reset the connection and might destroy the answer on its way: read them, without a copy. */
static void drop_rest(const thread *t, endpoint *e) {
  for (int i = 0; i < READS_PER_ROUND && e->readable && !e->ended; i++) {
    ssize_t n = recv(e->fd, t->scratch, SCRATCH_BYTES, MSG_TRUNC);
    if (n > 0) continue;
    e->readable = false;
    if (n < 0) return;
    e->ended = true;
    if (!e->end) e->end = END_FIN;
  }
}

/* True once nothing is left to do for this side. */
static bool side_is_through(thread *t, flow *f, enum side s) {
  endpoint *e = &f->endpoint[s];
  if (e->fd == -1) return true;
  if (!e->shut) {
    enum run_result flushed = direction_flush(t, f, other_side(s));
    if (flushed == RUN_SINK_BROKEN) {
      e->end = END_RESET;
      flow_drop_side(t, f, s);
      return true;
    }
    if (flushed == RUN_DONE) {
      (void)shutdown(e->fd, SHUT_WR);
      e->shut = true;
    }
  }
  drop_rest(t, e);
  if (e->readable && !e->ended) thread_queue(t, f);
  return e->shut && e->ended;
}

void leave_run(thread *t, flow *f) {
  bool client = side_is_through(t, f, CLIENT);
  bool upstream = side_is_through(t, f, UPSTREAM);
  if (client && upstream) flow_end(t, f, (enum cause)f->cause, false);
}

static void leave(thread *t, flow *f, enum cause cause) {
  f->state = FLOW_LEAVING;
  f->cause = (uint8_t)cause;
  lease_forget(t, f);
  for (int s = 0; s < 2; s++) {
    f->direction[s].inspecting = false;
    f->direction[s].gate = GATE_NONE;
    f->direction[s].credit = -1;
    thread_clear_deadline(t, f, s == CLIENT ? DEADLINE_INSPECT_CLIENT : DEADLINE_INSPECT_UPSTREAM);
  }
  thread_set_deadline(t, f, DEADLINE_PHASE, t->now + (uint64_t)t->mover->options.linger_ms * 1000);
  leave_run(t, f);
}

void flow_respond(thread *t, flow *f) {
  held_release(&t->buffers, &f->preamble);
  direction_release(t, &f->direction[CLIENT]);
  flow_drop_side(t, f, UPSTREAM);
  f->direction[UPSTREAM].observed = false;
  leave(t, f, CAUSE_RESPONDED);
}

void flow_close(thread *t, flow *f) {
  if (f->state != FLOW_RELAYING) {
    held_release(&t->buffers, &f->preamble);
    flow_drop_side(t, f, UPSTREAM);
  }
  if (f->endpoint[UPSTREAM].broken) flow_drop_side(t, f, UPSTREAM);
  direction_keep_let_pass(t, &f->direction[CLIENT]);
  direction_keep_let_pass(t, &f->direction[UPSTREAM]);
  leave(t, f, CAUSE_CLOSED);
}
