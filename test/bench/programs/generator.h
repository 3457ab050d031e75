/* What the load generators have in common: processes that begin together, what they count, one line of JSON. */
#ifndef BENCH_GENERATOR_H
#define BENCH_GENERATOR_H
#include "histogram.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
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
#include <time.h>
#include <unistd.h>

typedef struct {
  _Atomic uint32_t ready;
  _Atomic uint64_t begins; /* when measuring begins; 0: not yet known */
  _Atomic uint64_t answered;
  _Atomic uint64_t measured;
  histogram times[];
} shared;

static inline void fail(const char *what) {
  fprintf(stderr, "%s: %s%s%s\n", program_invocation_short_name, what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* As many as we may have, which is more than what a process begins with. */
static inline void all_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == -1) fail("setrlimit");
}

static inline struct sockaddr_in address_of(const char *ip, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, ip, &to.sin_addr) != 1) fail("no address");
  return to;
}

/* Edge-triggered, in both directions. */
static inline void watch(int epoll, int fd, void *owner) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = owner};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1) fail("epoll_ctl");
}

/* Non-blocking, on its way, and watched. */
static inline int dial_to(const struct sockaddr_in *to, int epoll, void *owner) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd == -1) fail("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (const struct sockaddr *)to, sizeof *to) == -1 && errno != EINPROGRESS) fail("connect");
  watch(epoll, fd, owner);
  return fd;
}

/* Blocking; what is silent for five seconds fails. */
static inline int connect_to(const struct sockaddr_in *to) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd == -1) fail("socket");
  const struct timeval patience = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, (const struct sockaddr *)to, sizeof *to) == -1) fail("connect");
  return fd;
}

/* Its length, at most `most`. */
static inline size_t read_file(const char *path, uint8_t *to, size_t most) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  size_t length = fread(to, 1, most, file);
  fclose(file);
  return length;
}

static inline void count_answer(shared *common, histogram *times, uint64_t began, uint64_t measure_ns) {
  uint64_t now = now_ns(), begins = atomic_load_explicit(&common->begins, memory_order_relaxed);
  atomic_fetch_add_explicit(&common->answered, 1, memory_order_relaxed);
  if (begins == 0 || now < begins || now >= begins + measure_ns) return;
  atomic_fetch_add_explicit(&common->measured, 1, memory_order_relaxed);
  histogram_add(times, now - began);
}

/* Until all processes are here; measuring begins `warm_ns` after the last. */
static inline void begin_together(shared *common, uint32_t processes, uint64_t warm_ns) {
  if (atomic_fetch_add(&common->ready, 1) + 1 == processes) atomic_store(&common->begins, now_ns() + warm_ns);
  while (!atomic_load(&common->begins)) usleep(100);
}

/* Runs `run` in each process with its share of the connections; false if one of them failed. */
static inline bool in_processes(shared **common, uint32_t connections, uint32_t processes,
                                void (*run)(shared *common, histogram *times, uint32_t count)) {
  if (processes == 0 || connections < processes) fail("fewer connections than processes");
  size_t bytes = sizeof **common + processes * sizeof(histogram);
  *common = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (*common == MAP_FAILED) fail("mmap");
  for (uint32_t p = 0; p < processes; p++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run(*common, &(*common)->times[p], connections / processes + (p < connections % processes));
    exit(0);
  }
  for (uint32_t p = 0; p < processes; p++) {
    int status;
    if (wait(&status) == -1 || status != 0) return false; /* the others die with us */
  }
  return true;
}

static inline double children_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* done: of what processor time is counted for. rate: of what was measured, a second. */
static inline void tell(double done, double rate, const histogram *times) {
  printf("{\"done\":%.6f,\"rate\":%.4f,\"p50us\":%.2f,\"p99us\":%.2f,\"cpuSeconds\":%.3f}\n", done, rate,
         histogram_us(times, 0.5), histogram_us(times, 0.99), children_seconds());
}

static inline void tell_answers(shared *common, uint32_t processes, uint64_t measure_ns) {
  static histogram all;
  for (uint32_t p = 0; p < processes; p++) {
    for (uint32_t b = 0; b < BUCKETS; b++) all.count[b] += common->times[p].count[b];
    all.total += common->times[p].total;
  }
  tell((double)common->answered, (double)common->measured / ((double)measure_ns / 1e9), &all);
}

#endif
