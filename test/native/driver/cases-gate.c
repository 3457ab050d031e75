/* Cases of the HTTP gate's verbs: changing what is held, counting, dialling again, losing an idle upstream. */
#include "cases.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void expect_held(stage *s, flow_ref f, enum side side, const char *text, uint16_t flags) {
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  if (m.payload != strlen(text) || m.flags != flags) {
    fprintf(stderr, "%s: held '%.*s', flags %d\n", current_case, (int)m.payload, m.bytes ? (char *)m.bytes : "", m.flags);
  }
  CHECK(m.side == side && m.flags == flags && m.payload == strlen(text));
  CHECK(m.payload == 0 || memcmp(m.bytes, text, m.payload) == 0);
  free(m.bytes);
}

static void expect_gate(stage *s, flow_ref f, enum side side, const char *text, uint64_t passed) {
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  if (m.payload != strlen(text) || m.passed != passed) {
    fprintf(stderr, "%s: gate '%.*s', passed %llu\n", current_case, (int)m.payload, m.bytes ? (char *)m.bytes : "",
            (unsigned long long)m.passed);
  }
  CHECK(m.side == side && m.payload == strlen(text) && m.passed == passed);
  CHECK(m.payload == 0 || memcmp(m.bytes, text, m.payload) == 0);
  free(m.bytes);
}

static void edit(stage *s, flow_ref f, enum side side, uint32_t at, uint32_t remove, const char *text) {
  owner_edit(&s->owner, f, side, at, remove, text, (uint32_t)strlen(text));
}

static void edits_of_what_is_held(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "GET / HTTP/1.1\r\n", &f);
  edit(s, f, CLIENT, 4, 1, "/longer");
  edit(s, f, CLIENT, 0, 3, "");
  edit(s, f, CLIENT, 0, 0, "HEAD");
  edit(s, f, CLIENT, 23, 0, "Host: a\r\n");
  edit(s, f, CLIENT, 33, 0, "beyond what is held");
  edit(s, f, CLIENT, 30, 3, "beyond what is held");
  owner_inspect(&s->owner, f, CLIENT, 0, 3000);
  expect_held(s, f, CLIENT, "HEAD /longer HTTP/1.1\r\nHost: a\r\n", 0);
  owner_forward(&s->owner, f, CLIENT, 32, false);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  expect_gate(s, f, CLIENT, "", 32);
  peer_expect(origin, "HEAD /longer HTTP/1.1\r\nHost: a\r\n");
  owner_close(&s->owner, f, true);
  message m = owner_expect(&s->owner, MESSAGE_CLOSED, &f);
  CHECK(m.to_upstream == 32);
  close(client);
  close(origin);
}

static void edit_wakes_who_waits(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  owner_inspect(&s->owner, f, CLIENT, 0, 3000);
  edit(s, f, CLIENT, 0, 0, "made up");
  expect_held(s, f, CLIENT, "made up", 0);
  edit(s, f, CLIENT, 0, 7, "");
  CHECK(owner_counter(&s->owner, WORD_HELD_BYTES) <= 7);
  owner_forward(&s->owner, f, CLIENT, 0, true);
  edit(s, f, CLIENT, 0, 0, "again");
  expect_gate(s, f, CLIENT, "again", 0);
  edit(s, f, UPSTREAM, 0, 0, "of a side that is not there");
  owner_inspect(&s->owner, f, UPSTREAM, 0, 30);
  expect_held(s, f, UPSTREAM, "", FLAG_DEADLINE);
  close(client);
}

static void edit_of_what_may_pass_is_dropped(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "0123456789", &f);
  owner_forward(&s->owner, f, CLIENT, 4, false);
  edit(s, f, CLIENT, 0, 10, "x");
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  expect_gate(s, f, CLIENT, "456789", 4);
  peer_expect(origin, "0123");
  edit(s, f, CLIENT, 6, 0, "!");
  peer_send(client, "more");
  owner_inspect(&s->owner, f, CLIENT, 10, 3000);
  expect_held(s, f, CLIENT, "456789!more", 0);
  owner_forward(&s->owner, f, CLIENT, 11, true);
  peer_end(client);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.flags == FLAG_ENDED && m.payload == 0 && m.passed == 15);
  peer_expect(origin, "456789!more");
  edit(s, f, CLIENT, 0, 0, "behind the end");
  owner_inspect(&s->owner, f, CLIENT, 99, 3000);
  expect_held(s, f, CLIENT, "behind the end", FLAG_ENDED); /* the end itself has not passed yet */
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  peer_expect(origin, "behind the end");
  peer_expect_end(origin);
  close(client);
  close(origin);
}

static void edit_of_an_answer(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  owner_forward(&s->owner, f, CLIENT, 3, true);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_expect(origin, "ask");
  peer_send(origin, "HTTP/1.1 200 OK\r\n\r\n");
  owner_inspect(&s->owner, f, UPSTREAM, 18, 3000);
  expect_held(s, f, UPSTREAM, "HTTP/1.1 200 OK\r\n\r\n", 0);
  edit(s, f, UPSTREAM, 17, 0, "x-time: 1\r\n");
  owner_forward(&s->owner, f, UPSTREAM, 30, false);
  expect_gate(s, f, UPSTREAM, "", 30);
  peer_expect(client, "HTTP/1.1 200 OK\r\nx-time: 1\r\n\r\n");
  close(client);
  close(origin);
}

static void edits_are_bounded(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  static uint8_t block[OWNER_MAX_HELD];
  peer_send_bytes(client, block, sizeof block);
  owner_inspect(&s->owner, f, CLIENT, UINT32_MAX, 3000);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.payload == OWNER_MAX_HELD);
  free(m.bytes);
  for (int i = 0; i < 3; i++) owner_edit(&s->owner, f, CLIENT, 5, 0, block, MAX_EDIT);
  owner_inspect(&s->owner, f, CLIENT, 0, 3000);
  m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.payload == OWNER_MAX_HELD + MAX_EDIT && m.flags == FLAG_FULL);
  free(m.bytes);
  shim_set(&shim.no_memory, 1);
  owner_edit(&s->owner, f, CLIENT, 0, OWNER_MAX_HELD + MAX_EDIT, "all of it", 9);
  owner_inspect(&s->owner, f, CLIENT, 0, 3000);
  expect_held(s, f, CLIENT, "all of it", 0);
  close(client);
}

static void edit_without_memory(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  static uint8_t block[MAX_EDIT];
  shim_set(&shim.no_memory, 1);
  for (int i = 0; i < 2; i++) owner_edit(&s->owner, f, CLIENT, 0, 0, block, MAX_EDIT);
  stage_closed(s, f, CAUSE_NO_RESOURCES, END_CLOSED_BY_US, END_NONE);
  peer_expect_reset(client);
  close(client);
}

const scripted_case gate_cases[] = {
    {"what is held can be changed, and counts like other bytes", edits_of_what_is_held, 0},
    {"an edit answers who waits for bytes", edit_wakes_who_waits, 1},
    {"an edit of what may pass already is dropped", edit_of_what_may_pass_is_dropped, 1},
    {"an answer gets a field more", edit_of_an_answer, 1},
    {"edits are bounded", edits_are_bounded, 1},
    {"an edit without memory resets", edit_without_memory, 0},
    {0},
};
