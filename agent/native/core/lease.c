#include "lease.h"
#include "http1-chunk.h"
#include "messages.h"
#include "mover-state.h"
#include "upstream.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A head that comes in pieces for longer is the owner's concern: it has limits and answers for slow clients. */
enum { HEAD_US = 5 * 1000 * 1000 };

struct lease {
  uint8_t phase; /* enum lease_phase */
  uint8_t place; /* enum http1_chunk_place at `answer_ends`, in LEASE_CHUNKS */
  bool stopping; /* the owner wants it back */
  bool to_head;  /* the request's method was HEAD */
  bool end_told; /* the message of the answer said when it ended */
  bool late_set; /* the deadline of the head is set */
  uint32_t epoch;
  uint32_t scanned;       /* of the side that is awaited: no complete head or framing in so many bytes */
  uint64_t valid_until;   /* microseconds, as all times */
  uint64_t request_ends;  /* value of the client's `passed` behind the request under way */
  uint64_t body_at;       /* the same for the upstream and the head of its answer */
  uint64_t answer_ends;   /* and for what was let pass of its answer: in LEASE_BODY all */
  uint64_t sent_at;       /* 0: some of the request has not left */
  uint64_t first_byte_at; /* of the answer */
  lease_terms terms;
  char text[]; /* host, method, target, name of the time field */
};

static enum side awaited(const lease *l) { return l->phase == LEASE_REQUEST ? CLIENT : UPSTREAM; }

bool lease_wants(const flow *f, enum side s) {
  const lease *l = f->lease;
  return l && l->phase != LEASE_BODY && s == awaited(l) && f->direction[s].held.length <= l->scanned;
}

void lease_forget(thread *t, flow *f) {
  if (!f->lease) return;
  free(f->lease);
  f->lease = NULL;
  f->direction[UPSTREAM].midway = false;
  thread_clear_deadline(t, f, DEADLINE_INSPECT_CLIENT);
}

static uint16_t asked_flags(const lease *l) {
  switch ((enum lease_phase)l->phase) {
    case LEASE_ANSWER:
      return l->sent_at ? FLAG_IN_ANSWER | FLAG_REQUEST_SENT : FLAG_IN_ANSWER;
    case LEASE_CHUNKS:
      return l->place == HTTP1_CHUNK_END ? FLAG_IN_BODY | FLAG_BEHIND_DATA : FLAG_IN_BODY;
    default:
      return 0;
  }
}

/* Always false: nothing moves before the owner says more. */
static bool ask(thread *t, flow *f) {
  const lease *l = f->lease;
  uint16_t flags = asked_flags(l);
  uint64_t body_bytes = flags & FLAG_IN_BODY ? l->answer_ends - l->body_at : 0;
  lease_forget(t, f);
  post_asked(t, f, flags, body_bytes);
  return false;
}

static bool is_between_exchanges(const flow *f) {
  const direction *out = &f->direction[CLIENT], *in = &f->direction[UPSTREAM];
  return upstream_is_quiet(f) && out->credit == 0 && !out->done && !out->piped && !in->piped && !f->preamble.length;
}

void lease_begin(thread *t, flow *f, const lease_command *c) {
  if (f->lease) return;
  f->lease = is_between_exchanges(f) ? malloc(sizeof *f->lease + c->header.payload) : NULL;
  if (!f->lease) {
    post_asked(t, f, 0, 0);
    return;
  }
  for (int s = 0; s < 2; s++) {
    f->direction[s].gate = GATE_NONE;
    f->direction[s].inspecting = false;
  }
  thread_clear_deadline(t, f, DEADLINE_INSPECT_CLIENT);
  thread_clear_deadline(t, f, DEADLINE_INSPECT_UPSTREAM);
  *f->lease = (lease){.phase = LEASE_REQUEST, .epoch = c->epoch, .terms = c->terms,
                      .valid_until = t->now + (uint64_t)c->valid_ms * 1000};
  memcpy(f->lease->text, c + 1, c->header.payload);
  thread_set_deadline(t, f, DEADLINE_INSPECT_CLIENT, f->lease->valid_until);
  flow_run(t, f);
}

void lease_stop(thread *t, flow *f) {
  if (!f->lease) return;
  f->lease->stopping = true;
  if (f->lease->phase < LEASE_BODY) (void)ask(t, f);
}

void lease_upstream_lost(thread *t, flow *f) {
  const lease *l = f->lease;
  if (l && l->phase == LEASE_BODY && !l->end_told) post_leased_end(t, f, l->answer_ends - l->body_at);
}

/* Between two requests the owner has time limits of its own; in an exchange the lease is over behind it. */
void lease_deadline(thread *t, flow *f) {
  if (f->lease->phase == LEASE_REQUEST) (void)ask(t, f);
}

/* Length 0: any. */
static bool is_term(const uint8_t *head, http1_span found, const char *term, uint32_t length) {
  return !length || (found.length == length && memcmp(head + found.at, term, length) == 0);
}

static bool is_within_terms(const lease *l, const uint8_t *head, const http1_request *r) {
  const lease_terms *terms = &l->terms;
  const char *method = l->text + terms->host, *target = method + terms->method;
  return r->host.length == terms->host && is_term(head, r->host, l->text, terms->host) &&
         is_term(head, r->method, method, terms->method) && is_term(head, r->target, target, terms->target);
}

static bool is_in_force(const thread *t, const lease *l) {
  const int32_t *epoch = &t->mover->bell[BELL_EPOCH];
  return l->epoch == (uint32_t)__atomic_load_n(epoch, __ATOMIC_ACQUIRE) && t->now < l->valid_until;
}

enum leftover { LEFTOVER_NONE, LEFTOVER_BYTES, LEFTOVER_END };

/* What an upstream has to say that nobody has asked. */
static enum leftover leftover_of(flow *f) {
  endpoint *upstream = &f->endpoint[UPSTREAM];
  if (f->direction[UPSTREAM].held.length) return LEFTOVER_BYTES;
  if (!upstream->readable) return LEFTOVER_NONE;
  uint8_t byte;
  ssize_t n = recv(upstream->fd, &byte, 1, MSG_PEEK);
  if (n > 0) return LEFTOVER_BYTES;
  if (n == 0) return LEFTOVER_END;
  if (errno != EAGAIN) {
    upstream->broken = true;
    upstream->end = END_RESET;
    return LEFTOVER_END;
  }
  upstream->readable = false;
  return LEFTOVER_NONE;
}

static bool await_more(thread *t, flow *f, enum side s) {
  lease *l = f->lease;
  if (f->direction[s].held.length >= t->mover->options.max_held) return ask(t, f);
  l->scanned = f->direction[s].held.length;
  if (s == CLIENT && !l->late_set) {
    thread_set_deadline(t, f, DEADLINE_INSPECT_CLIENT, t->now + HEAD_US);
    l->late_set = true;
  }
  return f->endpoint[s].readable;
}

static bool client_has_ended(const flow *f) { return f->endpoint[CLIENT].ended || f->endpoint[CLIENT].hung_up; }

static void pass_request(thread *t, flow *f, const uint8_t *head, const http1_request *r) {
  lease *l = f->lease;
  direction *out = &f->direction[CLIENT];
  if (l->late_set) thread_set_deadline(t, f, DEADLINE_INSPECT_CLIENT, l->valid_until);
  post_leased_request(t, f, head, r->head_bytes, r->body_bytes);
  out->credit = (int64_t)(r->head_bytes + r->body_bytes);
  l->request_ends = out->passed + (uint64_t)out->credit;
  l->to_head = r->is_head;
  l->late_set = false;
  l->scanned = 0;
  l->sent_at = l->first_byte_at = 0;
  l->phase = LEASE_ANSWER;
}

static bool step_request(thread *t, flow *f) {
  const held *h = &f->direction[CLIENT].held;
  if (client_has_ended(f)) return ask(t, f);
  if (!h->length) return false;
  if (!is_in_force(t, f->lease)) return ask(t, f);
  const uint8_t *head = h->bytes + h->start;
  http1_request r;
  switch (http1_scan_request(head, h->length, &r)) {
    case HTTP1_INCOMPLETE:
      return await_more(t, f, CLIENT);
    case HTTP1_OTHER:
      return ask(t, f);
    case HTTP1_CANONICAL:
      break;
  }
  if (!is_within_terms(f->lease, head, &r)) return ask(t, f);
  switch (leftover_of(f)) {
    case LEFTOVER_BYTES:
      return ask(t, f);
    case LEFTOVER_END:
      f->endpoint[UPSTREAM].hung_up = true; /* the next move finds it lost */
      return true;
    case LEFTOVER_NONE:
      break;
  }
  pass_request(t, f, head, &r);
  return true;
}

/* Gives the number of bytes put in behind the status line, or -1: no memory. */
static int32_t add_time_field(thread *t, flow *f, const http1_answer *a) {
  const lease *l = f->lease;
  held *h = &f->direction[UPSTREAM].held;
  const char *name = l->text + l->terms.host + l->terms.method + l->terms.target;
  uint32_t length = l->terms.time_header;
  if (!length || http1_has_field(h->bytes + h->start, a->head_bytes, name, length)) return 0;
  char field[LEASE_TIME_HEADER_CAP + 32];
  unsigned long long ms = (l->first_byte_at - l->sent_at) / 1000;
  int n = snprintf(field, sizeof field, "%.*s: %llu\r\n", (int)length, name, ms);
  bool done = held_replace(&t->buffers, h, a->status_line_bytes, 0, (const uint8_t *)field, (uint32_t)n);
  return done ? n : -1;
}

/* What is known of an answer's body by what is held of it. False: it is not for us to read. */
static bool look_at_body(lease *l, const held *h, const http1_answer *a, uint64_t *bytes) {
  uint32_t there = h->length - a->head_bytes;
  if (!a->chunked) {
    *bytes = a->body_bytes;
    l->end_told = there >= *bytes;
    l->phase = LEASE_BODY;
    return true;
  }
  http1_chunks chunks;
  enum http1_result result = http1_scan_chunks(HTTP1_CHUNK_SIZE, h->bytes + h->start + a->head_bytes, there, &chunks);
  if (result == HTTP1_OTHER) return false;
  *bytes = chunks.bytes;
  l->place = (uint8_t)chunks.place;
  l->end_told = result == HTTP1_CANONICAL;
  l->phase = l->end_told ? LEASE_BODY : LEASE_CHUNKS;
  return true;
}

static bool pass_answer(thread *t, flow *f, const http1_answer *a) {
  lease *l = f->lease;
  direction *in = &f->direction[UPSTREAM];
  uint64_t body_bytes;
  if (!look_at_body(l, &in->held, a, &body_bytes)) return ask(t, f);
  int32_t added = add_time_field(t, f, a);
  if (added < 0) {
    flow_end(t, f, CAUSE_NO_RESOURCES, true);
    return false;
  }
  l->body_at = in->passed + a->head_bytes + (uint32_t)added;
  post_leased_answer(t, f, &(leased_answer){.status = a->status, .body_bytes = body_bytes, .body_at = l->body_at,
                                            .sent_at = l->sent_at, .first_byte_at = l->first_byte_at,
                                            .end_at = l->end_told ? t->now : 0});
  l->answer_ends = l->body_at + body_bytes;
  in->credit = (int64_t)(l->answer_ends - in->passed);
  in->midway = l->phase == LEASE_CHUNKS;
  l->scanned = 0;
  return true;
}

static bool step_answer(thread *t, flow *f) {
  lease *l = f->lease;
  const endpoint *upstream = &f->endpoint[UPSTREAM];
  const held *h = &f->direction[UPSTREAM].held;
  if (!l->sent_at && f->direction[CLIENT].passed >= l->request_ends) l->sent_at = t->now;
  if (client_has_ended(f)) return ask(t, f);
  if (!h->length) return false;
  if (!l->sent_at) return ask(t, f);
  if (!l->first_byte_at) l->first_byte_at = t->now;
  http1_answer a;
  switch (http1_scan_answer(h->bytes + h->start, h->length, l->to_head, &a)) {
    case HTTP1_INCOMPLETE:
      return upstream->ended ? ask(t, f) : await_more(t, f, UPSTREAM);
    case HTTP1_OTHER:
      return ask(t, f);
    case HTTP1_CANONICAL:
      return pass_answer(t, f, &a);
  }
  return false;
}

/* The upstream has ended in the middle of a body: what there is of it passes, and its end, as by a length. */
static void pass_cut_off(flow *f) {
  f->direction[UPSTREAM].credit = -1;
  f->lease->answer_ends = UINT64_MAX;
  f->lease->phase = LEASE_BODY;
}

/* All that was let pass has left: lets pass what has come behind it and is surely of this body. */
static bool step_chunks(thread *t, flow *f) {
  lease *l = f->lease;
  direction *in = &f->direction[UPSTREAM];
  const held *h = &in->held;
  http1_chunks next = {0};
  enum http1_result result = HTTP1_INCOMPLETE;
  if (h->length) result = http1_scan_chunks((enum http1_chunk_place)l->place, h->bytes + h->start, h->length, &next);
  if (next.bytes) {
    in->credit = (int64_t)next.bytes;
    l->answer_ends += next.bytes;
    l->place = (uint8_t)next.place;
    l->scanned = 0;
    in->midway = result != HTTP1_CANONICAL;
    if (!in->midway) l->phase = LEASE_BODY;
    return true;
  }
  if (result == HTTP1_OTHER) return ask(t, f);
  if (f->endpoint[UPSTREAM].ended) {
    pass_cut_off(f);
    return true;
  }
  /* Answers without end are sent in chunks: that the client has left them is told to the upstream, by the owner. */
  if (client_has_ended(f)) return ask(t, f);
  return await_more(t, f, UPSTREAM);
}

static bool step_body(thread *t, flow *f) {
  lease *l = f->lease;
  const direction *in = &f->direction[UPSTREAM];
  if (in->done) { /* it ended before its length, and the client was sent what there was */
    flow_close(t, f);
    return false;
  }
  if (in->passed < l->answer_ends) return false;
  if (l->phase == LEASE_CHUNKS) return step_chunks(t, f);
  if (!l->end_told) post_leased_end(t, f, l->answer_ends - l->body_at);
  l->phase = LEASE_REQUEST;
  l->scanned = 0;
  return l->stopping || t->now >= l->valid_until ? ask(t, f) : true;
}

bool lease_step(thread *t, flow *f) {
  switch ((enum lease_phase)f->lease->phase) {
    case LEASE_REQUEST:
      return step_request(t, f);
    case LEASE_ANSWER:
      return step_answer(t, f);
    case LEASE_BODY:
    case LEASE_CHUNKS:
      return step_body(t, f);
  }
  return false;
}
