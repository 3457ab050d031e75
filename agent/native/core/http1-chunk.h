/*
 * A narrow reader of chunked bodies (RFC 9112 §7.1). It knows one form: a size of one to eight hexadecimal digits with
 * the line end directly behind it, no extensions, no trailers. All else, right or wrong, is left to
 * agent/wire/http1-chunks.ts: what is canonical here ends there at the same byte. test/native/http1-chunk.test.ts
 * compares the two.
 *
 * Contract: total; no allocation; reads no byte beyond `n`, and none of the data of chunks; time linear in framing.
 */
#ifndef WEIR_HTTP1_CHUNK_H
#define WEIR_HTTP1_CHUNK_H

#include "http1-scan.h"

/* What the next byte of a body belongs to, where all before it may pass. */
enum http1_chunk_place {
  HTTP1_CHUNK_SIZE, /* a size line */
  HTTP1_CHUNK_END   /* the line end behind the data of a chunk */
};

typedef struct {
  uint64_t bytes; /* that are surely the body's, from the first on: with data that is still to come, more than `n` */
  enum http1_chunk_place place; /* behind them */
} http1_chunks;

/*
 * The piece of a body at the start of `bytes`. CANONICAL: the body ends behind `out->bytes`. INCOMPLETE: what is behind
 * them, if anything, could still become canonical. OTHER: it cannot. `out` is written in each case.
 */
enum http1_result http1_scan_chunks(enum http1_chunk_place from, const uint8_t *bytes, uint32_t n, http1_chunks *out);

#endif
