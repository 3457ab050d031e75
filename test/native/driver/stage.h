/* One mover between a client and an origin, fresh for each case, and the pieces that cases are made of. */
#ifndef DRIVER_STAGE_H
#define DRIVER_STAGE_H

#include "owner.h"

typedef struct {
  owner owner;
  uint32_t listener;
  uint16_t port; /* where the mover listens */
  int origin;    /* listening */
  uint16_t origin_port;
  int descriptors; /* open before */
} stage;

typedef struct {
  const char *name;
  void (*run)(stage *s);
  uint32_t live_at_end; /* flows that the case leaves to `owner_stop` */
  uint32_t max_flows;   /* 0: OWNER_MAX_FLOWS */
} scripted_case;

/* Runs one case: sets the stage, checks afterwards that no descriptor, flow or held byte is left. */
void stage_run(const scripted_case *c);

/* A client has connected (and sent `first`, unless empty) and the mover has told so. */
int stage_accept(stage *s, const char *first, flow_ref *flow);

/* Dialled with everything forwarded in both directions; gives the origin's socket. */
int stage_relay(stage *s, flow_ref flow);

/* MESSAGE_CLOSED with this cause and these ends. */
message stage_closed(stage *s, flow_ref flow, enum cause cause, enum side_end client, enum side_end upstream);

/* An origin to which connects hang: its queue is full until one is accepted. Closed by `stage_close_silent`. */
typedef struct {
  int listening;
  int filler;
  uint16_t port;
} silent_origin;

silent_origin stage_silent_origin(void);
void stage_close_silent(silent_origin *o);

/*
 * Sends `total` patterned bytes on one socket and checks that the same arrive on the other. The owner's messages are
 * read only when nothing moves; observed bytes must be all of them, or none.
 */
void stage_transfer(stage *s, int from, int to, uint64_t total, bool expect_observed);

#endif
