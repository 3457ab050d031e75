#include "peers.h"
#include "check.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WITHIN_S = 5 };

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int prepared(int fd) {
  struct timeval limit = {.tv_sec = WITHIN_S};
  const int on = 1;
  CHECK(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int peer_connect(uint16_t port) {
  int fd = prepared(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in to = loopback(port);
  CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
  return fd;
}

int peer_listen(uint16_t *port) {
  int fd = prepared(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
  CHECK(listen(fd, 128) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&at, &length) == 0);
  *port = ntohs(at.sin_port);
  return fd;
}

int peer_accept(int listening) { return prepared(accept4(listening, NULL, NULL, SOCK_CLOEXEC)); }

void peer_send(int fd, const char *text) { peer_send_bytes(fd, (const uint8_t *)text, strlen(text)); }

void peer_send_bytes(int fd, const uint8_t *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
    CHECK(n > 0);
    sent += (size_t)n;
  }
}

void peer_expect(int fd, const char *text) {
  char got[512] = {0};
  size_t want = strlen(text), length = 0;
  CHECK(want < sizeof got);
  while (length < want) {
    ssize_t n = recv(fd, got + length, want - length, 0);

    CHECK(n > 0);
    length += (size_t)n;
  }
  if (memcmp(got, text, want) != 0) fprintf(stderr, "%s: expected '%s', got '%s'\n", current_case, text, got);
  CHECK(memcmp(got, text, want) == 0);
}

void peer_expect_end(int fd) {
  char byte;
  CHECK(recv(fd, &byte, 1, 0) == 0);
}

void peer_expect_reset(int fd) {
  char byte;
  CHECK(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
}

bool peer_is_silent(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == -1 && errno == EAGAIN;
}

void peer_until_delivered(int fd) {
  int unacknowledged = 1;
  for (int i = 0; i < 50000 && unacknowledged; i++) {
    CHECK(ioctl(fd, SIOCOUTQ, &unacknowledged) == 0);
    if (unacknowledged) usleep(100);
  }
  CHECK(!unacknowledged);
}

void peer_end(int fd) { CHECK(shutdown(fd, SHUT_WR) == 0); }

void peer_reset(int fd) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

bool probes_are_sent_to(uint16_t port) {
  for (int fd = 3; fd < 256; fd++) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &length) == -1 || ntohs(peer.sin_port) != port) continue;
    int on = 0;
    length = sizeof on;
    if (getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length) == 0 && on) return true;
  }
  return false;
}

bool is_watched(int fd) {
  char path[300], line[128];
  int watched;
  bool found = false;
  DIR *folder = opendir("/proc/self/fdinfo");
  CHECK(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    snprintf(path, sizeof path, "/proc/self/fdinfo/%s", entry->d_name);
    FILE *info = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
    while (info && fgets(line, sizeof line, info)) found |= sscanf(line, "tfd: %d", &watched) == 1 && watched == fd;
    if (info) fclose(info);
  }
  closedir(folder);
  return found;
}

int open_descriptors(void) {
  DIR *list = opendir("/proc/self/fd");
  CHECK(list);
  int count = 0;
  while (readdir(list)) count++;
  closedir(list);
  return count;
}
