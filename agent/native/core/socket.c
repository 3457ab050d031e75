#include "socket.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h; both headers clash with netinet's. */
enum { KERNEL_ORIGINAL_DST = 80 };

/* A dead peer is found after 180 + 5 × 60 s, before the usual idle limits of firewalls on the way. */
enum { KEEPALIVE_IDLE_S = 180, KEEPALIVE_INTERVAL_S = 60, KEEPALIVE_PROBES = 5 };

static void set(int fd, int level, int option, int value) { (void)setsockopt(fd, level, option, &value, sizeof value); }

wire_address address_from(const socket_address *address) {
  wire_address out = {0};
  if (address->any.sa_family == AF_INET) {
    memcpy(out.ip, &address->v4.sin_addr, 4);
    out.port = ntohs(address->v4.sin_port);
    out.family = 4;
  } else if (address->any.sa_family == AF_INET6) {
    bool mapped = IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
    if (mapped) memcpy(out.ip, address->v6.sin6_addr.s6_addr + 12, 4);
    else memcpy(out.ip, &address->v6.sin6_addr, 16);
    out.port = ntohs(address->v6.sin6_port);
    out.family = mapped ? 4 : 6;
  }
  return out;
}

socklen_t address_to(const wire_address *address, socket_address *out) {
  memset(out, 0, sizeof *out);
  if (address->family == 4) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(address->port);
    memcpy(&out->v4.sin_addr, address->ip, 4);
    return sizeof out->v4;
  }
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons(address->port);
  memcpy(&out->v6.sin6_addr, address->ip, 16);
  return sizeof out->v6;
}

wire_address socket_local(int fd) {
  socket_address address = {0};
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) == -1) return (wire_address){0};
  return address_from(&address);
}

int socket_original_destination(int fd, uint8_t peer_family, wire_address *out) {
  socket_address address = {0};
  socklen_t length = peer_family == 4 ? sizeof address.v4 : sizeof address.v6;
  int level = peer_family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
  *out = (wire_address){0};
  if (getsockopt(fd, level, KERNEL_ORIGINAL_DST, &address, &length) == -1) return -errno;
  *out = address_from(&address);
  return out->port ? 0 : -EADDRNOTAVAIL;
}

int socket_take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1 ? errno : error;
}

void socket_reset_on_close(int fd) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void socket_delay_ack(int fd) { set(fd, IPPROTO_TCP, TCP_QUICKACK, 0); }

void socket_urgent_inline(int fd) { set(fd, SOL_SOCKET, SO_OOBINLINE, 1); }

void socket_set_long_lived(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}
