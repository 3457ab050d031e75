/* Cases in which the kernel refuses something. */
#include "cases.h"
#include "check.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <unistd.h>

static void wait_for(const owner *o, int word, uint32_t value) {
  for (int i = 0; i < 20000 && owner_counter(o, word) != value; i++) usleep(100);
  CHECK(owner_counter(o, word) == value);
}

static void accepting_pauses_without_descriptors(stage *s) {
  shim_set(&shim.accept_error, EMFILE);
  int client = peer_connect(s->port);
  peer_send(client, "waiting");
  wait_for(&s->owner, WORD_PAUSED, 1);
  message none;
  CHECK(!owner_next(&s->owner, &none, 100));
  shim_set(&shim.accept_error, 0);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(m.payload == 7 && owner_counter(&s->owner, WORD_PAUSED) == 0);
  free(m.bytes);
  close(client);
}

static void accepting_pauses_while_the_table_is_full(stage *s) {
  int clients[OWNER_MAX_FLOWS + 1];
  flow_ref first = {0};
  for (int i = 0; i <= OWNER_MAX_FLOWS; i++) {
    clients[i] = peer_connect(s->port);
    if (i == OWNER_MAX_FLOWS) break;
    message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
    if (i == 0) first = m.flow;
  }
  wait_for(&s->owner, WORD_PAUSED, 1);
  owner_close(&s->owner, first, true);
  stage_closed(s, first, CAUSE_CLOSED, END_CLOSED_BY_US, END_NONE);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  CHECK(m.flow.slot == first.slot && m.flow.generation != first.generation);
  owner_close(&s->owner, first, true); /* a verb for a flow that is gone */
  CHECK(owner_counter(&s->owner, WORD_FLOWS) == OWNER_MAX_FLOWS);
  for (int i = 0; i <= OWNER_MAX_FLOWS; i++) close(clients[i]);
}

static void dial_without_descriptors(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  shim_set(&shim.socket_error, EMFILE);
  owner_dial(&s->owner, f, s->origin_port, "", 1000);
  message m = owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(m.value == EMFILE);
  shim_set(&shim.socket_error, 0);
  int origin = stage_relay(s, f);
  peer_expect(origin, "ask");
  close(client);
  close(origin);
  stage_closed(s, f, CAUSE_ENDED, END_FIN, END_FIN);
}

static void dial_without_a_place_in_epoll(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "ask", &f);
  shim_set(&shim.watch_error, ENOSPC);
  owner_dial(&s->owner, f, s->origin_port, "", 1000);
  message m = owner_expect(&s->owner, MESSAGE_DIALED, &f);
  CHECK(m.value == ENOSPC);
  close(client);
}

static void accept_without_a_place_in_epoll(stage *s) {
  shim_set(&shim.watch_error, ENOMEM);
  int client = peer_connect(s->port);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  free(m.bytes);
  stage_closed(s, m.flow, CAUSE_NO_RESOURCES, END_CLOSED_BY_US, END_NONE);
  peer_expect_reset(client);
  close(client);
}

static void accept_without_memory(stage *s) {
  shim_set(&shim.no_memory, 1);
  int client = peer_connect(s->port);
  message m = owner_expect(&s->owner, MESSAGE_ACCEPTED, NULL);
  stage_closed(s, m.flow, CAUSE_NO_RESOURCES, END_CLOSED_BY_US, END_NONE);
  peer_expect_reset(client);
  close(client);
}

static void holding_more_without_memory(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "", &f);
  static uint8_t block[40000];
  shim_set(&shim.no_memory, 1);
  peer_send_bytes(client, block, sizeof block);
  owner_inspect(&s->owner, f, CLIENT, 30000, 3000);
  stage_closed(s, f, CAUSE_NO_RESOURCES, END_CLOSED_BY_US, END_NONE);
  peer_expect_reset(client);
  close(client);
}

static void answer_without_memory(stage *s) {
  flow_ref f;
  int client = stage_accept(s, "x", &f);
  static uint8_t block[60000];
  shim_set(&shim.no_memory, 1);
  owner_respond(&s->owner, f, block, sizeof block, false);
  stage_closed(s, f, CAUSE_NO_RESOURCES, END_CLOSED_BY_US, END_NONE);
  peer_expect_reset(client);
  close(client);
}

const scripted_case fault_cases[] = {
    {"accepting pauses without descriptors", accepting_pauses_without_descriptors, 1},
    {"accepting pauses while the table is full", accepting_pauses_while_the_table_is_full, OWNER_MAX_FLOWS},
    {"a dial without descriptors is told, another works", dial_without_descriptors, 0},
    {"a dial without a place in epoll is told", dial_without_a_place_in_epoll, 1},
    {"an accept without a place in epoll resets", accept_without_a_place_in_epoll, 0},
    {"an accept without memory resets", accept_without_memory, 0},
    {"holding more without memory resets", holding_more_without_memory, 0},
    {"an answer without memory resets", answer_without_memory, 0},
    {0},
};
