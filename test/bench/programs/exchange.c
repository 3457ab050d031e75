/*
 * exchange ADDRESS PORT CONNECTIONS PROCESSES WARM_MS MEASURE_MS [HELLO_FILE]
 *
 * Closed loop of short connections: connect, send an order (or the ClientHello of the file), read the answer to its end,
 * close, begin again. Every answer is compared byte by byte; the first that is wrong ends the run.
 */
#include "agreement.h"
#include "generator.h"

enum { EVENTS = 256 };

typedef struct {
  int fd;
  uint64_t began;
  bool asked;
  size_t seen;
} connection;

static struct {
  struct sockaddr_in to;
  uint64_t warm_ns, measure_ns;
  uint32_t processes;
  size_t opening_length, answer_length;
  uint8_t opening[HELLO_BYTES_MOST], answer[FLIGHT_BYTES + 64];
} plan;

static int epoll;

static void begin(connection *c) {
  c->asked = false;
  c->seen = 0;
  c->began = now_ns();
  c->fd = dial_to(&plan.to, epoll, c);
}

static void ask(connection *c) {
  c->asked = true;
  if (send(c->fd, plan.opening, plan.opening_length, MSG_NOSIGNAL) != (ssize_t)plan.opening_length) fail("send");
}

/* True once the answer and its end are there. */
static bool read_all(connection *c) {
  uint8_t bytes[4096];
  for (;;) {
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n == -1 && errno == EAGAIN) return false;
    if (n == -1) fail("recv");
    errno = 0;
    if (n == 0) {
      if (c->seen != plan.answer_length) fail("the connection ended early");
      return true;
    }
    if (c->seen + (size_t)n > plan.answer_length) fail("more than was asked for");
    if (memcmp(bytes, plan.answer + c->seen, (size_t)n) != 0) fail("an answer that is not the origin's");
    c->seen += (size_t)n;
  }
}

static void run(shared *common, histogram *times, uint32_t count) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  connection *all = calloc(count, sizeof *all);
  begin_together(common, plan.processes, plan.warm_ns);
  for (uint32_t i = 0; i < count; i++) begin(&all[i]);
  while (now_ns() <= atomic_load(&common->begins) + plan.measure_ns) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 1000);
    if (ready == 0) fail("nothing moved for a second");
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLERR) fail("a connection was not made, or was reset");
      if (!c->asked && (events[i].events & EPOLLOUT)) ask(c);
      if (!(events[i].events & EPOLLIN) || !read_all(c)) continue;
      count_answer(common, times, c->began, plan.measure_ns);
      close(c->fd);
      begin(c);
    }
  }
}

static void read_plan(int argc, char **argv) {
  if (argc < 7) fail("too few arguments");
  plan.to = address_of(argv[1], argv[2]);
  plan.processes = (uint32_t)atoi(argv[4]);
  plan.warm_ns = strtoull(argv[5], NULL, 10) * 1000000;
  plan.measure_ns = strtoull(argv[6], NULL, 10) * 1000000;
  if (argc == 7) {
    make_order(plan.opening, ORDER_ONCE, 0);
    plan.opening_length = ORDER_BYTES;
    plan.answer_length = SMALL_BYTES;
    fill_body(plan.answer, SMALL_BYTES);
    return;
  }
  plan.opening_length = read_file(argv[7], plan.opening, sizeof plan.opening);
  plan.answer_length = flight(plan.answer);
}

int main(int argc, char **argv) {
  read_plan(argc, argv);
  shared *common;
  if (!in_processes(&common, (uint32_t)atoi(argv[3]), plan.processes, run)) return 1;
  tell_answers(common, plan.processes, plan.measure_ns);
}
