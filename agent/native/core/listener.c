/* Listening sockets and namespaces, made by the owner's thread and handed to the mover's by command. */
#include "mover-state.h"
#include "netns.h"
#include "socket.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static int option(int fd, int level, int name) {
  const int on = 1;
  return setsockopt(fd, level, name, &on, sizeof on) == -1 ? -errno : 0;
}

static int prepare(int fd, const listen_options *o) {
  bool v4 = o->at.family == 4;
  int error = option(fd, SOL_SOCKET, SO_REUSEADDR);
  if (!error && !v4) error = option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  if (!error && !o->exclusive) error = option(fd, SOL_SOCKET, SO_REUSEPORT);
  if (!error && o->transparent) error = option(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT);
  if (error) return error;
  /* Accepted sockets inherit these three. */
  socket_urgent_inline(fd);
  socket_set_long_lived(fd);
  socket_address address;
  socklen_t length = address_to(&o->at, &address);
  if (bind(fd, &address.any, length) == -1 || listen(fd, BACKLOG) == -1) return -errno;
  return 0;
}

static int open_one(const mover *m, int target, const listen_options *o) {
  int fd = netns_socket(target, m->home, o->at.family == 4 ? AF_INET : AF_INET6);
  if (fd < 0) return fd;
  int error = prepare(fd, o);
  if (!error) return fd;
  close(fd);
  return error;
}

static int open_all(mover *m, listener *l, int target, listen_options o, uint16_t *port) {
  uint32_t sockets = o.exclusive ? 1 : m->options.threads;
  for (uint32_t i = 0; i < sockets; i++) {
    int fd = open_one(m, target, &o);
    if (fd < 0) {
      while (i-- > 0) close(l->fd[i]);
      return fd;
    }
    l->fd[i] = fd;
    o.at.port = socket_local(fd).port;
  }
  *port = o.at.port;
  return 0;
}

static uint32_t new_identifier(mover *m, int place) {
  return (uint32_t)place | (m->identifiers_made++ % IDENTIFIER_COUNTS) << PLACE_BITS;
}

static int free_listener(const mover *m) {
  for (int i = 0; i < MAX_LISTENERS; i++) {
    if (!__atomic_load_n(&m->listeners[i].holders, __ATOMIC_ACQUIRE)) return i;
  }
  return -EMFILE;
}

int mover_listen(mover *m, const listen_options *options, uint16_t *port) {
  int place = free_listener(m);
  if (place < 0) return place;
  int target = options->netns ? netns_open(options->netns) : -1;
  if (options->netns && target < 0) return target;
  listener *l = &m->listeners[place];
  int error = open_all(m, l, target, *options, port);
  if (target != -1) close(target);
  if (error) return error;
  l->exclusive = options->exclusive;
  l->transparent = options->transparent;
  l->identifier = new_identifier(m, place);
  __atomic_store_n(&l->holders, (int)m->options.threads, __ATOMIC_RELEASE);
  return (int)l->identifier;
}

int mover_unlisten(mover *m, uint32_t id) {
  listener *l = &m->listeners[place_of(id)];
  if (!__atomic_load_n(&l->holders, __ATOMIC_ACQUIRE) || l->identifier != id) return -EBADF;
  /* At once and for all threads; the port can be bound anew before they have closed their copies. */
  for (uint32_t i = 0; i < (l->exclusive ? 1 : m->options.threads); i++) (void)shutdown(l->fd[i], SHUT_RDWR);
  return 0;
}

int mover_open_netns(mover *m, const char *path) {
  for (int i = 0; i < MAX_NAMESPACES; i++) {
    namespace_entry *entry = &m->namespaces[i];
    if (__atomic_load_n(&entry->holders, __ATOMIC_ACQUIRE)) continue;
    int fd = netns_open(path);
    if (fd < 0) return fd;
    uint32_t identifier = new_identifier(m, i);
    entry->fd = fd;
    __atomic_store_n(&entry->identifier, identifier, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->holders, (int)m->options.threads, __ATOMIC_RELEASE);
    return (int)identifier;
  }
  return -EMFILE;
}
