/*
 * Random conversations under leases, from a seed: requests within the terms and beyond them, whole, in pieces and
 * pipelined, answers of several forms, ends and resets on both sides, leases taken back, new epochs. Invariants: the
 * origin is sent whole requests within the terms, in order, and nothing else; the client is sent the answers to them,
 * in order, and nothing that the thread did not say to have let pass; each lease ends by one message; nothing is left.
 */
#ifndef DRIVER_RANDOM_LEASE_H
#define DRIVER_RANDOM_LEASE_H

#include <stdint.h>

void random_leases(uint32_t seed, uint32_t conversations);

#endif
