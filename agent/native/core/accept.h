/* Accepting: from the listener's queue to a flow that its owner knows. */
#ifndef WEIR_ACCEPT_H
#define WEIR_ACCEPT_H

#include "flow.h"

/* Listeners go by their place in the mover's table here. */
void accept_listen(thread *t, uint16_t place);
void accept_unlisten(thread *t, uint16_t place);

/* Takes up to a batch of connections from this listener's queue. */
void accept_batch(thread *t, uint16_t place);

/* The listeners come back after a pause (want of descriptors, memory or table entries), if there was one. */
void accept_resume(thread *t);

/* A flow whose original destination was not known: its first bytes may be there now. */
void accept_locate(thread *t, flow *f);

/* Posts MESSAGE_ACCEPTED with this errno instead of an original destination; the flow decides from now on. */
void accept_tell(thread *t, flow *f, int error);

/* Key of the deadline that ends a pause. */
uint32_t accept_pause_key(const thread *t);

#endif
