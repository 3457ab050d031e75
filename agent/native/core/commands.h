/* What the owner asks for. */
#ifndef WEIR_COMMANDS_H
#define WEIR_COMMANDS_H

#include "thread.h"

/* Carries out every command that waits, then begins the dials among them. */
void commands_run(thread *t);

#endif
