/*
 * Invariant: whatever is added, put in place, consumed and cut off, what is held are the bytes of a plain model, and the
 * pool counts them; at the end nothing is leaked.
 */
#include "held.h"
#include "input.h"

enum { MODEL_CAP = 96 * 1024, PIECE_CAP = 24 * 1024 };

typedef struct {
  uint8_t bytes[MODEL_CAP];
  uint32_t length;
} model;

static void model_replace(model *m, uint32_t at, uint32_t remove, const uint8_t *by, uint32_t n) {
  memmove(m->bytes + at + n, m->bytes + at + remove, m->length - at - remove);
  memcpy(m->bytes + at, by, n);
  m->length = m->length - remove + n;
}

static void check(const buffer_pool *pool, const held *h, const model *m, uint32_t other) {
  must(h->length == m->length && pool->held_bytes == m->length + other);
  must((h->bytes != NULL) == (h->length > 0));
  must(!h->bytes || (h->start + h->length <= h->capacity && memcmp(h->bytes + h->start, m->bytes, m->length) == 0));
}

/* One step: what is done, and two numbers of 16 bits of how much. */
static void step(const uint8_t *order, buffer_pool *pool, held *h, model *m) {
  static uint8_t filling[PIECE_CAP];
  uint32_t a = (uint32_t)(order[1] << 8 | order[2]), b = (uint32_t)(order[3] << 8 | order[4]);
  uint32_t n = a % PIECE_CAP;
  memset(filling, order[1] + order[4], n);
  uint32_t at = m->length ? a % (m->length + 1) : 0, remove = m->length - at ? b % (m->length - at + 1) : 0;
  bool fits = m->length + n <= MODEL_CAP;
  switch (order[0] % 6) {
    case 0:
      if (!n || !fits) return;
      must(held_append(pool, h, filling, n));
      model_replace(m, m->length, 0, filling, n);
      return;
    case 1:
      n = b % PIECE_CAP;
      if (!m->length || m->length + n > MODEL_CAP) return;
      memset(filling, order[0], n);
      must(held_replace(pool, h, at, remove, filling, n));
      model_replace(m, at, remove, filling, n);
      return;
    case 2:
      if (!m->length) return;
      held_consume(pool, h, at);
      model_replace(m, 0, at, filling, 0);
      return;
    case 3:
      if (!m->length) return;
      held_truncate(pool, h, at);
      m->length = at;
      return;
    case 4:
      held_release(pool, h);
      m->length = 0;
      return;
    default:
      if (!n || !fits) return;
      must(held_reserve(pool, h, n) && held_room(h) >= n);
      memcpy(held_end(h), filling, n);
      held_added(pool, h, n);
      model_replace(m, m->length, 0, filling, n);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  static buffer_pool pool;
  static model models[2];
  held both[2] = {{0}, {0}};
  memset(&pool, 0, sizeof pool);
  models[0].length = models[1].length = 0;
  for (size_t at = 0; at + 5 <= n; at += 5) {
    int which = bytes[at] >> 7;
    step(bytes + at, &pool, &both[which], &models[which]);
    check(&pool, &both[0], &models[0], models[1].length);
    check(&pool, &both[1], &models[1], models[0].length);
  }
  held_release(&pool, &both[0]);
  held_release(&pool, &both[1]);
  must(pool.held_bytes == 0);
  pool_free(&pool);
  return 0;
}
