/*
 * A random sequence of connects, bytes, ends, resets and commands, from a seed. Invariants: every accepted flow gets
 * exactly one closed, every dial at most one loss; no byte arrives that credit did not cover; what arrives is what was sent, in order, and whole if
 * the flow ended in order; afterwards no flow, held byte or descriptor is left.
 */
#ifndef DRIVER_RANDOM_H
#define DRIVER_RANDOM_H

#include <stdint.h>

void random_sequence(uint32_t seed, uint32_t steps);

#endif
