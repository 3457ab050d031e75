/*
 * origin ADDRESS PORT BODY_BYTES: answers each HTTP/1 head with the same 200. One thread, edge-triggered, so that it
 * is the least part of what is measured. Requests have no bodies. `Connection: close` in a head is honoured.
 */
#include "answer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, HEAD_BYTES = 4096, BACKLOG = 8192 };

typedef struct {
  int fd;
  size_t length;        /* of what has come and is not yet answered */
  size_t left;          /* of the answer that is on its way */
  const uint8_t *answer;
  bool last;
  char head[HEAD_BYTES];
} connection;

typedef struct {
  uint8_t *bytes;
  size_t length;
} answer;

static answer keep, final;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static answer make_answer(size_t body, const char *connection) {
  answer a = {.bytes = malloc(512 + body)};
  if (!a.bytes) die("malloc");
  int head = snprintf((char *)a.bytes, 512,
                      "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n",
                      body, connection);
  fill_body(a.bytes + head, body);
  a.length = (size_t)head + body;
  return a;
}

/* False once the connection is over. */
static bool serve(connection *c) {
  for (;;) {
    while (c->left) {
      ssize_t n = send(c->fd, c->answer, c->left, MSG_NOSIGNAL | (c->last ? MSG_MORE : 0));
      if (n == -1) return errno == EAGAIN;
      c->answer += n;
      c->left -= (size_t)n;
    }
    if (c->last) return false;
    char *end = memmem(c->head, c->length, "\r\n\r\n", 4);
    if (!end) {
      if (c->length == HEAD_BYTES) return false;
      ssize_t n = recv(c->fd, c->head + c->length, HEAD_BYTES - c->length, 0);
      if (n <= 0) return n == -1 && errno == EAGAIN;
      c->length += (size_t)n;
      continue;
    }
    size_t taken = (size_t)(end + 4 - c->head);
    c->last = memmem(c->head, taken, "\r\nConnection: close\r\n", 21) != NULL;
    const answer *a = c->last ? &final : &keep;
    c->answer = a->bytes;
    c->left = a->length;
    c->length -= taken;
    memmove(c->head, end + 4, c->length);
  }
}

static void accept_all(int listening, int epoll) {
  for (;;) {
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
      if (errno == EAGAIN) return;
      die("accept");
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection *c = calloc(1, sizeof *c);
    if (!c) die("calloc");
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1) die("epoll_ctl");
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  size_t body = strtoul(argv[3], NULL, 10);
  if (body > BODY_BYTES_MOST) return 64;
  keep = make_answer(body, "keep-alive");
  final = make_answer(body, "close");
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) return 64;
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listening, (struct sockaddr *)&at, sizeof at) == -1) die("bind");
  if (listen(listening, BACKLOG) == -1) die("listen");
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event) == -1) die("epoll_ctl");
  puts("listening");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      connection *c = events[i].data.ptr;
      if (!c) accept_all(listening, epoll);
      else if (!serve(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
