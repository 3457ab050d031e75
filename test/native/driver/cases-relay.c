/* Cases behind the verdict: dialling, credit, ends, bulk. */
#include "cases.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BULK = 6 * 1024 * 1024 };

static void half_close_of_the_client(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  peer_end(client);
  peer_expect_end(origin);
  peer_send(origin, "late answer");
  peer_expect(client, "late answer");
  close(origin);
  peer_expect_end(client);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  close(client);
}

static void half_close_of_the_origin(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_send(origin, "greeting");
  peer_end(origin);
  peer_expect(client, "greeting");
  peer_expect_end(client);
  peer_send(client, " and late bytes");
  peer_expect(origin, "ask and late bytes");
  close(client);
  peer_expect_end(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  close(origin);
}

static void idle_half_closed_flow_ends(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_end(client);
  peer_expect(origin, "ask");
  stage_closed(s, f, CAUSE_HALF_CLOSE_TIMEOUT, END_FIN, END_CLOSED_BY_US);
  close(client);
  close(origin);
}

static void reset_of_the_client_goes_on(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  peer_reset(client);
  peer_expect_reset(origin);
  stage_closed(s, f, CAUSE_RESET, END_RESET, END_CLOSED_BY_US);
  close(origin);
}

static void reset_of_the_origin_goes_on_behind_its_bytes(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_send(origin, "last words");
  peer_reset(origin);
  peer_expect(client, "last words");
  peer_expect_reset(client);
  message m = stage_closed(s, f, CAUSE_RESET, END_CLOSED_BY_US, END_RESET);
  CHECK(m.to_client == 10);
  close(client);
}

static void refused_dial_leaves_the_client_held(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  uint16_t nobody;
  close(peer_listen(&nobody));
  owner_dial(&s->owner, f, nobody, "PREAMBLE ", 2000);
  message m = owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(m.value == ECONNREFUSED);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  close(client);
  close(origin);
  message closed = owner_expect(&s->owner, MESSAGE_CLOSED, &f);
  CHECK(closed.cause == CAUSE_ENDED && closed.to_upstream == 3);
}

static void silent_dial_times_out(stage *s) {
  flow_ref f;
  silent_origin silent = stage_silent_origin();
  int client = stage_accept(s, "ask", &f);
  owner_dial(&s->owner, f, silent.port, "", 50);
  message m = owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(m.value == ETIMEDOUT);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  close(origin);
  close(client);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  stage_close_silent(&silent);
}

static void reset_during_the_dial(stage *s) {
  flow_ref f;
  silent_origin silent = stage_silent_origin();
  int client = stage_accept(s, "ask", &f);
  owner_dial(&s->owner, f, silent.port, "", 3000);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  peer_reset(client);
  stage_closed(s, f, CAUSE_RESET, END_RESET, END_NONE);
  stage_close_silent(&silent);
}

static void end_during_the_dial(stage *s) {
  flow_ref f;
  silent_origin silent = stage_silent_origin();
  int client = stage_accept(s, "ask", &f);
  owner_dial(&s->owner, f, silent.port, "", 4000);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, true);
  peer_send(client, " more");
  peer_end(client);
  close(peer_accept(silent.listening)); /* a place in the queue: the next SYN gets through */
  int origin = peer_accept(silent.listening);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_expect(origin, "ask more");
  peer_expect_end(origin);
  close(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  close(client);
  stage_close_silent(&silent);
}

static void preamble_goes_first(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "body", &f);
  owner_dial(&s->owner, f, s->origin_port, "PROXY ", 2000);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "PROXY ");
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(peer_is_silent(origin));
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, true);
  peer_expect(origin, "body");
  owner_until_read(&s->owner);
  close(client);
  close(origin);
  message m = stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  CHECK(m.to_upstream == 4);
}

static void nothing_passes_without_credit(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "0123456789", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_end(client);
  owner_forward(&s->owner, f, CLIENT, 4, false);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == CLIENT && m.payload == 6 && memcmp(m.bytes, "456789", 6) == 0);
  free(m.bytes);
  peer_expect(origin, "0123");
  CHECK(peer_is_silent(origin));
  owner_forward(&s->owner, f, CLIENT, 6, true);
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.payload == 0 && m.flags == FLAG_ENDED);
  peer_expect(origin, "456789");
  CHECK(peer_is_silent(origin)); /* the end is one thing more that credit must cover */
  peer_send(origin, "answer");
  owner_forward(&s->owner, f, UPSTREAM, 3, false);
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == UPSTREAM);
  free(m.bytes);
  peer_expect(client, "ans");
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  peer_expect_end(origin);
  owner_close(&s->owner, f, true);
  stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_CLOSED_BY_US);
  peer_expect_reset(client);
  close(client);
  close(origin);
}

static void gate_tells_when_more_is_held(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "one", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  owner_forward(&s->owner, f, CLIENT, 3, true);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, true);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "one");
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  message none;
  CHECK(!owner_next(&s->owner, &none, 50));
  peer_send(client, "two");
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.payload >= 1 && m.payload <= 3 && memcmp(m.bytes, "two", m.payload) == 0 && peer_is_silent(origin));
  free(m.bytes);
  owner_inspect(&s->owner, f, CLIENT, 2, 3000);
  m = owner_expect(&s->owner, MESSAGE_HELD, &f);
  CHECK(m.payload == 3);
  free(m.bytes);
  close(client);
  close(origin);
}

static void all_reached_tells_the_end(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  owner_forward(&s->owner, f, CLIENT, 3, false);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, false);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == CLIENT);
  peer_expect(origin, "ask");
  peer_send(origin, "answer");
  peer_end(origin);
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == UPSTREAM && m.flags == FLAG_ENDED && m.payload == 0);
  peer_expect(client, "answer");
  peer_expect_end(client);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, false); /* asked when it has long passed */
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == UPSTREAM && m.flags == FLAG_ENDED);
  owner_forward(&s->owner, f, UPSTREAM, 0, true);
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == UPSTREAM && m.flags == FLAG_ENDED);
  owner_close(&s->owner, f, false);
  peer_expect_end(origin);
  close(client);
  stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_FIN);
  close(origin);
}

static void end_before_its_bytes_is_told(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  owner_forward(&s->owner, f, CLIENT, 100, true);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, true);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_expect(origin, "ask");
  peer_end(client);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.side == CLIENT && m.flags == FLAG_ENDED && m.payload == 0);
  peer_expect_end(origin);
  close(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
  close(client);
}

static void observed_before_gate_and_closed(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "one", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  owner_observe(&s->owner, f, UPSTREAM, true);
  owner_forward(&s->owner, f, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, f, UPSTREAM, 5, false);
  int origin = peer_accept(s->origin);
  peer_expect(origin, "one");
  peer_send(origin, "abcdefgh");
  close(origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  message m = owner_expect(&s->owner, MESSAGE_OBSERVED, &f);
  CHECK(m.side == UPSTREAM && m.payload == 5 && memcmp(m.bytes, "abcde", 5) == 0);
  free(m.bytes);
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  free(m.bytes);
  owner_forward(&s->owner, f, UPSTREAM, UINT64_MAX, true);
  m = owner_expect(&s->owner, MESSAGE_OBSERVED, &f);
  CHECK(m.payload == 3 && memcmp(m.bytes, "fgh", 3) == 0);
  free(m.bytes);
  peer_expect(client, "abcdefgh");
  close(client);
  message closed = owner_expect(&s->owner, MESSAGE_CLOSED, &f);
  CHECK(closed.to_client == 8);
}

static void close_in_order(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "0123456789", &f);
  int origin = -1;
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  owner_forward(&s->owner, f, CLIENT, 4, false);
  owner_close(&s->owner, f, false);
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  free(m.bytes);
  peer_expect(origin, "0123");
  peer_expect_end(origin);
  peer_expect_end(client);
  close(origin);
  close(client);
  m = stage_closed(s, f, CAUSE_CLOSED, END_FIN, END_FIN);
  CHECK(m.to_upstream == 4);
}

static void bulk(stage *s, bool both_observed) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  owner_observe(&s->owner, f, CLIENT, both_observed);
  owner_observe(&s->owner, f, UPSTREAM, both_observed);
  int origin = stage_relay(s, f);
  stage_transfer(s, client, origin, BULK, both_observed);
  stage_transfer(s, origin, client, BULK, both_observed);
  close(client);
  peer_expect_end(origin);
  close(origin);
  message m = owner_expect(&s->owner, MESSAGE_CLOSED, NULL);
  CHECK(m.cause == CAUSE_ENDED && m.to_upstream == BULK && m.to_client == BULK);
}

static void bulk_both_ways(stage *s) { bulk(s, false); }

static void bulk_observed_by_a_slow_owner(stage *s) { bulk(s, true); }

static void bulk_without_pipes(stage *s) {
  shim_set(&shim.pipe_error, EMFILE);
  bulk(s, false);
}

static void bulk_with_short_writes(stage *s) {
  shim_set(&shim.short_writes, 64);
  bulk(s, false);
}

static void bulk_by_credit(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  int origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  owner_forward(&s->owner, f, CLIENT, BULK, false);
  stage_transfer(s, client, origin, BULK - 1, false);
  peer_send(client, "!beyond");
  message m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  free(m.bytes);
  peer_expect(origin, "!");
  CHECK(peer_is_silent(origin));
  owner_forward(&s->owner, f, CLIENT, 6, false);
  peer_expect(origin, "beyond");
  m = owner_expect(&s->owner, MESSAGE_GATE, &f);
  CHECK(m.payload == 0);
  close(client);
  close(origin);
}

static void long_wait_is_probed(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  CHECK(!probes_are_sent_to(s->origin_port));
  for (int i = 0; i < 400 && !probes_are_sent_to(s->origin_port); i++) usleep(10000);
  CHECK(probes_are_sent_to(s->origin_port));
  close(client);
  peer_expect_end(origin);
  close(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
}

static void urgent_byte_stays_in_the_stream(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  int origin = stage_relay(s, f);
  stage_transfer(s, client, origin, 1024 * 1024, false); /* splice by now */
  peer_send(client, "before");
  CHECK(send(client, "!", 1, MSG_OOB) == 1);
  peer_send(client, "after");
  peer_expect(origin, "before!after");
  CHECK(send(origin, "?", 1, MSG_OOB) == 1);
  peer_send(origin, "back");
  peer_expect(client, "?back");
  close(client);
  peer_expect_end(origin);
  close(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
}

const scripted_case relay_cases[] = {
    {"the client's half-close is kept", half_close_of_the_client, 0},
    {"the origin's half-close is kept", half_close_of_the_origin, 0},
    {"an idle half-closed flow ends", idle_half_closed_flow_ends, 0},
    {"a reset of the client goes on", reset_of_the_client_goes_on, 0},
    {"a reset of the origin goes on behind its last bytes", reset_of_the_origin_goes_on_behind_its_bytes, 0},
    {"a refused dial leaves the client held", refused_dial_leaves_the_client_held, 0},
    {"a silent dial times out, another works", silent_dial_times_out, 0},
    {"a reset during the dial closes the flow", reset_during_the_dial, 0},
    {"an end during the dial is passed on behind the held bytes", end_during_the_dial, 0},
    {"the preamble goes first and is not counted", preamble_goes_first, 0},
    {"nothing passes without credit, the end neither", nothing_passes_without_credit, 0},
    {"the gate tells when more is held", gate_tells_when_more_is_held, 1},
    {"all, reached: the gate tells the end", all_reached_tells_the_end, 0},
    {"a side that ends before its bytes is told", end_before_its_bytes_is_told, 0},
    {"observed bytes come before gate and closed", observed_before_gate_and_closed, 0},
    {"an orderly close sends what was let pass", close_in_order, 0},
    {"bulk both ways", bulk_both_ways, 0},
    {"bulk on the only flow that there may be", bulk_both_ways, 0, .max_flows = 1},
    {"bulk observed by a slow owner", bulk_observed_by_a_slow_owner, 0},
    {"bulk without pipes", bulk_without_pipes, 0},
    {"bulk with short writes", bulk_with_short_writes, 0},
    {"bulk by credit", bulk_by_credit, 1},
    {"an upstream that is waited for gets keep-alive probes", long_wait_is_probed, 0},
    {"an urgent byte stays in the stream, also in splice", urgent_byte_stays_in_the_stream, 0},
    {0},
};
