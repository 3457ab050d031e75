/* Counts of durations: 64 steps to each power of two, so a percentile is true to 1.6 per cent. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H
#include <stdint.h>

enum { STEPS = 64, BUCKETS = 40 * STEPS };

typedef struct {
  uint64_t count[BUCKETS];
  uint64_t total;
} histogram;

static inline uint32_t bucket_of(uint64_t ns) {
  if (ns < STEPS) return (uint32_t)ns;
  uint32_t power = 63 - (uint32_t)__builtin_clzll(ns); /* 6 and more */
  uint32_t bucket = (power - 5) * STEPS + (uint32_t)((ns >> (power - 6)) - STEPS);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The middle of a bucket, in microseconds. */
static inline double bucket_us(uint32_t bucket) {
  if (bucket < STEPS) return bucket / 1000.0;
  uint32_t power = bucket / STEPS + 5;
  double low = (double)((uint64_t)(STEPS + bucket % STEPS) << (power - 6));
  return (low + (double)(1ull << (power - 6)) / 2) / 1000.0;
}

static inline void histogram_add(histogram *h, uint64_t ns) {
  h->count[bucket_of(ns)]++;
  h->total++;
}

static inline double histogram_us(const histogram *h, double share) {
  uint64_t rank = (uint64_t)((double)h->total * share), seen = 0;
  for (uint32_t b = 0; b < BUCKETS; b++) {
    seen += h->count[b];
    if (seen > rank) return bucket_us(b);
  }
  return 0;
}

#endif
