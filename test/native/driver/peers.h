/* The two ends around the mover: a client that connects to it and an origin that it dials. Blocking, with a time limit. */
#ifndef DRIVER_PEERS_H
#define DRIVER_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int peer_connect(uint16_t port);

/* A listening socket on 127.0.0.1. */
int peer_listen(uint16_t *port);
int peer_accept(int listening);

void peer_send(int fd, const char *text);
void peer_send_bytes(int fd, const uint8_t *bytes, size_t length);

/* Exactly this arrives next. */
void peer_expect(int fd, const char *text);
void peer_expect_end(int fd);
void peer_expect_reset(int fd);
/* Nothing has arrived so far. */
bool peer_is_silent(int fd);

/* Waits until the other end's kernel has all that was sent. */
void peer_until_delivered(int fd);

void peer_end(int fd);   /* FIN */
void peer_reset(int fd); /* RST, closed */

/* True if some socket of this process that is connected to `port` sends keep-alive probes. */
bool probes_are_sent_to(uint16_t port);

/* True if an epoll set of this process has this descriptor. */
bool is_watched(int fd);

/* Descriptors of this process. */
int open_descriptors(void);

#endif
