/* The mover's owner in C: what agent/native/index.ts is in TypeScript. Writes commands, reads messages. */
#ifndef DRIVER_OWNER_H
#define DRIVER_OWNER_H

#include "../../../agent/native/core/mover.h"
#include <pthread.h>

typedef struct {
  uint32_t thread;
  uint32_t slot;
  uint32_t generation;
} flow_ref;

/* A message, copied out of the ring. */
typedef struct {
  enum message_kind kind;
  flow_ref flow;
  enum side side;
  uint16_t flags;
  int32_t value;
  uint32_t payload;
  uint8_t *bytes;
  wire_address original; /* accepted */
  wire_address peer;     /* accepted */
  uint32_t listener;     /* accepted */
  uint64_t passed;       /* gate, lost, leased request */
  uint64_t body_bytes;   /* leased request, answer and end; asked */
  uint64_t body_at;      /* leased answer */
  uint64_t at;           /* leased: of the request or the end */
  uint64_t at_sent;      /* leased answer, and the next two */
  uint64_t at_first_byte;
  uint64_t at_end;
  int fd[2];             /* adopted; -1: none */
  bool ended[2];         /* adopted */
  uint64_t to_upstream;  /* closed */
  uint64_t to_client;    /* closed */
  enum cause cause;      /* closed */
  uint8_t ends[2];       /* closed */
} message;

enum { OWNER_THREADS = 2, OWNER_MAX_FLOWS = 64, OWNER_MAX_HELD = 64 * 1024 };

typedef struct {
  mover *mover;
  uint8_t *memory;
  uint32_t threads;
  struct {
    uint32_t generation;
    uint32_t era; /* of what was told of the flow's upstream, see protocol.h */
  } view[OWNER_THREADS][OWNER_MAX_FLOWS];
  uint32_t commands_head[OWNER_THREADS];
  uint32_t messages_tail[OWNER_THREADS];
  pthread_mutex_t lock;
  pthread_cond_t woken;
  int bell; /* wake-ups not looked at, under the lock */
} owner;

void owner_start(owner *o, uint32_t threads, uint32_t max_flows);

/* Stops, checks one closed for every flow that the caller says still lives, frees. */
void owner_stop(owner *o, uint32_t live_flows);

/* Ends the mover without reading what it says, as an owner that dies does. */
void owner_abandon(owner *o);

/* The next message of any thread, but none of an upstream that was replaced since; false after `timeout_ms` without one. `out->bytes` is the caller's to free. */
bool owner_next(owner *o, message *out, int timeout_ms);

/* The next message must be of this kind (and, unless NULL, of this flow). */
message owner_expect(owner *o, enum message_kind kind, const flow_ref *flow);

/* 127.0.0.1; gives the port. */
uint16_t owner_listen(owner *o, bool exclusive, uint32_t *id);
void owner_unlisten(owner *o, uint32_t id);

void owner_inspect(owner *o, flow_ref f, enum side s, uint32_t beyond, uint32_t deadline_ms);
void owner_dial(owner *o, flow_ref f, uint16_t port, const char *preamble, uint32_t timeout_ms);
void owner_dial_address(owner *o, flow_ref f, wire_address to, const char *preamble, uint32_t timeout_ms);
/* bytes UINT64_MAX: all. */
void owner_forward(owner *o, flow_ref f, enum side s, uint64_t bytes, bool notify_held);
void owner_edit(owner *o, flow_ref f, enum side s, uint32_t at, uint32_t remove, const void *bytes, uint32_t length);
/* method, target and time_header may be NULL. */
void owner_lease(owner *o, flow_ref f, const char *host, const char *method, const char *target, const char *time_header,
                 uint32_t valid_ms);
void owner_end_lease(owner *o, flow_ref f);
void owner_next_epoch(owner *o);
void owner_observe(owner *o, flow_ref f, enum side s, bool on);
void owner_respond(owner *o, flow_ref f, const void *bytes, uint32_t length, bool more);
void owner_adopt(owner *o, flow_ref f);
void owner_close(owner *o, flow_ref f, bool reset);

/* Waits until every command has been taken. */
void owner_until_read(const owner *o);

/* A counter that a thread publishes (WORD_FLOWS …), summed over the threads. */
uint32_t owner_counter(const owner *o, int word);

#endif
