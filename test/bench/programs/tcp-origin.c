/*
 * tcp-origin ADDRESS PORT SOCKS_PORT: serves orders and answers ClientHellos (agreement.h); ends with a message at the
 * first byte that is not what a client was to send. SOCKS_PORT: the same behind a SOCKS4 greeting, for redsocks, which
 * can dial nothing but a proxy: that proxy's end is the origin itself, so no second relay is measured. The greeting must
 * name ADDRESS and PORT: that is the original destination. Two threads, edge-triggered.
 */
#include "agreement.h"
#include "generator.h"
#include <pthread.h>

enum { EVENTS = 256, BACKLOG = 8192, THREADS = 2, HEAD_BYTES = HELLO_BYTES_MOST, SOCKS_BYTES = 8 };

typedef struct {
  int fd;
  uint8_t order; /* 0: none yet */
  bool greeting; /* SOCKS4 is still to come */
  bool last;
  uint64_t position, total;
  size_t left, length;
  const uint8_t *answer;
  uint8_t own[SOCKS_BYTES];
  uint8_t *head; /* while one is awaited */
} connection;

/* What epoll has for a listener: a connection never has one of these addresses. */
static struct { int fd; bool socks; } listeners[2];
static struct sockaddr_in at;
static uint8_t *pattern, small[SMALL_BYTES], first_flight[FLIGHT_BYTES + 64];
static size_t flight_length;

static void answer(connection *c, const uint8_t *bytes, size_t length, bool last) {
  c->answer = bytes;
  c->left = length;
  c->last = last;
}

/* What has come so far says what is wanted; false: nobody would send this. */
static bool begin(connection *c) {
  const uint8_t *head = c->head;
  if (c->greeting) {
    if (c->length < 9 || head[c->length - 1] != 0) return c->length < 512; /* the user's name ends it */
    if (memcmp(head, "\4\1", 2) != 0 || memcmp(head + 2, &at.sin_port, 2) != 0) fail("a greeting for another port");
    if (memcmp(head + 4, &at.sin_addr, 4) != 0) fail("a greeting for another address");
    memcpy(c->own, "\0\132\0\0\0\0\0\0", SOCKS_BYTES);
    answer(c, c->own, SOCKS_BYTES, false);
    c->greeting = false;
    c->length = 0;
    return true;
  }
  if (head[0] == HELLO_FIRST_BYTE) {
    size_t whole = c->length < 5 ? 5 : 5u + (size_t)(head[3] << 8 | head[4]);
    if (c->length >= whole) answer(c, first_flight, flight_length, true);
    return true;
  }
  if (c->length < ORDER_BYTES) return true;
  c->total = order_length(head);
  switch (head[0]) {
  case ORDER_ONCE: answer(c, small, SMALL_BYTES, true); break;
  case ORDER_KEEP: answer(c, small, SMALL_BYTES, false); break;
  case ORDER_UP:
  case ORDER_DOWN: c->order = head[0]; break;
  case ORDER_WHO: {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    getpeername(c->fd, (struct sockaddr *)&peer, &length);
    memcpy(c->own, &peer.sin_addr, 4);
    answer(c, c->own, 4, true);
    break;
  }
  default: return false;
  }
  /* What came with the order belongs to the stream. */
  if (c->order == ORDER_UP && memcmp(head + ORDER_BYTES, pattern, c->length - ORDER_BYTES) != 0) fail("a wrong byte");
  c->position = c->length - ORDER_BYTES;
  c->length = 0;
  return true;
}

static ssize_t take_up(connection *c) {
  static __thread uint8_t bytes[CHUNK_BYTES];
  ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
  if (n == 0) {
    if (c->position != c->total) fail("a stream that ended early");
    c->order = 0;
    memcpy(c->own, &c->total, 8);
    answer(c, c->own, 8, true);
  } else if (n > 0) {
    errno = 0;
    if (memcmp(bytes, pattern + c->position % PERIOD_BYTES, (size_t)n) != 0) fail("a wrong byte");
    c->position += (uint64_t)n;
  }
  return n;
}

/* False once the connection is over. */
static bool serve(connection *c) {
  for (;;) {
    if (c->left) {
      ssize_t n = send(c->fd, c->answer, c->left, MSG_NOSIGNAL | (c->last ? MSG_MORE : 0));
      if (n == -1) return errno == EAGAIN;
      c->answer += n;
      c->left -= (size_t)n;
    } else if (c->last) {
      return false;
    } else if (c->order == ORDER_DOWN) {
      if (c->position == c->total) return false;
      ssize_t n = send_piece(c->fd, pattern, c->position, c->total);
      if (n == -1) return errno == EAGAIN;
      c->position += (uint64_t)n;
    } else if (c->order == ORDER_UP) {
      if (take_up(c) == -1) return errno == EAGAIN;
    } else {
      if (!c->head) c->head = malloc(HEAD_BYTES);
      if (c->length == HEAD_BYTES) return false;
      ssize_t n = recv(c->fd, c->head + c->length, HEAD_BYTES - c->length, 0);
      if (n <= 0) {
        bool wait = n == -1 && errno == EAGAIN;
        if (wait && c->length == 0) {
          free(c->head); /* an idle connection is small here */
          c->head = NULL;
        }
        return wait;
      }
      c->length += (size_t)n;
      if (!begin(c)) return false;
    }
  }
}

static void accept_all(int epoll, int listening, bool socks) {
  for (;;) {
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1 && errno == EAGAIN) return;
    if (fd == -1) fail("accept");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection *c = calloc(1, sizeof *c);
    if (!c) fail("calloc");
    c->fd = fd;
    c->greeting = socks;
    watch(epoll, fd, c);
  }
}

static int listen_on(struct sockaddr_in address) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1) fail("bind");
  if (listen(fd, BACKLOG) == -1) fail("listen");
  return fd;
}

static void *work(void *unused) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < 2; i++) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &listeners[i]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listeners[i].fd, &event) == -1) fail("epoll_ctl");
  }
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].data.ptr == &listeners[0]) accept_all(epoll, listeners[0].fd, false);
      else if (events[i].data.ptr == &listeners[1]) accept_all(epoll, listeners[1].fd, true);
      else if (!serve(c)) {
        close(c->fd);
        free(c->head);
        free(c);
      }
    }
  }
  return unused;
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  all_descriptors();
  at = address_of(argv[1], argv[2]);
  pattern = make_stream();
  fill_body(small, SMALL_BYTES);
  flight_length = flight(first_flight);
  listeners[0].fd = listen_on(at);
  listeners[1].fd = listen_on(address_of(argv[1], argv[3]));
  puts("listening");
  fflush(stdout);
  pthread_t other;
  for (int i = 1; i < THREADS; i++) pthread_create(&other, NULL, work, NULL);
  work(NULL);
}
