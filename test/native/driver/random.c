#include "random.h"
#include "adopted.h"
#include "check.h"
#include "owner.h"
#include "peers.h"
#include "shim.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_LIVE = 24, MAX_SENT = 400 * 1024, THREADS = 2 };

typedef struct {
  bool used;
  bool accepted;
  bool closed;       /* MESSAGE_CLOSED was seen */
  bool ended_in_order;
  flow_ref flow;
  message end;
  uint16_t client_port; /* finds the flow when it is accepted */
  int client;
  int origin;           /* -1: none */
  bool dialing;
  bool origin_known;    /* dialled and not told to be lost: at most one loss a dial */
  bool client_shut, origin_shut;
  bool responded;
  bool cut;             /* somebody reset or closed: wholeness cannot be expected */
  bool mixed;           /* edits or a second origin: what arrives is not what one side has sent */
  uint64_t sent[2], received[2]; /* by side: sent by it, and what the other end received of it */
  uint64_t observed[2];
  bool observing[2];
  uint64_t credit[2];   /* UINT64_MAX: all */
  adopted_flow adopted;
} subject;

typedef struct {
  uint32_t state;
  owner owner;
  uint32_t listener;
  uint16_t port, origin_port;
  int origin;
  subject subjects[MAX_LIVE];
  uint32_t accepted, closed, verified, adopted;
  uint64_t bytes;
} world;

static uint32_t below(world *w, uint32_t n) {
  w->state ^= w->state << 13;
  w->state ^= w->state >> 17;
  w->state ^= w->state << 5;
  return w->state % n;
}

/* What side `s` of the flow of `client_port` sends at this place. */
static uint8_t pattern(const subject *b, int s, uint64_t at) {
  return (uint8_t)(((at + 1) * (2u * (uint32_t)s + b->client_port) * 2654435761u) >> 11);
}

static void connect_one(world *w, subject *b) {
  *b = (subject){.used = true, .origin = -1, .client = peer_connect(w->port)};
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  CHECK(getsockname(b->client, (struct sockaddr *)&local, &length) == 0);
  b->client_port = ntohs(local.sin_port);
}

static subject *by_flow(world *w, const flow_ref *f) {
  for (int i = 0; i < MAX_LIVE; i++) {
    subject *b = &w->subjects[i];
    bool same = b->flow.slot == f->slot && b->flow.generation == f->generation && b->flow.thread == f->thread;
    if (b->used && b->accepted && same) return b;
  }
  return NULL;
}

static subject *by_port(world *w, uint16_t port) {
  for (int i = 0; i < MAX_LIVE; i++) {
    subject *b = &w->subjects[i];
    if (b->used && !b->accepted && b->client_port == port) return b;
  }
  return NULL;
}

static void check_content(const subject *b, int s, uint64_t from, const uint8_t *bytes, uint64_t count) {
  if (b->mixed) return;
  for (uint64_t i = 0; i < count; i++) CHECK(bytes[i] == pattern(b, s, from + i));
}

/* From now on another origin may take this one's place. */
static void close_origin(subject *b) {
  if (b->origin != -1) close(b->origin);
  b->origin = -1;
  b->origin_shut = b->origin_known = false;
  b->mixed = b->cut = true;
}

static void on_message(world *w, const message *m) {
  if (m->kind == MESSAGE_ACCEPTED) {
    subject *b = by_port(w, m->peer.port);
    CHECK(b);
    b->accepted = true;
    b->flow = m->flow;
    check_content(b, CLIENT, 0, m->bytes, m->payload);
    w->accepted++;
    return;
  }
  subject *b = by_flow(w, &m->flow);
  CHECK(b && !b->closed); /* nothing comes for a flow that was closed or never accepted */
  if (adopted_take(&b->adopted, m)) return;
  switch (m->kind) {
    case MESSAGE_HELD:
    case MESSAGE_GATE: {
      uint64_t passed_at_most = b->credit[m->side];
      CHECK(m->payload <= OWNER_MAX_HELD + MAX_EDIT);
      if (passed_at_most == 0) check_content(b, m->side, 0, m->bytes, m->payload);
      return;
    }
    case MESSAGE_OBSERVED:
      CHECK(b->observing[m->side]);
      check_content(b, m->side, b->observed[m->side], m->bytes, m->payload);
      b->observed[m->side] += m->payload;
      return;
    case MESSAGE_DIALED:
      b->dialing = false;
      if (m->value) b->origin_known = false;
      return;
    case MESSAGE_LOST:
      CHECK(!b->responded && b->origin_known);
      close_origin(b);
      return;
    case MESSAGE_CLOSED:
      b->closed = true;
      b->end = *m;
      b->end.bytes = NULL;
      w->closed++;
      return;
    default:
      CHECK(!"an unknown message");
  }
}

static void read_messages(world *w, int wait_ms) {
  message m;
  while (owner_next(&w->owner, &m, wait_ms)) {
    wait_ms = 0;
    on_message(w, &m);
    free(m.bytes);
  }
}

static void send_some(world *w, subject *b, int s) {
  int fd = s == CLIENT ? b->client : b->origin;
  bool shut = s == CLIENT ? b->client_shut : b->origin_shut;
  if (fd == -1 || shut || b->sent[s] >= MAX_SENT) return;
  static uint8_t block[64 * 1024];
  uint32_t length = 1 + below(w, below(w, 4) ? 200 : sizeof block);
  for (uint32_t i = 0; i < length; i++) block[i] = pattern(b, s, b->sent[s] + i);
  ssize_t n = send(fd, block, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) b->sent[s] += (uint64_t)n;
}

/* Receives what has come from side `s` on the other end, and holds it against what was sent and allowed. */
static bool receive_some(world *w, subject *b, int s) {
  int fd = s == CLIENT ? b->origin : b->client;
  if (fd == -1) return false;
  static uint8_t block[256 * 1024];
  ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
  if (n <= 0) return false;
  if (s == UPSTREAM && b->responded) return true; /* the answer's bytes follow the upstream's */
  check_content(b, s, b->received[s], block, (uint64_t)n);
  b->received[s] += (uint64_t)n;
  w->bytes += (uint64_t)n;
  if (!b->mixed) CHECK(b->received[s] <= b->sent[s]);
  CHECK(b->received[s] <= b->credit[s]);
  return true;
}

static void shut_one(subject *b, int s) {
  int fd = s == CLIENT ? b->client : b->origin;
  bool *shut = s == CLIENT ? &b->client_shut : &b->origin_shut;
  if (fd == -1 || *shut) return;
  *shut = true;
  (void)shutdown(fd, SHUT_WR);
}

static void reset_one(subject *b, int s) {
  int *fd = s == CLIENT ? &b->client : &b->origin;
  if (*fd == -1) return;
  peer_reset(*fd);
  *fd = -1;
  b->cut = true;
}

static void dial_one(world *w, subject *b) {
  if (b->dialing || b->responded) return;
  if (b->origin_known) {
    if (b->origin != -1 && below(w, 3)) return;
    close_origin(b);
  }
  bool nobody = below(w, 5) == 0;
  b->dialing = b->origin_known = true;
  owner_dial(&w->owner, b->flow, nobody ? 9 : w->origin_port, "", 1000);
  if (nobody) return;
  /* The origin knows its flow by time only: wait until it is there (its ACK may ride on data), or the flow has gone. */
  for (int i = 0; i < 2000 && b->origin_known && !b->closed; i++) {
    read_messages(w, 1);
    int fd = accept4(w->origin, NULL, NULL, SOCK_CLOEXEC);
    if (fd == -1) continue;
    b->origin = fd;
    return;
  }
}

static void forward_one(world *w, subject *b, int s) {
  uint64_t more = below(w, 3) ? below(w, 30000) : UINT64_MAX;
  if (b->credit[s] == UINT64_MAX) more = UINT64_MAX;
  if (more == UINT64_MAX) b->credit[s] = UINT64_MAX;
  else b->credit[s] += more;
  owner_forward(&w->owner, b->flow, (enum side)s, more, below(w, 2));
}

static void edit_one(world *w, subject *b, int s) {
  static const uint8_t text[MAX_EDIT];
  if (!b->mixed && below(w, 4)) return;
  b->mixed = b->cut = true;
  owner_edit(&w->owner, b->flow, (enum side)s, below(w, 300), below(w, 100), text, below(w, below(w, 4) ? 50 : MAX_EDIT));
}

/* What left, what was handed over and what the socket still gives is all that the side has sent. */
static void check_adopted(subject *b, int s) {
  const adopted_flow *a = &b->adopted;
  uint64_t at = s == CLIENT ? b->end.to_upstream : b->end.to_client;
  check_content(b, s, at, a->bytes[s], a->length[s]);
  at += a->length[s];
  static uint8_t block[64 * 1024];
  while (a->fd[s] != -1 && !b->cut && at < b->sent[s]) {
    struct pollfd there = {.fd = a->fd[s], .events = POLLIN};
    CHECK(poll(&there, 1, 5000) == 1);
    ssize_t n = recv(a->fd[s], block, sizeof block, MSG_DONTWAIT);
    CHECK(n > 0);
    check_content(b, s, at, block, (uint64_t)n);
    at += (uint64_t)n;
  }
  if (!b->cut && a->fd[s] != -1) CHECK(at == b->sent[s]);
}

static void command(world *w, subject *b) {
  int s = (int)below(w, 2);
  switch (below(w, 16)) {
    case 0:
    case 1:
    case 2:
      dial_one(w, b);
      return;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      forward_one(w, b, s);
      return;
    case 8:
    case 9:
      owner_inspect(&w->owner, b->flow, (enum side)s, below(w, 20000), below(w, 30));
      return;
    case 13:
      edit_one(w, b, s);
      return;
    case 14:
      if (below(w, 8) == 0) owner_adopt(&w->owner, b->flow);
      return;
    case 10:
      if (b->credit[s] || b->observing[s]) return; /* from the first byte on, so that the content can be checked */
      b->observing[s] = true;
      owner_observe(&w->owner, b->flow, (enum side)s, true);
      return;
    case 11:
      if (below(w, 8)) return;
      b->responded = b->cut = true;
      owner_respond(&w->owner, b->flow, "refused", 7, false);
      return;
    case 12:
      if (below(w, 8)) return;
      b->cut = true;
      owner_close(&w->owner, b->flow, below(w, 2));
      return;
    default:
      return;
  }
}

static void close_subject(world *w, subject *b) {
  while (receive_some(w, b, CLIENT) || receive_some(w, b, UPSTREAM)) continue;
  bool whole = b->end.cause == CAUSE_ENDED && !b->cut;
  for (int s = 0; whole && s < 2; s++) {
    if (b->origin == -1) break;
    uint64_t counted = s == CLIENT ? b->end.to_upstream : b->end.to_client;
    CHECK(counted == b->sent[s]);
    CHECK(b->received[s] == b->sent[s]);
    if (b->observing[s]) CHECK(b->observed[s] == b->sent[s]);
  }
  CHECK(b->adopted.taken == (b->end.cause == CAUSE_ADOPTED));
  for (int s = 0; b->adopted.taken && s < 2; s++) check_adopted(b, s);
  w->adopted += b->adopted.taken && !b->cut;
  adopted_drop(&b->adopted);
  w->verified += whole;
  if (b->client != -1) close(b->client);
  if (b->origin != -1) close(b->origin);
  b->used = false;
}

static void step(world *w) {
  subject *b = &w->subjects[below(w, MAX_LIVE)];
  if (!b->used) {
    connect_one(w, b);
    return;
  }
  if (b->closed) {
    close_subject(w, b);
    return;
  }
  int s = (int)below(w, 2);
  switch (below(w, 10)) {
    case 0:
    case 1:
    case 2:
      send_some(w, b, s);
      break;
    case 3:
      if (below(w, 3) == 0) shut_one(b, s);
      break;
    case 4:
      if (below(w, 30) == 0) reset_one(b, s);
      break;
    default:
      if (b->accepted) command(w, b);
  }
  receive_some(w, b, CLIENT);
  receive_some(w, b, UPSTREAM);
}

/* Everything allowed, everything ended: what still lives must come to its own end. */
static void finish(world *w, subject *b) {
  while (!b->accepted) read_messages(w, 10);
  if (!b->closed && b->origin == -1) owner_close(&w->owner, b->flow, true);
  for (int s = 0; s < 2 && b->origin != -1; s++) {
    b->credit[s] = UINT64_MAX;
    owner_forward(&w->owner, b->flow, (enum side)s, UINT64_MAX, true);
    shut_one(b, s);
  }
  for (int i = 0; i < 1000 && !b->closed; i++) {
    read_messages(w, 5);
    while (receive_some(w, b, CLIENT) || receive_some(w, b, UPSTREAM)) continue;
    if (!b->closed && b->origin == -1) owner_close(&w->owner, b->flow, true); /* lost meanwhile */
  }
  CHECK(b->closed);
  close_subject(w, b);
}

static void random_faults(world *w) {
  shim_set(&shim.short_writes, below(w, 2) ? 80 : 0);
  shim_set(&shim.pipe_error, below(w, 3) ? 0 : EMFILE);
  shim_set(&shim.socket_error, below(w, 12) ? 0 : EMFILE);
  shim_set(&shim.accept_error, below(w, 12) ? 0 : ENFILE);
}

void random_sequence(uint32_t seed, uint32_t steps) {
  static world w;
  current_case = "random";
  int descriptors = open_descriptors();
  w.state = seed * 2654435761u | 1;
  owner_start(&w.owner, THREADS, OWNER_MAX_FLOWS);
  w.port = owner_listen(&w.owner, seed & 1, &w.listener);
  w.origin = peer_listen(&w.origin_port);
  CHECK(fcntl(w.origin, F_SETFL, O_NONBLOCK) == 0);
  for (uint32_t i = 0; i < steps; i++) {
    if (i % 64 == 0) random_faults(&w);
    step(&w);
    read_messages(&w, 0);
  }
  memset(&shim, 0, sizeof shim);
  for (int i = 0; i < MAX_LIVE; i++) {
    if (w.subjects[i].used) finish(&w, &w.subjects[i]);
  }
  CHECK(w.accepted == w.closed);
  owner_stop(&w.owner, 0);
  close(w.origin);
  CHECK(open_descriptors() == descriptors);
  printf("seed %u: %u flows, %u whole, %u adopted, %llu bytes\n", seed, w.closed, w.verified, w.adopted,
         (unsigned long long)w.bytes);
}
