/* Cases of the lease: what passes by itself, and everything that ends it. */
#include "cases.h"
#include "check.h"
#include "leased-pair.h"
#include "peers.h"
#include "shim.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY = 300 * 1000 };

static void exchanges_pass(stage *s) {
  pair p = leased(s);
  for (int i = 0; i < 5; i++) exchange(s, &p);
  owner_close(&s->owner, p.f, true);
  message m = stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
  CHECK(m.to_upstream == 5 * strlen(REQUEST) && m.to_client == 5 * strlen(ANSWER));
  close_pair(&p);
}

static void begins_with_what_is_held(stage *s) {
  pair p = connected(s);
  peer_send(p.client, REQUEST);
  expect_held(s, &p, CLIENT, REQUEST);
  owner_lease(&s->owner, p.f, "a.test", "GET", "/x", NULL, LONG_MS);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  close_pair(&p);
}

static void time_field_is_added(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", "GET", "/x", "x-time", LONG_MS);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  usleep(3000); /* what is to be measured */
  peer_send(p.origin, ANSWER);
  expect_request(s, &p, REQUEST);
  char expected[128];
  message m = expect_answer(s, &p, 200, 5, true);
  unsigned ms = (unsigned)((m.at_first_byte - m.at_sent) / 1000);
  CHECK(ms >= 3);
  snprintf(expected, sizeof expected, "HTTP/1.1 200 OK\r\nx-time: %u\r\nContent-Length: 5\r\n\r\nhello", ms);
  peer_expect(p.client, expected);
  CHECK(m.body_at == strlen(expected) - 5);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  const char *own = "HTTP/1.1 204 No Content\r\nX-Time: origin's\r\n\r\n";
  peer_send(p.origin, own);
  peer_expect(p.client, own);
  expect_request(s, &p, REQUEST);
  m = expect_answer(s, &p, 204, 0, true);
  CHECK(m.body_at == strlen(expected) + strlen(own));
  close_pair(&p);
}

static void second_of_two_differs(stage *s) {
  pair p = leased(s);
  peer_send(p.client, REQUEST OTHER_HOST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  CHECK(peer_is_silent(p.origin));
  peer_send(p.origin, ANSWER);
  peer_expect(p.client, ANSWER);
  expect_answer(s, &p, 200, 5, true);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin));
  expect_held(s, &p, CLIENT, OTHER_HOST);
  owner_forward(&s->owner, p.f, CLIENT, strlen(OTHER_HOST), true); /* the owner's again */
  peer_expect(p.origin, OTHER_HOST);
  close_pair(&p);
}

static void pipelined_requests_pass_one_by_one(stage *s) {
  pair p = leased(s);
  peer_send(p.client, REQUEST REQUEST REQUEST);
  for (int i = 0; i < 3; i++) {
    peer_expect(p.origin, REQUEST);
    CHECK(peer_is_silent(p.origin));
    peer_send(p.origin, ANSWER);
    peer_expect(p.client, ANSWER);
    expect_request(s, &p, REQUEST);
    expect_answer(s, &p, 200, 5, true);
  }
  close_pair(&p);
}

static void other_method_or_target_asks(stage *s) {
  const char *others[] = {"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n",
                          "GET /y HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET /xx HTTP/1.1\r\nHost: a.test\r\n\r\n",
                          "GET /x HTTP/1.1\r\nHost: a.tes\r\n\r\n", "GET /x HTTP/1.1\nHost: a.test\r\n\r\n",
                          "GET /x HTTP/1.1\r\nHost: A.test\r\n\r\n"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    pair p = connected(s);
    owner_lease(&s->owner, p.f, "a.test", "GET", "/x", NULL, LONG_MS);
    exchange(s, &p);
    peer_send(p.client, others[i]);
    expect_asked(s, &p, 0);
    CHECK(peer_is_silent(p.origin));
    expect_held(s, &p, CLIENT, others[i]);
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void next_epoch_asks(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  owner_next_epoch(&s->owner); /* what was let pass goes on */
  peer_send(p.origin, ANSWER);
  peer_expect(p.client, ANSWER);
  expect_answer(s, &p, 200, 5, true);
  peer_send(p.client, REQUEST);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin));
  close_pair(&p);
}

static void expired_lease_asks(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, 0);
  peer_send(p.client, REQUEST);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin));
  close_pair(&p);
}

static void idle_lease_is_over_in_time(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, 20);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin));
  close_pair(&p);
}

/* Over behind the exchange that it has let begin. */
static void lease_ends_behind_an_exchange(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, 100);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  usleep(150 * 1000);
  peer_send(p.origin, ANSWER);
  peer_expect(p.client, ANSWER);
  (void)owner_expect(&s->owner, MESSAGE_LEASED_ANSWER, &p.f);
  expect_asked(s, &p, 0);
  close_pair(&p);
}

static void heads_in_pieces(stage *s) {
  pair p = leased(s);
  const char *request = REQUEST, *answer = ANSWER;
  for (size_t i = 0; request[i]; i++) {
    CHECK(peer_is_silent(p.origin));
    peer_send_bytes(p.client, (const uint8_t *)request + i, 1);
  }
  peer_expect(p.origin, REQUEST);
  for (size_t i = 0; answer[i]; i++) peer_send_bytes(p.origin, (const uint8_t *)answer + i, 1);
  peer_expect(p.client, ANSWER);
  expect_request(s, &p, REQUEST);
  message m = owner_expect(&s->owner, MESSAGE_LEASED_ANSWER, &p.f);
  if (!m.at_end) owner_expect(&s->owner, MESSAGE_LEASED_END, &p.f);
  free(m.bytes);
  exchange(s, &p);
  close_pair(&p);
}

static void slow_head_asks(stage *s) {
  pair quick = leased(s), slow = leased(s);
  exchange(s, &slow);
  peer_send(quick.client, "GET /x HTTP/1.1\r\n");
  for (int i = 0; i < 20000 && owner_counter(&s->owner, WORD_HELD_BYTES) != 17; i++) usleep(100);
  peer_send(slow.client, "GET /x HTTP/1.1\r\n");
  peer_send(quick.client, "Host: a.test\r\n\r\n");
  peer_expect(quick.origin, REQUEST);
  expect_request(s, &quick, REQUEST);
  message m;
  CHECK(owner_next(&s->owner, &m, 8000));
  CHECK(m.kind == MESSAGE_ASKED && m.flags == 0 && m.flow.slot == slow.f.slot);
  expect_held(s, &slow, CLIENT, "GET /x HTTP/1.1\r\n");
  CHECK(!owner_next(&s->owner, &m, 100)); /* an answer may take its time */
  close_pair(&quick);
  close_pair(&slow);
}

static void long_bodies_pass(stage *s) {
  pair p = leased(s);
  for (int i = 0; i < 2; i++) {
    char head[128], answer[128];
    snprintf(head, sizeof head, "PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n", BODY);
    peer_send(p.client, head);
    peer_expect(p.origin, head);
    expect_request_with(s, &p, head, BODY);
    stage_transfer(s, p.client, p.origin, BODY, false);
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
    peer_send(p.origin, answer);
    peer_expect(p.client, answer);
    expect_answer(s, &p, 200, BODY, false);
    stage_transfer(s, p.origin, p.client, BODY - 1, false);
    message m;
    CHECK(!owner_next(&s->owner, &m, 40));
    peer_send(p.origin, "!");
    peer_expect(p.client, "!");
    m = owner_expect(&s->owner, MESSAGE_LEASED_END, &p.f);
    CHECK(m.at > 0 && m.payload == 0);
  }
  exchange(s, &p);
  close_pair(&p);
}

static void answers_without_a_body(stage *s) {
  pair p = leased(s);
  const char *head = "HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const char *long_one = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  const char *unchanged = "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n";
  const char *none = "HTTP/1.1 204 No Content\r\n\r\n";
  peer_send(p.client, head);
  peer_expect(p.origin, head);
  peer_send(p.origin, long_one);
  peer_expect(p.client, long_one);
  expect_request(s, &p, head);
  expect_answer(s, &p, 200, 0, true);
  for (int i = 0; i < 2; i++) {
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    peer_send(p.origin, i ? none : unchanged);
    peer_expect(p.client, i ? none : unchanged);
    expect_request(s, &p, REQUEST);
    expect_answer(s, &p, i ? 204 : 304, 0, true);
  }
  exchange(s, &p);
  close_pair(&p);
}

static void other_answers_ask(stage *s) {
  const char *others[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
                          "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil close"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    pair p = leased(s);
    exchange(s, &p);
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    peer_send(p.origin, others[i]);
    expect_request(s, &p, REQUEST);
    expect_asked(s, &p, FLAG_IN_ANSWER | FLAG_REQUEST_SENT);
    CHECK(peer_is_silent(p.client));
    expect_held(s, &p, UPSTREAM, others[i]);
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void early_answer_asks(stage *s) {
  pair p = leased(s);
  const char *head = "PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\n";
  peer_send(p.client, head);
  peer_send(p.client, "four");
  peer_expect(p.origin, head);
  peer_expect(p.origin, "four");
  expect_request_with(s, &p, head, 9);
  peer_send(p.origin, ANSWER);
  expect_asked(s, &p, FLAG_IN_ANSWER);
  CHECK(peer_is_silent(p.client));
  expect_held(s, &p, UPSTREAM, ANSWER);
  peer_send(p.client, "+five"); /* it was let pass */
  peer_expect(p.origin, "+five");
  close_pair(&p);
}

static void unsolicited_bytes_ask(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  peer_send(p.origin, ANSWER);
  peer_until_delivered(p.origin);
  peer_send(p.client, REQUEST);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin) && peer_is_silent(p.client));
  expect_held(s, &p, UPSTREAM, ANSWER);
  close_pair(&p);
}

static void bytes_behind_the_answer_ask(stage *s) {
  pair p = leased(s);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  peer_send(p.origin, ANSWER "and more");
  peer_expect(p.client, ANSWER);
  expect_request(s, &p, REQUEST);
  expect_answer(s, &p, 200, 5, true);
  CHECK(peer_is_silent(p.client));
  peer_send(p.client, REQUEST);
  expect_asked(s, &p, 0);
  expect_held(s, &p, UPSTREAM, "and more");
  close_pair(&p);
}

static void end_of_the_client_asks(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  peer_end(p.client);
  expect_asked(s, &p, FLAG_IN_ANSWER | FLAG_REQUEST_SENT);
  CHECK(peer_is_silent(p.origin));
  owner_forward(&s->owner, p.f, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, p.f, UPSTREAM, UINT64_MAX, true);
  peer_expect_end(p.origin);
  peer_send(p.origin, ANSWER);
  peer_expect(p.client, ANSWER);
  close_pair(&p);
  stage_closed(s, p.f, CAUSE_ENDED, END_FIN, END_FIN);
}

static void end_of_an_idle_client_asks(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  peer_end(p.client);
  expect_asked(s, &p, 0);
  owner_inspect(&s->owner, p.f, CLIENT, 0, 3000);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &p.f);
  CHECK(m.flags == FLAG_ENDED && m.payload == 0);
  CHECK(peer_is_silent(p.origin));
  close_pair(&p);
}

static void ends_of_the_upstream_are_losses(stage *s) {
  for (int i = 0; i < 4; i++) {
    pair p = leased(s);
    exchange(s, &p);
    bool asked = i & 1, reset = i & 2;
    if (asked) {
      peer_send(p.client, REQUEST);
      peer_expect(p.origin, REQUEST);
      expect_request(s, &p, REQUEST);
    }
    if (reset) peer_reset(p.origin);
    else close(p.origin);
    message m = owner_expect(&s->owner, MESSAGE_LOST, &p.f);
    CHECK(m.flags == (reset ? FLAG_RESET : 0) && m.passed == (asked ? 2 : 1) * strlen(REQUEST));
    owner_respond(&s->owner, p.f, "502", 3, false);
    peer_expect(p.client, "502");
    close(p.client);
    m = owner_expect(&s->owner, MESSAGE_CLOSED, &p.f);
    CHECK(m.cause == CAUSE_RESPONDED);
  }
}

static void end_directly_behind_an_answer(stage *s) {
  pair p = leased(s);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  peer_send(p.origin, ANSWER_HEAD);
  peer_expect(p.client, ANSWER_HEAD);
  expect_request(s, &p, REQUEST);
  expect_answer(s, &p, 200, 5, false);
  CHECK(send(p.origin, "hello", 5, MSG_MORE) == 5);
  close(p.origin);
  peer_expect(p.client, "hello");
  owner_expect(&s->owner, MESSAGE_LEASED_END, &p.f);
  owner_expect(&s->owner, MESSAGE_LOST, &p.f);
  CHECK(peer_is_silent(p.client));
  close(p.client);
}

static void cut_answers_end_the_flow(stage *s) {
  for (int reset = 0; reset < 2; reset++) {
    pair p = leased(s);
    exchange(s, &p);
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    peer_send(p.origin, ANSWER_HEAD "hel");
    peer_expect(p.client, ANSWER_HEAD "hel");
    expect_request(s, &p, REQUEST);
    message told = expect_answer(s, &p, 200, 5, false);
    if (reset) peer_reset(p.origin);
    else close(p.origin);
    if (reset) peer_expect_reset(p.client);
    else peer_expect_end(p.client);
    close(p.client);
    message closed = reset ? stage_closed(s, p.f, CAUSE_RESET, END_CLOSED_BY_US, END_RESET)
                           : stage_closed(s, p.f, CAUSE_CLOSED, END_FIN, END_FIN);
    CHECK(closed.to_client == told.body_at + 3);
  }
}

static void owner_takes_it_back(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  owner_end_lease(&s->owner, p.f);
  expect_asked(s, &p, 0);
  owner_end_lease(&s->owner, p.f); /* there is none */
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, LONG_MS);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  owner_end_lease(&s->owner, p.f);
  expect_asked(s, &p, FLAG_IN_ANSWER | FLAG_REQUEST_SENT);
  peer_send(p.origin, ANSWER);
  owner_forward(&s->owner, p.f, UPSTREAM, strlen(ANSWER), false);
  free(owner_expect(&s->owner, MESSAGE_GATE, &p.f).bytes);
  peer_expect(p.client, ANSWER);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, LONG_MS);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  peer_send(p.origin, ANSWER_HEAD "hel");
  peer_expect(p.client, ANSWER_HEAD "hel");
  expect_request(s, &p, REQUEST);
  expect_answer(s, &p, 200, 5, false);
  owner_end_lease(&s->owner, p.f);
  message m;
  CHECK(!owner_next(&s->owner, &m, 40));
  peer_send(p.origin, "lo");
  peer_expect(p.client, "lo");
  owner_expect(&s->owner, MESSAGE_LEASED_END, &p.f);
  expect_asked(s, &p, 0);
  close_pair(&p);
}

static void not_between_exchanges(stage *s) {
  flow_ref f;
  pair p = {.client = stage_accept(s, REQUEST, &p.f)};
  f = p.f;
  owner_lease(&s->owner, f, "a.test", NULL, NULL, NULL, LONG_MS); /* no upstream yet */
  expect_asked(s, &p, 0);
  owner_forward(&s->owner, f, CLIENT, 100, false);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  p.origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  peer_expect(p.origin, REQUEST);
  owner_lease(&s->owner, f, "a.test", NULL, NULL, NULL, LONG_MS);
  expect_asked(s, &p, 0);
  owner_dial(&s->owner, f, s->origin_port, "", 2000);
  close(p.origin);
  p.origin = peer_accept(s->origin);
  owner_expect(&s->owner, MESSAGE_DIALED, &f);
  shim_set(&shim.no_memory, 1);
  owner_lease(&s->owner, f, "a.test", NULL, NULL, NULL, LONG_MS);
  expect_asked(s, &p, 0);
  close_pair(&p);
}

static void other_verbs_do_nothing(stage *s) {
  pair p = leased(s);
  exchange(s, &p);
  owner_forward(&s->owner, p.f, CLIENT, UINT64_MAX, true);
  owner_forward(&s->owner, p.f, UPSTREAM, 100, false);
  owner_inspect(&s->owner, p.f, CLIENT, 0, 10);
  owner_edit(&s->owner, p.f, CLIENT, 0, 0, "GET", 3);
  owner_until_read(&s->owner); /* behind the lease's end they would work */
  peer_send(p.client, OTHER_HOST);
  expect_asked(s, &p, 0);
  CHECK(peer_is_silent(p.origin));
  expect_held(s, &p, CLIENT, OTHER_HOST);
  close_pair(&p);
}

static void respond_and_close_work(stage *s) {
  for (int i = 0; i < 2; i++) {
    pair p = leased(s);
    exchange(s, &p);
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    expect_request(s, &p, REQUEST);
    if (i == 0) owner_respond(&s->owner, p.f, "504", 3, false);
    else owner_close(&s->owner, p.f, false);
    if (i == 0) peer_expect(p.client, "504");
    peer_expect_end(p.client);
    close_pair(&p);
    message m = owner_expect(&s->owner, MESSAGE_CLOSED, &p.f);
    CHECK(m.cause == (i == 0 ? CAUSE_RESPONDED : CAUSE_CLOSED));
  }
}

const scripted_case lease_cases[] = {
    {"exchanges pass under a lease", exchanges_pass, 0},
    {"a lease begins with what is held", begins_with_what_is_held, 1},
    {"a time field is added where there is none", time_field_is_added, 1},
    {"the second of two pipelined requests differs", second_of_two_differs, 1},
    {"pipelined requests pass one by one", pipelined_requests_pass_one_by_one, 1},
    {"another method, target or Host asks", other_method_or_target_asks, 0},
    {"the next epoch asks", next_epoch_asks, 1},
    {"an expired lease asks", expired_lease_asks, 1},
    {"an idle lease is over in time", idle_lease_is_over_in_time, 1},
    {"a lease ends behind the exchange under way", lease_ends_behind_an_exchange, 1},
    {"heads in pieces of one byte pass", heads_in_pieces, 1},
    {"a head that takes too long asks", slow_head_asks, 2},
    {"long bodies pass both ways", long_bodies_pass, 1},
    {"answers without a body pass", answers_without_a_body, 1},
    {"answers of another form ask", other_answers_ask, 0},
    {"an answer before the request's end asks", early_answer_asks, 1},
    {"bytes that nobody asked for ask", unsolicited_bytes_ask, 1},
    {"bytes behind an answer ask", bytes_behind_the_answer_ask, 1},
    {"a client that ends while it waits asks", end_of_the_client_asks, 0},
    {"an idle client that ends asks", end_of_an_idle_client_asks, 1},
    {"an upstream that ends between heads is lost", ends_of_the_upstream_are_losses, 0},
    {"an end directly behind an answer comes after its message", end_directly_behind_an_answer, 1},
    {"an answer that is cut ends the flow", cut_answers_end_the_flow, 0},
    {"the owner takes a lease back", owner_takes_it_back, 1},
    {"a lease at the wrong moment is over at once", not_between_exchanges, 1},
    {"other verbs do nothing under a lease", other_verbs_do_nothing, 1},
    {"respond and close end a lease", respond_and_close_work, 0},
    {0},
};
