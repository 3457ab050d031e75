#include "stage.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void stage_run(const scripted_case *c) {
  current_case = c->name;
  memset(&shim, 0, sizeof shim);
  stage s = {.descriptors = open_descriptors()};
  owner_start(&s.owner, 1, c->max_flows ? c->max_flows : OWNER_MAX_FLOWS);
  s.port = owner_listen(&s.owner, false, &s.listener);
  s.origin = peer_listen(&s.origin_port);
  c->run(&s);
  memset(&shim, 0, sizeof shim);
  owner_stop(&s.owner, c->live_at_end);
  close(s.origin);
  CHECK(open_descriptors() == s.descriptors);
  printf("ok %s\n", c->name);
}

int stage_accept(stage *s, const char *first, flow_ref *flow) {
  int client = peer_connect(s->port);
  if (*first) peer_send(client, first);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  *flow = m.flow;
  /* The first bytes may have come behind the accept. */
  bool all = m.payload == strlen(first);
  CHECK(m.payload == 0 || memcmp(m.bytes, first, m.payload) == 0);
  free(m.bytes);
  if (all) return client;
  owner_inspect(&s->owner, *flow, CLIENT, (uint32_t)strlen(first) - 1, 3000);
  message held = owner_expect(&s->owner, MESSAGE_HELD, flow);
  CHECK(held.payload == strlen(first) && memcmp(held.bytes, first, held.payload) == 0);
  free(held.bytes);
  return client;
}

int stage_relay(stage *s, flow_ref flow) {
  /* Each command is visible by itself here: behind the dial, the credit could come after a reset of the origin. */
  owner_forward(&s->owner, flow, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, flow, UPSTREAM, UINT64_MAX, true);
  owner_dial(&s->owner, flow, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  message m = owner_expect(&s->owner, MESSAGE_DIALED, &flow);
  CHECK(m.value == 0);
  return origin;
}

message stage_closed(stage *s, flow_ref flow, enum cause cause, enum side_end client, enum side_end upstream) {
  message m = owner_expect(&s->owner, MESSAGE_CLOSED, &flow);
  if (m.cause != cause || m.ends[CLIENT] != client || m.ends[UPSTREAM] != upstream) {
    fprintf(stderr, "%s: closed by %d, client %d, upstream %d\n", current_case, m.cause, m.ends[0], m.ends[1]);
  }
  CHECK(m.cause == cause);
  CHECK(m.ends[CLIENT] == client);
  CHECK(m.ends[UPSTREAM] == upstream);
  return m;
}

silent_origin stage_silent_origin(void) {
  silent_origin o;
  o.listening = peer_listen(&o.port);
  CHECK(listen(o.listening, 0) == 0);
  o.filler = peer_connect(o.port);
  return o;
}

void stage_close_silent(silent_origin *o) {
  close(o->listening);
  close(o->filler);
}

static uint8_t pattern(uint64_t at) { return (uint8_t)((at * 2654435761u) >> 13); }

static uint64_t read_messages(stage *s, uint64_t observed, int wait_ms) {
  message m;
  while (owner_next(&s->owner, &m, wait_ms)) {
    wait_ms = 0;
    CHECK(m.kind == MESSAGE_OBSERVED);
    for (uint32_t i = 0; i < m.payload; i++) CHECK(m.bytes[i] == pattern(observed + i));
    observed += m.payload;
    free(m.bytes);
  }
  return observed;
}

static uint64_t send_some(int fd, uint64_t at, uint64_t total) {
  uint8_t block[32 * 1024];
  size_t length = total - at < sizeof block ? (size_t)(total - at) : sizeof block;
  for (size_t i = 0; i < length; i++) block[i] = pattern(at + i);
  ssize_t n = send(fd, block, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  CHECK(n > 0 || errno == EAGAIN);
  return n > 0 ? (uint64_t)n : 0;
}

static uint64_t receive_some(int fd, uint64_t at) {
  static uint8_t block[256 * 1024];
  ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
  CHECK(n > 0 || (n == -1 && errno == EAGAIN));
  for (ssize_t i = 0; i < n; i++) CHECK(block[i] == pattern(at + (uint64_t)i));
  return n > 0 ? (uint64_t)n : 0;
}

void stage_transfer(stage *s, int from, int to, uint64_t total, bool expect_observed) {
  uint64_t sent = 0, received = 0, observed = 0;
  int idle = 0;
  while (received < total) {
    struct pollfd polled[2] = {{.fd = to, .events = POLLIN},
                               {.fd = from, .events = (short)(sent < total ? POLLOUT : 0)}};
    idle = poll(polled, 2, 50) == 0 ? idle + 1 : 0;
    CHECK(idle < 60);
    if (idle) observed = read_messages(s, observed, 0);
    if (polled[1].revents & POLLOUT && sent < total) sent += send_some(from, sent, total);
    if (polled[0].revents & POLLIN) received += receive_some(to, received);
  }
  CHECK(received == total);
  while (expect_observed && observed < total) observed = read_messages(s, observed, 1000);
  CHECK(observed == (expect_observed ? total : 0));
}
