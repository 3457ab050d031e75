#include "flow.h"
#include "accept.h"
#include "dial.h"
#include "direction.h"
#include "lease.h"
#include "leave.h"
#include "messages.h"
#include "mover-state.h"
#include "share.h"
#include "socket.h"
#include "upstream.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

uint32_t flow_slot(const thread *t, const flow *f) { return (uint32_t)(f - t->flows); }

bool flow_has_room(const thread *t) { return t->free_count || t->fresh < t->mover->options.max_flows; }

flow *flow_new(thread *t) {
  uint32_t slot = t->free_count ? t->free_slots[--t->free_count] : t->fresh++;
  flow *f = &t->flows[slot];
  *f = (flow){.generation = f->generation + 1, .state = FLOW_LOCATING, .queued = f->queued};
  for (int s = 0; s < 2; s++) {
    f->endpoint[s].fd = -1;
    f->direction[s].pipe = (pipe_pair){.read_end = -1, .write_end = -1};
  }
  t->live++;
  ring_publish(&t->ring, WORD_FLOWS, t->live);
  return f;
}

flow *flow_find(thread *t, uint32_t slot, uint32_t generation) {
  if (slot >= t->fresh) return NULL;
  flow *f = &t->flows[slot];
  return f->generation == generation && f->state != FLOW_FREE ? f : NULL;
}

bool flow_watch(thread *t, flow *f, enum side s) {
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
      .data.u64 = (uint64_t)f->generation << 32 | (uint64_t)flow_slot(t, f) << 1 | (uint64_t)s,
  };
  return epoll_ctl(t->epoll, EPOLL_CTL_ADD, f->endpoint[s].fd, &event) == 0;
}

static void note_events(endpoint *e, uint32_t events) {
  if (events & EPOLLOUT) e->writable = true;
  if (events & EPOLLIN) e->readable = true;
  if (events & EPOLLPRI) e->urgent = e->readable = true;
  if (events & (EPOLLRDHUP | EPOLLHUP)) e->hung_up = e->readable = true;
}

void flow_event(thread *t, flow *f, enum side s, uint32_t events) {
  if (f->endpoint[s].fd == -1) return; /* dropped by what came before it in this batch */
  note_events(&f->endpoint[s], events);
  if (f->state == FLOW_CONNECTING && s == UPSTREAM) {
    dial_event(t, f, events);
    return;
  }
  if (events & EPOLLERR) {
    int error = socket_take_error(f->endpoint[s].fd);
    f->endpoint[s].end = error == ECONNRESET || error == EPIPE || error == 0 ? END_RESET : END_ERROR;
    flow_broken(t, f, s);
    if (f->state != FLOW_RELAYING) return; /* else it was an upstream of which nothing may pass */
  }
  flow_run(t, f);
}

/* FIN goes on once everything before it has; both ends known: the two closes send what is left of them. */
static void pass_ends(thread *t, flow *f) {
  if (f->direction[CLIENT].done && f->direction[UPSTREAM].done) {
    flow_end(t, f, CAUSE_ENDED, false);
    return;
  }
  for (int s = 0; s < 2; s++) {
    endpoint *sink = &f->endpoint[other_side((enum side)s)];
    if (!f->direction[s].done || sink->shut) continue;
    (void)shutdown(sink->fd, SHUT_WR);
    sink->shut = true;
    f->active_at = t->now;
    thread_set_deadline(t, f, DEADLINE_PHASE, t->now + (uint64_t)t->mover->options.half_close_ms * 1000);
  }
}

static void relay(thread *t, flow *f) {
  for (int s = 0; s < 2; s++) {
    enum side from = (enum side)s;
    if (f->direction[s].done) {
      direction_report(t, f, from); /* what was asked since has its answer already */
      continue;
    }
    switch (direction_run(t, f, from)) {
      case RUN_BLOCKED:
      case RUN_DONE:
        break;
      case RUN_UNFINISHED:
        thread_queue(t, f);
        break;
      case RUN_SOURCE_BROKEN:
        flow_broken(t, f, from);
        return;
      case RUN_SINK_BROKEN:
        flow_broken(t, f, other_side(from));
        return;
      case RUN_LOST:
        upstream_lost(t, f);
        return;
      case RUN_NO_RESOURCES:
        flow_end(t, f, CAUSE_NO_RESOURCES, true);
        return;
    }
  }
  pass_ends(t, f);
}

/* No upstream yet: only what `inspect` asks for is read, and what an earlier one was let say goes on leaving. */
static void hold(thread *t, flow *f) {
  if (direction_flush(t, f, UPSTREAM) == RUN_SINK_BROKEN) {
    flow_broken(t, f, CLIENT);
    return;
  }
  switch (direction_run(t, f, CLIENT)) {
    case RUN_SOURCE_BROKEN:
      flow_broken(t, f, CLIENT);
      return;
    case RUN_NO_RESOURCES:
      flow_end(t, f, CAUSE_NO_RESOURCES, true);
      return;
    default:
      return;
  }
}

/* Under a lease chunks pass run by run: together they are no more than one turn. */
static void relay_turn(thread *t, flow *f) {
  uint64_t turn_ends = f->direction[UPSTREAM].passed + TURN_BYTES;
  relay(t, f);
  while (f->lease && lease_step(t, f)) {
    if (f->direction[UPSTREAM].passed >= turn_ends) {
      thread_queue(t, f);
      return;
    }
    relay(t, f);
  }
}

static void run_state(thread *t, flow *f) {
  switch ((enum flow_state)f->state) {
    case FLOW_FREE:
      return;
    case FLOW_LOCATING:
      accept_locate(t, f);
      return;
    case FLOW_DECIDING:
    case FLOW_DIALING:
    case FLOW_CONNECTING:
      hold(t, f);
      return;
    case FLOW_RELAYING:
      relay_turn(t, f);
      return;
    case FLOW_LEAVING:
      leave_run(t, f);
      return;
  }
}

void flow_run(thread *t, flow *f) {
  run_state(t, f);
  if (f->state != FLOW_FREE) share_charge(t, f, f->direction[CLIENT].held.length + f->direction[UPSTREAM].held.length);
}

void flow_broken(thread *t, flow *f, enum side s) {
  endpoint *broken = &f->endpoint[s];
  broken->broken = true;
  if (!broken->end) broken->end = END_RESET;
  if (f->state == FLOW_LEAVING) {
    flow_drop_side(t, f, s);
    leave_run(t, f);
    return;
  }
  if (f->state == FLOW_LOCATING) accept_tell(t, f, ENOENT);
  if (f->state == FLOW_RELAYING && !f->endpoint[other_side(s)].broken) {
    broken->readable = broken->hung_up = true;
    broken->writable = false;
    enum run_result result;
    while ((result = direction_run(t, f, s)) == RUN_UNFINISHED) continue; /* no more than its receive buffer can come */
    if (result == RUN_LOST) {
      upstream_lost(t, f);
      return;
    }
    const direction *in = &f->direction[UPSTREAM];
    bool all_is_here = upstream_is_quiet(f) || (in->credit > 0 && in->credit == let_pass(in));
    if (s == UPSTREAM && all_is_here && result == RUN_BLOCKED) return;
  }
  flow_end(t, f, CAUSE_RESET, true);
}

void direction_release(thread *t, direction *d) {
  held_release(&t->buffers, &d->held);
  pipes_give(&t->pipes, &d->pipe, d->piped == 0);
  d->piped = 0;
}

void flow_drop_side(thread *t, flow *f, enum side s) {
  endpoint *e = &f->endpoint[s];
  direction_release(t, &f->direction[other_side(s)]);
  if (e->fd == -1) return;
  close(e->fd);
  e->fd = -1;
  if (!e->end) e->end = END_CLOSED_BY_US;
}

static uint8_t final_end(const flow *f, enum side s, enum cause cause) {
  const endpoint *e = &f->endpoint[s];
  if (s == UPSTREAM && !f->had_upstream) return END_NONE;
  if (cause == CAUSE_ADOPTED) return e->end;
  return e->end ? e->end : END_CLOSED_BY_US;
}

void flow_end(thread *t, flow *f, enum cause cause, bool reset) {
  for (int s = 0; s < 2; s++) {
    int fd = f->endpoint[s].fd;
    if (fd == -1) continue;
    if (reset) socket_reset_on_close(fd);
    close(fd);
    f->endpoint[s].fd = -1;
  }
  direction_release(t, &f->direction[CLIENT]);
  direction_release(t, &f->direction[UPSTREAM]);
  held_release(&t->buffers, &f->preamble);
  lease_forget(t, f);
  for (int kind = 0; kind < DEADLINE_KINDS; kind++) thread_clear_deadline(t, f, (enum deadline_kind)kind);
  const uint8_t ends[2] = {final_end(f, CLIENT, cause), final_end(f, UPSTREAM, cause)};
  share_charge(t, f, 0);
  f->state = FLOW_FREE;
  t->free_slots[t->free_count++] = flow_slot(t, f);
  t->live--;
  ring_publish(&t->ring, WORD_FLOWS, t->live);
  post_closed(t, f, cause, ends);
  accept_resume(t);
}

static void inspect_deadline(thread *t, flow *f, enum side s) {
  direction *d = &f->direction[s];
  if (f->lease) {
    lease_deadline(t, f);
    return;
  }
  d->inspecting = false;
  bool full = d->held.length >= t->mover->options.max_held;
  bool ended = f->endpoint[s].ended;
  post_held(t, f, s, (uint16_t)(FLAG_DEADLINE | (ended ? FLAG_ENDED : 0) | (full ? FLAG_FULL : 0)));
}

/* Both sides are open still: nobody has asked this upstream twice, but it may die while its only answer is awaited. */
static void settle(flow *f) {
  endpoint *upstream = &f->endpoint[UPSTREAM];
  if (!upstream->long_lived) socket_set_long_lived(upstream->fd);
  upstream->long_lived = true;
}

static void half_close_deadline(thread *t, flow *f) {
  uint64_t idle_until = f->active_at + (uint64_t)t->mover->options.half_close_ms * 1000;
  if (idle_until > t->now) thread_set_deadline(t, f, DEADLINE_PHASE, idle_until);
  else flow_end(t, f, CAUSE_HALF_CLOSE_TIMEOUT, true);
}

void flow_deadline(thread *t, flow *f, enum deadline_kind kind) {
  if (kind != DEADLINE_PHASE) {
    inspect_deadline(t, f, kind == DEADLINE_INSPECT_CLIENT ? CLIENT : UPSTREAM);
    return;
  }
  switch ((enum flow_state)f->state) {
    case FLOW_LOCATING:
      accept_tell(t, f, ENOENT);
      return;
    case FLOW_CONNECTING:
      dial_failed(t, f, ETIMEDOUT);
      return;
    case FLOW_RELAYING:
      if (f->endpoint[CLIENT].shut || f->endpoint[UPSTREAM].shut) half_close_deadline(t, f);
      else settle(f);
      return;
    case FLOW_LEAVING:
      flow_end(t, f, (enum cause)f->cause, false);
      return;
    case FLOW_FREE:
    case FLOW_DECIDING:
    case FLOW_DIALING:
      return;
  }
}
