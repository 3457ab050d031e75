/*
 * LD_PRELOAD for peers that cannot listen in another network namespace: a socket that is bound to port 15001 is made
 * anew in the namespace IN_POD, with the same options, in the same descriptor. Nothing happens at any other time, so it
 * costs nothing while measured. haproxy has `namespace` for this, the agent the same four calls.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int in_pod(const char *path, int type) {
  int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), pod = open(path, O_RDONLY | O_CLOEXEC);
  if (back == -1 || pod == -1 || setns(pod, CLONE_NEWNET) == -1) abort();
  int made = socket(AF_INET, type, 0);
  if (setns(back, CLONE_NEWNET) == -1 || made == -1) abort();
  close(back);
  close(pod);
  return made;
}

static void copy_options(int from, int to) {
  const int options[] = {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE};
  for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(from, SOL_SOCKET, options[i], &value, &length) == -1) abort();
    if (setsockopt(to, SOL_SOCKET, options[i], &value, length) == -1) abort();
  }
  if (fcntl(to, F_SETFL, fcntl(from, F_GETFL)) == -1) abort();
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  int (*next)(int, const struct sockaddr *, socklen_t) = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
  const char *path = getenv("IN_POD");
  const struct sockaddr_in *to = (const struct sockaddr_in *)address;
  if (path && length == sizeof *to && to->sin_family == AF_INET && to->sin_port == htons(15001)) {
    int made = in_pod(path, SOCK_STREAM);
    copy_options(fd, made);
    if (dup3(made, fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0) == -1) abort();
    close(made);
  }
  return next(fd, address, length);
}
