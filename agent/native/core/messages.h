/* Posting to the owner. Posting waits while the ring is full: bytes were taken from a socket and must not be lost. */
#ifndef WEIR_MESSAGES_H
#define WEIR_MESSAGES_H

#include "flow.h"

void post_accepted(thread *t, const flow *f, int error, const wire_address *original);
void post_held(thread *t, const flow *f, enum side s, uint16_t flags);
void post_gate(thread *t, const flow *f, enum side s);
void post_observed(thread *t, const flow *f, enum side s, const uint8_t *bytes, uint32_t count);
/* `error`: errno or 0. */
void post_dialed(thread *t, const flow *f, int error, const wire_address *local);
/* Behind `upstream_drop`. */
void post_lost(thread *t, const flow *f, bool reset);
void post_leased_request(thread *t, const flow *f, const uint8_t *head, uint32_t head_bytes, uint64_t body_bytes);

typedef struct {
  uint32_t status;
  uint64_t body_bytes; /* that are let pass: all, unless more chunks are to come */
  uint64_t body_at; /* the upstream's `passed` where the body begins */
  uint64_t sent_at;
  uint64_t first_byte_at;
  uint64_t end_at; /* 0: not yet */
} leased_answer;
void post_leased_answer(thread *t, const flow *f, const leased_answer *a);
void post_leased_end(thread *t, const flow *f, uint64_t body_bytes);
/* `flags` and `body_bytes` as `asked_message` has them. */
void post_asked(thread *t, const flow *f, uint16_t flags, uint64_t body_bytes);
void post_closed(thread *t, const flow *f, enum cause cause, const uint8_t ends[2]);
/* A piece of at most MAX_PAYLOAD bytes. `flags`: FLAG_UNSENT or 0. */
void post_adopted_bytes(thread *t, const flow *f, enum side s, uint16_t flags, const uint8_t *bytes, uint32_t count);
/* The flow's descriptors are the owner's from here on; false: there is no owner any more, and they are not. */
bool post_adopted(thread *t, const flow *f);
void post_stopped(thread *t);

/* Closes the descriptors that an owner who is gone has not taken. */
void messages_discard(thread *t);

/* Wakes the owner if something urgent was posted and it sleeps. */
void messages_wake(thread *t);

/* When the owner must be woken for messages that could wait, or UINT64_MAX. */
uint64_t messages_due(thread *t);

#endif
