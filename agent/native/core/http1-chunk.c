#include "http1-chunk.h"

/* Sizes of 32 bits; larger chunks are sent by nobody. */
enum { DIGITS_CAP = 8 };

static int digit_of(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  uint8_t lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether a line end is the next of `n` bytes. */
static enum http1_result line_end(const uint8_t *bytes, uint64_t n) {
  if (n == 0) return HTTP1_INCOMPLETE;
  if (bytes[0] != '\r') return HTTP1_OTHER;
  if (n == 1) return HTTP1_INCOMPLETE;
  return bytes[1] == '\n' ? HTTP1_CANONICAL : HTTP1_OTHER;
}

typedef struct {
  uint32_t bytes; /* of the line, with its end */
  uint64_t size;
} size_line;

static enum http1_result scan_size_line(const uint8_t *bytes, uint64_t n, size_line *out) {
  uint64_t size = 0;
  uint32_t at = 0;
  for (int digit; at < n && (digit = digit_of(bytes[at])) >= 0; at++) {
    if (at == DIGITS_CAP) return HTTP1_OTHER;
    size = size << 4 | (uint32_t)digit;
  }
  if (at == n) return HTTP1_INCOMPLETE;
  if (at == 0) return HTTP1_OTHER;
  enum http1_result end = line_end(bytes + at, n - at);
  *out = (size_line){.bytes = at + 2, .size = size};
  return end;
}

/* The last chunk is one with the line end behind it: before its line is where trailers are begun to be read. */
enum http1_result http1_scan_chunks(enum http1_chunk_place from, const uint8_t *bytes, uint32_t n, http1_chunks *out) {
  *out = (http1_chunks){.bytes = 0, .place = from};
  for (;;) {
    if (out->bytes >= n) return HTTP1_INCOMPLETE; /* first of all: beyond are bytes that are not there */
    const uint8_t *next = bytes + out->bytes;
    uint64_t left = n - out->bytes;
    if (out->place == HTTP1_CHUNK_END) {
      enum http1_result end = line_end(next, left);
      if (end != HTTP1_CANONICAL) return end;
      out->bytes += 2;
      out->place = HTTP1_CHUNK_SIZE;
      continue;
    }
    size_line line;
    enum http1_result result = scan_size_line(next, left, &line);
    if (result != HTTP1_CANONICAL) return result;
    if (line.size == 0) {
      result = line_end(next + line.bytes, left - line.bytes);
      if (result == HTTP1_CANONICAL) out->bytes += line.bytes + 2;
      return result;
    }
    out->bytes += line.bytes + line.size;
    out->place = HTTP1_CHUNK_END;
  }
}
