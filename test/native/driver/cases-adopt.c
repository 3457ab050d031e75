/* Cases of `adopt`: every byte that came from one side and has not left by the other is handed over, with the sockets. */
#include "adopted.h"
#include "cases.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads until the descriptors are there, then the end of the flow. */
static adopted_flow adopt(stage *s, flow_ref f, message *closed) {
  adopted_flow a = {0};
  owner_adopt(&s->owner, f);
  message m;
  while (!a.taken) {
    CHECK(owner_next(&s->owner, &m, 5000));
    if (!adopted_take(&a, &m)) CHECK(m.kind == MESSAGE_GATE || m.kind == MESSAGE_DIALED); /* of verbs before */
    free(m.bytes);
  }
  *closed = owner_expect(&s->owner, MESSAGE_CLOSED, &f);
  CHECK(closed->cause == CAUSE_ADOPTED);
  CHECK(owner_counter(&s->owner, WORD_FLOWS) == 0);
  for (int side = 0; side < 2; side++) CHECK(a.fd[side] == -1 || !is_watched(a.fd[side]));
  return a;
}

static bool held_is(const adopted_flow *a, enum side s, const char *text) {
  return a->length[s] == strlen(text) && (a->length[s] == 0 || memcmp(a->bytes[s], text, a->length[s]) == 0);
}

/* What was handed over, then what the socket still gives. */
static void check_rest(const adopted_flow *a, enum side s, const char *text) {
  CHECK(a->length[s] <= strlen(text) && (a->length[s] == 0 || memcmp(a->bytes[s], text, a->length[s]) == 0));
  peer_expect(a->fd[s], text + a->length[s]);
}

static void before_the_dial(stage *s) {
  flow_ref f;
  message closed;
  int client = stage_accept(s, "ask", &f);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.fd[UPSTREAM] == -1 && held_is(&a, CLIENT, "ask") && !a.ended[CLIENT]);
  CHECK(closed.ends[CLIENT] == END_NONE && closed.ends[UPSTREAM] == END_NONE && closed.to_upstream == 0);
  peer_send(client, "more");
  peer_expect(a.fd[CLIENT], "more");
  peer_send(a.fd[CLIENT], "answer");
  peer_expect(client, "answer");
  owner_adopt(&s->owner, f); /* nobody's any more */
  adopted_drop(&a);
  peer_expect_end(client);
  close(client);
}

static void during_the_dial(stage *s) {
  flow_ref f;
  message closed;
  silent_origin silent = stage_silent_origin();
  int client = stage_accept(s, "ask", &f);
  owner_dial(&s->owner, f, silent.port, "PROXY ", 3000);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.fd[UPSTREAM] == -1 && a.unsent_length == 0 && held_is(&a, CLIENT, "ask"));
  adopted_drop(&a);
  close(client);
  stage_close_silent(&silent);
}

static void what_may_not_pass_is_handed_over(stage *s) {
  flow_ref f;
  message closed;
  int client = stage_accept(s, "0123456789", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  owner_forward(&s->owner, f, CLIENT, 4, false);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "0123");
  peer_send(origin, "answer");
  peer_end(client);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(held_is(&a, CLIENT, "456789") && a.length[UPSTREAM] == 0 && closed.to_upstream == 4 && closed.to_client == 0);
  peer_expect(a.fd[UPSTREAM], "answer");
  peer_expect_end(a.fd[CLIENT]);
  peer_send(a.fd[UPSTREAM], "45");
  peer_expect(origin, "45");
  adopted_drop(&a);
  peer_expect_end(client);
  close(client);
  close(origin);
}

static void half_closed(stage *s) {
  flow_ref f;
  message closed;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  peer_end(client);
  peer_expect_end(origin);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.ended[CLIENT] && !a.ended[UPSTREAM] && a.length[CLIENT] == 0);
  CHECK(closed.ends[CLIENT] == END_FIN && closed.ends[UPSTREAM] == END_NONE && closed.to_upstream == 3);
  peer_expect_end(a.fd[CLIENT]);
  peer_send(origin, "late");
  peer_expect(a.fd[UPSTREAM], "late");
  CHECK(shutdown(a.fd[UPSTREAM], SHUT_WR) == 0); /* a second time, as a relay of the owner's would */
  adopted_drop(&a);
  close(client);
  close(origin);
}

static void a_reset_upstream_is_dropped(stage *s) {
  flow_ref f;
  message closed;
  int client = stage_accept(s, "ask", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  owner_forward(&s->owner, f, CLIENT, 1, false);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "a");
  peer_send(origin, "early");
  peer_reset(origin);
  owner_inspect(&s->owner, f, UPSTREAM, 100, 3000);
  message m;
  do {
    CHECK(owner_next(&s->owner, &m, 5000));
    free(m.bytes);
  } while (m.kind != MESSAGE_HELD);
  CHECK(m.payload == 5 && m.flags == FLAG_ENDED);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.fd[UPSTREAM] == -1 && a.length[UPSTREAM] == 0 && closed.ends[UPSTREAM] == END_RESET);
  CHECK(held_is(&a, CLIENT, "sk"));
  adopted_drop(&a);
  close(client);
}

static void a_flow_that_leaves_is_not_adopted(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  owner_respond(&s->owner, f, "no", 2, false);
  owner_adopt(&s->owner, f);
  peer_expect(client, "no");
  peer_expect_end(client);
  close(client);
  stage_closed(s, f, CAUSE_RESPONDED, END_FIN, END_NONE);
}

static void not_during_a_lease(stage *s) {
  flow_ref f;
  message closed, m;
  const char *request = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  int client = stage_accept(s, request, &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  m = owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(m.value == 0);
  owner_lease(&s->owner, f, "a.test", NULL, NULL, NULL, 5000);
  peer_expect(origin, request);
  m = owner_expect(&s->owner, MESSAGE_LEASED_REQUEST, &f);
  free(m.bytes);
  owner_adopt(&s->owner, f); /* like other verbs, it would not know how far things are */
  owner_end_lease(&s->owner, f);
  owner_expect(&s->owner, MESSAGE_ASKED, &f);
  peer_send(client, "GET /next");
  peer_send(origin, "HTTP/1.1 200");
  adopted_flow a = adopt(s, f, &closed);
  CHECK(closed.to_upstream == strlen(request) && closed.to_client == 0);
  check_rest(&a, CLIENT, "GET /next");
  check_rest(&a, UPSTREAM, "HTTP/1.1 200");
  adopted_drop(&a);
  close(client);
  close(origin);
}

/* Nobody reads on the other end: sockets, pipe and held buffers fill up. */
static uint64_t send_until_full(int fd, uint8_t seed) {
  static uint8_t block[64 * 1024];
  uint64_t sent = 0;
  for (;;) {
    for (size_t i = 0; i < sizeof block; i++) block[i] = (uint8_t)(seed + ((sent + i) * 2654435761u >> 13));
    ssize_t n = send(fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += (uint64_t)n;
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    if (n == -1 && poll(&room, 1, 50) == 0) return sent;
  }
}

static uint64_t check_bytes(const uint8_t *bytes, uint64_t n, uint64_t at, uint8_t seed) {
  for (uint64_t i = 0; i < n; i++) CHECK(bytes[i] == (uint8_t)(seed + ((at + i) * 2654435761u >> 13)));
  return at + n;
}

/* Receives up to `until`, or all there is. */
static uint64_t receive_all(int fd, uint64_t at, uint64_t until, uint8_t seed) {
  static uint8_t block[64 * 1024];
  while (at < until) {
    struct pollfd there = {.fd = fd, .events = POLLIN};
    CHECK(poll(&there, 1, 5000) == 1);
    ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
    CHECK(n > 0);
    at = check_bytes(block, (uint64_t)n, at, seed);
  }
  return at;
}

/* What one side sent is what left, then what was handed over, then what its socket still gives: in order, each once. */
static void check_stream(const adopted_flow *a, enum side from, int sink, uint64_t sent, uint64_t left, uint8_t seed) {
  uint64_t at = receive_all(sink, 0, left, seed);
  CHECK(at == left);
  at = check_bytes(a->bytes[from], a->length[from], at, seed);
  CHECK(receive_all(a->fd[from], at, sent, seed) == sent);
}

static void midway(stage *s) {
  flow_ref f;
  message closed;
  int client = stage_accept(s, "", &f);
  int origin = stage_relay(s, f);
  uint64_t up = send_until_full(client, 1), down = send_until_full(origin, 2);
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.length[CLIENT] > 0 && a.length[UPSTREAM] > 0);
  check_stream(&a, CLIENT, origin, up, closed.to_upstream, 1);
  check_stream(&a, UPSTREAM, client, down, closed.to_client, 2);
  adopted_drop(&a);
  peer_expect_end(client);
  close(client);
  close(origin);
}

static void midway_without_pipes(stage *s) {
  shim_set(&shim.pipe_error, EMFILE);
  midway(s);
}

static void midway_with_short_writes(stage *s) {
  shim_set(&shim.short_writes, 64);
  midway(s);
}

static void the_rest_of_a_preamble(stage *s) {
  flow_ref f;
  message closed;
  shim_set(&shim.preamble_room, 3);
  int client = stage_accept(s, "ask", &f);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  owner_dial(&s->owner, f, s->origin_port, "PROXY ", 2000);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "PRO");
  adopted_flow a = adopt(s, f, &closed);
  CHECK(a.unsent_length == 3 && memcmp(a.unsent, "XY ", 3) == 0);
  CHECK(a.fd[UPSTREAM] != -1 && held_is(&a, CLIENT, "ask") && a.length[UPSTREAM] == 0 && closed.to_upstream == 0);
  adopted_drop(&a);
  close(client);
  close(origin);
}

/* Of a mover of its own, since its end is not an orderly one. */
static void nobody_takes_the_descriptors(stage *s) {
  owner gone;
  uint32_t listener;
  owner_start(&gone, 1, OWNER_MAX_FLOWS);
  uint16_t port = owner_listen(&gone, false, &listener);
  int client = peer_connect(port);
  message m = owner_expect(&gone, MESSAGE_ACCEPTED, NULL);
  owner_dial(&gone, m.flow, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  message dialed = owner_expect(&gone, MESSAGE_DIALED, NULL);
  CHECK(dialed.value == 0);
  owner_adopt(&gone, m.flow);
  for (int i = 0; i < 5000 && owner_counter(&gone, WORD_FLOWS); i++) usleep(1000);
  CHECK(owner_counter(&gone, WORD_FLOWS) == 0);
  owner_abandon(&gone);
  peer_expect_end(client);
  peer_expect_end(origin);
  free(m.bytes);
  close(client);
  close(origin);
}

const scripted_case adopt_cases[] = {
    {"adopted before the dial", before_the_dial, 0},
    {"adopted during the dial: the upstream is dropped", during_the_dial, 0},
    {"adopted with bytes that may not pass", what_may_not_pass_is_handed_over, 0},
    {"adopted when half-closed", half_closed, 0},
    {"adopted behind a reset of the upstream", a_reset_upstream_is_dropped, 0},
    {"not adopted during a lease, but behind it", not_during_a_lease, 0},
    {"not adopted on its way out", a_flow_that_leaves_is_not_adopted, 0},
    {"adopted with everything full, both ways", midway, 0},
    {"adopted with everything full, without pipes", midway_without_pipes, 0},
    {"adopted with everything full, after short writes", midway_with_short_writes, 0},
    {"adopted with the rest of a preamble", the_rest_of_a_preamble, 0},
    {"adopted, and nobody takes the descriptors", nobody_takes_the_descriptors, 0},
    {0},
};
