#include "messages.h"
#include "mover-state.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Messages that nobody needs at once (closed, connected, observed) are read along with others, or after this. */
enum { LAZY_US = 20 * 1000, LAZY_RING_BYTES = MESSAGE_RING_BYTES / 4 };

/* The owner is behind by a whole ring: the thread looks again after this. */
enum { RING_FULL_WAIT_NS = 500 * 1000 };

enum urgency { LAZY, URGENT };

static void ring_bell(thread *t) {
  mover *m = t->mover;
  t->wake_owner = false;
  t->lazy_since = 0;
  if (__atomic_exchange_n(&m->bell[BELL_OWNER_SLEEPS], 0, __ATOMIC_SEQ_CST) == 1) m->wake(m->context);
}

/* NULL only once the owner is gone. */
static void *reserve(thread *t, size_t fixed, uint32_t payload) {
  for (;;) {
    void *record = ring_reserve(&t->ring, fixed + payload);
    if (record) return record;
    if (__atomic_load_n(&t->mover->abandoned, __ATOMIC_ACQUIRE)) return NULL;
    ring_bell(t);
    nanosleep(&(struct timespec){.tv_nsec = RING_FULL_WAIT_NS}, NULL);
  }
}

static void fill(thread *t, record_header *h, const flow *f, enum message_kind kind) {
  h->kind = (uint8_t)kind;
  h->side = 0;
  h->flags = 0;
  h->slot = f ? flow_slot(t, f) : 0;
  h->generation = f ? f->generation : 0;
  h->payload = 0;
  h->value = 0;
}

static void commit(thread *t, const void *record, enum urgency urgency) {
  ring_publish(&t->ring, WORD_HELD_BYTES, t->buffers.held_bytes); /* whoever reads the message finds it true */
  ring_commit(&t->ring, record);
  if (urgency == URGENT || ring_unread(&t->ring) > LAZY_RING_BYTES) t->wake_owner = true;
  else if (!t->lazy_since) t->lazy_since = t->now;
}

static void post_bytes(thread *t, const flow *f, enum message_kind kind, enum side s, uint16_t flags,
                       const uint8_t *bytes, uint32_t count, enum urgency urgency) {
  record_header *h = reserve(t, sizeof *h, count);
  if (!h) return;
  fill(t, h, f, kind);
  h->side = (uint8_t)s;
  h->flags = flags;
  h->payload = count;
  if (count) memcpy(h + 1, bytes, count);
  commit(t, h, urgency);
}

void post_accepted(thread *t, const flow *f, int error, const wire_address *original) {
  const held *first = &f->direction[CLIENT].held;
  accepted_message *m = reserve(t, sizeof *m, first->length);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_ACCEPTED);
  m->header.flags = f->endpoint[CLIENT].ended ? FLAG_ENDED : 0;
  m->header.payload = first->length;
  m->header.value = error;
  m->at = (double)f->accepted_at;
  m->listener = f->listener;
  m->peer = f->peer;
  m->local = f->local;
  m->original = *original;
  if (first->length) memcpy((uint8_t *)m + sizeof *m, first->bytes + first->start, first->length);
  commit(t, m, URGENT);
}

static void post_what_is_held(thread *t, const flow *f, enum message_kind kind, enum side s, uint16_t flags) {
  const direction *d = &f->direction[s];
  const held *h = &d->held;
  uint32_t leaving = let_pass(d), kept = h->length - leaving; /* a deadline may come before all has left */
  held_message *m = reserve(t, sizeof *m, kept);
  if (!m) return;
  fill(t, &m->header, f, kind);
  m->header.side = (uint8_t)s;
  m->header.flags = flags;
  m->header.payload = kept;
  m->header.value = (int32_t)f->era;
  m->passed = (double)(d->passed + d->piped + leaving);
  m->turn = d->turn;
  if (kept) memcpy((uint8_t *)m + sizeof *m, h->bytes + h->start + leaving, kept);
  commit(t, m, URGENT);
}

void post_held(thread *t, const flow *f, enum side s, uint16_t flags) {
  post_what_is_held(t, f, MESSAGE_HELD, s, flags);
}

void post_gate(thread *t, const flow *f, enum side s) {
  post_what_is_held(t, f, MESSAGE_GATE, s, f->endpoint[s].ended ? FLAG_ENDED : 0);
}

void post_observed(thread *t, const flow *f, enum side s, const uint8_t *bytes, uint32_t count) {
  post_bytes(t, f, MESSAGE_OBSERVED, s, 0, bytes, count, LAZY);
}

void post_dialed(thread *t, const flow *f, int error, const wire_address *local) {
  dialed_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_DIALED);
  m->header.value = error;
  m->at = (double)t->now;
  m->local = *local;
  m->era = f->era;
  commit(t, m, error ? URGENT : LAZY);
}

void post_lost(thread *t, const flow *f, bool reset) {
  lost_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_LOST);
  m->header.flags = reset ? FLAG_RESET : 0;
  m->header.value = (int32_t)f->era;
  m->passed = (double)f->direction[CLIENT].passed;
  commit(t, m, URGENT);
}

void post_leased_request(thread *t, const flow *f, const uint8_t *head, uint32_t head_bytes, uint64_t body_bytes) {
  leased_request_message *m = reserve(t, sizeof *m, head_bytes);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_LEASED_REQUEST);
  m->header.payload = head_bytes;
  m->at = (double)t->now;
  m->passed = (double)f->direction[CLIENT].passed;
  m->body_bytes = (double)body_bytes;
  memcpy((uint8_t *)m + sizeof *m, head, head_bytes);
  commit(t, m, LAZY);
}

void post_leased_end(thread *t, const flow *f, uint64_t body_bytes) {
  leased_end_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_LEASED_END);
  m->at = (double)t->now;
  m->body_bytes = (double)body_bytes;
  commit(t, m, LAZY);
}

void post_leased_answer(thread *t, const flow *f, const leased_answer *a) {
  leased_answer_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_LEASED_ANSWER);
  m->header.value = (int32_t)a->status;
  m->body_bytes = (double)a->body_bytes;
  m->body_at = (double)a->body_at;
  m->at_sent = (double)a->sent_at;
  m->at_first_byte = (double)a->first_byte_at;
  m->at_end = (double)a->end_at;
  commit(t, m, LAZY);
}

void post_asked(thread *t, const flow *f, uint16_t flags, uint64_t body_bytes) {
  asked_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_ASKED);
  m->header.flags = flags;
  m->body_bytes = (double)body_bytes;
  commit(t, m, URGENT);
}

void post_closed(thread *t, const flow *f, enum cause cause, const uint8_t ends[2]) {
  closed_message *m = reserve(t, sizeof *m, 0);
  if (!m) return;
  fill(t, &m->header, f, MESSAGE_CLOSED);
  m->header.value = (int32_t)((uint32_t)cause | (uint32_t)ends[CLIENT] << 8 | (uint32_t)ends[UPSTREAM] << 16);
  m->to_upstream = (double)f->direction[CLIENT].passed;
  m->to_client = (double)f->direction[UPSTREAM].passed;
  m->at_accepted = (double)f->accepted_at;
  m->at_connected = (double)f->connected_at;
  m->at_first_upstream_byte = (double)f->first_upstream_byte_at;
  m->at_closed = (double)t->now;
  commit(t, m, LAZY);
}

void post_adopted_bytes(thread *t, const flow *f, enum side s, uint16_t flags, const uint8_t *bytes, uint32_t count) {
  post_bytes(t, f, MESSAGE_ADOPTED_BYTES, s, flags, bytes, count, LAZY);
}

bool post_adopted(thread *t, const flow *f) {
  adopted_message *m = reserve(t, sizeof *m, 0);
  if (!m) return false;
  fill(t, &m->header, f, MESSAGE_ADOPTED);
  for (int s = 0; s < 2; s++) {
    m->fd[s] = f->endpoint[s].fd;
    m->ended[s] = f->endpoint[s].ended;
  }
  commit(t, m, URGENT);
  return true;
}

void messages_discard(thread *t) {
  const record_header *h;
  while ((h = ring_take_back(&t->ring))) {
    if (h->kind != MESSAGE_ADOPTED) continue;
    const adopted_message *m = (const adopted_message *)h;
    for (int s = 0; s < 2; s++) {
      if (m->fd[s] != -1) close(m->fd[s]);
    }
  }
}

void post_stopped(thread *t) {
  post_bytes(t, NULL, MESSAGE_STOPPED, CLIENT, 0, NULL, 0, URGENT);
  messages_wake(t);
}

void messages_wake(thread *t) {
  if (t->wake_owner || (t->lazy_since && t->now - t->lazy_since >= LAZY_US)) ring_bell(t);
}

uint64_t messages_due(thread *t) {
  if (t->lazy_since && !ring_unread(&t->ring)) t->lazy_since = 0;
  return t->lazy_since ? t->lazy_since + LAZY_US : UINT64_MAX;
}
