#include "ring.h"

static uint32_t load(const int32_t *word) { return (uint32_t)__atomic_load_n(word, __ATOMIC_SEQ_CST); }

static void store(int32_t *word, uint32_t value) { __atomic_store_n(word, (int32_t)value, __ATOMIC_SEQ_CST); }

void ring_init(ring *r, uint8_t *memory) {
  r->words = (int32_t *)(void *)memory;
  r->messages = memory + CONTROL_WORDS * 4;
  r->commands = r->messages + MESSAGE_RING_BYTES;
  r->messages_head = 0;
  r->commands_tail = 0;
}

void *ring_reserve(ring *r, size_t bytes) {
  uint32_t length = ((uint32_t)bytes + 7) & ~7u;
  uint32_t offset = r->messages_head & (MESSAGE_RING_BYTES - 1);
  uint32_t to_end = MESSAGE_RING_BYTES - offset;
  uint32_t needed = length > to_end ? length + to_end : length;
  if (ring_unread(r) + needed > MESSAGE_RING_BYTES) return NULL;
  if (length > to_end) {
    /* A filler may be as short as 8 bytes: only its length and kind are ever read. */
    uint32_t *filler = (uint32_t *)(void *)(r->messages + offset);
    filler[0] = to_end;
    filler[1] = MESSAGE_FILLER;
    r->messages_head += to_end;
    offset = 0;
  }
  record_header *header = (record_header *)(void *)(r->messages + offset);
  header->length = length;
  return header;
}

void ring_commit(ring *r, const void *record) {
  r->messages_head += ((const record_header *)record)->length;
  store(&r->words[WORD_MESSAGES_HEAD], r->messages_head);
}

uint32_t ring_unread(const ring *r) { return r->messages_head - load(&r->words[WORD_MESSAGES_TAIL]); }

const record_header *ring_command(ring *r) {
  while (r->commands_tail != load(&r->words[WORD_COMMANDS_HEAD])) {
    uint32_t offset = r->commands_tail & (COMMAND_RING_BYTES - 1);
    const uint32_t *words = (const uint32_t *)(const void *)(r->commands + offset);
    if ((words[1] & 0xff) != COMMAND_FILLER) return (const record_header *)(const void *)words;
    r->commands_tail += words[0];
    store(&r->words[WORD_COMMANDS_TAIL], r->commands_tail);
  }
  return NULL;
}

void ring_next(ring *r, const record_header *command) {
  r->commands_tail += command->length;
  store(&r->words[WORD_COMMANDS_TAIL], r->commands_tail);
}

record_header *ring_take_back(ring *r) {
  while (ring_unread(r)) {
    uint32_t tail = load(&r->words[WORD_MESSAGES_TAIL]);
    uint32_t *words = (uint32_t *)(void *)(r->messages + (tail & (MESSAGE_RING_BYTES - 1)));
    store(&r->words[WORD_MESSAGES_TAIL], tail + words[0]);
    if ((words[1] & 0xff) != MESSAGE_FILLER) return (record_header *)(void *)words;
  }
  return NULL;
}

void ring_publish(ring *r, int word, uint32_t value) {
  __atomic_store_n(&r->words[word], (int32_t)value, __ATOMIC_RELEASE);
}

bool ring_may_sleep(ring *r) {
  /* The flag first, then the look: a command published after the look finds the flag set and kicks. */
  store(&r->words[WORD_THREAD_SLEEPS], 1);
  return r->commands_tail == load(&r->words[WORD_COMMANDS_HEAD]);
}

void ring_awake(ring *r) { store(&r->words[WORD_THREAD_SLEEPS], 0); }
