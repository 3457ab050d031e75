#include "pipes.h"
#include <fcntl.h>
#include <unistd.h>

static void close_pair(const pipe_pair *pipe) {
  close(pipe->read_end);
  close(pipe->write_end);
}

bool pipes_take(pipe_pool *p, pipe_pair *out) {
  if (p->idle_count) {
    *out = p->idle[--p->idle_count];
  } else {
    int ends[2];
    if (p->lent >= MAX_PIPES || pipe2(ends, O_NONBLOCK | O_CLOEXEC) == -1) return false;
    /* Refused above the user's share of pages: the pipe then keeps its usual size, which is enough to go on. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    *out = (pipe_pair){.read_end = ends[0], .write_end = ends[1]};
  }
  p->lent++;
  return true;
}

void pipes_give(pipe_pool *p, pipe_pair *pipe, bool empty) {
  if (pipe->read_end == -1) return;
  p->lent--;
  if (empty && p->idle_count < MAX_PIPES) p->idle[p->idle_count++] = *pipe;
  else close_pair(pipe);
  *pipe = (pipe_pair){.read_end = -1, .write_end = -1};
}

void pipes_trim(pipe_pool *p) {
  while (p->idle_count) close_pair(&p->idle[--p->idle_count]);
}
