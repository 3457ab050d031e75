/* What all targets of this folder share. The invariant of each stands at its top; `must` breaks it. */
#ifndef WEIR_FUZZ_INPUT_H
#define WEIR_FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(holds)                                                                  \
  do {                                                                               \
    if (!(holds)) {                                                                  \
      fprintf(stderr, "broken invariant: %s (%s:%d)\n", #holds, __FILE__, __LINE__); \
      abort();                                                                       \
    }                                                                                \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A copy that ends where the piece does, so that the sanitizer sees a read beyond it. To be freed. */
static inline uint8_t *copy_of(const uint8_t *bytes, size_t n) {
  uint8_t *copy = malloc(n ? n : 1);
  must(copy);
  if (n) memcpy(copy, bytes, n);
  return copy;
}

/* Numbers that follow from the input, so that a replay is the same: FNV-1a, then a linear congruence (Knuth). */
static inline uint64_t seed_of(const uint8_t *bytes, size_t n) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

static inline uint32_t below(uint64_t *seed, uint32_t bound) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return bound ? (uint32_t)(*seed >> 33) % bound : 0;
}

#endif
