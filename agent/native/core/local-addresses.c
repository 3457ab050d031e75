#include "mover.h"
#include "socket.h"
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>

static wire_address address_of(const struct ifaddrs *entry) {
  if (!entry->ifa_addr) return (wire_address){0};
  return address_from((const socket_address *)(const void *)entry->ifa_addr);
}

int local_addresses(wire_address **out) {
  struct ifaddrs *list;
  if (getifaddrs(&list) == -1) return -errno;
  int count = 0;
  for (const struct ifaddrs *i = list; i; i = i->ifa_next) count++;
  wire_address *found = calloc(count ? (size_t)count : 1, sizeof *found);
  if (!found) {
    freeifaddrs(list);
    return -ENOMEM;
  }
  count = 0;
  for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
    found[count] = address_of(i);
    if (found[count].family) count++;
  }
  freeifaddrs(list);
  *out = found;
  return count;
}
