#include "share.h"
#include "thread.h"

/* Many heads of the largest size at a time, but not as many as one caller may have flows. Of one thread. */
enum { HELD_OF_SHARE = 16 * 1024 * 1024 };

void share_charge(thread *t, flow *f, uint32_t held_bytes) {
  t->held_of[f->share] += held_bytes - f->charged;
  f->charged = held_bytes;
}

bool share_allows(const thread *t, const flow *f, const direction *d) {
  return d->held.length < USUAL_BUFFER_BYTES || t->held_of[f->share] < HELD_OF_SHARE;
}

void share_set(thread *t, flow *f, uint32_t number) {
  if (number >= MAX_SHARES) return;
  uint32_t charged = f->charged;
  share_charge(t, f, 0);
  f->share = MAX_LISTENERS + number;
  share_charge(t, f, charged);
}
