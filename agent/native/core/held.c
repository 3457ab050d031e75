#include "held.h"
#include <stdlib.h>
#include <string.h>

static uint8_t *buffer_take(buffer_pool *p, uint32_t capacity) {
  if (capacity == USUAL_BUFFER_BYTES && p->free_count) return p->free_list[--p->free_count];
  return malloc(capacity);
}

static void buffer_give(buffer_pool *p, uint8_t *bytes, uint32_t capacity) {
  if (capacity == USUAL_BUFFER_BYTES && p->free_count < KEPT_BUFFERS) p->free_list[p->free_count++] = bytes;
  else free(bytes);
}

void pool_free(buffer_pool *p) {
  while (p->free_count) free(p->free_list[--p->free_count]);
}

bool held_reserve(buffer_pool *p, held *h, uint32_t room) {
  if (h->bytes && h->capacity - h->start - h->length >= room) return true;
  if (h->bytes && h->capacity - h->length >= room) {
    memmove(h->bytes, h->bytes + h->start, h->length);
    h->start = 0;
    return true;
  }
  uint32_t capacity = USUAL_BUFFER_BYTES;
  while (capacity < h->length + room) capacity *= 2;
  uint8_t *bytes = buffer_take(p, capacity);
  if (!bytes) return false;
  if (h->bytes) {
    memcpy(bytes, h->bytes + h->start, h->length);
    buffer_give(p, h->bytes, h->capacity);
  }
  *h = (held){.bytes = bytes, .start = 0, .length = h->length, .capacity = capacity};
  return true;
}

uint8_t *held_end(const held *h) { return h->bytes + h->start + h->length; }

uint32_t held_room(const held *h) { return h->capacity - h->start - h->length; }

void held_added(buffer_pool *p, held *h, uint32_t n) {
  h->length += n;
  p->held_bytes += n;
  if (!h->length) held_release(p, h);
}

bool held_append(buffer_pool *p, held *h, const uint8_t *bytes, uint32_t n) {
  if (!held_reserve(p, h, n)) return false;
  memcpy(held_end(h), bytes, n);
  held_added(p, h, n);
  return true;
}

bool held_replace(buffer_pool *p, held *h, uint32_t at, uint32_t remove, const uint8_t *bytes, uint32_t n) {
  if (n > remove && !held_reserve(p, h, n - remove)) return false;
  if (!h->bytes) return true;
  uint8_t *place = h->bytes + h->start + at;
  memmove(place + n, place + remove, h->length - at - remove);
  if (n) memcpy(place, bytes, n);
  h->length = h->length - remove + n;
  p->held_bytes = p->held_bytes - remove + n;
  if (!h->length) held_release(p, h);
  return true;
}

void held_consume(buffer_pool *p, held *h, uint32_t n) {
  h->start += n;
  h->length -= n;
  p->held_bytes -= n;
  if (!h->length) held_release(p, h);
}

void held_truncate(buffer_pool *p, held *h, uint32_t n) {
  p->held_bytes -= h->length - n;
  h->length = n;
  if (!n) held_release(p, h);
}

void held_release(buffer_pool *p, held *h) {
  if (h->bytes) {
    p->held_bytes -= h->length;
    buffer_give(p, h->bytes, h->capacity);
  }
  *h = (held){0};
}
