/* The last verb of a flow that the owner goes on with by itself: it gets the sockets, and what they hold no more. */
#ifndef WEIR_ADOPT_H
#define WEIR_ADOPT_H

#include "flow.h"

/*
 * Posts what each side has sent and has not left (what stands in a pipe is read back), then the descriptors, which
 * nothing here knows any more; then ends the flow. An upstream that is not connected, or that was reset, is dropped.
 */
void flow_adopt(thread *t, flow *f);

#endif
