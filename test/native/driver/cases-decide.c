/* Cases up to the verdict: accepting, holding, refusing. */
#include "cases.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void accept_tells_where_to(stage *s) {
  int client = peer_connect(s->port);
  peer_send(client, "hello");
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  const uint8_t original[4] = ORIGINAL_IP;
  CHECK(m.value == 0 && m.original.family == 4 && m.original.port == ORIGINAL_PORT);
  CHECK(memcmp(m.original.ip, original, 4) == 0);
  CHECK(m.peer.family == 4 && m.peer.ip[0] == 127 && m.listener == s->listener);
  free(m.bytes);
  close(client);
  owner_close(&s->owner, m.flow, true);
  stage_closed(s, m.flow, CAUSE_CLOSED, END_CLOSED_BY_US, END_NONE);
}

static void unknown_original_is_asked_for_again(stage *s) {
  shim_set(&shim.original_error, ENOENT);
  int client = peer_connect(s->port);
  while (__atomic_load_n(&shim.original_asked, __ATOMIC_SEQ_CST) == 0) usleep(100);
  shim_set(&shim.original_error, 0);
  peer_send(client, "x");
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(m.value == 0 && m.original.port == ORIGINAL_PORT && m.payload == 1);
  free(m.bytes);
  peer_reset(client);
  stage_closed(s, m.flow, CAUSE_RESET, END_RESET, END_NONE);
}

/* One event tells of both, once: whoever reads only the bytes never hears of the FIN. */
static void end_in_one_event_with_the_first_bytes(stage *s) {
  shim_set(&shim.original_error, ENOENT);
  int client = peer_connect(s->port);
  while (__atomic_load_n(&shim.original_asked, __ATOMIC_SEQ_CST) == 0) usleep(100);
  shim_set(&shim.original_error, 0);
  CHECK(send(client, "x", 1, MSG_MORE) == 1);
  peer_end(client);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(m.payload == 1);
  free(m.bytes);
  flow_ref f = m.flow;
  if (!(m.flags & FLAG_ENDED)) {
    owner_inspect(&s->owner, f, CLIENT, 1, 3000);
    m = owner_expect(&s->owner, MESSAGE_HELD, &f);
    CHECK(m.flags == FLAG_ENDED && m.payload == 1);
    free(m.bytes);
  }
  owner_close(&s->owner, f, true);
  stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_NONE);
  close(client);
}

static void unknown_original_is_told(stage *s) {
  shim_set(&shim.original_error, ENOENT);
  int silent = peer_connect(s->port);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(m.value == ENOENT && m.original.family == 0 && m.payload == 0);
  shim_set(&shim.original_error, ENOPROTOOPT);
  int other = peer_connect(s->port);
  message n = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(n.value == ENOPROTOOPT);
  free(n.bytes);
  shim_set(&shim.original_error, 0);
  shim_set(&shim.original_port_zero, 1);
  int nowhere = peer_connect(s->port);
  n = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(n.value == EADDRNOTAVAIL);
  free(n.bytes);
  close(silent);
  close(other);
  close(nowhere);
}

static void bytes_one_by_one(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  const char text[] = "GET / HTTP/1.1";
  for (uint32_t i = 0; i < sizeof text - 1; i++) {
    owner_inspect(&s->owner, f, CLIENT, i, 3000);
    peer_send_bytes(client, (const uint8_t *)text + i, 1);
    message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
    CHECK(m.flags == 0 && m.payload == i + 1 && memcmp(m.bytes, text, m.payload) == 0);
    free(m.bytes);
  }
  owner_inspect(&s->owner, f, CLIENT, 0, 3000); /* answered at once by what is held */
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.payload == sizeof text - 1);
  free(m.bytes);
  peer_end(client);
  owner_inspect(&s->owner, f, CLIENT, sizeof text, 3000);
  m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.flags == FLAG_ENDED && m.payload == sizeof text - 1);
  free(m.bytes);
  close(client);
}

static void inspect_ends_at_its_deadline(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ab", &f);
  owner_inspect(&s->owner, f, CLIENT, 2, 30);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.flags == FLAG_DEADLINE && m.payload == 2);
  free(m.bytes);
  owner_inspect(&s->owner, f, CLIENT, 2, 3000);
  peer_send(client, "c");
  m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.flags == 0 && m.payload == 3 && memcmp(m.bytes, "abc", 3) == 0);
  free(m.bytes);
  close(client);
}

static void no_more_is_held_than_allowed(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  static uint8_t block[OWNER_MAX_HELD + 20000];
  peer_send_bytes(client, block, sizeof block);
  owner_inspect(&s->owner, f, CLIENT, UINT32_MAX, 3000);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.flags == FLAG_FULL && m.payload == OWNER_MAX_HELD);
  CHECK(owner_counter(&s->owner, WORD_HELD_BYTES) == OWNER_MAX_HELD);
  free(m.bytes);
  owner_inspect(&s->owner, f, CLIENT, UINT32_MAX, 3000);
  m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.flags == FLAG_FULL && m.payload == OWNER_MAX_HELD);
  free(m.bytes);
  peer_reset(client);
  stage_closed(s, f, CAUSE_RESET, END_RESET, END_NONE);
}

static void reset_while_deciding_closes(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  peer_reset(client);
  stage_closed(s, f, CAUSE_RESET, END_RESET, END_NONE);
}

static void end_while_deciding_is_kept(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "all", &f);
  peer_end(client);
  int origin = stage_relay(s, f);
  peer_expect(origin, "all");
  peer_expect_end(origin);
  peer_send(origin, "answer");
  close(origin);
  peer_expect(client, "answer");
  peer_expect_end(client);
  message m = stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  CHECK(m.to_upstream == 3 && m.to_client == 6);
  close(client);
}

static void respond_survives_unread_bytes(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "GET", &f);
  peer_send(client, " and more that nobody reads");
  static uint8_t body[150000];
  memset(body, 'r', sizeof body);
  owner_respond(&s->owner, f, "HTTP/1.1 502\r\n", 14, true);
  for (uint32_t at = 0; at < sizeof body; at += 50000) owner_respond(&s->owner, f, body + at, 50000, at < 100000);
  peer_expect(client, "HTTP/1.1 502\r\n");
  static uint8_t got[sizeof body];
  CHECK(recv(client, got, sizeof got, MSG_WAITALL) == (ssize_t)sizeof got && memcmp(got, body, sizeof body) == 0);
  peer_expect_end(client);
  peer_send(client, "late");
  close(client);
  message m = stage_closed(s, f, CAUSE_RESPONDED, END_FIN, END_NONE);
  CHECK(m.to_client == sizeof body + 14 && m.to_upstream == 0);
}

static void respond_does_not_linger_for_ever(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "GET", &f);
  owner_respond(&s->owner, f, "no", 2, false);
  peer_expect(client, "no");
  stage_closed(s, f, CAUSE_RESPONDED, END_CLOSED_BY_US, END_NONE);
  close(client);
}

static void respond_drops_the_upstream(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "x", &f);
  int origin = stage_relay(s, f);
  peer_expect(origin, "x");
  owner_respond(&s->owner, f, "sorry", 5, false);
  peer_expect(client, "sorry");
  peer_expect_end(client);
  peer_expect_end(origin);
  close(client);
  stage_closed(s, f, CAUSE_RESPONDED, END_FIN, END_CLOSED_BY_US);
  close(origin);
}

static void stop_resets_what_lives(stage *s) {
  flow_ref f, g;
  int held = stage_accept(s, "held", &f);
  int relayed = stage_accept(s, "relayed", &g);
  int origin = stage_relay(s, g);
  peer_expect(origin, "relayed");
  mover_stop(s->owner.mover, true);
  peer_expect_reset(held);
  peer_expect_reset(relayed);
  peer_expect_reset(origin);
  close(held);
  close(relayed);
  close(origin);
}

static void unlisten_refuses_at_once(stage *s) {
  owner_unlisten(&s->owner, s->listener);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == -1 && errno == ECONNREFUSED);
  close(fd);
  for (int i = 0; i < 50; i++) { /* identifiers are used again while threads still let go of them */
    CHECK(owner_listen(&s->owner, i % 2, &s->listener) != 0);
    owner_unlisten(&s->owner, s->listener);
  }
  s->port = owner_listen(&s->owner, true, &s->listener);
  flow_ref f;
  close(stage_accept(s, "again", &f));
}

const scripted_case decide_cases[] = {
    {"accept tells the original destination, peer and first bytes", accept_tells_where_to, 0},
    {"an unknown original destination is asked for again after the first byte", unknown_original_is_asked_for_again, 0},
    {"an end in one event with the first bytes is seen", end_in_one_event_with_the_first_bytes, 0},
    {"an original destination that stays unknown is told by its errno", unknown_original_is_told, 3},
    {"bytes that come one by one are held in order", bytes_one_by_one, 1},
    {"inspect ends at its deadline and can be asked again", inspect_ends_at_its_deadline, 1},
    {"no more is held than allowed", no_more_is_held_than_allowed, 0},
    {"a reset while deciding closes the flow", reset_while_deciding_closes, 0},
    {"an end while deciding is kept and passed on", end_while_deciding_is_kept, 0},
    {"an answer arrives whole although the client's bytes were not read", respond_survives_unread_bytes, 0},
    {"an answer does not linger for ever", respond_does_not_linger_for_ever, 0},
    {"an answer drops the upstream", respond_drops_the_upstream, 0},
    {"stop resets what lives", stop_resets_what_lives, 2},
    {"unlisten refuses at once", unlisten_refuses_at_once, 1},
    {0},
};
