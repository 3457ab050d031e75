/*
 * A narrow reader of HTTP/1.1 heads. It knows one form, the canonical one, which every recipient reads the same way, and
 * leaves all else, right or wrong, to agent/wire (http1-request.ts, http1-answer.ts): what is canonical here is accepted
 * there with the same method, target, Host, lengths and status. test/native/http1-scan.test.ts compares the two.
 *
 * Contract: total; no allocation; reads no byte beyond `n` and none beyond HTTP1_HEAD_CAP; time linear in the head.
 * Once the result is not INCOMPLETE, bytes behind never change it; every shorter piece of a canonical head is INCOMPLETE.
 */
#ifndef WEIR_HTTP1_SCAN_H
#define WEIR_HTTP1_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* Start line, fields and the empty line: a usual buffer of held.h. Larger heads are not canonical. */
enum { HTTP1_HEAD_CAP = 16 * 1024 };

enum http1_result {
  HTTP1_INCOMPLETE, /* could still become canonical */
  HTTP1_OTHER,      /* not canonical, or bad */
  HTTP1_CANONICAL
};

/* Bytes of the head, by offset from its first. */
typedef struct {
  uint32_t at;
  uint32_t length;
} http1_span;

typedef struct {
  http1_span method;
  http1_span target;   /* begins with `/` */
  http1_span host;     /* value of the only Host, without the blanks around it; never empty */
  uint32_t head_bytes; /* start line to empty line */
  uint64_t body_bytes; /* what follows the head; at most 2^53 - 1 */
  bool is_head;        /* method HEAD: its answer has no body */
} http1_request;

typedef struct {
  uint32_t status;            /* 200 to 599 */
  uint32_t status_line_bytes; /* with its line end */
  uint32_t head_bytes;
  uint64_t body_bytes; /* 0 if chunked */
  bool chunked;        /* what follows are chunks, see http1-chunk.h */
} http1_answer;

/* The request head at the start of `bytes`. `out` is written only if canonical. */
enum http1_result http1_scan_request(const uint8_t *bytes, uint32_t n, http1_request *out);

/* The same for an answer's head; `to_head`: the request's method was HEAD. 1xx is never canonical. */
enum http1_result http1_scan_answer(const uint8_t *bytes, uint32_t n, bool to_head, http1_answer *out);

/* Whether a canonical head of `head_bytes` bytes has a field of this name, in any case. */
bool http1_has_field(const uint8_t *bytes, uint32_t head_bytes, const char *name, uint32_t name_length);

#endif
