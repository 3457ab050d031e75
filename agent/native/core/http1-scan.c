#include "http1-scan.h"
#include "http1-host.h"
#include <string.h>

/* As agent/wire has them: http1-fields.ts, http1-answer.ts. */
enum { FIELD_COUNT_CAP = 200, STATUS_LINE_CAP = 4 * 1024 };
static const uint64_t BODY_CAP = (1ull << 53) - 1; /* beyond it JavaScript's numbers are not exact */

enum { TOKEN = 1, VISIBLE = 2, BLANK = 4, OBS_TEXT = 8, TARGET = 16, UPPER = 32 };
enum { TEXT = VISIBLE | BLANK };

/* RFC 9110 §5.5, §5.6.2: classes of bytes, or'ed. TARGET: visible, but not `#`. */
static const uint8_t CLASS[256] = {
    ['\t'] = BLANK,
    [' '] = BLANK,
    ['!'] = TOKEN | VISIBLE | TARGET,
    ['"'] = VISIBLE | TARGET,
    ['#'] = TOKEN | VISIBLE,
    ['$' ... '\''] = TOKEN | VISIBLE | TARGET,
    ['(' ... ')'] = VISIBLE | TARGET,
    ['*' ... '+'] = TOKEN | VISIBLE | TARGET,
    [','] = VISIBLE | TARGET,
    ['-' ... '.'] = TOKEN | VISIBLE | TARGET,
    ['/'] = VISIBLE | TARGET,
    ['0' ... '9'] = TOKEN | VISIBLE | TARGET,
    [':' ... '@'] = VISIBLE | TARGET,
    ['A' ... 'Z'] = TOKEN | VISIBLE | TARGET | UPPER,
    ['[' ... ']'] = VISIBLE | TARGET,
    ['^' ... 'z'] = TOKEN | VISIBLE | TARGET,
    ['{'] = VISIBLE | TARGET,
    ['|'] = TOKEN | VISIBLE | TARGET,
    ['}'] = VISIBLE | TARGET,
    ['~'] = TOKEN | VISIBLE | TARGET,
    [0x80 ... 0xff] = OBS_TEXT,
};

/* Invariant: at <= limit <= n. */
typedef struct {
  const uint8_t *bytes;
  uint32_t at;
  uint32_t limit;
  bool capped; /* the limit is not only where the bytes end for now */
} cursor;

static cursor cursor_over(const uint8_t *bytes, uint32_t n, uint32_t cap) {
  return (cursor){.bytes = bytes, .limit = n < cap ? n : cap, .capped = n >= cap};
}

static enum http1_result ran_out(const cursor *c) { return c->capped ? HTTP1_OTHER : HTTP1_INCOMPLETE; }

/* Steps over the longest run of bytes of these classes. */
static http1_span run(cursor *c, uint8_t classes) {
  uint32_t from = c->at, at = from;
  while (at < c->limit && CLASS[c->bytes[at]] & classes) at++;
  c->at = at;
  return (http1_span){.at = from, .length = at - from};
}

/* Steps over exactly these bytes. Of a part of the head, CANONICAL means that it is, and the rest may be. */
static enum http1_result expect(cursor *c, const char *literal, uint32_t length) {
  if (c->at == c->limit) return ran_out(c);
  uint32_t there = c->limit - c->at < length ? c->limit - c->at : length;
  if (memcmp(c->bytes + c->at, literal, there) != 0) return HTTP1_OTHER;
  c->at += there;
  return there == length ? HTTP1_CANONICAL : ran_out(c);
}

static bool same(const uint8_t *bytes, const char *word, uint32_t length) {
  return memcmp(bytes, word, length) == 0;
}

static uint8_t lower(uint8_t c) { return CLASS[c] & UPPER ? c | 0x20 : c; }

static bool same_in_any_case(const uint8_t *bytes, const char *word, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    if (lower(bytes[i]) != lower((uint8_t)word[i])) return false;
  }
  return true;
}

/* What of all fields frames or routes the message. */
typedef struct {
  http1_span host;
  uint32_t hosts;
  bool has_length;
  bool chunked;
  uint64_t length;
} control;

enum field_kind { FIELD_PLAIN, FIELD_HOST, FIELD_LENGTH, FIELD_CODING, FIELD_CONNECTION, FIELD_REFUSED };

/* Refused: what changes framing or protocol, or says so; and spellings with `_`, which CGI-like servers read as `-`. */
static enum field_kind kind_of(const uint8_t *name, uint32_t length) {
  switch (length) {
    case 2:
      return same_in_any_case(name, "te", 2) ? FIELD_REFUSED : FIELD_PLAIN;
    case 4:
      return same_in_any_case(name, "host", 4) ? FIELD_HOST : FIELD_PLAIN;
    case 6:
      return same_in_any_case(name, "expect", 6) ? FIELD_REFUSED : FIELD_PLAIN;
    case 7:
      return same_in_any_case(name, "upgrade", 7) || same_in_any_case(name, "trailer", 7) ? FIELD_REFUSED : FIELD_PLAIN;
    case 10:
      return same_in_any_case(name, "connection", 10) ? FIELD_CONNECTION : FIELD_PLAIN;
    case 14:
      if (!same_in_any_case(name, "content", 7) || !same_in_any_case(name + 8, "length", 6)) return FIELD_PLAIN;
      return name[7] == '-' ? FIELD_LENGTH : FIELD_REFUSED;
    case 16:
      return same_in_any_case(name, "proxy-connection", 16) ? FIELD_REFUSED : FIELD_PLAIN;
    case 17:
      if (!same_in_any_case(name, "transfer", 8) || !same_in_any_case(name + 9, "encoding", 8)) return FIELD_PLAIN;
      return name[8] == '-' ? FIELD_CODING : FIELD_REFUSED;
    default:
      return FIELD_PLAIN;
  }
}

/* Plain digits, no leading zero. */
static bool read_length(const uint8_t *value, uint32_t length, uint64_t *out) {
  if (length == 0 || length > 16 || (length > 1 && value[0] == '0')) return false;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < length; i++) {
    if (value[i] < '0' || value[i] > '9') return false;
    sum = sum * 10 + (uint64_t)(value[i] - '0');
  }
  *out = sum;
  return sum <= BODY_CAP;
}

/* False: with this field the head is not canonical. `raw`: all between colon and line end; some take no tab for a blank. */
static bool note_field(control *found, const uint8_t *bytes, http1_span name, http1_span value, http1_span raw) {
  switch (kind_of(bytes + name.at, name.length)) {
    case FIELD_PLAIN:
      return true;
    case FIELD_HOST:
      if (memchr(bytes + raw.at, '\t', raw.length)) return false;
      found->host = value;
      found->hosts++;
      return true;
    case FIELD_LENGTH:
      if (found->has_length || memchr(bytes + raw.at, '\t', raw.length)) return false;
      found->has_length = true;
      return read_length(bytes + value.at, value.length, &found->length);
    case FIELD_CODING:
      if (found->chunked || memchr(bytes + raw.at, '\t', raw.length)) return false;
      found->chunked = true;
      return value.length == 7 && same_in_any_case(bytes + value.at, "chunked", 7);
    case FIELD_CONNECTION:
      return value.length == 10 && same_in_any_case(bytes + value.at, "keep-alive", 10);
    case FIELD_REFUSED:
      return false;
  }
  return false;
}

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

/* One line `name: value CRLF`; `allowed`: classes of the bytes of values. */
static enum http1_result scan_field(cursor *c, uint8_t allowed, control *found) {
  http1_span name = run(c, TOKEN);
  if (c->at == c->limit) return ran_out(c);
  if (name.length == 0 || c->bytes[c->at] != ':') return HTTP1_OTHER;
  uint32_t behind_colon = ++c->at;
  run(c, BLANK);
  http1_span value = run(c, allowed);
  http1_span raw = {.at = behind_colon, .length = c->at - behind_colon};
  enum http1_result end = expect(c, "\r\n", 2);
  if (end != HTTP1_CANONICAL) return end;
  while (value.length && is_blank(c->bytes[value.at + value.length - 1])) value.length--;
  return note_field(found, c->bytes, name, value, raw) ? HTTP1_CANONICAL : HTTP1_OTHER;
}

/* Field lines and the empty line. */
static enum http1_result scan_fields(cursor *c, uint8_t allowed, control *found) {
  for (uint32_t fields = 0;; fields++) {
    if (c->at == c->limit) return ran_out(c);
    if (c->bytes[c->at] == '\r') return expect(c, "\r\n", 2);
    if (fields == FIELD_COUNT_CAP) return HTTP1_OTHER;
    enum http1_result field = scan_field(c, allowed, found);
    if (field != HTTP1_CANONICAL) return field;
  }
}

/* What these methods ask for is read differently: no origin-form, or no request at all. */
static bool is_special_method(const uint8_t *method, uint32_t length) {
  return (length == 7 && same(method, "CONNECT", 7)) || (length == 5 && same(method, "TRACE", 5)) ||
         (length == 3 && same(method, "PRI", 3));
}

static enum http1_result scan_request_line(cursor *c, http1_request *out) {
  out->method = run(c, UPPER);
  if (c->at == c->limit) return ran_out(c);
  if (out->method.length == 0 || is_special_method(c->bytes, out->method.length)) return HTTP1_OTHER;
  enum http1_result next = expect(c, " /", 2);
  if (next != HTTP1_CANONICAL) return next;
  c->at--;
  out->target = run(c, TARGET);
  return expect(c, " HTTP/1.1\r\n", 11);
}

enum http1_result http1_scan_request(const uint8_t *bytes, uint32_t n, http1_request *out) {
  cursor c = cursor_over(bytes, n, HTTP1_HEAD_CAP);
  control found = {0};
  http1_request request = {0};
  enum http1_result result = scan_request_line(&c, &request);
  if (result == HTTP1_CANONICAL) result = scan_fields(&c, TEXT, &found);
  if (result != HTTP1_CANONICAL) return result;
  if (found.chunked || found.hosts != 1 || !http1_host_is_plain(bytes + found.host.at, found.host.length)) return HTTP1_OTHER;
  request.host = found.host;
  request.head_bytes = c.at;
  request.body_bytes = found.length;
  request.is_head = request.method.length == 4 && same(bytes, "HEAD", 4);
  *out = request;
  return HTTP1_CANONICAL;
}

/* Three digits from 200 to 599. */
static enum http1_result scan_status(cursor *c, uint32_t *status) {
  for (int digit = 0; digit < 3; digit++) {
    if (c->at == c->limit) return ran_out(c);
    uint8_t byte = c->bytes[c->at++];
    if (byte < (digit ? '0' : '2') || byte > (digit ? '9' : '5')) return HTTP1_OTHER;
    *status = *status * 10 + (uint32_t)(byte - '0');
  }
  return HTTP1_CANONICAL;
}

static enum http1_result scan_status_line(cursor *c, uint32_t *status) {
  enum http1_result result = expect(c, "HTTP/1.1 ", 9);
  if (result == HTTP1_CANONICAL) result = scan_status(c, status);
  if (result != HTTP1_CANONICAL) return result;
  if (c->at < c->limit && c->bytes[c->at] == ' ') run(c, TEXT | OBS_TEXT);
  return expect(c, "\r\n", 2);
}

/* RFC 9112 §6.3, as far as all agree: recipients differ in whether a 205 may have content, and a 204 a length. */
static bool read_body(bool to_head, const control *found, http1_answer *a) {
  if (a->status == 205 || (a->status == 204 && found->has_length)) return false;
  bool none = to_head || a->status == 204 || a->status == 304;
  if (found->chunked && (none || found->has_length)) return false;
  a->body_bytes = none ? 0 : found->length;
  a->chunked = found->chunked;
  return none || found->has_length || found->chunked;
}

enum http1_result http1_scan_answer(const uint8_t *bytes, uint32_t n, bool to_head, http1_answer *out) {
  control found = {0};
  http1_answer answer = {0};
  cursor line = cursor_over(bytes, n, STATUS_LINE_CAP);
  enum http1_result result = scan_status_line(&line, &answer.status);
  if (result != HTTP1_CANONICAL) return result;
  cursor c = cursor_over(bytes, n, HTTP1_HEAD_CAP);
  c.at = answer.status_line_bytes = line.at;
  result = scan_fields(&c, TEXT | OBS_TEXT, &found);
  if (result != HTTP1_CANONICAL) return result;
  if (!read_body(to_head, &found, &answer)) return HTTP1_OTHER;
  answer.head_bytes = c.at;
  *out = answer;
  return HTTP1_CANONICAL;
}

bool http1_has_field(const uint8_t *bytes, uint32_t head_bytes, const char *name, uint32_t name_length) {
  const uint8_t *end = bytes + head_bytes;
  const uint8_t *line = bytes;
  while ((line = memchr(line, '\n', (size_t)(end - line)))) {
    line++;
    if ((size_t)(end - line) <= name_length) return false;
    if (line[name_length] == ':' && same_in_any_case(line, name, name_length)) return true;
  }
  return false;
}
