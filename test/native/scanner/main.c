/*
 * Reads cases from stdin, writes one result for each to stdout, until stdin ends. Numbers are of the machine's order.
 *   case:   kind, bytes of the message, bytes of the name (32 bits each), the message, the name
 *   result: `WORDS` words of 32 bits, see `enum word`
 * Every piece from the first byte on is scanned, from memory that ends where the piece does, so that the sanitizer sees a
 * read beyond it. Of a long message only some lengths are, and the last.
 */
#include "http1-chunk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { REQUEST, ANSWER, ANSWER_TO_HEAD, CHUNKS, CHUNKS_BEHIND_DATA };

enum word {
  RESULT,  /* enum http1_result of all bytes */
  PENDING, /* the longest piece that is INCOMPLETE, + 1; 0: not even no byte at all is */
  SETTLED, /* the shortest piece that is not INCOMPLETE; beyond the message: none */
  STEADY,  /* 1: every piece from SETTLED on has the same result */
  METHOD,
  METHOD_LENGTH,
  TARGET,
  TARGET_LENGTH,
  HOST,
  HOST_LENGTH,
  HEAD_BYTES,
  BODY_LOW,
  BODY_HIGH,
  STATUS, /* of an answer; of a request 1 for HEAD */
  STATUS_LINE_BYTES,
  HAS_FIELD,
  CHUNKED, /* of an answer; of chunks the place behind BODY */
  WORDS
};

/* Longer messages are not scanned at each length. */
enum { PIECES = 2048 };

static uint32_t words_of_request(const uint8_t *bytes, uint32_t n, uint32_t *w) {
  http1_request r;
  uint32_t result = http1_scan_request(bytes, n, &r);
  if (result != HTTP1_CANONICAL) return result;
  w[METHOD] = r.method.at;
  w[METHOD_LENGTH] = r.method.length;
  w[TARGET] = r.target.at;
  w[TARGET_LENGTH] = r.target.length;
  w[HOST] = r.host.at;
  w[HOST_LENGTH] = r.host.length;
  w[HEAD_BYTES] = r.head_bytes;
  w[BODY_LOW] = (uint32_t)r.body_bytes;
  w[BODY_HIGH] = (uint32_t)(r.body_bytes >> 32);
  w[STATUS] = r.is_head;
  return result;
}

static uint32_t words_of_answer(const uint8_t *bytes, uint32_t n, bool to_head, uint32_t *w) {
  http1_answer a;
  uint32_t result = http1_scan_answer(bytes, n, to_head, &a);
  if (result != HTTP1_CANONICAL) return result;
  w[HEAD_BYTES] = a.head_bytes;
  w[BODY_LOW] = (uint32_t)a.body_bytes;
  w[BODY_HIGH] = (uint32_t)(a.body_bytes >> 32);
  w[STATUS] = a.status;
  w[STATUS_LINE_BYTES] = a.status_line_bytes;
  w[CHUNKED] = a.chunked;
  return result;
}

/* These are not steady: a piece gives what it has. */
static uint32_t words_of_chunks(const uint8_t *bytes, uint32_t n, enum http1_chunk_place from, uint32_t *w) {
  http1_chunks c;
  uint32_t result = http1_scan_chunks(from, bytes, n, &c);
  w[BODY_LOW] = (uint32_t)c.bytes;
  w[BODY_HIGH] = (uint32_t)(c.bytes >> 32);
  w[CHUNKED] = c.place;
  return result;
}

static uint32_t words_of(uint32_t kind, const uint8_t *bytes, uint32_t n, uint32_t *w) {
  switch (kind) {
    case REQUEST:
      return words_of_request(bytes, n, w);
    case CHUNKS:
    case CHUNKS_BEHIND_DATA:
      return words_of_chunks(bytes, n, kind == CHUNKS ? HTTP1_CHUNK_SIZE : HTTP1_CHUNK_END, w);
    default:
      return words_of_answer(bytes, n, kind == ANSWER_TO_HEAD, w);
  }
}

static void scan_piece(uint32_t kind, const uint8_t *bytes, uint32_t n, uint32_t *w) {
  uint8_t *own = malloc(n ? n : 1);
  if (!own) abort();
  memcpy(own, bytes, n);
  memset(w, 0, WORDS * sizeof *w);
  w[RESULT] = words_of(kind, own, n, w);
  free(own);
}

static void scan_pieces(uint32_t kind, const uint8_t *bytes, uint32_t n, uint32_t *all) {
  uint32_t piece[WORDS], pending = 0, settled = n + 1, steady = 1;
  uint32_t stride = n / PIECES + 1;
  scan_piece(kind, bytes, n, all);
  for (uint32_t length = 0; length < n; length += stride) {
    scan_piece(kind, bytes, length, piece);
    if (piece[RESULT] == HTTP1_INCOMPLETE) pending = length + 1;
    else if (settled > n) settled = length;
    if (settled <= length && memcmp(piece, all, sizeof piece) != 0) steady = 0;
  }
  if (all[RESULT] == HTTP1_INCOMPLETE) pending = n + 1;
  else if (settled > n) settled = n;
  all[PENDING] = pending;
  all[SETTLED] = settled;
  all[STEADY] = steady;
}

/* False at the end of the input. */
static bool take(void *out, size_t n) {
  size_t got = fread(out, 1, n, stdin);
  if (got != n && (got || !feof(stdin))) abort();
  return got == n;
}

int main(void) {
  uint32_t header[3], words[WORDS];
  while (take(header, sizeof header)) {
    uint8_t *bytes = malloc(header[1] + header[2] + 1);
    if (!bytes || (header[1] + header[2] && !take(bytes, header[1] + header[2]))) abort();
    const char *name = (const char *)bytes + header[1];
    if (header[0] < CHUNKS) scan_pieces(header[0], bytes, header[1], words);
    else scan_piece(header[0], bytes, header[1], words);
    if (header[0] < CHUNKS && words[RESULT] == HTTP1_CANONICAL) words[HAS_FIELD] = http1_has_field(bytes, words[HEAD_BYTES], name, header[2]);
    free(bytes);
    fwrite(words, sizeof words, 1, stdout);
    fflush(stdout);
  }
  return 0;
}
