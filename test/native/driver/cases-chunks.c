/* Cases of chunked answers under a lease: what of them passes by itself, and where the owner has to go on. */
#include "cases.h"
#include "check.h"
#include "leased-pair.h"
#include "peers.h"
#include <string.h>
#include <unistd.h>

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKS "5\r\nhello\r\n003\r\nyou\r\n0\r\n\r\n"

enum { CHUNK = 300 * 1000 };

static pair asked_for(stage *s) {
  pair p = leased(s);
  peer_send(p.client, REQUEST);
  peer_expect(p.origin, REQUEST);
  expect_request(s, &p, REQUEST);
  return p;
}

/* A request was answered so far, which has reached the client and is not all. */
static pair answered(stage *s, const char *chunks) {
  pair p = asked_for(s);
  peer_send(p.origin, CHUNKED_HEAD);
  peer_expect(p.client, CHUNKED_HEAD);
  expect_answer(s, &p, 200, 0, false);
  if (*chunks) peer_send(p.origin, chunks);
  if (*chunks) peer_expect(p.client, chunks);
  return p;
}

static void expect_end(stage *s, const pair *p, uint64_t body_bytes) {
  message m = owner_expect(&s->owner, MESSAGE_LEASED_END, &p->f);
  CHECK(m.at > 0 && m.body_bytes == body_bytes);
}

static void held_whole(stage *s) {
  pair p = leased(s);
  for (int i = 0; i < 3; i++) {
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    peer_send(p.origin, CHUNKED_HEAD CHUNKS);
    peer_expect(p.client, CHUNKED_HEAD CHUNKS);
    expect_request(s, &p, REQUEST);
    expect_answer(s, &p, 200, strlen(CHUNKS), true);
    exchange(s, &p);
  }
  close_pair(&p);
}

static void time_field_is_added(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, "x-time", LONG_MS);
  uint64_t before = 0;
  for (int whole = 0; whole < 2; whole++) {
    peer_send(p.client, REQUEST);
    peer_expect(p.origin, REQUEST);
    peer_send(p.origin, whole ? CHUNKED_HEAD CHUNKS : CHUNKED_HEAD "5\r\nhel");
    expect_request(s, &p, REQUEST);
    message m = expect_answer(s, &p, 200, whole ? strlen(CHUNKS) : 8, whole);
    char head[128];
    unsigned ms = (unsigned)((m.at_first_byte - m.at_sent) / 1000);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nx-time: %u\r\nTransfer-Encoding: chunked\r\n\r\n", ms);
    peer_expect(p.client, head);
    CHECK(m.body_at == before + strlen(head));
    before = m.body_at + strlen(CHUNKS);
    if (!whole) peer_send(p.origin, CHUNKS + strlen("5\r\nhel"));
    peer_expect(p.client, CHUNKS);
    if (!whole) expect_end(s, &p, strlen(CHUNKS));
  }
  close_pair(&p);
}

static void byte_by_byte(stage *s) {
  pair p = answered(s, "");
  for (const char *c = CHUNKS; *c; c++) {
    peer_send_bytes(p.origin, (const uint8_t *)c, 1);
    peer_until_delivered(p.origin);
  }
  peer_expect(p.client, CHUNKS);
  expect_end(s, &p, strlen(CHUNKS));
  exchange(s, &p);
  close_pair(&p);
}

static void framing_waits_until_it_is_whole(stage *s) {
  const char *pieces[][2] = {{"5", "\r\n"}, {"hello\r", "\n"}, {"0", "\r\n\r\n"}};
  pair p = answered(s, "");
  for (int i = 0; i < 3; i++) {
    peer_send(p.origin, pieces[i][0]);
    peer_until_delivered(p.origin);
    if (i == 1) peer_expect(p.client, "hello");
    CHECK(peer_is_silent(p.client));
    peer_send(p.origin, pieces[i][1]);
    peer_expect(p.client, i == 0 ? "5\r\n" : i == 1 ? "\r\n" : "0\r\n\r\n");
  }
  expect_end(s, &p, strlen("5\r\nhello\r\n0\r\n\r\n"));
  close_pair(&p);
}

static void long_chunks_pass(stage *s) {
  pair p = answered(s, "");
  for (int i = 0; i < 4; i++) {
    peer_send(p.origin, i ? "\r\n493e0\r\n" : "493e0\r\n");
    peer_expect(p.client, i ? "\r\n493e0\r\n" : "493e0\r\n");
    stage_transfer(s, p.origin, p.client, CHUNK, false);
  }
  peer_send(p.origin, "\r\n0\r\n\r\n");
  peer_expect(p.client, "\r\n0\r\n\r\n");
  expect_end(s, &p, 4ull * (CHUNK + 9) + 5);
  exchange(s, &p);
  close_pair(&p);
}

static void nothing_behind_passes(stage *s) {
  for (int piece = 0; piece < 3; piece++) {
    pair p = piece ? answered(s, "5\r\nhello\r\n") : asked_for(s);
    peer_send(p.origin, piece == 0 ? CHUNKED_HEAD CHUNKS "0\r\n\r\n" : piece == 1 ? "0\r\n\r\n0\r\n\r\n" : "0\r\n\r\n");
    peer_expect(p.client, piece == 0 ? CHUNKED_HEAD CHUNKS : "0\r\n\r\n");
    if (piece) expect_end(s, &p, strlen("5\r\nhello\r\n0\r\n\r\n"));
    else expect_answer(s, &p, 200, strlen(CHUNKS), true);
    if (piece == 2) peer_send(p.origin, "0\r\n\r\n");
    peer_until_delivered(p.origin);
    CHECK(peer_is_silent(p.client));
    peer_send(p.client, REQUEST);
    expect_asked(s, &p, 0);
    expect_held(s, &p, UPSTREAM, "0\r\n\r\n");
    CHECK(peer_is_silent(p.client) && peer_is_silent(p.origin));
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void odd_framing_asks(stage *s) {
  const struct {
    const char *passes, *odd;
    uint16_t flags;
  } cases[] = {
      {"", "5;a=b\r\nhello\r\n0\r\n\r\n", FLAG_IN_BODY},
      {"5\r\nhello\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", FLAG_IN_BODY},
      {"5\r\nhello\r\n", "0\r\nX-Sum: 1\r\n\r\n", FLAG_IN_BODY},
      {"5\r\nhello\r\n", "x", FLAG_IN_BODY},
      {"5\r\nhello", "!", FLAG_IN_BODY | FLAG_BEHIND_DATA},
      {"5\r\nhello", "\n0\r\n\r\n", FLAG_IN_BODY | FLAG_BEHIND_DATA},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int apart = 0; apart < 2; apart++) {
      pair p = answered(s, apart ? cases[i].passes : "");
      char both[128];
      snprintf(both, sizeof both, "%s%s", apart ? "" : cases[i].passes, cases[i].odd);
      peer_send(p.origin, both);
      if (!apart && *cases[i].passes) peer_expect(p.client, cases[i].passes);
      message m = owner_expect(&s->owner, MESSAGE_ASKED, &p.f);
      CHECK(m.flags == cases[i].flags && m.body_bytes == strlen(cases[i].passes));
      CHECK(peer_is_silent(p.client));
      expect_held(s, &p, UPSTREAM, cases[i].odd);
      owner_forward(&s->owner, p.f, UPSTREAM, strlen(cases[i].odd), true); /* the owner's again */
      peer_expect(p.client, cases[i].odd);
      owner_close(&s->owner, p.f, true);
      stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
      close_pair(&p);
    }
  }
}

static void odd_framing_behind_the_head_asks_with_the_head(stage *s) {
  const char *others[] = {CHUNKED_HEAD "5;a=b\r\nhello\r\n0\r\n\r\n", CHUNKED_HEAD "1\r\nx\r\n0\r\nX: y\r\n\r\n",
                          CHUNKED_HEAD "5\r\nhello!"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    pair p = asked_for(s);
    peer_send(p.origin, others[i]);
    expect_asked(s, &p, FLAG_IN_ANSWER | FLAG_REQUEST_SENT);
    CHECK(peer_is_silent(p.client));
    expect_held(s, &p, UPSTREAM, others[i]);
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void cut_answers_end_the_flow(stage *s) {
  const char *sent[] = {"", "5\r\nhe", "5\r\nhello", "5\r\nhello\r\n"}, *last[] = {"5\r", "", "\r", "0\r\n"};
  for (size_t i = 0; i < 8; i++) {
    const char *so_far = sent[i / 2], *rest = i & 1 ? last[i / 2] : "";
    pair p = answered(s, so_far);
    if (*rest) peer_send(p.origin, rest);
    close(p.origin);
    if (*rest) peer_expect(p.client, rest);
    peer_expect_end(p.client);
    close(p.client);
    message m = stage_closed(s, p.f, CAUSE_CLOSED, END_FIN, END_FIN);
    CHECK(m.to_client == strlen(CHUNKED_HEAD) + strlen(so_far) + strlen(rest));
  }
}

static void reset_is_passed_on(stage *s) {
  const char *sent[] = {"", "5\r\nhe", "5\r\nhello", "5\r\nhello\r\n"};
  for (size_t i = 0; i < 4; i++) {
    pair p = answered(s, sent[i]);
    peer_reset(p.origin);
    peer_expect_reset(p.client);
    close(p.client);
    stage_closed(s, p.f, CAUSE_RESET, END_CLOSED_BY_US, END_RESET);
  }
}

static void end_directly_behind_the_last_chunk(stage *s) {
  for (int apart = 0; apart < 2; apart++) {
    pair p = answered(s, apart ? "5\r\nhello\r\n" : "");
    peer_send(p.origin, apart ? "0\r\n\r\n" : "5\r\nhello\r\n0\r\n\r\n");
    close(p.origin);
    peer_expect(p.client, apart ? "0\r\n\r\n" : "5\r\nhello\r\n0\r\n\r\n");
    expect_end(s, &p, strlen("5\r\nhello\r\n0\r\n\r\n"));
    message m = owner_expect(&s->owner, MESSAGE_LOST, &p.f);
    CHECK(m.flags == 0);
    CHECK(peer_is_silent(p.client));
    owner_close(&s->owner, p.f, false);
    peer_expect_end(p.client);
    close(p.client);
    m = owner_expect(&s->owner, MESSAGE_CLOSED, &p.f);
    CHECK(m.cause == CAUSE_CLOSED);
  }
}

static void owner_takes_it_back(stage *s) {
  const char *sent[] = {"", "5\r\nhe", "5\r\nhello", "5\r\nhello\r\n"};
  for (size_t i = 0; i < 4; i++) {
    pair p = answered(s, sent[i]);
    owner_end_lease(&s->owner, p.f);
    owner_until_read(&s->owner);
    message m;
    CHECK(!owner_next(&s->owner, &m, 20));
    peer_send(p.origin, &"5\r\nhello\r\n0\r\n\r\n"[strlen(sent[i])]);
    peer_expect(p.client, &"5\r\nhello\r\n0\r\n\r\n"[strlen(sent[i])]);
    expect_end(s, &p, strlen("5\r\nhello\r\n0\r\n\r\n"));
    expect_asked(s, &p, 0);
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_CLOSED_BY_US, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void client_that_leaves_asks(stage *s) {
  const char *sent[] = {"", "5\r\nhello", "5\r\nhello\r\n"};
  for (size_t i = 0; i < 3; i++) {
    pair p = answered(s, sent[i]);
    peer_end(p.client);
    message m = owner_expect(&s->owner, MESSAGE_ASKED, &p.f);
    CHECK(m.flags == (i == 1 ? FLAG_IN_BODY | FLAG_BEHIND_DATA : FLAG_IN_BODY) && m.body_bytes == strlen(sent[i]));
    CHECK(peer_is_silent(p.origin));
    owner_forward(&s->owner, p.f, CLIENT, UINT64_MAX, true);
    peer_expect_end(p.origin);
    owner_close(&s->owner, p.f, true);
    stage_closed(s, p.f, CAUSE_CLOSED, END_FIN, END_CLOSED_BY_US);
    close_pair(&p);
  }
}

static void close_and_respond_pass_no_more(stage *s) {
  for (int respond = 0; respond < 2; respond++) {
    pair p = answered(s, "5\r\nhello");
    peer_send(p.origin, "\r");
    peer_until_delivered(p.origin);
    if (respond) owner_respond(&s->owner, p.f, "", 0, false);
    else owner_close(&s->owner, p.f, false);
    peer_expect_end(p.client);
    close_pair(&p);
    message m = owner_expect(&s->owner, MESSAGE_CLOSED, &p.f);
    CHECK(m.cause == (respond ? CAUSE_RESPONDED : CAUSE_CLOSED));
  }
}

const scripted_case chunk_cases[] = {
    {"chunked answers that are held whole pass", held_whole, 1},
    {"a time field is added to chunked answers", time_field_is_added, 1},
    {"chunks in pieces of one byte pass", byte_by_byte, 1},
    {"framing of chunks waits until it is whole", framing_waits_until_it_is_whole, 1},
    {"long chunks pass", long_chunks_pass, 1},
    {"nothing behind the last chunk passes", nothing_behind_passes, 0},
    {"odd framing of chunks asks at its place", odd_framing_asks, 0},
    {"odd framing that is held with the head asks there", odd_framing_behind_the_head_asks_with_the_head, 0},
    {"a chunked answer that is cut ends the flow", cut_answers_end_the_flow, 0},
    {"a reset between chunks is passed on", reset_is_passed_on, 0},
    {"an end directly behind the last chunk is a loss", end_directly_behind_the_last_chunk, 0},
    {"the owner takes a lease back between chunks", owner_takes_it_back, 0},
    {"a client that ends between chunks asks", client_that_leaves_asks, 0},
    {"close and respond between chunks let pass no more", close_and_respond_pass_no_more, 0},
    {0},
};
