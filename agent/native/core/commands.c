#include "commands.h"
#include "accept.h"
#include "adopt.h"
#include "dial.h"
#include "direction.h"
#include "lease.h"
#include "messages.h"
#include "mover-state.h"
#include "share.h"
#include "upstream.h"
#include <errno.h>
#include <unistd.h>

static const uint8_t *payload_of(const void *command, size_t fixed) { return (const uint8_t *)command + fixed; }

static void inspect(thread *t, flow *f, const inspect_command *c) {
  enum side s = c->header.side ? UPSTREAM : CLIENT;
  if (s == UPSTREAM && upstream_is_outdated(f, (uint32_t)c->header.value)) return;
  f->direction[s].inspecting = true;
  f->direction[s].inspect_beyond = c->beyond;
  thread_set_deadline(t, f, s == CLIENT ? DEADLINE_INSPECT_CLIENT : DEADLINE_INSPECT_UPSTREAM,
                      t->now + (uint64_t)c->deadline_ms * 1000);
  direction_report(t, f, s);
  flow_run(t, f);
}

static void dial(thread *t, flow *f, const dial_command *c) {
  bool replaces = c->era - f->era == 1; /* also one whose failure the owner has not heard of */
  if (replaces || f->state != FLOW_DECIDING) upstream_drop(t, f);
  f->era = c->era;
  if (f->endpoint[CLIENT].shut) { /* the end of an earlier upstream was passed on */
    post_dialed(t, f, EPIPE, &(wire_address){0});
    return;
  }
  const uint8_t *preamble = payload_of(c, sizeof *c);
  held_release(&t->buffers, &f->preamble);
  if (c->header.payload && !held_append(&t->buffers, &f->preamble, preamble, c->header.payload)) {
    post_dialed(t, f, ENOMEM, &(wire_address){0});
    return;
  }
  f->dial_to = c->to;
  f->dial_netns = c->header.value;
  f->dial_timeout_ms = c->timeout_ms;
  if (t->dial_count == t->mover->options.max_flows) dial_begin_all(t);
  f->state = FLOW_DIALING;
  t->dials[t->dial_count++] = flow_slot(t, f);
  direction_report(t, f, CLIENT);
}

static void forward(thread *t, flow *f, const forward_command *c) {
  direction *d = &f->direction[c->header.side ? UPSTREAM : CLIENT];
  if (upstream_is_outdated(f, (uint32_t)c->header.value)) return;
  d->turn = c->turn;
  if (c->header.flags & FLAG_ALL) {
    d->credit = -1;
    d->gate = c->header.flags & FLAG_NOTIFY_HELD ? GATE_NONE : GATE_REACHED; /* told when the end has passed */
  } else {
    int64_t more = (int64_t)((uint64_t)c->bytes_high << 32 | c->bytes_low);
    d->credit = d->credit < 0 ? more : d->credit + more; /* a number ends `all` */
    d->gate = c->header.flags & FLAG_NOTIFY_HELD ? GATE_HELD : GATE_REACHED;
  }
  flow_run(t, f);
}

/* Changes what is held and may not pass yet, and nothing else: offsets of a side that moves would mean nothing. */
static void edit(thread *t, flow *f, const edit_command *c) {
  enum side s = c->header.side ? UPSTREAM : CLIENT;
  direction *d = &f->direction[s];
  uint32_t put = c->header.payload;
  if (f->endpoint[s].fd == -1 || d->credit != 0 || d->piped || d->done) return;
  if (c->at > d->held.length || c->remove > d->held.length - c->at || put > MAX_EDIT) return;
  if (d->held.length - c->remove + put > t->mover->options.max_held + MAX_EDIT) return;
  if (!held_replace(&t->buffers, &d->held, c->at, c->remove, payload_of(c, sizeof *c), put)) {
    flow_end(t, f, CAUSE_NO_RESOURCES, true);
    return;
  }
  direction_report(t, f, s);
  flow_run(t, f);
}

/*
 * An answer that came in pieces is collected where the upstream's bytes would be, behind those that were let pass and
 * have not left; the last piece sends it.
 */
static void respond(thread *t, flow *f, const record_header *c) {
  direction *d = &f->direction[UPSTREAM];
  lease_forget(t, f);
  if (f->endpoint[UPSTREAM].fd != -1 || f->state != FLOW_DECIDING) {
    direction_keep_let_pass(t, d);
    flow_drop_side(t, f, UPSTREAM);
    held_release(&t->buffers, &f->preamble);
    f->state = FLOW_DECIDING;
  }
  if (c->payload && !held_append(&t->buffers, &d->held, payload_of(c, sizeof *c), c->payload)) {
    flow_end(t, f, CAUSE_NO_RESOURCES, true);
    return;
  }
  if (!(c->flags & FLAG_MORE)) flow_respond(t, f);
}

static void flow_command(thread *t, const record_header *c) {
  flow *f = flow_find(t, c->slot, c->generation);
  if (!f || f->state == FLOW_LEAVING) {
    if (f && c->kind == COMMAND_CLOSE && c->flags & FLAG_RST) flow_end(t, f, (enum cause)f->cause, true);
    return;
  }
  bool ends_a_lease = c->kind == COMMAND_LEASE || c->kind == COMMAND_RESPOND || c->kind == COMMAND_CLOSE;
  if (f->lease && !ends_a_lease) return; /* the owner does not know how far things are */
  switch ((enum command_kind)c->kind) {
    case COMMAND_INSPECT:
      inspect(t, f, (const inspect_command *)c);
      return;
    case COMMAND_DIAL:
      dial(t, f, (const dial_command *)c);
      return;
    case COMMAND_FORWARD:
      forward(t, f, (const forward_command *)c);
      return;
    case COMMAND_OBSERVE:
      f->direction[c->side ? UPSTREAM : CLIENT].observed = c->flags & FLAG_ON;
      return;
    case COMMAND_RESPOND:
      respond(t, f, c);
      return;
    case COMMAND_EDIT:
      edit(t, f, (const edit_command *)c);
      return;
    case COMMAND_LEASE:
      if (upstream_is_outdated(f, (uint32_t)c->value)) return;
      if (c->flags & FLAG_STOP) lease_stop(t, f);
      else lease_begin(t, f, (const lease_command *)c);
      return;
    case COMMAND_SHARE:
      share_set(t, f, (uint32_t)c->value);
      return;
    case COMMAND_ADOPT:
      flow_adopt(t, f);
      return;
    case COMMAND_CLOSE:
      if (c->flags & FLAG_RST) flow_end(t, f, CAUSE_CLOSED, true);
      else flow_close(t, f);
      return;
    default:
      return;
  }
}

static void drop_namespace(thread *t, int32_t id) {
  namespace_entry *entry = &t->mover->namespaces[place_of((uint32_t)id)];
  int fd = entry->fd;
  t->namespace_left[place_of((uint32_t)id)] = (uint32_t)id + 1;
  if (__atomic_sub_fetch(&entry->holders, 1, __ATOMIC_ACQ_REL) == 0) close(fd);
}

void commands_run(thread *t) {
  const record_header *c;
  while ((c = ring_command(&t->ring))) {
    switch ((enum command_kind)c->kind) {
      case COMMAND_LISTEN:
        accept_listen(t, place_of((uint32_t)c->value));
        break;
      case COMMAND_UNLISTEN:
        accept_unlisten(t, place_of((uint32_t)c->value));
        break;
      case COMMAND_DROP_NETNS:
        dial_begin_all(t); /* dials given before this still need it */
        drop_namespace(t, c->value);
        break;
      default:
        flow_command(t, c);
    }
    ring_next(&t->ring, c);
  }
  dial_begin_all(t);
}
