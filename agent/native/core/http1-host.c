#include "http1-host.h"
#include <arpa/inet.h>
#include <string.h>

enum { NAME_CAP = 253, LABEL_CAP = 63, PORT_DIGITS = 5, PORT_CAP = 65535 };

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static bool is_letter(uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static bool is_hex(uint8_t c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/* Digits of a number up to `cap`, without a leading zero unless it is 0. */
static bool is_number(const uint8_t *bytes, uint32_t length, uint32_t digits, uint32_t cap) {
  if (length == 0 || length > digits || (length > 1 && bytes[0] == '0')) return false;
  uint32_t value = 0;
  for (uint32_t i = 0; i < length; i++) {
    if (!is_digit(bytes[i])) return false;
    value = value * 10 + (uint32_t)(bytes[i] - '0');
  }
  return value <= cap;
}

static bool is_port(const uint8_t *bytes, uint32_t length) {
  return is_number(bytes, length, PORT_DIGITS, PORT_CAP) && bytes[0] != '0';
}

static bool is_v4(const uint8_t *bytes, uint32_t length) {
  uint32_t start = 0, octets = 0;
  for (uint32_t i = 0; i <= length; i++) {
    if (i < length && bytes[i] != '.') continue;
    if (!is_number(bytes + start, i - start, 3, 255)) return false;
    octets++;
    start = i + 1;
  }
  return octets == 4;
}

static bool is_label(const uint8_t *bytes, uint32_t length) {
  if (length == 0 || length > LABEL_CAP || bytes[0] == '-' || bytes[length - 1] == '-') return false;
  for (uint32_t i = 0; i < length; i++) {
    if (!is_letter(bytes[i]) && !is_digit(bytes[i]) && bytes[i] != '-' && bytes[i] != '_') return false;
  }
  return true;
}

/* The last label begins with a letter: what any resolver could take for an address never does. */
static bool is_name(const uint8_t *bytes, uint32_t length) {
  if (length > NAME_CAP) return false;
  uint32_t start = 0;
  for (uint32_t i = 0; i < length; i++) {
    if (bytes[i] != '.') continue;
    if (!is_label(bytes + start, i - start)) return false;
    start = i + 1;
  }
  return is_label(bytes + start, length - start) && is_letter(bytes[start]);
}

/* Hexadecimal groups only; the dotted form inside of IPv6 is left to others. */
static bool is_v6(const uint8_t *bytes, uint32_t length) {
  char text[INET6_ADDRSTRLEN];
  if (length >= sizeof text) return false;
  for (uint32_t i = 0; i < length; i++) {
    if (!is_hex(bytes[i]) && bytes[i] != ':') return false;
  }
  memcpy(text, bytes, length);
  text[length] = '\0';
  struct in6_addr unused;
  return inet_pton(AF_INET6, text, &unused) == 1;
}

bool http1_host_is_plain(const uint8_t *bytes, uint32_t length) {
  if (length == 0) return false;
  bool bracketed = bytes[0] == '[';
  const uint8_t *end = memchr(bytes, bracketed ? ']' : ':', length);
  if (bracketed && !end) return false;
  uint32_t host = end ? (uint32_t)(end - bytes) : length;
  uint32_t behind = host + bracketed; /* where the colon stands, if there is one */
  if (behind < length && (bytes[behind] != ':' || !is_port(bytes + behind + 1, length - behind - 1))) return false;
  if (bracketed) return is_v6(bytes + 1, host - 1);
  return is_name(bytes, host) || is_v4(bytes, host);
}
