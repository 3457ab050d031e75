/* How much memory the flows of one caller may hold together: of a listener, or of a share that the owner has numbered. */
#ifndef WEIR_SHARE_H
#define WEIR_SHARE_H

#include "flow.h"

/* Counts so much to the flow's share, in place of what it has counted before. */
void share_charge(thread *t, flow *f, uint32_t held_bytes);

/* False: flows of the same share hold so much already that this one may hold no more than a usual buffer. */
bool share_allows(const thread *t, const flow *f, const direction *d);

/* Counts what the flow holds to the owner's share of this number; one that is none changes nothing. */
void share_set(thread *t, flow *f, uint32_t number);

#endif
