#include "leased-pair.h"
#include "check.h"
#include "peers.h"
#include <string.h>
#include <unistd.h>

pair connected(stage *s) {
  pair p;
  p.client = stage_accept(s, "", &p.f);
  owner_dial(&s->owner, p.f, s->origin_port, "", 2000);
  p.origin = peer_accept(s->origin);
  CHECK(owner_expect(&s->owner, MESSAGE_DIALED, &p.f).value == 0);
  return p;
}

pair leased(stage *s) {
  pair p = connected(s);
  owner_lease(&s->owner, p.f, "a.test", NULL, NULL, NULL, LONG_MS);
  return p;
}

void close_pair(const pair *p) {
  close(p->client);
  close(p->origin);
}

void expect_request_with(stage *s, const pair *p, const char *head, uint64_t body_bytes) {
  message m = owner_expect(&s->owner, MESSAGE_LEASED_REQUEST, &p->f);
  CHECK(m.body_bytes == body_bytes);
  CHECK(m.payload == strlen(head) && memcmp(m.bytes, head, m.payload) == 0 && m.at > 0);
  free(m.bytes);
}

void expect_request(stage *s, const pair *p, const char *head) { expect_request_with(s, p, head, 0); }

message expect_answer(stage *s, const pair *p, int32_t status, uint64_t body_bytes, bool whole) {
  message m = owner_expect(&s->owner, MESSAGE_LEASED_ANSWER, &p->f);
  CHECK(m.value == status && m.body_bytes == body_bytes && m.payload == 0);
  CHECK(m.at_sent && m.at_sent <= m.at_first_byte && (m.at_end != 0) == whole);
  CHECK(!whole || m.at_end >= m.at_first_byte);
  return m;
}

void expect_asked(stage *s, const pair *p, uint16_t flags) {
  message m = owner_expect(&s->owner, MESSAGE_ASKED, &p->f);
  if (m.flags != flags) fprintf(stderr, "%s: asked, flags %d\n", current_case, m.flags);
  CHECK(m.flags == flags);
}

void expect_held(stage *s, const pair *p, enum side side, const char *text) {
  owner_inspect(&s->owner, p->f, side, (uint32_t)strlen(text) - 1, 3000);
  message m = owner_expect(&s->owner, MESSAGE_HELD, &p->f);
  CHECK(m.side == side && m.payload == strlen(text) && memcmp(m.bytes, text, m.payload) == 0);
  free(m.bytes);
}

void exchange(stage *s, const pair *p) {
  peer_send(p->client, REQUEST);
  peer_expect(p->origin, REQUEST);
  peer_send(p->origin, ANSWER);
  peer_expect(p->client, ANSWER);
  expect_request(s, p, REQUEST);
  expect_answer(s, p, 200, 5, true);
}
