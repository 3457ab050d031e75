/*
 * Invariant: a piece of a body is read within its bytes; what it surely holds and the place behind it are the same
 * however the body is split; a body that is canonical as a whole ends at the same byte in any split.
 */
#include "http1-chunk.h"
#include "input.h"

enum { SPLITS = 4 };

typedef struct {
  enum http1_result result;
  uint64_t bytes;
  enum http1_chunk_place place;
} seen;

static seen scan(enum http1_chunk_place from, const uint8_t *bytes, uint32_t n) {
  http1_chunks out;
  uint8_t *piece = copy_of(bytes, n);
  enum http1_result result = http1_scan_chunks(from, piece, n, &out);
  free(piece);
  must(out.place == HTTP1_CHUNK_SIZE || out.place == HTTP1_CHUNK_END);
  if (result == HTTP1_CANONICAL) must(out.bytes <= n);
  /* No more than one chunk is still to come, and its size has 32 bits. */
  must(out.bytes <= n + (1ull << 32));
  return (seen){result, out.bytes, out.place};
}

/* The body as it grows by pieces: each look begins where the last one was sure to get. */
static seen scan_growing(enum http1_chunk_place from, const uint8_t *bytes, uint32_t n, uint64_t *seed) {
  seen all = {HTTP1_INCOMPLETE, 0, from};
  for (uint32_t end = 0; end < n && all.result == HTTP1_INCOMPLETE;) {
    end += 1 + below(seed, n - end);
    if (all.bytes > end) continue;
    seen next = scan(all.place, bytes + all.bytes, end - (uint32_t)all.bytes);
    all = (seen){next.result, all.bytes + next.bytes, next.place};
  }
  return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  uint64_t seed = seed_of(bytes, n);
  for (int from = HTTP1_CHUNK_SIZE; from <= HTTP1_CHUNK_END; from++) {
    seen whole = scan((enum http1_chunk_place)from, bytes, (uint32_t)n);
    for (int i = 0; i < SPLITS; i++) {
      seen split = scan_growing((enum http1_chunk_place)from, bytes, (uint32_t)n, &seed);
      must(split.result == whole.result && split.bytes == whole.bytes);
      if (whole.result != HTTP1_CANONICAL) must(split.place == whole.place);
    }
  }
  return 0;
}
