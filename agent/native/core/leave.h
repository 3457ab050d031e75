/* The last phase of a flow that TypeScript ends: out goes what may, then FIN, and the peer's rest is read and dropped. */
#ifndef WEIR_LEAVE_H
#define WEIR_LEAVE_H

#include "flow.h"

/* One round; ends the flow when every side is through. */
void leave_run(thread *t, flow *f);

#endif
