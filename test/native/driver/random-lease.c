#include "random-lease.h"
#include "check.h"
#include "owner.h"
#include "peers.h"
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS = 8, STREAM_BYTES = 512 * 1024, CHUNKS = 4 };
static const uint32_t NO_ODD = UINT32_MAX;

/* Bytes of one direction, as they were made and as they went. */
typedef struct {
  uint8_t bytes[STREAM_BYTES];
  uint32_t length; /* made */
  uint32_t sent;   /* by the end that made them */
  uint32_t seen;   /* by the other end */
  bool in_field;   /* the other end is reading the time field */
} stream;

typedef struct {
  uint32_t state; /* of the random numbers */
  owner owner;
  uint16_t port, origin_port;
  int listening;
  flow_ref flow;
  int client, origin; /* -1: closed */
  stream up, down;
  uint32_t request_ends[REQUESTS]; /* in `up` */
  uint32_t answer_ends[REQUESTS];  /* in `down` */
  uint32_t answer_bodies[REQUESTS];
  bool answer_chunked[REQUESTS];
  uint32_t answer_odd[REQUESTS];   /* bytes of the body ahead of the framing that ends the lease, or NO_ODD */
  uint32_t requests;               /* within the terms, from the first on; the next one is beyond them */
  uint32_t answered;
  uint32_t told_requests, told_answers, told_ends;
  bool awaits_end; /* of the answer told last */
  bool over;       /* asked, lost or closed was told */
  bool lost;
  bool closed;
  bool with_time;
  uint64_t exchanges;
} talk;

static uint32_t below(talk *w, uint32_t n) {
  w->state ^= w->state << 13;
  w->state ^= w->state >> 17;
  w->state ^= w->state << 5;
  return w->state % n;
}

static void put(stream *s, const char *text, uint32_t body_bytes) {
  size_t n = strlen(text);
  CHECK(s->length + n + body_bytes <= STREAM_BYTES);
  memcpy(s->bytes + s->length, text, n);
  memset(s->bytes + s->length + n, 'b', body_bytes);
  s->length += (uint32_t)n + body_bytes;
}

static uint32_t body_size(talk *w) { return below(w, 3) ? below(w, 50) : below(w, 30000); }

static void make_requests(talk *w) {
  char head[256];
  w->requests = below(w, REQUESTS + 1);
  for (uint32_t i = 0; i < w->requests; i++) {
    uint32_t body = below(w, 2) ? body_size(w) : 0;
    const char *method = body ? "PUT" : below(w, 4) ? "GET" : "HEAD";
    snprintf(head, sizeof head, "%s /%u HTTP/1.1\r\nhost: a.test\r\nContent-Length: %u\r\n\r\n", method, i, body);
    put(&w->up, head, body);
    w->request_ends[i] = w->up.length;
  }
  const char *beyond[] = {"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n",
                          "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                          "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/1.1\r\nHost: a.test\r\n"};
  put(&w->up, beyond[below(w, 6)], 0);
}

/* Gives what was sent now; never blocks. */
static uint32_t send_some(int fd, stream *s, uint32_t most) {
  uint32_t left = s->length - s->sent;
  ssize_t n = send(fd, s->bytes + s->sent, left < most ? left : most, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) s->sent += (uint32_t)n;
  return n > 0 ? (uint32_t)n : 0;
}

static bool asked_by_head(const talk *w, uint32_t request) {
  return memcmp(w->up.bytes + (request ? w->request_ends[request - 1] : 0), "HEAD", 4) == 0;
}

/* Some chunks, of data that could be framing, now and then one of a form that ends the lease. Gives their length. */
static uint32_t put_chunks(talk *w) {
  put(&w->down, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0);
  uint32_t body_at = w->down.length, chunks = below(w, CHUNKS + 1), odd = below(w, 30);
  for (uint32_t i = 0; i <= chunks; i++) {
    bool is_last = i == chunks, is_odd = i == odd;
    uint32_t size = is_last ? 0 : 1 + body_size(w) / 2;
    char line[64];
    if (is_odd) w->answer_odd[w->answered] = w->down.length - body_at;
    snprintf(line, sizeof line, "%X%s\r\n", size, is_odd && !is_last ? ";a" : "");
    put(&w->down, line, size);
    put(&w->down, is_odd && is_last ? "A: b\r\n\r\n" : "\r\n", 0);
  }
  return w->down.length - body_at;
}

/* To the next request; now and then in a form that ends the lease. Gives the length of its body. */
static uint32_t put_answer(talk *w) {
  char head[256];
  if (below(w, 8) == 0) {
    put(&w->down, "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", 0);
    return 0;
  }
  bool bodiless = asked_by_head(w, w->answered);
  w->answer_chunked[w->answered] = !bodiless && below(w, 2);
  if (w->answer_chunked[w->answered]) return put_chunks(w);
  if (below(w, 20) == 0) {
    put(&w->down, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0);
    return 0;
  }
  uint32_t length = body_size(w), body = bodiless ? 0 : length;
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %u\r\n\r\n", length);
  put(&w->down, head, body);
  return body;
}

static void make_answer(talk *w) {
  if (w->answered == w->requests || w->up.seen < w->request_ends[w->answered]) return;
  w->answer_odd[w->answered] = NO_ODD;
  w->answer_chunked[w->answered] = false;
  w->answer_bodies[w->answered] = put_answer(w);
  w->answer_ends[w->answered++] = w->down.length;
}

/* What arrives is what was made, in order; the time field alone is not the origin's. No line of its heads begins so. */
static void check_arrived(stream *s, const uint8_t *bytes, ssize_t n, bool with_time) {
  for (ssize_t i = 0; i < n; i++) {
    bool begins = with_time && bytes[i] == 'x' && s->seen && s->bytes[s->seen - 1] == '\n';
    if (s->in_field || begins) {
      s->in_field = bytes[i] != '\n';
      continue;
    }
    CHECK(s->seen < s->sent && bytes[i] == s->bytes[s->seen]);
    s->seen++;
  }
}

static bool receive_some(talk *w, int *fd, stream *s, bool with_time) {
  static uint8_t block[64 * 1024];
  if (*fd == -1) return false;
  ssize_t n = recv(*fd, block, sizeof block, MSG_DONTWAIT);
  if (n <= 0) return false;
  check_arrived(s, block, n, with_time);
  CHECK(w->up.seen <= (w->requests ? w->request_ends[w->requests - 1] : 0));
  return true;
}

/* The answer told last. */
static uint32_t last_told(const talk *w) { return w->told_answers - 1; }

static void on_leased_answer(talk *w, const message *m) {
  CHECK(++w->told_answers == w->told_requests && m->at_sent <= m->at_first_byte);
  uint32_t i = last_told(w), body = w->answer_bodies[i];
  w->awaits_end = m->at_end == 0;
  w->told_ends += !w->awaits_end;
  CHECK(w->with_time || m->body_at + body == w->answer_ends[i]);
  if (w->awaits_end && w->answer_chunked[i]) CHECK(m->body_bytes <= body && m->body_bytes <= w->answer_odd[i]);
  else CHECK(m->body_bytes == body && w->answer_odd[i] == NO_ODD);
}

static void on_asked(talk *w, const message *m) {
  bool in_body = m->flags & FLAG_IN_BODY;
  CHECK((w->told_requests > w->told_answers) == ((m->flags & FLAG_IN_ANSWER) != 0) && in_body == w->awaits_end);
  if (in_body && w->client == -1) CHECK(m->body_bytes <= w->answer_odd[last_told(w)]);
  else if (in_body) CHECK(m->flags == FLAG_IN_BODY && m->body_bytes == w->answer_odd[last_told(w)]);
  w->over = true;
}

static void on_message(talk *w, const message *m) {
  /* The upstream may be lost before the owner has done anything about what it was asked. */
  CHECK(!w->over || m->kind == MESSAGE_CLOSED || (m->kind == MESSAGE_LOST && !w->lost));
  switch (m->kind) {
    case MESSAGE_LEASED_REQUEST: {
      uint32_t at = w->told_requests ? w->request_ends[w->told_requests - 1] : 0;
      CHECK(w->told_requests < w->requests && w->told_answers == w->told_requests && !w->awaits_end);
      CHECK(m->passed == at && memcmp(m->bytes, w->up.bytes + at, m->payload) == 0);
      CHECK(at + m->payload + m->body_bytes == w->request_ends[w->told_requests]);
      w->told_requests++;
      return;
    }
    case MESSAGE_LEASED_ANSWER:
      on_leased_answer(w, m);
      return;
    case MESSAGE_LEASED_END:
      CHECK(w->awaits_end && m->body_bytes == w->answer_bodies[last_told(w)]);
      w->awaits_end = false;
      w->told_ends++;
      return;
    case MESSAGE_ASKED:
      on_asked(w, m);
      return;
    case MESSAGE_LOST:
    case MESSAGE_CLOSED:
      CHECK(m->kind == MESSAGE_CLOSED || w->over || !w->awaits_end);
      w->lost = m->kind == MESSAGE_LOST;
      w->closed = m->kind == MESSAGE_CLOSED;
      w->over = true;
      return;
    default:
      CHECK(!"a message that no lease sends");
  }
}

static void close_one(talk *w, int *fd) {
  if (*fd == -1) return;
  if (below(w, 2)) close(*fd);
  else peer_reset(*fd);
  *fd = -1;
}

static void act(talk *w) {
  switch (below(w, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      if (w->client != -1) send_some(w->client, &w->up, below(w, 3) ? 1 + below(w, 60) : 20000);
      return;
    case 4:
    case 5:
      make_answer(w);
      return;
    case 6:
    case 7:
    case 8:
      if (w->origin != -1) send_some(w->origin, &w->down, below(w, 3) ? 1 + below(w, 60) : 20000);
      return;
    case 9:
      if (below(w, 60) == 0) owner_end_lease(&w->owner, w->flow);
      if (below(w, 60) == 0) owner_next_epoch(&w->owner);
      return;
    case 10:
      if (below(w, 80) == 0) close_one(w, below(w, 2) ? &w->client : &w->origin);
      return;
    default:
      if (below(w, 40) == 0) shim_set(&shim.short_writes, below(w, 2) ? 100 : 0);
  }
}

static void read_messages(talk *w, int wait_ms) {
  message m;
  while (owner_next(&w->owner, &m, wait_ms)) {
    wait_ms = 0;
    on_message(w, &m);
    free(m.bytes);
  }
}

static void begin(talk *w) {
  w->up = w->down = (stream){0};
  w->answered = w->told_requests = w->told_answers = w->told_ends = 0;
  w->awaits_end = w->over = w->lost = w->closed = false;
  w->with_time = below(w, 2);
  make_requests(w);
  w->client = peer_connect(w->port);
  message m = owner_expect(&w->owner, MESSAGE_ACCEPTED, NULL);
  w->flow = m.flow;
  owner_dial(&w->owner, w->flow, w->origin_port, "", 1000);
  w->origin = peer_accept(w->listening);
  owner_expect(&w->owner, MESSAGE_DIALED, &w->flow);
  owner_lease(&w->owner, w->flow, "a.test", NULL, NULL, w->with_time ? "x-time" : NULL, 60000);
}

/* How much of the upstream may have passed at most: of an answer that is not told of as ended, what is in form. */
static uint32_t answers_may_reach(const talk *w) {
  if (!w->told_answers) return 0;
  uint32_t i = last_told(w), odd = w->answer_odd[i];
  return w->awaits_end && odd != NO_ODD ? w->answer_ends[i] - w->answer_bodies[i] + odd : w->answer_ends[i];
}

static void finish(talk *w) {
  owner_close(&w->owner, w->flow, true);
  while (!w->closed) {
    message m;
    CHECK(owner_next(&w->owner, &m, 3000));
    on_message(w, &m);
    free(m.bytes);
  }
  while (receive_some(w, &w->origin, &w->up, false) || receive_some(w, &w->client, &w->down, w->with_time)) continue;
  CHECK(w->up.seen <= (w->told_requests ? w->request_ends[w->told_requests - 1] : 0));
  CHECK(w->down.seen <= answers_may_reach(w));
  w->exchanges += w->told_ends;
  if (w->client != -1) close(w->client);
  if (w->origin != -1) close(w->origin);
}

static void converse(talk *w) {
  begin(w);
  for (int i = 0; i < 4000 && !w->over; i++) {
    act(w);
    receive_some(w, &w->origin, &w->up, false);
    receive_some(w, &w->client, &w->down, w->with_time);
    read_messages(w, i % 16 == 0);
  }
  finish(w);
}

void random_leases(uint32_t seed, uint32_t conversations) {
  static talk w;
  current_case = "random leases";
  int descriptors = open_descriptors();
  uint32_t listener;
  w.state = seed * 2654435761u | 1;
  owner_start(&w.owner, 1, OWNER_MAX_FLOWS);
  w.port = owner_listen(&w.owner, false, &listener);
  w.listening = peer_listen(&w.origin_port);
  for (uint32_t i = 0; i < conversations; i++) converse(&w);
  memset(&shim, 0, sizeof shim);
  owner_stop(&w.owner, 0);
  close(w.listening);
  CHECK(open_descriptors() == descriptors);
  printf("seed %u: %u conversations, %llu exchanges\n", seed, conversations, (unsigned long long)w.exchanges);
}
