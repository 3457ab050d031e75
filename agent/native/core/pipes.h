/*
 * A bounded pool of pipes for splice(2). A pipe belongs to one direction of one flow or lies here, and lies here only
 * empty. Bounded, because an unprivileged user has 16384 pages of pipe in all, and descriptors are shared with flows.
 */
#ifndef WEIR_PIPES_H
#define WEIR_PIPES_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_PIPES = 256, PIPE_BYTES = 256 * 1024 };

typedef struct {
  int read_end;
  int write_end; /* both -1: no pipe */
} pipe_pair;

typedef struct {
  pipe_pair idle[MAX_PIPES];
  uint32_t idle_count;
  uint32_t lent;
} pipe_pool;

/* False if none can be had now: the caller copies instead. */
bool pipes_take(pipe_pool *p, pipe_pair *out);

/* `empty` false: bytes are still in it, so nobody else may ever read from it. */
void pipes_give(pipe_pool *p, pipe_pair *pipe, bool empty);

/* Closes what nobody uses: called when descriptors run out. */
void pipes_trim(pipe_pool *p);

#endif
