/* One thread of the mover: its own epoll, table, buffers, pipes and rings. No lock: nothing here is shared. */
#ifndef WEIR_THREAD_H
#define WEIR_THREAD_H

#include "deadlines.h"
#include "flow.h"
#include "held.h"
#include "mover.h"
#include "pipes.h"
#include "ring.h"
#include <pthread.h>

/* One read of the copying path; a short send leaves at most this much behind in a buffer of the flow. */
enum { SCRATCH_BYTES = 64 * 1024 };

/* epoll's data of what is no flow: a flow's is generation << 32 | slot << 1 | side. */
#define EVENT_LISTENER 0x80000000u
#define EVENT_KICK 0xffffffffu

struct thread {
  mover *mover;
  uint32_t index;
  pthread_t id;
  int epoll;
  int kick; /* eventfd, edge-triggered: never read */
  ring ring;
  uint64_t now; /* microseconds, read once per batch */

  flow *flows;
  uint32_t *free_slots;
  uint32_t free_count;
  uint32_t fresh; /* slots from here on were never used */
  uint32_t live;

  buffer_pool buffers;
  uint32_t held_of[MAX_LISTENERS + MAX_SHARES]; /* by share: bytes held */
  pipe_pool pipes;
  deadlines deadlines; /* key: slot × DEADLINE_KINDS + kind; the last key is the accept pause */
  uint8_t *scratch;

  uint32_t *unfinished; /* slots of flows that gave way to others with work left */
  uint32_t unfinished_count;
  uint32_t namespace_left[MAX_NAMESPACES]; /* by place: identifier + 1 of the last one that this thread let go of */
  uint32_t *dials;                         /* slots in FLOW_DIALING */
  uint32_t dial_count;

  uint16_t listeners[MAX_LISTENERS]; /* places of those that this thread accepts for */
  uint32_t listener_count;
  bool accept_paused;

  bool wake_owner;      /* an urgent message was posted */
  uint64_t lazy_since;  /* 0, or when the oldest message was posted that nobody was woken for */
};

/* Body of the thread. */
void *thread_main(void *argument);

/* Reserves what the thread needs. -errno; `thread_free` is due in any case. */
int thread_init(thread *t, mover *m, uint32_t index, uint8_t *memory);
void thread_free(thread *t);

void thread_set_deadline(thread *t, const flow *f, enum deadline_kind kind, uint64_t at);
void thread_clear_deadline(thread *t, const flow *f, enum deadline_kind kind);

/* The flow gets another turn in this thread's next round. */
void thread_queue(thread *t, flow *f);

#endif
