/*
 * One accepted connection, and what it owns: two sockets, two held buffers, two pipes, a preamble, a lease, deadlines. All of
 * it is released in one place, `flow_end`, which also posts the only MESSAGE_CLOSED.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include "held.h"
#include "pipes.h"
#include "protocol.h"
#include <stdbool.h>

typedef struct thread thread;

enum flow_state {
  FLOW_FREE,
  FLOW_LOCATING,   /* accepted, not told yet: the original destination is asked for once more after the first bytes */
  FLOW_DECIDING,   /* told; no upstream */
  FLOW_DIALING,    /* the dial waits for the end of this batch of commands */
  FLOW_CONNECTING, /* connect(2) is under way */
  FLOW_RELAYING,
  FLOW_LEAVING     /* what may still go out goes out, FIN, the rest is read and dropped */
};

/* One socket of the flow. Edge-triggered events set readable and writable; EAGAIN clears them. */
typedef struct {
  int fd; /* -1: none */
  bool readable;
  bool writable;
  bool hung_up;    /* RDHUP: its FIN is in the receive queue or already read */
  bool urgent;     /* an urgent mark may be in the stream: neither splice nor the short-read rule can be used */
  bool ended;      /* FIN was read */
  bool broken;     /* reset or error */
  bool shut;       /* we sent FIN */
  bool long_lived; /* socket_set_long_lived was done */
  uint8_t end;     /* enum side_end, END_NONE until known */
} endpoint;

enum gate_notice { GATE_NONE, GATE_REACHED, GATE_HELD };

/* Bytes from one endpoint to the other. Order: what is in the pipe, then what is held, then what the socket has. */
typedef struct {
  held held;
  pipe_pair pipe;
  uint32_t piped;   /* bytes in the pipe */
  int64_t credit;   /* bytes that may pass, -1: all. Counted when they enter the pipe or leave by send */
  uint64_t passed;  /* bytes that left */
  uint8_t gate;     /* enum gate_notice */
  uint32_t turn;    /* number of the last forward, which its gate repeats */
  bool done;        /* everything up to the end has left: FIN may go */
  bool observed;
  bool inspecting;
  bool midway;      /* of a leased answer that is not whole: its end is the client's to see, the upstream is not lost */
  bool no_splice;   /* the kernel refuses it for this pair of sockets */
  uint32_t inspect_beyond;
} direction;

enum deadline_kind { DEADLINE_INSPECT_CLIENT, DEADLINE_INSPECT_UPSTREAM, DEADLINE_PHASE, DEADLINE_KINDS };

typedef struct {
  uint32_t generation;
  uint8_t state;
  uint8_t cause;       /* of FLOW_LEAVING: what MESSAGE_CLOSED will say */
  bool queued;         /* stands in the thread's list of flows with work left */
  bool had_upstream;   /* a connect has succeeded */
  bool preamble_sent;
  uint32_t listener;   /* identifier */
  uint32_t share;      /* whose thread.held_of it adds to: its listener's place, or MAX_LISTENERS + the owner's number */
  uint32_t charged;    /* what it has added */
  uint32_t era;        /* of the last dial, see upstream.h */
  uint32_t oldest_era; /* in which a verb must have been given that lets bytes pass */
  endpoint endpoint[2];
  direction direction[2]; /* index: side that the bytes come from */
  held preamble;
  struct lease *lease; /* NULL: none */
  wire_address peer;
  wire_address local;
  wire_address dial_to;
  int32_t dial_netns;
  uint32_t dial_timeout_ms;
  uint64_t accepted_at; /* microseconds; 0: did not happen */
  uint64_t connected_at;
  uint64_t first_upstream_byte_at;
  uint64_t active_at; /* last time that bytes moved, kept once the flow is half-closed */
} flow;

/* How much of what is held may pass. */
static inline uint32_t let_pass(const direction *d) {
  return d->credit < 0 || d->credit > d->held.length ? d->held.length : (uint32_t)d->credit;
}

/* True once all that may pass has left: only then is what is held the owner's to look at and to change. */
static inline bool has_passed(const direction *d) { return d->credit == 0 ? !d->piped : d->done; }

static inline enum side other_side(enum side s) { return s == CLIENT ? UPSTREAM : CLIENT; }

bool flow_has_room(const thread *t);

/* A free slot as FLOW_LOCATING with all descriptors -1. Only if there is room. */
flow *flow_new(thread *t);

uint32_t flow_slot(const thread *t, const flow *f);

/* The flow that a message or event names, or NULL if it has ended. */
flow *flow_find(thread *t, uint32_t slot, uint32_t generation);

/* Registers a socket of the flow with the thread's epoll, once, edge-triggered. False: no memory. */
bool flow_watch(thread *t, flow *f, enum side s);

/* Events of epoll for one socket. */
void flow_event(thread *t, flow *f, enum side s, uint32_t events);

/* Does all that can be done now without waiting. The flow may have ended afterwards. */
void flow_run(thread *t, flow *f);

/*
 * One socket broke: what it had sent before still goes out where that is possible, then both are reset. An upstream
 * of which nothing may pass stays until what it had sent is gone, then it is lost.
 */
void flow_broken(thread *t, flow *f, enum side s);

/* Releases everything and posts MESSAGE_CLOSED. `reset`: both sockets are closed by RST. */
void flow_end(thread *t, flow *f, enum cause cause, bool reset);

/* Drops the upstream, sends what `direction[UPSTREAM].held` holds, then FIN, then waits for the client's end. */
void flow_respond(thread *t, flow *f);
/* Orderly end of both sides, after what was already let pass. */
void flow_close(thread *t, flow *f);

/* A deadline of the flow has come. */
void flow_deadline(thread *t, flow *f, enum deadline_kind kind);

/* Closes and forgets one socket; the direction towards it loses what it still had. */
void flow_drop_side(thread *t, flow *f, enum side s);

/* Bytes of a direction that nobody will read any more. */
void direction_release(thread *t, direction *d);

#endif
