#include "deadlines.h"
#include <stdlib.h>

static void place(deadlines *d, uint32_t at, deadline entry) {
  d->heap[at] = entry;
  d->position[entry.key] = at + 1;
}

static void sift(deadlines *d, uint32_t at, deadline entry) {
  while (at > 0 && d->heap[(at - 1) / 2].at > entry.at) {
    place(d, at, d->heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  for (uint32_t child = 2 * at + 1; child < d->count; child = 2 * at + 1) {
    if (child + 1 < d->count && d->heap[child + 1].at < d->heap[child].at) child++;
    if (d->heap[child].at >= entry.at) break;
    place(d, at, d->heap[child]);
    at = child;
  }
  place(d, at, entry);
}

bool deadlines_init(deadlines *d, uint32_t keys) {
  d->count = 0;
  d->heap = calloc(keys, sizeof *d->heap);
  d->position = calloc(keys, sizeof *d->position);
  return d->heap && d->position;
}

void deadlines_free(deadlines *d) {
  free(d->heap);
  free(d->position);
  d->heap = NULL;
  d->position = NULL;
}

void deadlines_set(deadlines *d, uint32_t key, uint64_t at) {
  uint32_t position = d->position[key];
  deadline entry = {.at = at, .key = key};
  sift(d, position ? position - 1 : d->count++, entry);
}

void deadlines_clear(deadlines *d, uint32_t key) {
  uint32_t position = d->position[key];
  if (!position) return;
  d->position[key] = 0;
  deadline last = d->heap[--d->count];
  if (last.key != key) sift(d, position - 1, last);
}

uint64_t deadlines_next(const deadlines *d) { return d->count ? d->heap[0].at : UINT64_MAX; }

bool deadlines_pop(deadlines *d, uint64_t now, uint32_t *key) {
  if (!d->count || d->heap[0].at > now) return false;
  *key = d->heap[0].key;
  deadlines_clear(d, *key);
  return true;
}
