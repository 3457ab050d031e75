#include "dial.h"
#include "messages.h"
#include "mover-state.h"
#include "netns.h"
#include "socket.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Probes against a dead upstream are worth five system calls only for a connection that lives so long. */
enum { SETTLED_AFTER_US = 2 * 1000 * 1000 };

static void dial_connected(thread *t, flow *f) {
  thread_set_deadline(t, f, DEADLINE_PHASE, t->now + SETTLED_AFTER_US);
  wire_address local = socket_local(f->endpoint[UPSTREAM].fd);
  if (!f->had_upstream) f->connected_at = t->now;
  f->had_upstream = true;
  f->active_at = t->now;
  f->state = FLOW_RELAYING;
  post_dialed(t, f, 0, &local);
}

/* Its descriptor, -1 for the mover's own, -EBADF for one that was closed. */
static int target_namespace(const thread *t, int32_t named) {
  if (named == -1) return -1;
  uint32_t identifier = (uint32_t)named;
  const namespace_entry *entry = &t->mover->namespaces[place_of(identifier)];
  /* Until this thread lets go of a namespace nobody can open another in its place. */
  bool left = t->namespace_left[place_of(identifier)] == identifier + 1;
  if (left || __atomic_load_n(&entry->identifier, __ATOMIC_ACQUIRE) != identifier) return -EBADF;
  return entry->fd;
}

static int begin(thread *t, flow *f) {
  const wire_address *to = &f->dial_to;
  int target = target_namespace(t, f->dial_netns);
  if (target < -1) return target;
  int fd = netns_socket(target, t->mover->home, to->family == 4 ? AF_INET : AF_INET6);
  if (fd < 0) return fd;
  endpoint *upstream = &f->endpoint[UPSTREAM];
  *upstream = (endpoint){.fd = fd};
  socket_urgent_inline(fd);
  const direction *out = &f->direction[CLIENT];
  if (f->preamble.length || (out->held.length && out->credit != 0)) socket_delay_ack(fd);
  socket_address address;
  socklen_t length = address_to(to, &address);
  if (connect(fd, &address.any, length) == -1 && errno != EINPROGRESS) return -errno;
  if (!flow_watch(t, f, UPSTREAM)) return -errno;
  f->state = FLOW_CONNECTING;
  thread_set_deadline(t, f, DEADLINE_PHASE, t->now + (uint64_t)f->dial_timeout_ms * 1000);
  return 0;
}

void dial_begin_all(thread *t) {
  for (uint32_t i = 0; i < t->dial_count; i++) {
    flow *f = &t->flows[t->dials[i]];
    if (f->state != FLOW_DIALING) continue; /* closed by a later command of the same batch */
    int error = begin(t, f);
    if (error) dial_failed(t, f, -error);
  }
  t->dial_count = 0;
}

void dial_event(thread *t, flow *f, uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) {
    int error = socket_take_error(f->endpoint[UPSTREAM].fd);
    /* A reset in SYN-SENT is ECONNREFUSED; these two come from a connection that had been made. */
    bool was_connected = error == ECONNRESET || error == EPIPE;
    if (!was_connected && error) {
      dial_failed(t, f, error);
      return;
    }
    dial_connected(t, f);
    if (was_connected || events & EPOLLERR) flow_broken(t, f, UPSTREAM);
    else flow_run(t, f);
    return;
  }
  if (!(events & EPOLLOUT)) return;
  dial_connected(t, f);
  flow_run(t, f);
}

void dial_failed(thread *t, flow *f, int error) {
  endpoint *upstream = &f->endpoint[UPSTREAM];
  if (upstream->fd != -1) close(upstream->fd);
  *upstream = (endpoint){.fd = -1};
  held_release(&t->buffers, &f->preamble);
  thread_clear_deadline(t, f, DEADLINE_PHASE);
  f->state = FLOW_DECIDING;
  post_dialed(t, f, error, &(wire_address){0});
}
