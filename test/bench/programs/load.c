/*
 * load ADDRESS PORT HOST CONNECTIONS PROCESSES WARM_MS MEASURE_MS BODY_BYTES [FIELD]
 *
 * Closed loop: each connection, kept, sends a request when its last answer is whole. Every answer is checked (status,
 * framing, each byte of the body, FIELD exactly once, or not at all if none is given); the first that is wrong ends the
 * run. Times are from a request to the last byte of its answer.
 */
#include "answer.h"
#include "generator.h"

enum { EVENTS = 256, HEAD_BYTES = 4096, SCRATCH_BYTES = 256 * 1024 };

typedef struct {
  int fd;
  uint64_t began;
  bool made;
  bool in_body;
  size_t head_length;
  size_t body_seen;
  char head[HEAD_BYTES + 1];
} connection;

static struct {
  struct sockaddr_in to;
  const char *field;
  size_t body;
  uint32_t processes;
  uint64_t warm_ns, measure_ns;
} plan;

static char request[512];
static size_t request_length;
static uint8_t *body;
static shared *common;
static histogram *times;
static int epoll;

static void ask(connection *c) {
  c->began = now_ns();
  c->in_body = false;
  c->head_length = c->body_seen = 0;
  if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) fail("send");
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

static void read_all(connection *c) {
  static uint8_t scratch[SCRATCH_BYTES];
  for (;;) {
    ssize_t n = recv(c->fd, scratch, SCRATCH_BYTES, 0);
    if (n == -1 && errno == EAGAIN) return;
    if (n == -1) fail("recv");
    errno = 0;
    if (n == 0) fail("the connection ended early");
    if (take(c, scratch, (size_t)n)) {
      count_answer(common, times, c->began, plan.measure_ns);
      ask(c);
      return;
    }
    if (n < SCRATCH_BYTES) return;
  }
}

/* Connections that are still being made would be measured as slow requests: all begin together. */
static void make(connection *all, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) all[i].fd = dial_to(&plan.to, epoll, &all[i]);
  for (uint32_t made = 0; made < count;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 5000);
    if (ready == 0) fail("connections are not made");
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLHUP | EPOLLERR)) fail("a connection was not made");
      if (!c->made) made++;
      c->made = true;
    }
  }
}

static void run(shared *in_common, histogram *own_times, uint32_t count) {
  common = in_common;
  times = own_times;
  epoll = epoll_create1(EPOLL_CLOEXEC);
  connection *all = calloc(count, sizeof *all);
  make(all, count);
  begin_together(common, plan.processes, plan.warm_ns);
  for (uint32_t i = 0; i < count; i++) ask(&all[i]);
  while (now_ns() <= atomic_load(&common->begins) + plan.measure_ns) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 5000);
    if (ready == 0) fail("nothing moved for five seconds");
    for (int i = 0; i < ready; i++) {
      if (events[i].events & EPOLLIN) read_all(events[i].data.ptr);
      else if (events[i].events & (EPOLLHUP | EPOLLERR)) fail("a connection was reset");
    }
  }
}

static void read_plan(int argc, char **argv) {
  if (argc < 9) fail("too few arguments");
  plan.to = address_of(argv[1], argv[2]);
  plan.processes = (uint32_t)atoi(argv[5]);
  plan.warm_ns = strtoull(argv[6], NULL, 10) * 1000000;
  plan.measure_ns = strtoull(argv[7], NULL, 10) * 1000000;
  plan.body = strtoul(argv[8], NULL, 10);
  plan.field = argc > 9 ? argv[9] : NULL;
  if (plan.body > BODY_BYTES_MOST) fail("too large a body");
  body = malloc(plan.body + 1);
  if (!body) fail("malloc");
  fill_body(body, plan.body);
  request_length = (size_t)snprintf(request, sizeof request,
                                    "GET /v1/items/4711?fields=name,price HTTP/1.1\r\nHost: %s\r\n"
                                    "User-Agent: weir-bench/1.0 (load)\r\nAccept: application/json, text/plain, */*\r\n"
                                    "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
                                    argv[3]);
}

int main(int argc, char **argv) {
  read_plan(argc, argv);
  if (!in_processes(&common, (uint32_t)atoi(argv[4]), plan.processes, run)) return 1;
  tell_answers(common, plan.processes, plan.measure_ns);
}
