/* What the TCP origin and its clients agree on, so that each byte in either direction can be checked. */
#ifndef BENCH_AGREEMENT_H
#define BENCH_AGREEMENT_H
#include "answer.h"
#include <stdlib.h>
#include <sys/socket.h>

/*
 * An order opens a connection, unless that is a ClientHello: what is wanted, zeros, a length. No protocol begins with
 * these bytes, so nobody waits for more of one.
 */
enum { ORDER_BYTES = 64, ORDER_LENGTH_AT = 8 };
enum order {
  ORDER_ONCE = 0xb1, /* SMALL_BYTES, then the end */
  ORDER_KEEP = 0xb2, /* SMALL_BYTES, then the next order */
  ORDER_UP = 0xb3,   /* length bytes of the stream and the end follow; answered with their count in 8 bytes */
  ORDER_DOWN = 0xb4, /* length bytes of the stream, then the end */
  ORDER_WHO = 0xb5,  /* the IPv4 address that dialled, then the end */
};
enum { SMALL_BYTES = 128 };

/* What a ClientHello is answered with: one record of about the length of a first flight, then the end. */
enum { HELLO_FIRST_BYTE = 0x16, HELLO_BYTES_MOST = 8192, FLIGHT_BYTES = 1400 };

static inline size_t flight(uint8_t *to) {
  const uint8_t head[5] = {HELLO_FIRST_BYTE, 3, 3, FLIGHT_BYTES >> 8, FLIGHT_BYTES & 255};
  for (size_t i = 0; i < sizeof head; i++) to[i] = head[i];
  fill_body(to + sizeof head, FLIGHT_BYTES);
  return sizeof head + FLIGHT_BYTES;
}

/*
 * The stream: a period of noise, so that any piece that is lost, doubled or moved shows. Laid out so that CHUNK_BYTES
 * from any place in the period stand in one piece; small enough to stay in the processor's cache.
 */
enum { PERIOD_BYTES = 65521, CHUNK_BYTES = 128 * 1024 };

static inline uint8_t *make_stream(void) {
  uint8_t *bytes = malloc(PERIOD_BYTES + CHUNK_BYTES);
  if (!bytes) abort();
  uint32_t x = 2463534242u;
  for (size_t i = 0; i < PERIOD_BYTES; i++) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    bytes[i] = (uint8_t)x;
  }
  for (size_t i = PERIOD_BYTES; i < PERIOD_BYTES + CHUNK_BYTES; i++) bytes[i] = bytes[i - PERIOD_BYTES];
  return bytes;
}

/* The next piece of a stream of `total` bytes, as much of it as is taken; as send. */
static inline ssize_t send_piece(int fd, const uint8_t *stream, uint64_t position, uint64_t total) {
  uint64_t left = total - position;
  return send(fd, stream + position % PERIOD_BYTES, left < CHUNK_BYTES ? left : CHUNK_BYTES, MSG_NOSIGNAL);
}

static inline void make_order(uint8_t *order, enum order what, uint64_t length) {
  for (size_t i = 0; i < ORDER_BYTES; i++) order[i] = 0;
  order[0] = (uint8_t)what;
  for (size_t i = 0; i < 8; i++) order[ORDER_LENGTH_AT + i] = (uint8_t)(length >> (8 * i));
}

static inline uint64_t order_length(const uint8_t *order) {
  uint64_t length = 0;
  for (size_t i = 0; i < 8; i++) length |= (uint64_t)order[ORDER_LENGTH_AT + i] << (8 * i);
  return length;
}

#endif
