#include "netns.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/nsfs.h>
#include <unistd.h>

int netns_open(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return -errno;
  if (ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET) return fd;
  close(fd);
  return -EINVAL;
}

int netns_socket(int target, int home, int family) {
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (target == -1) {
    int fd = socket(family, type, 0);
    return fd == -1 ? -errno : fd;
  }
  if (setns(target, CLONE_NEWNET) == -1) return -errno;
  int fd = socket(family, type, 0);
  int error = errno;
  if (setns(home, CLONE_NEWNET) == -1) abort();
  return fd == -1 ? -error : fd;
}
