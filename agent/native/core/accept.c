#include "accept.h"
#include "mover-state.h"
#include "direction.h"
#include "messages.h"
#include "socket.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A thread that found more waiting gives the flows it has a turn first. */
enum { ACCEPTS_PER_WAKE = 64 };

enum { PAUSE_US = 75 * 1000 };

/*
 * Without an entry in conntrack (flushed between handshake and accept) the client's next packet makes it anew; then the
 * question has an answer. A client that says nothing for so long gets none.
 */
enum { LOCATE_US = 250 * 1000 };

static listener *listener_at(thread *t, uint16_t place) { return &t->mover->listeners[place]; }

static int listener_fd(thread *t, uint16_t place) {
  const listener *l = listener_at(t, place);
  return l->fd[l->exclusive ? 0 : t->index];
}

static bool watch(thread *t, uint16_t place) {
  uint32_t exclusive = listener_at(t, place)->exclusive ? (uint32_t)EPOLLEXCLUSIVE : 0;
  struct epoll_event event = {.events = EPOLLIN | exclusive, .data.u64 = EVENT_LISTENER | place};
  return epoll_ctl(t->epoll, EPOLL_CTL_ADD, listener_fd(t, place), &event) == 0 || errno == EEXIST;
}

/* A listener that nobody takes from would wake the thread for ever: it leaves the set until there is room again. */
static void pause_accepting(thread *t) {
  if (!t->accept_paused) {
    for (uint32_t i = 0; i < t->listener_count; i++) {
      (void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, listener_fd(t, t->listeners[i]), NULL);
    }
    pipes_trim(&t->pipes);
  }
  t->accept_paused = true;
  deadlines_set(&t->deadlines, accept_pause_key(t), t->now + PAUSE_US);
  ring_publish(&t->ring, WORD_PAUSED, 1);
}

void accept_resume(thread *t) {
  if (!t->accept_paused) return;
  t->accept_paused = false;
  deadlines_clear(&t->deadlines, accept_pause_key(t));
  ring_publish(&t->ring, WORD_PAUSED, 0);
  for (uint32_t i = 0; i < t->listener_count; i++) {
    if (watch(t, t->listeners[i])) continue;
    pause_accepting(t);
    return;
  }
}

uint32_t accept_pause_key(const thread *t) { return t->mover->options.max_flows * DEADLINE_KINDS; }

void accept_listen(thread *t, uint16_t place) {
  t->listeners[t->listener_count++] = place;
  if (!t->accept_paused && !watch(t, place)) pause_accepting(t);
}

void accept_unlisten(thread *t, uint16_t place) {
  for (uint32_t i = 0; i < t->listener_count; i++) {
    if (t->listeners[i] != place) continue;
    t->listeners[i] = t->listeners[--t->listener_count];
    listener *l = listener_at(t, place);
    int fd = listener_fd(t, place);
    bool shared = l->exclusive;
    (void)epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
    if (!shared) {
      close(fd);
      l->fd[t->index] = -1;
    }
    /* Only the last thread may close a shared socket: the others' epoll sets still name it. Behind this the entry may
       already be another listener's. */
    if (__atomic_sub_fetch(&l->holders, 1, __ATOMIC_ACQ_REL) == 0 && shared) close(fd);
    return;
  }
}

void accept_tell(thread *t, flow *f, int error) {
  thread_clear_deadline(t, f, DEADLINE_PHASE);
  f->state = FLOW_DECIDING;
  post_accepted(t, f, error, &(wire_address){0});
}

/* The first bytes are usually there before the accept. Gives an errno if the connection has already broken. */
static int read_first(thread *t, flow *f) {
  endpoint *client = &f->endpoint[CLIENT];
  held *h = &f->direction[CLIENT].held;
  uint32_t limit = t->mover->options.max_held;
  uint32_t room = limit < USUAL_BUFFER_BYTES ? limit : USUAL_BUFFER_BYTES;
  if (!held_reserve(&t->buffers, h, room)) return ENOMEM;
  ssize_t n = recv(client->fd, held_end(h), room, 0);
  int error = errno;
  held_added(&t->buffers, h, n > 0 ? (uint32_t)n : 0);
  /* A FIN that came with the bytes was told by the same event: nothing but another read will find it. */
  client->readable = n == (ssize_t)room || client->hung_up;
  if (n > 0) return 0;
  if (n == -1) return error == EAGAIN ? 0 : error;
  client->ended = true;
  client->end = END_FIN;
  return 0;
}

void accept_locate(thread *t, flow *f) {
  if (!f->endpoint[CLIENT].readable) return;
  int broken = read_first(t, f);
  if (broken) {
    flow_broken(t, f, CLIENT);
    return;
  }
  if (!f->direction[CLIENT].held.length && !f->endpoint[CLIENT].ended) return;
  wire_address original;
  int error = -socket_original_destination(f->endpoint[CLIENT].fd, f->peer.family, &original);
  thread_clear_deadline(t, f, DEADLINE_PHASE);
  f->state = FLOW_DECIDING;
  post_accepted(t, f, error, &original);
}

static int original_of(const flow *f, bool transparent, wire_address *out) {
  if (!transparent) return -socket_original_destination(f->endpoint[CLIENT].fd, f->peer.family, out);
  *out = f->local;
  return 0;
}

static void begin(thread *t, flow *f) {
  bool transparent = listener_at(t, place_of(f->listener))->transparent;
  wire_address original;
  int error = original_of(f, transparent, &original);
  int broken = read_first(t, f);
  if (error == ENOENT && f->direction[CLIENT].held.length) error = original_of(f, transparent, &original);
  bool wait = error == ENOENT && !f->direction[CLIENT].held.length && !f->endpoint[CLIENT].ended && !broken;
  if (wait) {
    thread_set_deadline(t, f, DEADLINE_PHASE, t->now + LOCATE_US);
  } else {
    f->state = FLOW_DECIDING;
    post_accepted(t, f, error, &original);
  }
  if (broken == ENOMEM) flow_end(t, f, CAUSE_NO_RESOURCES, true);
  else if (broken) flow_broken(t, f, CLIENT);
  else if (!flow_watch(t, f, CLIENT)) {
    if (wait) accept_tell(t, f, error);
    flow_end(t, f, CAUSE_NO_RESOURCES, true);
  }
}

static bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void accept_batch(thread *t, uint16_t place) {
  for (int i = 0; i < ACCEPTS_PER_WAKE && !t->accept_paused; i++) {
    if (!flow_has_room(t)) {
      pause_accepting(t);
      return;
    }
    socket_address peer;
    socklen_t length = sizeof peer;
    int fd = accept4(listener_fd(t, place), &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (out_of_resources(errno)) pause_accepting(t);
      return; /* EAGAIN: another thread was first; EINVAL: shut down, COMMAND_UNLISTEN is on its way */
    }
    wire_address from = address_from(&peer), local = socket_local(fd);
    if (!from.port || !local.port) { /* made by hand from raw packets; no endpoint that could be told or dialled */
      socket_reset_on_close(fd);
      close(fd);
      continue;
    }
    flow *f = flow_new(t);
    f->endpoint[CLIENT] = (endpoint){.fd = fd, .long_lived = true};
    f->listener = listener_at(t, place)->identifier;
    f->share = place;
    f->peer = from;
    f->local = local;
    f->accepted_at = t->now;
    begin(t, f);
  }
}
