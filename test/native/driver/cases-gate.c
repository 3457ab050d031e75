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

/* Dialled, with `ask` let pass and nothing of the upstream. */
static int stage_ask(stage *s, flow_ref f) {
  owner_forward(&s->owner, f, CLIENT, 3, false);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  expect_gate(s, f, CLIENT, "", 3);
  peer_expect(origin, "ask");
  return origin;
}

static void expect_lost(stage *s, flow_ref f, bool reset, uint64_t passed) {
  message m = owner_expect(&s->owner, MESSAGE_LOST, &f);
  if (m.flags != (reset ? FLAG_RESET : 0) || m.passed != passed) {
    fprintf(stderr, "%s: lost, flags %d, passed %llu\n", current_case, m.flags, (unsigned long long)m.passed);
  }
  CHECK(m.flags == (reset ? FLAG_RESET : 0) && m.passed == passed);
}

static bool nothing_is_told(stage *s) {
  message m;
  return !owner_next(&s->owner, &m, 40);
}

/* Without hearing it: what follows is given in ignorance of it. */
static void until_something_is_told(const stage *s) {
  for (int i = 0; i < 20000 && owner_counter(&s->owner, WORD_MESSAGES_HEAD) == s->owner.messages_tail[0]; i++) usleep(100);
}

static void another_origin_between_two_exchanges(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int first = stage_ask(s, f);
  peer_send(first, "answer and what nobody asked for");
  owner_inspect(&s->owner, f, UPSTREAM, 31, 3000);
  expect_held(s, f, UPSTREAM, "answer and what nobody asked for", 0);
  owner_forward(&s->owner, f, UPSTREAM, 6, true);
  peer_expect(client, "answer");
  expect_gate(s, f, UPSTREAM, " and what nobody asked for", 6);
  peer_send(client, "next");
  owner_inspect(&s->owner, f, CLIENT, 3, 3000);
  expect_held(s, f, CLIENT, "next", 0);
  owner_forward(&s->owner, f, CLIENT, 0, false); /* its notice ends with the upstream that it was meant for */
  owner_inspect(&s->owner, f, UPSTREAM, 100, 3000);
  owner_dial(&s->owner, f, s->origin_port, "PROXY ", 2000);
  owner_forward(&s->owner, f, CLIENT, 4, true);
  owner_forward(&s->owner, f, UPSTREAM, 4, false);
  int second = peer_accept(s->origin);
  expect_gate(s, f, CLIENT, "next", 3);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_expect(second, "PROXY next");
  char byte;
  CHECK(recv(first, &byte, 1, 0) <= 0);
  peer_send(second, "done");
  expect_gate(s, f, UPSTREAM, "", 10);
  peer_expect(client, "done");
  close(first);
  close(second);
  expect_lost(s, f, false, 7);
  close(client);
  owner_close(&s->owner, f, false);
  message m = stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_FIN);
  CHECK(m.to_upstream == 7 && m.to_client == 10);
}

static void another_dial_while_one_is_under_way(stage *s) {
  flow_ref f;
  silent_origin silent = stage_silent_origin();
  int client = stage_accept(s, "ask", &f);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  owner_dial(&s->owner, f, silent.port, "", 3000);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  CHECK(peer_is_silent(origin)); /* what was let pass to the first one was not meant for this one */
  owner_forward(&s->owner, f, CLIENT, 3, true);
  peer_expect(origin, "ask");
  stage_close_silent(&silent);
  close(client);
  close(origin);
}

/* The failure of the first is told when the owner has already given the second: it must not be taken for its own. */
static void failure_of_a_replaced_dial_is_not_told(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  uint16_t nobody;
  close(peer_listen(&nobody));
  owner_forward(&s->owner, f, CLIENT, 3, true);
  shim_set(&shim.socket_error, EMFILE);
  owner_dial(&s->owner, f, nobody, "", 1000);
  until_something_is_told(s);
  shim_set(&shim.socket_error, 0);
  owner_dial(&s->owner, f, s->origin_port, "", 1000);
  int origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  CHECK(peer_is_silent(origin));
  owner_forward(&s->owner, f, CLIENT, 2, true);
  peer_expect(origin, "as");
  CHECK(peer_is_silent(origin));
  close(client);
  close(origin);
}

static void idle_upstream_ends(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  peer_send(client, "held");
  owner_inspect(&s->owner, f, CLIENT, 3, 3000);
  expect_held(s, f, CLIENT, "held", 0);
  peer_end(origin);
  expect_lost(s, f, false, 3);
  peer_expect_end(origin);
  close(origin);
  CHECK(nothing_is_told(s));
  owner_inspect(&s->owner, f, CLIENT, 3, 3000);
  expect_held(s, f, CLIENT, "held", 0);
  owner_respond(&s->owner, f, "sorry", 5, false);
  peer_expect(client, "sorry");
  peer_expect_end(client);
  close(client);
  stage_closed(s, f, CAUSE_RESPONDED, END_FIN, END_FIN);
}

static void idle_upstream_ends_while_it_is_watched(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  owner_forward(&s->owner, f, UPSTREAM, 0, true);
  owner_inspect(&s->owner, f, UPSTREAM, 0, 3000);
  peer_end(origin);
  expect_lost(s, f, false, 3);
  close(origin);
  CHECK(nothing_is_told(s));
  owner_forward(&s->owner, f, CLIENT, 2, true);
  origin = -1;
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  peer_send(client, "xyz");
  peer_expect(origin, "xy");
  expect_gate(s, f, CLIENT, "z", 5);
  close(origin);
  expect_lost(s, f, false, 5);
  close(client);
}

static void end_behind_an_unread_answer(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  peer_send(origin, "answer");
  peer_end(origin);
  CHECK(nothing_is_told(s));
  owner_inspect(&s->owner, f, UPSTREAM, 6, 3000);
  expect_held(s, f, UPSTREAM, "answer", FLAG_ENDED);
  CHECK(nothing_is_told(s));
  owner_forward(&s->owner, f, UPSTREAM, 2, false);
  expect_gate(s, f, UPSTREAM, "swer", 2);
  owner_forward(&s->owner, f, UPSTREAM, 4, false);
  expect_gate(s, f, UPSTREAM, "", 6);
  expect_lost(s, f, false, 3);
  peer_expect(client, "answer");
  CHECK(peer_is_silent(client));
  close(client);
  close(origin);
}

static void end_directly_behind_what_passes(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  owner_forward(&s->owner, f, UPSTREAM, 6, false);
  peer_send(origin, "answer");
  peer_end(origin);
  expect_gate(s, f, UPSTREAM, "", 6);
  expect_lost(s, f, false, 3);
  peer_expect(client, "answer");
  CHECK(peer_is_silent(client));
  close(client);
  close(origin);
}

static void end_with_credit_is_passed_on(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  owner_forward(&s->owner, f, UPSTREAM, 7, true);
  peer_send(origin, "answer");
  peer_end(origin);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.flags == FLAG_ENDED && m.passed == 6);
  peer_expect(client, "answer");
  peer_expect_end(client);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == EPIPE);
  close(client);
  close(origin);
}

static void early_answer_before_a_reset(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  peer_send(client, "a body that the origin");
  owner_forward(&s->owner, f, CLIENT, 22, false);
  expect_gate(s, f, CLIENT, "", 25);
  peer_send(origin, "413 too large");
  close(origin); /* with unread bytes: a reset */
  owner_inspect(&s->owner, f, UPSTREAM, 12, 3000);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.payload == 13 && memcmp(m.bytes, "413 too large", 13) == 0);
  free(m.bytes);
  owner_forward(&s->owner, f, CLIENT, 9, false); /* these meet the reset */
  peer_send(client, " will not");
  owner_forward(&s->owner, f, UPSTREAM, 13, true);
  peer_expect(client, "413 too large");
  m = owner_expect(&s->owner, MESSAGE_LOST, &f);
  CHECK(m.flags == FLAG_RESET && m.passed == 25);
  owner_inspect(&s->owner, f, CLIENT, 8, 3000);
  expect_held(s, f, CLIENT, " will not", 0);
  owner_close(&s->owner, f, false);
  peer_expect_end(client);
  close(client);
  stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_RESET);
}

static void reset_of_an_idle_upstream(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  peer_reset(origin);
  expect_lost(s, f, true, 3);
  origin = -1;
  peer_send(client, "ask");
  owner_forward(&s->owner, f, CLIENT, 3, false);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  peer_expect(origin, "ask");
  expect_gate(s, f, CLIENT, "", 6);
  peer_reset(client);
  peer_expect_reset(origin);
  stage_closed(s, f, CAUSE_RESET, END_RESET, END_CLOSED_BY_US);
  close(origin);
}

/* What crosses the message that the upstream is lost was meant for it: it must not add to what the next one gets. */
static void credit_for_a_lost_upstream_is_dropped(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_ask(s, f);
  close(origin);
  until_something_is_told(s);
  owner_forward(&s->owner, f, CLIENT, 5, true);
  owner_inspect(&s->owner, f, UPSTREAM, 0, 10);
  expect_lost(s, f, false, 3);
  owner_forward(&s->owner, f, CLIENT, 2, true);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &f).value == 0);
  peer_send(client, "0123456789");
  peer_expect(origin, "01");
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.passed == 5);
  free(m.bytes);
  CHECK(peer_is_silent(origin));
  close(client);
  close(origin);
}

const scripted_case gate_cases[] = {
    {"what is held can be changed, and counts like other bytes", edits_of_what_is_held, 0},
    {"an edit answers who waits for bytes", edit_wakes_who_waits, 1},
    {"an edit of what may pass already is dropped", edit_of_what_may_pass_is_dropped, 1},
    {"an answer gets a field more", edit_of_an_answer, 1},
    {"edits are bounded", edits_are_bounded, 1},
    {"an edit without memory resets", edit_without_memory, 0},
    {"another origin between two exchanges", another_origin_between_two_exchanges, 0},
    {"another dial while one is under way", another_dial_while_one_is_under_way, 1},
    {"the failure of a replaced dial is not told", failure_of_a_replaced_dial_is_not_told, 1},
    {"an idle upstream that ends is lost", idle_upstream_ends, 0},
    {"an idle upstream that is watched is lost, and no more", idle_upstream_ends_while_it_is_watched, 1},
    {"an end behind an unread answer waits for it", end_behind_an_unread_answer, 1},
    {"an end directly behind what passes is a loss", end_directly_behind_what_passes, 1},
    {"an end that credit covers is passed on", end_with_credit_is_passed_on, 1},
    {"an early answer before a reset can be read", early_answer_before_a_reset, 0},
    {"a reset of an idle upstream is a loss", reset_of_an_idle_upstream, 0},
    {"credit for a lost upstream is dropped", credit_for_a_lost_upstream_is_dropped, 1},
    {0},
};
