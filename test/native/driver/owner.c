#include "owner.h"
#include "check.h"
#include <string.h>
#include <time.h>

enum { EXPECT_WITHIN_MS = 5000 };

static int32_t *words_of(const owner *o, uint32_t thread) {
  return (int32_t *)(void *)(o->memory + BELL_BYTES + (size_t)thread * THREAD_BYTES);
}

static uint8_t *messages_of(const owner *o, uint32_t thread) { return (uint8_t *)words_of(o, thread) + CONTROL_WORDS * 4; }

static uint32_t load(const int32_t *word) { return (uint32_t)__atomic_load_n(word, __ATOMIC_SEQ_CST); }

static void woken(void *context) {
  owner *o = context;
  pthread_mutex_lock(&o->lock);
  o->bell++;
  pthread_cond_signal(&o->woken);
  pthread_mutex_unlock(&o->lock);
}

void owner_start(owner *o, uint32_t threads, uint32_t max_flows) {
  *o = (owner){.threads = threads};
  pthread_mutex_init(&o->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&o->woken, &monotonic);
  o->memory = calloc(1, mover_memory_bytes(threads));
  mover_options options = {.threads = threads, .max_flows = max_flows, .max_held = OWNER_MAX_HELD,
                           .half_close_ms = 150, .linger_ms = 150};
  CHECK(mover_start(&options, o->memory, woken, o, &o->mover) == 0);
}

static void release(owner *o) {
  mover_free(o->mover);
  free(o->memory);
  pthread_cond_destroy(&o->woken);
  pthread_mutex_destroy(&o->lock);
}

void owner_stop(owner *o, uint32_t live_flows) {
  mover_stop(o->mover, true);
  uint32_t closed = 0, stopped = 0;
  while (stopped < o->threads) {
    message m;
    CHECK(owner_next(o, &m, EXPECT_WITHIN_MS));
    stopped += m.kind == MESSAGE_STOPPED;
    closed += m.kind == MESSAGE_CLOSED;
    free(m.bytes);
  }
  CHECK(closed == live_flows);
  CHECK(owner_counter(o, WORD_FLOWS) == 0);
  CHECK(owner_counter(o, WORD_HELD_BYTES) == 0);
  release(o);
}

void owner_abandon(owner *o) {
  mover_stop(o->mover, false);
  release(o);
}

static void copy_out(const record_header *h, uint32_t thread, message *out) {
  *out = (message){.kind = (enum message_kind)h->kind, .flow = {thread, h->slot, h->generation},
                   .side = (enum side)h->side, .flags = h->flags, .value = h->value, .payload = h->payload};
  size_t fixed = sizeof *h;
  if (out->kind == MESSAGE_ACCEPTED) {
    const accepted_message *m = (const accepted_message *)h;
    fixed = sizeof *m;
    out->original = m->original;
    out->peer = m->peer;
    out->listener = m->listener;
  }
  if (out->kind == MESSAGE_GATE || out->kind == MESSAGE_HELD) {
    const held_message *m = (const held_message *)h;
    fixed = sizeof *m;
    out->passed = (uint64_t)m->passed;
  }
  if (out->kind == MESSAGE_LEASED_REQUEST) {
    const leased_request_message *m = (const leased_request_message *)h;
    fixed = sizeof *m;
    out->at = (uint64_t)m->at;
    out->passed = (uint64_t)m->passed;
    out->body_bytes = (uint64_t)m->body_bytes;
  }
  if (out->kind == MESSAGE_LEASED_END) {
    out->at = (uint64_t)((const leased_end_message *)h)->at;
    out->body_bytes = (uint64_t)((const leased_end_message *)h)->body_bytes;
  }
  if (out->kind == MESSAGE_ASKED) out->body_bytes = (uint64_t)((const asked_message *)h)->body_bytes;
  if (out->kind == MESSAGE_LEASED_ANSWER) {
    const leased_answer_message *m = (const leased_answer_message *)h;
    fixed = sizeof *m;
    out->body_bytes = (uint64_t)m->body_bytes;
    out->body_at = (uint64_t)m->body_at;
    out->at_sent = (uint64_t)m->at_sent;
    out->at_first_byte = (uint64_t)m->at_first_byte;
    out->at_end = (uint64_t)m->at_end;
  }
  if (out->kind == MESSAGE_LOST) out->passed = (uint64_t)((const lost_message *)h)->passed;
  if (out->kind == MESSAGE_ADOPTED) {
    const adopted_message *m = (const adopted_message *)h;
    for (int s = 0; s < 2; s++) {
      out->fd[s] = m->fd[s];
      out->ended[s] = m->ended[s];
    }
  }
  if (out->kind == MESSAGE_CLOSED) {
    const closed_message *m = (const closed_message *)h;
    out->to_upstream = (uint64_t)m->to_upstream;
    out->to_client = (uint64_t)m->to_client;
    out->cause = (enum cause)(h->value & 0xff);
    out->ends[CLIENT] = (uint8_t)(h->value >> 8);
    out->ends[UPSTREAM] = (uint8_t)(h->value >> 16);
  }
  if (!h->payload) return;
  out->bytes = malloc(h->payload);
  memcpy(out->bytes, (const uint8_t *)h + fixed, h->payload);
}

static uint32_t *era_of(owner *o, flow_ref f) {
  static uint32_t none;
  none = 0;
  return o->view[f.thread][f.slot].generation == f.generation ? &o->view[f.thread][f.slot].era : &none;
}

/* False: it is about an upstream that was replaced meanwhile. */
static bool note_message(owner *o, const record_header *h, uint32_t thread) {
  if (h->kind == MESSAGE_ACCEPTED) {
    o->view[thread][h->slot].generation = h->generation;
    o->view[thread][h->slot].era = 1;
  }
  if (h->kind != MESSAGE_DIALED && h->kind != MESSAGE_LOST) return true;
  uint32_t *era = era_of(o, (flow_ref){thread, h->slot, h->generation});
  bool lost = h->kind == MESSAGE_LOST;
  uint32_t told = lost ? (uint32_t)h->value : ((const dialed_message *)h)->era;
  if (told != *era) return false;
  if (lost || h->value) ++*era;
  return true;
}

static bool take(owner *o, uint32_t thread, message *out) {
  int32_t *words = words_of(o, thread);
  for (;;) {
    uint32_t tail = o->messages_tail[thread];
    if (tail == load(&words[WORD_MESSAGES_HEAD])) return false;
    const record_header *h = (const record_header *)(messages_of(o, thread) + (tail & (MESSAGE_RING_BYTES - 1)));
    bool skipped = h->kind == MESSAGE_FILLER || !note_message(o, h, thread);
    if (!skipped) copy_out(h, thread, out);
    o->messages_tail[thread] = tail + h->length;
    __atomic_store_n(&words[WORD_MESSAGES_TAIL], (int32_t)o->messages_tail[thread], __ATOMIC_SEQ_CST);
    if (!skipped) return true;
  }
}

static bool take_any(owner *o, message *out) {
  for (uint32_t i = 0; i < o->threads; i++) {
    if (take(o, i, out)) return true;
  }
  return false;
}

static bool wait_for_bell(owner *o, const struct timespec *until) {
  pthread_mutex_lock(&o->lock);
  int error = 0;
  while (!o->bell && !error) error = pthread_cond_timedwait(&o->woken, &o->lock, until);
  o->bell = 0;
  pthread_mutex_unlock(&o->lock);
  return !error;
}

bool owner_next(owner *o, message *out, int timeout_ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += timeout_ms % 1000 * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000L;
  }
  for (;;) {
    if (take_any(o, out)) return true;
    __atomic_store_n((int32_t *)(void *)o->memory, 1, __ATOMIC_SEQ_CST);
    if (take_any(o, out)) return true;
    if (!wait_for_bell(o, &until)) return take_any(o, out);
  }
}

message owner_expect(owner *o, enum message_kind kind, const flow_ref *flow) {
  message m;
  CHECK(owner_next(o, &m, EXPECT_WITHIN_MS));
  if (m.kind != kind) fprintf(stderr, "%s: expected message %d, got %d\n", current_case, kind, m.kind);
  CHECK(m.kind == kind);
  if (flow) CHECK(m.flow.slot == flow->slot && m.flow.generation == flow->generation && m.flow.thread == flow->thread);
  return m;
}

static void send_command(owner *o, uint32_t thread, record_header *h, size_t fixed, const void *payload) {
  uint8_t *ring = messages_of(o, thread) + MESSAGE_RING_BYTES;
  int32_t *words = words_of(o, thread);
  h->length = (uint32_t)((fixed + h->payload + 7) & ~(size_t)7);
  uint32_t *head = &o->commands_head[thread];
  uint32_t to_end = COMMAND_RING_BYTES - (*head & (COMMAND_RING_BYTES - 1));
  uint32_t needed = h->length > to_end ? h->length + to_end : h->length;
  struct timespec pause = {.tv_nsec = 200000};
  while (*head - load(&words[WORD_COMMANDS_TAIL]) + needed > COMMAND_RING_BYTES) nanosleep(&pause, NULL);
  if (h->length > to_end) {
    uint32_t *filler = (uint32_t *)(void *)(ring + (*head & (COMMAND_RING_BYTES - 1)));
    filler[0] = to_end;
    filler[1] = COMMAND_FILLER;
    *head += to_end;
  }
  uint8_t *at = ring + (*head & (COMMAND_RING_BYTES - 1));
  memcpy(at, h, fixed);
  if (h->payload) memcpy(at + fixed, payload, h->payload);
  *head += h->length;
  __atomic_store_n(&words[WORD_COMMANDS_HEAD], (int32_t)*head, __ATOMIC_SEQ_CST);
  if (__atomic_exchange_n(&words[WORD_THREAD_SLEEPS], 0, __ATOMIC_SEQ_CST)) mover_kick(o->mover, thread);
}

static record_header header_of(enum command_kind kind, flow_ref f, enum side s, uint16_t flags, uint32_t payload) {
  return (record_header){.kind = (uint8_t)kind, .side = (uint8_t)s, .flags = flags, .slot = f.slot,
                         .generation = f.generation, .payload = payload};
}

static void to_all_threads(owner *o, enum command_kind kind, uint32_t id) {
  for (uint32_t i = 0; i < o->threads; i++) {
    record_header h = {.kind = (uint8_t)kind, .value = (int32_t)id};
    send_command(o, i, &h, sizeof h, NULL);
  }
}

uint16_t owner_listen(owner *o, bool exclusive, uint32_t *id) {
  listen_options options = {.at = {.ip = {127, 0, 0, 1}, .family = 4}, .exclusive = exclusive};
  uint16_t port = 0;
  int opened = mover_listen(o->mover, &options, &port);
  CHECK(opened >= 0 && port != 0);
  *id = (uint32_t)opened;
  to_all_threads(o, COMMAND_LISTEN, *id);
  return port;
}

void owner_unlisten(owner *o, uint32_t id) {
  CHECK(mover_unlisten(o->mover, id) == 0);
  to_all_threads(o, COMMAND_UNLISTEN, id);
}

void owner_inspect(owner *o, flow_ref f, enum side s, uint32_t beyond, uint32_t deadline_ms) {
  inspect_command c = {.header = header_of(COMMAND_INSPECT, f, s, 0, 0), .beyond = beyond, .deadline_ms = deadline_ms};
  c.header.value = (int32_t)*era_of(o, f);
  send_command(o, f.thread, &c.header, sizeof c, NULL);
}

void owner_dial_address(owner *o, flow_ref f, wire_address to, const char *preamble, uint32_t timeout_ms) {
  dial_command c = {.header = header_of(COMMAND_DIAL, f, CLIENT, 0, (uint32_t)strlen(preamble)), .to = to,
                    .timeout_ms = timeout_ms, .era = ++*era_of(o, f)};
  c.header.value = -1;
  send_command(o, f.thread, &c.header, sizeof c, preamble);
}

void owner_dial(owner *o, flow_ref f, uint16_t port, const char *preamble, uint32_t timeout_ms) {
  wire_address to = {.ip = {127, 0, 0, 1}, .port = port, .family = 4};
  owner_dial_address(o, f, to, preamble, timeout_ms);
}

void owner_forward(owner *o, flow_ref f, enum side s, uint64_t bytes, bool notify_held) {
  uint16_t flags = (uint16_t)((bytes == UINT64_MAX ? FLAG_ALL : 0) | (notify_held ? FLAG_NOTIFY_HELD : 0));
  forward_command c = {.header = header_of(COMMAND_FORWARD, f, s, flags, 0), .bytes_low = (uint32_t)bytes,
                       .bytes_high = (uint32_t)(bytes >> 32)};
  c.header.value = (int32_t)*era_of(o, f);
  send_command(o, f.thread, &c.header, sizeof c, NULL);
}

void owner_edit(owner *o, flow_ref f, enum side s, uint32_t at, uint32_t remove, const void *bytes, uint32_t length) {
  edit_command c = {.header = header_of(COMMAND_EDIT, f, s, 0, length), .at = at, .remove = remove};
  send_command(o, f.thread, &c.header, sizeof c, bytes);
}

static int32_t *epoch_of(const owner *o) { return (int32_t *)(void *)o->memory + BELL_EPOCH; }

static uint16_t add(char *text, size_t *length, const char *part) {
  size_t n = part ? strlen(part) : 0;
  if (n) memcpy(text + *length, part, n);
  *length += n;
  return (uint16_t)n;
}

void owner_lease(owner *o, flow_ref f, const char *host, const char *method, const char *target, const char *time_header,
                 uint32_t valid_ms) {
  char text[4096];
  size_t length = 0;
  lease_command c = {.epoch = (uint32_t)__atomic_load_n(epoch_of(o), __ATOMIC_SEQ_CST), .valid_ms = valid_ms};
  c.terms.host = add(text, &length, host);
  c.terms.method = add(text, &length, method);
  c.terms.target = add(text, &length, target);
  c.terms.time_header = add(text, &length, time_header);
  c.header = header_of(COMMAND_LEASE, f, CLIENT, 0, (uint32_t)length);
  c.header.value = (int32_t)*era_of(o, f);
  send_command(o, f.thread, &c.header, sizeof c, text);
}

void owner_end_lease(owner *o, flow_ref f) {
  record_header h = header_of(COMMAND_LEASE, f, CLIENT, FLAG_STOP, 0);
  h.value = (int32_t)*era_of(o, f);
  send_command(o, f.thread, &h, sizeof h, NULL);
}

void owner_next_epoch(owner *o) { __atomic_add_fetch(epoch_of(o), 1, __ATOMIC_SEQ_CST); }

void owner_observe(owner *o, flow_ref f, enum side s, bool on) {
  record_header h = header_of(COMMAND_OBSERVE, f, s, on ? FLAG_ON : 0, 0);
  send_command(o, f.thread, &h, sizeof h, NULL);
}

void owner_respond(owner *o, flow_ref f, const void *bytes, uint32_t length, bool more) {
  record_header h = header_of(COMMAND_RESPOND, f, CLIENT, more ? FLAG_MORE : 0, length);
  send_command(o, f.thread, &h, sizeof h, bytes);
}

void owner_adopt(owner *o, flow_ref f) {
  record_header h = header_of(COMMAND_ADOPT, f, CLIENT, 0, 0);
  send_command(o, f.thread, &h, sizeof h, NULL);
}

void owner_close(owner *o, flow_ref f, bool reset) {
  record_header h = header_of(COMMAND_CLOSE, f, CLIENT, reset ? FLAG_RST : 0, 0);
  send_command(o, f.thread, &h, sizeof h, NULL);
}

void owner_until_read(const owner *o) {
  struct timespec pause = {.tv_nsec = 100000};
  for (uint32_t i = 0; i < o->threads; i++) {
    while (load(&words_of(o, i)[WORD_COMMANDS_TAIL]) != o->commands_head[i]) nanosleep(&pause, NULL);
  }
}

uint32_t owner_counter(const owner *o, int word) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < o->threads; i++) sum += load(&words_of(o, i)[word]);
  return sum;
}
