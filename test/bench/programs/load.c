/*
 * load ADDRESS PORT HOST CONNECTIONS PROCESSES WARM_MS MEASURE_MS BODY_BYTES keep|close [FIELD]
 *
 * Closed loop: each connection sends a request when its last answer is whole. `close`: one request per connection, whole
 * when the end has come. Every answer is checked (status, framing, each byte of the body, FIELD exactly once, or not at
 * all if none is given); the first that is wrong ends the run. Prints one line of JSON: what was answered in all and
 * while measured, percentiles of the time from request (or connect) to the last byte, processor time of its own.
 */
#include "answer.h"
#include "histogram.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, HEAD_BYTES = 4096, SCRATCH_BYTES = 256 * 1024 };

typedef struct {
  int fd;
  uint64_t began;
  bool asked;
  bool in_body;
  size_t head_length;
  size_t body_seen;
  char head[HEAD_BYTES + 1];
} connection;

typedef struct {
  _Atomic uint32_t ready;
  _Atomic uint64_t begins; /* when measuring begins; 0: not yet known */
  _Atomic uint64_t answered;
  _Atomic uint64_t measured;
  histogram times[];
} shared;

static struct {
  struct sockaddr_in to;
  const char *field;
  size_t body;
  bool close;
  uint64_t warm_ns, measure_ns;
} plan;

static char request[512];
static size_t request_length;
static uint8_t *body;
static shared *common;
static histogram *times;
static int epoll;

static void fail(const char *what) {
  fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void ask(connection *c) {
  c->asked = true;
  c->in_body = false;
  c->head_length = c->body_seen = 0;
  if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) fail("send");
}

static void dial(connection *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd == -1) fail("socket");
  const int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c->asked = false;
  c->began = now_ns();
  if (connect(c->fd, (struct sockaddr *)&plan.to, sizeof plan.to) == -1 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1) fail("epoll_ctl");
}

static void check_head(connection *c) {
  c->head[c->head_length] = 0;
  errno = 0;
  if (memcmp(c->head, "HTTP/1.1 200 ", 13) != 0) fail(c->head);
  const char *length = strcasestr(c->head, "\r\ncontent-length:");
  if (!length || strtoul(length + 17, NULL, 10) != plan.body) fail("an answer of another length");
  if (!plan.field) return;
  const char *field = strcasestr(c->head, plan.field);
  if (!field || strcasestr(field + 1, plan.field)) fail("the added field is not there exactly once");
}

/* Takes what has come; true if the answer is whole. */
static bool take(connection *c, const uint8_t *bytes, size_t length) {
  if (!c->in_body) {
    size_t room = HEAD_BYTES - c->head_length, part = length < room ? length : room;
    memcpy(c->head + c->head_length, bytes, part);
    char *end = memmem(c->head, c->head_length + part, "\r\n\r\n", 4);
    if (!end) {
      c->head_length += part;
      if (c->head_length == HEAD_BYTES) fail("an answer without end of head");
      return false;
    }
    size_t of_head = (size_t)(end + 4 - c->head) - c->head_length;
    c->head_length += of_head;
    check_head(c);
    c->in_body = true;
    bytes += of_head;
    length -= of_head;
  }
  errno = 0;
  if (c->body_seen + length > plan.body) fail("more than was asked for");
  if (memcmp(bytes, body + c->body_seen, length) != 0) fail("a body that is not the origin's");
  c->body_seen += length;
  return c->body_seen == plan.body;
}

static void answered(connection *c) {
  uint64_t now = now_ns(), begins = atomic_load_explicit(&common->begins, memory_order_relaxed);
  atomic_fetch_add_explicit(&common->answered, 1, memory_order_relaxed);
  if (now >= begins && now < begins + plan.measure_ns) {
    atomic_fetch_add_explicit(&common->measured, 1, memory_order_relaxed);
    histogram_add(times, now - c->began);
  }
}

static void read_all(connection *c) {
  static uint8_t scratch[SCRATCH_BYTES];
  for (;;) {
    ssize_t n = recv(c->fd, scratch, SCRATCH_BYTES, 0);
    if (n == -1 && errno == EAGAIN) return;
    if (n == -1) fail("recv");
    if (n == 0) {
      errno = 0;
      if (!plan.close || !c->in_body || c->body_seen != plan.body) fail("the connection ended early");
      answered(c);
      close(c->fd);
      dial(c);
      return;
    }
    if (take(c, scratch, (size_t)n) && !plan.close) {
      answered(c);
      c->began = now_ns();
      ask(c);
      return;
    }
    if (n < SCRATCH_BYTES && !plan.close) return;
  }
}

static void run(connection *all, uint32_t count, uint32_t processes) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  for (uint32_t i = 0; i < count; i++) dial(&all[i]);
  bool go = false;
  uint32_t connected = 0;
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 1000);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (!c->asked && (events[i].events & EPOLLOUT)) {
        if (plan.close || !go) connected++;
        c->asked = true;
        if (plan.close) ask(c);
      } else if (events[i].events & EPOLLIN) read_all(c);
      else if (events[i].events & (EPOLLHUP | EPOLLERR)) fail("a connection was not made");
    }
    if (!go && connected >= count) {
      go = true;
      /* All begin together: a connection that is still being made would be measured as a slow request. */
      if (atomic_fetch_add(&common->ready, 1) + 1 == processes) atomic_store(&common->begins, now_ns() + plan.warm_ns);
      while (!atomic_load(&common->begins)) usleep(100);
      for (uint32_t k = 0; k < count && !plan.close; k++) {
        all[k].began = now_ns();
        ask(&all[k]);
      }
    }
    if (go && now_ns() > atomic_load(&common->begins) + plan.measure_ns) exit(0);
  }
}

static void read_plan(int argc, char **argv) {
  if (argc < 10) fail("too few arguments");
  plan.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &plan.to.sin_addr) != 1) fail("no address");
  plan.warm_ns = strtoull(argv[6], NULL, 10) * 1000000;
  plan.measure_ns = strtoull(argv[7], NULL, 10) * 1000000;
  plan.body = strtoul(argv[8], NULL, 10);
  plan.close = strcmp(argv[9], "close") == 0;
  plan.field = argc > 10 ? argv[10] : NULL;
  if (plan.body > BODY_BYTES_MOST) fail("too large a body");
  body = malloc(plan.body + 1);
  if (!body) fail("malloc");
  fill_body(body, plan.body);
  request_length = (size_t)snprintf(request, sizeof request,
                                    "GET /v1/items/4711?fields=name,price HTTP/1.1\r\nHost: %s\r\n"
                                    "User-Agent: weir-bench/1.0 (load)\r\nAccept: application/json, text/plain, */*\r\n"
                                    "Accept-Encoding: gzip, deflate\r\nConnection: %s\r\n\r\n",
                                    argv[3], plan.close ? "close" : "keep-alive");
}

int main(int argc, char **argv) {
  read_plan(argc, argv);
  uint32_t connections = (uint32_t)atoi(argv[4]), processes = (uint32_t)atoi(argv[5]);
  if (processes == 0 || connections < processes) fail("fewer connections than processes");
  common = mmap(NULL, sizeof *common + processes * sizeof(histogram), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (common == MAP_FAILED) fail("mmap");
  for (uint32_t p = 0; p < processes; p++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    times = &common->times[p];
    uint32_t count = connections / processes + (p < connections % processes);
    run(calloc(count, sizeof(connection)), count, processes);
  }
  for (uint32_t p = 0; p < processes; p++) {
    int status;
    if (wait(&status) == -1 || status != 0) return 1; /* the others die with us */
  }
  histogram all = {.total = 0};
  for (uint32_t p = 0; p < processes; p++) {
    for (uint32_t b = 0; b < BUCKETS; b++) all.count[b] += common->times[p].count[b];
    all.total += common->times[p].total;
  }
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  double seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  printf("{\"answered\":%lu,\"measured\":%lu,\"p50us\":%.2f,\"p99us\":%.2f,\"cpuSeconds\":%.3f}\n",
         common->answered, common->measured, histogram_us(&all, 0.5), histogram_us(&all, 0.99), seconds);
}
