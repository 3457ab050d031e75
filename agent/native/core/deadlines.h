/*
 * Points in time, ordered: a binary heap whose least element bounds the epoll wait, so no timer descriptor is needed.
 * A key (small number, given by the user) has at most one deadline.
 */
#ifndef WEIR_DEADLINES_H
#define WEIR_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t at; /* microseconds */
  uint32_t key;
} deadline;

typedef struct {
  deadline *heap;
  uint32_t *position; /* by key: place in the heap + 1, or 0 */
  uint32_t count;
} deadlines;

/* All memory is taken here, so that setting a deadline cannot fail. */
bool deadlines_init(deadlines *d, uint32_t keys);
void deadlines_free(deadlines *d);

void deadlines_set(deadlines *d, uint32_t key, uint64_t at);
void deadlines_clear(deadlines *d, uint32_t key);

/* The earliest point, or UINT64_MAX. */
uint64_t deadlines_next(const deadlines *d);

/* Takes out one key whose time has come. */
bool deadlines_pop(deadlines *d, uint64_t now, uint32_t *key);

#endif
