/* A flow that was adopted, as the owner got it: pieces of bytes, then descriptors. */
#ifndef DRIVER_ADOPTED_H
#define DRIVER_ADOPTED_H

#include "owner.h"

typedef struct {
  uint8_t *bytes[2]; /* by side that they came from */
  uint32_t length[2];
  uint8_t *unsent; /* of the preamble */
  uint32_t unsent_length;
  bool taken; /* the descriptors have come */
  int fd[2];
  bool ended[2];
} adopted_flow;

/* Takes what the message hands over; false: it is of another kind. */
bool adopted_take(adopted_flow *a, const message *m);

/* Closes and frees. */
void adopted_drop(adopted_flow *a);

#endif
