/* What the mover asks of single sockets. Functions that can fail return a negated errno. */
#ifndef WEIR_SOCKET_H
#define WEIR_SOCKET_H

#include "protocol.h"
#include <netinet/in.h>
#include <stdbool.h>

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} socket_address;

/* A v4-mapped address becomes the IPv4 address that it stands for. */
wire_address address_from(const socket_address *address);
/* Gives the length for bind and connect. */
socklen_t address_to(const wire_address *address, socket_address *out);

/* family 0 if the kernel does not say. */
wire_address socket_local(int fd);

/*
 * SO_ORIGINAL_DST at the level of the *peer's* family: a v4-mapped peer must be asked as IPv4. No answer: ENOENT (no
 * conntrack entry), EOPNOTSUPP or ENOPROTOOPT (no conntrack in the kernel). EADDRNOTAVAIL: port 0, which is nobody's.
 */
int socket_original_destination(int fd, uint8_t peer_family, wire_address *out);

/* Takes the pending error (SO_ERROR), as a positive errno or 0. */
int socket_take_error(int fd);

/* close(2) will send RST and drop what was not sent. */
void socket_reset_on_close(int fd);

/* The next ACK rides on data. Only before a connect that bytes follow at once, else it comes 200 ms late. */
void socket_delay_ack(int fd);

/* The urgent byte stays in the stream. */
void socket_urgent_inline(int fd);

/* For connections that outlive one exchange: no Nagle, dead peers found. Listeners hand it on to what they accept. */
void socket_set_long_lived(int fd);

#endif
