/*
 * Invariant: a head is read within its bytes; once it is not INCOMPLETE, bytes behind never change it, and each shorter
 * piece of a canonical head is INCOMPLETE; all that a canonical head tells lies within it.
 */
#include "http1-scan.h"
#include "http1-host.h"
#include "input.h"

enum { CUTS = 8 };

typedef struct {
  enum http1_result result;
  http1_request request;
  http1_answer answer;
} seen;

enum kind { REQUEST, ANSWER, ANSWER_TO_HEAD, KINDS };

static seen scan(enum kind kind, const uint8_t *bytes, uint32_t n) {
  seen s;
  memset(&s, 0, sizeof s);
  uint8_t *piece = copy_of(bytes, n);
  if (kind == REQUEST) s.result = http1_scan_request(piece, n, &s.request);
  else s.result = http1_scan_answer(piece, n, kind == ANSWER_TO_HEAD, &s.answer);
  free(piece);
  return s;
}

static bool within(http1_span s, uint32_t end) { return s.at <= end && s.length <= end - s.at; }

static void check_request(const http1_request *r, const uint8_t *bytes, uint32_t n) {
  must(r->head_bytes <= n && r->head_bytes <= HTTP1_HEAD_CAP && r->head_bytes > 4);
  must(within(r->method, r->head_bytes) && within(r->target, r->head_bytes) && within(r->host, r->head_bytes));
  must(r->method.length > 0 && r->target.length > 0 && r->host.length > 0 && bytes[r->target.at] == '/');
  must(memcmp(bytes + r->head_bytes - 4, "\r\n\r\n", 4) == 0);
  must(r->body_bytes < 1ull << 53);
  must(http1_host_is_plain(bytes + r->host.at, r->host.length));
}

static void check_answer(const http1_answer *a, const uint8_t *bytes, uint32_t n) {
  must(a->head_bytes <= n && a->head_bytes <= HTTP1_HEAD_CAP && a->status_line_bytes < a->head_bytes);
  must(a->status >= 200 && a->status <= 599 && a->body_bytes < 1ull << 53);
  must(!(a->chunked && a->body_bytes));
  must(memcmp(bytes + a->status_line_bytes - 2, "\r\n", 2) == 0);
}

static void check_field(const uint8_t *bytes, uint32_t head_bytes, uint64_t *seed) {
  uint32_t at = below(seed, head_bytes), length = below(seed, head_bytes - at < 32 ? head_bytes - at : 32);
  uint8_t *head = copy_of(bytes, head_bytes);
  http1_has_field(head, head_bytes, (const char *)bytes + at, length);
  free(head);
}

static void check_kind(enum kind kind, const uint8_t *bytes, uint32_t n, uint64_t *seed) {
  seen whole = scan(kind, bytes, n);
  uint32_t head = kind == REQUEST ? whole.request.head_bytes : whole.answer.head_bytes;
  if (whole.result == HTTP1_CANONICAL) {
    if (kind == REQUEST) check_request(&whole.request, bytes, n);
    else check_answer(&whole.answer, bytes, n);
    check_field(bytes, head, seed);
  }
  for (int i = 0; i < CUTS; i++) {
    uint32_t length = i ? below(seed, n + 1) : head - (head > 0);
    seen piece = scan(kind, bytes, length);
    if (whole.result == HTTP1_INCOMPLETE) must(piece.result == HTTP1_INCOMPLETE);
    else if (whole.result == HTTP1_CANONICAL && length < head) must(piece.result == HTTP1_INCOMPLETE);
    else if (piece.result != HTTP1_INCOMPLETE) must(memcmp(&piece, &whole, sizeof piece) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  uint64_t seed = seed_of(bytes, n);
  for (int kind = 0; kind < KINDS; kind++) check_kind((enum kind)kind, bytes, (uint32_t)n, &seed);
  uint32_t at = below(&seed, (uint32_t)n + 1);
  uint8_t *host = copy_of(bytes + at, n - at);
  http1_host_is_plain(host, (uint32_t)(n - at));
  free(host);
  return 0;
}
