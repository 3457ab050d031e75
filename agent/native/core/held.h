/*
 * Bytes that were read and may not pass yet, and the buffers that they lie in. A buffer belongs to exactly one `held`
 * or to the pool's free list. Buffers of the usual size are kept, larger ones go back to malloc.
 */
#ifndef WEIR_HELD_H
#define WEIR_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USUAL_BUFFER_BYTES = 16 * 1024, KEPT_BUFFERS = 256 };

typedef struct {
  uint8_t *free_list[KEPT_BUFFERS];
  uint32_t free_count;
  uint32_t held_bytes; /* sum of the lengths of all `held` of this pool */
} buffer_pool;

typedef struct {
  uint8_t *bytes; /* NULL while nothing is held */
  uint32_t start;
  uint32_t length;
  uint32_t capacity;
} held;

void pool_free(buffer_pool *p);

/* Makes room for at least `room` bytes behind what is held; false if memory cannot be had (nothing changed then). */
bool held_reserve(buffer_pool *p, held *h, uint32_t room);

/* Where the next byte goes, and how many fit. Only after `held_reserve`. */
uint8_t *held_end(const held *h);
uint32_t held_room(const held *h);

/* `n` bytes were written at `held_end`. */
void held_added(buffer_pool *p, held *h, uint32_t n);
bool held_append(buffer_pool *p, held *h, const uint8_t *bytes, uint32_t n);

/* Puts `n` bytes in place of `remove` bytes at offset `at`; both must lie within what is held. False: no memory, nothing
   changed. */
bool held_replace(buffer_pool *p, held *h, uint32_t at, uint32_t remove, const uint8_t *bytes, uint32_t n);

/* The first `n` bytes are gone; the buffer goes back when none is left. */
void held_consume(buffer_pool *p, held *h, uint32_t n);
/* Keeps only the first `n` bytes. */
void held_truncate(buffer_pool *p, held *h, uint32_t n);
void held_release(buffer_pool *p, held *h);

#endif
