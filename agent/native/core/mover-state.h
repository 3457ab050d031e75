/* What the mover's threads may look at beyond themselves: written by the owner before the command that names it. */
#ifndef WEIR_MOVER_STATE_H
#define WEIR_MOVER_STATE_H

#include "mover.h"
#include "thread.h"

typedef struct {
  int holders; /* threads that have not let go; atomic. 0: the entry is free */
  uint32_t identifier;
  bool exclusive;
  bool transparent;
  int fd[MAX_THREADS]; /* exclusive: only the first */
} listener;

typedef struct {
  int holders;
  uint32_t identifier; /* atomic: a dial may name a namespace that was closed */
  int fd;
} namespace_entry;

struct mover {
  mover_options options;
  mover_wake wake;
  void *context;
  int32_t *bell;
  int home; /* the namespace that the mover was started in */
  int stopping;  /* atomic */
  int abandoned; /* atomic: nobody reads messages */
  uint32_t started; /* threads that run */
  thread *threads;
  listener *listeners;
  namespace_entry *namespaces;
  uint32_t identifiers_made;
};

static inline uint16_t place_of(uint32_t identifier) { return identifier & ((1 << PLACE_BITS) - 1); }

#endif
