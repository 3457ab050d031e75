#include "thread.h"
#include "accept.h"
#include "commands.h"
#include "messages.h"
#include "mover-state.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_BATCH = 256 };

static uint64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int thread_init(thread *t, mover *m, uint32_t index, uint8_t *memory) {
  uint32_t flows = m->options.max_flows;
  t->mover = m;
  t->index = index;
  t->now = monotonic_us();
  ring_init(&t->ring, memory);
  t->epoll = t->kick = -1;
  t->flows = calloc(flows, sizeof *t->flows);
  t->free_slots = calloc(flows, sizeof *t->free_slots);
  t->unfinished = calloc((size_t)flows * 2, sizeof *t->unfinished); /* a round's, and behind them the next one's */
  t->dials = calloc(flows, sizeof *t->dials);
  t->scratch = malloc(SCRATCH_BYTES);
  if (!deadlines_init(&t->deadlines, flows * DEADLINE_KINDS + 1)) return -ENOMEM;
  if (!t->flows || !t->free_slots || !t->unfinished || !t->dials || !t->scratch) return -ENOMEM;
  t->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (t->epoll == -1) return -errno;
  t->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (t->kick == -1) return -errno;
  /* Edge-triggered, so it is never read: each write is an edge of its own. */
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = EVENT_KICK};
  return epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->kick, &event) == -1 ? -errno : 0;
}

void thread_free(thread *t) {
  if (t->epoll != -1) close(t->epoll);
  if (t->kick != -1) close(t->kick);
  if (t->ring.words) messages_discard(t);
  pipes_trim(&t->pipes);
  pool_free(&t->buffers);
  deadlines_free(&t->deadlines);
  free(t->flows);
  free(t->free_slots);
  free(t->unfinished);
  free(t->dials);
  free(t->scratch);
}

static uint32_t deadline_key(const thread *t, const flow *f, enum deadline_kind kind) {
  return flow_slot(t, f) * DEADLINE_KINDS + (uint32_t)kind;
}

void thread_set_deadline(thread *t, const flow *f, enum deadline_kind kind, uint64_t at) {
  deadlines_set(&t->deadlines, deadline_key(t, f, kind), at);
}

void thread_clear_deadline(thread *t, const flow *f, enum deadline_kind kind) {
  deadlines_clear(&t->deadlines, deadline_key(t, f, kind));
}

void thread_queue(thread *t, flow *f) {
  if (f->queued) return;
  f->queued = true;
  t->unfinished[t->unfinished_count++] = flow_slot(t, f);
}

/* A flow may have ended while it stood in the list: then its slot's next one runs once for nothing. */
static void run_unfinished(thread *t) {
  uint32_t count = t->unfinished_count;
  for (uint32_t i = 0; i < count; i++) {
    flow *f = &t->flows[t->unfinished[i]];
    f->queued = false;
    flow_run(t, f);
  }
  uint32_t added = t->unfinished_count - count;
  for (uint32_t i = 0; i < added; i++) t->unfinished[i] = t->unfinished[count + i];
  t->unfinished_count = added;
}

static void run_deadlines(thread *t) {
  uint32_t key;
  while (deadlines_pop(&t->deadlines, t->now, &key)) {
    if (key == accept_pause_key(t)) accept_resume(t);
    else flow_deadline(t, &t->flows[key / DEADLINE_KINDS], (enum deadline_kind)(key % DEADLINE_KINDS));
  }
}

static void run_events(thread *t, const struct epoll_event *events, int count) {
  uint16_t ready[EVENTS_PER_BATCH];
  int ready_count = 0;
  for (int i = 0; i < count; i++) {
    uint64_t data = events[i].data.u64;
    uint32_t low = (uint32_t)data;
    if (low == EVENT_KICK) continue;
    if (low & EVENT_LISTENER) {
      ready[ready_count++] = (uint16_t)low;
      continue;
    }
    flow *f = flow_find(t, low >> 1, (uint32_t)(data >> 32));
    if (f) flow_event(t, f, low & 1 ? UPSTREAM : CLIENT, events[i].events);
  }
  /* New flows come last: those that live have waited longer. */
  for (int i = 0; i < ready_count; i++) accept_batch(t, ready[i]);
}

/* Milliseconds until something is due, rounded up, so that a deadline is never looked at too early. */
static int wait_ms(thread *t) {
  if (t->unfinished_count || !ring_may_sleep(&t->ring)) return 0;
  if (__atomic_load_n(&t->mover->stopping, __ATOMIC_ACQUIRE)) return 0;
  uint64_t due = deadlines_next(&t->deadlines);
  uint64_t messages = messages_due(t);
  if (messages < due) due = messages;
  if (due == UINT64_MAX) return -1;
  if (due <= t->now) return 0;
  uint64_t ms = (due - t->now + 999) / 1000;
  return ms > 60 * 1000 ? 60 * 1000 : (int)ms;
}

static void end_all(thread *t) {
  while (t->listener_count) accept_unlisten(t, t->listeners[0]);
  for (uint32_t slot = 0; slot < t->fresh; slot++) {
    flow *f = &t->flows[slot];
    if (f->state == FLOW_LOCATING) accept_tell(t, f, ENOENT);
    if (f->state != FLOW_FREE) flow_end(t, f, CAUSE_STOPPED, true);
  }
  post_stopped(t);
}

void *thread_main(void *argument) {
  thread *t = argument;
  struct epoll_event events[EVENTS_PER_BATCH];
  while (!__atomic_load_n(&t->mover->stopping, __ATOMIC_ACQUIRE)) {
    int count = epoll_wait(t->epoll, events, EVENTS_PER_BATCH, wait_ms(t));
    ring_awake(&t->ring);
    t->now = monotonic_us();
    run_unfinished(t);
    run_events(t, events, count);
    run_deadlines(t);
    messages_wake(t);
    commands_run(t);
    messages_wake(t);
    ring_publish(&t->ring, WORD_HELD_BYTES, t->buffers.held_bytes);
  }
  end_all(t);
  return NULL;
}
