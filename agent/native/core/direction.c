#include "direction.h"
#include "lease.h"
#include "messages.h"
#include "mover-state.h"
#include "share.h"
#include "socket.h"
#include "upstream.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

/* Splice begins to pay when pipes and page moves cost less than the copy (measured); short flows never need a pipe. */
enum { SPLICE_FROM_BYTES = 128 * 1024, SPLICE_WORTH_BYTES = 64 * 1024, SPLICE_AT_MOST = 1024 * 1024 };

enum step { STEP_AGAIN, STEP_BLOCKED, STEP_SOURCE_BROKEN, STEP_SINK_BROKEN, STEP_NO_RESOURCES };

typedef struct {
  thread *t;
  flow *f;
  enum side from;
  endpoint *source;
  endpoint *sink;
  direction *d;
} pass;

static pass pass_of(thread *t, flow *f, enum side from) {
  return (pass){.t = t, .f = f, .from = from, .source = &f->endpoint[from],
                .sink = &f->endpoint[other_side(from)], .d = &f->direction[from]};
}

static void count_passed(const pass *p, uint32_t n) {
  p->d->passed += n;
  p->f->active_at = p->t->now;
}

/* Data and FIN leave in one segment if the end is known when the data goes; never ahead of a reset, which drops it. */
static int more_flag(const pass *p, bool all_held) {
  return p->source->ended && all_held && !p->source->broken && p->d->credit != 0 ? MSG_MORE : 0;
}

static enum step sink_error(const pass *p) {
  if (errno == EAGAIN) {
    p->sink->writable = false;
    return STEP_BLOCKED;
  }
  return STEP_SINK_BROKEN;
}

/* Nagle only ever holds back a second send: a connection of one exchange needs no option set. */
static void prepare_sink(const pass *p) {
  if (p->from == CLIENT && p->d->passed && !p->sink->long_lived) {
    socket_set_long_lived(p->sink->fd);
    p->sink->long_lived = true;
  }
}

/* The preamble leaves with the held bytes in one call, so that both are in one segment. */
static enum step send_preamble(const pass *p) {
  held *preamble = &p->f->preamble;
  held *h = &p->d->held;
  uint32_t with = let_pass(p->d);
  struct iovec parts[2] = {
      {.iov_base = preamble->bytes + preamble->start, .iov_len = preamble->length},
      {.iov_base = h->bytes + h->start, .iov_len = with},
  };
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = with ? 2 : 1};
  ssize_t sent = sendmsg(p->sink->fd, &message, MSG_NOSIGNAL | (with ? more_flag(p, with == h->length) : 0));
  if (sent == -1) return sink_error(p);
  uint32_t n = (uint32_t)sent;
  uint32_t own = n < preamble->length ? n : preamble->length;
  held_consume(&p->t->buffers, preamble, own);
  n -= own;
  if (n) {
    if (p->d->observed) post_observed(p->t, p->f, p->from, h->bytes + h->start, n);
    if (p->d->credit > 0) p->d->credit -= n;
    held_consume(&p->t->buffers, h, n);
    count_passed(p, n);
  }
  return STEP_AGAIN;
}

static enum step send_held(const pass *p, uint32_t want) {
  held *h = &p->d->held;
  prepare_sink(p);
  ssize_t sent = send(p->sink->fd, h->bytes + h->start, want, MSG_NOSIGNAL | more_flag(p, want == h->length));
  if (sent == -1) return sink_error(p);
  uint32_t n = (uint32_t)sent;
  if (p->d->observed) post_observed(p->t, p->f, p->from, h->bytes + h->start, n);
  if (p->d->credit > 0) p->d->credit -= n;
  held_consume(&p->t->buffers, h, n);
  count_passed(p, n);
  return STEP_AGAIN;
}

static enum step empty_pipe(const pass *p) {
  ssize_t n = splice(p->d->pipe.read_end, NULL, p->sink->fd, NULL, p->d->piped, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n == -1) return sink_error(p);
  if (n == 0) return STEP_SINK_BROKEN; /* a pipe with bytes and a socket that takes none for ever */
  p->d->piped -= (uint32_t)n;
  count_passed(p, (uint32_t)n);
  return STEP_AGAIN;
}

static void source_ended(const pass *p) {
  p->source->ended = true;
  p->source->readable = false;
  if (!p->source->end) p->source->end = END_FIN;
}

static enum step source_error(const pass *p) {
  if (errno == EAGAIN) {
    p->source->readable = false;
    return STEP_AGAIN;
  }
  if (p->source->broken) { /* told once; a reset has no end but this */
    source_ended(p);
    return STEP_AGAIN;
  }
  p->source->broken = true;
  p->source->end = errno == ECONNRESET ? END_RESET : END_ERROR;
  return STEP_SOURCE_BROKEN;
}

/* A short read has emptied the socket, and behind RDHUP it has reached the end: no second read to learn either. */
static void after_read(const pass *p, size_t asked, ssize_t n) {
  if (p->from == UPSTREAM && !p->f->first_upstream_byte_at) p->f->first_upstream_byte_at = p->t->now;
  if ((size_t)n == asked || p->source->urgent) return;
  p->source->readable = false;
  if (p->source->hung_up) source_ended(p);
}

static bool may_splice(const pass *p) {
  direction *d = p->d;
  if (d->credit > 0 && d->credit < SPLICE_WORTH_BYTES) return false; /* a short body of a long connection */
  if (d->passed < SPLICE_FROM_BYTES || d->observed || d->no_splice || p->source->urgent) return false;
  return d->pipe.read_end != -1 || pipes_take(&p->t->pipes, &d->pipe);
}

static enum step fill_pipe(const pass *p) {
  direction *d = p->d;
  size_t limit = d->credit > 0 && d->credit < SPLICE_AT_MOST ? (size_t)d->credit : SPLICE_AT_MOST;
  ssize_t n = splice(p->source->fd, NULL, d->pipe.write_end, NULL, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n > 0) {
    d->piped = (uint32_t)n;
    if (d->credit > 0) d->credit -= n;
    return STEP_AGAIN;
  }
  if (n == 0) {
    source_ended(p);
    return STEP_AGAIN;
  }
  if (errno == EINVAL || errno == ENOMEM) {
    d->no_splice = true;
    return STEP_AGAIN;
  }
  return source_error(p); /* the pipe is empty, so EAGAIN is the socket's */
}

/* Read into the thread's buffer and send at once; what the sink does not take is kept in the flow. */
static enum step copy_through(const pass *p) {
  direction *d = p->d;
  size_t limit = d->credit > 0 && d->credit < SCRATCH_BYTES ? (size_t)d->credit : SCRATCH_BYTES;
  ssize_t got = recv(p->source->fd, p->t->scratch, limit, 0);
  if (got == -1) return source_error(p);
  if (got == 0) {
    source_ended(p);
    return STEP_AGAIN;
  }
  after_read(p, limit, got);
  prepare_sink(p);
  ssize_t sent = send(p->sink->fd, p->t->scratch, (size_t)got, MSG_NOSIGNAL | more_flag(p, true));
  bool broken = sent == -1 && sink_error(p) == STEP_SINK_BROKEN;
  if (sent == -1) sent = 0;
  uint32_t n = (uint32_t)sent;
  if (n) {
    if (d->observed) post_observed(p->t, p->f, p->from, p->t->scratch, n);
    if (d->credit > 0) d->credit -= n;
    count_passed(p, n);
  }
  if (sent == got) return STEP_AGAIN;
  if (!held_append(&p->t->buffers, &d->held, p->t->scratch + n, (uint32_t)(got - sent))) return STEP_NO_RESOURCES;
  return broken ? STEP_SINK_BROKEN : STEP_AGAIN; /* a lost upstream leaves what it did not take to the next one */
}

/* What may be held now beyond what is held. */
static uint32_t holdable(const pass *p) {
  const direction *d = p->d;
  uint32_t limit = p->t->mover->options.max_held;
  if (d->inspecting) {
    bool wanted = d->held.length <= d->inspect_beyond && d->held.length < limit;
    return wanted ? limit - d->held.length : 0;
  }
  if (lease_wants(p->f, p->from)) return d->held.length < limit ? limit - d->held.length : 0;
  if (d->gate != GATE_HELD || d->credit != 0 || d->held.length) return 0;
  return limit < USUAL_BUFFER_BYTES ? limit : USUAL_BUFFER_BYTES;
}

static enum step read_and_hold(const pass *p, uint32_t limit) {
  held *h = &p->d->held;
  if (!share_allows(p->t, p->f, p->d)) return STEP_NO_RESOURCES;
  /* One usual buffer first; doubled when it is full, so that a one-line request never takes the largest size. */
  uint32_t least = h->bytes && held_room(h) ? 1 : limit < USUAL_BUFFER_BYTES ? limit : USUAL_BUFFER_BYTES;
  if (!held_reserve(&p->t->buffers, h, least)) return STEP_NO_RESOURCES;
  uint32_t room = held_room(h) < limit ? held_room(h) : limit;
  ssize_t n = recv(p->source->fd, held_end(h), room, 0);
  int error = errno;
  held_added(&p->t->buffers, h, n > 0 ? (uint32_t)n : 0);
  if (n == -1) {
    errno = error;
    return source_error(p);
  }
  if (n == 0) source_ended(p);
  else after_read(p, room, n);
  return STEP_AGAIN;
}

/*
 * The end of an upstream that nobody asks anything is noticed only if it stands directly behind what was let pass. A
 * look does not take the bytes that may be in front of it.
 */
static enum step look_for_end(const pass *p) {
  uint8_t byte;
  ssize_t n = recv(p->source->fd, &byte, 1, MSG_PEEK);
  if (n > 0) return STEP_BLOCKED;
  if (n < 0) return source_error(p);
  source_ended(p);
  return STEP_AGAIN;
}

static enum step hold_back(const pass *p) {
  direction *d = p->d;
  pipes_give(&p->t->pipes, &d->pipe, true);
  if (!p->source->readable) return STEP_BLOCKED;
  uint32_t limit = holdable(p);
  if (limit) return read_and_hold(p, limit);
  bool may_be_lost = p->from == UPSTREAM && upstream_is_quiet(p->f) && p->source->hung_up && !d->held.length;
  return may_be_lost ? look_for_end(p) : STEP_BLOCKED;
}

static enum step next_step(const pass *p) {
  direction *d = p->d;
  bool connected = p->f->state == FLOW_RELAYING;
  if (p->from == CLIENT && p->f->preamble.length && connected) {
    return p->sink->writable ? send_preamble(p) : STEP_BLOCKED;
  }
  if (d->piped) return p->sink->writable ? empty_pipe(p) : STEP_BLOCKED;
  if (d->credit == 0) return hold_back(p);
  if (!connected || !p->sink->writable) return STEP_BLOCKED;
  if (d->held.length) return send_held(p, let_pass(d));
  if (!p->source->readable) {
    pipes_give(&p->t->pipes, &d->pipe, true);
    return STEP_BLOCKED;
  }
  return may_splice(p) ? fill_pipe(p) : copy_through(p);
}

static bool drained(const pass *p) {
  const direction *d = p->d;
  bool preamble = p->from == CLIENT && p->f->preamble.length;
  return p->source->ended && d->credit != 0 && !preamble && !d->piped && !d->held.length;
}

enum run_result direction_run(thread *t, flow *f, enum side from) {
  pass p = pass_of(t, f, from);
  uint64_t turn_ends = p.d->passed + TURN_BYTES;
  for (;;) {
    if (from == UPSTREAM && upstream_is_lost(f)) return RUN_LOST;
    if (drained(&p) && f->state == FLOW_RELAYING) {
      pipes_give(&t->pipes, &p.d->pipe, true);
      p.d->done = true;
      direction_report(t, f, from);
      return p.source->broken ? RUN_SOURCE_BROKEN : RUN_DONE;
    }
    enum step step = next_step(&p);
    if (step == STEP_AGAIN) {
      direction_report(t, f, from);
      if (p.d->passed < turn_ends) continue;
      return RUN_UNFINISHED;
    }
    if (step == STEP_SOURCE_BROKEN) return RUN_SOURCE_BROKEN;
    if (step == STEP_SINK_BROKEN) return RUN_SINK_BROKEN;
    if (step == STEP_NO_RESOURCES) return RUN_NO_RESOURCES;
    direction_report(t, f, from);
    return RUN_BLOCKED;
  }
}

enum run_result direction_flush(thread *t, flow *f, enum side from) {
  pass p = pass_of(t, f, from);
  while (p.d->piped || let_pass(p.d)) {
    if (!p.sink->writable) return RUN_BLOCKED;
    enum step step = p.d->piped ? empty_pipe(&p) : send_held(&p, let_pass(p.d));
    if (step == STEP_SINK_BROKEN) return RUN_SINK_BROKEN;
  }
  return RUN_DONE;
}

void direction_keep_let_pass(thread *t, direction *d) {
  if (let_pass(d) < d->held.length) held_truncate(&t->buffers, &d->held, let_pass(d));
}

void direction_report(thread *t, flow *f, enum side from) {
  direction *d = &f->direction[from];
  bool ended = f->endpoint[from].ended;
  bool full = d->held.length >= t->mover->options.max_held;
  bool lost = from == UPSTREAM && upstream_is_lost(f); /* says all that waiting for bytes would */
  if (!lost && d->inspecting && has_passed(d) && (d->held.length > d->inspect_beyond || ended || full)) {
    d->inspecting = false;
    thread_clear_deadline(t, f, from == CLIENT ? DEADLINE_INSPECT_CLIENT : DEADLINE_INSPECT_UPSTREAM);
    post_held(t, f, from, (uint16_t)((ended ? FLAG_ENDED : 0) | (full ? FLAG_FULL : 0)));
  }
  if (has_passed(d) && (d->gate == GATE_REACHED || (d->gate == GATE_HELD && !lost && (d->held.length || ended)))) {
    d->gate = GATE_NONE;
    post_gate(t, f, from);
  }
}
