#include "adopted.h"
#include "check.h"
#include <string.h>
#include <unistd.h>

static void append(uint8_t **bytes, uint32_t *length, const message *m) {
  *bytes = realloc(*bytes, *length + m->payload);
  memcpy(*bytes + *length, m->bytes, m->payload);
  *length += m->payload;
}

bool adopted_take(adopted_flow *a, const message *m) {
  if (m->kind == MESSAGE_ADOPTED_BYTES) {
    CHECK(!a->taken && m->payload > 0 && m->payload <= MAX_PAYLOAD);
    if (m->flags & FLAG_UNSENT) append(&a->unsent, &a->unsent_length, m);
    else append(&a->bytes[m->side], &a->length[m->side], m);
    return true;
  }
  if (m->kind != MESSAGE_ADOPTED) return false;
  CHECK(!a->taken && m->fd[CLIENT] != -1);
  a->taken = true;
  for (int s = 0; s < 2; s++) {
    a->fd[s] = m->fd[s];
    a->ended[s] = m->ended[s];
  }
  return true;
}

void adopted_drop(adopted_flow *a) {
  for (int s = 0; s < 2; s++) {
    if (a->taken && a->fd[s] != -1) close(a->fd[s]);
    free(a->bytes[s]);
  }
  free(a->unsent);
  *a = (adopted_flow){0};
}
