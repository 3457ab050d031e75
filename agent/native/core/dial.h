/* Connecting the upstream side. */
#ifndef WEIR_DIAL_H
#define WEIR_DIAL_H

#include "flow.h"

/*
 * Begins the connects that this batch of commands asked for. They wait for its end, so that what was given together
 * with the dial (forward) is known when the choice is made whether bytes will ride on the handshake's last ACK.
 */
void dial_begin_all(thread *t);

/* Events of a socket that connects. */
void dial_event(thread *t, flow *f, uint32_t events);

/* Closes the attempt and tells; the flow decides again, its client still held. */
void dial_failed(thread *t, flow *f, int error);

#endif
