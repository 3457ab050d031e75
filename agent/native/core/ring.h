/* The two rings of one thread, seen from C: it writes messages and reads commands. */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include "protocol.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  int32_t *words; /* control words */
  uint8_t *messages;
  uint8_t *commands;
  uint32_t messages_head; /* what WORD_MESSAGES_HEAD says; only this side writes it */
  uint32_t commands_tail;
} ring;

void ring_init(ring *r, uint8_t *memory);

/*
 * Room for a record of `bytes` (at most a quarter of the ring), contiguous, or NULL while the reader has not made room.
 * The header's length is set. Visible to the reader after `ring_commit`.
 */
void *ring_reserve(ring *r, size_t bytes);
void ring_commit(ring *r, const void *record);

/* Bytes of messages that the reader has not consumed. */
uint32_t ring_unread(const ring *r);

/* The next command, or NULL. It stays valid until `ring_next` for it. */
const record_header *ring_command(ring *r);
void ring_next(ring *r, const record_header *command);

/* For when the reader is gone: the oldest message that it has not consumed, consumed with that; NULL: none is left. */
record_header *ring_take_back(ring *r);

void ring_publish(ring *r, int word, uint32_t value);

/* Says that the thread is about to sleep; false if commands came meanwhile. */
bool ring_may_sleep(ring *r);
void ring_awake(ring *r);

#endif
