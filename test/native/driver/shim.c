#include "shim.h"
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

shim_faults shim;
static pthread_t driver;

int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __real_socket(int domain, int type, int protocol);
int __real_pipe2(int *ends, int flags);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
void *__real_malloc(size_t bytes);
ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_splice(int in, loff_t *in_at, int out, loff_t *out_at, size_t length, unsigned flags);

void shim_init(void) { driver = pthread_self(); }

void shim_set(int *knob, int value) { __atomic_store_n(knob, value, __ATOMIC_SEQ_CST); }

static int fault(const int *knob) {
  return pthread_equal(pthread_self(), driver) ? 0 : __atomic_load_n(knob, __ATOMIC_SEQ_CST);
}

static int fail(int error) {
  errno = error;
  return -1;
}

/* xorshift32, one state a thread */
static uint32_t chance(void) {
  static __thread uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static size_t cut(size_t length) {
  bool shorten = length > 1 && (int)(chance() & 255) < fault(&shim.short_writes);
  return shorten ? 1 + chance() % (length - 1) : length;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  int error = fault(&shim.accept_error);
  return error ? fail(error) : __real_accept4(fd, address, length, flags);
}

int __wrap_socket(int domain, int type, int protocol) {
  int error = fault(&shim.socket_error);
  return error ? fail(error) : __real_socket(domain, type, protocol);
}

int __wrap_pipe2(int *ends, int flags) {
  int error = fault(&shim.pipe_error);
  return error ? fail(error) : __real_pipe2(ends, flags);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  bool of_a_flow = operation == EPOLL_CTL_ADD && event->events & EPOLLOUT;
  int error = of_a_flow ? fault(&shim.watch_error) : 0;
  return error ? fail(error) : __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  bool original = (level == IPPROTO_IP || level == IPPROTO_IPV6) && name == 80;
  if (!original) return __real_getsockopt(fd, level, name, value, length);
  __atomic_add_fetch(&shim.original_asked, 1, __ATOMIC_SEQ_CST);
  int error = fault(&shim.original_error);
  if (error) return fail(error);
  struct sockaddr_in answer = {.sin_family = AF_INET, .sin_port = htons(ORIGINAL_PORT)};
  if (fault(&shim.original_port_zero)) answer.sin_port = 0;
  const uint8_t ip[4] = ORIGINAL_IP;
  memcpy(&answer.sin_addr, ip, 4);
  memcpy(value, &answer, sizeof answer);
  *length = sizeof answer;
  return 0;
}

void *__wrap_malloc(size_t bytes) {
  if (!fault(&shim.no_memory)) return __real_malloc(bytes);
  errno = ENOMEM;
  return NULL;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags) {
  return __real_send(fd, bytes, cut(length), flags);
}

/* Only preambles are sent so. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
  int room = fault(&shim.preamble_room);
  if (room == 0) return __real_sendmsg(fd, message, flags);
  if (room < 0) return fail(EAGAIN);
  shim_set(&shim.preamble_room, -1);
  return __real_send(fd, message->msg_iov[0].iov_base, (size_t)room, flags & ~MSG_MORE);
}

ssize_t __wrap_splice(int in, loff_t *in_at, int out, loff_t *out_at, size_t length, unsigned flags) {
  return __real_splice(in, in_at, out, out_at, cut(length), flags);
}
