/*
 * stream ADDRESS PORT up|down STREAMS PROCESSES BYTES
 *
 * Each stream carries BYTES and its end in one direction. All of it is compared byte by byte where it arrives: by the
 * origin (which ends at the first wrong byte, and tells how many came), or here. Rate: Gbit/s of all streams together,
 * from before the first connect to the last end; done: GiB.
 */
#include "agreement.h"
#include "generator.h"

enum { EVENTS = 64 };

typedef struct {
  int fd;
  bool asked, over;
  uint64_t position;
  size_t acknowledged;
  uint8_t acknowledgement[8];
} stream;

static struct {
  struct sockaddr_in to;
  bool up;
  uint32_t processes;
  uint64_t bytes;
} plan;

static uint8_t *pattern;

static void ask(stream *s) {
  uint8_t order[ORDER_BYTES];
  make_order(order, plan.up ? ORDER_UP : ORDER_DOWN, plan.bytes);
  if (send(s->fd, order, ORDER_BYTES, MSG_NOSIGNAL) != ORDER_BYTES) fail("send");
  s->asked = true;
}

static void send_on(stream *s) {
  while (s->position < plan.bytes) {
    ssize_t n = send_piece(s->fd, pattern, s->position, plan.bytes);
    if (n == -1 && errno == EAGAIN) return;
    if (n == -1) fail("send");
    s->position += (uint64_t)n;
    if (s->position == plan.bytes && shutdown(s->fd, SHUT_WR) == -1) fail("shutdown");
  }
}

static void take(stream *s, const uint8_t *bytes, size_t n) {
  errno = 0;
  if (plan.up) {
    if (s->acknowledged + n > sizeof s->acknowledgement) fail("more than an acknowledgement");
    memcpy(s->acknowledgement + s->acknowledged, bytes, n);
    s->acknowledged += n;
    return;
  }
  if (s->position + n > plan.bytes) fail("more than was asked for");
  if (memcmp(bytes, pattern + s->position % PERIOD_BYTES, n) != 0) fail("bytes that are not the origin's");
  s->position += n;
}

/* Ends the stream when its end has come. */
static void read_on(stream *s) {
  static uint8_t bytes[CHUNK_BYTES];
  for (;;) {
    ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);
    if (n == -1 && errno == EAGAIN) return;
    if (n == -1) fail("recv");
    if (n > 0) {
      take(s, bytes, (size_t)n);
      continue;
    }
    uint64_t count;
    memcpy(&count, s->acknowledgement, sizeof count);
    errno = 0;
    if (plan.up ? s->acknowledged != 8 || count != plan.bytes : s->position != plan.bytes) fail("bytes are missing");
    s->over = true;
    close(s->fd);
    return;
  }
}

static void run(shared *common, histogram *times, uint32_t count) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  stream *all = calloc(count, sizeof *all);
  begin_together(common, plan.processes, 0);
  for (uint32_t i = 0; i < count; i++) all[i].fd = dial_to(&plan.to, epoll, &all[i]);
  for (uint32_t left = count; left > 0;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 5000);
    if (ready == 0) fail("nothing moved for five seconds");
    for (int i = 0; i < ready; i++) {
      stream *s = events[i].data.ptr;
      if (events[i].events & EPOLLERR) fail("a connection was not made, or was reset");
      if (!s->asked && (events[i].events & EPOLLOUT)) ask(s);
      if (plan.up && s->asked) send_on(s);
      if (events[i].events & EPOLLIN) read_on(s);
      if (s->over) left--;
    }
  }
  (void)times;
  uint64_t now = now_ns(), last = atomic_load(&common->measured);
  while (now > last && !atomic_compare_exchange_weak(&common->measured, &last, now)) continue;
}

int main(int argc, char **argv) {
  if (argc != 7) fail("six arguments");
  plan.to = address_of(argv[1], argv[2]);
  plan.up = strcmp(argv[3], "up") == 0;
  plan.processes = (uint32_t)atoi(argv[5]);
  plan.bytes = strtoull(argv[6], NULL, 10);
  pattern = make_stream();
  uint32_t streams = (uint32_t)atoi(argv[4]);
  shared *common;
  if (!in_processes(&common, streams, plan.processes, run)) return 1;
  double bytes = (double)plan.bytes * streams, ns = (double)(common->measured - common->begins);
  static histogram none;
  tell(bytes / (1 << 30), bytes * 8 / ns, &none);
}
