#include "adopt.h"
#include "messages.h"
#include "mover-state.h"
#include "socket.h"
#include "upstream.h"
#include <sys/epoll.h>
#include <unistd.h>

static void hand_over_held(thread *t, const flow *f, enum side s, uint16_t flags, const held *h) {
  for (uint32_t at = 0; at < h->length; at += MAX_PAYLOAD) {
    uint32_t left = h->length - at;
    post_adopted_bytes(t, f, s, flags, h->bytes + h->start + at, left < MAX_PAYLOAD ? left : MAX_PAYLOAD);
  }
}

/* In the order of the stream: the pipe, then what is held. False: the pipe does not give what was put into it. */
static bool hand_over(thread *t, flow *f, enum side from) {
  direction *d = &f->direction[from];
  while (d->piped) {
    ssize_t n = read(d->pipe.read_end, t->scratch, d->piped < MAX_PAYLOAD ? d->piped : MAX_PAYLOAD);
    if (n <= 0) return false;
    d->piped -= (uint32_t)n;
    post_adopted_bytes(t, f, from, 0, t->scratch, (uint32_t)n);
  }
  hand_over_held(t, f, from, 0, &d->held);
  return true;
}

static bool hand_over_all(thread *t, flow *f) {
  if (!hand_over(t, f, CLIENT)) return false;
  if (f->state != FLOW_RELAYING || f->endpoint[UPSTREAM].broken) upstream_drop(t, f);
  hand_over_held(t, f, UPSTREAM, FLAG_UNSENT, &f->preamble);
  return hand_over(t, f, UPSTREAM);
}

void flow_adopt(thread *t, flow *f) {
  if (f->state == FLOW_LOCATING) return; /* the owner cannot know it yet */
  if (!hand_over_all(t, f)) {
    flow_end(t, f, CAUSE_NO_RESOURCES, true);
    return;
  }
  endpoint *upstream = &f->endpoint[UPSTREAM];
  if (upstream->fd != -1 && !upstream->long_lived) socket_set_long_lived(upstream->fd); /* as it would be in a while */
  for (int s = 0; s < 2; s++) {
    /* A descriptor that lives on elsewhere would keep its registration here. */
    if (f->endpoint[s].fd != -1) (void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, f->endpoint[s].fd, NULL);
  }
  if (post_adopted(t, f)) f->endpoint[CLIENT].fd = upstream->fd = -1;
  flow_end(t, f, CAUSE_ADOPTED, false);
}
