/* What origin and load agree on, so that each answer can be checked byte by byte. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H
#include <stddef.h>
#include <stdint.h>

enum { BODY_BYTES_MOST = 4 * 1024 * 1024 };

/* Byte i of every body. The period is no power of two: a piece that was lost or doubled shows. */
static inline void fill_body(uint8_t *body, size_t length) {
  for (size_t i = 0; i < length; i++) body[i] = (uint8_t)('!' + i % 89);
}

#endif
